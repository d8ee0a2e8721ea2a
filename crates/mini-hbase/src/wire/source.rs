//! A message's bytes as they come from a stream, never more than its limit.

use std::io::{self, Read};

use super::Unreadable;

pub(super) type Result<T> = std::result::Result<T, Unreadable>;

/// The stream, and how much of it the message may still take.
pub(super) struct Source<R> {
    input: R,
    left: usize,
    has_begun: bool,
}

impl<R: Read> Source<R> {
    /// A message of at most `limit` bytes.
    pub(super) fn new(input: R, limit: usize) -> Self {
        Self { input, left: limit, has_begun: false }
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.fixed::<1>()?[0])
    }

    pub(super) fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Fills all of `bytes`.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.pay(bytes.len())?;
        if self.has_begun {
            self.input.read_exact(bytes)?;
            return Ok(());
        }
        self.has_begun = true;
        read_start(&mut self.input, bytes)
    }

    /// Passes over bytes of which nothing has to be known.
    pub(super) fn skip(&mut self, count: usize) -> Result<()> {
        self.pay(count)?;
        let passed = io::copy(&mut self.input.by_ref().take(count as u64), &mut io::sink())?;
        if passed == count as u64 { Ok(()) } else { Err(Unreadable::Io) }
    }

    /// Fails unless the message may have this many more bytes.
    pub(super) fn expect(&self, count: usize) -> Result<()> {
        if count > self.left { Err(Unreadable::Malformed) } else { Ok(()) }
    }

    fn pay(&mut self, count: usize) -> Result<()> {
        self.expect(count)?;
        self.left -= count;
        Ok(())
    }
}

/// Reads the first bytes of a message, before which the client may rightly end.
pub(super) fn read_start(input: &mut impl Read, bytes: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    while filled < bytes.len() {
        match input.read(&mut bytes[filled..]) {
            Ok(0) if filled == 0 => return Err(Unreadable::End),
            Ok(0) => return Err(Unreadable::Io),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Unreadable::Io),
        }
    }
    Ok(())
}
