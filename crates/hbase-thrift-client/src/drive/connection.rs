//! A session on a stream: sends what it has to send, receives what it waits for.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::environment::{Environment, at_once};
use super::stream::{Interrupter, Refusal, Stream};
use crate::dialect::{Call, Reply};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::{Lost, Session};

/// A connection to one gateway.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    session: Session,
    opened: Instant,
    last_answer: Option<Instant>,
    /// Since when replies may lie here unread: what is read later says no more of the gateway than
    /// that it was there then.
    unread_since: Option<Instant>,
}

/// For what a server has said already when it turns out to be gone, or to have failed.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_millis(50);
/// For the end of a response whose message is complete already.
const TAIL_TIMEOUT: Duration = Duration::from_millis(100);
/// A connection unused for longer is looked at before it is used: the gateway may have closed it.
const LOOK_AFTER: Duration = Duration::from_secs(1);

impl Connection {
    pub(crate) fn new(stream: Box<dyn Stream>, session: Session, now: Instant) -> Self {
        Self { stream, session, opened: now, last_answer: None, unread_since: None }
    }

    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// What ends a wait on this connection.
    pub(crate) fn interrupter(&self) -> Option<Interrupter> {
        self.stream.interrupter()
    }

    /// Sends the call and waits for its reply.
    pub(crate) async fn call<R: Reply>(
        &mut self,
        call: &Call<'_, R>,
        deadline: Instant,
        environment: &dyn Environment,
    ) -> Result<R> {
        self.session.queue(&call.request)?;
        self.send(deadline, environment).await?;
        self.receive(deadline, environment).await
    }

    /// Sends what is queued.
    ///
    /// # Errors
    ///
    /// The error of the oldest call in flight; the others are abandoned.
    pub(crate) async fn send(
        &mut self,
        deadline: Instant,
        environment: &dyn Environment,
    ) -> Result<()> {
        while !self.session.outgoing().is_empty() {
            match self.write(deadline).await {
                Ok(bytes) => self.session.sent(bytes),
                Err(error) => return Err(self.send_failed(error, environment).await),
            }
        }
        Ok(())
    }

    /// As [`send`](Self::send), where nobody can wait any more: in the blocking world until the deadline, else
    /// what doesn't fit into the socket's buffer ends the connection.
    pub(crate) fn send_at_once(
        &mut self,
        deadline: Instant,
        environment: &dyn Environment,
    ) -> Result<()> {
        match at_once(self.send(deadline, environment)) {
            Poll::Ready(sent) => sent,
            Poll::Pending => {
                Err(self.session.lost(lost("sending", io::ErrorKind::TimedOut.into())))
            }
        }
    }

    /// A server that stops reading a request may have said why.
    async fn send_failed(&mut self, error: io::Error, environment: &dyn Environment) -> Error {
        let closed =
            matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset);
        if closed && !self.session.pipelines() {
            let soon = environment.now() + LAST_WORDS_TIMEOUT;
            while let Ok(bytes @ 1..) = self.read(soon).await {
                self.session.received(bytes);
                if self.session.hears_last_words() {
                    break;
                }
            }
        }
        self.session.lost(lost("sending", error))
    }

    /// Waits for the reply to the oldest call in flight.
    pub(crate) async fn receive<R: Reply>(
        &mut self,
        deadline: Instant,
        environment: &dyn Environment,
    ) -> Result<R> {
        self.receive_with(deadline, environment, Session::poll).await
    }

    /// As [`receive`](Self::receive), with the reply as the message that it is.
    #[cfg(feature = "generated")]
    pub(crate) async fn receive_message(
        &mut self,
        deadline: Instant,
        environment: &dyn Environment,
    ) -> Result<Vec<u8>> {
        self.receive_with(deadline, environment, Session::poll_message).await
    }

    async fn receive_with<R>(
        &mut self,
        deadline: Instant,
        environment: &dyn Environment,
        poll: fn(&mut Session) -> Result<Poll<R>>,
    ) -> Result<R> {
        match self.receive_until(deadline, environment, poll).await? {
            Poll::Ready(reply) => Ok(reply),
            Poll::Pending => {
                let error = io::ErrorKind::TimedOut.into();
                Err(self.session.lost(lost("waiting for the reply", error)))
            }
        }
    }

    /// Waits for the reply to the oldest call in flight; pending once the time is up, after which
    /// the wait can go on.
    pub(crate) async fn receive_until<R>(
        &mut self,
        deadline: Instant,
        environment: &dyn Environment,
        poll: fn(&mut Session) -> Result<Poll<R>>,
    ) -> Result<Poll<R>> {
        loop {
            if let Poll::Ready(reply) = poll(&mut self.session)? {
                self.last_answer = self.unread_since.or_else(|| Some(environment.now()));
                if !self.session.is_awaiting_reply() {
                    self.unread_since = None;
                }
                return Ok(Poll::Ready(reply));
            }
            let until = if self.session.hears_last_words() {
                deadline.min(environment.now() + LAST_WORDS_TIMEOUT)
            } else {
                deadline
            };
            match self.read(until).await {
                Ok(0) => self.session.closed(),
                Ok(bytes) => self.session.received(bytes),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    if self.session.hears_last_words() {
                        self.session.closed();
                    } else {
                        return Ok(Poll::Pending);
                    }
                }
                Err(error) => {
                    return Err(self.session.lost(lost("waiting for the reply", error)));
                }
            }
        }
    }

    /// Waits until something of a reply has come; false where nothing has.
    pub(crate) async fn hears_by(&mut self, until: Instant) -> Result<bool> {
        match self.read(until).await {
            Ok(0) => {
                self.session.closed();
                Ok(true)
            }
            Ok(bytes) => {
                self.session.received(bytes);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(false),
            Err(error) => Err(self.session.lost(lost("waiting for the reply", error))),
        }
    }

    /// When the gateway last replied on this connection.
    pub(crate) fn last_answer(&self) -> Option<Instant> {
        self.last_answer
    }

    /// Nobody reads from now on.
    pub(crate) fn leave_unread(&mut self, now: Instant) {
        self.unread_since.get_or_insert(now);
    }

    /// Whether the connection can take another call: the last response is over, and the other side
    /// has not closed it meanwhile.
    pub(crate) async fn is_usable(&mut self, now: Instant) -> bool {
        let until = now + TAIL_TIMEOUT;
        while self.stream.is_at_home() && self.session.has_tail() {
            match self.read(until).await {
                Ok(bytes @ 1..) => self.session.received(bytes),
                Ok(0) | Err(_) => return false,
            }
        }
        self.is_usable_now(now)
    }

    /// As [`is_usable`](Self::is_usable), where nothing of the last response is still to come.
    pub(crate) fn is_usable_now(&mut self, now: Instant) -> bool {
        if !self.stream.is_at_home() || !self.session.is_in_step() {
            return false;
        }
        let looks = !self.session.pipelines()
            || now >= self.last_answer.unwrap_or(self.opened) + LOOK_AFTER;
        !looks || self.stream.is_quiet()
    }

    /// Reads into the session's space.
    async fn read(&mut self, deadline: Instant) -> io::Result<usize> {
        let (stream, session) = (&mut self.stream, &mut self.session);
        poll_fn(|cx| stream.poll_read(cx, session.space(), deadline)).await
    }

    /// Writes from what the session has to send.
    async fn write(&mut self, deadline: Instant) -> io::Result<usize> {
        let (stream, session) = (&mut self.stream, &self.session);
        poll_fn(|cx| stream.poll_write(cx, session.outgoing(), deadline)).await
    }
}

/// What the session has to know of a failure of the stream.
fn lost(doing: &str, error: io::Error) -> Lost {
    let error = match error.downcast::<Refusal>() {
        Ok(Refusal { kind, message, source }) => return Lost { kind, message, source },
        Err(error) => error,
    };
    let (kind, what) = match error.kind() {
        io::ErrorKind::TimedOut => (ErrorKind::Timeout, "the time was up while"),
        _ => (ErrorKind::ConnectionLost, "the connection was lost while"),
    };
    Lost { kind, message: format!("{what} {doing}"), source: Some(error.into()) }
}

#[cfg(all(test, feature = "http"))]
mod tests;
