//! The queues: takers share them, what is done leaves them, and what isn't comes back.

use std::thread;
use std::time::Duration;

use integration_tests::{Server, Test};
use socorro_hbase_client::{
    Claim, ErrorKind, Ooid, ProcessedCrash, Queue, QueueForProcessing, Taker,
};

use crate::socorro::{Socorro, metadata, ooid, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(entries_are_claimed_oldest_first_and_by_one_taker_only),
        Test::new(a_claim_leaves_the_entry_as_other_programs_read_it),
        Test::new(an_acknowledged_crash_leaves_the_queue_and_is_counted_down_once),
        Test::new(a_claim_that_has_run_out_is_anybodys),
        Test::new(a_released_claim_is_anybodys_at_once),
        Test::new(a_renewed_claim_holds_and_a_lost_one_cannot_be_renewed),
        Test::new(takers_at_once_never_get_the_same_crash),
        Test::new(a_processed_crash_is_acknowledged_instead_of_handed_out),
        Test::new(a_priority_job_is_claimed_out_of_its_turn),
        Test::new(a_crash_is_removed_from_the_queue_once),
        Test::new(an_entry_that_another_program_took_is_not_handed_out),
        Test::new(an_entry_that_names_no_crash_is_an_error_that_ends_nothing),
        Test::new(statistics_tell_the_size_and_the_oldest_entry),
    ]
}

const TABLE: &str = "crash_reports_index_legacy_unprocessed_flag";
const LONG: Duration = Duration::from_mins(10);

fn taker(name: &str) -> Taker {
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
            socorro.store.put_raw_report(&crash, &metadata(&json), b"MDMP", queue).unwrap();
            crash
        })
        .collect();
    crashes.reverse();
    (queue, crashes)
}

fn claim_all(queue: &Queue, name: &str, lease: Duration) -> Vec<Claim> {
    queue.claim(&taker(name), lease).unwrap().collect::<Result<_, _>>().unwrap()
}

fn ooids(claims: &[Claim]) -> Vec<Ooid> {
    claims.iter().map(|claim| *claim.ooid()).collect()
}

fn entries_are_claimed_oldest_first_and_by_one_taker_only(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 20);
    let first: Vec<_> =
        queue.claim(&taker("one"), LONG).unwrap().take(16).collect::<Result<_, _>>().unwrap();
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

fn takers_at_once_never_get_the_same_crash(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, mut expected) = queue_of(&mut socorro, 40);
    let mut taken: Vec<Ooid> = thread::scope(|scope| {
        let run = |number: usize| ooids(&claim_all(&queue, &format!("taker-{number}"), LONG));
        let takers: Vec<_> = (0..4).map(|number| scope.spawn(move || run(number))).collect();
        takers.into_iter().flat_map(|taker| taker.join().unwrap()).collect()
    });
    taken.sort_by_key(ToString::to_string);
    expected.sort_by_key(ToString::to_string);
    assert_eq!(taken, expected);
}

fn a_processed_crash_is_acknowledged_instead_of_handed_out(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 2);
    let processed = ProcessedCrash::from_json(r#"{"completeddatetime": "2001"}"#).unwrap();
    socorro.store.put_processed(&crashes[0], &processed).unwrap();
    let size = queue.statistics().unwrap().size;
    assert_eq!(ooids(&claim_all(&queue, "one", LONG)), crashes[1..]);
    assert_eq!(queue.count_entries().unwrap(), 1);
    assert_eq!(queue.statistics().unwrap().size, size - 1);
}

fn a_priority_job_is_claimed_out_of_its_turn(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 3);
    let claim = queue.claim_crash(&crashes[2], &taker("one"), LONG).unwrap().unwrap();
    assert_eq!(claim.ooid(), &crashes[2]);
    assert!(queue.claim_crash(&crashes[2], &taker("two"), LONG).unwrap().is_none());
    assert_eq!(ooids(&claim_all(&queue, "two", LONG)), crashes[..2]);
    claim.acknowledge().unwrap();
    assert!(queue.claim_crash(&crashes[2], &taker("one"), LONG).unwrap().is_none());
    let absent = ooid("0fffffff-ffff-4bbb-8ccc-ddddd2010101");
    assert!(queue.claim_crash(&absent, &taker("one"), LONG).unwrap().is_none());
}

fn a_crash_is_removed_from_the_queue_once(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 2);
    let size = queue.statistics().unwrap().size;
    assert!(queue.remove(&crashes[0]).unwrap());
    assert!(!queue.remove(&crashes[0]).unwrap());
    assert_eq!(queue.statistics().unwrap().size, size - 1);
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

fn an_entry_that_names_no_crash_is_an_error_that_ends_nothing(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 1);
    let absent = "fffffff0-ffff-4bbb-8ccc-ddddd2010101";
    let rows = [format!("f2001-01-01T{absent}"), "02001-01-02Tnonsense".to_owned()];
    socorro.put_raw(TABLE, &rows[0], &[("ids:ooid", absent.as_bytes())]);
    socorro.put_raw(TABLE, &rows[1], &[("ids:ooid", b"nonsense")]);
    let found: Vec<_> = queue.claim(&taker("one"), LONG).unwrap().collect();
    for row in rows {
        socorro.delete_raw(TABLE, &row);
    }
    let mut kinds: Vec<_> = found
        .iter()
        .map(|claim| match claim {
            Ok(claim) => format!("{}", claim.ooid()),
            Err(error) => format!("{:?}", error.kind()),
        })
        .collect();
    kinds.sort();
    let mut expected = [
        crashes[0].to_string(),
        format!("{:?}", ErrorKind::MalformedIndex),
        format!("{:?}", ErrorKind::NoSuchCrash),
    ];
    expected.sort();
    assert_eq!(kinds, expected);
}

fn statistics_tell_the_size_and_the_oldest_entry(server: &Server) {
    let mut socorro = socorro(server);
    let (queue, crashes) = queue_of(&mut socorro, 3);
    let statistics = queue.statistics().unwrap();
    assert_eq!(statistics.oldest.unwrap().ooid, crashes[0]);
    // Submitted in 2001.
    assert!(statistics.age.unwrap() > Duration::from_hours(24 * 365 * 20));
    for crash in &crashes {
        queue.remove(crash).unwrap();
    }
    let statistics = queue.statistics().unwrap();
    assert_eq!((statistics.oldest, statistics.age), (None, None));
}
