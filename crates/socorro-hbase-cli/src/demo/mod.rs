//! `demo`: crashes of a process of its own, from the crash to the developer who looks at it.
//!
//! For showing what the program is for, with the commands that do the same by hand: each is run as
//! it is shown, through the command line's own parser.

mod child;
mod metadata;
mod minidump;
mod symbols;

pub(crate) use child::crash;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use serde_json::Value;
use socorro_hbase_client::{
    Ooid,
    time::{Duration, OffsetDateTime},
};

use crate::{
    args::{Cli, Place},
    commands, output,
    processor::Processor,
    store::Opened,
};

/// How the child process misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Overflow,
    Abort,
    PluginAbort,
    BrowserHang,
    PluginHang,
}

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

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Overflow => "overflow",
            Self::Abort => "abort",
            Self::PluginAbort => "plugin-abort",
            Self::BrowserHang => "browser-hang",
            Self::PluginHang => "plugin-hang",
        }
    }

    fn story(self) -> &'static str {
        match self {
            Self::Overflow => "the browser overflows its stack",
            Self::Abort => "the browser aborts",
            Self::PluginAbort => "a plugin's process aborts",
            Self::BrowserHang => "the browser waits for a plugin that hangs",
            Self::PluginHang => "the plugin that hangs",
        }
    }

    fn thread(self) -> &'static str {
        if self.is_plugin() { "Plugin" } else { "Browser" }
    }

    fn is_hang(self) -> bool {
        matches!(self, Self::BrowserHang | Self::PluginHang)
    }

    fn is_plugin(self) -> bool {
        matches!(self, Self::PluginAbort | Self::PluginHang)
    }
}

pub(crate) fn demo(place: Place) -> Result<()> {
    let shell = Shell::new()?;
    say("Six crashes, from the crash to the developer who looks at it.")?;

    say("\n1. The twelve tables. A store of the program's own has them from the start.")?;
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
        "\n5. A processor takes them, walks their stacks, stores what it found, acknowledges them.",
    )?;
    shell.run(&["process", "--symbols", shown(&shell.folder.join("symbols"))?])?;

    say("\n6. What a developer asks. Which crashes are there, and which are frequent?")?;
    let first_day = (OffsetDateTime::now_utc() - Duration::hours(26)).date().to_string();
    shell.run(&["crashes", "--from", &first_day])?;
    shell.run(&["signatures", "--from", &first_day])?;
    shell.show(&crashes[1], &crashes[4], place)?;

    say("\n8. How much was submitted each day? Does anything wait? Does all of it agree?")?;
    shell.run(&["metrics", "--by", "day", "--from", &first_day])?;
    shell.run(&["queue", "stats"])?;
    shell.run(&["check", "--settled-for", "0s"])?;
    say("\nThe crashes stay, for trying these commands. `socorro-hbase help` lists all of them.")
}

/// Where the demo's commands run: with its options for the store, and a folder for its files.
struct Shell {
    folder: PathBuf,
    place: Vec<String>,
}

impl Shell {
    fn new() -> Result<Self> {
        let data = dirs::data_local_dir().unwrap_or_else(env::temp_dir);
        let folder = data.join("socorro-hbase-demo");
        fs::create_dir_all(&folder)
            .with_context(|| format!("can't make the folder {}", folder.display()))?;
        // As they were written: a URL with its secrets can't be had back from what was parsed.
        let place = env::args().skip_while(|argument| argument != "demo").skip(1).collect();
        Ok(Self { folder, place })
    }

    /// Shows a command and runs it.
    fn run(&self, command: &[&str]) -> Result<()> {
        let words: Vec<_> = command
            .iter()
            .map(|word| (*word).to_owned())
            .chain(self.place.iter().cloned())
            .collect();
        say(&format!("$ socorro-hbase {}", quoted(&words)))?;
        let arguments =
            Cli::try_parse_from(std::iter::once("socorro-hbase".to_owned()).chain(words))?;
        commands::run(arguments.command)
    }

    fn crash(&self) -> Result<Vec<Crash>> {
        let now = OffsetDateTime::now_utc();
        let hang = Ooid::generate(now.date())?;
        let mut crashes = Vec::new();
        for (number, kind) in (0..).zip(CRASHES) {
            let dump = minidump::take(kind)?;
            say(&format!("  {}: a minidump of {} KiB", kind.story(), dump.len() / 1024))?;
            if number == 0 {
                let state = Processor::new(Vec::new()).walk(dump.clone())?;
                symbols::write(&self.folder.join("symbols"), &state)?;
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
    fn show(&self, crash: &Crash, hang: &Crash, place: Place) -> Result<()> {
        say(&format!(
            "\n7. One of them: {}. Its state, its stack, those like it.",
            crash.kind.story()
        ))?;
        self.run(&["get", "state", crash.ooid.as_str()])?;
        let read = || -> Result<_> {
            let store = Opened::open(place)?;
            let read = |ooid| store.get_processed(ooid).map(Option::unwrap_or_default);
            let meta = store.get_metadata(&hang.ooid)?.unwrap_or_default();
            Ok((read(&crash.ooid)?, meta))
        };
        let (processed, hang) = read()?;
        let text =
            |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
        let words = ["get".to_owned(), "processed".to_owned(), crash.ooid.to_string()];
        let words: Vec<_> = words.into_iter().chain(self.place.iter().cloned()).collect();
        say(&format!("$ socorro-hbase {} | jq -r .dump | head", quoted(&words)))?;
        let stack = text(&processed, "dump");
        say(&stack.lines().take(10).collect::<Vec<_>>().join("\n"))?;
        self.run(&["crashes", "--signature", &text(&processed, "signature")])?;
        say("   The two halves of the hang:")?;
        self.run(&["crashes", "--hang", &text(&hang, "HangID")])
    }
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
        if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', "'\''")) }
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}
