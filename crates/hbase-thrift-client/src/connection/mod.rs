//! One connection: writes calls, reads their replies in order, and is discarded at the first doubt.
//!
//! It knows the envelope of a message. What is in a call, and which exceptions a reply may carry, is
//! left to `thrift1`; when to call again is left to the executor.

mod failure;
mod incoming;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
    TInputProtocol, TMessageIdentifier, TMessageType, TOutputProtocol,
};

use crate::config::{Config, Protocol, Transport};
use crate::error::{Error, ErrorKind, Result};
use crate::row::{Recycler, RowBatch};
use crate::transport::Channel;
use crate::wire::{
    Binary, Compact, Extent, Malformed, Progress, RowsDecoder, RowsReply, WireProtocol,
};
use failure::application_error;
use incoming::Incoming;

/// A connection to one gateway.
pub(crate) struct Connection {
    channel: Box<dyn Channel>,
    gateway: Arc<str>,
    transport: Transport,
    protocol: Protocol,
    max_request_size: usize,
    max_reply_size: usize,
    outgoing: Vec<u8>,
    incoming: Incoming,
    recycler: Recycler,
    in_flight: VecDeque<InFlight>,
    sequence: i32,
    /// Bytes ever put into `outgoing`, and those of them that the channel has taken.
    queued: u64,
    written: u64,
    answered: bool,
    broken: bool,
    last_used: Instant,
}

/// A call whose reply has not been read.
struct InFlight {
    method: &'static str,
    sequence: i32,
    /// The call is on its way as a whole once so many bytes are written.
    end: u64,
}

/// What came instead of rows, or the rows.
pub(crate) enum RowsOr<T> {
    Rows(RowBatch),
    Other(T),
}

impl Connection {
    pub(crate) fn new(channel: Box<dyn Channel>, gateway: Arc<str>, config: &Config) -> Self {
        Self {
            channel,
            gateway,
            transport: config.transport(),
            protocol: config.protocol(),
            max_request_size: config.max_request_size(),
            max_reply_size: config.max_reply_size(),
            outgoing: Vec::new(),
            incoming: Incoming::default(),
            recycler: Recycler::default(),
            in_flight: VecDeque::new(),
            sequence: 0,
            queued: 0,
            written: 0,
            answered: false,
            broken: false,
            last_used: Instant::now(),
        }
    }

    pub(crate) fn gateway(&self) -> &Arc<str> {
        &self.gateway
    }

    /// Whether the next reply would belong to the next call.
    pub(crate) fn is_in_step(&self) -> bool {
        !self.broken
            && self.in_flight.is_empty()
            && self.outgoing.is_empty()
            && self.incoming.is_empty()
    }

    pub(crate) fn idle_for(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last_used)
    }

    /// Whether the gateway has kept the connection open and silent.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.channel.is_quiet()
    }

    /// Queues a call; [`flush`](Self::flush) sends it.
    ///
    /// A call that is refused leaves the connection as it was.
    pub(crate) fn queue(
        &mut self,
        method: &'static str,
        write_arguments: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
    ) -> Result<()> {
        let start = self.outgoing.len();
        self.sequence = self.sequence.wrapping_add(1);
        if self.transport == Transport::Framed {
            self.outgoing.extend_from_slice(&[0; 4]);
        }
        let body = self.outgoing.len();
        let encoded = self.encode(method, write_arguments);
        let size = self.outgoing.len() - body;
        if let Err(error) = encoded {
            self.outgoing.truncate(start);
            return Err(Error::invalid("the request can't be encoded").with_source(error));
        }
        if size > self.max_request_size {
            self.outgoing.truncate(start);
            return Err(self.request_too_large(size));
        }
        if self.transport == Transport::Framed {
            let length = (size as u32).to_be_bytes();
            self.outgoing[start..body].copy_from_slice(&length);
        }
        self.queued += (self.outgoing.len() - start) as u64;
        self.in_flight.push_back(InFlight { method, sequence: self.sequence, end: self.queued });
        Ok(())
    }

    fn encode(
        &mut self,
        method: &'static str,
        write_arguments: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
    ) -> thrift::Result<()> {
        let head = TMessageIdentifier::new(method, TMessageType::Call, self.sequence);
        let write = |protocol: &mut dyn TOutputProtocol| {
            protocol.write_message_begin(&head)?;
            write_arguments(protocol)?;
            protocol.write_message_end()
        };
        match self.protocol {
            Protocol::Binary => write(&mut TBinaryOutputProtocol::new(&mut self.outgoing, true)),
            Protocol::Compact => write(&mut TCompactOutputProtocol::new(&mut self.outgoing)),
        }
    }

    /// Whether a second call can be queued before the first is answered. HTTP has one message in
    /// each request.
    pub(crate) fn takes_flights(&self) -> bool {
        self.transport != Transport::Http
    }

    /// How many bytes are queued.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.outgoing.len()
    }

    /// Whether the oldest call in flight was written as a whole; drops it. For use once the
    /// connection is broken.
    pub(crate) fn abandon_oldest(&mut self) -> bool {
        self.in_flight.pop_front().is_some_and(|call| self.written >= call.end)
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Sends what is queued.
    pub(crate) fn flush(&mut self, deadline: Instant) -> Result<()> {
        let mut sent = 0;
        if !self.outgoing.is_empty() {
            let begun = self.channel.begin_request(self.outgoing.len(), deadline);
            begun.map_err(|error| self.io_error("sending", error))?;
        }
        while sent < self.outgoing.len() {
            match self.channel.write(&self.outgoing[sent..], deadline) {
                Ok(bytes) => {
                    sent += bytes;
                    self.written += bytes as u64;
                }
                Err(error) => return Err(self.io_error("sending", error)),
            }
        }
        self.outgoing.clear();
        self.outgoing.shrink_to(LARGEST_KEPT_REQUEST);
        Ok(())
    }

    /// Waits until something of an answer has come; false where nothing has.
    ///
    /// A later call waits on.
    pub(crate) fn hears_by(&mut self, until: Instant) -> Result<bool> {
        match self.incoming.fill(&mut *self.channel, 1, until) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(false),
            Err(error) => Err(self.io_error("waiting for the reply", error)),
        }
    }

    /// Reads the reply to the oldest call in flight and hands its body, after the head, to `read`.
    pub(crate) fn receive<T>(
        &mut self,
        deadline: Instant,
        read: impl FnOnce(&mut dyn TInputProtocol) -> thrift::Result<T>,
    ) -> Result<T> {
        let call = self.oldest()?;
        let length = match self.protocol {
            Protocol::Binary => self.await_message(deadline, Extent::<Binary>::new())?,
            Protocol::Compact => self.await_message(deadline, Extent::<Compact>::new())?,
        };
        self.decode(&call, length, read)
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

/// A larger buffer is given back after the call that needed it.
const LARGEST_KEPT_REQUEST: usize = 1024 * 1024;

/// The message's lengths were found to fit, but a field of another type than expected is read as
/// whatever its bytes happen to say.
fn lengths_up_to(length: usize) -> thrift::TConfiguration {
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
