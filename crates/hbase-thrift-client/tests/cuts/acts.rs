//! Acts: a few calls of one kind, each of which checks itself.

use std::collections::{BTreeMap, VecDeque};

use hbase_thrift_client::{
    Append, Batch, CheckAndMutate, CheckAndPut, ColumnFamily, Delete, Error, Get, GetRows,
    GetVersions, Increment, Mutation, Outcome, Put, Result, Row, RowMutations, Scan, WriterOptions,
};

use crate::stage::{Stage, counter, length, presence, times};
use crate::{ROWS, TABLE};

/// Runs and checks itself.
pub(crate) type Act = fn(&Stage<'_>);

pub(crate) const ACTS: [(&str, Act); 16] = [
    ("writes", writes),
    ("reads", reads),
    ("counters", counters),
    ("counters of rows", counters_of_rows),
    ("appends", appends),
    ("checks", checks),
    ("changes of rows", changes_of_rows),
    ("pipelines", pipelines),
    ("pipelines of reads", pipelines_of_reads),
    ("scans forwards", scans_forwards),
    ("scans without reading ahead", scans_without_reading_ahead),
    ("scans backwards", scans_backwards),
    ("scans that split rows", scans_split_rows),
    ("administers", administers),
    ("creates tables", creates_tables),
    ("changes tables", changes_tables),
];

/// Calls that are small enough to be harmed at each of their bytes.
pub(crate) const SMALL: [(&str, Act); 4] = [
    ("a get", one_get),
    ("a put", one_put),
    ("an increment", one_increment),
    ("a flush", one_flush),
];

/// Those whose bytes are more.
pub(crate) const LARGER: [(&str, Act); 3] =
    [("a batch", one_batch), ("a scan", one_scan), ("the writer", writer)];

fn one_get(stage: &Stage<'_>) {
    let row = stage.read(|| stage.table.get(&Get::new("row3").column("f:b")));
    let Some(row) = row.map(Option::unwrap) else { return };
    assert_eq!((row.key(), row.get("f:b"), row.len()), (&b"row3"[..], Some(&b"2"[..]), 1));
}

fn one_put(stage: &Stage<'_>) {
    let put = Put::new(stage.key("p")).column("f:x", "1");
    let told = stage.write(|| stage.table.put(&put));
    stage.promise("p", "f:x", presence, &told);
}

fn one_increment(stage: &Stage<'_>) {
    let increment = Increment::new(stage.key("c"), "f:n", 1);
    let told = stage.within(|| stage.table.increment(&increment));
    stage.promise("c", "f:n", counter, &told);
}

fn one_batch(stage: &Stage<'_>) {
    let put = |key: &str| Put::new(stage.key(key)).column("f:x", "1");
    let batch = Batch::new().put(put("b1")).put(put("b2"));
    let told = stage.write(|| stage.table.batch(&batch));
    stage.promise("b1", "f:x", presence, &told);
    stage.promise("b2", "f:x", presence, &told);
}

fn one_scan(stage: &Stage<'_>) {
    let scan = Scan::new().start("row0").stop("row2").caching(3);
    check_scan(stage, scan, keys().take(2));
}

fn one_flush(stage: &Stage<'_>) {
    let put = |key: &str| Put::new(stage.key(key)).column("f:x", "1").into();
    write_all(stage, [put("w1"), put("w2")].into());
    let ok = Ok(());
    stage.promise("w1", "f:x", presence, &ok);
    stage.promise("w2", "f:x", presence, &ok);
}

/// The order of a row's mutations is kept, and each is written in the end.
fn writer(stage: &Stage<'_>) {
    let put = |key: &str, value: &str| -> Mutation {
        Put::new(stage.key(key)).column("f:x", value).into()
    };
    let delete = |key: &str| -> Mutation { Delete::row(stage.key(key)).column("f:x").into() };
    let mutations = [
        put("w1", "1"),
        put("w2", "1"),
        delete("w1"),
        put("w1", "12"),
        delete("w2"),
        put("w3", "1"),
        Delete::row(stage.key("w3")).into(),
        put("w3", "123"),
    ];
    write_all(stage, mutations.into());
    for (key, stored) in [("w1", 2), ("w2", 0), ("w3", 3)] {
        stage.promise_times(key, "f:x", length, (stored, stored), &"that all is written");
    }
}

/// Writes again what comes back, until all is written.
fn write_all(stage: &Stage<'_>, mut left: VecDeque<Mutation>) {
    let writer = stage.table.writer(WriterOptions::new().no_max_age().max_mutations(5));
    let mut failures = 0;
    loop {
        let flushes = left.is_empty();
        let result = match left.pop_front() {
            Some(mutation) => stage.within(|| writer.write(mutation)),
            None => stage.within(|| writer.flush()),
        };
        match result {
            Ok(()) if flushes => break,
            Ok(()) => {}
            Err(error) => {
                failures += 1;
                assert!(failures < 10, "the writer does not get on: {error:?}");
                for failure in error.failures() {
                    stage.check_write(&failure.error);
                    assert_ne!(failure.error.outcome(), Outcome::Applied);
                }
                let later = std::mem::take(&mut left);
                left = error.into_mutations().chain(later).collect();
            }
        }
    }
    stage.within(|| writer.close()).unwrap();
}

fn writes(stage: &Stage<'_>) {
    let table = &stage.table;
    let (put, deleted) = (Put::new(stage.key("p")).column("f:x", "1"), stage.key("d"));
    stage.prepare(&Put::new(deleted.as_str()).column("f:x", "1").column("f:y", "1"));
    let told = stage.write(|| table.put(&put));
    stage.promise("p", "f:x", presence, &told);
    let batch = Batch::new()
        .put(Put::new(stage.key("b")).column("g:y", "2"))
        .delete(Delete::row(deleted.as_str()).column("f:x"));
    let told = stage.write(|| table.batch(&batch));
    stage.promise("b", "g:y", presence, &told);
    stage.promise_times("d", "f:x", presence, but(times(&told)), &told);
    let told = stage.write(|| table.delete(&Delete::row(deleted.as_str())));
    stage.promise_times("d", "f:y", presence, but(times(&told)), &told);
}

/// How often something is still there that was to be deleted.
fn but((least, most): (usize, usize)) -> (usize, usize) {
    (1 - most, 1 - least)
}

fn reads(stage: &Stage<'_>) {
    let table = &stage.table;
    one_get(stage);
    let missing = stage.read(|| table.get(&Get::new("missing")));
    assert_eq!(missing.flatten(), None);
    if let Some(rows) = stage.read(|| table.get_rows(&GetRows::new(["row5", "missing", "row4"]))) {
        let found: Vec<_> = rows.iter().map(|row| row.as_ref().map(Row::key)).collect();
        assert_eq!(found, [Some(&b"row5"[..]), None, Some(b"row4")]);
    }
    if let Some(versions) = stage.read(|| table.get_versions(&GetVersions::new("row6", "f:a", 3))) {
        let values: Vec<_> = versions.iter().map(|version| version.value.as_slice()).collect();
        assert_eq!(values, [b"1"]);
    }
}

fn counters(stage: &Stage<'_>) {
    let increment = |column: &str| Increment::new(stage.key("c"), column, 1);
    let count = || stage.within(|| stage.table.increment(&increment("f:n")));
    let told = [count(), count()];
    let list = [increment("f:m"), increment("f:o")];
    let several = stage.within(|| stage.table.increment_rows(&list));
    let counted = told.iter().map(times).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    stage.promise_times("c", "f:n", counter, counted, &told);
    stage.promise("c", "f:m", counter, &several);
    stage.promise("c", "f:o", counter, &several);
}

/// One call over Thrift 1, and one for each row over Thrift 2.
fn counters_of_rows(stage: &Stage<'_>) {
    let keys = ["c1", "c2", "c3"];
    let list = keys.map(|key| Increment::new(stage.key(key), "f:n", 1));
    let told = stage.within(|| stage.table.increment_rows(&list));
    for key in keys {
        stage.promise(key, "f:n", counter, &told);
    }
}

fn appends(stage: &Stage<'_>) {
    let append = Append::new(stage.key("a")).column("f:x", "+").column("g:y", "-");
    let told = stage.within(|| stage.table.append(&append));
    for column in ["f:x", "g:y"] {
        stage.promise("a", column, length, &told);
    }
}

fn checks(stage: &Stage<'_>) {
    let check = CheckAndPut::if_absent(stage.key("k"), "f:x").put("f:x", "1");
    let told = stage.within(|| stage.table.check_and_put(&check));
    stage.promise("k", "f:x", presence, &told);
    assert!(told.unwrap_or(true), "the row had no such column before");
}

/// All in one step, over Thrift 2; Thrift 1 has no such calls.
fn changes_of_rows(stage: &Stage<'_>) {
    let (table, key) = (&stage.table, stage.key("h"));
    let put = || Put::new(key.as_str()).column("f:x", "1");
    if stage.is_thrift1() {
        let told = stage.write(|| table.put(&put()));
        return stage.promise("h", "f:x", presence, &told);
    }
    stage.prepare(&Put::new(key.as_str()).column("g:y", "1"));
    let delete = Delete::row(key.as_str()).family("g");
    let change = RowMutations::new(key.as_str()).put(put()).delete(delete);
    let told = stage.write(|| table.mutate_row(&change));
    stage.promise("h", "f:x", presence, &told);
    stage.promise_times("h", "g:y", presence, but(times(&told)), &told);
    let other = stage.key("i");
    let change = RowMutations::new(other.as_str()).put(Put::new(other.as_str()).column("f:x", "1"));
    let check = CheckAndMutate::if_absent(other, "f:x").mutate(change);
    let told = stage.within(|| table.check_and_mutate(&check));
    stage.promise("i", "f:x", presence, &told);
    assert!(told.unwrap_or(true), "the row had no such column before");
}

fn pipelines(stage: &Stage<'_>) {
    let (table, key) = (&stage.table, stage.key("f"));
    let mut pipeline = stage.client.pipeline();
    let first = Put::new(key.clone()).column("f:x", "1");
    let first = pipeline.put(table, first).unwrap();
    let got = pipeline.get(table, Get::new("row7")).unwrap();
    let increment = pipeline.increment(table, Increment::new(key.clone(), "f:n", 1)).unwrap();
    let last = pipeline.put(table, Put::new(key).column("g:y", "2")).unwrap();
    let mut results = stage.within(|| pipeline.send());
    // It goes where the writes go, and stays there.
    match results.take(got) {
        Ok(row) => assert_eq!(row.unwrap().key(), b"row7"),
        Err(error) => stage.check_write(&error),
    }
    let told = results.take(increment);
    stage.promise("f", "f:n", counter, &told);
    for (put, column) in [(first, "f:x"), (last, "g:y")] {
        let told = results.take(put);
        told.as_ref().err().into_iter().for_each(|error: &Error| stage.check_write(error));
        stage.promise("f", column, presence, &told);
    }
}

fn pipelines_of_reads(stage: &Stage<'_>) {
    let mut pipeline = stage.client.pipeline();
    let queued: Vec<_> = keys()
        .map(|key| (key.clone(), pipeline.get(&stage.table, Get::new(key)).unwrap()))
        .collect();
    let mut results = stage.within(|| pipeline.send());
    for (key, queued) in queued {
        if let Some(row) = stage.check_read(results.take(queued)) {
            assert_eq!(row.unwrap().key(), key.as_bytes());
        }
    }
}

fn scans_forwards(stage: &Stage<'_>) {
    check_scan(stage, rows(), keys());
    check_scan(stage, rows().limit(5), keys().take(5));
}

fn scans_without_reading_ahead(stage: &Stage<'_>) {
    check_scan(stage, rows().read_ahead(false), keys());
}

fn scans_backwards(stage: &Stage<'_>) {
    check_scan(stage, rows().reversed(), keys().rev());
}

fn scans_split_rows(stage: &Stage<'_>) {
    let mut cells = BTreeMap::<Vec<u8>, Vec<Vec<u8>>>::new();
    let (parts, error) = read(stage, rows().batch(2));
    for part in parts {
        let columns = part.cells().map(|cell| cell.column().to_vec());
        cells.entry(part.key().to_vec()).or_default().extend(columns);
    }
    let whole = if error.is_some() { cells.len().saturating_sub(1) } else { ROWS };
    let wanted = [b"f:a", b"f:b", b"g:c"];
    assert!(cells.values().take(whole).all(|columns| *columns == wanted), "{cells:?}");
    assert!(cells.values().all(|columns| wanted.starts_with(&as_arrays(columns))), "{cells:?}");
    assert!(error.is_some() || cells.len() == ROWS, "{cells:?}");
}

fn as_arrays(columns: &[Vec<u8>]) -> Vec<&[u8; 3]> {
    columns.iter().map(|column| column.as_slice().try_into().unwrap()).collect()
}

fn rows() -> Scan {
    Scan::new().prefix("row").caching(3)
}

pub(crate) fn keys() -> impl DoubleEndedIterator<Item = String> {
    (0..ROWS).map(|number| format!("row{number}"))
}

/// Every row once, in order, or an error that says where it stopped.
fn check_scan(stage: &Stage<'_>, scan: Scan, expected: impl Iterator<Item = String>) {
    let (rows, error) = read(stage, scan);
    let seen: Vec<_> = rows.iter().map(|row| row.key().escape_ascii().to_string()).collect();
    let expected: Vec<_> = expected.collect();
    match error {
        None => assert_eq!(seen, expected),
        Some(error) => {
            assert!(expected.starts_with(&seen), "{seen:?}");
            assert_eq!(error.last_row(), rows.last().map(Row::key), "{error:?}");
        }
    }
}

fn read(stage: &Stage<'_>, scan: Scan) -> (Vec<Row>, Option<Error>) {
    let (mut scanner, mut rows) = (stage.table.scan(scan).unwrap(), Vec::new());
    loop {
        match stage.within(|| scanner.next()) {
            None => return (rows, None),
            Some(Ok(row)) => rows.push(row),
            Some(Err(error)) => {
                let result: Result<()> = Err(error.clone());
                stage.check_read(result);
                return (rows, Some(error));
            }
        }
    }
}

fn administers(stage: &Stage<'_>) {
    let admin = stage.client.admin();
    let enabled = stage.read(|| admin.is_table_enabled(TABLE));
    assert!(enabled.unwrap_or(true));
    let families = stage.read(|| admin.column_families(TABLE));
    assert_eq!(families.map_or(2, |families| families.len()), 2);
    let regions = stage.read(|| admin.regions(TABLE));
    assert_eq!(regions.map_or(1, |regions| regions.len()), 1);
    if let Some(states) = stage.read(|| admin.table_states()) {
        assert_eq!(states, [(TABLE.as_bytes().to_vec(), true)]);
    }
    if stage.is_thrift1() {
        let _ = stage.write(|| admin.compact(TABLE));
        let _ = stage.write(|| admin.major_compact(TABLE));
    }
    stage.read(|| admin.cluster_id());
}

fn creates_tables(stage: &Stage<'_>) {
    // It exists, so whatever is said, nothing is applied.
    let admin = stage.client.admin();
    let told = stage.within(|| admin.create_table(TABLE, &[ColumnFamily::new("f")]));
    let outcome = told.unwrap_err().outcome();
    assert!(matches!(outcome, Outcome::NotApplied | Outcome::Unknown));
}

fn changes_tables(stage: &Stage<'_>) {
    // There is no such table, so whatever is said, nothing is applied.
    let (admin, name) = (stage.client.admin(), stage.key("table"));
    let changes = [
        stage.within(|| admin.disable_table(&name)),
        stage.within(|| admin.enable_table(&name)),
        stage.within(|| admin.delete_table(&name)),
    ];
    for told in changes {
        let outcome = told.unwrap_err().outcome();
        assert!(matches!(outcome, Outcome::NotApplied | Outcome::Unknown));
    }
}
