//! The only sockets of the crate. Bytes in, bytes out, never past a deadline.
//!
//! What the bytes mean is left to the connection. Channels are put around each other: TCP at the
//! bottom, TLS around it where it is configured, HTTP outermost; `dial` knows the order.
//!
//! SASL (Kerberos over `hbase.thrift.security.qop`) is not here. It would be one more channel in
//! that order, around TCP or TLS: its constructor exchanges the negotiation's messages within the
//! connect time-out, as TLS does with its handshake, and afterwards it puts a length before what is
//! written and takes it off what is read, wrapping both where the quality of protection asks for
//! it. Over HTTP the same mechanism is a header of each request, made where the head is.

mod dial;
#[cfg(feature = "http")]
mod http;
mod refusal;
mod tcp;
#[cfg(feature = "tls")]
mod tls;

use std::io;
use std::time::Instant;

pub(crate) use dial::Dialer;
pub(crate) use refusal::Refusal;

/// A two-way stream of bytes to one gateway.
pub(crate) trait Channel: Send {
    /// Announces a request of so many bytes, before the first is written. All replies to earlier
    /// ones were read.
    ///
    /// For channels that put something around a request; where it fails, nothing of the request is
    /// on its way.
    fn begin_request(&mut self, _length: usize, _deadline: Instant) -> io::Result<()> {
        Ok(())
    }

    /// How often the line was opened anew since the channel was made.
    fn redials(&self) -> u32 {
        0
    }

    /// From now on the line may not be opened anew: what is sent is for whoever answered before.
    fn bind(&mut self, _bound: bool) {}

    /// Reads what is there, at least one byte; 0 means that the other side has closed.
    ///
    /// Fails with [`io::ErrorKind::TimedOut`] at the deadline, after which it can be called again.
    fn read(&mut self, into: &mut [u8], deadline: Instant) -> io::Result<usize>;

    /// Writes as much as is taken, at least one byte. Of what is not reported as taken, the other
    /// side can't make use.
    ///
    /// Fails with [`io::ErrorKind::TimedOut`] at the deadline.
    fn write(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<usize>;

    /// Whether the other side has neither closed nor sent anything since the last reply.
    fn is_quiet(&mut self) -> bool;
}
