//! Writes the minidump in `integration-tests/data` from a live process.
//!
//! For making real input, once; the tests read the committed file and never run this. Reading the
//! memory of another process is left to minidump-writer, whose interface differs from system to
//! system.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    linux::run()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("make_minidump runs on Linux only");
    std::process::exit(2);
}
