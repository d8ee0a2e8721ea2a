//! What is one call over Thrift 1 and several over Thrift 2: whatever becomes of each, the outcome of all says
//! no more than is known. And what a `TIOError` says, in each way that it can be said.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use hbase_thrift_api::thrift2::{TColumnValue, TResult};
use hbase_thrift_client::{
    Batch, Client, Delete, Error, ErrorKind, Get, Increment, Mutation, Outcome, Put, Result,
    WriterOptions,
};

use mini_hbase::{Protocol, Transport};

use crate::support::stub::{Asked, Say, Stub, result};
use crate::{SLACK, config, connect, exact, fill, keys, within};

/// What becomes of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Done,
    /// There is no such table.
    Refused,
    /// The region is busy, the first time.
    Busy,
    /// Something failed, and nothing says whether before or after.
    FailedAfter,
    LostBefore,
    LostAfter,
    HangsAfter,
}

const FATES: [Fate; 7] = [
    Fate::Done,
    Fate::Refused,
    Fate::Busy,
    Fate::FailedAfter,
    Fate::LostBefore,
    Fate::LostAfter,
    Fate::HangsAfter,
];

/// How often each part was asked for, and carried out.
type Counts = Arc<Mutex<BTreeMap<usize, (usize, usize)>>>;

/// A gateway of Thrift 2 with a fate for each part, of which `part` says which one a call is.
fn gateway(
    fates: Vec<Fate>,
    part: impl Fn(&Asked) -> usize + Send + Sync + 'static,
    done: fn() -> Say,
) -> (Stub, Counts) {
    let counts = Counts::default();
    let shared = Arc::clone(&counts);
    let stub = Stub::thrift2(move |asked| {
        let part = part(asked);
        let fate = fates[part];
        let mut counts = shared.lock().unwrap();
        let (calls, carried_out) = counts.entry(part).or_default();
        *calls += 1;
        let is_done = match fate {
            Fate::Done | Fate::FailedAfter | Fate::LostAfter | Fate::HangsAfter => true,
            Fate::Refused | Fate::LostBefore => false,
            Fate::Busy => *calls > 1,
        };
        *carried_out += usize::from(is_done);
        match fate {
            Fate::Refused => Say::ThrowTio(Some("t".to_owned()), Some(false)),
            Fate::Busy if !is_done => {
                let busy = "org.apache.hadoop.hbase.RegionTooBusyException: full";
                Say::ThrowTio(Some(busy.to_owned()), Some(true))
            }
            Fate::Done | Fate::Busy => done(),
            Fate::FailedAfter => Say::ThrowTio(None, None),
            Fate::LostBefore | Fate::LostAfter => Say::Close,
            Fate::HangsAfter => Say::Hang,
        }
    });
    (stub, counts)
}

const TIME: Duration = Duration::from_millis(400);

/// What is said of all parts is true, and nobody who believes it counts twice.
fn check(result: &Result<()>, counts: &Counts, fates: &[Fate], is_repeatable: bool) {
    let counts = counts.lock().unwrap();
    let times =
        |part| counts.get(&part).map_or(0, |(_, carried_out): &(usize, usize)| *carried_out);
    let times: Vec<usize> = (0..fates.len()).map(times).collect();
    let all = times.iter().all(|times| *times > 0);
    let none = times.iter().all(|times| *times == 0);
    let context = format!("{result:?} of {fates:?}, carried out {times:?} times");
    match result.as_ref().map_err(Error::outcome) {
        Ok(()) | Err(Outcome::Applied) => assert!(all, "{context}"),
        Err(Outcome::NotApplied) => assert!(none, "{context}"),
        Err(Outcome::Unknown) => {}
    }
    if !is_repeatable {
        assert!(times.iter().all(|times| *times <= 1), "{context}");
        let invites = result.as_ref().is_err_and(Error::is_retryable);
        assert!(none || !invites, "{context}");
    }
    // Nothing is made less of than it is. (Of a batch in one call nobody knows which steps were made.)
    if !is_repeatable && fates.iter().all(|fate| *fate == Fate::Refused) {
        let error = result.as_ref().unwrap_err();
        let known = (error.kind(), error.outcome());
        assert_eq!(known, (ErrorKind::TableNotFound, Outcome::NotApplied), "{context}");
    }
    if fates.iter().all(|fate| matches!(fate, Fate::Done | Fate::Busy)) {
        assert!(result.is_ok(), "{context}");
    }
}

/// Each combination of fates of this many parts, some of them at the same time.
fn for_each_combination(parts: u32, play: impl Fn(Vec<Fate>) + Sync) {
    let all = FATES.len().pow(parts);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| {
                while let number = next.fetch_add(1, Ordering::SeqCst)
                    && number < all
                {
                    let fate = |part| FATES[number / FATES.len().pow(part) % FATES.len()];
                    play((0..parts).map(fate).collect());
                }
            });
        }
    });
}

/// A counter in a cell, as an increment returns it.
fn counted() -> Say {
    Say::Result(result("r", Some(&1_i64.to_be_bytes())))
}

fn client(stub: &Stub) -> Client {
    connect(config(&[stub.address()]).operation_timeout(TIME))
}

#[test]
fn counters_of_several_rows_are_never_said_to_be_untouched_when_one_was_added_to() {
    let rows = ["r0", "r1", "r2"];
    let list = rows.map(|row| Increment::new(row, "f:n", 1));
    for_each_combination(3, |fates| {
        // The argument's first field is the row.
        let part = |asked: &Asked| usize::from(asked.bytes[&101][1] - b'0');
        let (stub, counts) = gateway(fates.clone(), part, counted);
        let table = client(&stub).table("t");
        let told = within(TIME + SLACK, || table.increment_rows(&list));
        check(&told, &counts, &fates, false);
    });
}

#[test]
fn a_batch_of_puts_and_deletes_is_never_said_to_be_untouched_when_a_part_was_carried_out() {
    let batch = Batch::new()
        .put(Put::new("a").column("f:x", "1"))
        .delete(Delete::row("b"))
        .put(Put::new("c").column("f:x", "1"));
    for_each_combination(2, |fates| {
        let part = |asked: &Asked| match asked.method.as_str() {
            "putMultiple" => 0,
            "deleteMultiple" => 1,
            other => panic!("{other} is no part of it"),
        };
        let (stub, counts) = gateway(fates.clone(), part, || Say::Results(Vec::new()));
        let table = client(&stub).table("t");
        let told = within(TIME + SLACK, || table.batch(&batch));
        check(&told, &counts, &fates, true);
        // Deletes don't come before the puts, nor after puts that failed.
        let is_put = told.is_ok() || matches!(fates[0], Fate::Done | Fate::Busy);
        assert!(is_put || stub.calls("deleteMultiple") == 0, "{fates:?}");
    });
}

/// While it is found out which interface the gateway has, the time runs.
#[test]
fn what_is_done_in_parts_has_one_time_for_all() {
    let hangs = Duration::from_secs(1);
    let time = Duration::from_millis(1_200);
    let is_first = AtomicBool::new(true);
    let stub = Stub::of_interface(
        move || {
            if is_first.swap(false, Ordering::SeqCst) {
                thread::sleep(hangs);
            }
            2
        },
        |_| Say::Hang,
    );
    let config = config(&[stub.address()]).operation_timeout(time).connect_timeout(2 * hangs);
    let table = Client::lazy(config).unwrap().table("t");
    let list = ["r0", "r1"].map(|row| Increment::new(row, "f:n", 1));
    let told = within(time + hangs / 2, || table.increment_rows(&list));
    assert_eq!(told.unwrap_err().outcome(), Outcome::Unknown);
}

/// The kind of each call's error, and what it says of the outcome.
fn told<T: Debug>(result: Result<T>) -> (ErrorKind, Outcome, bool) {
    let error = result.unwrap_err();
    assert!(!error.to_string().contains(char::is_control), "{error:?}");
    (error.kind(), error.outcome(), error.is_retryable())
}

#[test]
fn a_tio_error_says_what_it_says_and_no_more() {
    use ErrorKind::{NotServing, Server, TableDisabled, TableNotFound};
    let moved = "org.apache.hadoop.hbase.NotServingRegionException: r";
    let failed = "Failed 1 action: org.apache.hadoop.hbase.NotServingRegionException: r";
    for (message, can_retry, kind, is_refused, helps) in [
        (None, None, Server, false, false),
        (None, Some(true), Server, false, true),
        (None, Some(false), Server, false, false),
        (Some(""), Some(true), Server, false, true),
        (Some("something"), None, Server, false, false),
        (Some("something"), Some(false), Server, false, false),
        // The table's name is all that it says of a missing one, for good.
        (Some("t"), Some(false), TableNotFound, true, false),
        (Some("t"), Some(true), Server, false, true),
        (Some("t"), None, Server, false, false),
        (Some("another"), Some(false), Server, false, false),
        (Some("t is disabled."), Some(false), TableDisabled, true, false),
        (Some(moved), Some(true), NotServing, true, true),
        // An earlier attempt of the gateway's own may have come through.
        (Some(failed), Some(true), NotServing, false, true),
        (Some("Failed after attempts=16, exceptions:\n\u{7}"), None, Server, false, false),
    ] {
        let said = move |_: &Asked| Say::ThrowTio(message.map(str::to_owned), can_retry);
        let stub = Stub::thrift2(said);
        let table = connect(config(&[stub.address()]).max_attempts(1)).table("t");
        let outcome = if is_refused { Outcome::NotApplied } else { Outcome::Unknown };
        let case = format!("{message:?}, {can_retry:?}");
        let read = told(table.get(&Get::new("r")));
        assert_eq!(read, (kind, Outcome::NotApplied, helps), "{case}");
        let put = told(table.put(&Put::new("r").column("f:x", "1")));
        assert_eq!(put, (kind, outcome, helps), "{case}");
        let error = table.increment(&Increment::new("r", "f:n", 1)).unwrap_err();
        assert_eq!(error.server_exception().unwrap().can_retry(), can_retry);
        let counter = told(Err::<(), _>(error));
        assert_eq!(counter, (kind, outcome, helps && is_refused), "{case}");
    }
}

/// Cells that are none, more than one, of another length, or missing with the result itself.
#[test]
fn a_counter_that_makes_no_sense_is_an_error_that_leaves_it_open_whether_it_counted() {
    let of = |values: &[&[u8]]| {
        let cell = |value: &&[u8]| {
            let (family, name) = (b"f".to_vec(), b"n".to_vec());
            TColumnValue::new(family, name, value.to_vec(), 1, None::<Vec<u8>>, 4)
        };
        TResult::new(b"r".to_vec(), values.iter().map(cell).collect::<Vec<_>>(), false, false)
    };
    for values in [vec![], vec![&b"1234567"[..]], vec![b""]] {
        let row = of(&values);
        let stub = Stub::thrift2(move |_| Say::Result(row.clone()));
        let table = connect(config(&[stub.address()])).table("t");
        let error = table.increment(&Increment::new("r", "f:n", 1)).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Protocol, Outcome::Unknown));
        assert_eq!(stub.calls("increment"), 1);
    }
    for said in [|| Say::Void, || Say::Bool(true), || Say::Results(Vec::new())] {
        let stub = Stub::thrift2(move |_| said());
        let table = connect(config(&[stub.address()])).table("t");
        let error = table.increment(&Increment::new("r", "f:n", 1)).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error:?}");
        assert_eq!(stub.calls("increment"), 1);
        let error = table.get(&Get::new("r"));
        assert!(error.is_err() || error.unwrap().is_none());
    }
}

/// The gateway is replaced by one of the other interface, and that one by the first kind again.
#[test]
fn a_gateway_that_changes_its_interface_is_named_and_used_again_when_it_is_back() {
    let (now, stops) = (Arc::new(AtomicUsize::new(2)), Arc::new(AtomicUsize::new(0)));
    let (interface, shared) = (Arc::clone(&now), Arc::clone(&stops));
    let stub = Stub::of_interface(
        move || interface.load(Ordering::SeqCst) as i32,
        move |asked| match asked.method.as_str() {
            _ if shared.swap(0, Ordering::SeqCst) > 0 => Say::Close,
            "get" => Say::Result(result("r", Some(b"1"))),
            other => panic!("{other} is none of the client's calls"),
        },
    );
    let config = config(&[stub.address()]).max_connections(1).operation_timeout(3 * TIME);
    let table = connect(config).table("t");
    let get = || within(3 * TIME + SLACK, || table.get(&Get::new("r")));
    assert!(get().unwrap().is_some());
    now.store(1, Ordering::SeqCst);
    stops.store(1, Ordering::SeqCst);
    let error = get().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::WrongProtocol, Outcome::NotApplied));
    assert!(error.to_string().contains("this is a Thrift 1 gateway"), "{error}");
    now.store(2, Ordering::SeqCst);
    assert!(get().unwrap().is_some());
}

/// Puts and deletes are two calls here, each of which says of a missing table its name alone.
#[test]
fn a_writer_says_that_the_table_is_missing_or_disabled_whatever_it_wrote() {
    let (transport, protocol) = (Transport::Buffered, Protocol::Binary);
    let server = exact().thrift2("127.0.0.1:0", transport, protocol);
    let server = server.start().unwrap();
    let client = Client::connect(server.thrift2_url().unwrap()).unwrap();
    fill(&server, 0);
    client.admin().disable_table("t").unwrap();
    let put = |row: &str| Mutation::from(Put::new(row).column("f:x", "1"));
    let delete = |row: &str| Mutation::from(Delete::row(row));
    for mutations in [
        vec![put("a")],
        vec![delete("a")],
        vec![put("a"), put("b")],
        vec![delete("a"), delete("b")],
        vec![put("a"), delete("b"), put("c"), delete("d")],
    ] {
        for (table, kind) in
            [("missing", ErrorKind::TableNotFound), ("t", ErrorKind::TableDisabled)]
        {
            let writer = client.table(table).writer(WriterOptions::new().no_max_age());
            for mutation in &mutations {
                writer.write(mutation.clone()).unwrap();
            }
            let error = writer.flush().unwrap_err();
            let kinds = error.failures().iter().map(|failure| failure.error.kind());
            assert_eq!(kinds.collect::<Vec<_>>(), vec![kind; mutations.len()], "{error:?}");
        }
    }
}

/// What was put and deleted comes out as it was asked for, in the calls that this interface has.
#[test]
fn a_writer_sends_puts_and_deletes_apart_and_loses_none() {
    let (transport, protocol) = (Transport::Framed, Protocol::Compact);
    let server = exact().thrift2("127.0.0.1:0", transport, protocol);
    let server = server.start().unwrap();
    let direct = fill(&server, 8);
    let client = Client::connect(server.thrift2_url().unwrap()).unwrap();
    let writer = client.table("t").writer(WriterOptions::new().no_max_age());
    let rows: Vec<_> = keys(8).collect();
    for (number, row) in rows.iter().enumerate() {
        if number % 2 == 0 {
            writer.write(Put::new(row.as_str()).column("f:x", "2")).unwrap();
        } else {
            writer.write(Delete::row(row.as_str())).unwrap();
        }
    }
    writer.flush().unwrap();
    for (number, row) in rows.iter().enumerate() {
        let stored = direct.get(&Get::new(row.as_str())).unwrap();
        let value = stored.as_ref().and_then(|row| row.get("f:x"));
        assert_eq!(value, (number % 2 == 0).then_some(&b"2"[..]), "{row}");
    }
}
