//! A storage that counts what is read of another, and whose disk may be full.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::model::storage::{Batch, Bytes, Entry, Snapshot, Space, Storage, Walk};
use crate::model::{Error, Result};

/// What was read since it was asked last.
#[derive(Default)]
pub(super) struct Counted {
    keys: AtomicUsize,
    bytes: AtomicUsize,
    /// From now on no write gets onto the disk.
    pub(super) is_full: AtomicBool,
}

impl Counted {
    /// How many keys were passed, and how many bytes of values were loaded.
    pub(super) fn take(&self) -> (usize, usize) {
        (self.keys.swap(0, Ordering::SeqCst), self.bytes.swap(0, Ordering::SeqCst))
    }
}

pub(super) struct Counting {
    pub(super) inner: Arc<dyn Storage>,
    pub(super) counted: Arc<Counted>,
}

impl Storage for Counting {
    fn space(&self, name: &str) -> Result<Arc<dyn Space>> {
        let inner = self.inner.space(name)?;
        Ok(Arc::new(CountingSpace { inner, counted: Arc::clone(&self.counted) }))
    }

    fn remove_space(&self, name: &str) -> Result<()> {
        self.inner.remove_space(name)
    }

    fn space_names(&self) -> Vec<String> {
        self.inner.space_names()
    }

    fn flushes(&self) -> u64 {
        self.inner.flushes()
    }
}

struct CountingSpace {
    inner: Arc<dyn Space>,
    counted: Arc<Counted>,
}

impl Space for CountingSpace {
    fn snapshot(&self) -> Box<dyn Snapshot> {
        let (inner, counted) = (self.inner.snapshot(), Arc::clone(&self.counted));
        Box::new(CountingSnapshot { inner, counted })
    }

    fn write(&self, batch: Batch) -> Result<u64> {
        self.inner.write(batch)
    }

    fn wait(&self, written: u64) -> Result<()> {
        if self.counted.is_full.load(Ordering::SeqCst) {
            return Err(Error::Unwritable("full".to_owned()));
        }
        self.inner.wait(written)
    }

    fn flush(&self) -> Result<()> {
        self.inner.flush()
    }

    fn compact(&self) -> Result<()> {
        self.inner.compact()
    }
}

struct CountingSnapshot {
    inner: Box<dyn Snapshot>,
    counted: Arc<Counted>,
}

impl Snapshot for CountingSnapshot {
    fn walk(&self, from: &[u8], to: &[u8]) -> Box<dyn Walk> {
        let (inner, counted) = (self.inner.walk(from, to), Arc::clone(&self.counted));
        Box::new(CountingWalk { inner, counted })
    }

    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Bytes>> {
        self.counted.keys.fetch_add(1, Ordering::SeqCst);
        self.inner.last_key(from, to)
    }
}

struct CountingWalk {
    inner: Box<dyn Walk>,
    counted: Arc<Counted>,
}

impl Walk for CountingWalk {
    fn next(&mut self, wants: &dyn Fn(&[u8]) -> bool) -> Result<Option<Entry>> {
        let entry = self.inner.next(wants)?;
        if let Some((_, value)) = &entry {
            self.counted.keys.fetch_add(1, Ordering::SeqCst);
            let bytes = value.as_ref().map_or(0, |value| value.len());
            self.counted.bytes.fetch_add(bytes, Ordering::SeqCst);
        }
        Ok(entry)
    }
}
