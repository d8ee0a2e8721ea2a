//! Random writes, compactions and restarts, compared with a small model of HBase's rules that knows
//! nothing of how they are carried out here: a list of what was written.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

#[path = "support/random.rs"]
mod random;
mod support;

use std::time::Duration;

use hbase_thrift_api::{ColumnDescriptor, Mutation, TCell, THbaseSyncClient, TScan};
use mini_hbase::{Builder, MiniHBase, VirtualClock};
use random::Random;
use support::{Raw, bytes, client, family, none};

const ROUNDS: usize = 12;
const CALLS: usize = 120;
/// What the clock shows first; timestamps are around it, so that times to live end on the way.
const START: i64 = 1_000;
/// Families with the versions that they keep.
const FAMILIES: [(&str, usize); 2] = [("a", 1), ("b", 2)];
const ROWS: [&str; 3] = ["r", "r\0", "s"];
const QUALIFIERS: [&str; 3] = ["", "x", "y"];

type Column = (usize, usize);

/// A put if it has a value, otherwise a delete.
#[derive(Clone, Debug)]
struct Written {
    row: usize,
    family: usize,
    /// `None` for a delete of the whole family.
    qualifier: Option<usize>,
    timestamp: i64,
    ends: Option<i64>,
    value: Option<String>,
}

impl Written {
    fn is_of(&self, row: usize, (family, qualifier): Column) -> bool {
        (self.row, self.family) == (row, family) && self.qualifier == Some(qualifier)
    }

    fn hides(&self, row: usize, (family, qualifier): Column, timestamp: i64) -> bool {
        self.value.is_none()
            && (self.row, self.family) == (row, family)
            && self.qualifier.is_none_or(|own| own == qualifier)
            && timestamp <= self.timestamp
    }
}

/// All that was written, in its order.
#[derive(Default)]
struct Oracle {
    written: Vec<Written>,
    now: i64,
}

impl Oracle {
    fn living(&self) -> impl DoubleEndedIterator<Item = &Written> {
        self.written.iter().filter(|one| one.ends.is_none_or(|end| end >= self.now))
    }

    /// The versions of a column below a time, the newest first.
    fn versions(&self, row: usize, column: Column, before: i64) -> Vec<(i64, &str)> {
        let mut found: Vec<(i64, &str)> = Vec::new();
        // Of one timestamp, the put that came last counts.
        for put in self.living().rev().filter(|one| one.is_of(row, column)) {
            let Some(value) = &put.value else { continue };
            let is_known = found.iter().any(|(timestamp, _)| *timestamp == put.timestamp);
            let is_hidden = self.living().any(|one| one.hides(row, column, put.timestamp));
            if !is_known && !is_hidden && put.timestamp < before {
                found.push((put.timestamp, value));
            }
        }
        found.sort_by_key(|(timestamp, _)| -timestamp);
        found.truncate(FAMILIES[column.0].1);
        found
    }

    /// As a compaction of all files: nothing stays but what is seen.
    fn compact(&mut self) {
        let seen = |one: &Written| {
            let Some(qualifier) = one.qualifier else { return false };
            let versions = self.versions(one.row, (one.family, qualifier), i64::MAX);
            let value = one.value.as_deref();
            versions.iter().any(|(time, text)| *time == one.timestamp && Some(*text) == value)
        };
        let kept: Vec<_> = self.written.iter().filter(|one| seen(one)).cloned().collect();
        self.written = kept;
    }
}

/// A server that may be started again, and what it should say.
struct Pair {
    builder: Builder,
    server: Option<MiniHBase>,
    raw: Raw,
    clock: VirtualClock,
    oracle: Oracle,
    restarts: bool,
    puts: usize,
}

impl Pair {
    fn new(builder: Builder, restarts: bool) -> Self {
        let clock = VirtualClock::new(START);
        let builder = builder.clock(clock.clone());
        let server = builder.clone().start().unwrap();
        let mut raw = client(&server);
        let families = FAMILIES.map(|(name, versions)| ColumnDescriptor {
            max_versions: Some(i32::try_from(versions).unwrap()),
            ..family(name)
        });
        raw.create_table(bytes("t"), families.to_vec()).unwrap();
        let oracle = Oracle { now: START, ..Oracle::default() };
        Self { builder, server: Some(server), raw, clock, oracle, restarts, puts: 0 }
    }

    fn call(&mut self, random: &mut Random) {
        match random.below(20) {
            0 => {
                self.raw.compact(bytes("t")).unwrap();
                self.oracle.compact();
            }
            1 => {
                let passed = random.below(30);
                self.clock.advance(Duration::from_millis(passed as u64));
                self.oracle.now += i64::try_from(passed).unwrap();
            }
            2 if self.restarts => {
                drop(self.server.take());
                let server = self.builder.clone().start().unwrap();
                self.raw = client(&server);
                // The clock goes with the builder.
                self.server = Some(server);
            }
            3..9 => self.delete(random),
            _ => self.put(random),
        }
    }

    fn put(&mut self, random: &mut Random) {
        self.puts += 1;
        let large = if random.below(8) == 0 { "v".repeat(5_000) } else { String::new() };
        let value = format!("{}{large}", self.puts);
        let column = (random.below(FAMILIES.len()), random.below(QUALIFIERS.len()));
        self.write(random, column.0, Some(column.1), Some(value));
    }

    fn delete(&mut self, random: &mut Random) {
        let qualifier = (random.below(3) > 0).then(|| random.below(QUALIFIERS.len()));
        let family = random.below(FAMILIES.len());
        self.write(random, family, qualifier, None);
    }

    fn write(
        &mut self,
        random: &mut Random,
        family: usize,
        qualifier: Option<usize>,
        value: Option<String>,
    ) {
        let row = random.below(ROWS.len());
        let timestamp = START + i64::try_from(random.below(12)).unwrap() - 6;
        let ttl = (random.below(4) == 0).then(|| i64::try_from(random.below(80)).unwrap());
        let mutation = Mutation {
            is_delete: Some(value.is_none()),
            column: Some(name(family, qualifier)),
            value: value.clone().map(String::into_bytes),
            write_to_w_a_l: Some(true),
        };
        let attributes = ttl.map(|ttl| (bytes("_ttl"), ttl.to_be_bytes().to_vec()));
        let attributes = attributes.into_iter().collect();
        let key = bytes(ROWS[row]);
        self.raw.mutate_row_ts(bytes("t"), key, vec![mutation], timestamp, attributes).unwrap();
        let ends = ttl.map(|ttl| timestamp + ttl);
        self.oracle.written.push(Written { row, family, qualifier, timestamp, ends, value });
    }

    fn compare(&mut self, said: &str) {
        for row in 0..ROWS.len() {
            for column in columns() {
                for before in [START - 2, START + 2, i64::MAX] {
                    let found = self.versions(row, column, before);
                    let expected = self.oracle.versions(row, column, before);
                    let column = (FAMILIES[column.0].0, QUALIFIERS[column.1]);
                    assert!(
                        found.iter().map(|(time, text)| (*time, &**text)).eq(expected.clone()),
                        "{said}: row {row}, {column:?}, below {before}: {}, and not {}",
                        short(found.iter().map(|(time, text)| (*time, &**text))),
                        short(expected.into_iter()),
                    );
                }
            }
        }
        self.compare_scans(said);
    }

    fn versions(
        &mut self,
        row: usize,
        (family, qualifier): Column,
        below: i64,
    ) -> Vec<(i64, String)> {
        let (key, name) = (bytes(ROWS[row]), name(family, Some(qualifier)));
        let cells = self.raw.get_ver_ts(bytes("t"), key, name, below, 9, none()).unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let version = |cell: TCell| (cell.timestamp.unwrap(), text(cell.value.unwrap()));
        cells.into_iter().map(version).collect()
    }

    /// The newest cells of all rows, up and down.
    fn compare_scans(&mut self, said: &str) {
        let mut expected: Vec<(String, Vec<String>)> = Vec::new();
        for (row, key) in ROWS.iter().enumerate() {
            let newest = columns().filter_map(|column| {
                let versions = self.oracle.versions(row, column, i64::MAX);
                let (_, value) = versions.first()?;
                Some((*value).to_owned())
            });
            let cells: Vec<_> = newest.collect();
            if !cells.is_empty() {
                expected.push(((*key).to_owned(), cells));
            }
        }
        for reversed in [false, true] {
            let scan =
                TScan { sort_columns: Some(true), reversed: Some(reversed), ..support::scan() };
            let scanner = self.raw.scanner_open_with_scan(bytes("t"), scan, none()).unwrap();
            let rows = self.raw.scanner_get_list(scanner, 10).unwrap();
            self.raw.scanner_close(scanner).unwrap();
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            let mut found: Vec<_> = rows
                .into_iter()
                .map(|row| {
                    let cells = row.sorted_columns.unwrap().into_iter();
                    let values = cells.map(|column| text(column.cell.unwrap().value.unwrap()));
                    (text(row.row.unwrap()), values.collect::<Vec<_>>())
                })
                .collect();
            if reversed {
                found.reverse();
            }
            assert!(found == expected, "{said}: the rows of a scan, reversed {reversed}");
        }
    }
}

/// Versions without most of a large value.
fn short<'a>(versions: impl Iterator<Item = (i64, &'a str)>) -> String {
    let texts: Vec<_> = versions.map(|(time, text)| format!("{time}={text:.5}")).collect();
    texts.join(" ")
}

fn columns() -> impl Iterator<Item = Column> {
    let families = 0..FAMILIES.len();
    families.flat_map(|family| (0..QUALIFIERS.len()).map(move |qualifier| (family, qualifier)))
}

fn name(family: usize, qualifier: Option<usize>) -> Vec<u8> {
    let family = FAMILIES[family].0;
    qualifier.map_or_else(
        || bytes(family),
        |qualifier| format!("{family}:{}", QUALIFIERS[qualifier]).into_bytes(),
    )
}

#[test]
fn random_writes_and_compactions_leave_what_the_rules_say() {
    let mut random = Random::new();
    for round in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let on_disk = MiniHBase::builder().store(folder.path().join("store"));
        for (builder, restarts) in [(on_disk, true), (MiniHBase::builder().in_memory(), false)] {
            let mut pair = Pair::new(builder, restarts);
            for call in 0..CALLS {
                pair.call(&mut random);
                if call % 10 == 9 {
                    pair.compare(&format!("round {round}, call {call}, on disk {restarts}"));
                }
            }
        }
    }
}
