//! The client's decisions, as state machines without sockets, clocks or threads.
//!
//! Time comes in as an argument, bytes as slices. `sync` drives them with blocking sockets; the
//! simulation in this crate's tests drives them with virtual time.

mod attempts;
mod balancer;
mod outcome;
mod scan_state;
mod session;
mod write_queue;

pub(crate) use attempts::{Attempts, Budget, Loss, Policy, Verdict};
pub(crate) use balancer::{Balancer, ConnectionId, End, Limits as BalancerLimits, Turn, WaiterId};
pub(crate) use outcome::{Answered, Written, after, settle};
pub(crate) use scan_state::{Behind, Leave, ScanFailure, ScanState, ScanStep};
#[cfg(feature = "generated")]
pub(crate) use session::lengths_up_to;
pub(crate) use session::{Lost, Session};
pub(crate) use write_queue::{FailedRow, Segment, WriteQueue, WriteStep};
