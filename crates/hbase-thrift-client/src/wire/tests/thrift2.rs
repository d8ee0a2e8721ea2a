//! The same of Thrift 2's rows: one alone or a list of them, some of which say that there is none.

use hbase_thrift_api::thrift2::{TColumnValue, TResult};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use thrift::protocol::{TListIdentifier, TSerializable, TType};

use super::{Decoded, decode_as, exception_message, extent_either, field, message};
use crate::dialect::Thrift2Rows;
use crate::row::{BatchIndex, Column, OwnedCell, OwnedRow};
use crate::wire::{Binary, Compact, Malformed, Progress, RowsDecoder};

fn rows_message(compact: bool, rows: &[TResult]) -> Vec<u8> {
    message(compact, |protocol| {
        field(protocol, TType::List, 0, |protocol| {
            let count = i32::try_from(rows.len()).unwrap();
            protocol.write_list_begin(&TListIdentifier::new(TType::Struct, count))?;
            rows.iter().try_for_each(|row| row.write_to_out_protocol(protocol))?;
            protocol.write_list_end()
        })
    })
}

fn row_message(compact: bool, row: &TResult) -> Vec<u8> {
    message(compact, |protocol| {
        field(protocol, TType::Struct, 0, |protocol| row.write_to_out_protocol(protocol))
    })
}

fn decode(compact: bool, bytes: &[u8], cuts: &[usize]) -> Result<Option<Decoded>, Malformed> {
    if compact {
        decode_as::<Compact, Thrift2Rows>(bytes, cuts)
    } else {
        decode_as::<Binary, Thrift2Rows>(bytes, cuts)
    }
}

/// What a reader should see, worked out from the generated types.
fn expected(rows: &[TResult]) -> Decoded {
    let owned = |row: &TResult| {
        let cell = |cell: &TColumnValue| OwnedCell {
            column: Column::new(&cell.family, &cell.qualifier).to_vec(),
            value: cell.value.clone(),
            timestamp: cell.timestamp.unwrap_or_default(),
        };
        let mut cells: Vec<OwnedCell> = row.column_values.iter().map(cell).collect();
        cells.sort_by(|a, b| Column::parse(&a.column).cmp(&Column::parse(&b.column)));
        OwnedRow { key: row.row.clone().unwrap_or_default(), cells }
    };
    let is_there = |row: &&TResult| row.row.is_some() || !row.column_values.is_empty();
    Decoded::Rows(rows.iter().filter(is_there).map(owned).collect())
}

/// A cell: mostly as gateways write it, with a time and a type, without tags.
fn cell(names: &'static str) -> impl Strategy<Value = TColumnValue> {
    let value = vec(any::<u8>(), 0..40);
    let (timestamp, kind) = (weighted(0.95, any::<i64>()), weighted(0.95, Just(4_i8)));
    let tags = weighted(0.05, vec(any::<u8>(), 0..4));
    let column = ("[a-c]{1,3}", names).prop_map(|(family, name)| (family, name.into_bytes()));
    (column, value, timestamp, tags, kind).prop_map(
        |((family, qualifier), value, timestamp, tags, kind)| {
            TColumnValue::new(family.into_bytes(), qualifier, value, timestamp, tags, kind)
        },
    )
}

fn row(names: &'static str) -> impl Strategy<Value = TResult> {
    let said = || weighted(0.95, any::<bool>());
    let key = weighted(0.9, vec(any::<u8>(), 0..10));
    (key, vec(cell(names), 0..6), said(), said())
        .prop_map(|(key, cells, stale, partial)| TResult::new(key, cells, stale, partial))
}

/// Rows of which many have the columns of an earlier row, or a part of them.
fn similar_rows() -> impl Strategy<Value = Vec<TResult>> {
    let first = vec(cell("[a-b]{0,2}(same_name_all_along)?"), 1..70);
    let rows = vec((any::<prop::sample::Index>(), vec(any::<u8>(), 0..20), 0..8), 2..10);
    (first, rows).prop_map(|(first, rows)| {
        let row = |(at, value, chance): (prop::sample::Index, Vec<u8>, i32)| {
            let mut cells = first.clone();
            let at = at.index(cells.len());
            cells[at].value.clone_from(&value);
            match chance {
                0 => cells.truncate(at),
                1 => drop(cells.remove(at)),
                2 => cells[at].qualifier.push(b'x'),
                3 => cells[at].family.push(b'x'),
                4 => cells.reverse(),
                _ => {}
            }
            TResult::new(value, cells, false, false)
        };
        rows.into_iter().map(row).collect()
    })
}

fn cuts_in(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<usize> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
    cuts.sort_unstable();
    cuts
}

proptest! {
    #[test]
    fn rows_are_the_same_however_the_reply_arrives(
        rows in prop_oneof![vec(row("[a-c:]{0,3}"), 0..6), similar_rows()],
        compact: bool,
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let bytes = rows_message(compact, &rows);
        let decoded = decode(compact, &bytes, &cuts_in(&bytes, &cuts)).unwrap();
        prop_assert_eq!(decoded, Some(expected(&rows)));
    }

    #[test]
    fn a_row_alone_is_read_as_a_list_of_one(
        row in row("[a-c:]{0,3}"),
        compact: bool,
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let bytes = row_message(compact, &row);
        let decoded = decode(compact, &bytes, &cuts_in(&bytes, &cuts)).unwrap();
        prop_assert_eq!(decoded, Some(expected(&[row])));
        prop_assert_eq!(extent_either(compact, &bytes), Ok(Progress::Done(bytes.len())));
    }

    #[test]
    fn a_reply_that_is_cut_off_is_never_taken_for_whole(
        rows in similar_rows(),
        compact: bool,
        cut: prop::sample::Index,
    ) {
        let bytes = rows_message(compact, &rows);
        prop_assert_eq!(decode(compact, &bytes[..cut.index(bytes.len())], &[]).unwrap(), None);
    }

    #[test]
    fn damaged_replies_end_in_an_answer(
        rows in similar_rows(),
        compact: bool,
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = rows_message(compact, &rows);
        for (position, byte) in damage {
            let position = position.index(bytes.len());
            bytes[position] = byte;
        }
        let index = BatchIndex::default();
        if compact {
            let _ = RowsDecoder::<Compact, Thrift2Rows>::new(index, usize::MAX).advance(&bytes);
        } else {
            let _ = RowsDecoder::<Binary, Thrift2Rows>::new(index, usize::MAX).advance(&bytes);
        }
    }
}

/// As HBase's Java writes it: the fields in order, a type and no tags.
#[test]
fn what_gateways_write_takes_the_short_way() {
    let cell = |name: &str, value: &str| {
        let (family, name, value) = (b"f".to_vec(), name.as_bytes().to_vec(), value.as_bytes());
        TColumnValue::new(family, name, value.to_vec(), 5, None::<Vec<u8>>, 4)
    };
    let rows: Vec<TResult> = ["1", "2", "3"]
        .map(|key| {
            let cells = vec![cell("", key), cell("a:b", "x")];
            TResult::new(key.as_bytes().to_vec(), cells, false, false)
        })
        .into();
    let bytes = rows_message(false, &rows);
    let mut cursor = crate::wire::Cursor::new(&bytes, bytes.len());
    // From the first row on: after the list's head, before the stop of the result.
    let first = bytes.windows(8).position(|some| some == [11, 0, 1, 0, 0, 0, 1, b'1']).unwrap();
    cursor.move_to(first);
    let mut index = BatchIndex::default();
    let left =
        <Thrift2Rows as crate::wire::RowLayout>::usual_rows::<Binary>(&mut cursor, 3, &mut index);
    assert_eq!((left, cursor.position()), (0, bytes.len() - 1));
    assert_eq!(decode(false, &bytes, &[]), Ok(Some(expected(&rows))));
}

#[test]
fn every_single_byte_may_be_the_last_of_a_piece() {
    let cells = vec![TColumnValue::new(
        b"f".to_vec(),
        b"q".to_vec(),
        b"value".to_vec(),
        5,
        b"tags".to_vec(),
        4,
    )];
    let absent = TResult::new(None::<Vec<u8>>, Vec::new(), false, false);
    let rows = [absent.clone(), TResult::new(b"r".to_vec(), cells, false, true), absent];
    for compact in [false, true] {
        let bytes = rows_message(compact, &rows);
        let cuts: Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(decode(compact, &bytes, &cuts), Ok(Some(expected(&rows))));
    }
}

#[test]
fn rows_and_cells_of_a_byte_or_three_fill_no_more_of_the_index_than_they_may() {
    const COUNT: usize = 1_000_000;
    let head = rows_message(true, &[]);
    let list = head.len() - 2;
    assert_eq!(head[list], 0x0c, "an empty list of structs");
    let of = |some: &[u8], each: &[u8], end: &[u8]| {
        [&head[..list], some, &each.repeat(COUNT), end].concat()
    };
    // A million rows that are absent; as many with an empty key; one row of a million empty cells.
    let messages = [
        (of(&[0xfc, 0xc0, 0x84, 0x3d], &[0], &[0]), false),
        (of(&[0xfc, 0xc0, 0x84, 0x3d], &[0x18, 0, 0], &[0]), true),
        (of(&[0x1c, 0x29, 0xfc, 0xc0, 0x84, 0x3d], &[0], &[0, 0]), true),
    ];
    for (bytes, is_large) in messages {
        for limit in [1 << 20, 1 << 30] {
            let index = BatchIndex::default();
            let mut decoder = RowsDecoder::<Compact, Thrift2Rows>::new(index, limit);
            let progress = decoder.advance(&bytes).unwrap();
            let is_too_large = is_large && limit == 1 << 20;
            assert_eq!(matches!(progress, Progress::TooLarge), is_too_large, "{progress:?}");
            assert!(decoder.take_index().size() <= limit + 64);
        }
    }
}

#[test]
fn an_exception_instead_of_rows_is_told_from_rows() {
    for compact in [false, true] {
        assert_eq!(decode(compact, &exception_message(compact), &[3, 9]), Ok(Some(Decoded::Other)));
    }
}
