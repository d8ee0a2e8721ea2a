//! The decoder of the reply at hand, in the connection's protocol.

use crate::config::Protocol;
use crate::dialect::{Dialect, Thrift1Rows, Thrift2Rows};
use crate::row::{BatchIndex, Recycler};
use crate::wire::{Binary, Compact, Extent, Malformed, Progress, RowsDecoder, RowsReply};

/// Finds rows, or where a message ends; keeps its place between calls.
pub(super) enum Decoder {
    BinaryRows(Box<RowsDecoder<Binary, Thrift1Rows>>, Vec<u8>),
    CompactRows(Box<RowsDecoder<Compact, Thrift1Rows>>, Vec<u8>),
    BinaryRows2(Box<RowsDecoder<Binary, Thrift2Rows>>, Vec<u8>),
    CompactRows2(Box<RowsDecoder<Compact, Thrift2Rows>>, Vec<u8>),
    BinaryExtent(Extent<Binary>),
    CompactExtent(Extent<Compact>),
}

impl Decoder {
    /// A decoder of rows. It holds memory that goes on with the next reply.
    pub(super) fn rows(
        dialect: Dialect,
        protocol: Protocol,
        recycler: &Recycler,
        index_limit: usize,
    ) -> Self {
        let (spare, index) = recycler.take();
        match (dialect, protocol) {
            (Dialect::Thrift1, Protocol::Binary) => {
                Self::BinaryRows(Box::new(RowsDecoder::new(index, index_limit)), spare)
            }
            (Dialect::Thrift1, Protocol::Compact) => {
                Self::CompactRows(Box::new(RowsDecoder::new(index, index_limit)), spare)
            }
            (Dialect::Thrift2, Protocol::Binary) => {
                Self::BinaryRows2(Box::new(RowsDecoder::new(index, index_limit)), spare)
            }
            (Dialect::Thrift2, Protocol::Compact) => {
                Self::CompactRows2(Box::new(RowsDecoder::new(index, index_limit)), spare)
            }
        }
    }

    /// A decoder that looks for the end of a message of any kind.
    pub(super) fn extent(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Binary => Self::BinaryExtent(Extent::new()),
            Protocol::Compact => Self::CompactExtent(Extent::new()),
        }
    }

    /// Takes all bytes of the message that are there.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<Progress<RowsReply>, Malformed> {
        let extent = match self {
            Self::BinaryRows(decoder, _) => return decoder.advance(bytes),
            Self::CompactRows(decoder, _) => return decoder.advance(bytes),
            Self::BinaryRows2(decoder, _) => return decoder.advance(bytes),
            Self::CompactRows2(decoder, _) => return decoder.advance(bytes),
            Self::BinaryExtent(extent) => extent.advance(bytes)?,
            Self::CompactExtent(extent) => extent.advance(bytes)?,
        };
        Ok(match extent {
            Progress::Done(length) => Progress::Done(RowsReply::Other { length }),
            Progress::Need(missing) => Progress::Need(missing),
            Progress::TooLarge => Progress::TooLarge,
        })
    }

    /// The memory that goes on with the next reply.
    pub(super) fn spare(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::BinaryRows(_, spare)
            | Self::CompactRows(_, spare)
            | Self::BinaryRows2(_, spare)
            | Self::CompactRows2(_, spare) => Some(spare),
            Self::BinaryExtent(_) | Self::CompactExtent(_) => None,
        }
    }

    /// Of a decoder that looks for an end: how many bytes it needs no more; the next to be taken are
    /// those after them.
    pub(super) fn forget(&mut self) -> usize {
        match self {
            Self::BinaryRows(..)
            | Self::CompactRows(..)
            | Self::BinaryRows2(..)
            | Self::CompactRows2(..) => 0,
            Self::BinaryExtent(extent) => extent.forget(),
            Self::CompactExtent(extent) => extent.forget(),
        }
    }

    /// The index of the rows that were found, and the spare memory.
    pub(super) fn into_index(self) -> (BatchIndex, Vec<u8>) {
        match self {
            Self::BinaryRows(decoder, spare) => (decoder.into_index(), spare),
            Self::CompactRows(decoder, spare) => (decoder.into_index(), spare),
            Self::BinaryRows2(decoder, spare) => (decoder.into_index(), spare),
            Self::CompactRows2(decoder, spare) => (decoder.into_index(), spare),
            Self::BinaryExtent(_) | Self::CompactExtent(_) => Default::default(),
        }
    }
}
