//! The memory that a filter takes, as it is read from its text.

use std::cell::Cell;

use crate::budget::{Exhausted, Share};

/// What a filter takes for each byte of its text: a number of two bytes becomes one of an argument,
/// and of a set.
const FACTOR: usize = 64;

/// The memory of a text that is read.
pub(super) struct Memory<'a> {
    share: &'a Share,
    exhausted: Cell<Option<Exhausted>>,
}

impl<'a> Memory<'a> {
    pub(super) fn of(share: &'a Share) -> Self {
        Self { share, exhausted: Cell::new(None) }
    }

    /// Takes what any filter with so long a text takes.
    pub(super) fn take_text(&self, text: &[u8]) -> Result<(), String> {
        self.take(text.len().saturating_mul(FACTOR))
    }

    /// Takes bytes.
    ///
    /// # Errors
    /// If there are not enough left; [`Self::exhausted`] says so then.
    pub(super) fn take(&self, bytes: usize) -> Result<(), String> {
        self.share.take(bytes).map_err(|exhausted| {
            self.exhausted.set(Some(exhausted));
            "no memory".to_owned()
        })
    }

    /// Why there was not enough memory, if there was not.
    pub(super) fn exhausted(&self) -> Option<Exhausted> {
        self.exhausted.get()
    }
}
