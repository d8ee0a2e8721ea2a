//! What the threads of a keeper share, and how a group of crashes is kept.

use std::{
    sync::{Condvar, Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use tokio::sync::oneshot;

use super::store::{self, Store};
use crate::{
    crash::Crash,
    memory::Share,
    refusal::Refusal,
    spool::{Spool, SpoolError},
};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) spool: Option<Spool>,
    pub(super) woken: Wake,
    pub(super) is_stopping: AtomicBool,
}

/// A crash that somebody waits for.
pub(super) struct Job {
    pub(super) crash: Crash,
    pub(super) reply: oneshot::Sender<Result<Kept, Refusal>>,
    /// Its memory, for as long as it is here.
    pub(super) _share: Share,
}

/// Where a crash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    Stored,
    Spooled,
}

/// Bytes of one group, unless it is one crash.
pub(super) const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Wakes the thread that empties the spool.
#[derive(Debug, Default)]
pub(super) struct Wake {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Wake {
    pub(super) fn wake(&self) {
        *self.woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    pub(super) fn wait(&self, time: Duration) {
        let woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(woken, time, |woken| !*woken);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

impl Shared {
    pub(super) fn keep(&self, group: Vec<Job>) {
        // While it is away, its time-out would be waited for by every group.
        if self.spool.is_some() && self.store.is_away() {
            return group.into_iter().for_each(|job| self.keep_in_spool(job));
        }
        let crashes: Vec<&Crash> = group.iter().map(|job| &job.crash).collect();
        let results = self.store.put(&crashes);
        for (job, result) in group.into_iter().zip(results) {
            match result {
                store::Put::Done => reply(job, Ok(Kept::Stored)),
                store::Put::Refused(refusal) => reply(job, Err(refusal)),
                // Whether it is there is unknown; stored again under its name, it will be there once.
                store::Put::Failed => self.keep_in_spool(job),
            }
        }
    }

    fn keep_in_spool(&self, job: Job) {
        let Some(spool) = &self.spool else { return reply(job, Err(Refusal::NoRoom)) };
        // What the store can't take, must not be acknowledged because it is away.
        if let Some(refusal) = self.store.refusal(&job.crash) {
            return reply(job, Err(refusal));
        }
        let result = match spool.add(&job.crash) {
            Ok(()) => {
                self.woken.wake();
                Ok(Kept::Spooled)
            }
            Err(error @ SpoolError::Full { .. }) => {
                tracing::warn!(%error, "a crash was refused");
                Err(Refusal::NoRoom)
            }
            Err(error) => {
                tracing::error!(%error, "a crash was refused");
                Err(Refusal::NoRoom)
            }
        };
        reply(job, result);
    }
}

/// A client that didn't wait comes again; the crash is kept all the same.
fn reply(job: Job, result: Result<Kept, Refusal>) {
    let _ = job.reply.send(result);
}
