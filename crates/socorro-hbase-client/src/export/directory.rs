//! An export as files in a directory.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::File;
use crate::{
    error::{Error, Result},
    ooid::Ooid,
};

pub(super) struct Directory {
    path: PathBuf,
}

impl Directory {
    pub(super) fn open(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).map_err(|error| failed("can't make", path, error))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Whether the last file of a crash is there.
    pub(super) fn has(&self, ooid: &Ooid) -> bool {
        self.path.join(format!("{ooid}.json")).exists()
    }

    /// In the files' order, each with its name only when it is whole.
    pub(super) fn write(&self, ooid: &Ooid, files: &[File]) -> Result<()> {
        for (extension, bytes) in files {
            let path = self.path.join(format!("{ooid}.{extension}"));
            write_whole(&path, bytes).map_err(|error| failed("can't write", &path, error))?;
        }
        Ok(())
    }
}

/// Under another name first, so that an interruption leaves no half of a file.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    fs::write(&part, bytes)?;
    fs::rename(&part, path)
}

pub(super) fn failed(what: &str, path: &Path, error: io::Error) -> Error {
    Error::from_file(format!("{what} {}", path.display()), error)
}
