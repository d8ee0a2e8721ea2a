//! Handles with a time-out of their own, calls that another thread ends, clients that are closed.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_client::{
    CancellationToken, Client, Error, ErrorKind, Get, Increment, Outcome, Put, Scan, Table,
    WriterOptions,
};
use mini_hbase::MiniHBase;

use crate::support::proxy::Direction;
use crate::support::valve::Valve;
use crate::{config, connect, exact, fill, luck};

/// A server behind a valve, a client that would wait for a minute, and a table of ten rows.
struct Stage {
    server: MiniHBase,
    valve: Valve,
    client: Client,
}

const ROWS: usize = 10;
/// Far below the time-outs, and above what a busy machine takes.
const SOON: Duration = Duration::from_secs(20);

impl Stage {
    fn new(connections: usize) -> Self {
        let server = exact().start().unwrap();
        fill(&server, ROWS);
        let valve = Valve::start(server.address());
        let config = config(&[valve.address()])
            .operation_timeout(Duration::from_secs(120))
            .pool_timeout(Duration::from_secs(120))
            .max_connections(connections);
        Self { server, valve, client: connect(config) }
    }

    fn hang(&self, hangs: bool) {
        self.valve.stop(Direction::Replies, hangs);
    }

    /// Hangs once a connection is open.
    fn hang_next(&self) {
        self.hang(false);
        self.client.ping().unwrap();
        self.hang(true);
    }

    /// As the server has it.
    fn counter(&self) -> i64 {
        connect(config(&[self.server.address()])).table("t").counter_get("r", "f:n").unwrap()
    }
}

/// What a call returns that is ended after some time.
fn cancelled<R: Send + 'static>(
    table: &Table,
    after: Duration,
    call: impl FnOnce(Table) -> R + Send + 'static,
) -> R {
    let token = CancellationToken::new();
    let table = table.with_cancellation(&token);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(call(table)));
    thread::sleep(after);
    token.cancel();
    receiver.recv_timeout(SOON).expect("the call was not ended")
}

#[track_caller]
fn assert_cancelled(error: &Error, outcome: Outcome) {
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Cancelled, outcome), "{error}");
    assert!(!error.is_retryable(), "{error}");
}

#[test]
fn a_call_that_waits_for_its_reply_is_ended_and_the_others_go_on() {
    let stage = Stage::new(4);
    let table = stage.client.table("t");
    stage.hang_next();
    let after = Duration::from_millis(100);
    let error = cancelled(&table, after, |table| table.get(&Get::new("row0001"))).unwrap_err();
    assert_cancelled(&error, Outcome::NotApplied);
    stage.hang_next();
    let add = Increment::new("r", "f:n", 1);
    let error = cancelled(&table, after, move |table| table.increment(&add)).unwrap_err();
    assert_cancelled(&error, Outcome::Unknown);
    stage.hang_next();
    let error = cancelled(&table, after, |table| table.count_rows(Scan::new())).unwrap_err();
    assert_cancelled(&error, Outcome::NotApplied);
    stage.hang_next();
    let failed = cancelled(&table, after, |table| {
        let writer = table.writer(WriterOptions::new().no_max_age());
        writer.write(Put::new("w").column("f:x", "1")).unwrap();
        writer.close()
    });
    let failed = failed.unwrap_err();
    assert_cancelled(&failed.failures()[0].error, Outcome::Unknown);
    assert_eq!(failed.into_mutations().count(), 1);

    let token = CancellationToken::new();
    let mut pipeline = stage.client.with_cancellation(&token).pipeline();
    let queued = pipeline.increment(&table, Increment::new("r", "f:n", 1)).unwrap();
    stage.hang_next();
    let sending = thread::spawn(move || pipeline.send());
    thread::sleep(after);
    token.cancel();
    assert_cancelled(&sending.join().unwrap().take(queued).unwrap_err(), Outcome::Unknown);

    // The gateway is not to blame, and nobody gets a connection on which another's reply is to come.
    stage.hang(false);
    assert!(stage.client.pool_status().gateways[0].is_available);
    for _ in 0..20 {
        assert_eq!(table.get(&Get::new("row0003")).unwrap().unwrap().key(), b"row0003");
    }
    assert!((0..=2).contains(&stage.counter()));
}

#[test]
fn a_token_that_was_used_lets_no_call_begin() {
    let stage = Stage::new(2);
    let token = CancellationToken::new();
    let table = stage.client.table("t").with_cancellation(&token);
    let mut rows = table.scan(Scan::new().caching(3)).unwrap();
    assert!(rows.next().unwrap().is_ok());
    token.cancel();
    assert!(token.is_cancelled() && token.clone().is_cancelled());
    let requests = stage.valve.requests();
    let error = table.increment(&Increment::new("r", "f:n", 1)).unwrap_err();
    assert_cancelled(&error, Outcome::NotApplied);
    // What came already is handed out; then the scan ends.
    let rest: Vec<_> = rows.collect();
    assert_cancelled(rest.last().unwrap().as_ref().unwrap_err(), Outcome::NotApplied);
    assert!(rest.len() < ROWS);
    thread::sleep(Duration::from_millis(50));
    assert!(stage.valve.requests() <= requests + 1, "at most the scanner is closed");
    assert_eq!(stage.counter(), 0);
    assert_eq!(stage.client.table("t").count_rows(Scan::new()).unwrap(), ROWS as u64);
}

#[test]
fn a_call_that_waits_for_a_connection_or_pauses_is_ended() {
    let stage = Stage::new(1);
    let table = stage.client.table("t");
    stage.hang(true);
    let holder = table.clone();
    let holding = thread::spawn(move || holder.get(&Get::new("row0001")));
    while stage.client.pool_status().in_use == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    let waiting = stage.client.clone();
    let after = Duration::from_millis(200);
    let error = cancelled(&table, after, move |table| {
        let result = table.get(&Get::new("row0002"));
        assert_eq!(waiting.pool_status().waiting, 0);
        result
    });
    assert_cancelled(&error.unwrap_err(), Outcome::NotApplied);
    stage.hang(false);
    assert!(holding.join().unwrap().unwrap().is_some());

    // Nothing listens there any more: attempts and pauses, one after the other.
    let gone = {
        let server = exact().start().unwrap();
        let config = config(&[server.address()])
            .max_attempts(1_000)
            .operation_timeout(Duration::from_secs(120));
        connect(config).table("t")
    };
    let after = Duration::from_millis(500);
    let error = cancelled(&gone, after, |table| table.get(&Get::new("row0001"))).unwrap_err();
    assert_cancelled(&error, Outcome::NotApplied);
}

/// Tokens are used at any moment: each call says what became of it, and the counter agrees.
#[test]
fn calls_that_are_ended_at_any_moment_say_no_more_than_is_known() {
    let stage = Stage::new(3);
    // One attempt, so that it shows if a connection that was ended is lent again.
    let once = stage.client.config().clone().max_attempts(1);
    let table = connect(once).table("t");
    let mut luck = luck();
    let (mut least, mut most) = (0, 0);
    for _ in 0..300 {
        let token = CancellationToken::new();
        let handle = table.with_cancellation(&token);
        let calling = thread::spawn(move || handle.increment(&Increment::new("r", "f:n", 1)));
        let pause = luck.u64(0..400);
        thread::sleep(Duration::from_micros(pause));
        token.cancel();
        match calling.join().unwrap() {
            Ok(_) => (least, most) = (least + 1, most + 1),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
                match error.outcome() {
                    Outcome::NotApplied => {}
                    Outcome::Applied => (least, most) = (least + 1, most + 1),
                    Outcome::Unknown => most += 1,
                }
            }
        }
        assert_eq!(table.get(&Get::new("row0004")).unwrap().unwrap().key(), b"row0004");
    }
    let counter = stage.counter();
    println!("{least} to {most} increments, counted {counter}");
    assert!((least..=most).contains(&counter), "{least} to {most}, counted {counter}");
}

#[test]
fn a_handle_has_its_own_time() {
    let stage = Stage::new(2);
    let table = stage.client.table("t").with_timeout(Duration::from_millis(300));
    stage.hang(true);
    let began = Instant::now();
    let error = table.get(&Get::new("row0001")).unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(began.elapsed() < SOON);
    stage.hang(false);
    assert!(table.get(&Get::new("row0001")).unwrap().is_some());
    let patient = stage.client.with_timeout(Duration::MAX).table("t");
    assert!(patient.get(&Get::new("row0001")).unwrap().is_some());
}

#[test]
fn a_client_that_was_closed_has_no_connection_and_begins_no_call() {
    let stage = Stage::new(2);
    let table = stage.client.table("t");
    let mut rows = table.scan(Scan::new().caching(3)).unwrap();
    assert!(rows.next().unwrap().is_ok());
    let status = stage.client.pool_status();
    assert_eq!((status.in_use, status.waiting, status.max_connections), (0, 0, 2));
    assert!(status.connections > 0);
    assert_eq!(status.connections, status.gateways[0].connections);

    // One call holds each connection, one waits; the last is begun when the client is closed.
    stage.hang(true);
    let call = |key: &'static str| {
        let table = table.clone();
        thread::spawn(move || table.get(&Get::new(key)))
    };
    let calls = [call("row0001"), call("row0002"), call("row0003")];
    while stage.client.pool_status().waiting < 1 {
        thread::sleep(Duration::from_millis(5));
    }
    stage.client.close();
    stage.hang(false);
    let began = Instant::now();
    let results = calls.map(|call| call.join().unwrap());
    let closed = results
        .iter()
        .filter(|result| result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Closed));
    assert_eq!(closed.count(), 1, "{results:?}");
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 2, "{results:?}");
    assert_eq!(stage.client.pool_status().connections, 0);
    // Not only those that are counted: none is kept to be looked at later.
    while stage.valve.open_connections() > 0 {
        assert!(began.elapsed() < SOON, "a connection stays open");
        thread::sleep(Duration::from_millis(5));
    }

    let error = table.put(&Put::new("r").column("f:x", "1")).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Closed, Outcome::NotApplied));
    assert_eq!(rows.last().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(stage.client.pool_status().connections, 0);
    stage.client.close();
}
