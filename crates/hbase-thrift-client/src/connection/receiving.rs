//! Reads replies: cuts the message out of the stream, checks that it belongs to the oldest call, and
//! has its body read.

use std::time::Instant;

use thrift::protocol::{TBinaryInputProtocol, TCompactInputProtocol, TInputProtocol, TMessageType};

use super::failure::application_error;
use super::{Connection, InFlight, RowsOr};
use crate::config::{Protocol, Transport};
use crate::error::{Error, ErrorKind, Result};
use crate::row::RowBatch;
use crate::wire::{
    Binary, Compact, Extent, Malformed, Progress, RowsDecoder, RowsReply, WireProtocol,
};

impl Connection {
    /// Reads the reply to the oldest call in flight and hands its body, after the head, to `read`.
    pub(crate) fn receive<T>(
        &mut self,
        deadline: Instant,
        read: impl FnOnce(&mut dyn TInputProtocol) -> thrift::Result<T>,
    ) -> Result<T> {
        let call = self.oldest()?;
        let length = self.await_any_message(deadline)?;
        self.decode(&call, length, read)
    }

    /// Reads the reply to the oldest call in flight as the message that it is.
    pub(crate) fn receive_message(&mut self, deadline: Instant) -> Result<Vec<u8>> {
        self.oldest()?;
        let length = self.await_any_message(deadline)?;
        let message = self.incoming.message()[..length].to_vec();
        self.incoming.skip(length);
        self.finish_reply();
        Ok(message)
    }

    fn await_any_message(&mut self, deadline: Instant) -> Result<usize> {
        match self.protocol {
            Protocol::Binary => self.await_message(deadline, Extent::<Binary>::new()),
            Protocol::Compact => self.await_message(deadline, Extent::<Compact>::new()),
        }
    }

    /// Reads a reply that is rows; hands anything else to `read`, as [`receive`](Self::receive)
    /// does.
    pub(crate) fn receive_rows<T>(
        &mut self,
        deadline: Instant,
        read: impl FnOnce(&mut dyn TInputProtocol) -> thrift::Result<T>,
    ) -> Result<RowsOr<T>> {
        match self.protocol {
            Protocol::Binary => self.receive_rows_in::<Binary, T>(deadline, read),
            Protocol::Compact => self.receive_rows_in::<Compact, T>(deadline, read),
        }
    }

    fn receive_rows_in<P: WireProtocol, T>(
        &mut self,
        deadline: Instant,
        read: impl FnOnce(&mut dyn TInputProtocol) -> thrift::Result<T>,
    ) -> Result<RowsOr<T>> {
        let call = self.oldest()?;
        let (spare, index) = self.recycler.take();
        let mut decoder = RowsDecoder::<P>::new(index);
        match self.await_reply(deadline, |bytes| decoder.advance(bytes))? {
            RowsReply::Other { length } => self.decode(&call, length, read).map(RowsOr::Other),
            RowsReply::Rows { length, name, sequence } => {
                let message = self.incoming.message();
                if message.get(name) != Some(call.method.as_bytes()) || sequence != call.sequence {
                    return Err(self.out_of_step(&call));
                }
                let (bytes, base) = self.incoming.take(length, spare);
                self.finish_reply();
                let index = decoder.into_index();
                Ok(RowsOr::Rows(RowBatch::new(bytes, base, index, self.recycler.clone())))
            }
        }
    }

    fn oldest(&mut self) -> Result<InFlight> {
        self.in_flight
            .pop_front()
            .ok_or_else(|| Error::new(ErrorKind::Protocol, "no call is in flight"))
    }

    fn await_message<P: WireProtocol>(
        &mut self,
        deadline: Instant,
        mut extent: Extent<P>,
    ) -> Result<usize> {
        self.await_reply(deadline, |bytes| extent.advance(bytes))
    }

    /// Reads until `decode` is done with the message at hand.
    fn await_reply<T>(
        &mut self,
        deadline: Instant,
        mut decode: impl FnMut(&[u8]) -> Result<Progress<T>, Malformed>,
    ) -> Result<T> {
        self.incoming.begin_message();
        if self.transport == Transport::Framed {
            self.await_frame(deadline)?;
        }
        loop {
            let missing = match decode(self.incoming.message()) {
                Ok(Progress::Done(done)) => return Ok(done),
                Ok(Progress::Need(missing)) => missing,
                Err(malformed) => return Err(self.malformed(malformed)),
            };
            if self.transport == Transport::Framed {
                return Err(self.malformed(Malformed("it is longer than its frame")));
            }
            let size = self.incoming.message().len() + missing;
            if size > self.max_reply_size {
                return Err(self.reply_too_large(size));
            }
            self.fill(missing, deadline)?;
        }
    }

    fn await_frame(&mut self, deadline: Instant) -> Result<()> {
        loop {
            match self.incoming.frame(self.max_reply_size) {
                Ok(Progress::Done(())) => return Ok(()),
                Ok(Progress::Need(missing)) => self.fill(missing, deadline)?,
                Err(size) if !self.answered || size > i32::MAX as usize => {
                    return Err(self.malformed(Malformed("no length of a frame at its start")));
                }
                Err(size) => return Err(self.reply_too_large(size)),
            }
        }
    }

    fn fill(&mut self, missing: usize, deadline: Instant) -> Result<()> {
        match self.incoming.fill(&mut *self.channel, missing, deadline) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.io_error("waiting for the reply", error)),
        }
    }

    fn decode<T>(
        &mut self,
        call: &InFlight,
        length: usize,
        read: impl FnOnce(&mut dyn TInputProtocol) -> thrift::Result<T>,
    ) -> Result<T> {
        let message = &self.incoming.message()[..length];
        let limits = lengths_up_to(length);
        let decoded = match self.protocol {
            Protocol::Binary => decode_body(
                call,
                &mut TBinaryInputProtocol::with_config(message, true, limits),
                read,
            ),
            Protocol::Compact => {
                decode_body(call, &mut TCompactInputProtocol::with_config(message, limits), read)
            }
        };
        match decoded {
            Ok(Some(value)) => {
                self.incoming.skip(length);
                self.finish_reply();
                Ok(value)
            }
            Ok(None) => Err(self.out_of_step(call)),
            Err(thrift::Error::Application(exception)) => {
                self.incoming.skip(length);
                self.finish_reply();
                Err(application_error(&exception, call.method))
            }
            Err(error) => {
                self.broken = true;
                Err(self.lost(ErrorKind::Protocol, "the reply can't be decoded").with_source(error))
            }
        }
    }

    fn finish_reply(&mut self) {
        self.answered = true;
        self.last_used = Instant::now();
    }
}

/// The message's lengths were found to fit, but a field of another type than expected is read as
/// whatever its bytes happen to say.
pub(crate) fn lengths_up_to(length: usize) -> thrift::TConfiguration {
    thrift::TConfiguration::builder()
        .max_string_size(Some(length))
        .max_container_size(Some(length))
        .max_message_size(None)
        .max_frame_size(None)
        .build()
        .unwrap_or_default()
}

/// `None` where the reply belongs to another call.
fn decode_body<T>(
    call: &InFlight,
    protocol: &mut dyn TInputProtocol,
    read: impl FnOnce(&mut dyn TInputProtocol) -> thrift::Result<T>,
) -> thrift::Result<Option<T>> {
    let head = protocol.read_message_begin()?;
    if head.sequence_number != call.sequence || head.name != call.method {
        return Ok(None);
    }
    if head.message_type == TMessageType::Exception {
        let exception = thrift::Error::read_application_error_from_in_protocol(protocol)?;
        return Err(thrift::Error::Application(exception));
    }
    read(protocol).map(Some)
}
