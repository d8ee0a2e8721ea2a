//! Ending calls from another thread.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::environment::Signal;
use super::stream::Interrupter;
use crate::error::{Error, ErrorKind};

/// Ends calls from another thread: those of the handles that it was given to.
///
/// Clones are one token. Once it was used, calls that are under way end at once, and later ones are
/// not sent; both fail as [`ErrorKind::Cancelled`]. A write that was sent already may still take
/// effect: [`Error::outcome`] says what is known. A connection that is being opened is waited for, for
/// at most the connect time-out.
///
/// ```no_run
/// use std::{thread, time::Duration};
/// use hbase_thrift_client::{CancellationToken, Client, Scan};
///
/// let client = Client::connect("hbase://localhost")?;
/// let token = CancellationToken::new();
/// let crashes = client.table("crashes").with_cancellation(&token);
/// let counting = thread::spawn(move || crashes.count_rows(Scan::new()));
/// thread::sleep(Duration::from_secs(1));
/// token.cancel();
/// println!("{:?}", counting.join());
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct CancellationToken(Arc<Mutex<TokenState>>);

#[derive(Default)]
struct TokenState {
    is_cancelled: bool,
    next: u64,
    watched: BTreeMap<u64, Watched>,
}

/// Something that a call waits for.
pub(super) enum Watched {
    /// A reply, or room for a request.
    Stream(Interrupter),
    /// A connection of the pool, or the end of a pause.
    Signal(Arc<Signal>),
}

impl Watched {
    fn end(&self) {
        match self {
            Self::Stream(stream) => stream.0.interrupt(),
            Self::Signal(signal) => signal.raise(),
        }
    }
}

impl CancellationToken {
    /// Returns a token that was not used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the calls of all handles that have this token. That can't be undone.
    pub fn cancel(&self) {
        let mut state = self.lock();
        state.is_cancelled = true;
        state.watched.values().for_each(Watched::end);
    }

    /// Returns whether [`cancel`](Self::cancel) was called.
    ///
    /// ```
    /// use hbase_thrift_client::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// let same = token.clone();
    /// token.cancel();
    /// assert!(same.is_cancelled());
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.lock().is_cancelled
    }

    fn lock(&self) -> MutexGuard<'_, TokenState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken")
            .field("is_cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

/// The tokens of a handle; mostly none.
#[derive(Clone, Default)]
pub(crate) struct Cancellation(Vec<CancellationToken>);

impl Cancellation {
    /// These tokens and one more.
    pub(super) fn and(&self, token: &CancellationToken) -> Self {
        Self(self.0.iter().chain([token]).cloned().collect())
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.0.iter().any(CancellationToken::is_cancelled)
    }

    /// Fails if a token was used.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.is_cancelled() {
            return Err(Error::new(
                ErrorKind::Cancelled,
                "the call was cancelled before it was sent",
            ));
        }
        Ok(())
    }

    /// Why a call failed: that its connection was lost is not the reason if that was ended here. What
    /// the server said, or anything else, is.
    pub(super) fn explain(&self, error: Error) -> Error {
        let was_ended = error.kind() == ErrorKind::ConnectionLost && self.is_cancelled();
        if was_ended { error.into_cancelled() } else { error }
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Ends this wait when one of the tokens is used, which may be at once, until what is returned is
    /// dropped.
    pub(super) fn watch(&self, watched: impl Fn() -> Option<Watched>) -> Watch {
        let mut places = Vec::new();
        for token in &self.0 {
            let Some(watched) = watched() else { continue };
            let mut state = token.lock();
            if state.is_cancelled {
                watched.end();
            }
            let number = state.next;
            state.next += 1;
            state.watched.insert(number, watched);
            places.push((token.clone(), number));
        }
        Watch(places)
    }
}

/// A wait that tokens can end.
#[derive(Default)]
pub(super) struct Watch(Vec<(CancellationToken, u64)>);

impl Watch {
    /// Whether a token has ended the wait; one may right after this.
    pub(super) fn was_ended(&self) -> bool {
        self.0.iter().any(|(token, _)| token.is_cancelled())
    }

    /// Whether there is no token that could end it.
    pub(super) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets no token end the wait from now on; returns whether one has.
    pub(super) fn leave(mut self) -> bool {
        self.leave_all()
    }

    fn leave_all(&mut self) -> bool {
        if self.0.is_empty() {
            return false;
        }
        self.0.drain(..).fold(false, |was_ended, (token, number)| {
            // Under one lock: a token that is used after this has nothing to end.
            let mut state = token.lock();
            state.watched.remove(&number);
            was_ended | state.is_cancelled
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.leave_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_is_not_hidden_by_a_token() {
        let token = CancellationToken::new();
        let cancellation = Cancellation::default().and(&token);
        let explained = |kind| cancellation.explain(Error::new(kind, "why")).kind();
        assert_eq!(explained(ErrorKind::ConnectionLost), ErrorKind::ConnectionLost);
        token.cancel();
        assert_eq!(explained(ErrorKind::ConnectionLost), ErrorKind::Cancelled);
        for kind in [ErrorKind::TableNotFound, ErrorKind::TooLarge, ErrorKind::Timeout] {
            assert_eq!(explained(kind), kind);
        }
    }
}
