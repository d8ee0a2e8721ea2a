//! Receives crash reports over HTTP, as Breakpad, Crashpad, Firefox, Chromium and Electron send them,
//! and keeps them in Socorro's crash storage on HBase.
//!
//! [`Collector`] turns requests into stored crashes; [`serve`] puts it on a socket. Which crashes are
//! kept is decided by [`Rules`], what a stranger may ask by [`Limits`].
//!
//! A crash is acknowledged once it is durable: in the store or, while that is away, in a spool on
//! disk, which is emptied in order when the store is back.

mod clients;
mod collector;
mod crash;
mod crash_data;
mod delivery;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod keeper;
mod limits;
mod memory;
mod metrics;
mod processing;
mod pulse;
mod refusal;
mod report;
mod request;
mod server;
mod spool;
mod throttle;

pub use collector::{Collector, CollectorOptions};
pub use limits::Limits;
pub use processing::ProcessingMetrics;
pub use server::serve;
pub use spool::SpoolError;
pub use throttle::{Decision, Rules, RulesError, Throttled};
