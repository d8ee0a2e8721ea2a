//! Bytes only: cuts replies out of what was read so far and finds the rows in them.
//!
//! Nothing here knows a socket or a clock. A decoder is given the bytes that are there and returns
//! what it found, or how many more it needs at least; it goes on where it stopped, so no byte is
//! parsed twice for more than one row. Requests, and the replies that aren't rows, are left to the
//! thrift crate's protocols.

mod binary;
mod compact;
mod cursor;
mod diagnosis;
mod extent;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use binary::Binary;
pub(crate) use compact::Compact;
pub(crate) use cursor::{Cursor, Field, Step, Stop, WireProtocol, WireType};
pub(crate) use diagnosis::diagnose;
pub(crate) use extent::Extent;
pub(crate) use rows::{RowLayout, RowsDecoder, RowsReply, skip_field};

/// How far a decoder came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress<T> {
    /// Everything is there.
    Done(T),
    /// At least so many more bytes are needed before it is worth asking again.
    Need(usize),
    /// What was found would take more memory than it may.
    TooLarge,
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
            Stop::TooLarge => Ok(Self::TooLarge),
            Stop::Bad(reason) => Err(Malformed(reason)),
        }
    }
}
