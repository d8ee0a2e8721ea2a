//! Reads that share connections.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use hbase_thrift_client::aio::{Client, Table};
use hbase_thrift_client::{CancellationToken, Config, ErrorKind, Get, Put};
use mini_hbase::{Fault, When};

use crate::support::{Proxy, fill, idle, start, urls};

fn config(url: &str, connections: usize) -> Config {
    url.parse::<Config>().unwrap().max_connections(connections)
}

async fn get(table: &Table, number: usize) {
    let key = format!("row{:04}", number % 100);
    let row = table.get(&Get::new(key.as_str())).await.unwrap().unwrap();
    assert_eq!(row.key(), key.as_bytes());
}

#[tokio::test]
async fn a_thousand_reads_at_once_get_their_rows_by_few_connections() {
    let server = start();
    for (number, url) in urls(&server).into_iter().enumerate() {
        let client = Client::connect(config(&url, 8)).await.unwrap();
        let table = fill(&client, &format!("t{number}"), 100).await;
        for _ in 0..5 {
            join_all((0..1_000).map(|number| get(&table, number))).await;
        }
        let status = idle(&client).await;
        assert!(status.connections <= 8);
    }
}

/// With 10 ms for each write that a proxy passes on, a thousand reads one by one would take ten seconds.
#[tokio::test]
async fn reads_that_wait_are_sent_together() {
    let server = start();
    let proxy = Proxy::start(server.address(), Duration::from_millis(10)).await;
    let config = Config::new("127.0.0.1", proxy.port()).max_connections(1);
    let client = Client::connect(config).await.unwrap();
    let table = fill(&client, "t", 100).await;
    let before = proxy.passed();
    join_all((0..1_000).map(|number| get(&table, number))).await;
    let passed = proxy.passed() - before;
    assert!(passed < 100, "{passed} pieces for a thousand reads");
}

#[tokio::test]
async fn a_write_is_not_starved_by_reads() {
    let server = start();
    let client = Client::connect(config(&server.url(), 1)).await.unwrap();
    let table = fill(&client, "t", 100).await;
    let reading = table.clone();
    let reads = tokio::spawn(async move {
        let reads = stream::iter(0..).map(|number| get(&reading, number)).buffer_unordered(200);
        reads.for_each(|()| async {}).await;
    });
    for number in 0..100 {
        let put = Put::new(format!("new{number}")).column("f:x", "1");
        let written = tokio::time::timeout(Duration::from_secs(5), table.put(&put)).await;
        written.expect("writes stand in the same line").unwrap();
    }
    reads.abort();
}

#[tokio::test]
async fn a_read_that_fails_fails_alone() {
    let server = start();
    let client = Client::connect(config(&server.url(), 1)).await.unwrap();
    let table = fill(&client, "t", 100).await;
    let missing = client.table("missing");
    let good = join_all((0..200).map(|number| get(&table, number)));
    let row = Get::new("row0000");
    let bad = join_all((0..200).map(|_| missing.get(&row)));
    let ((), bad) = tokio::join!(async { drop(good.await) }, bad);
    for result in bad {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::TableNotFound);
    }
}

#[tokio::test]
async fn reads_whose_connection_ends_are_made_again() {
    let server = start();
    let client = Client::connect(config(&server.url(), 2)).await.unwrap();
    let table = fill(&client, "t", 100).await;
    for nth in [1, 5, 40, 90] {
        server.fault(When::nth("getRowWithColumns", nth), Fault::DropAfter);
        server.fault(When::nth("getRow", nth), Fault::DropAfter);
        join_all((0..300).map(|number| get(&table, number))).await;
        server.clear_faults();
    }
}

#[tokio::test]
async fn reads_that_nobody_waits_for_any_more_hold_up_no_others() {
    println!("seed {}", fastrand::get_seed());
    let server = start();
    let client = Client::connect(config(&server.url(), 1)).await.unwrap();
    let table = fill(&client, "t", 100).await;
    for _ in 0..50 {
        let mut begun: Vec<_> = (0..50).map(|number| Box::pin(get(&table, number))).collect();
        let polls = fastrand::usize(1..4);
        for _ in 0..polls {
            poll_fn(|cx| {
                // One that is over must not be polled again.
                begun.retain_mut(|future| future.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            tokio::task::yield_now().await;
        }
        fastrand::shuffle(&mut begun);
        begun.truncate(fastrand::usize(..50));
        let begun = join_all(begun);
        tokio::join!(begun, join_all((0..50).map(|number| get(&table, number))));
    }
    idle(&client).await;
}

#[tokio::test]
async fn a_token_ends_the_read_of_its_own_caller_alone() {
    let server = start();
    let proxy = Proxy::start(server.address(), Duration::from_millis(30)).await;
    let config = Config::new("127.0.0.1", proxy.port()).max_connections(1);
    let client = Client::connect(config).await.unwrap();
    let table = fill(&client, "t", 100).await;
    let connections = proxy.connections();
    let token = CancellationToken::new();
    // The first has the connection; the second gets it next and takes the others along.
    let (first, row) = (Get::new("row0000"), Get::new("row0001"));
    let cancelled = table.with_cancellation(&token);
    let others = async { join_all((0..50).map(|number| get(&table, number))).await };
    let cancelling = async {
        // By then the first is over, and the others are under way.
        tokio::time::sleep(Duration::from_millis(45)).await;
        token.cancel();
    };
    let (first, result, _, ()) =
        tokio::join!(table.get(&first), cancelled.get(&row), others, cancelling);
    assert!(first.unwrap().is_some());
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(proxy.connections(), connections, "the others' connection was ended");
}
