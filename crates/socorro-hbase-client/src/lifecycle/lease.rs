//! What a claim says: the cell `processor_state:claim` of an entry's row.
//!
//! Words with blanks between them: the time when it runs out in milliseconds since 1970, the worker's
//! name, a number that no other claim has, and for those who go on in another process, the version of
//! the entry that was claimed, and when the claim was made if it was renewed since.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use uuid::Uuid;

/// Who works on crashes: a name for people who look for them, 1 to 64 ASCII letters, digits, `-`,
/// `_`, `.`, `:`.
///
/// ```
/// use socorro_hbase_client::Worker;
///
/// let worker: Worker = "processor-7.example.org:4242".parse()?;
/// # let _ = worker;
/// # Ok::<(), socorro_hbase_client::WorkerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Worker(String);

/// A text is no name of a worker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a worker's name has 1 to 64 ASCII letters, digits, '-', '_', '.' and ':'")]
pub struct WorkerError(());

impl FromStr for Worker {
    type Err = WorkerError;

    fn from_str(text: &str) -> Result<Self, WorkerError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
        fits.then(|| Self(text.to_owned())).ok_or(WorkerError(()))
    }
}

impl Worker {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A claim as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease<'a> {
    /// When it runs out, in milliseconds since 1970.
    pub(crate) expires: u64,
    pub(crate) worker: &'a str,
    /// The version of the entry that was claimed; `None` of an entry that is on its way out.
    pub(crate) version: Option<i64>,
    /// When the claim was made, if that isn't when it was written.
    pub(crate) since: Option<i64>,
}

impl<'a> Lease<'a> {
    /// `None` if it is no claim.
    pub(crate) fn read(cell: &'a [u8]) -> Option<Self> {
        let mut words = str::from_utf8(cell).ok()?.split(' ');
        let expires = words.next()?.parse().ok()?;
        let worker = words.next().unwrap_or_default();
        let mut times = words.skip(1).map(|word| word.parse().ok());
        let (version, since) = (times.next().flatten(), times.next().flatten());
        Some(Self { expires, worker, version, since })
    }

    pub(crate) fn holds(&self) -> bool {
        u128::from(self.expires) > since_1970().as_millis()
    }
}

/// What a claim writes.
pub(crate) fn new_claim(worker: &str, lease: Duration, times: &[i64]) -> String {
    let expires = since_1970().saturating_add(lease).as_millis();
    let claim = format!("{expires} {worker} {}", Uuid::new_v4().simple());
    times.iter().fold(claim, |claim, time| format!("{claim} {time}"))
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(cell: &str) -> bool {
        Lease::read(cell.as_bytes()).is_some_and(|lease| lease.holds())
    }

    #[test]
    fn a_claim_holds_for_its_time() {
        assert!(holds(&new_claim("w", Duration::from_mins(1), &[7])));
        assert!(!holds(&new_claim("w", Duration::ZERO, &[])));
    }

    #[test]
    fn what_is_no_claim_holds_nobody_off() {
        for cell in ["", "x", "-1 w", "\u{ff}"] {
            assert!(!holds(cell), "{cell}");
        }
    }

    #[test]
    fn a_claim_tells_what_was_claimed_and_since_when() {
        let read = |times: &[i64]| {
            let claim = new_claim("w", Duration::from_mins(1), times);
            let lease = Lease::read(claim.as_bytes()).unwrap();
            (lease.worker.to_owned(), lease.version, lease.since)
        };
        assert_eq!(read(&[]), ("w".into(), None, None));
        assert_eq!(read(&[7]), ("w".into(), Some(7), None));
        assert_eq!(read(&[7, 9]), ("w".into(), Some(7), Some(9)));
    }

    #[test]
    fn no_two_claims_are_the_same() {
        let lease = Duration::from_mins(1);
        assert_ne!(new_claim("w", lease, &[1]), new_claim("w", lease, &[1]));
    }

    #[test]
    fn a_name_with_a_blank_would_hide_the_rest_of_the_claim() {
        assert!("monitor 1".parse::<Worker>().is_err());
        assert!("".parse::<Worker>().is_err());
    }
}
