//! A claim on one entry of a queue: until when it holds, whose it is, and how it ends.
//!
//! A claim is one cell of the entry's row, `processor_state:claim`: the time when it runs out in
//! milliseconds since 1970, the taker's name, and a number that no other claim has. It is only ever
//! written on the condition that the cell is still what it was when it was read, so of several
//! takers one gets it.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hbase_thrift_client::CheckAndPut;
use uuid::Uuid;

use super::Queue;
use crate::{
    error::{Error, Result},
    keys,
    ooid::Ooid,
    scan::IndexEntry,
};

/// Who takes crashes: a name for people who look for them, 1 to 64 ASCII letters, digits, `-`, `_`,
/// `.`, `:`.
///
/// ```
/// use socorro_hbase_client::Taker;
///
/// let taker: Taker = "processor-7.example.org:4242".parse()?;
/// # let _ = taker;
/// # Ok::<(), socorro_hbase_client::TakerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Taker(String);

/// A text is no name of a taker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a taker's name has 1 to 64 ASCII letters, digits, '-', '_', '.' and ':'")]
pub struct TakerError(());

/// A crash that was taken from a queue for a time.
///
/// Dropping it changes nothing: the claim runs out by itself.
#[must_use = "a crash whose claim isn't acknowledged comes back into the queue"]
#[derive(Debug)]
pub struct Claim {
    queue: Queue,
    entry: IndexEntry,
    taker: Taker,
    cell: String,
}

impl Claim {
    pub(super) fn new(queue: Queue, entry: IndexEntry, taker: Taker, cell: String) -> Self {
        Self { queue, entry, taker, cell }
    }

    /// The crash.
    pub fn ooid(&self) -> &Ooid {
        &self.entry.ooid
    }

    /// The entry's row key in the queue.
    pub fn key(&self) -> &[u8] {
        &self.entry.key
    }

    /// Says that the crash is done: it leaves the queue for good. Two round trips.
    ///
    /// It does so too when the claim has run out meanwhile: what is done needn't be done again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase), and then its message says what is left.
    /// [`Queue::remove_row`] with the [`key`](Self::key) does it again.
    pub fn acknowledge(self) -> Result<()> {
        self.queue.remove_row(&self.entry.key).map(drop)
    }

    /// Claims the crash for this time from now; answers whether it is still this claim's. One round
    /// trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase); where its outcome is unknown, the claim may
    /// have been renewed or not, and can't be renewed again.
    pub fn renew(&mut self, lease: Duration) -> Result<bool> {
        let cell = new_cell(&self.taker, lease);
        let renewed = self.replace(&cell)?;
        if renewed {
            self.cell = cell;
        }
        Ok(renewed)
    }

    /// Gives the crash back into the queue at once. One round trip.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase); the claim then runs out by itself.
    pub fn release(self) -> Result<()> {
        self.replace(&new_cell(&self.taker, Duration::ZERO)).map(drop)
    }

    fn replace(&self, cell: &str) -> Result<bool> {
        let check =
            CheckAndPut::if_equal(self.entry.key.as_slice(), keys::CLAIM, self.cell.as_str());
        self.queue.table().check_and_put(&check.put(keys::CLAIM, cell)).map_err(|error| {
            let ooid = &self.entry.ooid;
            Error::from_hbase(format!("the claim on crash {ooid} could not be changed"), error)
        })
    }
}

impl FromStr for Taker {
    type Err = TakerError;

    fn from_str(text: &str) -> Result<Self, TakerError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
        fits.then(|| Self(text.to_owned())).ok_or(TakerError(()))
    }
}

impl fmt::Display for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a claim writes.
pub(super) fn new_cell(taker: &Taker, lease: Duration) -> String {
    let expires = since_1970().saturating_add(lease).as_millis();
    format!("{expires} {taker} {}", Uuid::new_v4().simple())
}

/// Whether a claim holds; what isn't one holds nobody off.
pub(super) fn holds(cell: &[u8]) -> bool {
    let text = str::from_utf8(cell).unwrap_or_default();
    let expires = text.split(' ').next().and_then(|millis| millis.parse::<u128>().ok());
    expires.is_some_and(|expires| expires > since_1970().as_millis())
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_holds_for_its_time() {
        let taker = "t".parse().unwrap();
        assert!(holds(new_cell(&taker, Duration::from_mins(1)).as_bytes()));
        assert!(!holds(new_cell(&taker, Duration::ZERO).as_bytes()));
    }

    #[test]
    fn what_is_no_claim_holds_nobody_off() {
        for cell in ["", "x", "-1 t", "\u{ff}"] {
            assert!(!holds(cell.as_bytes()), "{cell}");
        }
    }

    #[test]
    fn no_two_claims_are_the_same() {
        let taker = "t".parse().unwrap();
        let lease = Duration::from_mins(1);
        assert_ne!(new_cell(&taker, lease), new_cell(&taker, lease));
    }

    #[test]
    fn a_name_with_a_blank_would_hide_the_rest_of_the_claim() {
        assert!("monitor 1".parse::<Taker>().is_err());
        assert!("".parse::<Taker>().is_err());
    }
}
