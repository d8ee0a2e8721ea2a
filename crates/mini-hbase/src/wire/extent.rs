//! Takes a message from a stream piece by piece, never more than its limit and never more memory
//! than has arrived.

use std::io::Read;

use super::{Unreadable, read_start};

/// How deep structs and containers may lie in each other; the interface needs five.
const MAX_DEPTH: usize = 16;
/// How many elements the containers of a message may have together: decoded, each takes many times
/// the one byte that it may have on the wire.
const MAX_ELEMENTS: usize = 1_000_000;

pub(super) type Result<T> = std::result::Result<T, Unreadable>;

/// Follows a message's structure and keeps its bytes.
pub(super) struct Walker<'a, R> {
    input: &'a mut R,
    taken: Vec<u8>,
    limit: usize,
    elements: usize,
}

impl<'a, R: Read> Walker<'a, R> {
    pub(super) fn new(input: &'a mut R, limit: usize) -> Self {
        Self { input, taken: Vec::new(), limit, elements: 0 }
    }

    pub(super) fn into_taken(self) -> Vec<u8> {
        self.taken
    }

    /// The message's first byte.
    pub(super) fn first(&mut self) -> Result<u8> {
        let mut byte = [0];
        read_start(self.input, &mut byte)?;
        self.taken.extend(byte);
        Ok(byte[0])
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.fixed::<1>()?[0])
    }

    pub(super) fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.check(N)?;
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes)?;
        self.taken.extend(bytes);
        Ok(bytes)
    }

    /// Takes so many bytes, of which nothing has to be known.
    pub(super) fn pass(&mut self, count: usize) -> Result<()> {
        self.check(count)?;
        // Grows with what arrives, not with what was announced.
        let read = self.input.take(count as u64).read_to_end(&mut self.taken)?;
        if read == count { Ok(()) } else { Err(Unreadable::Io) }
    }

    /// Admits a container's size; the protocols' own is signed or unlimited.
    pub(super) fn elements(&mut self, count: usize) -> Result<usize> {
        self.check(count)?;
        self.elements += count;
        if self.elements > MAX_ELEMENTS { Err(Unreadable::Malformed) } else { Ok(count) }
    }

    pub(super) fn deeper(depth: usize) -> Result<usize> {
        if depth >= MAX_DEPTH { Err(Unreadable::Malformed) } else { Ok(depth + 1) }
    }

    fn check(&self, more: usize) -> Result<()> {
        if more > self.limit.saturating_sub(self.taken.len()) {
            return Err(Unreadable::Malformed);
        }
        Ok(())
    }
}
