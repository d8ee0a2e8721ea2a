//! Clients that do what they shouldn't disturb nobody else, and many at once lose nothing.

#[path = "support/replies.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod replies;
mod support;

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_api::THbaseSyncClient;
use mini_hbase::MiniHBase;
use replies::is_closed;
use support::{bytes, client, client_with_table, family, mutation, none, put, socket};

const HOUR: Duration = Duration::from_hours(1);
/// A call of `getTableNames` in the binary protocol.
const CALL: &[u8] = b"\x80\x01\x00\x01\x00\x00\x00\x0dgetTableNames\x00\x00\x00\x01\x00";

fn address(server: &MiniHBase) -> String {
    server.address().to_string()
}

#[test]
fn a_client_that_trickles_is_cut_off_in_time_and_others_are_served_meanwhile() {
    const TRANSFER: Duration = Duration::from_millis(500);
    let builder = MiniHBase::builder().idle_timeout(HOUR).transfer_timeout(TRANSFER);
    let server = builder.max_connections(2).start().unwrap();
    let mut slow = socket(&address(&server));
    let mut other = client(&server);
    let start = Instant::now();
    // A byte of a text of 16 MiB each 20 ms: no single read waits for long.
    slow.write_all(
        b"\x80\x01\x00\x01\x00\x00\x00\x06getRow\x00\x00\x00\x01\x0b\x00\x01\x01\x00\x00\x00",
    )
    .unwrap();
    while slow.write_all(b"x").is_ok() {
        other.get_cluster_id().unwrap();
        thread::sleep(Duration::from_millis(20));
        assert!(start.elapsed() < TRANSFER * 20, "it trickles on");
    }
    assert!(start.elapsed() >= TRANSFER, "{:?}", start.elapsed());
}

#[test]
fn a_client_that_takes_no_reply_is_cut_off_in_time() {
    const TRANSFER: Duration = Duration::from_secs(3);
    let builder = MiniHBase::builder().idle_timeout(HOUR).transfer_timeout(TRANSFER);
    let server = builder.start().unwrap();
    let mut raw = client_with_table(&server);
    put(&mut raw, "r", "f:x", &"x".repeat(4 << 20)).unwrap();
    let mut deaf = socket(&address(&server));
    let get = b"\x80\x01\x00\x01\x00\x00\x00\x06getRow\x00\x00\x00\x01\
                \x0b\x00\x01\x00\x00\x00\x01t\x0b\x00\x02\x00\x00\x00\x01r\x00";
    deaf.write_all(&get.repeat(8)).unwrap();
    let start = Instant::now();
    while server.memory_taken() == 0 {
        assert!(start.elapsed() < support::PATIENCE);
    }
    while server.memory_taken() > 0 {
        assert!(start.elapsed() < support::PATIENCE, "the reply is held for ever");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_idle_client_is_cut_off() {
    let server = MiniHBase::builder().idle_timeout(Duration::from_millis(50)).start().unwrap();
    assert!(is_closed(&mut socket(&address(&server))));
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
fn connections_over_the_limit_are_closed_and_those_within_are_not() {
    let server = MiniHBase::builder().max_connections(2).start().unwrap();
    let (mut first, mut second) = (client(&server), client(&server));
    first.get_cluster_id().unwrap();
    second.get_cluster_id().unwrap();
    assert!(is_closed(&mut socket(&address(&server))));
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
