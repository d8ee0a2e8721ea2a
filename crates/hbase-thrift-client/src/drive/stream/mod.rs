//! Streams of bytes to gateways: bytes in, bytes out, never past a deadline.
//!
//! A world has TCP, and here is TLS around it where it is configured; `dial` knows the order.
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
#[cfg(feature = "tls")]
mod tls;

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

pub(crate) use dial::{SHORTEST, Secure, first_of};
pub(crate) use refusal::Refusal;

/// A two-way stream of bytes to one gateway.
pub(crate) trait Stream: Send + Sync {
    /// Reads what is there, at least one byte; 0 means that the other side has closed.
    ///
    /// Fails with [`io::ErrorKind::TimedOut`] at the deadline, after which it can be called again.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut [u8],
        deadline: Instant,
    ) -> Poll<io::Result<usize>>;

    /// Writes as much as is taken, at least one byte. Of what is not reported as taken, the other
    /// side can't make use.
    ///
    /// While it is pending, it has to be polled with the same bytes again. Fails with
    /// [`io::ErrorKind::TimedOut`] at the deadline.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        deadline: Instant,
    ) -> Poll<io::Result<usize>>;

    /// Ends what is waited for from another thread; `None` for a stream that can't be waited for.
    fn interrupter(&self) -> Option<Interrupter> {
        None
    }

    /// Whether it can be waited for where the caller is: not so in another runtime than its own.
    fn is_at_home(&self) -> bool {
        true
    }

    /// Whether the other side has neither closed nor sent anything since the last reply.
    fn is_quiet(&mut self) -> bool;
}

/// A connection that another caller may end.
#[derive(Clone)]
pub(crate) struct Interrupter(pub(crate) Arc<dyn Interrupt>);

/// Ends a connection: what is read from it or written to it fails.
pub(crate) trait Interrupt: Send + Sync {
    fn interrupt(&self);
}
