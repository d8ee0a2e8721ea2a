//! A proxy that can stop passing bytes on, and goes on with what it held when it is opened again: a
//! gateway that hangs, and then carries out late what it was sent.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::proxy::Direction;

/// Passes bytes on while it is open; lives as long as the test's process.
pub(crate) struct Valve {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    requests_stopped: AtomicBool,
    replies_stopped: AtomicBool,
    connections: AtomicUsize,
    ended: AtomicUsize,
    reads: AtomicUsize,
    /// Both ends of each connection.
    streams: Mutex<Vec<[TcpStream; 2]>>,
}

impl Valve {
    /// Listens on a free port, open in both directions.
    pub(crate) fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(upstream) = TcpStream::connect(server) else { continue };
                shared.connections.fetch_add(1, Ordering::SeqCst);
                for stream in [&client, &upstream] {
                    stream.set_nodelay(true).unwrap();
                }
                let ends = [client.try_clone().unwrap(), upstream.try_clone().unwrap()];
                shared.streams.lock().unwrap().push(ends);
                let ways = [
                    (
                        Direction::Requests,
                        client.try_clone().unwrap(),
                        upstream.try_clone().unwrap(),
                    ),
                    (Direction::Replies, upstream, client),
                ];
                for (direction, from, to) in ways {
                    let state = Arc::clone(&shared);
                    thread::spawn(move || state.pass(direction, &from, &to));
                }
            }
        });
        Self { address, state }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops one direction, or lets it flow again.
    pub(crate) fn stop(&self, direction: Direction, stopped: bool) {
        self.state.stopped(direction).store(stopped, Ordering::SeqCst);
    }

    /// Closes all connections, as the end of a gateway's process does.
    pub(crate) fn cut(&self) {
        for stream in self.state.streams.lock().unwrap().drain(..).flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// How many connections were accepted.
    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// How many connections the client has not closed.
    pub(crate) fn open_connections(&self) -> usize {
        self.connections() - self.state.ended.load(Ordering::SeqCst)
    }

    /// How often requests came in.
    pub(crate) fn requests(&self) -> usize {
        self.state.reads.load(Ordering::SeqCst)
    }
}

impl State {
    fn stopped(&self, direction: Direction) -> &AtomicBool {
        match direction {
            Direction::Requests => &self.requests_stopped,
            Direction::Replies => &self.replies_stopped,
        }
    }

    fn pass(&self, direction: Direction, mut from: &TcpStream, mut to: &TcpStream) {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if direction == Direction::Requests {
                self.reads.fetch_add(1, Ordering::SeqCst);
            }
            while self.stopped(direction).load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(2));
            }
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        if direction == Direction::Requests {
            self.ended.fetch_add(1, Ordering::SeqCst);
        }
        // What was sent is still carried out, as a gateway does when its client is gone.
        let _ = to.shutdown(Shutdown::Write);
    }
}
