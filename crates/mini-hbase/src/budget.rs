//! The memory that calls and open scanners may take, all connections together.
//!
//! Whatever grows with what a client sends or asks for takes its bytes here first, so that the
//! server's memory is bounded however many clients there are. Nothing waits for memory: a call that
//! finds none is refused, and the client may retry it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server's memory for calls in flight and open scanners.
#[derive(Debug)]
pub(crate) struct Budget {
    total: usize,
    taken: AtomicUsize,
}

/// Why a call gets no more memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exhausted {
    /// Other calls have it now.
    Busy,
    /// The whole budget, in bytes, would not be enough.
    TooLarge(usize),
}

impl Exhausted {
    /// Returns the exception of HBase that comes nearest: a full call queue, or a call that is too
    /// large for any.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Busy => "org.apache.hadoop.hbase.CallQueueTooBigException",
            Self::TooLarge(_) => "org.apache.hadoop.hbase.DoNotRetryIOException",
        }
    }

    /// Returns whether the same call may get memory later.
    pub(crate) fn can_retry(self) -> bool {
        self == Self::Busy
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => {
                f.write_str("other calls use the memory for calls; retry when they ended")
            }
            Self::TooLarge(total) => write!(
                f,
                "the call needs more than the {total} bytes that all calls may take together; make \
                 it smaller, or ask for less"
            ),
        }
    }
}

impl Budget {
    /// Creates a budget of this many bytes.
    pub(crate) fn new(total: usize) -> Arc<Self> {
        Arc::new(Self { total, taken: AtomicUsize::new(0) })
    }

    /// Returns the bytes that are in use.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    fn take(&self, bytes: usize) -> bool {
        let add = |taken: usize| taken.checked_add(bytes).filter(|&sum| sum <= self.total);
        self.taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add).is_ok()
    }
}

/// What a connection's call or a scanner has taken, wherever it is carried out; dropping it gives
/// everything back.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    taken: AtomicUsize,
    /// What of it is set aside for vectors that will grow.
    set_aside: AtomicUsize,
    /// What the same call holds in another share, without which it could not go on.
    beside: AtomicUsize,
}

impl Share {
    /// Creates a share with nothing in it.
    pub(crate) fn of(budget: &Arc<Budget>) -> Self {
        let [taken, set_aside, beside] = [const { AtomicUsize::new(0) }; 3];
        Self { budget: Arc::clone(budget), taken, set_aside, beside }
    }

    /// Creates another share of the same memory, with nothing in it.
    pub(crate) fn another(&self) -> Self {
        Self::of(&self.budget)
    }

    /// Notes what the same call holds in another share now, 0 when that is over: a call that needs
    /// more than there is in both together is too large, however long it waits.
    pub(crate) fn stand_beside(&self, held: usize) {
        self.beside.store(held, Ordering::SeqCst);
    }

    /// Returns the bytes that it has taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Gives back a part of what was taken.
    pub(crate) fn release(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::SeqCst);
        self.budget.taken.fetch_sub(bytes, Ordering::SeqCst);
    }

    /// Takes or gives back bytes, so that it has this many.
    ///
    /// # Errors
    /// When there are not enough left; it has as many as before then.
    pub(crate) fn resize(&self, bytes: usize) -> Result<(), Exhausted> {
        let taken = self.taken();
        if bytes > taken {
            return self.take(bytes - taken);
        }
        self.release(taken - bytes);
        Ok(())
    }

    /// Takes more bytes, before they are allocated.
    ///
    /// # Errors
    /// When there are not enough left; what was taken before stays.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), Exhausted> {
        if self.budget.take(bytes) {
            self.taken.fetch_add(bytes, Ordering::SeqCst);
            return Ok(());
        }
        let total = self.budget.total;
        let held = self.taken().saturating_add(self.beside.load(Ordering::SeqCst));
        match held.checked_add(bytes) {
            Some(sum) if sum <= total => Err(Exhausted::Busy),
            _ => Err(Exhausted::TooLarge(total)),
        }
    }

    /// Takes bytes for [`reserve`](Self::reserve), which then finds as many: a reply is paid for
    /// when its rows are read, so that none is lost because it has no room.
    ///
    /// # Errors
    /// When there are not enough left.
    pub(crate) fn set_aside(&self, bytes: usize) -> Result<(), Exhausted> {
        self.take(bytes)?;
        self.set_aside.fetch_add(bytes, Ordering::SeqCst);
        Ok(())
    }

    /// Takes bytes that were set aside, and others when they are used up.
    fn draw(&self, bytes: usize) -> Result<(), Exhausted> {
        let kept = self.set_aside.load(Ordering::SeqCst);
        let drawn = kept.min(bytes);
        self.take(bytes - drawn)?;
        self.set_aside.store(kept - drawn, Ordering::SeqCst);
        Ok(())
    }

    /// Makes room for `more` bytes in a vector whose capacity this share has paid for.
    ///
    /// # Errors
    /// When there is not enough memory left; the vector is as before.
    pub(crate) fn reserve(&self, bytes: &mut Vec<u8>, more: usize) -> Result<(), Exhausted> {
        let (length, capacity) = (bytes.len(), bytes.capacity());
        let needed = length.saturating_add(more);
        if needed <= capacity {
            return Ok(());
        }
        // Doubled, so that a vector that grows is not copied each time.
        let wanted = needed.max(capacity.saturating_mul(2)).max(256);
        let capacity = if self.draw(wanted - capacity).is_ok() {
            wanted
        } else {
            self.draw(needed - capacity)?;
            needed
        };
        bytes.reserve_exact(capacity - length);
        Ok(())
    }

    /// Gives everything back, when what it was taken for is gone.
    pub(crate) fn give_back(&self) {
        self.set_aside.store(0, Ordering::SeqCst);
        self.stand_beside(0);
        let taken = self.taken.swap(0, Ordering::SeqCst);
        self.budget.taken.fetch_sub(taken, Ordering::SeqCst);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_missing_elsewhere_until_it_is_given_back() {
        let budget = Budget::new(100);
        let (one, two) = (Share::of(&budget), Share::of(&budget));
        one.take(60).unwrap();
        assert_eq!(two.take(60), Err(Exhausted::Busy));
        two.take(40).unwrap();
        assert_eq!(two.take(61), Err(Exhausted::TooLarge(100)));
        drop(one);
        two.take(60).unwrap();
        assert_eq!(budget.taken(), 100);
        two.give_back();
        assert_eq!(budget.taken(), 0);
        assert_eq!(two.take(usize::MAX), Err(Exhausted::TooLarge(100)));
    }

    #[test]
    fn what_a_call_holds_elsewhere_counts_where_it_could_never_go_on() {
        let budget = Budget::new(100);
        let (call, other) = (Share::of(&budget), Share::of(&budget));
        call.take(60).unwrap();
        let scanner = call.another();
        assert_eq!(scanner.take(50), Err(Exhausted::Busy));
        scanner.stand_beside(call.taken());
        assert_eq!(scanner.take(50), Err(Exhausted::TooLarge(100)));
        other.take(30).unwrap();
        assert_eq!(scanner.take(40), Err(Exhausted::Busy));
        scanner.stand_beside(0);
        assert_eq!(scanner.take(50), Err(Exhausted::Busy));
    }

    #[test]
    fn a_share_may_become_larger_and_smaller() {
        let budget = Budget::new(100);
        let (one, two) = (Share::of(&budget), Share::of(&budget));
        one.resize(60).unwrap();
        two.resize(30).unwrap();
        assert_eq!(one.resize(71), Err(Exhausted::Busy));
        assert_eq!((one.taken(), budget.taken()), (60, 90));
        one.resize(20).unwrap();
        assert_eq!(budget.taken(), 50);
        one.another().take(50).unwrap();
        drop(one);
        assert_eq!(budget.taken(), 30);
    }

    #[test]
    fn what_is_set_aside_is_there_when_a_vector_grows() {
        let budget = Budget::new(1_000);
        let (share, other) = (Share::of(&budget), Share::of(&budget));
        share.set_aside(600).unwrap();
        other.take(400).unwrap();
        let mut bytes = Vec::new();
        for _ in 0..60 {
            share.reserve(&mut bytes, 10).unwrap();
            bytes.extend([0; 10]);
        }
        assert_eq!(share.reserve(&mut bytes, 10), Err(Exhausted::Busy));
        share.give_back();
        assert_eq!(budget.taken(), 400);
    }

    #[test]
    fn a_vector_never_has_more_than_was_paid_for() {
        let budget = Budget::new(1_000);
        let share = Share::of(&budget);
        let mut bytes = Vec::new();
        while share.reserve(&mut bytes, 10).is_ok() {
            bytes.extend([0; 10]);
            assert!(bytes.capacity() <= budget.taken(), "{}", bytes.capacity());
        }
        assert_eq!(bytes.len(), 1_000);
    }
}
