//! Makes writes durable before they are acknowledged.
//!
//! Writers that arrive while the disk is busy share the next flush (group commit).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use fjall::{Database, OwnedWriteBatch, PersistMode};

use super::error::cause;
use super::{Error, Result};

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, however sudden; not a power cut. What HBase itself promises by
    /// default.
    #[default]
    Process,
    /// A power cut too: the disk is flushed before a write is acknowledged.
    PowerCut,
}

/// The way of a batch to the journal.
pub(crate) struct Commits {
    durability: Durability,
    /// How many batches have been committed.
    committed: AtomicU64,
    /// How many of them are known to be on the disk.
    flushed: Mutex<u64>,
    /// Why the first write failed that did.
    failure: OnceLock<String>,
}

impl Commits {
    pub(crate) fn new(durability: Durability) -> Self {
        Self {
            durability,
            committed: AtomicU64::new(0),
            flushed: Mutex::new(0),
            failure: OnceLock::new(),
        }
    }

    /// Writes a batch, all or nothing, and says up to which commit [`Self::wait`] has to wait.
    pub(crate) fn commit(&self, batch: OwnedWriteBatch) -> Result<u64> {
        let committed = match self.durability {
            // Handed to the operating system before anybody may see it.
            Durability::Process => batch.durability(Some(PersistMode::Buffer)).commit(),
            Durability::PowerCut => batch.commit(),
        };
        committed.map_err(|error| self.explain(&error))?;
        Ok(self.committed.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// Waits until a commit survives what it has to.
    pub(crate) fn wait(&self, database: &Database, commit: u64) -> Result<()> {
        if self.durability == Durability::Process {
            return Ok(());
        }
        let mut flushed = self.flushed.lock().unwrap_or_else(PoisonError::into_inner);
        if *flushed < commit {
            let covered = self.committed.load(Ordering::SeqCst);
            database.persist(PersistMode::SyncData).map_err(|error| self.explain(&error))?;
            *flushed = covered;
        }
        Ok(())
    }

    /// Every write after one that failed is refused; it is told why the first one failed.
    fn explain(&self, error: &fjall::Error) -> Error {
        Error::Unwritable(match error {
            fjall::Error::Poisoned => {
                self.failure.get().map_or("an earlier write failed", String::as_str).to_owned()
            }
            first => self.failure.get_or_init(|| cause(first)).clone(),
        })
    }
}
