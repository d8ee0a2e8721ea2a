//! Crashes as somebody submits them, and the calls of the Python client on them, each of which may die
//! after a number of writes.

use std::thread;
use std::time::Duration;

use hbase_thrift_client::Delete;
use socorro_hbase_client::{CrashMetadata, QueueForProcessing};

use super::super::hbase_client_py::{GENERAL, LEGACY, Python, SUBMITTED, cut, id, processed};

/// A crash as somebody submits it.
#[derive(Clone, Debug)]
pub(super) struct Crash {
    pub(super) name: String,
    time: &'static str,
    json: String,
    is_legacy: bool,
    hang: Option<&'static str>,
    /// Rows of before keys were salted.
    is_old: bool,
}

/// A call of the Python client, which dies after a number of writes, or what happens beside it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    Submit(usize),
    /// With another time.
    SubmitLater(usize),
    /// Of which one write comes only when other calls were made: a time-out doesn't end it.
    SubmitLate(usize),
    Process(usize, &'static str),
    Take,
    FixedDump,
    CountOnce,
    /// Rows that expire or are purged, behind everybody's back: the crash and its indexes.
    Purge,
    /// Ours.
    Remove,
    Requeue,
    OwnSubmit,
    OwnProcess(&'static str),
    OwnWork,
}

/// A write that comes later.
pub(super) type Late<'a> = Box<dyn Fn() + 'a>;

const WHOLE: usize = 99;
const LATER: &str = "2012-05-08T21:00:00.000000+00:00";
const TIMES: [&str; 6] = [
    "2012-05-08T20:50:50.123456+00:00",
    "2012-05-08T20:50:50.123456+00:00",
    "2012-05-08T20:50:50Z",
    "2012-05-08 20:50:50.123456+00:00",
    "20121120T",
    "yesterday",
];
const HANGS: [&str; 2] =
    ["2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12", "2F1E7A60-55C4-4BE0-9D3C-71C4E8A90B12"];

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    pub(crate) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()].clone()
    }
}

impl Crash {
    pub(super) fn any(random: &mut Random, number: u64) -> Self {
        let salt = random.below(16);
        let name = match random.below(8) {
            0 => format!("{salt:X}ABC{number:04X}-0000-4000-8000-000002120508"),
            1 => format!("{salt:x}{number:x}"),
            2 => format!("zz{number:06x}-no-date-at-the-end"),
            _ => format!("{salt:x}abc{number:04x}-0000-4000-8000-000002120508"),
        };
        let time = random.one(&TIMES);
        let hang = (random.below(4) == 0).then(|| random.one(&HANGS));
        let throttle = random.one(&["0", "0", "1", "2", "true", "1.0", "null", "absent"]);
        let is_legacy = ["0", "absent"].contains(&throttle);
        let throttled = format!(r#", "legacy_processing": {throttle}"#);
        let throttled = if throttle == "absent" { "" } else { &throttled };
        let of_hang = hang.map(|hang| format!(r#", "HangID": "{hang}""#)).unwrap_or_default();
        let end = random.one(&[
            "}",
            "}",
            r#", "x": NaN}"#,
            r#", "URL": "\udf03"}"#,
            r#", "x": 1e400}"#,
            r#", "Comments": "cut off"#,
            r#", "Comments": ["#,
        ]);
        let json = format!(r#"{{"submitted_timestamp": "{time}"{throttled}{of_hang}{end}"#);
        let is_old = random.below(8) == 0;
        Self { name, time, json, is_legacy, hang, is_old }
    }

    fn row(&self) -> String {
        let row = format!("{}{}{}", &self.name[..1], self.date(), self.name);
        if self.is_old { row[1..].to_owned() } else { row }
    }

    fn date(&self) -> &str {
        &self.name[self.name.len().saturating_sub(6)..]
    }

    fn timed(&self, time: &str) -> String {
        format!("{}{}{}", &self.name[..1], cut(time), self.name)
    }
}

impl Call {
    pub(super) fn any(random: &mut Random) -> Self {
        let steps =
            if random.below(3) == 0 { usize::try_from(random.below(12)).unwrap() } else { WHOLE };
        match random.below(18) {
            14 => Self::SubmitLate(usize::try_from(random.below(16)).unwrap()),
            15 => Self::OwnSubmit,
            16 => Self::OwnProcess(random.one(&["sig", "own"])),
            17 => Self::OwnWork,
            0..4 => Self::Submit(steps),
            4 => Self::SubmitLater(steps),
            5..8 => Self::Process(steps, random.one(&["sig", "other", ""])),
            8 => Self::Take,
            9 => Self::FixedDump,
            10 => Self::CountOnce,
            11 => Self::Purge,
            12 => Self::Remove,
            _ => Self::Requeue,
        }
    }

    /// Returns what comes later of it.
    pub(super) fn make<'a>(self, python: &'a Python, crash: &'a Crash) -> Option<Late<'a>> {
        let mut late = None;
        match self {
            Self::Submit(steps) => submit(python, crash, crash.time, steps),
            Self::SubmitLater(steps) => submit(python, crash, LATER, steps),
            Self::SubmitLate(place) => {
                let mut writes = writes_of_submit(python, crash, crash.time);
                late = (place < writes.len()).then(|| writes.remove(place));
                for write in writes {
                    write();
                }
            }
            // Nobody submits a crash of before keys were salted once more.
            Self::OwnSubmit if crash.is_old => {}
            Self::OwnSubmit => {
                let metadata = CrashMetadata::from_json(crash.json.as_str()).unwrap();
                let queue = QueueForProcessing::Yes;
                // It may have no time.
                drop(python.store.put_raw_report(id(&crash.name), &metadata, b"MDMP", queue));
            }
            // There may be no such crash.
            Self::OwnProcess(signature) => {
                drop(python.store.put_processed(id(&crash.name), &processed(signature)));
            }
            Self::OwnWork => drop(python.work()),
            Self::Process(steps, signature) => process(python, crash, signature, steps),
            Self::Take => {
                delete(python, LEGACY, &crash.timed(crash.time));
                python.add("crash_report_queue", "current_legacy_unprocessed_size", -1);
            }
            Self::FixedDump => {
                python.put("crash_reports", &crash.row(), &[("raw_data:dump", b"MDMP fixed")]);
                let row = crash.timed(crash.time);
                python.put(LEGACY, &row, &[("ids:ooid", crash.name.as_bytes())]);
            }
            Self::CountOnce => python.increment("2012", "submitted_crash_reports"),
            Self::Purge => {
                delete(python, "crash_reports", &crash.row());
                delete(python, SUBMITTED, &crash.timed(crash.time));
            }
            Self::Remove => drop(python.store.remove(id(&crash.name)).unwrap()),
            // There may be no such crash.
            Self::Requeue => drop(python.store.requeue(id(&crash.name))),
        }
        // A delete hides what its own millisecond puts.
        thread::sleep(Duration::from_millis(2));
        late
    }
}

fn delete(python: &Python, table: &str, row: &str) {
    python.store.client().table(table).delete(&Delete::row(row)).unwrap();
}

/// `put_json_dump`, as far as it comes.
fn submit(python: &Python, crash: &Crash, time: &'static str, steps: usize) {
    writes_of_submit(python, crash, time).iter().take(steps).for_each(|write| write());
}

fn writes_of_submit<'a>(python: &'a Python, crash: &'a Crash, time: &'static str) -> Vec<Late<'a>> {
    let name = crash.name.as_bytes();
    let json = crash.json.replace(crash.time, time);
    let mut writes: Vec<Late<'a>> = Vec::new();
    let row = crash.row();
    writes.push(Box::new(move || {
        let mut cells: Vec<(&str, &[u8])> = vec![
            ("flags:processed", b"N"),
            ("meta_data:json", json.as_bytes()),
            ("timestamps:submitted", time.as_bytes()),
            ("ids:ooid", name),
            ("raw_data:dump", b"MDMP"),
        ];
        if crash.is_legacy {
            cells.push(("flags:legacy_processing", b"Y"));
        }
        if let Some(hang) = crash.hang {
            cells.push(("ids:hang", hang.as_bytes()));
        }
        python.put("crash_reports", &row, &cells);
    }));
    let legacy = [LEGACY, "crash_reports_index_legacy_submitted_time"];
    let legacy = legacy.into_iter().filter(|_| crash.is_legacy);
    for table in [SUBMITTED, GENERAL].into_iter().chain(legacy) {
        let timed = crash.timed(time);
        writes.push(Box::new(move || python.put(table, &timed, &[("ids:ooid", name)])));
    }
    if let Some(hang) = crash.hang {
        let timed = format!("{}{}{hang}", &hang[..1], cut(time));
        for (table, row) in [("hang_id", hang.to_owned()), ("hang_id_submitted_time", timed)] {
            let table = format!("crash_reports_index_{table}");
            writes.push(Box::new(move || {
                python.put(&table, &row, &[("ids:ooid:default", name)]);
            }));
        }
    }
    let sizes = ["current_unprocessed_size", "current_legacy_unprocessed_size"];
    for size in sizes.into_iter().take(1 + usize::from(crash.is_legacy)) {
        writes.push(Box::new(move || python.increment("crash_report_queue", size)));
    }
    for length in [16, 13, 10, 7, 4] {
        let period = time.get(..length).unwrap_or(time);
        let throttle = u8::from(!crash.is_legacy);
        writes.push(Box::new(move || {
            python.increment(period, "submitted_crash_reports");
            let counter = format!("submitted_crash_reports_legacy_throttle_{throttle}");
            python.increment(period, &counter);
        }));
    }
    writes
}

/// `put_processed_json`, as far as it comes, of whatever is there.
fn process(python: &Python, crash: &Crash, signature: &str, steps: usize) {
    let name = crash.name.as_bytes();
    let signature = if signature.is_empty() { "##empty##" } else { signature };
    let writes: [&dyn Fn(); 4] = [
        &|| python.add("crash_report_queue", "current_unprocessed_size", -1),
        &|| delete(python, GENERAL, &crash.timed(crash.time)),
        &|| {
            let cells: [(&str, &[u8]); 4] = [
                ("timestamps:processed", b"2012-05-09 00:00:00"),
                ("processed_data:signature", signature.as_bytes()),
                ("processed_data:json", br#"{"signature": "x"}"#),
                ("flags:processed", b"Y"),
            ];
            python.put("crash_reports", &crash.row(), &cells);
        },
        &|| {
            let row = format!("{signature}{}", crash.name);
            python.put("crash_reports_index_signature_ooid", &row, &[("ids:ooid", name)]);
        },
    ];
    writes.iter().take(steps).for_each(|write| write());
}
