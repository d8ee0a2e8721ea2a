//! The mark of a crash whose submission hasn't come as far as to count it: `flags:uncounted`.
//!
//! `Y`, and how many of the crash's entries each queue's size has, if a submission found a crash that was
//! counted. If that submission stops and is made again, it counts no entry that is counted already.

use crate::layout::{self, QUEUES};

/// What marks a crash with this many counted entries in each of the queues.
pub(super) fn mark(counted: [usize; QUEUES.len()]) -> String {
    let numbers = counted.iter().map(|number| format!(" {number}"));
    std::iter::once(layout::YES.to_owned()).chain(numbers).collect()
}

/// How many of the crash's entries each queue's size has; none if the mark doesn't say.
pub(super) fn counted(mark: &[u8]) -> [usize; QUEUES.len()] {
    let words = str::from_utf8(mark).unwrap_or_default().split(' ').skip(1);
    let mut counted = [0; QUEUES.len()];
    for (counted, word) in counted.iter_mut().zip(words) {
        *counted = word.parse().unwrap_or_default();
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_what_is_counted() {
        assert_eq!(counted(mark([2, 1]).as_bytes()), [2, 1]);
    }

    #[test]
    fn what_says_nothing_of_queues_counts_nothing() {
        for mark in [&b"Y"[..], b"", b"Y x", b"Y -1", b"\xff 1"] {
            assert_eq!(counted(mark), [0, 0], "{}", mark.escape_ascii());
        }
    }
}
