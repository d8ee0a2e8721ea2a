//! What calls return, as the interface writes it.

use std::collections::BTreeMap;

use hbase_thrift_api::{ColumnDescriptor, TCell, TRegionInfo, TThriftServerType};
use thrift::protocol::{TInputProtocol, TSerializable, TType};

use super::admin::{family_of, region_of};
use crate::dialect::Existence;
use crate::dialect::reply::{ReadResult, list, map, missing_result};
use crate::dialect::thrift2::described::DescribedTable;
use crate::request::{ColumnFamily, Namespace, Region, Version};

pub(in crate::dialect) fn flag(protocol: &mut dyn TInputProtocol) -> ReadResult<bool> {
    protocol.read_bool()
}

/// Of a get: whether it returned a row.
pub(in crate::dialect) fn existence(protocol: &mut dyn TInputProtocol) -> ReadResult<Existence> {
    let rows = list(protocol, |protocol| protocol.skip(TType::Struct))?;
    Ok(Existence(!rows.is_empty()))
}

/// No call of this interface returns them.
pub(in crate::dialect) fn flags(_: &mut dyn TInputProtocol) -> ReadResult<Vec<bool>> {
    Err(missing_result())
}

pub(in crate::dialect) fn number(protocol: &mut dyn TInputProtocol) -> ReadResult<i32> {
    protocol.read_i32()
}

pub(in crate::dialect) fn counter(protocol: &mut dyn TInputProtocol) -> ReadResult<i64> {
    protocol.read_i64()
}

pub(in crate::dialect) fn text(protocol: &mut dyn TInputProtocol) -> ReadResult<String> {
    protocol.read_string()
}

pub(in crate::dialect) fn table_names(
    protocol: &mut dyn TInputProtocol,
) -> ReadResult<Vec<Vec<u8>>> {
    list(protocol, |protocol| protocol.read_bytes())
}

pub(in crate::dialect) fn versions(protocol: &mut dyn TInputProtocol) -> ReadResult<Vec<Version>> {
    list(protocol, |protocol| {
        let cell = TCell::read_from_in_protocol(protocol)?;
        Ok(Version {
            value: cell.value.unwrap_or_default(),
            timestamp: cell.timestamp.unwrap_or_default(),
        })
    })
}

pub(in crate::dialect) fn regions(protocol: &mut dyn TInputProtocol) -> ReadResult<Vec<Region>> {
    list(protocol, |protocol| TRegionInfo::read_from_in_protocol(protocol).map(region_of))
}

// What no call of this interface returns.

pub(in crate::dialect) fn region(_: &mut dyn TInputProtocol) -> ReadResult<Region> {
    Err(missing_result())
}

pub(in crate::dialect) fn described_table(
    _: &mut dyn TInputProtocol,
) -> ReadResult<DescribedTable> {
    Err(missing_result())
}

pub(in crate::dialect) fn namespace(_: &mut dyn TInputProtocol) -> ReadResult<Namespace> {
    Err(missing_result())
}

pub(in crate::dialect) fn namespaces(_: &mut dyn TInputProtocol) -> ReadResult<Vec<Namespace>> {
    Err(missing_result())
}

/// In the order of their names.
pub(in crate::dialect) fn families(
    protocol: &mut dyn TInputProtocol,
) -> ReadResult<Vec<ColumnFamily>> {
    let families = map(protocol, |protocol| ColumnDescriptor::read_from_in_protocol(protocol))?;
    Ok(families.into_values().map(family_of).collect())
}

pub(in crate::dialect) fn table_states(
    protocol: &mut dyn TInputProtocol,
) -> ReadResult<BTreeMap<Vec<u8>, bool>> {
    map(protocol, |protocol| protocol.read_bool())
}

pub(in crate::dialect) fn server_type(
    protocol: &mut dyn TInputProtocol,
) -> ReadResult<TThriftServerType> {
    TThriftServerType::read_from_in_protocol(protocol)
}
