//! A way to the gateway that counts round trips and can cut connections.
//!
//! It knows nothing of what it carries, so it can't share the client's mistakes.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use hbase_thrift_client::{Client, Config};
use socorro_hbase_client::CrashStore;

/// A proxy in front of one gateway, for as long as the test runs.
pub(crate) struct Proxy {
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
    /// How many connections have ended.
    ended: AtomicUsize,
    traffic: Mutex<Traffic>,
}

/// What has passed, as far as it is in the binary protocol.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// Of a method on a table, which is empty for a method that names none.
    pub(crate) calls: BTreeMap<(String, String), usize>,
    /// How many bytes came back.
    pub(crate) replied: usize,
}

impl Proxy {
    pub(crate) fn start(url: &str) -> Self {
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
        CrashStore::new(Client::connect(self.config(prefix)).unwrap())
    }

    /// As [`store`](Self::store), with one connection, so that none is opened on the way.
    pub(super) fn store_on_one_connection(&self, prefix: &str) -> CrashStore {
        let config = self.config(prefix).max_connections(1);
        CrashStore::new(Client::connect(config).unwrap())
    }

    pub(crate) fn config(&self, prefix: &str) -> Config {
        Config::new("127.0.0.1", self.port)
            .transport(self.gateway.get_transport())
            .protocol(self.gateway.get_protocol())
            .table_prefix(prefix)
    }

    /// Cuts a connection after each so many pieces of data, of requests as well as replies.
    pub(super) fn cut_every(&self, pieces: usize) {
        self.shared.cut_every.store(pieces, Ordering::SeqCst);
    }

    /// How many connections have ended so far. Each takes its scanners with it, and they are opened anew.
    pub(super) fn ended(&self) -> usize {
        self.shared.ended.load(Ordering::SeqCst)
    }

    /// How often a client has waited for an answer, since the last call of this.
    pub(crate) fn round_trips(&self) -> usize {
        self.shared.round_trips.swap(0, Ordering::SeqCst)
    }
}

impl Proxy {
    /// What has passed since the last call of this, of tables with this prefix, which is left out.
    pub(crate) fn take_traffic(&self, prefix: &str) -> Traffic {
        let Traffic { calls, replied } = std::mem::take(&mut *self.shared.traffic.lock().unwrap());
        let calls = calls.into_iter().map(|((method, table), count)| {
            let table = table.strip_prefix(prefix).unwrap_or(&table).to_owned();
            ((method, table), count)
        });
        Traffic { calls: calls.collect(), replied }
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
    let endpoint = &gateway.get_endpoints()[0];
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
            let mut calls = Vec::new();
            while let Ok(length @ 1..) = from.read(&mut piece) {
                if is_request {
                    calls.extend_from_slice(&piece[..length]);
                    shared.note_calls(&mut calls);
                } else {
                    shared.traffic.lock().unwrap().replied += length;
                }
                if waits.swap(is_request, Ordering::SeqCst) != is_request && is_request {
                    shared.round_trips.fetch_add(1, Ordering::SeqCst);
                }
                if shared.is_to_be_cut() || to.write_all(&piece[..length]).is_err() {
                    break;
                }
            }
            shared.ended.fetch_add(usize::from(is_request), Ordering::SeqCst);
            for stream in [from, to] {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }
    Ok(())
}

/// How a call begins in the binary protocol: the version, and that it is a call.
const CALL: [u8; 4] = [0x80, 1, 0, 1];
/// More than a method's and a table's name take, with what is around them.
const HEAD: usize = 256;

/// The names of a call that begins here, as far as they are here; and what follows them.
fn read_call(bytes: &[u8]) -> Option<((String, String), &[u8])> {
    let (method, rest) = read_text(bytes.strip_prefix(&CALL)?)?;
    // The call's number; then the first field, if it is text that is the table.
    let arguments = rest.get(4..)?;
    let (table, rest) = match arguments.get(..3)? {
        [11, 0, 1] => read_text(&arguments[3..])?,
        _ => (String::new(), arguments),
    };
    Some(((method, table), rest))
}

fn read_text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let text = rest.get(..length)?;
    Some((String::from_utf8_lossy(text).into_owned(), &rest[length..]))
}

impl Shared {
    /// Counts the calls in what was sent, and leaves of it what may be the beginning of the next.
    fn note_calls(&self, sent: &mut Vec<u8>) {
        let mut place = 0;
        while let Some(found) = sent[place..].windows(CALL.len()).position(|four| four == CALL) {
            place += found;
            let Some((call, rest)) = read_call(&sent[place..]) else { break };
            place = sent.len() - rest.len();
            *self.traffic.lock().unwrap().calls.entry(call).or_default() += 1;
        }
        sent.drain(..place.max(sent.len().saturating_sub(HEAD)));
    }

    fn is_to_be_cut(&self) -> bool {
        let every = self.cut_every.load(Ordering::SeqCst);
        every > 0 && self.pieces.fetch_add(1, Ordering::SeqCst) % every == every - 1
    }
}
