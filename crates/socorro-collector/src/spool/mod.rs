//! Crashes on disk that the store couldn't take: written before their clients hear that they are kept,
//! handed to the store in the order in which they came.
//!
//! A crash is a file of its own, written under another name and renamed when all of it is on the disk.
//! What the store refuses for good moves to the folder `refused`, for a person to look at; it holds
//! its place, so that nothing that was acknowledged is ever dropped to make room.

mod disk;
mod file;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use self::disk::{Disk, RealDisk};
use crate::crash::Crash;

/// Why a crash can't be spooled, or the spool can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// There is no room left.
    #[error("the spool is full: {bytes} bytes of at most {limit}")]
    Full {
        /// Bytes that are in it.
        bytes: u64,
        /// How many may be.
        limit: u64,
    },
    /// Another process uses the folder.
    #[error("another collector uses the spool {}", .0.display())]
    InUse(PathBuf),
    /// The disk failed, or is full.
    #[error("the spool {}: {error}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

/// A folder of crashes that wait for the store.
#[derive(Debug)]
pub(crate) struct Spool {
    disk: Box<dyn Disk>,
    folder: PathBuf,
    limit: u64,
    state: Mutex<State>,
    /// Locked as long as the spool is open.
    _lock: Option<File>,
}

#[derive(Debug, Default)]
struct State {
    /// Those that wait, by number, with their sizes.
    waiting: BTreeMap<u64, u64>,
    next: u64,
    /// Those that lie aside, by name, with their sizes.
    refused: BTreeMap<String, u64>,
    bytes: u64,
}

/// How much is in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Filled {
    pub(crate) waiting: usize,
    pub(crate) refused: u64,
    pub(crate) bytes: u64,
    pub(crate) limit: u64,
}

const REFUSED: &str = "refused";
const UNFINISHED: &str = "unfinished";
const ENDING: &str = ".crash";

impl Spool {
    /// Opens the folder, which is made if it isn't there, and takes up what an earlier process left.
    pub(crate) fn open(folder: &Path, limit: u64) -> Result<Self, SpoolError> {
        Self::open_on(Box::new(RealDisk), folder, limit)
    }

    fn open_on(disk: Box<dyn Disk>, folder: &Path, limit: u64) -> Result<Self, SpoolError> {
        let refused = folder.join(REFUSED);
        disk.make_folder(&refused).map_err(failed(&refused))?;
        let lock_path = folder.join("lock");
        let lock = disk.lock(&lock_path).map_err(|error| match error {
            TryLockError::WouldBlock => SpoolError::InUse(folder.to_owned()),
            TryLockError::Error(error) => failed(&lock_path)(error),
        })?;
        let mut state = State::default();
        for (name, size) in disk.files(folder).map_err(failed(folder))? {
            match number_of(&name) {
                Some(number) => {
                    state.waiting.insert(number, size);
                    state.bytes += size;
                }
                None if name.starts_with(UNFINISHED) => {
                    // It was never acknowledged.
                    let path = folder.join(&name);
                    disk.remove(&path).map_err(failed(&path))?;
                }
                None if name.ends_with(ENDING) => {
                    tracing::warn!(
                        name,
                        "a file of the spool has no name of its own, and is left alone"
                    );
                }
                None => {}
            }
        }
        for (name, size) in disk.files(&refused).map_err(failed(&refused))? {
            state.refused.insert(name.clone(), size);
            state.bytes += size;
            state.next = state.next.max(number_of(&name).map_or(0, |number| number + 1));
        }
        state.next = state.next.max(state.waiting.keys().next_back().map_or(0, |last| last + 1));
        disk.sync_folder(folder).map_err(failed(folder))?;
        let (folder, state) = (folder.to_owned(), Mutex::new(state));
        Ok(Self { disk, folder, limit, state, _lock: lock })
    }

    /// Keeps a crash; it is on the disk when this returns.
    pub(crate) fn add(&self, crash: &Crash) -> Result<(), SpoolError> {
        // More than the file will have.
        let size = crash.size() as u64 + 4096;
        let number = self.number_for(size)?;
        let (unfinished, path) =
            (self.folder.join(format!("{UNFINISHED}-{number}")), self.path(number));
        let written = self.write(&unfinished, &path, crash);
        let mut state = self.lock();
        state.bytes -= size;
        match written {
            Ok(written) => {
                state.bytes += written;
                state.waiting.insert(number, written);
                Ok(())
            }
            Err(error) => {
                drop(state);
                // It may be there under either name, and isn't promised to anybody.
                for path in [&unfinished, &path] {
                    let _ = self.disk.remove(path);
                }
                Err(SpoolError::File { path, error })
            }
        }
    }

    fn write(&self, unfinished: &Path, path: &Path, crash: &Crash) -> io::Result<u64> {
        let mut file = self.disk.create(unfinished)?;
        let written = file::write(&mut file, crash)?;
        file.sync()?;
        self.disk.rename(unfinished, path)?;
        self.disk.sync_folder(&self.folder)?;
        Ok(written)
    }

    /// Takes room for a crash.
    fn number_for(&self, size: u64) -> Result<u64, SpoolError> {
        let mut state = self.lock();
        if state.bytes + size > self.limit {
            self.forget_what_was_taken_away(&mut state);
        }
        if state.bytes + size > self.limit {
            return Err(SpoolError::Full { bytes: state.bytes, limit: self.limit });
        }
        state.bytes += size;
        state.next += 1;
        Ok(state.next - 1)
    }

    /// What lies aside is for people to look at, and to take away.
    fn forget_what_was_taken_away(&self, state: &mut State) {
        let Ok(there) = self.disk.files(&self.folder.join(REFUSED)) else { return };
        let there: BTreeMap<String, u64> = there.into_iter().collect();
        let gone = state.refused.iter().filter(|(name, _)| !there.contains_key(*name));
        state.bytes -= gone.map(|(_, size)| size).sum::<u64>();
        state.refused.retain(|name, _| there.contains_key(name));
    }

    /// The first crash that waits, oldest first, after this number.
    pub(crate) fn waiting_after(&self, number: Option<u64>) -> Option<u64> {
        let from = number.map_or(0, |number| number.saturating_add(1));
        self.lock().waiting.range(from..).next().map(|(number, _)| *number)
    }

    /// Reads a crash that waits; an error of kind `InvalidData` says that its file is damaged, one of kind
    /// `NotFound` that it is gone.
    pub(crate) fn read(&self, number: u64) -> io::Result<Crash> {
        let size = self.lock().waiting.get(&number).copied().unwrap_or_default();
        let path = self.path(number);
        match self.disk.read(&path, size) {
            Ok(bytes) => file::parse(bytes).ok_or_else(|| {
                let message = format!("{} is no whole crash", path.display());
                io::Error::new(io::ErrorKind::InvalidData, message)
            }),
            // A folder may come back.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && !self.disk.is_folder(&self.folder) =>
            {
                Err(io::Error::other(format!("the folder {} is gone", self.folder.display())))
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a crash that the store has.
    pub(crate) fn remove(&self, number: u64) -> io::Result<()> {
        match self.disk.remove(&self.path(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => self.forget(number),
        }
        Ok(())
    }

    /// Counts a crash no more whose file somebody has taken away.
    pub(crate) fn forget(&self, number: u64) {
        let mut state = self.lock();
        let size = state.waiting.remove(&number).unwrap_or(0);
        state.bytes -= size;
    }

    /// Moves a crash out of the way that the store doesn't take.
    pub(crate) fn set_aside(&self, number: u64) -> io::Result<()> {
        let (path, refused) = (self.path(number), self.folder.join(REFUSED));
        let name = name_of(number);
        if !self.disk.is_folder(&refused) && self.disk.is_folder(&self.folder) {
            self.disk.make_folder(&refused)?;
        }
        self.disk.rename(&path, &refused.join(&name))?;
        let mut state = self.lock();
        if let Some(size) = state.waiting.remove(&number) {
            state.refused.insert(name, size);
        }
        Ok(())
    }

    pub(crate) fn filled(&self) -> Filled {
        let state = self.lock();
        let (waiting, refused) = (state.waiting.len(), state.refused.len() as u64);
        Filled { waiting, refused, bytes: state.bytes, limit: self.limit }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(name_of(number))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> SpoolError {
    let path = path.to_owned();
    move |error| SpoolError::File { path, error }
}

fn name_of(number: u64) -> String {
    format!("{number:020}{ENDING}")
}

/// The number of a file that is named as the spool names its own, and after which there are others.
fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_suffix(ENDING)?.parse::<u64>().ok()?;
    (name_of(number) == name && number < u64::MAX / 2).then_some(number)
}
