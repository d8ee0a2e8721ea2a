//! Reads cost what they return: keys and bytes are counted, on disk and in memory.

use super::*;

const KIBIBYTE: usize = 1 << 10;
/// What a read may pass on the way to a place before it jumps there, twice.
const FEW: usize = 40;

/// On disk with values beside the keys, and in memory.
fn each(families: &[Family], test: impl Fn(&Fixture)) {
    let folder = tempfile::tempdir().unwrap();
    for place in [Some(folder.path()), None] {
        test(&Fixture::open(place, VirtualClock::new(1_000_000), families.to_vec()));
    }
}

fn newest(qualifier: Option<&[u8]>) -> Query {
    let columns = vec![(b"f".to_vec(), qualifier.map(<[u8]>::to_vec))];
    Query::new(columns, TimeRange::ALL, 1).unwrap()
}

#[test]
fn a_counters_get_costs_the_same_after_100_000_increments() {
    const INCREMENTS: i64 = 100_000;
    const BATCH: i64 = 1_000;
    each(&[family("f", 3, i32::MAX)], |fixture| {
        let addition =
            || Addition { family: 0, qualifier: b"n".to_vec(), amount: 1, time_to_live: None };
        let increment =
            || fixture.write(|writes| writes.increment(&fixture.table, b"r", &[addition()]));
        increment().unwrap();
        // The others' cells, as they would have written them.
        for first in (1..INCREMENTS).step_by(BATCH as usize) {
            let cells = (first..INCREMENTS.min(first + BATCH)).map(|number| Edit::Put {
                family: 0,
                qualifier: b"n".to_vec(),
                timestamp: Some(1_000_000 + number),
                value: (number + 1).to_be_bytes().to_vec(),
                time_to_live: None,
            });
            fixture.edit(b"r", cells.collect());
        }
        fixture.put(b"s", b"n", 1, b"another row".to_vec());
        for query in [newest(Some(b"n")), newest(None)] {
            fixture.counted.take();
            let found = fixture.get(b"r", &query);
            let (keys, bytes) = fixture.counted.take();
            let value = found.cells().next().unwrap().value.to_vec();
            assert_eq!((found.len(), value), (1, INCREMENTS.to_be_bytes().to_vec()));
            assert!(keys <= FEW && bytes <= 100, "{keys} keys and {bytes} bytes for a get");
        }
        assert_eq!(increment().unwrap()[0].1, INCREMENTS + 1);
        let (keys, bytes) = fixture.counted.take();
        assert!(keys <= FEW && bytes <= 100, "{keys} keys and {bytes} bytes for an increment");
    });
}

#[test]
fn a_get_of_the_newest_of_60_large_versions_reads_one() {
    const VERSIONS: i64 = 60;
    // 5 MiB would take the same way, 256 KiB take less time.
    const LARGE: usize = 256 * KIBIBYTE;
    each(&[family("f", i32::MAX, i32::MAX)], |fixture| {
        for time in 0..VERSIONS {
            fixture.put(b"r", b"x", time, vec![b'v'; LARGE]);
        }
        fixture.put(b"r", b"y", 5, b"small".to_vec());
        fixture.counted.take();
        let found = fixture.get(b"r", &newest(None));
        let (keys, bytes) = fixture.counted.take();
        assert_eq!(found.len(), 2);
        assert!(keys <= FEW && bytes < LARGE + 100, "{keys} keys and {bytes} bytes");
        let below = TimeRange::new(0, 30).unwrap();
        let query = Query { versions: 2, time: below, ..newest(Some(b"x")) };
        let found = fixture.get(b"r", &query);
        let (_, bytes) = fixture.counted.take();
        let times: Vec<_> = found.cells().map(|cell| cell.timestamp).collect();
        assert_eq!(times, [29, 28]);
        assert!(bytes < 2 * LARGE + 100, "{bytes} bytes of two versions");
    });
}

#[test]
fn values_that_are_not_returned_are_not_loaded() {
    const LARGE: usize = 64 * KIBIBYTE;
    each(&[family("f", 5, i32::MAX), family("g", 5, 100), family("h", 5, i32::MAX)], |fixture| {
        let now = fixture.store.now();
        let put = |family, qualifier: &str, timestamp| Edit::Put {
            family,
            qualifier: qualifier.as_bytes().to_vec(),
            timestamp: Some(timestamp),
            value: vec![b'v'; LARGE],
            time_to_live: None,
        };
        let delete = |kind, qualifier: &str, timestamp| Edit::Delete {
            kind,
            family: 2,
            qualifier: qualifier.as_bytes().to_vec(),
            timestamp: Some(timestamp),
            time_to_live: None,
        };
        let edits = vec![
            // Wanted: one of these.
            put(0, "b", now - 10),
            put(0, "b", now - 20),
            put(0, "a", now - 10),
            put(0, "ba", now - 10),
            put(0, "c", now - 10),
            // Past their family's time.
            put(1, "b", now - 200_000),
            put(1, "b", now - 150_000),
            // Hidden, in each way.
            put(2, "column", now - 10),
            delete(CellType::DeleteColumn, "column", now - 5),
            put(2, "version", now - 10),
            delete(CellType::Delete, "version", now - 10),
            put(2, "family", now - 30),
            delete(CellType::DeleteFamily, "", now - 25),
            delete(CellType::DeleteFamilyVersion, "", now - 12),
            put(2, "y", now - 12),
        ];
        fixture.edit(b"r", edits);
        // Another row's deletes hide nothing here.
        fixture.edit(b"q", vec![delete(CellType::DeleteFamily, "", now)]);
        let loaded = |columns: &[(&str, Option<&str>)], time: TimeRange| {
            let column = |(family, qualifier): &(&str, Option<&str>)| {
                let qualifier = qualifier.map(|qualifier| qualifier.as_bytes().to_vec());
                (family.as_bytes().to_vec(), qualifier)
            };
            let query = Query::new(columns.iter().map(column).collect(), time, 1).unwrap();
            fixture.counted.take();
            let found = fixture.get(b"r", &query);
            let (_, bytes) = fixture.counted.take();
            (found.len(), bytes / LARGE)
        };
        assert_eq!(loaded(&[("f", Some("b"))], TimeRange::ALL), (1, 1));
        let range = TimeRange::new(now - 20, now - 10).unwrap();
        assert_eq!(loaded(&[("f", Some("b"))], range), (1, 1));
        assert_eq!(loaded(&[("f", None)], range), (1, 1));
        let range = TimeRange::new(now - 15, now).unwrap();
        assert_eq!(loaded(&[("f", Some("b")), ("f", Some("c"))], range), (2, 2));
        assert_eq!(loaded(&[("g", None)], TimeRange::ALL), (0, 0));
        assert_eq!(loaded(&[("h", None)], TimeRange::ALL), (0, 0));
        assert_eq!(loaded(&[], TimeRange::ALL), (4, 4));
    });
}

#[test]
fn a_scan_jumps_over_what_it_does_not_want() {
    const CELLS: i64 = 2_000;
    each(&[family("a", 1, i32::MAX), family("f", 1, i32::MAX)], |fixture| {
        for row in [b"r", b"s", b"t"] {
            let cell = |family, qualifier: String, timestamp| Edit::Put {
                family,
                qualifier: qualifier.into_bytes(),
                timestamp: Some(timestamp),
                value: b"v".to_vec(),
                time_to_live: None,
            };
            let many = (0..CELLS).flat_map(|number| {
                [cell(0, format!("{number:04}"), 1), cell(1, "x".to_owned(), number)]
            });
            fixture.edit(row, many.collect());
        }
        for reversed in [false, true] {
            let end = || Bound { row: Vec::new(), inclusive: false };
            let rows = Rows::Range { start: end(), stop: end() };
            let query = newest(Some(b"x"));
            let table = TABLE.to_owned();
            let scan =
                Scan { table, rows, reversed, query, batch: None, limit: None, filter: None };
            let mut scanner = Scanner::new(scan, share());
            fixture.counted.take();
            let mut found = 0;
            let mut count = |_: &Table, _: &Row, _| {
                found += 1;
                Ok(())
            };
            scanner.fetch(&fixture.store, 10, &mut limits(), &mut count).unwrap();
            let (keys, _) = fixture.counted.take();
            assert_eq!(found, 3);
            assert!(keys <= 4 * FEW, "{keys} keys of {} for three rows", 6 * CELLS);
        }
    });
}

#[test]
fn a_filter_that_is_done_ends_its_scan() {
    const ROWS: usize = 1_000;
    each(&[family("f", 1, i32::MAX)], |fixture| {
        for row in 0..ROWS {
            fixture.put(format!("r{row:04}").as_bytes(), b"x", 1, b"v".to_vec());
        }
        let (first, second) = ("PrefixFilter('r0001')", "InclusiveStopFilter('r0001')");
        for (filter, rows_found) in [
            (first.to_owned(), 1),
            (second.to_owned(), 2),
            (format!("{first} OR {first}"), 1),
            (format!("{second} AND KeyOnlyFilter()"), 2),
            ("PageFilter(2)".to_owned(), 2),
            ("WHILE RowFilter(<, 'binary:r0002')".to_owned(), 2),
        ] {
            let end = || Bound { row: Vec::new(), inclusive: false };
            let own = share();
            let scan = Scan {
                table: TABLE.to_owned(),
                rows: Rows::Range { start: end(), stop: end() },
                reversed: false,
                query: newest(Some(b"x")),
                batch: None,
                limit: None,
                filter: Some(filter::parse(filter.as_bytes(), &own).unwrap()),
            };
            let mut scanner = Scanner::new(scan, own);
            fixture.counted.take();
            let mut found = 0;
            let mut sink = |_: &Table, _: &Row, _: std::ops::Range<usize>| {
                found += 1;
                Ok(())
            };
            scanner.fetch(&fixture.store, ROWS, &mut limits(), &mut sink).unwrap();
            let (keys, _) = fixture.counted.take();
            assert_eq!(found, rows_found, "{filter}");
            assert!(keys <= FEW, "{keys} keys of {ROWS} with {filter}");
        }
    });
}

#[test]
fn columns_that_are_not_wanted_are_jumped_over() {
    const COLUMNS: usize = 2_000;
    each(&[family("f", 1, i32::MAX)], |fixture| {
        let put = |number: usize| Edit::Put {
            family: 0,
            qualifier: format!("{number:04}").into_bytes(),
            timestamp: Some(1),
            value: b"v".to_vec(),
            time_to_live: None,
        };
        fixture.edit(b"r", (0..COLUMNS).map(put).collect());
        let column = |name: &str| (b"f".to_vec(), Some(name.as_bytes().to_vec()));
        let columns = vec![column("0001"), column("1000"), column("1998")];
        let query = Query::new(columns, TimeRange::ALL, 1).unwrap();
        fixture.counted.take();
        assert_eq!(fixture.get(b"r", &query).len(), 3);
        let (keys, _) = fixture.counted.take();
        assert!(keys <= 4 * FEW, "{keys} keys of {COLUMNS} for three columns");
        // A filter's hint is a jump too.
        let filters = [
            "ColumnPrefixFilter('199')",
            "MultipleColumnPrefixFilter('199', '3')",
            "ColumnRangeFilter('1990', true, '', true)",
            "ColumnPrefixFilter('199') AND KeyOnlyFilter()",
            "ColumnPrefixFilter('199') OR ColumnRangeFilter('1995', true, '', true)",
        ];
        for text in filters {
            let end = || Bound { row: Vec::new(), inclusive: false };
            let share = share();
            let scan = Scan {
                table: TABLE.to_owned(),
                rows: Rows::Range { start: end(), stop: end() },
                reversed: false,
                query: newest(None),
                batch: None,
                limit: None,
                filter: Some(crate::model::filter::parse(text.as_bytes(), &share).unwrap()),
            };
            let mut scanner = Scanner::new(scan, share);
            let mut found = 0;
            fixture.counted.take();
            let mut count = |_: &Table, _: &Row, cells: std::ops::Range<usize>| {
                found += cells.len();
                Ok(())
            };
            scanner.fetch(&fixture.store, 10, &mut limits(), &mut count).unwrap();
            let (keys, _) = fixture.counted.take();
            assert_eq!(found, 10, "{text}");
            assert!(keys <= 4 * FEW, "{keys} keys for {text}");
        }
    });
}

#[test]
fn an_increment_passes_few_cells_of_other_columns_and_hidden_versions() {
    const MANY: i64 = 2_000;
    each(&[family("f", 3, i32::MAX)], |fixture| {
        let put = |qualifier: &str, timestamp| Edit::Put {
            family: 0,
            qualifier: qualifier.as_bytes().to_vec(),
            timestamp: Some(timestamp),
            value: 7_i64.to_be_bytes().to_vec(),
            time_to_live: None,
        };
        let others = (0..MANY).flat_map(|number| [format!("a{number}"), format!("z{number}")]);
        fixture.edit(b"r", others.map(|name| put(&name, 1)).collect());
        let hidden = (0..MANY).map(|time| put("hidden", time)).collect();
        fixture.edit(b"r", hidden);
        let (kind, qualifier) = (CellType::DeleteColumn, b"hidden".to_vec());
        let (timestamp, time_to_live) = (Some(MANY), None);
        fixture
            .edit(b"r", vec![Edit::Delete { kind, family: 0, qualifier, timestamp, time_to_live }]);
        fixture.put(b"r", b"there", 1, 7_i64.to_be_bytes().to_vec());
        for (name, sum) in [("absent", 1), ("hidden", 1), ("there", 8), ("zzz", 1)] {
            let addition =
                Addition { family: 0, qualifier: name.into(), amount: 1, time_to_live: None };
            fixture.counted.take();
            let increment =
                |writes: &Writes<'_>| writes.increment(&fixture.table, b"r", &[addition]);
            assert_eq!(fixture.write(increment).unwrap()[0].1, sum, "{name}");
            let (keys, _) = fixture.counted.take();
            assert!(keys <= FEW, "{keys} keys for an increment of {name}");
        }
    });
}

#[test]
fn versions_that_a_delete_hides_are_jumped_over() {
    const VERSIONS: i64 = 2_000;
    each(&[family("f", 3, i32::MAX)], |fixture| {
        let put = |timestamp| Edit::Put {
            family: 0,
            qualifier: b"x".to_vec(),
            timestamp: Some(timestamp),
            value: b"v".to_vec(),
            time_to_live: None,
        };
        fixture.edit(b"r", (0..VERSIONS).map(put).collect());
        let (kind, qualifier) = (CellType::DeleteColumn, b"x".to_vec());
        let (timestamp, time_to_live) = (Some(VERSIONS), None);
        fixture
            .edit(b"r", vec![Edit::Delete { kind, family: 0, qualifier, timestamp, time_to_live }]);
        fixture.put(b"r", b"y", 1, b"v".to_vec());
        let column = |name: &[u8]| (b"f".to_vec(), Some(name.to_vec()));
        for columns in [vec![column(b"x"), column(b"y")], Vec::new()] {
            let query = Query::new(columns, TimeRange::ALL, 1).unwrap();
            fixture.counted.take();
            assert_eq!(fixture.get(b"r", &query).len(), 1);
            let (keys, _) = fixture.counted.take();
            assert!(keys <= FEW, "{keys} keys of {VERSIONS} that are hidden");
        }
    });
}

/// A queue whose entries were taken: a scan for those that wait passes none of them again, whatever it reads of
/// them, and however they were deleted.
#[test]
fn a_scan_behind_50_000_dead_rows_passes_them_once() {
    const ROWS: usize = 50_000;
    const BATCH: usize = 1_000;
    let all = Query::new(Vec::new(), TimeRange::ALL, 1).unwrap();
    let (family_delete, column_delete) =
        ((CellType::DeleteFamily, b"".to_vec()), (CellType::DeleteColumn, b"x".to_vec()));
    for (query, delete, reversed) in [
        (all, &family_delete, false),
        (newest(None), &family_delete, true),
        (newest(Some(b"x")), &family_delete, false),
        (newest(Some(b"x")), &column_delete, true),
    ] {
        let (kind, qualifier) = delete;
        each(&[family("f", 1, i32::MAX), family("g", 1, i32::MAX)], |fixture| {
            let rows = |edit: &dyn Fn() -> Edit| {
                let row = |number| {
                    let row = format!("r{number:05}").into_bytes();
                    RowEdits { row, edits: vec![edit()] }
                };
                for first in (0..ROWS).step_by(BATCH) {
                    let edits: Vec<_> = (first..first + BATCH).map(row).collect();
                    fixture.write(|writes| writes.write(&fixture.table, &edits)).unwrap();
                }
            };
            rows(&|| Edit::Put {
                family: 0,
                qualifier: b"x".to_vec(),
                timestamp: Some(1),
                value: b"v".to_vec(),
                time_to_live: None,
            });
            rows(&|| Edit::Delete {
                kind: *kind,
                family: 0,
                qualifier: qualifier.clone(),
                timestamp: Some(1),
                time_to_live: None,
            });
            for row in [b"a", b"z"] {
                fixture.put(row, b"x", 1, b"waits".to_vec());
            }
            // Deletes are kept for a while, for puts that come late.
            fixture.clock.advance(std::time::Duration::from_mins(1));
            let all = 2 * ROWS;
            let first = keys_to_both_rows(fixture, &query, reversed);
            // Once to look, twice where that goes down, once to remove.
            assert!((all..=3 * all).contains(&first), "{first} keys of {all}");
            for _ in 0..3 {
                let again = keys_to_both_rows(fixture, &query, reversed);
                assert!(again <= FEW, "{again} keys of {all} once they are removed: {query:?}");
            }
        });
    }
}

/// How many keys a scan passes until it has the rows `a` and `z`.
fn keys_to_both_rows(fixture: &Fixture, query: &Query, reversed: bool) -> usize {
    let end = || Bound { row: Vec::new(), inclusive: false };
    let scan = Scan {
        table: TABLE.to_owned(),
        rows: Rows::Range { start: end(), stop: end() },
        reversed,
        query: query.clone(),
        batch: None,
        limit: None,
        filter: None,
    };
    let mut scanner = Scanner::new(scan, share());
    let mut found = Vec::new();
    let mut sink = |_: &Table, row: &Row, _: std::ops::Range<usize>| {
        found.push(row.key.clone());
        Ok(())
    };
    fixture.counted.take();
    scanner.fetch(&fixture.store, 2, &mut limits(), &mut sink).unwrap();
    assert_eq!(found, if reversed { [b"z", b"a"] } else { [b"a", b"z"] });
    fixture.counted.take().0
}
