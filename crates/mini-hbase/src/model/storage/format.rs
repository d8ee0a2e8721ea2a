//! The file that says what a folder is: a store of mini-hbase, and of which format.
//!
//! It is read before anything else is touched, so that a folder of somebody else's, or of a later
//! version, is left as it was.

use std::fs;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::StartError;

const FILE: &str = "mini-hbase";
/// The same once more, in the data's own folder: a file that is lost or torn is made again from it.
const COPY: &str = "mini-hbase";
const BEFORE_NUMBER: &str = "mini-hbase store, format ";
/// Rises whenever an older program can't read what a newer one wrote.
const FORMAT: u32 = 2;
/// What stands there until the store is made: whatever else is in the folder by then holds nothing
/// that anybody was told is kept. As long as the number, which is then written in its place even on
/// a disk that is full.
const BEING_MADE: u32 = 0;
const MAX_LEN: u64 = 200;

/// A store that is being made, by this process alone.
pub(crate) struct Making {
    folder: PathBuf,
    /// Locked.
    file: fs::File,
}

impl Making {
    /// From now on the folder is a store.
    pub(crate) fn finish(mut self) -> Result<(), StartError> {
        let mut finish = || {
            write_copy(&self.folder)?;
            write_number(&mut self.file, FORMAT)?;
            sync(&self.folder)
        };
        finish().map_err(|error| cannot(&self.folder, error))
    }
}

/// Makes the folder a store, unless it is one that this program can read; the making has to be
/// finished.
pub(crate) fn claim(folder: &Path) -> Result<Option<Making>, StartError> {
    make(folder).map_err(|error| cannot(folder, error))?;
    let file = folder.join(FILE);
    match fs::metadata(&file) {
        Ok(found) if found.len() <= MAX_LEN => check(folder, &file),
        Ok(_) if has_copy(folder) => restore(folder).map(|()| None),
        Ok(_) => Err(damaged(folder, format!("the file {FILE} is not the one that was written"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if has_copy(folder) {
                restore(folder).map(|()| None)
            } else {
                create(folder, &file)
            }
        }
        Err(error) => Err(cannot(folder, error)),
    }
}

fn check(folder: &Path, file: &Path) -> Result<Option<Making>, StartError> {
    let bytes = fs::read(file).map_err(|error| cannot(folder, error))?;
    let text = String::from_utf8_lossy(&bytes);
    match number(&text) {
        Some(FORMAT) => {
            if !has_copy(folder) && data(folder).exists() {
                // Of no use to this start: a disk that is full is no reason to fail.
                let _ = write_copy(folder);
            }
            Ok(None)
        }
        Some(BEING_MADE) if !has_copy(folder) => begin_again(folder, file),
        Some(found) if found > FORMAT => {
            Err(StartError::NewerFormat { folder: folder.to_owned(), found, supported: FORMAT })
        }
        None | Some(BEING_MADE) if has_copy(folder) => restore(folder).map(|()| None),
        // A disk that was full takes the file, but not what is in it.
        None if text.is_empty() && !data(folder).exists() => begin_again(folder, file),
        _ => {
            // It is no damage while another process is at it, or was when this one looked.
            let open = fs::File::open(file).map_err(|error| cannot(folder, error))?;
            lock(folder, open)?;
            let text = fs::read(file).map_err(|error| cannot(folder, error))?;
            if number(&String::from_utf8_lossy(&text)) == Some(FORMAT) {
                return Ok(None);
            }
            Err(damaged(folder, format!("the file {FILE} does not say which format the store has")))
        }
    }
}

/// Whether the data says of itself that it is a store of this format.
fn has_copy(folder: &Path) -> bool {
    let copy = data(folder).join(COPY);
    let is_short = fs::metadata(&copy).is_ok_and(|found| found.len() <= MAX_LEN);
    is_short && fs::read_to_string(copy).is_ok_and(|text| number(&text) == Some(FORMAT))
}

fn write_copy(folder: &Path) -> io::Result<()> {
    let data = data(folder);
    fs::create_dir_all(&data)?;
    write_number(&mut fs::File::create(data.join(COPY))?, FORMAT)?;
    sync(&data)
}

/// Writes the folder's file anew.
fn restore(folder: &Path) -> Result<(), StartError> {
    let restore = || {
        let mut file = fs::OpenOptions::new();
        let mut file = file.write(true).create(true).truncate(true).open(folder.join(FILE))?;
        write_number(&mut file, FORMAT)?;
        sync(folder)
    };
    restore().map_err(|error| cannot(folder, error))
}

/// Makes a folder whose name is on the disk when this returns.
fn make(folder: &Path) -> io::Result<()> {
    // A name is kept by the folder that it is in.
    let missing = folder.ancestors().take_while(|folder| !folder.exists()).count();
    fs::create_dir_all(folder)?;
    folder.ancestors().skip(1).take(missing).try_for_each(sync)
}

/// Puts the names in a folder on the disk.
fn sync(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    #[cfg(test)]
    tests::SYNCED.with_borrow_mut(|synced| synced.push(folder.to_owned()));
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

fn number(text: &str) -> Option<u32> {
    text.trim_end().strip_prefix(BEFORE_NUMBER)?.parse().ok()
}

fn create(folder: &Path, file: &Path) -> Result<Option<Making>, StartError> {
    let mut entries = fs::read_dir(folder).map_err(|error| cannot(folder, error))?;
    if entries.next().is_some() && !file.exists() {
        return Err(StartError::NotAStore { folder: folder.to_owned() });
    }
    let file = match fs::File::create_new(file) {
        // Another process has come first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return claim(folder),
        created => created.map_err(|error| cannot(folder, error))?,
    };
    let mut making = lock(folder, file)?;
    write_number(&mut making.file, BEING_MADE).map_err(|error| cannot(folder, error))?;
    sync(folder).map_err(|error| cannot(folder, error))?;
    Ok(Some(making))
}

/// Whoever was making the store gave up, unless it still is at it.
fn begin_again(folder: &Path, file: &Path) -> Result<Option<Making>, StartError> {
    let begin = || fs::OpenOptions::new().read(true).write(true).open(file);
    let mut making = lock(folder, begin().map_err(|error| cannot(folder, error))?)?;
    let mut clear = || {
        let mut text = String::new();
        making.file.read_to_string(&mut text)?;
        // Another process may have finished it since it was looked at.
        if number(&text) == Some(FORMAT) {
            return Ok(false);
        }
        write_number(&mut making.file, BEING_MADE)?;
        match fs::remove_dir_all(data(folder)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(true),
        }
    };
    let is_cleared = clear().map_err(|error| cannot(folder, error))?;
    Ok(is_cleared.then_some(making))
}

fn lock(folder: &Path, file: fs::File) -> Result<Making, StartError> {
    match file.try_lock() {
        Ok(()) => Ok(Making { folder: folder.to_owned(), file }),
        Err(fs::TryLockError::WouldBlock) => Err(StartError::InUse { folder: folder.to_owned() }),
        Err(fs::TryLockError::Error(error)) => Err(cannot(folder, error)),
    }
}

fn write_number(file: &mut fs::File, number: u32) -> io::Result<()> {
    file.rewind()?;
    // In one piece: half a line is damage.
    file.write_all(format!("{BEFORE_NUMBER}{number}\n").as_bytes())?;
    file.sync_all()
}

/// Where the ordered store keeps its files.
pub(crate) fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn cannot(folder: &Path, error: io::Error) -> StartError {
    StartError::Folder { folder: folder.to_owned(), source: error }
}

pub(crate) fn damaged(folder: &Path, reason: String) -> StartError {
    StartError::Damaged { folder: folder.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    thread_local! {
        /// The folders whose names this test has put on the disk.
        pub(super) static SYNCED: RefCell<Vec<PathBuf>> = const { RefCell::new(Vec::new()) };
    }

    #[test]
    fn a_new_store_and_all_that_leads_to_it_is_on_the_disk() {
        let place = tempfile::tempdir().unwrap();
        let (outer, inner) = (place.path().join("new"), place.path().join("new/inner"));
        let making = claim(&inner).unwrap().unwrap();
        let synced = SYNCED.take();
        for folder in [place.path(), &outer, &inner] {
            assert!(synced.iter().any(|synced| synced == folder), "{}", folder.display());
        }
        making.finish().unwrap();
        assert_eq!(SYNCED.take(), [data(&inner), inner.clone()]);
        // A store that is there needs nothing of that, unless its file is made again.
        assert!(claim(&inner).unwrap().is_none());
        assert!(SYNCED.take().is_empty());
        fs::remove_file(inner.join(FILE)).unwrap();
        assert!(claim(&inner).unwrap().is_none());
        assert_eq!(SYNCED.take(), [inner]);
    }

    fn folder_with(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();
        folder
    }

    #[test]
    fn an_empty_folder_becomes_a_store_and_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("new");
        claim(&inner).unwrap().unwrap().finish().unwrap();
        assert!(claim(&inner).unwrap().is_none());
        let text = fs::read_to_string(inner.join(FILE)).unwrap();
        assert_eq!(text, "mini-hbase store, format 2\n");
    }

    #[test]
    fn a_store_whose_making_failed_is_made_anew() {
        for text in ["mini-hbase store, format 0\n", ""] {
            let folder = folder_with(text);
            if !text.is_empty() {
                fs::create_dir(data(folder.path())).unwrap();
            }
            let making = claim(folder.path()).unwrap().unwrap();
            assert!(!data(folder.path()).exists(), "{text}");
            drop(making);
            claim(folder.path()).unwrap().unwrap().finish().unwrap();
            assert!(claim(folder.path()).unwrap().is_none(), "{text}");
        }
    }

    #[test]
    fn a_store_is_made_by_one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let making = claim(folder.path()).unwrap().unwrap();
        let error = claim(folder.path()).err().unwrap();
        assert!(matches!(error, StartError::InUse { .. }), "{error}");
        making.finish().unwrap();
        assert!(claim(folder.path()).unwrap().is_none());
    }

    #[test]
    fn a_file_that_another_process_writes_is_no_damage() {
        let folder = folder_with("");
        fs::create_dir(data(folder.path())).unwrap();
        let file = fs::File::open(folder.path().join(FILE)).unwrap();
        file.lock().unwrap();
        let error = claim(folder.path()).err().unwrap();
        assert!(matches!(error, StartError::InUse { .. }), "{error}");
        drop(file);
        let error = claim(folder.path()).err().unwrap();
        assert!(matches!(error, StartError::Damaged { .. }), "{error}");
    }

    #[test]
    fn a_folder_with_other_files_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("letter.txt"), "").unwrap();
        let error = claim(folder.path()).err().unwrap();
        assert!(matches!(error, StartError::NotAStore { .. }), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_lost_or_torn_file_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        claim(folder.path()).unwrap().unwrap().finish().unwrap();
        let file = folder.path().join(FILE);
        let before = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert!(claim(folder.path()).unwrap().is_none());
        assert_eq!(fs::read(&file).unwrap(), before);
        for torn in ["", "mini-hb", "mini-hbase store, format 0\n", &"x".repeat(1_000)] {
            fs::write(&file, torn).unwrap();
            assert!(claim(folder.path()).unwrap().is_none(), "{torn}");
            assert_eq!(fs::read(&file).unwrap(), before);
        }
        // And the copy from the file.
        fs::remove_file(data(folder.path()).join(COPY)).unwrap();
        assert!(claim(folder.path()).unwrap().is_none());
        assert!(has_copy(folder.path()));
    }

    #[test]
    fn a_newer_format_is_refused() {
        let folder = folder_with("mini-hbase store, format 3\n");
        let error = claim(folder.path()).err().unwrap();
        assert!(matches!(error, StartError::NewerFormat { found: 3, .. }), "{error}");
    }

    #[test]
    fn a_file_that_says_something_else_is_damage() {
        for text in ["", "mini-hbase store, format x", "format 1", &"x".repeat(1000)] {
            let folder = folder_with(text);
            fs::create_dir(data(folder.path())).unwrap();
            let error = claim(folder.path()).err().unwrap();
            assert!(matches!(error, StartError::Damaged { .. }), "{error}");
        }
    }
}
