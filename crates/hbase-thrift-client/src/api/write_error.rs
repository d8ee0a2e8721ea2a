//! What a buffered writer could not write.

use std::error::Error as StdError;
use std::fmt;

use crate::error::{Error, Outcome};
use crate::proto::FailedRow;
use crate::request::Mutation;

/// Rows that were not, or may not have been, written.
///
/// It holds their mutations, in the order in which they have to be written again.
///
/// ```no_run
/// # use hbase_thrift_client::{Client, Mutation, Put, WriterOptions};
/// # let client = Client::connect("hbase://localhost")?;
/// let table = client.table("crashes");
/// let writer = table.writer(WriterOptions::new());
/// writer.write(Put::new("row1").column("f:a", "1"))?;
/// if let Err(error) = writer.flush() {
///     for failure in error.failures() {
///         eprintln!("{}: {}", failure.row().escape_ascii(), failure.error);
///     }
///     for mutation in error.into_mutations() {
///         writer.write(mutation)?;
///     }
/// }
/// writer.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WriteError {
    failures: Vec<RowFailure>,
}

/// What could not be written of a row, and why.
///
/// ```no_run
/// use std::io::Write;
/// use hbase_thrift_client::{Outcome, RowFailure};
///
/// /// Notes what is left to be done, and whether the first of it may have been done.
/// fn note(failure: &RowFailure, file: &mut impl Write) -> std::io::Result<()> {
///     let may_be_written = failure.error.outcome() == Outcome::Unknown;
///     let row = failure.row().escape_ascii();
///     writeln!(file, "{row} {may_be_written} {:?}", failure.mutations)
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct RowFailure {
    /// All that is left to be done to the row, in order: what failed, and what was given for the row
    /// after it, which was not sent.
    pub mutations: Vec<Mutation>,
    /// Why the first of them failed; [`Error::outcome`] says whether it may have been written, and
    /// those of the others that were sent in the same call.
    pub error: Error,
}

impl RowFailure {
    /// Returns the row's key.
    pub fn row(&self) -> &[u8] {
        self.mutations.first().map_or(&[], Mutation::get_row)
    }
}

impl WriteError {
    #[cold]
    pub(crate) fn of(failed: Vec<FailedRow>) -> Self {
        let failure = |FailedRow { mutations, error }| RowFailure { mutations, error };
        Self { failures: failed.into_iter().map(failure).collect() }
    }

    /// Returns the rows, each with what is left to be done to it.
    pub fn failures(&self) -> &[RowFailure] {
        &self.failures
    }

    /// As [`failures`](Self::failures), handed over.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::WriteError;
    /// fn first_cause(error: WriteError) -> Option<hbase_thrift_client::Error> {
    ///     error.into_failures().into_iter().next().map(|failure| failure.error)
    /// }
    /// ```
    pub fn into_failures(self) -> Vec<RowFailure> {
        self.failures
    }

    /// Returns all mutations, in the order in which they have to be written to a row, to be written
    /// again.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Mutation, WriteError};
    /// fn to_be_kept(error: WriteError) -> Vec<String> {
    ///     error.into_mutations().map(|mutation| format!("{mutation:?}")).collect()
    /// }
    /// ```
    pub fn into_mutations(self) -> impl Iterator<Item = Mutation> {
        self.failures.into_iter().flat_map(|failure| failure.mutations)
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown =
            self.failures.iter().filter(|f| f.error.outcome() == Outcome::Unknown).count();
        match self.failures.len() {
            1 => f.write_str("1 row was not written")?,
            rows => write!(f, "{rows} rows were not written")?,
        }
        if unknown > 0 {
            write!(f, " ({unknown} of them may have been)")?;
        }
        if let Some(first) = self.failures.first() {
            write!(f, "; the first is `{}`", first.row().escape_ascii())?;
        }
        Ok(())
    }
}

impl fmt::Debug for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteError({self}")?;
        if let Some(first) = self.failures.first() {
            write!(f, ": {:?}", first.error)?;
        }
        f.write_str(")")
    }
}

impl StdError for WriteError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.failures.first().map(|failure| &failure.error as &(dyn StdError + 'static))
    }
}
