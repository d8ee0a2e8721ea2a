//! The simulated cluster's one table: cells with times as HBase keeps them, and what every row ever
//! looked like.

use std::collections::BTreeMap;
use std::ops::Bound;

pub(super) type Bytes = Vec<u8>;

/// A row as a reader sees it: values and times by column.
pub(super) type Columns = BTreeMap<Bytes, (i64, Bytes)>;

/// A key and its cells, without their times.
pub(super) type Row = (Bytes, BTreeMap<Bytes, Bytes>);

#[derive(Default)]
pub(super) struct Table {
    rows: BTreeMap<Bytes, History>,
}

#[derive(Default)]
struct History {
    columns: BTreeMap<Bytes, Versions>,
    /// A delete of the whole row hides likewise.
    deleted: Option<i64>,
    /// Since when the row looks like this.
    looks: Vec<(u64, Columns)>,
}

#[derive(Default)]
struct Versions {
    /// A delete hides all of this millisecond and before, whenever that was put.
    deleted: Option<i64>,
    by_time: BTreeMap<i64, Bytes>,
}

impl Versions {
    fn newest(&self, row_deleted: Option<i64>) -> Option<(i64, &Bytes)> {
        let (time, value) = self.by_time.last_key_value()?;
        let deleted = self.deleted.max(row_deleted);
        deleted.is_none_or(|deleted| *time > deleted).then_some((*time, value))
    }
}

impl History {
    fn visible(&self) -> Columns {
        let newest = |(name, versions): (&Bytes, &Versions)| {
            versions.newest(self.deleted).map(|(time, value)| (name.clone(), (time, value.clone())))
        };
        self.columns.iter().filter_map(newest).collect()
    }
}

impl Table {
    pub(super) fn row(&self, key: &[u8]) -> Columns {
        self.rows.get(key).map(History::visible).unwrap_or_default()
    }

    /// The rows with cells between the keys (start included, stop excluded; empty for none), in
    /// order.
    pub(super) fn range(&self, start: &[u8], stop: &[u8], reversed: bool) -> Vec<(Bytes, Columns)> {
        let found = |bounds: (Bound<&[u8]>, Bound<&[u8]>)| {
            let rows = self.rows.range::<[u8], _>(bounds);
            let rows = rows.map(|(key, row)| (key.clone(), row.visible()));
            rows.filter(|(_, columns)| !columns.is_empty()).collect::<Vec<_>>()
        };
        let or_open = |key| if reversed { included_or_open(key) } else { excluded_or_open(key) };
        if reversed {
            let low = if stop.is_empty() { Bound::Unbounded } else { Bound::Excluded(stop) };
            if !stop.is_empty() && !start.is_empty() && stop >= start {
                return Vec::new();
            }
            let mut rows = found((low, or_open(start)));
            rows.reverse();
            return rows;
        }
        if !stop.is_empty() && start >= stop {
            return Vec::new();
        }
        found((Bound::Included(start), or_open(stop)))
    }

    pub(super) fn put(&mut self, at: u64, key: &[u8], column: &[u8], time: i64, value: &[u8]) {
        self.change(at, key, |row| {
            let versions = row.columns.entry(column.to_vec()).or_default();
            versions.by_time.insert(time, value.to_vec());
        });
    }

    /// Deletes a column, or all of the row.
    pub(super) fn delete(&mut self, at: u64, key: &[u8], column: Option<&[u8]>, time: i64) {
        self.change(at, key, |row| {
            let deleted = match column {
                Some(column) => &mut row.columns.entry(column.to_vec()).or_default().deleted,
                None => &mut row.deleted,
            };
            *deleted = (*deleted).max(Some(time));
        });
    }

    /// Adds to a counter; returns its new value.
    pub(super) fn add(&mut self, at: u64, key: &[u8], column: &[u8], time: i64, by: i64) -> i64 {
        let now = self.row(key).get(column).cloned();
        let before = now.as_ref().map_or(0, |(_, value)| {
            i64::from_be_bytes(value.as_slice().try_into().expect("a counter"))
        });
        let time = now.map_or(time, |(last, _)| time.max(last));
        self.put(at, key, column, time, &(before + by).to_be_bytes());
        before + by
    }

    /// Whether the row looked like this at some time between these.
    pub(super) fn looked_like(&self, key: &[u8], look: &Columns, from: u64, to: u64) -> bool {
        let Some(row) = self.rows.get(key) else { return look.is_empty() };
        let ends = row.looks.iter().skip(1).map(|(time, _)| *time).chain([u64::MAX]);
        let mut looks = row.looks.iter().zip(ends);
        let began = row.looks.first().map_or(u64::MAX, |(time, _)| *time);
        (look.is_empty() && from <= began)
            || looks.any(|((begin, seen), end)| *begin <= to && end >= from && seen == look)
    }

    fn change(&mut self, at: u64, key: &[u8], change: impl FnOnce(&mut History)) {
        let row = self.rows.entry(key.to_vec()).or_default();
        change(row);
        let look = row.visible();
        row.looks.push((at, look));
    }
}

fn included_or_open(key: &[u8]) -> Bound<&[u8]> {
    if key.is_empty() { Bound::Unbounded } else { Bound::Included(key) }
}

fn excluded_or_open(key: &[u8]) -> Bound<&[u8]> {
    if key.is_empty() { Bound::Unbounded } else { Bound::Excluded(key) }
}
