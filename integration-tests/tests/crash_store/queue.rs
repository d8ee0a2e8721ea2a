//! The queues: workers share them, what is done leaves them, and what isn't comes back.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use integration_tests::{Server, Test};
use socorro_hbase_client::{
    Claim, CrashId, Ooid, ProcessedCrash, Queue, QueueForProcessing, Worker,
};

use crate::socorro::{Socorro, metadata, ooid, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(entries_are_claimed_oldest_first_and_by_one_worker_only),
        Test::new(a_claim_leaves_the_entry_as_other_programs_read_it),
        Test::new(an_acknowledged_crash_leaves_the_queue_and_is_counted_down_once),
        Test::new(a_claim_that_has_run_out_is_anybodys),
        Test::new(a_released_claim_is_anybodys_at_once),
        Test::new(a_renewed_claim_holds_and_a_lost_one_cannot_be_renewed),
        Test::new(another_process_goes_on_under_its_workers_claim_alone),
        Test::new(a_claim_that_is_gone_on_with_leaves_what_was_asked_for_since),
        Test::new(attempts_are_counted_by_the_claims_that_ran_out),
        Test::new(an_attempt_at_what_waited_for_others_begins_with_a_renewal),
        Test::new(claims_from_before_attempts_were_counted_are_none),
        Test::new(workers_at_once_never_get_the_same_crash),
        Test::new(workers_of_both_queues_never_get_the_same_crash),
        Test::new(a_processed_crash_is_acknowledged_instead_of_handed_out),
        Test::new(a_priority_job_is_claimed_out_of_its_turn),
        Test::new(a_crash_is_removed_from_the_queue_once),
        Test::new(an_entry_that_another_program_took_is_not_handed_out),
        Test::new(an_entry_that_names_no_crash_is_reported_once_and_ends_nothing),
        Test::new(statistics_tell_the_size_and_the_oldest_entry),
    ]
}

const TABLE: &str = "crash_reports_index_legacy_unprocessed_flag";
const LONG: Duration = Duration::from_mins(10);

fn worker(name: &str) -> Worker {
    name.parse().unwrap()
}

/// The legacy queue with nothing in it but these crashes, a minute apart, submitted in reverse.
fn queue_of(socorro: &mut Socorro, count: usize) -> (Queue, Vec<Ooid>) {
    let queue = socorro.store.legacy_queue();
    let leftovers: Vec<_> = queue.entries().unwrap().map(|entry| entry.unwrap().key).collect();
    for key in leftovers {
        queue.remove_row(&key).unwrap();
    }
    let day = "2001-01-01".parse::<socorro_hbase_client::Period>().unwrap();
    let hours: Vec<_> = day.parts().collect();
    let mut crashes: Vec<_> = (0..count)
        .rev()
        .map(|number| {
            let salt = number * 5 % 16;
            let date = socorro_hbase_client::time::Date::from_calendar_date(
                2001,
                socorro_hbase_client::time::Month::January,
                1,
            );
            let random = Ooid::generate(date.unwrap()).unwrap();
            let crash = ooid(&format!("{salt:x}{}", &random.as_str()[1..]));
            let json = format!(r#"{{"submitted_timestamp": "{}:{number:02}:00"}}"#, hours[0]);
            let queue = QueueForProcessing::Yes;
            socorro.store.put_raw_report(crash, &metadata(&json), b"MDMP", queue).unwrap();
            crash
        })
        .collect();
    crashes.reverse();
    (queue, crashes)
}

fn claim_all(queue: &Queue, name: &str, lease: Duration) -> Vec<Claim> {
    queue.claim(&worker(name), lease).unwrap().collect::<Result<_, _>>().unwrap()
}

fn ooids(claims: &[Claim]) -> Vec<CrashId> {
    claims.iter().map(|claim| claim.id().clone()).collect()
}

fn entries_are_claimed_oldest_first_and_by_one_worker_only(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 20);
    let first: Vec<_> =
        queue.claim(&worker("one"), LONG).unwrap().take(16).collect::<Result<_, _>>().unwrap();
    assert_eq!(ooids(&first), crashes[..16]);
    assert_eq!(ooids(&claim_all(&queue, "two", LONG)), crashes[16..]);
    assert!(claim_all(&queue, "three", LONG).is_empty());
    assert_eq!(queue.count_entries().unwrap(), 20);
}

fn a_claim_leaves_the_entry_as_other_programs_read_it(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, _) = queue_of(&mut socorro, 1);
    let before = socorro.cells();
    let _claims = claim_all(&queue, "one", LONG);
    let changes = socorro.cells().changes_since(&before);
    assert_eq!(changes.len(), 1, "{changes:#?}");
    assert!(changes[0].starts_with(TABLE), "{changes:#?}");
    assert!(changes[0].contains(" processor_state:claim = "), "{changes:#?}");
}

fn an_acknowledged_crash_leaves_the_queue_and_is_counted_down_once(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, _) = queue_of(&mut socorro, 1);
    let before = socorro.cells();
    let claim = claim_all(&queue, "one", LONG).remove(0);
    let key = claim.key().to_vec();
    claim.acknowledge().unwrap();
    assert!(!queue.remove_row(&key).unwrap());
    let row = String::from_utf8(key).unwrap();
    let expected = [
        format!("- {TABLE} {row} ids:ooid"),
        "metrics crash_report_queue counters:current_legacy_unprocessed_size -1".to_owned(),
    ];
    assert_eq!(socorro.cells().changes_since(&before), expected);
}

fn a_claim_that_has_run_out_is_anybodys(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 2);
    // Killed at once.
    drop(claim_all(&queue, "one", Duration::ZERO));
    assert_eq!(ooids(&claim_all(&queue, "two", LONG)), crashes);
    assert!(claim_all(&queue, "one", LONG).is_empty());
}

fn a_released_claim_is_anybodys_at_once(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 1);
    claim_all(&queue, "one", LONG).remove(0).release().unwrap();
    assert_eq!(ooids(&claim_all(&queue, "two", LONG)), crashes);
}

fn a_renewed_claim_holds_and_a_lost_one_cannot_be_renewed(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, _) = queue_of(&mut socorro, 1);
    let mut claim = claim_all(&queue, "one", Duration::ZERO).remove(0);
    assert!(claim.renew(LONG).unwrap());
    assert!(claim_all(&queue, "two", LONG).is_empty());
    assert!(claim.renew(Duration::ZERO).unwrap());
    assert_eq!(claim_all(&queue, "two", LONG).len(), 1);
    assert!(!claim.renew(LONG).unwrap());
}

/// As a process knows it that has nothing but the crash's name and its own.
fn resume(queue: &Queue, crash: &Ooid, name: &str) -> Option<Claim> {
    queue.resume_claim(crash, &worker(name)).unwrap()
}

fn another_process_goes_on_under_its_workers_claim_alone(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 2);
    let [first, second] = [&crashes[0], &crashes[1]];
    assert!(resume(&queue, first, "one").is_none());
    drop(claim_all(&queue, "one", LONG));
    assert!(resume(&queue, first, "two").is_none());
    assert!(resume(&queue, first, "on").is_none());
    assert!(resume(&socorro.store.general_queue(), first, "one").is_none());
    // Renewed by one process, given back by another, and taken by somebody else.
    assert!(resume(&queue, first, "one").unwrap().renew(LONG).unwrap());
    assert!(resume(&queue, first, "one").unwrap().release().unwrap());
    assert!(resume(&queue, first, "one").is_none());
    let mut other = claim_all(&queue, "two", LONG).remove(0);
    assert!(resume(&queue, first, "one").is_none());
    // One that has run out is nobody's.
    assert!(other.renew(Duration::ZERO).unwrap());
    assert!(resume(&queue, first, "two").is_none());

    let stale = resume(&queue, second, "one").unwrap();
    assert!(resume(&queue, second, "one").unwrap().acknowledge().unwrap());
    assert!(resume(&queue, second, "one").is_none());
    assert!(!stale.acknowledge().unwrap());
    assert_eq!(queue.count_entries().unwrap(), 1);
}

fn a_claim_that_is_gone_on_with_leaves_what_was_asked_for_since(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 1);
    let crash = &crashes[0];
    let processed = ProcessedCrash::from_json(r#"{"completeddatetime": "2001"}"#).unwrap();
    for is_complete in [false, true] {
        drop(claim_all(&queue, "one", LONG));
        // The raw data is read now; what is asked for later is not answered by it.
        thread::sleep(Duration::from_millis(2));
        socorro.store.requeue(crash).unwrap();
        thread::sleep(Duration::from_millis(2));
        assert!(resume(&queue, crash, "one").unwrap().renew(LONG).unwrap());
        let claim = resume(&queue, crash, "one").unwrap();
        if is_complete {
            claim.complete(&processed).unwrap();
        } else {
            assert!(claim.acknowledge().unwrap());
        }
        assert_eq!(queue.count_entries().unwrap(), 1);
        let claims = claim_all(&queue, "two", LONG);
        assert_eq!(ooids(&claims), crashes);
        for claim in claims {
            assert!(claim.release().unwrap());
        }
    }
}

fn attempts_are_counted_by_the_claims_that_ran_out(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 1);
    let crash = &crashes[0];
    let claim =
        |name: &str, lease| queue.claim_crash(crash, &worker(name), lease).unwrap().unwrap();
    // Each dies at once, and the next one is another program.
    for number in 1..=3 {
        assert_eq!(claim(&format!("worker-{number}"), Duration::ZERO).attempt(), number);
    }
    let mut fourth = claim("four", LONG);
    assert!(fourth.renew(LONG).unwrap());
    assert_eq!(fourth.attempt(), 4, "renewed");
    let mut resumed = resume(&queue, crash, "four").unwrap();
    assert_eq!(resumed.attempt(), 4, "in another process");
    assert!(resumed.renew(LONG).unwrap());
    assert_eq!(resumed.attempt(), 4, "renewed there");
    assert!(resumed.release().unwrap());
    assert_eq!(claim("five", Duration::ZERO).attempt(), 4, "given back");
    thread::sleep(Duration::from_millis(2));
    socorro.store.requeue(crash).unwrap();
    let fifth = claim("six", LONG);
    assert_eq!(fifth.attempt(), 5, "asked for once more");
    assert!(fifth.acknowledge().unwrap());
    socorro.store.requeue(crash).unwrap();
    assert_eq!(claim("seven", Duration::ZERO).attempt(), 1, "queued anew");
}

fn an_attempt_at_what_waited_for_others_begins_with_a_renewal(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, _) = queue_of(&mut socorro, 2);
    let attempts = |claims: &[Claim]| claims.iter().map(Claim::attempt).collect::<Vec<_>>();
    drop(claim_all(&queue, "one", Duration::ZERO));
    let mut claims = claim_all(&queue, "two", Duration::ZERO);
    assert_eq!(attempts(&claims), [1, 1]);
    for _ in 0..2 {
        assert!(claims[0].renew(Duration::ZERO).unwrap());
        assert_eq!(attempts(&claims), [1, 1]);
    }
    let claims = claim_all(&queue, "three", LONG);
    assert_eq!(attempts(&claims), [2, 1]);
    for claim in &claims {
        assert!(claim.release().unwrap());
    }
    assert_eq!(attempts(&claim_all(&queue, "four", LONG)), [2, 1]);
}

fn claims_from_before_attempts_were_counted_are_none(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 1);
    let row = format!("02001-01-01T00:00:00{}", crashes[0]);
    let claim = |lease| queue.claim_crash(crashes[0], &worker("new"), lease).unwrap().unwrap();
    let number = "6d8a2b4e9c1f4e578b3a0f2c42120508";
    for before in ["1 old", &format!("1 old {number} 7"), &format!("1 old {number} 7 9")] {
        socorro.put_raw(TABLE, &row, &[("processor_state:claim", before.as_bytes())]);
        assert_eq!(claim(Duration::ZERO).attempt(), 1, "{before}");
        assert_eq!(claim(Duration::ZERO).attempt(), 2, "{before}");
    }
    // A claim that holds, made by a program that doesn't count, and gone on with.
    let entry = queue.entries().unwrap().next().unwrap().unwrap();
    assert_eq!(entry.key, row.as_bytes());
    let held = format!("99999999999999 old {number} 7");
    socorro.put_raw(TABLE, &row, &[("processor_state:claim", held.as_bytes())]);
    let mut held = resume(&queue, &crashes[0], "old").unwrap();
    assert_eq!(held.attempt(), 1);
    assert!(held.renew(Duration::ZERO).unwrap());
    assert_eq!(claim(LONG).attempt(), 2);
}

fn workers_at_once_never_get_the_same_crash(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, mut expected) = queue_of(&mut socorro, 40);
    let mut taken: Vec<CrashId> = thread::scope(|scope| {
        let run = |number: usize| ooids(&claim_all(&queue, &format!("worker-{number}"), LONG));
        let workers: Vec<_> = (0..4).map(|number| scope.spawn(move || run(number))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    taken.sort_by_key(ToString::to_string);
    expected.sort_by_key(ToString::to_string);
    assert_eq!(taken, expected);
}

fn workers_of_both_queues_never_get_the_same_crash(server: &Server) {
    const LIMIT: Duration = Duration::from_mins(2);
    let mut socorro = socorro(server);
    let (legacy, mut expected) = queue_of(&mut socorro, 40);
    let general = socorro.store.general_queue();
    let (taken, begin) = (Mutex::new(Vec::new()), Instant::now());
    thread::scope(|scope| {
        for number in 0..4 {
            let queue = if number % 2 == 0 { &legacy } else { &general };
            let (taken, expected) = (&taken, &expected);
            scope.spawn(move || {
                // Those that two have claimed at the same moment may be nobody's until the next time.
                while taken.lock().unwrap().len() < expected.len() && begin.elapsed() < LIMIT {
                    let claims = claim_all(queue, &format!("worker-{number}"), LONG);
                    let of_test = |id: &CrashId| expected.iter().any(|ooid| *id == *ooid);
                    taken.lock().unwrap().extend(ooids(&claims).into_iter().filter(of_test));
                }
            });
        }
    });
    let mut taken = taken.into_inner().unwrap();
    taken.sort_by_key(ToString::to_string);
    expected.sort_by_key(ToString::to_string);
    assert_eq!(taken, expected);
}

fn a_processed_crash_is_acknowledged_instead_of_handed_out(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 2);
    let processed = ProcessedCrash::from_json(r#"{"completeddatetime": "2001"}"#).unwrap();
    socorro.store.put_processed(crashes[0], &processed).unwrap();
    let size = queue.statistics().unwrap().size;
    assert_eq!(ooids(&claim_all(&queue, "one", LONG)), crashes[1..]);
    assert_eq!(queue.count_entries().unwrap(), 1);
    assert_eq!(queue.statistics().unwrap().size, size.map(|size| size - 1));
}

fn a_priority_job_is_claimed_out_of_its_turn(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 3);
    let claim = queue.claim_crash(crashes[2], &worker("one"), LONG).unwrap().unwrap();
    assert_eq!(claim.id(), &crashes[2]);
    assert!(queue.claim_crash(crashes[2], &worker("two"), LONG).unwrap().is_none());
    assert_eq!(ooids(&claim_all(&queue, "two", LONG)), crashes[..2]);
    claim.acknowledge().unwrap();
    assert!(queue.claim_crash(crashes[2], &worker("one"), LONG).unwrap().is_none());
    let absent = ooid("0fffffff-ffff-4bbb-8ccc-ddddd2010101");
    assert!(queue.claim_crash(absent, &worker("one"), LONG).unwrap().is_none());
}

fn a_crash_is_removed_from_the_queue_once(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 2);
    let size = queue.statistics().unwrap().size;
    assert!(queue.remove(crashes[0]).unwrap());
    assert!(!queue.remove(crashes[0]).unwrap());
    assert_eq!(queue.statistics().unwrap().size, size.map(|size| size - 1));
    assert_eq!(queue.count_entries().unwrap(), 1);
}

fn an_entry_that_another_program_took_is_not_handed_out(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 2);
    // What is left where a row is deleted while it is being claimed.
    let row = format!("02001-01-01T00:00:00{}", crashes[0]);
    socorro.delete_raw(TABLE, &row);
    socorro.put_raw(TABLE, &row, &[("processor_state:claim", b"0 x")]);
    assert_eq!(ooids(&claim_all(&queue, "one", LONG)), crashes[1..]);
    socorro.delete_raw(TABLE, &row);
}

fn an_entry_that_names_no_crash_is_reported_once_and_ends_nothing(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 1);
    let absent = "fffffff0-ffff-4bbb-8ccc-ddddd2010101";
    let rows = [format!("f2001-01-01T{absent}"), "02001-01-02Tnonsense".to_owned()];
    socorro.put_raw(TABLE, &rows[0], &[("ids:ooid", absent.as_bytes())]);
    socorro.put_raw(TABLE, &rows[1], &[("ids:ooid", b"nonsense")]);
    socorro.put_raw(TABLE, "02001-01-03Tempty", &[("ids:ooid", b"")]);
    for _ in 0..2 {
        for claim in claim_all(&queue, "one", LONG) {
            assert_eq!(claim.id(), &crashes[0]);
            claim.release().unwrap();
        }
        queue.statistics().unwrap();
        assert_eq!(queue.entries().unwrap().map(Result::unwrap).count(), 3);
    }
    let kinds: Vec<_> = queue.take_problems().iter().map(|problem| problem.kind.name()).collect();
    // Each once.
    assert_eq!(kinds, ["malformed_index_row", "orphan_index_row", "orphan_index_row"]);
    for row in rows {
        socorro.delete_raw(TABLE, &row);
    }
    assert!(queue.remove_row(b"02001-01-03Tempty").unwrap());
    assert_eq!(queue.take_problems(), []);
}

fn statistics_tell_the_size_and_the_oldest_entry(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 3);
    let statistics = queue.statistics().unwrap();
    assert_eq!(statistics.oldest.unwrap().id, crashes[0]);
    // Submitted in 2001.
    assert!(statistics.age.unwrap() > Duration::from_hours(24 * 365 * 20));
    for crash in &crashes {
        queue.remove(crash).unwrap();
    }
    let statistics = queue.statistics().unwrap();
    assert_eq!((statistics.oldest, statistics.age), (None, None));
}
