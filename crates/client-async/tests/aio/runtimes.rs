//! Runtimes of one thread and of many, none at all, and clocks that stand still.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hbase_thrift_client::aio::Client;
use hbase_thrift_client::{
    CancellationToken, Config, Delete, ErrorKind, Get, Increment, Put, Scan, WriterOptions,
};

use mini_hbase::{Fault, When};

use crate::support::{fill, idle, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_on_many_threads_share_a_client() {
    let server = start();
    let client = Client::connect(server.url()).await.unwrap();
    let table = fill(&client, "t", 100).await;
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let table = table.clone();
            tokio::spawn(async move {
                for number in 0..100 {
                    let key = format!("row{:04}", (task * 7 + number) % 100);
                    let row = table.get(&Get::new(key.as_str())).await.unwrap().unwrap();
                    assert_eq!(row.key(), key.as_bytes());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let status = idle(&client).await;
    assert!(status.connections <= status.max_connections);
}

#[test]
fn outside_of_a_runtime_connecting_is_an_error_that_says_so() {
    let server = start();
    let client = Client::lazy(server.url()).unwrap();
    let mut connecting = std::pin::pin!(client.ping());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(result) = connecting.as_mut().poll(&mut context) else {
        panic!("there is nothing to wait for")
    };
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("runtime"), "{error}");
}

/// An address that accepts connections and never answers.
fn silent() -> (TcpListener, Config) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Config::new("127.0.0.1", port)
        .connect_timeout(Duration::from_secs(30))
        .operation_timeout(Duration::from_mins(5));
    (listener, config)
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_is_the_one_that_deadlines_go_by() {
    let (_listener, config) = silent();
    let (real, paused) = (std::time::Instant::now(), tokio::time::Instant::now());
    let client = Client::lazy(config).unwrap().with_timeout(Duration::from_mins(1));
    let error = client.ping().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout), "{error:?}");
    let waited = paused.elapsed();
    assert!(waited <= Duration::from_secs(61) && waited > Duration::from_secs(20), "{waited:?}");
    assert!(real.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_token_ends_a_call_that_waits() {
    let (_listener, config) = silent();
    let token = CancellationToken::new();
    let client = Client::lazy(config.connect_timeout(Duration::from_secs(2))).unwrap();
    let table = client.table("t").with_cancellation(&token);
    let call = tokio::spawn(async move { table.get(&Get::new("r")).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    token.cancel();
    assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_writer_sends_by_itself_what_it_holds_for_long_and_what_it_is_dropped_with() {
    let server = start();
    let client = Client::connect(server.url()).await.unwrap();
    let table = fill(&client, "t", 0).await;
    let options = WriterOptions::new().max_age(Duration::from_millis(20));
    let writer = table.writer(options);
    writer.write(Put::new("held").column("f:x", "1")).await.unwrap();
    until_there(&table, "held").await;
    writer.write(Put::new("dropped").column("f:x", "1")).await.unwrap();
    drop(writer);
    until_there(&table, "dropped").await;
}

async fn until_there(table: &hbase_thrift_client::aio::Table, row: &str) {
    for _ in 0..500 {
        if table.exists(&Get::new(row)).await.unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{row} was not written");
}

/// A connection dies with its runtime; what was written on it after that would be lost or unknown.
#[test]
fn a_client_that_outlives_a_runtime_goes_on_in_another() {
    let server = start();
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let client = Client::lazy(server.url()).unwrap();
    runtime().block_on(async {
        fill(&client, "t", 10).await;
    });
    let table = client.table("t");
    for round in 1..=5 {
        runtime().block_on(async {
            let one = Increment::new("n", "f:n", 1);
            assert_eq!(table.increment(&one).await.unwrap(), round);
            assert!(table.exists(&Get::new("row0001")).await.unwrap());
            assert_eq!(table.count_rows(Scan::new().prefix("row")).await.unwrap(), 10);
            // Many are under way when the runtime ends.
            for _ in 0..200 {
                let table = table.clone();
                tokio::spawn(async move { drop(table.get(&Get::new("row0002")).await) });
            }
            tokio::task::yield_now().await;
        });
    }
    assert_eq!(client.pool_status().waiting, 0);
}

/// Where the next rows are always there, a scan would not have to wait for anything.
#[tokio::test]
async fn a_long_scan_leaves_turns_to_the_other_tasks_of_its_thread() {
    let server = start();
    let client = Client::connect(server.url()).await.unwrap();
    let table = fill(&client, "t", 1).await;
    let writer = table.writer(WriterOptions::new());
    for number in 0..3_000 {
        let put = Put::new(format!("row{number:04}")).column("f:x", vec![b'v'; 20_000]);
        writer.write(put).await.unwrap();
    }
    writer.close().await.unwrap();
    let turns = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&turns);
    let other = tokio::spawn(async move {
        loop {
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let mut most_between = 0;
    let mut rows = table.scan(Scan::new().caching(5)).await.unwrap();
    let mut last = (0, 0);
    let mut number = 0;
    while rows.next_row().await.unwrap().is_some() {
        number += 1;
        let now = turns.load(Ordering::Relaxed);
        if now != last.1 {
            most_between = most_between.max(number - last.0);
            last = (number, now);
        }
        // As if the next batch had come by then.
        std::thread::sleep(Duration::from_micros(50));
    }
    other.abort();
    assert_eq!(number, 3_000);
    assert!(most_between.max(number - last.0) < 1_000, "{most_between} rows without a turn");
}

/// Where it would have to wait for a connection that a call within a runtime has.
#[test]
fn outside_of_a_runtime_no_call_waits_for_a_connection() {
    let server = start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config: Config = server.url().parse().unwrap();
    let client = Client::lazy(config.max_connections(1)).unwrap();
    let table = runtime.block_on(fill(&client, "t", 1));
    server.fault(When::every("mutateRow"), Fault::Delay(Duration::from_secs(1)));
    let busy = table.clone();
    let put = runtime.spawn(async move {
        busy.put(&Put::new("r").column("f:x", "1")).await.unwrap();
    });
    while client.pool_status().in_use == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let (delete, mut context) =
        (Delete::row("r"), std::task::Context::from_waker(std::task::Waker::noop()));
    let mut call = std::pin::pin!(table.delete(&delete));
    let std::task::Poll::Ready(result) = call.as_mut().poll(&mut context) else {
        panic!("nobody would wake it")
    };
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Config);
    runtime.block_on(put).unwrap();
}
