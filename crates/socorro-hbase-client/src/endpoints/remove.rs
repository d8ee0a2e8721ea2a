//! Removing crashes.

use crate::{error::Result, lifecycle, model::CrashId, store::CrashStore};

/// What a removal does to the counters of submissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Counted {
    /// The crash was submitted, and stays counted.
    #[default]
    Stays,
    /// Its share of the counters goes too: as if it had never been submitted.
    Goes,
}

/// # Removing
impl CrashStore {
    /// Removes a crash: its data, and its rows in all indexes and queues. How many crashes were
    /// submitted stays as it was. Returns whether there was such a crash.
    ///
    /// Up to twelve round trips. What somebody else writes to the crash at the same moment is taken away too.
    /// May be made again after an error, until it returns `false`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase), and then [`Error::effect`](crate::Error::effect)
    /// says what may be left; [`ErrorKind::Contended`](crate::ErrorKind::Contended) if the crash is still
    /// there, since it was written at a time that the server's clock has yet to reach.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid};
    /// # fn forget(store: &CrashStore, ooid: &Ooid) -> socorro_hbase_client::Result<()> {
    /// if !store.remove(ooid)? {
    ///     println!("there was no crash {ooid}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "delete_crash")]
    pub fn remove(&self, id: impl Into<CrashId>) -> Result<bool> {
        let results = self.remove_many([id], Counted::Stays)?;
        results.into_iter().next().unwrap_or(Ok(false))
    }

    /// As [`remove`](Self::remove), of many crashes in few round trips; each has a result of its own,
    /// in their order. A crash that is named twice is there once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase) if what is there can't be read.
    pub fn remove_many(
        &self,
        ids: impl IntoIterator<Item = impl Into<CrashId>>,
        counted: Counted,
    ) -> Result<Vec<Result<bool>>> {
        let ids: Vec<CrashId> = ids.into_iter().map(Into::into).collect();
        lifecycle::remove(self, &ids, counted == Counted::Goes)
    }
}
