//! The buffered writer: the order that was given takes effect, what can't be written comes back within
//! one time-out, and writing that again gives what was meant.

mod sharing;

use std::collections::BTreeMap;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use hbase_thrift_client::{
    BufferedWriter, Delete, ErrorKind, Get, Mutation, Outcome, Put, Scan, Table, WriterOptions,
};
use mini_hbase::{Exception, Fault, When};

use crate::support::proxy::Direction;
use crate::support::stub::{Say, Stub};
use crate::support::valve::Valve;
use crate::{SLACK, config, connect, exact, fill, luck, within};

fn put(key: &str, value: &str) -> Put {
    Put::new(key).column("f:x", value)
}

fn patient() -> WriterOptions {
    WriterOptions::new().no_max_age()
}

fn stored(table: &Table) -> BTreeMap<String, String> {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let rows = table.scan(Scan::new()).unwrap().map(Result::unwrap);
    rows.map(|row| (text(row.key()), text(row.get("f:x").unwrap()))).collect()
}

#[test]
fn a_put_after_a_delete_of_its_cell_is_there() {
    // A region server's clock, which does not wait for the next millisecond.
    let server = exact().start().unwrap();
    let table = fill(&server, 0);
    let writer = table.writer(patient().max_mutations(7));
    for number in 0..300 {
        let key = format!("r{:03}", number % 100);
        writer.write(put(&key, "old")).unwrap();
        writer.write(Delete::row(key.as_str()).column("f:x")).unwrap();
        writer.write(put(&key, &number.to_string())).unwrap();
    }
    writer.close().unwrap();
    let expected = (200..300).map(|number| (format!("r{:03}", number - 200), number.to_string()));
    assert_eq!(stored(&table), expected.collect());
}

#[test]
fn of_several_puts_of_one_cell_the_last_is_seen() {
    let server = exact().start().unwrap();
    fill(&server, 0);
    // The last of these does not fit into one call.
    for (size, call) in
        [(1, 1 << 20), (2, 1 << 20), (50, 1 << 20), (1_000, 1 << 20), (1_000, 5_000)]
    {
        let config = config(&[server.address()]).max_request_size(call);
        let table = connect(config).table("t");
        let writer = table.writer(patient().max_mutations(size));
        for number in 0..200 {
            writer.write(put(&format!("r{}", number % 3), &number.to_string())).unwrap();
        }
        writer.close().unwrap();
        let values: Vec<_> = stored(&table).into_values().collect();
        assert_eq!(values, ["198", "199", "197"], "calls of {size}, of {call} bytes");
    }
}

/// Random mutations of few rows, at a server that fails at random: writing again what comes back,
/// until all is written, gives the state of the sequence.
#[test]
fn writing_again_what_came_back_gives_the_state_of_the_sequence() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    fastrand::seed(seed);
    for round in 0..25 {
        let server = exact().start().unwrap();
        let direct = fill(&server, 0);
        let config = config(&[server.address()]).max_attempts(1);
        let table = connect(config).table("t");
        for _ in 0..fastrand::usize(1..12) {
            let method = *fastrand::choice(&["mutateRow", "mutateRows", "deleteAllRow"]).unwrap();
            server.fault(When::nth(method, fastrand::u64(1..15)), any_fault());
        }
        let (writer, mut expected) =
            (table.writer(patient().max_mutations(fastrand::usize(1..20))), BTreeMap::new());
        let mut failures = 0;
        for number in 0..120 {
            let key = format!("r{}", fastrand::u32(0..6));
            let mutation: Mutation = match fastrand::u32(0..10) {
                0..6 => {
                    expected.insert(key.clone(), number.to_string());
                    put(&key, &number.to_string()).into()
                }
                6..9 => {
                    expected.remove(&key);
                    Delete::row(key.as_str()).column("f:x").into()
                }
                _ => {
                    expected.remove(&key);
                    Delete::row(key.as_str()).into()
                }
            };
            let mut again = writer.write(mutation);
            while let Err(error) = again {
                failures += 1;
                assert!(failures < 1_000);
                again = error.into_mutations().try_for_each(|mutation| writer.write(mutation));
            }
        }
        while let Err(error) = writer.flush() {
            for mutation in error.into_mutations() {
                writer.write(mutation).unwrap();
            }
        }
        assert_eq!(stored(&direct), expected, "round {round} after {failures} failures");
    }
}

fn any_fault() -> Fault {
    let throw = |class: &str, can_retry| {
        let message = format!("org.apache.hadoop.hbase.{class}: x");
        Fault::Throw(Exception::Io { message, can_retry: Some(can_retry) })
    };
    match fastrand::u32(0..6) {
        0 => Fault::DropBefore,
        1 => Fault::DropAfter,
        2 => throw("RegionTooBusyException", true),
        3 => throw("regionserver.NoSuchColumnFamilyException", false),
        4 => Fault::CutReply(fastrand::usize(0..30)),
        _ => throw("TableNotEnabledException", false),
    }
}

#[test]
fn a_flush_ends_after_one_time_out_and_hands_everything_back() {
    let server = exact().start().unwrap();
    fill(&server, 0);
    let valve = Valve::start(server.address());
    let config = config(&[valve.address()]).operation_timeout(Duration::from_millis(500));
    let table = connect(config).table("t");
    let writer = table.writer(patient());
    // Of each row a put, a delete and a put: three calls at least, none of which is replied to.
    for number in 0..32 {
        let key = format!("r{number:02}");
        writer.write(put(&key, "1")).unwrap();
        writer.write(Delete::row(key.as_str()).column("f:x")).unwrap();
        writer.write(put(&key, "2")).unwrap();
    }
    valve.stop(Direction::Replies, true);
    let before = server.calls("mutateRows");
    let error = within(Duration::from_millis(500) + SLACK, || writer.flush()).unwrap_err();
    assert_eq!(error.failures().len(), 32);
    for failure in error.failures() {
        assert_eq!(failure.mutations.len(), 3, "{:?}", failure.mutations);
        assert!(matches!(failure.mutations[0], Mutation::Put(_)));
        assert!(matches!(failure.mutations[1], Mutation::Delete(_)));
        assert_eq!(failure.error.kind(), ErrorKind::Timeout);
    }
    assert!(server.calls("mutateRows") - before <= 2);
    valve.stop(Direction::Replies, false);
}

#[test]
fn no_row_is_searched_for_where_none_is_at_fault() {
    for class in ["TableNotEnabledException", "RegionTooBusyException", "PleaseHoldException"] {
        let stub = Stub::start(move |_| Say::Throw(format!("org.apache.hadoop.hbase.{class}: x")));
        let config = config(&[stub.address()]).max_attempts(2);
        let table = connect(config).table("t");
        let writer = table.writer(patient());
        (0..64).for_each(|number| writer.write(put(&format!("r{number}"), "1")).unwrap());
        assert_eq!(writer.flush().unwrap_err().failures().len(), 64);
        let calls = stub.asked().len();
        assert!(calls <= 2, "{class}: {calls} calls");
    }
}

/// The search is bounded by the same deadline as everything else, and others can write meanwhile.
#[test]
fn the_search_for_a_row_ends_in_time_and_stops_no_writer() {
    let stub = Stub::start(|_| {
        thread::sleep(Duration::from_millis(60));
        Say::Throw("org.apache.hadoop.hbase.regionserver.NoSuchColumnFamilyException: x".into())
    });
    let config = config(&[stub.address()]).operation_timeout(Duration::from_millis(700));
    let table = connect(config).table("t");
    let writer = table.writer(patient());
    (0..64).for_each(|number| writer.write(put(&format!("r{number}"), "1")).unwrap());
    thread::scope(|scope| {
        scope.spawn(|| {
            let error = within(Duration::from_millis(700) + SLACK, || writer.flush()).unwrap_err();
            assert!(error.failures().len() >= 64);
            assert!(error.failures().iter().all(|f| f.error.outcome() != Outcome::Applied));
        });
        while stub.asked().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        within(Duration::from_millis(300), || writer.write(put("other", "1"))).ok();
    });
    drop(writer.flush());
}

/// A writer that loses its thread still writes, but for what is old.
fn count_panics_of_writers() -> Arc<AtomicUsize> {
    let panics = Arc::new(AtomicUsize::new(0));
    let (counter, before) = (Arc::clone(&panics), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() == Some("hbase-writer") {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        before(info);
    }));
    panics
}

#[test]
fn a_writer_whose_age_is_forever_still_writes() {
    let panics = count_panics_of_writers();
    let server = exact().start().unwrap();
    let table = fill(&server, 0);
    let writer = table.writer(WriterOptions::new().max_age(Duration::MAX));
    writer.write(put("a", "1")).unwrap();
    writer.flush().unwrap();
    assert!(table.get(&Get::new("a")).unwrap().is_some());
    writer.close().unwrap();
    assert_eq!(panics.load(Ordering::Relaxed), 0);
    // Its thread is alive still: what is old is sent.
    let writer = table.writer(WriterOptions::new().max_age(Duration::from_millis(20)));
    writer.write(put("b", "1")).unwrap();
    while table.get(&Get::new("b")).unwrap().is_none() {
        thread::sleep(Duration::from_millis(5));
    }
    writer.close().unwrap();
}

/// A flush takes one time-out, however many threads stand before it.
#[test]
fn threads_that_share_a_writer_wait_for_one_time_out_and_no_more() {
    const TIME: Duration = Duration::from_millis(700);
    let server = exact().start().unwrap();
    fill(&server, 0);
    let valve = Valve::start(server.address());
    let config = config(&[valve.address()]).operation_timeout(TIME);
    let table = connect(config).table("t");
    let writer = table.writer(patient().max_mutations(4));
    valve.stop(Direction::Replies, true);
    thread::scope(|scope| {
        for number in 0..8 {
            let writer = &writer;
            scope.spawn(move || {
                for turn in 0..3 {
                    let key = format!("r{number}{turn}");
                    drop(within(TIME + SLACK, || writer.write(put(&key, "1"))));
                    drop(within(TIME + SLACK, || writer.flush()));
                }
            });
        }
    });
    valve.stop(Direction::Replies, false);
}

/// Whoever is told that a row was not written writes it again; in the end all rows are there.
#[test]
fn threads_that_share_a_writer_at_a_server_that_fails_lose_nothing() {
    let mut luck = luck();
    for _ in 0..4 {
        let server = exact().start().unwrap();
        let direct = fill(&server, 0);
        let config = config(&[server.address()]).max_attempts(1);
        let table = connect(config).table("t");
        fastrand::seed(luck.u64(..));
        for _ in 0..40 {
            server.fault(When::nth("mutateRows", luck.u64(1..120)), any_fault());
        }
        let writer = table.writer(WriterOptions::new().max_mutations(5));
        thread::scope(|scope| {
            for number in 0..8 {
                let writer = &writer;
                scope.spawn(move || {
                    for turn in 0..40 {
                        write(writer, put(&format!("r{number}-{turn:02}"), "1").into());
                    }
                    while let Err(error) = writer.flush() {
                        error.into_mutations().for_each(|mutation| write(writer, mutation));
                    }
                });
            }
        });
        // What was told to a thread that went on before it could be written again.
        while let Err(error) = writer.flush() {
            error.into_mutations().for_each(|mutation| write(&writer, mutation));
        }
        assert_eq!(stored(&direct).len(), 8 * 40);
    }
}

/// Writes until it is taken, and what comes back with it.
fn write(writer: &BufferedWriter, mutation: Mutation) {
    let mut left = vec![mutation];
    while let Some(mutation) = left.pop() {
        if let Err(error) = writer.write(mutation) {
            left.extend(error.into_mutations());
        }
    }
}
