//! A socket on which a whole transfer has a deadline, however slowly its bytes trickle.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A socket, and when the present transfer has to be over.
pub(super) struct Timed<'a> {
    stream: &'a TcpStream,
    deadline: Option<Instant>,
    /// Given to what follows the first byte.
    then: Option<Duration>,
}

impl<'a> Timed<'a> {
    pub(super) fn new(stream: &'a TcpStream) -> Self {
        Self { stream, deadline: None, then: None }
    }

    /// Waits this long for a message to begin, and then that long for the rest of it.
    pub(super) fn expect(&mut self, begin: Duration, rest: Duration) {
        self.deadline = Instant::now().checked_add(begin);
        self.then = Some(rest);
    }

    /// Gives this long to a reply.
    pub(super) fn allow(&mut self, time: Duration) {
        self.deadline = Instant::now().checked_add(time);
    }

    fn left(&self) -> io::Result<Option<Duration>> {
        let Some(deadline) = self.deadline else { return Ok(None) };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        let read = (&mut &*self.stream).read(buffer)?;
        if let Some(rest) = self.then.take() {
            self.deadline = Instant::now().checked_add(rest);
        }
        Ok(read)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        (&mut &*self.stream).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
