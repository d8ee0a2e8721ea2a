//! A proxy that passes bytes on, and cuts one connection, or leaves it hanging, after this many of
//! them.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Which way the bytes go that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Requests,
    Replies,
}

/// What becomes of the connection that the last counted byte was on. All others are left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// It is closed.
    Cut,
    /// It stays open, and nothing comes through any more in the direction that is counted.
    Hang,
}

pub(crate) struct Proxy {
    addresses: Vec<SocketAddr>,
    counter: Arc<Counter>,
}

struct Counter {
    direction: Direction,
    harm: Option<(usize, Harm)>,
    count: Mutex<Count>,
    is_over: AtomicBool,
}

#[derive(Default)]
struct Count {
    passed: usize,
    harmed: bool,
}

impl Proxy {
    /// Listens on a free port for each of these servers, until it is dropped. The harm is done after
    /// that many bytes on all connections together.
    pub(crate) fn start(
        servers: &[SocketAddr],
        direction: Direction,
        harm: Option<(usize, Harm)>,
    ) -> Self {
        let (count, is_over) = (Mutex::default(), AtomicBool::new(false));
        let counter = Arc::new(Counter { direction, harm, count, is_over });
        let addresses = servers.iter().map(|server| Counter::listen(&counter, *server)).collect();
        Self { addresses, counter }
    }

    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// How many bytes went the direction that is counted.
    pub(crate) fn passed(&self) -> usize {
        self.counter.count.lock().unwrap().passed
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.counter.is_over.store(true, Ordering::Relaxed);
        for address in &self.addresses {
            // Wakes the listener.
            let _ = TcpStream::connect(address);
        }
    }
}

impl Counter {
    fn listen(counter: &Arc<Self>, server: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let counter = Arc::clone(counter);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if counter.is_over.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(upstream) = TcpStream::connect(server) else { continue };
                Self::connect(&counter, client, upstream);
            }
        });
        address
    }

    fn connect(counter: &Arc<Self>, client: TcpStream, upstream: TcpStream) {
        for stream in [&client, &upstream] {
            stream.set_nodelay(true).unwrap();
        }
        let ways = [
            (Direction::Requests, client.try_clone().unwrap(), upstream.try_clone().unwrap()),
            (Direction::Replies, upstream, client),
        ];
        for (direction, from, to) in ways {
            let counter = Arc::clone(counter);
            thread::spawn(move || counter.pass(direction, &from, &to));
        }
    }

    fn pass(&self, direction: Direction, mut from: &TcpStream, mut to: &TcpStream) {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let (allowed, harm) =
                if direction == self.direction { self.allow(read) } else { (read, None) };
            if to.write_all(&buffer[..allowed]).is_err() {
                break;
            }
            match harm {
                None => {}
                Some(Harm::Cut) => break,
                Some(Harm::Hang) => {
                    while let Ok(1..) = from.read(&mut buffer) {}
                    break;
                }
            }
        }
        for stream in [from, to] {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// How many of the bytes may pass, and what is done to the connection after them.
    fn allow(&self, bytes: usize) -> (usize, Option<Harm>) {
        let mut count = self.count.lock().unwrap();
        let before = count.passed;
        count.passed += bytes;
        match self.harm {
            Some((after, harm)) if !count.harmed && count.passed >= after => {
                count.harmed = true;
                (after - before, Some(harm))
            }
            _ => (bytes, None),
        }
    }
}
