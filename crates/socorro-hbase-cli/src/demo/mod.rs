//! `demo`: crashes of a process of its own, from the crash to the developer who looks at it.
//!
//! For showing what the program is for, with the commands that do the same by hand: each is run as
//! it is shown, through the command line's own parser.

mod child;
mod collector;
mod kind;
mod metadata;
mod minidump;
mod symbols;

pub(crate) use child::crash;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command as Process,
};

use anyhow::{Context, Result};
use clap::Parser;
use hbase_thrift_client::Config;
use serde_json::Value;
use socorro_hbase_client::{
    Ooid,
    time::{Duration, OffsetDateTime},
};
use socorro_processor::{Limits, Processor, RawCrash, SymbolSources};

use self::collector::{Collector, Report};
use crate::{
    args::{Cli, Command, Common, Misbehaviour as Kind},
    commands,
    failure::WrongCommandLine,
    output,
    store::Opened,
    text::printable,
};

/// One crash of the demo, before it is submitted.
struct Crash {
    kind: Kind,
    report: Report,
}

/// Some crash more often than others.
const CRASHES: [Kind; 6] = [
    Kind::Overflow,
    Kind::Abort,
    Kind::Overflow,
    Kind::PluginAbort,
    Kind::BrowserHang,
    Kind::PluginHang,
];

pub(crate) fn demo(common: &Common) -> Result<()> {
    let shell = Shell::new(common)?;
    say("Six crashes, from the crash to the developer who looks at it.")?;

    say("\n1. The tables. A store of the program's own has them from the start.")?;
    shell.run(&["schema", "create"])?;

    say("\n2. A child process crashes, for real, or hangs; its minidump is taken.")?;
    let crashes = shell.crash()?;

    say("\n3. A collector receives what crash reporters post; each gets its crash's ooid.")?;
    let ooids = shell.collect(&crashes)?;

    say("\n4. They wait in the queue.")?;
    shell.run(&["queue", "stats"])?;
    say(
        "\n5. A processor claims them, walks their stacks, stores what it found, acknowledges them.",
    )?;
    let symbols = shell.folder.join("symbols");
    let process = ["process", "--symbols", shown(&symbols)?].into_iter();
    shell.run(&process.chain(ooids.iter().map(Ooid::as_str)).collect::<Vec<_>>())?;

    say("\n6. What a developer asks. Which crashes are there, and which are frequent?")?;
    // Midnight may have come meanwhile.
    let first_day = (OffsetDateTime::now_utc() - Duration::minutes(30)).date().to_string();
    shell.run(&["crashes", "--from", &first_day])?;
    shell.run(&["signatures", "--from", &first_day])?;
    shell.show(&crashes[1], ooids[1], ooids[4])?;

    say("\n8. How much was submitted each day? Does anything wait? Does all of it agree?")?;
    shell.run(&["metrics", "--by", "day", "--from", &first_day])?;
    shell.run(&["queue", "stats"])?;
    shell.run(&["check", "--settled-for", "0s", "--from", &first_day])?;
    let place = quoted(&shell.place);
    say(&format!(
        "\nThe crashes stay, for trying these commands, with {place} each. `socorro-hbase help` lists \
         all of them."
    ))
}

/// Where the demo's commands run: with its options for the store, and a folder for its files.
struct Shell {
    folder: PathBuf,
    store: Store,
    common: Common,
    /// The options that name the store, for people: without a password.
    place: Vec<String>,
}

/// The store of the demo's commands, for a process of its own.
enum Store {
    Server(String),
    Embedded(PathBuf),
}

impl Store {
    /// Names it to a process: a server in its environment, where no other user of the machine sees a
    /// password.
    fn name_to(&self, command: &mut Process) {
        match self {
            Self::Server(url) => {
                command.env_remove("SOCORRO_HBASE_STORE").env("SOCORRO_HBASE_SERVER", url)
            }
            Self::Embedded(folder) => command.arg("--store").arg(folder),
        };
    }
}

impl Shell {
    fn new(common: &Common) -> Result<Self> {
        let data = dirs::data_local_dir().unwrap_or_else(env::temp_dir);
        let folder = data.join("socorro-hbase-demo");
        fs::create_dir_all(&folder)
            .with_context(|| format!("can't make the folder {}", folder.display()))?;
        let mut common = common.clone();
        let (store, place) = match (&common.server, common.store.take()) {
            (Some(server), None) => {
                let config: Config = server
                    .parse()
                    .with_context(|| WrongCommandLine("--server is no server's URL".to_owned()))?;
                (Store::Server(server.clone()), ["--server".to_owned(), config.to_string()])
            }
            (None, store) => {
                let store = store.unwrap_or_else(|| folder.join("store"));
                let place = ["--store".to_owned(), shown(&store)?.to_owned()];
                common.store = Some(store.clone());
                (Store::Embedded(store), place)
            }
            (Some(_), Some(_)) => {
                let message = "--server cannot be used with --store".to_owned();
                return Err(WrongCommandLine(message).into());
            }
        };
        Ok(Self { folder, store, common, place: place.into() })
    }

    /// Shows a command and runs it.
    fn run(&self, command: &[&str]) -> Result<()> {
        let words: Vec<_> = command.iter().map(|word| (*word).to_owned()).collect();
        self.announce(&words, "")?;
        let line = Cli::try_parse_from(std::iter::once("socorro-hbase".to_owned()).chain(words))?;
        match line.command {
            Command::Task(task) => commands::run(task, &self.common),
            Command::Demo | Command::DemoCrash { .. } => Ok(()),
        }
    }

    /// A command in a process of its own.
    fn process(&self, words: &[String]) -> Result<Process> {
        let mut process = Process::new(env::current_exe().context("this program can't be found")?);
        process.args(words);
        self.store.name_to(&mut process);
        if let Some(config) = &self.common.config {
            process.arg("--config").arg(config);
        }
        Ok(process)
    }

    fn announce(&self, command: &[String], pipe: &str) -> Result<()> {
        let words: Vec<_> = command.iter().chain(&self.place).cloned().collect();
        say(&format!("$ socorro-hbase {}{pipe}", quoted(&words)))
    }

    fn crash(&self) -> Result<Vec<Crash>> {
        let now = OffsetDateTime::now_utc();
        let hang = Ooid::generate(now.date())?;
        let mut crashes = Vec::new();
        for (number, kind) in (0..).zip(CRASHES) {
            let dump = minidump::take(kind)?;
            say(&format!("  {}: a minidump of {} KiB", kind.story(), dump.len() / 1024))?;
            if number == 0 {
                symbols::write(&self.folder.join("symbols"), &walk(&dump)?)?;
            }
            let dump_file = self.folder.join(format!("{number}.dmp"));
            output::write_file(&dump_file, &dump)?;
            let fields = metadata::of(kind, now.unix_timestamp(), hang.as_str());
            crashes.push(Crash { kind, report: Report { fields, dump: dump_file } });
        }
        Ok(crashes)
    }

    /// Posts the crashes to a collector, which is stopped then; returns their names.
    fn collect(&self, crashes: &[Crash]) -> Result<Vec<Ooid>> {
        let mut words = ["serve", "--listen", "127.0.0.1:0", "--no-workers", "--quiet"]
            .map(str::to_owned)
            .to_vec();
        if matches!(self.store, Store::Server(_)) {
            words.extend(["--spool".to_owned(), shown(&self.folder.join("spool"))?.to_owned()]);
        }
        self.announce(&words, " &")?;
        let collector = Collector::start(self.process(&words)?)?;
        say(collector.url())?;
        let mut ooids = Vec::new();
        for Crash { report, .. } in crashes {
            say(&format!("$ {}", quoted(&collector.curl(report)?)))?;
            let ooid = collector.post(report)?;
            say(&format!("CrashID=bp-{ooid}"))?;
            ooids.push(ooid);
        }
        say("$ kill %1")?;
        collector.stop()?;
        Ok(ooids)
    }

    /// A crash with its stack, the crashes like it, and a hang's other half.
    fn show(&self, crash: &Crash, ooid: Ooid, hang: Ooid) -> Result<()> {
        say(&format!(
            "\n7. One of them: {}. All that is stored of it, its stack, those like it.",
            crash.kind.story()
        ))?;
        self.run(&["show", ooid.as_str()])?;
        let read = || -> Result<_> {
            let store = Opened::open(&self.common)?;
            let processed = store.get_processed(ooid)?.unwrap_or_default();
            Ok((processed, store.get_metadata(hang)?.unwrap_or_default()))
        };
        let (processed, hang) = read()?;
        let words = ["get", "processed", ooid.as_str()].map(str::to_owned);
        self.announce(&words, " | jq -r '.json_dump.crashing_thread.frames[].function' | head")?;
        let frames = processed["json_dump"]["crashing_thread"]["frames"].as_array();
        for frame in frames.into_iter().flatten().take(10) {
            say(&printable(frame["function"].as_str().unwrap_or("null")))?;
        }
        let text =
            |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
        self.run(&["crashes", "--signature", &text(&processed, "signature")])?;
        say("   The two halves of the hang:")?;
        self.run(&["crashes", "--hang", &text(&hang, "HangID")])
    }
}

/// What a processor makes of a dump without symbols.
fn walk(dump: &[u8]) -> Result<Value> {
    let processor = Processor::new(SymbolSources::default(), Limits::default())?;
    let ooid = Ooid::generate(OffsetDateTime::now_utc().date())?;
    let raw = RawCrash::new(ooid).with_dump("upload_file_minidump".parse()?, dump.to_vec());
    let processed: Value = serde_json::from_slice(processor.process(&raw)?.crash().json())?;
    Ok(processed["json_dump"].clone())
}

fn say(text: &str) -> Result<()> {
    output::print_line(text)
}

fn shown(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} can't be shown as text", path.display()))
}

/// Words as a shell takes them.
fn quoted(words: &[String]) -> String {
    let plain = |word: &String| {
        !word.is_empty()
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:,=@".contains(c))
    };
    let quote = |word: &String| {
        if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', r"'\''")) }
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}
