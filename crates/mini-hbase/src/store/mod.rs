//! Tables and cells on disk: what is in a row, who may write it when, and when it is safe.
//!
//! Deletes are resolved when they are written, under the row's lock: the cells they cover are
//! removed at once, and a marker stays behind that turns away puts which are as old. So a read
//! never meets a marker, however much was deleted where it passes. The versions that a family may
//! keep are counted at the write too. Both are what HBase does in a compaction, done early.
//!
//! Filters, scanners and the wire are left to others.

mod commit;
mod counters;
mod error;
pub(crate) mod format;
mod keys;
mod read;
mod rows;
mod stripes;
mod table;
mod tables;
mod value;
mod write;

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, RwLock};

use fjall::{Database, Keyspace, KeyspaceCreateOptions};

use crate::StartError;
use crate::clock::Clock;

use commit::Commits;
pub use commit::Durability;
pub(crate) use error::{Error, Result, show};
pub(crate) use keys::escape;
pub(crate) use read::Limits;
pub(crate) use rows::{Cursor, Rows};
use stripes::Stripes;
pub(crate) use table::Table;
pub(crate) use write::{Edit, RowEdits};

const CATALOGUE: &str = "catalogue";
const CACHE_BYTES: u64 = 32 << 20;

/// All tables, and the one writer of their files.
pub(crate) struct Store {
    database: Database,
    catalogue: Keyspace,
    tables: RwLock<BTreeMap<String, Arc<Table>>>,
    stripes: Stripes,
    commits: Commits,
    clock: Clock,
    cluster_id: String,
}

impl Store {
    /// Opens the store in a folder, which is made if need be.
    pub(crate) fn open(
        folder: &Path,
        durability: Durability,
        clock: Clock,
    ) -> std::result::Result<Self, StartError> {
        let making = format::claim(folder)?;
        // The storage checks its files by assertions too; a damaged file is no reason to end.
        let opened = catch_unwind(AssertUnwindSafe(|| Self::open_data(folder, durability, clock)));
        match opened {
            Ok(Ok(store)) => {
                if let Some(making) = making {
                    making.finish()?;
                }
                Ok(store)
            }
            Ok(Err(error)) => Err(explain(folder, error)),
            Err(_panic) => {
                Err(format::damaged(folder, "the storage can't make sense of it".to_owned()))
            }
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now_millis()
    }

    pub(crate) fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    fn open_data(folder: &Path, durability: Durability, clock: Clock) -> Result<Self> {
        let database = Database::builder(format::data(folder))
            .cache_size(CACHE_BYTES)
            .worker_threads(2)
            .open()?;
        let catalogue = database.keyspace(CATALOGUE, KeyspaceCreateOptions::default)?;
        let mut store = Self {
            database,
            catalogue,
            tables: RwLock::default(),
            stripes: Stripes::new(),
            commits: Commits::new(durability),
            clock,
            cluster_id: String::new(),
        };
        store.cluster_id = store.load_cluster_id()?;
        store.load_tables()?;
        Ok(store)
    }
}

fn explain(folder: &Path, error: Error) -> StartError {
    match error {
        Error::Storage(fjall::Error::Locked) => StartError::InUse { folder: folder.to_owned() },
        Error::Storage(fjall::Error::Io(source)) => {
            StartError::Folder { folder: folder.to_owned(), source }
        }
        Error::Storage(fjall::Error::Storage(fjall::LsmError::Io(source)))
            if is_no_damage(source.kind()) =>
        {
            StartError::Folder { folder: folder.to_owned(), source }
        }
        other => format::damaged(folder, other.to_string()),
    }
}

/// Whether it is the disk that refuses, rather than a file that isn't what was written.
fn is_no_damage(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{
        FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    matches!(
        kind,
        FileTooLarge | PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull
    )
}
