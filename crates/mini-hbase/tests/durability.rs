//! What is still there after a server ended, politely or not, and which stores are refused.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

#[path = "support/child.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod child;
#[path = "support/random.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod random;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use child::Served;

use hbase_thrift_api::{BatchMutation, IOError, Mutation, TAppend, THbaseSyncClient, TIncrement};
use mini_hbase::{Durability, MiniHBase, StartError};
use random::Random;
use support::{
    Raw, bytes, client, client_with_table, copy_folder, family, mutation, none, put, raw, value,
};

const WRITERS: usize = 4;
/// How often the server is killed.
const KILLS: usize = 8;
/// What is acknowledged before it is: more than the write buffer of 16 MiB, again and again, so that
/// it is killed while buffers are flushed and files compacted.
const ROWS_A_KILL: usize = 300;
const LARGE: usize = 64 << 10;

/// Not a test: what `every_acknowledged_row…` runs in a process of its own.
#[test]
fn serve_until_killed() {
    let Some(folder) = child::folder() else { return };
    child::serve(&MiniHBase::builder().store(folder).start().unwrap());
}

/// The value of a row: its number, and so much more that it differs from any other's.
fn content(row: &str) -> String {
    format!("{row}/").repeat(LARGE / (row.len() + 1))
}

/// What was acknowledged: rows, each of which is there or deleted, and increments.
#[derive(Default)]
struct Acknowledged {
    rows: BTreeMap<String, bool>,
    increments: i64,
}

impl Acknowledged {
    fn check(&self, client: &mut Raw, round: usize) {
        for (row, is_there) in &self.rows {
            let found = client.get_row(bytes("t"), bytes(row), none()).unwrap();
            if !is_there {
                assert!(found.is_empty(), "{row} is back in round {round}");
                continue;
            }
            let columns = found.first().and_then(|found| found.columns.as_ref());
            let columns = columns.unwrap_or_else(|| panic!("{row} is lost in round {round}"));
            let value = |name: &[u8]| columns[name].value.as_deref();
            assert!(value(b"f:x") == Some(content(row).as_bytes()), "{row} is another");
            assert_eq!(value(b"g:y"), Some(row.as_bytes()), "half a row");
        }
        let count = client.atomic_increment(bytes("t"), bytes("count"), bytes("f:n"), 0).unwrap();
        let increments = self.increments;
        assert!(count >= increments, "{count} of {increments} increments in round {round}");
    }
}

/// Writes, deletes and counts until the server is gone, after this many rows of all writers killed by one.
fn write_until_killed(
    writer: &str,
    enough: usize,
    acknowledged: &Mutex<Acknowledged>,
    address: &str,
    kill: &impl Fn(),
) {
    let mut client = raw(address);
    let name = |number: usize| format!("{writer}-{number}");
    let before = acknowledged.lock().unwrap().rows.len();
    for number in 0.. {
        let row = name(number);
        let both = vec![mutation("f:x", &content(&row)), mutation("g:y", &row)];
        let batch = vec![BatchMutation::new(bytes(&row), both)];
        if client.mutate_rows(bytes("t"), batch, none()).is_err() {
            return;
        }
        let mut now = acknowledged.lock().unwrap();
        now.rows.insert(row, true);
        if now.rows.len() >= before + enough {
            // While the other writers go on.
            kill();
        }
        drop(now);
        if number % 4 == 3 {
            // Whether it is there is unknown, unless the delete is acknowledged.
            let old = name(number - 2);
            acknowledged.lock().unwrap().rows.remove(&old);
            if client.delete_all_row(bytes("t"), bytes(&old), none()).is_err() {
                return;
            }
            acknowledged.lock().unwrap().rows.insert(old, false);
        }
        if client.atomic_increment(bytes("t"), bytes("count"), bytes("f:n"), 1).is_err() {
            return;
        }
        acknowledged.lock().unwrap().increments += 1;
    }
}

#[test]
fn every_acknowledged_row_survives_kills_under_flush_and_compaction() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let acknowledged = Mutex::new(Acknowledged::default());
    let mut random = Random::new();
    let compactions = AtomicUsize::new(0);
    for round in 0..=KILLS {
        let served = Served::start("serve_until_killed", &store);
        let address = served.address.clone();
        let mut client = raw(&address);
        if round == 0 {
            client.create_table(bytes("t"), vec![family("f"), family("g")]).unwrap();
        }
        acknowledged.lock().unwrap().check(&mut client, round);
        if round == KILLS {
            break;
        }
        let enough = ROWS_A_KILL / 2 + random.below(ROWS_A_KILL);
        let served = Mutex::new(served);
        let kill = || served.lock().unwrap().kill();
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (acknowledged, address, kill) = (&acknowledged, &address, &kill);
                let writer = format!("{round}-{writer}");
                scope.spawn(move || {
                    write_until_killed(&writer, enough, acknowledged, address, kill);
                });
            }
            // One after the other, so that a kill nearly always falls into one.
            scope.spawn(|| {
                while client.compact(bytes("t")).is_ok() {
                    compactions.fetch_add(1, Ordering::Relaxed);
                }
            });
        });
    }
    let compactions = compactions.into_inner();
    println!("{compactions} compactions between {KILLS} kills");
    assert!(compactions >= 2 * KILLS, "{compactions} compactions");
}

#[test]
fn a_small_row_survives_a_kill_right_after_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    client_with_table(&MiniHBase::builder().store(&store).start().unwrap());
    for round in 0..3 {
        let mut served = Served::start("serve_until_killed", &store);
        let row = format!("r{round}");
        put(&mut raw(&served.address), &row, "f:x", "v").unwrap();
        // Nothing comes after it that would push it out of a buffer.
        served.kill();
        let restarted = MiniHBase::builder().store(&store).start().unwrap();
        let found = value(&mut client(&restarted), &row, "f:x");
        assert_eq!(found.as_deref(), Some("v"), "{round}");
    }
}

/// A journal that ends in the middle, as a power cut leaves it, or has flipped bits: what was
/// flushed before is there, or the store says that it is damaged. It never has wrong cells.
#[test]
fn a_torn_or_flipped_journal_gives_the_rows_before_or_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let rows: Vec<String> = (0..40).map(|number| format!("r{number:02}")).collect();
    let mut served = Served::start("serve_until_killed", &store);
    let mut client = raw(&served.address);
    client.create_table(bytes("t"), vec![family("f")]).unwrap();
    for row in &rows {
        put(&mut client, row, "f:x", &format!("value of {row}")).unwrap();
    }
    served.kill();
    let mut random = Random::new();
    let (mut shorter, mut refused) = (0, 0);
    for round in 0..16 {
        let copy = folder.path().join(format!("copy-{round}"));
        copy_folder(&store, &copy);
        let journal = journal_of(&copy);
        let mut bytes_of = fs::read(&journal).unwrap();
        let end = bytes_of.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let tears = round % 2 == 0;
        if tears {
            bytes_of.truncate(random.below(end));
        } else {
            let place = random.below(end);
            bytes_of[place] ^= 1 << random.below(8);
        }
        fs::write(&journal, bytes_of).unwrap();
        match MiniHBase::builder().store(&copy).start() {
            Ok(restarted) => {
                let mut client = support::client(&restarted);
                let tables = client.get_table_names().unwrap();
                let there =
                    if tables.is_empty() { 0 } else { prefix_of(&mut client, &rows, round) };
                shorter += usize::from(there < rows.len());
            }
            Err(StartError::Damaged { .. }) => refused += 1,
            Err(error) => panic!("{round}: {error:?}"),
        }
        fs::remove_dir_all(copy).unwrap();
    }
    println!("{shorter} journals were cut short, {refused} refused");
    assert!(shorter + refused >= 8, "{shorter} shorter, {refused} refused");
}

/// How many rows are there: the first ones, with what was put.
fn prefix_of(client: &mut Raw, rows: &[String], round: usize) -> usize {
    let values: Vec<_> = rows.iter().map(|row| value(client, row, "f:x")).collect();
    let there = values.iter().take_while(|value| value.is_some()).count();
    for (row, value) in rows.iter().zip(&values) {
        if let Some(value) = value {
            assert_eq!(value, &format!("value of {row}"), "{round}");
        }
    }
    assert!(values[there..].iter().all(Option::is_none), "{round}: a hole in {values:?}");
    there
}

fn journal_of(store: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(store.join("data")).unwrap().map(|entry| entry.unwrap().path());
    let mut journals: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "jnl")).collect();
    journals.sort();
    journals.pop().unwrap()
}

#[test]
fn each_put_waits_for_a_flush_where_it_has_to_survive_a_power_cut() {
    const WRITERS: u64 = 16;
    const PUTS: u64 = 20;
    let server = MiniHBase::builder().durability(Durability::PowerCut).start().unwrap();
    let mut client = client_with_table(&server);
    for number in 0..PUTS {
        let before = server.flushes();
        put(&mut client, &format!("r{number}"), "f:x", "v").unwrap();
        assert!(server.flushes() > before, "put {number} was acknowledged without a flush");
    }
    let before = server.flushes();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let server = &server;
            scope.spawn(move || {
                let mut client = support::client(server);
                for number in 0..PUTS {
                    put(&mut client, &format!("{writer}-{number}"), "f:x", "v").unwrap();
                }
            });
        }
    });
    let flushes = server.flushes() - before;
    // No writer has two puts in one flush.
    assert!(flushes >= PUTS, "{flushes} flushes");
    println!("{} puts took {flushes} flushes", WRITERS * PUTS);

    let server = MiniHBase::start().unwrap();
    put(&mut client_with_table(&server), "r", "f:x", "v").unwrap();
    assert_eq!(server.flushes(), 0);
}

#[test]
fn a_call_waits_for_one_flush_however_much_it_writes() {
    let server = MiniHBase::builder().durability(Durability::PowerCut).start().unwrap();
    let mut client = client_with_table(&server);
    let row = |number: usize| bytes(&format!("r{number}"));
    let delete = || Mutation { is_delete: Some(true), ..mutation("f:old", "") };
    let mut flushes = |call: &dyn Fn(&mut Raw)| {
        let before = server.flushes();
        call(&mut client);
        server.flushes() - before
    };
    let increments = flushes(&|raw| {
        let increment = |number| TIncrement::new(bytes("t"), row(number), bytes("f:n"), 1);
        raw.increment_rows((0..20).map(increment).collect()).unwrap();
    });
    assert_eq!(increments, 1);
    let failing = flushes(&|raw| {
        let increment = |column| TIncrement::new(bytes("t"), row(1), bytes(column), 1);
        raw.increment_rows(vec![increment("f:n"), increment("no:n")]).unwrap_err();
    });
    assert_eq!(failing, 1, "what was done before the failure");
    let both = flushes(&|raw| {
        let both = vec![delete(), mutation("f:x", "v")];
        raw.mutate_row(bytes("t"), row(1), both, none()).unwrap();
    });
    assert_eq!(both, 1, "a delete and a put");
    let batch = flushes(&|raw| {
        let both = || vec![delete(), mutation("f:x", "v")];
        let batch = (0..20).map(|number| BatchMutation::new(row(number), both())).collect();
        raw.mutate_rows(bytes("t"), batch, none()).unwrap();
    });
    assert_eq!(batch, 1, "twenty puts and twenty deletes");
    let append = flushes(&|raw| {
        let columns = vec![bytes("f:a"), bytes("f:b")];
        let values = vec![bytes("1"), bytes("2")];
        raw.append(TAppend::new(bytes("t"), row(1), columns, values)).unwrap();
    });
    assert_eq!(append, 1);
    let checked = flushes(&|raw| {
        let put = mutation("f:c", "v");
        let (row, column) = (row(1), bytes("f:c"));
        assert!(raw.check_and_put(bytes("t"), row, column, Vec::new(), put, none()).unwrap());
    });
    assert_eq!(checked, 1);
    let refused = flushes(&|raw| {
        let put = mutation("f:c", "v");
        let (row, column) = (row(1), bytes("f:c"));
        assert!(!raw.check_and_put(bytes("t"), row, column, Vec::new(), put, none()).unwrap());
    });
    assert_eq!(refused, 0, "nothing was written");
}

#[test]
fn a_stopped_server_comes_back_with_its_tables() {
    let folder = tempfile::tempdir().unwrap();
    for durability in [Durability::Process, Durability::PowerCut] {
        let store = folder.path().join(format!("{durability:?}"));
        let builder = MiniHBase::builder().store(&store).durability(durability);
        let server = builder.clone().start().unwrap();
        let mut raw = client_with_table(&server);
        put(&mut raw, "r", "f:x", "v").unwrap();
        raw.create_table(bytes("off"), vec![family("f")]).unwrap();
        raw.disable_table(bytes("off")).unwrap();
        raw.create_table(bytes("gone"), vec![family("f")]).unwrap();
        raw.disable_table(bytes("gone")).unwrap();
        raw.delete_table(bytes("gone")).unwrap();
        let id = raw.get_cluster_id().unwrap();
        server.stop();

        let server = builder.start().unwrap();
        let mut raw = client(&server);
        assert_eq!(raw.get_cluster_id().unwrap(), id);
        assert_eq!(value(&mut raw, "r", "f:x").as_deref(), Some("v"));
        let tables = raw.get_table_names_with_is_table_enabled().unwrap();
        assert_eq!(tables, [(bytes("off"), false), (bytes("t"), true)].into());
    }
}

#[test]
fn a_delete_is_remembered_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let server = MiniHBase::builder().store(&store).start().unwrap();
    let mut raw = client_with_table(&server);
    raw.delete_all_ts(bytes("t"), bytes("r"), bytes("f:x"), 100, none()).unwrap();
    server.stop();

    let server = MiniHBase::builder().store(&store).start().unwrap();
    let mut raw = client(&server);
    let old = vec![mutation("f:x", "v")];
    raw.mutate_row_ts(bytes("t"), bytes("r"), old, 100, none()).unwrap();
    assert_eq!(value(&mut raw, "r", "f:x"), None);
}

#[test]
fn a_store_that_can_write_no_file_refuses_calls_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let server = MiniHBase::builder().store(folder.path().join("store")).start().unwrap();
    let mut raw = client_with_table(&server);
    put(&mut raw, "before", "f:x", "v").unwrap();
    // As on a disk that has failed; the journal is still open.
    fs::remove_dir_all(folder.path().join("store/data/keyspaces")).unwrap();
    let refused = |result: thrift::Result<()>| {
        let Err(thrift::Error::User(error)) = result else { panic!("{result:?}") };
        let message = error.downcast_ref::<IOError>().unwrap().message.clone().unwrap();
        assert!(message.contains("takes no more"), "{message}");
    };
    refused(raw.compact(bytes("t")));
    refused(put(&mut raw, "after", "f:x", "v"));
    refused(raw.compact(bytes("t")));
    assert_eq!(value(&mut raw, "before", "f:x").as_deref(), Some("v"));
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < Duration::from_secs(10));
}
