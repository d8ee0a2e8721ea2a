//! Whatever anyone sends to a port of Thrift 2, whose calls lie deeper in structs than Thrift 1's: it is
//! understood, refused or closed, and no memory is taken for what was only announced.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

#[path = "support/child.rs"]
mod child;
#[path = "support/messages.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod messages;
#[path = "support/random.rs"]
mod random;
#[path = "support/replies.rs"]
mod replies;
#[path = "support/spoiled.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod spoiled;
mod support;

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use child::Served;
use hbase_thrift_api::thrift2::{TGet, TIOError, TTHBaseServiceSyncClient as _};
use messages::{Form, Value, message, text};
use mini_hbase::{MiniHBase, Protocol, Transport};
use random::Random;
use replies::{LAST, contains, is_closed, read_replies};
use spoiled::{any, spoil};
use support::{bytes, client_with_table, socket, thrift2, thrift2_address, thrift2_at};

const HOUR: Duration = Duration::from_hours(1);
/// What a process may take for messages of a few bytes, in KiB: threads, arenas of the allocator.
const LITTLE: usize = 256 << 10;
const FREE_PORT: &str = "127.0.0.1:0";

/// A server on which nothing ends by itself: what is closed was refused.
fn patient(transport: Transport, protocol: Protocol) -> mini_hbase::Builder {
    let builder = MiniHBase::builder().thrift2(FREE_PORT, transport, protocol);
    builder.transfer_timeout(HOUR).idle_timeout(HOUR)
}

/// Not a test: what other tests run in a process of its own.
#[test]
fn serve_thrift2_messages() {
    let Some(folder) = child::folder() else { return };
    let server = patient(Transport::Buffered, Protocol::Binary).store(folder).start().unwrap();
    client_with_table(&server);
    child::serve_at(&thrift2_address(&server));
}

/// Calls that work.
fn good_calls() -> Vec<(&'static str, Vec<(i16, Value)>)> {
    let table = || (1, text("t"));
    let list = |value: Value| Value::List(vec![value]);
    let column = || Value::Struct(vec![(1, text("f")), (2, text("x")), (3, Value::I64(9))]);
    let cell =
        || Value::Struct(vec![(1, text("f")), (2, text("x")), (3, text("v")), (6, Value::I8(4))]);
    let attributes = || Value::Map(vec![(text("a"), text("b"))]);
    let range = || Value::Struct(vec![(1, Value::I64(0)), (2, Value::I64(9))]);
    let get = || {
        Value::Struct(vec![
            (1, text("r")),
            (2, list(column())),
            (4, range()),
            (5, Value::I32(3)),
            (6, text("KeyOnlyFilter()")),
            (7, attributes()),
            (8, Value::Struct(vec![(1, list(text("l")))])),
            (14, Value::Bool(false)),
        ])
    };
    let put = || {
        Value::Struct(vec![
            (1, text("r")),
            (2, list(cell())),
            (5, attributes()),
            (6, Value::I32(1)),
        ])
    };
    let delete = || Value::Struct(vec![(1, text("r")), (2, list(column())), (4, Value::I32(0))]);
    let mutations = || {
        let both = vec![Value::Struct(vec![(1, put())]), Value::Struct(vec![(1, put())])];
        Value::Struct(vec![(1, text("r")), (2, Value::List(both))])
    };
    let scan = || {
        Value::Struct(vec![
            (1, text("a")),
            (3, list(column())),
            (5, Value::I32(2)),
            (13, Value::Map(vec![(text("f"), range())])),
            (15, Value::I32(2)),
        ])
    };
    let name = || Value::Struct(vec![(1, text("default")), (2, text("u"))]);
    let family = || {
        Value::Struct(vec![
            (1, text("f")),
            (3, Value::Map(vec![(text("k"), text("v"))])),
            (7, Value::I16(1)),
            (10, Value::I32(2)),
        ])
    };
    let descriptor = || Value::Struct(vec![(1, name()), (2, list(family()))]);
    let server = || Value::Struct(vec![(1, text("localhost")), (2, Value::I32(1))]);
    let condition = || vec![table(), (2, text("r")), (3, text("f")), (4, text("x"))];
    vec![
        ("get", vec![table(), (2, get())]),
        ("getMultiple", vec![table(), (2, list(get()))]),
        ("putMultiple", vec![table(), (2, list(put()))]),
        ("deleteMultiple", vec![table(), (2, list(delete()))]),
        ("mutateRow", vec![table(), (2, mutations())]),
        (
            "checkAndMutate",
            [condition(), vec![(5, Value::I32(2)), (6, text("v")), (7, mutations())]].concat(),
        ),
        ("checkAndPut", [condition(), vec![(5, text("v")), (6, put())]].concat()),
        ("openScanner", vec![table(), (2, scan())]),
        ("getScannerResults", vec![table(), (2, scan()), (3, Value::I32(2))]),
        ("createTable", vec![(1, descriptor()), (2, list(text("k")))]),
        ("modifyTable", vec![(1, descriptor())]),
        ("createNamespace", vec![(1, Value::Struct(vec![(1, text("n"))]))]),
        ("getTableNamesByPattern", vec![(1, text("t.*")), (2, Value::Bool(true))]),
        ("clearSlowLogResponses", vec![(1, Value::Set(vec![server()]))]),
    ]
}

#[test]
fn garbage_closes_its_connection_at_once() {
    let binary: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\n\r\n",
        // A list of two thousand million gets, a map and a set.
        b"\x80\x01\x00\x01\x00\x00\x00\x09existsAll\x00\x00\x00\x01\x0f\x00\x02\x0c\x7f\xff\xff\xff",
        b"\x80\x01\x00\x01\x00\x00\x00\x03get\x00\x00\x00\x01\x0c\x00\x02\x0d\x00\x07\x0b\x0b\x7f\xff\xff\xff",
        b"\x80\x01\x00\x01\x00\x00\x00\x15clearSlowLogResponses\x00\x00\x00\x01\x0e\x00\x01\x0c\x7f\xff\xff\xff",
        // A text of two thousand million bytes in a struct in a list in a struct, and one of less than none.
        b"\x80\x01\x00\x01\x00\x00\x00\x03put\x00\x00\x00\x01\x0c\x00\x02\x0f\x00\x02\x0c\x00\x00\x00\x01\x0b\x00\x03\x7f\xff\xff\xff",
        b"\x80\x01\x00\x01\x00\x00\x00\x03put\x00\x00\x00\x01\x0c\x00\x02\x0f\x00\x02\x0c\x00\x00\x00\x01\x0b\x00\x03\xff\xff\xff\xff",
        b"\x80\x01\x00\x01\x00\x00\x00\x03get\x00\x00\x00\x01\x0c\x00\x02\x63\x00\x07",
    ];
    let compact: &[&[u8]] = &[
        b"\x82\x3f",
        b"\x82\x21\x00\x09existsAll\x29\xfc\xff\xff\xff\xff\x07",
        b"\x82\x21\x00\x03get\x2c\x7b\xff\xff\xff\xff\x07\x88",
        b"\x82\x21\x00\x03put\x2c\x29\x1c\x38\xff\xff\xff\xff\x07",
    ];
    for (protocol, all) in [(Protocol::Binary, binary), (Protocol::Compact, compact)] {
        for transport in [Transport::Buffered, Transport::Framed] {
            let server = patient(transport, protocol).start().unwrap();
            for bad in all {
                let mut socket = socket(&thrift2_address(&server));
                if transport == Transport::Framed {
                    socket.write_all(&u32::try_from(bad.len()).unwrap().to_be_bytes()).unwrap();
                }
                socket.write_all(bad).unwrap();
                assert!(is_closed(&mut socket), "{transport:?} {}", bad.escape_ascii());
            }
            assert_eq!(server.memory_taken(), 0);
        }
    }
}

#[test]
fn a_message_deep_in_structs_closes_the_connection() {
    let server = patient(Transport::Buffered, Protocol::Binary).start().unwrap();
    let mut value = Value::Struct(Vec::new());
    for _ in 0..1_000 {
        value = Value::List(vec![value]);
    }
    let mut socket = socket(&thrift2_address(&server));
    let deep = message(Form::Binary, "get", &[(2, Value::Struct(vec![(99, value)]))]);
    socket.write_all(&deep).unwrap();
    assert!(is_closed(&mut socket));
    thrift2(&server).get_cluster_id().unwrap();
}

#[test]
fn values_of_other_types_take_no_memory_and_leave_the_connection_in_step() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start("serve_thrift2_messages", &folder.path().join("store"));
    let before = served.status("VmPeak");
    let mut random = Random::new();
    let mut socket = socket(&served.address);
    for round in 0..3_000 {
        let calls = good_calls();
        let (method, mut fields) = calls[random.below(calls.len())].clone();
        let place = random.below(fields.len());
        spoil(&mut random, &mut fields[place].1, 1);
        if random.below(5) == 0 {
            fields.insert(0, (random.next() as i16, any(&mut random, 1)));
        }
        socket.write_all(&message(Form::Binary, method, &fields)).unwrap();
        socket.write_all(&message(Form::Binary, LAST, &[])).unwrap();
        let replies = read_replies(&mut socket);
        assert!(contains(&replies, method), "{round}: {method} {fields:?}");
        let peak = served.status("VmPeak");
        assert!(peak < before + LITTLE, "{round}: {before} to {peak} KiB for {method} {fields:?}");
    }
}

#[test]
fn what_good_calls_lack_is_told_and_nothing_is_made_of_it() {
    let server = patient(Transport::Buffered, Protocol::Binary).start().unwrap();
    client_with_table(&server);
    let mut socket = socket(&thrift2_address(&server));
    let mut said = |method: &str, fields: &[(i16, Value)]| {
        socket.write_all(&message(Form::Binary, method, fields)).unwrap();
        socket.write_all(&message(Form::Binary, LAST, &[])).unwrap();
        String::from_utf8_lossy(&read_replies(&mut socket)).into_owned()
    };
    for (method, fields) in good_calls() {
        let good = said(method, &fields);
        assert!(!good.contains("Required field") && !good.contains("Internal"), "{good}");
        let none = said(method, &[]);
        assert!(none.contains("Required field") || method == "clearSlowLogResponses", "{none}");
    }
    let table = || (1, text("t"));
    let no_row = Value::Struct(vec![(5, Value::I32(1))]);
    let reply = said("get", &[table(), (2, no_row)]);
    assert!(reply.contains("Required field 'row' was not present! Struct: TGet"), "{reply}");
    // An enum's number that there isn't is none.
    let condition = [(2, text("r")), (3, text("f")), (4, text("x")), (5, Value::I32(99))];
    let mutations = Value::Struct(vec![(1, text("r")), (2, Value::List(Vec::new()))]);
    let fields = [&[table()][..], &condition, &[(7, mutations)]].concat();
    let reply = said("checkAndMutate", &fields);
    assert!(reply.contains("Required field 'compareOp'"), "{reply}");
    let neither = Value::List(vec![Value::Struct(Vec::new())]);
    let neither = Value::Struct(vec![(1, text("r")), (2, neither)]);
    let reply = said("mutateRow", &[table(), (2, neither)]);
    assert!(reply.contains("either a put or a delete"), "{reply}");
    // A name that is no UTF-8 is another one.
    let reply = said("deleteNamespace", &[(1, Value::Text(b"a\xff\xfe".to_vec()))]);
    assert!(reply.contains("NamespaceNotFoundException: a??"), "{reply}");
    server.expire_scanners();
    support::wait_until(|| server.memory_taken() == 0);
}

#[test]
fn a_call_without_memory_is_refused_and_the_connection_goes_on() {
    const MEMORY: usize = 10 << 20;
    let server = patient(Transport::Buffered, Protocol::Binary).max_memory(MEMORY).start().unwrap();
    client_with_table(&server);
    let mut raw = thrift2(&server);
    let io_error = |error: thrift::Error| {
        let thrift::Error::User(error) = error else { panic!("{error}") };
        *error.downcast::<TIOError>().unwrap()
    };
    // Gets of a few bytes are counted as what they become.
    let get = |row: &str| TGet {
        row: bytes(row),
        columns: None,
        timestamp: None,
        time_range: None,
        max_versions: None,
        filter_string: None,
        attributes: None,
        authorizations: None,
        consistency: None,
        target_replica_id: None,
        cache_blocks: None,
        store_limit: None,
        store_offset: None,
        existence_only: None,
        filter_bytes: None,
    };
    let error = io_error(raw.get_multiple(bytes("t"), vec![get("r"); 30_000]).unwrap_err());
    assert!(error.message.unwrap().starts_with("org.apache.hadoop.hbase.DoNotRetryIOException"));
    assert_eq!(error.can_retry, Some(false));
    assert_eq!(raw.get_multiple(bytes("t"), vec![get("r"); 1_000]).unwrap().len(), 1_000);
    support::wait_until(|| server.memory_taken() == 0);
}

#[test]
fn announced_lengths_take_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start("serve_thrift2_messages", &folder.path().join("store"));
    thrift2_at(&served.address).get_cluster_id().unwrap();
    let before = served.status("VmPeak");
    // A million gets, and a value of 99 MiB: within the limits, and nothing of it comes.
    let mut many = message(Form::Binary, "getMultiple", &[]);
    many.truncate(many.len() - 1);
    many.extend(b"\x0f\x00\x02\x0c\x06\x00\x00\x00");
    let mut large = message(Form::Binary, "put", &[]);
    large.truncate(large.len() - 1);
    large.extend(b"\x0c\x00\x02\x0f\x00\x02\x0c\x00\x00\x00\x01\x0b\x00\x03\x06\x30\x00\x00");
    let sockets: Vec<TcpStream> = (0..40)
        .map(|number| {
            let mut socket = socket(&served.address);
            socket.write_all(if number % 2 == 0 { &many } else { &large }).unwrap();
            socket
        })
        .collect();
    support::wait_until(|| served.status("Threads") > 40);
    std::thread::sleep(Duration::from_secs(1));
    thrift2_at(&served.address).get_cluster_id().unwrap();
    let peak = served.status("VmHWM");
    assert!(peak < LITTLE, "{peak} KiB");
    let peak = served.status("VmPeak");
    assert!(peak < before + 40 * (32 << 10), "{before} to {peak} KiB");
    drop(sockets);
}
