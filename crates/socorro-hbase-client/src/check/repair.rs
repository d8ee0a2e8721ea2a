//! Mending what a check has found.
//!
//! Each finding is looked at again first: what others have mended or changed meanwhile is left alone.

use hbase_thrift_client::{CheckAndPut, Delete, Get, Put, Row};

use super::{
    Finding, FindingKind,
    crashes::is_leftover,
    indexes::{ooid_of, verdict},
};
use crate::{
    error::{Error, Result},
    keys,
    metrics::SubmissionCounters,
    ooid::Ooid,
    schema,
    store::CrashStore,
    traces::StoredCrash,
};

impl CrashStore {
    /// Mends one finding of a [`check`](Self::check); answers whether there still was something to
    /// mend.
    ///
    /// A missing index row is written; a row that names no crash, or one that doesn't belong there, is
    /// deleted; a submission that stopped is completed: the crash is queued unless it is processed, its
    /// mark is taken away, and the check's parts about counters count it. A counter is set right, if it
    /// hasn't moved since it was found to be wrong; what is no counter is deleted, for the next check to
    /// find how much is missing.
    ///
    /// May be done beside live traffic, and again after an error. What somebody else writes at the same
    /// moment stays; where a crash is removed at the same moment, the next check may find more.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    pub fn repair(&self, finding: &Finding) -> Result<bool> {
        match (finding.kind, &finding.ooid) {
            (FindingKind::WrongCounter, _) => self.repair_counter(finding),
            (FindingKind::MalformedCounter, _) => self.repair_malformed_counter(finding),
            (FindingKind::UnfinishedSubmission, Some(ooid)) => {
                self.repair_submission(finding, ooid)
            }
            (FindingKind::LeftoverRow, _) => self.repair_leftover(finding),
            (FindingKind::MalformedIndexRow, ooid) => self.repair_malformed(finding, ooid.as_ref()),
            (FindingKind::MissingIndexRow, Some(ooid)) => self.repair_missing(finding, ooid),
            (_, Some(ooid)) => self.repair_entry(finding, ooid),
            (_, None) => Ok(false),
        }
    }

    /// Not an increment: one that is done twice, or after others have counted the same, would leave
    /// the counter as wrong as before.
    fn repair_counter(&self, finding: &Finding) -> Result<bool> {
        let (row, column) = (finding.row.as_slice(), finding.column.as_str());
        let right = finding.counter.unwrap_or_default().saturating_add(finding.difference);
        let unmoved = match finding.counter {
            Some(counter) => CheckAndPut::if_equal(row, column, counter.to_be_bytes()),
            None => CheckAndPut::if_absent(row, column),
        };
        let put = unmoved.put(column, right.to_be_bytes());
        self.table(schema::METRICS).check_and_put(&put).map_err(|error| failed(finding, error))
    }

    /// What is gone is zero, and found to be too little by the next check.
    fn repair_malformed_counter(&self, finding: &Finding) -> Result<bool> {
        let (row, column) = (finding.row.as_slice(), finding.column.as_str());
        let table = self.table(schema::METRICS);
        let found = table.get(&Get::new(row).column(column));
        let found = found.map_err(|error| failed(finding, error))?;
        let Some(found) = found.filter(|row| SubmissionCounters::of_row(row).is_err()) else {
            return Ok(false);
        };
        let delete = Delete::row(row).column(column).up_to_timestamp(newest(&found));
        table.delete(&delete).map_err(|error| failed(finding, error))?;
        Ok(true)
    }

    /// Whether the crash was to be queued is lost: one too many in a queue does less harm than one too
    /// few.
    fn repair_submission(&self, finding: &Finding, ooid: &Ooid) -> Result<bool> {
        let Some(stored) = self.read_stored(ooid)? else { return Ok(false) };
        if stored.is_submitted && !stored.is_uncounted {
            return Ok(false);
        }
        if stored.is_processed != Some(true) {
            for trace in stored.traits.queues(ooid) {
                let put = trace.put(ooid);
                self.table(trace.table).put(&put).map_err(|error| failed(finding, error))?;
            }
        }
        let whole = Put::new(finding.row.as_slice()).column(keys::IDS_OOID, ooid.as_str());
        self.table(finding.table).put(&whole).map_err(|error| failed(finding, error))?;
        let unmark = Delete::row(finding.row.as_slice()).column(finding.column.as_str());
        self.table(finding.table).delete(&unmark).map_err(|error| failed(finding, error))?;
        Ok(true)
    }

    fn repair_leftover(&self, finding: &Finding) -> Result<bool> {
        let table = self.table(finding.table);
        let row =
            table.get(&Get::new(finding.row.as_slice())).map_err(|error| failed(finding, error))?;
        let Some(row) = row else { return Ok(false) };
        let is_leftover = match finding.table {
            schema::CRASH_REPORTS => is_leftover(&row),
            _ => row.get(keys::IDS_OOID).is_none(),
        };
        if is_leftover {
            let row = Delete::row(finding.row.as_slice()).up_to_timestamp(newest(&row));
            table.delete(&row).map_err(|error| failed(finding, error))?;
        }
        Ok(is_leftover)
    }

    /// The key tells which crash was meant, if it was one.
    fn repair_malformed(&self, finding: &Finding, ooid: Option<&Ooid>) -> Result<bool> {
        let trace = finding.trace();
        let meant = match ooid {
            Some(ooid) => self.read_stored(ooid)?.map(|stored| (ooid, stored)),
            None => None,
        };
        let table = self.table(finding.table);
        let row = table.get(&trace.get()).map_err(|error| failed(finding, error))?;
        let Some(row) = row.filter(|row| row.cells().any(|cell| ooid_of(cell).is_none())) else {
            return Ok(false);
        };
        let mended = match meant {
            Some((ooid, stored)) if verdict(ooid, &trace, Some(&stored)).is_none() => {
                table.put(&trace.put(ooid))
            }
            _ => table.delete(&trace.delete().up_to_timestamp(newest(&row))),
        };
        mended.map(|()| true).map_err(|error| failed(finding, error))
    }

    fn repair_missing(&self, finding: &Finding, ooid: &Ooid) -> Result<bool> {
        let trace = finding.trace();
        let belongs = |stored: StoredCrash| stored.traits.indexes(ooid).contains(&trace);
        if !self.read_stored(ooid)?.is_some_and(belongs) {
            return Ok(false);
        }
        let put = trace.put(ooid);
        self.table(trace.table).put(&put).map_err(|error| failed(finding, error))?;
        Ok(true)
    }

    /// A row that should not be there: of a queue, its size is counted down with it.
    fn repair_entry(&self, finding: &Finding, ooid: &Ooid) -> Result<bool> {
        let trace = finding.trace();
        let stored = self.read_stored(ooid)?;
        if verdict(ooid, &trace, stored.as_ref()).is_none() {
            return Ok(false);
        }
        let table = self.table(trace.table);
        let row = table.get(&Get::new(trace.row.as_slice()));
        let row = row.map_err(|error| failed(finding, error))?;
        let Some(row) = row.filter(|row| trace.names(Some(row), ooid)) else { return Ok(false) };
        let delete = trace.delete().up_to_timestamp(newest(&row));
        if keys::queue_size(trace.table).is_some() {
            let entry = vec![(&trace, delete)];
            self.leave_queues_by(ooid, entry, "its entry doesn't belong into the queue")?;
        } else {
            table.delete(&delete).map_err(|error| failed(finding, error))?;
        }
        Ok(true)
    }
}

/// When a row was written last, so that a delete spares what is written after it was read.
fn newest(row: &Row) -> i64 {
    row.cells().map(|cell| cell.timestamp()).max().unwrap_or_default()
}

fn failed(finding: &Finding, error: hbase_thrift_client::Error) -> Error {
    let row = finding.row.escape_ascii();
    Error::from_hbase(format!("the row {row} of {} could not be mended", finding.table), error)
}
