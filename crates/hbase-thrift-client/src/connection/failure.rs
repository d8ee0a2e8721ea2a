//! How a connection fails, and what is then known of the call. After any of these, but for a refused
//! request and an exception of Thrift, the stream is out of step.

use std::io;

use super::{Connection, InFlight};
use crate::config::Transport;
use crate::error::{Error, ErrorKind, Outcome};
use crate::transport::Refusal;
use crate::wire::{Malformed, guess};

impl Connection {
    pub(super) fn request_too_large(&self, size: usize) -> Error {
        let limit = self.max_request_size;
        let advice = match self.transport {
            Transport::Framed => {
                "the gateway takes frames of hbase.regionserver.thrift.framed.max_frame_size_in_mb; \
                 where that is larger, set max_request_size to it"
            }
            Transport::Buffered | Transport::Http => "split the request, or set max_request_size",
        };
        let message = format!("the request has {size} bytes, the limit is {limit}: {advice}");
        Error::new(ErrorKind::TooLarge, message)
    }

    /// An error of a call that was on its way.
    pub(super) fn lost(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        Error::new(kind, message).with_outcome(Outcome::Unknown).at_gateway(&self.gateway)
    }

    pub(super) fn io_error(&mut self, doing: &str, error: io::Error) -> Error {
        self.broken = true;
        let error = match error.downcast::<Refusal>() {
            Ok(refusal) => return refusal.into_error().at_gateway(&self.gateway),
            Err(error) => error,
        };
        let (kind, what) = match error.kind() {
            io::ErrorKind::TimedOut => (ErrorKind::Timeout, "the time was up while"),
            _ => (ErrorKind::ConnectionLost, "the connection was lost while"),
        };
        let last_is_whole = self.in_flight.back().is_none_or(|call| self.written >= call.end);
        let outcome = if last_is_whole { Outcome::Unknown } else { Outcome::NotApplied };
        self.lost(kind, format!("{what} {doing}")).with_outcome(outcome).with_source(error)
    }

    pub(super) fn malformed(&mut self, malformed: Malformed) -> Error {
        self.broken = true;
        match guess(self.incoming.unread()) {
            Some(guess) if !self.answered => self.lost(ErrorKind::WrongProtocol, guess),
            _ if !self.answered => self.lost(
                ErrorKind::WrongProtocol,
                "what answers is no Thrift gateway of the configured transport and protocol",
            ),
            _ => self.lost(ErrorKind::Protocol, "the reply makes no sense"),
        }
        .with_source(malformed)
    }

    pub(super) fn out_of_step(&mut self, call: &InFlight) -> Error {
        self.broken = true;
        self.lost(ErrorKind::Protocol, format!("the reply is not the one to {}", call.method))
    }

    pub(super) fn reply_too_large(&mut self, size: usize) -> Error {
        self.broken = true;
        let limit = self.max_reply_size;
        self.lost(
            ErrorKind::TooLarge,
            format!(
                "the reply has at least {size} bytes, the limit is {limit}: \
                 ask for less at once, or set max_reply_size"
            ),
        )
    }
}

/// An exception of Thrift itself: the gateway could not run the call.
pub(super) fn application_error(exception: &thrift::ApplicationError, method: &str) -> Error {
    let said = exception.message.trim();
    match exception.kind {
        thrift::ApplicationErrorKind::UnknownMethod => Error::new(
            ErrorKind::Unsupported,
            format!("the gateway has no method {method}: an older HBase, or a Thrift 2 gateway"),
        ),
        _ => Error::new(ErrorKind::Server, format!("the gateway failed inside: {said}"))
            .with_outcome(Outcome::Unknown),
    }
}
