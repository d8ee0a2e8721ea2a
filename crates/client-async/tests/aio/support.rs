//! Clients, and tables with rows in them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hbase_thrift_client::aio::{Client, Table};
use hbase_thrift_client::{ColumnFamily, PoolStatus, Put, WriterOptions};
use mini_hbase::{MiniHBase, Protocol, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Both interfaces of a server.
pub(crate) fn urls(server: &MiniHBase) -> [String; 2] {
    [server.url(), server.thrift2_url().unwrap()]
}

pub(crate) fn start() -> MiniHBase {
    let second = ("127.0.0.1:0", Transport::Buffered, Protocol::Binary);
    MiniHBase::builder().in_memory().thrift2(second.0, second.1, second.2).start().unwrap()
}

/// A table of this many rows, `row0000` and so on.
pub(crate) async fn fill(client: &Client, name: &str, rows: usize) -> Table {
    client.admin().create_table(name, &[ColumnFamily::new("f").max_versions(3)]).await.unwrap();
    let table = client.table(name);
    let writer = table.writer(WriterOptions::new());
    for key in keys(rows) {
        writer.write(Put::new(key).column("f:x", "1")).await.unwrap();
    }
    writer.close().await.unwrap();
    table
}

/// Waits until no call has a connection or wants one: tasks that callers leave behind, such as what a dropped writer
/// sends, end on their own.
pub(crate) async fn idle(client: &Client) -> PoolStatus {
    let is_idle = |status: &PoolStatus| (status.in_use, status.waiting) == (0, 0);
    settle(|| is_idle(&client.pool_status())).await;
    let status = client.pool_status();
    assert!(is_idle(&status), "{status:?}");
    status
}

/// Waits until this holds, for 10 s at most.
pub(crate) async fn settle(holds: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub(crate) fn keys(rows: usize) -> impl DoubleEndedIterator<Item = String> {
    (0..rows).map(|number| format!("row{number:04}"))
}

/// Passes on to a server what comes, each piece after a while, and counts the pieces.
pub(crate) struct Proxy {
    port: u16,
    passed: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn start(server: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let passed = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&passed);
        let connections = Arc::new(AtomicUsize::new(0));
        let accepted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::Relaxed);
                let counter = Arc::clone(&counter);
                tokio::spawn(async move { pass_on(client, server, delay, &counter).await });
            }
        });
        Self { port, passed, connections }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// How many pieces have come from clients.
    pub(crate) fn passed(&self) -> usize {
        self.passed.load(Ordering::Relaxed)
    }
}

async fn pass_on(
    client: TcpStream,
    server: SocketAddr,
    delay: Duration,
    counter: &AtomicUsize,
) -> Option<()> {
    let server = TcpStream::connect(server).await.ok()?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut piece = vec![0; 64 * 1024];
    while let Ok(bytes @ 1..) = from_client.read(&mut piece).await {
        counter.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(delay).await;
        to_server.write_all(&piece[..bytes]).await.ok()?;
    }
    drop(to_server);
    let _ = back.await;
    Some(())
}
