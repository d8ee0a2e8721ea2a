//! Tables as the interface describes them.

use std::time::Duration;

use hbase_thrift_api::thrift2::{
    TBloomFilterType, TColumnFamilyDescriptor, TCompressionAlgorithm, THRegionLocation,
    TNamespaceDescriptor, TTableName,
};
use thrift::protocol::TOutputProtocol;

use crate::dialect::encode::{
    Encoded, boolean, bytes, bytes_list, generated, inner, number32, struct_list,
};
use crate::error::{Error, ErrorKind, Result};
use crate::request::{BloomFilter, ColumnFamily, Compression, Namespace, Region};

/// What the interface says for "never" as a time to live.
const FOREVER: i32 = i32::MAX;
/// The namespace of tables that name none.
const DEFAULT_NAMESPACE: &[u8] = b"default";

/// The codecs by their numbers; the interface has no others.
const CODECS: [(i32, &str); 7] = [
    (TCompressionAlgorithm::LZO.0, "LZO"),
    (TCompressionAlgorithm::GZ.0, "GZ"),
    (TCompressionAlgorithm::NONE.0, "NONE"),
    (TCompressionAlgorithm::SNAPPY.0, "SNAPPY"),
    (TCompressionAlgorithm::LZ4.0, "LZ4"),
    (TCompressionAlgorithm::BZIP2.0, "BZIP2"),
    (TCompressionAlgorithm::ZSTD.0, "ZSTD"),
];

/// The Bloom filters by their numbers.
const BLOOM_FILTERS: [(i32, &str); 4] = [
    (TBloomFilterType::NONE.0, "NONE"),
    (TBloomFilterType::ROW.0, "ROW"),
    (TBloomFilterType::ROWCOL.0, "ROWCOL"),
    (TBloomFilterType::ROWPREFIX_FIXED_LENGTH.0, "ROWPREFIX_FIXED_LENGTH"),
];

fn number_of(names: &[(i32, &str)], name: &str) -> Option<i32> {
    names.iter().find(|(_, other)| other.eq_ignore_ascii_case(name)).map(|(number, _)| *number)
}

fn name_of(names: &[(i32, &'static str)], number: Option<i32>) -> &'static str {
    names.iter().find(|(other, _)| Some(*other) == number).map_or("", |(_, name)| *name)
}

/// Refuses a family with a codec or a Bloom filter that the interface has no number for.
pub(super) fn check(family: &ColumnFamily) -> Result<()> {
    let lacks = |what: &str, name: &dyn std::fmt::Display| {
        let message = format!(
            "Thrift 2 has no number for the {what} `{name}`: check its name, or use a Thrift 1 \
             gateway (hbase thrift start)"
        );
        Err(Error::new(ErrorKind::Unsupported, message))
    };
    if number_of(&CODECS, &family.compression.to_string()).is_none() {
        return lacks("compression", &family.compression);
    }
    if number_of(&BLOOM_FILTERS, &family.bloom_filter.to_string()).is_none() {
        return lacks("Bloom filter", &family.bloom_filter);
    }
    Ok(())
}

/// A `TTableName`.
pub(super) fn table_name(protocol: &mut dyn TOutputProtocol, id: i16, name: &[u8]) -> Encoded {
    inner(protocol, id, |protocol| match name.iter().position(|byte| *byte == b':') {
        Some(colon) => {
            bytes(protocol, 1, &name[..colon])?;
            bytes(protocol, 2, &name[colon + 1..])
        }
        None => bytes(protocol, 2, name),
    })
}

/// The name as Thrift 1 has it: without the default namespace.
pub(super) fn full_name(name: TTableName) -> Vec<u8> {
    match name.ns {
        Some(namespace) if !namespace.is_empty() && namespace != DEFAULT_NAMESPACE => {
            [namespace.as_slice(), b":", name.qualifier.as_slice()].concat()
        }
        _ => name.qualifier,
    }
}

/// A pattern that all names fit, and none of HBase's own tables.
pub(super) fn all_tables(protocol: &mut dyn TOutputProtocol) -> Encoded {
    bytes(protocol, 1, b".*")?;
    boolean(protocol, 2, false)
}

pub(super) fn create_table(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    families: &[ColumnFamily],
    splits: &[Vec<u8>],
) -> Encoded {
    // A `TTableDescriptor`.
    inner(protocol, 1, |protocol| {
        table_name(protocol, 1, table)?;
        struct_list(protocol, 2, families, family)
    })?;
    if splits.is_empty() {
        return Ok(());
    }
    bytes_list(protocol, 2, splits)
}

pub(super) fn add_family(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    added: &ColumnFamily,
) -> Encoded {
    table_name(protocol, 1, table)?;
    inner(protocol, 2, |protocol| family(protocol, added))
}

/// A `TNamespaceDescriptor`.
pub(super) fn namespace(protocol: &mut dyn TOutputProtocol, namespace: &Namespace) -> Encoded {
    let (name, configuration) = (namespace.name.clone(), namespace.configuration.clone());
    let descriptor = TNamespaceDescriptor::new(name, configuration);
    generated(protocol, 1, &descriptor)
}

pub(super) fn namespace_of(descriptor: TNamespaceDescriptor) -> Namespace {
    let TNamespaceDescriptor { name, configuration } = descriptor;
    Namespace { name, configuration: configuration.unwrap_or_default() }
}

/// Puts a family's settings into its description; what the family has no place for stays as it is.
pub(super) fn describe(family: &ColumnFamily, described: &mut TColumnFamilyDescriptor) {
    let seconds = family.time_to_live.map_or(FOREVER, |time| time.as_secs() as i32);
    described.bloomn_filter_type =
        number_of(&BLOOM_FILTERS, &family.bloom_filter.to_string()).map(TBloomFilterType);
    described.compression_type =
        number_of(&CODECS, &family.compression.to_string()).map(TCompressionAlgorithm);
    described.max_versions = Some(family.max_versions.cast_signed());
    described.time_to_live = Some(seconds);
    described.block_cache_enabled = Some(family.block_cache);
    described.in_memory = Some(family.in_memory);
}

/// A `TColumnFamilyDescriptor`.
fn family(protocol: &mut dyn TOutputProtocol, family: &ColumnFamily) -> Encoded {
    bytes(protocol, 1, &family.name)?;
    if let Some(number) = number_of(&BLOOM_FILTERS, &family.bloom_filter.to_string()) {
        number32(protocol, 5, number)?;
    }
    if let Some(number) = number_of(&CODECS, &family.compression.to_string()) {
        number32(protocol, 6, number)?;
    }
    number32(protocol, 10, family.max_versions.cast_signed())?;
    number32(protocol, 13, family.time_to_live.map_or(FOREVER, |time| time.as_secs() as i32))?;
    boolean(protocol, 14, family.block_cache)?;
    boolean(protocol, 20, family.in_memory)
}

pub(super) fn family_of(descriptor: TColumnFamilyDescriptor) -> ColumnFamily {
    let seconds = descriptor.time_to_live.filter(|seconds| *seconds != FOREVER);
    let codec = name_of(&CODECS, descriptor.compression_type.map(|codec| codec.0));
    let bloom = name_of(&BLOOM_FILTERS, descriptor.bloomn_filter_type.map(|kind| kind.0));
    ColumnFamily {
        max_versions: descriptor.max_versions.unwrap_or_default().cast_unsigned(),
        compression: Compression::from(codec),
        bloom_filter: BloomFilter::from(bloom),
        in_memory: descriptor.in_memory.unwrap_or_default(),
        block_cache: descriptor.block_cache_enabled.unwrap_or_default(),
        time_to_live: seconds
            .map(|seconds| Duration::from_secs(u64::from(seconds.cast_unsigned()))),
        ..ColumnFamily::new(descriptor.name)
    }
}

pub(super) fn region_of(location: THRegionLocation) -> Region {
    let (server, region) = (location.server_name, location.region_info);
    Region {
        // The gateway leaves its `regionId` at zero, so that the name isn't known either
        // (`ThriftUtilities.regionLocationFromHBase`).
        name: None,
        start_key: region.start_key.unwrap_or_default(),
        end_key: region.end_key.unwrap_or_default(),
        id: None,
        server: Some(server.host_name).filter(|server| !server.is_empty()),
        port: server.port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_the_default_namespace_has_no_namespace_in_its_name() {
        let name = |namespace: Option<&str>| {
            let namespace = namespace.map(|namespace| namespace.as_bytes().to_vec());
            full_name(TTableName::new(namespace, b"t".to_vec()))
        };
        assert_eq!(name(None), b"t");
        assert_eq!(name(Some("default")), b"t");
        assert_eq!(name(Some("n")), b"n:t");
    }
}
