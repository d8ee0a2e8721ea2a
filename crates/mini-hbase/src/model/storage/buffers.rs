//! How much was written that is in no file yet: the store bounds it for each space, and this for all
//! of them together.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What an entry takes beside its key and its value.
const ENTRY: usize = 64;

/// The buffers of all spaces, each with what empties it.
pub(super) struct Buffers<B> {
    /// From here on the store empties a space's buffer by itself.
    full: usize,
    max: usize,
    state: Mutex<State<B>>,
}

struct State<B> {
    total: usize,
    spaces: HashMap<String, (B, usize)>,
}

impl<B: Clone> Buffers<B> {
    /// `max` is for all together, `full` for each of them.
    pub(super) fn new(full: usize, max: usize) -> Self {
        let state = State { total: 0, spaces: HashMap::new() };
        Self { full, max, state: Mutex::new(state) }
    }

    /// Begins to count for a space, unless that has begun.
    pub(super) fn open(&self, space: &str, buffer: &B) {
        self.state().spaces.entry(space.to_owned()).or_insert_with(|| (buffer.clone(), 0));
    }

    /// A space is gone.
    pub(super) fn remove(&self, space: &str) {
        let mut state = self.state();
        if let Some((_, bytes)) = state.spaces.remove(space) {
            state.total -= bytes;
        }
    }

    /// Counts entries that were written to a space, and returns the largest buffer, to be emptied, if
    /// all of them are too large.
    #[must_use]
    pub(super) fn add(&self, space: &str, entries: usize, bytes: usize) -> Option<B> {
        let mut state = self.state();
        let state = &mut *state;
        let (_, own) = state.spaces.get_mut(space)?;
        let more = bytes + ENTRY * entries;
        (*own, state.total) = (*own + more, state.total + more);
        if *own >= self.full {
            state.total -= std::mem::take(own);
        }
        if state.total <= self.max {
            return None;
        }
        let (buffer, own) = state.spaces.values_mut().max_by_key(|(_, bytes)| *bytes)?;
        state.total -= std::mem::take(own);
        Some(buffer.clone())
    }

    fn state(&self) -> MutexGuard<'_, State<B>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_is_emptied_when_all_are_too_large() {
        let buffers = Buffers::new(1_000, 1_500);
        for space in ["a", "b", "c"] {
            buffers.open(space, &space);
        }
        let add = |space, bytes| buffers.add(space, 0, bytes);
        assert_eq!((add("a", 600), add("b", 700), add("c", 200)), (None, None, None));
        // The one that is emptied goes on to be counted from 0.
        assert_eq!((add("c", 100), add("b", 500), add("c", 101)), (Some("b"), None, Some("a")));
        // One that is full is emptied by the store.
        assert_eq!((add("b", 600), add("a", 900), add("b", 199)), (None, None, None));
        // One that is gone counts no more.
        buffers.remove("c");
        assert_eq!((add("b", 401), add("b", 1), add("c", 5_000)), (None, Some("a"), None));
        let ten = 10 * ENTRY;
        assert_eq!((buffers.add("a", 10, 900 - ten), buffers.add("a", 1, 0)), (Some("a"), None));
    }
}
