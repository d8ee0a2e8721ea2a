//! As much of a gateway as tests of what is around a call need: buffered, binary, and always with
//! the same answers.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};

use hbase_thrift_api::{IOError, TCell, TRowResult};
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TFieldIdentifier, TInputProtocol, TListIdentifier,
    TMessageIdentifier, TMessageType, TOutputProtocol, TSerializable, TStructIdentifier, TType,
};
use thrift::transport::TBufferedReadTransport;

use crate::fakes::server;

/// The value of the one cell that there is.
pub(crate) const VALUE: &str = "stored-value";

/// A gateway that lives as long as the test's process.
pub(crate) fn start() -> SocketAddr {
    // An error is the client hanging up.
    server(|stream| drop(serve(&stream)))
}

/// Answers calls until the client hangs up or says what is no call.
fn serve(stream: &TcpStream) -> thrift::Result<()> {
    let reader = TBufferedReadTransport::new(stream.try_clone().map_err(io_error)?);
    let mut input = TBinaryInputProtocol::new(reader, true);
    let mut rows = 0;
    loop {
        let call = input.read_message_begin()?;
        input.skip(TType::Struct)?;
        input.read_message_end()?;
        let mut reply = Vec::new();
        answer(&mut TBinaryOutputProtocol::new(&mut reply, true), &call, &mut rows)?;
        (&*stream).write_all(&reply).map_err(io_error)?;
    }
}

fn io_error(error: io::Error) -> thrift::Error {
    thrift::Error::from(error)
}

/// `rows` are those that the scanner which was opened last has left.
fn answer(
    output: &mut dyn TOutputProtocol,
    call: &TMessageIdentifier,
    rows: &mut i32,
) -> thrift::Result<()> {
    let (name, number) = (call.name.as_str(), call.sequence_number);
    output.write_message_begin(&TMessageIdentifier::new(name, TMessageType::Reply, number))?;
    output.write_struct_begin(&TStructIdentifier::new(""))?;
    let mut field =
        |field_type, id| output.write_field_begin(&TFieldIdentifier::new("", field_type, id));
    match name {
        "getThriftServerType" | "scannerOpenWithScan" => {
            *rows = 1;
            field(TType::I32, 0)?;
            output.write_i32(0)?;
        }
        "isTableEnabled" => {
            field(TType::Bool, 0)?;
            output.write_bool(true)?;
        }
        "scannerGetList" => {
            field(TType::List, 0)?;
            let count = std::mem::take(rows);
            output.write_list_begin(&TListIdentifier::new(TType::Struct, count))?;
            (0..count).try_for_each(|_| row().write_to_out_protocol(output))?;
        }
        "getRow" | "getRowWithColumns" => {
            field(TType::List, 0)?;
            output.write_list_begin(&TListIdentifier::new(TType::Struct, 1))?;
            row().write_to_out_protocol(output)?;
        }
        "atomicIncrement" => {
            field(TType::Struct, 1)?;
            let busy = "org.apache.hadoop.hbase.RegionTooBusyException: over its memstore limit";
            IOError::new(busy.to_owned(), true).write_to_out_protocol(output)?;
        }
        _ => {}
    }
    output.write_field_stop()?;
    output.write_struct_end()?;
    output.write_message_end()
}

fn row() -> TRowResult {
    let cell = TCell::new(VALUE.as_bytes().to_vec(), 1);
    let columns = BTreeMap::from([(b"f:x".to_vec(), cell)]);
    TRowResult::new(b"secret-row".to_vec(), columns, None)
}
