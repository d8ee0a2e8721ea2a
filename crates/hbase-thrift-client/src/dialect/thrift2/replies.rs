//! What calls return, as the interface writes it.

use std::collections::BTreeMap;

use hbase_thrift_api::TThriftServerType;
use hbase_thrift_api::thrift2::{THRegionLocation, TResult, TTableDescriptor, TTableName};
use thrift::protocol::{TInputProtocol, TSerializable};

use super::admin::{family_of, full_name, region_of};
use crate::dialect::reply::{Read, list, missing_result};
use crate::request::{ColumnFamily, Region, Version};

pub(in crate::dialect) fn flag(protocol: &mut dyn TInputProtocol) -> Read<bool> {
    protocol.read_bool()
}

pub(in crate::dialect) fn number(protocol: &mut dyn TInputProtocol) -> Read<i32> {
    protocol.read_i32()
}

pub(in crate::dialect) fn text(protocol: &mut dyn TInputProtocol) -> Read<String> {
    protocol.read_string()
}

/// The cell that an increment returns, eight bytes long.
pub(in crate::dialect) fn counter(protocol: &mut dyn TInputProtocol) -> Read<i64> {
    let result = TResult::read_from_in_protocol(protocol)?;
    let value = result.column_values.first().and_then(|cell| cell.value.as_slice().try_into().ok());
    value.map(i64::from_be_bytes).ok_or_else(|| {
        thrift::Error::from(thrift::ProtocolError::new(
            thrift::ProtocolErrorKind::InvalidData,
            "the increment returned no cell of eight bytes",
        ))
    })
}

/// The cells of a row, with their columns left out.
pub(in crate::dialect) fn versions(protocol: &mut dyn TInputProtocol) -> Read<Vec<Version>> {
    let result = TResult::read_from_in_protocol(protocol)?;
    let version = |cell: hbase_thrift_api::thrift2::TColumnValue| Version {
        value: cell.value,
        timestamp: cell.timestamp.unwrap_or_default(),
    };
    Ok(result.column_values.into_iter().map(version).collect())
}

pub(in crate::dialect) fn table_names(protocol: &mut dyn TInputProtocol) -> Read<Vec<Vec<u8>>> {
    list(protocol, |protocol| TTableName::read_from_in_protocol(protocol).map(full_name))
}

pub(in crate::dialect) fn regions(protocol: &mut dyn TInputProtocol) -> Read<Vec<Region>> {
    list(protocol, |protocol| THRegionLocation::read_from_in_protocol(protocol).map(region_of))
}

/// In the order of their names.
pub(in crate::dialect) fn families(protocol: &mut dyn TInputProtocol) -> Read<Vec<ColumnFamily>> {
    let descriptor = TTableDescriptor::read_from_in_protocol(protocol)?;
    let families = descriptor.columns.unwrap_or_default().into_iter();
    let mut families: Vec<_> = families.map(family_of).collect();
    families.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(families)
}

/// No call of this interface returns them.
pub(in crate::dialect) fn table_states(
    _: &mut dyn TInputProtocol,
) -> Read<BTreeMap<Vec<u8>, bool>> {
    Err(missing_result())
}

pub(in crate::dialect) fn server_type(
    protocol: &mut dyn TInputProtocol,
) -> Read<TThriftServerType> {
    TThriftServerType::read_from_in_protocol(protocol)
}
