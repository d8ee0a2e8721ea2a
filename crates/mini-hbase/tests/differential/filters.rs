//! Random filters, as trees.

use std::fmt::Write as _;

use fastrand::Rng;

use super::names::{FAMILIES, Names, QUALIFIERS, ROWS, TIMES, VALUES};
use super::regexes;

/// A filter of HBase's language.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    /// Its text, with `{row N}` and `{time N}` where the names of a round come in.
    Leaf(String),
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Skip(Box<Filter>),
    While(Box<Filter>),
}

impl Filter {
    pub(crate) fn random(rng: &mut Rng, depth: usize) -> Self {
        let several =
            |rng: &mut Rng| (0..rng.usize(2..=3)).map(|_| Self::random(rng, depth - 1)).collect();
        match if depth == 0 { 9 } else { rng.u8(0..10) } {
            0..=2 => Self::And(several(rng)),
            3..=5 => Self::Or(several(rng)),
            6 => Self::Skip(Box::new(Self::random(rng, depth - 1))),
            7 => Self::While(Box::new(Self::random(rng, depth - 1))),
            _ => Self::Leaf(leaf(rng)),
        }
    }

    pub(crate) fn text(&self, names: &Names) -> String {
        match self {
            Self::Leaf(text) => names.fill(text),
            Self::And(parts) => join(parts, " AND ", names),
            Self::Or(parts) => join(parts, " OR ", names),
            Self::Skip(inner) => format!("SKIP {}", in_parentheses(inner, names)),
            Self::While(inner) => format!("WHILE {}", in_parentheses(inner, names)),
        }
    }

    /// Whether HBase refuses it together with a batch size, after minutes.
    pub(crate) fn judges_rows(&self) -> bool {
        match self {
            Self::Leaf(text) => ["SingleColumn", "DependentColumn", "PageFilter"]
                .iter()
                .any(|name| text.starts_with(name)),
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::judges_rows),
            Self::Skip(_) | Self::While(_) => true,
        }
    }
}

fn join(parts: &[Filter], operator: &str, names: &Names) -> String {
    let parts: Vec<_> = parts.iter().map(|part| in_parentheses(part, names)).collect();
    parts.join(operator)
}

fn in_parentheses(filter: &Filter, names: &Names) -> String {
    match filter {
        Filter::Leaf(_) => filter.text(names),
        other => format!("({})", other.text(names)),
    }
}

fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}

fn pick<'a>(rng: &mut Rng, all: &[&'a str]) -> &'a str {
    all[rng.usize(..all.len())]
}

fn leaf(rng: &mut Rng) -> String {
    let operator = pick(rng, &["<", "<=", "=", "!=", ">=", ">"]);
    let equality = pick(rng, &["=", "!="]);
    let (family, qualifier) = (pick(rng, &FAMILIES), pick(rng, &QUALIFIERS));
    let (other, value) = (pick(rng, &QUALIFIERS), &*quoted(pick(rng, &VALUES)));
    let row = format!("{{row {}}}", rng.usize(..ROWS.len()));
    let (flag, flag2) = (rng.bool(), rng.bool());
    let comparison = |rng: &mut Rng, text: &str| match rng.u8(0..6) {
        0 => {
            let first = text.chars().next().filter(|char| *char != '\'');
            format!("{operator}, 'binaryprefix:{}'", first.map(String::from).unwrap_or_default())
        }
        1 => format!("{equality}, 'substring:{text}'"),
        2 => format!("{equality}, 'regexstring:{}'", quoted(&regexes::random(rng))),
        _ => format!("{operator}, 'binary:{text}'"),
    };
    match rng.u8(0..21) {
        0 => "KeyOnlyFilter()".to_owned(),
        1 => format!("KeyOnlyFilter({flag})"),
        2 => "FirstKeyOnlyFilter()".to_owned(),
        3 => format!("PrefixFilter('{row}')"),
        4 | 5 => format!("ColumnPrefixFilter('{}')", if flag { "a" } else { qualifier }),
        6 if qualifier == other => format!("MultipleColumnPrefixFilter('{qualifier}')"),
        6 => format!("MultipleColumnPrefixFilter('{qualifier}', '{other}')"),
        7 => format!("ColumnCountGetFilter({})", rng.u8(0..5)),
        8 => format!("PageFilter({})", rng.u8(0..5)),
        9 => format!("ColumnPaginationFilter({}, {})", rng.u8(0..4), rng.u8(0..3)),
        10 => format!("InclusiveStopFilter('{row}')"),
        11 => {
            let mut times = String::new();
            for _ in 0..rng.usize(0..4) {
                let comma = if times.is_empty() { "" } else { ", " };
                let _ = write!(times, "{comma}{{time {}}}", rng.usize(..TIMES + 2));
            }
            format!("TimestampsFilter({times})")
        }
        12 => format!("RowFilter({operator}, 'binary:{row}')"),
        13 => format!("FamilyFilter({})", comparison(rng, family)),
        14 => format!("QualifierFilter({})", comparison(rng, qualifier)),
        15 => format!("ValueFilter({})", comparison(rng, value)),
        16 => format!("ColumnRangeFilter('{qualifier}', {flag}, '{other}', {flag2})"),
        17 => {
            let comparison = comparison(rng, value);
            let options = if rng.bool() { format!(", {flag}, {flag2}") } else { String::new() };
            format!("SingleColumnValueFilter('{family}', '{qualifier}', {comparison}{options})")
        }
        18 => {
            let comparison = comparison(rng, value);
            format!(
                "SingleColumnValueExcludeFilter('{family}', '{qualifier}', {comparison}, {flag}, {flag2})"
            )
        }
        19 => {
            let comparison = comparison(rng, value);
            match rng.u8(0..3) {
                0 => format!("DependentColumnFilter('{family}', '{qualifier}')"),
                1 => format!("DependentColumnFilter('{family}', '{qualifier}', {flag})"),
                _ => format!(
                    "DependentColumnFilter('{family}', '{qualifier}', {flag}, {comparison})"
                ),
            }
        }
        _ => {
            let comparison = comparison(rng, value);
            format!("ColumnValueFilter('{family}', '{qualifier}', {comparison})")
        }
    }
}
