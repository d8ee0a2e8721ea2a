//! Opens a connection and lets it prove itself with one call before it carries any other.
//!
//! The call is answered by the gateway alone. It finds out here, where nothing is lost, what would
//! otherwise hit the first write: a wrong port, another transport, a gateway whose workers are all
//! taken. A gateway that has never answered is probed for what it speaks instead, while there is
//! time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::caller::{Caller, shown};
use super::connection::Connection;
use super::environment::Environment;
use super::probe::{self, Probe, Way};
use super::spoken::Spoken;
use crate::config::{Config, Interface, Transport};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::row::Recycler;

/// What the first gateway speaks that can be made out.
pub(crate) async fn probe(config: &Config, environment: &dyn Environment) -> Result<Probe> {
    let end = environment.now() + config.get_operation_timeout();
    for endpoint in config.get_endpoints() {
        let deadline = end.min(environment.now() + config.get_connect_timeout());
        let ways = Way::all(config);
        if let Some(found) = probe::search(config, environment, endpoint, &ways, deadline).await {
            return Ok(found);
        }
    }
    // Nothing is spoken that could be reported; what the first one does is reported instead.
    let Some(endpoint) = config.get_endpoints().first() else {
        return Err(Error::new(ErrorKind::Config, "no gateway is configured"));
    };
    let name = Arc::from(endpoint.to_string());
    let (spoken, recycler) = (Spoken::of(config), Recycler::default());
    let caller =
        Caller { config, spoken: &spoken, environment, endpoint, name: &name, recycler: &recycler };
    match caller.open_within(end, &mut Diagnosis { caller, pending: false }).await {
        Ok(_) => Err(Error::new(ErrorKind::Timeout, "the gateway is too slow to be probed")),
        Err(error) => Err(error),
    }
}

impl Caller<'_> {
    /// A connection that has answered. `known` spares a gateway that has answered before from being probed
    /// when it is only slow.
    pub(super) async fn open(self, known: bool, deadline: Instant) -> Result<Connection> {
        self.open_within(deadline, &mut Diagnosis { caller: self, pending: !known }).await
    }

    async fn open_within(
        self,
        deadline: Instant,
        diagnosis: &mut Diagnosis<'_>,
    ) -> Result<Connection> {
        let now = self.environment.now();
        let deadline = deadline.min(now + self.config.get_connect_timeout());
        let time = deadline.saturating_duration_since(now);
        // A third for the answer, half for a probe; the rest for an answer all the same.
        let (patience, probe_end) = (now + time / 3, now + time * 5 / 6);
        let mut connection = self.dial(deadline).await?;
        match self.prove(&mut connection, deadline, patience, probe_end, diagnosis).await {
            Ok(found) => {
                let dialect = found.map_or(Dialect::Thrift1, Dialect::of);
                let spoken = self.spoken.agree(dialect);
                if let Some(found) = found.filter(|found| *found != spoken.interface()) {
                    return Err(self.other_interface(found, spoken.interface()));
                }
                connection.session().speak(spoken);
                Ok(connection)
            }
            Err(error) => {
                if matches!(error.kind(), ErrorKind::ConnectionLost | ErrorKind::WrongProtocol) {
                    diagnosis.run(deadline).await?;
                }
                Err(self.unproven(error, time))
            }
        }
    }

    /// Lets the gateway answer; what it speaks is found out where that takes longer than the caller is patient.
    async fn prove(
        self,
        connection: &mut Connection,
        deadline: Instant,
        patience: Instant,
        probe_end: Instant,
        diagnosis: &mut Diagnosis<'_>,
    ) -> Result<Option<Interface>> {
        probe::ask(self, connection, deadline).await?;
        if diagnosis.pending && !connection.hears_by(patience).await? {
            diagnosis.run(probe_end).await?;
        }
        probe::hear(self, connection, deadline).await
    }
}

/// Finds out, once, what a gateway speaks that does not answer as configured.
struct Diagnosis<'a> {
    caller: Caller<'a>,
    pending: bool,
}

impl Diagnosis<'_> {
    /// Fails with what was found out.
    async fn run(&mut self, deadline: Instant) -> Result<()> {
        if !std::mem::take(&mut self.pending) {
            return Ok(());
        }
        let Caller { config, environment, endpoint, name, .. } = self.caller;
        let spoken = self.caller.spoken.get().map(Dialect::interface);
        let others = Way::all(config).split_off(1);
        match probe::search(config, environment, endpoint, &others, deadline).await {
            None => Ok(()),
            Some(found) => {
                if let (Some(found), Some(spoken)) = (found.interface(), spoken)
                    && found != spoken
                {
                    return Err(self.caller.other_interface(found, spoken));
                }
                let message = format!("the gateway speaks {}: {}", found.speech(), found.advice());
                Err(Error::new(ErrorKind::WrongProtocol, message).at_gateway(name))
            }
        }
    }
}

// What is wrong, and what to do about it.
impl Caller<'_> {
    /// A client speaks to all of its gateways alike.
    fn other_interface(&self, found: Interface, spoken: Interface) -> Error {
        let advice = match self.config.get_interface() {
            Some(_) => "name a gateway of that interface, or leave `interface` out",
            None => "name gateways of one interface",
        };
        let message =
            format!("this is a {found} gateway, and the client speaks {spoken}: {advice}");
        Error::new(ErrorKind::WrongProtocol, message).at_gateway(self.name)
    }

    /// The gateway took the connection and did not answer the first call as a gateway would. Nothing
    /// else that it could speak was found either, or it would have been reported.
    fn unproven(&self, error: Error, time: Duration) -> Error {
        let other = match self.config.get_transport() {
            Transport::Buffered => "transport=framed",
            Transport::Framed => "transport=buffered",
            Transport::Http => "hbase:// instead of http://",
        };
        let message = match error.kind() {
            ErrorKind::Timeout => {
                let limit = shown(time);
                format!(
                    "the gateway accepts the connection but sends no reply within {limit}: all its \
                     workers may be taken (one each for hbase.thrift.maxWorkerThreads \
                     connections), or it expects {other}"
                )
            }
            ErrorKind::ConnectionLost => format!(
                "the gateway closes the connection instead of replying: it may be full or \
                 stopping, demand SASL (Kerberos), which this client does not speak, or expect \
                 {other}, the other protocol, or TLS"
            ),
            _ => return error,
        };
        Error::new(ErrorKind::Connect, message).at_gateway(self.name).with_source(error)
    }
}
