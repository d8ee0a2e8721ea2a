use proptest::prelude::*;

use super::*;
use crate::request::{Delete, Put};

const MAX_BYTES: usize = 10_000;

fn put(row: &str) -> Mutation {
    Put::new(row).column("f:a", "1").into()
}

fn delete(row: &str) -> Mutation {
    Delete::row(row).column("f:a").into()
}

fn push(queue: &mut WriteQueue, mutation: &Mutation) {
    queue.push(mutation, PackedBatch::size_of(mutation));
}

/// How many mutations each call has.
fn sizes(mutations: Vec<Mutation>) -> Vec<usize> {
    let mut queue = WriteQueue::new(MAX_BYTES);
    for mutation in mutations {
        push(&mut queue, &mutation);
    }
    let mut sizes = Vec::new();
    let mut now = Instant::now();
    loop {
        match queue.next(now) {
            WriteStep::Send(segment) => {
                sizes.push(segment.batch.len());
                queue.written(segment, now);
            }
            WriteStep::WaitUntil(until) => now = until,
            WriteStep::Idle => return sizes,
        }
    }
}

#[test]
fn mutations_of_different_rows_share_a_call() {
    assert_eq!(sizes(vec![put("a"), delete("b"), put("c"), put("a")]), [4]);
}

#[test]
fn a_delete_after_a_put_of_its_row_begins_another_call() {
    assert_eq!(sizes(vec![put("a"), delete("a"), put("b")]), [1, 2]);
    assert_eq!(sizes(vec![delete("a"), put("a")]), [1, 1]);
}

#[test]
fn a_delete_of_a_whole_row_is_a_call_of_its_own() {
    assert_eq!(sizes(vec![put("a"), Delete::row("b").into(), put("c")]), [1, 1, 1]);
}

#[test]
fn another_timestamp_begins_another_call() {
    let stamped = |time| Put::new("a").column("f:a", "1").timestamp(time).into();
    assert_eq!(sizes(vec![stamped(1), stamped(1), stamped(2), put("b")]), [2, 1, 1]);
}

#[test]
fn a_call_stays_below_its_size() {
    let large = || Put::new("a").column("f:a", vec![0; 4_000]).into();
    assert_eq!(sizes(vec![large(), large(), large()]), [2, 1]);
    let too_large = || Put::new("a").column("f:a", vec![0; 2 * MAX_BYTES]).into();
    assert_eq!(sizes(vec![put("a"), too_large(), put("a")]), [1, 1, 1]);
}

#[test]
fn a_put_waits_until_the_delete_before_it_is_of_an_earlier_millisecond() {
    let mut queue = WriteQueue::new(MAX_BYTES);
    for mutation in [delete("a"), put("a"), put("b")] {
        push(&mut queue, &mutation);
    }
    let now = Instant::now();
    let WriteStep::Send(segment) = queue.next(now) else { panic!("the delete first") };
    queue.written(segment, now);
    let WriteStep::WaitUntil(until) = queue.next(now) else { panic!("too early") };
    assert!(until > now + Duration::from_millis(1));
    assert!(matches!(queue.next(until), WriteStep::Send(_)));
}

#[test]
fn what_comes_after_a_failure_is_handed_back_in_order() {
    let mut queue = WriteQueue::new(MAX_BYTES);
    let given = [put("a"), delete("a"), put("a"), put("b")];
    for mutation in &given {
        push(&mut queue, mutation);
    }
    let WriteStep::Send(segment) = queue.next(Instant::now()) else { panic!() };
    queue.failed(&segment, &Error::new(ErrorKind::Timeout, "gone"));
    push(&mut queue, &delete("a"));
    let failed = queue.take_failed();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].mutations, [&given[..3], &[delete("a")]].concat());
    assert_eq!(queue.mutations(), 1);
}

/// A table as the mutations of this test make it: whether each row's cell is there, and which.
type Table = HashMap<Vec<u8>, Option<Vec<u8>>>;

fn apply(table: &mut Table, mutation: &Mutation) {
    let value = match mutation {
        Mutation::Put(put) => put.cells.first().map(|(_, value)| value.clone()),
        Mutation::Delete(_) => None,
    };
    table.insert(mutation.get_row().to_vec(), value);
}

/// What a call comes to, picked at random.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Written,
    /// Lost before or after it took effect.
    Lost {
        applied: bool,
    },
    /// One of its rows is refused, as long as it is in the call.
    BadRow(u8),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Written),
        1 => any::<bool>().prop_map(|applied| Fate::Lost { applied }),
        1 => (0..4_u8).prop_map(Fate::BadRow),
    ]
}

fn picked(number: usize, row: u8, kind: u8) -> Mutation {
    let row = format!("row{row}");
    match kind {
        0 => Delete::row(row).column("f:a").into(),
        1 => Delete::row(row).into(),
        _ => Put::new(row).column("f:a", number.to_string()).into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn writing_again_what_is_handed_back_gives_the_state_of_the_sequence(
        picks in prop::collection::vec((0..4_u8, 0..4_u8), 0..40),
        flushes in prop::collection::vec(0..40_usize, 0..4),
        fates in prop::collection::vec(fate(), 0..60),
    ) {
        let mutations: Vec<Mutation> = picks
            .iter()
            .enumerate()
            .map(|(number, (row, kind))| picked(number, *row, *kind))
            .collect();
        let mut expected = Table::new();
        for mutation in &mutations {
            apply(&mut expected, mutation);
        }

        let mut queue = WriteQueue::new(300);
        let (mut table, mut fates) = (Table::new(), fates.into_iter());
        let mut now = Instant::now();
        let mut todo: VecDeque<Mutation> = mutations.into();
        let mut count = 0;
        while !todo.is_empty() || queue.mutations() > 0 {
            if let Some(mutation) = todo.pop_front() {
                push(&mut queue, &mutation);
                count += 1;
                if !flushes.contains(&count) && !todo.is_empty() {
                    continue;
                }
            }
            // Later mutations are pushed between the calls of a flush, as other threads do.
            while queue.mutations() > 0 {
                match queue.next(now) {
                    WriteStep::Idle => break,
                    WriteStep::WaitUntil(until) => now = until,
                    WriteStep::Send(segment) => {
                        prop_assert!(!segment.batch.is_empty());
                        let all = |table: &mut Table| {
                            for mutation in segment.batch.unpack() {
                                apply(table, &mutation);
                            }
                        };
                        let has = |row: u8| {
                            let row = format!("row{row}").into_bytes();
                            segment.batch.iter().any(|other| other.row == row)
                        };
                        match fates.next().unwrap_or(Fate::Written) {
                            Fate::BadRow(row) if has(row) => {
                                let error = Error::new(ErrorKind::NoSuchColumnFamily, "bad");
                                queue.failed(&segment, &error);
                            }
                            Fate::Lost { applied } => {
                                if applied {
                                    all(&mut table);
                                }
                                queue.failed(&segment, &Error::new(ErrorKind::Timeout, "lost"));
                            }
                            Fate::Written | Fate::BadRow(_) => {
                                all(&mut table);
                                queue.written(segment, now);
                            }
                        }
                        if let Some(mutation) = todo.pop_front() {
                            push(&mut queue, &mutation);
                        }
                    }
                }
            }
            // The caller writes again what it got back before anything else.
            let failed = queue.take_failed();
            let again = failed.into_iter().flat_map(|failed| failed.mutations);
            for mutation in again.collect::<Vec<_>>().into_iter().rev() {
                todo.push_front(mutation);
            }
        }
        prop_assert_eq!(table, expected);
        prop_assert_eq!((queue.mutations(), queue.bytes()), (0, 0));
    }
}
