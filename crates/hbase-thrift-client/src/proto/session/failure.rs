//! How calls on a connection fail, and what is then known of each. After any of these, but for a
//! refused request, an exception and a reply that is passed over, the stream is out of step.

use std::borrow::Cow;
use std::error::Error as StdError;

use super::{Framing, Session, mark};
use crate::config::Interface;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, ServerException, beginning};
use crate::proto::outcome::{Answered, Written, settle};
use crate::wire::{Malformed, diagnose};

/// Why nothing more can be sent or received.
pub(crate) struct Lost {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Lost {
    /// The other side closed the connection.
    pub(crate) fn closed() -> Self {
        let message = "the connection was lost while waiting for the reply".to_owned();
        Self { kind: ErrorKind::ConnectionLost, message, source: None }
    }
}

impl Session {
    /// Ends the connection, and the oldest call with it. The others are ended by
    /// [`abandon`](Self::abandon).
    pub(crate) fn lost(&mut self, lost: Lost) -> Error {
        self.broken = true;
        #[cfg(feature = "http")]
        if let Framing::Http(http) = &mut self.framing
            && self.answered
            && lost.kind == ErrorKind::ConnectionLost
        {
            http.ended();
        }
        // What a server said before it hung up says more.
        #[cfg(feature = "http")]
        if let Framing::Http(http) = &mut self.framing
            && let Err(refusal) = http.pump(&mut self.incoming, true)
        {
            let answered = if refusal.refused { Answered::Refused } else { Answered::Nothing };
            return self.failed(refusal.kind, refusal.message, answered);
        }
        let error = Error::new(lost.kind, lost.message);
        let error = match lost.source {
            Some(source) => error.with_source(source),
            None => error,
        };
        self.over(error, Answered::Nothing)
    }

    /// Ends the next call of a connection that another call broke; `None` where it is whole.
    pub(crate) fn abandon(&mut self) -> Option<Error> {
        if !self.broken || self.in_flight.is_empty() {
            return None;
        }
        let message = "the connection was lost before the reply to this call came";
        Some(self.failed(ErrorKind::ConnectionLost, message, Answered::Nothing))
    }

    /// Breaks the connection.
    pub(super) fn failed(
        &mut self,
        kind: ErrorKind,
        message: impl Into<String>,
        answered: Answered<'_>,
    ) -> Error {
        self.broken = true;
        self.over(Error::new(kind, message), answered)
    }

    /// Ends the oldest call with an error that knows what became of it.
    pub(super) fn over(&mut self, error: Error, answered: Answered<'_>) -> Error {
        let error = error.at_gateway(&self.gateway);
        self.decoder = None;
        let Some(call) = self.in_flight.pop_front() else { return error };
        let written = if self.written >= call.end { Written::Whole } else { Written::NotWhole };
        let error = settle(error.in_method(call.method), call.effect, written, answered);
        let unanswered = matches!(answered, Answered::Nothing);
        if unanswered && written == Written::Whole { error.sent() } else { error }
    }

    pub(super) fn refused(&mut self, exception: ServerException) -> Error {
        let table = self.in_flight.front().and_then(|call| call.table);
        let names_table = table == Some(mark(exception.reason().as_bytes()));
        let exception = if names_table { exception.naming_its_table() } else { exception };
        let error = Error::new(exception.kind(), shortened(exception.first_line()));
        let error = self.over(error, Answered::Exception(&exception));
        error.with_exception(exception)
    }

    pub(super) fn request_too_large(&self, size: usize) -> Error {
        let limit = self.max_request_size;
        let advice = match self.framing {
            Framing::Framed => {
                "the gateway takes frames of hbase.regionserver.thrift.framed.max_frame_size_in_mb; \
                 where that is larger, set max_request_size to it"
            }
            Framing::Buffered => "split the request, or set max_request_size",
            #[cfg(feature = "http")]
            Framing::Http(_) => "split the request, or set max_request_size",
        };
        let message = format!("the request has {size} bytes, the limit is {limit}: {advice}");
        Error::new(ErrorKind::TooLarge, message)
    }

    pub(super) fn malformed(&mut self, malformed: Malformed) -> Error {
        self.broken = true;
        let (kind, message) = match diagnose(self.incoming.unread()) {
            Some(diagnosis) if !self.answered => (ErrorKind::WrongProtocol, diagnosis),
            _ if !self.answered => (
                ErrorKind::WrongProtocol,
                "the server is no Thrift gateway of the configured transport and protocol",
            ),
            _ => (ErrorKind::Protocol, "the reply makes no sense"),
        };
        self.over(Error::new(kind, message).with_source(malformed), Answered::Nothing)
    }

    pub(super) fn reply_too_large(&mut self, size: usize) -> Error {
        let limit = self.max_reply_size;
        let message = format!(
            "the reply has at least {size} bytes, the limit is {limit}: \
             ask for less at once, or set max_reply_size"
        );
        self.too_large(message)
    }

    pub(super) fn index_too_large(&mut self) -> Error {
        let limit = self.max_reply_size;
        let message = format!(
            "the index of the reply's cells would take more than {limit} bytes: \
             ask for less at once, or set max_reply_size"
        );
        self.too_large(message)
    }
}

/// What a server says, as far as it fits into a line of a log.
fn shortened(said: &str) -> Cow<'_, str> {
    const LONGEST: usize = 2_000;
    if said.len() <= LONGEST {
        return said.into();
    }
    let all = said.len();
    format!("{}… ({all} bytes)", beginning(said, LONGEST)).into()
}

/// An exception of Thrift itself: the gateway could not run the call.
pub(super) fn application_error(
    exception: &thrift::ApplicationError,
    dialect: Dialect,
    method: &str,
) -> (Error, Answered<'static>) {
    let said = exception.message.trim();
    let other = match dialect {
        Dialect::Thrift1 => Interface::Two,
        Dialect::Thrift2 => Interface::One,
    };
    match exception.kind {
        thrift::ApplicationErrorKind::UnknownMethod => (
            Error::new(
                ErrorKind::Unsupported,
                format!("the gateway has no method {method}: an older HBase, or a {other} gateway"),
            ),
            Answered::Refused,
        ),
        _ => (
            Error::new(
                ErrorKind::Server,
                format!("the gateway failed inside: {}", shortened(said)),
            ),
            Answered::Nothing,
        ),
    }
}
