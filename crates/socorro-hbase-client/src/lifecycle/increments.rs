//! Adding to counters.
//!
//! A cell that isn't eight bytes long is no counter, and nothing can be added to it. That must end nothing
//! else: the other counters are added to in another call, and `check` names it.
//!
//! One call of Thrift 1 has counters of any rows, and the gateway adds to one after the other until one
//! can't be added to. One call of Thrift 2 has counters of one row, and adds to all of them or to none.

use hbase_thrift_client::{Error, ErrorKind, GetRows, Increment, Interface, Outcome, Row};

use super::steps::Count;
use crate::{
    counters::SubmissionCounters,
    layout,
    pipeline::{self, Calls, Replies, Slot},
    store::CrashStore,
};

/// Why counters could not be added to.
pub(crate) struct Uncounted {
    pub(crate) error: Error,
    /// Whether none of them has moved, which is certain.
    pub(crate) is_certain: bool,
}

/// Calls that add to counters, on their way.
pub(super) struct Counting(Vec<CountCall>);

struct CountCall {
    counts: Vec<Count>,
    queued: Result<Slot<()>, Error>,
}

/// How often counters are added to again of which some were none.
const ATTEMPTS: usize = 4;

/// Adds to counters: in one round trip, and two more where some are none.
pub(crate) fn count(store: &CrashStore, counts: Vec<Count>) -> Result<(), Uncounted> {
    let mut calls = pipeline::calls(store.client());
    let counting = queue(store, &mut calls, counts);
    settle(store, counting, &mut calls.send())
}

/// Queues the calls that add to counters.
pub(super) fn queue(store: &CrashStore, calls: &mut Calls, counts: Vec<Count>) -> Counting {
    let metrics = store.table(layout::METRICS);
    let is_one_call = adds_one_by_one(store);
    let mut together: Vec<Vec<Count>> = Vec::new();
    for count in counts {
        let shares = |call: &&mut Vec<Count>| is_one_call || call[0].row == count.row;
        match together.iter_mut().rev().find(shares) {
            Some(call) => call.push(count),
            None => together.push(vec![count]),
        }
    }
    let queued = together.into_iter().map(|counts| {
        let queued = calls.increment_rows(&metrics, increments(&counts));
        CountCall { counts, queued }
    });
    Counting(queued.collect())
}

/// Takes the replies in, and adds again to those behind or beside counters that are none.
pub(super) fn settle(
    store: &CrashStore,
    Counting(calls): Counting,
    replies: &mut Replies,
) -> Result<(), Uncounted> {
    let mut has_moved = false;
    let mut failure = None;
    for CountCall { counts, queued } in calls {
        match count_rest(store, counts, queued.and_then(|slot| replies.take(slot))) {
            Ok(()) => has_moved = true,
            Err(Uncounted { error, is_certain }) => {
                has_moved |= !is_certain;
                failure.get_or_insert(error);
            }
        }
    }
    let failed = |error| Err(Uncounted { error, is_certain: !has_moved });
    failure.map_or(Ok(()), failed)
}

impl Counting {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether a call may have counters of several rows. As long as the interface isn't known, it is taken for
/// Thrift 2, whose calls both understand.
fn adds_one_by_one(store: &CrashStore) -> bool {
    store.client().interface() == Some(Interface::One)
}

fn increments(counts: &[Count]) -> Vec<Increment> {
    let increment = |Count { row, column, amount }: &Count| {
        Increment::new(row.as_str(), column.as_str(), *amount)
    };
    counts.iter().map(increment).collect()
}

/// Adds to those of one call that were not added to because of counters that are none, if that is how the
/// call ended.
fn count_rest(
    store: &CrashStore,
    mut counts: Vec<Count>,
    result: Result<(), Error>,
) -> Result<(), Uncounted> {
    let Err(mut error) = result else { return Ok(()) };
    // What came through before the table was gone is gone with it.
    let is_certain =
        error.outcome() == Outcome::NotApplied || error.kind() == ErrorKind::TableNotFound;
    for _ in 0..ATTEMPTS.max(counts.len()) {
        if !is_refused(&error) {
            break;
        }
        match left(store, counts) {
            Ok(left) => counts = left,
            Err(_) => break,
        }
        if counts.is_empty() {
            return Ok(());
        }
        match store.table(layout::METRICS).increment_rows(&increments(&counts)) {
            Ok(()) => return Ok(()),
            Err(next) => error = next,
        }
    }
    Err(Uncounted { error, is_certain })
}

fn is_refused(error: &Error) -> bool {
    error.kind() == ErrorKind::IllegalArgument && error.server_exception().is_some()
}

/// Those of a refused call that were not added to and can be.
fn left(store: &CrashStore, counts: Vec<Count>) -> Result<Vec<Count>, Error> {
    let malformed = malformed(store, &counts)?;
    if adds_one_by_one(store) {
        let first = malformed.iter().position(|is_malformed| *is_malformed);
        // Where none is, it was taken away since then: where the call ended is unknown, and nothing is
        // counted twice.
        return Ok(first.map_or(Vec::new(), |first| counts[first + 1..].to_vec()));
    }
    let sound = counts.into_iter().zip(malformed).filter(|(_, is_malformed)| !is_malformed);
    Ok(sound.map(|(count, _)| count).collect())
}

fn malformed(store: &CrashStore, counts: &[Count]) -> Result<Vec<bool>, Error> {
    let rows = counts.iter().map(|count| count.row.as_str());
    let get = GetRows::new(rows).columns(counts.iter().map(|count| count.column.as_str()));
    let rows = store.table(layout::METRICS).get_rows(&get)?;
    let is_malformed = |(count, row): (&Count, &Option<Row>)| {
        let counters = row.as_ref().map(SubmissionCounters::of_row);
        counters.is_some_and(|counters| counters.is_unknown(&count.column))
    };
    Ok(counts.iter().zip(&rows).map(is_malformed).collect())
}
