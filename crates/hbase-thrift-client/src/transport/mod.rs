//! The only sockets of the crate. Bytes in, bytes out, never past a deadline.
//!
//! What the bytes mean is left to the connection.

mod tcp;

use std::io;
use std::time::Instant;

pub(crate) use tcp::TcpChannel;

/// A two-way stream of bytes to one gateway.
pub(crate) trait Channel: Send {
    /// Reads what is there, at least one byte; 0 means that the other side has closed.
    ///
    /// Fails with [`io::ErrorKind::TimedOut`] at the deadline.
    fn read(&mut self, into: &mut [u8], deadline: Instant) -> io::Result<usize>;

    /// Writes as much as is taken, at least one byte.
    ///
    /// Fails with [`io::ErrorKind::TimedOut`] at the deadline.
    fn write(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize>;

    /// Whether the other side has neither closed nor sent anything since the last reply.
    fn is_quiet(&mut self) -> bool;
}
