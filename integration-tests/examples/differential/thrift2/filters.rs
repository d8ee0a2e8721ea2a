//! Random filters in bytes, as HBase's Java clients send them (`FilterProtos`, `ComparatorProtos`).

use fastrand::Rng;

use crate::differential::names::{self, FAMILIES, Names, QUALIFIERS, ROWS, TIMES, VALUES};

const PACKAGE: &str = "org.apache.hadoop.hbase.filter.";
const OPERATORS: u64 = 6;
/// Equal, and not equal: a text has no order.
const EQUALITIES: std::ops::Range<u64> = 2..4;

/// A filter, and what is in it.
pub(crate) fn random(rng: &mut Rng, names: &Names, depth: usize) -> Vec<u8> {
    let inner = |rng: &mut Rng| random(rng, names, depth - 1);
    match if depth == 0 { 9 } else { rng.u8(0..10) } {
        0..=5 => {
            // All or one of them; a single one is a list too.
            let mut list = number(1, rng.u64(1..3));
            for _ in 0..rng.usize(1..4) {
                list.extend(field(2, &inner(rng)));
            }
            named("FilterList", &list)
        }
        6 => named("SkipFilter", &field(1, &inner(rng))),
        7 => named("WhileMatchFilter", &field(1, &inner(rng))),
        _ => leaf(rng, names),
    }
}

fn leaf(rng: &mut Rng, names: &Names) -> Vec<u8> {
    let any = |rng: &mut Rng, all: &[&str]| names::bytes(all[rng.usize(..all.len())]);
    let flag = |rng: &mut Rng| u64::from(rng.bool());
    let row = names.row(rng.usize(..ROWS.len()));
    let qualifier = any(rng, &QUALIFIERS);
    match rng.u8(0..17) {
        0 => named("KeyOnlyFilter", &number(1, flag(rng))),
        1 => named("FirstKeyOnlyFilter", &[]),
        2 => named("PrefixFilter", &field(1, &row)),
        3 => named("ColumnPrefixFilter", &field(1, &qualifier)),
        4 => named("MultipleColumnPrefixFilter", &field(1, &qualifier)),
        5 => named("ColumnCountGetFilter", &number(1, rng.u64(0..5))),
        6 => named("PageFilter", &number(1, rng.u64(0..5))),
        7 => {
            let (limit, offset) = (number(1, rng.u64(0..4)), number(2, rng.u64(0..3)));
            named("ColumnPaginationFilter", &[limit, offset].concat())
        }
        8 => named("InclusiveStopFilter", &field(1, &row)),
        9 => {
            let times = (0..rng.usize(0..4)).flat_map(|_| {
                let time = names.time(rng.usize(..TIMES + 2));
                number(1, time.cast_unsigned())
            });
            named("TimestampsFilter", &times.collect::<Vec<_>>())
        }
        10 => named("RowFilter", &field(1, &comparison(rng, 1, &row))),
        11 => {
            let family = any(rng, &FAMILIES);
            named("FamilyFilter", &field(1, &comparison(rng, 1, &family)))
        }
        12 => named("QualifierFilter", &field(1, &comparison(rng, 1, &qualifier))),
        13 => {
            let value = any(rng, &VALUES);
            named("ValueFilter", &field(1, &comparison(rng, 1, &value)))
        }
        14 => {
            // mini-hbase refuses bounds that are there and empty.
            let bound = |id, bytes: &[u8]| if bytes.is_empty() { vec![] } else { field(id, bytes) };
            let (low, high) = (bound(1, &qualifier), bound(3, &any(rng, &QUALIFIERS)));
            let flags = [number(2, flag(rng)), number(4, flag(rng))];
            named("ColumnRangeFilter", &[&*low, &flags[0], &high, &flags[1]].concat())
        }
        kind => {
            let (family, value) = (any(rng, &FAMILIES), any(rng, &VALUES));
            let column = [field(1, &family), field(2, &qualifier)].concat();
            let flags = [number(5, flag(rng)), number(6, flag(rng))].concat();
            let own = [column, comparison(rng, 3, &value), flags].concat();
            if kind == 15 {
                return named("SingleColumnValueFilter", &own);
            }
            named("SingleColumnValueExcludeFilter", &field(1, &own))
        }
    }
}

/// An operator, in this field, and a comparator, in the next one.
fn comparison(rng: &mut Rng, id: u64, bytes: &[u8]) -> Vec<u8> {
    let operator = rng.u64(..OPERATORS);
    let (operator, comparator) = match rng.u8(0..4) {
        0 => (operator, named("BinaryPrefixComparator", &field(1, &field(1, bytes)))),
        // A text of letters is the same in bytes.
        1 if bytes.is_ascii() => {
            (rng.u64(EQUALITIES), named("SubstringComparator", &field(1, bytes)))
        }
        _ => (operator, named("BinaryComparator", &field(1, &field(1, bytes)))),
    };
    [number(id, operator), field(id + 1, &comparator)].concat()
}

/// A class's name and its own message.
fn named(class: &str, own: &[u8]) -> Vec<u8> {
    [field(1, format!("{PACKAGE}{class}").as_bytes()), field(2, own)].concat()
}

fn field(id: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(id << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn number(id: u64, number: u64) -> Vec<u8> {
    [varint(id << 3), varint(number)].concat()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
