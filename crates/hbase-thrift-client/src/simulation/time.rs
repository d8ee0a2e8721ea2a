//! Simulated time.

/// Nanoseconds since the simulation began.
pub(super) type Time = u64;

pub(super) const MILLI: Time = 1_000_000;
pub(super) const SECOND: Time = 1_000 * MILLI;
