//! What each endpoint costs, counted on the wire against the budget of docs/endpoint-review.md.

use std::time::Duration;

use hbase_thrift_client::{Get, Increment};
use integration_tests::{Server, Test};
use socorro_hbase_client::{
    Counted, CrashStore, NewReport, Ooid, ProcessedCrash, QueueForProcessing, SchemaOptions,
    TABLES, TimeIndex, TimeRange,
};

use super::proxy::Proxy;
use crate::socorro::{data_file, metadata, ooid, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(submitting_processing_and_removing_keep_to_the_budget),
        Test::new(reads_and_index_rows_keep_to_the_budget),
        Test::new(scans_and_queues_keep_to_the_budget),
        Test::new(claims_to_their_end_keep_to_the_budget),
        Test::new(rows_and_counters_are_written_anew_within_the_budget),
        Test::new(many_crashes_keep_to_the_budget),
        Test::new(a_hang_is_submitted_with_few_operations),
    ]
}

const REVIEW: &str = include_str!("../../../docs/endpoint-review.md");
const JSON: &str = r#"{"submitted_timestamp": "2025-01-01T00:00:00+00:00", "ProcessType": "plugin", "HangID": "9f1e7a60-55c4-4be0-9d3c-71c4e8a90b12"}"#;

struct Meter {
    proxy: Proxy,
    store: CrashStore,
    /// The budget's column, counted from the last.
    column: usize,
}

impl Meter {
    fn new(server: &Server, prefix: &str) -> Self {
        let proxy = Proxy::start(&server.store_url());
        let store = proxy.store_on_one_connection(prefix);
        // Opens the connection that the endpoints use.
        let warm = ooid("ff000000-aaaa-4bbb-8ccc-ddddd2250101");
        submit(&store, &warm);
        store.remove(warm).unwrap();
        proxy.round_trips();
        let column = usize::from(!server.has_stores_over_thrift2());
        Self { proxy, store, column }
    }

    /// The numbers in the budget's column of the row whose second column has this name.
    fn budget(&self, name: &str, position: usize) -> usize {
        let name = format!("`{name}`");
        let is_of = |row: &&str| row.split('|').nth(2).is_some_and(|names| names.contains(&name));
        let row = REVIEW.lines().find(is_of).unwrap_or_else(|| panic!("{name} isn't reviewed"));
        let numbers = row.trim_end_matches([' ', '|']).rsplit('|').nth(self.column).unwrap();
        let numbers = numbers.split(|c: char| !c.is_ascii_digit()).filter(|text| !text.is_empty());
        numbers.map(|text| text.parse().unwrap()).nth(position).unwrap()
    }

    /// Runs an endpoint and holds it to the number at this position of its row.
    fn hold<T>(&self, name: &str, position: usize, run: impl FnOnce(&CrashStore) -> T) -> T {
        self.hold_to(name, self.budget(name, position), run)
    }

    /// As [`hold`](Self::hold), for reads: the fewest of some runs count. On a busy machine a reply begins
    /// before all requests have passed the proxy, which looks like another round trip.
    fn hold_read<T>(&self, name: &str, position: usize, run: impl Fn(&CrashStore) -> T) {
        self.hold_read_to(name, self.budget(name, position), run);
    }

    fn hold_read_to<T>(&self, name: &str, budget: usize, run: impl Fn(&CrashStore) -> T) {
        const RUNS: usize = 5;
        let mut runs = (0..RUNS).map(|_| self.count(|store| drop(run(store))));
        let enough = runs.by_ref().find(|found| *found <= budget);
        assert!(enough.is_some(), "{name} took more than {budget} round trips each time");
    }

    /// As [`hold`](Self::hold), for several crashes: the row has what the first and what each further
    /// one may take.
    fn hold_many<T>(&self, name: &str, crashes: usize, run: impl FnOnce(&CrashStore) -> T) -> T {
        self.hold_to(name, self.budget(name, 0) + (crashes - 1) * self.budget(name, 1), run)
    }

    fn hold_to<T>(&self, name: &str, budget: usize, run: impl FnOnce(&CrashStore) -> T) -> T {
        let mut answer = None;
        let found = self.count(|store| answer = Some(run(store)));
        assert!(found <= budget, "{name} took {found} round trips, its budget is {budget}");
        answer.unwrap()
    }

    fn count(&self, run: impl FnOnce(&CrashStore)) -> usize {
        run(&self.store);
        // A scanner is closed without waiting for it: after another call on the one connection, it was.
        self.store.client().table("crash_reports").get(&Get::new("nothing")).unwrap();
        self.proxy.round_trips() - 1
    }
}

fn submit(store: &CrashStore, crash: &Ooid) {
    store.put_raw_report(crash, &metadata(JSON), b"MDMP", QueueForProcessing::Yes).unwrap();
}

fn submitting_processing_and_removing_keep_to_the_budget(server: &Server) {
    let socorro = socorro(server);
    let meter = Meter::new(server, socorro.store.client().config().get_table_prefix());
    let crash = ooid("0f000000-aaaa-4bbb-8ccc-ddddd2250101");
    for position in 0..2 {
        meter.hold("CrashStore::put_raw_report", position, |store| submit(store, &crash));
    }
    let (json, dump) = (data_file("json"), data_file("dump"));
    let other = ooid("2f000000-aaaa-4bbb-8ccc-ddddd2250101");
    meter.hold("CrashStore::put_raw_report_from_files", 0, |store| {
        store.put_raw_report_from_files(other, json, dump, QueueForProcessing::No).unwrap();
    });
    for (position, signature) in [(0, "a"), (1, "b")] {
        let json = format!(r#"{{"signature": "{signature}", "completeddatetime": "2025"}}"#);
        let processed = ProcessedCrash::from_json(json).unwrap();
        meter.hold("CrashStore::put_processed", position, |store| {
            store.put_processed(crash, &processed).unwrap();
        });
    }
    meter.hold("CrashStore::replace_dump", 0, |store| store.replace_dump(crash, b"MDMP").unwrap());
    meter.hold("CrashStore::requeue", 0, |store| store.requeue(crash).unwrap());
    assert!(meter.hold("CrashStore::remove", 0, |store| store.remove(crash).unwrap()));
    let metadata = metadata(JSON);
    let many: Vec<_> =
        (0..10).map(|n| ooid(&format!("3f00000{n}-aaaa-4bbb-8ccc-ddddd2250101"))).collect();
    let reports: Vec<_> =
        many.iter().map(|ooid| NewReport::new(ooid, &metadata, b"MDMP")).collect();
    meter.hold("CrashStore::put_raw_reports", 0, |store| {
        let results = store.put_raw_reports(&reports, QueueForProcessing::Yes).unwrap();
        assert!(results.iter().all(Result::is_ok));
    });
    meter.hold_many("requeue_many", 10, |store| store.requeue_many(&many).unwrap());
    meter.hold_many("remove_many", 10, |store| store.remove_many(&many, Counted::Stays).unwrap());
    // Of tables that are there; whether there is one for searches is asked once more then.
    let tables = TABLES.len() + 1;
    meter.hold_to(
        "create_schema",
        tables * meter.budget("CrashStore::create_schema", 0),
        |store| {
            assert_eq!(store.create_schema(&SchemaOptions::new()).unwrap().existing.len(), tables);
        },
    );
}

/// What a server has to do counts too, where the network is short. One call is one operation here, but for
/// counters, of which Thrift 1's call has all and does one after the other.
fn a_hang_is_submitted_with_few_operations(server: &Server) {
    const COUNTERS: usize = 18;
    let socorro = socorro(server);
    let prefix = socorro.store.client().config().get_table_prefix();
    let meter = Meter::new(server, prefix);
    meter.proxy.take_traffic(prefix);
    let crash = ooid("4f000000-aaaa-4bbb-8ccc-ddddd2250101");
    submit(&meter.store, &crash);
    let calls = meter.proxy.take_traffic(prefix).calls;
    let operations: usize = calls.values().sum();
    if server.has_stores_over_thrift2() {
        assert!(operations <= 16, "{operations}: {calls:?}");
        let several = calls.keys().find(|(method, _)| method.ends_with("Multiple"));
        assert_eq!(several.map(|(method, _)| method.as_str()), Some("getMultiple"), "{calls:?}");
    } else {
        assert!(operations - 1 + COUNTERS <= 28, "{operations}: {calls:?}");
    }
    socorro.store.remove(crash).unwrap();
}

fn reads_and_index_rows_keep_to_the_budget(server: &Server) {
    let socorro = socorro(server);
    let meter = Meter::new(server, socorro.store.client().config().get_table_prefix());
    let crash = ooid("1f000000-aaaa-4bbb-8ccc-ddddd2250101");
    submit(&meter.store, &crash);
    meter.proxy.round_trips();
    meter.hold("CrashStore::get_metadata_text", 0, |store| store.get_metadata_text(crash).unwrap());
    meter.hold("CrashStore::get_metadata", 0, |store| store.get_metadata(crash).unwrap());
    meter.hold("CrashStore::get_metadata_bytes", 0, |store| {
        store.get_metadata_bytes(crash).unwrap()
    });
    meter.hold("CrashStore::get_dump", 0, |store| store.get_dump(crash).unwrap());
    meter.hold("CrashStore::get_dumps", 0, |store| store.get_dumps(crash).unwrap());
    meter.hold("CrashStore::get_dumps", 1, |store| {
        store.get_dump_named(crash, &"other".parse().unwrap()).unwrap()
    });
    meter.hold("CrashStore::get_public_metadata", 0, |store| {
        store.get_public_metadata(crash).unwrap()
    });
    meter.hold("get_public_processed", 0, |store| store.get_public_processed(crash).unwrap());
    meter.hold("CrashStore::describe", 0, |store| store.describe(crash).unwrap());
    meter.hold("CrashStore::get_processed_text", 0, |store| {
        store.get_processed_text(crash).unwrap()
    });
    meter.hold("CrashStore::get_processed", 0, |store| store.get_processed(crash).unwrap());
    meter.hold("CrashStore::get_raw_report", 0, |store| store.get_raw_report(crash).unwrap());
    meter.hold("CrashStore::get_processing_state", 0, |store| {
        store.get_processing_state(crash).unwrap()
    });
    let absent = ooid("1f000001-aaaa-4bbb-8ccc-ddddd2250101");
    meter.hold_to(
        "a crash that isn't there",
        meter.budget("CrashStore::get_metadata", 0) + 1,
        |store| {
            assert_eq!(store.get_metadata(absent).unwrap(), None);
        },
    );
    let many = [crash; 256];
    meter
        .hold("CrashStore::get_raw_reports", 0, |store| store.get_raw_reports(&many[..8]).unwrap());
    meter.hold("get_metadata_of", 0, |store| store.get_metadata_of(many).unwrap());
    meter.hold("get_processed_of", 0, |store| store.get_processed_of(many).unwrap());
    meter.hold("get_signatures_of", 0, |store| store.get_signatures_of(many).unwrap());
    meter.hold("get_processing_states", 0, |store| store.get_processing_states(many).unwrap());
    let hang = "9f1e7a60-55c4-4be0-9d3c-71c4e8a90b12".parse().unwrap();
    meter.hold("CrashStore::get_hang", 0, |store| store.get_hang(&hang).unwrap());
    meter.hold("CrashStore::get_hang", 1, |store| store.get_hang_pair(crash).unwrap());
    let metadata = metadata(JSON);
    let time = metadata.submitted().unwrap();
    let indexes = [TimeIndex::Submitted, TimeIndex::LegacySubmitted];
    meter.hold("CrashStore::put_time_index", 0, |store| {
        store.put_time_index(crash, time, &indexes).unwrap();
    });
    meter.hold("CrashStore::put_hang_index", 0, |store| {
        store.put_hang_index(crash, &hang, metadata.process_type(), time).unwrap();
    });
    meter.hold("CrashStore::count_submission", 0, |store| {
        store.count_submission(&metadata, QueueForProcessing::No).unwrap();
    });
    let periods = ["2025", "2025-01"].map(|text| text.parse().unwrap());
    meter.hold("CrashStore::get_counters", 0, |store| store.get_counters(&periods).unwrap());
}

fn scans_and_queues_keep_to_the_budget(server: &Server) {
    let socorro = socorro(server);
    let meter = Meter::new(server, socorro.store.client().config().get_table_prefix());
    for key in socorro.store.legacy_queue().entries().unwrap().map(|entry| entry.unwrap().key) {
        socorro.store.legacy_queue().remove_row(&key).unwrap();
    }
    let crash = |number: usize| ooid(&format!("{number}f100000-aaaa-4bbb-8ccc-ddddd2250101"));
    for number in 0..6 {
        submit(&meter.store, &crash(number));
    }
    meter.proxy.round_trips();
    let table = "crash_reports_index_submitted_time";
    meter.hold_read("CrashStore::scan_union", 0, |store| {
        store.scan_union(table, "2025-01", ["ids:ooid"]).unwrap().count()
    });
    meter.hold_read("CrashStore::scan_merge", 0, |store| {
        store.scan_merge(table, "2025-01", ["ids:ooid"]).unwrap().count()
    });
    meter.hold_read("CrashStore::scan_submitted", 0, |store| {
        store.scan_submitted(&TimeRange::within("2025-01")).unwrap().count()
    });
    meter.hold_read("CrashStore::scan_signature", 0, |store| {
        store.scan_signature("a").unwrap().count()
    });
    let range = TimeRange::within("2025-01");
    meter.hold_read("CrashStore::scan_submitted", 0, |store| {
        store.scan_submitted_newest_first(&range).unwrap().count()
    });
    meter.hold_read("CrashStore::scan_search", 0, |store| {
        store.scan_search(&range).unwrap().count()
    });
    meter.hold_read("CrashStore::count_by_signature", 0, |store| {
        store.count_by_signature(&range).unwrap()
    });
    let queue = meter.store.legacy_queue();
    let worker = "meter".parse().unwrap();
    let lease = Duration::from_mins(10);
    meter.hold("Queue::remove", 0, |_| assert!(queue.remove(crash(0)).unwrap()));
    let claim = meter.hold("Queue::claim_crash", 0, |_| {
        queue.claim_crash(crash(1), &worker, lease).unwrap().unwrap()
    });
    let key = claim.key().to_vec();
    meter.hold("Queue::remove_row", 0, |_| assert!(queue.remove_row(&key).unwrap()));
    let mut claims = meter.hold("Queue::claim", 0, |_| {
        queue.claim(&worker, lease).unwrap().map(Result::unwrap).collect::<Vec<_>>()
    });
    assert_eq!(claims.len(), 4);
    let mut claim = claims.pop().unwrap();
    meter.hold("Claim::acknowledge", 1, |_| claim.renew(lease).unwrap());
    let claim = meter.hold("Queue::resume_claim", 0, |_| {
        queue.resume_claim(claim.id().clone(), &worker).unwrap().unwrap()
    });
    meter.hold("Claim::acknowledge", 0, |_| claim.acknowledge().unwrap());
    let key = claims.last().unwrap().key().to_vec();
    meter.hold("Claim::acknowledge", 2, |_| claims.pop().unwrap().release().unwrap());
    let claim = meter.hold("claim_row", 1, |_| queue.claim_row(&key, &worker, lease).unwrap());
    assert!(claim.is_some());
    meter.hold_read("Queue::entries", 0, |_| queue.entries().unwrap().count());
    meter.hold_read("Queue::entries", 1, |_| queue.entries_newest_first().unwrap().count());
    meter.hold_read("Queue::entries", 2, |_| queue.count_entries().unwrap());
    meter.hold_read("Queue::entries", 3, |_| queue.statistics().unwrap());
}

fn claims_to_their_end_keep_to_the_budget(server: &Server) {
    let socorro = socorro(server);
    let meter = Meter::new(server, socorro.store.client().config().get_table_prefix());
    let queue = meter.store.legacy_queue();
    let (worker, lease) = ("meter".parse().unwrap(), Duration::from_mins(10));
    let crash = ooid("0f200000-aaaa-4bbb-8ccc-ddddd2250101");
    submit(&meter.store, &crash);
    meter.proxy.round_trips();
    // At first it waits in both queues, then in none, and its signature changes.
    for (position, signature) in [(0, "a"), (1, "b")] {
        let claim = meter.hold("Queue::claim_by_priority", 0, |_| {
            queue.claim_by_priority(crash, &worker, lease).unwrap().unwrap()
        });
        let json = format!(r#"{{"signature": "{signature}", "completeddatetime": "2025"}}"#);
        let processed = ProcessedCrash::from_json(json).unwrap();
        meter.hold("Claim::complete", position, |_| claim.complete(&processed).unwrap());
    }
}

fn rows_and_counters_are_written_anew_within_the_budget(server: &Server) {
    const CRASHES: usize = 100;
    let socorro = socorro(server);
    let meter = Meter::new(server, socorro.store.client().config().get_table_prefix());
    // Of a day that no other test has.
    let metadata = metadata(&JSON.replace("2025-01-01", "2025-03-03"));
    let name = |n: usize| ooid(&format!("{:x}f3000{n:02}-aaaa-4bbb-8ccc-ddddd2250303", n % 16));
    let many: Vec<_> = (0..CRASHES).map(name).collect();
    let reports: Vec<_> =
        many.iter().map(|ooid| NewReport::new(ooid, &metadata, b"MDMP")).collect();
    for result in meter.store.put_raw_reports(&reports, QueueForProcessing::No).unwrap() {
        result.unwrap();
    }
    meter.proxy.round_trips();
    let [scan, each, at_once] = [0, 1, 2].map(|position| meter.budget("reindex", position));
    let budget_of_reindex = scan + CRASHES.div_ceil(at_once) * each;
    let range = TimeRange::within("2025-03-03");
    meter.hold_read_to("reindex", budget_of_reindex, |store| {
        assert_eq!(store.reindex(&range).unwrap().crashes, CRASHES as u64);
    });
    let period = "2025-03-03".parse().unwrap();
    let [scan, each, at_once] =
        [0, 1, 2].map(|position| meter.budget("CrashStore::recount", position));
    let batches = CRASHES.div_ceil(at_once) * each;
    meter.hold_read_to("CrashStore::recount", scan + batches, |store| {
        assert_eq!(store.recount(&period).unwrap(), []);
    });
    let counters =
        ["counters:submitted_crash_reports", "counters:submitted_crash_report_hang_pairs"];
    let changes = counters.len() * (1 + each);
    meter.hold_read_to("CrashStore::recount", scan + batches + changes, |store| {
        for counter in counters {
            let metrics = store.client().table("metrics");
            metrics.increment(&Increment::new("2025-03-03", counter, 1)).unwrap();
        }
        assert_eq!(store.recount(&period).unwrap().len(), counters.len());
    });
}

/// More than are claimed at a time, and more dumps than fit into a call.
fn many_crashes_keep_to_the_budget(server: &Server) {
    const CRASHES: usize = 40;
    const LARGE: usize = 4;
    let socorro = socorro(server);
    let meter = Meter::new(server, socorro.store.client().config().get_table_prefix());
    let queue = meter.store.legacy_queue();
    for key in queue.entries().unwrap().map(|entry| entry.unwrap().key) {
        queue.remove_row(&key).unwrap();
    }
    let metadata = metadata(JSON);
    let name = |n: usize| ooid(&format!("{:x}f4000{n:02}-aaaa-4bbb-8ccc-ddddd2250101", n % 16));
    let many: Vec<_> = (0..CRASHES + LARGE).map(name).collect();
    let (many, large) = many.split_at(CRASHES);
    let dump = vec![7; 900 << 10];
    let reports: Vec<_> = large.iter().map(|id| NewReport::new(id, &metadata, &dump)).collect();
    meter.proxy.round_trips();
    let mebibytes = (LARGE * dump.len()).div_ceil(1 << 20);
    let most = meter.budget("CrashStore::put_raw_reports", 0) + mebibytes;
    meter.hold_to("CrashStore::put_raw_reports", most, |store| {
        let results = store.put_raw_reports(&reports, QueueForProcessing::No).unwrap();
        assert!(results.iter().all(Result::is_ok));
    });
    let reports: Vec<_> = many.iter().map(|id| NewReport::new(id, &metadata, b"MDMP")).collect();
    for result in meter.store.put_raw_reports(&reports, QueueForProcessing::Yes).unwrap() {
        result.unwrap();
    }
    meter.proxy.round_trips();
    let (worker, lease) = ("meter".parse().unwrap(), Duration::from_mins(10));
    let [first, more, at_once] = [0, 2, 3].map(|position| meter.budget("Queue::claim", position));
    let most = first + (CRASHES.div_ceil(at_once) - 1) * more;
    let claims = meter.hold_to("Queue::claim", most, |_| {
        queue.claim(&worker, lease).unwrap().map(Result::unwrap).collect::<Vec<_>>()
    });
    assert_eq!(claims.len(), CRASHES);
    for id in many.iter().chain(large) {
        assert!(meter.store.remove(id).unwrap());
    }
}
