//! Which rows a filter is asked about: those with a cell, of whatever kind, in a family that is wanted.

use super::random::Random;
use super::*;

const ROUNDS: usize = 200;
const ROWS: usize = 6;
/// The one in the middle is wanted.
const WANTED: u16 = 1;

fn key(row: usize) -> Vec<u8> {
    vec![b'0' + row as u8]
}

#[test]
fn rows_without_wanted_families_are_shown_to_no_filter() {
    let mut random = Random::new();
    for _ in 0..ROUNDS {
        let families = ["a", "b", "c"].map(|name| family(name, 1, i32::MAX)).to_vec();
        let fixture = Fixture::open(None, VirtualClock::new(1_000), families);
        let mut wanted = Vec::new();
        for row in 0..ROWS {
            // Each family has a cell or none, and the wanted one may have a delete alone.
            let cells = random.below(16);
            let put = |family| Edit::Put {
                family,
                qualifier: b"x".to_vec(),
                timestamp: Some(1),
                value: Vec::new(),
                time_to_live: None,
            };
            let has = |place: u16| cells & (1 << place) != 0;
            let mut edits: Vec<_> = (0..3).filter(|place| has(*place)).map(put).collect();
            let is_deleted = has(3);
            if is_deleted {
                let (kind, qualifier) = (CellType::DeleteFamily, Vec::new());
                let (timestamp, time_to_live) = (Some(1), None);
                edits.push(Edit::Delete {
                    kind,
                    family: WANTED,
                    qualifier,
                    timestamp,
                    time_to_live,
                });
            }
            fixture.edit(&key(row), edits);
            if has(WANTED) || is_deleted {
                wanted.push((row, !is_deleted));
            }
        }
        // Ends the scan at this row, if it is asked about it.
        let last = random.below(ROWS);
        let reversed = random.below(2) == 0;
        if reversed {
            wanted.reverse();
        }
        let met = wanted.iter().take_while(|(row, _)| *row != last);
        let expected: Vec<_> =
            met.filter(|(_, is_seen)| *is_seen).map(|(row, _)| key(*row)).collect();
        let filter = format!("WHILE RowFilter(!=, 'binary:{last}')");
        let found = scan(&fixture, &filter, reversed);
        assert_eq!(found, expected, "{wanted:?} {filter}, reversed: {reversed}");
    }
}

/// The keys of the rows that a scan of the wanted family returns.
fn scan(fixture: &Fixture, filter: &str, reversed: bool) -> Vec<Vec<u8>> {
    let share = share();
    let end = || Bound { row: Vec::new(), inclusive: false };
    let columns = vec![(fixture.table.families[usize::from(WANTED)].name.clone(), None)];
    let scan = Scan {
        table: TABLE.to_owned(),
        rows: Rows::Range { start: end(), stop: end() },
        reversed,
        query: Query::new(columns, TimeRange::ALL, 1).unwrap(),
        batch: None,
        limit: None,
        filter: Some(filter::parse(filter.as_bytes(), &share).unwrap()),
    };
    let mut scanner = Scanner::new(scan, share);
    let mut keys = Vec::new();
    let fetched = scanner.fetch(&fixture.store, ROWS, &mut limits(), &mut |_, row, _| {
        keys.push(row.key.clone());
        Ok(())
    });
    fetched.unwrap();
    keys
}
