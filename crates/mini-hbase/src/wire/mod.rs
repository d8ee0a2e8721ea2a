//! Thrift messages as bytes: where one ends, what is missing in it, how a reply is framed.
//!
//! A message is taken from the connection whole, within limits, before anything is decoded; the
//! generated code then reads a slice that is known to be sound. Sockets are left to `server`, what
//! calls mean to `service`.

mod binary;
mod compact;
mod defaults;
mod extent;
mod http;

use std::io::{self, Read};

use hbase_thrift_api::{HbaseSyncHandler, HbaseSyncProcessor};
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
    TInputProtocol, TMessageIdentifier, TMessageType, TOutputProtocol,
};
use thrift::server::TProcessor as _;

use defaults::WithDefaults;
use extent::Walker;

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

/// Why there is no message to answer.
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

/// A message, and how its answer has to leave.
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
    /// Whether the connection ends with its answer.
    pub(crate) is_last: bool,
}

impl From<io::Error> for Unreadable {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

/// What a port speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speech {
    pub(crate) transport: Transport,
    pub(crate) protocol: Protocol,
}

impl Speech {
    /// Takes the next message, which has at most `limit` bytes.
    pub(crate) fn read(self, input: &mut impl Read, limit: usize) -> Result<Message, Unreadable> {
        let message = |bytes| Message { bytes, is_last: false };
        match self.transport {
            Transport::Buffered => self.walk(input, limit).map(message),
            Transport::Framed => {
                let mut length = [0; FRAME_HEADER];
                read_start(input, &mut length)?;
                let length = u32::from_be_bytes(length) as usize;
                if length > limit {
                    return Err(Unreadable::Malformed);
                }
                let mut frame = input.take(length as u64);
                let bytes = self.walk(&mut frame, length)?;
                if frame.limit() > 0 {
                    return Err(Unreadable::Malformed);
                }
                Ok(message(bytes))
            }
            Transport::Http => match http::request(input, limit) {
                Ok(http::Request { body, is_last }) => {
                    let bytes = self.walk(&mut body.as_slice(), body.len());
                    let bytes = bytes.map_err(|_| {
                        Unreadable::Refused(http::refusal("500 Not a Thrift message"))
                    })?;
                    Ok(Message { bytes, is_last })
                }
                Err(http::Refused::With(status)) => Err(Unreadable::Refused(http::refusal(status))),
                Err(http::Refused::Unreadable(reason)) => Err(reason),
            },
        }
    }

    /// The name and the sequence number of a message's call.
    pub(crate) fn header(self, message: &Message) -> Option<TMessageIdentifier> {
        self.input(&message.bytes).read_message_begin().ok()
    }

    /// Lets the handler answer, and encodes what it says.
    pub(crate) fn answer<H: HbaseSyncHandler>(
        self,
        processor: &HbaseSyncProcessor<H>,
        message: &Message,
    ) -> Vec<u8> {
        self.reply(message.is_last, |output| {
            let mut input = WithDefaults::new(self.input(&message.bytes));
            processor.process(&mut input, output)
        })
    }

    /// Encodes an exception instead of an answer.
    pub(crate) fn refuse(
        self,
        call: &TMessageIdentifier,
        error: thrift::Error,
        is_last: bool,
    ) -> Vec<u8> {
        self.reply(is_last, |output| {
            let reply = |kind| TMessageIdentifier::new(&*call.name, kind, call.sequence_number);
            match error {
                thrift::Error::User(exception) => {
                    output.write_message_begin(&reply(TMessageType::Reply))?;
                    defaults::write_exception(exception, output)?;
                }
                thrift::Error::Application(error) => {
                    output.write_message_begin(&reply(TMessageType::Exception))?;
                    thrift::Error::write_application_error_to_out_protocol(&error, output)?;
                }
                other => return Err(other),
            }
            output.write_message_end()
        })
    }

    fn walk(self, input: &mut impl Read, limit: usize) -> Result<Vec<u8>, Unreadable> {
        let mut walker = Walker::new(input, limit);
        match self.protocol() {
            Protocol::Binary => binary::message(&mut walker)?,
            Protocol::Compact => compact::message(&mut walker)?,
        }
        Ok(walker.into_taken())
    }

    fn input<'a>(self, message: &'a [u8]) -> Box<dyn TInputProtocol + 'a> {
        match self.protocol() {
            // Not strict: HBase's gateway also takes messages without a version.
            Protocol::Binary => Box::new(TBinaryInputProtocol::new(message, false)),
            Protocol::Compact => Box::new(TCompactInputProtocol::new(message)),
        }
    }

    /// Collects a whole reply, so that it leaves in one piece; an empty one if it can't be encoded.
    fn reply(
        self,
        is_last: bool,
        write: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
    ) -> Vec<u8> {
        let mut bytes = match self.transport {
            Transport::Buffered | Transport::Http => Vec::new(),
            Transport::Framed => vec![0; FRAME_HEADER],
        };
        let written = match self.protocol() {
            Protocol::Binary => write(&mut TBinaryOutputProtocol::new(&mut bytes, true)),
            Protocol::Compact => write(&mut TCompactOutputProtocol::new(&mut bytes)),
        };
        if written.is_err() {
            return Vec::new();
        }
        match self.transport {
            Transport::Buffered => bytes,
            Transport::Framed => {
                let length = (bytes.len() - FRAME_HEADER) as u32;
                bytes[..FRAME_HEADER].copy_from_slice(&length.to_be_bytes());
                bytes
            }
            Transport::Http => {
                let mut reply = http::reply_head(bytes.len(), is_last);
                reply.append(&mut bytes);
                reply
            }
        }
    }

    fn protocol(self) -> Protocol {
        if self.transport == Transport::Http { Protocol::Binary } else { self.protocol }
    }
}

/// Reads the first bytes of a message, before which the client may rightly end.
fn read_start(input: &mut impl Read, bytes: &mut [u8]) -> Result<(), Unreadable> {
    let mut filled = 0;
    while filled < bytes.len() {
        match input.read(&mut bytes[filled..]) {
            Ok(0) if filled == 0 => return Err(Unreadable::End),
            Ok(0) => return Err(Unreadable::Io),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Unreadable::Io),
        }
    }
    Ok(())
}
