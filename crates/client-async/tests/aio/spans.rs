//! Spans of calls that wait beside one another.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use hbase_thrift_client::aio::Client;
use hbase_thrift_client::{Config, Get};
use mini_hbase::{Fault, When};

use crate::support::{fill, start};

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

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
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone());
    let guard = tracing::subscriber::set_default(subscriber.finish());
    server.fault(When::first("getRow", 6), Fault::DropBefore);
    let (get, [a, b]) = (Get::new("row0000"), &tables);
    let gets = tokio::join!(a.get(&get), b.get(&get), a.get(&get), b.get(&get));
    for row in [gets.0, gets.1, gets.2, gets.3] {
        assert!(row.unwrap().is_some());
    }
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
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
