//! The blocking world: the thread waits, for sockets and for other threads.

mod tcp;

use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use crate::config::{Config, Endpoint};
use crate::drive::{Environment, Secure, Signal, Stream, Waits, at_once, wall_clock};
use crate::error::Result;
use tcp::TcpStream;

/// The world of the blocking client.
pub(crate) struct System {
    secure: Secure,
}

impl System {
    /// Reads what connections need, such as root certificates.
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Ok(Self { secure: Secure::new(config)? })
    }
}

/// Runs what is over when it is polled first, as everything is in the blocking world.
#[inline]
pub(crate) fn blocking<T>(future: impl Future<Output = T>) -> T {
    match at_once(future) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("in the blocking world the thread waits"),
    }
}

impl Environment for System {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall_clock(&self) -> i64 {
        wall_clock()
    }

    fn sleep(&self, time: Duration) -> Waits<'_, ()> {
        Box::pin(async move { thread::sleep(time) })
    }

    fn wait<'a>(&'a self, signal: &'a Arc<Signal>, until: Instant) -> Waits<'a, ()> {
        Box::pin(async move { signal.wait(until.saturating_duration_since(Instant::now())) })
    }

    fn dial<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        deadline: Instant,
    ) -> Waits<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let tcp = TcpStream::connect(endpoint, deadline)?;
            self.secure.wrap(Box::new(tcp), endpoint, deadline).await
        })
    }

    fn luck(&self) -> u32 {
        fastrand::u32(..)
    }
}
