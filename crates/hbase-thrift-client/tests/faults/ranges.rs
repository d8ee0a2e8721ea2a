//! Scans and sets of rows, against what their words say of each key: thousands of random ones, with keys
//! that begin one another, end in zeros or consist of `0xff`.

use std::collections::BTreeSet;

use hbase_thrift_client::{
    Comparator, CompareOp, Filter, Result, Row, RowSet, Scan, Table, WriterOptions,
};
use mini_hbase::MiniHBase;

use crate::{config, connect, exact, fill, luck};

/// Every key of up to three of these bytes.
const BYTES: [u8; 4] = [0, b'a', 0xfe, 0xff];

fn all_keys() -> BTreeSet<Vec<u8>> {
    let mut keys = BTreeSet::from([Vec::new()]);
    for _ in 0..3 {
        let longer = keys.iter().flat_map(|key| BYTES.map(|byte| [&key[..], &[byte]].concat()));
        keys = longer.chain(keys.iter().cloned()).collect();
    }
    keys.remove(&Vec::new());
    keys
}

/// A table of two thirds of all keys, which are returned.
fn table_of_some(server: &MiniHBase, luck: &mut fastrand::Rng) -> (Table, Vec<Vec<u8>>) {
    fill(server, 0);
    let table = connect(config(&[server.address()])).table("t");
    let keys: Vec<_> = all_keys().into_iter().filter(|_| luck.u8(..3) > 0).collect();
    let writer = table.writer(WriterOptions::new().no_max_age());
    for key in &keys {
        writer.write(hbase_thrift_client::Put::new(key.clone()).column("f:x", "1")).unwrap();
    }
    writer.close().unwrap();
    (table, keys)
}

/// Mostly one of all keys, in the table or not; sometimes none, or a longer one.
fn any_key(luck: &mut fastrand::Rng) -> Vec<u8> {
    (0..luck.usize(0..5)).map(|_| BYTES[luck.usize(..4)]).collect()
}

fn keys_of(rows: impl Iterator<Item = Result<Row>>) -> Vec<Vec<u8>> {
    rows.map(|row| row.unwrap().key().to_vec()).collect()
}

/// What every scan may have beside its range, and what it does to the rows that are expected.
fn with_the_rest(mut scan: Scan, expected: &mut Vec<Vec<u8>>, luck: &mut fastrand::Rng) -> Scan {
    scan = scan.caching(luck.u32(1..30)).read_ahead(luck.bool());
    if luck.u8(..4) == 0 {
        scan = scan.filter(Filter::row(Comparator::binary(CompareOp::Greater, "a")));
        expected.retain(|key| key[..] > b"a"[..]);
    }
    if scan.is_reversed() {
        expected.reverse();
    }
    if luck.u8(..4) == 0 {
        let limit = luck.usize(..20);
        scan = scan.limit(limit as u64);
        expected.truncate(limit);
    }
    scan
}

#[test]
fn a_scan_has_the_rows_between_its_bounds() {
    let mut luck = luck();
    let server = exact().start().unwrap();
    let (table, keys) = table_of_some(&server, &mut luck);
    for _ in 0..2_000 {
        let (start, stop) = (any_key(&mut luck), any_key(&mut luck));
        let (excludes, includes) = (luck.bool(), luck.bool());
        let mut scan = match luck.u8(..5) {
            0 => Scan::new().prefix(start.clone()),
            _ => Scan::new(),
        };
        let prefix = scan.get_prefix().to_vec();
        let has_bounds = prefix.is_empty() && luck.u8(..8) > 0;
        if has_bounds {
            scan = if excludes {
                scan.start_exclusive(start.clone())
            } else {
                scan.start(start.clone())
            };
            scan =
                if includes { scan.stop_inclusive(stop.clone()) } else { scan.stop(stop.clone()) };
        }
        if luck.bool() {
            scan = scan.reversed();
        }
        let is_in = |key: &Vec<u8>| {
            // In the direction of the scan: which is the lower end, and whether it counts.
            let (low, with_low, high, with_high) = if scan.is_reversed() {
                (&stop, includes, &start, !excludes)
            } else {
                (&start, !excludes, &stop, includes)
            };
            let after = low.is_empty() || key > low || (with_low && key == low);
            let before = high.is_empty() || key < high || (with_high && key == high);
            key.starts_with(&prefix) && (!has_bounds || (after && before))
        };
        let mut expected: Vec<_> = keys.iter().filter(|key| is_in(key)).cloned().collect();
        let scan = with_the_rest(scan.clone(), &mut expected, &mut luck);
        let rows = match luck.u8(..3) {
            0 => keys_of(table.scan(scan.clone()).unwrap()),
            1 => keys_of(table.scan_regions_in_order(scan.clone()).unwrap()),
            _ => {
                let counted = table.count_rows(scan.clone()).unwrap();
                assert_eq!(counted, expected.len() as u64, "{scan:?}");
                continue;
            }
        };
        assert_eq!(rows, expected, "{scan:?}");
    }
}

#[test]
fn a_set_has_the_rows_that_were_named_each_once() {
    let mut luck = luck();
    let server = exact().start().unwrap();
    let (table, keys) = table_of_some(&server, &mut luck);
    for _ in 0..2_000 {
        let (mut set, mut named) = (RowSet::new(), BTreeSet::new());
        for _ in 0..luck.usize(0..9) {
            let (one, other) = (any_key(&mut luck), any_key(&mut luck));
            match luck.u8(..6) {
                0 | 1 => {
                    named.extend(
                        keys.iter()
                            .filter(|key| **key >= one && (other.is_empty() || **key < other)),
                    );
                    set = set.range(one, other);
                }
                2 => {
                    named.extend(keys.iter().filter(|key| key.starts_with(&one)));
                    set = set.prefix(one);
                }
                _ if one.is_empty() => {}
                _ => {
                    named.extend(keys.iter().filter(|key| **key == one));
                    set = set.rows([one.clone(), one]);
                }
            }
        }
        let mut expected: Vec<_> = named.into_iter().cloned().collect();
        let scan = if luck.bool() { Scan::new().reversed() } else { Scan::new() };
        let scan = with_the_rest(scan, &mut expected, &mut luck);
        let rows = table.scan_rows(set.clone(), scan.clone()).unwrap();
        assert_eq!(keys_of(rows), expected, "{set:?} {scan:?}");
    }
}

/// A row with the longest key of all can be asked for wherever a shorter one can.
#[test]
fn the_longest_key_is_one_like_others() {
    let server = exact().start().unwrap();
    let table = fill(&server, 3);
    let longest = vec![b'a'; 32_767];
    let rows = RowSet::new().row(longest.clone()).rows(["row0001", "row0002"]);
    assert_eq!(keys_of(table.scan_rows(rows, Scan::new()).unwrap()), [b"row0001", b"row0002"]);
    let behind = Scan::new().start_exclusive(longest.clone());
    assert_eq!(table.count_rows(behind).unwrap(), 3);
    let before = Scan::new().stop_inclusive(longest);
    assert_eq!(table.count_rows(before).unwrap(), 0);
}
