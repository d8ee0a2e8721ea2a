//! Calls that read and write at once: counters, appends, check-and-put.

use hbase_thrift_api::{TAppend, THbaseSyncClient, TIncrement};
use integration_tests::{Server, Test};

use super::{Bench, bytes, counter, list, none, put, row, values};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(an_atomic_increment_answers_the_sum),
        Test::new(an_increment_is_applied_before_it_answers),
        Test::new(increments_of_several_rows_are_applied_in_one_call),
        Test::new(an_append_answers_the_whole_value),
        Test::new(check_and_put_writes_only_on_the_expected_value),
        Test::new(check_and_put_takes_an_empty_value_for_an_absent_cell),
    ]
}

impl Bench {
    fn counter(&mut self, row: &str) -> i64 {
        let cells = self.raw.get(self.name(), bytes(row), bytes("a:n"), none()).unwrap();
        counter(cells[0].value.as_ref().unwrap())
    }

    fn increment(&self, row: &str, amount: i64) -> TIncrement {
        TIncrement::new(self.name(), bytes(row), bytes("a:n"), amount)
    }
}

fn an_atomic_increment_answers_the_sum(server: &Server) {
    let mut bench = Bench::new(server, "sum");
    let mut add = |amount| {
        let (name, row, column) = (bench.name(), bytes("r"), bytes("a:n"));
        bench.raw.atomic_increment(name, row, column, amount).unwrap()
    };
    assert_eq!(add(5), 5);
    assert_eq!(add(-7), -2);
    assert_eq!(bench.counter("r"), -2);
}

fn an_increment_is_applied_before_it_answers(server: &Server) {
    let mut bench = Bench::new(server, "increment");
    let increment = bench.increment("r", 3);
    bench.raw.increment(increment).unwrap();
    assert_eq!(bench.counter("r"), 3);
}

fn increments_of_several_rows_are_applied_in_one_call(server: &Server) {
    let mut bench = Bench::new(server, "increments");
    let increments =
        vec![bench.increment("r", 1), bench.increment("s", 2), bench.increment("r", 10)];
    bench.raw.increment_rows(increments).unwrap();
    assert_eq!((bench.counter("r"), bench.counter("s")), (11, 2));
}

fn an_append_answers_the_whole_value(server: &Server) {
    let mut bench = Bench::new(server, "append");
    bench.put("r", "a:x", "one");
    let (columns, values_added) = (list(&["a:x", "b:new"]), list(&[" two", "first"]));
    let append = TAppend::new(bench.name(), bytes("r"), columns, values_added);
    let cells = bench.raw.append(append).unwrap();
    assert_eq!(values(cells), ["one two", "first"]);
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "one two"), ("b:new", "first")])]);
}

fn check_and_put_writes_only_on_the_expected_value(server: &Server) {
    let mut bench = Bench::new(server, "check");
    bench.put("r", "a:x", "1");
    let mut write_if = |expected, value| {
        let (name, row, column) = (bench.name(), bytes("r"), bytes("a:x"));
        let put = put("a:x", value);
        bench.raw.check_and_put(name, row, column, bytes(expected), put, none()).unwrap()
    };
    assert!(write_if("1", "2"));
    assert!(!write_if("1", "3"));
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "2")])]);
}

fn check_and_put_takes_an_empty_value_for_an_absent_cell(server: &Server) {
    let mut bench = Bench::new(server, "check_absent");
    let mut write_if_absent = |value| {
        let (name, row, column) = (bench.name(), bytes("r"), bytes("a:x"));
        let put = put("a:x", value);
        bench.raw.check_and_put(name, row, column, Vec::new(), put, none()).unwrap()
    };
    assert!(write_if_absent("1"));
    assert!(!write_if_absent("2"));
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "1")])]);
}
