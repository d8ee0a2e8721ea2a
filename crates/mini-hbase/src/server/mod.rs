//! The server's sockets and threads: listens, admits connections, and stops.
//!
//! Written on plain threads instead of the thrift crate's server, which can't be stopped and has no
//! limits. One thread admits connections to all ports; each connection has a thread, and what that
//! does is in `connection`.

mod connection;
mod timed;

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

#[cfg(feature = "fuzzing")]
pub(crate) use connection::processor;
use mio::{Events, Interest, Poll, Token, Waker};

use crate::budget::Budget;
use crate::control::Control;
use crate::fault::Faults;
use crate::service::Service;
use crate::wire::{Speech, Terms};

/// After a failure to accept (too many open files, say) there is no point in trying at once.
const PAUSE: Duration = Duration::from_millis(50);
/// How many connections the control address has, beside the ones of clients: a test that leaks those
/// can still reset.
const CONTROLS: usize = 16;
const STOP: Token = Token(usize::MAX);

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
    pub(crate) control: Control,
    pub(crate) bounds: Bounds,
    pub(crate) budget: Arc<Budget>,
    stopping: AtomicBool,
    next_id: AtomicUsize,
    /// A handle on each admitted connection's socket, to cut it off.
    streams: Mutex<HashMap<usize, Admitted>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Shared {
    pub(crate) fn new(
        service: Arc<Service>,
        faults: Arc<Faults>,
        control: Control,
        bounds: Bounds,
        budget: Arc<Budget>,
    ) -> Self {
        Self {
            service,
            faults,
            control,
            bounds,
            budget,
            stopping: AtomicBool::new(false),
            next_id: AtomicUsize::new(0),
            streams: Mutex::default(),
            threads: Mutex::default(),
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}

/// A port to listen on.
pub(crate) struct Port {
    pub(crate) listener: TcpListener,
    pub(crate) address: SocketAddr,
    pub(crate) purpose: Purpose,
    pub(crate) terms: Terms,
}

/// What a port is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Thrift's calls.
    Calls(Speech),
    /// The control address.
    Control,
}

/// The thread that admits connections.
pub(crate) struct Doorkeeper {
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Doorkeeper {
    /// Begins to admit connections.
    ///
    /// # Errors
    /// When the system gives no thread, or can't watch the ports.
    pub(crate) fn start(ports: Vec<Port>, shared: &Arc<Shared>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), STOP)?;
        let mut open = Vec::with_capacity(ports.len());
        for (token, Port { listener, address, purpose, terms }) in ports.into_iter().enumerate() {
            listener.set_nonblocking(true)?;
            let mut listener = mio::net::TcpListener::from_std(listener);
            poll.registry().register(&mut listener, Token(token), Interest::READABLE)?;
            open.push(Open { listener, address, purpose, terms: Arc::new(terms) });
        }
        let shared = Arc::clone(shared);
        let thread = thread::Builder::new()
            .name("mini-hbase doorkeeper".to_owned())
            .spawn(move || admit_all(poll, &open, &shared))?;
        Ok(Self { waker, thread: Some(thread) })
    }

    /// Ends everything: calls under way are finished or given up, their connections closed.
    pub(crate) fn stop(&mut self, shared: &Shared) {
        shared.stopping.store(true, Ordering::SeqCst);
        shared.service.stop();
        shared.faults.stop();
        if let (Ok(()), Some(thread)) = (self.waker.wake(), self.thread.take()) {
            let _ = thread.join();
        }
        for admitted in lock(&shared.streams).values() {
            let _ = admitted.stream.shutdown(Shutdown::Both);
        }
        let threads = std::mem::take(&mut *lock(&shared.threads));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

struct Open {
    listener: mio::net::TcpListener,
    address: SocketAddr,
    purpose: Purpose,
    terms: Arc<Terms>,
}

fn admit_all(mut poll: Poll, ports: &[Open], shared: &Arc<Shared>) {
    let mut events = Events::with_capacity(ports.len() + 1);
    while !shared.is_stopping() {
        if poll.poll(&mut events, None).is_err() {
            thread::sleep(PAUSE);
        }
        for event in &events {
            if let Some(port) = ports.get(event.token().0) {
                admit_waiting(port, shared);
            }
        }
    }
}

/// Admits the connections that wait at a port.
fn admit_waiting(port: &Open, shared: &Arc<Shared>) {
    while !shared.is_stopping() {
        match port.listener.accept() {
            Ok((stream, _)) => admit(stream.into(), port, shared),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// Starts a connection's thread, or closes it at once if there are too many.
fn admit(stream: TcpStream, port: &Open, shared: &Arc<Shared>) {
    let is_refused = shared.faults.refuses() && matches!(port.purpose, Purpose::Calls(_));
    if is_refused || stream.set_nonblocking(false).is_err() {
        return;
    }
    let Some(place) = Place::take(&stream, port.purpose, shared) else { return };
    let (purpose, terms) = (port.purpose, Arc::clone(&port.terms));
    let name = format!("mini-hbase {}", port.address.port());
    let spawned = thread::Builder::new().name(name).spawn(move || {
        match purpose {
            Purpose::Calls(speech) => connection::serve(&stream, speech, &terms, &place.shared),
            Purpose::Control => connection::serve_control(&stream, &terms, &place.shared),
        }
        let _ = stream.shutdown(Shutdown::Both);
    });
    if let Ok(thread) = spawned {
        let mut threads = lock(&shared.threads);
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
    }
}

/// An open connection.
struct Admitted {
    stream: TcpStream,
    is_control: bool,
}

/// A connection's place among the admitted, given back however its thread ends.
struct Place {
    id: usize,
    shared: Arc<Shared>,
}

impl Place {
    fn take(stream: &TcpStream, purpose: Purpose, shared: &Arc<Shared>) -> Option<Self> {
        let stream = stream.try_clone().ok()?;
        let is_control = matches!(purpose, Purpose::Control);
        let max = if is_control { CONTROLS } else { shared.bounds.connections };
        let mut streams = lock(&shared.streams);
        if streams.values().filter(|other| other.is_control == is_control).count() >= max {
            return None;
        }
        let id = shared.next_id.fetch_add(1, Ordering::SeqCst);
        streams.insert(id, Admitted { stream, is_control });
        Some(Self { id, shared: Arc::clone(shared) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.shared.streams).remove(&self.id);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
