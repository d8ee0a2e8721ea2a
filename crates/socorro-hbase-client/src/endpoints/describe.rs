//! All that is stored of a crash, without reading the large parts.

use hbase_thrift_client::{Filter, Scan};
use time::OffsetDateTime;

use super::index::HangHalf;
use crate::{
    endpoints::scan::not_scanned,
    error::Result,
    layout::{self, QUEUES},
    lifecycle::{Entry, Lease, read_crashes, read_entries},
    model::CrashId,
    store::CrashStore,
};

/// All that is stored of a crash: [`CrashStore::describe`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// The crash.
    pub id: CrashId,
    /// Its columns with their sizes and times, in the order of their names: `meta_data:json`,
    /// `raw_data:dump`, …
    pub parts: Vec<StoredPart>,
    /// Whether processed data is stored.
    pub is_processed: bool,
    /// The queues that it waits in.
    pub queued: Vec<Queued>,
    /// The other half of its hang.
    pub hang_pair: Option<HangHalf>,
}

/// A part of a crash as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredPart {
    /// Its column, `family:qualifier`, with bytes that aren't printable ASCII escaped.
    pub column: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was written, by the server's clock, to the millisecond.
    pub written: OffsetDateTime,
}

/// A crash's entry in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queued {
    /// Whether it is the legacy queue, or else the general one.
    pub is_legacy: bool,
    /// When it was put there, last, by the server's clock.
    pub since: OffsetDateTime,
    /// Whether it asks for something that is still to be done; if not, whoever claims it takes it out.
    pub is_requested: bool,
    /// Who has claimed it, and until when, by the clock of the one who did; claims that have run out
    /// are left out.
    pub claim: Option<(String, OffsetDateTime)>,
}

/// # Looking closely
impl CrashStore {
    /// Describes all that is stored of a crash; `None` if there is no such crash. Up to eight round trips,
    /// none of which reads a dump or processed data.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase).
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid};
    /// # fn show(store: &CrashStore, ooid: &Ooid) -> socorro_hbase_client::Result<()> {
    /// for part in store.describe(ooid)?.into_iter().flat_map(|crash| crash.parts) {
    ///     println!("{} {} bytes, written {}", part.column, part.bytes, part.written);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn describe(&self, id: impl Into<CrashId>) -> Result<Option<Description>> {
        let id = id.into();
        let stored = read_crashes(self, std::slice::from_ref(&id))?.into_iter().next().flatten();
        let Some(stored) = stored else { return Ok(None) };
        let cells = QUEUES.map(|table| stored.facts.queue_cell(table, &id));
        let rows = read_entries(self, &cells)?;
        let queued = rows.iter().zip(&cells).filter_map(|(row, cell)| {
            let entry = Entry::of_row(cell.table, row.as_ref()?)?;
            let claim = entry.claim.as_deref().and_then(Lease::read).filter(Lease::holds);
            Some(Queued {
                is_legacy: cell.table == layout::LEGACY_UNPROCESSED_FLAG,
                since: instant(entry.version),
                is_requested: stored.is_requested(entry.version),
                claim: claim.map(|claim| {
                    let expires = i64::try_from(claim.expires).unwrap_or(i64::MAX);
                    (claim.worker.to_owned(), instant(expires))
                }),
            })
        });
        Ok(Some(Description {
            parts: self.parts_of(&stored.row)?,
            is_processed: stored.is_processed(),
            queued: queued.collect(),
            hang_pair: self.get_hang_pair(&id)?,
            id,
        }))
    }

    fn parts_of(&self, row: &[u8]) -> Result<Vec<StoredPart>> {
        let scan = Scan::new()
            .start(row)
            .stop([row, &[0]].concat())
            .filter(Filter::key_only_with_lengths())
            .limit(1)
            .read_ahead(false);
        let mut rows = self.table(layout::CRASH_REPORTS).scan(scan).map_err(not_scanned)?;
        let Some(row) = rows.next().transpose().map_err(not_scanned)? else {
            return Ok(Vec::new());
        };
        let part = |cell: hbase_thrift_client::Cell<'_>| StoredPart {
            column: cell.column().to_string(),
            bytes: <[u8; 4]>::try_from(cell.value()).map_or(0, u32::from_be_bytes).into(),
            written: instant(cell.timestamp()),
        };
        Ok(row.cells().map(part).collect())
    }
}

/// Of milliseconds since 1970; what no calendar has is its end.
fn instant(millis: i64) -> OffsetDateTime {
    let nanoseconds = i128::from(millis) * 1_000_000;
    let last = time::PrimitiveDateTime::MAX.assume_utc();
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(last)
}
