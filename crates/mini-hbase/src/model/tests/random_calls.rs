//! Random calls with all that the model offers, compared with the naive list.

use std::ops::Range;

use super::asked::{Asked, compares};
use super::naive::{Naive, Seen, Written};
use super::random::Random;
use super::*;
use crate::model::filter::{self, Operator};

const ROUNDS: usize = 40;
const CALLS: usize = 80;
const START: i64 = 1_000_000;
const COUNTER: usize = 8;

const NAMES: [&[u8]; 8] = [b"", b"\0", b"\0\x01", b"a", b"a\0", b"ab", b"b", b"\xff"];
const KINDS: [CellType; 4] = [
    CellType::Delete,
    CellType::DeleteFamilyVersion,
    CellType::DeleteColumn,
    CellType::DeleteFamily,
];
const OPERATORS: [(Operator, &str); 6] = [
    (Operator::Less, "<"),
    (Operator::LessOrEqual, "<="),
    (Operator::Equal, "="),
    (Operator::NotEqual, "!="),
    (Operator::GreaterOrEqual, ">="),
    (Operator::Greater, ">"),
];

fn families() -> Vec<Family> {
    vec![family("a", 1, i32::MAX), family("b", 3, i32::MAX), family("c", 2, 1)]
}

/// A scanner that goes on while other calls are made, and what it has to return.
struct Going {
    scanner: Scanner,
    /// `None` until its first fetch.
    left: Option<Vec<(Vec<u8>, Vec<Seen>)>>,
    /// The number of the first cell that it doesn't see.
    began: usize,
    scan: Asked,
}

struct Pair<'a> {
    fixture: Fixture,
    naive: Naive,
    random: &'a mut Random,
    scanners: Vec<Going>,
    /// Whether names are so long that the disk's store doesn't take the keys.
    is_long: bool,
    /// How many cells were written.
    cells: usize,
}

impl Pair<'_> {
    fn call(&mut self) {
        match self.random.below(40) {
            0 => {
                self.fixture.store.compact(&self.fixture.table).unwrap();
                let reading = self.scanners.iter().filter(|going| going.left.is_some());
                self.naive.compact(reading.map(|going| going.began).min().unwrap_or(usize::MAX));
            }
            1..4 => {
                let passed = self.random.below(400);
                self.fixture.clock.advance(std::time::Duration::from_millis(passed as u64));
                self.naive.now += i64::try_from(passed).unwrap();
            }
            4..7 => self.increment(),
            7..9 => self.append(),
            9..11 => self.check(),
            11..13 => self.open(),
            13..20 => self.fetch(),
            _ => self.edit(),
        }
        self.get();
    }

    fn name(&mut self) -> Vec<u8> {
        let mut name = NAMES[self.random.below(NAMES.len())].to_vec();
        if self.is_long && self.random.below(2) == 0 {
            name.splice(..0, vec![b'n'; 33_000]);
        }
        name
    }

    fn row(&mut self) -> Vec<u8> {
        // A row has a key of at most 32,767 bytes.
        let mut row = NAMES[self.random.below(NAMES.len())].to_vec();
        row.push(b'r');
        if self.is_long && self.random.below(2) == 0 {
            row.splice(..0, vec![b'r'; 32_700]);
        }
        row
    }

    fn column(&mut self) -> (u16, Vec<u8>) {
        (u16::try_from(self.random.below(families().len())).unwrap(), self.name())
    }

    fn time(&mut self) -> i64 {
        let age = match self.random.below(8) {
            0..2 => self.random.below(3_000),
            // Around the end of the life of a family.
            2 => 998 + self.random.below(5),
            _ => self.random.below(6),
        };
        self.naive.now - i64::try_from(age).unwrap()
    }

    fn value(&mut self) -> Vec<u8> {
        match self.random.below(8) {
            0 => Vec::new(),
            1 => vec![b'v'; 5_000],
            2..5 => (self.random.below(3) as u64).to_be_bytes().to_vec(),
            _ => vec![b'0' + self.random.below(3) as u8],
        }
    }

    fn any_edit(&mut self) -> Edit {
        let (family, qualifier) = self.column();
        let timestamp = (self.random.below(8) > 0).then(|| self.time());
        let time_to_live = self.time_to_live();
        if self.random.below(3) > 0 {
            let value = self.value();
            return Edit::Put { family, qualifier, timestamp, value, time_to_live };
        }
        let kind = KINDS[self.random.below(KINDS.len())];
        let is_whole = matches!(kind, CellType::DeleteFamily | CellType::DeleteFamilyVersion);
        let qualifier = if is_whole { Vec::new() } else { qualifier };
        Edit::Delete { kind, family, qualifier, timestamp, time_to_live }
    }

    fn time_to_live(&mut self) -> Option<i64> {
        (self.random.below(3) == 0).then(|| i64::try_from(self.random.below(900)).unwrap())
    }

    fn edit(&mut self) {
        let mut rows = Vec::new();
        for _ in 0..=self.random.below(2) {
            let (row, count) = (self.row(), 1 + self.random.below(3));
            rows.push(RowEdits { row, edits: (0..count).map(|_| self.any_edit()).collect() });
        }
        self.fixture.write(|writes| writes.write(&self.fixture.table, &rows)).unwrap();
        self.note(&rows, i64::MIN);
    }

    /// Adds what the edits of a call write to the list.
    fn note(&mut self, rows: &[RowEdits], not_before: i64) {
        let edits = rows.iter().flat_map(|rows| rows.edits.iter().map(|edit| (&rows.row, edit)));
        let written: Vec<_> =
            edits.filter_map(|(row, edit)| self.written(row, edit, not_before)).collect();
        let began = self.cells;
        for one in written {
            // Of a cell that is written twice by one call, the last one counts.
            self.naive.written.retain(|other| other.number < began || !other.is_named_as(&one));
            let number = self.cells;
            self.cells += 1;
            self.naive.written.push(Written { number, ..one });
        }
    }

    fn written(&self, row: &[u8], edit: &Edit, not_before: i64) -> Option<Written> {
        let now = self.naive.now;
        let (family, qualifier, kind, timestamp, time_to_live, value) = match edit.clone() {
            Edit::Put { family, qualifier, timestamp, value, time_to_live } => {
                let timestamp = timestamp.unwrap_or(now.max(not_before));
                (family, qualifier, CellType::Put, timestamp, time_to_live, value)
            }
            Edit::Delete { kind, family, qualifier, timestamp, time_to_live } => {
                let timestamp = match (timestamp, kind) {
                    (Some(timestamp), _) => timestamp,
                    (None, CellType::Delete) => {
                        self.naive.newest(row, family, &qualifier)?.timestamp
                    }
                    (None, _) => now,
                };
                (family, qualifier, kind, timestamp, time_to_live, Vec::new())
            }
        };
        let row = row.to_vec();
        let (row, number) = (row.clone(), 0);
        Some(Written { number, row, family, qualifier, kind, timestamp, time_to_live, value })
    }

    /// Adds what replaces a cell to the list.
    fn replace(
        &mut self,
        row: &[u8],
        column: (u16, Vec<u8>),
        old: Option<&Written>,
        (time_to_live, new): (Option<i64>, Vec<u8>),
    ) {
        let (family, qualifier) = column;
        let time_to_live = time_to_live.or_else(|| old?.time_to_live);
        let edit = Edit::Put { family, qualifier, timestamp: None, value: new, time_to_live };
        let edits = RowEdits { row: row.to_vec(), edits: vec![edit] };
        self.note(&[edits], old.map_or(i64::MIN, |old| old.timestamp + 1));
    }

    fn increment(&mut self) {
        let (row, (family, qualifier)) = (self.row(), self.column());
        let amount = i64::try_from(self.random.below(5)).unwrap() - 2;
        let time_to_live = self.time_to_live();
        let addition = Addition { family, qualifier: qualifier.clone(), amount, time_to_live };
        let made =
            self.fixture.write(|writes| writes.increment(&self.fixture.table, &row, &[addition]));
        let old = self.naive.newest(&row, family, &qualifier);
        let before = old.as_ref().map_or(Ok(0), |old| {
            <[u8; COUNTER]>::try_from(&*old.value).map(i64::from_be_bytes).map_err(|_| ())
        });
        match before {
            Err(()) => assert!(matches!(made, Err(Error::DoNotRetry(_))), "{made:?}"),
            Ok(before) => {
                let sum = before + amount;
                assert_eq!(made.unwrap()[0].1, sum);
                let new = sum.to_be_bytes().to_vec();
                self.replace(&row, (family, qualifier), old.as_ref(), (time_to_live, new));
            }
        }
    }

    fn append(&mut self) {
        const MAX: usize = 2_000;
        let (row, (family, qualifier)) = (self.row(), self.column());
        let amount = self.value();
        let time_to_live = self.time_to_live();
        let (column, amount_too) = (qualifier.clone(), amount.clone());
        let addition = Addition { family, qualifier: column, amount: amount_too, time_to_live };
        let max = MAX + row.len() + qualifier.len();
        let made =
            self.fixture.write(|writes| writes.append(&self.fixture.table, &row, &[addition], max));
        let old = self.naive.newest(&row, family, &qualifier);
        let before = old.as_ref().map(|old| old.value.clone()).unwrap_or_default();
        let whole = [before, amount].concat();
        if whole.len() > MAX {
            assert!(matches!(made, Err(Error::CellTooLarge { .. })));
            return;
        }
        let time = old.as_ref().map_or(i64::MIN, |old| old.timestamp + 1).max(self.naive.now);
        assert_eq!(made.unwrap(), [(time, whole.clone())]);
        self.replace(&row, (family, qualifier), old.as_ref(), (time_to_live, whole));
    }

    fn check(&mut self) {
        let (row, (family, qualifier)) = (self.row(), self.column());
        let ((operator, _), value) = (OPERATORS[self.random.below(OPERATORS.len())], self.value());
        let edits = [self.any_edit(), self.any_edit()];
        let check = Check { family, qualifier: &qualifier, operator, value: &value };
        let table = &self.fixture.table;
        let call = |writes: &Writes<'_>| writes.check_and_mutate(table, &row, &check, &edits);
        let made = self.fixture.write(call).unwrap();
        let old = self.naive.newest(&row, family, &qualifier);
        let holds = match &old {
            None => value.is_empty() && operator != Operator::NotEqual,
            Some(old) if value.is_empty() => {
                old.value.is_empty() == (operator != Operator::NotEqual)
            }
            // What is expected stands left of the operator.
            Some(old) => compares(operator, &value, &old.value),
        };
        assert_eq!(made, holds, "{operator:?} {value:?} {old:?}");
        if holds {
            let edits = RowEdits { row, edits: edits.to_vec() };
            self.note(&[edits], old.map_or(i64::MIN, |old| old.timestamp));
        }
    }

    fn query(&mut self) -> Query {
        let mut columns = Vec::new();
        if self.random.below(3) == 0 {
            for _ in 0..=self.random.below(5) {
                let (family, qualifier) = self.column();
                let name = families()[usize::from(family)].name.clone();
                columns.push((name, (self.random.below(4) > 0).then_some(qualifier)));
            }
        }
        let time = self.time_range();
        let mut family_times = Vec::new();
        if self.random.below(5) == 0 {
            let (family, _) = self.column();
            family_times.push((families()[usize::from(family)].name.clone(), self.time_range()));
        }
        let versions = 1 + self.random.below(4);
        let store_limit = (self.random.below(5) == 0).then(|| self.random.below(3));
        let store_offset = if self.random.below(5) == 0 { self.random.below(3) } else { 0 };
        // HBase has no limit of 0.
        let store_limit = store_limit.filter(|&limit| limit > 0);
        Query { columns, time, family_times, versions, store_limit, store_offset }
    }

    fn time_range(&mut self) -> TimeRange {
        match self.random.below(4) {
            0 => {
                let (one, other) = (self.time(), self.time());
                TimeRange { from: one.min(other), before: one.max(other) }
            }
            1 => TimeRange { from: 0, before: self.time() },
            _ => TimeRange::ALL,
        }
    }

    fn get(&mut self) {
        let (row, query) = (self.row(), self.query());
        let found = seen(&self.fixture.get(&row, &query), 0..usize::MAX);
        let expected = self.naive.read(&row, &query, None);
        assert!(found == expected, "{}\n{query:?}\n{}", show(&found), show(&expected));
    }

    fn open(&mut self) {
        let bound = |this: &mut Self| Bound {
            row: if this.random.below(3) == 0 { Vec::new() } else { this.row() },
            inclusive: this.random.below(2) == 0,
        };
        let reversed = self.random.below(3) == 0;
        let prefix = (!reversed && self.random.below(4) == 0).then(|| {
            let row = self.row();
            row[..self.random.below(row.len())].to_vec()
        });
        let batch = (self.random.below(3) == 0).then(|| 1 + self.random.below(4));
        let limit = (self.random.below(3) == 0).then(|| 1 + self.random.below(4));
        let filter = (self.random.below(3) == 0)
            .then(|| (OPERATORS[self.random.below(OPERATORS.len())], self.value()));
        let mut asked = Asked {
            start: bound(self),
            stop: bound(self),
            prefix,
            reversed,
            query: self.query(),
            batch,
            limit,
            filter: filter.as_ref().map(|((operator, _), value)| (*operator, value.clone())),
        };
        if filter.is_some() {
            // A filter sees what lies behind the limit of a family too.
            (asked.query.store_limit, asked.query.store_offset) = (None, 0);
        }
        let rows = match &asked.prefix {
            Some(prefix) => Rows::Prefix(prefix.clone()),
            None => Rows::Range { start: asked.start.clone(), stop: asked.stop.clone() },
        };
        let text = filter.map(|((_, operator), value)| {
            [format!("ValueFilter({operator}, 'binary:").as_bytes(), &value, b"')"].concat()
        });
        let scan = Scan {
            table: TABLE.to_owned(),
            rows,
            reversed,
            query: asked.query.clone(),
            batch,
            limit,
            filter: text.map(|text| filter::parse(&text, &share()).unwrap()),
        };
        let scanner = Scanner::new(scan, share());
        self.scanners.push(Going { scanner, left: None, began: 0, scan: asked });
    }

    fn fetch(&mut self) {
        if self.scanners.is_empty() {
            return;
        }
        let place = self.random.below(self.scanners.len());
        let count = 1 + self.random.below(6);
        let going = &mut self.scanners[place];
        let naive = &self.naive;
        if going.left.is_none() {
            going.began = self.cells;
        }
        let left = going.left.get_or_insert_with(|| going.scan.results(naive));
        let expected: Vec<_> = left.drain(..count.min(left.len())).collect();
        let mut found = Vec::new();
        let fetched =
            going.scanner.fetch(&self.fixture.store, count, &mut limits(), &mut |_, row, cells| {
                found.push((row.key.clone(), seen(row, cells)));
                Ok(())
            });
        fetched.unwrap();
        assert!(found == expected, "{found:?}\n{:?}\n{expected:?}", going.scan.query);
        if found.is_empty() {
            self.scanners.remove(place);
        }
    }
}

fn seen(row: &Row, cells: Range<usize>) -> Vec<Seen> {
    let cells = row.cells().skip(cells.start).take(cells.len());
    cells
        .map(|cell| (cell.family, cell.qualifier.to_vec(), cell.timestamp, cell.value.to_vec()))
        .collect()
}

fn show(cells: &[Seen]) -> String {
    let cell = |(family, qualifier, time, value): &Seen| {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        let (qualifier, value) = (text(qualifier), text(value));
        format!("{family}:{qualifier:.20}@{time}={value:.20}")
    };
    cells.iter().map(cell).collect::<Vec<_>>().join(" ")
}

#[test]
fn random_calls_return_what_the_list_says() {
    let mut random = Random::new();
    for round in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        // Making a store syncs the disk, which takes longer than all that follows.
        let place = (round % 6 == 0).then(|| folder.path());
        let is_long = round % 12 == 0;
        let fixture = Fixture::open(place, VirtualClock::new(START), families());
        let naive = Naive { families: families(), written: Vec::new(), now: START };
        let mut pair =
            Pair { fixture, naive, random: &mut random, scanners: Vec::new(), is_long, cells: 0 };
        for _ in 0..CALLS {
            pair.call();
        }
    }
}
