//! Keeps crashes: in the store, several at once, or in the spool while the store is away. A crash is
//! acknowledged when it is durable in one of them, and not before.

mod drain;
mod shared;
mod store;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use socorro_hbase_client::CrashStore;
use tokio::sync::{mpsc, oneshot};

pub(crate) use self::shared::Kept;
use self::{
    drain::Pace,
    shared::{Job, MOST_BYTES, Shared},
    store::Store,
};
use crate::{crash::Crash, memory::Share, metrics::Metrics, refusal::Refusal, spool::Spool};

/// The threads that talk to the store, which blocks.
#[derive(Debug)]
pub(crate) struct Keeper {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    shared: Arc<Shared>,
}

/// Groups under way at the store.
const WRITERS: usize = 2;
/// Crashes of one group.
const MOST_CRASHES: usize = 64;
/// Crashes that wait for a writer; their requests wait then.
const QUEUE: usize = 1024;

impl Keeper {
    pub(crate) fn start(store: CrashStore, spool: Option<Spool>, metrics: Arc<Metrics>) -> Self {
        Self::start_with(store, spool, metrics, Pace::default())
    }

    fn start_with(
        store: CrashStore,
        spool: Option<Spool>,
        metrics: Arc<Metrics>,
        pace: Pace,
    ) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared {
            store: Store::new(store, metrics),
            spool,
            woken: shared::Wake::default(),
            is_stopping: AtomicBool::new(false),
        });
        let queue = Arc::new(Mutex::new(queue));
        let mut threads = Vec::new();
        for _ in 0..WRITERS {
            let (shared, queue) = (Arc::clone(&shared), Arc::clone(&queue));
            threads.push(thread::spawn(move || {
                while let Some(group) = next_group(&queue) {
                    shared.keep(group);
                }
            }));
        }
        if shared.spool.is_some() {
            let shared = Arc::clone(&shared);
            threads.push(thread::spawn(move || drain::empty_spool(&shared, pace)));
        }
        Self { jobs: Mutex::new(Some(jobs)), threads: Mutex::new(threads), shared }
    }

    /// Keeps a crash; returns when it is durable.
    pub(crate) async fn keep(&self, crash: Crash, share: Share) -> Result<Kept, Refusal> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (reply, kept) = oneshot::channel();
        let job = Job { crash, reply, _share: share };
        let Some(jobs) = jobs else { return Err(Refusal::NoRoom) };
        if jobs.send(job).await.is_err() {
            return Err(Refusal::NoRoom);
        }
        kept.await.unwrap_or(Err(Refusal::NoRoom))
    }

    pub(crate) fn spool(&self) -> Option<&Spool> {
        self.shared.spool.as_ref()
    }

    /// Why crashes are not stored at present, if they aren't.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.shared.store.trouble()
    }

    /// Asks the store whether it is there; blocks.
    pub(crate) fn probe(&self) -> Result<(), String> {
        self.shared.store.probe()
    }

    /// Keeps what was taken, takes nothing more; returns when all threads have ended.
    pub(crate) fn stop(&self) {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.shared.is_stopping.store(true, Ordering::Relaxed);
        self.shared.woken.wake();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the collector ended by a panic");
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits for a crash, and takes those with it that are there too.
fn next_group(queue: &Mutex<mpsc::Receiver<Job>>) -> Option<Vec<Job>> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let mut group = vec![queue.blocking_recv()?];
    let mut bytes = group[0].crash.size();
    while group.len() < MOST_CRASHES && bytes < MOST_BYTES {
        let Ok(job) = queue.try_recv() else { break };
        bytes += job.crash.size();
        group.push(job);
    }
    Some(group)
}
