//! Calls of every kind that end at any moment: by a token, with their client, for want of time, or with
//! what they belong to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_client::{
    Append, Batch, CancellationToken, CheckAndPut, Client, ColumnFamily, Delete, Error, ErrorKind,
    Get, GetRows, GetVersions, Increment, Outcome, Put, RowSet, Scan, Table, WriterOptions,
};
use mini_hbase::MiniHBase;

use crate::{config, connect, exact, fill, keys, luck};

const ROWS: usize = 40;
/// Far above what any of these takes on a busy machine, and below the time-outs.
const SOON: Duration = Duration::from_secs(30);

fn stage(max_connections: usize) -> (MiniHBase, Client) {
    let server = exact().start().unwrap();
    fill(&server, ROWS);
    let config = config(&[server.address()])
        .operation_timeout(Duration::from_secs(120))
        .pool_timeout(Duration::from_secs(120))
        // So that it shows if a connection that was ended is lent again.
        .max_attempts(1)
        .max_connections(max_connections);
    (server, connect(config))
}

/// How many times a counter was added to at least and at most.
#[derive(Default)]
struct Added {
    least: AtomicU64,
    most: AtomicU64,
}

impl Added {
    /// Takes note of what one increment says of itself.
    fn note(&self, result: Result<(), Error>) -> Result<(), Error> {
        let outcome = result.as_ref().map_or_else(Error::outcome, |()| Outcome::Applied);
        self.least.fetch_add(u64::from(outcome == Outcome::Applied), Ordering::SeqCst);
        self.most.fetch_add(u64::from(outcome != Outcome::NotApplied), Ordering::SeqCst);
        result
    }

    fn check(&self, table: &Table) {
        let (least, most) = (self.least.load(Ordering::SeqCst), self.most.load(Ordering::SeqCst));
        // What was sent when its caller was ended may be carried out a little later.
        let began = Instant::now();
        loop {
            let counted = table.counter_get("n", "f:n").unwrap().cast_unsigned();
            assert!(counted <= most, "{least} to {most}, counted {counted}");
            if counted >= least {
                println!("{least} to {most} increments, counted {counted}");
                return;
            }
            assert!(began.elapsed() < SOON, "{least} to {most}, counted {counted}");
        }
    }
}

/// One call or stream of any kind; what it returns is checked, and how it ended is returned.
fn act(kind: u32, client: &Client, added: &Added) -> Result<(), Error> {
    let table = client.table("t");
    let all: Vec<_> = keys(ROWS).map(String::into_bytes).collect();
    let is_all = |found: Vec<Vec<u8>>| assert_eq!(found, all);
    let key = |row: hbase_thrift_client::Row| row.key().to_vec();
    match kind {
        0 => table.get(&Get::new("row0001")).map(|row| assert_eq!(key(row.unwrap()), b"row0001")),
        1 => table.get_rows(&GetRows::new(keys(ROWS))).map(|rows| {
            is_all(rows.into_iter().map(|row| key(row.unwrap())).collect());
        }),
        2 => added.note(table.increment(&Increment::new("n", "f:n", 1)).map(drop)),
        3 => added.note(table.increment_rows(&[Increment::new("n", "f:n", 1)])),
        4 => is_all_or_error(table.scan(scan())?, &all),
        5 => is_all_or_error(table.scan_regions_in_order(scan())?, &all),
        6 => is_all_or_error(
            table.scan_rows(keys(ROWS).collect::<RowSet>(), Scan::new().caching(3))?,
            &all,
        ),
        7 => {
            let salts = ["row000", "row001", "row002", "row003"];
            let found: Vec<_> = table.scan_merge(salts, Scan::new())?.collect::<Result<_, _>>()?;
            assert_eq!(found.len(), ROWS);
            Ok(())
        }
        8 => table.scan_regions(scan())?.count_rows().map(|rows| assert_eq!(rows, ROWS as u64)),
        9 => table.count_rows(scan()).map(|rows| assert_eq!(rows, ROWS as u64)),
        10 => {
            let writer = table.writer(WriterOptions::new().max_mutations(5));
            for number in 0..20 {
                let put = Put::new(format!("w{number}")).column("f:x", "1");
                if let Err(error) = writer.write(put) {
                    let error = error.into_failures().remove(0).error;
                    // The rest is sent by the drop, or logged.
                    return Err(error);
                }
            }
            writer.close().map_err(|error| error.into_failures().remove(0).error)
        }
        11 => {
            let mut pipeline = client.pipeline();
            let row = pipeline.get(&table, Get::new("row0002"))?;
            let number = pipeline.increment(&table, Increment::new("n", "f:n", 1))?;
            let other = pipeline.get(&table, Get::new("row0003"))?;
            let mut results = pipeline.send();
            let added = added.note(results.take(number).map(drop));
            let row = results.take(row).map(|row| assert_eq!(key(row.unwrap()), b"row0002"));
            let other = results.take(other).map(|row| assert_eq!(key(row.unwrap()), b"row0003"));
            added.and(row).and(other)
        }
        12 => client.admin().table_exists("t").map(|exists| assert!(exists)),
        13 => table.families().map(|families| assert_eq!(families, [family()])),
        14 => table.batch(&(0..9).map(|n| Put::new(format!("b{n}")).column("f:x", "1")).collect()),
        15 => table.append(&Append::new("a").column("f:x", "1")).map(drop),
        16 => table.delete(&Delete::row("d")),
        17 => table.check_and_put(&CheckAndPut::if_absent("c", "f:x").put("f:x", "1")).map(drop),
        18 => table.get_versions(&GetVersions::new("row0001", "f:x", 3)).map(drop),
        _ => client.ping(),
    }
}

const KINDS: u32 = 20;

fn family() -> ColumnFamily {
    ColumnFamily::new("f").max_versions(3)
}

fn scan() -> Scan {
    Scan::new().prefix("row").caching(3)
}

fn is_all_or_error(
    rows: impl Iterator<Item = Result<hbase_thrift_client::Row, Error>>,
    all: &[Vec<u8>],
) -> Result<(), Error> {
    let mut came = Vec::new();
    for row in rows {
        // Whatever ends it, there is no gap before.
        came.push(row?.key().to_vec());
        assert_eq!(came, all[..came.len()]);
    }
    assert_eq!(came, all);
    Ok(())
}

/// Runs `act` on several threads while `end` is done, and returns what became of each; none takes long.
fn while_ended(
    client: &Client,
    kinds: &[u32],
    added: &Arc<Added>,
    end: impl FnOnce(),
) -> Vec<(u32, Result<(), Error>)> {
    let (sender, receiver) = mpsc::channel();
    for kind in kinds.iter().copied() {
        let (client, sender, added) = (client.clone(), sender.clone(), Arc::clone(added));
        thread::spawn(move || sender.send((kind, act(kind, &client, &added))));
    }
    drop(sender);
    end();
    let result = |_| receiver.recv_timeout(SOON).expect("a call panicked or hangs");
    (0..kinds.len()).map(result).collect()
}

/// Every connection is back, or gone.
fn assert_none_in_use(client: &Client) {
    let began = Instant::now();
    loop {
        let status = client.pool_status();
        if (status.in_use, status.waiting) == (0, 0) {
            return;
        }
        assert!(began.elapsed() < SOON, "{status:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn assert_usable(client: &Client, added: &Added) {
    for kind in 0..KINDS {
        act(kind, client, added).unwrap_or_else(|error| panic!("{kind}: {error:?}"));
    }
}

#[test]
fn whatever_a_token_ends_says_what_became_of_it_and_leaves_the_client_whole() {
    let mut luck = luck();
    let (_server, client) = stage(3);
    let added = Arc::new(Added::default());
    let mut cancelled = 0;
    for _ in 0..250 {
        let token = CancellationToken::new();
        let other = CancellationToken::new();
        let handle = client.with_cancellation(&token).with_cancellation(&other);
        let kinds: Vec<u32> = (0..luck.usize(1..5)).map(|_| luck.u32(..KINDS)).collect();
        let pause = Duration::from_micros(luck.u64(0..3_000));
        let results = while_ended(&handle, &kinds, &added, || {
            thread::sleep(pause);
            if luck.bool() { token.cancel() } else { other.cancel() }
        });
        for (kind, result) in results {
            let Err(error) = result else { continue };
            cancelled += 1;
            assert_eq!(error.kind(), ErrorKind::Cancelled, "{kind}: {error:?}");
        }
        assert_none_in_use(&client);
        let kind = luck.u32(..KINDS);
        act(kind, &client, &added).unwrap_or_else(|error| panic!("{kind}: {error:?}"));
        assert!(client.pool_status().gateways[0].is_available);
    }
    println!("{cancelled} were ended");
    assert!(cancelled > 50);
    assert_usable(&client, &added);
    added.check(&client.table("t"));
}

#[test]
fn whatever_is_under_way_when_its_client_is_closed_ends() {
    let mut luck = luck();
    let (_server, patient) = stage(3);
    let added = Arc::new(Added::default());
    for _ in 0..60 {
        let client = connect(patient.config().clone());
        let kinds: Vec<u32> = (0..luck.usize(1..7)).map(|_| luck.u32(..KINDS)).collect();
        let pause = Duration::from_micros(luck.u64(0..3_000));
        let results = while_ended(&client, &kinds, &added, || {
            thread::sleep(pause);
            client.close();
        });
        for (kind, result) in results {
            if let Err(error) = result {
                assert_eq!(error.kind(), ErrorKind::Closed, "{kind}: {error:?}");
            }
        }
        assert_none_in_use(&client);
        assert_eq!(client.pool_status().connections, 0);
    }
    added.check(&patient.table("t"));
}

/// A handle that has no time at all harms none of the others, and says so of each of its calls.
#[test]
fn a_handle_without_time_sends_nothing_and_blames_nobody() {
    let (_server, client) = stage(3);
    let added = Added::default();
    for time in [Duration::ZERO, Duration::from_nanos(1)] {
        let hurried = client.with_timeout(time);
        for kind in 0..KINDS {
            let error = act(kind, &hurried, &added).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout, "{kind}: {error:?}");
            assert_eq!(error.outcome(), Outcome::NotApplied, "{kind}: {error:?}");
            assert!(client.pool_status().gateways[0].is_available, "{kind}: {error:?}");
            assert_none_in_use(&client);
        }
    }
    assert_usable(&client.with_timeout(Duration::MAX), &added);
    added.check(&client.table("t"));
}

#[test]
fn what_belongs_to_a_client_outlives_it_in_any_order() {
    let mut luck = luck();
    let (_server, client) = stage(2);
    let added = Added::default();
    for round in 0..60 {
        let own = connect(client.config().clone());
        let table = own.table("t");
        let mut scanner = table.scan(scan()).unwrap();
        let mut by_region = table.scan_regions_in_order(scan()).unwrap();
        let writer = table.writer(WriterOptions::new().max_mutations(1_000));
        writer.write(Put::new(format!("o{round}")).column("f:x", "1")).unwrap();
        let mut pipeline = own.pipeline();
        let queued = pipeline.get(&table, Get::new("row0004")).unwrap();
        for _ in 0..luck.usize(..9) {
            scanner.next().unwrap().unwrap();
            by_region.next().unwrap().unwrap();
        }
        let mut dropped: Vec<Box<dyn FnOnce()>> = vec![
            Box::new(move || drop(own)),
            Box::new(move || drop(table)),
            Box::new(move || drop(writer)),
            Box::new(move || match round % 3 {
                0 => drop(scanner),
                1 => assert!(scanner.all(|row| row.is_ok())),
                _ => std::mem::forget(scanner),
            }),
            Box::new(move || drop(by_region)),
            Box::new(move || {
                let row = pipeline.send().take(queued).unwrap().unwrap();
                assert_eq!(row.key(), b"row0004");
            }),
        ];
        luck.shuffle(&mut dropped);
        for drop in dropped {
            drop();
        }
        assert!(client.table("t").get(&Get::new(format!("o{round}"))).unwrap().is_some());
    }
    // A writer that is forgotten sends nothing by itself without an age, and keeps nobody waiting.
    let forgotten = client.table("t").writer(WriterOptions::new().no_max_age());
    forgotten.write(Put::new("forgotten").column("f:x", "1")).unwrap();
    std::mem::forget(forgotten);
    assert_usable(&client, &added);
    assert!(client.table("t").get(&Get::new("forgotten")).unwrap().is_none());
    assert_none_in_use(&client);
}

#[test]
fn clients_that_share_a_token_end_together_and_only_once() {
    let (_server, client) = stage(2);
    let other = connect(client.config().clone());
    let token = CancellationToken::new();
    let handles = [client.with_cancellation(&token), other.with_cancellation(&token.clone())];
    let added = Added::default();
    for handle in &handles {
        assert_usable(handle, &added);
    }
    token.cancel();
    token.cancel();
    for handle in &handles {
        for kind in 0..KINDS {
            let error = act(kind, handle, &added).unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome()),
                (ErrorKind::Cancelled, Outcome::NotApplied)
            );
        }
    }
    for client in [&client, &other] {
        assert_usable(client, &added);
    }
    added.check(&client.table("t"));
}

#[test]
fn a_large_batch_is_made_from_an_iterator_and_many_rows_are_read_by_their_keys() {
    let (_server, client) = stage(2);
    let table = client.table("t");
    let put = |number: u32| Put::new(format!("{number:06}")).column("f:x", number.to_string());
    let puts: Batch = (0..100_000).map(put).collect();
    assert_eq!((puts.len(), puts.clone().into_iter().count()), (100_000, 100_000));
    table.batch(&puts).unwrap();
    // Each second one is there, some are asked for twice.
    let wanted: Vec<String> =
        (0..10_000).map(|n| format!("{:06}", (n * 37 % 5_000) * 40)).collect();
    let rows = table.get_rows(&GetRows::new(wanted.clone())).unwrap();
    for (key, row) in wanted.iter().zip(rows) {
        assert_eq!(row.is_some(), key.as_str() < "100000", "{key}");
        assert!(row.is_none_or(|row| row.key() == key.as_bytes()));
    }
    assert_eq!(table.count_rows(Scan::new().stop("row").caching(10_000)).unwrap(), 100_000);
}
