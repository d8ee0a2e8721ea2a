//! Makes writes durable before they are acknowledged.

use std::sync::OnceLock;

use fjall::{Database, OwnedWriteBatch, PersistMode};

use super::group::Group;
use crate::model::error::cause;
use crate::model::{Error, Result};

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
    group: Group,
    /// Why the first write failed that did.
    failure: OnceLock<String>,
}

impl Commits {
    pub(crate) fn new(durability: Durability) -> Self {
        Self { durability, group: Group::default(), failure: OnceLock::new() }
    }

    /// Writes a batch, all or nothing, and says up to which commit [`Self::wait`] has to wait.
    pub(crate) fn commit(&self, batch: OwnedWriteBatch) -> Result<u64> {
        let written = self.group.commit(|| match self.durability {
            // Handed to the operating system before anybody may see it.
            Durability::Process => batch.durability(Some(PersistMode::Buffer)).commit(),
            Durability::PowerCut => batch.commit(),
        });
        written.map_err(|error| self.explain(&error))
    }

    /// Fails if the store can't be written any more.
    pub(crate) fn check(&self, database: &Database) -> Result<()> {
        database.persist(PersistMode::Buffer).map_err(|error| self.explain(&error))
    }

    /// Waits until a commit survives what it has to.
    pub(crate) fn wait(&self, database: &Database, commit: u64) -> Result<()> {
        if self.durability == Durability::Process {
            return Ok(());
        }
        let flush = || database.persist(PersistMode::SyncData);
        self.group.wait(commit, flush).map_err(|error| self.explain(&error))
    }

    /// Returns how often the disk was flushed for a write that waited.
    pub(crate) fn flushes(&self) -> u64 {
        self.group.flushes()
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
