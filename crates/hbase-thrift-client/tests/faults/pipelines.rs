//! Pipelines: no call of another client's, no result of another pipeline's, no error of another call's,
//! and no deadlock with the gateway.

use std::time::Duration;

use hbase_thrift_client::{
    Batch, Delete, ErrorKind, Get, Increment, Outcome, Pipeline, Put, Queued, Result, Row,
};

use crate::support::stub::{Say, Stub, row};
use crate::{config, connect, exact, fill, within};

fn put(key: &str) -> Put {
    Put::new(key).column("f:x", key)
}

fn refused<T>(queued: Result<Queued<T>>) {
    let error = queued.map(drop).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::NotApplied));
}

#[test]
fn a_table_of_another_client_is_refused_whatever_the_call() {
    let servers = [exact().start().unwrap(), exact().start().unwrap()];
    let [ours, theirs] = servers.each_ref().map(|server| {
        fill(server, 0);
        connect(config(&[server.address()]))
    });
    let table = theirs.table("t");
    let mut pipeline = ours.pipeline();
    refused(pipeline.put(&table, put("a")));
    refused(pipeline.get(&table, Get::new("a")));
    refused(pipeline.increment(&table, Increment::new("a", "f:n", 1)));
    refused(pipeline.increment_rows(&table, vec![Increment::new("a", "f:n", 1)]));
    refused(pipeline.delete(&table, hbase_thrift_client::Delete::row("a")));
    refused(pipeline.batch(&table, hbase_thrift_client::Batch::new().put(put("a"))));
    let check = hbase_thrift_client::CheckAndPut::if_absent("a", "f:x").put("f:x", "1");
    refused(pipeline.check_and_put(&table, check));
    assert!(pipeline.is_empty());
    // Clones and their tables share the cluster.
    pipeline.put(&ours.clone().table("t"), put("a")).unwrap();
    pipeline.send().all().unwrap();
    assert!(ours.table("t").get(&Get::new("a")).unwrap().is_some());
    assert!(table.get(&Get::new("a")).unwrap().is_none());
}

#[test]
fn a_result_is_taken_from_its_own_pipeline_only() {
    let server = exact().start().unwrap();
    fill(&server, 9);
    let client = connect(config(&[server.address()]));
    let table = client.table("t");
    let queue = |pipeline: &mut Pipeline, key: &str| pipeline.get(&table, Get::new(key)).unwrap();
    let (mut first, mut second) = (client.pipeline(), client.pipeline());
    let (of_first, of_second) = (queue(&mut first, "row0001"), queue(&mut second, "row0002"));
    let (again, other) = (queue(&mut first, "row0003"), queue(&mut second, "row0004"));
    let (mut first, mut second) = (first.send(), second.send());
    let kind = |taken: Result<Option<Row>>| taken.unwrap_err().kind();
    assert_eq!(kind(first.take(of_second)), ErrorKind::InvalidRequest);
    assert_eq!(kind(second.take(of_first)), ErrorKind::InvalidRequest);
    assert_eq!(first.take(again).unwrap().unwrap().key(), b"row0003");
    assert_eq!(second.take(other).unwrap().unwrap().key(), b"row0004");
}

/// A reply over the limit is no reason to give up the calls behind it, each of which is sent once.
#[test]
fn calls_behind_one_whose_reply_is_too_large_keep_their_own_fate() {
    let server = exact().start().unwrap();
    let direct = fill(&server, 3);
    direct.put(&Put::new("large").column("f:x", vec![b'x'; 300_000])).unwrap();
    let config = config(&[server.address()]).max_reply_size(100_000);
    let client = connect(config);
    let table = client.table("t");
    for position in 0..4 {
        let mut pipeline = client.pipeline();
        let (mut puts, mut large) = (Vec::new(), None);
        for call in 0..4 {
            if call == position {
                large = Some(pipeline.get(&table, Get::new("large")).unwrap());
            } else {
                puts.push(pipeline.put(&table, put(&format!("p{position}{call}"))).unwrap());
            }
        }
        let counted = pipeline.increment(&table, Increment::new("n", "f:n", 1)).unwrap();
        let before = server.calls("mutateRow");
        let mut results = pipeline.send();
        let error = results.take(large.unwrap()).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::TooLarge, Outcome::NotApplied));
        for put in puts {
            results.take(put).unwrap();
        }
        assert_eq!(results.take(counted).unwrap(), position + 1);
        assert_eq!(server.calls("mutateRow") - before, 3);
        for call in (0..4).filter(|call| *call != position) {
            assert!(direct.get(&Get::new(format!("p{position}{call}"))).unwrap().is_some());
        }
    }
}

#[test]
fn large_replies_and_large_requests_in_one_pipeline_do_not_lock_up() {
    let server = exact().start().unwrap();
    let direct = fill(&server, 0);
    let large = vec![b'x'; 8 << 20];
    direct.put(&Put::new("large").column("f:x", large.as_slice())).unwrap();
    let client = connect(config(&[server.address()]));
    let table = client.table("t");
    for gets in 1..4 {
        let mut pipeline = client.pipeline();
        for _ in 0..gets {
            pipeline.get(&table, Get::new("large")).unwrap();
        }
        pipeline.put(&table, Put::new("other").column("f:x", large.as_slice())).unwrap();
        pipeline.get(&table, Get::new("large")).unwrap();
        within(Duration::from_secs(15), || pipeline.send().all()).unwrap();
    }
    // Many small ones of each kind, which together are large.
    let mut pipeline = client.pipeline();
    for number in 0..2_000 {
        let key = format!("s{number}");
        pipeline.put(&table, Put::new(key).column("f:x", vec![b'y'; 1_000])).unwrap();
        pipeline.get(&table, Get::new("s0")).unwrap();
    }
    within(Duration::from_secs(25), || pipeline.send().all()).unwrap();
}

/// Replies that are whole count, although the connection ends behind them.
#[test]
fn what_was_answered_before_the_connection_ended_stands() {
    let stub = Stub::start(|asked| match asked.method.as_str() {
        "getRow" => Say::Rows(vec![row("r", b"1")]),
        _ => Say::Close,
    });
    let client = connect(config(&[stub.address()]));
    let table = client.table("t");
    let mut pipeline = client.pipeline();
    let got = pipeline.get(&table, Get::new("r")).unwrap();
    let counted = pipeline.increment(&table, Increment::new("r", "f:n", 1)).unwrap();
    let mut results = pipeline.send();
    assert_eq!(results.take(got).unwrap().unwrap().get("f:x"), Some(&b"1"[..]));
    assert_eq!(results.take(counted).unwrap_err().outcome(), Outcome::Unknown);
    assert_eq!(stub.calls("atomicIncrement"), 1);
}

/// A pipeline's call is written after what its table wrote since it was added.
#[test]
fn with_the_clients_timestamps_a_call_is_as_late_as_its_pipeline_is_sent() {
    let server = exact().start().unwrap();
    fill(&server, 0);
    let client = connect(config(&[server.address()]).client_timestamps(true));
    let table = client.table("t");
    let value = |value: &str| Put::new("r").column("f:x", value);
    let mut pipeline = client.pipeline();
    pipeline.put(&table, value("second")).unwrap();
    let batch = Batch::new().put(Put::new("s").column("f:x", "second"));
    pipeline.batch(&table, batch).unwrap();
    for key in ["r", "s"] {
        table.put(&Put::new(key).column("f:x", "first")).unwrap();
    }
    pipeline.send().all().unwrap();
    for key in ["r", "s"] {
        let row = table.get(&Get::new(key)).unwrap().unwrap();
        assert_eq!(row.get("f:x"), Some(&b"second"[..]), "{key}");
    }
    let mut pipeline = client.pipeline();
    pipeline.delete(&table, Delete::row("r")).unwrap();
    table.put(&value("third")).unwrap();
    pipeline.send().all().unwrap();
    assert!(table.get(&Get::new("r")).unwrap().is_none());
}
