//! What is left to those who hold a table that is altered.

use super::*;

#[test]
fn who_found_a_table_before_it_was_altered_is_told_to_retry() {
    let clock = VirtualClock::new(1_000);
    let mut fixture = Fixture::open(None, clock, vec![family("m", 1, i32::MAX)]);
    fixture.put(b"r", b"q", 5, b"old".to_vec());
    let everything = Query::new(Vec::new(), TimeRange::ALL, 1).unwrap();
    let end = || Bound { row: Vec::new(), inclusive: false };
    let scan = Scan {
        table: TABLE.to_owned(),
        rows: Rows::Range { start: end(), stop: end() },
        reversed: false,
        query: everything.clone(),
        batch: None,
        limit: None,
        filter: None,
    };
    let mut scanner = Scanner::new(scan, share());
    let mut count = 0;
    let mut fetch = |fixture: &Fixture| {
        scanner.fetch(&fixture.store, 1, &mut limits(), &mut |_, _, _| {
            count += 1;
            Ok(())
        })
    };
    fetch(&fixture).unwrap();
    // Before the other one, so that all cells get another place; and behind it, where they stay.
    for name in ["a", "z"] {
        let add = |table: &Table| {
            let families = table.families.iter().cloned().chain([family(name, 1, i32::MAX)]);
            Ok((families.collect(), table.options.clone()))
        };
        fixture.store.alter_table(TABLE, add).unwrap();
        let is_told = |result: Result<()>| match result {
            Err(Error::Io(text)) => assert!(text.ends_with("altered meanwhile; retry"), "{text}"),
            other => panic!("{other:?}"),
        };
        let edit = Edit::Put {
            family: 0,
            qualifier: b"q".to_vec(),
            timestamp: Some(6),
            value: b"lost".to_vec(),
            time_to_live: None,
        };
        let edits = [RowEdits { row: b"r".to_vec(), edits: vec![edit] }];
        is_told(fixture.write(|writes| writes.write(&fixture.table, &edits)));
        let mut row = Row::default();
        let (table, query) = (&fixture.table, &everything);
        is_told(fixture.store.get(table, b"r", query, &mut limits(), &mut row));
        is_told(fetch(&fixture));
        fixture.table = fixture.store.table(TABLE).unwrap();
        let found = fixture.get(b"r", &everything);
        let cells: Vec<_> = found.cells().map(|cell| (cell.family, cell.value)).collect();
        assert_eq!(cells, [(1, &b"old"[..])], "after {name}");
    }
}
