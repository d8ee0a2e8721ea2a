//! What the processor makes of a crash, and the crash's way out of the queue of unprocessed ones.
//!
//! For the order of the writes: a crash leaves the queue only when its processed data and the row
//! that finds it by signature are stored. The legacy queue is left to its takers (`queue`).

use std::fmt::Display;

use hbase_thrift_client::{Delete, Get, Put};

use crate::{
    error::{Error, ErrorKind, Result},
    flight::failed_tables,
    keys,
    ooid::Ooid,
    processed::ProcessedCrash,
    schema,
    store::CrashStore,
    traces::{StoredCrash, Trace},
};

impl CrashStore {
    /// Stores what the processor made of a crash, and takes the crash off the general queue.
    ///
    /// Three round trips: the crash's state; its processed data and its signature's row in one
    /// flight, which also looks for the queue row; then that row's removal with the counter of the
    /// queue's size, if it is there. May be made again, with other data too: the crash is then found
    /// by its new signature and no longer by the old one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchCrash`] and [`ErrorKind::TooLarge`] before anything is written;
    /// [`ErrorKind::HBase`], and then the crash is still queued, or its message says otherwise.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid, ProcessedCrash};
    /// # fn store_one(store: &CrashStore, ooid: &Ooid) -> Result<(), Box<dyn std::error::Error>> {
    /// let processed = ProcessedCrash::from_json(std::fs::read_to_string("processed.json")?)?;
    /// store.put_processed(ooid, &processed)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "put_processed_json")]
    pub fn put_processed(&self, ooid: &Ooid, processed: &ProcessedCrash) -> Result<()> {
        let cells = processed_cells(processed);
        let row = keys::crash_row(ooid);
        let what = format!("the processed crash {ooid}");
        self.check_size(schema::CRASH_REPORTS, &row, &what, &cells)?;
        let Some(before) = self.read_stored(ooid)? else {
            let message = format!("there is no crash {ooid} that was processed");
            return Err(Error::new(ErrorKind::NoSuchCrash, message));
        };
        let queued = self.put_processed_rows(ooid, processed, &before)?;
        self.leave_queues(ooid, &queued, "its processed data is stored")
    }

    /// Answers the queue rows that there are.
    fn put_processed_rows(
        &self,
        ooid: &Ooid,
        processed: &ProcessedCrash,
        before: &StoredCrash,
    ) -> Result<Vec<Trace>> {
        let failed = |state: &str, error| {
            Error::from_hbase(format!("storing the processed crash {ooid} failed: {state}"), error)
        };
        let refused = |error| failed("nothing was stored", error);
        let queue_row = general_queue_row(ooid, processed, before);
        let new = Trace::of_signature(ooid, processed.signature().as_bytes());
        let old = before.traits.signature.as_ref();
        let old = old.map(|old| Trace::of_signature(ooid, old)).filter(|old| *old != new);

        let mut flight = self.client().flight();
        let queued = flight.get(&self.table(queue_row.table), queue_row.get()).map_err(refused)?;
        let put = processed_cells(processed)
            .iter()
            .fold(Put::new(keys::crash_row(ooid)), |put, (column, value)| {
                put.column(column.as_str(), *value)
            });
        flight.put(&self.table(schema::CRASH_REPORTS), put).map_err(refused)?;
        flight.put(&self.table(new.table), new.put(ooid)).map_err(refused)?;
        if let Some(old) = old {
            flight.delete(&self.table(old.table), old.delete()).map_err(refused)?;
        }
        let mut landed = flight.send();
        let queued = landed.take(queued);
        let tables = [schema::CRASH_REPORTS, schema::SIGNATURE_OOID, schema::SIGNATURE_OOID];
        if let Some((error, tables)) = failed_tables(landed, &tables) {
            let tables = tables.join(" and ");
            return Err(failed(&format!("{tables} may lack it, it stays queued"), error));
        }
        let queued = queued
            .map_err(|error| failed("it is stored, but whether it is queued is unknown", error))?;
        Ok(if queue_row.names(queued.as_ref(), ooid) { vec![queue_row] } else { Vec::new() })
    }

    /// What the crash's row says; `None` where there is no row.
    pub(crate) fn read_stored(&self, ooid: &Ooid) -> Result<Option<StoredCrash>> {
        let get = Get::new(keys::crash_row(ooid)).columns(crate::traces::STATE_COLUMNS);
        let row = self.table(schema::CRASH_REPORTS).get(&get).map_err(|error| {
            Error::from_hbase(format!("the state of crash {ooid} could not be read"), error)
        })?;
        Ok(row.as_ref().map(StoredCrash::of_row))
    }

    /// Deletes queue rows that are there, and counts down the queues' sizes, in one round trip.
    pub(crate) fn leave_queues(
        &self,
        what: &impl Display,
        queued: &[Trace],
        state: &str,
    ) -> Result<()> {
        let deletes = queued.iter().map(|trace| (trace, trace.delete()));
        self.leave_queues_by(what, deletes.collect(), state)
    }

    /// As [`leave_queues`](Self::leave_queues), by deletes that may spare what came later.
    pub(crate) fn leave_queues_by(
        &self,
        what: &impl Display,
        queued: Vec<(&Trace, Delete)>,
        state: &str,
    ) -> Result<()> {
        if queued.is_empty() {
            return Ok(());
        }
        let failed = |but: &str, error| {
            Error::from_hbase(format!("crash {what}: {state}, but {but}"), error)
        };
        let refused = |error| failed("it is still queued", error);
        let mut flight = self.client().flight();
        let (mut steps, mut tables) = (Vec::new(), Vec::new());
        for (trace, delete) in queued {
            flight.delete(&self.table(trace.table), delete).map_err(refused)?;
            steps.extend(trace.size_step(-1));
            tables.push(trace.table);
        }
        let counted =
            flight.increment_rows(&self.table(schema::METRICS), steps).map_err(refused)?;
        let mut landed = flight.send();
        let counted = landed.take(counted);
        if let Some((error, tables)) = failed_tables(landed, &tables) {
            return Err(failed(&format!("{} may still have it", tables.join(" and ")), error));
        }
        counted.map_err(|error| failed("the size of the queue it left may be wrong now", error))
    }
}

fn processed_cells(processed: &ProcessedCrash) -> Vec<(String, &[u8])> {
    let cells = [
        (keys::TIMESTAMPS_PROCESSED, processed.completed()),
        (keys::PROCESSED_DATA_SIGNATURE, processed.signature()),
        (keys::PROCESSED_DATA_JSON, processed.json()),
        (keys::FLAGS_PROCESSED, keys::YES),
    ];
    cells.map(|(column, text)| (column.to_owned(), text.as_bytes())).to_vec()
}

/// The row is named by the time of submission; where a crash has none, by what Socorro's Python
/// client takes instead.
fn general_queue_row(ooid: &Ooid, processed: &ProcessedCrash, before: &StoredCrash) -> Trace {
    let submitted = before.traits.submitted.as_deref();
    let time = submitted.or(processed.date_processed()).unwrap_or("unknown");
    Trace::in_queue(schema::UNPROCESSED_FLAG, ooid, time)
}
