//! Plain TCP of the standard library.

use std::io::{self, Read, Write};
use std::net::{self, ToSocketAddrs};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::blocking;
use crate::config::Endpoint;
use crate::drive::{Interrupt, Interrupter, SHORTEST, Stream, first_of};

pub(crate) struct TcpStream {
    stream: Arc<net::TcpStream>,
    read_timeout: Duration,
    write_timeout: Duration,
}

impl TcpStream {
    /// Tries the host's addresses in turn until one accepts, each for its share of the time, so that
    /// a dead one leaves time for the others.
    ///
    /// Looking the name up is the operating system's and has its time-out, not ours.
    pub(crate) fn connect(endpoint: &Endpoint, deadline: Instant) -> io::Result<Self> {
        let addresses: Vec<_> = (endpoint.host(), endpoint.port()).to_socket_addrs()?.collect();
        let connect = async |address, time| net::TcpStream::connect_timeout(&address, time);
        let stream = blocking(first_of(&addresses, deadline, Instant::now, connect))?;
        // A call is written at once, so there is nothing for Nagle to gather.
        stream.set_nodelay(true)?;
        let stream = Arc::new(stream);
        Ok(Self { stream, read_timeout: Duration::ZERO, write_timeout: Duration::ZERO })
    }
}

impl TcpStream {
    fn read(&mut self, into: &mut [u8], deadline: Instant) -> io::Result<usize> {
        loop {
            let left = remaining(deadline)?;
            if !serves(self.read_timeout, left) {
                self.read_timeout = lasting(left);
                self.stream.set_read_timeout(Some(self.read_timeout))?;
            }
            match (&*self.stream).read(into) {
                Err(error) if is_passing(&error) => {}
                result => return result,
            }
        }
    }

    fn write(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize> {
        loop {
            let left = remaining(deadline)?;
            if !serves(self.write_timeout, left) {
                self.write_timeout = lasting(left);
                self.stream.set_write_timeout(Some(self.write_timeout))?;
            }
            match (&*self.stream).write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if is_passing(&error) => {}
                result => return result,
            }
        }
    }
}

impl Stream for TcpStream {
    fn poll_read(
        &mut self,
        _: &mut Context<'_>,
        into: &mut [u8],
        deadline: Instant,
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.read(into, deadline))
    }

    fn poll_write(
        &mut self,
        _: &mut Context<'_>,
        bytes: &[u8],
        deadline: Instant,
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(bytes, deadline))
    }

    fn interrupter(&self) -> Option<Interrupter> {
        Some(Interrupter(Arc::<net::TcpStream>::clone(&self.stream)))
    }

    fn is_quiet(&mut self) -> bool {
        if self.stream.set_nonblocking(true).is_err() {
            return false;
        }
        let quiet = matches!(
            self.stream.peek(&mut [0]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock
        );
        quiet && self.stream.set_nonblocking(false).is_ok()
    }
}

impl Interrupt for net::TcpStream {
    fn interrupt(&self) {
        // It may be closed by the other side already.
        let _ = self.shutdown(net::Shutdown::Both);
    }
}

fn remaining(deadline: Instant) -> io::Result<Duration> {
    match deadline.checked_duration_since(Instant::now()) {
        Some(left) if !left.is_zero() => Ok(left),
        _ => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// A time-out that still serves when some of the time is over; never zero, which means for ever.
fn lasting(left: Duration) -> Duration {
    (left / 4 * 3).max(SHORTEST).min(left)
}

/// Whether the socket's time-out can stay: setting it is a system call, and one that ends early
/// only leads to another turn.
fn serves(timeout: Duration, left: Duration) -> bool {
    timeout <= left && timeout >= left / 2 && !timeout.is_zero()
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
