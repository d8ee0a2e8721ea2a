//! What several test programs share.

// Every test program uses its own part.
#![allow(dead_code, clippy::cast_possible_wrap)]

pub(crate) mod proxy;
pub(crate) mod setup;
pub(crate) mod stub;
pub(crate) mod valve;
