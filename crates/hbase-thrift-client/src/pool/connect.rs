//! Opens a connection and lets it prove itself with one call before it carries any other.
//!
//! The call is answered by the gateway alone. It finds out here, where nothing is lost, what would
//! otherwise hit the first write: a wrong port, another transport, a gateway whose workers are all
//! taken. A gateway that has never answered is probed for what it speaks instead, while there is
//! time.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use crate::config::{Config, Endpoint, Transport};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::probe::{self, Interface, Probe, Way};
use crate::transport::{Dialer, Refusal};

/// Who connects, and to whom.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) config: &'a Config,
    pub(super) dialer: &'a Dialer,
    pub(super) endpoint: &'a Endpoint,
    pub(super) name: &'a Arc<str>,
}

/// What the first gateway speaks that can be made out.
pub(crate) fn probe(config: &Config) -> Result<Probe> {
    let end = Instant::now() + config.operation_timeout();
    let dialer = Dialer::new(config)?;
    for endpoint in config.endpoints() {
        let deadline = end.min(Instant::now() + config.connect_timeout());
        if let Some(found) = probe::search(config, endpoint, &Way::all(config), deadline) {
            return Ok(found);
        }
    }
    // Nothing is spoken that could be told; what the first one does is told instead.
    let Some(endpoint) = config.endpoints().first() else {
        return Err(Error::new(ErrorKind::Config, "no gateway is configured"));
    };
    let name = Arc::from(endpoint.to_string());
    let caller = Caller { config, dialer: &dialer, endpoint, name: &name };
    let (deadline, mut diagnosis) = (end, Diagnosis { caller, pending: false });
    match caller.open_within(deadline, &mut diagnosis) {
        Ok(_) => Err(Error::new(ErrorKind::Timeout, "the gateway answers too slowly to be probed")),
        Err(error) => Err(error),
    }
}

impl Caller<'_> {
    /// A connection that has answered. `known` spares a gateway that has answered before from being
    /// probed when it is only slow.
    pub(super) fn open(self, known: bool, deadline: Instant) -> Result<Connection> {
        self.open_within(deadline, &mut Diagnosis { caller: self, pending: !known })
    }

    fn open_within(self, deadline: Instant, diagnosis: &mut Diagnosis<'_>) -> Result<Connection> {
        let now = Instant::now();
        let deadline = deadline.min(now + self.config.connect_timeout());
        let time = deadline.saturating_duration_since(now);
        // A third for the answer, half for a probe; the rest for an answer all the same.
        let (patience, probe_end) = (now + time / 3, now + time * 5 / 6);
        let mut connection = self.dial(deadline)?;
        let proof = probe::prove(&mut connection, deadline, |connection| {
            if diagnosis.pending && !connection.hears_by(patience)? {
                diagnosis.run(probe_end)?;
            }
            Ok(())
        });
        match proof {
            Ok(Some(Interface::Two)) => Err(self.thrift_two()),
            Ok(_) => Ok(connection),
            Err(error) => {
                if matches!(error.kind(), ErrorKind::ConnectionLost | ErrorKind::WrongProtocol) {
                    diagnosis.run(deadline)?;
                }
                Err(self.unproven(error))
            }
        }
    }

    fn dial(&self, deadline: Instant) -> Result<Connection> {
        let channel = self
            .dialer
            .dial(self.endpoint, deadline)
            .map_err(|error| self.unreachable_gateway(error))?;
        Ok(Connection::new(channel, Arc::clone(self.name), self.config))
    }
}

/// Finds out, once, what a gateway speaks that does not answer as configured.
struct Diagnosis<'a> {
    caller: Caller<'a>,
    pending: bool,
}

impl Diagnosis<'_> {
    /// Fails with what was found out.
    fn run(&mut self, deadline: Instant) -> Result<()> {
        if !std::mem::take(&mut self.pending) {
            return Ok(());
        }
        let Caller { config, endpoint, name, .. } = self.caller;
        let others = Way::all(config).split_off(1);
        match probe::search(config, endpoint, &others, deadline) {
            None => Ok(()),
            Some(found) if found.interface() == Some(Interface::Two) => {
                Err(self.caller.thrift_two())
            }
            Some(found) => {
                let message = format!("the gateway speaks {}: {}", found.speech(), found.advice());
                Err(Error::new(ErrorKind::WrongProtocol, message).at_gateway(name))
            }
        }
    }
}

// What is wrong, and what to do about it.
impl Caller<'_> {
    fn unreachable_gateway(&self, error: io::Error) -> Error {
        let endpoint = self.endpoint;
        let error = match error.downcast::<Refusal>() {
            Ok(refusal) => return refusal.into_error().at_gateway(self.name),
            Err(error) => error,
        };
        let message = match error.kind() {
            io::ErrorKind::ConnectionRefused => format!(
                "nothing listens at {endpoint}: start the gateway (hbase thrift start), or check \
                 the port"
            ),
            io::ErrorKind::TimedOut => {
                let limit = humantime::format_duration(self.config.connect_timeout());
                let advice = if self.config.uses_tls() {
                    "check the host and its firewall, and whether it speaks TLS"
                } else {
                    "check the host and its firewall"
                };
                format!("{endpoint} does not answer within {limit}: {advice}")
            }
            _ => format!("{endpoint} can't be reached: check the host name and the network"),
        };
        Error::new(ErrorKind::Connect, message).with_source(error)
    }

    fn thrift_two(&self) -> Error {
        Error::new(
            ErrorKind::WrongProtocol,
            "this is a Thrift 2 gateway: point the client at a Thrift 1 gateway (hbase thrift start)",
        )
        .at_gateway(self.name)
    }

    /// The gateway took the connection and did not answer the first call as a gateway would.
    fn unproven(&self, error: Error) -> Error {
        let other = match self.config.transport() {
            Transport::Buffered => "transport=framed",
            Transport::Framed => "transport=buffered",
            Transport::Http => "hbase:// instead of http://",
        };
        let message = match error.kind() {
            ErrorKind::Timeout => {
                let limit = humantime::format_duration(self.config.connect_timeout());
                format!(
                    "the gateway takes the connection but does not answer within {limit}: it may \
                     expect {other}, or all its workers are taken"
                )
            }
            ErrorKind::ConnectionLost => format!(
                "the gateway closes the connection instead of answering: it may expect {other}, \
                 the other protocol, or TLS"
            ),
            _ => return error.with_outcome(Outcome::NotApplied),
        };
        Error::new(ErrorKind::Connect, message).at_gateway(self.name).with_source(error)
    }
}
