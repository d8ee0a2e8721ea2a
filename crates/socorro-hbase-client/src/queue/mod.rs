//! The queues of crashes that wait for a processor: looking, taking, acknowledging.
//!
//! For entries that leave a queue only when their taker says that it is done. Entries are rows of
//! two indexes, in order of submission; a submission puts them there (`submit`).

mod claim;
mod claims;
mod statistics;

pub use claim::{Claim, Taker, TakerError};
pub use claims::Claims;
pub use statistics::QueueStatistics;

use std::time::Duration;

use hbase_thrift_client::{Get, Table};

use crate::{
    error::{Error, Result},
    keys,
    ooid::Ooid,
    range::TimeRange,
    scan::CrashScan,
    schema,
    store::CrashStore,
    traces::Trace,
};

/// One of the two queues: [`CrashStore::legacy_queue`], [`CrashStore::general_queue`].
///
/// Several monitors and processors can share a queue. Each [`claim`](Self::claim)s the crashes that
/// it takes, for a limited time, in the family `processor_state` of the queue's own rows, which
/// Socorro's Python client has but neither reads nor writes. An entry leaves the queue when its
/// claim is acknowledged, or when anybody removes it, the Python client's monitor included; the
/// claims of a taker that dies run out, and others get its crashes.
///
/// Claims run out by the clocks of those who want the entry: they have to agree better than the
/// time for which crashes are claimed.
#[derive(Clone, Debug)]
pub struct Queue {
    store: CrashStore,
    table: &'static str,
}

impl CrashStore {
    /// The queue of accepted crashes, which a monitor empties and hands on to processors.
    pub fn legacy_queue(&self) -> Queue {
        Queue { store: self.clone(), table: schema::LEGACY_UNPROCESSED_FLAG }
    }

    /// The queue of all crashes that aren't processed.
    /// [`put_processed`](Self::put_processed) takes a crash out of it.
    pub fn general_queue(&self) -> Queue {
        Queue { store: self.clone(), table: schema::UNPROCESSED_FLAG }
    }
}

impl Queue {
    /// Looks at the entries, oldest first, claimed or not, and leaves them where they are.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase), here or from the iterator.
    pub fn entries(&self) -> Result<CrashScan> {
        self.store.scan_times(self.table, &TimeRange::all())
    }

    /// Takes crashes out of the queue for a time, oldest first: those that nobody else has claimed.
    ///
    /// The iterator ends with the last entry that there is; ask again for what comes later. It claims
    /// 16 entries in two round trips, as they are wanted; a crash that is processed already is
    /// acknowledged instead of handed out. Of each crash that is handed out,
    /// [`acknowledge`](Claim::acknowledge) the claim when it is done, within the time of the claim or
    /// of its last [`renew`](Claim::renew)al.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase), here or from the iterator.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use socorro_hbase_client::{CrashStore, Taker};
    /// # fn monitor(store: &CrashStore) -> Result<(), Box<dyn std::error::Error>> {
    /// let me: Taker = "monitor-1".parse()?;
    /// for claim in store.legacy_queue().claim(&me, Duration::from_secs(300))? {
    ///     let claim = claim?;
    ///     println!("processing {}", claim.ooid());
    ///     claim.acknowledge()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "iterator_for_all_legacy_to_be_processed")]
    pub fn claim(&self, taker: &Taker, lease: Duration) -> Result<Claims> {
        Claims::new(self.clone(), taker.clone(), lease)
    }

    /// Takes one crash out of its turn, as a priority job; `None` if it isn't in the queue, or
    /// somebody else has claimed it. Four round trips.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    pub fn claim_crash(
        &self,
        ooid: &Ooid,
        taker: &Taker,
        lease: Duration,
    ) -> Result<Option<Claim>> {
        let Some(trace) = self.entry_of(ooid)? else { return Ok(None) };
        let get = Get::new(trace.row).columns([keys::IDS_OOID, keys::CLAIM]);
        let row = self.table().get(&get).map_err(|error| not_read(ooid, error))?;
        let Some(row) = row.filter(claims::is_free) else { return Ok(None) };
        let claims = claims::claim_rows(self, taker, lease, &[row])?;
        claims.into_iter().next().transpose()
    }

    /// Takes a crash out of the queue for good; answers whether it was there. Socorro's monitor does
    /// so with a crash that it processes by priority, before it is processed:
    /// [`claim_crash`](Self::claim_crash) doesn't lose it when the processor dies.
    ///
    /// At most three round trips. May be made again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase), and then its message says what is left.
    #[doc(alias = "acknowledge_ooid_as_legacy_priority_job")]
    pub fn remove(&self, ooid: &Ooid) -> Result<bool> {
        match self.entry_of(ooid)? {
            Some(trace) => self.remove_row(&trace.row),
            None => Ok(false),
        }
    }

    /// Takes the entry with this row key out of the queue for good; answers whether it was there.
    /// The queue's size is counted down only if it was. At most two round trips. May be made again.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove).
    #[doc(alias = "delete_from_legacy_processing_index")]
    pub fn remove_row(&self, key: &[u8]) -> Result<bool> {
        let trace = Trace::of_ooid(self.table, key.to_vec());
        // Read first, in a round trip of its own: a delete that is repeated because its reply was
        // lost would otherwise find nothing and count nothing down.
        let shown = key.escape_ascii();
        let row = self.table().get(&trace.get()).map_err(|error| not_read(&shown, error))?;
        if row.is_none() {
            return Ok(false);
        }
        let state = "its entry was found in the queue";
        self.store.leave_queues(&shown, &[trace], state).map(|()| true)
    }

    pub(crate) fn table_name(&self) -> &'static str {
        self.table
    }

    pub(crate) fn table(&self) -> Table {
        self.store.table(self.table)
    }

    /// Where the crash's entry is, if it is there.
    fn entry_of(&self, ooid: &Ooid) -> Result<Option<Trace>> {
        let submitted = self.store.get_processing_state(ooid)?.and_then(|state| state.submitted);
        Ok(submitted.map(|submitted| Trace::in_queue(self.table, ooid, &submitted)))
    }
}

fn not_read(what: &impl std::fmt::Display, error: hbase_thrift_client::Error) -> Error {
    Error::from_hbase(format!("the queue's entry of {what} could not be read"), error)
}
