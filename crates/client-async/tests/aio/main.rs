//! The async client on the embedded server.

#![allow(clippy::unwrap_used)]

mod calls;
mod dropped;
mod runtimes;
mod secure;
mod shared;
mod spans;
mod storm;
mod support;
