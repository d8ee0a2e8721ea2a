//! Threads that share a buffered writer at a server that fails: of each mutation something becomes
//! known, once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use hbase_thrift_client::{Mutation, Outcome, Put, RowFailure, Scan, WriteError, WriterOptions};
use mini_hbase::When;

use super::any_fault;
use crate::support::stub::{Say, Stub};
use crate::{config, connect, exact, fill, luck};

const THREADS: usize = 8;
const TURNS: usize = 60;
/// Of a row, one after the other.
const PER_ROW: usize = 4;

/// A row and a column that no other mutation has.
type Id = (String, String);

fn id(thread: usize, turn: usize) -> Id {
    (format!("r{thread}-{:02}", turn / PER_ROW), format!("f:{turn:02}"))
}

/// Whether each mutation that was handed back may have been written; one that was handed back twice
/// fails.
#[derive(Default)]
struct HandedBack(BTreeMap<Id, Outcome>);

impl HandedBack {
    fn take(&mut self, error: WriteError) {
        for RowFailure { mutations, error, .. } in error.into_failures() {
            let mut last: Option<String> = None;
            for mutation in mutations {
                let Mutation::Put(put) = mutation else { panic!("{mutation:?}") };
                let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
                let column = text(put.get_columns().next().unwrap().0);
                assert!(last.as_ref() < Some(&column), "{column} after {last:?}");
                let id = (text(put.get_row()), column.clone());
                let before = self.0.insert(id.clone(), error.outcome());
                assert_eq!(before, None, "{id:?} was handed back twice");
                last = Some(column);
            }
        }
    }
}

#[test]
fn each_mutation_is_written_or_handed_back_and_no_two_times() {
    let mut luck = luck();
    for _ in 0..4 {
        let server = exact().start().unwrap();
        let direct = fill(&server, 0);
        fastrand::seed(luck.u64(..));
        for _ in 0..60 {
            let method = if luck.bool() { "mutateRows" } else { "mutateRow" };
            server.fault(When::nth(method, luck.u64(1..150)), any_fault());
        }
        let table = connect(config(&[server.address()]).max_attempts(1)).table("t");
        let options = WriterOptions::new().max_mutations(luck.usize(1..20));
        let writer = table.writer(options.max_age(Duration::from_millis(3)));
        let handed_back = Mutex::new(HandedBack::default());
        let note = |result: Result<(), WriteError>| {
            if let Err(error) = result {
                handed_back.lock().unwrap().take(error);
            }
        };
        thread::scope(|scope| {
            for number in 0..THREADS {
                let (writer, note) = (&writer, &note);
                let mut luck = luck.fork();
                scope.spawn(move || {
                    for turn in 0..TURNS {
                        let (row, column) = id(number, turn);
                        note(writer.write(Put::new(row).column(column, "1")));
                        if luck.u8(..10) == 0 {
                            note(writer.flush());
                        }
                    }
                });
            }
        });
        note(writer.close());
        let HandedBack(handed_back) = handed_back.into_inner().unwrap();
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        let stored: BTreeSet<Id> = direct
            .scan(Scan::new())
            .unwrap()
            .map(Result::unwrap)
            .flat_map(|row| {
                let key = text(row.key());
                row.cells().map(|cell| (key.clone(), cell.column().to_string())).collect::<Vec<_>>()
            })
            .collect();
        assert!(!handed_back.is_empty() && !stored.is_empty());
        for id in (0..THREADS).flat_map(|thread| (0..TURNS).map(move |turn| id(thread, turn))) {
            match (handed_back.get(&id), stored.contains(&id)) {
                (None, true) | (Some(Outcome::NotApplied), false) | (Some(Outcome::Unknown), _) => {
                }
                (outcome, is_stored) => panic!("{id:?}: {outcome:?}, and stored: {is_stored}"),
            }
        }
    }
}

/// What others give a row that fails, while it fails, is handed back with it, and is no reason to end
/// a flush early.
#[test]
fn a_flush_sends_all_that_was_held_whatever_is_handed_back_meanwhile() {
    let (asked, is_asked) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel();
    let (asked, goes_on) = (Mutex::new(asked), Mutex::new(goes_on));
    let stub = Stub::start(move |call| {
        if call.bytes.get(&2).is_none_or(|row| row != b"bad") {
            return Say::Void;
        }
        asked.lock().unwrap().send(()).unwrap();
        goes_on.lock().unwrap().recv().unwrap();
        let class = "org.apache.hadoop.hbase.regionserver.NoSuchColumnFamilyException";
        Say::Throw(format!("{class}: x"))
    });
    let table = connect(config(&[stub.address()])).table("t");
    let writer = table.writer(WriterOptions::new().no_max_age());
    // Each by itself, since a call has one timestamp.
    let keys = ["bad", "a", "b", "c"];
    for (key, time) in keys.into_iter().zip(1..) {
        writer.write(Put::new(key).column("f:x", "1").timestamp(time)).unwrap();
    }
    let error = thread::scope(|scope| {
        let flush = scope.spawn(|| writer.flush());
        is_asked.recv().unwrap();
        for time in 10..20 {
            writer.write(Put::new("bad").column("f:x", "2").timestamp(time)).unwrap();
        }
        go_on.send(()).unwrap();
        flush.join().unwrap().unwrap_err()
    });
    assert_eq!(error.failures().len(), 1);
    assert_eq!(error.failures()[0].mutations.len(), 11);
    let rows: Vec<_> =
        stub.asked().into_iter().filter_map(|asked| asked.bytes.get(&2).cloned()).collect();
    assert_eq!(rows, keys.map(|key| key.as_bytes().to_vec()));
}
