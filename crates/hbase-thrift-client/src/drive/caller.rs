//! Opens a connection, which has not proved anything yet.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::environment::Environment;
use super::spoken::Spoken;
use super::stream::Refusal;
use crate::config::{Config, Endpoint};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::Session;
use crate::row::Recycler;

/// Who connects, and to whom.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) config: &'a Config,
    pub(super) spoken: &'a Spoken,
    pub(super) environment: &'a dyn Environment,
    pub(super) endpoint: &'a Endpoint,
    pub(super) name: &'a Arc<str>,
    pub(super) recycler: &'a Recycler,
}

impl Caller<'_> {
    pub(super) async fn dial(self, deadline: Instant) -> Result<Connection> {
        let time = deadline.saturating_duration_since(self.environment.now());
        // Nothing is wrong with the gateway then.
        if time.is_zero() {
            return Err(Error::new(
                ErrorKind::Timeout,
                "no time was left to open a connection: a longer time-out leaves some",
            ));
        }
        let stream = self.environment.dial(self.endpoint, deadline).await;
        let stream = stream.map_err(|error| self.unreachable_gateway(error, time))?;
        let name = Arc::clone(self.name);
        let mut session = Session::new(self.config, self.endpoint, name, self.recycler.clone());
        if let Some(dialect) = self.spoken.get() {
            session.speak(dialect);
        }
        Ok(Connection::new(stream, session, self.environment.now()))
    }

    fn unreachable_gateway(&self, error: io::Error, time: Duration) -> Error {
        let endpoint = self.endpoint;
        let error = match error.downcast::<Refusal>() {
            Ok(refusal) => return refusal.into_error().at_gateway(self.name),
            Err(error) => error,
        };
        let message = match error.kind() {
            io::ErrorKind::ConnectionRefused => format!(
                "no gateway listens at {endpoint}: start it with `hbase thrift start`, or check the \
                 port"
            ),
            io::ErrorKind::TimedOut => {
                let limit = shown(time);
                let advice = if self.config.uses_tls() {
                    "check the host and its firewall, and whether it speaks TLS"
                } else {
                    "check the host and its firewall"
                };
                format!("no reply from {endpoint} within {limit}: {advice}")
            }
            _ => format!("{endpoint} can't be reached: check the host name and the network"),
        };
        Error::new(ErrorKind::Connect, message).with_source(error)
    }
}

pub(super) fn shown(time: Duration) -> humantime::FormattedDuration {
    let millis = time.as_nanos().div_ceil(1_000_000);
    humantime::format_duration(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
}
