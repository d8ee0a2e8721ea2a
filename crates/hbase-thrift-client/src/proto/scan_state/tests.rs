//! Random scans of random tables, by a server that hands out as many rows as it likes, loses scanners and
//! replies, and refuses answers that would be too large.

use std::collections::{BTreeMap, VecDeque};

use super::*;
use crate::error::ServerException;
use crate::row::{BatchIndex, CellIndex, Recycler, Row, Span};

/// A row's key with all of its columns, or with some where rows are split.
type Part = (Vec<u8>, Vec<Vec<u8>>);

struct Server {
    rows: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
    scanners: BTreeMap<i32, VecDeque<Part>>,
    opened: i32,
    /// A fetch that was asked for before the rows in front of it had come, the rows that its scanner
    /// returned, and whether the scanner was closed behind it.
    second: Option<(FetchRows, Vec<Part>, bool)>,
    /// How many there were.
    seconds: u32,
    pages: u32,
}

fn text(luck: &mut fastrand::Rng, longest: usize) -> Vec<u8> {
    (0..luck.usize(0..=longest)).map(|_| *luck.choice(&[0, b'a', b'b', 255]).unwrap()).collect()
}

fn batch(parts: &[Part]) -> RowBatch {
    fn add(bytes: &mut Vec<u8>, text: &[u8]) -> Span {
        let start = bytes.len();
        bytes.extend(text);
        Span::from(start..bytes.len())
    }
    let (mut bytes, mut index) = (Vec::new(), BatchIndex::default());
    for (key, columns) in parts {
        let (key, first) = (add(&mut bytes, key), index.cells.len());
        for column in columns {
            let column = add(&mut bytes, column);
            index.cells.push(CellIndex::of_whole(column, Span::default(), 1));
        }
        index.end_row(key, first, &bytes);
    }
    RowBatch::new(bytes, 0, index, Recycler::default())
}

fn parts(rows: &RowBatch) -> impl Iterator<Item = Part> {
    let columns = |row: &Row| row.cells().map(|cell| cell.column().to_vec()).collect();
    rows.iter().map(|row| (row.key().to_vec(), columns(&row))).collect::<Vec<_>>().into_iter()
}

impl Server {
    fn random(luck: &mut fastrand::Rng) -> Self {
        let mut rows = BTreeMap::new();
        for _ in 0..luck.usize(0..20) {
            let key = [text(luck, 2), vec![b'a' + luck.u8(0..3)]].concat();
            let columns = (0..luck.usize(1..6)).map(|column| format!("f:{column}").into_bytes());
            rows.insert(key, columns.collect());
        }
        Self { rows, scanners: BTreeMap::new(), opened: 0, second: None, seconds: 0, pages: 0 }
    }

    /// What of these rows comes, in order and in parts.
    fn parts(&self, scan: &Scan, is_in: impl Fn(&[u8]) -> bool) -> VecDeque<Part> {
        let most = scan.batch.map_or(usize::MAX, |batch| batch as usize);
        let rows = self.rows.iter().filter(|(key, _)| is_in(key));
        let mut rows: Vec<_> = rows.collect();
        if scan.reversed {
            rows.reverse();
        }
        let parts = rows.into_iter().flat_map(|(key, columns)| {
            columns.chunks(most.min(columns.len())).map(|part| (key.clone(), part.to_vec()))
        });
        parts.collect()
    }

    fn open(&mut self, scan: &Scan, start: &[u8], stop: &[u8]) -> i32 {
        // As HBase does it: a scan from a row to itself is a get.
        let is_get = !start.is_empty() && start == stop;
        let parts = self.parts(scan, |key| match (is_get, scan.reversed) {
            (true, _) => key == start,
            (false, false) => key >= start && (stop.is_empty() || key < stop),
            (false, true) => (start.is_empty() || key <= start) && (stop.is_empty() || key > stop),
        });
        self.opened += 1;
        self.scanners.insert(self.opened, parts);
        self.opened
    }
}

/// A scan, and the rows that are in it.
fn random_scan(luck: &mut fastrand::Rng, server: &Server) -> (Scan, Vec<Part>) {
    let mut scan = Scan::new().caching(luck.u32(1..=6));
    let is_reversed = luck.bool();
    if is_reversed {
        scan = scan.reversed();
    }
    if luck.u8(0..3) == 0 {
        scan = scan.batch(luck.u32(1..=3));
    }
    let (prefix, from, to) = (text(luck, 2), text(luck, 2), text(luck, 2));
    let is_prefix = luck.bool();
    scan = if is_prefix {
        scan.prefix(prefix.clone())
    } else {
        scan.start(from.clone()).stop(to.clone())
    };
    let mut expected: Vec<_> = server
        .parts(&scan, |key| match (is_prefix, is_reversed) {
            (true, _) => key.starts_with(&prefix),
            (false, false) => *key >= *from && (to.is_empty() || *key < *to),
            (false, true) => (from.is_empty() || *key <= *from) && (to.is_empty() || *key > *to),
        })
        .into();
    if luck.u8(0..3) == 0 {
        let limit = luck.usize(0..10);
        expected.truncate(limit);
        scan = scan.limit(limit as u64);
    }
    if scan.batch.is_none() && luck.bool() {
        scan = scan.paged();
    }
    (scan, expected)
}

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "x")
}

/// One step of the scan, which may go wrong; returns the rows that it brings.
fn step(state: &mut ScanState, server: &mut Server, luck: &mut fastrand::Rng) -> Vec<Part> {
    match state.next() {
        ScanStep::Open { .. } if luck.u8(0..10) == 0 => {
            assert!(matches!(state.failed(error(ErrorKind::Connect)), ScanFailure::Error(_)));
        }
        ScanStep::Open { start, stop, rows } => {
            assert!(rows > 0);
            let scanner = server.open(&state.scan().clone(), &start, &stop);
            state.opened(scanner);
        }
        ScanStep::Page { .. } if luck.u8(0..10) == 0 => {
            let kind = if luck.bool() { ErrorKind::TooLarge } else { ErrorKind::ConnectionLost };
            state.failed(error(kind));
        }
        ScanStep::Page { scan, start, stop, rows } => {
            assert!(rows > 0 && rows <= scan.caching && scan.batch.is_none());
            let scanner = server.open(&scan, &start, &stop);
            let mut left = server.scanners.remove(&scanner).expect("a scanner that is open");
            if scan.filter.is_some() {
                left.retain(|(key, _)| *key < start);
            }
            let count = if luck.bool() { rows as usize } else { luck.usize(1..=rows as usize) };
            let came: Vec<_> = left.drain(..count.min(left.len())).collect();
            server.pages += 1;
            return parts(&state.page_came(batch(&came)).unwrap()).collect();
        }
        ScanStep::Fetch { fetch, .. } if server.second.is_some() => {
            let Some((asked, came, closed)) = server.second.take() else { unreachable!() };
            assert_eq!(asked.scanner, fetch.scanner);
            let rows = state.fetched(batch(&came), asked.rows, closed).unwrap();
            return parts(&rows).collect();
        }
        ScanStep::Fetch { fetch: FetchRows { scanner, rows }, close } => {
            let left = server.scanners.get_mut(&scanner).expect("a scanner that is open");
            assert!(rows > 0 && rows <= state.scan().caching);
            // Many batches are full, as those of servers are.
            let count = if luck.bool() { rows as usize } else { luck.usize(1..=rows as usize) };
            let count = count.min(left.len());
            let second = state.next_after(FetchRows { scanner, rows }).filter(|_| luck.bool());
            match luck.u8(0..12) {
                _ if second.is_some() => {
                    return with_second(state, server, luck, second.unwrap(), rows);
                }
                0 => {
                    server.scanners.remove(&scanner);
                    let failed = state.failed(error(ErrorKind::ConnectionLost));
                    assert!(matches!(failed, ScanFailure::Error(_)));
                }
                // Its scanner has not moved, but may be closed behind it.
                1 if rows > 1 => {
                    let exception = ServerException::new("IOError", "x", None);
                    let refused = error(ErrorKind::TooLarge).with_exception(exception);
                    let behind = if close && luck.bool() {
                        server.scanners.remove(&scanner);
                        Behind::Close
                    } else {
                        Behind::Nothing
                    };
                    let is_closed = behind == Behind::Close;
                    let how = state.leave_failed(scanner, behind, &refused);
                    assert_eq!(how, if is_closed { Leave::AwaitClosed } else { Leave::Idle });
                    assert!(matches!(state.failed(refused), ScanFailure::AskForLess(_)));
                }
                // The rows are lost with the reply.
                2 if rows > 1 => {
                    server.scanners.remove(&scanner);
                    let failed = state.failed(error(ErrorKind::TooLarge));
                    assert!(matches!(failed, ScanFailure::AskForLess(_)));
                }
                _ => {
                    let came: Vec<_> = left.drain(..count).collect();
                    let closed = close && luck.bool();
                    if closed {
                        server.scanners.remove(&scanner);
                    }
                    let rows = state.fetched(batch(&came), rows, closed).unwrap();
                    return parts(&rows).collect();
                }
            }
        }
        ScanStep::Close(scanner) => {
            server.scanners.remove(&scanner).expect("a scanner that is open");
            state.closed();
        }
        ScanStep::End => state.finish(),
    }
    Vec::new()
}

/// A fetch of `rows` rows, with another one on its way behind it.
fn with_second(
    state: &mut ScanState,
    server: &mut Server,
    luck: &mut fastrand::Rng,
    second: FetchRows,
    rows: u32,
) -> Vec<Part> {
    server.seconds += 1;
    assert!(second.rows > 0 && second.rows <= state.scan().caching);
    let left = server.scanners.get_mut(&second.scanner).expect("a scanner that is open");
    let take = |left: &mut VecDeque<Part>, asked: u32, luck: &mut fastrand::Rng| -> Vec<Part> {
        let count = if luck.bool() { asked as usize } else { luck.usize(1..=asked as usize) };
        left.drain(..count.min(left.len())).collect()
    };
    if luck.u8(0..6) == 0 {
        // The first fails where the scanner stands, and the second moves it.
        take(left, second.rows, luck);
        server.scanners.remove(&second.scanner);
        let exception = ServerException::new("IOError", "x", None);
        let kind = if luck.bool() { ErrorKind::TooLarge } else { ErrorKind::Server };
        let error = error(kind).with_exception(exception);
        let leave = state.leave_failed(second.scanner, Behind::Fetch(second), &error);
        assert_eq!(leave, Leave::AwaitUnwanted(Some(second.scanner)));
        state.failed(error);
        return Vec::new();
    }
    let first = take(left, rows, luck);
    let came = take(left, second.rows, luck);
    let found = state.fetched(batch(&first), rows, false).unwrap();
    match state.leave(Behind::Fetch(second)) {
        Leave::Await { fetch, close } => {
            assert_eq!(fetch, second);
            if close {
                server.scanners.remove(&second.scanner);
            }
            server.second = Some((second, came, close));
        }
        leave => {
            assert_eq!(leave, Leave::AwaitUnwanted(Some(second.scanner)));
            server.scanners.remove(&second.scanner);
        }
    }
    parts(&found).collect()
}

#[test]
fn every_row_comes_once_whatever_goes_wrong() {
    let (mut seconds, mut pages, mut tokens) = (0, 0, 0);
    for seed in 0..20_000 {
        let luck = &mut fastrand::Rng::with_seed(seed);
        let mut server = Server::random(luck);
        let (scan, expected) = random_scan(luck, &server);
        let has_pages = luck.bool();
        let mut state = ScanState::new(scan.clone());
        state.speak(has_pages);
        let mut found = Vec::new();
        for _ in 0..10_000 {
            if state.is_done() {
                break;
            }
            if scan.limit.is_none() && state.scanner().is_none() && luck.u8(0..4) == 0 {
                // Another process goes on.
                let place = state.place();
                state = ScanState::new(scan.clone());
                state.speak(has_pages);
                state.go_on_behind(place);
                tokens += 1;
            }
            found.extend(step(&mut state, &mut server, luck));
        }
        assert!(state.is_done(), "seed {seed}: {scan:?} does not end");
        assert_eq!(found, expected, "seed {seed}: {scan:?} of {:?}", server.rows);
        assert!(server.scanners.is_empty(), "seed {seed}: a scanner stays open");
        let is_at_end = scan.limit.is_none_or(|limit| found.len() < limit as usize);
        assert!(state.is_at_end() || !is_at_end, "seed {seed}: {scan:?}");
        (seconds, pages) = (seconds + server.seconds, pages + server.pages);
    }
    let enough = seconds > 10_000 && pages > 5_000 && tokens > 5_000;
    assert!(enough, "{seconds} {pages} {tokens}");
}

#[test]
fn where_a_scan_stopped_is_in_its_error() {
    let mut state = ScanState::new(Scan::new());
    state.opened(1);
    let rows = [(b"a".to_vec(), vec![b"f:x".to_vec()]), (b"b".to_vec(), vec![b"f:x".to_vec()])];
    assert_eq!(state.fetched(batch(&rows), 2, false).unwrap().len(), 2);
    let ScanFailure::Error(error) = state.failed(error(ErrorKind::Timeout)) else { panic!() };
    assert_eq!(error.last_row(), Some(&b"b"[..]));
    let (start, stop) = (b"b\0".to_vec(), Vec::new());
    assert_eq!(state.next(), ScanStep::Open { start, stop, rows: 256 });
}

/// Where several gateways are behind one address, a scanner's number may be that of another scan.
#[test]
fn rows_of_another_scan_are_an_error() {
    let keys = |keys: &[&str]| {
        let part = |key: &&str| (key.as_bytes().to_vec(), vec![b"f:x".to_vec()]);
        batch(&keys.iter().map(part).collect::<Vec<_>>())
    };
    let between = || Scan::new().start("b").stop("e");
    let backwards = || Scan::new().start("d").stop("a").reversed();
    let cases = [
        // The scan, what it delivered, what comes next, and whether that may be.
        (between(), &[][..], &["b", "c", "d"][..], true),
        (between(), &["b"], &["c", "d"], true),
        // Of a scan whose rows come in parts.
        (between(), &["b"], &["c", "cc-long-key", "cc-long-key", "d"], false),
        (between(), &[], &["b", "c", "c"], false),
        (between(), &[], &["a", "b"], false),
        (between(), &["b"], &["b", "c"], false),
        (between(), &["c"], &["b", "d"], false),
        (between(), &["b"], &["d", "c"], false),
        (between(), &["b"], &["c", "c"], false),
        (between(), &["b"], &["c", "e"], false),
        (between().batch(1), &["b"], &["b", "c", "c"], true),
        (between().batch(1), &["c"], &["b"], false),
        (Scan::new().prefix("b"), &[], &["b", "bz"], true),
        (Scan::new().prefix("b"), &["b"], &["c"], false),
        (backwards(), &[], &["d", "c", "b"], true),
        (backwards(), &["d"], &["d", "c"], true),
        (backwards(), &["c"], &["d", "c"], false),
        (backwards(), &["c"], &["a"], false),
        (backwards(), &[], &["e", "d"], false),
        (backwards(), &["d"], &["b", "c"], false),
        // A prefix has no exact start backwards: what is outside of it is left out.
        (Scan::new().prefix("b").reversed(), &[], &["c", "bz"], true),
        (Scan::new().prefix("b").reversed(), &[], &["ca", "bz"], false),
    ];
    for (scan, delivered, next, may_be) in cases {
        let mut state = ScanState::new(scan.clone());
        state.opened(1);
        state.fetched(keys(delivered), 9, false).unwrap();
        state.opened(2);
        match state.fetched(keys(next), 9, false) {
            Ok(_) => assert!(may_be, "{scan:?}: {next:?} after {delivered:?}"),
            Err(error) => {
                assert!(!may_be, "{scan:?}: {next:?} after {delivered:?}");
                assert!(error.kind() == ErrorKind::UnknownScanner && error.is_retryable());
                let ScanFailure::Error(error) = state.failed(error) else { panic!() };
                let last = delivered.last().map(|key| key.as_bytes());
                assert_eq!(error.last_row(), last);
            }
        }
    }
}

/// A region's row begins with its table and first key, by which the catalog is ordered: `t,` before `t\x01`.
#[test]
fn rows_of_the_catalog_come_in_an_order_of_their_own() {
    let keys = [&b"t,,1."[..], b"t,\x01,1.", b"t,\x01b,1."];
    let rows = |keys: &[&[u8]]| {
        let part = |key: &&[u8]| (key.to_vec(), vec![b"info:server".to_vec()]);
        batch(&keys.iter().map(part).collect::<Vec<_>>())
    };
    let mut state = ScanState::new(Scan::new()).of_catalog();
    state.opened(1);
    let came = [&keys[..1], &keys[1..]].map(|keys| state.fetched(rows(keys), 9, false).unwrap());
    assert_eq!(came.map(|rows| rows.len()), [1, 2]);
}

/// What a scan asks a gateway with pages, and how many calls it takes for rows that come as asked for.
#[test]
fn a_scan_that_fits_into_one_page_is_one_call() {
    let goes_by_pages = |scan: Scan| {
        let mut state = ScanState::new(scan);
        assert!(!matches!(state.next(), ScanStep::Page { .. }));
        state.speak(true);
        matches!(state.next(), ScanStep::Page { .. })
    };
    assert!(goes_by_pages(Scan::new().limit(10)));
    assert!(goes_by_pages(Scan::new().limit(256).filter("KeyOnlyFilter()")));
    assert!(!goes_by_pages(Scan::new()));
    assert!(!goes_by_pages(Scan::new().limit(257)));
    assert!(!goes_by_pages(Scan::new().limit(10).batch(2)));
    assert!(!goes_by_pages(Scan::new().limit(10).filter("PageFilter(3)")));
    assert!(goes_by_pages(Scan::new().paged()));

    let rows: Vec<Part> = (b'a'..=b'j').map(|key| (vec![key], vec![b"f:x".to_vec()])).collect();
    let mut state = ScanState::new(Scan::new().limit(10));
    state.speak(true);
    assert_eq!(state.page_came(batch(&rows)).unwrap().len(), 10);
    assert!(state.is_done() && !state.is_at_end());
    // Fewer rows than were asked for are not the last.
    let mut state = ScanState::new(Scan::new().limit(11));
    state.speak(true);
    assert_eq!(state.page_came(batch(&rows)).unwrap().len(), 10);
    let (scan, start) = (Box::new(Scan::new().limit(11)), b"j\0".to_vec());
    assert_eq!(state.next(), ScanStep::Page { scan, start, stop: Vec::new(), rows: 1 });
    assert_eq!(state.page_came(batch(&[])).unwrap().len(), 0);
    assert!(state.is_done() && state.is_at_end());
}

/// The row that is known is left out by the server, so that each page has a row that isn't.
#[test]
fn a_page_backwards_begins_before_the_row_that_is_known() {
    let page_of = |state: &ScanState| match state.next() {
        ScanStep::Page { scan, start, rows, .. } => {
            let filter = scan.filter.map(|filter| String::from_utf8(filter).unwrap());
            (String::from_utf8(start).unwrap(), rows, filter)
        }
        step => panic!("{step:?}"),
    };
    let row = |key: &str| [(key.as_bytes().to_vec(), vec![b"f:x".to_vec()])];
    let mut state =
        ScanState::new(Scan::new().reversed().caching(1).paged().filter("KeyOnlyFilter()"));
    state.speak(true);
    assert_eq!(page_of(&state), (String::new(), 1, Some("KeyOnlyFilter()".to_owned())));
    state.page_came(batch(&row("it's"))).unwrap();
    let filter = "RowFilter(<, 'binary:it''s') AND (KeyOnlyFilter())".to_owned();
    assert_eq!(page_of(&state), ("it's".to_owned(), 1, Some(filter)));
    // A server that returns it all the same would never come to an end.
    let error = state.page_came(batch(&row("it's"))).unwrap_err();
    assert!(error.kind() == ErrorKind::Protocol && !error.is_retryable(), "{error:?}");
    // The first key behind a prefix isn't one of its rows either.
    let mut state = ScanState::new(Scan::new().prefix("b").reversed().caching(1).paged());
    state.speak(true);
    let filter = "RowFilter(<, 'binary:c')".to_owned();
    assert_eq!(page_of(&state), ("c".to_owned(), 1, Some(filter)));
}
