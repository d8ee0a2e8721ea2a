//! Spans of calls that wait beside one another.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use hbase_thrift_client::aio::Client;
use hbase_thrift_client::{Config, Get, Put, WriterOptions};
use mini_hbase::{Fault, When};

use crate::support::{fill, start};

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Takes what this thread logs, until the guard is dropped.
    fn begin(&self) -> tracing::subscriber::DefaultGuard {
        let debug = || tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG);
        // While there is one subscriber alone, a thread without it that comes to a span first turns that span off
        // for all threads. So each thread has one, which writes nowhere.
        let _ = tracing::subscriber::set_global_default(debug().with_writer(io::sink).finish());
        let writer = self.clone();
        let subscriber = debug().with_ansi(false).with_writer(move || writer.clone());
        tracing::subscriber::set_default(subscriber.finish())
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_event_is_in_the_span_of_its_call_whichever_others_wait() {
    let server = start();
    let config: Config = server.url().parse().unwrap();
    let client = Client::connect(config.max_connections(2)).await.unwrap();
    let tables = [fill(&client, "table_a", 1).await, fill(&client, "table_b", 1).await];
    let log = Log::default();
    let guard = log.begin();
    server.fault(When::first("getRow", 6), Fault::DropBefore);
    let (get, [a, b]) = (Get::new("row0000"), &tables);
    let gets = tokio::join!(a.get(&get), b.get(&get), a.get(&get), b.get(&get));
    for row in [gets.0, gets.1, gets.2, gets.3] {
        assert!(row.unwrap().is_some());
    }
    drop(guard);
    let log = log.text();
    let repeats: Vec<_> = log.lines().filter(|line| line.contains("trying again")).collect();
    assert!(!repeats.is_empty(), "{log}");
    for line in &repeats {
        let names = ["table_a", "table_b"].iter().filter(|name| line.contains(*name)).count();
        assert_eq!((line.matches("hbase{").count(), names), (1, 1), "{line}");
    }
    for name in ["table_a", "table_b"] {
        assert!(repeats.iter().any(|line| line.contains(name)), "{name}: {log}");
    }
}

#[test]
fn rows_that_are_lost_with_a_writer_are_logged_as_an_error() {
    let server = start();
    let log = Log::default();
    let guard = log.begin();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let writer = runtime.block_on(async {
        let client = Client::connect(server.url()).await.unwrap();
        let table = fill(&client, "t", 1).await;
        let make = async || {
            let writer = table.writer(WriterOptions::new());
            writer.write(Put::new("row").column("f:x", "1")).await.unwrap();
            writer
        };
        // The runtime ends before the task that this one leaves has had its turn.
        drop(make().await);
        make().await
    });
    drop(runtime);
    assert_eq!(log.text().matches("rows were lost with a writer").count(), 1);
    drop(writer);
    assert_eq!(log.text().matches("rows were lost with a writer").count(), 2);
    drop(guard);
}
