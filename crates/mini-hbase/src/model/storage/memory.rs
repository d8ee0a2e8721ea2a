//! The storage in memory: persistent trees, so that a snapshot costs nothing and is never changed.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rpds::RedBlackTreeMapSync;

use super::{Batch, Bytes, Entry, Snapshot, Space, Storage, Walk};
use crate::model::Result;

type Tree = RedBlackTreeMapSync<Bytes, Bytes>;

/// How many entries a walk takes out of its tree at once: few at first, for reads of single cells.
const FIRST_PORTION: usize = 4;
const MAX_PORTION: usize = 64;

/// Spaces that end with the server.
#[derive(Default)]
pub(crate) struct Memory(Mutex<BTreeMap<String, Arc<MemorySpace>>>);

impl Memory {
    fn spaces(&self) -> MutexGuard<'_, BTreeMap<String, Arc<MemorySpace>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Memory {
    fn space(&self, name: &str) -> Result<Arc<dyn Space>> {
        let mut spaces = self.spaces();
        let space = spaces
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(MemorySpace(RwLock::new(Tree::new_sync()))));
        Ok(Arc::<MemorySpace>::clone(space))
    }

    fn remove_space(&self, name: &str) -> Result<()> {
        self.spaces().remove(name);
        Ok(())
    }

    fn flushes(&self) -> u64 {
        0
    }

    fn space_names(&self) -> Vec<String> {
        self.spaces().keys().cloned().collect()
    }
}

struct MemorySpace(RwLock<Tree>);

impl Space for MemorySpace {
    fn snapshot(&self) -> Box<dyn Snapshot> {
        Box::new(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn write(&self, batch: Batch) -> Result<u64> {
        let mut tree = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in batch {
            match value {
                Some(value) => tree.insert_mut(Bytes::from(key), Bytes::from(value)),
                None => {
                    tree.remove_mut(&*key);
                }
            }
        }
        Ok(0)
    }

    fn wait(&self, _: u64) -> Result<()> {
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn compact(&self) -> Result<()> {
        Ok(())
    }
}

impl Snapshot for Tree {
    fn walk(&self, from: &[u8], to: &[u8]) -> Box<dyn Walk> {
        let from = Bound::Included(Bytes::from(from));
        let (tree, to) = (self.clone(), to.to_vec());
        Box::new(MemoryWalk { tree, from, to, portion: Vec::new(), size: FIRST_PORTION })
    }

    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Bytes>> {
        let range = bounded(self, Bound::Included(from), to);
        Ok(range.and_then(|mut range| range.next_back()).map(|(key, _)| key.clone()))
    }
}

/// Entries from a bound to the one before `to`; an empty `to` is the end.
fn bounded<'a>(
    tree: &'a Tree,
    from: Bound<&'a [u8]>,
    to: &'a [u8],
) -> Option<impl DoubleEndedIterator<Item = (&'a Bytes, &'a Bytes)>> {
    let end = if to.is_empty() { Bound::Unbounded } else { Bound::Excluded(to) };
    let start = match from {
        Bound::Included(from) | Bound::Excluded(from) => from,
        Bound::Unbounded => &[],
    };
    // An upside-down range has nothing in it, and is no range to the tree.
    let is_range = to.is_empty() || start < to;
    is_range.then(|| tree.range::<[u8], _>((from, end)))
}

struct MemoryWalk {
    tree: Tree,
    from: Bound<Bytes>,
    to: Vec<u8>,
    /// What comes next, in reverse order.
    portion: Vec<(Bytes, Bytes)>,
    size: usize,
}

impl Walk for MemoryWalk {
    fn next(&mut self, wants: &dyn Fn(&[u8]) -> bool) -> Result<Option<Entry>> {
        if self.portion.is_empty() {
            let from = self.from.as_ref().map(|key| &**key);
            let entries = bounded(&self.tree, from, &self.to).into_iter().flatten();
            let entries = entries.take(self.size).map(|(key, value)| (key.clone(), value.clone()));
            self.portion.extend(entries);
            self.size = (self.size * 2).min(MAX_PORTION);
            if let Some((last, _)) = self.portion.last() {
                self.from = Bound::Excluded(last.clone());
            }
            self.portion.reverse();
        }
        // No value that the disk wouldn't give.
        Ok(self.portion.pop().map(|(key, value)| {
            let value = wants(&key).then_some(value);
            (key, value)
        }))
    }
}
