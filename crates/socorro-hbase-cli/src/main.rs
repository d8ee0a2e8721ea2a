//! The command-line program `socorro-hbase`.
fn main() {}
