//! The bytes that came and were not yet handed on.

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
    /// Nothing can be made of the message before this many more bytes have come.
    missing: usize,
    /// How long the last message with rows was.
    last: usize,
    /// Memory to go on with once the message was taken out.
    spare: Option<Vec<u8>>,
}

/// What is read at once at least, if it is there.
const READ_SIZE: usize = 64 * 1024;
/// And at most: what was read is decoded while the peer goes on writing, and is still in the processor's
/// cache. Larger reads leave the peer waiting for room meanwhile.
const MOST_AT_ONCE: usize = 256 * 1024;
/// A length in a message is believed only as far as bytes have come.
const FIRST_GROWTH: usize = 1024 * 1024;
/// From this length on, a message is believed to be about as long as the one before.
const LARGE: usize = 32 * 1024;
/// By how much it may be longer.
const MARGIN: usize = 1024;
/// A larger buffer is given back once it is empty.
const LARGEST_KEPT: usize = 4 * 1024 * 1024;

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
        self.give_back();
        self.body = 0;
        self.frame_end = None;
        self.missing = 0;
    }

    /// Finds the frame of the message; fails with its size where that is over the limit.
    pub(super) fn frame(&mut self, limit: usize) -> Result<Progress<()>, usize> {
        let Some(length) = self.unread().first_chunk().copied() else {
            let missing = 4 - self.unread().len();
            self.expect(missing);
            return Ok(Progress::Need(missing));
        };
        let length = u32::from_be_bytes(length) as usize;
        if length > limit {
            return Err(length);
        }
        self.body = self.start + 4;
        let end = self.body + length;
        self.frame_end = Some(end);
        self.missing = end.saturating_sub(self.end);
        Ok(Progress::Done(()))
    }

    /// How many bytes the frame has whose length has come, this length included.
    pub(super) fn frame_size(&self) -> usize {
        let length = self.unread().first_chunk().copied().unwrap_or_default();
        4 + u32::from_be_bytes(length) as usize
    }

    pub(super) fn has_frame(&self) -> bool {
        self.frame_end.is_some()
    }

    /// What came of the message.
    pub(super) fn message(&self) -> &[u8] {
        &self.data[self.body..self.frame_end.unwrap_or(self.end).min(self.end)]
    }

    /// What came since the last reply, its frame included.
    pub(super) fn unread(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    /// Takes note that nothing can be made of the message before this many more bytes have come.
    pub(super) fn expect(&mut self, missing: usize) {
        self.missing = missing;
    }

    /// Whether bytes that are needed have not come.
    pub(super) fn is_awaiting(&self) -> bool {
        self.missing > 0
    }

    /// Room for what comes next: up to the message's end, where that is believed to be known, because what
    /// follows in one buffer has to be moved later.
    pub(super) fn space(&mut self) -> &mut [u8] {
        self.grow(self.end + self.missing.max(1));
        let believed = self.body + self.last + MARGIN;
        let is_believed = self.expects_much() && self.end < believed;
        let end = if is_believed { believed.min(self.data.len()) } else { self.data.len() };
        &mut self.data[self.end..end.min(self.end + MOST_AT_ONCE)]
    }

    /// Takes note of bytes that were put into [`space`](Self::space).
    pub(super) fn received(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.data.len());
        self.missing = self.missing.saturating_sub(bytes);
    }

    /// Copies bytes that came by another way.
    #[cfg(feature = "http")]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.grow(self.end + bytes.len());
        if self.data.len() < self.end + bytes.len() {
            self.data.resize(self.end + bytes.len(), 0);
        }
        self.data[self.end..self.end + bytes.len()].copy_from_slice(bytes);
        self.received(bytes.len());
    }

    /// Grows by a fraction where it is not known how much is to come, and by no more than that: the
    /// message may be kept in this buffer for long.
    fn grow(&mut self, goal: usize) {
        let believed = goal.min(FIRST_GROWTH.max(2 * self.end));
        let size = believed.max(self.end + READ_SIZE.max(self.end / 4));
        if self.data.len() < goal.min(size) || self.data.len() == self.end {
            self.data.reserve_exact(size.saturating_sub(self.data.len()));
            self.data.resize(size, 0);
        }
    }

    /// Whether a message of this length would waste most of the buffer that it is in.
    pub(super) fn is_mostly_empty(&self, length: usize) -> bool {
        2 * length < self.data.capacity()
    }

    /// Whether the next message with rows is believed to be a long one.
    pub(super) fn expects_much(&self) -> bool {
        self.last >= LARGE
    }

    /// Goes on with this buffer once the message was taken out; or before, if it is the larger one and
    /// nothing has come yet. It was used last, so that much of it may still be in the processor's cache;
    /// two that take turns would both be cold.
    pub(super) fn lend(&mut self, mut spare: Vec<u8>) {
        if self.end == 0 && spare.len() > self.data.len() {
            std::mem::swap(&mut self.data, &mut spare);
        }
        self.spare = Some(spare);
    }

    pub(super) fn take_spare(&mut self) -> Option<Vec<u8>> {
        self.spare.take()
    }

    /// Drops a message with rows, which were copied out of it.
    pub(super) fn skip_rows(&mut self, length: usize) {
        self.last = length;
        self.skip(length);
    }

    /// Drops the message from the buffer.
    pub(super) fn skip(&mut self, length: usize) {
        self.start = self.frame_end.unwrap_or(self.body + length);
        self.body = self.start;
        self.frame_end = None;
        if self.is_empty() {
            (self.start, self.body, self.end) = (0, 0, 0);
            self.give_back();
        }
    }

    /// Gives a large buffer back that is empty.
    fn give_back(&mut self) {
        if self.end == 0 && self.data.len() > LARGEST_KEPT {
            self.data = Vec::new();
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.data.capacity()
    }

    /// Takes the message out: bytes, and where in them it begins. `spare` is memory to go on with.
    pub(super) fn take(&mut self, length: usize, mut spare: Vec<u8>) -> (Vec<u8>, usize) {
        self.last = length;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Receives a message of this length of which nothing is known before it is there.
    fn received(length: usize) -> Incoming {
        let mut incoming = Incoming::default();
        incoming.begin_message();
        while incoming.end < length {
            let left = length - incoming.end;
            let bytes = incoming.space().len().min(left);
            incoming.received(bytes);
            incoming.expect(1);
        }
        incoming
    }

    #[test]
    fn a_buffer_is_not_much_larger_than_what_came() {
        for length in [1 << 20, (1 << 20) + 60, 3 << 20] {
            let (bytes, _) = received(length).take(length, Vec::new());
            assert!(bytes.capacity() <= length + length / 2, "{length}: {}", bytes.capacity());
        }
    }

    #[test]
    fn a_buffer_grows_a_few_times_only() {
        let mut incoming = Incoming::default();
        incoming.begin_message();
        let mut growths = 0;
        while incoming.end < 64 << 20 {
            let before = incoming.data.len();
            let bytes = incoming.space().len();
            growths += u32::from(incoming.data.len() > before);
            incoming.received(bytes);
            incoming.expect(1);
        }
        assert!(growths < 40, "{growths}");
    }

    #[test]
    fn a_long_message_is_read_in_parts() {
        let mut incoming = received(3 << 20);
        incoming.take(3 << 20, vec![0; 4 << 20]);
        incoming.begin_message();
        assert_eq!(incoming.space().len(), MOST_AT_ONCE);
        incoming.received(MOST_AT_ONCE);
        assert_eq!(incoming.space().len(), MOST_AT_ONCE);
    }

    #[test]
    fn a_message_that_is_as_long_as_the_last_comes_without_what_follows() {
        let length = 100_000;
        let mut incoming = received(length);
        let (spare, _) = incoming.take(length, vec![0; 200_000]);
        for base in [0, 500] {
            incoming.begin_message();
            incoming.end = base;
            assert_eq!(incoming.space().len(), length + MARGIN - base);
            incoming.received(length + MARGIN - base);
            // A longer one comes all the same.
            assert!(incoming.space().len() >= READ_SIZE);
            incoming.skip(incoming.end);
        }
        drop(spare);
        let mut incoming = received(100);
        incoming.take(100, Vec::new());
        incoming.begin_message();
        assert!(incoming.space().len() >= READ_SIZE);
    }
}
