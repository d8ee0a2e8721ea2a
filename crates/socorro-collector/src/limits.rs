//! How much a stranger may ask of a collector.

use std::time::Duration;

const MIB: u64 = 1024 * 1024;

/// What requests may take, each and together. Every limit has a default that suits Socorro's clients.
///
/// ```
/// use socorro_collector::Limits;
///
/// let limits = Limits { memory: 64 << 20, ..Limits::default() };
/// assert_eq!(limits.request, 25 << 20);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request as it is sent: 25 MiB. A larger one is refused with 413.
    pub request: u64,
    /// Bytes of a request once it is unpacked: 50 MiB. A larger one is refused with 413.
    pub unpacked: u64,
    /// Bytes of one part, a dump for example: 10 MiB less 4 KiB, which is what one cell of HBase can
    /// hold by default. A larger one is refused with 413.
    pub part: u64,
    /// Parts of a request: 1,000. One with more is refused with 413.
    pub parts: usize,
    /// Bytes of the name of an annotation or a dump: 256. A part with a longer one is left out, with a
    /// note in the crash.
    pub name: usize,
    /// Bytes of all requests that are under way together: 512 MiB. While there is no room, the slowest
    /// client is let go; if that doesn't help soon, requests are refused with 503, after which clients
    /// come again.
    pub memory: u64,
    /// Connections at once: 512. For a further one the client is let go that brings least, unless all
    /// are being served; then it waits. It needs no limit for each address, which clients behind one
    /// load balancer would share.
    pub connections: usize,
    /// How long a client may be silent while it sends: 30 s. Then it gets 408.
    pub silence: Duration,
    /// How long a request may take to arrive: 5 minutes. Then it gets 408. An answer that isn't taken in
    /// as long is given up.
    pub arrival: Duration,
    /// Bytes of all answers together that wait to be taken by clients who read crashes back: 64 MiB.
    /// While there is no room, the slowest of them is let go, or else a further one gets 503.
    pub reading: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: 25 * MIB,
            unpacked: 50 * MIB,
            part: 10 * MIB - 4096,
            parts: 1_000,
            name: 256,
            memory: 512 * MIB,
            connections: 512,
            silence: Duration::from_secs(30),
            arrival: Duration::from_mins(5),
            reading: 64 * MIB,
        }
    }
}
