//! What waits to be sent, cut into calls that the gateway runs as the caller meant them.
//!
//! Pure: no table, no clock.

use std::collections::HashMap;

use crate::request::{Batch, Delete, Put};

/// A put or a delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// A put.
    Put(Put),
    /// A delete.
    Delete(Delete),
}

impl Mutation {
    /// The key of its row.
    pub fn row(&self) -> &[u8] {
        match self {
            Self::Put(put) => &put.row,
            Self::Delete(delete) => &delete.row,
        }
    }

    /// About how many bytes of a request it takes; never less than it does.
    pub(super) fn encoded_size(&self) -> usize {
        // A mutation's heads and flags, with the lengths of column and value.
        const PER_CELL: usize = 32;
        const PER_ROW: usize = 32;
        let cells: usize = match self {
            Self::Put(put) => {
                put.cells.iter().map(|(column, value)| column.len() + value.len() + PER_CELL).sum()
            }
            Self::Delete(delete) => delete.columns.iter().map(|c| c.len() + PER_CELL).sum(),
        };
        PER_ROW + self.row().len() + cells
    }

    /// A gateway has no place for it beside others.
    fn is_alone(&self) -> bool {
        matches!(self, Self::Delete(delete) if delete.columns.is_empty())
    }

    fn is_put(&self) -> bool {
        matches!(self, Self::Put(_))
    }

    /// Whether both can be in one call, which has one timestamp and one set of attributes.
    fn goes_with(&self, other: &Self) -> bool {
        let common = |mutation: &'_ Self| match mutation {
            Self::Put(put) => (put.timestamp, put.attributes.clone()),
            Self::Delete(delete) => (delete.timestamp, delete.attributes.clone()),
        };
        !self.is_alone() && !other.is_alone() && common(self) == common(other)
    }
}

impl From<Put> for Mutation {
    fn from(put: Put) -> Self {
        Self::Put(put)
    }
}

impl From<Delete> for Mutation {
    fn from(delete: Delete) -> Self {
        Self::Delete(delete)
    }
}

/// Mutations for one call.
#[derive(Debug, Default)]
pub(super) struct Segment {
    pub(super) mutations: Vec<Mutation>,
    bytes: usize,
    /// For each row, whether it is put to; the gateway runs all puts before all deletes.
    puts: HashMap<Vec<u8>, bool>,
}

impl Segment {
    fn takes(&self, mutation: &Mutation, max_bytes: usize) -> bool {
        let fits = self.bytes + mutation.encoded_size() <= max_bytes;
        let kind_of_row = self.puts.get(mutation.row());
        fits && self.mutations.first().is_none_or(|first| first.goes_with(mutation))
            && kind_of_row.is_none_or(|is_put| *is_put == mutation.is_put())
    }

    fn push(&mut self, mutation: Mutation) {
        self.bytes += mutation.encoded_size();
        self.puts.insert(mutation.row().to_vec(), mutation.is_put());
        self.mutations.push(mutation);
    }
}

/// Segments in the order in which they have to be sent.
#[derive(Debug, Default)]
pub(super) struct Pending {
    segments: Vec<Segment>,
    mutations: usize,
    bytes: usize,
}

impl Pending {
    /// Adds a mutation, to the last segment if that keeps its row's order and the call's limits.
    pub(super) fn push(&mut self, mutation: Mutation, max_bytes: usize) {
        self.mutations += 1;
        self.bytes += mutation.encoded_size();
        match self.segments.last_mut() {
            Some(last) if last.takes(&mutation, max_bytes) => last.push(mutation),
            _ => {
                let mut segment = Segment::default();
                segment.push(mutation);
                self.segments.push(segment);
            }
        }
    }

    pub(super) fn mutations(&self) -> usize {
        self.mutations
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn take(&mut self) -> Vec<Segment> {
        std::mem::take(self).segments
    }
}

pub(super) fn batch_of(mutations: &[Mutation]) -> Batch {
    mutations.iter().cloned().fold(Batch::new(), |batch, mutation| match mutation {
        Mutation::Put(put) => batch.put(put),
        Mutation::Delete(delete) => batch.delete(delete),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX_BYTES: usize = 10_000;

    fn segments(mutations: Vec<Mutation>) -> Vec<Vec<Mutation>> {
        let mut pending = Pending::default();
        for mutation in mutations {
            pending.push(mutation, MAX_BYTES);
        }
        pending.take().into_iter().map(|segment| segment.mutations).collect()
    }

    fn put(row: &str) -> Mutation {
        Put::new(row).column("f:a", "1").into()
    }

    fn delete(row: &str) -> Mutation {
        Delete::row(row).column("f:a").into()
    }

    fn sizes(mutations: Vec<Mutation>) -> Vec<usize> {
        segments(mutations).iter().map(Vec::len).collect()
    }

    #[test]
    fn mutations_of_different_rows_share_a_call() {
        assert_eq!(sizes(vec![put("a"), delete("b"), put("c"), put("a")]), [4]);
    }

    #[test]
    fn a_delete_after_a_put_of_its_row_begins_another_call() {
        assert_eq!(sizes(vec![put("a"), delete("a"), put("b")]), [1, 2]);
        assert_eq!(sizes(vec![delete("a"), put("a")]), [1, 1]);
    }

    #[test]
    fn a_delete_of_a_whole_row_is_a_call_of_its_own() {
        assert_eq!(sizes(vec![put("a"), Delete::row("b").into(), put("c")]), [1, 1, 1]);
    }

    #[test]
    fn another_timestamp_begins_another_call() {
        let stamped = |time| Put::new("a").column("f:a", "1").timestamp(time).into();
        assert_eq!(sizes(vec![stamped(1), stamped(1), stamped(2), put("b")]), [2, 1, 1]);
    }

    #[test]
    fn a_call_stays_below_its_size() {
        let large = || Put::new("a").column("f:a", vec![0; 4_000]).into();
        assert_eq!(sizes(vec![large(), large(), large()]), [2, 1]);
        let too_large = || Put::new("a").column("f:a", vec![0; 2 * MAX_BYTES]).into();
        assert_eq!(sizes(vec![put("a"), too_large(), put("a")]), [1, 1, 1]);
    }

    proptest! {
        #[test]
        fn each_rows_order_is_kept_and_no_call_is_refused(
            picks in proptest::collection::vec((0..4_u8, 0..4_u8), 0..40),
        ) {
            let mutations: Vec<Mutation> = picks
                .iter()
                .enumerate()
                .map(|(number, (row, kind))| {
                    let row = format!("row{row}");
                    let column = format!("f:{number}");
                    match kind {
                        0 => Delete::row(row).column("f:a").column(column).into(),
                        1 => Delete::row(row).up_to_timestamp(7).into(),
                        _ => Put::new(row).column("f:a", "1").column(column, "1").into(),
                    }
                })
                .collect();
            let segments = segments(mutations.clone());
            for segment in &segments {
                if !segment[0].is_alone() {
                    prop_assert!(batch_of(segment).check(MAX_BYTES).is_ok());
                }
            }
            prop_assert_eq!(segments.concat(), mutations);
        }
    }
}
