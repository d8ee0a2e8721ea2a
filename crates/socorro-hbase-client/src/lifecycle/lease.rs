//! What a claim says: the cell `processor_state:claim` of an entry's row.
//!
//! Words with blanks between them: the time when it runs out in milliseconds since 1970, the worker's
//! name, a number that no other claim has, and for those who go on in another process, the version of
//! the entry that was claimed, and when the claim was made if it was renewed since. The last word counts
//! the attempts at the crash: `attempt=3` under the third, `after=2` of a claim that waits for its turn
//! or was given back after two. Programs that don't know this word read the others as before, and a
//! claim without it stands after no attempt.

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
    pub(crate) attempts: Attempts,
}

/// How often somebody began to work on a crash since it came into the queue. One who dies leaves the
/// number in the claim, where the next one finds it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    begun: u32,
    /// Whether the last of them is that of the claim's holder.
    is_under_way: bool,
}

impl<'a> Lease<'a> {
    /// `None` if it is no claim.
    pub(crate) fn read(cell: &'a [u8]) -> Option<Self> {
        let mut words = str::from_utf8(cell).ok()?.split(' ');
        let expires = time_of(words.next()?)?;
        let worker = words.next().unwrap_or_default();
        let attempts = words.clone().find_map(Attempts::read).unwrap_or_default();
        let mut times = words.skip(1).map(|word| word.parse().ok());
        let (version, since) = (times.next().flatten(), times.next().flatten());
        Some(Self { expires, worker, version, since, attempts })
    }

    pub(crate) fn holds(&self) -> bool {
        u128::from(self.expires) > since_1970().as_millis()
    }
}

impl Attempts {
    const UNDER_WAY: &str = "attempt=";
    const OVER: &str = "after=";

    fn read(word: &str) -> Option<Self> {
        let of = |label: &str, is_under_way| {
            let begun = word.strip_prefix(label)?.parse().ok()?;
            Some(Self { begun, is_under_way })
        };
        of(Self::UNDER_WAY, true).or_else(|| of(Self::OVER, false))
    }

    /// Which one it is that the claim's holder makes, or will make: 1 for the first.
    pub(crate) fn number(self) -> u32 {
        self.begin().begun
    }

    /// How many there were, with that of the claim's holder.
    pub(crate) fn begun(self) -> u32 {
        self.begun
    }

    /// As a claim has them whose holder begins now, if it hasn't before.
    pub(crate) fn begin(self) -> Self {
        let begun = if self.is_under_way { self.begun } else { self.begun.saturating_add(1) };
        Self { begun, is_under_way: true }
    }

    /// As the next claim has them, whose holder hasn't begun.
    pub(crate) fn before_the_next(self) -> Self {
        Self { is_under_way: false, ..self }
    }

    /// Without the one that the claim's holder has begun, and survived.
    pub(crate) fn without_own(self) -> Self {
        Self { begun: self.begun.saturating_sub(self.is_under_way.into()), is_under_way: false }
    }
}

/// What a claim writes.
pub(crate) fn new_claim(
    worker: &str,
    lease: Duration,
    times: &[i64],
    attempts: Attempts,
) -> String {
    let expires = u64::try_from(since_1970().saturating_add(lease).as_millis()).unwrap_or(u64::MAX);
    let claim = format!("{expires} {worker} {}", Uuid::new_v4().simple());
    let claim = times.iter().fold(claim, |claim, time| format!("{claim} {time}"));
    match attempts {
        Attempts { begun, is_under_way: true } => format!("{claim} {}{begun}", Attempts::UNDER_WAY),
        Attempts { begun: 0, .. } => claim,
        Attempts { begun, .. } => format!("{claim} {}{begun}", Attempts::OVER),
    }
}

/// A time that is further away than a number tells is the last one: it doesn't run out either.
fn time_of(word: &str) -> Option<u64> {
    let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| word.parse().unwrap_or(u64::MAX))
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Attempts = Attempts { begun: 0, is_under_way: false };

    fn holds(cell: &str) -> bool {
        Lease::read(cell.as_bytes()).is_some_and(|lease| lease.holds())
    }

    #[test]
    fn a_claim_holds_for_its_time() {
        assert!(holds(&new_claim("w", Duration::from_mins(1), &[7], NONE)));
        assert!(!holds(&new_claim("w", Duration::ZERO, &[], NONE)));
    }

    #[test]
    fn a_claim_holds_however_long_it_is() {
        let longest = format!("{} w", u128::MAX);
        for cell in [new_claim("w", Duration::MAX, &[7], NONE), longest] {
            assert!(holds(&cell), "{cell}");
        }
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
            let claim = new_claim("w", Duration::from_mins(1), times, NONE);
            let lease = Lease::read(claim.as_bytes()).unwrap();
            (lease.worker.to_owned(), lease.version, lease.since)
        };
        assert_eq!(read(&[]), ("w".into(), None, None));
        assert_eq!(read(&[7]), ("w".into(), Some(7), None));
        assert_eq!(read(&[7, 9]), ("w".into(), Some(7), Some(9)));
    }

    #[test]
    fn attempts_go_from_claim_to_claim_and_one_that_was_survived_does_not_count() {
        let pass_on = |attempts: Attempts| {
            let claim = new_claim("w", Duration::from_mins(1), &[7], attempts);
            Lease::read(claim.as_bytes()).unwrap().attempts
        };
        let mut attempts = NONE;
        for number in 1..=3 {
            attempts = pass_on(attempts.before_the_next());
            assert_eq!(attempts.number(), number, "one that waits");
            attempts = pass_on(attempts.begin());
            assert_eq!(attempts.begin(), attempts, "a renewal");
            assert_eq!(attempts.number(), number);
            assert_eq!(pass_on(attempts.without_own()).number(), number, "one that was survived");
        }
        let many = Attempts { begun: u32::MAX, is_under_way: false };
        assert_eq!(pass_on(many.begin()).number(), u32::MAX);
    }

    /// Programs that don't count attempts take the fourth word and the fifth for times, if they are numbers.
    #[test]
    fn the_count_is_no_time_to_those_who_do_not_know_it_and_its_absence_is_no_attempt() {
        for times in [&[7][..], &[7, 9]] {
            let claim = new_claim("w", Duration::from_mins(1), times, NONE.begin());
            let words: Vec<_> = claim.split(' ').collect();
            assert_eq!(words.len(), 4 + times.len());
            assert_eq!(words.last(), Some(&"attempt=1"));
            let read = Lease::read(claim.as_bytes()).unwrap();
            assert_eq!((read.version, read.since), (Some(7), times.get(1).copied()));
        }
        for before in ["1 w 0 7", "1 w 0 7 9", "1 leaving 0", "1 w 0 7 attempt=x"] {
            assert_eq!(Lease::read(before.as_bytes()).unwrap().attempts, NONE, "{before}");
        }
    }

    #[test]
    fn no_two_claims_are_the_same() {
        let lease = Duration::from_mins(1);
        assert_ne!(new_claim("w", lease, &[1], NONE), new_claim("w", lease, &[1], NONE));
    }

    #[test]
    fn a_name_with_a_blank_would_hide_the_rest_of_the_claim() {
        assert!("monitor 1".parse::<Worker>().is_err());
        assert!("".parse::<Worker>().is_err());
    }
}
