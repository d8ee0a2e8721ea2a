//! Gateways that reply as none should: to other calls, twice, byte by byte, with garbage, or with more
//! text than anyone reads.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use hbase_thrift_client::{Client, Error, Get, Increment, Outcome, Put, Table};

use crate::support::stub::{Asked, Oddity, Say, Stub, row};
use crate::{SLACK, config, connect, luck, within};

/// What the gateway has stored, and whether it behaves.
#[derive(Default)]
struct Stored {
    cells: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
    counted: AtomicU64,
    behaves: AtomicBool,
}

impl Stored {
    /// Does what is asked for, and replies oddly now and then.
    fn say(&self, asked: &Asked, luck: &mut fastrand::Rng) -> Say {
        let said = self.carry_out(asked);
        if self.behaves.load(Ordering::SeqCst) {
            return said;
        }
        let odd = |oddity, said| Say::Odd(oddity, Box::new(said));
        match luck.u8(0..14) {
            0 => odd(Oddity::Twice, said),
            1 => odd(Oddity::Renamed, said),
            2 => odd(Oddity::Renumbered, said),
            3 => odd(Oddity::Trickles(Duration::from_millis(100)), said),
            4 => odd(Oddity::Trickles(Duration::from_millis(1)), said),
            5 => Say::Throw(format!("java.io.IOException: \u{1b}[31m{}", "x".repeat(1 << 20))),
            6 | 7 => odd(Oddity::Again, said),
            8 => Say::Raw(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
            _ => said,
        }
    }

    fn carry_out(&self, asked: &Asked) -> Say {
        let key = &asked.bytes[&2];
        let mut cells = self.cells.lock().unwrap();
        match asked.method.as_str() {
            "mutateRow" => {
                cells.entry(key.clone()).or_default().push(b'x');
                Say::Void
            }
            "atomicIncrement" => Say::I64(self.counted.fetch_add(1, Ordering::SeqCst) as i64 + 1),
            _ => Say::Rows(match cells.get(key) {
                Some(value) => vec![row(str::from_utf8(key).unwrap(), value)],
                None => vec![],
            }),
        }
    }
}

const TIME: Duration = Duration::from_millis(600);

/// What became of a call is never said to be more than is known, no reply is taken for another call's, no
/// call outlives its time, and a gateway that behaves again is soon of use.
#[test]
fn whatever_a_gateway_replies_nothing_wrong_is_believed() {
    let mut luck = luck();
    for round in 0..4 {
        let stored = Arc::new(Stored::default());
        let (shared, fate) = (Arc::clone(&stored), Mutex::new(luck.fork()));
        let stub = Stub::start(move |asked| shared.say(asked, &mut fate.lock().unwrap()));
        let config =
            config(&[stub.address()]).operation_timeout(TIME).max_connections(luck.usize(1..=2));
        let table = connect(config).table("t");
        for _ in 0..40 {
            let key = format!("r{}", luck.u8(0..3));
            within(TIME + SLACK, || call(&table, &stored, &key, luck.u8(0..3)));
        }
        stored.behaves.store(true, Ordering::SeqCst);
        // A connection may still hold a reply that nobody asked for.
        let failed = (0..20).filter(|_| table.get(&Get::new("r0")).is_err()).count();
        assert!(failed <= 2, "round {round}: {failed} calls of 20 failed");
    }
}

/// A reply that comes once more when its call is over is not the next call's, and no reason for it to
/// fail: a read goes to another connection, a change waits for its own reply.
#[test]
fn a_reply_that_comes_again_costs_no_call() {
    let stored = Arc::new(Stored::default());
    let (shared, calls) = (Arc::clone(&stored), AtomicU64::new(0));
    let stub = Stub::start(move |asked| {
        let said = shared.carry_out(asked);
        let is_third = calls.fetch_add(1, Ordering::SeqCst) % 3 == 2;
        if is_third { Say::Odd(Oddity::Again, Box::new(said)) } else { said }
    });
    let table = connect(config(&[stub.address()]).max_connections(1)).table("t");
    for number in 1..=12 {
        table.put(&Put::new("r").column("f:x", "1")).unwrap();
        assert!(table.get(&Get::new("r")).unwrap().is_some());
        assert_eq!(table.increment(&Increment::new("r", "f:n", 1)).unwrap(), number);
    }
    assert_eq!(stub.calls("mutateRow"), 12);
}

fn call(table: &Table, stored: &Stored, key: &str, kind: u8) {
    let sent = |stored: &Stored| {
        stored.cells.lock().unwrap().get(key.as_bytes()).map_or(0, Vec::len) as u64
    };
    let counted = |stored: &Stored| stored.counted.load(Ordering::SeqCst);
    match kind {
        0 => match table.get(&Get::new(key)) {
            Ok(row) => {
                let value = row.map(|row| row.get("f:x").unwrap().to_vec());
                assert_eq!(value.as_ref(), stored.cells.lock().unwrap().get(key.as_bytes()));
            }
            Err(error) => assert_eq!(error.outcome(), Outcome::NotApplied, "{error:?}"),
        },
        1 => {
            let before = sent(stored);
            let result = table.put(&Put::new(key).column("f:x", "1"));
            check(&result, sent(stored) - before);
        }
        _ => {
            let before = counted(stored);
            let result = table.increment(&Increment::new(key, "f:n", 1));
            let times = counted(stored) - before;
            assert!(times <= 1, "it was counted {times} times");
            if let Ok(value) = result {
                assert_eq!(value as u64, counted(stored));
            }
            check(&result, times);
        }
    }
}

/// Whether a change that was carried out so often may have this result.
fn check<T: std::fmt::Debug>(result: &Result<T, Error>, times: u64) {
    let outcome = result.as_ref().map_or_else(Error::outcome, |_| Outcome::Applied);
    match outcome {
        Outcome::Applied => assert!(times > 0, "{result:?} of what was not done"),
        Outcome::NotApplied => assert_eq!(times, 0, "{result:?}"),
        Outcome::Unknown => {}
    }
}

/// Replies that are none, of other calls, twice, or cut in any field: an error each time, soon.
#[test]
fn hostile_replies_are_errors() {
    let seed = std::env::var("SEED").map_or(1, |text| text.parse().unwrap());
    println!("SEED={seed}");
    fastrand::seed(seed);
    let whole = [
        &[0x80, 1, 0, 2, 0, 0, 0, 6][..],
        b"getRow",
        &[0, 0, 0, 2, 15, 0, 0, 12, 0, 0, 0, 1, 11, 0, 1, 0, 0, 0, 1, b'r', 0, 0],
    ]
    .concat();
    for _ in 0..60 {
        let mut bytes = whole.clone();
        for _ in 0..fastrand::usize(1..4) {
            match fastrand::u32(0..4) {
                0 => bytes.truncate(fastrand::usize(0..=bytes.len())),
                1 => bytes.extend_from_within(..),
                2 => bytes.insert(fastrand::usize(0..=bytes.len()), fastrand::u8(..)),
                _ if bytes.is_empty() => {}
                _ => {
                    let at = fastrand::usize(0..bytes.len());
                    bytes[at] = *fastrand::choice(&[0, 1, 11, 12, 15, 127, 128, 255]).unwrap();
                }
            }
        }
        let (reply, listener) = (bytes.clone(), TcpListener::bind("127.0.0.1:0").unwrap());
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let reply = reply.clone();
                thread::spawn(move || {
                    let mut request = [0; 256];
                    while let Ok(read @ 1..) = std::io::Read::read(&mut stream, &mut request) {
                        let is_proof = request[..read].windows(6).any(|name| name == b"getThr");
                        if is_proof {
                            let name = &request[4..31];
                            let proof =
                                [&[0x80, 1, 0, 2], name, &[8, 0, 0, 0, 0, 0, 1, 0]].concat();
                            let _ = stream.write_all(&proof);
                        } else {
                            let _ = stream.write_all(&reply);
                        }
                    }
                });
            }
        });
        let config =
            config(&[address]).max_attempts(2).operation_timeout(Duration::from_millis(400));
        let Ok(client) = Client::connect(config) else { continue };
        let table = client.table("t");
        for _ in 0..2 {
            let limit = Duration::from_millis(400) + SLACK;
            if let Ok(row) = within(limit, || table.get(&Get::new("r"))) {
                // A reply that still makes sense, and to this call; its value may be any, and so may the
                // byte between version and type, which has no meaning.
                bytes[2] = whole[2];
                assert_eq!(bytes[..18], whole[..18], "{bytes:?} was taken for {row:?}");
            }
        }
    }
}
