//! The file that says what a folder is: a store of mini-hbase, and of which format.
//!
//! It is read before anything else is touched, so that a folder of somebody else's, or of a later
//! version, is left as it was.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::StartError;

const FILE: &str = "mini-hbase";
const BEFORE_NUMBER: &str = "mini-hbase store, format ";
/// Rises whenever an older program can't read what a newer one wrote.
const FORMAT: u32 = 1;
const MAX_LEN: u64 = 200;

/// Makes the folder a store, unless it is one that this program can read.
pub(crate) fn claim(folder: &Path) -> Result<(), StartError> {
    fs::create_dir_all(folder).map_err(|error| cannot(folder, error))?;
    let file = folder.join(FILE);
    match fs::metadata(&file) {
        Ok(found) if found.len() <= MAX_LEN => check(folder, &file),
        Ok(_) => Err(damaged(folder, format!("the file {FILE} is not the one that was written"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(folder, &file),
        Err(error) => Err(cannot(folder, error)),
    }
}

fn check(folder: &Path, file: &Path) -> Result<(), StartError> {
    let bytes = fs::read(file).map_err(|error| cannot(folder, error))?;
    let text = String::from_utf8_lossy(&bytes);
    let number = text.trim_end().strip_prefix(BEFORE_NUMBER).and_then(|n| n.parse::<u32>().ok());
    match number {
        Some(FORMAT) => Ok(()),
        Some(found) if found > FORMAT => {
            Err(StartError::NewerFormat { folder: folder.to_owned(), found, supported: FORMAT })
        }
        _ => {
            Err(damaged(folder, format!("the file {FILE} does not say which format the store has")))
        }
    }
}

fn create(folder: &Path, file: &Path) -> Result<(), StartError> {
    let mut entries = fs::read_dir(folder).map_err(|error| cannot(folder, error))?;
    if entries.next().is_some() {
        return Err(StartError::NotAStore { folder: folder.to_owned() });
    }
    let write = || {
        let mut file = fs::File::create_new(file)?;
        writeln!(file, "{BEFORE_NUMBER}{FORMAT}")?;
        file.sync_all()
    };
    write().map_err(|error| cannot(folder, error))
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
    use super::*;

    fn folder_with(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();
        folder
    }

    #[test]
    fn an_empty_folder_becomes_a_store_and_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("new");
        claim(&inner).unwrap();
        claim(&inner).unwrap();
    }

    #[test]
    fn a_folder_with_other_files_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("letter.txt"), "").unwrap();
        let error = claim(folder.path()).unwrap_err();
        assert!(matches!(error, StartError::NotAStore { .. }), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_newer_format_is_refused() {
        let folder = folder_with("mini-hbase store, format 2\n");
        let error = claim(folder.path()).unwrap_err();
        assert!(matches!(error, StartError::NewerFormat { found: 2, .. }), "{error}");
    }

    #[test]
    fn a_file_that_says_something_else_is_damage() {
        for text in ["", "mini-hbase store, format x", "format 1", &"x".repeat(1000)] {
            let error = claim(folder_with(text).path()).unwrap_err();
            assert!(matches!(error, StartError::Damaged { .. }), "{error}");
        }
    }
}
