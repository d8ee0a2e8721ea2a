//! What reads ask for: columns, a range of time, versions, and of scans, rows and a filter.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::filter::Filter;
use super::{Error, LATEST, Result, Table, keys};

/// Timestamps from one on and before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeRange {
    pub(crate) from: i64,
    pub(crate) before: i64,
}

impl TimeRange {
    pub(crate) const ALL: Self = Self { from: 0, before: LATEST };

    /// # Errors
    /// If a bound is negative, or the range upside down.
    pub(crate) fn new(from: i64, before: i64) -> Result<Self> {
        if from < 0 || before < 0 {
            let text = format!("Timestamp cannot be negative. minStamp:{from}, maxStamp:{before}");
            return Err(Error::Illegal(text));
        }
        if before < from {
            return Err(Error::Illegal("maxStamp is smaller than minStamp".to_owned()));
        }
        Ok(Self { from, before })
    }

    /// One time alone.
    ///
    /// # Errors
    /// If it is negative, or the one that stands for now.
    pub(crate) fn at(time: i64) -> Result<Self> {
        if time < 0 || time == LATEST {
            return Err(Error::Illegal(format!("invalid ts:{time}")));
        }
        Ok(Self { from: time, before: time + 1 })
    }

    pub(super) fn has(self, timestamp: i64) -> bool {
        self.from <= timestamp && !self.ends_before(timestamp)
    }

    /// Whether a timestamp is too late for it. All times have the last one too.
    pub(super) fn ends_before(self, timestamp: i64) -> bool {
        timestamp >= self.before && self != Self::ALL
    }
}

/// A family, whole or one of its columns.
pub(crate) type Column = (Vec<u8>, Option<Vec<u8>>);

/// The cells that a read wants of each row.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// Families, each whole or with one of its columns; none stands for everything.
    pub(crate) columns: Vec<Column>,
    pub(crate) time: TimeRange,
    /// Of these families, instead of that.
    pub(crate) family_times: Vec<(Vec<u8>, TimeRange)>,
    /// How many of a column, the newest first.
    pub(crate) versions: usize,
    /// How many cells of each family, after so many others.
    pub(crate) store_limit: Option<usize>,
    pub(crate) store_offset: usize,
}

impl Query {
    /// The newest version of some columns.
    ///
    /// # Errors
    /// If no version is wanted.
    pub(crate) fn new(columns: Vec<Column>, time: TimeRange, versions: i32) -> Result<Self> {
        let versions = usize::try_from(versions).ok().filter(|&versions| versions > 0);
        let versions = versions.ok_or_else(|| Error::Io("versions must be positive".to_owned()))?;
        let family_times = Vec::new();
        Ok(Self { columns, time, family_times, versions, store_limit: None, store_offset: 0 })
    }

    /// Whether a row without a cell to return has none at all.
    pub(super) fn wants_all(&self) -> bool {
        self.columns.is_empty()
            && self.time == TimeRange::ALL
            && self.family_times.is_empty()
            && self.versions > 0
            && self.store_offset == 0
    }

    /// The times that are wanted of a family.
    pub(super) fn time_of(&self, family: &[u8]) -> TimeRange {
        let own = self.family_times.iter().find(|(name, _)| name == family);
        own.map_or(self.time, |(_, time)| *time)
    }

    /// For each family of a table whether it is wanted, and which of its columns, escaped.
    ///
    /// A bare family takes back what was said of its columns before, and a column what was said of
    /// its whole family (`Get.addFamily`, `Get.addColumn`).
    ///
    /// # Errors
    /// If a family doesn't exist.
    pub(super) fn resolve(&self, table: &Table) -> Result<Vec<Choice>> {
        let mut choices: BTreeMap<u16, Option<Vec<Vec<u8>>>> = BTreeMap::new();
        for (family, qualifier) in &self.columns {
            let chosen = choices.entry(table.family(family)?).or_insert(None);
            match qualifier {
                None => *chosen = None,
                Some(qualifier) => {
                    chosen.get_or_insert_default().push(keys::escape(qualifier));
                }
            }
        }
        let wants_all = choices.is_empty();
        let choice = |place: usize| match choices.remove(&(place as u16)) {
            Some(Some(mut columns)) => {
                columns.sort_unstable();
                columns.dedup();
                Choice::Columns(columns.into())
            }
            Some(None) => Choice::All,
            None if wants_all => Choice::All,
            None => Choice::Nothing,
        };
        Ok((0..table.families.len()).map(choice).collect())
    }
}

/// What a read wants of a family.
#[derive(Clone, Debug)]
pub(super) enum Choice {
    Nothing,
    All,
    /// Escaped, in their order.
    Columns(Arc<[Vec<u8>]>),
}

/// A read of many rows.
pub(crate) struct Scan {
    pub(crate) table: String,
    pub(crate) rows: Rows,
    pub(crate) reversed: bool,
    pub(crate) query: Query,
    /// How many cells a result may have; a row may come as several results.
    pub(crate) batch: Option<usize>,
    /// How many rows are returned at most.
    pub(crate) limit: Option<usize>,
    pub(crate) filter: Option<Box<dyn Filter>>,
}

/// Which rows a scan is about.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    /// An empty row is the table's end.
    Range {
        start: Bound,
        stop: Bound,
    },
    Prefix(Vec<u8>),
}

/// Where a scan begins or ends.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) row: Vec<u8>,
    pub(crate) inclusive: bool,
}
