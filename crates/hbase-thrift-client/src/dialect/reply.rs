//! Reads results: the value that a call returns, or one of the interface's exceptions.

use std::collections::BTreeMap;

use hbase_thrift_api::TThriftServerType;
use thrift::protocol::{TInputProtocol, TType};

use super::thrift2::described::DescribedTable;
use super::{Dialect, Existence, thrift1, thrift2};
use crate::error::ServerException;
use crate::request::{ColumnFamily, Namespace, Region, Version};
use crate::row::RowBatch;

pub(super) type ReadResult<T> = thrift::Result<T>;

/// What a call returns, or why the server refused.
pub(crate) type Answer<T> = std::result::Result<T, ServerException>;

/// How a reply is read.
pub(crate) enum Shape<R> {
    /// Found by the decoder of rows.
    Rows(fn(RowBatch) -> R),
    /// Read from the whole message, after its head.
    Value(fn(Dialect, &mut dyn TInputProtocol) -> ReadResult<Answer<R>>),
}

/// A type that a reply can be read into.
pub(crate) trait Reply: Sized {
    fn shape() -> Shape<Self>;
}

impl Reply for RowBatch {
    fn shape() -> Shape<Self> {
        Shape::Rows(|rows| rows)
    }
}

/// Whatever was returned.
impl Reply for () {
    fn shape() -> Shape<Self> {
        Shape::Value(|dialect, protocol| Ok(read_fields(dialect, protocol, skip)?.map(|_| ())))
    }
}

/// Reads the exception in place of rows, which the decoder would have found.
pub(super) fn read_exception(
    dialect: Dialect,
    protocol: &mut dyn TInputProtocol,
) -> ReadResult<ServerException> {
    match read_fields(dialect, protocol, skip)? {
        Err(exception) => Ok(exception),
        Ok(_) => Err(missing_result()),
    }
}

fn skip(protocol: &mut dyn TInputProtocol, field_type: TType) -> ReadResult<()> {
    protocol.skip(field_type)
}

macro_rules! replies {
    ($($value:ty = $read:ident;)+) => {
        $(impl Reply for $value {
            fn shape() -> Shape<Self> {
                Shape::Value(|dialect, protocol| {
                    let read: fn(&mut dyn TInputProtocol) -> ReadResult<$value> = match dialect {
                        Dialect::Thrift1 => thrift1::replies::$read,
                        Dialect::Thrift2 => thrift2::replies::$read,
                    };
                    read_result(dialect, protocol, read)
                })
            }
        })+
    };
}

replies! {
    bool = flag;
    Existence = existence;
    Vec<bool> = flags;
    i32 = number;
    i64 = counter;
    Vec<Vec<u8>> = table_names;
    Vec<Version> = versions;
    Vec<Region> = regions;
    Region = region;
    DescribedTable = described_table;
    Namespace = namespace;
    Vec<Namespace> = namespaces;
    Vec<ColumnFamily> = families;
    String = text;
    BTreeMap<Vec<u8>, bool> = table_states;
    TThriftServerType = server_type;
}

pub(super) fn list<T>(
    protocol: &mut dyn TInputProtocol,
    mut read: impl FnMut(&mut dyn TInputProtocol) -> ReadResult<T>,
) -> ReadResult<Vec<T>> {
    let head = protocol.read_list_begin()?;
    let values = (0..head.size).map(|_| read(protocol)).collect::<ReadResult<_>>()?;
    protocol.read_list_end()?;
    Ok(values)
}

pub(super) fn map<T>(
    protocol: &mut dyn TInputProtocol,
    mut read: impl FnMut(&mut dyn TInputProtocol) -> ReadResult<T>,
) -> ReadResult<BTreeMap<Vec<u8>, T>> {
    let head = protocol.read_map_begin()?;
    let values = (0..head.size)
        .map(|_| Ok((protocol.read_bytes()?, read(protocol)?)))
        .collect::<ReadResult<_>>()?;
    protocol.read_map_end()?;
    Ok(values)
}

/// A result that has to be there.
fn read_result<T>(
    dialect: Dialect,
    protocol: &mut dyn TInputProtocol,
    read: fn(&mut dyn TInputProtocol) -> ReadResult<T>,
) -> ReadResult<Answer<T>> {
    match read_fields(dialect, protocol, |protocol, _| read(protocol))? {
        Ok(Some(value)) => Ok(Ok(value)),
        Ok(None) => Err(missing_result()),
        Err(exception) => Ok(Err(exception)),
    }
}

/// The result struct of any call: field 0 is the value; the others are exceptions, that of HBase's first.
/// Those of Thrift 2 are laid out as Thrift 1's, under other names.
fn read_fields<T>(
    dialect: Dialect,
    protocol: &mut dyn TInputProtocol,
    mut read: impl FnMut(&mut dyn TInputProtocol, TType) -> ReadResult<T>,
) -> ReadResult<Answer<Option<T>>> {
    let (io_error, illegal_argument) = match dialect {
        Dialect::Thrift1 => ("IOError", "IllegalArgument"),
        Dialect::Thrift2 => ("TIOError", "TIllegalArgument"),
    };
    protocol.read_struct_begin()?;
    let mut answer = Ok(None);
    loop {
        let field = protocol.read_field_begin()?;
        match (field.field_type, field.id) {
            (TType::Stop, _) => break,
            (field_type, Some(0)) => answer = Ok(Some(read(protocol, field_type)?)),
            (TType::Struct, Some(1)) => answer = Err(exception_in(protocol, io_error)?),
            (TType::Struct, Some(2)) => answer = Err(exception_in(protocol, illegal_argument)?),
            (TType::Struct, Some(3)) => answer = Err(exception_in(protocol, "AlreadyExists")?),
            (other, _) => protocol.skip(other)?,
        }
        protocol.read_field_end()?;
    }
    protocol.read_struct_end()?;
    Ok(answer)
}

/// Any exception: field 1 is the message, and field 2, of those that have it, whether a retry may help.
///
/// The generated code would have a gateway that doesn't say the latter say no.
fn exception_in(
    protocol: &mut dyn TInputProtocol,
    thrift_type: &'static str,
) -> ReadResult<ServerException> {
    let (mut message, mut can_retry) = (None, None);
    protocol.read_struct_begin()?;
    loop {
        let field = protocol.read_field_begin()?;
        match (field.field_type, field.id) {
            (TType::Stop, _) => break,
            (TType::String, Some(1)) => message = Some(protocol.read_bytes()?),
            (TType::Bool, Some(2)) => can_retry = Some(protocol.read_bool()?),
            (other, _) => protocol.skip(other)?,
        }
        protocol.read_field_end()?;
    }
    protocol.read_struct_end()?;
    let message = message.as_deref().map(String::from_utf8_lossy);
    let message = message.as_deref().unwrap_or("the server gave no reason");
    Ok(ServerException::new(thrift_type, message, can_retry))
}

pub(super) fn missing_result() -> thrift::Error {
    thrift::Error::from(thrift::ApplicationError::new(
        thrift::ApplicationErrorKind::MissingResult,
        "the reply has neither a result nor an exception",
    ))
}
