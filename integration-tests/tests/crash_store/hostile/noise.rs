//! Random cells in random places, beside crashes that are sound.
//!
//! `SEED=7 ROUNDS=500` tries others and more; a round that fails prints its seed.

use std::collections::BTreeSet;
use std::time::Duration;

use hbase_thrift_client::Put;
use integration_tests::Server;
use socorro_hbase_client::{
    CrashId, ErrorKind, Problem, ProblemKind, QueueForProcessing, Selection, TABLES, TimeRange,
};

use super::super::hbase_client_py::{HANG, JSON, Python, TIME, id, processed, worker};
use super::super::random_calls::Random;
use crate::socorro::metadata;

const SOUND: [&str; 3] = [
    "0500d000-0000-4000-8000-000002120508",
    "7500d000-0000-4000-8000-000002120508",
    "f500d000-0000-4000-8000-000002120508",
];
const OTHERS: [&str; 3] = ["1badbad0-0000-4000-8000-000002120508", "x", "zz-no-date"];

fn values() -> Vec<Vec<u8>> {
    let long = |length: usize| vec![b'x'; length];
    let texts = [
        "",
        "Y",
        "N",
        "y",
        JSON,
        TIME,
        HANG,
        "{",
        "[]",
        "null",
        "{}",
        "unknown",
        "2012",
        "a\0b",
        "9999-99-99T99:99:99",
        "2012-05-08T20:50:50Z",
        "##null##",
        r#"{"submitted_timestamp": 7, "HangID": {}, "ProcessType": [], "legacy_processing": "9"}"#,
        r#"{"submitted_timestamp": "2012-05-08T20:50:50Z", "HangID": "x", "ProcessType": "plugin"}"#,
    ];
    let mut values: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    values.extend(SOUND.iter().chain(&OTHERS).map(|name| name.as_bytes().to_vec()));
    values.extend([
        long(1000),
        long(1001),
        long(31_000),
        long(31_001),
        long(40_000),
        long(200_000),
    ]);
    values.extend([b"[".repeat(50_000), vec![0xff; 8], vec![0xff, 0xfe], vec![0; 9]]);
    values.extend([i64::MIN.to_be_bytes().to_vec(), i64::MAX.to_be_bytes().to_vec()]);
    values
}

/// Keys as those of rows that belong there, and others.
fn keys(names: &[&str]) -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = vec![
        vec![0],
        vec![0xff; 3],
        b"2012".to_vec(),
        b"2012-05-08".to_vec(),
        b"crash_report_queue".to_vec(),
        HANG.as_bytes().to_vec(),
        vec![b'0'; 30_000],
    ];
    for name in names {
        let salt = &name[..1];
        let date = &name[name.len().saturating_sub(6)..];
        let of_name = [
            format!("{salt}{date}{name}"),
            format!("{date}{name}"),
            (*name).to_owned(),
            format!("{salt}2012-05-08T20:50:50.123456{name}"),
            format!("{salt}2012-05-09T20:50:50{name}"),
            format!("{salt}unknown{name}"),
            format!("{salt}{name}"),
            format!("x{name}"),
        ];
        keys.extend(of_name.map(String::into_bytes));
    }
    keys
}

const QUALIFIERS: [&str; 18] = [
    "ooid",
    "ooid:plugin",
    "ooid:default",
    "ooid:",
    "",
    "hang",
    "json",
    "signature",
    "submitted",
    "processed",
    "legacy_processing",
    "uncounted",
    "dump",
    "upload_file_minidump",
    "claim",
    "\u{ff}",
    "submitted_crash_reports",
    "current_legacy_unprocessed_size",
];

fn make_noise(python: &Python, random: &mut Random) -> Vec<String> {
    let values = values();
    // What crashes have in their own rows is theirs; what names them elsewhere is not.
    let (of_crashes, elsewhere) = (keys(&OTHERS), keys(&[OTHERS.as_slice(), &SOUND].concat()));
    let mut made = Vec::new();
    for _ in 0..random.below(40) {
        let table = random.one(&TABLES);
        let family =
            random.one(&table.families.iter().map(|family| family.name).collect::<Vec<_>>());
        let is_crashes = table.name == "crash_reports";
        let key = random.one(if is_crashes { &of_crashes } else { &elsewhere });
        let column = format!("{family}:{}", random.one(&QUALIFIERS));
        let value = random.one(&values);
        let shown = |bytes: &[u8]| bytes[..bytes.len().min(80)].escape_ascii().to_string();
        made.push(format!("{} {} {column} = {}", table.name, shown(&key), shown(&value)));
        let put = Put::new(key).column(column, value);
        python.store.client().table(table.name).put(&put).unwrap();
    }
    made
}

pub(super) fn any_cells_hinder_no_sound_crash(server: &Server) {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let seed = number("SEED", 1);
    let rounds = number("ROUNDS", if server.is_mini() { 25 } else { 2 });
    for round in seed..seed + rounds {
        let python = Python::new(server);
        let mut random = Random::new(round);
        for name in SOUND {
            let queue = QueueForProcessing::Yes;
            python.store.put_raw_report(id(name), &metadata(JSON), b"MDMP", queue).unwrap();
        }
        let noise = make_noise(&python, &mut random);
        let shown = format!("SEED={round}\n{}", noise.join("\n"));
        println!("{shown}");
        if random.below(2) == 0 {
            repair(&python, &shown);
        }
        assert_sound_crashes_are_processed(&python, &shown);
        repair(&python, &shown);
        read_everything(&python);
        for name in SOUND.iter().chain(&OTHERS) {
            allow(python.store.requeue(id(name)));
            allow(python.store.put_processed(id(name), &processed("again")));
            python.store.remove(id(name)).unwrap();
            assert_eq!(python.store.get_dump(id(name)).unwrap(), None);
        }
        repair(&python, &shown);
    }
}

fn allow<T>(result: socorro_hbase_client::Result<T>) {
    if let Err(error) = result {
        let kinds = [ErrorKind::NoSuchCrash, ErrorKind::IncompleteCrash, ErrorKind::MalformedJson];
        assert!(kinds.contains(&error.kind()), "{error:?}");
    }
}

/// Until nothing is left that is repaired: what others can do about the rest is named, and stays named.
fn repair(python: &Python, shown: &str) {
    for _ in 0..6 {
        let found = python.found();
        assert!(found == python.found(), "another check finds something else\n{shown}");
        let repairable: Vec<&Problem> =
            found.iter().filter(|problem| problem.kind.is_repairable()).collect();
        if repairable.is_empty() {
            return;
        }
        for problem in repairable {
            python.store.repair(problem).unwrap();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let found = python.found();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    panic!("it is never repaired: {found:#?}\n{shown}");
}

fn assert_sound_crashes_are_processed(python: &Python, shown: &str) {
    let mut worked = Vec::new();
    for queue in [python.store.legacy_queue(), python.store.general_queue()] {
        let claims = queue.claim(&worker(), Duration::from_mins(5)).unwrap();
        for claim in claims {
            let claim = claim.unwrap();
            claim.complete(&processed("made")).unwrap();
            worked.push(claim.id().clone());
        }
        for problem in queue.take_problems() {
            let kinds = [
                ProblemKind::MalformedIndexRow,
                ProblemKind::OrphanIndexRow,
                ProblemKind::MalformedCounter,
            ];
            assert!(kinds.contains(&problem.kind), "{problem}\n{shown}");
        }
        queue.statistics().unwrap();
        queue.count_entries().unwrap();
    }
    for name in SOUND {
        assert!(worked.contains(&id(name)), "{name} was not handed out\n{shown}");
        assert!(python.store.get_processing_state(id(name)).unwrap().unwrap().is_processed);
    }
    let found: BTreeSet<CrashId> =
        python.store.scan_signature("made").unwrap().map(|entry| entry.unwrap().id).collect();
    for name in SOUND {
        assert!(found.contains(&id(name)), "{name} isn't found by its signature\n{shown}");
    }
}

fn read_everything(python: &Python) {
    let store = &python.store;
    let everything = TimeRange::all();
    for entry in store.scan_submitted(&everything).unwrap() {
        entry.unwrap();
    }
    store.reindex(&everything).unwrap();
    for entry in store.scan_search(&everything).unwrap() {
        entry.unwrap();
    }
    store.count_by_signature(&everything).unwrap();
    store.recount(&"2012".parse().unwrap()).unwrap();
    store.get_counters(&["2012".parse().unwrap(), "2012-05-08".parse().unwrap()]).unwrap();
    store.get_hang(&HANG.parse().unwrap()).unwrap();
    let ids: Vec<CrashId> = SOUND.iter().chain(&OTHERS).map(|name| id(name)).collect();
    for report in store.get_raw_reports(&ids).unwrap() {
        allow(report);
    }
    for name in &ids {
        store.describe(name).unwrap();
        store.get_dumps(name).unwrap();
        allow(store.get_processed(name));
        allow(store.get_metadata(name));
        allow(store.get_hang_pair(name));
    }
    let folder = tempfile::tempdir().unwrap();
    let exported = store.export_to_folder(&Selection::Crashes(ids), folder.path()).unwrap();
    for exported in exported {
        allow(exported);
    }
}
