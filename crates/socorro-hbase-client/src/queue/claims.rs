//! Claiming the entries of a queue, a batch at a time.

use std::{collections::VecDeque, fmt, time::Duration};

use hbase_thrift_client::{CheckAndPut, Delete, Get, MergeScan, Row, Scan, Ticket};

use super::{
    Claim, Queue, Taker,
    claim::{holds, new_cell},
};
use crate::{
    error::{Error, ErrorKind, Result},
    flight::may_heal,
    keys,
    scan::{IndexEntry, not_scanned, salts},
    schema,
};

/// Crashes as they are taken from a queue: [`Queue::claim`].
///
/// What is wrong with one entry is an error that doesn't end it; an error of HBase does.
pub struct Claims {
    queue: Queue,
    taker: Taker,
    lease: Duration,
    rows: Option<MergeScan>,
    ready: VecDeque<Result<Claim>>,
}

/// Few, since a taker that dies holds them back; enough to share two round trips.
const AT_ONCE: usize = 16;

impl Claims {
    pub(super) fn new(queue: Queue, taker: Taker, lease: Duration) -> Result<Self> {
        let scan = Scan::new().columns([keys::IDS_OOID, keys::CLAIM]);
        let rows = queue.table().scan_merge(salts(), scan).map_err(not_scanned)?;
        Ok(Self { queue, taker, lease, rows: Some(rows), ready: VecDeque::new() })
    }

    /// Fills `ready`, unless there are no more entries.
    fn fetch(&mut self) {
        while self.ready.is_empty()
            && let Some(rows) = &mut self.rows
        {
            let mut free = Vec::new();
            let mut failed = None;
            while free.len() < AT_ONCE {
                match rows.next() {
                    Some(Ok(row)) if is_free(&row) => free.push(row),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        failed = Some(not_scanned(error));
                        break;
                    }
                    None => break,
                }
            }
            if free.len() < AT_ONCE {
                self.rows = None;
            }
            match claim_rows(&self.queue, &self.taker, self.lease, &free) {
                Ok(claims) => self.ready.extend(claims),
                Err(error) => failed = Some(error),
            }
            if let Some(error) = failed {
                self.rows = None;
                self.ready.push_back(Err(error));
            }
        }
    }
}

impl Iterator for Claims {
    type Item = Result<Claim>;

    fn next(&mut self) -> Option<Self::Item> {
        self.fetch();
        self.ready.pop_front()
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").field("queue", &self.queue).finish_non_exhaustive()
    }
}

/// A row with a claim alone is what is left of one whose entry was removed at the same moment.
pub(super) fn is_free(row: &Row) -> bool {
    row.get(keys::IDS_OOID).is_some() && !row.get(keys::CLAIM).is_some_and(holds)
}

/// A claim that was written, and how to learn what became of it.
struct Attempt {
    entry: IndexEntry,
    cell: String,
    claimed: Ticket<bool>,
    row: Ticket<Option<Row>>,
    crash: Ticket<Option<Row>>,
}

/// Claims the entries of rows as they were read; answers with those that were got.
///
/// Two flights: the claims, then what is there. The second decides, so that it doesn't matter whether
/// the replies of the first were lost; what they say of a claim that can't be written does.
pub(super) fn claim_rows(
    queue: &Queue,
    taker: &Taker,
    lease: Duration,
    rows: &[Row],
) -> Result<Vec<Result<Claim>>> {
    let mut claims = Vec::new();
    let mut written = Vec::new();
    let failed = |error| Error::from_hbase("entries of the queue could not be claimed", error);
    let table = queue.table();
    let mut flight = queue.store.client().flight();
    for row in rows {
        match IndexEntry::of_row(row) {
            Err(error) => claims.push(Err(error)),
            Ok(entry) => {
                let cell = new_cell(taker, lease);
                let check = match row.get(keys::CLAIM) {
                    None => CheckAndPut::if_absent(row.key(), keys::CLAIM),
                    Some(old) => CheckAndPut::if_equal(row.key(), keys::CLAIM, old),
                };
                let claim = check.put(keys::CLAIM, cell.as_str());
                let claimed = flight.check_and_put(&table, claim).map_err(failed)?;
                written.push((entry, cell, claimed));
            }
        }
    }
    let mut claimed_now = flight.send();

    let mut flight = queue.store.client().flight();
    let mut attempts = Vec::new();
    for (entry, cell, claimed) in written {
        let get = Get::new(entry.key.as_slice()).columns([keys::IDS_OOID, keys::CLAIM]);
        let row = flight.get(&table, get).map_err(failed)?;
        let get =
            Get::new(keys::crash_row(&entry.ooid)).columns([keys::FLAGS_PROCESSED, keys::IDS_OOID]);
        let crashes = queue.store.table(schema::CRASH_REPORTS);
        let crash = flight.get(&crashes, get).map_err(failed)?;
        attempts.push(Attempt { entry, cell, claimed, row, crash });
    }
    let mut landed = flight.send();
    for Attempt { entry, cell, claimed, row, crash } in attempts {
        let row = landed.take(row).map_err(failed)?;
        let crash = landed.take(crash).map_err(failed)?;
        if row.as_ref().and_then(|row| row.get(keys::CLAIM)) == Some(cell.as_bytes()) {
            let is_entry = row.is_some_and(|row| row.get(keys::IDS_OOID).is_some());
            claims.extend(settle(queue, taker, (entry, cell), is_entry, crash.as_ref()));
        } else if row.as_ref().is_some_and(is_free)
            && let Err(error) = claimed_now.take(claimed)
            && !may_heal(&error)
        {
            // Nobody has it, and nobody can: whoever may not write would wait for ever for a queue
            // that looks as if others worked on it.
            return Err(failed(error));
        }
    }
    Ok(claims)
}

/// What to do with an entry whose claim is ours.
fn settle(
    queue: &Queue,
    taker: &Taker,
    (entry, cell): (IndexEntry, String),
    is_entry: bool,
    crash: Option<&Row>,
) -> Option<Result<Claim>> {
    let ooid = entry.ooid;
    if !is_entry {
        // Somebody removed the entry while it was being claimed; what the claim has left of it does
        // no harm if it stays.
        let _ = queue.table().delete(&Delete::row(entry.key).column(keys::CLAIM));
        return None;
    }
    match crash.map(|row| row.get(keys::FLAGS_PROCESSED)) {
        None => {
            let message = format!("the queue names crash {ooid}, which isn't there");
            Some(Err(Error::new(ErrorKind::NoSuchCrash, message)))
        }
        Some(Some(flag)) if flag == keys::YES.as_bytes() => {
            queue.remove_row(&entry.key).err().map(Err)
        }
        Some(_) => Some(Ok(Claim::new(queue.clone(), entry, taker.clone(), cell))),
    }
}
