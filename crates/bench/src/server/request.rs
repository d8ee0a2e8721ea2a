//! What a client asks for, as far as the server cares.

use anyhow::{Result, bail};
use thrift::protocol::{TBinaryInputProtocol, TInputProtocol, TType};

use crate::shape::Table;

/// The calls that are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Method {
    ServerType,
    OpenScanner,
    FetchRows,
    CloseScanner,
    /// The same of Thrift 2.
    OpenScanner2,
    FetchRows2,
    CloseScanner2,
    GetRow,
    MutateRow,
    MutateRows,
}

impl Method {
    const ALL: [Self; 10] = [
        Self::ServerType,
        Self::OpenScanner,
        Self::FetchRows,
        Self::CloseScanner,
        Self::OpenScanner2,
        Self::FetchRows2,
        Self::CloseScanner2,
        Self::GetRow,
        Self::MutateRow,
        Self::MutateRows,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ServerType => "getThriftServerType",
            Self::OpenScanner => "scannerOpenWithScan",
            Self::FetchRows => "scannerGetList",
            Self::CloseScanner => "scannerClose",
            Self::OpenScanner2 => "openScanner",
            Self::FetchRows2 => "getScannerRows",
            Self::CloseScanner2 => "closeScanner",
            Self::GetRow => "getRow",
            Self::MutateRow => "mutateRow",
            Self::MutateRows => "mutateRows",
        }
    }
}

/// One call.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) sequence: i32,
    /// The first argument: a table, ...
    pub(crate) table: Option<Table>,
    /// ... or a scanner.
    pub(crate) scanner: i32,
    pub(crate) rows: u32,
    pub(crate) sort_columns: bool,
}

impl Request {
    /// The first call in these bytes, and how many of them it takes; `None` before all of it came.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>> {
        let mut rest = bytes;
        match read(&mut TBinaryInputProtocol::new(&mut rest, true)) {
            Ok(request) => Ok(Some((request?, bytes.len() - rest.len()))),
            Err(thrift::Error::Transport(error))
                if error.kind == thrift::TransportErrorKind::EndOfFile =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The outer result is about the bytes, the inner one about what they mean.
fn read(protocol: &mut dyn TInputProtocol) -> thrift::Result<Result<Request>> {
    let head = protocol.read_message_begin()?;
    let mut table = None;
    let (mut scanner, mut rows, mut sort_columns) = (0, 0, false);
    loop {
        let field = protocol.read_field_begin()?;
        match (field.id.unwrap_or_default(), field.field_type) {
            (_, TType::Stop) => break,
            (1, TType::String) => table = Some(protocol.read_bytes()?),
            (1, TType::I32) => scanner = protocol.read_i32()?,
            (2, TType::I32) => rows = protocol.read_i32()?.unsigned_abs(),
            (2, TType::Struct) => sort_columns = wants_sorted_columns(protocol)?,
            (_, other) => protocol.skip(other)?,
        }
    }
    let method = Method::ALL.into_iter().find(|method| method.name() == head.name);
    Ok((|| {
        let Some(method) = method else { bail!("{} is not answered here", head.name) };
        let table = table.map(|name| String::from_utf8_lossy(&name).parse()).transpose()?;
        Ok(Request { method, sequence: head.sequence_number, table, scanner, rows, sort_columns })
    })())
}

/// Of a `TScan`.
fn wants_sorted_columns(protocol: &mut dyn TInputProtocol) -> thrift::Result<bool> {
    let mut sorted = false;
    loop {
        let field = protocol.read_field_begin()?;
        match (field.id.unwrap_or_default(), field.field_type) {
            (_, TType::Stop) => return Ok(sorted),
            (8, TType::Bool) => sorted = protocol.read_bool()?,
            (_, other) => protocol.skip(other)?,
        }
    }
}
