//! Removing a crash with everything that names it.
//!
//! For the order of the deletes, the reverse of a submission's: first whatever names the crash, and
//! last the crash, without which nothing would tell what else there is to delete.

use hbase_thrift_client::Delete;

use crate::{
    error::{Error, Result},
    flight::failed_tables,
    keys,
    metrics::submission_steps,
    ooid::Ooid,
    schema,
    store::CrashStore,
    traces::{StoredCrash, Trace},
};

impl CrashStore {
    /// Removes a crash: its data, its rows in all indexes and queues, and its share of the counters.
    /// Answers whether there was such a crash.
    ///
    /// At most four round trips. May be made again after an error, until it answers `false`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase); the message says what may be left.
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
    pub fn remove(&self, ooid: &Ooid) -> Result<bool> {
        let Some(stored) = self.read_stored(ooid)? else { return Ok(false) };
        let queued = self.remove_indexes(ooid, &stored)?;
        if stored.is_uncounted {
            self.forget_queue_rows(ooid, &queued)?;
        } else {
            self.leave_queues(ooid, &queued, "no index names it any more")?;
        }
        self.remove_row(ooid, &stored)?;
        Ok(true)
    }

    /// Answers the queue rows that there are.
    fn remove_indexes(&self, ooid: &Ooid, stored: &StoredCrash) -> Result<Vec<Trace>> {
        let refused = |error| failed(ooid, "it is there as before", error);
        let queues = stored.traits.queues(ooid);
        let mut flight = self.client().flight();
        let mut tickets = Vec::new();
        for trace in &queues {
            tickets.push(flight.get(&self.table(trace.table), trace.get()).map_err(refused)?);
        }
        let mut tables = Vec::new();
        for trace in stored.traits.indexes(ooid) {
            flight.delete(&self.table(trace.table), trace.delete()).map_err(refused)?;
            tables.push(trace.table);
        }
        let mut landed = flight.send();
        let mut found = Vec::new();
        for (trace, ticket) in queues.into_iter().zip(tickets) {
            let row = landed.take(ticket).map_err(|error| {
                failed(ooid, "the crash and its queue rows are still there", error)
            })?;
            if trace.names(row.as_ref(), ooid) {
                found.push(trace);
            }
        }
        match failed_tables(landed, &tables) {
            None => Ok(found),
            Some((error, tables)) => {
                let left = format!("it is still there, and {} may name it", tables.join(", "));
                Err(failed(ooid, &left, error))
            }
        }
    }

    /// Of a crash that was never counted, whose queue rows weren't counted either.
    fn forget_queue_rows(&self, ooid: &Ooid, queued: &[Trace]) -> Result<()> {
        for trace in queued {
            self.table(trace.table).delete(&trace.delete()).map_err(|error| {
                failed(ooid, "the crash and its queue rows may still be there", error)
            })?;
        }
        Ok(())
    }

    /// A crash that was never counted isn't counted down either.
    fn remove_row(&self, ooid: &Ooid, stored: &StoredCrash) -> Result<()> {
        let refused = |error| failed(ooid, "its row is still there", error);
        let mut flight = self.client().flight();
        let row = Delete::row(keys::crash_row(ooid));
        let removed = flight.delete(&self.table(schema::CRASH_REPORTS), row).map_err(refused)?;
        if stored.is_submitted && !stored.is_uncounted {
            let steps = submission_steps(stored, -1);
            flight.increment_rows(&self.table(schema::METRICS), steps).map_err(refused)?;
        }
        let mut landed = flight.send();
        landed.take(removed).map_err(|error| failed(ooid, "its row may still be there", error))?;
        landed.all().map_err(|error| {
            failed(ooid, "it is gone, but some or all counters may still have it", error)
        })
    }
}

fn failed(ooid: &Ooid, state: &str, error: hbase_thrift_client::Error) -> Error {
    Error::from_hbase(format!("removing crash {ooid} failed: {state}"), error)
}
