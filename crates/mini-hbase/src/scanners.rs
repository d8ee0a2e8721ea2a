//! All open scanners by their number, and when each is forgotten.
//!
//! Expired scanners are looked for whenever any scanner is used, by the server's clock: nothing
//! runs in the background, and a test that moves the clock sees the lease end at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::budget::Share;
use crate::model::{Error, Result, Scanner};

/// `hbase.client.scanner.timeout.period`, and twice that, as the gateways of Thrift 2 and 1 have it.
pub(crate) const THRIFT2_LEASE: Duration = Duration::from_mins(1);
pub(crate) const THRIFT1_LEASE: Duration = Duration::from_mins(2);
/// What an open scanner takes, beside what its scan asks for.
const SCANNER: usize = 4 << 10;
/// How often a row at which a scan begins or ends is there.
const COPIES: usize = 4;

/// A scanner's own share, for as long as it is open. While it is opened, the call has its own as well.
pub(crate) fn own(call: &Share) -> Share {
    let share = call.another();
    share.stand_beside(call.taken());
    share
}

/// Takes memory for a scanner that begins and ends at these rows.
///
/// # Errors
/// If there is not enough.
pub(crate) fn take_rows(share: &Share, rows: &[&[u8]]) -> Result<()> {
    let bytes: usize = rows.iter().map(|row| row.len()).sum();
    share.take(SCANNER + COPIES * bytes).map_err(Error::NoMemory)
}

/// A scanner, and what its front end has to remember of it.
pub(crate) struct OpenScanner {
    pub(crate) scanner: Scanner,
    /// Whether columns go into the result's list instead of its map.
    pub(crate) sorted: bool,
}

/// The open scanners of a server.
pub(crate) struct Scanners {
    max: usize,
    lease: i64,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next_id: i32,
    scanners: HashMap<i32, Lease>,
}

struct Lease {
    scanner: Arc<Mutex<OpenScanner>>,
    last_used: i64,
}

impl Scanners {
    pub(crate) fn new(max: usize, lease: Duration) -> Self {
        let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        Self { max, lease, open: Mutex::default() }
    }

    /// Keeps a scanner and numbers it.
    ///
    /// # Errors
    /// If there are too many.
    pub(crate) fn add(&self, scanner: OpenScanner, now: i64) -> Result<i32> {
        let mut open = self.open(now);
        if open.scanners.len() >= self.max {
            let max = self.max;
            return Err(Error::Io(format!(
                "there are {max} open scanners, which is mini-hbase's limit; close some"
            )));
        }
        let id = open.next_id;
        open.next_id = id.checked_add(1).unwrap_or(0);
        let scanner = Arc::new(Mutex::new(scanner));
        open.scanners.insert(id, Lease { scanner, last_used: now });
        Ok(id)
    }

    /// Finds a scanner, whose lease begins anew.
    pub(crate) fn find(&self, id: i32, now: i64) -> Option<Arc<Mutex<OpenScanner>>> {
        let mut open = self.open(now);
        let lease = open.scanners.get_mut(&id)?;
        lease.last_used = now;
        Some(Arc::clone(&lease.scanner))
    }

    /// Forgets a scanner, and says whether there was one.
    pub(crate) fn remove(&self, id: i32, now: i64) -> bool {
        self.open(now).scanners.remove(&id).is_some()
    }

    /// Forgets all of them, as if their leases had ended.
    pub(crate) fn expire_all(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).scanners.clear();
    }

    fn open(&self, now: i64) -> MutexGuard<'_, Open> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.scanners.retain(|_, lease| now.saturating_sub(lease.last_used) <= self.lease);
        open
    }
}
