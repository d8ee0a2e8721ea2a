//! The program's services under load: clients that submit crashes over HTTP, and an outage, in which
//! services and their store are stopped and killed while they work.
//!
//! For `cargo xtask outage`, `cargo xtask load` and the integration tests. What a store is made of is
//! left to them.

mod client;
mod outage;
mod program;
mod remains;

pub use client::{Answer, Client};
pub use outage::{Outage, Outcome, Store};
pub use program::{Program, Service, free_address, parse, peak_memory};
