//! `submit SOURCE`: all crashes of a folder or an archive, several at a time.
//!
//! For going on if one crash is refused, and ending if all others would fare no better. What the files
//! mean is left to the library.

use std::{
    fs::File,
    io,
    ops::ControlFlow,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use socorro_hbase_client::{
    CrashFolder, CrashId, CrashStore, Error, FoundCrash, QueueForProcessing, Submission,
    read_archive,
};

use crate::{
    args::{Common, is_standard, word},
    failure::NotFound,
    listing::Listing,
    output,
    progress::Progress,
    stop,
    store::Opened,
    text::counted,
};

/// How many batches are submitted at a time: their round trips overlap.
const AT_ONCE: usize = 4;
/// Crashes that are submitted in the round trips of one: no more, and no more bytes.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 4 << 20;

const SUBMITTED: &[(&str, usize)] =
    &[("ooid", 36), ("was_there", 9), ("source", 0), ("problem", 0)];

/// How long a worker waits for a batch before it looks whether the work is to end.
const PATIENCE: Duration = Duration::from_millis(100);

pub(super) fn submit_many(source: &Path, queue: QueueForProcessing, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let shown = source.display().to_string();
    let input = Input::open(source).with_context(|| format!("can't submit from {shown}"))?;
    let progress = match &input {
        Input::Folder(folder) => Progress::of("submitting", || folder.count())?,
        Input::Archive(_) => Progress::counting("submitting"),
    };
    let store = Opened::open(common)?;
    let listing = Listing::new(SUBMITTED, common.json).report();
    let report = Mutex::new(Report {
        listing,
        progress,
        new: 0,
        again: 0,
        refused: 0,
        failed: 0,
        end: None,
    });
    let (sender, receiver) = sync_channel(1);
    let receiver = Mutex::new(receiver);
    let reader = thread::spawn(move || input.read(&sender));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| work(&store, queue, &receiver, &report));
        }
    });
    // Ends the reader, unless it waits for a pipe.
    drop(receiver);
    let report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !reader.is_finished() && (report.end.is_some() || stop::is_asked()) {
        return report.conclude(&shown, None);
    }
    let read = reader.join().unwrap_or_else(|_| Err(anyhow!("the reader panicked")));
    report.conclude(&shown, Some(read.with_context(|| format!("can't read all of {shown}"))))
}

/// Where many crashes come from.
enum Input {
    Folder(CrashFolder),
    Archive(Box<dyn io::Read + Send>),
}

impl Input {
    fn open(source: &Path) -> Result<Self> {
        if is_standard(source) {
            return Ok(Self::Archive(Box::new(io::stdin())));
        }
        if source.is_dir() {
            return Ok(Self::Folder(CrashFolder::open(source)?));
        }
        Ok(Self::Archive(Box::new(File::open(source)?)))
    }

    /// Hands the crashes to the workers, until none of them wants more.
    fn read(self, workers: &SyncSender<Vec<FoundCrash>>) -> Result<()> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        let each = |found: FoundCrash| {
            bytes += found.bytes;
            batch.push(found);
            if batch.len() < BATCH && bytes < BATCH_BYTES {
                return ControlFlow::Continue(());
            }
            bytes = 0;
            match workers.send(std::mem::take(&mut batch)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        };
        let read = match self {
            Self::Folder(folder) => folder.read(each),
            Self::Archive(from) => read_archive(from, each),
        };
        // What was whole before the end is submitted. Nobody is there any more if that is unwanted.
        let _ = workers.send(batch);
        Ok(read?)
    }
}

/// What became of the crashes.
struct Report {
    listing: Listing,
    progress: Progress,
    new: u64,
    again: u64,
    refused: u64,
    failed: u64,
    /// Why no more are submitted.
    end: Option<anyhow::Error>,
}

fn work(
    store: &CrashStore,
    queue: QueueForProcessing,
    waiting: &Mutex<Receiver<Vec<FoundCrash>>>,
    report: &Mutex<Report>,
) {
    loop {
        // What is read already, but not begun, is left.
        if stop::is_asked() || lock(report).end.is_some() {
            return;
        }
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE);
        match next {
            Ok(batch) => import(store, queue, batch, report),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Submits a batch, and reports each of its crashes.
fn import(
    store: &CrashStore,
    queue: QueueForProcessing,
    batch: Vec<FoundCrash>,
    report: &Mutex<Report>,
) {
    let (mut names, mut crashes) = (Vec::new(), Vec::new());
    for found in batch {
        let name = found.name.clone();
        match found.check() {
            Ok(crash) => {
                names.push(name);
                crashes.push(crash);
            }
            Err(error) => lock(report).add_problem(&name, error),
        }
    }
    if crashes.is_empty() {
        return;
    }
    match store.import(&crashes, queue) {
        Ok(results) => {
            for ((name, crash), result) in names.iter().zip(&crashes).zip(results) {
                match result {
                    Ok(submission) => lock(report).add(name, crash.id(), submission),
                    Err(error) => lock(report).add_problem(name, error),
                }
            }
        }
        Err(error) => {
            let mut report = lock(report);
            let problem = format!("{:#}", anyhow!("{error}"));
            for name in &names {
                report.add_failed(name, &problem);
            }
            report.end.get_or_insert_with(|| error.into());
        }
    }
}

fn lock(report: &Mutex<Report>) -> MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Report {
    fn add(&mut self, name: &str, id: &CrashId, submission: Submission) {
        let was_there = submission == Submission::Repeated;
        *(if was_there { &mut self.again } else { &mut self.new }) += 1;
        self.line([json!(word(id)), json!(was_there), json!(name), json!(null)]);
    }

    fn add_problem(&mut self, name: &str, error: Error) {
        let is_of_hbase = is_of_hbase(&error);
        let error = anyhow::Error::new(error);
        let problem = format!("{error:#}");
        if is_of_hbase {
            self.add_failed(name, &problem);
            self.end.get_or_insert_with(|| error.context(format!("can't submit {name}")));
        } else {
            self.refused += 1;
            self.line([json!(null), json!(null), json!(name), json!(problem)]);
        }
    }

    /// One of which it isn't known whether it is stored.
    fn add_failed(&mut self, name: &str, problem: &str) {
        self.failed += 1;
        self.line([json!(null), json!(null), json!(name), json!(problem)]);
    }

    fn line(&mut self, line: [Value; 4]) {
        self.progress.one_more();
        if let Err(error) = self.listing.line_beside(line) {
            self.end.get_or_insert(error);
        }
    }

    /// `read` is how the reading ended; `None` if it was given up.
    fn conclude(self, shown: &str, read: Option<Result<()>>) -> Result<()> {
        let Self { listing, progress, new, again, refused, failed, end } = self;
        drop(progress);
        let listed = listing.finish();
        let submitted = counted(new, "crash");
        let mut done = format!("{submitted} submitted, {again} there before, {refused} refused");
        if failed > 0 {
            done = format!("{done}, {failed} failed");
        }
        if let Some(error) = end {
            return Err(error).context(format!("{done}; {GO_ON}"));
        }
        stop::check(|| format!("{done}; {GO_ON}"))?;
        read.transpose().with_context(|| done.clone())?;
        listed?;
        if new + again + refused == 0 {
            let message = format!(
                "there is no crash in {shown}: each is NAME.json with NAME.dump, or NAME.dmp with \
                 NAME.extra or NAME.meta"
            );
            return Err(NotFound(message).into());
        }
        output::say(&done);
        if refused > 0 {
            bail!("{} refused; the list says why", counted(refused, "crash"));
        }
        Ok(())
    }
}

const GO_ON: &str = "the same command goes on: what is there isn't submitted twice";

/// Whether the next crash would fare no better: unless HBase refuses this one.
fn is_of_hbase(error: &Error) -> bool {
    let is_own = |error: &hbase_thrift_client::Error| {
        error.kind() == hbase_thrift_client::ErrorKind::IllegalArgument
    };
    error.hbase().is_some_and(|error| !is_own(error))
}
