//! Whatever anyone sends: it is understood, refused or closed; others are served meanwhile, and no
//! memory is taken for what was only announced.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

#[path = "support/child.rs"]
mod child;
#[path = "support/messages.rs"]
mod messages;
#[path = "support/random.rs"]
mod random;
#[path = "support/replies.rs"]
mod replies;
#[path = "support/spoiled.rs"]
mod spoiled;
mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use child::Served;
use hbase_thrift_api::THbaseSyncClient;
use messages::{Form, Value, message, text};
use mini_hbase::{MiniHBase, Protocol, Transport};
use random::Random;
use replies::{LAST, contains, is_closed, read_replies};
use spoiled::{any, good_calls, spoil};
use support::{bytes, client, client_with_table, none, put, raw, socket, value};

const HOUR: Duration = Duration::from_hours(1);
/// What a process may take for messages of a few bytes, in KiB: threads, arenas of the allocator.
const LITTLE: usize = 256 << 10;

/// A server on which nothing ends by itself: what is closed was refused.
fn patient() -> mini_hbase::Builder {
    MiniHBase::builder().transfer_timeout(HOUR).idle_timeout(HOUR)
}

/// Not a test: what other tests run in a process of its own.
#[test]
fn serve_messages() {
    let Some(folder) = child::folder() else { return };
    child::serve(&patient().store(folder).start().unwrap());
}

fn address(server: &MiniHBase) -> String {
    server.address().to_string()
}

fn speaking(transport: Transport, protocol: Protocol) -> MiniHBase {
    patient().transport(transport).protocol(protocol).start().unwrap()
}

/// Sends bytes and no more, and returns what comes back until the server closes.
fn exchange(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut socket = socket(address);
    socket.write_all(bytes).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut reply = Vec::new();
    match socket.read_to_end(&mut reply) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("no reply to {}", bytes.escape_ascii())
        }
        _ => reply,
    }
}

#[test]
fn garbage_closes_its_own_connection_at_once_and_no_other() {
    let binary: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        // Names that are too long, in the new form and in the old one.
        b"\x80\x01\x00\x01\x7f\xff\xff\xff",
        b"\x00\x7f\xff\xff",
        // A list of two thousand million texts, and a map.
        b"\x80\x01\x00\x01\x00\x00\x00\x07getRows\x00\x00\x00\x01\x0f\x00\x02\x0b\x7f\xff\xff\xff",
        b"\x80\x01\x00\x01\x00\x00\x00\x07getRows\x00\x00\x00\x01\x0d\x00\x03\x0b\x0b\x7f\xff\xff\xff",
        // A text of two thousand million bytes, and one of a negative length.
        b"\x80\x01\x00\x01\x00\x00\x00\x06getRow\x00\x00\x00\x01\x0b\x00\x01\x7f\xff\xff\xff",
        b"\x80\x01\x00\x01\x00\x00\x00\x06getRow\x00\x00\x00\x01\x0b\x00\x01\xff\xff\xff\xff",
        // An unknown type.
        b"\x80\x01\x00\x01\x00\x00\x00\x06getRow\x00\x00\x00\x01\x63\x00\x01",
    ];
    let compact: &[&[u8]] = &[
        b"\x80\x01\x00\x01",
        b"\x82\x3f",
        b"\x82\x21\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x82\x21\x00\xff\xff\xff\xff\x07",
        b"\x82\x21\x00\x07getRows\x29\xf8\xff\xff\xff\xff\x07",
        b"\x82\x21\x00\x07getRows\x3b\xff\xff\xff\xff\x07\x88",
        b"\x82\x21\x00\x06getRow\x18\xff\xff\xff\xff\x07",
        b"\x82\x21\x00\x06getRow\x1f",
    ];
    for (protocol, all) in [(Protocol::Binary, binary), (Protocol::Compact, compact)] {
        for transport in [Transport::Buffered, Transport::Framed] {
            let server = speaking(transport, protocol);
            let mut bystander = socket(&address(&server));
            let form = if protocol == Protocol::Binary { Form::Binary } else { Form::Compact };
            let call = framed_for(transport, &message(form, "getClusterId", &[]));
            for bad in all {
                let mut socket = socket(&address(&server));
                socket.write_all(&framed_for(transport, bad)).unwrap();
                assert!(is_closed(&mut socket), "{transport:?} {}", bad.escape_ascii());
                bystander.write_all(&call).unwrap();
                bystander.read_exact(&mut [0; 20]).unwrap();
                drain(&mut bystander);
            }
            assert_eq!(server.memory_taken(), 0);
        }
    }
    let server = speaking(Transport::Framed, Protocol::Binary);
    let mut socket = socket(&address(&server));
    socket.write_all(b"\x7f\xff\xff\xff\x80\x01\x00\x01").unwrap();
    assert!(is_closed(&mut socket));
}

/// Reads what has come by now.
fn drain(socket: &mut TcpStream) {
    socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let mut buffer = [0; 1_000];
    while matches!(socket.read(&mut buffer), Ok(1..)) {}
    socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
}

fn framed_for(transport: Transport, message: &[u8]) -> Vec<u8> {
    match transport {
        Transport::Framed => {
            let length = u32::try_from(message.len()).unwrap().to_be_bytes();
            [&length, message].concat()
        }
        _ => message.to_vec(),
    }
}

#[test]
fn a_message_deep_in_structs_closes_the_connection() {
    let server = patient().start().unwrap();
    let mut value = Value::Struct(Vec::new());
    for _ in 0..1_000 {
        value = Value::Struct(vec![(9, value)]);
    }
    let mut socket = socket(&address(&server));
    socket.write_all(&message(Form::Binary, "getRow", &[(9, value)])).unwrap();
    assert!(is_closed(&mut socket));
    client(&server).get_cluster_id().unwrap();
}

#[test]
fn a_message_over_the_limit_closes_the_connection() {
    let server = patient().max_message_size(10_000).start().unwrap();
    let mut raw = client_with_table(&server);
    put(&mut raw, "r", "f:x", &"x".repeat(9_000)).unwrap();
    put(&mut raw, "r", "f:x", &"x".repeat(11_000)).unwrap_err();
    assert_eq!(value(&mut client(&server), "r", "f:x").unwrap().len(), 9_000);
}

#[test]
fn every_transport_takes_every_protocol_and_the_old_form() {
    let forms = [
        (Transport::Buffered, Form::Binary),
        (Transport::Buffered, Form::OldBinary),
        (Transport::Buffered, Form::Compact),
        (Transport::Framed, Form::Binary),
        (Transport::Framed, Form::OldBinary),
        (Transport::Framed, Form::Compact),
    ];
    for (transport, form) in forms {
        let protocol = if form == Form::Compact { Protocol::Compact } else { Protocol::Binary };
        let server = speaking(transport, protocol);
        let attributes = Value::Map(vec![(text("a"), text("b"))]);
        let family = Value::Struct(vec![(1, text("f"))]);
        let cell =
            Value::Struct(vec![(1, Value::Bool(false)), (2, text("f:x")), (3, text("found"))]);
        let row = Value::Struct(vec![(1, text("r")), (2, Value::List(vec![cell]))]);
        let calls = [
            message(form, "createTable", &[(1, text("t")), (2, Value::List(vec![family]))]),
            message(
                form,
                "mutateRows",
                &[(1, text("t")), (2, Value::List(vec![row])), (3, attributes)],
            ),
            message(form, "getRow", &[(1, text("t")), (2, text("r"))]),
        ];
        let all: Vec<u8> = calls.iter().flat_map(|call| framed_for(transport, call)).collect();
        let replies = exchange(&address(&server), &all);
        assert!(contains(&replies, "found"), "{transport:?} {form:?} {}", replies.escape_ascii());
    }
}

#[test]
fn values_of_other_types_take_no_memory_and_leave_the_connection_in_step() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start("serve_messages", &folder.path().join("store"));
    raw(&served.address).create_table(bytes("t"), vec![support::family("f")]).unwrap();
    let before = served.status("VmPeak");
    let mut random = Random::new();
    let mut socket = socket(&served.address);
    for round in 0..5_000 {
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
        assert!(contains(&replies, method) || round == 0, "{round}: {method} {fields:?}");
        let peak = served.status("VmPeak");
        assert!(peak < before + LITTLE, "{round}: {before} to {peak} KiB for {method} {fields:?}");
    }
}

#[test]
fn announced_lengths_take_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start("serve_messages", &folder.path().join("store"));
    raw(&served.address).get_cluster_id().unwrap();
    let before = served.status("VmPeak");
    // 99 MiB of text, a million structs: within the limits, and nothing of it comes.
    let mut large = message(Form::Binary, "getRow", &[]);
    large.truncate(large.len() - 1);
    large.extend(b"\x0b\x00\x01\x06\x30\x00\x00");
    let mut many = message(Form::Binary, "mutateRows", &[]);
    many.truncate(many.len() - 1);
    many.extend(b"\x0f\x00\x02\x0c\x06\x00\x00\x00");
    let sockets: Vec<TcpStream> = [&large, &many]
        .into_iter()
        .cycle()
        .take(50)
        .map(|message| {
            let mut socket = socket(&served.address);
            socket.write_all(message).unwrap();
            socket
        })
        .collect();
    // Each has a thread, which then reads what was announced.
    support::wait_until(|| served.status("Threads") > 50);
    thread::sleep(Duration::from_secs(1));
    raw(&served.address).get_cluster_id().unwrap();
    let peak = served.status("VmHWM");
    assert!(peak < LITTLE, "{peak} KiB");
    // Addresses are taken by threads and the allocator's arenas too, but for each connection far
    // fewer than it announced.
    let peak = served.status("VmPeak");
    assert!(peak < before + 50 * (32 << 10), "{before} to {peak} KiB");
    drop(sockets);
}

#[test]
fn a_message_of_more_than_a_million_elements_is_taken() {
    let server = MiniHBase::start().unwrap();
    let mut raw = client_with_table(&server);
    let columns = (0..1_100_000).map(|_| bytes("f")).collect();
    raw.scanner_open(bytes("t"), Vec::new(), columns, none()).unwrap();
}

#[test]
fn arguments_that_a_client_leaves_out_are_empty() {
    for form in [Form::Binary, Form::Compact] {
        let protocol = if form == Form::Compact { Protocol::Compact } else { Protocol::Binary };
        let server = patient().also_listen("127.0.0.1:0", Transport::Buffered, protocol);
        let server = server.start().unwrap();
        let mut raw = client_with_table(&server);
        put(&mut raw, "r", "f:x", "found me").unwrap();
        // Neither columns nor attributes: what a Python client sends for None.
        let call = message(form, "getRowWithColumns", &[(1, text("t")), (2, text("r"))]);
        let urls = server.urls();
        let address = urls[1].trim_start_matches("hbase://").split('?').next().unwrap();
        let reply = exchange(address, &call);
        assert!(contains(&reply, "found me"), "{}", reply.escape_ascii());
        // Without anything: an internal error of the gateway, or an exception, but a reply.
        for (method, _) in good_calls() {
            let reply = exchange(address, &message(form, method, &[]));
            assert!(contains(&reply, method), "{method}: {}", reply.escape_ascii());
        }
        for method in ["dropEverything", "grant"] {
            let reply = exchange(address, &message(form, method, &[(1, text("t"))]));
            let says = format!("Invalid method name: '{method}'");
            assert!(contains(&reply, &says), "{}", reply.escape_ascii());
        }
        assert_eq!(server.calls("dropEverything"), 0);
    }
}
