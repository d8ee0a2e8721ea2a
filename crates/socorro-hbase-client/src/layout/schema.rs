//! Socorro's twelve tables as data, and one of our own.
//!
//! For creating and verifying them; what stands in their rows is left to `keys`. The tables'
//! names and families are the interchange format of Socorro's clients, from its schema file.

/// One of the tables that hold crashes, with its column families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSchema {
    /// The table's name, without the prefix that a client may add.
    pub name: &'static str,
    /// Its column families.
    pub families: &'static [FamilySchema],
    /// Whether compression, where it is asked for, applies to this table. Tables whose rows are
    /// soon deleted again stay uncompressed.
    pub compressible: bool,
}

/// A column family. All keep their cells for ever, use the block cache and aren't pinned in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FamilySchema {
    /// The family's name, without a colon.
    pub name: &'static str,
    /// How many versions of a cell are kept.
    pub max_versions: u32,
}

pub(crate) const CRASH_REPORTS: &str = "crash_reports";
pub(crate) const SIGNATURES: &str = "crash_report_signatures";
pub(crate) const HANG_ID: &str = "crash_reports_index_hang_id";
pub(crate) const HANG_ID_SUBMITTED_TIME: &str = "crash_reports_index_hang_id_submitted_time";
pub(crate) const LEGACY_PROCESSED: &str = "crash_reports_index_legacy_processed";
pub(crate) const LEGACY_SUBMITTED_TIME: &str = "crash_reports_index_legacy_submitted_time";
pub(crate) const LEGACY_UNPROCESSED_FLAG: &str = "crash_reports_index_legacy_unprocessed_flag";
pub(crate) const PRIORITY_PROCESSED: &str = "crash_reports_index_priority_processed";
pub(crate) const SIGNATURE_OOID: &str = "crash_reports_index_signature_ooid";
pub(crate) const SUBMITTED_TIME: &str = "crash_reports_index_submitted_time";
pub(crate) const UNPROCESSED_FLAG: &str = "crash_reports_index_unprocessed_flag";
pub(crate) const METRICS: &str = "metrics";
pub(crate) const SEARCH: &str = "crash_search";

/// The twelve tables that Socorro's clients share.
///
/// ```
/// use socorro_hbase_client::TABLES;
///
/// assert_eq!(TABLES.len(), 12);
/// ```
pub const TABLES: [TableSchema; 12] = [
    TableSchema {
        name: CRASH_REPORTS,
        families: &[
            family("flags", 1),
            family("ids", 1),
            family("meta_data", 3),
            family("processed_data", 3),
            family("raw_data", 3),
            family("timestamps", 1),
        ],
        compressible: true,
    },
    TableSchema {
        name: SIGNATURES,
        families: &[family("counters", 1), family("json", 3)],
        compressible: true,
    },
    TableSchema { name: HANG_ID, families: INDEX, compressible: true },
    TableSchema { name: HANG_ID_SUBMITTED_TIME, families: INDEX, compressible: true },
    TableSchema { name: LEGACY_PROCESSED, families: INDEX, compressible: false },
    TableSchema { name: LEGACY_SUBMITTED_TIME, families: INDEX, compressible: true },
    TableSchema { name: LEGACY_UNPROCESSED_FLAG, families: QUEUE, compressible: false },
    TableSchema { name: PRIORITY_PROCESSED, families: INDEX, compressible: false },
    TableSchema { name: SIGNATURE_OOID, families: INDEX, compressible: true },
    TableSchema { name: SUBMITTED_TIME, families: INDEX, compressible: true },
    TableSchema { name: UNPROCESSED_FLAG, families: QUEUE, compressible: false },
    TableSchema { name: METRICS, families: &[family("counters", 1)], compressible: true },
];

/// A table of our own beside the twelve: one narrow row for each crash in the order of time, for
/// finding crashes by what people filter and count. Socorro's other clients never see it; without it,
/// a store works the same, but for searching.
pub const SEARCH_TABLE: TableSchema =
    TableSchema { name: SEARCH, families: &[family("s", 1)], compressible: true };

/// Whether the keys of a table's rows begin with a salt.
pub(crate) fn is_salted(table: &TableSchema) -> bool {
    !matches!(table.name, SIGNATURES | HANG_ID | SIGNATURE_OOID | METRICS)
}

const INDEX: &[FamilySchema] = &[family("ids", 1)];
const QUEUE: &[FamilySchema] = &[family("ids", 1), family("processor_state", 5)];

const fn family(name: &'static str, max_versions: u32) -> FamilySchema {
    FamilySchema { name, max_versions }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn families(table: &str) -> Vec<(&'static str, u32)> {
        let table = TABLES.iter().find(|schema| schema.name == table).unwrap();
        table.families.iter().map(|family| (family.name, family.max_versions)).collect()
    }

    #[test]
    fn no_table_is_listed_twice() {
        let names: BTreeSet<_> = TABLES.iter().map(|table| table.name).collect();
        assert_eq!(names.len(), TABLES.len());
    }

    #[test]
    fn crash_reports_keep_three_versions_of_data_and_one_of_the_rest() {
        let expected = [
            ("flags", 1),
            ("ids", 1),
            ("meta_data", 3),
            ("processed_data", 3),
            ("raw_data", 3),
            ("timestamps", 1),
        ];
        assert_eq!(families("crash_reports"), expected);
    }

    #[test]
    fn queues_have_room_for_the_processors_state() {
        for queue in
            ["crash_reports_index_unprocessed_flag", "crash_reports_index_legacy_unprocessed_flag"]
        {
            assert_eq!(families(queue), [("ids", 1), ("processor_state", 5)]);
        }
    }

    #[test]
    fn every_other_index_has_ids_only() {
        for index in [
            "hang_id",
            "hang_id_submitted_time",
            "signature_ooid",
            "submitted_time",
            "legacy_submitted_time",
            "legacy_processed",
            "priority_processed",
        ] {
            assert_eq!(families(&format!("crash_reports_index_{index}")), [("ids", 1)]);
        }
    }

    #[test]
    fn queues_and_processed_tables_stay_uncompressed() {
        for table in TABLES {
            let short_lived = table.name.ends_with("_flag") || table.name.ends_with("_processed");
            assert_eq!(table.compressible, !short_lived, "{}", table.name);
        }
    }
}
