//! Tables as the interface describes them.

use std::time::Duration;

use hbase_thrift_api::{ColumnDescriptor, TRegionInfo};
use thrift::protocol::TOutputProtocol;

use crate::dialect::encode::{Encoded, bytes, generated_list};
use crate::request::{BloomFilter, ColumnFamily, Compression, Region};

/// What the interface says for "never" as a time to live.
const FOREVER: i32 = i32::MAX;

pub(super) fn create_table(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    families: &[ColumnFamily],
) -> Encoded {
    let descriptors: Vec<ColumnDescriptor> = families.iter().map(descriptor).collect();
    bytes(protocol, 1, table)?;
    generated_list(protocol, 2, &descriptors)
}

fn descriptor(family: &ColumnFamily) -> ColumnDescriptor {
    ColumnDescriptor {
        name: Some(family.name.clone()),
        max_versions: Some(family.max_versions.cast_signed()),
        compression: Some(family.compression.to_string()),
        in_memory: Some(family.in_memory),
        bloom_filter_type: Some(family.bloom_filter.to_string()),
        bloom_filter_vector_size: Some(0),
        bloom_filter_nb_hashes: Some(0),
        block_cache_enabled: Some(family.block_cache),
        time_to_live: Some(family.time_to_live.map_or(FOREVER, |time| time.as_secs() as i32)),
    }
}

// No `From`: that would make the generated types part of what the crate offers.
pub(super) fn family_of(descriptor: ColumnDescriptor) -> ColumnFamily {
    let mut name = descriptor.name.unwrap_or_default();
    // The gateway describes families with a colon at the end.
    if name.last() == Some(&b':') {
        name.pop();
    }
    let seconds = descriptor.time_to_live.filter(|seconds| *seconds != FOREVER);
    ColumnFamily {
        max_versions: descriptor.max_versions.unwrap_or_default().cast_unsigned(),
        compression: Compression::from(descriptor.compression.unwrap_or_default().as_str()),
        bloom_filter: BloomFilter::from(descriptor.bloom_filter_type.unwrap_or_default().as_str()),
        in_memory: descriptor.in_memory.unwrap_or_default(),
        block_cache: descriptor.block_cache_enabled.unwrap_or_default(),
        time_to_live: seconds
            .map(|seconds| Duration::from_secs(u64::from(seconds.cast_unsigned()))),
        ..ColumnFamily::new(name)
    }
}

pub(super) fn region_of(info: TRegionInfo) -> Region {
    let server = String::from_utf8_lossy(&info.server_name.unwrap_or_default()).into_owned();
    Region {
        name: info.name,
        start_key: info.start_key.unwrap_or_default(),
        end_key: info.end_key.unwrap_or_default(),
        id: info.id,
        server: (!server.is_empty()).then_some(server),
        port: info.port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0),
    }
}
