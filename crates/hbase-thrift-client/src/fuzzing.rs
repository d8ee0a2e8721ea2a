//! The decoders, opened for the targets in the repository's folder `fuzz` (feature `fuzzing`).
//!
//! No part of the crate's interface: it changes whenever the decoders do. What is checked here is
//! what every caller of the decoders relies on, whatever the bytes are.

use crate::config::Protocol;
use crate::row::{BatchIndex, OwnedRow, Recycler, RowBatch, column_order};
use crate::wire::{
    Binary, Compact, Extent, Malformed, Progress, RowsDecoder, RowsReply, WireProtocol,
};

/// Decodes rows from the bytes, all at once and in pieces of this size.
///
/// # Panics
///
/// When the two differ, when a decoder reads on or stops elsewhere than it said, when what it keeps
/// is not in proportion to the bytes, or when a row is not what a row has to be.
pub fn rows(protocol: Protocol, piece: usize, bytes: &[u8]) {
    match protocol {
        Protocol::Binary => check_rows::<Binary>(piece, bytes),
        Protocol::Compact => check_rows::<Compact>(piece, bytes),
    }
}

/// Looks for the end of the message in the bytes, all at once and in pieces of this size.
///
/// # Panics
///
/// As [`rows`].
pub fn extent(protocol: Protocol, piece: usize, bytes: &[u8]) {
    match protocol {
        Protocol::Binary => check_extent::<Binary>(piece, bytes),
        Protocol::Compact => check_extent::<Compact>(piece, bytes),
    }
}

/// All that a decoder of rows can say.
#[derive(Debug, PartialEq)]
enum Decoded {
    Rows { length: usize, name: Vec<u8>, sequence: i32, rows: Vec<OwnedRow> },
    Other { length: usize },
    Need(usize),
    Never(Malformed),
}

fn check_rows<P: WireProtocol>(piece: usize, bytes: &[u8]) {
    let whole = decode_rows::<P>(bytes.len(), bytes);
    assert_eq!(whole, decode_rows::<P>(piece, bytes), "in pieces of {piece} bytes");
    if let Decoded::Rows { length, .. } | Decoded::Other { length } = whole {
        match find_extent::<P>(bytes.len(), bytes) {
            Ok(Progress::Done(extent)) => assert_eq!(extent, length),
            // Within a row the decoder counts levels from the field that it passes over.
            Err(Malformed(reason)) => assert_eq!(reason, "structs nested too deeply"),
            Ok(Progress::Need(missing)) => panic!("rows without {missing} bytes of their message"),
        }
    }
}

fn check_extent<P: WireProtocol>(piece: usize, bytes: &[u8]) {
    let whole = find_extent::<P>(bytes.len(), bytes);
    assert_eq!(whole, find_extent::<P>(piece, bytes), "in pieces of {piece} bytes");
}

fn find_extent<P: WireProtocol>(piece: usize, bytes: &[u8]) -> Result<Progress<usize>, Malformed> {
    let mut extent = Extent::<P>::new();
    feed(piece, bytes, |bytes| extent.advance(bytes), |length| *length)
}

fn decode_rows<P: WireProtocol>(piece: usize, bytes: &[u8]) -> Decoded {
    let mut decoder = RowsDecoder::<P>::new(BatchIndex::default());
    let reply = feed(piece, bytes, |bytes| decoder.advance(bytes), length);
    let index = decoder.into_index();
    // A row takes a byte at least, and so does a cell; a vector grows by doubling.
    let largest = 2 * bytes.len() + 8;
    assert!(index.rows.capacity() <= largest && index.cells.capacity() <= largest);
    match reply {
        Err(malformed) => Decoded::Never(malformed),
        Ok(Progress::Need(missing)) => Decoded::Need(missing),
        Ok(Progress::Done(RowsReply::Other { length })) => Decoded::Other { length },
        Ok(Progress::Done(RowsReply::Rows { length, name, sequence })) => {
            let batch = RowBatch::new(bytes[..length].to_vec(), 0, index, Recycler::default());
            let rows = owned_rows(&batch);
            Decoded::Rows { length, name: bytes[name].to_vec(), sequence, rows }
        }
    }
}

fn length(reply: &RowsReply) -> usize {
    match reply {
        RowsReply::Rows { length, .. } | RowsReply::Other { length } => *length,
    }
}

/// Gives the decoder what came so far, as a connection does.
fn feed<T>(
    piece: usize,
    bytes: &[u8],
    mut advance: impl FnMut(&[u8]) -> Result<Progress<T>, Malformed>,
    length: impl Fn(&T) -> usize,
) -> Result<Progress<T>, Malformed> {
    let piece = piece.max(1);
    let (mut end, mut shortest) = (piece.min(bytes.len()), 0);
    loop {
        match advance(&bytes[..end])? {
            Progress::Done(done) => {
                let length = length(&done);
                assert!(length <= end, "{length} bytes of a message, of which {end} had come");
                assert!(length >= shortest, "{length} bytes, but it asked for {shortest}");
                return Ok(Progress::Done(done));
            }
            Progress::Need(missing) => {
                assert!(missing > 0, "it needs nothing and does not go on");
                shortest = shortest.max(end + missing);
                if end == bytes.len() {
                    return Ok(Progress::Need(missing));
                }
                end = (end + piece).min(bytes.len());
            }
        }
    }
}

/// Reads all that can be read of the rows.
fn owned_rows(batch: &RowBatch) -> Vec<OwnedRow> {
    let mut rows = Vec::new();
    for row in batch.iter() {
        assert!(row.cells().is_sorted_by(|a, b| column_order(a.column(), b.column()).is_le()));
        for cell in row.cells() {
            assert!(cell.column().starts_with(cell.family()));
            assert!(cell.column().ends_with(cell.qualifier()));
            assert!(row.get(cell.column()).is_some());
        }
        rows.push(row.to_owned_row());
    }
    rows
}
