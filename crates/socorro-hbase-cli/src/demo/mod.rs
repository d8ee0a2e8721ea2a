//! `demo`: crashes of a process of its own, from the crash to the developer who looks at it.
//!
//! For showing what the program is for, with the commands that do the same by hand: each is run as
//! it is shown, through the command line's own parser.

mod child;
mod kind;
mod metadata;
mod minidump;
mod symbols;

pub(crate) use child::crash;

use std::{
    env, fs,
    path::{Path, PathBuf},
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
    ooid: Ooid,
    meta: PathBuf,
    dump: PathBuf,
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

    say("\n3. A collector submits metadata and minidump; the ooid comes back.")?;
    for crash in &crashes {
        shell.run(&["submit", "--meta", shown(&crash.meta)?, "--dump", shown(&crash.dump)?])?;
    }

    say("\n4. They wait in the queue.")?;
    shell.run(&["queue", "stats"])?;
    say(
        "\n5. A processor claims them, walks their stacks, stores what it found, acknowledges them.",
    )?;
    let symbols = shell.folder.join("symbols");
    let ooids = crashes.iter().map(|crash| crash.ooid.as_str());
    let process: Vec<_> =
        ["process", "--symbols", shown(&symbols)?].into_iter().chain(ooids).collect();
    shell.run(&process)?;

    say("\n6. What a developer asks. Which crashes are there, and which are frequent?")?;
    let first_day = (OffsetDateTime::now_utc() - Duration::hours(26)).date().to_string();
    shell.run(&["crashes", "--from", &first_day])?;
    shell.run(&["signatures", "--from", &first_day])?;
    shell.show(&crashes[1], &crashes[4])?;

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
    common: Common,
    /// The options that name the store, for people: without a password.
    place: Vec<String>,
}

impl Shell {
    fn new(common: &Common) -> Result<Self> {
        let data = dirs::data_local_dir().unwrap_or_else(env::temp_dir);
        let folder = data.join("socorro-hbase-demo");
        fs::create_dir_all(&folder)
            .with_context(|| format!("can't make the folder {}", folder.display()))?;
        let mut common = common.clone();
        let place = match (&common.server, common.store.take()) {
            (Some(server), None) => {
                let config: Config = server
                    .parse()
                    .with_context(|| WrongCommandLine("--server is no server's URL".to_owned()))?;
                ["--server".to_owned(), config.to_string()]
            }
            (None, store) => {
                let store = store.unwrap_or_else(|| folder.join("store"));
                let place = ["--store".to_owned(), shown(&store)?.to_owned()];
                common.store = Some(store);
                place
            }
            (Some(_), Some(_)) => {
                let message = "--server cannot be used with --store".to_owned();
                return Err(WrongCommandLine(message).into());
            }
        };
        Ok(Self { folder, common, place: place.into() })
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
            // Over two days, for a developer to see a difference; a hang's halves come together.
            let hours = if kind.is_hang() { 26 } else { 5 * number };
            let submitted = now - Duration::hours(hours);
            let ooid = Ooid::generate(submitted.date())?;
            let fields = metadata::of(kind, &ooid, submitted, hang.as_str());
            let file = |extension: &str| self.folder.join(format!("{ooid}.{extension}"));
            let crash = Crash { kind, ooid, meta: file("json"), dump: file("dump") };
            output::write_file(&crash.meta, Value::Object(fields).to_string().as_bytes())?;
            output::write_file(&crash.dump, &dump)?;
            crashes.push(crash);
        }
        Ok(crashes)
    }

    /// A crash with its stack, the crashes like it, and a hang's other half.
    fn show(&self, crash: &Crash, hang: &Crash) -> Result<()> {
        say(&format!(
            "\n7. One of them: {}. All that is stored of it, its stack, those like it.",
            crash.kind.story()
        ))?;
        self.run(&["show", crash.ooid.as_str()])?;
        let read = || -> Result<_> {
            let store = Opened::open(&self.common)?;
            let processed = store.get_processed(crash.ooid)?.unwrap_or_default();
            Ok((processed, store.get_metadata(hang.ooid)?.unwrap_or_default()))
        };
        let (processed, hang) = read()?;
        let words = ["get", "processed", crash.ooid.as_str()].map(str::to_owned);
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
