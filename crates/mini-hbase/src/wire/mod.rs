//! Thrift messages as bytes: taken from a connection, encoded for it.
//!
//! A message is taken whole, within limits and the server's memory, before anything is decoded; the
//! generated code then reads bytes that are known to be sound. Sockets are left to `server`, what
//! calls mean to `service`.

mod binary;
mod compact;
mod http;
mod pull;
mod reply;
mod schema;
mod source;
mod take;

use std::io::{self, Read, Write};

use thrift::TConfiguration;
use thrift::protocol::{
    TBinaryInputProtocol, TInputProtocol as _, TMessageIdentifier, TMessageType, TOutputProtocol,
    TType,
};
use thrift::server::TProcessor;

use crate::budget::{Budget, Exhausted, Share};

use binary::Binary;
use compact::Compact;
pub(crate) use http::{ControlRequest, Hosts};
use source::{Source, read_start};

const FRAME_HEADER: usize = 4;

/// How messages are told apart on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Transport {
    /// One after the other, HBase's default.
    #[default]
    Buffered,
    /// Each behind its length, as HBase's non-blocking gateways always want it.
    Framed,
    /// Each in an HTTP request; the protocol is binary then, whatever was chosen, as on HBase's
    /// gateway.
    Http,
}

/// How a message's fields are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Fixed widths, HBase's default.
    #[default]
    Binary,
    /// Variable widths.
    Compact,
}

/// Whose methods a port has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    Thrift1,
    Thrift2,
}

/// Why there is no message to reply to.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The client closed the connection between two messages.
    End,
    /// It isn't this transport and protocol, or breaks a limit; nothing after it can be believed.
    Malformed,
    /// The same, and there is something to say before the connection is closed.
    Refused(Vec<u8>),
    Io,
}

impl From<io::Error> for Unreadable {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

/// Why a call is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoMemory(Exhausted),
    /// The releases of HBase that this server stands in for have no such method.
    UnknownMethod,
    /// The elements of a list or map have another type than the method takes.
    WrongType,
    /// Something is left out that the gateway can't do without.
    Incomplete,
    /// Something is left out that the interface requires; a method's arguments have no name.
    Missing {
        field: &'static str,
        structure: &'static str,
    },
    /// Of the fields of a union there is not just one.
    NoUnion,
}

/// A call that has arrived.
pub(crate) struct Message {
    pub(crate) call: TMessageIdentifier,
    /// The whole message in the binary protocol, unless it is refused.
    bytes: Vec<u8>,
    refusal: Option<Refusal>,
    /// Whether the connection ends with its reply.
    pub(crate) is_last: bool,
}

/// What a port speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speech {
    pub(crate) interface: Interface,
    pub(crate) transport: Transport,
    pub(crate) protocol: Protocol,
}

/// The bounds of a port's messages.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// How many bytes a message may have.
    pub(crate) limit: usize,
    /// Whose names an HTTP request may be for.
    pub(crate) hosts: Hosts,
}

/// Takes the next call of the control address.
pub(crate) fn read_control(
    input: &mut impl Read,
    output: &mut impl Write,
    terms: &Terms,
    share: &Share,
) -> Result<ControlRequest, Unreadable> {
    http::control_request(input, output, terms, share).map_err(|refused| match refused {
        http::Refused::With(status) => Unreadable::Refused(http::refusal(status)),
        http::Refused::Unreadable(reason) => reason,
    })
}

/// Encodes a reply of the control address.
pub(crate) fn control_reply(status: &str, json: &str, is_last: bool) -> Vec<u8> {
    http::control_reply(status, json, is_last)
}

/// Returns whether HBase has a method of this name in either interface.
pub(crate) fn is_method(name: &str) -> bool {
    let has = |interface| schema::arguments(interface, name.as_bytes()).is_some();
    has(Interface::Thrift1) || has(Interface::Thrift2)
}

impl Message {
    /// Returns whether HBase has such a method.
    pub(crate) fn is_known(&self) -> bool {
        self.refusal != Some(Refusal::UnknownMethod)
    }

    /// Returns all that is in it.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn describe(&self) -> String {
        let Self { call, bytes, refusal, is_last } = self;
        format!("{call:?} {} {refusal:?} {is_last}", bytes.escape_ascii())
    }
}

impl Speech {
    /// Takes the next message; `output` is where an HTTP client is asked for its body.
    pub(crate) fn read(
        self,
        input: &mut impl Read,
        output: &mut impl Write,
        terms: &Terms,
        share: &Share,
    ) -> Result<Message, Unreadable> {
        match self.transport {
            Transport::Buffered => self.take(input, terms.limit, share),
            Transport::Framed => {
                let mut length = [0; FRAME_HEADER];
                read_start(input, &mut length)?;
                let length = u32::from_be_bytes(length) as usize;
                if length > terms.limit {
                    return Err(Unreadable::Malformed);
                }
                let mut frame = input.take(length as u64);
                let message = self.take(&mut frame, length, share)?;
                if frame.limit() > 0 {
                    return Err(Unreadable::Malformed);
                }
                Ok(message)
            }
            Transport::Http => {
                let refused = |status| Unreadable::Refused(http::refusal(status));
                let (head, mut body) = match http::request(input, output, terms) {
                    Ok(request) => request,
                    Err(http::Refused::With(status)) => return Err(refused(status)),
                    Err(http::Refused::Unreadable(reason)) => return Err(reason),
                };
                let taken = self.take(&mut body, terms.limit, share);
                let message = match (taken, body.finish()) {
                    (_, Err(http::Refused::With(status))) => return Err(refused(status)),
                    (Err(Unreadable::Io | Unreadable::End), Err(_)) => return Err(Unreadable::Io),
                    (Ok(message), Ok(())) => message,
                    _ => return Err(refused("500 Not a Thrift message")),
                };
                Ok(Message { is_last: head.is_last, ..message })
            }
        }
    }

    /// Lets the interface's processor carry the call out, and encodes what it returns.
    pub(crate) fn answer(
        self,
        processor: &dyn TProcessor,
        message: &mut Message,
        share: &Share,
    ) -> Vec<u8> {
        if let Some(refusal) = message.refusal {
            return self.refuse(message, self.refused(refusal, message));
        }
        let bytes = std::mem::take(&mut message.bytes);
        let collected = reply::collect(self, share, message.is_last, |output| {
            // Its lengths were checked when it came.
            let limits = TConfiguration::no_limits();
            let mut input = TBinaryInputProtocol::with_config(&*bytes, true, limits);
            processor.process(&mut input, output)
        });
        match collected {
            Ok(reply) => reply,
            Err(exhausted) => {
                self.refuse(message, self.refused(Refusal::NoMemory(exhausted), message))
            }
        }
    }

    /// Lets `fetch` carry out a fetch of a scanner, whose rows go straight into the reply: it gets
    /// the scanner's number and how many rows are wanted, and returns what writes them.
    pub(crate) fn answer_fetch<W: FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>>(
        self,
        message: &mut Message,
        share: &Share,
        fetch: impl FnOnce(i32, i32) -> thrift::Result<W>,
    ) -> Vec<u8> {
        if let Some(refusal) = message.refusal {
            return self.refuse(message, self.refused(refusal, message));
        }
        let bytes = std::mem::take(&mut message.bytes);
        let fetched = fetch_arguments(&bytes).and_then(|(id, count)| fetch(id, count));
        let write = match fetched {
            Ok(write) => write,
            Err(error) => return self.refuse(message, error),
        };
        let call = &message.call;
        let collected = reply::collect(self, share, message.is_last, |output| {
            let kind = TMessageType::Reply;
            let head = TMessageIdentifier::new(&*call.name, kind, call.sequence_number);
            output.write_message_begin(&head)?;
            write(output)?;
            output.write_message_end()
        });
        match collected {
            Ok(reply) => reply,
            Err(exhausted) => {
                self.refuse(message, self.refused(Refusal::NoMemory(exhausted), message))
            }
        }
    }

    /// Encodes an exception instead of an answer.
    pub(crate) fn refuse(self, message: &Message, error: thrift::Error) -> Vec<u8> {
        // A few lines, for which there is memory when there is none for calls.
        let share = Share::of(&Budget::new(usize::MAX));
        let write =
            |output: &mut dyn TOutputProtocol| reply::exception(&message.call, error, output);
        reply::collect(self, &share, message.is_last, write).unwrap_or_default()
    }

    fn refused(self, refusal: Refusal, message: &Message) -> thrift::Error {
        reply::refused(self.interface, refusal, &message.call.name)
    }

    fn take(
        self,
        input: &mut impl Read,
        limit: usize,
        share: &Share,
    ) -> Result<Message, Unreadable> {
        let source = Source::new(input, limit);
        match self.protocol() {
            Protocol::Binary => take::message(&mut Binary(source), self.interface, share),
            Protocol::Compact => take::message(&mut Compact::new(source), self.interface, share),
        }
    }

    fn protocol(self) -> Protocol {
        if self.transport == Transport::Http { Protocol::Binary } else { self.protocol }
    }
}

/// A scanner's number and a number of rows; one that is missing is 0, as in the generated code.
fn fetch_arguments(message: &[u8]) -> thrift::Result<(i32, i32)> {
    let mut input = TBinaryInputProtocol::with_config(message, true, TConfiguration::no_limits());
    input.read_message_begin()?;
    input.read_struct_begin()?;
    let (mut id, mut count) = (0, 0);
    loop {
        let field = input.read_field_begin()?;
        match (field.field_type, field.id) {
            (TType::Stop, _) => return Ok((id, count)),
            (TType::I32, Some(1)) => id = input.read_i32()?,
            (TType::I32, Some(2)) => count = input.read_i32()?,
            (other, _) => input.skip(other)?,
        }
        input.read_field_end()?;
    }
}
