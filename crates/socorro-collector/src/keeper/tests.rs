//! A store that is there, and a crash that it always fails.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use bytes::Bytes;
use hbase_thrift_client::{Client, Config};
use mini_hbase::MiniHBase;
use socorro_hbase_client::{CrashMetadata, Ooid, SchemaOptions};
use tokio::runtime::Runtime;

use super::*;
use crate::memory::Memory;

/// In the crash that fails.
const POISON: &[u8] = b"connections that carry this are cut";

/// Carries connections to a server, and cuts those that carry the poison.
fn cutting_proxy(server: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("hbase://{}", listener.local_addr().unwrap());
    let server = server.strip_prefix("hbase://").unwrap().trim_end_matches('/').to_owned();
    thread::spawn(move || {
        for here in listener.incoming() {
            let here = here.unwrap();
            let Ok(there) = TcpStream::connect(&server) else { continue };
            let (back, forth) = (here.try_clone().unwrap(), there.try_clone().unwrap());
            thread::spawn(move || carry(here, forth, POISON));
            thread::spawn(move || carry(there, back, b"\0never this\0"));
        }
    });
    url
}

fn carry(mut from: TcpStream, mut to: TcpStream, cut_at: &[u8]) {
    let (mut seen, mut buffer) = (Vec::<u8>::new(), vec![0; 64 << 10]);
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        seen.extend(&buffer[..read]);
        if seen.windows(cut_at.len()).any(|bytes| bytes == cut_at)
            || to.write_all(&buffer[..read]).is_err()
        {
            break;
        }
        seen.drain(..seen.len().saturating_sub(cut_at.len()));
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

struct World {
    _hbase: MiniHBase,
    direct: CrashStore,
    keeper: Keeper,
    metrics: Arc<Metrics>,
    runtime: Runtime,
}

fn store(url: &str) -> CrashStore {
    let config: Config = url.parse().unwrap();
    CrashStore::new(Client::connect(config.operation_timeout(Duration::from_millis(300))).unwrap())
}

impl World {
    fn new(folder: &Path, pace: Pace) -> Self {
        let hbase = MiniHBase::in_memory().unwrap();
        let direct = store(&hbase.url());
        direct.create_schema(&SchemaOptions::new()).unwrap();
        let spool = Spool::open(folder, 64 << 20).unwrap();
        let metrics = Arc::new(Metrics::new(None));
        let through = store(&cutting_proxy(&hbase.url()));
        let keeper = Keeper::start_with(through, Some(spool), Arc::clone(&metrics), pace);
        Self { _hbase: hbase, direct, keeper, metrics, runtime: Runtime::new().unwrap() }
    }

    fn keep(&self, crash: Crash) -> Result<Kept, Refusal> {
        self.runtime.block_on(self.keeper.keep(crash, Memory::new(0).share(None)))
    }

    fn is_there(&self, crash: &Crash) -> bool {
        self.direct.get_raw_report(crash.ooid).unwrap().is_some()
    }

    fn metric(&self, name: &str) -> String {
        let text = self.metrics.text(self.keeper.spool().map(Spool::filled)).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or("none").to_owned()
    }
}

fn crash(number: usize, dump: &[u8]) -> Crash {
    let ooid: Ooid = format!("6d8a2b4e-9c1f-4e57-8b3a-{number:05}2120508").parse().unwrap();
    let json = r#"{"submitted_timestamp": "2012-05-08T20:50:50"}"#;
    let metadata = CrashMetadata::from_json(json).unwrap();
    let dump = ("dump".parse().unwrap(), Bytes::copy_from_slice(dump));
    Crash { ooid, metadata, dumps: vec![dump] }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_mins(1), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn patient() -> Pace {
    Pace { first: Duration::from_mins(10), ..Pace::default() }
}

#[test]
fn a_crash_that_the_store_always_fails_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    // Tried again and again, for as long as the test takes.
    let often = Duration::from_millis(100);
    let world =
        World::new(folder.path(), Pace { first: often, longest: often, attempts: 1_000_000 });
    assert_eq!(world.keep(crash(0, POISON)), Ok(Kept::Spooled));
    // Some come while the store is taken for away, and wait in the spool behind it.
    let mut others: Vec<Crash> = (1..20).map(|number| crash(number, b"MDMP")).collect();
    for other in &others {
        world.keep(other.clone()).unwrap();
    }
    wait_until("the others are stored", || others.iter().all(|crash| world.is_there(crash)));
    wait_until("it is known", || world.metric("socorro_collector_spool_failing") == "1");
    // It isn't a reason to take the store for away any more.
    thread::sleep(Duration::from_secs(1));
    let late: Vec<Crash> = (20..40).map(|number| crash(number, b"MDMP")).collect();
    for crash in &late {
        thread::sleep(Duration::from_millis(150));
        assert_eq!(world.keep(crash.clone()), Ok(Kept::Stored));
    }
    others.extend(late);
    assert!(others.iter().all(|crash| world.is_there(crash)));
    assert_eq!(world.metric("socorro_collector_spool_waiting"), "1");
    assert_eq!(world.keeper.trouble(), None);
}

#[test]
fn a_crash_that_spoils_its_group_is_found() {
    let folder = tempfile::tempdir().unwrap();
    {
        let spool = Spool::open(folder.path(), 64 << 20).unwrap();
        for number in 0..30 {
            let dump = if number == 7 { POISON } else { b"MDMP" };
            spool.add(&crash(number, dump)).unwrap();
        }
    }
    let world = World::new(folder.path(), patient());
    wait_until("the others are stored", || {
        (0..30).filter(|number| *number != 7).all(|number| world.is_there(&crash(number, b"")))
    });
    wait_until("it is left", || world.metric("socorro_collector_spool_waiting") == "1");
    assert!(!world.is_there(&crash(7, b"")));
}

#[test]
fn a_crash_that_failed_often_while_others_got_through_is_set_aside_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let pace =
        Pace { first: Duration::from_millis(10), longest: Duration::from_millis(50), attempts: 4 };
    let world = World::new(folder.path(), pace);
    assert_eq!(world.keep(crash(0, POISON)), Ok(Kept::Spooled));
    // As long as no other gets through, the store may be to blame.
    thread::sleep(Duration::from_secs(10));
    assert_eq!(world.metric("socorro_collector_spool_waiting"), "1");
    let mut number = 1;
    wait_until("it is set aside", || {
        world.keep(crash(number, b"MDMP")).unwrap();
        number += 1;
        world.metric("socorro_collector_spool_refused") == "1"
    });
    let counted = "socorro_collector_spool_set_aside_total{reason=\"failed\"}";
    assert_eq!(world.metric(counted), "1");
    assert!(folder.path().join("refused/00000000000000000000.crash").exists());
    wait_until("all others are stored", || {
        (1..number).all(|number| world.is_there(&crash(number, b"")))
    });
}
