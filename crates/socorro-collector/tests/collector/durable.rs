//! The store goes away and comes back, the collector is stopped and started: what was acknowledged is
//! there once.

use std::{
    collections::BTreeSet,
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use mini_hbase::{Fault, When};
use socorro_collector::CollectorOptions;
use socorro_hbase_client::{CheckOptions, CrashId, Ooid, Problem, ProblemKind};

use crate::world::{Answer, World, field, file};

fn go_away(world: &World) {
    world.hbase.refuse_connections(true);
    world.hbase.fault(When::always(), Fault::DropBefore);
}

fn come_back(world: &World) {
    world.hbase.clear_faults();
    world.hbase.refuse_connections(false);
}

fn with_spool(folder: &tempfile::TempDir) -> impl FnOnce(&mut CollectorOptions) + '_ {
    |options| options.spool = Some((folder.path().to_owned(), 64 << 20))
}

fn crash(number: usize) -> Vec<crate::world::Part<'static>> {
    vec![
        field("Number", number.to_string()),
        file("upload_file_minidump", None, format!("MDMP {number}")),
    ]
}

fn is_there(world: &World, ooid: &Ooid) -> bool {
    world.store.get_raw_report(ooid).unwrap().is_some()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_mins(1), "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Crashes in the order in which they are queued.
fn queued(world: &World) -> Vec<CrashId> {
    world.store.general_queue().entries().unwrap().map(|entry| entry.unwrap().id).collect()
}

fn problems(world: &World) -> Vec<Problem> {
    let options = CheckOptions::new().settled_for(Duration::ZERO);
    world.store.check(&options).map(Result::unwrap).collect()
}

/// Nothing is wrong but counters that lack a crash: where the reply to an increment was lost, the store
/// doesn't count again.
fn check_finds_counters_at_most(world: &World) {
    for problem in problems(world) {
        assert_eq!(problem.kind, ProblemKind::WrongCounter, "{problem:?}");
        world.store.repair(&problem).unwrap();
    }
    assert_eq!(problems(world), []);
}

#[test]
fn crashes_that_come_while_the_store_is_away_are_stored_later() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(with_spool(&folder));
    go_away(&world);
    let ooids: Vec<Ooid> =
        (0..20).map(|number| World::ooid(&world.submit(&crash(number)))).collect();
    assert_eq!(world.get("/__heartbeat__").status, 503);
    assert!(world.get("/metrics").body.contains("socorro_collector_spool_waiting 20"));
    come_back(&world);
    wait_until("all are stored", || ooids.iter().all(|ooid| is_there(&world, ooid)));
    wait_until("the spool is empty", || {
        world.get("/metrics").body.contains("socorro_collector_spool_waiting 0")
    });
    let report = world.store.get_raw_report(ooids[7]).unwrap().unwrap();
    assert_eq!(report.dump(), Some(&b"MDMP 7"[..]));
    assert_eq!(queued(&world).len(), 20);
    check_finds_counters_at_most(&world);
}

#[test]
fn a_spool_outlives_its_collector() {
    let folder = tempfile::tempdir().unwrap();
    let ooids: Vec<Ooid> = {
        let world = World::new(with_spool(&folder));
        go_away(&world);
        (0..5).map(|number| World::ooid(&world.submit(&crash(number)))).collect()
    };
    // One was cut off while it was written, another one was damaged.
    fs::write(folder.path().join("unfinished-99"), b"socorro").unwrap();
    let damaged = folder.path().join("00000000000000000003.crash");
    let mut bytes = fs::read(&damaged).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&damaged, bytes).unwrap();
    let world = World::new(with_spool(&folder));
    wait_until("four are stored", || queued(&world).len() == 4);
    assert!(ooids.iter().enumerate().all(|(at, ooid)| (at == 3) != is_there(&world, ooid)));
    wait_until("the damaged one lies aside", || {
        folder.path().join("refused/00000000000000000003.crash").exists()
    });
}

#[test]
fn a_full_spool_is_no_acknowledgement() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(|options| options.spool = Some((folder.path().to_owned(), 20_000)));
    go_away(&world);
    let large = || [field("a", "1"), file("upload_file_minidump", None, [b'x'; 3_000])];
    let answers: Vec<u16> = (0..8).map(|_| world.submit(&large()).status).collect();
    let kept = answers.iter().filter(|status| **status == 200).count();
    assert!((2..8).contains(&kept) && answers.ends_with(&[503]), "{answers:?}");
    come_back(&world);
    wait_until("what was acknowledged is stored", || queued(&world).len() == kept);
}

/// A report of a size around what the store takes, of whose parts each may be well below it.
fn odd_report(rng: &mut fastrand::Rng, most: usize) -> Vec<crate::world::Part<'static>> {
    let most = rng.usize(6..=most);
    let mut text = || "\u{e4}\"\\x".repeat(rng.usize(0..=most) / 6);
    let mut parts: Vec<_> = ["HangID", "ProcessType", "submitted_timestamp", "Comments"]
        .into_iter()
        .map(|name| field(name, text()))
        .collect();
    for part in ["extra", "more"] {
        let json = serde_json::json!({ part: text() }).to_string();
        parts.push(file(part, Some("application/json"), json));
    }
    for dump in ["upload_file_minidump", "upload_file_minidump_browser"] {
        parts.push(file(dump, None, text()));
    }
    parts.retain(|_| rng.u8(..) < 160);
    parts.push(field("a", "1"));
    parts
}

fn metric(world: &World, name: &str) -> u64 {
    let text = world.get("/metrics").body;
    let lines = text.lines().filter(|line| line.starts_with(name));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn what_the_store_can_not_take_is_refused_while_it_is_away_as_while_it_is_there() {
    let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut rng = fastrand::Rng::with_seed(seed);
    for (cell, request, most) in [(100_000, 1_000_000, 80_000), (1_000_000, 150_000, 60_000)] {
        let folder = tempfile::tempdir().unwrap();
        let world = World::with_config(with_spool(&folder), |config| {
            config.max_cell_size(cell).max_request_size(request)
        });
        let reports: Vec<_> = (0..120).map(|_| odd_report(&mut rng, most)).collect();
        let there: Vec<Answer> = reports.iter().map(|report| world.submit(report)).collect();
        let [stored, refused] =
            [200, 413].map(|status| there.iter().filter(|answer| answer.status == status).count());
        assert!(stored > 10 && refused > 10, "seed {seed}: {stored} {refused}");
        assert_eq!(stored + refused, reports.len(), "seed {seed}: {there:?}");
        go_away(&world);
        let away: Vec<Answer> = reports.iter().map(|report| world.submit(report)).collect();
        for (there, away) in there.iter().zip(&away) {
            assert_eq!(there.status, away.status, "seed {seed}: {there:?} {away:?}");
        }
        come_back(&world);
        wait_until("the spool is empty", || metric(&world, "socorro_collector_spool_waiting") == 0);
        assert_eq!(metric(&world, "socorro_collector_spool_set_aside_total"), 0, "seed {seed}");
        for answer in there.iter().chain(&away).filter(|answer| answer.status == 200) {
            assert!(is_there(&world, &World::ooid(answer)), "seed {seed}");
        }
    }
}

/// With the limits that are the default.
#[test]
fn two_parts_that_the_store_takes_alone_are_refused_together_while_it_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(with_spool(&folder));
    let json = |name: &str| serde_json::json!({ name: "x".repeat(6 << 20) }).to_string();
    let parts = ["a", "b"].map(|name| file(name, Some("application/json"), json(name)));
    assert_eq!(world.submit(&parts).status, 413);
    go_away(&world);
    assert_eq!(world.submit(&parts).status, 413);
    World::ooid(&world.submit(&parts[..1]));
}

/// A reply that is lost leaves unknown whether the crash is there: it goes to the spool under its name.
#[test]
fn a_crash_whose_outcome_is_unknown_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(with_spool(&folder));
    for call in 1..12 {
        world.hbase.fault(When::nth_call(call), Fault::DropAfter);
    }
    let mut ooids: BTreeSet<Ooid> = BTreeSet::new();
    for number in 0..10 {
        ooids.insert(World::ooid(&world.submit(&crash(number))));
        world.hbase.clear_faults();
        world.hbase.fault(When::nth_call(1 + number as u64), Fault::DropAfter);
    }
    world.hbase.clear_faults();
    wait_until("all are stored", || ooids.iter().all(|ooid| is_there(&world, ooid)));
    wait_until("the spool is empty", || {
        world.get("/metrics").body.contains("socorro_collector_spool_waiting 0")
    });
    let stored: BTreeSet<_> = queued(&world).into_iter().collect();
    assert_eq!(stored, ooids.iter().map(CrashId::from).collect());
    check_finds_counters_at_most(&world);
}

#[test]
fn many_clients_at_once_lose_nothing_while_the_store_comes_and_goes() {
    const CLIENTS: usize = 16;
    const EACH: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(with_spool(&folder));
    let is_over = AtomicBool::new(false);
    let acknowledged: BTreeSet<Ooid> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let world = &world;
                scope.spawn(move || {
                    let numbers = (0..EACH).map(|number| client * EACH + number);
                    numbers
                        .map(|number| World::ooid(&world.submit(&crash(number))))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                go_away(&world);
                thread::sleep(Duration::from_millis(150));
                come_back(&world);
                thread::sleep(Duration::from_millis(150));
            }
        });
        let ooids = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
        is_over.store(true, Ordering::Relaxed);
        ooids
    });
    come_back(&world);
    assert_eq!(acknowledged.len(), CLIENTS * EACH);
    wait_until("all are stored", || queued(&world).len() == CLIENTS * EACH);
    wait_until("the spool is empty", || {
        world.get("/metrics").body.contains("socorro_collector_spool_waiting 0")
    });
    let stored: BTreeSet<_> = queued(&world).into_iter().collect();
    assert_eq!(stored, acknowledged.iter().map(CrashId::from).collect());
    check_finds_counters_at_most(&world);
}

/// Whatever becomes of the folder: who is told that a crash is kept finds it, and the others come again.
#[test]
fn a_spool_whose_folder_is_damaged_meanwhile_takes_nothing_that_it_would_lose() {
    let around = tempfile::tempdir().unwrap();
    let (folder, away) = (around.path().join("spool"), around.path().join("away"));
    let world = World::new(|options| options.spool = Some((folder.clone(), 64 << 20)));
    go_away(&world);
    let mut kept: Vec<Ooid> =
        (0..6).map(|number| World::ooid(&world.submit(&crash(number)))).collect();
    fs::rename(&folder, &away).unwrap();
    assert_eq!(world.submit(&crash(6)).status, 503);
    assert_eq!(world.get("/__lbheartbeat__").status, 200);
    fs::write(&folder, b"a file instead of a folder").unwrap();
    assert_eq!(world.submit(&crash(7)).status, 503);
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    kept.push(World::ooid(&world.submit(&crash(8))));
    // Of those that wait, one is cut, one becomes a folder, one a link that never ends; others are foreign.
    let file_of = |number: usize| folder.join(format!("{number:020}.crash"));
    fs::File::options().write(true).open(file_of(0)).unwrap().set_len(50).unwrap();
    fs::remove_file(file_of(1)).unwrap();
    fs::create_dir(file_of(1)).unwrap();
    fs::remove_file(file_of(2)).unwrap();
    std::os::unix::fs::symlink("/dev/zero", file_of(2)).unwrap();
    fs::write(folder.join("notes.txt"), b"mine").unwrap();
    fs::write(folder.join("99.crash"), b"mine").unwrap();
    fs::remove_dir(folder.join("refused")).unwrap();
    come_back(&world);
    wait_until("the others are stored", || kept[3..].iter().all(|ooid| is_there(&world, ooid)));
    wait_until("the spool is empty", || {
        world.get("/metrics").body.contains("socorro_collector_spool_waiting 0")
    });
    assert!(kept[..3].iter().all(|ooid| !is_there(&world, ooid)));
    let metrics = world.get("/metrics").body;
    assert!(metrics.contains("spool_set_aside_total{reason=\"damaged\"} 3"), "{metrics}");
    assert!(folder.join("notes.txt").exists() && folder.join("99.crash").exists());
    assert_eq!(queued(&world).len(), kept.len() - 3);
    World::ooid(&world.submit(&crash(9)));
}
