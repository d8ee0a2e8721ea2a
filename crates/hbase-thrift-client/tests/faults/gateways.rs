//! Several gateways: which one is used, left and tried again, and what a late one may do.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_client::{
    ErrorKind, Get, Increment, Mutation, Outcome, Put, Scan, Table, WriteError, WriterOptions,
};
use mini_hbase::MiniHBase;

use crate::support::proxy::Direction;
use crate::support::stub::{Say, Stub, row};
use crate::support::valve::Valve;
use crate::{SLACK, config, connect, exact, fill, keys, luck, within};

fn value(table: &Table, key: &str) -> Vec<u8> {
    table.get(&Get::new(key)).unwrap().unwrap().get("f:x").unwrap().to_vec()
}

fn put(table: &Table, value: &str) -> hbase_thrift_client::Result<()> {
    table.put(&Put::new("r").column("f:x", value))
}

/// Accepts connections and never sends anything.
fn mute() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || drop(stream.read_to_end(&mut Vec::new())));
        }
    });
    address
}

/// Two ways to one server, and which of them the client's next call takes.
struct Two {
    server: MiniHBase,
    valves: [Valve; 2],
}

impl Two {
    fn start() -> Self {
        let server = exact().start().unwrap();
        let valves = [Valve::start(server.address()), Valve::start(server.address())];
        Self { server, valves }
    }

    fn config(&self) -> hbase_thrift_client::Config {
        config(&self.valves.each_ref().map(Valve::address))
            .operation_timeout(Duration::from_secs(3))
    }

    fn used(&self) -> &Valve {
        self.valves.iter().max_by_key(|valve| valve.requests()).unwrap()
    }
}

/// What was written last is what is stored, also when the gateway that hung executes what it has.
#[test]
fn a_write_that_hangs_is_not_sent_elsewhere_where_a_late_duplicate_would_hide_newer_data() {
    let two = Two::start();
    let direct = fill(&two.server, 0);
    let table = connect(two.config()).table("t");
    put(&table, "zero").unwrap();
    let used = two.used();
    used.stop(Direction::Requests, true);
    let error = put(&table, "first").unwrap_err();
    // It was given up, and its fate is said to be unknown; it is never acknowledged.
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown));
    assert_eq!(error.attempts(), 1);
    assert_eq!(value(&direct, "r"), b"zero");
    used.stop(Direction::Requests, false);
}

#[test]
fn with_the_clients_timestamps_a_write_moves_and_a_late_duplicate_hides_nothing() {
    let two = Two::start();
    let direct = fill(&two.server, 0);
    let config = two.config().client_timestamps(true);
    let table = connect(config).table("t");
    put(&table, "zero").unwrap();
    let used = two.used();
    used.stop(Direction::Requests, true);
    within(Duration::from_secs(3), || put(&table, "first")).unwrap();
    assert_eq!(value(&direct, "r"), b"first");
    put(&table, "second").unwrap();
    assert_eq!(value(&direct, "r"), b"second");
    let calls = || two.server.calls("mutateRow") + two.server.calls("mutateRowTs");
    let before = calls();
    used.stop(Direction::Requests, false);
    let end = Instant::now() + Duration::from_secs(20);
    while calls() == before {
        assert!(Instant::now() < end, "the first gateway never executes what it holds");
        thread::sleep(Duration::from_millis(5));
    }
    // The duplicate is executed; a later call on its connection would come after it.
    thread::sleep(Duration::from_millis(100));
    assert_eq!(value(&direct, "r"), b"second");
    // What can't be repeated without harm does not move, stamps or not.
    let used = two.used();
    let other = two.valves.iter().find(|valve| valve.address() != used.address()).unwrap();
    for valve in [used, other] {
        valve.stop(Direction::Replies, true);
    }
    let error = table.increment(&Increment::new("r", "f:n", 1)).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(!error.is_retryable());
    for valve in [used, other] {
        valve.stop(Direction::Replies, false);
    }
}

#[test]
fn reads_leave_a_gateway_that_hangs_in_the_middle_of_a_call() {
    for direction in [Direction::Requests, Direction::Replies] {
        let two = Two::start();
        fill(&two.server, 3);
        let client = connect(two.config());
        let table = client.table("t");
        table.get(&Get::new("row0001")).unwrap().unwrap();
        two.used().stop(direction, true);
        within(Duration::from_secs(3), || table.get(&Get::new("row0001")).unwrap().unwrap());
        // The next ones know.
        within(SLACK, || {
            for _ in 0..5 {
                table.get(&Get::new("row0001")).unwrap().unwrap();
            }
        });
        two.valves.iter().for_each(|valve| valve.stop(direction, false));
    }
}

#[test]
fn a_pipeline_of_reads_leaves_a_gateway_that_hangs() {
    let two = Two::start();
    fill(&two.server, 3);
    let client = connect(two.config());
    let table = client.table("t");
    table.get(&Get::new("row0001")).unwrap().unwrap();
    two.used().stop(Direction::Replies, true);
    let mut pipeline = client.pipeline();
    for _ in 0..3 {
        pipeline.get(&table, Get::new("row0002")).unwrap();
    }
    within(Duration::from_secs(3), || pipeline.send().all()).unwrap();
    two.valves.iter().for_each(|valve| valve.stop(Direction::Replies, false));
}

/// Whatever the times are, the healthy gateway is tried before they are used up.
#[test]
fn a_gateway_that_accepts_and_never_replies_does_not_use_up_the_time() {
    let server = exact().start().unwrap();
    fill(&server, 1);
    for (connect_time, operation_time) in [(5_000, 1_000), (1_000, 1_000), (300, 3_000)] {
        for mutes in 1..=3 {
            let mut addresses: Vec<_> = (0..mutes).map(|_| mute()).collect();
            addresses.push(server.address());
            let config = config(&addresses)
                .connect_timeout(Duration::from_millis(connect_time))
                .operation_timeout(Duration::from_millis(operation_time));
            let limit = Duration::from_millis(operation_time) + SLACK;
            let client = within(limit, || connect(config));
            let table = client.table("t");
            within(limit, || table.get(&Get::new("row0000")).unwrap().unwrap());
            within(limit, || put(&table, "1").unwrap());
        }
    }
}

#[test]
fn one_caller_tries_a_suspect_gateway_while_the_others_go_on() {
    const THREADS: usize = 8;
    let server = exact().start().unwrap();
    fill(&server, 1);
    let config = config(&[mute(), server.address()])
        .connect_timeout(Duration::from_millis(600))
        .operation_timeout(Duration::from_secs(10));
    let table = connect(config).table("t");
    let end = Instant::now() + Duration::from_secs(4);
    let slow: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut slow = 0;
                    while Instant::now() < end {
                        let began = Instant::now();
                        table.get(&Get::new("row0000")).unwrap().unwrap();
                        slow += usize::from(began.elapsed() > Duration::from_millis(290));
                        thread::sleep(Duration::from_millis(2));
                    }
                    slow
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // Its pauses grow: 0.5 s, 1 s, 2 s. All threads stalling at each would be 24.
    assert!(slow <= 2 + THREADS, "{slow} calls stalled");
}

#[test]
fn a_gateway_that_comes_back_is_used_again() {
    let two = Two::start();
    fill(&two.server, 1);
    let table = connect(two.config()).table("t");
    table.get(&Get::new("row0000")).unwrap();
    two.used().stop(Direction::Replies, true);
    table.get(&Get::new("row0000")).unwrap();
    let left = two.used();
    left.stop(Direction::Replies, false);
    let connections = two.valves.each_ref().map(Valve::connections);
    let end = Instant::now() + Duration::from_secs(20);
    // It has to prove itself on a new connection.
    while two.valves.each_ref().map(Valve::connections) == connections {
        assert!(Instant::now() < end, "it is never tried again");
        table.get(&Get::new("row0000")).unwrap();
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn waiting_for_a_connection_ends_when_it_is_configured_to() {
    let hung = Stub::start(|asked| match asked.method.as_str() {
        "mutateRow" => Say::Hang,
        _ => Say::Rows(vec![row("r", b"1")]),
    });
    let config = config(&[hung.address()])
        .max_connections(1)
        .operation_timeout(Duration::from_secs(4))
        .pool_timeout(Duration::from_millis(100));
    let table = connect(config).table("t");
    thread::scope(|scope| {
        scope.spawn(|| put(&table, "1").unwrap_err());
        while hung.asked().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        let error = within(SLACK, || table.get(&Get::new("r")).unwrap_err());
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::PoolTimeout, Outcome::NotApplied));
        let error = within(SLACK, || put(&table, "2").unwrap_err());
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::PoolTimeout, Outcome::NotApplied));
    });
}

#[test]
fn a_put_without_replies_is_sent_a_few_times_at_most() {
    let deaf = Stub::start(|_| Say::Close);
    let config = config(&[deaf.address()]).operation_timeout(Duration::from_secs(8));
    let table = connect(config).table("t");
    let error = put(&table, "1").unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::ConnectionLost, Outcome::Unknown));
    let sent = deaf.calls("mutateRow");
    assert!(sent <= 4, "it was sent {sent} times");
    assert_eq!(error.attempts() as usize, sent);
}

/// Many callers in trouble make no storm: what they repeat is paid for by what succeeds.
#[test]
fn many_callers_together_repeat_little() {
    const THREADS: usize = 16;
    let deaf = Stub::start(|_| Say::Close);
    let config = config(&[deaf.address()]).operation_timeout(Duration::from_secs(4));
    let table = connect(config).table("t");
    let calls: usize = thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| {
            scope.spawn(|| {
                (0..10).for_each(|_| drop(put(&table, "1").unwrap_err()));
                10
            })
        });
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let sent = deaf.calls("mutateRow");
    assert!(sent <= calls + calls / 2, "{calls} calls were sent {sent} times");
}

#[test]
fn clients_and_threads_spread_over_the_gateways() {
    let two = Two::start();
    fill(&two.server, 1);
    let clients: Vec<_> = (0..40).map(|_| connect(two.config())).collect();
    let spread = two.valves.each_ref().map(Valve::connections);
    // Forty coins: one side gets fewer than six once in a million times.
    assert!(spread.iter().all(|connections| *connections >= 6), "{spread:?}");
    drop(clients);

    let two = Two::start();
    fill(&two.server, 1);
    let table = connect(two.config()).table("t");
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..50 {
                    table.get(&Get::new("row0000")).unwrap().unwrap();
                }
            });
        }
    });
    let spread = two.valves.each_ref().map(Valve::requests);
    let (least, most) = (spread.iter().min().unwrap(), spread.iter().max().unwrap());
    assert!(least * 4 >= *most, "{spread:?}");
}

/// A scan and a writer beside it, while now one gateway dies or hangs, now the other: every row is
/// delivered once, and everything that was written is there.
#[test]
fn scans_and_writers_beside_each_other_outlive_gateways_that_die() {
    const ROWS: usize = 200;
    let mut luck = luck();
    let two = Two::start();
    let direct = fill(&two.server, ROWS);
    let config = two.config().max_connections(luck.usize(2..=4));
    let table = connect(config.operation_timeout(Duration::from_secs(6))).table("t");
    let over = AtomicBool::new(false);
    let (scans, written) = thread::scope(|scope| {
        let scanning = scope.spawn(|| {
            let mut scans = 0;
            while !over.load(Ordering::SeqCst) {
                let scan = Scan::new().stop("s").caching(7).read_ahead(scans % 2 == 0);
                let rows = table.scan(scan).unwrap().map(|row| {
                    // The pace of a reader, so that gateways die under it.
                    thread::sleep(Duration::from_millis(1));
                    String::from_utf8(row.unwrap().key().to_vec()).unwrap()
                });
                assert!(rows.eq(keys(ROWS)));
                scans += 1;
            }
            scans
        });
        let writing = scope.spawn(|| {
            let writer = table.writer(WriterOptions::new().no_max_age().max_mutations(10));
            let mut written = 0;
            while !over.load(Ordering::SeqCst) {
                let mut left: Vec<Mutation> =
                    vec![Put::new(format!("w{written:06}")).column("f:x", "1").into()];
                while let Some(mutation) = left.pop() {
                    let result = writer.write(mutation);
                    left.extend(result.err().into_iter().flat_map(WriteError::into_mutations));
                }
                written += 1;
                thread::sleep(Duration::from_millis(1));
            }
            while let Err(error) = writer.flush() {
                error.into_mutations().for_each(|mutation| drop(writer.write(mutation)));
            }
            written
        });
        for _ in 0..12 {
            let valve = &two.valves[luck.usize(0..2)];
            let direction = luck.choice([Direction::Requests, Direction::Replies]).unwrap();
            let hangs = luck.bool();
            valve.stop(direction, hangs);
            thread::sleep(Duration::from_millis(luck.u64(50..400)));
            valve.cut();
            valve.stop(direction, false);
            thread::sleep(Duration::from_millis(luck.u64(1..150)));
        }
        over.store(true, Ordering::SeqCst);
        (scanning.join().unwrap(), writing.join().unwrap())
    });
    assert!(scans > 0 && written > 0);
    let found = direct.scan(Scan::new().prefix("w")).unwrap().count_rows().unwrap();
    assert_eq!(found, written);
}
