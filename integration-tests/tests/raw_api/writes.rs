//! Writes: mutations of one row and of several, and deletes.

use hbase_thrift_api::{BatchMutation, THbaseSyncClient};
use integration_tests::{Server, Test};

use super::{Bench, bytes, delete, none, put, row, values};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_row_is_put_and_partly_deleted_in_one_call),
        Test::new(a_put_keeps_the_timestamp_it_is_given),
        Test::new(several_rows_are_mutated_in_one_call),
        Test::new(several_rows_keep_the_timestamp_they_are_given),
        Test::new(a_batch_deletes_after_it_puts),
        Test::new(a_put_on_a_bare_family_is_dropped_silently),
        Test::new(a_column_is_deleted_with_all_its_versions),
        Test::new(a_column_is_deleted_up_to_and_with_a_timestamp),
        Test::new(a_row_is_deleted),
        Test::new(a_row_is_deleted_up_to_and_with_a_timestamp),
        Test::new(bytes_of_every_value_survive),
    ]
}

fn a_row_is_put_and_partly_deleted_in_one_call(server: &Server) {
    let mut bench = Bench::new(server, "mutated");
    bench.put("r", "a:old", "o");
    let mutations = vec![put("a:x", "1"), put("b:y", "2"), delete("a:old")];
    bench.raw.mutate_row(bench.name(), bytes("r"), mutations, none()).unwrap();
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "1"), ("b:y", "2")])]);
}

fn a_put_keeps_the_timestamp_it_is_given(server: &Server) {
    let mut bench = Bench::new(server, "stamped");
    bench.put_at(1234, "r", "a:x", "v");
    let cells = bench.raw.get(bench.name(), bytes("r"), bytes("a:x"), none()).unwrap();
    assert_eq!(cells[0].timestamp, Some(1234));
}

fn several_rows_are_mutated_in_one_call(server: &Server) {
    let mut bench = Bench::new(server, "batch");
    bench.put("s", "a:old", "o");
    let batch = vec![
        BatchMutation::new(bytes("r"), vec![put("a:x", "1")]),
        BatchMutation::new(bytes("s"), vec![put("b:y", "2"), delete("a:old")]),
    ];
    bench.raw.mutate_rows(bench.name(), batch, none()).unwrap();
    assert_eq!(bench.row("r"), [row("r", &[("a:x", "1")])]);
    assert_eq!(bench.row("s"), [row("s", &[("b:y", "2")])]);
}

fn several_rows_keep_the_timestamp_they_are_given(server: &Server) {
    let mut bench = Bench::new(server, "batch_stamped");
    let batch = vec![
        BatchMutation::new(bytes("r"), vec![put("a:x", "1")]),
        BatchMutation::new(bytes("s"), vec![put("a:x", "2")]),
    ];
    bench.raw.mutate_rows_ts(bench.name(), batch, 77, none()).unwrap();
    for key in ["r", "s"] {
        let cells = bench.raw.get(bench.name(), bytes(key), bytes("a:x"), none()).unwrap();
        assert_eq!(cells[0].timestamp, Some(77));
    }
}

fn a_batch_deletes_after_it_puts(server: &Server) {
    let mut bench = Bench::new(server, "batch_order");
    let batch = vec![BatchMutation::new(bytes("r"), vec![delete("a:x"), put("a:x", "v")])];
    bench.raw.mutate_rows_ts(bench.name(), batch, 50, none()).unwrap();
    assert_eq!(bench.row("r"), []);
}

fn a_put_on_a_bare_family_is_dropped_silently(server: &Server) {
    let mut bench = Bench::new(server, "bare");
    bench.put("r", "a", "lost");
    assert_eq!(bench.row("r"), []);
}

fn a_column_is_deleted_with_all_its_versions(server: &Server) {
    let mut bench = Bench::new(server, "column");
    bench.put_at(10, "r", "a:x", "10");
    bench.put_at(20, "r", "a:x", "20");
    bench.put_at(20, "r", "b:y", "y");
    bench.raw.delete_all(bench.name(), bytes("r"), bytes("a:x"), none()).unwrap();
    assert_eq!(bench.row("r"), [row("r", &[("b:y", "y")])]);
    let left = bench.raw.get_ver(bench.name(), bytes("r"), bytes("a:x"), 9, none()).unwrap();
    assert_eq!(left, []);
}

fn a_column_is_deleted_up_to_and_with_a_timestamp(server: &Server) {
    let mut bench = Bench::new(server, "column_before");
    for timestamp in [10, 20, 30] {
        bench.put_at(timestamp, "r", "a:x", &timestamp.to_string());
    }
    bench.raw.delete_all_ts(bench.name(), bytes("r"), bytes("a:x"), 20, none()).unwrap();
    let left = bench.raw.get_ver(bench.name(), bytes("r"), bytes("a:x"), 9, none()).unwrap();
    assert_eq!(values(left), ["30"]);
}

fn a_row_is_deleted(server: &Server) {
    let mut bench = Bench::new(server, "row_deleted");
    bench.put("r", "a:x", "1");
    bench.put("r", "b:y", "2");
    bench.raw.delete_all_row(bench.name(), bytes("r"), none()).unwrap();
    assert_eq!(bench.row("r"), []);
}

fn a_row_is_deleted_up_to_and_with_a_timestamp(server: &Server) {
    let mut bench = Bench::new(server, "row_before");
    bench.put_at(10, "r", "a:x", "10");
    bench.put_at(20, "r", "b:y", "20");
    bench.put_at(30, "r", "b:z", "30");
    bench.raw.delete_all_row_ts(bench.name(), bytes("r"), 20, none()).unwrap();
    assert_eq!(bench.row("r"), [row("r", &[("b:z", "30")])]);
}

fn bytes_of_every_value_survive(server: &Server) {
    let mut bench = Bench::new(server, "binary");
    let every: Vec<u8> = (0..=255).collect();
    let mut column = bytes("a:");
    column.extend(&every);
    let mut mutation = put("", "");
    mutation.column = Some(column.clone());
    mutation.value = Some(every.clone());
    bench.raw.mutate_row(bench.name(), every.clone(), vec![mutation], none()).unwrap();
    let rows = bench.raw.get_row(bench.name(), every.clone(), none()).unwrap();
    assert_eq!(rows[0].row.as_ref(), Some(&every));
    assert_eq!(rows[0].columns.as_ref().unwrap()[&column].value.as_ref(), Some(&every));
}
