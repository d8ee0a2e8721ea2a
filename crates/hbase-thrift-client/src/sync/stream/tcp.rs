//! Plain TCP.

use std::io::{self, Read, Write};
use std::net::{self, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Stream;
use crate::config::Endpoint;

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
        let stream = first_of(&addresses, deadline, net::TcpStream::connect_timeout)?;
        // A call is written at once, so there is nothing for Nagle to gather.
        stream.set_nodelay(true)?;
        let stream = Arc::new(stream);
        Ok(Self { stream, read_timeout: Duration::ZERO, write_timeout: Duration::ZERO })
    }
}

/// The first that can be connected to, each tried for its share of the time that is left.
fn first_of<T>(
    addresses: &[SocketAddr],
    deadline: Instant,
    mut connect: impl FnMut(&SocketAddr, Duration) -> io::Result<T>,
) -> io::Result<T> {
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for (index, address) in addresses.iter().enumerate() {
        let share = remaining(deadline)? / (addresses.len() - index) as u32;
        match connect(address, share.max(SHORTEST)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

/// A time-out of zero is refused by the socket.
const SHORTEST: Duration = Duration::from_millis(1);

impl Stream for TcpStream {
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

    fn interrupter(&self) -> Option<Interrupter> {
        Some(Interrupter(Arc::clone(&self.stream)))
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

/// A connection that another thread may end.
#[derive(Clone)]
pub(crate) struct Interrupter(Arc<net::TcpStream>);

impl Interrupter {
    /// Ends the connection: what is read from it or written to it fails.
    pub(crate) fn interrupt(&self) {
        // It may be closed by the other side already.
        let _ = self.0.shutdown(net::Shutdown::Both);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses of which all but the last would take all of the time that they are given.
    #[test]
    fn dead_addresses_leave_time_for_the_last() {
        let addresses: Vec<SocketAddr> =
            (1..=4).map(|port| ([127, 0, 0, 1], port).into()).collect();
        let all = Duration::from_secs(400);
        let found = first_of(&addresses, Instant::now() + all, |address, time| {
            let left = 5 - u32::from(address.port());
            assert!(time <= all / left, "{time:?} for one of {left}");
            if left == 1 { Ok(address.port()) } else { Err(io::ErrorKind::TimedOut.into()) }
        });
        assert_eq!(found.unwrap(), 4);
    }
}
