//! Many puts and deletes in few calls, with what failed reported row by row.

use std::fmt;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::write_error::WriteError;
use crate::config::Config;
use crate::drive::{Executor, WriteDriver};
use crate::request::Mutation;
use crate::sync::blocking;

/// When a [`BufferedWriter`] sends what it holds.
///
/// ```
/// use std::time::Duration;
/// use hbase_thrift_client::WriterOptions;
///
/// let options = WriterOptions::new().max_mutations(5_000).max_bytes(4 << 20);
/// assert_eq!((options.get_max_mutations(), options.get_max_bytes()), (5_000, 4 << 20));
/// assert_eq!(options.get_max_age(), Some(Duration::from_secs(1)));
///
/// let soon = WriterOptions::new().max_age(Duration::from_millis(50));
/// let never = WriterOptions::new().no_max_age();
/// assert_eq!((soon.get_max_age(), never.get_max_age()), (Some(Duration::from_millis(50)), None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterOptions {
    mutations: usize,
    bytes: usize,
    age: Option<Duration>,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl WriterOptions {
    /// 1,000 mutations, 1 MiB, one second; whichever comes first.
    pub fn new() -> Self {
        Self { mutations: 1_000, bytes: 1024 * 1024, age: Some(Duration::from_secs(1)) }
    }

    /// Sends when this many puts and deletes are held; 1,000.
    pub fn max_mutations(mut self, mutations: usize) -> Self {
        self.mutations = mutations.max(1);
        self
    }

    /// Sends when this many bytes are held, as encoded; 1 MiB. A call never has more than the
    /// configuration's `max_request_size`.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes.max(1);
        self
    }

    /// Sends, from a thread of the writer's own, what is held for this long; one second.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.age = Some(age.min(Config::MAX_TIMEOUT));
        self
    }

    /// Sends only by number and size, and on [`flush`](BufferedWriter::flush); without a thread.
    pub fn no_max_age(mut self) -> Self {
        self.age = None;
        self
    }

    /// Returns how many puts and deletes are held at most.
    pub fn get_max_mutations(&self) -> usize {
        self.mutations
    }

    /// Returns how many bytes are held at most.
    pub fn get_max_bytes(&self) -> usize {
        self.bytes
    }

    /// Returns for how long anything is held.
    pub fn get_max_age(&self) -> Option<Duration> {
        self.age
    }
}

/// Gathers puts and deletes for one table and sends them in large calls.
///
/// What is done to a row takes effect in the order in which it was given. A put that follows a delete
/// of its row is sent 2 ms later, because HBase's delete hides puts of its own millisecond. Several
/// puts of one cell may get the same millisecond and then leave one version, the last; where all
/// versions have to be kept, give them timestamps.
///
/// A call that fails because of a row is taken apart until that row is found; the others are written.
/// After a row failed, what comes for it later is not sent but handed back with it: writing again
/// what an error holds, in its order, gives the state that was meant. A flush takes at most one
/// operation time-out, after which what is left is handed back too. What the writer's own thread
/// could not send is reported by the next call.
///
/// What is handed back as [`Unknown`](crate::Outcome::Unknown), or was sent again after its connection was
/// lost, may still be carried out later by the gateway that has it, and then hides or deletes what was
/// written in between, as with [`Table::put`](crate::Table::put);
/// [`Config::client_timestamps`](crate::Config::client_timestamps) rules that out.
///
/// Threads may share a writer. One of them sends at a time, for all, and what could not be written is
/// reported to one of them, whichever thread gave it; so only one should write to a row.
///
/// Dropping the writer sends what it still holds; since a drop can't return an error, what fails then
/// is logged as one. Use [`close`](Self::close) to know.
///
/// ```no_run
/// # use hbase_thrift_client::{Client, Config, Put, WriterOptions};
/// # let client = Client::connect(Config::new("localhost", 9090))?;
/// let table = client.table("crashes");
/// let writer = table.writer(WriterOptions::new());
/// for number in 0..100_000 {
///     writer.write(Put::new(format!("row{number}")).column("f:n", number.to_string()))?;
/// }
/// writer.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BufferedWriter {
    driver: Arc<WriteDriver>,
    table: Vec<u8>,
    options: WriterOptions,
    thread: Option<JoinHandle<()>>,
}

impl BufferedWriter {
    pub(crate) fn new(executor: Executor, table: Vec<u8>, options: WriterOptions) -> Self {
        let driver = WriteDriver::new(executor, table.clone(), options.bytes);
        let driver = Arc::new(driver);
        let thread = options.age.and_then(|age| {
            let driver = Arc::clone(&driver);
            let thread = thread::Builder::new().name("hbase-writer".to_owned());
            // Without a thread the writer still sends by number, size and at the end.
            thread.spawn(move || blocking(driver.send_when_due(age))).ok()
        });
        Self { driver, table, options, thread }
    }

    /// Takes a put or a delete; sends all that is held if that reaches a limit.
    ///
    /// # Errors
    ///
    /// Which rows could not be written, this one or earlier ones. A mutation that is refused by itself
    /// is returned at once and not kept.
    pub fn write(&self, mutation: impl Into<Mutation>) -> Result<(), WriteError> {
        let WriterOptions { mutations, bytes, .. } = self.options;
        let is_full = move |held, size| held >= mutations || size >= bytes;
        let written = self.driver.push(&mutation.into(), is_full);
        written.unwrap_or_else(|| blocking(self.driver.flush())).map_err(WriteError::of)
    }

    /// Sends all that is held.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Put, WriterOptions};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let writer = client.table("crashes").writer(WriterOptions::new());
    /// writer.write(Put::new("row1").column("f:a", "1"))?;
    /// // From here on every reader sees the row.
    /// writer.flush()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Which rows could not be written.
    pub fn flush(&self) -> Result<(), WriteError> {
        blocking(self.driver.flush()).map_err(WriteError::of)
    }

    /// Sends all that is held and ends the writer.
    ///
    /// # Errors
    ///
    /// Which rows could not be written.
    pub fn close(mut self) -> Result<(), WriteError> {
        self.end()
    }

    #[cfg(test)]
    pub(crate) fn driver(&self) -> &WriteDriver {
        &self.driver
    }

    fn end(&mut self) -> Result<(), WriteError> {
        let result = self.flush();
        self.driver.end();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer's thread panicked");
        }
        result
    }
}

impl Drop for BufferedWriter {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::error!(%error, rows = error.failures().len(), "rows were lost with a writer");
        }
    }
}

impl fmt::Debug for BufferedWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferedWriter")
            .field("table", &self.table.escape_ascii().to_string())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
