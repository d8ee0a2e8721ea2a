//! The decoder of the reply at hand, in the connection's protocol.

use crate::config::Protocol;
use crate::dialect::{Dialect, Thrift1Rows, Thrift2Rows};
use crate::row::BatchIndex;
use crate::wire::{Binary, Compact, Extent, Malformed, Progress, RowsDecoder, RowsReply};

/// Finds rows, or where a message ends; keeps its place between calls.
pub(super) enum Decoder {
    BinaryRows(RowsDecoder<Binary, Thrift1Rows>),
    CompactRows(RowsDecoder<Compact, Thrift1Rows>),
    BinaryRows2(RowsDecoder<Binary, Thrift2Rows>),
    CompactRows2(RowsDecoder<Compact, Thrift2Rows>),
    BinaryExtent(Extent<Binary>),
    CompactExtent(Extent<Compact>),
}

impl Decoder {
    /// A decoder of rows, which fills this index with at most `index_limit` bytes.
    pub(super) fn rows(
        dialect: Dialect,
        protocol: Protocol,
        index: BatchIndex,
        index_limit: usize,
    ) -> Self {
        match (dialect, protocol) {
            (Dialect::Thrift1, Protocol::Binary) => {
                Self::BinaryRows(RowsDecoder::new(index, index_limit))
            }
            (Dialect::Thrift1, Protocol::Compact) => {
                Self::CompactRows(RowsDecoder::new(index, index_limit))
            }
            (Dialect::Thrift2, Protocol::Binary) => {
                Self::BinaryRows2(RowsDecoder::new(index, index_limit))
            }
            (Dialect::Thrift2, Protocol::Compact) => {
                Self::CompactRows2(RowsDecoder::new(index, index_limit))
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
            Self::BinaryRows(decoder) => return decoder.advance(bytes),
            Self::CompactRows(decoder) => return decoder.advance(bytes),
            Self::BinaryRows2(decoder) => return decoder.advance(bytes),
            Self::CompactRows2(decoder) => return decoder.advance(bytes),
            Self::BinaryExtent(extent) => extent.advance(bytes)?,
            Self::CompactExtent(extent) => extent.advance(bytes)?,
        };
        Ok(match extent {
            Progress::Done(length) => Progress::Done(RowsReply::Other { length }),
            Progress::Need(missing) => Progress::Need(missing),
            Progress::TooLarge => Progress::TooLarge,
        })
    }

    /// Of a decoder that looks for an end: how many bytes it needs no more; the next to be taken are
    /// those after them.
    pub(super) fn forget(&mut self) -> usize {
        match self {
            Self::BinaryRows(_)
            | Self::CompactRows(_)
            | Self::BinaryRows2(_)
            | Self::CompactRows2(_) => 0,
            Self::BinaryExtent(extent) => extent.forget(),
            Self::CompactExtent(extent) => extent.forget(),
        }
    }

    /// The index of the rows that were found, after which there is nothing more to decode.
    pub(super) fn take_index(&mut self) -> BatchIndex {
        match self {
            Self::BinaryRows(decoder) => decoder.take_index(),
            Self::CompactRows(decoder) => decoder.take_index(),
            Self::BinaryRows2(decoder) => decoder.take_index(),
            Self::CompactRows2(decoder) => decoder.take_index(),
            Self::BinaryExtent(_) | Self::CompactExtent(_) => BatchIndex::default(),
        }
    }
}
