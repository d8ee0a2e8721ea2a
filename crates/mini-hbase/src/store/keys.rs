//! The keys of a table's keyspace: bytes only, in the order that HBase keeps cells in.
//!
//! A cell's key is `c`, row, family, qualifier, inverted timestamp; a delete marker's is `d`, row,
//! family, and the qualifier unless it covers the whole family. Rows and qualifiers may hold any
//! byte, so a zero is written as `00 01` and the end as `00 00`: the order stays that of the plain
//! bytes, and a row, a family of it, a column, and all rows with a prefix are each one range.

const CELL: u8 = b'c';
const MARKER: u8 = b'd';
const END: [u8; 2] = [0, 0];
const FAMILY_LEN: usize = 2;
const TIMESTAMP_LEN: usize = 8;

/// The longest key that the storage takes, with room for its own bytes.
pub(crate) const MAX_KEY: usize = 65_000;

/// What all cells of a table begin with, and the first key after them.
pub(crate) fn all_cells() -> (Vec<u8>, Vec<u8>) {
    (vec![CELL], vec![CELL + 1])
}

/// What all delete markers of a table begin with.
pub(crate) fn all_markers() -> Vec<u8> {
    vec![MARKER]
}

/// What the cells of `row` begin with; also the place where the rows from it on begin.
pub(crate) fn row(row: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(row.len() + 16);
    key.push(CELL);
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
    let mut key = row_prefix.to_vec();
    key.extend(family.to_be_bytes());
    key
}

/// What the versions of a column begin with, given what its row begins with.
pub(crate) fn column(row_prefix: &[u8], family: u16, qualifier: &[u8]) -> Vec<u8> {
    let mut key = self::family(row_prefix, family);
    key.reserve(qualifier.len() + END.len() + TIMESTAMP_LEN);
    push_ended(qualifier, &mut key);
    key
}

/// A cell's whole key; newer versions of a column come first.
pub(crate) fn cell(column_prefix: &[u8], timestamp: i64) -> Vec<u8> {
    let mut key = column_prefix.to_vec();
    key.extend((i64::MAX - timestamp).to_be_bytes());
    key
}

/// The first key behind everything that begins with `prefix`, a row's, family's or column's.
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

/// The key of the marker over a whole family of the row whose cells begin with `row_prefix`.
pub(crate) fn family_marker(row_prefix: &[u8], family: u16) -> Vec<u8> {
    let mut key = self::family(row_prefix, family);
    key[0] = MARKER;
    key
}

/// The key of the marker over a column.
pub(crate) fn column_marker(row_prefix: &[u8], family: u16, qualifier: &[u8]) -> Vec<u8> {
    let mut key = column(row_prefix, family, qualifier);
    key[0] = MARKER;
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
}

/// Takes a cell's key apart; nothing for a key that no cell can have.
pub(crate) fn parse(key: &[u8]) -> Option<Parts<'_>> {
    if *key.first()? != CELL {
        return None;
    }
    let row_end = 1 + end_of(&key[1..])?;
    parse_behind(key, row_end)
}

/// [`parse`] for a key of which it is known that its row's prefix is `row_end` bytes long.
pub(crate) fn parse_behind(key: &[u8], row_end: usize) -> Option<Parts<'_>> {
    let (row_prefix, rest) = key.split_at_checked(row_end)?;
    let (family, rest) = rest.split_first_chunk::<FAMILY_LEN>()?;
    let (qualifier, timestamp) = rest.split_last_chunk::<TIMESTAMP_LEN>()?;
    Some(Parts {
        row_prefix,
        family: u16::from_be_bytes(*family),
        escaped_qualifier: qualifier.strip_suffix(&END)?,
        timestamp: i64::MAX - i64::from_be_bytes(*timestamp),
    })
}

/// The row's key, from what its cells begin with.
pub(crate) fn plain_row(row_prefix: &[u8]) -> Vec<u8> {
    let inner = row_prefix.strip_suffix(&END).unwrap_or(row_prefix);
    unescape(inner.get(1..).unwrap_or_default())
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

/// The bytes as they stand in keys, without the end.
pub(crate) fn escape(plain: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(plain.len());
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

    fn key(row: &[u8], family: u16, qualifier: &[u8], timestamp: i64) -> Vec<u8> {
        cell(&column(&super::row(row), family, qualifier), timestamp)
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
                    assert_eq!(escape(qualifier), parts.escaped_qualifier);
                    assert_eq!((parts.family, parts.timestamp), (7, timestamp));
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
    fn the_end_of_a_range_is_right_behind_it() {
        let row_prefix = row(b"a");
        assert!(key(b"a", 65_535, b"\xff", 0) < after_row(&row_prefix));
        assert!(after_row(&row_prefix) < row(b"a\0"));
        assert!(key(b"a", 3, b"\xff\xff", 0) < after(&family(&row_prefix, 3)));
        assert!(after(&family(&row_prefix, 3)) <= family(&row_prefix, 4));
        assert!(after(&column(&row_prefix, 3, b"q")) <= column(&row_prefix, 3, b"q\0"));
    }

    #[test]
    fn what_no_cell_can_have_as_its_key_is_nothing() {
        for bytes in [&b""[..], b"c", b"ca", b"ca\0\0", b"x", b"ca\0\0\0\0q\0\0", b"d\0\0"] {
            assert_eq!(parse(bytes), None);
        }
    }
}
