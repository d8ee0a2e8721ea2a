//! `submit`: one crash from two files, or all crashes of a folder or an archive.
//!
//! For choosing the ooid and for saying what to do when a submission stops halfway; in which order
//! it is written is left to the store, where many crashes come from to `input`.

use std::{
    fs::File,
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use anyhow::{Context, Result, bail};
use serde_json::json;
use socorro_hbase_client::{
    CrashStore, Dumps, Error, Ooid, QueueForProcessing, Stored, Submission,
};

use crate::{
    args::Submit,
    exit::WrongCommandLine,
    input::{self, Checked, Found, archive, folder::Folder},
    listing::Listing,
    output,
    progress::Progress,
    stop,
    store::Opened,
};

pub(super) fn submit(arguments: Submit) -> Result<()> {
    let queue = if arguments.no_queue { QueueForProcessing::No } else { QueueForProcessing::Yes };
    match (&arguments.source, &arguments.meta, &arguments.dump) {
        (Some(source), ..) => submit_many(source.clone(), queue, arguments),
        (None, Some(meta), Some(dump)) => {
            let (meta, dump) = (meta.clone(), dump.clone());
            submit_one(&meta, &dump, queue, arguments)
        }
        // The parser has seen to it.
        _ => Err(WrongCommandLine("name a SOURCE, or --meta and --dump".to_owned()).into()),
    }
}

const ONE: &[(&str, usize)] = &[("ooid", 0)];

fn submit_one(
    meta: &Path,
    dump: &Path,
    queue: QueueForProcessing,
    arguments: Submit,
) -> Result<()> {
    let (metadata, uuid) = input::read_metadata(meta)?;
    let bytes = input::read_dump(dump)?;
    let named = match arguments.ooid {
        Some(ooid) => Some(ooid),
        None => input::agreed_ooid(uuid.as_ref(), [meta, dump])?,
    };
    let ooid = match named {
        Some(ooid) => ooid,
        None => Ooid::generate(metadata.submitted().date())
            .context("can't make an ooid for the day of submitted_timestamp")?,
    };
    let store = Opened::open(arguments.place)?;
    if let Err(error) = store.put_raw_report(&ooid, &metadata, &bytes, queue) {
        let advice = advice(&error, &ooid);
        return Err(error).context(advice);
    }
    let shown = || -> Result<()> {
        if !arguments.json {
            return output::print_line(ooid.as_str());
        }
        let mut listing = Listing::new(ONE, true);
        listing.line([json!(ooid.as_str())])?;
        listing.finish()
    };
    shown().with_context(|| format!("crash {ooid} is stored, but its ooid can't be shown"))
}

fn advice(error: &Error, ooid: &Ooid) -> String {
    match error.stored() {
        Stored::AllButTheMark => "submitting it again would count it twice".to_owned(),
        _ => format!("to try again under the same ooid, add --ooid {ooid}"),
    }
}

/// How many crashes are submitted at a time: their round trips overlap.
const AT_ONCE: usize = 4;

const SUBMITTED: &[(&str, usize)] =
    &[("ooid", 36), ("was_there", 9), ("source", 0), ("problem", 0)];

fn submit_many(source: PathBuf, queue: QueueForProcessing, arguments: Submit) -> Result<()> {
    stop::on_signal()?;
    let shown = source.display().to_string();
    let input = Input::open(&source).with_context(|| format!("can't submit from {shown}"))?;
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
    let read = thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| work(&store, queue, &receiver, &report));
        }
        input.read(sender, &report)
    });
    let report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.conclude(read.with_context(|| format!("can't read all of {shown}")))
}

/// Where many crashes come from.
enum Input {
    Folder(Folder),
    Archive(Box<dyn io::Read>),
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

    /// Hands the crashes to the workers, until one of them or a signal ends it.
    fn read(self, workers: SyncSender<Found>, report: &Mutex<Report>) -> Result<()> {
        let each = |found| {
            if stop::is_asked() || lock(report).end.is_some() || workers.send(found).is_err() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
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
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(found) = next else { return };
        // What is read already, but not begun.
        if lock(report).end.is_some() {
            continue;
        }
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

    fn conclude(self, read: Result<()>) -> Result<()> {
        let Self { listing, progress, new, again, refused, end } = self;
        drop(progress);
        let listed = listing.finish();
        let done = format!("{new} crashes submitted, {again} were there before, {refused} refused");
        let unless = |what: &'static str| format!("{done}; {what}");
        if let Some(error) = end {
            let advice = "the same command goes on: what is there isn't submitted twice";
            return Err(error).context(unless(advice));
        }
        stop::check(|| unless("the same command goes on"))?;
        read.with_context(|| done.clone())?;
        listed?;
        output::say(&done);
        if refused > 0 {
            bail!("{refused} crashes were refused; the list says why");
        }
        Ok(())
    }
}

/// Whether the next crash would fare no better: all but what HBase refuses of this one.
fn is_of_hbase(error: &anyhow::Error) -> bool {
    let hbase = error.downcast_ref::<Error>().and_then(Error::hbase);
    hbase.is_some_and(|error| error.kind() != hbase_thrift_client::ErrorKind::IllegalArgument)
}
