//! Appends and increments at their limits: of a cell's size, of memory, of numbers.

use super::random::Random;
use super::*;

const ROUNDS: usize = 300;
const LONGEST: usize = 200;
/// What a region server counts beside names and values.
const CELL: usize = 24;

/// What a cell takes while it is written: its key twice, its value, and what is around them.
fn written(row: &[u8], qualifier: &[u8], value: usize) -> usize {
    2 * keys::column(&keys::row(row), 0, qualifier).len() + value + 192
}

/// What a value takes that is read and returned: once as it is read, once as it is sent.
fn returned(value: usize) -> usize {
    2 * (value + 64)
}

#[test]
fn an_append_takes_the_memory_that_it_needs_and_no_cell_becomes_too_large() {
    let fixture = Fixture::open(None, VirtualClock::new(1_000), vec![family("f", 1, i32::MAX)]);
    let mut random = Random::new();
    for round in 0..ROUNDS {
        let row = [format!("{round}").into_bytes(), random.bytes(20)].concat();
        let (qualifier, old) = (random.bytes(20), random.bytes(LONGEST));
        fixture.put(&row, &qualifier, 1, old.clone());
        let amount = random.bytes(LONGEST);
        let whole = [&old[..], &amount].concat();
        let append = |memory, max| {
            let share = Share::of(&Budget::new(memory));
            let (qualifier, amount) = (qualifier.clone(), amount.clone());
            let addition = Addition { family: 0, qualifier, amount, time_to_live: None };
            let append =
                |writes: &Writes<'_>| writes.append(&fixture.table, &row, &[addition], max);
            let made = fixture.store.durably(&share, append);
            (made.map(|answers| answers[0].1.clone()), share.taken())
        };
        let size = CELL + row.len() + 1 + qualifier.len() + whole.len();
        let (made, _) = append(usize::MAX, size - 1);
        assert!(matches!(made, Err(Error::CellTooLarge { .. })), "{size}: {made:?}");
        let memory = old.len() + returned(whole.len()) + written(&row, &qualifier, whole.len());
        let (made, _) = append(memory - 1, size);
        assert!(matches!(made, Err(Error::NoMemory(_))), "{memory}: {made:?}");
        // Neither has changed anything.
        let (made, taken) = append(memory, size);
        assert_eq!(made.unwrap(), whole);
        assert_eq!(taken, returned(whole.len()), "what is kept until the answer is sent");
    }
}

#[test]
fn sums_wrap_around() {
    let fixture = Fixture::open(None, VirtualClock::new(1_000), vec![family("f", 1, i32::MAX)]);
    let mut random = Random::new();
    let mut sums = [0_i64; 2];
    for _ in 0..ROUNDS {
        let numbers = [i64::MAX, i64::MIN, 1, -1, random.next().cast_signed()];
        let additions = [b"a", b"b"].map(|qualifier| {
            let amount = numbers[random.below(numbers.len())];
            Addition { family: 0, qualifier: qualifier.to_vec(), amount, time_to_live: None }
        });
        for (sum, addition) in sums.iter_mut().zip(&additions) {
            *sum = sum.wrapping_add(addition.amount);
        }
        let increment = |writes: &Writes<'_>| writes.increment(&fixture.table, b"r", &additions);
        let made = fixture.write(increment).unwrap();
        assert_eq!(made.iter().map(|(_, sum)| *sum).collect::<Vec<_>>(), sums);
    }
}

#[test]
fn a_check_for_nothing_takes_an_empty_value_for_none() {
    let fixture = Fixture::open(None, VirtualClock::new(1_000), vec![family("f", 1, i32::MAX)]);
    fixture.put(b"r", b"empty", 1, Vec::new());
    fixture.put(b"r", b"full", 1, b"v".to_vec());
    for (qualifier, is_nothing) in [("empty", true), ("absent", true), ("full", false)] {
        for (operator, holds) in
            [(filter::Operator::Equal, is_nothing), (filter::Operator::NotEqual, !is_nothing)]
        {
            let check = Check { family: 0, qualifier: qualifier.as_bytes(), operator, value: b"" };
            let call =
                |writes: &Writes<'_>| writes.check_and_mutate(&fixture.table, b"r", &check, &[]);
            assert_eq!(fixture.write(call).unwrap(), holds, "{qualifier} {operator:?}");
        }
    }
}
