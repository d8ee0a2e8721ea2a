//! Calls on tables and on the gateway itself.

use std::collections::BTreeMap;
use std::time::Duration;

use hbase_thrift_api::{ColumnDescriptor, TRegionInfo, TThriftServerType};
use thrift::protocol::TOutputProtocol;

use super::call::{Call, Effect};
use super::encode::{bytes, generated_list, inner, number32};
use crate::request::{BloomFilter, ColumnFamily, Compression, Permission, Region};

type Written = thrift::Result<()>;

/// What the interface says for "never" as a time to live.
const FOREVER: i32 = i32::MAX;

pub(crate) fn create_table<'a>(
    table: &'a [u8],
    families: &[ColumnFamily],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, ()> {
    let descriptors: Vec<ColumnDescriptor> = families.iter().map(descriptor).collect();
    Call::new("createTable", Effect::Once, move |protocol| {
        bytes(protocol, 1, table)?;
        generated_list(protocol, 2, &descriptors)
    })
}

pub(crate) fn enable_table(
    table: &[u8],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + '_, ()> {
    Call::new("enableTable", Effect::Once, move |protocol| bytes(protocol, 1, table))
}

pub(crate) fn disable_table(
    table: &[u8],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + '_, ()> {
    Call::new("disableTable", Effect::Once, move |protocol| bytes(protocol, 1, table))
}

pub(crate) fn delete_table(
    table: &[u8],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + '_, ()> {
    Call::new("deleteTable", Effect::Once, move |protocol| bytes(protocol, 1, table))
}

pub(crate) fn table_enabled(
    table: &[u8],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + '_, bool> {
    Call::new("isTableEnabled", Effect::Read, move |protocol| bytes(protocol, 1, table))
}

pub(crate) fn table_names() -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written, Vec<Vec<u8>>> {
    Call::new("getTableNames", Effect::Read, |_| Ok(()))
}

pub(crate) fn table_states()
-> Call<impl Fn(&mut dyn TOutputProtocol) -> Written, BTreeMap<Vec<u8>, bool>> {
    Call::new("getTableNamesWithIsTableEnabled", Effect::Read, |_| Ok(()))
}

pub(crate) fn column_descriptors(
    table: &[u8],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + '_, BTreeMap<Vec<u8>, ColumnDescriptor>> {
    Call::new("getColumnDescriptors", Effect::Read, move |protocol| bytes(protocol, 1, table))
}

/// Which Thrift interface the gateway has; answered without asking HBase.
pub(crate) fn server_type() -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written, TThriftServerType>
{
    Call::new("getThriftServerType", Effect::Read, |_| Ok(()))
}

pub(crate) fn cluster_id() -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written, String> {
    Call::new("getClusterId", Effect::Read, |_| Ok(()))
}

pub(crate) fn table_regions(
    table: &[u8],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + '_, Vec<TRegionInfo>> {
    Call::new("getTableRegions", Effect::Read, move |protocol| bytes(protocol, 1, table))
}

/// `target` is a table's or a region's name.
pub(crate) fn compact(
    target: &[u8],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + '_, ()> {
    Call::new("compact", Effect::Write, move |protocol| bytes(protocol, 1, target))
}

pub(crate) fn major_compact(
    target: &[u8],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + '_, ()> {
    Call::new("majorCompact", Effect::Write, move |protocol| bytes(protocol, 1, target))
}

pub(crate) fn grant<'a>(
    permission: &'a Permission,
    scope: &'a [u8],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, bool> {
    Call::new("grant", Effect::Write, move |protocol| access(protocol, permission, scope))
}

pub(crate) fn revoke<'a>(
    permission: &'a Permission,
    scope: &'a [u8],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, bool> {
    Call::new("revoke", Effect::Write, move |protocol| access(protocol, permission, scope))
}

/// A `TAccessControlEntity`; `scope` is the whole name of the table or namespace.
fn access(protocol: &mut dyn TOutputProtocol, permission: &Permission, scope: &[u8]) -> Written {
    inner(protocol, 1, |protocol| {
        bytes(protocol, 1, permission.user.as_bytes())?;
        number32(protocol, 2, i32::from(permission.is_for_namespace()))?;
        bytes(protocol, 4, permission.actions.as_bytes())?;
        bytes(protocol, if permission.is_for_namespace() { 6 } else { 5 }, scope)
    })
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

impl From<ColumnDescriptor> for ColumnFamily {
    fn from(descriptor: ColumnDescriptor) -> Self {
        let mut name = descriptor.name.unwrap_or_default();
        // The gateway describes families with a colon at the end.
        if name.last() == Some(&b':') {
            name.pop();
        }
        let seconds = descriptor.time_to_live.filter(|seconds| *seconds != FOREVER);
        Self {
            max_versions: descriptor.max_versions.unwrap_or_default().cast_unsigned(),
            compression: Compression::from(descriptor.compression.unwrap_or_default().as_str()),
            bloom_filter: BloomFilter::from(
                descriptor.bloom_filter_type.unwrap_or_default().as_str(),
            ),
            in_memory: descriptor.in_memory.unwrap_or_default(),
            block_cache: descriptor.block_cache_enabled.unwrap_or_default(),
            time_to_live: seconds
                .map(|seconds| Duration::from_secs(u64::from(seconds.cast_unsigned()))),
            ..Self::new(name)
        }
    }
}

impl From<TRegionInfo> for Region {
    fn from(info: TRegionInfo) -> Self {
        let server = String::from_utf8_lossy(&info.server_name.unwrap_or_default()).into_owned();
        Self {
            name: info.name.unwrap_or_default(),
            start_key: info.start_key.unwrap_or_default(),
            end_key: info.end_key.unwrap_or_default(),
            id: info.id.unwrap_or_default(),
            server: (!server.is_empty()).then_some(server),
            port: info.port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0),
        }
    }
}
