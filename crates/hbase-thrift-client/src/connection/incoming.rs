//! The bytes that came and were not yet handed on.

use std::io;
use std::time::Instant;

use crate::transport::Channel;
use crate::wire::Progress;

/// One growable buffer. `data` is as long as was ever initialised; what came is in `start..end`.
#[derive(Default)]
pub(super) struct Incoming {
    data: Vec<u8>,
    /// Where the current message's frame, or the message itself, begins.
    start: usize,
    /// Where the message begins, and where it ends at the latest.
    body: usize,
    frame_end: Option<usize>,
    end: usize,
}

/// What is read at once at least, if it is there.
const READ_SIZE: usize = 64 * 1024;
/// A length in a message is believed only as far as bytes have come.
const FIRST_GROWTH: usize = 1024 * 1024;
/// A larger buffer is given back once it is empty.
const LARGEST_KEPT: usize = 8 * 1024 * 1024;

impl Incoming {
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Moves to the next message, which may have come in part.
    pub(super) fn begin_message(&mut self) {
        if self.start > 0 {
            self.data.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == 0 && self.data.len() > LARGEST_KEPT {
            self.data = Vec::new();
        }
        self.body = 0;
        self.frame_end = None;
    }

    /// Finds the frame of the message; fails with its size where that is over the limit.
    pub(super) fn frame(&mut self, limit: usize) -> Result<Progress<()>, usize> {
        let Some(length) = self.unread().first_chunk().copied() else {
            return Ok(Progress::Need(4 - self.unread().len()));
        };
        let length = u32::from_be_bytes(length) as usize;
        if length > limit {
            return Err(length);
        }
        self.body = self.start + 4;
        let end = self.body + length;
        self.frame_end = Some(end);
        Ok(if end <= self.end { Progress::Done(()) } else { Progress::Need(end - self.end) })
    }

    /// What came of the message.
    pub(super) fn message(&self) -> &[u8] {
        &self.data[self.body..self.frame_end.unwrap_or(self.end).min(self.end)]
    }

    /// What came since the last reply, its frame included.
    pub(super) fn unread(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    /// Reads at least `missing` more bytes.
    pub(super) fn fill(
        &mut self,
        channel: &mut dyn Channel,
        missing: usize,
        deadline: Instant,
    ) -> io::Result<()> {
        let goal = self.end + missing;
        while self.end < goal {
            self.grow(goal);
            match channel.read(&mut self.data[self.end..], deadline)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                bytes => self.end += bytes,
            }
        }
        Ok(())
    }

    fn grow(&mut self, goal: usize) {
        let believed = goal.min(FIRST_GROWTH.max(2 * self.end));
        let size = believed.max(self.end + READ_SIZE);
        if self.data.len() < goal.min(size) || self.data.len() == self.end {
            self.data.resize(size, 0);
        }
    }

    /// Drops the message from the buffer.
    pub(super) fn skip(&mut self, length: usize) {
        self.start = self.frame_end.unwrap_or(self.body + length);
        self.body = self.start;
        self.frame_end = None;
        if self.is_empty() {
            (self.start, self.body, self.end) = (0, 0, 0);
        }
    }

    /// Takes the message out: bytes, and where in them it begins. `spare` is memory to go on with.
    pub(super) fn take(&mut self, length: usize, mut spare: Vec<u8>) -> (Vec<u8>, usize) {
        let rest = self.frame_end.unwrap_or(self.body + length)..self.end;
        if length < rest.len() {
            copy_to(&mut spare, &self.data[self.body..self.body + length]);
            self.skip(length);
            return (spare, 0);
        }
        copy_to(&mut spare, &self.data[rest.clone()]);
        let taken = (std::mem::replace(&mut self.data, spare), self.body);
        (self.start, self.body, self.frame_end, self.end) = (0, 0, None, rest.len());
        taken
    }
}

/// Overwrites the beginning; what was initialised stays so.
fn copy_to(spare: &mut Vec<u8>, bytes: &[u8]) {
    if spare.len() < bytes.len() {
        spare.resize(bytes.len(), 0);
    }
    spare[..bytes.len()].copy_from_slice(bytes);
}
