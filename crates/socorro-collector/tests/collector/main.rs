//! The collector over HTTP, on an embedded HBase: what clients send, what strangers try, and what
//! becomes of crashes while the store is away.

#![allow(clippy::unwrap_used)]

mod answers;
mod clients;
mod durable;
mod hostile;
mod random;
mod reading;
mod slow;
mod world;
