//! `config show`: each setting with its value and where that comes from.
//!
//! For finding out why a command works on what it works on. Which value counts is left to
//! `settings`; what is secret in a URL, to the client.

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    args::{Common, Config, ShowConfig},
    output,
    settings::{Choice, Setting, Settings, Source},
    text::{json_line, printable},
};

pub(super) fn config(what: Config, common: &Common) -> Result<()> {
    match what {
        Config::Show(arguments) => show(arguments, common),
    }
}

fn show(arguments: ShowConfig, common: &Common) -> Result<()> {
    let ShowConfig { claim, symbols, lists } = arguments;
    let settings = Settings::load(common.config.clone())?;
    let file = settings.file();
    let server = settings.server(common.server.as_deref())?;
    let store = settings.store(common.store.clone())?;
    let used = match settings.choose(common.server.as_deref(), common.store.clone())? {
        Setting { value: Choice::Server(_), source } => ("server", source),
        Setting { value: Choice::Embedded(_), source } => ("store", source),
    };
    let worker = settings.worker(claim.worker.worker)?;
    let lease = settings.lease(claim.lease)?;
    let lists = settings.signature_lists(lists.signature_lists)?;
    let urls = settings.symbols_url(symbols.symbols_url)?;
    let symbols = settings.symbols(symbols.symbols)?;
    let folders: Vec<Value> = symbols.value.iter().map(|folder| path(folder)).collect();
    let (server, server_source) = match server {
        // Its `Display` hides passwords.
        Some(server) => (json!(server.value.to_string()), server.source),
        None => (Value::Null, Source::Default),
    };
    let lines = [
        ("config", file.value.as_deref().map_or(Value::Null, path), file.source),
        ("server", server, server_source),
        ("store", path(&store.value), store.source),
        ("worker", json!(worker.value.to_string()), worker.source),
        ("lease", json!(humantime::format_duration(lease.value).to_string()), lease.source),
        ("symbols", json!(folders), symbols.source),
        ("symbols-url", json!(urls.value), urls.source),
        ("signature-lists", lists.value.as_deref().map_or(Value::Null, path), lists.source),
        ("uses", json!(used.0), used.1),
    ];
    let text = if common.json { objects(&lines) } else { table(&lines) };
    output::print(text.as_bytes())
}

type Line = (&'static str, Value, Source);

fn objects(lines: &[Line]) -> String {
    let object = |(setting, value, source): &Line| {
        let source = source.to_string();
        json_line(&json!({"setting": setting, "value": value, "source": source}))
    };
    lines.iter().map(object).collect()
}

/// No listing, which a terminal's width would cut: the end of a path may be what matters. The heading is
/// for people, as a listing's.
fn table(lines: &[Line]) -> String {
    let values: Vec<String> = lines.iter().map(|(_, value, _)| shown(value)).collect();
    let width = values.iter().map(|value| value.chars().count()).max().unwrap_or_default();
    let head = format!("{:<15}  {:<width$}  source\n", "setting", "value");
    let line = |((setting, _, source), value): (&Line, &String)| {
        let source = source.to_string();
        let source = printable(&source);
        format!("{setting:<15}  {value:<width$}  {source}\n")
    };
    let head = if io::stdout().is_terminal() { head } else { String::new() };
    head + &lines.iter().zip(&values).map(line).collect::<String>()
}

/// A value as people read it, on one line.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(values) if !values.is_empty() => {
            values.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
        Value::String(text) => printable(text).into_owned(),
        _ => "none".to_owned(),
    }
}

fn path(path: &Path) -> Value {
    json!(path.to_string_lossy())
}
