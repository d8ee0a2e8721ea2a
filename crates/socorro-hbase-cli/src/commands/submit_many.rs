//! `submit SOURCE`: all crashes of a folder or an archive, several at a time.
//!
//! For going on where one crash is refused, and ending where all others would fare no better. Where
//! the crashes come from is left to `input`.

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
use serde_json::json;
use socorro_hbase_client::{
    CrashStore, Dumps, Error, Ooid, QueueForProcessing, Stored, Submission,
};

use crate::{
    args::Submit,
    input::{Checked, Found, archive, folder::Folder},
    listing::Listing,
    output,
    progress::Progress,
    stop,
    store::Opened,
};

/// How many crashes are submitted at a time: their round trips overlap.
const AT_ONCE: usize = 4;

const SUBMITTED: &[(&str, usize)] =
    &[("ooid", 36), ("was_there", 9), ("source", 0), ("problem", 0)];

/// How long a worker waits for a crash before it looks whether the work is to end.
const PATIENCE: Duration = Duration::from_millis(100);

pub(super) fn submit_many(
    source: &Path,
    queue: QueueForProcessing,
    arguments: Submit,
) -> Result<()> {
    stop::on_signal()?;
    let shown = source.display().to_string();
    let input = Input::open(source).with_context(|| format!("can't submit from {shown}"))?;
    let progress = match &input {
        Input::Folder(folder) => {
            Progress::of("submitting", || Ok::<_, anyhow::Error>(folder.count()))?
        }
        Input::Archive(_) => Progress::counting("submitting"),
    };
    let store = Opened::open(arguments.place)?;
    let listing = Listing::new(SUBMITTED, arguments.json).report();
    let report = Mutex::new(Report { listing, progress, new: 0, again: 0, refused: 0, end: None });
    let (sender, receiver) = sync_channel(AT_ONCE);
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
        return report.conclude(None);
    }
    let read = reader.join().unwrap_or_else(|_| Err(anyhow!("the reader panicked")));
    report.conclude(Some(read.with_context(|| format!("can't read all of {shown}"))))
}

/// Where many crashes come from.
enum Input {
    Folder(Folder),
    Archive(Box<dyn io::Read + Send>),
}

impl Input {
    fn open(source: &Path) -> Result<Self> {
        if source == Path::new("-") {
            return Ok(Self::Archive(Box::new(io::stdin())));
        }
        if source.is_dir() {
            return Ok(Self::Folder(Folder::open(source)?));
        }
        Ok(Self::Archive(Box::new(File::open(source)?)))
    }

    /// Hands the crashes to the workers, until none of them wants more.
    fn read(self, workers: &SyncSender<Found>) -> Result<()> {
        let each = |found| match workers.send(found) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        match self {
            Self::Folder(folder) => folder.read(each),
            Self::Archive(from) => archive::read(from, each),
        }
    }
}

/// What became of the crashes.
struct Report {
    listing: Listing,
    progress: Progress,
    new: u64,
    again: u64,
    refused: u64,
    /// Why no more are submitted.
    end: Option<anyhow::Error>,
}

fn work(
    store: &CrashStore,
    queue: QueueForProcessing,
    waiting: &Mutex<Receiver<Found>>,
    report: &Mutex<Report>,
) {
    loop {
        // What is read already, but not begun, is left.
        if stop::is_asked() || lock(report).end.is_some() {
            return;
        }
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(PATIENCE);
        let found = match next {
            Ok(found) => found,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let name = found.name.clone();
        let result = found.check().and_then(|crash| put(store, &crash, queue));
        lock(report).add(&name, result);
    }
}

fn put(
    store: &CrashStore,
    crash: &Checked,
    queue: QueueForProcessing,
) -> Result<(Ooid, Submission)> {
    let mut dumps = Dumps::new(&crash.dump);
    for (name, dump) in &crash.further {
        dumps = dumps.with(name.clone(), dump);
    }
    let submission = store.put_raw_report(&crash.ooid, &crash.metadata, dumps, queue)?;
    Ok((crash.ooid, submission))
}

fn lock(report: &Mutex<Report>) -> MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Report {
    fn add(&mut self, name: &str, result: Result<(Ooid, Submission)>) {
        self.progress.one_more();
        let line = match result {
            Ok((ooid, submission)) => {
                let was_there = submission == Submission::Repeated;
                *(if was_there { &mut self.again } else { &mut self.new }) += 1;
                [json!(ooid.as_str()), json!(was_there), json!(name), json!(null)]
            }
            Err(error) if is_of_hbase(&error) => {
                let error = error.context(format!("can't submit {name}"));
                self.end.get_or_insert(error);
                return;
            }
            Err(error) => {
                self.refused += 1;
                [json!(null), json!(null), json!(name), json!(format!("{error:#}"))]
            }
        };
        if let Err(error) = self.listing.line_beside(&self.progress, line) {
            self.end.get_or_insert(error);
        }
    }

    /// `read` is how the reading ended; nothing where it was given up.
    fn conclude(self, read: Option<Result<()>>) -> Result<()> {
        let Self { listing, progress, new, again, refused, end } = self;
        drop(progress);
        let listed = listing.finish();
        let done = format!("{new} crashes submitted, {again} were there before, {refused} refused");
        if let Some(error) = end {
            let advice = advice(&error);
            return Err(error).context(format!("{done}; {advice}"));
        }
        stop::check(|| format!("{done}; {GO_ON}"))?;
        read.transpose().with_context(|| done.clone())?;
        listed?;
        output::say(&done);
        if refused > 0 {
            bail!("{refused} crashes were refused; the list says why");
        }
        Ok(())
    }
}

const GO_ON: &str = "the same command goes on: what is there isn't submitted twice";

fn advice(error: &anyhow::Error) -> &'static str {
    match error.downcast_ref::<Error>().map(Error::stored) {
        Some(Stored::AllButTheMark) => {
            "`socorro-hbase check --repair` first: the same command would count the last crash twice"
        }
        _ => GO_ON,
    }
}

/// Whether the next crash would fare no better: all but what HBase refuses of this one.
fn is_of_hbase(error: &anyhow::Error) -> bool {
    let hbase = error.downcast_ref::<Error>().and_then(Error::hbase);
    hbase.is_some_and(|error| error.kind() != hbase_thrift_client::ErrorKind::IllegalArgument)
}
