//! Workers of a service: each claims one crash after the other, and survives whatever becomes of one.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use socorro_collector::ProcessingMetrics;
use socorro_hbase_client::{Claim, CrashStore, Queue, Worker};
use socorro_processor::{Processor, SymbolTally};

use crate::{
    args::Serve,
    commands::{
        process::{process_claim, processor},
        queue::choose,
    },
    failure::is_retryable,
    output,
    settings::Settings,
    stop,
    text::counted,
};

/// What workers need, before there is a store.
pub(super) struct Crew {
    count: usize,
    worker: Worker,
    lease: Duration,
    processor: Processor,
}

/// Workers at work.
pub(super) struct Workers {
    threads: Vec<JoinHandle<()>>,
    tally: Arc<Tally>,
}

#[derive(Default)]
struct Tally {
    processed: AtomicU64,
    postponed: AtomicU64,
}

struct Work {
    store: CrashStore,
    queue: Queue,
    worker: Worker,
    lease: Duration,
    processor: Processor,
    metrics: ProcessingMetrics,
    tally: Arc<Tally>,
    /// Held by all who work on a crash, and alone by one whose crash may have ended workers.
    turn: Arc<RwLock<()>>,
}

/// Between two looks at a queue in which nothing waits, or at a store that is away; it grows.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_ABSENCE: Duration = Duration::from_secs(30);

impl Crew {
    pub(super) fn new(arguments: &Serve, settings: &Settings) -> Result<Self> {
        let count = match arguments.workers {
            Some(count) => count.get(),
            None => thread::available_parallelism().map_or(1, Into::into),
        };
        let (worker, lease) = choose(arguments.claim.clone(), settings)?;
        let processor = processor(arguments.symbols.clone(), arguments.lists.clone(), settings)?;
        Ok(Self { count, worker, lease, processor })
    }

    pub(super) fn start(self, store: &CrashStore, metrics: &ProcessingMetrics) -> Result<Workers> {
        let tally = Arc::new(Tally::default());
        let turn = Arc::default();
        let mut threads = Vec::new();
        for number in 1..=self.count {
            let work = Work {
                store: store.clone(),
                queue: store.legacy_queue(),
                worker: self.worker.clone(),
                lease: self.lease,
                processor: self.processor.clone(),
                metrics: metrics.clone(),
                tally: Arc::clone(&tally),
                turn: Arc::clone(&turn),
            };
            let named = thread::Builder::new().name(format!("worker-{number}"));
            let started = named.spawn(move || work.run());
            threads.push(started.context("can't start a thread for a worker")?);
        }
        Ok(Workers { threads, tally })
    }
}

impl Workers {
    /// Waits until what is under way is finished, and says what was done.
    pub(super) fn stop(self) -> Result<()> {
        let mut broken = 0_u64;
        for thread in self.threads {
            broken += u64::from(thread.join().is_err());
        }
        let processed = self.tally.processed.load(Ordering::Relaxed);
        let postponed = self.tally.postponed.load(Ordering::Relaxed);
        output::say(&format!("{} processed, {postponed} postponed", counted(processed, "crash")));
        if broken > 0 {
            return Err(anyhow!("{} broke down", counted(broken, "thread")));
        }
        Ok(())
    }
}

impl Work {
    fn run(&self) {
        let mut pause = FIRST_PAUSE;
        while !stop::is_asked() {
            // A crash that makes a worker panic ends no other's processing: its claim runs out.
            let done = panic::catch_unwind(AssertUnwindSafe(|| self.on_entries()));
            let longest = match done {
                Ok(Ok(true)) => {
                    pause = FIRST_PAUSE;
                    continue;
                }
                Ok(Ok(false)) => LONGEST_PAUSE,
                Ok(Err(error)) => {
                    tracing::warn!(error = format!("{error:#}"), "the queue can't be worked on");
                    LONGEST_ABSENCE
                }
                Err(_) => {
                    tracing::error!("a worker broke down, and goes on");
                    LONGEST_ABSENCE
                }
            };
            stop::wait_for(pause);
            pause = (2 * pause).min(longest);
        }
    }

    /// Works on the queue once, oldest first; whether there was something to do.
    fn on_entries(&self) -> Result<bool> {
        let mut was_busy = false;
        // One claim at a time: a worker that stops has none that others would have to wait for.
        for entry in self.queue.entries()? {
            if stop::is_asked() {
                break;
            }
            let key = entry?.key;
            let with_others = self.turn.read().unwrap_or_else(PoisonError::into_inner);
            let Some(claim) = self.claim(&key)? else { continue };
            if claim.attempt() == 1 {
                was_busy |= self.on_claim(claim);
                continue;
            }
            // It may end this process, and with it the work on other crashes, which would be taken for its
            // cause. Who waits for the others has no claim: they may end it first.
            give_back(&claim);
            drop(with_others);
            let _alone = self.turn.write().unwrap_or_else(PoisonError::into_inner);
            if !stop::is_asked()
                && let Some(claim) = self.claim(&key)?
            {
                was_busy |= self.on_claim(claim);
            }
        }
        self.complain_of_entries();
        Ok(was_busy)
    }

    fn claim(&self, key: &[u8]) -> Result<Option<Claim>> {
        let claim = self.queue.claim_row(key, &self.worker, self.lease)?;
        self.complain_of_entries();
        Ok(claim)
    }

    /// Whether the crash was processed.
    fn on_claim(&self, mut claim: Claim) -> bool {
        let (id, began) = (claim.id().clone(), Instant::now());
        match process_claim(&self.store, &self.processor, &mut claim, self.lease) {
            Ok(processed) => {
                let (success, took) = (processed.is_success(), began.elapsed());
                self.metrics.processed(success, took);
                self.count(processed.symbols());
                self.tally.processed.fetch_add(1, Ordering::Relaxed);
                let signature = processed.crash().signature();
                tracing::info!(ooid = %id, success, signature, ?took, "crash processed");
                true
            }
            Err(error) => {
                self.metrics.postponed();
                self.tally.postponed.fetch_add(1, Ordering::Relaxed);
                let said = format!("{error:#}");
                tracing::warn!(ooid = %id, error = said, "a crash is processed later");
                if is_retryable(&error) {
                    give_back(&claim);
                }
                false
            }
        }
    }

    fn count(&self, symbols: SymbolTally) {
        for (result, times) in [
            ("found", symbols.found),
            ("missing", symbols.missing),
            ("corrupt", symbols.corrupt),
            ("failed_request", symbols.failed_requests),
        ] {
            self.metrics.symbols(result, times);
        }
    }

    fn complain_of_entries(&self) {
        for problem in self.queue.take_problems() {
            tracing::warn!(%problem, "an entry of the queue is skipped");
        }
    }
}

/// Gives a crash back, if need be as soon as there is a store again: else it would count as one that ended
/// its worker.
fn give_back(claim: &Claim) {
    let mut pause = FIRST_PAUSE;
    while let Err(error) = claim.release() {
        if stop::is_asked() || !error.is_retryable() {
            return;
        }
        stop::wait_for(pause);
        pause = (2 * pause).min(LONGEST_ABSENCE);
    }
}
