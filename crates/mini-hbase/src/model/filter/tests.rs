//! The language and the filters, on tables in memory.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::budget::{Budget, Share};
use crate::clock::Clock;
use crate::model::{
    Bound, Edit, Family, HBaseTiming, Limits, Place, Query, RowEdits, Rows, Scan, Scanner, Store,
    TimeRange,
};

const TABLE: &str = "t";

/// Families `a` and `b`, keeping three versions; rows `r1` to `r4`, with `a:n` holding their
/// number, `a:x` at time 10 and 20, `b:y`.
fn store() -> Store {
    let store = Store::open(Place::Memory, HBaseTiming::Exact, Clock::System).unwrap();
    let family = |name: &str| Family {
        name: name.as_bytes().to_vec(),
        max_versions: 3,
        time_to_live: i32::MAX,
        compression: String::new(),
        bloom_filter: String::new(),
        in_memory: false,
        block_cache: false,
    };
    store.create_table(TABLE, vec![family("a"), family("b")]).unwrap();
    let put = |family, qualifier: &str, timestamp, value: String| Edit::Put {
        family,
        qualifier: qualifier.as_bytes().to_vec(),
        timestamp: Some(timestamp),
        value: value.into_bytes(),
        time_to_live: None,
    };
    let rows: Vec<_> = (1..=4)
        .map(|number| RowEdits {
            row: format!("r{number}").into_bytes(),
            edits: vec![
                put(0, "n", 10, number.to_string()),
                put(0, "x", 20, format!("new{number}")),
                put(0, "x", 10, format!("old{number}")),
                put(1, "y", 10, "y".to_owned()),
            ],
        })
        .collect();
    let table = store.table(TABLE).unwrap();
    let share = Share::of(&Budget::new(1 << 20));
    store.durably(&share, |writes| writes.write(&table, &rows)).unwrap();
    store
}

/// What passes, as `row column=value` without the family.
fn scan(text: &str) -> Vec<String> {
    run(text, false)
}

fn run(text: &str, reversed: bool) -> Vec<String> {
    let end = || Bound { row: Vec::new(), inclusive: false };
    let share = Share::of(&Budget::new(4 << 20));
    let scan = Scan {
        table: TABLE.to_owned(),
        rows: Rows::Range { start: end(), stop: end() },
        reversed,
        query: Query::new(Vec::new(), TimeRange::ALL, 1).unwrap(),
        batch: None,
        limit: None,
        filter: Some(super::parse(text.as_bytes(), &share).unwrap()),
    };
    let call = Arc::new(share.another());
    let mut scanner = Scanner::new(scan, share);
    let mut limits = Limits::new(1 << 20, call, Arc::new(AtomicBool::new(false)));
    let mut lines = Vec::new();
    let show = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let fetched = scanner.fetch(&store(), 100, &mut limits, &mut |_, row, _| {
        lines.extend(row.cells().map(|cell| {
            format!("{} {}={}", show(&row.key), show(cell.qualifier), show(cell.value))
        }));
        Ok(())
    });
    fetched.unwrap();
    lines
}

/// The keys of the rows that pass.
fn keys(text: &str) -> Vec<String> {
    let mut keys: Vec<_> =
        scan(text).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    keys.dedup();
    keys
}

fn parse(text: &[u8]) -> crate::model::Result<Box<dyn Filter>> {
    super::parse(text, &Share::of(&Budget::new(64 << 20)))
}

fn is_refused(text: &str) -> bool {
    parse(text.as_bytes()).is_err()
}

#[test]
fn keys_select_rows() {
    assert_eq!(keys("PrefixFilter('r2')"), ["r2"]);
    assert_eq!(keys("RowFilter(>=, 'binary:r3')"), ["r3", "r4"]);
    assert_eq!(keys("RowFilter(=, 'regexstring:[14]$')"), ["r1", "r4"]);
    assert_eq!(keys("InclusiveStopFilter('r2')"), ["r1", "r2"]);
    assert_eq!(keys("PageFilter(2)"), ["r1", "r2"]);
    assert_eq!(keys("PageFilter(0)"), [""; 0]);
}

#[test]
fn downwards_a_prefix_and_a_stop_end_below() {
    let down = |text: &str| {
        let lines = run(text, true);
        lines.into_iter().filter(|line| line.contains(" n=")).collect::<Vec<_>>()
    };
    assert_eq!(down("InclusiveStopFilter('r3')"), ["r4 n=4", "r3 n=3"]);
    assert_eq!(down("PrefixFilter('r2')"), ["r2 n=2"]);
}

#[test]
fn names_select_columns() {
    assert_eq!(scan("PrefixFilter('r1') AND FamilyFilter(=, 'binary:b')"), ["r1 y=y"]);
    assert_eq!(scan("PrefixFilter('r1') AND QualifierFilter(>, 'binary:x')"), ["r1 y=y"]);
    assert_eq!(scan("PrefixFilter('r1') AND ColumnPrefixFilter('x')"), ["r1 x=new1"]);
    assert_eq!(
        scan("PrefixFilter('r1') AND MultipleColumnPrefixFilter('n', 'y')"),
        ["r1 n=1", "r1 y=y"]
    );
    assert_eq!(
        scan("PrefixFilter('r1') AND ColumnRangeFilter('n', false, 'x', true)"),
        ["r1 x=new1"]
    );
    assert_eq!(scan("PrefixFilter('r1') AND ColumnRangeFilter('', true, 'n', true)"), ["r1 n=1"]);
}

#[test]
fn columns_are_counted() {
    assert_eq!(scan("FirstKeyOnlyFilter()"), ["r1 n=1", "r2 n=2", "r3 n=3", "r4 n=4"]);
    assert_eq!(scan("PrefixFilter('r1') AND ColumnPaginationFilter(1, 1)"), ["r1 x=new1"]);
    // It ends the scanner of the family whose column is one too many, and no other family's.
    let lines = scan("ColumnCountGetFilter(2)");
    assert_eq!(lines[..3], ["r1 n=1", "r1 x=new1", "r2 n=2"]);
    assert_eq!(lines.len(), 8);
}

#[test]
fn times_select_versions() {
    assert_eq!(scan("PrefixFilter('r1') AND TimestampsFilter(20)"), ["r1 x=new1"]);
    assert_eq!(
        scan("PrefixFilter('r1') AND TimestampsFilter(10)"),
        ["r1 n=1", "r1 x=old1", "r1 y=y"]
    );
}

#[test]
fn values_select_cells() {
    assert_eq!(scan("ValueFilter(=, 'substring:NEW3')"), ["r3 x=new3"]);
    // An older version may pass where the newest doesn't (HBASE-17125).
    assert_eq!(scan("ValueFilter(=, 'binary:old2')"), ["r2 x=old2"]);
    assert_eq!(scan("ColumnValueFilter('a', 'n', >, 'binary:3')"), ["r4 n=4"]);
}

#[test]
fn one_columns_value_selects_rows() {
    assert_eq!(keys("SingleColumnValueFilter('a', 'n', <, 'binary:3')"), ["r1", "r2"]);
    assert_eq!(scan("SingleColumnValueFilter('a', 'n', =, 'binary:1')").len(), 3);
    assert_eq!(keys("SingleColumnValueFilter('a', 'q', =, 'binary:1')").len(), 4);
    assert!(keys("SingleColumnValueFilter('a', 'q', =, 'binary:1', true, true)").is_empty());
    assert_eq!(
        scan("SingleColumnValueExcludeFilter('a', 'n', =, 'binary:1')"),
        ["r1 x=new1", "r1 y=y"]
    );
}

#[test]
fn one_columns_times_select_cells() {
    let text = "PrefixFilter('r1') AND DependentColumnFilter('a', 'n')";
    assert_eq!(scan(text), ["r1 n=1", "r1 y=y"]);
    let text = "PrefixFilter('r1') AND DependentColumnFilter('a', 'n', true)";
    assert_eq!(scan(text), ["r1 y=y"]);
    let text = "DependentColumnFilter('a', 'n', false, =, 'binary:2')";
    assert_eq!(scan(text), ["r2 n=2", "r2 y=y"]);
}

#[test]
fn values_are_left_out_or_measured() {
    assert_eq!(scan("PrefixFilter('r1') AND KeyOnlyFilter()"), ["r1 n=", "r1 x=", "r1 y="]);
    assert_eq!(
        scan("PrefixFilter('r1') AND ColumnPrefixFilter('x') AND KeyOnlyFilter(true)"),
        ["r1 x=\\x00\\x00\\x00\\x04"]
    );
}

#[test]
fn and_binds_closer_than_or_and_parentheses_closer_still() {
    let text = "PrefixFilter('r1') OR PrefixFilter('r2') AND PrefixFilter('r3')";
    assert_eq!(keys(text), ["r1"]);
    let text = "(PrefixFilter('r1') OR PrefixFilter('r2')) AND RowFilter(=, 'binary:r2')";
    assert_eq!(keys(text), ["r2"]);
    assert_eq!(keys("PrefixFilter('r1')OR PrefixFilter('r4')"), ["r1", "r4"]);
}

#[test]
fn skip_leaves_out_rows_with_a_cell_that_fails() {
    let text = "SKIP ValueFilter(!=, 'binary:2')";
    assert_eq!(keys(text), ["r1", "r3", "r4"]);
}

#[test]
fn while_ends_at_the_first_failure() {
    assert_eq!(keys("WHILE RowFilter(!=, 'binary:r3')"), ["r1", "r2"]);
    // The cells before the failing one still pass.
    assert_eq!(
        scan("WHILE ValueFilter(!=, 'binary:new2')"),
        ["r1 n=1", "r1 x=new1", "r1 y=y", "r2 n=2"]
    );
}

#[test]
fn a_page_counts_what_the_filters_before_it_let_pass() {
    assert_eq!(keys("RowFilter(>, 'binary:r1') AND PageFilter(2)"), ["r2", "r3"]);
    let text = "SingleColumnValueFilter('a', 'n', >, 'binary:2') AND PageFilter(1)";
    assert_eq!(keys(text), ["r3"]);
}

/// HBase refuses a scan in parts of rows with such a filter.
#[test]
fn filters_that_judge_whole_rows_say_so() {
    for text in [
        "PageFilter(1)",
        "SKIP ValueFilter(=, 'binary:v')",
        "WHILE ValueFilter(=, 'binary:v')",
        "SingleColumnValueFilter('a', 'n', =, 'binary:2')",
        "SingleColumnValueExcludeFilter('a', 'n', =, 'binary:2')",
        "DependentColumnFilter('a', 'n')",
    ] {
        assert!(parse(text.as_bytes()).unwrap().judges_rows(), "{text}");
        for both in [format!("KeyOnlyFilter() AND {text}"), format!("KeyOnlyFilter() OR {text}")] {
            assert!(parse(both.as_bytes()).unwrap().judges_rows(), "{both}");
        }
    }
    for text in [
        "KeyOnlyFilter() AND ValueFilter(=, 'binary:v')",
        "PrefixFilter('r') OR InclusiveStopFilter('r')",
        "ColumnPaginationFilter(1, 1)",
        "ColumnValueFilter('a', 'n', =, 'binary:2')",
    ] {
        assert!(!parse(text.as_bytes()).unwrap().judges_rows(), "{text}");
    }
}

#[test]
fn any_byte_may_be_quoted() {
    assert_eq!(keys("PrefixFilter('it''s')"), [""; 0]);
    assert!(parse(b"ValueFilter(=, 'binary:\x00\xff'')')").is_ok());
}

#[test]
fn what_the_gateway_refuses_is_refused() {
    for text in [
        "",
        "NoSuchFilter()",
        "PrefixFilter",
        "PrefixFilter('a'",
        "PrefixFilter(a)",
        "PrefixFilter('a', 'b')",
        "PrefixFilter('a') PrefixFilter('b')",
        "PrefixFilter('a') AND",
        "AND PrefixFilter('a')",
        "PrefixFilter('a') and PrefixFilter('b')",
        "PrefixFilter('a'))",
        "(PrefixFilter('a')))",
        "PrefixFilter('a') (OR PrefixFilter('b'))",
        "SKIP",
        "OR_OF_ONE (PrefixFilter('a'))",
        "(AND_OF_ONE (PrefixFilter('a')))",
        "PageFilter('1')",
        "PageFilter(-1)",
        "PageFilter(x)",
        "RowFilter(==, 'binary:a')",
        "RowFilter(=, 'long:1')",
        "RowFilter(<, 'substring:a')",
        "ColumnRangeFilter('a', 1, 'b', true)",
        "SingleColumnValueFilter('a', 'b', =, 'binary:c', true)",
        "DependentColumnFilter('a')",
    ] {
        assert!(is_refused(text), "{text}");
    }
}

#[test]
fn what_looks_wrong_to_us_and_not_to_the_gateway_is_taken() {
    for text in [
        "(PrefixFilter('a')",
        "PrefixFilter('a') OR(PrefixFilter('b'))",
        "ColumnPrefixFilter('a'x)",
        "MultipleColumnPrefixFilter('a'x'b')",
    ] {
        assert!(!is_refused(text), "{text}");
    }
}

#[test]
fn filters_lie_only_so_deep_in_each_other() {
    let many = vec!["PageFilter(1)"; 1_000].join(" OR ");
    assert!(!is_refused(&many));
    let deep = |skips: usize, inner: &str| format!("{}{inner}", "SKIP ".repeat(skips));
    let [one, two] = ["PageFilter(1)", "(PageFilter(1) AND PageFilter(2))"];
    assert!(!is_refused(&deep(99, one)) && is_refused(&deep(100, one)));
    assert!(!is_refused(&deep(98, two)) && is_refused(&deep(99, two)));
    assert!(is_refused(&deep(1_000, one)));
}

#[test]
fn there_are_only_so_many_filters() {
    let many = |count: usize| vec!["PageFilter(1)"; count].join(" OR ");
    assert!(!is_refused(&many(10_000)) && is_refused(&many(10_001)));
}
