//! Reading crashes from folders and archives, and storing them: the way back of `export`.
//!
//! For any number of crashes: few are in memory at a time. What is wrong with one is reported with its
//! name, and ends nothing. Nothing of an archive is written to a file, so it doesn't matter where the
//! names in it lead.

mod archive;
mod extra;
mod files;
mod folder;
mod held;
mod names;
mod store;

pub use archive::read_archive;
pub use files::{FoundCrash, ImportedCrash, ooid_of_files};
pub use folder::CrashFolder;

use crate::error::{Error, ErrorKind};

/// The most that the files of a crash may have together; HBase's rows take less.
const MOST: u64 = 128 << 20;

fn too_large() -> Error {
    let most = MOST >> 20;
    input(format!("its files have more than {most} MiB, and HBase's cells take far less"))
}

fn input(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Input, message)
}
