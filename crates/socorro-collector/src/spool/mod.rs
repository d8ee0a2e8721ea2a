//! Crashes on disk that the store couldn't take: written before their clients hear that they are kept,
//! handed to the store in the order in which they came.
//!
//! A crash is a file of its own, written under another name and renamed when all of it is on the disk.
//! What the store refuses for good moves to the folder `refused`, for a person to look at; it holds
//! its place, so that nothing that was acknowledged is ever dropped to make room.

mod file;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

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
    folder: PathBuf,
    limit: u64,
    state: Mutex<State>,
    /// Locked as long as the spool is open.
    _lock: File,
}

#[derive(Debug, Default)]
struct State {
    /// Those that wait, by number, with their sizes.
    waiting: BTreeMap<u64, u64>,
    next: u64,
    refused: u64,
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
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| SpoolError::File { path, error }
        };
        let refused = folder.join(REFUSED);
        fs::create_dir_all(&refused).map_err(failed(&refused))?;
        let lock_path = folder.join("lock");
        let lock = File::create(&lock_path).map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(SpoolError::InUse(folder.to_owned())),
            Err(fs::TryLockError::Error(error)) => return Err(failed(&lock_path)(error)),
        }
        let mut state = State::default();
        for (name, size) in files(folder).map_err(failed(folder))? {
            match number_of(&name) {
                Some(number) => {
                    state.waiting.insert(number, size);
                    state.bytes += size;
                }
                None if name.starts_with(UNFINISHED) => {
                    // It was never acknowledged.
                    let path = folder.join(&name);
                    fs::remove_file(&path).map_err(failed(&path))?;
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
        for (name, size) in files(&refused).map_err(failed(&refused))? {
            state.refused += 1;
            state.bytes += size;
            state.next = state.next.max(number_of(&name).map_or(0, |number| number + 1));
        }
        state.next = state.next.max(state.waiting.keys().next_back().map_or(0, |last| last + 1));
        sync_folder(folder).map_err(failed(folder))?;
        Ok(Self { folder: folder.to_owned(), limit, state: Mutex::new(state), _lock: lock })
    }

    /// Keeps a crash; it is on the disk when this returns.
    pub(crate) fn add(&self, crash: &Crash) -> Result<(), SpoolError> {
        // More than the file will have.
        let size = crash.size() as u64 + 4096;
        let number = {
            let mut state = self.lock();
            if state.bytes + size > self.limit {
                return Err(SpoolError::Full { bytes: state.bytes, limit: self.limit });
            }
            state.bytes += size;
            state.next += 1;
            state.next - 1
        };
        let (unfinished, path) =
            (self.folder.join(format!("{UNFINISHED}-{number}")), self.path(number));
        let written = file::write(&unfinished, crash)
            .and_then(|written| fs::rename(&unfinished, &path).map(|()| written))
            .and_then(|written| sync_folder(&self.folder).map(|()| written));
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
                    let _ = fs::remove_file(path);
                }
                Err(SpoolError::File { path, error })
            }
        }
    }

    /// The crashes that wait, oldest first, after this number.
    pub(crate) fn waiting_after(&self, number: Option<u64>) -> Option<u64> {
        let from = number.map_or(0, |number| number.saturating_add(1));
        self.lock().waiting.range(from..).next().map(|(number, _)| *number)
    }

    /// Reads a crash that waits; an error of kind `InvalidData` says that its file is damaged.
    pub(crate) fn read(&self, number: u64) -> io::Result<Crash> {
        file::read(&self.path(number))
    }

    /// Removes a crash that the store has.
    pub(crate) fn remove(&self, number: u64) -> io::Result<()> {
        match fs::remove_file(self.path(number)) {
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

    /// Moves a crash out of the way that the store will never take.
    pub(crate) fn set_aside(&self, number: u64) -> io::Result<()> {
        let path = self.path(number);
        let name = path.file_name().unwrap_or_default();
        fs::rename(&path, self.folder.join(REFUSED).join(name))?;
        let mut state = self.lock();
        if state.waiting.remove(&number).is_some() {
            state.refused += 1;
        }
        Ok(())
    }

    pub(crate) fn filled(&self) -> Filled {
        let state = self.lock();
        let (waiting, refused, bytes) = (state.waiting.len(), state.refused, state.bytes);
        Filled { waiting, refused, bytes, limit: self.limit }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(name_of(number))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name_of(number: u64) -> String {
    format!("{number:020}{ENDING}")
}

/// The number of a file that is named as the spool names its own, and after which there are others.
fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_suffix(ENDING)?.parse::<u64>().ok()?;
    (name_of(number) == name && number < u64::MAX / 2).then_some(number)
}

/// Names and sizes of the files of a folder.
fn files(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
            files.push((name, metadata.len()));
        }
    }
    Ok(files)
}

/// Names of files are on the disk only once their folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use socorro_hbase_client::{CrashMetadata, Ooid};

    use super::*;

    fn crash(number: usize, dump: &[u8]) -> Crash {
        let ooid: Ooid = format!("6d8a2b4e-9c1f-4e57-8b3a-{number:05}2120508").parse().unwrap();
        let metadata = CrashMetadata::from_json(r#"{"a": 1e0, "b": "\ud800"}"#).unwrap();
        let dumps = vec![
            ("dump".parse().unwrap(), Bytes::copy_from_slice(dump)),
            ("upload_file_minidump_x".parse().unwrap(), Bytes::new()),
        ];
        Crash { ooid, metadata, dumps }
    }

    fn numbers(spool: &Spool) -> Vec<u64> {
        let mut numbers = Vec::new();
        while let Some(number) = spool.waiting_after(numbers.last().copied()) {
            numbers.push(number);
        }
        numbers
    }

    #[test]
    fn crashes_come_out_in_their_order_even_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        (0..5).for_each(|number| spool.add(&crash(number, b"MDMP")).unwrap());
        spool.remove(1).unwrap();
        spool.set_aside(3).unwrap();
        drop(spool);
        fs::write(folder.path().join("unfinished-7"), b"x").unwrap();
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        assert_eq!(numbers(&spool), [0, 2, 4]);
        assert_eq!(spool.read(2).unwrap(), crash(2, b"MDMP"));
        assert_eq!(spool.filled().refused, 1);
        assert!(!folder.path().join("unfinished-7").exists());
        spool.add(&crash(9, b"")).unwrap();
        assert_eq!(numbers(&spool), [0, 2, 4, 5]);
    }

    #[test]
    fn a_number_is_never_used_again_while_its_crash_lies_aside() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.add(&crash(0, b"")).unwrap();
        spool.set_aside(0).unwrap();
        drop(spool);
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.add(&crash(1, b"")).unwrap();
        assert_eq!(numbers(&spool), [1]);
    }

    #[test]
    fn files_that_somebody_else_put_there_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["1.crash", "+0000000000000000002.crash", "18446744073709551615.crash"];
        fs::create_dir(folder.path().join(REFUSED)).unwrap();
        for name in names {
            fs::write(folder.path().join(name), b"x").unwrap();
            fs::write(folder.path().join(REFUSED).join(name), b"x").unwrap();
        }
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        assert_eq!(numbers(&spool), [0_u64; 0]);
        spool.add(&crash(0, b"MDMP")).unwrap();
        assert_eq!(numbers(&spool), [0]);
        assert!(names.iter().all(|name| folder.path().join(name).exists()));
    }

    #[test]
    fn a_crash_whose_file_is_gone_is_not_counted_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        (0..2).for_each(|number| spool.add(&crash(number, b"MDMP")).unwrap());
        fs::remove_file(spool.path(0)).unwrap();
        spool.remove(0).unwrap();
        assert_eq!(numbers(&spool), [1]);
        spool.remove(1).unwrap();
        assert_eq!(spool.filled().bytes, 0);
    }

    #[test]
    fn what_is_full_says_so_and_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 10_000).unwrap();
        spool.add(&crash(0, &[1; 4_000])).unwrap();
        assert!(matches!(spool.add(&crash(1, &[1; 4_000])), Err(SpoolError::Full { .. })));
        // Those that lie aside hold their room.
        spool.set_aside(0).unwrap();
        assert!(matches!(spool.add(&crash(1, &[1; 4_000])), Err(SpoolError::Full { .. })));
        spool.add(&crash(2, b"")).unwrap();
        let filled = spool.filled();
        assert_eq!((filled.waiting, filled.refused), (1, 1));
        let on_disk: u64 = [folder.path().to_owned(), folder.path().join(REFUSED)]
            .iter()
            .flat_map(|folder| files(folder).unwrap())
            .map(|(_, size)| size)
            .sum();
        assert_eq!(filled.bytes, on_disk);
    }

    #[test]
    fn one_process_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let _spool = Spool::open(folder.path(), 1).unwrap();
        assert!(matches!(Spool::open(folder.path(), 1), Err(SpoolError::InUse(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// A file that isn't what was written is damaged, and never another crash.
        #[test]
        fn damage_is_found(at in any::<proptest::sample::Index>(), flip in 1_u8..=255, cut in any::<bool>()) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x");
            file::write(&path, &crash(0, b"MDMP")).unwrap();
            let mut bytes = fs::read(&path).unwrap();
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at);
            } else {
                bytes[at] ^= flip;
            }
            fs::write(&path, bytes).unwrap();
            let found = file::read(&path).map_err(|error| error.kind());
            prop_assert_eq!(found, Err(io::ErrorKind::InvalidData));
        }
    }
}
