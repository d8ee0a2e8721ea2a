//! The only sockets of the crate. Bytes in, bytes out, never past a deadline.
//!
//! TCP at the bottom, TLS around it where it is configured; `dial` knows the order.
//!
//! SASL (Kerberos over `hbase.thrift.security.qop`) is not here. It would be one more stream around
//! TCP or TLS: its constructor exchanges the negotiation's messages within the connect time-out, as
//! TLS does with its handshake, and afterwards it puts a length before what is written and takes it
//! off what is read, wrapping both where the quality of protection asks for it. Over HTTP the same
//! mechanism is a header of each request, made where the head is.

mod dial;
#[cfg(feature = "tls")]
mod pem;
mod refusal;
mod tcp;
#[cfg(feature = "tls")]
mod tls;

use std::io;
use std::time::Instant;

pub(crate) use dial::Dialer;
pub(crate) use refusal::Refusal;
pub(crate) use tcp::Interrupter;

/// A two-way stream of bytes to one gateway.
pub(crate) trait Stream: Send {
    /// Reads what is there, at least one byte; 0 means that the other side has closed.
    ///
    /// Fails with [`io::ErrorKind::TimedOut`] at the deadline, after which it can be called again.
    fn read(&mut self, into: &mut [u8], deadline: Instant) -> io::Result<usize>;

    /// Writes as much as is taken, at least one byte. Of what is not reported as taken, the other
    /// side can't make use.
    ///
    /// Fails with [`io::ErrorKind::TimedOut`] at the deadline.
    fn write(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize>;

    /// Ends what is waited for from another thread; `None` for a stream that can't be waited for.
    fn interrupter(&self) -> Option<Interrupter> {
        None
    }

    /// Whether the other side has neither closed nor sent anything since the last reply.
    fn is_quiet(&mut self) -> bool;
}
