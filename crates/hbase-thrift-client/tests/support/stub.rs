//! A gateway of either interface that replies as a test says: buffered, binary, one thread a connection.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use hbase_thrift_api::thrift2::{TColumnValue, TIOError, TResult};
use hbase_thrift_api::{IOError, TCell, TRowResult};
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TFieldIdentifier, TInputProtocol, TListIdentifier,
    TMessageIdentifier, TMessageType, TOutputProtocol, TSerializable, TStructIdentifier, TType,
};
use thrift::transport::TBufferedReadTransport;

/// What a call says: its method and those of its arguments that are numbers or bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) numbers: BTreeMap<i16, i64>,
    pub(crate) bytes: BTreeMap<i16, Vec<u8>>,
}

/// What the stub does about a call.
pub(crate) enum Say {
    Void,
    Bool(bool),
    I32(i32),
    I64(i64),
    Rows(Vec<TRowResult>),
    /// An `IOError` with this message.
    Throw(String),
    /// Thrift 2's row, or rows.
    Result(TResult),
    Results(Vec<TResult>),
    /// A `TIOError` with these.
    ThrowTio(Option<String>, Option<bool>),
    /// These bytes instead of a reply.
    Raw(Vec<u8>),
    /// A reply, but not as it should be.
    Odd(Oddity, Box<Say>),
    /// Nothing, ever; the connection stays open.
    Hang,
    Close,
}

/// What is wrong with a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// It comes twice.
    Twice,
    /// It comes a second time when its call is over.
    Again,
    /// It has the name of another method.
    Renamed,
    /// It has another number than the call.
    Renumbered,
    /// Its bytes come one by one, with this pause before each.
    Trickles(Duration),
}

pub(crate) struct Stub {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stub {
    /// A stub that proves itself and treats all other calls as `say` does; it lives as long as the
    /// test's process.
    pub(crate) fn start(say: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        Self::of_interface(|| 1, say)
    }

    /// The same, of Thrift 2.
    pub(crate) fn thrift2(say: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        Self::of_interface(|| 2, say)
    }

    /// The same, of the interface that `interface` says each time it is asked.
    pub(crate) fn of_interface(
        interface: impl Fn() -> i32 + Send + Sync + 'static,
        say: impl Fn(&Asked) -> Say + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let say = move |asked: &Asked| match asked.method.as_str() {
            "getThriftServerType" => Say::I32(interface()),
            _ => say(asked),
        };
        let (say, shared) = (Arc::new(say), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (say, asked) = (Arc::clone(&say), Arc::clone(&shared));
                // An error is the client hanging up.
                thread::spawn(move || drop(serve(&stream, &*say, &asked)));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The calls so far, without those by which connections prove themselves.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How often a method was called.
    pub(crate) fn calls(&self, method: &str) -> usize {
        self.asked().iter().filter(|asked| asked.method == method).count()
    }
}

pub(crate) fn row(key: &str, value: &[u8]) -> TRowResult {
    let columns = BTreeMap::from([(b"f:x".to_vec(), TCell::new(value.to_vec(), 1))]);
    TRowResult::new(key.as_bytes().to_vec(), columns, None)
}

/// A row of Thrift 2, with one cell or none.
pub(crate) fn result(key: &str, value: Option<&[u8]>) -> TResult {
    let cell = |value: &[u8]| {
        let (family, name) = (b"f".to_vec(), b"x".to_vec());
        TColumnValue::new(family, name, value.to_vec(), 1, None::<Vec<u8>>, 4)
    };
    let cells: Vec<_> = value.into_iter().map(cell).collect();
    let key = (!cells.is_empty()).then(|| key.as_bytes().to_vec());
    TResult::new(key, cells, false, false)
}

fn serve(
    stream: &TcpStream,
    say: &(impl Fn(&Asked) -> Say + ?Sized),
    calls: &Mutex<Vec<Asked>>,
) -> thrift::Result<()> {
    // Otherwise the second of two small replies waits for the client's acknowledgement of the first.
    stream.set_nodelay(true).map_err(thrift::Error::from)?;
    let reader = TBufferedReadTransport::new(stream.try_clone().map_err(thrift::Error::from)?);
    let mut input = TBinaryInputProtocol::new(reader, true);
    loop {
        let head = input.read_message_begin()?;
        let asked = read_arguments(&mut input, head.name.clone())?;
        let said = say(&asked);
        if head.name != "getThriftServerType" {
            calls.lock().unwrap().push(asked);
        }
        let mut reply = Vec::new();
        match said {
            Say::Close => return Ok(()),
            Say::Hang => loop {
                thread::park();
            },
            Say::Raw(bytes) => reply = bytes,
            Say::Odd(oddity, said) => {
                let mut head = head.clone();
                match oddity {
                    Oddity::Renamed => head.name.push('s'),
                    Oddity::Renumbered => head.sequence_number += 1,
                    Oddity::Twice | Oddity::Again | Oddity::Trickles(_) => {}
                }
                write(&mut TBinaryOutputProtocol::new(&mut reply, true), &head, *said)?;
                match oddity {
                    Oddity::Twice => reply.extend_from_within(..),
                    Oddity::Again => {
                        (&*stream).write_all(&reply).map_err(thrift::Error::from)?;
                        thread::sleep(Duration::from_millis(5));
                    }
                    Oddity::Trickles(pause) => {
                        for byte in std::mem::take(&mut reply) {
                            thread::sleep(pause);
                            (&*stream).write_all(&[byte]).map_err(thrift::Error::from)?;
                        }
                    }
                    Oddity::Renamed | Oddity::Renumbered => {}
                }
            }
            said => write(&mut TBinaryOutputProtocol::new(&mut reply, true), &head, said)?,
        }
        (&*stream).write_all(&reply).map_err(thrift::Error::from)?;
    }
}

fn read_arguments(input: &mut dyn TInputProtocol, method: String) -> thrift::Result<Asked> {
    let mut asked = Asked { method, numbers: BTreeMap::new(), bytes: BTreeMap::new() };
    input.read_struct_begin()?;
    loop {
        let field = input.read_field_begin()?;
        let id = field.id.unwrap_or(0);
        match field.field_type {
            TType::Stop => break,
            TType::I32 => drop(asked.numbers.insert(id, input.read_i32()?.into())),
            TType::I64 => drop(asked.numbers.insert(id, input.read_i64()?)),
            TType::String => drop(asked.bytes.insert(id, input.read_bytes()?)),
            // A scan: its start and its stop row; what Thrift 2's calls say of a row.
            TType::Struct => {
                let scan = read_arguments(input, String::new())?;
                asked.bytes.extend(scan.bytes.into_iter().map(|(id, bytes)| (100 + id, bytes)));
            }
            other => input.skip(other)?,
        }
    }
    // Without it, a connection would take no more calls than structs may be in one another.
    input.read_struct_end()?;
    Ok(asked)
}

fn write(
    output: &mut dyn TOutputProtocol,
    head: &TMessageIdentifier,
    said: Say,
) -> thrift::Result<()> {
    let number = head.sequence_number;
    output.write_message_begin(&TMessageIdentifier::new(
        &*head.name,
        TMessageType::Reply,
        number,
    ))?;
    output.write_struct_begin(&TStructIdentifier::new(""))?;
    let field = |output: &mut dyn TOutputProtocol, field_type, id| {
        output.write_field_begin(&TFieldIdentifier::new("", field_type, id))
    };
    match said {
        Say::Bool(value) => {
            field(output, TType::Bool, 0)?;
            output.write_bool(value)?;
        }
        Say::I32(value) => {
            field(output, TType::I32, 0)?;
            output.write_i32(value)?;
        }
        Say::I64(value) => {
            field(output, TType::I64, 0)?;
            output.write_i64(value)?;
        }
        Say::Rows(rows) => {
            field(output, TType::List, 0)?;
            output.write_list_begin(&TListIdentifier::new(TType::Struct, rows.len() as i32))?;
            rows.iter().try_for_each(|row| row.write_to_out_protocol(output))?;
        }
        Say::Result(row) => {
            field(output, TType::Struct, 0)?;
            row.write_to_out_protocol(output)?;
        }
        Say::Results(rows) => {
            field(output, TType::List, 0)?;
            output.write_list_begin(&TListIdentifier::new(TType::Struct, rows.len() as i32))?;
            rows.iter().try_for_each(|row| row.write_to_out_protocol(output))?;
        }
        Say::ThrowTio(message, can_retry) => {
            field(output, TType::Struct, 1)?;
            TIOError::new(message, can_retry).write_to_out_protocol(output)?;
        }
        Say::Throw(message) => {
            field(output, TType::Struct, 1)?;
            IOError::new(message, false).write_to_out_protocol(output)?;
        }
        Say::Void | Say::Raw(_) | Say::Odd(..) | Say::Hang | Say::Close => {}
    }
    output.write_field_stop()?;
    output.write_struct_end()?;
    output.write_message_end()
}
