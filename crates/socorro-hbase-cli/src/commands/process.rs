//! `process`: a worker that takes crashes from a queue and processes them.
//!
//! For one crash after the other, each acknowledged when its result is stored: whatever stops the
//! worker, no crash is lost.

use std::{thread, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::json;
use socorro_hbase_client::{Claim, CrashStore};

use super::queue::named;
use crate::{
    args::Process, listing::Listing, output, processor::Processor, progress::Progress, stop,
    store::Opened,
};

const PROCESSED: &[(&str, usize)] = &[("ooid", 36), ("signature", 0)];

/// How long a worker that watches sleeps when nothing waits.
const PAUSE: Duration = Duration::from_secs(1);

struct Done {
    processed: u64,
    failed: u64,
}

pub(super) fn process(arguments: Process) -> Result<()> {
    stop::on_signal()?;
    let watch = arguments.watch;
    let json = arguments.reading.json;
    let settings = arguments.reading.place.settings()?;
    let (taker, lease) = arguments.claim.choose(&settings)?;
    let symbols = settings.symbols(arguments.symbols.symbols)?.value;
    let store = Opened::with(&settings, arguments.reading.place)?;
    let queue = named(&store, arguments.which.queue);
    let progress = if watch {
        Progress::counting("processing")
    } else {
        Progress::of("processing", || queue.count_entries())?
    };
    let worker = Worker {
        store: &store,
        processor: Processor::new(symbols),
        queue,
        taker,
        lease,
        limit: arguments.limit.unwrap_or(u64::MAX),
        progress,
    };
    let mut listing = Listing::new(PROCESSED, json).line_by_line().report();
    let mut done = Done { processed: 0, failed: 0 };
    loop {
        worker.work(&mut listing, &mut done)?;
        if !watch || worker.is_over(&done) {
            break;
        }
        thread::sleep(PAUSE);
    }
    drop(worker);
    listing.finish()?;
    let summary = format!("{} crashes processed, {} failed", done.processed, done.failed);
    if !watch {
        stop::check(|| format!("{summary}; those that wait are left"))?;
    }
    output::say(&summary);
    if done.failed > 0 {
        bail!("what failed comes back into the queue when its claim runs out");
    }
    Ok(())
}

struct Worker<'a> {
    store: &'a CrashStore,
    processor: Processor,
    queue: socorro_hbase_client::Queue,
    taker: socorro_hbase_client::Taker,
    lease: Duration,
    limit: u64,
    progress: Progress,
}

impl Worker<'_> {
    fn is_over(&self, done: &Done) -> bool {
        stop::is_asked() || done.processed + done.failed >= self.limit
    }

    /// Works until nothing waits.
    fn work(&self, listing: &mut Listing, done: &mut Done) -> Result<()> {
        // One claim at a time: a worker that stops has none that others would have to wait for.
        for entry in self.queue.entries()? {
            if self.is_over(done) {
                break;
            }
            let ooid = entry?.ooid;
            let Some(claim) = self.queue.claim_crash(&ooid, &self.taker, self.lease)? else {
                continue;
            };
            match self.process(claim) {
                Ok(signature) => {
                    done.processed += 1;
                    let line = [json!(ooid.as_str()), json!(signature)];
                    listing.line_beside(&self.progress, line)?;
                }
                Err(error) => {
                    done.failed += 1;
                    self.progress.say(&format!("crash {ooid} isn't processed: {error:#}"));
                }
            }
            self.progress.one_more();
        }
        Ok(())
    }

    fn process(&self, claim: Claim) -> Result<String> {
        let ooid = *claim.ooid();
        let report = self.store.get_raw_report(&ooid)?.context("the crash is gone")?;
        let metadata = report.metadata()?;
        let (_, dump) = report.into_parts();
        let processed = self.processor.process(&ooid, &metadata, dump)?;
        self.store.put_processed(&ooid, &processed)?;
        claim.acknowledge()?;
        Ok(processed.signature().to_owned())
    }
}
