//! Adding to counters.
//!
//! A cell that isn't eight bytes long is no counter, and nothing can be added to it: the gateway adds to
//! one counter after the other, and ends the call there. That must end nothing else: the counters behind
//! it are added to in another call, and `check` names it.

use hbase_thrift_client::{Error, ErrorKind, GetRows, Increment, Outcome, Row};

use super::steps::Count;
use crate::{counters::SubmissionCounters, layout, store::CrashStore};

/// Why counters could not be added to.
pub(crate) struct Uncounted {
    pub(crate) error: Error,
    /// Whether none of them has moved, which is certain.
    pub(crate) is_certain: bool,
}

/// Adds to counters: one call, and two more for each that is none.
pub(crate) fn count(store: &CrashStore, counts: &[Count]) -> Result<(), Uncounted> {
    let result = store.table(layout::METRICS).increment_rows(&increments(counts));
    count_rest(store, counts, result)
}

/// One call's worth, in the order of the list.
pub(super) fn increments(counts: &[Count]) -> Vec<Increment> {
    let increment = |Count { row, column, amount }: &Count| {
        Increment::new(row.as_str(), column.as_str(), *amount)
    };
    counts.iter().map(increment).collect()
}

/// Goes on behind counters that are none, if that is how the call for this list ended.
pub(super) fn count_rest(
    store: &CrashStore,
    mut counts: &[Count],
    result: Result<(), Error>,
) -> Result<(), Uncounted> {
    let Err(mut error) = result else { return Ok(()) };
    // What came through before the table was gone is gone with it.
    let is_certain =
        error.outcome() == Outcome::NotApplied || error.kind() == ErrorKind::TableNotFound;
    while is_refused(&error) {
        match first_malformed(store, counts) {
            Ok(Some(place)) => counts = &counts[place + 1..],
            // It was taken away since then: where the call ended is unknown, and nothing is counted
            // twice.
            Ok(None) => return Ok(()),
            Err(_) => break,
        }
        if counts.is_empty() {
            return Ok(());
        }
        match store.table(layout::METRICS).increment_rows(&increments(counts)) {
            Ok(()) => return Ok(()),
            Err(next) => error = next,
        }
    }
    Err(Uncounted { error, is_certain })
}

fn is_refused(error: &Error) -> bool {
    error.kind() == ErrorKind::IllegalArgument && error.server_exception().is_some()
}

fn first_malformed(store: &CrashStore, counts: &[Count]) -> Result<Option<usize>, Error> {
    let rows = counts.iter().map(|count| count.row.as_str());
    let get = GetRows::new(rows).columns(counts.iter().map(|count| count.column.as_str()));
    let rows = store.table(layout::METRICS).get_rows(&get)?;
    let is_malformed = |(count, row): (&Count, &Option<Row>)| {
        let counters = row.as_ref().map(SubmissionCounters::of_row);
        counters.is_some_and(|counters| counters.is_unknown(&count.column))
    };
    Ok(counts.iter().zip(&rows).position(is_malformed))
}
