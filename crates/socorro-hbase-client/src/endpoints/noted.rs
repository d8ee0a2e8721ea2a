//! What was found wrong with rows while they were read, until somebody takes it: each thing once.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::lifecycle::Problem;

/// Shared by those that read one queue, so that none reports what another has.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    new: Vec<Problem>,
    /// What was reported, so that it isn't again.
    seen: BTreeSet<Problem>,
}

/// How many problems are kept until somebody takes them.
const MOST_NEW: usize = 1000;
/// How many problems are known to have been reported.
const MOST_SEEN: usize = 10_000;

impl Noted {
    /// Keeps a problem, unless it is known.
    pub(super) fn note(&self, problem: Problem) {
        let mut inner = self.inner();
        let has_room = inner.new.len() < MOST_NEW && inner.seen.len() < MOST_SEEN;
        if has_room && inner.seen.insert(problem.clone()) {
            inner.new.push(problem);
        }
    }

    pub(super) fn take(&self) -> Vec<Problem> {
        std::mem::take(&mut self.inner().new)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
