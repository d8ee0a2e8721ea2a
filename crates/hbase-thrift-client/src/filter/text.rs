//! Filters in HBase's filter language, as `ParseFilter` reads it.
//!
//! - A filter is a name with arguments in parentheses. Bytes are quoted and stand as they are,
//!   except that a quote is doubled; numbers, booleans and operators are bare. A comparator is one
//!   quoted argument, its kind before a colon.
//! - `SKIP` and `WHILE` bind tighter than `AND`, and that tighter than `OR`, but not so in
//!   parentheses: their end closes one kind of operator, and where another is left the parser fails.
//!   So each level is in parentheses of its own, and no precedence is relied on.
//! - What the language says otherwise than the tree (numbers over Java's, an empty bound) is said
//!   here in a way that means the same.

use std::fmt::Display;
use std::ops::Bound;

use super::comparator::{Comparator, Operand};
use super::{Node, Simple};

pub(super) fn encode(node: &Node) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, node);
    out
}

/// The name of HBase's class for the tree's root.
pub(super) fn name(node: &Node) -> &'static str {
    match node {
        Node::Simple(filter) => simple_name(filter),
        Node::And(_) | Node::Or(_) => "FilterList",
        Node::Skip(_) => "SkipFilter",
        Node::WhileMatch(_) => "WhileMatchFilter",
    }
}

fn write(out: &mut Vec<u8>, node: &Node) {
    match node {
        Node::Simple(filter) => write_simple(out, filter),
        Node::And(nodes) => write_list(out, b" AND ", nodes),
        Node::Or(nodes) => write_list(out, b" OR ", nodes),
        Node::Skip(node) => {
            out.extend_from_slice(b"SKIP ");
            write_operand(out, node);
        }
        Node::WhileMatch(node) => {
            out.extend_from_slice(b"WHILE ");
            write_operand(out, node);
        }
    }
}

fn write_list(out: &mut Vec<u8>, operator: &[u8], nodes: &[Node]) {
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(operator);
        }
        write_operand(out, node);
    }
}

fn write_operand(out: &mut Vec<u8>, node: &Node) {
    if let Node::Simple(filter) = node {
        write_simple(out, filter);
    } else {
        out.push(b'(');
        write(out, node);
        out.push(b')');
    }
}

fn write_simple(out: &mut Vec<u8>, filter: &Simple) {
    let call = FilterCall::begin(out, simple_name(filter));
    match filter {
        Simple::KeyOnly { lengths: false } | Simple::FirstKeyOnly => call,
        Simple::KeyOnly { lengths: true } => call.bare(true),
        Simple::Prefix(bytes) | Simple::ColumnPrefix(bytes) | Simple::InclusiveStop(bytes) => {
            call.quoted(bytes)
        }
        Simple::MultipleColumnPrefix(prefixes) => {
            prefixes.iter().fold(call, |call, prefix| call.quoted(prefix))
        }
        Simple::ColumnCountGet(columns) => call.bare(java_int(*columns)),
        Simple::Page(rows) => call.bare(i64::try_from(*rows).unwrap_or(i64::MAX)),
        Simple::ColumnPagination { limit, offset } => {
            // HBase adds the two in an int. No row has so many columns that a smaller sum matters.
            let offset = java_int(*offset);
            call.bare(java_int(*limit).min(i32::MAX - offset)).bare(offset)
        }
        Simple::Timestamps(timestamps) => timestamps
            .iter()
            // HBase refuses negative ones, which no cell has.
            .filter(|timestamp| **timestamp >= 0)
            .fold(call, FilterCall::bare),
        Simple::Row(comparator)
        | Simple::Family(comparator)
        | Simple::Qualifier(comparator)
        | Simple::Value(comparator) => call.comparator(comparator),
        Simple::ColumnRange(min, max) => column_range(call, min, max),
        Simple::SingleColumnValue(filter) => call
            .quoted(&filter.family)
            .quoted(&filter.qualifier)
            .comparator(&filter.comparator)
            .bare(filter.filter_if_missing)
            .bare(filter.latest_version_only),
        Simple::DependentColumn(filter) => {
            let call =
                call.quoted(&filter.family).quoted(&filter.qualifier).bare(filter.drop_column);
            match &filter.comparator {
                Some(comparator) => call.comparator(comparator),
                None => call,
            }
        }
        Simple::ColumnValue { family, qualifier, comparator } => {
            call.quoted(family).quoted(qualifier).comparator(comparator)
        }
    }
    .end();
}

fn simple_name(filter: &Simple) -> &'static str {
    match filter {
        Simple::KeyOnly { .. } => "KeyOnlyFilter",
        Simple::FirstKeyOnly => "FirstKeyOnlyFilter",
        Simple::Prefix(_) => "PrefixFilter",
        Simple::ColumnPrefix(_) => "ColumnPrefixFilter",
        Simple::MultipleColumnPrefix(_) => "MultipleColumnPrefixFilter",
        Simple::ColumnCountGet(_) => "ColumnCountGetFilter",
        Simple::Page(_) => "PageFilter",
        Simple::ColumnPagination { .. } => "ColumnPaginationFilter",
        Simple::InclusiveStop(_) => "InclusiveStopFilter",
        Simple::Timestamps(_) => "TimestampsFilter",
        Simple::Row(_) => "RowFilter",
        Simple::Family(_) => "FamilyFilter",
        Simple::Qualifier(_) => "QualifierFilter",
        Simple::Value(_) => "ValueFilter",
        Simple::ColumnRange(..) => "ColumnRangeFilter",
        Simple::SingleColumnValue(filter) if filter.exclude_column => {
            "SingleColumnValueExcludeFilter"
        }
        Simple::SingleColumnValue(_) => "SingleColumnValueFilter",
        Simple::DependentColumn(_) => "DependentColumnFilter",
        Simple::ColumnValue { .. } => "ColumnValueFilter",
    }
}

/// An empty bound means none to HBase. What begins after the empty qualifier begins with its
/// successor, and so does what lies behind the end of a range that ends there.
fn column_range<'a>(
    call: FilterCall<'a>,
    min: &Bound<Vec<u8>>,
    max: &Bound<Vec<u8>>,
) -> FilterCall<'a> {
    const SUCCESSOR: &[u8] = b"\0";
    let (mut min, mut min_inclusive): (&[u8], bool) = match min {
        Bound::Unbounded => (b"", true),
        Bound::Excluded(qualifier) if qualifier.is_empty() => (SUCCESSOR, true),
        Bound::Included(qualifier) => (qualifier, true),
        Bound::Excluded(qualifier) => (qualifier, false),
    };
    let (max, max_inclusive): (&[u8], bool) = match max {
        Bound::Unbounded => (b"", false),
        Bound::Included(qualifier) if qualifier.is_empty() => (SUCCESSOR, false),
        Bound::Excluded(qualifier) if qualifier.is_empty() => {
            // Nothing lies before the empty qualifier.
            (min, min_inclusive) = (SUCCESSOR, true);
            (SUCCESSOR, false)
        }
        Bound::Included(qualifier) => (qualifier, true),
        Bound::Excluded(qualifier) => (qualifier, false),
    };
    call.quoted(min).bare(min_inclusive).quoted(max).bare(max_inclusive)
}

/// The number, or Java's greatest where no count gets that far.
fn java_int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A filter's name and arguments.
struct FilterCall<'a> {
    out: &'a mut Vec<u8>,
    separator: &'static [u8],
}

impl<'a> FilterCall<'a> {
    fn begin(out: &'a mut Vec<u8>, name: &str) -> Self {
        out.extend_from_slice(name.as_bytes());
        out.push(b'(');
        Self { out, separator: b"" }
    }

    fn quoted(mut self, bytes: &[u8]) -> Self {
        self.separate();
        self.out.push(b'\'');
        self.escaped(bytes);
        self.out.push(b'\'');
        self
    }

    fn bare(mut self, value: impl Display) -> Self {
        self.separate();
        self.out.extend_from_slice(value.to_string().as_bytes());
        self
    }

    /// Two arguments: the operator, and the rest in one.
    fn comparator(self, comparator: &Comparator) -> Self {
        let mut call = self.bare(comparator.op);
        call.separate();
        let (kind, operand): (&[u8], &[u8]) = match &comparator.operand {
            Operand::Binary(value) => (b"binary", value),
            Operand::BinaryPrefix(prefix) => (b"binaryprefix", prefix),
            Operand::RegexString(pattern) => (b"regexstring", pattern.as_bytes()),
            Operand::Substring(text) => (b"substring", text.as_bytes()),
        };
        call.out.push(b'\'');
        call.out.extend_from_slice(kind);
        call.out.push(b':');
        call.escaped(operand);
        call.out.push(b'\'');
        call
    }

    fn end(self) {
        self.out.push(b')');
    }

    fn separate(&mut self) {
        self.out.extend_from_slice(self.separator);
        self.separator = b", ";
    }

    fn escaped(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\'' {
                self.out.push(b'\'');
            }
            self.out.push(byte);
        }
    }
}
