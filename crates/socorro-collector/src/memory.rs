//! The memory that all requests share.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for the requests that are under way, counted in KiB.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Arc<Semaphore>);

/// What one request has taken of it; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Memory,
    taken: Option<OwnedSemaphorePermit>,
    /// Bytes of the last KiB that are not used yet.
    left: u64,
}

const KIB: u64 = 1024;

impl Memory {
    pub(crate) fn new(bytes: u64) -> Self {
        let kib = usize::try_from(bytes / KIB).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(kib)))
    }

    pub(crate) fn share(&self) -> Share {
        Share { memory: self.clone(), taken: None, left: 0 }
    }
}

impl Share {
    /// Takes room for more bytes; false if there is none. Nobody waits for room: those that have some
    /// would wait for each other.
    pub(crate) fn grow(&mut self, bytes: u64) -> bool {
        let missing = bytes.saturating_sub(self.left).div_ceil(KIB);
        let Ok(kib) = u32::try_from(missing) else { return false };
        if kib > 0 {
            match Arc::clone(&self.memory.0).try_acquire_many_owned(kib) {
                Ok(permit) => match &mut self.taken {
                    Some(taken) => taken.merge(permit),
                    none => *none = Some(permit),
                },
                Err(_) => return false,
            }
        }
        self.left = self.left + u64::from(kib) * KIB - bytes;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_one_of_the_sum() {
        let memory = Memory::new(10 * KIB);
        let (mut first, mut second) = (memory.share(), memory.share());
        assert!((0..60).all(|_| first.grow(100)));
        assert!(second.grow(4 * KIB));
        assert!(!second.grow(1) && !first.grow(KIB));
        assert!(first.grow(100), "the last KiB has room");
        drop(first);
        assert!(second.grow(6 * KIB) && !second.grow(1));
    }
}
