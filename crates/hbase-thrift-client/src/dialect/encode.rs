//! Writes the fields of arguments from borrowed bytes.

use std::collections::BTreeMap;

use thrift::protocol::{TFieldIdentifier, TListIdentifier, TMapIdentifier, TOutputProtocol};
use thrift::protocol::{TSerializable, TStructIdentifier, TType};

use crate::request::Attributes;

/// What every writer of an interface returns.
pub(in crate::dialect) type Encoded = thrift::Result<()>;

/// A struct with these fields.
pub(in crate::dialect) fn structure(
    protocol: &mut dyn TOutputProtocol,
    fields: impl Fn(&mut dyn TOutputProtocol) -> Encoded,
) -> Encoded {
    // Names of structs and fields never go over the wire.
    protocol.write_struct_begin(&TStructIdentifier::new(""))?;
    fields(protocol)?;
    protocol.write_field_stop()?;
    protocol.write_struct_end()
}

fn field(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    field_type: TType,
    value: impl FnOnce(&mut dyn TOutputProtocol) -> Encoded,
) -> Encoded {
    protocol.write_field_begin(&TFieldIdentifier::new::<Option<String>, String, i16>(
        None, field_type, id,
    ))?;
    value(protocol)?;
    protocol.write_field_end()
}

pub(in crate::dialect) fn bytes(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    value: &[u8],
) -> Encoded {
    field(protocol, id, TType::String, |protocol| protocol.write_bytes(value))
}

pub(in crate::dialect) fn number32(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    value: i32,
) -> Encoded {
    field(protocol, id, TType::I32, |protocol| protocol.write_i32(value))
}

pub(in crate::dialect) fn number64(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    value: i64,
) -> Encoded {
    field(protocol, id, TType::I64, |protocol| protocol.write_i64(value))
}

pub(in crate::dialect) fn boolean(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    value: bool,
) -> Encoded {
    field(protocol, id, TType::Bool, |protocol| protocol.write_bool(value))
}

pub(in crate::dialect) fn inner(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    fields: impl Fn(&mut dyn TOutputProtocol) -> Encoded,
) -> Encoded {
    field(protocol, id, TType::Struct, |protocol| structure(protocol, fields))
}

pub(in crate::dialect) fn bytes_list(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    values: &[Vec<u8>],
) -> Encoded {
    list(protocol, id, TType::String, values, |protocol, value| protocol.write_bytes(value))
}

pub(in crate::dialect) fn struct_list<T>(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    values: &[T],
    fields: impl Fn(&mut dyn TOutputProtocol, &T) -> Encoded,
) -> Encoded {
    list(protocol, id, TType::Struct, values, |protocol, value| {
        structure(protocol, |protocol| fields(protocol, value))
    })
}

/// What a list of structs begins with, as a field.
pub(in crate::dialect) fn struct_list_head(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    length: usize,
) -> Encoded {
    let count = count_of(length)?;
    field(protocol, id, TType::List, |protocol| {
        protocol.write_list_begin(&TListIdentifier::new(TType::Struct, count))
    })
}

/// As [`struct_list`], of what an iterator gives.
pub(in crate::dialect) fn struct_iter<T>(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    values: impl ExactSizeIterator<Item = T>,
    fields: impl Fn(&mut dyn TOutputProtocol, T) -> Encoded,
) -> Encoded {
    let count = count_of(values.len())?;
    field(protocol, id, TType::List, |protocol| {
        protocol.write_list_begin(&TListIdentifier::new(TType::Struct, count))?;
        for value in values {
            protocol.write_struct_begin(&TStructIdentifier::new(""))?;
            fields(protocol, value)?;
            protocol.write_field_stop()?;
            protocol.write_struct_end()?;
        }
        protocol.write_list_end()
    })
}

/// A struct of the generated code.
pub(in crate::dialect) fn generated<T: TSerializable>(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    value: &T,
) -> Encoded {
    field(protocol, id, TType::Struct, |protocol| value.write_to_out_protocol(protocol))
}

/// A list of structs of the generated code.
pub(in crate::dialect) fn generated_list<T: TSerializable>(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    values: &[T],
) -> Encoded {
    list(protocol, id, TType::Struct, values, |protocol, value| {
        value.write_to_out_protocol(protocol)
    })
}

fn list<T>(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    element: TType,
    values: &[T],
    write: impl Fn(&mut dyn TOutputProtocol, &T) -> Encoded,
) -> Encoded {
    let count = count_of(values.len())?;
    field(protocol, id, TType::List, |protocol| {
        protocol.write_list_begin(&TListIdentifier::new(element, count))?;
        values.iter().try_for_each(|value| write(protocol, value))?;
        protocol.write_list_end()
    })
}

pub(in crate::dialect) fn struct_map<T>(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    values: &BTreeMap<Vec<u8>, T>,
    fields: impl Fn(&mut dyn TOutputProtocol, &T) -> Encoded,
) -> Encoded {
    let count = count_of(values.len())?;
    field(protocol, id, TType::Map, |protocol| {
        protocol.write_map_begin(&TMapIdentifier::new(TType::String, TType::Struct, count))?;
        values.iter().try_for_each(|(key, value)| {
            protocol.write_bytes(key)?;
            structure(protocol, |protocol| fields(protocol, value))
        })?;
        protocol.write_map_end()
    })
}

/// The map of attributes that most calls have; some gateways fail on a missing one.
pub(in crate::dialect) fn attributes(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    attributes: &Attributes,
) -> Encoded {
    let count = count_of(attributes.len())?;
    field(protocol, id, TType::Map, |protocol| {
        protocol.write_map_begin(&TMapIdentifier::new(TType::String, TType::String, count))?;
        attributes.iter().try_for_each(|(name, value)| {
            protocol.write_bytes(name)?;
            protocol.write_bytes(value)
        })?;
        protocol.write_map_end()
    })
}

fn count_of(length: usize) -> thrift::Result<i32> {
    i32::try_from(length).map_err(|_| {
        thrift::Error::from(thrift::ProtocolError::new(
            thrift::ProtocolErrorKind::SizeLimit,
            "a list of over 2^31 elements",
        ))
    })
}
