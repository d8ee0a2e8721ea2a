//! What a buffered writer holds, encoded as its call will send it: the hot path of a load.
//!
//! The bytes are those that the general code writes through the thrift crate's binary protocol; a
//! test compares them. Any other protocol is written from views into them.

use crate::request::{Attributes, Delete, Durability, Mutation, Put};

/// Puts and deletes of one timestamp and one set of attributes, or a delete of a whole row. Its memory
/// is used again after [`clear`](Self::clear).
#[derive(Debug, Default)]
pub(crate) struct PackedBatch {
    /// The elements of a list of `BatchMutation` in its first `size` bytes; as long as was ever
    /// initialised.
    memory: Vec<u8>,
    size: usize,
    mutations: usize,
    timestamp: Option<i64>,
    attributes: Attributes,
    /// The durability of the delete of a whole row, which no cell says. It has no place in a list and
    /// is sent by itself.
    whole_row: Option<Durability>,
    /// Whether a mutation has a durability that Thrift 1 can't say; no bytes of this batch go there.
    is_thrift2_only: bool,
}

/// A mutation, as a view into a [`PackedBatch`].
#[derive(Clone, Debug)]
pub(crate) struct MutationView<'a> {
    pub(crate) row: &'a [u8],
    pub(crate) is_put: bool,
    pub(crate) durability: Durability,
    cells: Cells<'a>,
}

/// Cells that are left.
#[derive(Clone, Debug)]
struct Cells<'a> {
    count: usize,
    encoded: &'a [u8],
}

/// A cell, as it is encoded.
struct PackedCell<'a> {
    column: &'a [u8],
    /// Empty in a delete.
    value: &'a [u8],
    is_put: bool,
    durability: Durability,
}

// Fields as they are encoded: type and number, then the value or, at the end, place for the length of
// what follows.
const LENGTH: usize = 4;
const ROW: [u8; 3 + LENGTH] = [11, 0, 1, 0, 0, 0, 0];
const CELLS: [u8; 4 + LENGTH] = [15, 0, 2, 12, 0, 0, 0, 0];
/// Whether it is a delete, and the column.
const PUT_COLUMN: [u8; 7 + LENGTH] = [2, 0, 1, 0, 11, 0, 2, 0, 0, 0, 0];
const DELETE_COLUMN: [u8; 7 + LENGTH] = [2, 0, 1, 1, 11, 0, 2, 0, 0, 0, 0];
const IS_DELETE_AT: usize = 3;
const VALUE: [u8; 3 + LENGTH] = [11, 0, 3, 0, 0, 0, 0];
/// Whether it goes to the log, and the end of the cell.
const CELL_END: [u8; 5] = [2, 0, 4, 1, STOP];
/// Whether it is written to the log, as Thrift 1 says it, or what only Thrift 2 can say.
const DURABILITY_AT: usize = 3;
const STOP: u8 = 0;
/// What a row has beside its key and its cells.
const PER_ROW: usize = ROW.len() + CELLS.len() + 1;

impl PackedBatch {
    /// How many bytes of a request the mutation takes.
    pub(crate) fn size_of(mutation: &Mutation) -> usize {
        match mutation {
            Mutation::Put(put) => {
                let bytes = put.cells.iter().map(|(column, value)| column.len() + value.len());
                put_size(put, bytes.sum())
            }
            Mutation::Delete(delete) => {
                delete_size(delete, delete.columns.iter().map(Vec::len).sum())
            }
        }
    }

    /// Whether the mutation can be added to others.
    #[inline]
    pub(crate) fn goes_with(&self, mutation: &Mutation) -> bool {
        let (timestamp, attributes) = common(mutation);
        let is_plain = self.attributes.is_empty() && attributes.is_empty();
        self.timestamp == timestamp
            && (is_plain || self.attributes == *attributes)
            && self.whole_row.is_none()
            && whole_row(mutation).is_none()
    }

    /// Adds a mutation that [`goes_with`](Self::goes_with) the others, of this
    /// [size](Self::size_of).
    #[inline]
    pub(crate) fn push(&mut self, mutation: &Mutation, size: usize) {
        if self.mutations == 0 {
            self.begin(mutation);
        }
        self.mutations += 1;
        let start = self.size;
        self.size += size;
        if self.memory.len() < self.size {
            self.grow();
        }
        let into = &mut self.memory[start..self.size];
        let durability = match mutation {
            Mutation::Put(put) => {
                encode_put(put, into);
                put.durability
            }
            Mutation::Delete(delete) => {
                encode_delete(delete, into);
                delete.durability
            }
        };
        self.is_thrift2_only |= durability.is_thrift2_only();
    }

    #[cold]
    fn begin(&mut self, mutation: &Mutation) {
        let (timestamp, attributes) = common(mutation);
        self.timestamp = timestamp;
        if self.attributes != *attributes {
            self.attributes = attributes.clone();
        }
        self.whole_row = whole_row(mutation);
    }

    #[cold]
    fn grow(&mut self) {
        self.memory.resize(self.size + self.size / 2, 0);
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.mutations
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.mutations == 0
    }

    /// How many bytes of a request the mutations take.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The elements of the list of mutations, in the binary protocol.
    #[inline]
    pub(crate) fn encoded(&self) -> &[u8] {
        &self.memory[..self.size]
    }

    pub(crate) fn timestamp(&self) -> Option<i64> {
        self.timestamp
    }

    pub(crate) fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Whether Thrift 1 has no place for all that the mutations say.
    pub(crate) fn is_thrift2_only(&self) -> bool {
        self.is_thrift2_only
    }

    /// The mutations in the order in which they were added.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = MutationView<'_>> {
        let mut rest = self.encoded();
        (0..self.mutations).map(move |_| {
            let (row, after) = split_bytes(rest, ROW.len());
            let (count, encoded) = split_length(after, CELLS.len());
            let cells = Cells { count, encoded };
            let mut left = cells.clone();
            let first = left.next();
            let is_put = first.as_ref().is_some_and(|cell| cell.is_put);
            let whole_row = self.whole_row.unwrap_or_default();
            let durability = first.map_or(whole_row, |cell| cell.durability);
            left.by_ref().for_each(drop);
            rest = &left.encoded[1..];
            MutationView { row, is_put, durability, cells }
        })
    }

    /// The mutations as they were added.
    pub(crate) fn unpack(&self) -> impl Iterator<Item = Mutation> {
        self.iter().map(|view| {
            let (timestamp, attributes) = (self.timestamp, self.attributes.clone());
            let (row, durability) = (view.row.to_vec(), view.durability);
            let cells = view.cells();
            if view.is_put {
                let cells =
                    cells.map(|(column, value)| (column.to_vec(), value.to_vec())).collect();
                Mutation::Put(Put { row, cells, timestamp, durability, attributes })
            } else {
                let columns = cells.map(|(column, _)| column.to_vec()).collect();
                let versions = Vec::new();
                Mutation::Delete(Delete {
                    row,
                    columns,
                    versions,
                    timestamp,
                    durability,
                    attributes,
                })
            }
        })
    }

    /// Forgets the mutations and keeps the memory.
    pub(crate) fn clear(&mut self) {
        (self.size, self.mutations, self.whole_row) = (0, 0, None);
        self.is_thrift2_only = false;
    }
}

impl<'a> MutationView<'a> {
    /// Columns, and the values of a put.
    pub(crate) fn cells(&self) -> impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        self.cells.clone().map(|cell| (cell.column, cell.value))
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = PackedCell<'a>;

    fn next(&mut self) -> Option<PackedCell<'a>> {
        self.count = self.count.checked_sub(1)?;
        let is_put = self.encoded[IS_DELETE_AT] == 0;
        let (column, rest) = split_bytes(self.encoded, PUT_COLUMN.len());
        let (value, rest) = if is_put { split_bytes(rest, VALUE.len()) } else { (&[][..], rest) };
        let durability = durability_of(rest[DURABILITY_AT]);
        self.encoded = &rest[CELL_END.len()..];
        Some(PackedCell { column, value, is_put, durability })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl ExactSizeIterator for Cells<'_> {}

/// How many bytes of a request a put takes whose columns and values have `bytes`; no protocol takes
/// more.
#[inline]
pub(in crate::dialect) fn put_size(put: &Put, bytes: usize) -> usize {
    const PER_CELL: usize = PUT_COLUMN.len() + VALUE.len() + CELL_END.len();
    PER_ROW + put.row.len() + PER_CELL * put.cells.len() + bytes
}

/// How many bytes of a request a delete takes whose columns have `bytes`.
#[inline]
pub(in crate::dialect) fn delete_size(delete: &Delete, bytes: usize) -> usize {
    const PER_CELL: usize = DELETE_COLUMN.len() + CELL_END.len();
    PER_ROW + delete.row.len() + PER_CELL * delete.columns.len() + bytes
}

fn common(mutation: &Mutation) -> (Option<i64>, &Attributes) {
    match mutation {
        Mutation::Put(put) => (put.timestamp, &put.attributes),
        Mutation::Delete(delete) => (delete.timestamp, &delete.attributes),
    }
}

/// The durability of the delete of a whole row.
#[inline]
fn whole_row(mutation: &Mutation) -> Option<Durability> {
    match mutation {
        Mutation::Delete(delete) if delete.is_whole_row() => Some(delete.durability),
        _ => None,
    }
}

/// Writes a put into bytes of its size.
fn encode_put(put: &Put, into: &mut [u8]) {
    let mut rest = encode_row(&put.row, put.cells.len(), into);
    for (column, value) in &put.cells {
        rest = encode_bytes(PUT_COLUMN, column, rest);
        rest = encode_bytes(VALUE, value, rest);
        rest = encode_cell_end(put.durability, rest);
    }
    encode(&[STOP], rest);
}

/// Writes a delete into bytes of its size.
fn encode_delete(delete: &Delete, into: &mut [u8]) {
    let mut rest = encode_row(&delete.row, delete.columns.len(), into);
    for column in &delete.columns {
        rest = encode_bytes(DELETE_COLUMN, column, rest);
        rest = encode_cell_end(delete.durability, rest);
    }
    encode(&[STOP], rest);
}

#[inline]
fn encode_row<'a>(row: &[u8], cells: usize, into: &'a mut [u8]) -> &'a mut [u8] {
    let rest = encode_bytes(ROW, row, into);
    encode(&with_length(CELLS, cells), rest)
}

#[inline]
fn encode_cell_end(durability: Durability, into: &mut [u8]) -> &mut [u8] {
    let mut end = CELL_END;
    end[DURABILITY_AT] = byte_of(durability);
    encode(&end, into)
}

#[inline]
fn byte_of(durability: Durability) -> u8 {
    match durability {
        Durability::SkipWal => 0,
        Durability::SyncWal => 1,
        Durability::UseDefault => 2,
        Durability::AsyncWal => 3,
        Durability::FsyncWal => 4,
    }
}

fn durability_of(byte: u8) -> Durability {
    match byte {
        0 => Durability::SkipWal,
        2 => Durability::UseDefault,
        3 => Durability::AsyncWal,
        4 => Durability::FsyncWal,
        _ => Durability::SyncWal,
    }
}

/// Writes a field whose head ends with the length of the bytes.
#[inline]
fn encode_bytes<'a, const N: usize>(
    head: [u8; N],
    bytes: &[u8],
    into: &'a mut [u8],
) -> &'a mut [u8] {
    let rest = encode(&with_length(head, bytes.len()), into);
    encode(bytes, rest)
}

/// Writes these at the beginning; returns what is left.
#[inline]
fn encode<'a>(bytes: &[u8], into: &'a mut [u8]) -> &'a mut [u8] {
    let (first, rest) = into.split_at_mut(bytes.len());
    first.copy_from_slice(bytes);
    rest
}

#[inline]
fn with_length<const N: usize>(mut head: [u8; N], length: usize) -> [u8; N] {
    head[N - LENGTH..].copy_from_slice(&(length as u32).to_be_bytes());
    head
}

/// Bytes behind a head of this size, and what follows them.
fn split_bytes(encoded: &[u8], head: usize) -> (&[u8], &[u8]) {
    let (length, rest) = split_length(encoded, head);
    rest.split_at(length)
}

/// The length in a head of this size, and what follows the head.
fn split_length(encoded: &[u8], head: usize) -> (usize, &[u8]) {
    let (head, rest) = encoded.split_at(head);
    let length = &head[head.len() - LENGTH..];
    (length.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)), rest)
}

#[cfg(test)]
mod tests {
    use thrift::protocol::{TBinaryOutputProtocol, TOutputProtocol};

    use super::*;
    use crate::dialect::{Dialect, Request};

    fn mutations() -> Vec<Mutation> {
        vec![
            Put::new("a").column("f:x", "1").column("f:", "").timestamp(7).into(),
            Delete::row("b").column("f:y").family("g").up_to_timestamp(7).into(),
            Put::new("c")
                .column("f:x", vec![7; 300])
                .timestamp(7)
                .durability(Durability::SkipWal)
                .into(),
        ]
    }

    const DURABILITIES: [Durability; 5] = [
        Durability::SkipWal,
        Durability::SyncWal,
        Durability::UseDefault,
        Durability::AsyncWal,
        Durability::FsyncWal,
    ];

    #[test]
    fn what_thrift_1_can_not_say_is_known_until_the_batch_is_cleared() {
        let mut packed = PackedBatch::default();
        for durability in DURABILITIES {
            let mutations = mutations().into_iter().chain([Put::new("d")
                .column("f:x", "1")
                .timestamp(7)
                .durability(durability)
                .into()]);
            mutations.for_each(|one| packed.push(&one, PackedBatch::size_of(&one)));
            assert_eq!(packed.is_thrift2_only(), durability.is_thrift2_only(), "{durability:?}");
            let refused = Dialect::Thrift1.check(&Request::PackedBatch(b"t", &packed, None), 100);
            assert_eq!(refused.is_err(), durability.is_thrift2_only());
            packed.clear();
        }
    }

    #[test]
    fn mutations_come_out_as_they_went_in() {
        let durable = |durability| {
            let delete = Delete::row("d").column("f:x").up_to_timestamp(7);
            delete.durability(durability).into()
        };
        let mutations: Vec<_> = mutations().into_iter().chain(DURABILITIES.map(durable)).collect();
        let mut packed = PackedBatch::default();
        for round in 0..2 {
            let mut size = 0;
            for mutation in &mutations {
                assert!(packed.is_empty() || packed.goes_with(mutation), "round {round}");
                let own = PackedBatch::size_of(mutation);
                packed.push(mutation, own);
                size += own;
            }
            assert_eq!(packed.unpack().collect::<Vec<_>>(), mutations);
            assert_eq!(packed.encoded().len(), size);
            packed.clear();
        }
    }

    #[test]
    fn a_delete_of_a_whole_row_is_alone() {
        let (mut packed, others) = (PackedBatch::default(), mutations());
        for durability in DURABILITIES {
            let whole_row = Delete::row("d").up_to_timestamp(7).durability(durability).into();
            packed.push(&whole_row, PackedBatch::size_of(&whole_row));
            assert_eq!(packed.unpack().collect::<Vec<_>>(), [whole_row]);
            assert!(!packed.goes_with(&others[0]));
            packed.clear();
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_general_code() {
        let mut batch = PackedBatch::default();
        for mutation in &mutations() {
            batch.push(mutation, PackedBatch::size_of(mutation));
        }
        for timestamp in [None, Some(7)] {
            let request = Request::PackedBatch(b"table", &batch, timestamp);
            let mut general = Vec::new();
            let mut protocol = TBinaryOutputProtocol::new(&mut general, true);
            Dialect::Thrift1.write(&request, &mut protocol as &mut dyn TOutputProtocol).unwrap();
            let mut short = Vec::new();
            assert!(Dialect::Thrift1.write_binary(&request, &mut short).unwrap());
            assert_eq!(short, general);
        }
    }
}
