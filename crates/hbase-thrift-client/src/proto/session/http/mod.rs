//! HTTP/1.1 around messages: each request is the body of a POST, each reply the body of its
//! response, on a connection that is kept.
//!
//! Of a library there is the parser (`httparse`). The whole clients hide what this crate lives by:
//! how much of a request was written, from which follows whether a call that failed may have taken
//! effect; and they bring a second pool, resolver and TLS set-up beside ours.

mod request;
mod response;
mod status;

use super::Incoming;
use crate::config::{Config, Endpoint};
use crate::error::ErrorKind;
use request::RequestHead;
use response::{Body, Next, ResponseHead};

/// The state of a connection to an HTTP server.
pub(super) struct Http {
    head: RequestHead,
    /// What came and is neither the message's nor skipped: heads, and what came together with them.
    raw: Raw,
    response: Response,
    /// Another request was begun before the end of the last response was read.
    begun: bool,
    /// The server ended the connection instead of a response, and not the first one.
    ended_between_replies: bool,
}

/// How far the response was read.
enum Response {
    /// Nothing of it.
    Awaited,
    /// Its head; `keeps` says whether the server keeps the connection afterwards.
    Body { body: Body, keeps: bool },
    /// The head of one that is no success; its page may say why.
    Failure(ResponseHead),
    /// All of it.
    Over { keeps: bool },
}

/// Why the other side, or its HTTP, would not go on.
#[derive(Debug)]
pub(super) struct HttpRefusal {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    /// The server said no before it looked at the call.
    pub(super) refused: bool,
}

/// In the first part of an error's page its title is looked for.
const LARGEST_PAGE: usize = 4 * 1024;
const READ_SIZE: usize = 8 * 1024;

impl Http {
    pub(super) fn new(config: &Config, endpoint: &Endpoint) -> Self {
        Self {
            head: RequestHead::new(config, endpoint),
            raw: Raw::default(),
            response: Response::Over { keeps: true },
            begun: false,
            ended_between_replies: false,
        }
    }

    /// Puts the head of a request before the message that begins at `start`. One that fails leaves
    /// everything as it was.
    pub(super) fn begin_request(
        &mut self,
        outgoing: &mut Vec<u8>,
        start: usize,
    ) -> crate::error::Result<()> {
        let lines = self.head.lines()?;
        let body = outgoing.split_off(start);
        RequestHead::write(&lines, body.len(), outgoing);
        outgoing.extend_from_slice(&body);
        match self.response {
            // The message was complete, but what ends its response is still to come.
            Response::Body { .. } => self.begun = true,
            _ => self.response = Response::Awaited,
        }
        Ok(())
    }

    /// Waits for one more response where the last one was of no use; false where the server ends the
    /// connection after it.
    pub(super) fn await_another(&mut self) -> bool {
        match self.response {
            Response::Body { keeps: true, .. } => self.begun = true,
            Response::Over { keeps: true } => self.response = Response::Awaited,
            _ => return false,
        }
        true
    }

    /// Where to put what is received: a long body goes straight to the message.
    pub(super) fn space<'a>(&'a mut self, incoming: &'a mut Incoming) -> &'a mut [u8] {
        match self.direct() {
            Some(left) => {
                let space = incoming.space();
                let length = space.len().min(left);
                &mut space[..length]
            }
            None => self.raw.space(),
        }
    }

    pub(super) fn received(&mut self, incoming: &mut Incoming, bytes: usize) {
        if self.direct().is_none() {
            return self.raw.received(bytes);
        }
        incoming.received(bytes);
        if let Response::Body { body, .. } = &mut self.response {
            body.took(bytes as u64);
        }
    }

    /// How many bytes of the body come next, where nothing is before them.
    fn direct(&self) -> Option<usize> {
        match &self.response {
            Response::Body { body, .. } if self.raw.unread().is_empty() => body.data_left(),
            _ => None,
        }
    }

    /// Takes all that has come of the response.
    pub(super) fn pump(
        &mut self,
        incoming: &mut Incoming,
        closed: bool,
    ) -> Result<(), HttpRefusal> {
        loop {
            match &mut self.response {
                Response::Awaited => {
                    let Some(head) = response::head(self.raw.unread())? else { return Ok(()) };
                    self.raw.consume(head.length);
                    match head.status {
                        100..=199 => {}
                        200 => {
                            let ResponseHead { body, keeps, .. } = head;
                            self.response = Response::Body { body, keeps };
                        }
                        _ => self.response = Response::Failure(head),
                    }
                }
                Response::Failure(head) => {
                    let page = self.raw.unread();
                    let title = status::title(page);
                    let enough = title.is_some() || page.len() >= LARGEST_PAGE || closed;
                    // Only the gateway's own failures have a page worth waiting for.
                    if enough || head.status < 500 {
                        return Err(status::refusal(head, &self.head, title));
                    }
                    return Ok(());
                }
                Response::Body { body, keeps } => match body.step(self.raw.unread())? {
                    Next::Skip(bytes) => self.raw.consume(bytes),
                    Next::End if std::mem::take(&mut self.begun) => {
                        self.response = Response::Awaited;
                    }
                    Next::End => self.response = Response::Over { keeps: *keeps },
                    Next::Data(bytes) if !self.raw.unread().is_empty() => {
                        let bytes = self.raw.unread().len().min(bytes);
                        incoming.push(&self.raw.unread()[..bytes]);
                        self.raw.consume(bytes);
                        body.took(bytes as u64);
                    }
                    Next::Data(_) | Next::More => {
                        if closed {
                            self.response = Response::Over { keeps: false };
                        }
                        return Ok(());
                    }
                },
                Response::Over { .. } => return Ok(()),
            }
        }
    }

    /// The server ended a connection on which it had replied before.
    pub(super) fn ended(&mut self) {
        let nothing_came = matches!(self.response, Response::Awaited);
        self.ended_between_replies = nothing_came && self.raw.unread().is_empty();
    }

    pub(super) fn ended_between_replies(&self) -> bool {
        self.ended_between_replies
    }

    /// Whether no more of the message can come.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.response, Response::Over { .. })
    }

    /// Whether the message is complete and the end of the response has not come.
    pub(super) fn has_tail(&self) -> bool {
        matches!(self.response, Response::Body { .. })
    }

    /// Whether the connection can take another request once the tail has come.
    pub(super) fn is_kept(&self) -> bool {
        match self.response {
            Response::Over { keeps } => keeps && self.raw.unread().is_empty(),
            Response::Body { keeps, .. } => keeps,
            Response::Awaited | Response::Failure(_) => false,
        }
    }

    pub(super) fn hears_last_words(&self) -> bool {
        matches!(self.response, Response::Failure(_))
    }
}

/// Bytes that came, in a buffer that grows with what is kept of them; heads and lines have limits.
#[derive(Default)]
struct Raw {
    data: Vec<u8>,
    start: usize,
    end: usize,
}

impl Raw {
    fn unread(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    fn consume(&mut self, bytes: usize) {
        self.start += bytes;
    }

    fn space(&mut self) -> &mut [u8] {
        self.data.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.data.len() < self.end + READ_SIZE {
            self.data.resize(self.end + READ_SIZE, 0);
        }
        &mut self.data[self.end..]
    }

    fn received(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.data.len());
    }
}
