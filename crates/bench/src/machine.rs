//! What is asked of the machine: a processor for each side, the time used, the memory used.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The two processes of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// Binds this process to a processor that the other side doesn't use; where that can't be, the
/// measurement is only noisier.
#[cfg(target_os = "linux")]
pub(crate) fn pin(side: Side) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let Ok(allowed) = sched_getaffinity(None) else { return };
    let mut allowed = (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu));
    // Neighbours may be two halves of one core.
    let (Some(first), Some(last)) = (allowed.next(), allowed.next_back()) else { return };
    let mut chosen = CpuSet::new();
    chosen.set(if side == Side::Client { first } else { last });
    if let Err(error) = sched_setaffinity(None, &chosen) {
        eprintln!("not bound to a processor: {error}");
    }
}

/// Other systems have no such call, or another.
#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_side: Side) {}

/// Has the kernel send over this socket as fast as it is read.
///
/// BBR, which some systems have as their default, waits and sends again on the loopback interface,
/// where nothing is lost: that would be measured, and not the clients.
#[cfg(target_os = "linux")]
pub(crate) fn send_at_once(socket: &std::net::TcpListener) {
    if let Err(error) = rustix::net::sockopt::set_tcp_congestion(socket, "reno") {
        eprintln!("the system's congestion control is used: {error}");
    }
}

/// Other systems have no such call, or another.
#[cfg(not(target_os = "linux"))]
pub(crate) fn send_at_once(_socket: &std::net::TcpListener) {}

/// Processor time of this process so far, in the kernel too.
pub(crate) fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}

/// The most memory that this process ever had, in KiB, where the system tells.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
