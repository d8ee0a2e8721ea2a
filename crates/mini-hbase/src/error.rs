//! Why a server doesn't start, for people: what happened, and what to do.
//!
//! What a call answers is left to `exceptions`.

use std::io;
use std::path::PathBuf;

/// Why [`Builder::start`](crate::Builder::start) failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address can't be listened on.
    #[error("can't listen on {address}; is the port in use, or the address not this machine's?")]
    Listen {
        /// The address that was asked for.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The folder can't be made, read or written.
    #[error("can't use the folder {} as a store", folder.display())]
    Folder {
        /// The store's folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder holds other files; it was left as it is.
    #[error("{} is not empty and no store of mini-hbase; name another folder", folder.display())]
    NotAStore {
        /// The folder.
        folder: PathBuf,
    },
    /// Another server has the store open.
    #[error("the store in {} is in use by another server; stop it first", folder.display())]
    InUse {
        /// The store's folder.
        folder: PathBuf,
    },
    /// A later version of mini-hbase wrote the store; it was left as it is.
    #[error(
        "the store in {} has format {found}, and this version of mini-hbase reads up to \
         {supported}; use a newer one", folder.display()
    )]
    NewerFormat {
        /// The store's folder.
        folder: PathBuf,
        /// The format that the store has.
        found: u32,
        /// The newest format that this version reads.
        supported: u32,
    },
    /// The store's files are not what was written.
    #[error(
        "the store in {} is damaged: {reason}; restore a copy, or start on an empty folder",
        folder.display()
    )]
    Damaged {
        /// The store's folder.
        folder: PathBuf,
        /// What can't be read.
        reason: String,
    },
    /// What the tables are to begin with can't be put in.
    #[error("the seeds can't be put in: {0}")]
    Seed(String),
    /// The settings contradict each other.
    #[error("{0}")]
    Settings(String),
    /// The system gave no thread.
    #[error("can't start the server's threads")]
    Thread(#[source] io::Error),
}
