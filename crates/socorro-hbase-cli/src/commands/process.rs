//! `process`: a worker that claims crashes and processes them.
//!
//! For one crash after the other, each acknowledged when its result is stored: whatever stops the
//! worker, no crash is lost. What is made of a dump is left to `socorro-processor`.

use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;
use socorro_hbase_client::{Claim, CrashId, CrashStore, ErrorKind, Queue, Worker};
use socorro_processor::{Limits, Processed, Processor, RawCrash, SymbolSources};

use super::{
    queue::{Absent, choose, named},
    signature::lists_of,
};
use crate::{
    args::{Common, Process, SignatureLists, Symbols, word},
    failure::{NotFound, TryLater, WrongCommandLine, is_retryable},
    listing::Listing,
    output,
    progress::Progress,
    settings::Settings,
    stop,
    store::Opened,
    text::counted,
};

const PROCESSED: &[(&str, usize)] = &[("ooid", 36), ("success", 7), ("signature", 0)];

/// How long a worker that watches sleeps when nothing waits.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn process(arguments: Process, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let Process { ooids, which, claim, watch, limit, symbols, lists } = arguments;
    let settings = Settings::load(common.config.clone())?;
    let (worker, lease) = choose(claim, &settings)?;
    let processor = processor(symbols, lists, &settings)?;
    let is_queue = ooids.is_empty();
    let (store, crashes) = Opened::open_for(&settings, common, ooids)?;
    let queue = named(&store, which.queue);
    let progress = if watch || !is_queue {
        Progress::counting("processing")
    } else {
        Progress::of("processing", || queue.count_entries())?
    };
    let work = Work {
        store: &store,
        processor,
        queue,
        worker,
        lease,
        limit: limit.unwrap_or(u64::MAX),
        progress,
    };
    let listing = Listing::new(PROCESSED, common.json).line_by_line().report();
    let mut done = Done {
        listing,
        processed: 0,
        failed: 0,
        will_fail_again: false,
        absent: Absent::default(),
        claimed: Absent::default(),
    };
    let outcome =
        if is_queue { work.on_queue(watch, &mut done) } else { work.on_these(crashes, &mut done) };
    drop(work);
    let Done { listing, processed, failed, will_fail_again, absent, claimed } = done;
    listing.finish()?;
    let summary = format!("{} processed, {failed} failed", counted(processed, "crash"));
    outcome.with_context(|| summary.clone())?;
    if !watch {
        stop::check(|| format!("{summary}; the rest still waits"))?;
    }
    output::say(&summary);
    if failed > 0 {
        let message =
            "a crash that failed comes back into the queue, at the latest when its claim runs out";
        if will_fail_again {
            bail!(message);
        }
        return Err(TryLater(message.to_owned()).into());
    }
    absent.check(|ids| NotFound(format!("there is no crash {ids}")))?;
    claimed.check(|ids| TryLater(format!("other workers have claimed {ids}")))
}

/// A processor with the symbols and lists that options and settings name.
pub(super) fn processor(
    symbols: Symbols,
    lists: SignatureLists,
    settings: &Settings,
) -> Result<Processor> {
    let lists = lists_of(lists, settings)?;
    let urls = settings.symbols_url(symbols.symbols_url)?.value;
    let mut sources = SymbolSources::from_folders(settings.symbols(symbols.symbols)?.value);
    if !urls.is_empty() {
        let cache = dirs::cache_dir().context("the user has no folder for caches")?;
        sources = sources.with_servers(urls, cache.join("socorro-hbase/symbols"));
    }
    let processor = Processor::new(sources, Limits::default())
        .map_err(|error| WrongCommandLine(format!("{:#}", anyhow::Error::from(error))))?;
    Ok(match lists {
        Some(lists) => processor.with_lists(lists),
        None => processor,
    })
}

struct Done {
    listing: Listing,
    processed: u64,
    failed: u64,
    /// Whether one failed that has no chance to succeed later.
    will_fail_again: bool,
    absent: Absent,
    claimed: Absent,
}

struct Work<'a> {
    store: &'a CrashStore,
    processor: Processor,
    queue: Queue,
    worker: Worker,
    lease: Duration,
    limit: u64,
    progress: Progress,
}

impl Work<'_> {
    /// Works until nothing waits; if it is to watch, until a signal comes.
    fn on_queue(&self, watch: bool, done: &mut Done) -> Result<()> {
        loop {
            self.on_entries(done)?;
            if !watch || self.is_over(done) {
                return Ok(());
            }
            stop::wait_for(PAUSE);
        }
    }

    fn is_over(&self, done: &Done) -> bool {
        stop::is_asked() || done.processed + done.failed >= self.limit
    }

    fn on_entries(&self, done: &mut Done) -> Result<()> {
        // One claim at a time: a worker that stops has none that others would have to wait for.
        for entry in self.queue.entries()? {
            if self.is_over(done) {
                break;
            }
            let claim = self.queue.claim_row(&entry?.key, &self.worker, self.lease)?;
            self.complain_of_entries();
            if let Some(claim) = claim {
                self.on_claim(claim, done)?;
            }
        }
        self.complain_of_entries();
        Ok(())
    }

    /// Works on crashes out of their turn, whether they are in the queue or not.
    fn on_these(
        &self,
        crashes: impl Iterator<Item = Result<CrashId>>,
        done: &mut Done,
    ) -> Result<()> {
        for id in crashes {
            let id = id?;
            if stop::is_asked() {
                break;
            }
            match self.queue.claim_by_priority(&id, &self.worker, self.lease) {
                Ok(Some(claim)) => self.on_claim(claim, done)?,
                Ok(None) => done.claimed.add(&id),
                Err(error) if error.kind() == ErrorKind::NoSuchCrash => done.absent.add(&id),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn on_claim(&self, mut claim: Claim, done: &mut Done) -> Result<()> {
        let id = claim.id().clone();
        match process_claim(self.store, &self.processor, &mut claim, self.lease) {
            Ok(processed) => {
                done.processed += 1;
                let signature = processed.crash().signature();
                let line = [json!(word(&id)), json!(processed.is_success()), json!(signature)];
                done.listing.line_beside(line)?;
            }
            Err(error) => {
                done.failed += 1;
                if is_retryable(&error) {
                    // It is the store's failure. If it can't even be said, it counts as the crash's.
                    let _ = claim.release();
                } else {
                    done.will_fail_again = true;
                }
                output::complain(&format!("crash {id} isn't processed: {error:#}"));
            }
        }
        self.progress.one_more();
        Ok(())
    }

    /// Of each that is wrong once, however often the queue is read.
    fn complain_of_entries(&self) {
        for problem in self.queue.take_problems() {
            output::complain(&format!("{problem}; skipped"));
        }
    }
}

/// How many workers a crash may end before it is given up.
const ATTEMPTS: u32 = 3;

/// Processes a claimed crash and stores the result; a crash that ended its workers is stored as one that
/// can't be processed, and leaves the queue too.
///
/// The claim is renewed meanwhile: several large dumps take longer than it holds.
pub(super) fn process_claim(
    store: &CrashStore,
    processor: &Processor,
    claim: &mut Claim,
    lease: Duration,
) -> Result<Processed> {
    let processed = match claim.attempt() {
        attempt @ ..=ATTEMPTS => {
            if attempt > 1 {
                let (id, before) = (claim.id(), attempt - 1);
                tracing::warn!(%id, before, "others began to process a crash and didn't end");
            }
            work_on(store, processor, claim, lease)?
        }
        attempt => give_up(store, processor, claim.id(), attempt - 1)?,
    };
    claim.complete(processed.crash())?;
    Ok(processed)
}

/// Makes a result of as little of a crash as there has to be.
fn give_up(
    store: &CrashStore,
    processor: &Processor,
    id: &CrashId,
    attempts: u32,
) -> Result<Processed> {
    let mut raw = RawCrash::new(id);
    // Where that ends the worker too, it may be the metadata.
    if attempts == ATTEMPTS
        && let Some(metadata) = store.get_metadata_bytes(id)?
    {
        raw = raw.with_metadata(metadata);
    }
    tracing::error!(%id, attempts, "a crash is given up");
    let note = format!(
        "the crash is given up: {attempts} attempts to process it ended with their workers, or with \
         an error"
    );
    Ok(processor.give_up(&raw, &note)?)
}

fn work_on(
    store: &CrashStore,
    processor: &Processor,
    claim: &mut Claim,
    lease: Duration,
) -> Result<Processed> {
    let id = claim.id();
    let mut raw = RawCrash::new(id).with_dumps(store.get_dumps(id)?);
    if let Some(metadata) = store.get_metadata_bytes(id)? {
        raw = raw.with_metadata(metadata);
    }
    let processed = thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        let working = scope.spawn(move || {
            // Dropped at the end, also by a panic.
            let _done = done;
            processor.process(&raw)
        });
        keep(claim, lease, &is_done);
        working.join()
    });
    Ok(processed.map_err(|_| anyhow!("the processor broke down"))??)
}

/// Renews a claim until its crash is done. A supervisor that has asked the program to stop may not wait for that:
/// from then on the crash isn't taken for one that ends its workers.
fn keep(claim: &mut Claim, lease: Duration, is_done: &Receiver<()>) {
    let pause = (lease / 3).max(Duration::from_secs(1));
    let (mut renewed, mut is_stopping) = (Instant::now(), false);
    while is_done.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        let stops_now = stop::is_asked() && !is_stopping;
        if !stops_now && renewed.elapsed() < pause {
            continue;
        }
        (renewed, is_stopping) = (Instant::now(), is_stopping || stops_now);
        let kept =
            if is_stopping { claim.renew_without_attempt(lease) } else { claim.renew(lease) };
        if let Err(error) = kept {
            tracing::warn!(id = %claim.id(), %error, "a claim can't be renewed");
        }
    }
}

/// How soon it is noticed that the program shall stop.
const LOOK: Duration = Duration::from_millis(100);
