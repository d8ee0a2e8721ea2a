//! The twelve tables as the server describes them.

use std::collections::BTreeMap;

use hbase_thrift_client::{ColumnFamily, Config};
use integration_tests::{Flavour, Server, Test, TestTable};
use socorro_hbase_client::{ErrorKind, SchemaOptions};

use crate::socorro::{connect, socorro, url_with_prefix};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(the_server_has_the_families_and_versions_of_the_interchange_format),
        Test::new(creating_the_schema_again_changes_nothing),
        Test::new(a_table_without_its_families_is_named),
    ]
}

/// With more regions than an HBase in one process opens in time beside other tests.
pub(super) fn split_tests() -> Vec<Test> {
    vec![Test::on_own_server(salted_tables_begin_with_a_region_for_each_salt_where_they_can)]
}

fn the_server_has_the_families_and_versions_of_the_interchange_format(server: &Server) {
    const INDEX: &[(&str, i32)] = &[("ids:", 1)];
    const QUEUE: &[(&str, i32)] = &[("ids:", 1), ("processor_state:", 5)];
    let crash_reports: &[(&str, i32)] = &[
        ("flags:", 1),
        ("ids:", 1),
        ("meta_data:", 3),
        ("processed_data:", 3),
        ("raw_data:", 3),
        ("timestamps:", 1),
    ];
    let mut socorro = socorro(server);
    for (table, families) in [
        ("crash_reports", crash_reports),
        ("crash_report_signatures", &[("counters:", 1), ("json:", 3)]),
        ("crash_reports_index_hang_id", INDEX),
        ("crash_reports_index_hang_id_submitted_time", INDEX),
        ("crash_reports_index_signature_ooid", INDEX),
        ("crash_reports_index_submitted_time", INDEX),
        ("crash_reports_index_legacy_submitted_time", INDEX),
        ("crash_reports_index_legacy_processed", INDEX),
        ("crash_reports_index_priority_processed", INDEX),
        ("crash_reports_index_unprocessed_flag", QUEUE),
        ("crash_reports_index_legacy_unprocessed_flag", QUEUE),
        ("metrics", &[("counters:", 1)]),
    ] {
        let expected: BTreeMap<_, _> =
            families.iter().map(|(name, versions)| ((*name).to_owned(), *versions)).collect();
        assert_eq!(socorro.families(table), expected, "{table}");
    }
}

fn creating_the_schema_again_changes_nothing(server: &Server) {
    let report = socorro(server).store.create_schema(&SchemaOptions::new()).unwrap();
    assert_eq!(report.created, [""; 0]);
    assert_eq!(report.existing.len(), 13);
}

/// On either interface; what is there already is left as it is.
fn salted_tables_begin_with_a_region_for_each_salt_where_they_can(server: &Server) {
    for (url, is_split) in [
        (server.gateway(Flavour::Compact), false),
        (server.thrift2_endpoint(Flavour::Nonblocking).to_string(), false),
        (server.thrift2_endpoint(Flavour::Threadpool).to_string(), true),
        (server.thrift2_endpoint(Flavour::Http).to_string(), true),
    ] {
        let tables = TestTable::reserve_prefix(server, "split_schema");
        let config = url.parse::<Config>().unwrap().table_prefix(tables.name());
        let store = connect(&config.to_string());
        let admin = store.client().admin();
        let whole = "crash_reports_index_submitted_time";
        admin.create_table(whole, &[ColumnFamily::new("ids")]).unwrap();
        let report = store.create_schema(&SchemaOptions::new()).unwrap();
        assert_eq!((report.created.len(), report.existing), (12, vec![whole]));
        let unsalted = [
            "crash_report_signatures",
            "crash_reports_index_hang_id",
            "crash_reports_index_signature_ooid",
            "metrics",
        ];
        for table in report.created {
            let regions = admin.regions(table).unwrap();
            let starts = regions.iter().map(|region| String::from_utf8_lossy(&region.start_key));
            let starts = starts.collect::<Vec<_>>().join(" ");
            let is_split = is_split && !unsalted.contains(&table);
            assert_eq!(starts, if is_split { " 1 2 3 4 5 6 7 8 9 a b c d e f" } else { "" });
            assert_eq!(report.split.contains(&table), is_split, "{table}");
        }
        assert_eq!(admin.regions(whole).unwrap().len(), 1);
        let again = store.create_schema(&SchemaOptions::new()).unwrap();
        assert_eq!((again.created.len(), again.split.len(), again.existing.len()), (0, 0, 13));
    }
}

fn a_table_without_its_families_is_named(server: &Server) {
    let tables = TestTable::reserve_prefix(server, "half_a_schema");
    let store = connect(&url_with_prefix(server, tables.name()));
    let families = ["flags", "ids", "meta_data", "raw_data"].map(ColumnFamily::new);
    store.client().admin().create_table("crash_reports", &families).unwrap();
    let error = store.create_schema(&SchemaOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
    let message = error.to_string();
    assert!(message.contains("crash_reports exists without"), "{message}");
    assert!(message.contains("processed_data, timestamps"), "{message}");
}
