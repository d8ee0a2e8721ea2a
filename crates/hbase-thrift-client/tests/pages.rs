//! Pages of random tables, each asked for with the token of the one before: every row that stays is
//! seen once, in order, whatever is written and deleted between two pages.
//!
//! `PAGES_SEED=n` runs one case alone, `PAGES_CASES=n` that many.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::ops::{Bound, RangeBounds};

use fastrand::Rng;
use hbase_thrift_client::{
    Batch, Client, ColumnFamily, Delete, ErrorKind, PageToken, Put, Scan, Scanner, Table,
};
use mini_hbase::{MiniHBase, Protocol, Transport};

const CASES: u64 = 3_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

fn server() -> MiniHBase {
    let builder = MiniHBase::builder().in_memory();
    builder.thrift2("127.0.0.1:0", Transport::Buffered, Protocol::Binary).start().unwrap()
}

/// A table, and the clients of both interfaces to it.
fn tables(server: &MiniHBase) -> [Table; 2] {
    let clients =
        [server.url(), server.thrift2_url().unwrap()].map(|url| Client::connect(url).unwrap());
    clients[0].admin().create_table("t", &[ColumnFamily::new("f")]).unwrap();
    clients.map(|client| client.table("t"))
}

type Keys = BTreeSet<Vec<u8>>;

/// Few letters, so that keys are one another's prefixes and neighbours.
fn key(luck: &mut Rng, longest: usize) -> Vec<u8> {
    (0..luck.usize(0..=longest))
        .map(|_| *luck.choice(&[0, b'\'', b'a', b'b', 255]).unwrap())
        .collect()
}

/// A case's own keys begin with its number, so that no table has to be made for it.
struct Case {
    number: Vec<u8>,
    keys: Keys,
    range: Range,
}

/// What is asked for, behind the case's number.
#[derive(Debug)]
struct Range {
    prefix: Option<Vec<u8>>,
    low: Bound<Vec<u8>>,
    high: Bound<Vec<u8>>,
    is_reversed: bool,
}

impl Range {
    fn random(luck: &mut Rng) -> Self {
        let bound = |luck: &mut Rng| match (luck.bool(), key(luck, 3)) {
            (true, key) => Bound::Included(key),
            (false, key) => Bound::Excluded(key),
        };
        let prefix = luck.bool().then(|| key(luck, 2));
        Self { prefix, low: bound(luck), high: bound(luck), is_reversed: luck.bool() }
    }

    fn has(&self, key: &[u8]) -> bool {
        if let Some(prefix) = &self.prefix {
            return key.starts_with(prefix);
        }
        let range = (self.low.as_ref(), self.high.as_ref());
        RangeBounds::<Vec<u8>>::contains(&range, &key.to_vec())
    }

    fn scan(&self, number: &[u8]) -> Scan {
        let at = |key: &[u8]| [number, key].concat();
        let scan = Scan::new();
        let scan = if self.is_reversed { scan.reversed() } else { scan };
        if let Some(prefix) = &self.prefix {
            return scan.prefix(at(prefix));
        }
        let (from, to) =
            if self.is_reversed { (&self.high, &self.low) } else { (&self.low, &self.high) };
        let scan = match from {
            Bound::Included(key) => scan.start(at(key)),
            Bound::Excluded(key) => scan.start_exclusive(at(key)),
            Bound::Unbounded => scan,
        };
        match to {
            Bound::Included(key) => scan.stop_inclusive(at(key)),
            Bound::Excluded(key) => scan.stop(at(key)),
            Bound::Unbounded => scan,
        }
    }
}

impl Case {
    fn random(seed: u64, luck: &mut Rng, table: &Table) -> Self {
        let mut case = Self {
            number: format!("{seed:05}").into_bytes(),
            keys: Keys::new(),
            range: Range::random(luck),
        };
        let new: Vec<_> = (0..luck.usize(0..16)).map(|_| key(luck, 3)).collect();
        case.put(table, new);
        case
    }

    fn put(&mut self, table: &Table, keys: Vec<Vec<u8>>) {
        let put = |key: &Vec<u8>| Put::new([&self.number[..], key].concat()).column("f:x", "1");
        let batch = keys.iter().map(put).fold(Batch::new(), Batch::put);
        if !keys.is_empty() {
            table.batch(&batch).unwrap();
        }
        self.keys.extend(keys);
    }

    /// Writes some rows and deletes others, anywhere.
    fn change(&mut self, luck: &mut Rng, tables: &[Table; 2]) {
        let table = &tables[usize::from(luck.bool())];
        if luck.bool() {
            return;
        }
        let new: Vec<_> = (0..luck.usize(0..3)).map(|_| key(luck, 3)).collect();
        self.put(table, new);
        for _ in 0..luck.usize(0..4).min(self.keys.len()) {
            let gone = luck.choice(&self.keys).unwrap().clone();
            table.delete(&Delete::row([&self.number[..], &gone].concat())).unwrap();
            self.keys.remove(&gone);
        }
    }

    /// What follows the last row, in order.
    fn behind(&self, last: Option<&[u8]>) -> Vec<Vec<u8>> {
        let is_behind = |key: &[u8]| {
            last.is_none_or(|last| if self.range.is_reversed { key < last } else { key > last })
        };
        let mut keys: Vec<_> =
            self.keys.iter().filter(|key| self.range.has(key) && is_behind(key)).cloned().collect();
        if self.range.is_reversed {
            keys.reverse();
        }
        keys
    }

    fn key_of(&self, row: &[u8]) -> Vec<u8> {
        row.strip_prefix(&self.number[..]).unwrap().to_vec()
    }
}

/// Pages of a few rows, each by another client, which knows the scan and the text alone.
fn by_tokens(case: &mut Case, luck: &mut Rng, tables: &[Table; 2]) -> Result<(), String> {
    let (mut token, mut last): (Option<String>, Option<Vec<u8>>) = (None, None);
    loop {
        let over_thrift2 = luck.bool();
        let table = &tables[usize::from(over_thrift2)];
        let limit = luck.usize(1..5);
        let scan = case.range.scan(&case.number).limit(limit as u64).caching(luck.u32(1..5));
        let scan = if over_thrift2 && luck.bool() { scan.paged() } else { scan };
        let mut scanner = match &token {
            Some(token) => table.scan_after(scan, &token.parse::<PageToken>().unwrap()).unwrap(),
            None => table.scan(scan).unwrap(),
        };
        let mut expected = case.behind(last.as_deref());
        let follow = expected.len() > limit;
        // The caller may read less than the page has.
        let read = if luck.u8(0..4) == 0 { luck.usize(0..=limit) } else { usize::MAX };
        expected.truncate(limit.min(read));
        let found: Result<Vec<_>, _> =
            scanner.by_ref().take(read).map(|row| row.map(|row| case.key_of(row.key()))).collect();
        let found = found.map_err(|error| format!("{error:?}"))?;
        if found != expected {
            return Err(format!("after {last:?} (limit {limit}): {found:?} for {expected:?}"));
        }
        last = found.last().cloned().or(last);
        token = match scanner.page_token() {
            Some(token) => Some(token.to_string()),
            None if follow => return Err(format!("no token after {last:?}")),
            None => return Ok(()),
        };
        case.change(luck, tables);
    }
}

/// One scan that keeps nothing at the gateway: each batch is of the table as it is then.
fn by_pages(case: &mut Case, luck: &mut Rng, tables: &[Table; 2]) -> Result<(), String> {
    let caching = luck.usize(1..5);
    let scan = case.range.scan(&case.number).caching(caching as u32);
    let mut scanner: Scanner = tables[1].scan(scan.paged().read_ahead(false)).unwrap();
    let (mut last, mut may_be_over): (Option<Vec<u8>>, bool) = (None, false);
    loop {
        let mut expected = case.behind(last.as_deref());
        expected.truncate(caching);
        let batch = scanner.next_batch().map_err(|error| format!("{error:?}"))?;
        let found: Vec<_> = batch.iter().flatten().map(|row| case.key_of(row.key())).collect();
        // A page that went beyond the range has ended the scan, whatever is written later.
        if found != expected && !(may_be_over && found.is_empty()) {
            return Err(format!("after {last:?}: {found:?} for {expected:?}"));
        }
        if batch.is_none() {
            return Ok(());
        }
        (last, may_be_over) = (found.last().cloned(), found.len() < caching);
        case.change(luck, tables);
    }
}

#[test]
fn every_row_that_stays_is_seen_once() {
    let server = server();
    let tables = tables(&server);
    let seeds = match number("PAGES_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("PAGES_CASES").unwrap_or(CASES),
    };
    for seed in seeds {
        let luck = &mut Rng::with_seed(seed);
        let mut case = Case::random(seed, luck, &tables[0]);
        let way = if luck.bool() { by_tokens } else { by_pages };
        if let Err(why) = way(&mut case, luck, &tables) {
            panic!("PAGES_SEED={seed}: {why}; {:?} of {:?}", case.range, case.keys);
        }
    }
}

/// Where rows are split, a token has the column too.
#[test]
fn a_token_within_a_split_row_goes_on_within_it() {
    let server = server();
    let tables = tables(&server);
    let columns: Vec<String> = (0..10).map(|number| format!("f:{number}")).collect();
    for row in ["a", "b"] {
        let put =
            columns.iter().fold(Put::new(row), |put, column| put.column(column.as_str(), "1"));
        tables[0].put(&put).unwrap();
    }
    for is_reversed in [false, true] {
        let (mut found, mut token): (Vec<(Vec<u8>, String)>, Option<PageToken>) =
            (Vec::new(), None);
        for page in 0.. {
            let scan = Scan::new().batch(3).limit(2);
            let scan = if is_reversed { scan.reversed() } else { scan };
            let table = &tables[page % 2];
            let mut scanner = match &token {
                Some(token) => table.scan_after(scan, token).unwrap(),
                None => table.scan(scan).unwrap(),
            };
            for row in scanner.by_ref() {
                let row = row.unwrap();
                let cells = row.cells().map(|cell| (row.key().to_vec(), cell.column().to_string()));
                found.extend(cells);
            }
            token = scanner.page_token();
            if token.is_none() {
                break;
            }
        }
        let rows: &[&str] = if is_reversed { &["b", "a"] } else { &["a", "b"] };
        let all = rows
            .iter()
            .flat_map(|row| columns.iter().map(|column| (row.as_bytes().to_vec(), column.clone())));
        assert_eq!(found, all.collect::<Vec<_>>(), "reversed: {is_reversed}");
    }
}

#[test]
fn what_pages_cannot_do_is_refused_at_once() {
    let server = server();
    let [thrift1, thrift2] = tables(&server);
    let error = thrift1.scan(Scan::new().paged()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("use a Thrift 2 gateway"), "{error}");
    for (scan, why) in [
        (Scan::new().batch(2).paged(), "can't split rows"),
        (Scan::new().filter("PageFilter(3)").paged(), "PageFilter begins anew"),
        (Scan::new().filter("WHILE KeyOnlyFilter()").paged(), "WHILE begins anew"),
    ] {
        let error = thrift2.scan(scan).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains(why), "{error}");
    }
    let token = thrift2.scan(Scan::new()).unwrap().page_token().unwrap();
    let error = thrift2.scan_after(Scan::new().prefix("a"), &token).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("another scan"), "{error}");
}
