//! One connection: writes calls, reads their replies in order, and is discarded at the first doubt.
//!
//! It knows the envelope of a message. What is in a call, and which exceptions a reply may carry, is
//! left to `thrift1`; when to call again is left to the executor.

mod failure;
mod incoming;
mod receiving;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use thrift::protocol::{
    TBinaryOutputProtocol, TCompactOutputProtocol, TMessageIdentifier, TMessageType,
    TOutputProtocol,
};

use crate::config::{Config, Protocol, Transport};
use crate::error::{Error, Result};
use crate::row::{Recycler, RowBatch};
use crate::transport::Channel;
use incoming::Incoming;
pub(crate) use receiving::lengths_up_to;

/// A connection to one gateway.
pub(crate) struct Connection {
    id: u64,
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

/// Which line a connection is on. What one gateway process knows by a number, such as a scanner, may
/// be another's on any other line: a restarted gateway counts from 0 again, and behind one address
/// there may be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    connection: u64,
    redials: u32,
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

impl Line {
    /// Whether it is, or was, this connection's.
    pub(crate) fn is_of(self, connection: &Connection) -> bool {
        self.connection == connection.id
    }
}

impl Connection {
    pub(crate) fn new(channel: Box<dyn Channel>, gateway: Arc<str>, config: &Config) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
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

    pub(crate) fn line(&self) -> Line {
        Line { connection: self.id, redials: self.channel.redials() }
    }

    /// Whether the line has to stay what it is.
    pub(crate) fn bind(&mut self, bound: bool) {
        self.channel.bind(bound);
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
        self.sequence = self.sequence.wrapping_add(1);
        self.queue_message(method, |connection| connection.encode(method, write_arguments))
    }

    /// Queues a message that is encoded already; its reply is for
    /// [`receive_message`](Self::receive_message).
    pub(crate) fn queue_encoded(&mut self, message: &[u8]) -> Result<()> {
        self.queue_message("generated", |connection| {
            connection.outgoing.extend_from_slice(message);
            Ok(())
        })
    }

    fn queue_message(
        &mut self,
        method: &'static str,
        encode: impl FnOnce(&mut Self) -> thrift::Result<()>,
    ) -> Result<()> {
        let start = self.outgoing.len();
        if self.transport == Transport::Framed {
            self.outgoing.extend_from_slice(&[0; 4]);
        }
        let body = self.outgoing.len();
        let encoded = encode(self);
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
}

/// A larger buffer is given back after the call that needed it.
const LARGEST_KEPT_REQUEST: usize = 1024 * 1024;
