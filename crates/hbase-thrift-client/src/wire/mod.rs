//! Bytes only: cuts replies out of what was read so far and finds the rows in them.
//!
//! Nothing here knows a socket or a clock. A decoder is given the bytes that are there and answers
//! with what it found, or with how many more it needs at least; it goes on where it stopped, so no
//! byte is parsed twice for more than one row. Requests, and the replies that aren't rows, are
//! left to the thrift crate's protocols.

mod binary;
mod compact;
mod cursor;
mod extent;
mod guess;
mod rows;
#[cfg(test)]
mod tests;
mod usual;

pub(crate) use binary::Binary;
pub(crate) use compact::Compact;
use cursor::Stop;
pub(crate) use cursor::WireProtocol;
pub(crate) use extent::Extent;
pub(crate) use guess::guess;
pub(crate) use rows::{RowsDecoder, RowsReply};

/// How far a decoder came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress<T> {
    /// Everything is there.
    Done(T),
    /// At least so many more bytes are needed before it is worth asking again.
    Need(usize),
}

/// Bytes that no gateway would send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed reply: {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

impl<T> Progress<T> {
    /// Splits what stopped a decoder into "not yet" and "never".
    fn from_stop(stop: Stop) -> Result<Self, Malformed> {
        match stop {
            Stop::Need(bytes) => Ok(Self::Need(bytes)),
            Stop::Bad(reason) => Err(Malformed(reason)),
        }
    }
}
