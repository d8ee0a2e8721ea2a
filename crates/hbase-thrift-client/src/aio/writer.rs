//! Many puts and deletes in few calls, with what failed reported row by row.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::api::{WriteError, WriterOptions};
use crate::drive::{Executor, WriteDriver};
use crate::request::Mutation;

/// Gathers puts and deletes for one table and sends them in large calls, as [`crate::BufferedWriter`].
///
/// What is held for [`WriterOptions::max_age`] is sent by a task of the writer's own, which is spawned in the
/// runtime that the writer is made in.
///
/// A [`write`](Self::write) or [`flush`](Self::flush) that is dropped while it sends hands back what was under way
/// with the next call, as unknown, and leaves the rest to the next flush. What is unknown may still be carried out
/// later, as with [`Table::put`](crate::Table::put).
///
/// [`close`](Self::close) the writer to know what became of everything. What one that is dropped still holds is
/// sent by a task; what fails then is logged as an error, and outside of a runtime all of it is.
///
/// ```no_run
/// # use hbase_thrift_client::{Put, WriterOptions, aio::Client};
/// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let writer = client.table("crashes").writer(WriterOptions::new());
/// for number in 0..100_000 {
///     writer.write(Put::new(format!("row{number}")).column("f:n", number.to_string())).await?;
/// }
/// writer.flush().await?;
/// writer.close().await?;
/// # Ok(())
/// # }
/// ```
pub struct BufferedWriter {
    driver: Arc<WriteDriver>,
    table: Vec<u8>,
    options: WriterOptions,
}

impl BufferedWriter {
    pub(super) fn new(executor: Executor, table: Vec<u8>, options: WriterOptions) -> Self {
        let driver = WriteDriver::new(executor, table.clone(), options.get_max_bytes());
        let driver = Arc::new(driver);
        if let Some(age) = options.get_max_age()
            // Without a task the writer still sends by number and size, and when it is flushed.
            && let Ok(runtime) = Handle::try_current()
        {
            let driver = Arc::clone(&driver);
            runtime.spawn(async move { driver.send_when_due(age).await });
        }
        Self { driver, table, options }
    }

    /// Takes a put or a delete; sends all that is held if that reaches a limit.
    ///
    /// # Errors
    ///
    /// Which rows could not be written, this one or earlier ones. A mutation that is refused by itself
    /// is returned at once and not kept.
    pub async fn write(&self, mutation: impl Into<Mutation>) -> Result<(), WriteError> {
        let (mutations, bytes) = (self.options.get_max_mutations(), self.options.get_max_bytes());
        let is_full = move |held, size| held >= mutations || size >= bytes;
        let written = match self.driver.push(&mutation.into(), is_full) {
            Some(written) => written,
            None => self.driver.flush().await,
        };
        written.map_err(WriteError::of)
    }

    /// Sends all that is held.
    ///
    /// # Errors
    ///
    /// Which rows could not be written.
    pub async fn flush(&self) -> Result<(), WriteError> {
        self.driver.flush().await.map_err(WriteError::of)
    }

    /// Sends all that is held and ends the writer.
    ///
    /// # Errors
    ///
    /// Which rows could not be written.
    pub async fn close(self) -> Result<(), WriteError> {
        self.flush().await
    }
}

impl Drop for BufferedWriter {
    fn drop(&mut self) {
        self.driver.end();
        let held = self.driver.held();
        if held == 0 {
            return;
        }
        let (driver, unsent) = (Arc::clone(&self.driver), Unsent(held));
        let send = async move {
            let sent = driver.flush().await;
            unsent.are_sent();
            if let Err(failed) = sent {
                tracing::error!(rows = failed.len(), "rows were lost with a writer");
            }
        };
        // Without a runtime, or in one that ends, what is unsent is dropped, and says so.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(send);
        }
    }
}

/// How many mutations are lost if this is dropped.
struct Unsent(usize);

impl Unsent {
    fn are_sent(mut self) {
        self.0 = 0;
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        if self.0 > 0 {
            tracing::error!(mutations = self.0, "rows were lost with a writer");
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
