//! Where the names of functions come from: Breakpad's symbol files, in folders and on servers.

mod add;
mod download;
mod supplier;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use add::{SymbolAddError, add_symbol_file};
pub(crate) use supplier::Supplier;

/// Folders and servers with symbol files, searched in this order.
///
/// A file is at `<debug file>/<debug id>/<debug file without .pdb>.sym` in both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolSources {
    folders: Vec<PathBuf>,
    servers: Option<Servers>,
}

/// Servers, and the folder that keeps what came from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Servers {
    urls: Vec<String>,
    cache: PathBuf,
    time: Duration,
    missing_for: Duration,
}

/// Reports why a source of symbols can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SymbolError {
    /// A folder isn't there, or is none.
    #[error("the symbol folder {} doesn't exist", .0.display())]
    NoFolder(PathBuf),
    /// A server's address can't be used.
    #[error("{0:?} is no address of a symbol server: it begins with http:// or https://")]
    NoUrl(String),
    /// The cache can't be made.
    #[error("the cache of symbol files {} can't be made", .path.display())]
    NoCache {
        /// The folder.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

/// Counts how the search for the symbols of modules went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SymbolTally {
    /// Modules whose symbols were found.
    pub found: u64,
    /// Modules that have none.
    pub missing: u64,
    /// Modules whose symbol file can't be read.
    pub corrupt: u64,
    /// Requests to servers that failed otherwise than by a file that isn't there.
    pub failed_requests: u64,
}

impl SymbolSources {
    /// Takes symbols from folders.
    pub fn from_folders(folders: Vec<PathBuf>) -> Self {
        Self { folders, servers: None }
    }

    /// Takes symbols from servers too, in this order, and keeps them in a folder.
    ///
    /// A download may take 20 seconds, all downloads for a dump a third of [`Limits::time`]. A file that a
    /// server doesn't have isn't asked for again for an hour.
    ///
    /// [`Limits::time`]: crate::Limits::time
    pub fn with_servers(mut self, urls: Vec<String>, cache: impl Into<PathBuf>) -> Self {
        self.servers = (!urls.is_empty()).then(|| Servers {
            urls,
            cache: cache.into(),
            time: Duration::from_secs(20),
            missing_for: Duration::from_hours(1),
        });
        self
    }

    /// Changes how long a download may take.
    pub fn with_download_time(mut self, time: Duration) -> Self {
        if let Some(servers) = &mut self.servers {
            servers.time = time;
        }
        self
    }

    /// Changes for how long a server isn't asked again for a file that it doesn't have.
    pub fn with_missing_for(mut self, time: Duration) -> Self {
        if let Some(servers) = &mut self.servers {
            servers.missing_for = time;
        }
        self
    }

    /// Returns whether there is any source.
    pub(crate) fn is_empty(&self) -> bool {
        self.folders.is_empty() && self.servers.is_none()
    }

    /// Fails if a source can't be used, and makes the cache.
    pub(crate) fn prepare(&self) -> Result<(), SymbolError> {
        if let Some(folder) = self.folders.iter().find(|folder| !folder.is_dir()) {
            return Err(SymbolError::NoFolder(folder.clone()));
        }
        let Some(servers) = &self.servers else { return Ok(()) };
        let is_url = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if let Some(url) = servers.urls.iter().find(|url| !is_url(url)) {
            return Err(SymbolError::NoUrl(url.clone()));
        }
        let path = servers.cache.clone();
        std::fs::create_dir_all(&path).map_err(|source| SymbolError::NoCache { path, source })
    }
}

/// Returns whether a name is one part of a path and nothing else.
pub(crate) fn is_plain(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0']) && name.len() <= 255
}

/// Returns where a symbol file belongs in a folder.
pub(crate) fn place(folder: &Path, debug_file: &str, debug_id: &str) -> Option<PathBuf> {
    let file = match debug_file.len().checked_sub(4).and_then(|at| debug_file.split_at_checked(at))
    {
        Some((stem, ending)) if ending.eq_ignore_ascii_case(".pdb") => stem,
        _ => debug_file,
    };
    let file = format!("{file}.sym");
    let is_safe = is_plain(debug_file) && is_plain(debug_id) && is_plain(&file);
    is_safe.then(|| folder.join(debug_file).join(debug_id).join(file))
}

impl SymbolTally {
    /// Adds another count.
    pub(crate) fn add(&mut self, other: Self) {
        self.found += other.found;
        self.missing += other.missing;
        self.corrupt += other.corrupt;
        self.failed_requests += other.failed_requests;
    }
}
