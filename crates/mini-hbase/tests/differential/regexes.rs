//! Random regular expressions of Java, of what mini-hbase supports.

use fastrand::Rng;

const ATOMS: [&str; 26] = [
    "a",
    "b",
    "A",
    "1",
    "2",
    ".",
    "'",
    "-",
    "&",
    "~",
    r"\d",
    r"\D",
    r"\w",
    r"\W",
    r"\S",
    r"\x61",
    r"\0141",
    r"\u0062",
    r"\Qa\E",
    r"\Q.\E",
    r"\p{Lower}",
    r"\P{Alpha}",
    r"\pL",
    r"\<",
    r"\b",
    r"\cE",
];
const IN_CLASSES: [&str; 14] =
    ["a", "b", "1", "a-c", "^", "-", "~", "$", r"\d", r"\W", "[ab]", "[^a]", "[:a]", r"\p{Upper}"];
/// Some are refused on both sides.
const QUANTIFIERS: [&str; 12] =
    ["*", "+", "?", "{2}", "{0,}", "{1,2}", "*?", "??", "{1,2}?", "**", "{x}", "{2}{3}"];

/// A pattern, with `$` only at its end: it consumes a line's end there.
pub(crate) fn random(rng: &mut Rng) -> String {
    let mut pattern = String::new();
    if rng.u8(0..4) == 0 {
        pattern += "^";
    }
    if rng.u8(0..8) == 0 {
        pattern += "(?i)";
    }
    pattern += &alternatives(rng, 1);
    if rng.u8(0..3) == 0 {
        pattern += "$";
    }
    pattern
}

fn alternatives(rng: &mut Rng, depth: usize) -> String {
    let count = if rng.u8(0..4) == 0 { 2 } else { 1 };
    let all: Vec<_> = (0..count).map(|_| sequence(rng, depth)).collect();
    all.join("|")
}

fn sequence(rng: &mut Rng, depth: usize) -> String {
    let mut sequence = String::new();
    for _ in 0..rng.usize(1..4) {
        match rng.u8(0..8) {
            0..=4 => sequence += ATOMS[rng.usize(..ATOMS.len())],
            5 | 6 => sequence += &class(rng),
            _ if depth > 0 => sequence.extend(["(", &alternatives(rng, depth - 1), ")"]),
            _ => sequence += "(?:)",
        }
        if rng.u8(0..4) == 0 {
            sequence += QUANTIFIERS[rng.usize(..QUANTIFIERS.len())];
        }
    }
    sequence
}

fn class(rng: &mut Rng) -> String {
    let sign = if rng.u8(0..3) == 0 { "^" } else { "" };
    let inner: String =
        (0..rng.usize(1..4)).map(|_| IN_CLASSES[rng.usize(..IN_CLASSES.len())]).collect();
    format!("[{sign}{inner}]")
}
