//! The server's sockets and threads: listens, admits connections, and stops.
//!
//! Written on plain threads instead of the thrift crate's server, which can't be stopped and has no
//! limits. Each connection has a thread; what it does is in `connection`.

mod connection;
mod timed;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::fault::Faults;
use crate::service::Service;
use crate::wire::Speech;

/// How long the thread that wakes a listener waits for it.
const WAKE: Duration = Duration::from_secs(1);
/// After a failure to accept (too many open files, say) there is no point in trying at once.
const PAUSE: Duration = Duration::from_millis(50);

/// Bounds of what clients may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) connections: usize,
    /// Between two messages.
    pub(crate) idle: Duration,
    /// For the whole of a message, and for taking a reply.
    pub(crate) transfer: Duration,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) service: Arc<Service>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) bounds: Bounds,
    stopping: AtomicBool,
    count: AtomicUsize,
    /// A handle on each connection's socket, to cut it off.
    streams: Mutex<HashMap<usize, TcpStream>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Shared {
    pub(crate) fn new(service: Arc<Service>, faults: Arc<Faults>, bounds: Bounds) -> Self {
        Self {
            service,
            faults,
            bounds,
            stopping: AtomicBool::new(false),
            count: AtomicUsize::new(0),
            streams: Mutex::default(),
            threads: Mutex::default(),
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}

/// A port that is being listened on.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    pub(crate) speech: Speech,
    thread: Option<JoinHandle<()>>,
}

/// Begins to admit connections.
pub(crate) fn listen(
    listener: TcpListener,
    speech: Speech,
    max_message: usize,
    shared: &Arc<Shared>,
) -> io::Result<Listening> {
    let address = listener.local_addr()?;
    let shared = Arc::clone(shared);
    let name = format!("mini-hbase {}", address.port());
    let thread = thread::Builder::new()
        .name(name)
        .spawn(move || accept(&listener, speech, max_message, &shared))?;
    Ok(Listening { address, speech, thread: Some(thread) })
}

/// Ends everything: calls under way are finished or given up, their connections closed.
pub(crate) fn stop(shared: &Shared, ports: &mut [Listening]) {
    shared.stopping.store(true, Ordering::SeqCst);
    shared.service.stop();
    shared.faults.stop();
    for port in ports.iter_mut() {
        // Nothing else ends a thread that waits for a connection.
        let woken = TcpStream::connect_timeout(&reachable(port.address), WAKE);
        if let (Ok(_), Some(thread)) = (woken, port.thread.take()) {
            let _ = thread.join();
        }
    }
    let streams = std::mem::take(&mut *lock(&shared.streams));
    for stream in streams.values() {
        let _ = stream.shutdown(Shutdown::Both);
    }
    let threads = std::mem::take(&mut *lock(&shared.threads));
    for thread in threads {
        let _ = thread.join();
    }
}

fn accept(listener: &TcpListener, speech: Speech, max_message: usize, shared: &Arc<Shared>) {
    for (id, stream) in (0..).zip(listener.incoming()) {
        if shared.is_stopping() {
            return;
        }
        match stream {
            Ok(stream) => admit(id, stream, speech, max_message, shared),
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// Starts a connection's thread, or closes it at once if there are too many.
fn admit(id: usize, stream: TcpStream, speech: Speech, max_message: usize, shared: &Arc<Shared>) {
    if shared.faults.refuses() {
        return;
    }
    // The port makes the number one of its own among all ports' connections.
    let id = id << 16 | stream.local_addr().map_or(0, |address| usize::from(address.port()));
    let Some(place) = Place::take(id, &stream, shared) else { return };
    let spawned =
        thread::Builder::new().name("mini-hbase connection".to_owned()).spawn(move || {
            connection::serve(&stream, speech, max_message, &place.shared);
            let _ = stream.shutdown(Shutdown::Both);
        });
    if let Ok(thread) = spawned {
        let mut threads = lock(&shared.threads);
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
    }
}

/// A connection's place among the admitted, given back however its thread ends.
struct Place {
    id: usize,
    shared: Arc<Shared>,
}

impl Place {
    fn take(id: usize, stream: &TcpStream, shared: &Arc<Shared>) -> Option<Self> {
        let handle = stream.try_clone().ok()?;
        if shared.count.fetch_add(1, Ordering::SeqCst) >= shared.bounds.connections {
            shared.count.fetch_sub(1, Ordering::SeqCst);
            return None;
        }
        lock(&shared.streams).insert(id, handle);
        Some(Self { id, shared: Arc::clone(shared) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.shared.streams).remove(&self.id);
        self.shared.count.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Where a listener can be reached from this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback = match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(loopback);
    }
    address
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
