//! What calls return, as the interface writes it.

use std::collections::BTreeMap;

use hbase_thrift_api::TThriftServerType;
use hbase_thrift_api::thrift2::{
    TColumnFamilyDescriptor, TColumnValue, TDurability, THRegionLocation, TNamespaceDescriptor,
    TTableDescriptor, TTableName,
};
use thrift::protocol::{TInputProtocol, TSerializable, TType};

use super::admin::{family_of, full_name, namespace_of, region_of};
use super::described::DescribedTable;
use crate::dialect::Existence;
use crate::dialect::reply::{ReadResult, list, map, missing_result};
use crate::request::{ColumnFamily, Namespace, Region, Version};

/// The field of a `TResult` with its cells.
const CELLS: i16 = 2;
/// The fields of a `TTableDescriptor`.
const TABLE_NAME: i16 = 1;
const FAMILIES: i16 = 2;
const ATTRIBUTES: i16 = 3;
const DURABILITY: i16 = 4;

pub(in crate::dialect) fn flag(protocol: &mut dyn TInputProtocol) -> ReadResult<bool> {
    protocol.read_bool()
}

pub(in crate::dialect) fn existence(protocol: &mut dyn TInputProtocol) -> ReadResult<Existence> {
    protocol.read_bool().map(Existence)
}

pub(in crate::dialect) fn flags(protocol: &mut dyn TInputProtocol) -> ReadResult<Vec<bool>> {
    list(protocol, |protocol| protocol.read_bool())
}

pub(in crate::dialect) fn number(protocol: &mut dyn TInputProtocol) -> ReadResult<i32> {
    protocol.read_i32()
}

pub(in crate::dialect) fn text(protocol: &mut dyn TInputProtocol) -> ReadResult<String> {
    protocol.read_string()
}

/// The cell that an increment returns, eight bytes long.
pub(in crate::dialect) fn counter(protocol: &mut dyn TInputProtocol) -> ReadResult<i64> {
    let cells = structs_within(protocol, CELLS, TColumnValue::read_from_in_protocol)?;
    let value = cells.first().and_then(|cell| cell.value.as_slice().try_into().ok());
    value
        .map(i64::from_be_bytes)
        .ok_or_else(|| makes_no_sense("the increment returned no cell of eight bytes"))
}

/// The cells of a row, with their columns left out.
pub(in crate::dialect) fn versions(protocol: &mut dyn TInputProtocol) -> ReadResult<Vec<Version>> {
    structs_within(protocol, CELLS, |protocol| {
        let cell = TColumnValue::read_from_in_protocol(protocol)?;
        Ok(Version { value: cell.value, timestamp: cell.timestamp.unwrap_or_default() })
    })
}

pub(in crate::dialect) fn table_names(
    protocol: &mut dyn TInputProtocol,
) -> ReadResult<Vec<Vec<u8>>> {
    list(protocol, |protocol| TTableName::read_from_in_protocol(protocol).map(full_name))
}

pub(in crate::dialect) fn regions(protocol: &mut dyn TInputProtocol) -> ReadResult<Vec<Region>> {
    list(protocol, |protocol| THRegionLocation::read_from_in_protocol(protocol).map(region_of))
}

pub(in crate::dialect) fn region(protocol: &mut dyn TInputProtocol) -> ReadResult<Region> {
    THRegionLocation::read_from_in_protocol(protocol).map(region_of)
}

pub(in crate::dialect) fn described_table(
    protocol: &mut dyn TInputProtocol,
) -> ReadResult<DescribedTable> {
    let (mut name, mut attributes, mut durability) = (None, None, None);
    let read = |protocol: &mut dyn TInputProtocol| {
        TColumnFamilyDescriptor::read_from_in_protocol(protocol)
    };
    let families = structs_among(protocol, FAMILIES, read, |protocol, id, field_type| {
        match (id, field_type) {
            (TABLE_NAME, TType::Struct) => {
                name = Some(TTableName::read_from_in_protocol(protocol)?);
            }
            (ATTRIBUTES, TType::Map) => {
                attributes = Some(map(protocol, |protocol| protocol.read_bytes())?);
            }
            (DURABILITY, TType::I32) => {
                durability = Some(TDurability::read_from_in_protocol(protocol)?);
            }
            (_, other) => protocol.skip(other)?,
        }
        Ok(())
    })?;
    let table_name = name.ok_or_else(|| makes_no_sense("a table's description has no name"))?;
    let columns = Some(families);
    Ok(DescribedTable::new(TTableDescriptor { table_name, columns, attributes, durability }))
}

pub(in crate::dialect) fn namespace(protocol: &mut dyn TInputProtocol) -> ReadResult<Namespace> {
    TNamespaceDescriptor::read_from_in_protocol(protocol).map(namespace_of)
}

pub(in crate::dialect) fn namespaces(
    protocol: &mut dyn TInputProtocol,
) -> ReadResult<Vec<Namespace>> {
    list(protocol, namespace)
}

/// In the order of their names.
pub(in crate::dialect) fn families(
    protocol: &mut dyn TInputProtocol,
) -> ReadResult<Vec<ColumnFamily>> {
    let mut families = structs_within(protocol, FAMILIES, |protocol| {
        TColumnFamilyDescriptor::read_from_in_protocol(protocol).map(family_of)
    })?;
    families.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(families)
}

/// Reads a struct, of which only this field counts: a list of structs, none where it is missing.
fn structs_within<T>(
    protocol: &mut dyn TInputProtocol,
    id: i16,
    read: impl FnMut(&mut dyn TInputProtocol) -> ReadResult<T>,
) -> ReadResult<Vec<T>> {
    structs_among(protocol, id, read, |protocol, _, field_type| protocol.skip(field_type))
}

/// As [`structs_within`], with the other fields read by `rest`.
///
/// The generated code would make room for as many elements as the list says it has, each of which may take
/// a hundred times the byte that it has in the message; and it takes a field of any type for a list.
fn structs_among<T>(
    protocol: &mut dyn TInputProtocol,
    id: i16,
    mut read: impl FnMut(&mut dyn TInputProtocol) -> ReadResult<T>,
    mut rest: impl FnMut(&mut dyn TInputProtocol, i16, TType) -> ReadResult<()>,
) -> ReadResult<Vec<T>> {
    let mut found = Vec::new();
    protocol.read_struct_begin()?;
    loop {
        let field = protocol.read_field_begin()?;
        match (field.field_type, field.id) {
            (TType::Stop, _) => break,
            (TType::List, Some(other)) if other == id => {
                let head = protocol.read_list_begin()?;
                if head.size > 0 && head.element_type != TType::Struct {
                    return Err(makes_no_sense("a list of structs has something else in it"));
                }
                found = (0..head.size).map(|_| read(protocol)).collect::<ReadResult<_>>()?;
                protocol.read_list_end()?;
            }
            (other, Some(id)) => rest(protocol, id, other)?,
            (other, None) => protocol.skip(other)?,
        }
        protocol.read_field_end()?;
    }
    protocol.read_struct_end()?;
    Ok(found)
}

fn makes_no_sense(message: &str) -> thrift::Error {
    thrift::Error::from(thrift::ProtocolError::new(thrift::ProtocolErrorKind::InvalidData, message))
}

/// No call of this interface returns them.
pub(in crate::dialect) fn table_states(
    _: &mut dyn TInputProtocol,
) -> ReadResult<BTreeMap<Vec<u8>, bool>> {
    Err(missing_result())
}

pub(in crate::dialect) fn server_type(
    protocol: &mut dyn TInputProtocol,
) -> ReadResult<TThriftServerType> {
    TThriftServerType::read_from_in_protocol(protocol)
}
