//! Calls that work, and values of other types to put into them.

use crate::messages::{Value, text};
use crate::random::Random;

/// The arguments of calls that work, by their methods.
pub(crate) fn good_calls() -> Vec<(&'static str, Vec<(i16, Value)>)> {
    let table = || (1, text("t"));
    let texts = || Value::List(vec![text("f:x")]);
    let cell = || Value::Struct(vec![(2, text("f:x")), (3, text("v")), (4, Value::Bool(true))]);
    let batch = || Value::Struct(vec![(1, text("r")), (2, Value::List(vec![cell()]))]);
    let attributes = || Value::Map(vec![(text("a"), text("b"))]);
    let increment =
        || Value::Struct(vec![table(), (2, text("n")), (3, text("f:n")), (4, Value::I64(1))]);
    let append = || {
        Value::Struct(vec![
            table(),
            (2, text("a")),
            (3, texts()),
            (4, Value::List(vec![text("v")])),
        ])
    };
    let scan = Value::Struct(vec![
        (1, text("a")),
        (3, Value::I64(i64::MAX)),
        (4, texts()),
        (6, text("KeyOnlyFilter()")),
        (8, Value::Bool(true)),
    ]);
    vec![
        ("getRows", vec![table(), (2, Value::List(vec![text("r")])), (3, attributes())]),
        (
            "getRowWithColumnsTs",
            vec![table(), (2, text("r")), (3, texts()), (4, Value::I64(9)), (5, attributes())],
        ),
        (
            "getVer",
            vec![table(), (2, text("r")), (3, text("f:x")), (4, Value::I32(2)), (5, attributes())],
        ),
        (
            "mutateRow",
            vec![table(), (2, text("r")), (3, Value::List(vec![cell()])), (4, attributes())],
        ),
        (
            "mutateRowsTs",
            vec![table(), (2, Value::List(vec![batch()])), (3, Value::I64(5)), (4, attributes())],
        ),
        ("incrementRows", vec![(1, Value::List(vec![increment()]))]),
        ("append", vec![(1, append())]),
        (
            "checkAndPut",
            vec![
                table(),
                (2, text("c")),
                (3, text("f:x")),
                (5, text("")),
                (6, cell()),
                (7, attributes()),
            ],
        ),
        ("scannerOpenWithScan", vec![table(), (2, scan), (3, attributes())]),
        (
            "createTable",
            vec![
                (1, text("u")),
                (2, Value::List(vec![Value::Struct(vec![(1, text("f")), (2, Value::I32(1))])])),
            ],
        ),
        ("scannerGetList", vec![(1, Value::I32(0)), (2, Value::I32(1))]),
    ]
}

/// A value of any type, which taken for another may announce much: its bytes are large numbers.
pub(crate) fn any(random: &mut Random, depth: usize) -> Value {
    let large = [i64::MAX, i64::MIN, 0x0b7f_ffff_ff00_0000, 0x7fff_ffff, 0x0c00_0040_0000_0000, 0];
    let number = large[random.below(large.len())];
    let some = |random: &mut Random| {
        let sample = any(random, depth + 1);
        vec![sample; random.below(3)]
    };
    match random.below(if depth < 4 { 12 } else { 8 }) {
        0 => Value::Bool(number > 0),
        1 => Value::I8(number as i8),
        2 => Value::I16(number as i16),
        3 => Value::I32((number >> 24) as i32),
        4 => Value::I64(number),
        5 => Value::Double(f64::from_bits(number.cast_unsigned())),
        6 => Value::Uuid([0x7f; 16]),
        7 => Value::Text(number.to_be_bytes().to_vec()),
        8 => Value::List(some(random)),
        9 => Value::Set(some(random)),
        10 => Value::Map(some(random).into_iter().map(|key| (key, text("v"))).collect()),
        _ => Value::Struct(
            (1..=3).take(random.below(4)).map(|id| (id, any(random, depth + 1))).collect(),
        ),
    }
}

/// Puts another value somewhere into a value.
pub(crate) fn spoil(random: &mut Random, value: &mut Value, depth: usize) {
    if random.below(3) == 0 {
        *value = any(random, depth);
        return;
    }
    match value {
        Value::Struct(fields) if !fields.is_empty() => {
            let place = random.below(fields.len());
            spoil(random, &mut fields[place].1, depth + 1);
        }
        Value::List(items) if !items.is_empty() => {
            // All of them: a list has elements of one type.
            let mut item = items[0].clone();
            spoil(random, &mut item, depth + 1);
            *items = vec![item; 1 + random.below(2)];
        }
        other => *other = any(random, depth),
    }
}
