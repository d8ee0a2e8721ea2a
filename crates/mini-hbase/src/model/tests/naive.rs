//! HBase's rules for cells, as a list of what was written that is looked through for each read. It
//! knows nothing of keys, seeks and snapshots.

use std::collections::BTreeSet;

use crate::model::{CellType, Family, Query};

/// A cell of any type, as it was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// Rises with each cell.
    pub(super) number: usize,
    pub(super) row: Vec<u8>,
    pub(super) family: u16,
    /// Empty for a delete of a family.
    pub(super) qualifier: Vec<u8>,
    pub(super) kind: CellType,
    pub(super) timestamp: i64,
    pub(super) time_to_live: Option<i64>,
    pub(super) value: Vec<u8>,
}

impl Written {
    /// Whether both are of the same place, kind and time.
    pub(super) fn is_named_as(&self, other: &Self) -> bool {
        let name = |one: &Self| (one.family, one.kind, one.timestamp);
        name(self) == name(other) && self.row == other.row && self.qualifier == other.qualifier
    }
}

/// A cell that a read returns: family, qualifier, timestamp, value.
pub(super) type Seen = (u16, Vec<u8>, i64, Vec<u8>);

/// A filter of values.
pub(super) type Passes<'a> = &'a dyn Fn(&[u8]) -> bool;

/// All that was written to a table, in its order.
#[derive(Clone)]
pub(super) struct Naive {
    pub(super) families: Vec<Family>,
    pub(super) written: Vec<Written>,
    pub(super) now: i64,
}

impl Naive {
    /// The newest version of a column.
    pub(super) fn newest(&self, row: &[u8], family: u16, qualifier: &[u8]) -> Option<Written> {
        versions(&self.living(row, family), qualifier, 0, None).into_iter().next().cloned()
    }

    /// What a read returns of a row; `passes` is a filter of values.
    pub(super) fn read(&self, row: &[u8], query: &Query, passes: Option<Passes<'_>>) -> Vec<Seen> {
        let mut all = Vec::new();
        for (place, family) in self.families.iter().enumerate() {
            let place = u16::try_from(place).unwrap();
            let wanted = wanted(query, &family.name);
            let kept = usize::try_from(family.max_versions).unwrap();
            let living = self.living(row, place);
            let mut seen = Vec::new();
            for qualifier in living.iter().map(|one| &one.qualifier).collect::<BTreeSet<_>>() {
                if !wanted.has(qualifier) {
                    continue;
                }
                let own = query.family_times.iter().find(|(name, _)| *name == family.name);
                let time = own.map_or(query.time, |(_, time)| *time);
                let (from, before) = (time.from, time.before);
                let versions = versions(&living, qualifier, from, Some(before));
                // Without a filter no more are looked at than are wanted.
                let checked = versions.into_iter().take(kept);
                let found = checked.filter(|put| passes.is_none_or(|passes| passes(&put.value)));
                seen.extend(
                    found
                        .take(query.versions)
                        .map(|put| (place, qualifier.clone(), put.timestamp, put.value.clone())),
                );
            }
            let limit = query.store_limit.unwrap_or(usize::MAX);
            all.extend(seen.into_iter().skip(query.store_offset).take(limit));
        }
        all
    }

    /// As after a compaction of all files: what no read of everything returns is gone, among the cells
    /// that were there when the reads under way began.
    pub(super) fn compact(&mut self, began: usize) {
        let later = self.written.iter().position(|one| one.number >= began);
        let later = self.written.split_off(later.unwrap_or(self.written.len()));
        self.drop_unseen();
        self.written.extend(later);
    }

    fn drop_unseen(&mut self) {
        let mut kept = BTreeSet::new();
        for (number, one) in self.written.iter().enumerate() {
            let living = self.living(&one.row, one.family);
            let versions = versions(&living, &one.qualifier, 0, None);
            let max = usize::try_from(self.families[usize::from(one.family)].max_versions).unwrap();
            if versions.into_iter().take(max).any(|put| std::ptr::eq(put, one)) {
                kept.insert(number);
            }
        }
        let mut number = 0;
        self.written.retain(|_| {
            number += 1;
            kept.contains(&(number - 1))
        });
    }

    /// The rows with any cell, of whatever kind.
    pub(super) fn rows(&self) -> BTreeSet<Vec<u8>> {
        self.written.iter().map(|one| one.row.clone()).collect()
    }

    fn living(&self, row: &[u8], family: u16) -> Vec<&Written> {
        let seconds = self.families[usize::from(family)].time_to_live;
        let oldest =
            if seconds == i32::MAX { i64::MIN } else { self.now - i64::from(seconds) * 1_000 };
        let is_alive = |one: &&Written| {
            (one.row == row && one.family == family && one.timestamp >= oldest)
                && one.time_to_live.is_none_or(|ttl| one.timestamp + ttl >= self.now)
        };
        self.written.iter().filter(is_alive).collect()
    }
}

/// The versions of a column that nothing hides, the newest first, in a range of time.
fn versions<'a>(
    living: &[&'a Written],
    qualifier: &[u8],
    from: i64,
    before: Option<i64>,
) -> Vec<&'a Written> {
    let mut found: Vec<&Written> = Vec::new();
    // Of one timestamp, the put that came last counts.
    for put in living.iter().rev().filter(|put| put.qualifier == qualifier) {
        let is_wanted = put.timestamp >= from
            && before.is_none_or(|before| put.timestamp < before)
            && put.kind == CellType::Put;
        let is_known = found.iter().any(|known| known.timestamp == put.timestamp);
        let mut deletes = living.iter().filter(|one| one.timestamp >= from);
        if is_wanted && !is_known && !deletes.any(|delete| hides(delete, put)) {
            found.push(put);
        }
    }
    found.sort_by_key(|put| -put.timestamp);
    found
}

fn hides(delete: &Written, put: &Written) -> bool {
    let is_column = delete.qualifier == put.qualifier;
    match delete.kind {
        CellType::Put => false,
        CellType::Delete => is_column && put.timestamp == delete.timestamp,
        CellType::DeleteColumn => is_column && put.timestamp <= delete.timestamp,
        CellType::DeleteFamilyVersion => put.timestamp == delete.timestamp,
        CellType::DeleteFamily => put.timestamp <= delete.timestamp,
    }
}

/// What is wanted of a family.
enum Wanted {
    Nothing,
    All,
    Some(Vec<Vec<u8>>),
}

impl Wanted {
    fn has(&self, qualifier: &[u8]) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::Some(wanted) => wanted.iter().any(|one| one == qualifier),
        }
    }
}

/// Of a family and its columns, what was said last counts.
fn wanted(query: &Query, family: &[u8]) -> Wanted {
    if query.columns.is_empty() {
        return Wanted::All;
    }
    let mut wanted = Wanted::Nothing;
    for (_, qualifier) in query.columns.iter().filter(|(name, _)| name == family) {
        wanted = match (wanted, qualifier) {
            (_, None) => Wanted::All,
            (Wanted::Some(before), Some(qualifier)) => {
                Wanted::Some([before, vec![qualifier.clone()]].concat())
            }
            (_, Some(qualifier)) => Wanted::Some(vec![qualifier.clone()]),
        };
    }
    wanted
}
