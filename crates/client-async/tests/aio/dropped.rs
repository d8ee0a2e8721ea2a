//! Futures that are dropped before they are over.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use hbase_thrift_client::aio::{Client, Table};
use hbase_thrift_client::{
    Batch, Config, Delete, Get, GetRows, Increment, Outcome, Put, RowSet, Scan, WriterOptions,
};

use crate::support::{Proxy, fill, idle, keys, start, urls};

/// Polls a future until it is over, or until it has had to wait this often.
async fn waiting_at_most<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut waited = 0;
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if waited == times => Poll::Ready(None),
        Poll::Pending => {
            waited += 1;
            Poll::Pending
        }
    })
    .await
}

/// A random number of times, mostly few.
fn some_times() -> usize {
    if fastrand::bool() { fastrand::usize(..3) } else { fastrand::usize(..20) }
}

#[tokio::test]
async fn a_scan_whose_fetches_are_dropped_has_every_row_once() {
    println!("seed {}", fastrand::get_seed());
    let server = start();
    for (number, url) in urls(&server).into_iter().enumerate() {
        let client = Client::connect(url.as_str()).await.unwrap();
        let table = fill(&client, &format!("t{number}"), 300).await;
        for _ in 0..30 {
            let scan = Scan::new().caching(fastrand::u32(1..40)).read_ahead(fastrand::bool());
            let mut scanner = table.scan(scan).await.unwrap();
            let mut seen = Vec::new();
            loop {
                match waiting_at_most(some_times(), scanner.next_row()).await {
                    None => {}
                    Some(row) => match row.unwrap() {
                        Some(row) => seen.push(String::from_utf8(row.key().to_vec()).unwrap()),
                        None => break,
                    },
                }
            }
            assert_eq!(seen, keys(300).collect::<Vec<_>>());
        }
        idle(&client).await;
    }
}

#[tokio::test]
async fn calls_that_are_dropped_leave_no_reply_to_others() {
    println!("seed {}", fastrand::get_seed());
    let server = start();
    for (number, url) in urls(&server).into_iter().enumerate() {
        let client = Client::connect(url.as_str()).await.unwrap();
        let table = fill(&client, &format!("t{number}"), 100).await;
        let (mut counted, mut unknown) = (0, 0);
        let mut written = BTreeSet::new();
        for round in 0..500 {
            let key = format!("row{:04}", fastrand::usize(..100));
            match fastrand::u8(..4) {
                0 => {
                    let one = Increment::new("n", "f:n", 1);
                    match waiting_at_most(some_times(), table.increment(&one)).await {
                        Some(value) => {
                            value.unwrap();
                            counted += 1;
                        }
                        None => unknown += 1,
                    }
                }
                1 => {
                    let key = format!("new{round}");
                    let put = Put::new(key.as_str()).column("f:x", "1");
                    if waiting_at_most(some_times(), table.put(&put)).await.is_some() {
                        written.insert(key);
                    }
                }
                _ => {
                    let get = Get::new(key.as_str());
                    if let Some(row) = waiting_at_most(some_times(), table.get(&get)).await {
                        assert_eq!(row.unwrap().unwrap().key(), key.as_bytes());
                    }
                }
            }
        }
        let value = table.counter_get("n", "f:n").await.unwrap();
        assert!((counted..=counted + unknown).contains(&value), "{counted} {unknown} {value}");
        for key in written {
            assert!(table.exists(&Get::new(key)).await.unwrap());
        }
        idle(&client).await;
    }
}

#[tokio::test]
async fn a_flush_that_is_dropped_in_line_or_midway_holds_up_no_other() {
    let server = start();
    let proxy = Proxy::start(server.address(), Duration::from_millis(30)).await;
    let client = Client::connect(Config::new("127.0.0.1", proxy.port())).await.unwrap();
    let table = fill(&client, "t", 1).await;
    let writer = table.writer(WriterOptions::new().no_max_age());
    let write = async |row: &str| writer.write(Put::new(row).column("f:x", "1")).await.unwrap();
    // The first is under way, the second stands in line and is dropped.
    write("a").await;
    let mut first = Box::pin(writer.flush());
    assert!(waiting_at_most(0, first.as_mut()).await.is_none());
    assert!(waiting_at_most(0, writer.flush()).await.is_none());
    write("b").await;
    let others = async { tokio::join!(first, writer.flush()) };
    let (first, second) = tokio::time::timeout(Duration::from_secs(10), others).await.unwrap();
    first.unwrap();
    second.unwrap();
    // The one that is under way is dropped: what it was sending comes back as unknown.
    write("c").await;
    assert!(waiting_at_most(0, writer.flush()).await.is_none());
    let flushed = tokio::time::timeout(Duration::from_secs(10), writer.flush()).await.unwrap();
    let error = flushed.unwrap_err();
    let failure = &error.failures()[0];
    assert_eq!(failure.error.outcome(), Outcome::Unknown);
    for mutation in error.into_mutations() {
        writer.write(mutation).await.unwrap();
    }
    writer.close().await.unwrap();
    for row in ["a", "b", "c"] {
        assert!(table.exists(&Get::new(row)).await.unwrap());
    }
}

/// Drops a call at its first wait, at its second one and so on, until it is over; the client has to work after each.
async fn at_each_wait<T>(client: &Client, mut call: impl AsyncFnMut(&Table) -> T) {
    let table = client.table("t");
    for waits in 0.. {
        assert!(waits < 1_000, "the call never ends");
        let is_over = waiting_at_most(waits, call(&table)).await.is_some();
        let row = table.get(&Get::new("row0001")).await.unwrap().unwrap();
        assert_eq!(row.key(), b"row0001");
        idle(client).await;
        if is_over {
            return;
        }
    }
}

#[tokio::test]
async fn each_wait_of_each_call_may_be_its_last() {
    let server = start();
    for url in urls(&server) {
        // Of one connection, so that whatever is left of a call is in the way of the next.
        let config: Config = url.parse().unwrap();
        let client = Client::connect(config.max_connections(1)).await.unwrap();
        if !client.admin().table_exists("t").await.unwrap() {
            fill(&client, "t", 50).await;
        }
        at_each_wait(&client, async |table| table.get(&Get::new("row0002")).await.unwrap()).await;
        let many = GetRows::new(keys(50));
        at_each_wait(&client, async |table| table.get_rows(&many).await.unwrap()).await;
        at_each_wait(&client, async |table| table.exists_all(&many).await.unwrap()).await;
        let put = Put::new("put").column("f:x", "1");
        at_each_wait(&client, async |table| table.put(&put).await.unwrap()).await;
        let one = Increment::new("n", "f:n", 1);
        at_each_wait(&client, async |table| table.increment(&one).await.unwrap()).await;
        let several = [one.clone(), Increment::new("m", "f:n", 1)];
        at_each_wait(&client, async |table| table.increment_rows(&several).await.unwrap()).await;
        let batch = Batch::new().put(put.clone()).delete(Delete::row("gone").column("f:x"));
        at_each_wait(&client, async |table| table.batch(&batch).await.unwrap()).await;
        for caching in [3, 100] {
            let scan = || Scan::new().prefix("row").caching(caching);
            let count = async |table: &Table| table.count_rows(scan()).await.unwrap();
            at_each_wait(&client, count).await;
            let in_order = async |table: &Table| {
                let rows = table.scan_regions_in_order(scan()).await.unwrap();
                assert_eq!(rows.count_rows().await.unwrap(), 50);
            };
            at_each_wait(&client, in_order).await;
            let merged = async |table: &Table| {
                let scan = Scan::new().caching(caching);
                let rows = table.scan_merge(["row000", "row001", "row002"], scan).await.unwrap();
                assert_eq!(rows.count_rows().await.unwrap(), 30);
            };
            at_each_wait(&client, merged).await;
        }
        let set = async |table: &Table| {
            let rows = RowSet::new().row("row0001").row("row0003").prefix("row001");
            let rows = table.scan_rows(rows, Scan::new()).await.unwrap();
            assert_eq!(rows.count_rows().await.unwrap(), 12);
        };
        at_each_wait(&client, set).await;
        let pipeline = async |table: &Table| {
            let mut pipeline = client.pipeline();
            for key in keys(5) {
                pipeline.get(table, Get::new(key)).await.unwrap();
            }
            pipeline.send().await.all().unwrap();
        };
        at_each_wait(&client, pipeline).await;
        let write = async |table: &Table| {
            let writer = table.writer(WriterOptions::new().no_max_age());
            writer.write(Put::new("written").column("f:x", "1")).await.unwrap();
            writer.write(Delete::row("written").column("f:y")).await.unwrap();
            writer.write(Put::new("written").column("f:z", "1")).await.unwrap();
            writer.flush().await.unwrap();
        };
        at_each_wait(&client, write).await;
        at_each_wait(&client, async |_| client.admin().table_states().await.unwrap()).await;
        at_each_wait(&client, async |_| Client::connect(url.as_str()).await.unwrap()).await;
    }
}
