//! Filters made of others: lists, and filters around filters.

use hbase_thrift_client::{DependentColumn, Filter, Put, SingleColumnValue};
use integration_tests::{Server, Test};

use super::super::on_each_gateway;
use super::{ALL, cells, equal, fill, keys, not_equal};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(operators_combine_as_the_tree_says),
        Test::new(or_of_row_and_cell_filters_is_neither),
        Test::new(skip_drops_rows_with_a_cell_that_fails),
        Test::new(while_match_ends_the_scan_at_what_fails),
        Test::new(a_page_counts_what_the_filters_before_it_let_through),
    ]
}

fn operators_combine_as_the_tree_says(server: &Server) {
    on_each_gateway(server, "filter_tree", |_, table| {
        for key in ["a", "b", "c", "d"] {
            table.put(&Put::new(key).column("f:x", "")).unwrap();
        }
        let is = |key: &str| Filter::row(equal(key));
        let not = |key: &str| Filter::row(not_equal(key));
        assert_eq!(keys(table, is("a").or(is("c")).or(is("d"))), "acd");
        assert_eq!(keys(table, not("a").and(not("c")).and(not("d"))), "b");
        assert_eq!(keys(table, is("a").or(not("a").and(not("b")))), "acd");
        assert_eq!(keys(table, is("a").or(not("a")).and(not("b"))), "acd");
        assert_eq!(keys(table, is("a").and(is("b")).or(is("c"))), "c");
        assert_eq!(keys(table, is("a").and(is("b").or(is("a")))), "a");
        assert_eq!(keys(table, is("a").or(is("b")).and(is("b").or(is("c")))), "b");
        let none_is = |key: &str| Filter::qualifier(not_equal(key)).skip().unwrap();
        assert_eq!(keys(table, none_is("y").and(not("c").or(is("c")))), "abcd");
        assert_eq!(keys(table, none_is("x").or(is("c"))), "c");
        let deep = is("a").or(not("b").and(is("c").or(is("d").and(not("a")).and(none_is("y")))));
        assert_eq!(keys(table, deep), "acd");
        let until_c = not("c").while_match().unwrap();
        assert_eq!(keys(table, is("d").or(until_c.and(not("a")))), "bd");
        let many = (0..500).map(|number| is(&format!("no{number}"))).reduce(Filter::or).unwrap();
        assert_eq!(keys(table, many.clone().or(is("d"))), "d");
        assert_eq!(keys(table, is("d").or(many)), "d");
    });
}

fn or_of_row_and_cell_filters_is_neither(server: &Server) {
    on_each_gateway(server, "filter_mixed", |_, table| {
        fill(table);
        let never = SingleColumnValue::new("f", "two", equal("9")).filter_if_missing();
        let with_a_row = Filter::from(never.clone()).or(Filter::row(equal("b")));
        assert_eq!(cells(table, with_a_row), ALL[3..5]);
        let with_a_cell = Filter::from(never).or(Filter::value(equal("3")));
        assert_eq!(cells(table, with_a_cell), [ALL[0], ALL[2], ALL[3], ALL[4]]);
        let one = DependentColumn::new("f", "one");
        let takes_from_both = Filter::from(one).or(Filter::row(equal("a")));
        assert_eq!(cells(table, takes_from_both), [ALL[0], ALL[3], ALL[4]]);
    });
}

fn skip_drops_rows_with_a_cell_that_fails(server: &Server) {
    on_each_gateway(server, "filter_skip", |_, table| {
        fill(table);
        let skip = |filter: Filter| cells(table, filter.skip().unwrap());
        let not_three = || Filter::value(not_equal("3"));
        assert_eq!(cells(table, not_three()), [&ALL[..2], &ALL[3..]].concat());
        assert_eq!(skip(not_three()), ALL[3..]);
        assert_eq!(skip(not_three().or(Filter::qualifier(equal("one")))), ALL);
        assert_eq!(skip(not_three().and(Filter::family(equal("f")))), ALL[5..]);
        assert_eq!(skip(Filter::value(equal("1")).or(Filter::column_prefix("t"))), ALL[5..]);
        assert_eq!(skip(Filter::multiple_column_prefix(["tw", "on"]).unwrap()), ALL);
        assert_eq!(skip(Filter::column_range("t"..)), ALL[5..]);
        assert_eq!(skip(Filter::column_value("f", "two", equal("1"))), ALL[5..]);
        assert_eq!(skip(Filter::timestamps([10, 20])), ALL[3..]);
        assert_eq!(skip(Filter::first_key_only()), ALL[5..]);
        assert_eq!(skip(Filter::key_only()).len(), ALL.len());
        // What is refused, and why.
        assert_eq!(cells(table, "SKIP RowFilter(=, 'binary:b')"), ALL);
        assert_eq!(cells(table, "SKIP ColumnPaginationFilter(9, 0)"), [""; 0]);
    });
}

fn while_match_ends_the_scan_at_what_fails(server: &Server) {
    on_each_gateway(server, "filter_while", |_, table| {
        fill(table);
        let while_match = |filter: Filter| cells(table, filter.while_match().unwrap());
        let not_b = || Filter::row(not_equal("b"));
        assert_eq!(keys(table, not_b()), "ac");
        assert_eq!(while_match(not_b()), ALL[..3]);
        assert_eq!(while_match(Filter::value(not_equal("3"))), ALL[..2]);
        assert_eq!(while_match(Filter::value(not_equal("3")).skip().unwrap()), [""; 0]);
        assert_eq!(while_match(Filter::page(2)), ALL[..5]);
        assert_eq!(while_match(Filter::prefix("a")), ALL[..3]);
        let one = SingleColumnValue::new("f", "one", equal("1")).filter_if_missing();
        assert_eq!(while_match(one.into()), ALL[..3]);
        assert_eq!(keys(table, Filter::page(2).and(not_b().while_match().unwrap())), "a");
        // What is refused, and why.
        assert_eq!(cells(table, "WHILE ColumnPaginationFilter(9, 0)"), ALL[..1]);
        assert_eq!(cells(table, "WHILE DependentColumnFilter('f', 'one')"), ALL);
    });
}

fn a_page_counts_what_the_filters_before_it_let_through(server: &Server) {
    on_each_gateway(server, "filter_page", |_, table| {
        fill(table);
        let two_is_one = || SingleColumnValue::new("f", "two", equal("1")).filter_if_missing();
        assert_eq!(keys(table, Filter::from(two_is_one()).and(Filter::page(1))), "c");
        assert_eq!(keys(table, Filter::page(1).and(two_is_one())), "");
    });
}
