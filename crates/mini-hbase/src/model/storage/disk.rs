//! The storage on disk: an ordered store with a journal (fjall), a keyspace for each space.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io, thread};

use fjall::compaction::filter::{CompactionFilter, Context, Factory, ItemAccessor, Verdict};
use fjall::{
    Database, Iter, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, PersistMode,
    Readable as _,
};

use super::buffers::Buffers;
use super::commit::{Commits, Durability};
use super::format::{self, Making};
use super::long_keys::{self, LongKeys};
use super::{Batch, Bytes, Entry, Snapshot, Space, Storage, Walk};
use crate::StartError;
use crate::model::purge::{Dropped, Drops, Purge, needs_value};
use crate::model::{Error, Result};

const CACHE_BYTES: u64 = 32 << 20;
/// Values from here on lie beside the keys, so that passing a large cell doesn't read it.
const SEPARATE_FROM: u32 = 4 << 10;
const MEMTABLE_BYTES: u64 = 16 << 20;
/// What all tables may have in memory that is in no file yet.
const ALL_MEMTABLES_BYTES: usize = 256 << 20;

/// How many full buffers of a table may wait for their files, and how many files for their compaction,
/// before a write waits for them. From 4 and 30 on the store itself does, which would wait for ever if
/// it can write no file.
const FULL_BUFFERS: usize = 2;
const FILES: usize = 20;
/// Between two looks at what a write waits for.
const PAUSE: Duration = Duration::from_millis(2);

/// Opens the storage in a folder, which is made if need be; the making has to be finished.
pub(in crate::model) fn open(
    folder: &Path,
    durability: Durability,
    purge: Arc<Purge>,
) -> std::result::Result<(Arc<dyn Storage>, Option<Making>), StartError> {
    let making = format::claim(folder)?;
    if making.is_none() && !has_journal(folder) {
        // It would be taken for a store in which nothing was ever written.
        return Err(format::damaged(folder, "its journal is missing".to_owned()));
    }
    let disk = Disk::open(folder, durability, move |space| {
        Arc::new(Filter { space: space.to_owned(), purge: Arc::clone(&purge) })
    });
    let disk = disk.map_err(|error| explain(folder, error.into()))?;
    Ok((Arc::new(disk), making))
}

/// A store has one from its making on.
fn has_journal(folder: &Path) -> bool {
    let is_journal = |entry: fs::DirEntry| entry.path().extension() == Some("jnl".as_ref());
    fs::read_dir(format::data(folder)).is_ok_and(|files| files.flatten().any(is_journal))
}

struct Disk {
    database: Database,
    commits: Arc<Commits>,
    buffers: Arc<Buffers<Keyspace>>,
}

impl Disk {
    /// With what filters the compactions of a space.
    fn open(
        folder: &Path,
        durability: Durability,
        filter: impl Fn(&str) -> Arc<dyn Factory> + Send + Sync + 'static,
    ) -> fjall::Result<Self> {
        let database = Database::builder(format::data(folder))
            .cache_size(CACHE_BYTES)
            .worker_threads(2)
            .with_compaction_filter_factories(Arc::new(move |space| Some(filter(space))))
            .open()?;
        let buffers = Arc::new(Buffers::new(MEMTABLE_BYTES as usize, ALL_MEMTABLES_BYTES));
        Ok(Self { database, commits: Arc::new(Commits::new(durability)), buffers })
    }
}

impl Storage for Disk {
    fn space(&self, name: &str) -> Result<Arc<dyn Space>> {
        let separated = KvSeparationOptions::default().separation_threshold(SEPARATE_FROM);
        let keyspace = self.database.keyspace(name, || {
            KeyspaceCreateOptions::default()
                .with_kv_separation(Some(separated))
                .max_memtable_size(MEMTABLE_BYTES)
        })?;
        self.buffers.open(name, &keyspace);
        let (database, commits) = (self.database.clone(), Arc::clone(&self.commits));
        let (name, buffers) = (name.to_owned(), Arc::clone(&self.buffers));
        Ok(Arc::new(DiskSpace { name, database, keyspace, commits, buffers }))
    }

    fn remove_space(&self, name: &str) -> Result<()> {
        let keyspace = self.database.keyspace(name, KeyspaceCreateOptions::default)?;
        self.buffers.remove(name);
        Ok(self.database.delete_keyspace(keyspace)?)
    }

    fn flushes(&self) -> u64 {
        self.commits.flushes()
    }

    fn space_names(&self) -> Vec<String> {
        self.database.list_keyspace_names().iter().map(ToString::to_string).collect()
    }
}

struct DiskSpace {
    name: String,
    database: Database,
    keyspace: Keyspace,
    commits: Arc<Commits>,
    buffers: Arc<Buffers<Keyspace>>,
}

impl DiskSpace {
    /// Waits, as long as the store can be written.
    fn wait_while(&self, condition: impl Fn(&Keyspace) -> bool) -> Result<()> {
        while condition(&self.keyspace) {
            self.commits.check(&self.database)?;
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Space for DiskSpace {
    fn snapshot(&self) -> Box<dyn Snapshot> {
        let (snapshot, keyspace) = (self.database.snapshot(), self.keyspace.clone());
        Box::new(DiskSnapshot { snapshot, keyspace })
    }

    fn write(&self, batch: Batch) -> Result<u64> {
        self.wait_while(|keyspace| {
            keyspace.sealed_memtable_count() >= FULL_BUFFERS || keyspace.l0_table_count() >= FILES
        })?;
        let mut writes = self.database.batch();
        let (entries, mut bytes) = (batch.len(), 0);
        for (key, value) in batch {
            let (key, value) = long_keys::stored(key, value);
            bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            match value {
                Some(value) => writes.insert(&self.keyspace, key, value),
                None => writes.remove(&self.keyspace, key),
            }
        }
        let written = self.commits.commit(writes)?;
        if let Some(largest) = self.buffers.add(&self.name, entries, bytes) {
            // A table that was dropped meanwhile needs nothing of that.
            let _ = largest.rotate_memtable();
        }
        Ok(written)
    }

    fn wait(&self, written: u64) -> Result<()> {
        self.commits.wait(&self.database, written)
    }

    fn flush(&self) -> Result<()> {
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }

    fn compact(&self) -> Result<()> {
        self.keyspace.rotate_memtable()?;
        self.wait_while(|keyspace| keyspace.sealed_memtable_count() > 0)?;
        Ok(self.keyspace.major_compact()?)
    }
}

struct DiskSnapshot {
    snapshot: fjall::Snapshot,
    keyspace: Keyspace,
}

impl DiskSnapshot {
    fn range(&self, from: &[u8], to: &[u8]) -> Iter {
        let low = long_keys::low(from).to_vec();
        if to.is_empty() {
            return self.snapshot.range(&self.keyspace, low..);
        }
        let high = long_keys::high(to);
        // An upside-down range has nothing in it, and is no range to the store.
        let high = if high < low { low.clone() } else { high };
        self.snapshot.range(&self.keyspace, low..high)
    }
}

impl Snapshot for DiskSnapshot {
    fn walk(&self, from: &[u8], to: &[u8]) -> Box<dyn Walk> {
        Box::new(LongKeys::new(DiskWalk(self.range(from, to)), from, to))
    }

    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Bytes>> {
        let down = self.range(from, to).rev();
        let entries =
            down.map(|guard| Ok(guard.into_inner_if(|key| long_keys::is_shortened(key))?));
        long_keys::last(entries, from, to)
    }
}

struct DiskWalk(Iter);

impl Walk for DiskWalk {
    fn next(&mut self, wants: &dyn Fn(&[u8]) -> bool) -> Result<Option<Entry>> {
        match self.0.next() {
            Some(guard) => Ok(Some(guard.into_inner_if(|key| wants(key))?)),
            None => Ok(None),
        }
    }
}

/// Drops at a compaction what no read returns any more.
struct Filter {
    space: String,
    purge: Arc<Purge>,
}

impl Factory for Filter {
    fn name(&self) -> &'static str {
        "hidden cells"
    }

    fn make_filter(&self, _: &Context) -> Box<dyn CompactionFilter> {
        Box::new(Dropping(self.purge.begin(&self.space)))
    }
}

struct Dropping(Drops);

impl CompactionFilter for Dropping {
    fn filter_item(
        &mut self,
        item: ItemAccessor<'_>,
        _: &Context,
    ) -> std::result::Result<Verdict, fjall::LsmError> {
        // No key is ever written twice, so a dropped one needs nothing in its place.
        if self.0.is_given_up() {
            // The files stay as they are, and the present compaction holds up no end.
            return Err(fjall::LsmError::Io(io::ErrorKind::Interrupted.into()));
        }
        let key = item.key();
        if long_keys::is_shortened(key) {
            return Ok(Verdict::Keep);
        }
        let value = if needs_value(key) { Some(item.value()?) } else { None };
        let drops = self.0.check(key, value.as_deref()) == Dropped::Cell;
        Ok(if drops { Verdict::Destroy } else { Verdict::Keep })
    }
}

/// Why a store can't be opened, in the words of [`StartError`].
pub(in crate::model) fn explain(folder: &Path, error: Error) -> StartError {
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

#[cfg(test)]
mod tests;
