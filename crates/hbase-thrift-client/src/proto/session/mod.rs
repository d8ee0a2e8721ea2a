//! One connection's bytes: queues requests, says what to send, takes what was received, and hands out
//! replies in order.
//!
//! It matches replies to calls and knows how much of each request was written, so every error that
//! comes out of it says what became of its call. When to make a call again is decided by `attempts`.

mod decoder;
mod failure;
#[cfg(feature = "http")]
mod http;
mod incoming;
mod passing;
mod replies;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use thrift::protocol::{
    TBinaryOutputProtocol, TCompactOutputProtocol, TMessageIdentifier, TMessageType,
    TOutputProtocol,
};

use super::outcome::{Answered, Written, settle};
use crate::config::{Config, Endpoint, Protocol, Transport};
use crate::dialect::{Dialect, Effect, Request};
use crate::error::{Error, Result};
use crate::row::Recycler;
use decoder::Decoder;
pub(crate) use failure::Lost;
#[cfg(feature = "http")]
use http::Http;
use incoming::Incoming;
use passing::Passing;
#[cfg(feature = "generated")]
pub(crate) use replies::lengths_up_to;

/// The state of one connection to a gateway.
pub(crate) struct Session {
    gateway: Arc<str>,
    dialect: Dialect,
    configured: Option<Dialect>,
    protocol: Protocol,
    framing: Framing,
    max_request_size: usize,
    max_reply_size: usize,
    recycler: Recycler,
    outgoing: Vec<u8>,
    /// Bytes at the front of `outgoing` that were sent.
    sent: usize,
    incoming: Incoming,
    decoder: Option<Decoder>,
    /// How many cells the last few rows had that were read by key.
    few_cells: usize,
    /// A reply that nobody wants, before the next one.
    passing: Option<Passing>,
    in_flight: VecDeque<InFlight>,
    sequence: i32,
    /// Bytes ever queued, and those of them that were sent.
    queued: u64,
    written: u64,
    /// Whether the gateway has ever sent a reply that made sense.
    answered: bool,
    closed: bool,
    broken: bool,
}

/// What is around a message.
enum Framing {
    /// Nothing.
    Buffered,
    /// Its length before it.
    Framed,
    /// A request and a response of HTTP.
    #[cfg(feature = "http")]
    Http(Box<Http>),
}

/// A call whose reply has not been handed out.
#[derive(Clone, Copy)]
struct InFlight {
    method: &'static str,
    effect: Effect,
    sequence: i32,
    /// Of a call on a table, where it may be needed to understand an exception: [`mark`] of its name.
    table: Option<u64>,
    /// The call is written as a whole once this many bytes are.
    end: u64,
}

impl InFlight {
    fn is_of_scan(&self) -> bool {
        self.effect == Effect::ReadOnce
    }
}

/// A larger buffer is given back after the call that needed it.
const LARGEST_KEPT_REQUEST: usize = 1024 * 1024;

impl Session {
    /// A session with this gateway, as configured.
    pub(crate) fn new(
        config: &Config,
        endpoint: &Endpoint,
        gateway: Arc<str>,
        recycler: Recycler,
    ) -> Self {
        let configured = config.get_interface().map(Dialect::of);
        Self {
            gateway,
            dialect: configured.unwrap_or(Dialect::Thrift1),
            configured,
            protocol: config.get_protocol(),
            framing: Framing::new(config, endpoint),
            max_request_size: config.get_max_request_size(),
            max_reply_size: config.get_max_reply_size(),
            recycler,
            outgoing: Vec::new(),
            sent: 0,
            incoming: Incoming::default(),
            decoder: None,
            few_cells: 1,
            passing: None,
            in_flight: VecDeque::new(),
            sequence: 0,
            queued: 0,
            written: 0,
            answered: false,
            closed: false,
            broken: false,
        }
    }

    /// Speaks to a gateway with this interface from now on. Before, what is asked has to be what all
    /// interfaces have.
    pub(crate) fn speak(&mut self, dialect: Dialect) {
        self.dialect = dialect;
    }

    /// Which interface the configuration names.
    pub(crate) fn configured(&self) -> Option<Dialect> {
        self.configured
    }

    /// Queues a call. One that is refused leaves the session as it was.
    pub(crate) fn queue(&mut self, request: &Request<'_>) -> Result<()> {
        let (dialect, protocol) = (self.dialect, self.protocol);
        let (method, effect) = (dialect.method(request), dialect.effect(request));
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        // The other interface says an exception's class.
        let table = match dialect {
            Dialect::Thrift1 => None,
            Dialect::Thrift2 => request.table().map(mark),
        };
        self.queue_message(method, effect, table, |outgoing| match protocol {
            Protocol::Binary => {
                begin_call(method, sequence, outgoing);
                if dialect.write_binary(request, outgoing)? {
                    return Ok(());
                }
                dialect.write(request, &mut TBinaryOutputProtocol::new(outgoing, true))
            }
            Protocol::Compact => {
                let protocol = &mut TCompactOutputProtocol::new(outgoing);
                let head = TMessageIdentifier::new(method, TMessageType::Call, sequence);
                protocol.write_message_begin(&head)?;
                dialect.write(request, protocol)?;
                protocol.write_message_end()
            }
        })
        .map_err(|error| {
            settle(error, effect, Written::NotWhole, Answered::Nothing).in_method(method)
        })
    }

    /// Queues a message that is encoded already, of which nothing is known but that it may change
    /// something; its reply comes from [`poll_message`](Self::poll_message).
    #[cfg(feature = "generated")]
    pub(crate) fn queue_encoded(&mut self, message: &[u8]) -> Result<()> {
        self.queue_message("generated", Effect::OnceMany, None, |outgoing| {
            outgoing.extend_from_slice(message);
            Ok(())
        })
    }

    fn queue_message(
        &mut self,
        method: &'static str,
        effect: Effect,
        table: Option<u64>,
        encode: impl FnOnce(&mut Vec<u8>) -> thrift::Result<()>,
    ) -> Result<()> {
        let start = self.outgoing.len();
        if matches!(self.framing, Framing::Framed) {
            self.outgoing.extend_from_slice(&[0; 4]);
        }
        let body = self.outgoing.len();
        let encoded = encode(&mut self.outgoing);
        let size = self.outgoing.len() - body;
        if let Err(error) = encoded {
            self.outgoing.truncate(start);
            return Err(Error::invalid("the request can't be encoded").with_source(error));
        }
        if size > self.max_request_size {
            self.outgoing.truncate(start);
            return Err(self.request_too_large(size));
        }
        match &mut self.framing {
            Framing::Buffered => {}
            Framing::Framed => {
                self.outgoing[start..body].copy_from_slice(&(size as u32).to_be_bytes());
            }
            #[cfg(feature = "http")]
            Framing::Http(http) => {
                let begun = http.begin_request(&mut self.outgoing, start);
                begun.inspect_err(|_| self.outgoing.truncate(start))?;
            }
        }
        self.queued += (self.outgoing.len() - start) as u64;
        let end = self.queued;
        let sequence = self.sequence;
        self.in_flight.push_back(InFlight { method, effect, sequence, table, end });
        Ok(())
    }

    /// Takes the call that was queued last out again, of which nothing was sent; `before` is the
    /// length of [`outgoing`](Self::outgoing) before it.
    pub(crate) fn unqueue(&mut self, before: usize) {
        let start = self.sent + before;
        self.queued -= (self.outgoing.len() - start) as u64;
        self.outgoing.truncate(start);
        self.in_flight.pop_back();
    }

    /// Whether a call can be queued now: an HTTP request holds one message, and waits for the
    /// response to the one before.
    pub(crate) fn can_queue(&self) -> bool {
        !self.broken && (self.pipelines() || self.in_flight.is_empty())
    }

    /// Whether a second call can be queued before the first one's reply is there.
    pub(crate) fn pipelines(&self) -> bool {
        match self.framing {
            Framing::Buffered | Framing::Framed => true,
            #[cfg(feature = "http")]
            Framing::Http(_) => false,
        }
    }

    /// What has to be sent.
    pub(crate) fn outgoing(&self) -> &[u8] {
        &self.outgoing[self.sent..]
    }

    /// Takes note of bytes that were sent.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent += bytes;
        self.written += bytes as u64;
        if self.sent >= self.outgoing.len() {
            self.outgoing.clear();
            self.outgoing.shrink_to(LARGEST_KEPT_REQUEST);
            self.sent = 0;
        }
    }

    /// Where to put what is received; never empty.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        #[cfg(feature = "http")]
        if let Framing::Http(http) = &mut self.framing {
            return http.space(&mut self.incoming);
        }
        self.incoming.space()
    }

    /// Takes note of bytes that were put into [`space`](Self::space).
    pub(crate) fn received(&mut self, bytes: usize) {
        #[cfg(feature = "http")]
        if let Framing::Http(http) = &mut self.framing {
            return http.received(&mut self.incoming, bytes);
        }
        self.incoming.received(bytes);
    }

    /// Takes note that nothing more will be received.
    pub(crate) fn closed(&mut self) {
        self.closed = true;
    }

    /// Whether something went wrong, after which the next reply may be another call's.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether the connection ended as one does whose server closes it after each reply without a
    /// word: nothing of a reply had come, and there was one before.
    pub(crate) fn ended_between_replies(&self) -> bool {
        match &self.framing {
            Framing::Buffered | Framing::Framed => false,
            #[cfg(feature = "http")]
            Framing::Http(http) => http.ended_between_replies(),
        }
    }

    /// Whether a reply is still to come.
    pub(crate) fn is_awaiting_reply(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Whether the next reply would belong to the next call.
    pub(crate) fn is_in_step(&self) -> bool {
        !self.broken
            && !self.closed
            && self.in_flight.is_empty()
            && self.outgoing.is_empty()
            && self.incoming.is_empty()
            && self.framing.is_kept()
    }

    /// Whether the end of the last response has not been received.
    #[cfg_attr(not(feature = "http"), allow(clippy::unused_self))]
    pub(crate) fn has_tail(&mut self) -> bool {
        #[cfg(feature = "http")]
        if let Framing::Http(http) = &mut self.framing {
            let pumped = http.pump(&mut self.incoming, self.closed);
            self.broken |= pumped.is_err() || !self.incoming.is_empty();
            return !self.broken && http.has_tail();
        }
        false
    }

    /// Whether a server has refused the request, and only its page with the reason may follow.
    pub(crate) fn hears_last_words(&self) -> bool {
        match &self.framing {
            Framing::Buffered | Framing::Framed => false,
            #[cfg(feature = "http")]
            Framing::Http(http) => http.hears_last_words(),
        }
    }
}

/// What stands for a table's name: 64 bits, which another name has by chance only.
fn mark(table: &[u8]) -> u64 {
    let name = table.strip_prefix(b"default:").unwrap_or(table);
    BuildHasherDefault::<DefaultHasher>::default().hash_one(name)
}

/// The head of a call in the strict binary protocol: its version and kind, the method, its number. The thrift
/// crate's own way copies the method's name.
fn begin_call(method: &str, sequence: i32, into: &mut Vec<u8>) {
    const CALL: u32 = 0x8001_0001;
    into.extend_from_slice(&CALL.to_be_bytes());
    into.extend_from_slice(&(method.len() as u32).to_be_bytes());
    into.extend_from_slice(method.as_bytes());
    into.extend_from_slice(&sequence.to_be_bytes());
}

impl Framing {
    #[cfg_attr(not(feature = "http"), allow(unused_variables))]
    fn new(config: &Config, endpoint: &Endpoint) -> Self {
        match config.get_transport() {
            Transport::Buffered => Self::Buffered,
            Transport::Framed => Self::Framed,
            #[cfg(feature = "http")]
            Transport::Http => Self::Http(Box::new(Http::new(config, endpoint))),
            // `Config::check` refuses it.
            #[cfg(not(feature = "http"))]
            Transport::Http => Self::Buffered,
        }
    }

    /// Whether another reply can come before the next request; makes it awaited.
    fn brings_another(&mut self) -> bool {
        match self {
            Self::Buffered | Self::Framed => true,
            #[cfg(feature = "http")]
            Self::Http(http) => http.await_another(),
        }
    }

    /// Whether the other side leaves the connection open for another request.
    fn is_kept(&self) -> bool {
        match self {
            Self::Buffered | Self::Framed => true,
            #[cfg(feature = "http")]
            Self::Http(http) => http.is_kept(),
        }
    }
}
