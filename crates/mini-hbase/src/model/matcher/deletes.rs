//! The deletes that were met so far in a family of a row, and what they hide (`ScanDeleteTracker`).

use std::collections::BTreeMap;

use crate::model::cell::CellType;
use crate::model::keys::Parts;

/// How a cell is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hidden {
    /// With all older versions of its column.
    Column,
    /// Alone.
    Version,
}

/// Deletes in the order of cells: those of the family, and the last one of a column.
#[derive(Debug, Default)]
pub(super) struct Deletes {
    family_up_to: Option<Mark>,
    /// Numbers of writes by timestamps.
    family_versions: BTreeMap<i64, u64>,
    column: Option<(CellType, Mark)>,
    /// The escaped qualifier of the last delete of a column.
    qualifier: Vec<u8>,
}

/// A delete's timestamp, and the number of its write.
#[derive(Clone, Copy, Debug)]
struct Mark {
    timestamp: i64,
    sequence: u64,
}

impl Deletes {
    pub(super) fn clear(&mut self) {
        self.family_up_to = None;
        self.family_versions.clear();
        self.column = None;
    }

    pub(super) fn add(&mut self, delete: &Parts<'_>) {
        if self.family_up_to.is_some_and(|up_to| delete.timestamp <= up_to.timestamp) {
            return;
        }
        let mut mark = Mark { timestamp: delete.timestamp, sequence: delete.sequence };
        match delete.kind {
            CellType::Put => {}
            CellType::DeleteFamily => self.family_up_to = Some(mark),
            CellType::DeleteFamilyVersion => {
                self.family_versions.entry(mark.timestamp).or_insert(mark.sequence);
            }
            CellType::Delete | CellType::DeleteColumn => {
                // A delete of one version says nothing that one of the whole column doesn't.
                match self.column {
                    Some((kind, before)) if self.qualifier == delete.escaped_qualifier => {
                        if delete.kind < kind {
                            return;
                        }
                        if kind == CellType::DeleteColumn {
                            mark.sequence = mark.sequence.max(before.sequence);
                        }
                    }
                    _ => {
                        self.qualifier.clear();
                        self.qualifier.extend_from_slice(delete.escaped_qualifier);
                    }
                }
                self.column = Some((delete.kind, mark));
            }
        }
    }

    /// Whether a put that comes next in the order of cells is hidden, and how.
    pub(super) fn hide(&self, put: &Parts<'_>) -> Option<Hidden> {
        let hiding = self.hiding_family(put).or_else(|| self.hiding_version(put));
        hiding.or_else(|| self.hiding_column(put)).map(|(hidden, _)| hidden)
    }

    /// The number of the last write that hides such a put.
    pub(super) fn hidden_since(&self, put: &Parts<'_>) -> Option<u64> {
        let hiding = [self.hiding_family(put), self.hiding_version(put), self.hiding_column(put)];
        hiding.into_iter().flatten().map(|(_, sequence)| sequence).max()
    }

    fn hiding_family(&self, put: &Parts<'_>) -> Option<(Hidden, u64)> {
        let up_to = self.family_up_to.filter(|up_to| put.timestamp <= up_to.timestamp)?;
        Some((Hidden::Column, up_to.sequence))
    }

    fn hiding_version(&self, put: &Parts<'_>) -> Option<(Hidden, u64)> {
        Some((Hidden::Version, *self.family_versions.get(&put.timestamp)?))
    }

    fn hiding_column(&self, put: &Parts<'_>) -> Option<(Hidden, u64)> {
        let (kind, mark) = self.column.filter(|_| self.qualifier == put.escaped_qualifier)?;
        if kind == CellType::DeleteColumn {
            return Some((Hidden::Column, mark.sequence));
        }
        (mark.timestamp == put.timestamp).then_some((Hidden::Version, mark.sequence))
    }
}
