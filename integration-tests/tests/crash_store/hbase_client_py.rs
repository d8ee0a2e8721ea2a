//! Socorro's Python client as a test plays it: its calls write these rows, by hand.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hbase_thrift_client::{Delete, Increment, Put};
use integration_tests::{Server, TestTable};
use socorro_hbase_client::{
    CheckOptions, CrashId, CrashStore, ProblemKind, ProcessedCrash, Worker,
};

use crate::socorro::own_tables;

pub(super) const GENERAL: &str = "crash_reports_index_unprocessed_flag";
pub(super) const LEGACY: &str = "crash_reports_index_legacy_unprocessed_flag";
pub(super) const SUBMITTED: &str = "crash_reports_index_submitted_time";
pub(super) const LEASE: Duration = Duration::from_mins(5);

/// Tables of one test's own, and the Python client.
pub(super) struct Python {
    pub(super) store: CrashStore,
    _tables: TestTable,
}

impl Python {
    pub(super) fn new(server: &Server) -> Self {
        let (tables, store) = own_tables(server, "python");
        Self { store, _tables: tables }
    }

    pub(super) fn put(&self, table: &str, row: &str, cells: &[(&str, &[u8])]) {
        let put =
            cells.iter().fold(Put::new(row), |put, (column, value)| put.column(*column, *value));
        self.store.client().table(table).put(&put).unwrap();
    }

    /// On a server whose clock is ahead of the others by some milliseconds.
    pub(super) fn put_ahead(
        &self,
        table: &str,
        row: &str,
        (column, value): (&str, &[u8]),
        by: i64,
    ) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let put = Put::new(row).column(column, value);
        let put = put.timestamp(i64::try_from(now).unwrap() + by);
        self.store.client().table(table).put(&put).unwrap();
    }

    pub(super) fn increment(&self, row: &str, counter: &str) {
        self.add(row, counter, 1);
    }

    pub(super) fn add(&self, row: &str, counter: &str, amount: i64) {
        let step = Increment::new(row, format!("counters:{counter}"), amount);
        self.store.client().table("metrics").increment(&step).unwrap();
    }

    /// The first call of `put_json_dump`.
    pub(super) fn put_crash(
        &self,
        name: &str,
        time: &str,
        json: &str,
        is_legacy: bool,
        hang: Option<&str>,
    ) {
        let row = format!("{}{}{name}", &name[..1], &name[name.len().saturating_sub(6)..]);
        let mut cells: Vec<(&str, &[u8])> = vec![
            ("flags:processed", b"N"),
            ("meta_data:json", json.as_bytes()),
            ("timestamps:submitted", time.as_bytes()),
            ("ids:ooid", name.as_bytes()),
            ("raw_data:dump", b"MDMP"),
        ];
        if is_legacy {
            cells.push(("flags:legacy_processing", b"Y"));
        }
        if let Some(hang) = hang {
            cells.push(("ids:hang", hang.as_bytes()));
        }
        self.put("crash_reports", &row, &cells);
    }

    /// All of `put_json_dump`, of the browser's process.
    pub(super) fn put_json_dump(
        &self,
        name: &str,
        time: &str,
        json: &str,
        is_legacy: bool,
        hang: Option<&str>,
    ) {
        self.put_crash(name, time, json, is_legacy, hang);
        let timed = format!("{}{}{name}", &name[..1], cut(time));
        let mut tables = vec![SUBMITTED, GENERAL];
        if is_legacy {
            tables.extend([LEGACY, "crash_reports_index_legacy_submitted_time"]);
        }
        for table in tables {
            self.put(table, &timed, &[("ids:ooid", name.as_bytes())]);
        }
        if let Some(hang) = hang {
            let timed = format!("{}{}{hang}", &hang[..1], cut(time));
            for (table, row) in [("hang_id", hang), ("hang_id_submitted_time", &timed)] {
                let table = format!("crash_reports_index_{table}");
                self.put(&table, row, &[("ids:ooid:default", name.as_bytes())]);
            }
        }
        self.increment("crash_report_queue", "current_unprocessed_size");
        if is_legacy {
            self.increment("crash_report_queue", "current_legacy_unprocessed_size");
        }
        let throttle = i32::from(!is_legacy);
        for length in [16, 13, 10, 7, 4] {
            let row = time.get(..length).unwrap_or(time);
            self.increment(row, "submitted_crash_reports");
            self.increment(row, &format!("submitted_crash_reports_legacy_throttle_{throttle}"));
        }
    }

    /// `put_processed_json` of a crash that waits.
    pub(super) fn put_processed_json(&self, name: &str, time: &str, signature: &str) {
        let timed = format!("{}{}{name}", &name[..1], cut(time));
        let queue = self.store.client().table(GENERAL);
        queue.delete(&Delete::row(timed)).unwrap();
        let step = Increment::new("crash_report_queue", "counters:current_unprocessed_size", -1);
        self.store.client().table("metrics").increment(&step).unwrap();
        let row = format!("{}{}{name}", &name[..1], &name[name.len().saturating_sub(6)..]);
        self.put(
            "crash_reports",
            &row,
            &[
                ("timestamps:processed", b"2012-05-09 00:00:00"),
                ("processed_data:signature", signature.as_bytes()),
                ("processed_data:json", br#"{"signature": "x"}"#),
                ("flags:processed", b"Y"),
            ],
        );
        let index = "crash_reports_index_signature_ooid";
        self.put(index, &format!("{signature}{name}"), &[("ids:ooid", name.as_bytes())]);
    }

    /// The iterator over the legacy queue, for one crash: deleted before it is handed out.
    pub(super) fn take(&self, name: &str, time: &str) {
        let timed = format!("{}{}{name}", &name[..1], cut(time));
        let queue = self.store.client().table(LEGACY);
        queue.delete(&Delete::row(timed)).unwrap();
        let column = "counters:current_legacy_unprocessed_size";
        let step = Increment::new("crash_report_queue", column, -1);
        self.store.client().table("metrics").increment(&step).unwrap();
    }

    pub(super) fn problems(&self) -> Vec<ProblemKind> {
        let options = CheckOptions::new().settled_for(Duration::ZERO);
        self.store.check(&options).map(|problem| problem.unwrap().kind).collect()
    }

    pub(super) fn repair(&self) {
        let options = CheckOptions::new().settled_for(Duration::ZERO);
        for problem in self.store.check(&options) {
            self.store.repair(&problem.unwrap()).unwrap();
        }
    }

    /// What a worker of the legacy queue processes now.
    pub(super) fn work(&self) -> Vec<String> {
        let queue = self.store.legacy_queue();
        let claims = queue.claim(&worker(), LEASE).unwrap();
        claims
            .map(|claim| {
                let claim = claim.unwrap();
                claim.complete(&processed("worked")).unwrap();
                claim.id().to_string()
            })
            .collect()
    }

    pub(super) fn sizes(&self) -> (i64, i64) {
        let size = |queue: socorro_hbase_client::Queue| queue.statistics().unwrap().size.unwrap();
        (size(self.store.general_queue()), size(self.store.legacy_queue()))
    }
}

pub(super) fn cut(time: &str) -> &str {
    match time.as_bytes() {
        [.., b'+' | b'-', _, _, _, _, _] => &time[..time.len() - 6],
        _ => time,
    }
}

pub(super) fn worker() -> Worker {
    "worker".parse().unwrap()
}

pub(super) fn processed(signature: &str) -> ProcessedCrash {
    let json = format!(r#"{{"signature": "{signature}", "completeddatetime": "2012"}}"#);
    ProcessedCrash::from_json(json).unwrap()
}

pub(super) fn id(name: &str) -> CrashId {
    name.parse().unwrap()
}

pub(super) const A: &str = "0a11b22c-0000-4000-8000-000002120508";
pub(super) const B: &str = "1a11b22c-0000-4000-8000-000002120508";
pub(super) const TIME: &str = "2012-05-08T20:50:50.123456+00:00";
pub(super) const JSON: &str = r#"{"submitted_timestamp": "2012-05-08T20:50:50.123456+00:00"}"#;
pub(super) const DEFERRED: &str =
    r#"{"submitted_timestamp": "2012-05-08T20:50:50.123456+00:00", "legacy_processing": 1}"#;
pub(super) const HANG: &str = "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
