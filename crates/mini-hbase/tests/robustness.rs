//! Clients that do what they shouldn't disturb nobody else, and many at once lose nothing.

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_api::THbaseSyncClient;
use mini_hbase::{MiniHBase, Protocol, Transport};
use support::{bytes, client, client_with_table, family, mutation, none, put, socket, value};

/// A call of `getTableNames` in the binary protocol.
const CALL: &[u8] = b"\x80\x01\x00\x01\x00\x00\x00\x0dgetTableNames\x00\x00\x00\x01\x00";

fn address(server: &MiniHBase) -> String {
    server.address().to_string()
}

/// Whether the server closes the connection, with or without an answer, or by a reset.
fn is_closed(mut socket: TcpStream) -> bool {
    match socket.read_to_end(&mut Vec::new()) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn garbage_and_oversize_lengths_close_their_own_connection_only() {
    let bad: [&[u8]; 8] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\x01\x00\x01\x7f\xff\xff\xff",
        b"\x82\x21\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        // A list of two thousand million texts.
        b"\x80\x01\x00\x01\x00\x00\x00\x07getRows\x00\x00\x00\x01\x0f\x00\x02\x0b\x7f\xff\xff\xff",
        // A text of negative length.
        b"\x80\x01\x00\x01\x00\x00\x00\x06getRow\x00\x00\x00\x01\x0b\x00\x01\xff\xff\xff\xff",
        // An unknown type.
        b"\x80\x01\x00\x01\x00\x00\x00\x06getRow\x00\x00\x00\x01\x63\x00\x01",
        b"\x7f\xff\xff\xff\x80\x01\x00\x01",
    ];
    for transport in [Transport::Buffered, Transport::Framed, Transport::Http] {
        for protocol in [Protocol::Binary, Protocol::Compact] {
            let server = MiniHBase::builder().transport(transport).protocol(protocol);
            let server = server.transfer_timeout(Duration::from_millis(200)).start().unwrap();
            for bytes in bad {
                let mut socket = socket(&address(&server));
                socket.write_all(bytes).unwrap();
                assert!(is_closed(socket), "{transport:?} {protocol:?} {}", bytes.escape_ascii());
            }
        }
    }
}

#[test]
fn a_message_deep_in_structs_closes_the_connection() {
    let server = MiniHBase::start().unwrap();
    let mut socket = socket(&address(&server));
    let mut message = b"\x80\x01\x00\x01\x00\x00\x00\x06getRow\x00\x00\x00\x01".to_vec();
    message.extend(b"\x0c\x00\x09".repeat(100_000));
    // It may be closed before all of it is sent.
    let _ = socket.write_all(&message);
    assert!(is_closed(socket));
    client(&server).get_cluster_id().unwrap();
}

#[test]
fn a_message_over_the_limit_closes_the_connection() {
    let server = MiniHBase::builder().max_message_size(10_000).start().unwrap();
    let mut raw = client_with_table(&server);
    put(&mut raw, "r", "f:x", &"x".repeat(9_000)).unwrap();
    put(&mut raw, "r", "f:x", &"x".repeat(11_000)).unwrap_err();
    assert_eq!(value(&mut client(&server), "r", "f:x").unwrap().len(), 9_000);
}

#[test]
fn a_client_that_trickles_is_cut_off_and_others_are_served_meanwhile() {
    let builder = MiniHBase::builder().transfer_timeout(Duration::from_millis(100));
    let server = builder.max_connections(2).start().unwrap();
    let mut slow = socket(&address(&server));
    slow.write_all(&CALL[..5]).unwrap();
    client(&server).get_cluster_id().unwrap();
    assert!(is_closed(slow));
}

#[test]
fn an_idle_client_is_cut_off() {
    let server = MiniHBase::builder().idle_timeout(Duration::from_millis(50)).start().unwrap();
    assert!(is_closed(socket(&address(&server))));
}

#[test]
fn a_client_that_has_only_stopped_sending_gets_its_answer() {
    let server = MiniHBase::start().unwrap();
    let mut socket = socket(&address(&server));
    socket.write_all(CALL).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"\x80\x01\x00\x02"), "{}", answer.escape_ascii());
}

#[test]
fn several_calls_in_one_packet_are_answered_in_order() {
    let server = MiniHBase::start().unwrap();
    let mut socket = socket(&address(&server));
    socket.write_all(&CALL.repeat(3)).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut answers = Vec::new();
    socket.read_to_end(&mut answers).unwrap();
    let name = b"getTableNames";
    assert_eq!(answers.windows(name.len()).filter(|window| window == name).count(), 3);
}

#[test]
fn arguments_that_a_client_leaves_out_are_empty() {
    let server = MiniHBase::start().unwrap();
    let mut raw = client_with_table(&server);
    put(&mut raw, "r", "f:x", "found me").unwrap();
    let mut socket = socket(&address(&server));
    // Neither columns nor attributes: what a Python client sends for None.
    let call = b"\x80\x01\x00\x01\x00\x00\x00\x11getRowWithColumns\x00\x00\x00\x01\
                 \x0b\x00\x01\x00\x00\x00\x01t\x0b\x00\x02\x00\x00\x00\x01r\x00";
    socket.write_all(call).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    assert!(answer.windows(8).any(|window| window == b"found me"), "{}", answer.escape_ascii());
}

#[test]
fn connections_over_the_limit_are_closed_and_those_within_are_not() {
    let server = MiniHBase::builder().max_connections(2).start().unwrap();
    let (mut first, mut second) = (client(&server), client(&server));
    first.get_cluster_id().unwrap();
    second.get_cluster_id().unwrap();
    assert!(is_closed(socket(&address(&server))));
    first.get_cluster_id().unwrap();
    drop(second);
    // The place is free as soon as the server has noticed.
    let start = Instant::now();
    while client(&server).get_cluster_id().is_err() {
        assert!(start.elapsed() < support::PATIENCE);
    }
}

#[test]
fn scanners_over_the_limit_are_refused_until_one_is_closed() {
    let server = MiniHBase::builder().max_scanners(1).start().unwrap();
    let mut raw = client_with_table(&server);
    let mut open = || raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none());
    let first = open().unwrap();
    open().unwrap_err();
    raw.scanner_close(first).unwrap();
    raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
}

#[test]
fn stopping_does_not_wait_for_clients() {
    let server = MiniHBase::start().unwrap();
    let mut idle = client(&server);
    idle.get_cluster_id().unwrap();
    let _half_a_call = {
        let mut socket = socket(&address(&server));
        socket.write_all(&CALL[..5]).unwrap();
        socket
    };
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < Duration::from_secs(10));
    idle.get_cluster_id().unwrap_err();
}

#[test]
fn rows_stay_whole_and_no_increment_is_lost_under_concurrent_writers() {
    const WRITERS: usize = 8;
    const ROUNDS: usize = 50;
    let server = MiniHBase::start().unwrap();
    client(&server).create_table(bytes("t"), vec![family("f"), family("g")]).unwrap();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let server = &server;
            scope.spawn(move || {
                let mut raw = client(server);
                for round in 0..ROUNDS {
                    let value = format!("{writer}-{round}");
                    let both = vec![mutation("f:x", &value), mutation("g:y", &value)];
                    raw.mutate_row(bytes("t"), bytes("r"), both, none()).unwrap();
                    raw.atomic_increment(bytes("t"), bytes("r"), bytes("f:n"), 1).unwrap();
                    let rows = raw.get_row(bytes("t"), bytes("r"), none()).unwrap();
                    let columns = rows[0].columns.as_ref().unwrap();
                    assert_eq!(columns[&b"f:x"[..]].value, columns[&b"g:y"[..]].value);
                }
            });
        }
    });
    let mut raw = client(&server);
    let count = raw.atomic_increment(bytes("t"), bytes("r"), bytes("f:n"), 0).unwrap();
    assert_eq!(usize::try_from(count).unwrap(), WRITERS * ROUNDS);
}

#[test]
fn of_many_who_check_and_put_one_succeeds() {
    let server = MiniHBase::start().unwrap();
    client_with_table(&server);
    let winners: usize = thread::scope(|scope| {
        let takers: Vec<_> = (0..8)
            .map(|taker| {
                let server = &server;
                scope.spawn(move || {
                    let put = mutation("f:taker", &taker.to_string());
                    let (table, row, column) = (bytes("t"), bytes("r"), bytes("f:taker"));
                    let mut raw = client(server);
                    raw.check_and_put(table, row, column, Vec::new(), put, none()).unwrap()
                })
            })
            .collect();
        takers.into_iter().filter_map(|taker| taker.join().ok()).filter(|won| *won).count()
    });
    assert_eq!(winners, 1);
}
