//! A proxy that passes bytes on, and cuts one connection after so many of them.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Which way the bytes go that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Requests,
    Replies,
}

pub(crate) struct Proxy {
    address: SocketAddr,
    counter: Arc<Counter>,
}

struct Counter {
    direction: Direction,
    cut_after: Option<usize>,
    passed: AtomicUsize,
    is_over: AtomicBool,
}

impl Proxy {
    /// Listens on a free port until it is dropped.
    pub(crate) fn start(
        server: SocketAddr,
        direction: Direction,
        cut_after: Option<usize>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let counter = Arc::new(Counter {
            direction,
            cut_after,
            passed: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let shared = Arc::clone(&counter);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.is_over.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(upstream) = TcpStream::connect(server) else { continue };
                Counter::connect(&shared, client, upstream);
            }
        });
        Self { address, counter }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many bytes went the direction that is counted.
    pub(crate) fn passed(&self) -> usize {
        self.counter.passed.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.counter.is_over.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

impl Counter {
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
            let allowed = if direction == self.direction { self.allow(read) } else { Ok(read) };
            let (Ok(allowed) | Err(allowed)) = allowed;
            if to.write_all(&buffer[..allowed]).is_err() || allowed < read {
                break;
            }
            if self.cut_after == Some(self.passed()) && direction == self.direction {
                break;
            }
        }
        for stream in [from, to] {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }

    /// How many of the bytes may pass: up to the cut, and all of them after it.
    fn allow(&self, bytes: usize) -> Result<usize, usize> {
        let before = self.passed.fetch_add(bytes, Ordering::SeqCst);
        match self.cut_after {
            Some(cut) if before <= cut && cut < before + bytes => Err(cut - before),
            _ => Ok(bytes),
        }
    }
}
