//! Finds the symbols of modules for rust-minidump, and notes what it didn't find.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use minidump::Module;
use minidump_unwind::{
    FileError, FileKind, LocateSymbolsResult, SymbolError, SymbolFile, SymbolSupplier,
};
use serde_json::Value;

use super::download::{Downloaded, Downloader};
use super::{SymbolSources, SymbolTally, is_plain, place};

/// Finds symbol files in folders, then on servers.
pub(crate) struct Supplier {
    folders: Vec<PathBuf>,
    downloader: Option<Downloader>,
    log: Log,
}

/// What went wrong on the way, shared with the one who reports it.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Problem>>>);

enum Problem {
    Corrupt(String),
    Request(String),
}

impl Supplier {
    /// Searches these sources, the servers for at most `time`.
    pub(crate) fn new(sources: &SymbolSources, time: Duration) -> Self {
        let until = Instant::now() + time;
        Self {
            folders: sources.folders.clone(),
            downloader: sources.servers.as_ref().map(|servers| Downloader::new(servers, until)),
            log: Log::default(),
        }
    }

    pub(crate) fn log(&self) -> Log {
        self.log.clone()
    }

    fn find(&self, debug_file: &str, debug_id: &str) -> Result<SymbolFile, SymbolError> {
        let mut problem = SymbolError::NotFound;
        for folder in &self.folders {
            let path = place(folder, debug_file, debug_id).ok_or(SymbolError::NotFound)?;
            match self.read(&path) {
                Err(SymbolError::NotFound) => {}
                Err(error) => problem = error,
                found => return found,
            }
        }
        let Some(downloader) = &self.downloader else { return Err(problem) };
        match downloader.get(debug_file, debug_id) {
            Downloaded::File(path) => self.read(&path),
            Downloaded::Missing => Err(problem),
            Downloaded::Failed(reasons) => {
                self.log.add(reasons.into_iter().map(Problem::Request));
                Err(problem)
            }
        }
    }

    fn read(&self, path: &Path) -> Result<SymbolFile, SymbolError> {
        if !path.is_file() {
            return Err(SymbolError::NotFound);
        }
        SymbolFile::from_file(path).inspect_err(|error| {
            self.log.add([Problem::Corrupt(format!("{}: {error}", path.display()))]);
        })
    }
}

#[async_trait]
impl SymbolSupplier for Supplier {
    async fn locate_symbols(
        &self,
        module: &(dyn Module + Sync),
    ) -> Result<LocateSymbolsResult, SymbolError> {
        let code_file = module.code_file();
        let debug_file = module.debug_file().filter(|name| !name.is_empty());
        let debug_file = debug_file.unwrap_or(code_file);
        let debug_file = debug_file.rsplit(['/', '\\']).next().unwrap_or_default();
        let debug_id = module.debug_identifier().ok_or(SymbolError::MissingDebugFileOrId)?;
        let debug_id = debug_id.breakpad().to_string();
        if !is_plain(debug_file) {
            return Err(SymbolError::NotFound);
        }
        let symbols = self.find(debug_file, &debug_id)?;
        Ok(LocateSymbolsResult { symbols, extra_debug_info: None })
    }

    async fn locate_file(
        &self,
        _: &(dyn Module + Sync),
        _: FileKind,
    ) -> Result<PathBuf, FileError> {
        Err(FileError::NotFound)
    }
}

impl Log {
    fn add(&self, problems: impl IntoIterator<Item = Problem>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(problems);
    }

    /// Counts what became of the modules whose symbols were looked for, and notes what went wrong.
    pub(crate) fn tally(&self, json_dump: &Value, notes: &mut Vec<String>) -> SymbolTally {
        const SHOWN: usize = 10;
        let mut tally = SymbolTally::default();
        let modules = json_dump["modules"].as_array().map(Vec::as_slice).unwrap_or_default();
        for module in modules {
            let is = |field: &str| module[field] == Value::Bool(true);
            if is("corrupt_symbols") {
                tally.corrupt += 1;
            } else if is("loaded_symbols") {
                tally.found += 1;
            } else if is("missing_symbols") {
                tally.missing += 1;
            }
        }
        let problems = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for problem in problems.iter().take(SHOWN) {
            notes.push(match problem {
                Problem::Corrupt(what) => format!("a symbol file can't be read: {what}"),
                Problem::Request(what) => format!("a symbol file can't be fetched: {what}"),
            });
        }
        if let Some(more) = problems.len().checked_sub(SHOWN).filter(|&more| more > 0) {
            notes.push(format!("{more} more symbol files can't be read or fetched"));
        }
        let requests = problems.iter().filter(|problem| matches!(problem, Problem::Request(_)));
        tally.failed_requests = requests.count() as u64;
        tally
    }
}
