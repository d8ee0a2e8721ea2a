//! The generator: from a crash to its signature.

use crate::crash::Crash;
use crate::lists::Lists;
use crate::signature::Signature;
use crate::{rules, stack};

/// Makes signatures with the same lists.
#[derive(Clone, Debug)]
pub struct Generator {
    lists: Lists,
}

impl Generator {
    /// Makes signatures with these lists.
    pub fn new(lists: Lists) -> Self {
        Self { lists }
    }

    /// Returns a crash's signature, which may be empty if nothing is known about the first frame.
    ///
    /// The time grows with the length of the texts of the first [`MAX_FRAMES`](crate::MAX_FRAMES)
    /// frames of two threads at most.
    pub fn generate(&self, crash: &Crash<'_>) -> Signature {
        let mut signature = Signature::default();
        stack::begin(crash, crash.thread_index(), &self.lists, &mut signature);
        rules::apply(crash, &self.lists, &mut signature);
        signature
    }
}
