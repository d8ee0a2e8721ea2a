//! A way to the gateway that counts round trips and can cut connections.
//!
//! It knows nothing of what it carries, so it can't share the client's mistakes.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use hbase_thrift_client::{Client, Config};
use socorro_hbase_client::CrashStore;

/// A proxy in front of one gateway, for as long as the test runs.
pub(super) struct Proxy {
    port: u16,
    gateway: Config,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    round_trips: AtomicUsize,
    /// After how many pieces the connection that carries the next one is cut; 0 for never.
    cut_every: AtomicUsize,
    pieces: AtomicUsize,
    is_over: AtomicBool,
}

impl Proxy {
    pub(super) fn start(url: &str) -> Self {
        let gateway: Config = url.parse().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            gateway: gateway.clone(),
            shared: Arc::default(),
        };
        let shared = Arc::clone(&proxy.shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.is_over.load(Ordering::SeqCst) {
                    break;
                }
                // A gateway that is down refuses, which the client has to see as a lost connection.
                let _ = carry(&client, &gateway, &shared);
            }
        });
        proxy
    }

    /// A store that reaches the gateway only this way.
    pub(super) fn store(&self, prefix: &str) -> CrashStore {
        let config = Config::new("127.0.0.1", self.port)
            .with_transport(self.gateway.transport())
            .with_protocol(self.gateway.protocol())
            .with_table_prefix(prefix);
        CrashStore::new(Client::connect(config).unwrap())
    }

    /// Cuts a connection after each so many pieces of data, of requests as well as replies.
    pub(super) fn cut_every(&self, pieces: usize) {
        self.shared.cut_every.store(pieces, Ordering::SeqCst);
    }

    /// How often a client has waited for an answer, since the last call of this.
    pub(super) fn round_trips(&self) -> usize {
        self.shared.round_trips.swap(0, Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Wakes the listener up.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn carry(client: &TcpStream, gateway: &Config, shared: &Arc<Shared>) -> io::Result<()> {
    let endpoint = &gateway.endpoints()[0];
    let server = TcpStream::connect((endpoint.host(), endpoint.port()))?;
    for stream in [client, &server] {
        stream.set_nodelay(true)?;
    }
    let waits = Arc::new(AtomicBool::new(false));
    for (from, to, is_request) in [(client, &server, true), (&server, client, false)] {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        let (shared, waits) = (Arc::clone(shared), Arc::clone(&waits));
        thread::spawn(move || {
            let mut piece = vec![0; 256 * 1024];
            while let Ok(length @ 1..) = from.read(&mut piece) {
                if waits.swap(is_request, Ordering::SeqCst) != is_request && is_request {
                    shared.round_trips.fetch_add(1, Ordering::SeqCst);
                }
                if shared.is_to_be_cut() || to.write_all(&piece[..length]).is_err() {
                    break;
                }
            }
            for stream in [from, to] {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }
    Ok(())
}

impl Shared {
    fn is_to_be_cut(&self) -> bool {
        let every = self.cut_every.load(Ordering::SeqCst);
        every > 0 && self.pieces.fetch_add(1, Ordering::SeqCst) % every == every - 1
    }
}
