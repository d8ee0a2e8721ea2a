//! What connecting has in common in all worlds: which address is tried for how long, and TLS.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Stream;
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::config::{Config, Endpoint};
use crate::error::Result;

/// What is put around the connections of one configuration. The one place that knows what is built in.
pub(crate) struct Secure {
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Secure {
    /// Reads the root certificates, once for all connections.
    #[cfg_attr(not(feature = "tls"), allow(unused_variables, clippy::unnecessary_wraps))]
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Ok(Self {
            #[cfg(feature = "tls")]
            tls: config.tls_settings().map(Tls::new).transpose()?,
        })
    }

    /// Gets through TLS where it is configured.
    #[cfg_attr(
        not(feature = "tls"),
        allow(clippy::unused_self, clippy::unused_async, unused_variables)
    )]
    pub(crate) async fn wrap(
        &self,
        stream: Box<dyn Stream>,
        endpoint: &Endpoint,
        deadline: Instant,
    ) -> io::Result<Box<dyn Stream>> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return Ok(Box::new(tls.wrap(stream, endpoint, deadline).await?));
        }
        Ok(stream)
    }
}

/// Tries the addresses of a host in turn until one accepts, each for its share of the time that is left, so
/// that a dead one leaves time for the others.
pub(crate) async fn first_of<T>(
    addresses: &[SocketAddr],
    deadline: Instant,
    now: fn() -> Instant,
    mut connect: impl AsyncFnMut(SocketAddr, Duration) -> io::Result<T>,
) -> io::Result<T> {
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for (index, address) in addresses.iter().enumerate() {
        let left = deadline.checked_duration_since(now()).filter(|left| !left.is_zero());
        let left = left.ok_or(io::ErrorKind::TimedOut)?;
        let share = left / (addresses.len() - index) as u32;
        match connect(*address, share.max(SHORTEST)).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

/// A time-out of zero is refused by the socket.
pub(crate) const SHORTEST: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;
    use crate::drive::at_once;

    /// Addresses of which all but the last would take all of the time that they are given.
    #[test]
    fn dead_addresses_leave_time_for_the_last() {
        let addresses: Vec<SocketAddr> =
            (1..=4).map(|port| ([127, 0, 0, 1], port).into()).collect();
        let all = Duration::from_secs(400);
        let found =
            first_of(&addresses, Instant::now() + all, Instant::now, async |address, time| {
                let left = 5 - u32::from(address.port());
                assert!(time <= all / left, "{time:?} for one of {left}");
                if left == 1 { Ok(address.port()) } else { Err(io::ErrorKind::TimedOut.into()) }
            });
        let Poll::Ready(found) = at_once(found) else { panic!("nothing has to be waited for") };
        assert_eq!(found.unwrap(), 4);
    }
}
