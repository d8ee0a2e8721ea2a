//! A store of one crash on a server in memory, whose connections can be cut.

use std::{collections::BTreeMap, fs, ops::ControlFlow, path::Path, sync::Mutex, time::Duration};

use hbase_thrift_client::{Client, Config, Delete, Get, Interface, Put, Scan};
use mini_hbase::{Fault, HBaseTiming, MiniHBase, Protocol, Transport, VirtualClock, When};
use socorro_hbase_client::{
    CheckOptions, Claim, CrashFolder, CrashStore, FoundCrash, ImportedCrash, Ooid, Problem, Queue,
    Result, SEARCH_TABLE, SchemaOptions, Selection, TABLES, Worker,
};

use super::{
    call::{Call, OOID},
    number,
};

/// All methods that a transition calls, of either interface.
const METHODS: [&str; 23] = [
    "checkAndPut",
    "deleteAllRow",
    "deleteAllRowTs",
    "deleteMultiple",
    "deleteSingle",
    "get",
    "getMultiple",
    "getRow",
    "getRowWithColumns",
    "getRows",
    "getRowsWithColumns",
    "getScannerResults",
    "getVer",
    "increment",
    "incrementRows",
    "mutateRow",
    "mutateRowTs",
    "mutateRows",
    "mutateRowsTs",
    "put",
    "putMultiple",
    "scannerGetList",
    "scannerOpenWithScan",
];

const CLAIM: &str = "processor_state:claim";
const READ: &str = "flags:read";
const REQUEUEING: &str = "flags:requeueing:";

/// The server, and a store on it that is made anew for each sequence of calls.
pub(crate) struct World {
    server: MiniHBase,
    interface: Interface,
    clock: VirtualClock,
    store: Mutex<CrashStore>,
    exported: Vec<ImportedCrash>,
    /// Whether there are crashes beside the one that is called for.
    is_shared: bool,
}

/// Table, row, column.
pub(crate) type Cells = BTreeMap<(String, String, String), String>;

impl World {
    /// Over Thrift 1, or what `INTERFACE` says.
    pub(crate) fn new() -> Self {
        Self::over(if number("INTERFACE", 1) == 2 { Interface::Two } else { Interface::One })
    }

    pub(crate) fn over(interface: Interface) -> Self {
        let clock = VirtualClock::running();
        let server =
            MiniHBase::builder().in_memory().timing(HBaseTiming::Exact).clock(clock.clone());
        let server = server.also_listen("127.0.0.1:0", Transport::Framed, Protocol::Binary);
        let server = server.thrift2("127.0.0.1:0", Transport::Buffered, Protocol::Binary);
        let server = server.thrift2("127.0.0.1:0", Transport::Framed, Protocol::Binary);
        let server = server.start().unwrap();
        let store = Mutex::new(connect(&server, interface));
        let (exported, is_shared) = (Vec::new(), false);
        let mut world = Self { server, interface, clock, store, exported, is_shared };
        world.export();
        world
    }

    /// Keeps a crash that was processed and asked for once more, as an export has it.
    fn export(&mut self) {
        self.reset();
        for call in [Call::Submit(0, true, true), Call::Work(true, "a"), Call::Requeue] {
            call.make(self).unwrap();
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("cuts-{}", self.server.address().port()));
        let crash = Selection::Crashes(vec![OOID.parse().unwrap()]);
        let store = self.store();
        for exported in store.export_to_folder(&crash, &folder).unwrap() {
            exported.unwrap();
        }
        let read = |found: FoundCrash| {
            self.exported.push(found.check().unwrap());
            ControlFlow::Continue(())
        };
        CrashFolder::open(&folder).unwrap().read(read).unwrap();
        fs::remove_dir_all(folder).unwrap();
    }

    pub(crate) fn shared(self) -> Self {
        Self { is_shared: true, ..self }
    }

    /// As a worker claims what waits: this crash alone if there are others.
    pub(crate) fn claim(
        &self,
        queue: &Queue,
        ooid: &Ooid,
        worker: &Worker,
        lease: Duration,
    ) -> Result<Box<dyn Iterator<Item = Result<Claim>>>> {
        if self.is_shared {
            return Ok(Box::new(queue.claim_crash(ooid, worker, lease)?.into_iter().map(Ok)));
        }
        Ok(Box::new(queue.claim(worker, lease)?))
    }

    pub(crate) fn exported(&self) -> &[ImportedCrash] {
        &self.exported
    }

    pub(crate) fn store(&self) -> CrashStore {
        self.store.lock().unwrap().clone()
    }

    /// The port that speaks in frames.
    pub(crate) fn framed(&self) -> Config {
        of_interface(&self.server, self.interface)
            .find(|config| config.get_transport() == hbase_thrift_client::Transport::Framed)
            .unwrap()
    }

    pub(crate) fn check(&self) -> Vec<Problem> {
        self.store().check(&Self::everything()).collect::<Result<_>>().unwrap()
    }

    /// The check of everything, however new it is.
    pub(crate) fn everything() -> CheckOptions {
        CheckOptions::new().settled_for(Duration::ZERO)
    }

    /// Begins with empty tables.
    pub(crate) fn reset(&self) {
        self.server.reset().unwrap();
        let store = connect(&self.server, self.interface);
        store.create_schema(&SchemaOptions::new()).unwrap();
        *self.store.lock().unwrap() = store;
    }

    /// A call comes later than the one before it: a delete hides what its own millisecond puts.
    pub(crate) fn let_time_pass(&self) {
        self.clock.advance(Duration::from_millis(2));
    }

    /// Does something as on a server whose clock is ahead by this much, in milliseconds.
    pub(crate) fn ahead<T>(&self, by: i64, run: impl FnOnce() -> T) -> T {
        self.clock.set(self.clock.now_millis() + by);
        self.clock.run();
        let result = run();
        self.clock.set(self.clock.now_millis() - by);
        self.clock.run();
        result
    }

    /// How many calls the server has had that a transition makes.
    pub(crate) fn calls(&self) -> u64 {
        METHODS.iter().map(|method| self.server.calls(method)).sum()
    }

    /// Makes a call of which the connection is lost at the n-th request; returns whether it fails.
    pub(crate) fn cut(&self, call: Call, n: u64, fault: &Fault) -> bool {
        self.lose(n, fault, || call.make(self)).is_err()
    }

    /// Does something while which the connection is lost at the n-th request.
    pub(crate) fn lose<T>(&self, n: u64, fault: &Fault, run: impl FnOnce() -> T) -> T {
        // So that the connection is open, and only that one is used.
        self.store().client().ping().unwrap();
        self.server.refuse_connections(true);
        self.server.fault(When::nth_call(n), fault.clone());
        let result = run();
        self.server.clear_faults();
        self.server.refuse_connections(false);
        result
    }

    /// Repairs until nothing is left that a repair can do anything about.
    pub(crate) fn repair(&self, case: &str) {
        let store = self.store();
        let mut found: Vec<Problem> = Vec::new();
        for _ in 0..4 {
            self.let_time_pass();
            found = store.check(&Self::everything()).collect::<Result<_>>().unwrap();
            if found.is_empty() {
                return;
            }
            self.let_time_pass();
            for problem in &found {
                store.repair(problem).unwrap();
            }
        }
        panic!("{case}: {}", shown(&found));
    }

    /// Gives repairs something to do; each bit is one fault.
    pub(crate) fn damage(&self, faults: u64) {
        self.let_time_pass();
        let client = self.store().client().clone();
        let put = |table: &str, row: &str, column: &str, value: &[u8]| {
            client.table(table).put(&Put::new(row).column(column, value)).unwrap();
        };
        if faults & 1 > 0 {
            let index = client.table("crash_reports_index_submitted_time");
            let rows: Vec<_> = index.scan(Scan::new()).unwrap().map(Result::unwrap).collect();
            for row in rows {
                index.delete(&Delete::row(row.key())).unwrap();
            }
        }
        if faults & 2 > 0 {
            let absent = "0d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
            let queue = "crash_reports_index_legacy_unprocessed_flag";
            put(queue, &format!("02012-05-08T20:50:50{absent}"), "ids:ooid", absent.as_bytes());
        }
        if faults & 4 > 0 {
            let sizes = "crash_report_queue";
            put("metrics", sizes, "counters:current_unprocessed_size", &7_i64.to_be_bytes());
        }
        if faults & 8 > 0 && self.has_crash_with("ids:ooid") {
            put("crash_reports", &crash_row(), "flags:uncounted", b"Y");
        }
    }

    /// Whether the crash is marked as one that isn't counted yet.
    pub(crate) fn is_marked(&self) -> bool {
        self.has_crash_with("flags:uncounted")
    }

    /// The signature of what was made of the crash.
    pub(crate) fn signature(&self) -> Option<String> {
        let column = "processed_data:signature";
        let row = Get::new(crash_row()).column(column);
        let row = self.store().client().table("crash_reports").get(&row).unwrap()?;
        Some(String::from_utf8(row.get(column)?.to_vec()).unwrap())
    }

    pub(crate) fn has_crash_with(&self, column: &str) -> bool {
        let crash = Get::new(crash_row()).column(column);
        self.store().client().table("crash_reports").get(&crash).unwrap().is_some()
    }

    /// Every cell but claims, times by the server's clock, and the marks of requests that were cut off.
    pub(crate) fn cells(&self) -> Cells {
        let mut cells = self.all_cells();
        cells.retain(|(.., column), _| {
            column != CLAIM && column != READ && !column.starts_with(REQUEUEING)
        });
        cells
    }

    /// Every cell.
    pub(crate) fn all_cells(&self) -> Cells {
        let store = self.store();
        let mut cells = Cells::new();
        for table in TABLES.iter().chain([&SEARCH_TABLE]) {
            for row in store.client().table(table.name).scan(Scan::new()).unwrap() {
                let row = row.unwrap();
                let key = row.key().escape_ascii().to_string();
                for cell in row.cells() {
                    let name = (table.name.to_owned(), key.clone(), cell.column().to_string());
                    cells.insert(name, cell.value().escape_ascii().to_string());
                }
            }
        }
        // What was never counted is zero.
        cells.retain(|(table, ..), value| table != "metrics" || value != &"\\x00".repeat(8));
        cells
    }
}

fn crash_row() -> String {
    format!("{}{}{OOID}", &OOID[..1], &OOID[30..])
}

/// The ports of an interface, the one that speaks without frames first.
fn of_interface(server: &MiniHBase, interface: Interface) -> impl Iterator<Item = Config> {
    let configs = server.urls().into_iter().map(|url| url.parse::<Config>().unwrap());
    configs.filter(move |config| config.get_interface().unwrap_or(Interface::One) == interface)
}

fn connect(server: &MiniHBase, interface: Interface) -> CrashStore {
    let config = of_interface(server, interface).next().unwrap();
    let config = config
        .max_attempts(1)
        .max_connections(1)
        .connect_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_mins(1));
    CrashStore::new(Client::connect(config).unwrap())
}

/// What differs, a line a cell; empty if nothing does.
pub(crate) fn difference(expected: &Cells, found: &Cells) -> String {
    let lines = |sign: &str, cells: &Cells, others: &Cells| -> Vec<String> {
        let differing = cells.iter().filter(|(name, value)| others.get(*name) != Some(value));
        let line = |((table, row, column), value): (&(String, String, String), &String)| {
            format!("{sign} {table} {row} {column} = {value}")
        };
        differing.map(line).collect()
    };
    [lines("-", expected, found), lines("+", found, expected)].concat().join("\n")
}

/// Problems, a line each.
pub(crate) fn shown(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
