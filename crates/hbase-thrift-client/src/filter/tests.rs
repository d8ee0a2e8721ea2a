//! What filters look like in the filter language, and that a reader of it gets back what was said.

use std::ops::Bound;

use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

fn text(filter: impl Into<Vec<u8>>) -> String {
    String::from_utf8(filter.into()).unwrap()
}

fn equal(value: &str) -> Comparator {
    Comparator::binary(CompareOp::Equal, value)
}

#[test]
fn every_filter_has_its_name_and_arguments() {
    let texts = [
        (Filter::key_only(), "KeyOnlyFilter()"),
        (Filter::key_only_with_lengths(), "KeyOnlyFilter(true)"),
        (Filter::first_key_only(), "FirstKeyOnlyFilter()"),
        (Filter::prefix("a"), "PrefixFilter('a')"),
        (Filter::column_prefix("a"), "ColumnPrefixFilter('a')"),
        (
            Filter::multiple_column_prefix(["a", "b"]).unwrap(),
            "MultipleColumnPrefixFilter('a', 'b')",
        ),
        (Filter::column_count_get(2), "ColumnCountGetFilter(2)"),
        (Filter::page(2), "PageFilter(2)"),
        (Filter::column_pagination(2, 3), "ColumnPaginationFilter(2, 3)"),
        (Filter::inclusive_stop("a"), "InclusiveStopFilter('a')"),
        (Filter::timestamps([5, 7]), "TimestampsFilter(5, 7)"),
        (Filter::row(equal("a")), "RowFilter(=, 'binary:a')"),
        (Filter::family(equal("a")), "FamilyFilter(=, 'binary:a')"),
        (Filter::qualifier(equal("a")), "QualifierFilter(=, 'binary:a')"),
        (Filter::value(equal("a")), "ValueFilter(=, 'binary:a')"),
        (Filter::column_range("a".."b"), "ColumnRangeFilter('a', true, 'b', false)"),
        (Filter::column_value("f", "q", equal("a")), "ColumnValueFilter('f', 'q', =, 'binary:a')"),
        (
            SingleColumnValue::new("f", "q", equal("a")).into(),
            "SingleColumnValueFilter('f', 'q', =, 'binary:a', false, true)",
        ),
        (
            SingleColumnValue::new("f", "q", equal("a")).exclude_column().into(),
            "SingleColumnValueExcludeFilter('f', 'q', =, 'binary:a', false, true)",
        ),
        (DependentColumn::new("f", "q").into(), "DependentColumnFilter('f', 'q', false)"),
        (
            DependentColumn::new("f", "q").drop_column().value(equal("a")).into(),
            "DependentColumnFilter('f', 'q', true, =, 'binary:a')",
        ),
    ];
    for (filter, expected) in texts {
        assert_eq!(text(filter), expected);
    }
}

#[test]
fn a_single_column_value_has_both_options_or_none() {
    let filter = SingleColumnValue::new("f", "q", equal("")).filter_if_missing().any_version();
    assert_eq!(text(filter), "SingleColumnValueFilter('f', 'q', =, 'binary:', true, false)");
}

#[test]
fn every_operator_has_its_symbol() {
    let symbols = [
        (CompareOp::Less, "<"),
        (CompareOp::LessOrEqual, "<="),
        (CompareOp::Equal, "="),
        (CompareOp::NotEqual, "!="),
        (CompareOp::GreaterOrEqual, ">="),
        (CompareOp::Greater, ">"),
    ];
    for (op, symbol) in symbols {
        let filter = Filter::value(Comparator::binary(op, "a"));
        assert_eq!(text(filter), format!("ValueFilter({symbol}, 'binary:a')"));
    }
}

#[test]
fn every_comparator_has_its_kind() {
    let kinds = [
        (Comparator::binary_prefix(CompareOp::Less, "a:b"), "<, 'binaryprefix:a:b'"),
        (Comparator::regex("^a.b$"), "=, 'regexstring:^a.b$'"),
        (Comparator::not_regex("a|b"), "!=, 'regexstring:a|b'"),
        (Comparator::substring("ä"), "=, 'substring:ä'"),
        (Comparator::not_substring(""), "!=, 'substring:'"),
    ];
    for (comparator, expected) in kinds {
        assert_eq!(text(Filter::row(comparator)), format!("RowFilter({expected})"));
    }
}

#[test]
fn a_chain_of_one_operator_is_one_list() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(Filter::prefix);
    let chain = a.clone().and(b.clone()).and(c.clone().and(d.clone()));
    let expected =
        "PrefixFilter('a') AND PrefixFilter('b') AND PrefixFilter('c') AND PrefixFilter('d')";
    assert_eq!(text(&chain), expected);
    let chain = [a, b, c, d].into_iter().reduce(Filter::or).unwrap();
    assert_eq!(text(&chain), expected.replace("AND", "OR"));
}

#[test]
fn each_other_operator_is_in_parentheses_of_its_own() {
    let at = |time| Filter::timestamps([time]);
    let both = at(1).and(at(2));
    let either = at(3).or(at(4));
    let skip = |filter: Filter| filter.skip().unwrap();
    let while_match = |filter: Filter| filter.while_match().unwrap();
    let texts = [
        (both.clone().or(at(5)), "(T(1) AND T(2)) OR T(5)"),
        (at(5).and(either.clone()), "T(5) AND (T(3) OR T(4))"),
        (skip(at(1)), "SKIP T(1)"),
        (while_match(at(1)), "WHILE T(1)"),
        (skip(both.clone()), "SKIP (T(1) AND T(2))"),
        (skip(at(1)).and(at(2)), "(SKIP T(1)) AND T(2)"),
        (at(1).or(while_match(at(2))), "T(1) OR (WHILE T(2))"),
        (while_match(skip(at(1))), "WHILE (SKIP T(1))"),
        (both.or(skip(either).and(at(5))), "(T(1) AND T(2)) OR ((SKIP (T(3) OR T(4))) AND T(5))"),
    ];
    for (filter, expected) in texts {
        assert_eq!(text(filter).replace("TimestampsFilter", "T"), expected);
    }
}

#[test]
fn numbers_over_javas_become_javas_greatest() {
    assert_eq!(text(Filter::page(u64::MAX)), "PageFilter(9223372036854775807)");
    assert_eq!(text(Filter::column_count_get(u32::MAX)), "ColumnCountGetFilter(2147483647)");
    let all_but_three = Filter::column_pagination(u32::MAX, 3);
    assert_eq!(text(all_but_three), "ColumnPaginationFilter(2147483644, 3)");
    let none = Filter::column_pagination(1, u32::MAX);
    assert_eq!(text(none), "ColumnPaginationFilter(0, 2147483647)");
}

#[test]
fn timestamps_that_no_cell_has_are_left_out() {
    assert_eq!(text(Filter::timestamps([-1, 0, i64::MIN])), "TimestampsFilter(0)");
    assert_eq!(text(Filter::timestamps([])), "TimestampsFilter()");
}

#[test]
fn an_empty_bound_of_a_column_range_is_not_the_lack_of_one() {
    let (empty, b) = (String::new(), "b".to_owned());
    let ranges = [
        ((Bound::Unbounded, Bound::Unbounded), "'', true, '', false"),
        ((Bound::Included(&empty), Bound::Included(&b)), "'', true, 'b', true"),
        ((Bound::Excluded(&empty), Bound::Unbounded), "'\0', true, '', false"),
        ((Bound::Excluded(&b), Bound::Unbounded), "'b', false, '', false"),
        ((Bound::Unbounded, Bound::Included(&empty)), "'', true, '\0', false"),
        ((Bound::Excluded(&empty), Bound::Included(&empty)), "'\0', true, '\0', false"),
        ((Bound::Unbounded, Bound::Excluded(&empty)), "'\0', true, '\0', false"),
    ];
    for (range, expected) in ranges {
        let filter = Filter::column_range::<String>(range);
        assert_eq!(text(filter), format!("ColumnRangeFilter({expected})"));
    }
}

#[test]
fn column_prefixes_that_another_covers_are_left_out() {
    let filter = Filter::multiple_column_prefix(["b", "ab", "a", "b", "ac", "ba"]).unwrap();
    assert_eq!(text(filter), "MultipleColumnPrefixFilter('a', 'b')");
    let filter = Filter::multiple_column_prefix(["x", ""]).unwrap();
    assert_eq!(text(filter), "MultipleColumnPrefixFilter('')");
}

#[test]
fn no_column_prefix_at_all_is_refused() {
    let error = Filter::multiple_column_prefix::<&str>([]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

/// What the reader makes of a text. Written from `ParseFilter`'s facts and not from `text.rs`, and
/// stricter: of a level in parentheses it takes one kind of operator only.
#[derive(Clone, Debug, PartialEq)]
enum Read {
    Call(String, Vec<Argument>),
    List(&'static str, Vec<Read>),
    Wrapped(&'static str, Box<Read>),
}

#[derive(Clone, Debug, PartialEq)]
enum Argument {
    Quoted(Vec<u8>),
    Bare(String),
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn read(text: &[u8]) -> Option<Read> {
        let mut reader = Reader(text);
        let filter = reader.level()?;
        reader.0.is_empty().then_some(filter)
    }

    fn level(&mut self) -> Option<Read> {
        for wrapper in ["SKIP", "WHILE"] {
            if self.take(wrapper) {
                return self
                    .take(" ")
                    .then(|| self.operand())?
                    .map(|filter| Read::Wrapped(wrapper, Box::new(filter)));
            }
        }
        let mut filters = vec![self.operand()?];
        let operator = ["AND", "OR"]
            .into_iter()
            .find(|name| self.0.starts_with(format!(" {name} ").as_bytes()));
        let Some(operator) = operator else {
            return filters.pop();
        };
        while self.take(&format!(" {operator} ")) {
            filters.push(self.operand()?);
        }
        Some(Read::List(operator, filters))
    }

    fn operand(&mut self) -> Option<Read> {
        if self.take("(") {
            let filter = self.level()?;
            return self.take(")").then_some(filter);
        }
        let end = self.0.iter().position(|byte| *byte == b'(')?;
        let name = String::from_utf8(self.0[..end].to_vec()).ok()?;
        self.0 = &self.0[end + 1..];
        let mut arguments = Vec::new();
        while !self.take(")") {
            arguments.push(self.argument()?);
            if self.0.first() != Some(&b')') && !self.take(", ") {
                return None;
            }
        }
        Some(Read::Call(name, arguments))
    }

    fn argument(&mut self) -> Option<Argument> {
        if !self.take("'") {
            let end = self.0.iter().position(|byte| b",) ".contains(byte))?;
            let bare = String::from_utf8(self.0[..end].to_vec()).ok()?;
            self.0 = &self.0[end..];
            return Some(Argument::Bare(bare));
        }
        let mut bytes = Vec::new();
        loop {
            let byte = *self.0.first()?;
            self.0 = &self.0[1..];
            if byte == b'\'' && !self.take("'") {
                return Some(Argument::Quoted(bytes));
            }
            bytes.push(byte);
        }
    }

    fn take(&mut self, text: &str) -> bool {
        match self.0.strip_prefix(text.as_bytes()) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }
}

/// Bytes that mean something to the parser, and others.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let tricky = prop::sample::select(b"'(), :\0\xff\xc3AND=\\".to_vec());
    prop::collection::vec(prop_oneof![tricky, any::<u8>()], 0..12)
}

fn simple() -> impl Strategy<Value = (Filter, Read)> {
    let call = |name: &str, arguments: Vec<Argument>| Read::Call(name.to_owned(), arguments);
    let bare = |text: &str| Argument::Bare(text.to_owned());
    prop_oneof![
        bytes().prop_map(move |value| {
            (Filter::prefix(value.clone()), call("PrefixFilter", vec![Argument::Quoted(value)]))
        }),
        bytes().prop_map(move |value| {
            let operand = [b"binaryprefix:".as_slice(), &value].concat();
            let comparator = Comparator::binary_prefix(CompareOp::NotEqual, value);
            let arguments = vec![bare("!="), Argument::Quoted(operand)];
            (Filter::value(comparator), call("ValueFilter", arguments))
        }),
        (bytes(), bytes()).prop_map(move |(family, qualifier)| {
            let filter = DependentColumn::new(family.clone(), qualifier.clone()).drop_column();
            let names = [family, qualifier].map(Argument::Quoted);
            let arguments = names.into_iter().chain([bare("true")]).collect();
            (filter.into(), call("DependentColumnFilter", arguments))
        }),
        Just((Filter::key_only(), call("KeyOnlyFilter", Vec::new()))),
    ]
}

fn filter() -> impl Strategy<Value = (Filter, Read)> {
    simple().prop_recursive(4, 24, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(|filters| list("AND", Filter::and, filters)),
            several.prop_map(|filters| list("OR", Filter::or, filters)),
            inner.clone().prop_map(|pair| wrapped("SKIP", Filter::skip, pair)),
            inner.prop_map(|pair| wrapped("WHILE", Filter::while_match, pair)),
        ]
    })
}

/// The filter itself where it can't be wrapped.
fn wrapped(
    wrapper: &'static str,
    wrap: impl Fn(Filter) -> Result<Filter>,
    (filter, read): (Filter, Read),
) -> (Filter, Read) {
    match wrap(filter.clone()) {
        Ok(filter) => (filter, Read::Wrapped(wrapper, Box::new(read))),
        Err(_) => (filter, read),
    }
}

fn list(
    operator: &'static str,
    join: impl Fn(Filter, Filter) -> Filter,
    filters: Vec<(Filter, Read)>,
) -> (Filter, Read) {
    let (filters, read): (Vec<_>, Vec<_>) = filters.into_iter().unzip();
    let flat = read.into_iter().flat_map(|read| match read {
        Read::List(inner, filters) if inner == operator => filters,
        other => vec![other],
    });
    (filters.into_iter().reduce(join).unwrap(), Read::List(operator, flat.collect()))
}

proptest! {
    #[test]
    fn any_bytes_come_back_from_a_quoted_argument(value in bytes()) {
        let read = Reader::read(&Vec::from(Filter::prefix(value.clone())));
        let expected = Read::Call("PrefixFilter".to_owned(), vec![Argument::Quoted(value)]);
        prop_assert_eq!(read, Some(expected));
    }

    #[test]
    fn any_tree_comes_back_from_its_text((filter, read) in filter()) {
        prop_assert_eq!(Reader::read(&Vec::from(&filter)), Some(read));
    }

    #[test]
    fn reduced_column_prefixes_cover_the_same_columns(
        prefixes in prop::collection::vec(prop::collection::vec(0_u8..3, 0..4), 1..6),
        qualifier in prop::collection::vec(0_u8..3, 0..6),
    ) {
        let covered = |prefixes: &[Vec<u8>]| prefixes.iter().any(|p| qualifier.starts_with(p));
        let Filter(Node::Simple(Simple::MultipleColumnPrefix(reduced))) =
            Filter::multiple_column_prefix(prefixes.clone()).unwrap()
        else {
            panic!("another filter");
        };
        prop_assert_eq!(covered(&reduced), covered(&prefixes));
        for (index, one) in reduced.iter().enumerate() {
            prop_assert!(reduced[index + 1..].iter().all(|other| !other.starts_with(one)));
        }
    }
}
