//! Calls that end early: when the disk fails, and when the server stops.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::model::filter::{Filter, Verdict, View};

fn fixture() -> Fixture {
    Fixture::open(None, VirtualClock::new(1_000_000), vec![family("f", 1, i32::MAX)])
}

#[test]
fn a_write_that_does_not_get_onto_the_disk_is_not_acknowledged() {
    let fixture = fixture();
    fixture.counted.is_full.store(true, Ordering::SeqCst);
    let edit = || Edit::Put {
        family: 0,
        qualifier: b"x".to_vec(),
        timestamp: None,
        value: b"v".to_vec(),
        time_to_live: None,
    };
    let rows = || [RowEdits { row: b"r".to_vec(), edits: vec![edit()] }];
    let put = fixture.write(|writes| writes.write(&fixture.table, &rows()));
    assert!(matches!(put, Err(Error::Unwritable(_))), "{put:?}");
    // What a call fails with by itself comes first.
    let failed = fixture.write(|writes| {
        writes.write(&fixture.table, &rows())?;
        Err::<(), _>(Error::Illegal("no".to_owned()))
    });
    assert!(matches!(failed, Err(Error::Illegal(_))), "{failed:?}");
}

#[test]
fn a_compaction_is_given_up_when_the_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let families = || vec![family("f", 1, i32::MAX)];
    let open = || Fixture::open(Some(folder.path()), VirtualClock::new(1_000_000), families());
    let fixture = open();
    fixture.put(b"r", b"x", 1, b"v".to_vec());
    fixture.table.space.compact().unwrap();
    fixture.put(b"r", b"x", 2, b"w".to_vec());
    fixture.store.stop();
    // That of the store's files, and the sweep before it.
    assert!(matches!(fixture.table.space.compact(), Err(Error::Storage(_))));
    let swept = fixture.store.compact(&fixture.table);
    assert!(matches!(swept, Err(Error::Io(text)) if text == "the server is being stopped"));
    let edits = || [RowEdits { row: b"s".to_vec(), edits: Vec::new() }];
    let put = fixture.write(|writes| writes.write(&fixture.table, &edits()));
    assert!(matches!(put, Err(Error::Io(text)) if text == "the server is being stopped"));
    drop(fixture);
    let query = Query::new(Vec::new(), TimeRange::ALL, 1).unwrap();
    let row = open().get(b"r", &query);
    assert_eq!(row.cells().map(|cell| cell.timestamp).collect::<Vec<_>>(), [2]);
}

/// Stops the server with the first cell or the first row that it sees.
#[derive(Clone)]
struct Stops {
    stopping: Arc<AtomicBool>,
    seen: Arc<AtomicUsize>,
    by_row: bool,
}

impl Filter for Stops {
    fn excludes_key(&mut self, _: &[u8]) -> bool {
        self.stopping.store(self.by_row, Ordering::SeqCst);
        self.by_row
    }

    fn judge(&mut self, _: &View<'_>) -> Verdict {
        self.stopping.store(true, Ordering::SeqCst);
        self.seen.fetch_add(1, Ordering::SeqCst);
        Verdict::Skip
    }

    fn transform(&self, _: &mut Cow<'_, [u8]>) {}

    fn boxed(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

#[test]
fn a_read_ends_at_the_next_cell_and_the_next_row_when_the_server_stops() {
    let fixture = fixture();
    let stop_after = |by_row: bool, reversed: bool| {
        let (stopping, seen) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let filter = Stops { stopping: Arc::clone(&stopping), seen: Arc::clone(&seen), by_row };
        let end = || Bound { row: Vec::new(), inclusive: false };
        let scan = Scan {
            table: TABLE.to_owned(),
            rows: Rows::Range { start: end(), stop: end() },
            reversed,
            query: Query::new(Vec::new(), TimeRange::ALL, 1).unwrap(),
            batch: None,
            limit: None,
            filter: Some(Box::new(filter)),
        };
        let mut limits = Limits::new(1 << 30, Arc::new(share()), stopping);
        let fetched = Scanner::new(scan, share()).fetch(
            &fixture.store,
            9,
            &mut limits,
            &mut |_, _, _| Ok(()),
        );
        match fetched {
            Err(Error::Io(text)) => assert_eq!(text, "the server is being stopped"),
            other => panic!("{other:?}"),
        }
        seen.load(Ordering::SeqCst)
    };
    for qualifier in [b"x", b"y"] {
        fixture.put(b"r", qualifier, 1, b"v".to_vec());
    }
    assert_eq!(stop_after(false, false), 1);
    // Downwards no cell of a row is read whose key is left out.
    assert_eq!(stop_after(true, true), 0);
}
