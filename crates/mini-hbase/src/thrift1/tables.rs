//! Tables: created, described, listed, switched, deleted.

use std::collections::BTreeMap;

use hbase_thrift_api::{ColumnDescriptor, Text};

use super::column;
use super::failure::{Throws, already_exists, illegal_argument, thrown};
use crate::exceptions::internal;
use crate::model::{Error, Family, Result, show};
use crate::names;
use crate::service::Service;

const DEFAULT_VERSIONS: i32 = 3;
/// A family's place is a number of two bytes in each key, and each read looks at all families.
const MAX_FAMILIES: usize = 10_000;
/// What a plain installation of HBase 2.6 can do; others need native libraries.
const COMPRESSIONS: [&str; 2] = ["NONE", "GZ"];
const KNOWN_COMPRESSIONS: [&str; 9] =
    ["NONE", "GZ", "LZO", "SNAPPY", "LZ4", "BZIP2", "ZSTD", "LZMA", "BROTLI"];
const BLOOM_FILTERS: [&str; 4] = ["NONE", "ROW", "ROWCOL", "ROWPREFIX_FIXED_LENGTH"];

impl Service {
    pub(super) fn enable(&self, name: &[u8]) -> Result<()> {
        self.store.enable_table(&names::table(name)?)
    }

    pub(super) fn disable(&self, name: &[u8]) -> Result<()> {
        self.store.disable_table(&names::table(name)?)
    }

    pub(super) fn is_enabled(&self, name: &[u8]) -> Result<bool> {
        Ok(self.table(name)?.is_enabled())
    }

    pub(super) fn table_names(&self) -> Vec<Text> {
        self.store.all_tables().iter().map(|table| table.name.clone().into_bytes()).collect()
    }

    pub(super) fn table_states(&self) -> BTreeMap<Text, bool> {
        let tables = self.store.all_tables();
        tables.iter().map(|table| (table.name.clone().into_bytes(), table.is_enabled())).collect()
    }

    pub(super) fn column_descriptors(
        &self,
        name: &[u8],
    ) -> Result<BTreeMap<Text, ColumnDescriptor>> {
        let table = self.table(name)?;
        Ok(table.families.iter().map(describe).collect())
    }

    pub(super) fn delete(&self, name: &[u8]) -> Result<()> {
        let name = names::table(name)?;
        match self.store.delete_table(&name) {
            // The gateway looks first, and says it in its own words.
            Err(Error::TableNotFound(_)) => Err(Error::Io("table does not exist".to_owned())),
            result => result,
        }
    }

    pub(super) fn create(&self, name: &[u8], families: &[ColumnDescriptor]) -> thrift::Result<()> {
        const METHOD: &str = "createTable";
        let throw = |error| thrown(METHOD, Throws::IoAndIllegalArgument, error);
        // Outside of the gateway's try block.
        let name = names::table(name).map_err(|_| internal(METHOD))?;
        if self.store.table(&name).is_ok() {
            return Err(already_exists());
        }
        if families.len() > MAX_FAMILIES {
            let text = format!("a table has at most {MAX_FAMILIES} families in mini-hbase");
            return Err(throw(Error::DoNotRetry(text)));
        }
        let mut new: Vec<Family> = Vec::new();
        for descriptor in families {
            let family = family(descriptor)?;
            if new.iter().any(|other| other.name == family.name) {
                let text = format!("Family '{}' already exists", show(&family.name));
                return Err(throw(Error::Illegal(text)));
            }
            new.push(family);
        }
        self.create_checked(&name, new).map_err(throw)
    }

    fn create_checked(&self, name: &str, families: Vec<Family>) -> Result<()> {
        names::check_namespace(name, |name| self.store.namespace(name).is_ok())?;
        if families.is_empty() {
            let text = "Table should have at least one column family.";
            return Err(Error::DoNotRetry(text.to_owned()));
        }
        for family in &families {
            if !COMPRESSIONS.contains(&family.compression.as_str()) {
                let text = format!(
                    "Compression algorithm '{}' previously failed test: no native library for it",
                    family.compression.to_lowercase()
                );
                return Err(Error::DoNotRetry(text));
            }
        }
        self.store.create_table(name, families)
    }
}

/// A family as `ThriftUtilities.colDescFromThrift` reads it.
///
/// The generated code gives options that were left out as zero or empty; they get the interface's
/// defaults.
fn family(descriptor: &ColumnDescriptor) -> thrift::Result<Family> {
    let illegal = |text| thrown("createTable", Throws::IoAndIllegalArgument, Error::Illegal(text));
    let compression = or_none(descriptor.compression.as_deref()).to_uppercase();
    if !KNOWN_COMPRESSIONS.contains(&compression.as_str()) {
        return Err(illegal(format!("Unsupported compression algorithm name: {compression}")));
    }
    let bloom_filter = or_none(descriptor.bloom_filter_type.as_deref()).to_owned();
    if !BLOOM_FILTERS.contains(&bloom_filter.as_str()) {
        return Err(illegal(format!("No enum constant BloomType.{bloom_filter}")));
    }
    let name = descriptor.name.as_deref().unwrap_or_default();
    if name.is_empty() {
        return Err(illegal_argument("column name is empty".to_owned()));
    }
    let (name, _) = column::parse(name);
    names::check_family(name).map_err(|error| illegal(error.to_string()))?;
    let max_versions = descriptor.max_versions.filter(|&max| max != 0).unwrap_or(DEFAULT_VERSIONS);
    if max_versions < 1 {
        return Err(illegal("Maximum versions must be positive".to_owned()));
    }
    Ok(Family {
        name: name.to_vec(),
        max_versions,
        time_to_live: descriptor.time_to_live.filter(|&ttl| ttl > 0).unwrap_or(i32::MAX),
        compression,
        bloom_filter,
        in_memory: descriptor.in_memory.unwrap_or(false),
        block_cache: descriptor.block_cache_enabled.unwrap_or(false),
    })
}

fn or_none(option: Option<&str>) -> &str {
    option.filter(|text| !text.is_empty()).unwrap_or("NONE")
}

/// A family as the gateway tells it, its name with the colon (`colDescFromHbase`).
fn describe(family: &Family) -> (Text, ColumnDescriptor) {
    let name = [&family.name[..], b":"].concat();
    let descriptor = ColumnDescriptor {
        name: Some(name.clone()),
        max_versions: Some(family.max_versions),
        compression: Some(family.compression.clone()),
        in_memory: Some(family.in_memory),
        bloom_filter_type: Some(family.bloom_filter.clone()),
        bloom_filter_vector_size: Some(0),
        bloom_filter_nb_hashes: Some(0),
        block_cache_enabled: Some(family.block_cache),
        time_to_live: Some(family.time_to_live),
    };
    (name, descriptor)
}
