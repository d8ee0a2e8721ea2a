//! The memory that all requests share.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clients::{Client, Holder, Holders};

/// Room for the requests that are under way, counted in KiB.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    room: Arc<Semaphore>,
    holders: Arc<Holders>,
}

/// What one request has taken of it; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Memory,
    /// Whose request it is, if that is known.
    client: Option<Arc<Client>>,
    holder: Option<Holder>,
    taken: Option<OwnedSemaphorePermit>,
    /// Bytes of the last KiB that are not used yet.
    left: u64,
}

const KIB: u64 = 1024;
/// A client that has been there for as long may be let go if it is the slowest.
const GRACE: Duration = Duration::from_secs(2);
/// How long a request waits for room. Not for long: those that have some might wait for each other.
const PATIENCE: Duration = Duration::from_secs(1);
/// Until one that was let go is gone.
const LOOK: Duration = Duration::from_millis(20);

impl Memory {
    pub(crate) fn new(bytes: u64) -> Self {
        let kib = usize::try_from(bytes / KIB).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let holders = Holders::new("memory", GRACE);
        Self { room: Arc::new(Semaphore::new(kib)), holders }
    }

    pub(crate) fn share(&self, client: Option<Arc<Client>>) -> Share {
        Share { memory: self.clone(), client, holder: None, taken: None, left: 0 }
    }

    /// Takes room as soon as there is some, at the cost of the slowest client; false if there is none for a
    /// while.
    pub(crate) async fn take(&self, mut grow: impl FnMut() -> bool) -> bool {
        let until = Instant::now() + PATIENCE;
        while !grow() {
            if Instant::now() >= until {
                return false;
            }
            self.let_go_slowest();
            tokio::time::sleep(LOOK).await;
        }
        true
    }

    /// Takes room from the slowest client, for those who come again.
    pub(crate) fn let_go_slowest(&self) {
        self.holders.let_go_slowest();
    }
}

impl Share {
    /// Takes room for more bytes; false if there is none.
    pub(crate) fn grow(&mut self, bytes: u64) -> bool {
        let missing = bytes.saturating_sub(self.left).div_ceil(KIB);
        let Ok(kib) = u32::try_from(missing) else { return false };
        if kib > 0 {
            match Arc::clone(&self.memory.room).try_acquire_many_owned(kib) {
                Ok(permit) => match &mut self.taken {
                    Some(taken) => taken.merge(permit),
                    none => *none = Some(permit),
                },
                Err(_) => return false,
            }
            if self.holder.is_none() {
                self.holder = self.client.take().map(|client| self.memory.holders.add(client));
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
        let (mut first, mut second) = (memory.share(None), memory.share(None));
        assert!((0..60).all(|_| first.grow(100)));
        assert!(second.grow(4 * KIB));
        assert!(!second.grow(1) && !first.grow(KIB));
        assert!(first.grow(100), "the last KiB has room");
        drop(first);
        assert!(second.grow(6 * KIB) && !second.grow(1));
    }
}
