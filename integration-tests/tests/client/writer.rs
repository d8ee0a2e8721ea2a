//! The buffered writer: everything arrives, in order, and what can't is told.

use std::time::Duration;

use hbase_thrift_client::{Delete, ErrorKind, Get, Outcome, Put, Scan, WriteError, WriterOptions};
use integration_tests::{Server, Test};

use super::front::Table;
use super::on_each_gateway;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(everything_that_was_written_arrives),
        Test::new(a_rows_order_is_kept),
        Test::new(nothing_is_sent_before_a_limit_is_reached),
        Test::new(what_is_old_enough_is_sent_by_itself),
        Test::new(the_poisoned_row_is_found_and_the_others_are_written),
        Test::new(a_mutation_that_is_refused_by_itself_is_told_at_once),
        Test::new(a_writer_that_is_dropped_sends_what_it_holds),
        Test::new(more_bytes_than_a_frame_holds_are_split),
    ]
}

fn put(row: &str) -> Put {
    Put::new(row).column("f:x", row)
}

fn count(table: &Table) -> usize {
    table.scan(Scan::new()).unwrap().map(Result::unwrap).count()
}

/// Sends only when told to.
fn patient() -> WriterOptions {
    WriterOptions::new().no_max_age()
}

fn everything_that_was_written_arrives(server: &Server) {
    on_each_gateway(server, "writer", |_, table| {
        let writer = table.writer(WriterOptions::new().max_mutations(100));
        for number in 0..1_050 {
            writer.write(put(&format!("row{number}"))).unwrap();
        }
        writer.close().unwrap();
        assert_eq!(count(table), 1_050);
    });
}

fn a_rows_order_is_kept(server: &Server) {
    on_each_gateway(server, "writer_order", |_, table| {
        let writer = table.writer(patient());
        writer.write(Put::new("a").column("f:old", "1")).unwrap();
        writer.write(Delete::row("a").family("f")).unwrap();
        writer.write(Put::new("b").column("f:old", "1")).unwrap();
        writer.write(Delete::row("b")).unwrap();
        writer.write(Put::new("c").column("f:x", "1")).unwrap();
        writer.write(Put::new("c").column("f:x", "2")).unwrap();
        writer.close().unwrap();
        assert_eq!(table.get(&Get::new("a")).unwrap(), None);
        assert_eq!(table.get(&Get::new("b")).unwrap(), None);
        let row = table.get(&Get::new("c")).unwrap().unwrap();
        assert_eq!(row.get("f:x"), Some(&b"2"[..]));
    });
}

fn nothing_is_sent_before_a_limit_is_reached(server: &Server) {
    on_each_gateway(server, "writer_limits", |_, table| {
        let by_number = table.writer(patient().max_mutations(3));
        by_number.write(put("a")).unwrap();
        by_number.write(put("b")).unwrap();
        assert_eq!(count(table), 0);
        by_number.write(put("c")).unwrap();
        assert_eq!(count(table), 3);
        let by_size = table.writer(patient().max_bytes(1_000));
        by_size.write(put("d")).unwrap();
        assert_eq!(count(table), 3);
        by_size.write(Put::new("e").column("f:x", vec![b'x'; 1_000])).unwrap();
        assert_eq!(count(table), 5);
    });
}

fn what_is_old_enough_is_sent_by_itself(server: &Server) {
    on_each_gateway(server, "writer_age", |_, table| {
        let writer = table.writer(WriterOptions::new().max_age(Duration::from_millis(5)));
        writer.write(put("a")).unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while count(table) == 0 {
            assert!(std::time::Instant::now() < deadline, "nothing was sent");
        }
        writer.close().unwrap();
    });
}

fn the_poisoned_row_is_found_and_the_others_are_written(server: &Server) {
    on_each_gateway(server, "writer_poison", |_, table| {
        let writer = table.writer(patient());
        for number in 0..50 {
            writer.write(put(&format!("row{number:02}"))).unwrap();
        }
        writer.write(Put::new("row17").column("nope:x", "1")).unwrap();
        writer.write(Put::new("row99").column("nope:x", "1")).unwrap();
        let error: WriteError = writer.flush().unwrap_err();
        let mut rows: Vec<_> =
            error.failures().iter().map(hbase_thrift_client::RowFailure::row).collect();
        rows.sort_unstable();
        assert_eq!(rows, [b"row17", b"row99"]);
        for failure in error.failures() {
            assert_eq!(failure.error.kind(), ErrorKind::NoSuchColumnFamily);
        }
        // The poisoned row's own put may have been written with it or not; the rest were.
        assert!((49..=50).contains(&count(table)));
        let again: Vec<_> = error.into_mutations().collect();
        assert_eq!(again.len(), 3);
        writer.close().unwrap();
    });
}

fn a_mutation_that_is_refused_by_itself_is_told_at_once(server: &Server) {
    on_each_gateway(server, "writer_refused", |_, table| {
        let writer = table.writer(patient());
        let error = writer.write(Put::new("a").column("f", "1")).unwrap_err();
        assert_eq!(error.failures()[0].error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.failures()[0].error.outcome(), Outcome::NotApplied);
        writer.write(put("b")).unwrap();
        writer.close().unwrap();
        assert_eq!(count(table), 1);
    });
}

fn a_writer_that_is_dropped_sends_what_it_holds(server: &Server) {
    on_each_gateway(server, "writer_drop", |_, table| {
        let writer = table.writer(patient());
        writer.write(put("a")).unwrap();
        drop(writer);
        assert_eq!(count(table), 1);
    });
}

fn more_bytes_than_a_frame_holds_are_split(server: &Server) {
    on_each_gateway(server, "writer_frames", |_, table| {
        let writer = table.writer(patient().max_bytes(8 << 20));
        for number in 0..10 {
            let value = vec![b'x'; 512 * 1024];
            writer.write(Put::new(format!("row{number}")).column("f:x", value)).unwrap();
        }
        writer.close().unwrap();
        assert_eq!(count(table), 10);
    });
}
