//! What `socorro-hbase` does on a store of its own, as a shell sees it: output, messages, exit codes.
//!
//! The same commands on a real HBase are left to the integration tests.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[cfg(unix)]
mod broken;
mod config;
#[cfg(target_os = "linux")]
mod demo;
#[cfg(unix)]
mod disk;
#[cfg(unix)]
mod files;
mod find;
mod names;
#[cfg(target_os = "linux")]
mod pipes;
mod rules;
mod serve;
mod shell;
#[cfg(unix)]
mod signals;
mod store;
mod submit;
#[cfg(target_os = "linux")]
mod terminal;
mod work;
