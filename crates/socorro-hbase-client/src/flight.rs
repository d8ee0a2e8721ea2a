//! What the endpoints do with flights and their results.
//!
//! For the few things that a flight can't do by itself: naming what failed, and repeating a
//! check-and-put that does no harm.

use hbase_thrift_client::{CheckAndPut, Error, ErrorKind, Landed, Table};

/// The first error of a flight's results, with the tables of all that failed.
///
/// `tables` has the table of each result that wasn't taken, in their order.
pub(crate) fn failed_tables(
    landed: Landed,
    tables: &[&'static str],
) -> Option<(Error, Vec<&'static str>)> {
    let mut first = None;
    let mut failed = Vec::new();
    for (result, table) in landed.into_results().zip(tables) {
        if let Err(error) = result {
            if !failed.contains(table) {
                failed.push(*table);
            }
            first.get_or_insert(error);
        }
    }
    first.map(|error| (error, failed))
}

/// Repeats a check-and-put whose reply was lost, or that failed for the moment.
///
/// The generic client never repeats one, since its answer would be another the second time. One that
/// puts a cell where there is none may be: all that counts is that the cell is there.
pub(crate) fn put_if_absent(
    table: &Table,
    check: &CheckAndPut,
    mut error: Error,
) -> hbase_thrift_client::Result<()> {
    const ATTEMPTS: usize = 3;
    for _ in 0..ATTEMPTS {
        if !may_heal(&error) {
            break;
        }
        match table.check_and_put(check) {
            Ok(_) => return Ok(()),
            Err(again) => error = again,
        }
    }
    Err(error)
}

/// Whether time can heal an error, whatever became of the call.
pub(crate) fn may_heal(error: &Error) -> bool {
    error.is_retryable()
        || matches!(
            error.kind(),
            ErrorKind::Connect
                | ErrorKind::PoolTimeout
                | ErrorKind::Timeout
                | ErrorKind::ConnectionLost
                | ErrorKind::RegionTooBusy
                | ErrorKind::CallQueueTooBig
                | ErrorKind::NotServing
        )
}
