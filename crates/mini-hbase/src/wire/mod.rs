//! Thrift messages as bytes: where one ends, what is missing in it, how a reply is framed.
//!
//! A message is taken from the connection whole, within limits, before anything is decoded; the
//! generated code then reads a slice that is known to be sound. Sockets are left to `server`, what
//! calls mean to `service`.

mod binary;
mod compact;
mod defaults;
mod extent;

use std::io::{self, Read};

use hbase_thrift_api::{HbaseSyncHandler, HbaseSyncProcessor};
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
    TInputProtocol, TMessageIdentifier, TMessageType, TOutputProtocol,
};
use thrift::server::TProcessor as _;

use defaults::WithDefaults;
use extent::Walker;

/// How messages are told apart on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Transport {
    /// One after the other, HBase's default.
    #[default]
    Buffered,
    /// Each behind its length, as HBase's non-blocking gateways always want it.
    Framed,
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
    Io,
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
    pub(crate) fn read(self, input: &mut impl Read, limit: usize) -> Result<Vec<u8>, Unreadable> {
        match self.transport {
            Transport::Buffered => self.walk(input, limit),
            Transport::Framed => {
                let mut length = [0; 4];
                read_start(input, &mut length)?;
                let length = u32::from_be_bytes(length) as usize;
                if length > limit {
                    return Err(Unreadable::Malformed);
                }
                let mut frame = input.take(length as u64);
                let message = self.walk(&mut frame, length)?;
                if frame.limit() > 0 {
                    return Err(Unreadable::Malformed);
                }
                Ok(message)
            }
        }
    }

    /// The name and the sequence number of a message's call.
    pub(crate) fn header(self, message: &[u8]) -> Option<TMessageIdentifier> {
        self.input(message).read_message_begin().ok()
    }

    /// Lets the handler answer, and encodes what it says.
    pub(crate) fn answer<H: HbaseSyncHandler>(
        self,
        processor: &HbaseSyncProcessor<H>,
        message: &[u8],
    ) -> Vec<u8> {
        self.reply(|output| {
            let mut input = WithDefaults::new(self.input(message));
            processor.process(&mut input, output)
        })
    }

    /// Encodes an exception instead of an answer.
    pub(crate) fn refuse(self, call: &TMessageIdentifier, error: thrift::Error) -> Vec<u8> {
        self.reply(|output| {
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
        match self.protocol {
            Protocol::Binary => binary::message(&mut walker)?,
            Protocol::Compact => compact::message(&mut walker)?,
        }
        Ok(walker.into_taken())
    }

    fn input<'a>(self, message: &'a [u8]) -> Box<dyn TInputProtocol + 'a> {
        match self.protocol {
            // Not strict: HBase's gateway also takes messages without a version.
            Protocol::Binary => Box::new(TBinaryInputProtocol::new(message, false)),
            Protocol::Compact => Box::new(TCompactInputProtocol::new(message)),
        }
    }

    /// Collects a whole reply, so that it leaves in one piece; an empty one if it can't be encoded.
    fn reply(self, write: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>) -> Vec<u8> {
        let mut bytes = match self.transport {
            Transport::Buffered => Vec::new(),
            Transport::Framed => vec![0; 4],
        };
        let written = match self.protocol {
            Protocol::Binary => write(&mut TBinaryOutputProtocol::new(&mut bytes, true)),
            Protocol::Compact => write(&mut TCompactOutputProtocol::new(&mut bytes)),
        };
        if written.is_err() {
            return Vec::new();
        }
        if self.transport == Transport::Framed {
            let length = (bytes.len() - 4) as u32;
            bytes[..4].copy_from_slice(&length.to_be_bytes());
        }
        bytes
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
