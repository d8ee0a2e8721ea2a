//! An export is a backup: imported into an empty store, it gives the same cells in all tables, however
//! odd the crashes are, and is exported again as the same files.
//!
//! `SEED=7` chooses the random crashes; the seed of a run that fails is printed.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use hbase_thrift_client::{Delete, Increment, Put, Scan};
use integration_tests::{Server, Test, TestTable};
use serde_json::Value;
use socorro_hbase_client::{
    CheckOptions, CrashFolder, CrashId, CrashMetadata, CrashStore, Dumps, FoundCrash,
    ProcessedCrash, QueueForProcessing, SEARCH_TABLE, Selection, Submission, TABLES, TimeIndex,
    TimeRange, read_archive,
};

use crate::socorro::own_tables;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(odd_crashes_come_back_as_they_were),
        Test::new(random_crashes_come_back_as_they_were),
        Test::new(a_crash_that_is_there_stays_as_it_is),
        Test::new(an_import_that_was_stopped_is_finished_by_the_next),
    ]
}

/// A store without crashes, whose tables go with it.
struct Store {
    crashes: CrashStore,
    _tables: TestTable,
}

impl Store {
    fn new(server: &Server, name: &str) -> Self {
        let (tables, crashes) = own_tables(server, name);
        Self { crashes, _tables: tables }
    }

    /// All cells of all tables but the counters of periods.
    fn cells(&self) -> BTreeMap<(String, String, String), String> {
        let mut all = BTreeMap::new();
        for table in TABLES.iter().map(|table| table.name).chain([SEARCH_TABLE.name]) {
            for row in self.crashes.client().table(table).scan(Scan::new()).unwrap() {
                let row = row.unwrap();
                if table == "metrics" && row.key() != b"crash_report_queue" {
                    continue;
                }
                for cell in row.cells() {
                    let column = cell.column().to_vec().escape_ascii().to_string();
                    // Of dumps that were put in later, no row for searches knows; and a time by the store's
                    // clocks is no data.
                    if column == "s:dump_count" || column == "flags:read" {
                        continue;
                    }
                    let name = (table.to_owned(), row.key().escape_ascii().to_string(), column);
                    all.insert(name, cell.value().escape_ascii().to_string());
                }
            }
        }
        all
    }

    /// Of each queue, the crashes whose entries ask for something.
    fn requested(&self) -> [Vec<String>; 2] {
        let mut requested: [Vec<String>; 2] = Default::default();
        for (crash, _) in self.all() {
            for queued in self.crashes.describe(&crash).unwrap().unwrap().queued {
                if queued.is_requested {
                    requested[usize::from(queued.is_legacy)].push(crash.to_string());
                }
            }
        }
        requested
    }

    fn all(&self) -> Vec<(CrashId, Vec<u8>)> {
        let found = self.crashes.scan_submitted(&TimeRange::all()).unwrap();
        let found = found.map(Result::unwrap);
        found.map(|entry| (entry.id, entry.key)).collect()
    }

    fn problems(&self) -> Vec<String> {
        let options = CheckOptions::new().settled_for(std::time::Duration::ZERO);
        let problems = self.crashes.check(&options);
        problems.map(|problem| problem.unwrap().to_string()).collect()
    }

    fn submit(&self, name: &[u8], json: &[u8], dumps: &[(&str, &[u8])]) {
        let id = CrashId::new(name).unwrap();
        let metadata = CrashMetadata::from_json(json).unwrap();
        let dumps = dumps
            .iter()
            .fold(Dumps::none(), |dumps, (name, dump)| dumps.with(name.parse().unwrap(), *dump));
        self.crashes.put_raw_report(id, &metadata, dumps, QueueForProcessing::Yes).unwrap();
    }

    fn process(&self, name: &[u8], signature: &str) {
        let json = format!(
            r#"{{"signature": "{signature}", "completeddatetime": "2012-05-09", "reason": "r"}}"#
        );
        let processed = ProcessedCrash::from_json(json).unwrap();
        self.crashes.put_processed(CrashId::new(name).unwrap(), &processed).unwrap();
    }

    /// Exports all, by time and those that no time finds by their names.
    fn export(&self, others: &[&[u8]], to: &Path) -> usize {
        let all = self.all().into_iter().map(|(id, _)| id);
        let others = others.iter().map(|name| CrashId::new(*name).unwrap());
        let selection = Selection::Crashes(all.chain(others).collect());
        let exported = if to.extension().is_some() {
            self.crashes.export_to_archive(&selection, to).unwrap()
        } else {
            self.crashes.export_to_folder(&selection, to).unwrap()
        };
        exported.map(Result::unwrap).count()
    }

    /// Imports a few crashes at a time, and returns what became of them.
    fn import(&self, from: &Path) -> Vec<Submission> {
        let mut found: Vec<FoundCrash> = Vec::new();
        let each = |crash| {
            found.push(crash);
            ControlFlow::Continue(())
        };
        if from.is_dir() {
            CrashFolder::open(from).unwrap().read(each).unwrap();
        } else {
            read_archive(fs::File::open(from).unwrap(), each).unwrap();
        }
        let checked: Vec<_> = found.into_iter().map(|found| found.check().unwrap()).collect();
        let import = |some| self.crashes.import(some, QueueForProcessing::Yes).unwrap();
        checked.chunks(7).flat_map(import).map(Result::unwrap).collect()
    }
}

/// All files, without the times of what is stored, which are those of the store.
fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let without_times = |name: &str, bytes: Vec<u8>| {
        if !name.ends_with(".state.json") {
            return bytes;
        }
        let mut state: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(state.as_object_mut().unwrap().remove("written").is_some(), "{name}");
        serde_json::to_vec(&state).unwrap()
    };
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        let bytes = without_times(&name, fs::read(entry.path()).unwrap());
        (name, bytes)
    };
    entries.map(file).collect()
}

fn assert_same(before: &Store, after: &Store, how: &str) {
    let (old, new) = (before.cells(), after.cells());
    for (cell, value) in &old {
        assert_eq!(new.get(cell), Some(value), "{how}: {cell:?}");
    }
    // Crashes that other programs stored have no row for searches before.
    let more = new.keys().filter(|cell| cell.0 != SEARCH_TABLE.name && !old.contains_key(*cell));
    assert_eq!(more.collect::<Vec<_>>(), Vec::<&(String, String, String)>::new(), "{how}");
    assert_eq!(after.requested(), before.requested(), "{how}");
    assert_eq!(after.problems(), before.problems(), "{how}");
}

const TIME: &str = r#"{"submitted_timestamp": "2012-05-08T20:50:50.123456+00:00""#;
const LATER: &str = "2012-05-09T01:02:03+00:00";

fn name(number: u32) -> Vec<u8> {
    format!("{:x}{number:03x}2b4e-9c1f-4e57-8b3a-0f2c42120508", number % 16).into_bytes()
}

fn with(fields: &str) -> Vec<u8> {
    format!("{TIME}, {fields}}}").into_bytes()
}

/// Names of crashes that no index finds.
const BARE: &[u8] = b"a0002b4e-9c1f-4e57-8b3a-0f2c4212050f";
const OLD: &[u8] = b"b0002b4e-9c1f-4e57-8b3a-0f2c42120508";

fn odd_crashes(store: &Store) {
    const HANG: &str = r#""HangID": "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12""#;
    let dump: &[(&str, &[u8])] = &[("dump", b"MDMP")];
    let plain = with(r#""legacy_processing": 0"#);
    for number in 1..=7 {
        store.submit(&name(number), &plain, dump);
    }
    let crashes = &store.crashes;
    let id = |number: u32| CrashId::new(name(number)).unwrap();
    store.process(&name(2), "stale entry in the legacy queue");
    store.process(&name(3), "asked for again");
    crashes.requeue(id(3)).unwrap();
    store.process(&name(4), "out of both queues");
    assert!(crashes.legacy_queue().remove(id(4)).unwrap());
    assert!(crashes.general_queue().remove(id(5)).unwrap());
    // Done in one queue, asked for in the other.
    store.process(&name(6), "##null##");
    std::thread::sleep(std::time::Duration::from_millis(3));
    let time = "2012-05-08T20:50:50.123456+00:00".parse().unwrap();
    crashes.put_time_index(id(6), &time, &[TimeIndex::Unprocessed]).unwrap();
    let size = Increment::new("crash_report_queue", "counters:current_unprocessed_size", 1);
    crashes.client().table("metrics").increment(&size).unwrap();
    crashes.put_time_index(id(7), &time, &[TimeIndex::PriorityProcessed]).unwrap();

    store.submit(&name(8), &with(r#""legacy_processing": 1"#), dump);
    store.submit(&name(9), &with(HANG), dump);
    let plugin = with(&format!(r#"{HANG}, "ProcessType": "plugin""#));
    store.submit(&name(10), &plugin, &[("dump", b""), ("upload_file_minidump_plugin", b"MDMP p")]);
    // The same half once more: the index has the later one.
    store.submit(&name(11), &plugin, dump);
    store.submit(&name(12), &plain, &[]);
    store.submit(&name(13), &plain, &[("dump", b""), ("a-b.c", b"")]);
    for (number, fields) in [
        (14, &b"\"URL\": \"\\udf03\""[..]),
        (15, b"\"x\": NaN, \"legacy_processing\": true"),
        (16, b"\"Comments\": \"caf\xe9\""),
        (17, b"\"HangID\": \"2F1E7A60\", \"ProcessType\": \"web.content\""),
        (18, b"\"legacy_processing\": 7, \"HangID\": 8"),
    ] {
        let json = [TIME.as_bytes(), b", ", fields, b"}"].concat();
        store.submit(&name(number), &json, dump);
    }
    let blank = br#"{"submitted_timestamp": "2012-05-08 20:50:50.123456+00:00"}"#;
    store.submit(&name(19), blank, dump);
    store.submit(&name(20), format!(r#"{{"submitted_timestamp": "{LATER}", "#).as_bytes(), dump);

    // Names that are one if what isn't a letter is left out or replaced.
    let further: &[(&str, &[u8])] = &[("dump", b"MDMP"), ("plugin", b"MDMP of a plugin")];
    for other in [&b"a.b"[..], b"a/b", b"a_b", b"a%2Eb", b"A.B", b"../../a", b"\xff\x00", b"x"] {
        store.submit(other, &plain, further);
    }
    store.submit(&name(21).to_ascii_uppercase(), &plain, further);
    // As Firefox calls the file of a dump beside another's.
    store.submit(&[&name(23)[..], b"-browser"].concat(), &plain, further);
    let long = [b'n'; 900];
    store.submit(&long, &plain, further);
    store.process(&long, "of a long name");

    let raw = |row: &[u8], cells: &[(&str, &[u8])]| {
        let put =
            cells.iter().fold(Put::new(row), |put, (column, value)| put.column(*column, *value));
        crashes.client().table("crash_reports").put(&put).unwrap();
    };
    let posted: &[(&str, &[u8])] = &[
        ("raw_data:upload_file_minidump", b"MDMP"),
        ("flags:of_another_program", b"\xff"),
        ("processed_data:else", b""),
    ];
    store.submit(&name(22), &plain, &[]);
    raw(&[&b"6120508"[..], &name(22)].concat(), posted);
    // Nothing but a dump, and a row of before keys were salted.
    raw(&[&b"a12050f"[..], BARE].concat(), &[("raw_data:dump", b"MDMP")]);
    raw(OLD, &[("ids:ooid", OLD), ("raw_data:dump", b"MDMP"), ("meta_data:json", &plain)]);
}

fn odd_crashes_come_back_as_they_were(server: &Server) {
    let before = Store::new(server, "backup");
    odd_crashes(&before);
    let folder = tempfile::tempdir().unwrap();
    let targets: &[&str] =
        if server.is_mini() { &["out", "out.tar", "out.tgz", "out.tar.zst"] } else { &["out.tar"] };
    for target in targets {
        let to = folder.path().join(target);
        let count = before.export(&[BARE, OLD], &to);
        let after = Store::new(server, "restored");
        let imported = after.import(&to);
        assert_eq!(imported, vec![Submission::Completed; count], "{target}");
        assert_same(&before, &after, target);
        // Once more: all is there.
        let cells = after.cells();
        assert_eq!(after.import(&to), vec![Submission::Repeated; count], "{target}");
        assert_eq!(after.cells(), cells, "{target}");
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        before.export(&[BARE, OLD], &old);
        after.export(&[BARE, OLD], &new);
        assert_eq!(files_in(&old), files_in(&new), "{target}");
    }
}

fn random_crashes_come_back_as_they_were(server: &Server) {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let before = Store::new(server, "random");
    for number in 0..60 {
        let name = random_name(&mut random, number);
        let (json, dumps) = (random_metadata(&mut random), random_dumps(&mut random));
        let dumps: Vec<(&str, &[u8])> =
            dumps.iter().map(|(name, dump)| (name.as_str(), dump.as_slice())).collect();
        before.submit(&name, &json, &dumps);
        let id = CrashId::new(name.clone()).unwrap();
        for _ in 0..random.usize(..4) {
            match random.u8(..5) {
                0 => before.process(&name, ["a", "b", ""][random.usize(..3)]),
                1 => before.crashes.requeue(&id).unwrap(),
                2 => drop(before.crashes.legacy_queue().remove(&id).unwrap()),
                3 => drop(before.crashes.general_queue().remove(&id).unwrap()),
                _ => before.crashes.replace_dump(&id, b"MDMP, fixed").unwrap(),
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let target = ["out", "out.tar", "out.tar.gz", "out.zst"][random.usize(..4)];
    let to = folder.path().join(target);
    let count = before.export(&[], &to);
    let after = Store::new(server, "random_restored");
    assert_eq!(after.import(&to).len(), count, "SEED={seed}");
    assert_same(&before, &after, &format!("SEED={seed} {target}"));
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    before.export(&[], &old);
    after.export(&[], &new);
    assert_eq!(files_in(&old), files_in(&new), "SEED={seed} {target}");
}

fn random_name(random: &mut fastrand::Rng, number: u32) -> Vec<u8> {
    match random.u8(..4) {
        0 => {
            let mut name: Vec<u8> = (0..random.usize(7..200)).map(|_| random.u8(..)).collect();
            name.extend(number.to_string().bytes());
            name
        }
        1 => format!("{}.{number}.{}", random.alphabetic(), random.alphabetic()).into_bytes(),
        _ => name(number),
    }
}

fn random_metadata(random: &mut fastrand::Rng) -> Vec<u8> {
    let mut json = TIME.as_bytes().to_vec();
    let others: [&[u8]; 8] = [
        b"\"legacy_processing\": 1",
        b"\"legacy_processing\": null",
        b"\"HangID\": \"2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12\"",
        b"\"ProcessType\": \"plugin\"",
        b"\"ProductName\": \"Firefox\", \"Version\": \"12.0\"",
        b"\"Comments\": \"\xff\xfe\"",
        b"\"URL\": \"\\ud800\"",
        b"\"x\": -Infinity",
    ];
    for other in others {
        if random.u8(..4) == 0 {
            json.extend([b", ", other].concat());
        }
    }
    json.push(b'}');
    json
}

fn random_dumps(random: &mut fastrand::Rng) -> Vec<(String, Vec<u8>)> {
    let mut dumps = Vec::new();
    for name in ["dump", "upload_file_minidump_plugin", "a.b", "x-y", "json", "state"] {
        if random.bool() {
            let length = [0, 4, 600, 100_000][random.usize(..4)];
            dumps.push((name.to_owned(), (0..length).map(|_| random.u8(..)).collect()));
        }
    }
    dumps
}

fn a_crash_that_is_there_stays_as_it_is(server: &Server) {
    let store = Store::new(server, "there");
    store.submit(&name(1), &with(r#""legacy_processing": 0"#), &[("dump", b"MDMP")]);
    store.submit(&name(2), &with(r#""legacy_processing": 0"#), &[("dump", b"MDMP")]);
    store.process(&name(1), "processed");
    assert!(store.crashes.legacy_queue().remove(CrashId::new(name(1)).unwrap()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out");
    assert_eq!(store.export(&[], &to), 2);
    let id = |number: u32| CrashId::new(name(number)).unwrap();
    store.crashes.replace_dump(id(1), b"MDMP, fixed").unwrap();
    let cells = store.cells();
    assert_eq!(store.import(&to), [Submission::Repeated; 2]);
    assert_eq!(store.cells(), cells);

    // One that was removed comes back; its old cells don't.
    assert!(store.crashes.remove(id(1)).unwrap());
    std::thread::sleep(std::time::Duration::from_millis(3));
    assert_eq!(store.import(&to), [Submission::Completed, Submission::Repeated]);
    assert_eq!(store.crashes.get_dump(id(1)).unwrap().unwrap(), b"MDMP");
    assert!(store.crashes.get_processed(id(1)).unwrap().is_some());
    assert_eq!(store.problems(), Vec::<String>::new());
}

fn an_import_that_was_stopped_is_finished_by_the_next(server: &Server) {
    let before = Store::new(server, "stopped");
    odd_crashes(&before);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out.tar");
    before.export(&[], &to);
    let after = Store::new(server, "finished");
    after.import(&to);
    // As if none had been counted, and the entries and flags of some were not there yet.
    let crashes = after.crashes.client().table("crash_reports");
    let rows: Vec<Vec<u8>> =
        crashes.scan(Scan::new()).unwrap().map(|row| row.unwrap().key().to_vec()).collect();
    for row in rows {
        let put = Put::new(row).column("flags:uncounted", "Y").column("flags:processed", "N");
        crashes.put(&put).unwrap();
    }
    let sizes = after.crashes.client().table("metrics");
    sizes.delete(&Delete::row("crash_report_queue")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(3));
    assert!(after.import(&to).iter().all(|result| *result == Submission::Completed));
    let old: BTreeMap<_, _> = before.cells();
    let mut new = after.cells();
    new.retain(|cell, _| old.contains_key(cell));
    assert_eq!(new.len(), old.len() - before_only(&before));
    for (cell, value) in &new {
        assert_eq!(value, &old[cell], "{cell:?}");
    }
    assert_eq!(after.requested(), before.requested());
}

/// Cells of the two crashes that no index finds, and that weren't exported.
fn before_only(before: &Store) -> usize {
    let names = [BARE, OLD].map(|name| name.escape_ascii().to_string());
    let is_theirs = |row: &str| names.iter().any(|name| row.ends_with(name.as_str()));
    before.cells().keys().filter(|(_, row, _)| is_theirs(row)).count()
}
