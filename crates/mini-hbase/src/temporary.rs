//! The folder of a server that keeps nothing: it goes with the server, and if the server was
//! killed, with the next one that starts.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

const PREFIX: &str = "mini-hbase-";
/// Locked by the server that uses the folder.
const LOCK: &str = "lock";
const STORE: &str = "store";
/// How many left-over folders a start removes at most.
const MAX_SWEPT: usize = 100;

/// A folder, deleted when this is dropped.
#[derive(Debug)]
pub(crate) struct Temporary {
    folder: TempDir,
    _lock: File,
}

impl Temporary {
    /// Makes a folder in the system's place for temporary files, and removes those there whose
    /// servers were killed.
    ///
    /// # Errors
    /// When it can't be made.
    pub(crate) fn make() -> io::Result<Self> {
        let place = std::env::temp_dir();
        sweep(&place);
        Self::make_in(&place)
    }

    fn make_in(place: &Path) -> io::Result<Self> {
        loop {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place)?;
            let path = folder.path().join(LOCK);
            let lock = File::create_new(&path)?;
            // Another server's sweep may have come between: then it has the lock, or had it.
            if lock.try_lock().is_ok() && path.exists() {
                return Ok(Self { folder, _lock: lock });
            }
        }
    }

    /// Returns where the store is to be made.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join(STORE)
    }
}

/// Removes folders of this name whose lock nobody holds. What can't be removed, another user's for
/// example, stays.
fn sweep(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    let named = entries.flatten().filter(|entry| {
        entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX))
            // A link could lead anywhere.
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
    });
    for entry in named.take(MAX_SWEPT) {
        // A folder without the file is being made, or is somebody else's.
        let Ok(lock) = File::open(entry.path().join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_uses_is_swept() {
        let place = tempfile::tempdir().unwrap();
        let used = Temporary::make_in(place.path()).unwrap();
        let left = place.path().join("mini-hbase-left");
        fs::create_dir_all(left.join(STORE)).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        let others = place.path().join("mini-hbase-of-others");
        fs::create_dir(&others).unwrap();
        sweep(place.path());
        assert!(!left.exists());
        assert!(used.folder.path().exists() && others.exists());
        let folder = used.folder.path().to_owned();
        drop(used);
        assert!(!folder.exists());
    }
}
