//! Many puts and deletes in few calls, with what failed told row by row.
//!
//! How mutations are cut into calls is decided in `pending`, how a failed call is taken apart in
//! `send`.

mod pending;
mod send;

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::table::Table;
pub use pending::Mutation;
use pending::Pending;
pub use send::{RowFailure, WriteError};

/// When a [`BufferedWriter`] sends what it holds.
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

    /// Sends when so many puts and deletes are held; 1,000.
    pub fn max_mutations(mut self, mutations: usize) -> Self {
        self.mutations = mutations.max(1);
        self
    }

    /// Sends when so many bytes are held, as encoded; 1 MiB. A call never has more than the
    /// configuration's `max_request_size`.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes.max(1);
        self
    }

    /// Sends, from a thread of the writer's own, what is held for so long; one second.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.age = Some(age);
        self
    }

    /// Sends only by number and size, and when told to; without a thread.
    pub fn no_max_age(mut self) -> Self {
        self.age = None;
        self
    }
}

/// Gathers puts and deletes for one table and sends them in large calls.
///
/// What is done to a row is done in the order in which it was given. A call that fails is taken
/// apart until the rows that can't be written are found; the others are written. An error tells
/// every row that was not, or may not have been, with its mutations, so that nothing is lost. What
/// a thread of the writer's own could not send is told by the next call.
///
/// Dropping the writer sends what it still holds; since a drop can't answer, what fails then is
/// logged as an error. Use [`close`](Self::close) to know.
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
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    table: Table,
    options: WriterOptions,
    /// A call's limit.
    max_call_bytes: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    pending: Pending,
    oldest: Option<Instant>,
    /// What the thread could not send, for the next call to tell.
    failed: Option<WriteError>,
    closed: bool,
}

/// What a call has beside its mutations.
const CALL_OVERHEAD: usize = 4 * 1024;

impl BufferedWriter {
    pub(crate) fn new(table: Table, options: WriterOptions) -> Self {
        let limit = table.config().max_request_size().saturating_sub(CALL_OVERHEAD);
        let max_call_bytes = limit.min(options.bytes).max(1);
        let shared = Arc::new(Shared {
            table,
            options,
            max_call_bytes,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let thread = shared.options.age.and_then(|age| {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name("hbase-writer".to_owned());
            // Without a thread the writer still sends by number, size and at the end.
            thread.spawn(move || shared.send_when_due(age)).ok()
        });
        Self { shared, thread }
    }

    /// Takes a put or a delete; sends all that is held where that reaches a limit.
    ///
    /// # Errors
    ///
    /// Why rows could not be written, these or earlier ones; a mutation that is refused by itself is
    /// told at once and not kept.
    pub fn write(&self, mutation: impl Into<Mutation>) -> Result<(), WriteError> {
        let mutation = mutation.into();
        let max_cell_size = self.shared.table.config().max_cell_size();
        let checked = match &mutation {
            Mutation::Put(put) => put.check(max_cell_size),
            Mutation::Delete(delete) => delete.check(),
        };
        if let Err(error) = checked {
            return Err(WriteError::of(vec![mutation], &error));
        }
        let mut state = self.shared.lock();
        state.pending.push(mutation, self.shared.max_call_bytes);
        if state.oldest.is_none() {
            state.oldest = Some(Instant::now());
            self.shared.changed.notify_all();
        }
        let options = &self.shared.options;
        if state.pending.mutations() >= options.mutations || state.pending.bytes() >= options.bytes
        {
            self.shared.send(&mut state);
        }
        state.failed.take().map_or(Ok(()), Err)
    }

    /// Sends all that is held.
    ///
    /// # Errors
    ///
    /// Why rows could not be written.
    pub fn flush(&self) -> Result<(), WriteError> {
        let mut state = self.shared.lock();
        self.shared.send(&mut state);
        state.failed.take().map_or(Ok(()), Err)
    }

    /// Sends all that is held and ends the writer.
    ///
    /// # Errors
    ///
    /// Why rows could not be written.
    pub fn close(mut self) -> Result<(), WriteError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), WriteError> {
        let result = self.flush();
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer's thread panicked");
        }
        result
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends under the lock: who writes meanwhile waits, so that memory is bounded.
    fn send(&self, state: &mut State) {
        state.oldest = None;
        for segment in state.pending.take() {
            if let Err(error) = send::send(&self.table, segment.mutations) {
                match &mut state.failed {
                    Some(failed) => failed.append(error),
                    None => state.failed = Some(error),
                }
            }
        }
    }

    fn send_when_due(&self, age: Duration) {
        let mut state = self.lock();
        while !state.closed {
            let now = Instant::now();
            let wait = state.oldest.map(|oldest| (oldest + age).saturating_duration_since(now));
            state = match wait {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(wait) if wait.is_zero() => {
                    self.send(&mut state);
                    state
                }
                Some(wait) => {
                    let waited = self.changed.wait_timeout(state, wait);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
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
            .field("table", &self.shared.table)
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        error.into_first()
    }
}
