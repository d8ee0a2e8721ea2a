//! Tokio's world: tasks wait, for sockets and for timers.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::net::{TcpStream, lookup_host};
use tokio::runtime::{Handle, Id};
use tokio::task::coop;
use tokio::time::{self, Sleep};

use crate::config::{Config, Endpoint};
use crate::drive::{
    Environment, Interrupt, Interrupter, Refusal, Secure, Signal, Stream, Waits, first_of,
    wall_clock,
};
use crate::error::{ErrorKind, Result};

/// The world of the async client.
pub(super) struct Tokio {
    secure: Secure,
}

impl Tokio {
    /// Reads what connections need, such as root certificates.
    pub(super) fn new(config: &Config) -> Result<Self> {
        Ok(Self { secure: Secure::new(config)? })
    }
}

/// By tokio's clock, which tests may pause.
fn now() -> Instant {
    time::Instant::now().into_std()
}

impl Environment for Tokio {
    fn now(&self) -> Instant {
        now()
    }

    fn wall_clock(&self) -> i64 {
        wall_clock()
    }

    fn sleep(&self, time: Duration) -> Waits<'_, ()> {
        Box::pin(async move { time::sleep(time).await })
    }

    fn wait<'a>(&'a self, signal: &'a Arc<Signal>, until: Instant) -> Waits<'a, ()> {
        Box::pin(async move {
            // Raised or not: the caller looks what there is.
            let _ = time::timeout_at(until.into(), poll_fn(|cx| signal.poll(cx))).await;
        })
    }

    fn dial<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        deadline: Instant,
    ) -> Waits<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let runtime = Handle::try_current().map_err(|_| io::Error::from(no_runtime()))?.id();
            let name = (endpoint.host(), endpoint.port());
            let found = time::timeout_at(deadline.into(), lookup_host(name)).await??;
            let addresses: Vec<_> = found.collect();
            let connect = async |address, time| {
                let connected = time::timeout(time, TcpStream::connect(address)).await;
                connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            };
            let stream = first_of(&addresses, deadline, now, connect).await?;
            // A call is written at once, so there is nothing for Nagle to gather.
            stream.set_nodelay(true)?;
            let stream = Socket { stream: Arc::new(stream), timer: Timer::default(), runtime };
            self.secure.wrap(Box::new(stream), endpoint, deadline).await
        })
    }

    fn luck(&self) -> u32 {
        fastrand::u32(..)
    }

    fn check_caller(&self) -> Result<()> {
        Handle::try_current().map(drop).map_err(|_| no_runtime().into_error())
    }

    fn has_tasks(&self) -> bool {
        Handle::try_current().is_ok()
    }

    fn spawn(&self, task: Waits<'static, ()>) {
        // Without a runtime the task is dropped, and its callers get an error.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(task);
        }
    }
}

fn no_runtime() -> Refusal {
    let message = "the async client waits by tokio: call it within one of tokio's runtimes that has \
                   I/O and time enabled";
    Refusal { kind: ErrorKind::Config, message: message.to_owned(), source: None }
}

/// A connection over plain TCP.
struct Socket {
    stream: Arc<TcpStream>,
    timer: Timer,
    runtime: Id,
}

impl Stream for Socket {
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut [u8],
        deadline: Instant,
    ) -> Poll<io::Result<usize>> {
        // A gateway that always has more must not keep the other tasks of the thread from their turns.
        let turn = ready!(coop::poll_proceed(cx));
        loop {
            match self.stream.try_read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => {
                    turn.made_progress();
                    return Poll::Ready(result);
                }
            }
            match self.stream.poll_read_ready(cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return self.timer.poll(cx, deadline),
            }
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        deadline: Instant,
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.stream.try_write(bytes) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
            match self.stream.poll_write_ready(cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return self.timer.poll(cx, deadline),
            }
        }
    }

    fn interrupter(&self) -> Option<Interrupter> {
        Some(Interrupter(Arc::<TcpStream>::clone(&self.stream)))
    }

    fn is_at_home(&self) -> bool {
        Handle::try_current().is_ok_and(|runtime| runtime.id() == self.runtime)
    }

    fn is_quiet(&mut self) -> bool {
        // The socket itself is asked: the runtime hears of what happened to it later.
        let peeked = SockRef::from(&*self.stream).peek(&mut [MaybeUninit::uninit()]);
        matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

impl Interrupt for TcpStream {
    fn interrupt(&self) {
        // It may be closed by the other side already.
        let _ = SockRef::from(self).shutdown(Shutdown::Both);
    }
}

/// Wakes at a deadline; made when something is waited for the first time.
#[derive(Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Fails at the deadline.
    fn poll<T>(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<io::Result<T>> {
        if self.0.is_none() && Handle::try_current().is_err() {
            // Something is dropped outside of a runtime: it doesn't come back, so nobody wakes it.
            return Poll::Pending;
        }
        let until = deadline.into();
        let sleep = self.0.get_or_insert_with(|| Box::pin(time::sleep_until(until)));
        if sleep.deadline() != until {
            sleep.as_mut().reset(until);
        }
        sleep.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}
