//! The services: crashes are sent over HTTP, kept, processed and read back, whatever ends the program.

mod browsers;
mod crashpad;
mod outage;
mod service;
mod workers;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};

use flate2::{Compression, write::GzEncoder};
use integration_tests::{Server, Test};
use serde_json::Value;
use tempfile::TempDir;

use self::service::{MULTIPART, Serving, form, json_form, run, wait_until};
use crate::socorro::{real_crash, socorro};

/// On any HBase.
pub(crate) fn tests() -> Vec<Test> {
    let own = vec![
        Test::new(crashes_are_received_here_and_processed_elsewhere),
        Test::new(a_crash_that_ended_workers_of_several_services_is_given_up),
    ];
    own.into_iter().chain(crashpad::tests()).chain(browsers::tests()).collect()
}

/// On the program's own store.
pub(crate) fn own_store_tests() -> Vec<Test> {
    vec![
        Test::new(a_crash_of_any_shape_is_processed_and_read_back),
        Test::new(sigterm_during_submissions_loses_nothing),
        Test::new(sigkill_during_submissions_loses_nothing_and_doubles_nothing),
        Test::new(a_crash_that_ended_its_service_three_times_is_given_up),
        Test::new(workers::a_crash_that_the_store_failed_is_given_back_and_does_not_count),
        Test::new(workers::metadata_is_left_out_of_a_crash_that_ended_four_workers),
        Test::new(workers::a_crash_that_takes_longer_than_its_claim_holds_is_worked_on_by_one),
        Test::new(workers::a_crash_whose_worker_is_killed_while_it_stops_has_not_ended_it),
        Test::new(workers::a_crash_beside_one_that_ends_workers_is_processed),
        Test::new(outage::nothing_is_lost_while_the_store_goes_twice_and_services_are_killed),
    ]
}

fn crashes_are_received_here_and_processed_elsewhere(server: &Server) {
    let socorro = socorro(server);
    let folder = tempfile::tempdir().unwrap();
    let here = ["--no-workers", "--protect", "ProductName", "--server", &socorro.url];
    let serving = Serving::start(&folder, &here);
    let (_, dump) = real_crash();
    let ooid = serving.post(MULTIPART, &form(&dump)).ooid();
    assert_eq!(serving.get("processed", &ooid).status, 408);
    let output = run(&folder, &["process", "--server", &socorro.url]);
    assert!(output.status.success(), "{output:?}");
    serving.expect_whole(&ooid, &dump);
    for (part, field) in [("meta", "ProductName"), ("processed", "product")] {
        let public: Value =
            serde_json::from_slice(&serving.get_with(part, &ooid, "").body).unwrap();
        assert!(public["uuid"] == ooid && public.get(field).is_none(), "{public}");
    }
    serving.end_well();
}

fn a_crash_of_any_shape_is_processed_and_read_back(_: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&folder, &["--workers", "2"]);
    let (_, dump) = real_crash();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&form(&dump)).unwrap();
    let gzip = format!("{MULTIPART}Content-Encoding: gzip\r\n");
    let mixed = MULTIPART.replace("form-data", "mixed");
    let shapes = [
        serving.post(MULTIPART, &form(&dump)),
        serving.post(&mixed, &json_form(&dump)),
        serving.post(&gzip, &packed.finish().unwrap()),
        serving.post_chunked(MULTIPART, &form(&dump)),
    ];
    for answer in shapes {
        let ooid = answer.ooid();
        wait_until("a crash is processed", || serving.get("processed", &ooid).status == 200);
        serving.expect_whole(&ooid, &dump);
    }
    serving.end_well();
    assert_clean(&folder, 4);
}

fn sigterm_during_submissions_loses_nothing(_: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&folder, &["--workers", "1"]);
    let acknowledged = serving.submit_while(8, 40, || serving.signal("-TERM"));
    serving.expect_good_end();
    expect_all(&folder, &acknowledged);
}

fn sigkill_during_submissions_loses_nothing_and_doubles_nothing(_: &Server) {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=2 {
        let serving = Serving::start(&folder, &["--workers", "1", "--lease", "1s"]);
        let acknowledged = serving.submit_while(16, round * 60, || serving.signal("-KILL"));
        drop(serving);
        // What was under way may be half there: a repair completes it, and the check after it is clean.
        run(&folder, &["check", "--settled-for", "0s", "--repair"]);
        expect_all(&folder, &acknowledged);
    }
    // What a killed worker had claimed comes back.
    let serving = Serving::start(&folder, &["--workers", "2", "--no-collector", "--lease", "1s"]);
    wait_until("the queue is empty", || {
        serving.metrics().contains("socorro_processor_queue_entries{queue=\"legacy\"} 0")
    });
    serving.end_well();
    let crashes = lines(&folder, &["crashes", "--json"]).len();
    assert_clean(&folder, crashes);
}

fn a_crash_that_ended_workers_of_several_services_is_given_up(server: &Server) {
    let socorro = socorro(server);
    let queue = socorro.store.legacy_queue();
    for entry in queue.entries().unwrap() {
        queue.remove_row(&entry.unwrap().key).unwrap();
    }
    expect_given_up(&["--server", &socorro.url]);
}

fn a_crash_that_ended_its_service_three_times_is_given_up(_: &Server) {
    let folder = expect_given_up(&[]);
    assert_clean(&folder, 2);
}

/// Kills three services, each by another name, while each works on the same crash; the next one gives it
/// up, and processes what comes then.
fn expect_given_up(store: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&folder, &[&["--no-workers"], store].concat());
    let (_, dump) = real_crash();
    let deadly = serving.post(MULTIPART, &form(&dump)).ooid();
    serving.end_well();
    // Long enough that a busy machine doesn't let it run out while its service lives: that would count.
    let workers = ["--workers", "1", "--lease", "6s"];
    for number in 1..=3 {
        let (symbols, name) = (Hung::start(), format!("worker-{number}"));
        let more = ["--worker", &name, "--symbols-url", &symbols.url];
        let serving = Serving::start(&folder, &[&workers[..], &more, store].concat());
        wait_until("the crash is worked on", || symbols.is_asked());
        assert_eq!(serving.get("processed", &deadly).status, 408);
        serving.signal("-KILL");
    }
    let serving = Serving::start(&folder, &[&workers[..], store].concat());
    let next = serving.post(MULTIPART, &form(&dump)).ooid();
    wait_until("both are processed", || {
        [&deadly, &next].iter().all(|ooid| serving.get("processed", ooid).status == 200)
    });
    let processed: Value = serde_json::from_slice(&serving.get("processed", &deadly).body).unwrap();
    let notes = processed["processor_notes"].as_str().unwrap();
    assert!(notes.contains("given up: 3 attempts"), "{notes}");
    assert_eq!((&processed["success"], &processed["product"]), (&false.into(), &"Demo".into()));
    serving.expect_whole(&next, &dump);
    serving.end_well();
    assert_eq!(lines(&folder, &[&["queue", "list", "--json"], store].concat()), [] as [Value; 0]);
    folder
}

/// A symbol server that takes requests and never answers: what asks it is busy.
struct Hung {
    listener: TcpListener,
    url: String,
    kept: RefCell<Vec<TcpStream>>,
}

impl Hung {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { listener, url, kept: RefCell::default() }
    }

    /// Whether somebody has asked.
    fn is_asked(&self) -> bool {
        self.asking() > 0
    }

    /// How many connections there are.
    fn asking(&self) -> usize {
        while let Ok((stream, _)) = self.listener.accept() {
            self.kept.borrow_mut().push(stream);
        }
        self.kept.borrow().len()
    }

    /// Ends the connections that there are without an answer.
    fn hang_up(&self) {
        self.asking();
        self.kept.borrow_mut().clear();
    }
}

/// Every crash is there, once, and the store agrees with itself.
fn expect_all(folder: &TempDir, acknowledged: &BTreeSet<String>) {
    let crashes = lines(folder, &["crashes", "--json"]);
    let found: BTreeSet<_> =
        crashes.iter().map(|crash| crash["ooid"].as_str().unwrap().to_owned()).collect();
    assert_eq!(found.len(), crashes.len(), "a crash is there twice");
    let lost: Vec<_> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "of {} acknowledged, {lost:?} are lost", acknowledged.len());
    assert_clean(folder, crashes.len());
    // Each crash says which one it is: none came to be two.
    let export = folder.path().join(format!("export-{}", found.len()));
    let exported = run(folder, &["export", "-o", export.to_str().unwrap()]);
    assert!(exported.status.success(), "{exported:?}");
    let number_of = |ooid: &String| {
        let meta = fs::read(export.join(format!("{ooid}.json"))).unwrap();
        let meta: Value = serde_json::from_slice(&meta).unwrap();
        meta["Number"].as_str().unwrap().to_owned()
    };
    let distinct: BTreeSet<_> = found.iter().map(number_of).collect();
    assert_eq!(distinct.len(), found.len(), "a submission is two crashes");
}

fn assert_clean(folder: &TempDir, crashes: usize) {
    let checked = run(folder, &["check", "--settled-for", "0s"]);
    assert!(checked.status.success(), "{checked:?}");
    assert_eq!(lines(folder, &["crashes", "--json"]).len(), crashes);
}

fn lines(folder: &TempDir, arguments: &[&str]) -> Vec<Value> {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
