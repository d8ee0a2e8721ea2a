//! Tables and families as the interface describes them (`ThriftUtilities`).

use std::collections::BTreeMap;

use hbase_thrift_api::thrift2::{
    TBloomFilterType, TColumnFamilyDescriptor, TCompressionAlgorithm, TDataBlockEncoding,
    TDurability, TKeepDeletedCells, TTableDescriptor, TTableName,
};

use crate::model::{Error, Family, Result, Table, TableOptions, show};
use crate::names;

/// What HBase has for a family of which nothing is said.
const BLOCK_SIZE: i32 = 64 << 10;
const FOREVER: i32 = i32::MAX;
const MAX_VERSIONS: i32 = 1;
/// In the order of their numbers.
const COMPRESSIONS: [&str; 7] = ["LZO", "GZ", "NONE", "SNAPPY", "LZ4", "BZIP2", "ZSTD"];
/// In the order of their numbers, the first of which has no name to be told.
const DURABILITIES: [&str; 5] = ["", "SKIP_WAL", "ASYNC_WAL", "SYNC_WAL", "FSYNC_WAL"];
const BLOOM_FILTERS: [&str; 4] = ["NONE", "ROW", "ROWCOL", "ROWPREFIX_FIXED_LENGTH"];

/// The plain name of a table.
pub(super) fn name_of(name: &TTableName) -> Result<String> {
    match name.ns.as_deref() {
        None | Some(b"") => names::table(&[b"default:", &*name.qualifier].concat()),
        Some(namespace) => names::table(&[namespace, b":", &*name.qualifier].concat()),
    }
}

/// A table's name with its namespace.
pub(super) fn name(plain: &str) -> TTableName {
    let (namespace, qualifier) = names::divide(plain);
    TTableName { ns: Some(namespace.as_bytes().to_vec()), qualifier: qualifier.as_bytes().to_vec() }
}

/// What a descriptor says of its families and of the table.
pub(super) fn read(descriptor: &TTableDescriptor) -> Result<(Vec<Family>, TableOptions)> {
    let families = descriptor.columns.as_ref();
    // The gateway runs into the null.
    let families = families.ok_or_else(|| Error::Illegal("no families".to_owned()))?;
    let mut read: Vec<Family> = Vec::with_capacity(families.len());
    for descriptor in families {
        let family = family(descriptor)?;
        if read.iter().any(|other| other.name == family.name) {
            let text = format!("Family '{}' already exists", show(&family.name));
            return Err(Error::Illegal(text));
        }
        read.push(family);
    }
    let options = TableOptions {
        attributes: descriptor.attributes.clone().unwrap_or_default().into_iter().collect(),
        durability: descriptor.durability.map_or(TDurability::USE_DEFAULT.0, |it| it.0),
    };
    Ok((read, options))
}

/// A family. What mini-hbase doesn't have is refused, unless it changes nothing that can be seen.
///
/// Attributes say the same as the fields, which go before them: HBase's own client sends both.
pub(super) fn family(descriptor: &TColumnFamilyDescriptor) -> Result<Family> {
    let illegal = |text: &str| Error::Illegal(text.to_owned());
    let refused = |text: &str| Error::DoNotRetry(format!("mini-hbase has no families {text}"));
    if descriptor.name.is_empty() {
        return Err(illegal("Column Family name can not be empty"));
    }
    names::check_family(&descriptor.name)?;
    let said = Attributes(descriptor.attributes.as_ref());
    let max_versions = said.number("VERSIONS", descriptor.max_versions)?.unwrap_or(MAX_VERSIONS);
    if max_versions < 1 {
        return Err(illegal("Maximum versions must be positive"));
    }
    let name = show(&descriptor.name);
    let time_to_live = said.number("TTL", descriptor.time_to_live)?;
    if time_to_live.is_some_and(|seconds| seconds <= 0) {
        return Err(insane(&format!("TTL for column family {name} must be positive.")));
    }
    if said.number("MIN_VERSIONS", descriptor.min_versions)?.is_some_and(|min| min != 0) {
        return Err(refused("with minVersions"));
    }
    let keeps = descriptor.keep_deleted_cells.map(|kept| kept != TKeepDeletedCells::FALSE);
    let keeps = keeps.or(said.text("KEEP_DELETED_CELLS").map(|text| text != "FALSE"));
    if keeps == Some(true) {
        return Err(refused("that keep deleted cells"));
    }
    let one_of = |names: &[&str], key: &str, number: Option<i32>, default: &str| {
        let number = number.and_then(|number| usize::try_from(number).ok());
        let name = number.and_then(|number| names.get(number).copied());
        let name = name.map(str::to_owned).or(said.text(key).map(str::to_uppercase));
        let name = name.unwrap_or_else(|| default.to_owned());
        if names.contains(&&*name) { Ok(name) } else { Err(illegal("no such option")) }
    };
    let truth = |key, field: Option<bool>, default| {
        field.or(said.text(key).map(|text| text.eq_ignore_ascii_case("true"))).unwrap_or(default)
    };
    let compression = descriptor.compression_type.map(|it| it.0);
    let bloom_filter = descriptor.bloomn_filter_type.map(|it| it.0);
    Ok(Family {
        name: descriptor.name.clone(),
        max_versions,
        time_to_live: time_to_live.unwrap_or(FOREVER),
        compression: one_of(&COMPRESSIONS, "COMPRESSION", compression, "NONE")?,
        bloom_filter: one_of(&BLOOM_FILTERS, "BLOOMFILTER", bloom_filter, "ROW")?,
        in_memory: truth("IN_MEMORY", descriptor.in_memory, false),
        block_cache: truth("BLOCKCACHE", descriptor.block_cache_enabled, true),
    })
}

/// A family's attributes, which are texts.
struct Attributes<'a>(Option<&'a BTreeMap<Vec<u8>, Vec<u8>>>);

impl Attributes<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        std::str::from_utf8(self.0?.get(key.as_bytes())?).ok()
    }

    /// A field's number, or else the attribute's.
    fn number(&self, key: &str, field: Option<i32>) -> Result<Option<i32>> {
        let text = if field.is_none() { self.text(key) } else { None };
        let read = text.map(str::parse).transpose();
        let read = read.map_err(|_| Error::Illegal(format!("{key} is no number")))?;
        Ok(field.or(read))
    }
}

/// What HBase's master refuses, and how to make it not to.
pub(super) fn insane(text: &str) -> Error {
    Error::DoNotRetry(format!(
        "{text} Set hbase.table.sanity.checks to false at conf or table descriptor if you want to \
         bypass sanity checks"
    ))
}

pub(super) fn table(table: &Table) -> TTableDescriptor {
    let options = &table.options;
    let mut attributes: BTreeMap<_, _> = options.attributes.iter().cloned().collect();
    attributes.entry(b"IS_META".to_vec()).or_insert_with(|| b"false".to_vec());
    let durability = usize::try_from(options.durability).unwrap_or_default();
    if let Some(name) = DURABILITIES.get(durability).filter(|name| !name.is_empty()) {
        attributes.insert(b"DURABILITY".to_vec(), name.as_bytes().to_vec());
    }
    TTableDescriptor {
        table_name: name(&table.name),
        columns: Some(table.families.iter().map(describe).collect()),
        attributes: Some(attributes),
        durability: Some(TDurability(options.durability)),
    }
}

fn describe(family: &Family) -> TColumnFamilyDescriptor {
    let number = |names: &[&str], name: &str| {
        let place = names.iter().position(|known| *known == name).unwrap_or_default();
        i32::try_from(place).unwrap_or_default()
    };
    TColumnFamilyDescriptor {
        name: family.name.clone(),
        attributes: Some(attributes(family)),
        configuration: None,
        block_size: Some(BLOCK_SIZE),
        bloomn_filter_type: Some(TBloomFilterType(number(&BLOOM_FILTERS, &family.bloom_filter))),
        compression_type: Some(TCompressionAlgorithm(number(&COMPRESSIONS, &family.compression))),
        dfs_replication: Some(0),
        data_block_encoding: Some(TDataBlockEncoding::NONE),
        keep_deleted_cells: Some(TKeepDeletedCells::FALSE),
        max_versions: Some(family.max_versions),
        min_versions: Some(0),
        scope: Some(0),
        time_to_live: Some(family.time_to_live),
        block_cache_enabled: Some(family.block_cache),
        cache_blooms_on_write: Some(false),
        cache_data_on_write: Some(false),
        cache_indexes_on_write: Some(false),
        compress_tags: Some(true),
        evict_blocks_on_close: Some(false),
        in_memory: Some(family.in_memory),
    }
}

/// The same once more, as texts.
fn attributes(family: &Family) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let attributes = [
        ("INDEX_BLOCK_ENCODING", "NONE".to_owned()),
        ("VERSIONS", family.max_versions.to_string()),
        ("KEEP_DELETED_CELLS", "FALSE".to_owned()),
        ("BLOOMFILTER", family.bloom_filter.clone()),
        ("BLOCKSIZE", BLOCK_SIZE.to_string()),
        ("BLOCKCACHE", family.block_cache.to_string()),
        ("DATA_BLOCK_ENCODING", "NONE".to_owned()),
        ("MIN_VERSIONS", "0".to_owned()),
        ("TTL", family.time_to_live.to_string()),
        ("REPLICATION_SCOPE", "0".to_owned()),
        ("IN_MEMORY", family.in_memory.to_string()),
        ("COMPRESSION", family.compression.clone()),
    ];
    attributes.map(|(key, value)| (key.as_bytes().to_vec(), value.into_bytes())).into()
}
