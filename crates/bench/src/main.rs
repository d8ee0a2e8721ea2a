//! Measures the client; `cargo xtask bench` builds and runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    client_bench::main(None)
}
