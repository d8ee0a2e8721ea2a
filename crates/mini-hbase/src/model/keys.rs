//! The keys of a table's cells: bytes only, in the order that HBase keeps cells in.
//!
//! A key is row, family, qualifier, then timestamp, type and sequence, each inverted: newer cells
//! come first, deletes before the puts of their millisecond, and of the same cell written twice the
//! later one. Rows and qualifiers may hold any byte, so a zero is written as `00 01` and the end as
//! `00 00`: the order stays that of the plain bytes, and a row, a family of it, a column, and all
//! rows with a prefix are each one range.

use std::borrow::Cow;

use super::cell::CellType;

const END: [u8; 2] = [0, 0];
const FAMILY_LEN: usize = 2;
/// Timestamp, type, sequence.
const TAIL_LEN: usize = 8 + 1 + 8;

/// What the cells of `row` begin with; also the place where the rows from it on begin.
pub(crate) fn row(row: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(row.len() + 48);
    push_ended(row, &mut key);
    key
}

/// The range of the rows that begin so.
pub(crate) fn rows_with_prefix(prefix: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut from = row(prefix);
    from.truncate(from.len() - END.len());
    let to = after(&from);
    (from, to)
}

/// The first key behind the row whose cells begin with `row_prefix`.
pub(crate) fn after_row(row_prefix: &[u8]) -> Vec<u8> {
    let mut key = row_prefix.to_vec();
    // The prefix ends with 00 00, and the next longer row has 00 01 there.
    if let Some(last) = key.last_mut() {
        *last = 1;
    }
    key
}

/// What the cells of a family begin with, given what its row begins with.
pub(crate) fn family(row_prefix: &[u8], family: u16) -> Vec<u8> {
    let mut key = Vec::with_capacity(row_prefix.len() + 48);
    key.extend(row_prefix);
    key.extend(family.to_be_bytes());
    key
}

/// What the versions of a column begin with, given what its row begins with.
pub(crate) fn column(row_prefix: &[u8], family: u16, qualifier: &[u8]) -> Vec<u8> {
    let mut key = self::family(row_prefix, family);
    key.reserve(qualifier.len() + END.len() + TAIL_LEN);
    push_ended(qualifier, &mut key);
    key
}

/// A cell's whole key.
pub(crate) fn cell(column_prefix: &[u8], timestamp: i64, kind: CellType, sequence: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(column_prefix.len() + TAIL_LEN);
    key.extend(column_prefix);
    key.extend((i64::MAX - timestamp).to_be_bytes());
    key.push(u8::MAX - kind as u8);
    key.extend((u64::MAX - sequence).to_be_bytes());
    key
}

/// The number of a write as a cell has it that has a time to live of its own: its value says which,
/// and needn't be loaded of other cells. Numbers of writes are even; an odd one of an earlier version
/// of this program says nothing.
pub(crate) fn limited(sequence: u64) -> u64 {
    sequence | 1
}

/// The first key behind all cells of a column that have this timestamp and type.
pub(crate) fn after_version(column_prefix: &[u8], timestamp: i64, kind: CellType) -> Vec<u8> {
    let mut key = cell(column_prefix, timestamp, kind, 0);
    key.push(0);
    key
}

/// The first key behind everything that begins with `prefix`, a row's, family's or column's; empty
/// if there is none.
pub(crate) fn after(prefix: &[u8]) -> Vec<u8> {
    let mut key = prefix.to_vec();
    while let Some(last) = key.pop() {
        if last < u8::MAX {
            key.push(last + 1);
            break;
        }
    }
    key
}

/// A cell's key, taken apart without copying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// What all cells of the row begin with.
    pub(crate) row_prefix: &'a [u8],
    pub(crate) family: u16,
    /// With its zeros written as in the key; [`unescape`] makes it plain.
    pub(crate) escaped_qualifier: &'a [u8],
    pub(crate) timestamp: i64,
    pub(crate) kind: CellType,
    pub(crate) sequence: u64,
}

impl Parts<'_> {
    /// Whether the cell may have a time to live of its own.
    pub(crate) fn may_be_limited(&self) -> bool {
        self.sequence == limited(self.sequence)
    }
}

/// A cell's key as it is with its family in another place.
pub(crate) fn in_family(key: &[u8], cell: &Parts<'_>, family: u16) -> Vec<u8> {
    let mut key = key.to_vec();
    let at = cell.row_prefix.len();
    if let Some(place) = key.get_mut(at..at + FAMILY_LEN) {
        place.copy_from_slice(&family.to_be_bytes());
    }
    key
}

/// Takes a cell's key apart; `None` for a key that no cell can have.
pub(crate) fn parse(key: &[u8]) -> Option<Parts<'_>> {
    parse_behind(key, end_of(key)?)
}

/// [`parse`] for a key of which it is known that its row's prefix is `row_end` bytes long.
pub(crate) fn parse_behind(key: &[u8], row_end: usize) -> Option<Parts<'_>> {
    let (row_prefix, rest) = key.split_at_checked(row_end)?;
    let (family, rest) = rest.split_first_chunk::<FAMILY_LEN>()?;
    let (qualifier, tail) = rest.split_last_chunk::<TAIL_LEN>()?;
    let (timestamp, tail) = tail.split_first_chunk()?;
    let (kind, sequence) = tail.split_first()?;
    Some(Parts {
        row_prefix,
        family: u16::from_be_bytes(*family),
        escaped_qualifier: qualifier.strip_suffix(&END)?,
        timestamp: i64::MAX.checked_sub(i64::from_be_bytes(*timestamp))?,
        kind: CellType::from_code(u8::MAX - kind)?,
        sequence: u64::MAX - u64::from_be_bytes(sequence.try_into().ok()?),
    })
}

/// How long the part of a key is that all cells of its row begin with.
pub(crate) fn row_end(key: &[u8]) -> Option<usize> {
    end_of(key)
}

/// The row's key, from what its cells begin with.
pub(crate) fn plain_row(row_prefix: &[u8]) -> Vec<u8> {
    unescape(row_prefix.strip_suffix(&END).unwrap_or(row_prefix))
}

/// The plain bytes of an escaped row or qualifier.
pub(crate) fn unescape(escaped: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(escaped.len());
    let mut bytes = escaped.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(byte);
        if byte == 0 {
            bytes.next();
        }
    }
    plain
}

/// The plain bytes of an escaped row or qualifier, which mostly are the same.
pub(crate) fn plain(escaped: &[u8]) -> Cow<'_, [u8]> {
    if escaped.contains(&0) { Cow::Owned(unescape(escaped)) } else { Cow::Borrowed(escaped) }
}

/// The bytes as they stand in keys, without the end.
pub(crate) fn escape(plain: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(plain.len() + END.len());
    push_ended(plain, &mut key);
    key.truncate(key.len() - END.len());
    key
}

fn push_ended(plain: &[u8], key: &mut Vec<u8>) {
    let mut rest = plain;
    while let Some(zero) = rest.iter().position(|&byte| byte == 0) {
        key.extend(&rest[..zero]);
        key.extend([0, 1]);
        rest = &rest[zero + 1..];
    }
    key.extend(rest);
    key.extend(END);
}

/// Behind the first `00 00` at an escape's place.
fn end_of(escaped: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let zero = from + escaped[from..].iter().position(|&byte| byte == 0)?;
        if *escaped.get(zero + 1)? == 0 {
            return Some(zero + END.len());
        }
        from = zero + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUT: CellType = CellType::Put;

    fn key(row: &[u8], family: u16, qualifier: &[u8], timestamp: i64) -> Vec<u8> {
        cell(&column(&super::row(row), family, qualifier), timestamp, PUT, 3)
    }

    #[test]
    fn a_key_is_taken_apart_as_it_was_made() {
        for row in [&b"r"[..], b"\0", b"a\0b", b"\0\0", b"\x01\0\xff"] {
            for qualifier in [&b""[..], b"q", b"\0\x01", b"\0"] {
                for timestamp in [0, 1, i64::MAX - 1] {
                    let key = key(row, 7, qualifier, timestamp);
                    let parts = parse(&key).unwrap();
                    assert_eq!(plain_row(parts.row_prefix), row);
                    assert_eq!(unescape(parts.escaped_qualifier), qualifier);
                    assert_eq!((parts.family, parts.timestamp), (7, timestamp));
                    assert_eq!((parts.kind, parts.sequence), (PUT, 3));
                    assert_eq!(parse_behind(&key, parts.row_prefix.len()), Some(parts));
                }
            }
        }
    }

    #[test]
    fn keys_are_in_the_order_of_rows_families_qualifiers_and_age() {
        let bytes = [&b""[..], b"\0", b"\0\0", b"\0\x01", b"\x01", b"a", b"a\0", b"a\xff", b"\xff"];
        let mut keys = Vec::new();
        for row in bytes {
            for family in [0, 1, 256] {
                for qualifier in bytes {
                    for timestamp in [i64::MAX, 9, 0] {
                        keys.push(key(row, family, qualifier, timestamp));
                    }
                }
            }
        }
        assert!(keys.is_sorted());
    }

    #[test]
    fn of_one_millisecond_deletes_come_first_and_then_the_later_write() {
        let column = column(&row(b"r"), 0, b"q");
        let at = |kind, sequence| cell(&column, 5, kind, sequence);
        let keys = [
            at(CellType::DeleteFamily, 1),
            at(CellType::DeleteColumn, 9),
            at(CellType::DeleteColumn, 1),
            at(CellType::Delete, 1),
            at(PUT, 9),
            at(PUT, 1),
        ];
        assert!(keys.is_sorted());
        let after = after_version(&column, 5, PUT);
        assert!(keys[5] < after && after < cell(&column, 4, CellType::DeleteFamily, u64::MAX));
        assert!(after_version(&column, 5, CellType::DeleteColumn) < keys[3]);
    }

    #[test]
    fn the_end_of_a_range_is_right_behind_it() {
        let row_prefix = row(b"a");
        assert!(key(b"a", 65_535, b"\xff", 0) < after_row(&row_prefix));
        assert!(after_row(&row_prefix) < row(b"a\0"));
        assert!(key(b"a", 3, b"\xff\xff", 0) < after(&family(&row_prefix, 3)));
        assert!(after(&family(&row_prefix, 3)) <= family(&row_prefix, 4));
        assert!(after(&column(&row_prefix, 3, b"q")) <= column(&row_prefix, 3, b"q\0"));
        let (from, to) = rows_with_prefix(b"a");
        assert!(from <= row(b"a") && row(b"a\xff\xff") < to && to <= row(b"b"));
    }

    #[test]
    fn what_no_cell_can_have_as_its_key_is_refused() {
        let mut wrong_type = key(b"a", 1, b"q", 5);
        let place = wrong_type.len() - 9;
        wrong_type[place] = 0;
        for bytes in [&b""[..], b"a", b"a\0\0", b"a\0\0\0\0q\0\0", &wrong_type] {
            assert_eq!(parse(bytes), None);
        }
    }
}
