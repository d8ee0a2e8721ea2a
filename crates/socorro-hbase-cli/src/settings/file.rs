//! The file of settings, in TOML.
//!
//! For messages that name file, line and key, and never quote the file: a server's URL may hold a
//! password.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Error, Result};
use hbase_thrift_client::Config;
use serde::Deserialize;
use socorro_hbase_client::Worker;
use toml::{Spanned, Value};

use crate::failure::WrongCommandLine;

/// What a file sets. Its relative paths are relative to its folder.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) server: Option<Config>,
    pub(super) store: Option<PathBuf>,
    pub(super) worker: Option<Worker>,
    pub(super) lease: Option<Duration>,
    pub(super) symbols: Option<Vec<PathBuf>>,
    pub(super) symbols_url: Option<Vec<String>>,
    pub(super) signature_lists: Option<PathBuf>,
}

/// The keys that there are. What their values may be is said below, in the program's own words.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    server: Option<Spanned<Value>>,
    store: Option<Spanned<Value>>,
    worker: Option<Spanned<Value>>,
    lease: Option<Spanned<Value>>,
    symbols: Option<Spanned<Value>>,
    #[serde(rename = "symbols-url")]
    symbols_url: Option<Spanned<Value>>,
    #[serde(rename = "signature-lists")]
    signature_lists: Option<Spanned<Value>>,
}

pub(super) const NO_SERVER: &str = "is no server's URL";
pub(super) const A_WORKER: &str = "a name of 1 to 64 ASCII letters, digits, '-', '_', '.' and ':'";
pub(super) const A_LEASE: &str = "a time like 5m or 90s";
const A_URL: &str = "a URL in quotes, like 'hbase://localhost:9090'";
const A_FOLDER: &str = "a folder's path, in quotes";
const URLS: &str = "a list of addresses, like ['https://symbols.example.org/']";
const FOLDERS: &str = "a list of folders' paths, like ['symbols', '/srv/symbols']";

impl File {
    /// Reads a file that has to be there.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| cannot_read(path))?;
        Self::parse(path, &text)
    }

    pub(super) fn read_if_there(path: &Path) -> Result<Option<Self>> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| cannot_read(path)),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self> {
        let at = |offset: usize| {
            let line = text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
            WrongCommandLine(format!("{}, line {line}", path.display()))
        };
        let keys: Keys = toml::from_str(text).map_err(|error| {
            // Its `Display` quotes the line.
            let message = error.message().replace('\n', ", ");
            Error::msg(message).context(at(error.span().unwrap_or_default().start))
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self {
            path: path.to_owned(),
            server: read(keys.server, at, |value| server(value, folder))?,
            store: read(keys.store, at, |value| {
                path_in(folder, value).with_context(|| wrong("store", A_FOLDER))
            })?,
            worker: read(keys.worker, at, |value| {
                let worker = value.as_str().and_then(|name| name.parse().ok());
                worker.with_context(|| wrong("worker", A_WORKER))
            })?,
            lease: read(keys.lease, at, |value| {
                let lease = value.as_str().and_then(|time| humantime::parse_duration(time).ok());
                lease.with_context(|| wrong("lease", A_LEASE))
            })?,
            symbols: read(keys.symbols, at, |value| {
                let paths = value.as_array().and_then(|list| {
                    list.iter().map(|value| path_in(folder, value)).collect::<Option<_>>()
                });
                paths.with_context(|| wrong("symbols", FOLDERS))
            })?,
            symbols_url: read(keys.symbols_url, at, |value| {
                let urls = value.as_array().and_then(|list| {
                    list.iter().map(|value| value.as_str().map(str::to_owned)).collect()
                });
                urls.with_context(|| wrong("symbols-url", URLS))
            })?,
            signature_lists: read(keys.signature_lists, at, |value| {
                path_in(folder, value).with_context(|| wrong("signature-lists", A_FOLDER))
            })?,
        })
    }
}

/// Reads a value; a problem is reported with its place.
fn read<T>(
    value: Option<Spanned<Value>>,
    at: impl Fn(usize) -> WrongCommandLine,
    read: impl FnOnce(&Value) -> Result<T>,
) -> Result<Option<T>> {
    let Some(value) = value else { return Ok(None) };
    read(value.get_ref()).with_context(|| at(value.span().start)).map(Some)
}

pub(super) fn wrong(name: &str, expected: &str) -> String {
    format!("{name} has to be {expected}")
}

fn server(value: &Value, folder: &Path) -> Result<Config> {
    let url = value.as_str().with_context(|| wrong("server", A_URL))?;
    let config: Config = url.parse().with_context(|| format!("server {NO_SERVER}"))?;
    Ok(match config.get_ca_file().map(|file| folder.join(file)) {
        Some(file) => config.ca_file(file),
        None => config,
    })
}

fn path_in(folder: &Path, value: &Value) -> Option<PathBuf> {
    value.as_str().filter(|path| !path.is_empty()).map(|path| folder.join(path))
}

fn cannot_read(path: &Path) -> WrongCommandLine {
    WrongCommandLine(format!("can't read the configuration {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<File> {
        File::parse(Path::new("/etc/s/config.toml"), text)
    }

    fn message(text: &str) -> String {
        let error = parse(text).unwrap_err();
        assert!(error.is::<WrongCommandLine>(), "{error:#}");
        format!("{error:#}")
    }

    #[test]
    fn every_setting_is_a_key() {
        let file = parse(
            "server = 'hbase://h:1'\nstore = '/data'\nworker = 'me'\nlease = '90s'\n\
             symbols = ['/a', '/b']\nsymbols-url = ['https://s']",
        )
        .unwrap();
        assert_eq!(file.symbols_url, Some(vec!["https://s".to_owned()]));
        assert_eq!(file.server.map(|server| server.to_string()), Some("hbase://h:1/".to_owned()));
        assert_eq!(file.store, Some("/data".into()));
        assert_eq!(file.worker, Some("me".parse().unwrap()));
        assert_eq!(file.lease, Some(Duration::from_secs(90)));
        assert_eq!(file.symbols, Some(vec!["/a".into(), "/b".into()]));
    }

    #[test]
    fn an_empty_file_sets_nothing() {
        let file = parse("# all as it is").unwrap();
        assert!(file.server.is_none() && file.store.is_none() && file.worker.is_none());
        assert!(file.lease.is_none() && file.symbols.is_none());
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let file = parse(
            "server = 'hbases://h/?ca_file=ca.pem'\nstore = 'data'\nsymbols = ['../a', '/b']",
        )
        .unwrap();
        let server = file.server.unwrap();
        assert_eq!(server.get_ca_file(), Some(Path::new("/etc/s/ca.pem")));
        assert_eq!(file.store, Some("/etc/s/data".into()));
        assert_eq!(file.symbols, Some(vec!["/etc/s/../a".into(), "/b".into()]));
    }

    #[test]
    fn a_value_that_is_wrong_is_reported_by_line_and_key_with_what_is_expected() {
        for (text, expected) in [
            ("server = 'localhost:9090'", "server is no server's URL: "),
            ("server = 9090", "server has to be a URL in quotes, like "),
            ("store = ''", "store has to be a folder's path"),
            ("store = ['a']", "store has to be a folder's path"),
            ("worker = 'two words'", "worker has to be a name of 1 to 64 "),
            ("lease = 300", "lease has to be a time like "),
            ("lease = 'soon'", "lease has to be a time like "),
            ("symbols = 'a'", "symbols has to be a list of folders' paths"),
            ("symbols = ['a', 1]", "symbols has to be a list of folders' paths"),
            ("symbols-url = ['a', 1]", "symbols-url has to be a list of addresses"),
            ("sever = 'hbase://h'", "unknown field `sever`, expected one of `server`, `store`,"),
            ("[server]\nurl = 1", "server has to be a URL"),
            ("lease 5m", ""),
        ] {
            let message = message(&format!("# first\n{text}"));
            let start = format!("/etc/s/config.toml, line 2: {expected}");
            assert!(message.starts_with(&start), "{text}: {message}");
        }
    }

    #[test]
    fn no_message_quotes_a_password() {
        let url = "https://me:s3cret@h";
        for text in [
            format!("server = '{url}:port'"),
            format!("server = '{url}/?transprot=framed'"),
            format!("server = '{url}"),
            format!("server = {url}"),
            format!("server = ['{url}']"),
            format!("server = '{url}'\nserver = '{url}'"),
            format!("sever = '{url}'"),
            format!("store = ['{url}']"),
            format!("symbols = '{url}'"),
            format!("lease = '{url}'"),
            format!("worker = '{url}'"),
            url.to_owned(),
        ] {
            let message = message(&text);
            assert!(!message.contains("s3cret"), "{text}: {message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
}
