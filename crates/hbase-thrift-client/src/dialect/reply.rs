//! Reads results: the value that a call returns, or one of the interface's exceptions.

use std::collections::BTreeMap;

use hbase_thrift_api::{
    AlreadyExists, ColumnDescriptor, IOError, IllegalArgument, TCell, TRegionInfo,
    TThriftServerType,
};
use thrift::protocol::{TInputProtocol, TSerializable, TType};

use crate::error::ServerException;
use crate::request::Version;
use crate::row::RowBatch;

type Read<T> = thrift::Result<T>;

/// What a call returns, or why the server refused.
pub(crate) type Answer<T> = std::result::Result<T, ServerException>;

/// How a reply is read.
pub(crate) enum Shape<R> {
    /// Found by the decoder of rows.
    Rows(fn(RowBatch) -> R),
    /// Read from the whole message, after its head.
    Value(fn(&mut dyn TInputProtocol) -> Read<Answer<R>>),
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

impl Reply for () {
    fn shape() -> Shape<Self> {
        Shape::Value(|protocol| Ok(read_fields(protocol, |_| Ok(()))?.map(|_| ())))
    }
}

/// Reads the exception in place of rows, which the decoder would have found.
pub(super) fn read_exception(protocol: &mut dyn TInputProtocol) -> Read<ServerException> {
    match read_fields(protocol, |_| Ok(()))? {
        Err(exception) => Ok(exception),
        Ok(_) => Err(missing_result()),
    }
}

/// Types that stand in field 0 of a result.
pub(super) trait ReplyValue: Sized {
    fn read(protocol: &mut dyn TInputProtocol) -> Read<Self>;
}

macro_rules! reply_is_value {
    ($($value:ty),+ $(,)?) => {
        $(impl Reply for $value {
            fn shape() -> Shape<Self> {
                Shape::Value(|protocol| read_result(protocol, <$value>::read))
            }
        })+
    };
}

reply_is_value!(
    bool,
    i32,
    i64,
    Vec<Vec<u8>>,
    Vec<Version>,
    Vec<TRegionInfo>,
    String,
    BTreeMap<Vec<u8>, bool>,
    BTreeMap<Vec<u8>, ColumnDescriptor>,
    TThriftServerType,
);

impl ReplyValue for bool {
    fn read(protocol: &mut dyn TInputProtocol) -> Read<Self> {
        protocol.read_bool()
    }
}

impl ReplyValue for i32 {
    fn read(protocol: &mut dyn TInputProtocol) -> Read<Self> {
        protocol.read_i32()
    }
}

impl ReplyValue for i64 {
    fn read(protocol: &mut dyn TInputProtocol) -> Read<Self> {
        protocol.read_i64()
    }
}

impl ReplyValue for Vec<u8> {
    fn read(protocol: &mut dyn TInputProtocol) -> Read<Self> {
        protocol.read_bytes()
    }
}

impl ReplyValue for ColumnDescriptor {
    fn read(protocol: &mut dyn TInputProtocol) -> Read<Self> {
        Self::read_from_in_protocol(protocol)
    }
}

impl ReplyValue for TThriftServerType {
    fn read(protocol: &mut dyn TInputProtocol) -> Read<Self> {
        Self::read_from_in_protocol(protocol)
    }
}

impl ReplyValue for TRegionInfo {
    fn read(protocol: &mut dyn TInputProtocol) -> Read<Self> {
        Self::read_from_in_protocol(protocol)
    }
}

impl ReplyValue for Version {
    fn read(protocol: &mut dyn TInputProtocol) -> Read<Self> {
        let cell = TCell::read_from_in_protocol(protocol)?;
        Ok(Self {
            value: cell.value.unwrap_or_default(),
            timestamp: cell.timestamp.unwrap_or_default(),
        })
    }
}

impl ReplyValue for String {
    fn read(protocol: &mut dyn TInputProtocol) -> Read<Self> {
        protocol.read_string()
    }
}

impl<T: ReplyValue> ReplyValue for Vec<T> {
    fn read(protocol: &mut dyn TInputProtocol) -> Read<Self> {
        let head = protocol.read_list_begin()?;
        let values = (0..head.size).map(|_| T::read(protocol)).collect::<Read<_>>()?;
        protocol.read_list_end()?;
        Ok(values)
    }
}

impl<T: ReplyValue> ReplyValue for BTreeMap<Vec<u8>, T> {
    fn read(protocol: &mut dyn TInputProtocol) -> Read<Self> {
        let head = protocol.read_map_begin()?;
        let values = (0..head.size)
            .map(|_| Ok((protocol.read_bytes()?, T::read(protocol)?)))
            .collect::<Read<_>>()?;
        protocol.read_map_end()?;
        Ok(values)
    }
}

/// A result that has to be there.
fn read_result<T>(
    protocol: &mut dyn TInputProtocol,
    read: impl FnMut(&mut dyn TInputProtocol) -> Read<T>,
) -> Read<Answer<T>> {
    match read_fields(protocol, read)? {
        Ok(Some(value)) => Ok(Ok(value)),
        Ok(None) => Err(missing_result()),
        Err(exception) => Ok(Err(exception)),
    }
}

/// The result struct of any call: field 0 is the value; the others are exceptions, `IOError` first.
fn read_fields<T>(
    protocol: &mut dyn TInputProtocol,
    mut read: impl FnMut(&mut dyn TInputProtocol) -> Read<T>,
) -> Read<Answer<Option<T>>> {
    protocol.read_struct_begin()?;
    let mut answer = Ok(None);
    loop {
        let field = protocol.read_field_begin()?;
        match (field.field_type, field.id) {
            (TType::Stop, _) => break,
            (_, Some(0)) => answer = Ok(Some(read(protocol)?)),
            (TType::Struct, Some(1)) => answer = Err(io_error(protocol)?),
            (TType::Struct, Some(2)) => {
                let exception = IllegalArgument::read_from_in_protocol(protocol)?;
                answer = Err(exception_of("IllegalArgument", exception.message, None));
            }
            (TType::Struct, Some(3)) => {
                let exception = AlreadyExists::read_from_in_protocol(protocol)?;
                answer = Err(exception_of("AlreadyExists", exception.message, None));
            }
            (other, _) => protocol.skip(other)?,
        }
        protocol.read_field_end()?;
    }
    protocol.read_struct_end()?;
    Ok(answer)
}

fn io_error(protocol: &mut dyn TInputProtocol) -> Read<ServerException> {
    let exception = IOError::read_from_in_protocol(protocol)?;
    Ok(exception_of("IOError", exception.message, exception.can_retry))
}

fn exception_of(
    thrift_type: &'static str,
    message: Option<String>,
    can_retry: Option<bool>,
) -> ServerException {
    let message = message.as_deref().unwrap_or("the server gave no reason");
    ServerException::new(thrift_type, message, can_retry)
}

fn missing_result() -> thrift::Error {
    thrift::Error::from(thrift::ApplicationError::new(
        thrift::ApplicationErrorKind::MissingResult,
        "the reply has neither a result nor an exception",
    ))
}
