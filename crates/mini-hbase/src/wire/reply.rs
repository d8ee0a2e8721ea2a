//! Replies as bytes, whole before the first of them leaves, within the server's memory.

use std::error::Error as StdError;
use std::io;

use hbase_thrift_api::thrift2::{TIOError, TIllegalArgument};
use hbase_thrift_api::{AlreadyExists, IOError, IllegalArgument};
use thrift::ApplicationErrorKind;
use thrift::protocol::{
    TBinaryOutputProtocol, TCompactOutputProtocol, TFieldIdentifier, TMessageIdentifier,
    TMessageType, TOutputProtocol, TSerializable as _, TStructIdentifier, TType,
};

use super::{FRAME_HEADER, Interface, Refusal, Speech, Transport, http};
use crate::Protocol;
use crate::budget::{Exhausted, Share};

/// Room for an HTTP head, which is written when the body's length is known.
const HTTP_HEAD: usize = 256;

/// Where a reply is collected.
struct Collected<'a> {
    share: &'a Share,
    bytes: Vec<u8>,
    exhausted: Option<Exhausted>,
}

impl io::Write for Collected<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(exhausted) = self.share.reserve(&mut self.bytes, bytes.len()) {
            self.exhausted = Some(exhausted);
        }
        // Not even a shorter piece after one that is missing.
        if self.exhausted.is_some() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Collects what `write` writes; empty bytes if that can't be encoded.
pub(super) fn collect(
    speech: Speech,
    share: &Share,
    is_last: bool,
    write: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
) -> Result<Vec<u8>, Exhausted> {
    let mut collected = Collected { share, bytes: Vec::new(), exhausted: None };
    if speech.transport == Transport::Framed {
        collected.bytes.extend([0; FRAME_HEADER]);
    }
    let written = match speech.protocol() {
        Protocol::Binary => write(&mut TBinaryOutputProtocol::new(&mut collected, true)),
        Protocol::Compact => write(&mut TCompactOutputProtocol::new(&mut collected)),
    };
    if let Some(exhausted) = collected.exhausted {
        return Err(exhausted);
    }
    let mut bytes = collected.bytes;
    if written.is_err() {
        return Ok(Vec::new());
    }
    match speech.transport {
        Transport::Buffered => {}
        Transport::Framed => {
            let length = (bytes.len() - FRAME_HEADER) as u32;
            bytes[..FRAME_HEADER].copy_from_slice(&length.to_be_bytes());
        }
        Transport::Http => {
            share.reserve(&mut bytes, HTTP_HEAD)?;
            let head = http::reply_head(bytes.len(), is_last);
            bytes.splice(..0, head);
        }
    }
    Ok(bytes)
}

/// Writes an exception as a call's reply.
pub(super) fn exception(
    call: &TMessageIdentifier,
    error: thrift::Error,
    output: &mut dyn TOutputProtocol,
) -> thrift::Result<()> {
    let reply = |kind| TMessageIdentifier::new(&*call.name, kind, call.sequence_number);
    match error {
        thrift::Error::User(exception) => {
            output.write_message_begin(&reply(TMessageType::Reply))?;
            declared(exception, output)?;
        }
        thrift::Error::Application(error) => {
            output.write_message_begin(&reply(TMessageType::Exception))?;
            thrift::Error::write_application_error_to_out_protocol(&error, output)?;
        }
        other => return Err(other),
    }
    output.write_message_end()
}

/// Writes a result that is an exception: each has the same place in every method that throws it.
fn declared(
    exception: Box<dyn StdError + Send + Sync>,
    output: &mut dyn TOutputProtocol,
) -> thrift::Result<()> {
    output.write_struct_begin(&TStructIdentifier::new("result"))?;
    let mut field = |id, write: &dyn Fn(&mut dyn TOutputProtocol) -> thrift::Result<()>| {
        output.write_field_begin(&TFieldIdentifier::new("exception", TType::Struct, id))?;
        write(output)?;
        output.write_field_end()
    };
    if let Some(error) = exception.downcast_ref::<IOError>() {
        field(1, &|output| error.write_to_out_protocol(output))?;
    } else if let Some(error) = exception.downcast_ref::<IllegalArgument>() {
        field(2, &|output| error.write_to_out_protocol(output))?;
    } else if let Some(error) = exception.downcast_ref::<AlreadyExists>() {
        field(3, &|output| error.write_to_out_protocol(output))?;
    } else if let Some(error) = exception.downcast_ref::<TIOError>() {
        field(1, &|output| error.write_to_out_protocol(output))?;
    } else if let Some(error) = exception.downcast_ref::<TIllegalArgument>() {
        field(2, &|output| error.write_to_out_protocol(output))?;
    }
    output.write_field_stop()?;
    output.write_struct_end()
}

/// The exception for a call that was not carried out, or whose reply there is no memory for.
pub(super) fn refused(interface: Interface, refusal: Refusal, method: &str) -> thrift::Error {
    let application =
        |kind, text| thrift::Error::Application(thrift::ApplicationError::new(kind, text));
    match refusal {
        Refusal::NoMemory(exhausted) => {
            let message = format!("{}: {exhausted}", exhausted.class());
            let can_retry = exhausted.can_retry();
            thrift::Error::User(match interface {
                Interface::Thrift1 => Box::new(IOError::new(message, can_retry)),
                Interface::Thrift2 => Box::new(TIOError::new(message, can_retry)),
            })
        }
        Refusal::UnknownMethod => application(
            ApplicationErrorKind::UnknownMethod,
            format!("Invalid method name: '{method}'"),
        ),
        Refusal::WrongType => application(
            ApplicationErrorKind::ProtocolError,
            format!("{method} takes other types in its lists and maps"),
        ),
        Refusal::Incomplete => application(
            ApplicationErrorKind::InternalError,
            format!("Internal error processing {method}"),
        ),
        Refusal::Missing { field, structure } => {
            let arguments = format!("{method}_args");
            let structure = if structure.is_empty() { &*arguments } else { structure };
            let text = format!("Required field '{field}' was not present! Struct: {structure}");
            application(ApplicationErrorKind::ProtocolError, text)
        }
        Refusal::NoUnion => application(
            ApplicationErrorKind::ProtocolError,
            format!("a mutation of {method} is either a put or a delete"),
        ),
    }
}
