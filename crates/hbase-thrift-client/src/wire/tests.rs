//! The decoders against replies that the thrift crate's protocols wrote.

mod thrift2;

use std::collections::BTreeMap;

use hbase_thrift_api::{IOError, TCell, TColumn, TRowResult};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use thrift::protocol::{
    TBinaryOutputProtocol, TCompactOutputProtocol, TFieldIdentifier, TListIdentifier,
    TMessageIdentifier, TMessageType, TOutputProtocol, TSerializable, TStructIdentifier, TType,
};

use super::{
    Binary, Compact, Extent, Malformed, Progress, RowLayout, RowsDecoder, RowsReply, WireProtocol,
};
use crate::dialect::Thrift1Rows;
use crate::row::{BatchIndex, Column, OwnedCell, OwnedRow, Recycler, RowBatch};

const METHOD: &str = "scannerGetList";
const SEQUENCE: i32 = -7;

/// A reply of either protocol, written by other code than the one under test.
fn message(
    compact: bool,
    write: impl Fn(&mut dyn TOutputProtocol) -> thrift::Result<()>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let write = |protocol: &mut dyn TOutputProtocol| {
        let head = TMessageIdentifier::new(METHOD, TMessageType::Reply, SEQUENCE);
        protocol.write_message_begin(&head)?;
        protocol.write_struct_begin(&TStructIdentifier::new(""))?;
        write(protocol)?;
        protocol.write_field_stop()?;
        protocol.write_struct_end()
    };
    let written = if compact {
        write(&mut TCompactOutputProtocol::new(&mut bytes))
    } else {
        write(&mut TBinaryOutputProtocol::new(&mut bytes, true))
    };
    written.unwrap();
    bytes
}

fn field(
    protocol: &mut dyn TOutputProtocol,
    field_type: TType,
    id: i16,
    write: impl Fn(&mut dyn TOutputProtocol) -> thrift::Result<()>,
) -> thrift::Result<()> {
    protocol.write_field_begin(&TFieldIdentifier::new("", field_type, id))?;
    write(protocol)?;
    protocol.write_field_end()
}

fn rows_message(compact: bool, rows: &[TRowResult]) -> Vec<u8> {
    message(compact, |protocol| {
        field(protocol, TType::List, 0, |protocol| {
            let count = i32::try_from(rows.len()).unwrap();
            protocol.write_list_begin(&TListIdentifier::new(TType::Struct, count))?;
            rows.iter().try_for_each(|row| row.write_to_out_protocol(protocol))?;
            protocol.write_list_end()
        })
    })
}

fn exception_message(compact: bool) -> Vec<u8> {
    message(compact, |protocol| {
        field(protocol, TType::Struct, 1, |protocol| {
            IOError::new("java.io.IOException: no".to_owned(), true).write_to_out_protocol(protocol)
        })
    })
}

#[derive(Debug, PartialEq)]
enum Decoded {
    Rows(Vec<OwnedRow>),
    Other,
}

/// Gives the decoder the message in pieces that end at the cuts, and checks what it promises.
fn decode<P: WireProtocol>(bytes: &[u8], cuts: &[usize]) -> Result<Option<Decoded>, Malformed> {
    decode_as::<P, Thrift1Rows>(bytes, cuts)
}

/// As [`decode`], of rows in this layout.
fn decode_as<P: WireProtocol, L: RowLayout>(
    bytes: &[u8],
    cuts: &[usize],
) -> Result<Option<Decoded>, Malformed> {
    let mut decoder = RowsDecoder::<P, L>::new(BatchIndex::default(), usize::MAX);
    for cut in cuts.iter().copied().chain([bytes.len()]) {
        match decoder.advance(&bytes[..cut])? {
            Progress::Need(missing) => assert!(missing > 0 && missing <= i32::MAX as usize + 64),
            Progress::TooLarge => panic!("too large without a limit"),
            Progress::Done(RowsReply::Other { length }) => {
                assert_eq!(length, bytes.len());
                return Ok(Some(Decoded::Other));
            }
            Progress::Done(RowsReply::Rows { length, name, sequence }) => {
                assert_eq!((length, sequence), (bytes.len(), SEQUENCE));
                assert_eq!(&bytes[name], METHOD.as_bytes());
                let index = decoder.take_index();
                let batch = RowBatch::new(bytes.to_vec(), 0, index, Recycler::default());
                return Ok(Some(Decoded::Rows(
                    batch.iter().map(|row| row.to_owned_row()).collect(),
                )));
            }
        }
    }
    Ok(None)
}

fn decode_either(
    compact: bool,
    bytes: &[u8],
    cuts: &[usize],
) -> Result<Option<Decoded>, Malformed> {
    if compact { decode::<Compact>(bytes, cuts) } else { decode::<Binary>(bytes, cuts) }
}

fn extent_either(compact: bool, bytes: &[u8]) -> Result<Progress<usize>, Malformed> {
    if compact {
        Extent::<Compact>::new().advance(bytes)
    } else {
        Extent::<Binary>::new().advance(bytes)
    }
}

/// What a reader should see of a row, worked out from the generated types.
fn expected(row: &TRowResult) -> OwnedRow {
    let owned = |column: &[u8], cell: &TCell| OwnedCell {
        column: column.to_vec(),
        value: cell.value.clone().unwrap_or_default(),
        timestamp: cell.timestamp.unwrap_or_default(),
    };
    let mut cells: Vec<OwnedCell> = match (&row.columns, &row.sorted_columns) {
        (Some(columns), _) => columns.iter().map(|(column, cell)| owned(column, cell)).collect(),
        (None, Some(columns)) => columns
            .iter()
            .map(|column| {
                let cell = column.cell.clone().unwrap_or_default();
                owned(&column.column_name.clone().unwrap_or_default(), &cell)
            })
            .collect(),
        (None, None) => Vec::new(),
    };
    cells.sort_by(|a, b| Column::parse(&a.column).cmp(&Column::parse(&b.column)));
    OwnedRow { key: row.row.clone().unwrap_or_default(), cells }
}

prop_compose! {
    /// Mostly with both fields, as gateways write it.
    fn cell()(
        value in weighted(0.9, vec(any::<u8>(), 0..40)),
        timestamp in weighted(0.9, any::<i64>()),
    ) -> TCell {
        TCell::new(value, timestamp)
    }
}

fn row() -> impl Strategy<Value = TRowResult> {
    // Gateways always write the colon.
    let column =
        (vec(any::<u8>(), 0..6), any::<prop::sample::Index>()).prop_map(|(mut name, at)| {
            if !name.contains(&b':') {
                name.insert(at.index(name.len() + 1), b':');
            }
            name
        });
    let columns = proptest::collection::btree_map(column, cell(), 0..6);
    let key = weighted(0.9, vec(any::<u8>(), 0..10));
    (key, columns, any::<bool>()).prop_map(|(key, columns, sorted)| {
        if sorted {
            // In any order, to see that ours is made.
            let columns: BTreeMap<_, _> = columns;
            let list = columns.into_iter().rev().map(|(name, cell)| TColumn::new(name, cell));
            TRowResult::new(key, None, list.collect::<Vec<_>>())
        } else {
            TRowResult::new(key, columns, None)
        }
    })
}

/// How a row's columns differ from those of the row before.
#[derive(Clone, Copy, Debug)]
enum Change {
    None,
    OnlyFirst,
    Without,
    Longer,
    Renamed,
    Swapped,
    AsInTheBeginning,
}

/// Rows of which many have the columns of the row before.
fn similar_rows() -> impl Strategy<Value = Vec<TRowResult>> {
    let letters = |count: std::ops::Range<usize>| vec(b'a'..b'd', count);
    let alike = |begin: &'static str, end: &'static str| {
        let name = move |letters: Vec<u8>| [begin.as_bytes(), &letters, end.as_bytes()].concat();
        proptest::collection::btree_set(letters(1..4).prop_map(name), 2..6)
    };
    let short = proptest::collection::btree_set(letters(0..4), 0..6);
    // More than are remembered of a row.
    let many = (62..67).prop_map(|count| (0..count).map(|n| format!("{n:03}").into()).collect());
    let names = prop_oneof![
        4 => short,
        2 => alike("", ":"),
        2 => alike("", "_ends_alike"),
        2 => alike("begins_alike_", ""),
        1 => many,
    ];
    let change = prop_oneof![
        4 => Just(Change::None),
        1 => Just(Change::OnlyFirst),
        1 => Just(Change::Without),
        1 => Just(Change::Longer),
        1 => Just(Change::Renamed),
        1 => Just(Change::Swapped),
        2 => Just(Change::AsInTheBeginning),
    ];
    let at = any::<[prop::sample::Index; 2]>();
    let row = (change, at, prop::bool::weighted(0.1), cell());
    (names, vec(row, 2..10)).prop_map(|(names, rows)| {
        let family = |name: &[u8]| if name.contains(&b':') { "" } else { "f:" };
        let whole = |name: &Vec<u8>| [family(name).as_bytes(), name].concat();
        let names: Vec<Vec<u8>> = names.iter().map(whole).collect();
        let mut columns = names.clone();
        let row = |(change, at, as_map, cell): (_, _, bool, _)| {
            match change {
                Change::AsInTheBeginning => columns.clone_from(&names),
                _ => change_columns(&mut columns, change, at),
            }
            row_of(&columns, as_map, &cell)
        };
        rows.into_iter().map(row).collect()
    })
}

fn change_columns(columns: &mut Vec<Vec<u8>>, change: Change, at: [prop::sample::Index; 2]) {
    if columns.is_empty() {
        return;
    }
    let [one, other] = at.map(|at| at.index(columns.len()));
    match change {
        Change::None | Change::AsInTheBeginning => {}
        Change::OnlyFirst => columns.truncate(one),
        Change::Without => drop(columns.remove(one)),
        Change::Longer => columns[one].push(b'x'),
        Change::Renamed => {
            let name = &mut columns[one];
            let letter = at[1].index(name.len());
            if name[letter] != b':' {
                name[letter] = b'y';
            }
        }
        Change::Swapped => columns.swap(one, other),
    }
}

fn row_of(columns: &[Vec<u8>], as_map: bool, cell: &TCell) -> TRowResult {
    let columns = columns.iter().map(|name| (name.clone(), cell.clone()));
    if as_map {
        return TRowResult::new(b"r".to_vec(), columns.collect::<BTreeMap<_, _>>(), None);
    }
    let columns: Vec<_> = columns.map(|(name, cell)| TColumn::new(name, cell)).collect();
    TRowResult::new(b"r".to_vec(), None, columns)
}

proptest! {
    #[test]
    fn rows_that_have_columns_in_common_are_read_as_they_are(
        rows in similar_rows(),
        cuts in vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let bytes = rows_message(false, &rows);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        let decoded = decode::<Binary>(&bytes, &cuts).unwrap();
        prop_assert_eq!(decoded, Some(Decoded::Rows(rows.iter().map(expected).collect())));
    }

    #[test]
    fn rows_are_the_same_however_the_reply_arrives(
        rows in vec(row(), 0..6),
        compact: bool,
        cuts in vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let bytes = rows_message(compact, &rows);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        let decoded = decode_either(compact, &bytes, &cuts).unwrap();
        prop_assert_eq!(decoded, Some(Decoded::Rows(rows.iter().map(expected).collect())));
    }

    #[test]
    fn a_reply_that_is_cut_off_is_never_taken_for_whole(
        rows in vec(row(), 0..4),
        compact: bool,
        cut: prop::sample::Index,
    ) {
        let bytes = rows_message(compact, &rows);
        let cut = &bytes[..cut.index(bytes.len())];
        prop_assert_eq!(decode_either(compact, cut, &[]).unwrap(), None);
        prop_assert!(matches!(extent_either(compact, cut), Ok(Progress::Need(1..))));
    }

    #[test]
    fn the_extent_of_any_reply_is_its_length(rows in vec(row(), 0..4), compact: bool) {
        let bytes = rows_message(compact, &rows);
        let with_more = [bytes.clone(), b"the next reply".to_vec()].concat();
        prop_assert_eq!(extent_either(compact, &with_more), Ok(Progress::Done(bytes.len())));
    }

    #[test]
    fn damaged_replies_and_garbage_end_in_an_answer(
        rows in vec(row(), 0..4),
        compact: bool,
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        garbage in vec(any::<u8>(), 0..64),
    ) {
        let mut bytes = rows_message(compact, &rows);
        for (position, byte) in damage {
            let position = position.index(bytes.len());
            bytes[position] = byte;
        }
        for bytes in [bytes, garbage] {
            let index = BatchIndex::default();
            if compact {
                let _ = RowsDecoder::<Compact, Thrift1Rows>::new(index, usize::MAX).advance(&bytes);
            } else {
                let _ = RowsDecoder::<Binary, Thrift1Rows>::new(index, usize::MAX).advance(&bytes);
            }
            let _ = extent_either(compact, &bytes);
        }
    }
}

#[test]
fn every_single_byte_may_be_the_last_of_a_piece() {
    let rows = [TRowResult::new(
        b"key".to_vec(),
        BTreeMap::from([(b"f:a".to_vec(), TCell::new(b"1".to_vec(), 5))]),
        None,
    )];
    for compact in [false, true] {
        let bytes = rows_message(compact, &rows);
        let cuts: Vec<usize> = (0..bytes.len()).collect();
        let decoded = decode_either(compact, &bytes, &cuts).unwrap();
        assert_eq!(decoded, Some(Decoded::Rows(rows.iter().map(expected).collect())));
    }
}

#[test]
fn a_value_whose_length_takes_four_bytes_is_read() {
    let value = vec![b'v'; 1 << 24];
    let column = TColumn::new(b"f:a".to_vec(), TCell::new(value, 5));
    let rows = [TRowResult::new(b"key".to_vec(), None, vec![column])];
    let decoded = decode_either(false, &rows_message(false, &rows), &[]).unwrap();
    assert_eq!(decoded, Some(Decoded::Rows(rows.iter().map(expected).collect())));
}

#[test]
fn cells_of_a_byte_or_two_fill_no_more_of_the_index_than_they_may() {
    // The compact protocol: a row of a million cells that are structs without a field.
    let mut bytes = rows_message(true, &[]);
    let list = bytes.len() - 2;
    assert_eq!(bytes[list], 0x0c, "an empty list of structs");
    bytes.truncate(list);
    bytes.extend([0x1c, 0x39, 0xfc, 0xc0, 0x84, 0x3d]);
    bytes.extend(vec![0; 1_000_000]);
    for (limit, is_too_large) in [(1 << 20, true), (1 << 30, false)] {
        let mut decoder = RowsDecoder::<Compact, Thrift1Rows>::new(BatchIndex::default(), limit);
        let progress = decoder.advance(&bytes).unwrap();
        assert_eq!(matches!(progress, Progress::TooLarge), is_too_large, "{progress:?}");
        assert!(decoder.take_index().size() <= limit + 64);
    }
}

#[test]
fn an_exception_instead_of_rows_is_told_from_rows() {
    for compact in [false, true] {
        let bytes = exception_message(compact);
        assert_eq!(decode_either(compact, &bytes, &[3, 9]), Ok(Some(Decoded::Other)));
    }
}

#[test]
fn a_length_larger_than_any_reply_only_asks_for_more() {
    let mut bytes = vec![0x80, 1, 0, 2];
    bytes.extend(i32::MAX.to_be_bytes());
    let expected = Progress::Need(i32::MAX as usize);
    assert_eq!(extent_either(false, &bytes), Ok(expected));
}

#[test]
fn a_negative_length_is_malformed() {
    let mut bytes = vec![0x80, 1, 0, 2];
    bytes.extend((-1_i32).to_be_bytes());
    assert!(extent_either(false, &bytes).is_err());
}

#[test]
fn structs_without_end_are_malformed_before_they_use_up_the_stack() {
    let mut bytes = message(false, |_| Ok(()));
    bytes.pop();
    bytes.extend([12, 0, 1].repeat(100_000));
    assert!(extent_either(false, &bytes).is_err());
    assert!(decode_either(false, &bytes, &[]).is_err());
}
