//! HTTP/1.1 around a stream: each request is the body of a POST, each reply the body of its
//! response, on a connection that is kept.
//!
//! Of a library there is the parser (`httparse`). The whole clients hide what this crate lives by:
//! how much of a request was written, from which follows whether a call that failed may have taken
//! effect; and they bring a second pool, resolver and TLS set-up beside ours.

mod reply;
mod request;
mod status;

use std::io;
use std::time::{Duration, Instant};

use super::{Channel, Refusal};
use crate::error::{ErrorKind, Outcome};
use reply::{Incoming, Reply, Step};
pub(super) use request::Head;

pub(super) type Redial = Box<dyn Fn(Instant) -> io::Result<Box<dyn Channel>> + Send>;

/// A kept connection to an HTTP server. Where the server closed it between two requests, another
/// one is opened: nothing was lost with it.
pub(super) struct HttpChannel {
    stream: Box<dyn Channel>,
    redial: Redial,
    redials: u32,
    bound: bool,
    head: Head,
    /// A request's head that has not been sent.
    outgoing: Vec<u8>,
    incoming: Incoming,
    reply: Reply,
}

/// So much of a request's body goes out together with its head.
const FIRST_OF_BODY: usize = 16 * 1024;
/// For what a server has said already when it turns out to be gone.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_millis(50);
/// In so much of an error's page its title is looked for.
const LARGEST_PAGE: usize = 4 * 1024;
/// For the end of a response whose answer is complete already.
const LAST_CHUNK_TIMEOUT: Duration = Duration::from_millis(100);

impl HttpChannel {
    pub(super) fn new(stream: Box<dyn Channel>, head: Head, redial: Redial) -> Self {
        Self {
            stream,
            redial,
            redials: 0,
            bound: false,
            head,
            outgoing: Vec::new(),
            incoming: Incoming::default(),
            reply: Reply::Over { keeps: true },
        }
    }

    /// Reads what follows the answer in its response; whether the connection can be used again.
    fn settle(&mut self, deadline: Instant) -> bool {
        while let Reply::Body { body, keeps } = &mut self.reply {
            match body.step(self.incoming.unread()) {
                Ok(Step::Skip(bytes)) => self.incoming.consume(bytes),
                Ok(Step::More) => {
                    if self.incoming.fill(&mut *self.stream, deadline).is_err() {
                        return false;
                    }
                }
                Ok(Step::End) => self.reply = Reply::Over { keeps: *keeps },
                Ok(Step::Data(_)) | Err(_) => return false,
            }
        }
        matches!(self.reply, Reply::Over { keeps: true }) && self.incoming.unread().is_empty()
    }

    /// Reads up to the body of the response, past those that only say that another follows.
    fn read_head(&mut self, deadline: Instant) -> io::Result<()> {
        loop {
            match reply::head(self.incoming.unread())? {
                None => self.incoming.fill(&mut *self.stream, deadline)?,
                Some(head) => {
                    self.incoming.consume(head.length);
                    match head.status {
                        100..=199 => {}
                        200 => {
                            self.reply = Reply::Body { body: head.body, keeps: head.keeps };
                            return Ok(());
                        }
                        _ => {
                            self.reply = Reply::Over { keeps: false };
                            let said = (head.status >= 500).then(|| self.last_words(deadline));
                            return Err(status::refusal(&head, &self.head, said.flatten()).into());
                        }
                    }
                }
            }
        }
    }

    fn read_body(&mut self, into: &mut [u8], deadline: Instant) -> io::Result<usize> {
        loop {
            let Reply::Body { body, .. } = &mut self.reply else { return Err(too_short()) };
            match body.step(self.incoming.unread())? {
                Step::Skip(bytes) => self.incoming.consume(bytes),
                Step::More => self.incoming.fill(&mut *self.stream, deadline)?,
                Step::End => return Err(too_short()),
                Step::Data(bytes) => {
                    let wanted = into.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
                    let into = &mut into[..wanted];
                    let read = match self.incoming.take(into) {
                        // Past the buffer: a large body is copied once.
                        0 => self.stream.read(into, deadline)?,
                        taken => taken,
                    };
                    body.took(read as u64);
                    return Ok(read);
                }
            }
        }
    }

    /// What the page of an error says. Not waited for: the status is there already.
    fn last_words(&mut self, deadline: Instant) -> Option<String> {
        let soon = deadline.min(Instant::now() + LAST_WORDS_TIMEOUT);
        loop {
            let page = self.incoming.unread();
            let title = status::title(page);
            if title.is_some()
                || page.len() >= LARGEST_PAGE
                || self.incoming.fill(&mut *self.stream, soon).is_err()
            {
                return title;
            }
        }
    }

    /// What a server said before it stopped reading, such as that the request is too large.
    fn early_refusal(&mut self) -> Option<io::Error> {
        let said = self.read_head(Instant::now() + LAST_WORDS_TIMEOUT).err()?;
        said.get_ref()?.is::<Refusal>().then_some(said)
    }

    fn write_head(&mut self, start_of_body: &[u8], deadline: Instant) -> io::Result<usize> {
        let taken = start_of_body.len().min(FIRST_OF_BODY);
        self.outgoing.extend_from_slice(&start_of_body[..taken]);
        let mut sent = 0;
        while sent < self.outgoing.len() {
            sent += self.stream.write(&self.outgoing[sent..], deadline)?;
        }
        self.outgoing.clear();
        Ok(taken)
    }
}

impl Channel for HttpChannel {
    fn redials(&self) -> u32 {
        self.redials
    }

    fn bind(&mut self, bound: bool) {
        self.bound = bound;
    }

    fn begin_request(&mut self, length: usize, deadline: Instant) -> io::Result<()> {
        let soon = deadline.min(Instant::now() + LAST_CHUNK_TIMEOUT);
        if !self.settle(soon) || !self.stream.is_quiet() {
            if self.bound {
                return Err(io::ErrorKind::NotConnected.into());
            }
            self.stream = (self.redial)(deadline)?;
            self.redials += 1;
            self.incoming = Incoming::default();
        }
        self.reply = Reply::Awaited;
        self.outgoing.clear();
        self.head.write(length, &mut self.outgoing);
        Ok(())
    }

    fn read(&mut self, into: &mut [u8], deadline: Instant) -> io::Result<usize> {
        if matches!(self.reply, Reply::Awaited) {
            self.read_head(deadline)?;
        }
        self.read_body(into, deadline)
    }

    fn write(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
        let written = if self.outgoing.is_empty() {
            self.stream.write(bytes, deadline)
        } else {
            self.write_head(bytes, deadline)
        };
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
                self.early_refusal().unwrap_or(error)
            }
            _ => error,
        })
    }

    fn is_quiet(&mut self) -> bool {
        self.settle(Instant::now() + LAST_CHUNK_TIMEOUT) && self.stream.is_quiet()
    }
}

fn too_short() -> io::Error {
    let message = "the HTTP response ends in the middle of the answer";
    Refusal { outcome: Outcome::Unknown, ..Refusal::new(ErrorKind::Protocol, message) }.into()
}
