//! What a gateway speaks: the ways there are, and finding out which one it is.
//!
//! Works on a connection of its own for each way.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use hbase_thrift_api::TThriftServerType;

use super::caller::Caller;
use super::connection::Connection;
use super::environment::Environment;
use super::spoken::Spoken;
use crate::config::{Config, Endpoint, Interface, Protocol, Transport};
use crate::dialect::{Call, Dialect};
use crate::error::{ErrorKind, Result};
use crate::row::Recycler;

/// What a gateway speaks, as [`Client::probe`](crate::Client::probe) found out. `Display` is words
/// such as `framed binary, Thrift 1`.
///
/// ```no_run
/// use hbase_thrift_client::{Client, Config};
///
/// let found = Client::probe(&Config::new("localhost", 9090))?;
/// println!("{} speaks {} {}", found.gateway(), found.transport(), found.protocol());
/// println!("{:?}: connect with {}", found.interface(), found.url());
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    gateway: Endpoint,
    transport: Transport,
    protocol: Protocol,
    tls: bool,
    interface: Option<Interface>,
}

impl Probe {
    /// The gateway that answered.
    pub fn gateway(&self) -> &Endpoint {
        &self.gateway
    }

    /// How it cuts messages.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// How it writes values.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Its Thrift interface; `None` where it can't be made out, of something that speaks Thrift.
    pub fn interface(&self) -> Option<Interface> {
        self.interface
    }

    /// The URL that would fit, without settings that have nothing to do with it.
    pub fn url(&self) -> String {
        let config = Config::new(self.gateway.host(), self.gateway.port())
            .transport(self.transport)
            .protocol(self.protocol);
        if self.tls { config.tls() } else { config }.to_string()
    }

    /// The setting that would fit.
    pub(super) fn advice(&self) -> String {
        let protocol = match self.protocol {
            Protocol::Binary => "binary",
            Protocol::Compact => "compact",
        };
        match self.transport {
            Transport::Http => format!("use {}", self.url()),
            Transport::Buffered => format!("use transport=buffered&protocol={protocol}"),
            Transport::Framed => format!("use transport=framed&protocol={protocol}"),
        }
    }

    /// The words for transport and protocol.
    pub(super) fn speech(&self) -> &'static str {
        match (self.transport, self.protocol) {
            (Transport::Buffered, Protocol::Binary) => "buffered binary",
            (Transport::Buffered, Protocol::Compact) => "buffered compact",
            (Transport::Framed, Protocol::Binary) => "framed binary",
            (Transport::Framed, Protocol::Compact) => "framed compact",
            (Transport::Http, _) => "HTTP",
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.speech())?;
        if self.tls {
            f.write_str(" over TLS")?;
        }
        match self.interface {
            Some(interface) => write!(f, ", {interface}"),
            None => f.write_str(", an unknown interface"),
        }
    }
}

/// One way to speak to a gateway.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    transport: Transport,
    protocol: Protocol,
}

impl Way {
    /// The way that is configured, then the others; those that differ least come first.
    pub(super) fn all(config: &Config) -> Vec<Self> {
        let (transport, protocol) = (config.get_transport(), config.get_protocol());
        let configured = Self { transport, protocol };
        let other_transport = match transport {
            Transport::Framed => Transport::Buffered,
            Transport::Buffered | Transport::Http => Transport::Framed,
        };
        let other_protocol = match protocol {
            Protocol::Binary => Protocol::Compact,
            Protocol::Compact => Protocol::Binary,
        };
        let mut ways = vec![configured, Self { transport: other_transport, protocol }];
        if transport == Transport::Http {
            ways.push(Self { transport: Transport::Buffered, protocol });
            ways.push(Self { transport: Transport::Buffered, protocol: other_protocol });
        } else {
            ways.push(Self { transport, protocol: other_protocol });
        }
        ways.push(Self { transport: other_transport, protocol: other_protocol });
        if transport != Transport::Http && cfg!(feature = "http") {
            ways.push(Self { transport: Transport::Http, protocol: Protocol::Binary });
        }
        ways
    }
}

/// Tries ways in turn, each for its share of the time that is left.
pub(super) async fn search(
    config: &Config,
    environment: &dyn Environment,
    endpoint: &Endpoint,
    ways: &[Way],
    deadline: Instant,
) -> Option<Probe> {
    for (index, way) in ways.iter().enumerate() {
        let now = environment.now();
        let share = deadline.saturating_duration_since(now) / (ways.len() - index) as u32;
        if share.is_zero() {
            return None;
        }
        match try_way(config, environment, endpoint, *way, now + share).await {
            Ok(interface) => {
                return Some(Probe {
                    gateway: endpoint.clone(),
                    transport: way.transport,
                    protocol: way.protocol,
                    tls: config.uses_tls(),
                    interface,
                });
            }
            Err(error) => tracing::debug!(gateway = %endpoint, %error, "not spoken there"),
        }
    }
    None
}

async fn try_way(
    config: &Config,
    environment: &dyn Environment,
    endpoint: &Endpoint,
    way: Way,
    deadline: Instant,
) -> Result<Option<Interface>> {
    let config = &config.clone().transport(way.transport).protocol(way.protocol);
    let (name, recycler) = (Arc::from(endpoint.to_string()), Recycler::default());
    // Whatever interface the other ways have found.
    let spoken = &Spoken::default();
    let caller = Caller { config, spoken, environment, endpoint, name: &name, recycler: &recycler };
    let mut connection = caller.dial(deadline).await?;
    ask(caller, &mut connection, deadline).await?;
    hear(caller, &mut connection, deadline).await
}

/// Asks for the one call by which a gateway proves itself.
pub(super) async fn ask(
    caller: Caller<'_>,
    connection: &mut Connection,
    deadline: Instant,
) -> Result<()> {
    connection.session().queue(&Call::server_type().request)?;
    connection.send(deadline, caller.environment).await
}

/// Waits for the reply to that. If it takes more calls, and the gateway closes connections after a reply, another
/// one is opened. `None` where the gateway speaks Thrift, but can't say which interface it has.
pub(super) async fn hear(
    caller: Caller<'_>,
    connection: &mut Connection,
    deadline: Instant,
) -> Result<Option<Interface>> {
    match connection.receive::<TThriftServerType>(deadline, caller.environment).await {
        Ok(TThriftServerType::TWO) => Ok(Some(Interface::Two)),
        Ok(_) => Ok(Some(Interface::One)),
        // Gateways before HBase 2.1 lack the method, and so may servers that only act like one.
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            match connection.session().configured() {
                Some(dialect) => Ok(Some(dialect.interface())),
                None => find_out(caller, connection, deadline).await,
            }
        }
        Err(error) => Err(error),
    }
}

/// Closes a scanner that is none, by each interface's name for that: a gateway answers it without
/// asking HBase, and knows one of the names. `None` where it knows neither.
async fn find_out(
    caller: Caller<'_>,
    connection: &mut Connection,
    deadline: Instant,
) -> Result<Option<Interface>> {
    for dialect in Dialect::ALL {
        if !connection.is_usable(caller.environment.now()).await {
            *connection = caller.dial(deadline).await?;
        }
        let mut closed = close_none(caller, connection, dialect, deadline).await;
        if closed.is_err() && connection.session().ended_between_replies() {
            *connection = caller.dial(deadline).await?;
            closed = close_none(caller, connection, dialect, deadline).await;
        }
        match closed {
            Ok(()) => return Ok(Some(dialect.interface())),
            Err(error) if error.kind() == ErrorKind::Unsupported => {}
            // It knows the method, and says that there is no such scanner.
            Err(error) if error.server_exception().is_some() => {
                return Ok(Some(dialect.interface()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

async fn close_none(
    caller: Caller<'_>,
    connection: &mut Connection,
    dialect: Dialect,
    deadline: Instant,
) -> Result<()> {
    connection.session().speak(dialect);
    connection.call(&Call::close_scanner(NO_SCANNER), deadline, caller.environment).await
}

/// Gateways count from 0.
const NO_SCANNER: i32 = -1;

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(config: &Config) -> Vec<String> {
        let probe = |way: Way| Probe {
            gateway: Endpoint::new("h", 1),
            transport: way.transport,
            protocol: way.protocol,
            tls: config.uses_tls(),
            interface: Some(Interface::One),
        };
        Way::all(config).into_iter().map(|way| probe(way).to_string()).collect()
    }

    #[test]
    fn what_is_configured_is_tried_first_and_everything_else_once() {
        let framed = Config::new("h", 1).transport(Transport::Framed);
        let mut expected = vec![
            "framed binary, Thrift 1",
            "buffered binary, Thrift 1",
            "framed compact, Thrift 1",
            "buffered compact, Thrift 1",
        ];
        if cfg!(feature = "http") {
            expected.push("HTTP, Thrift 1");
        }
        assert_eq!(ways(&framed), expected);
        let http = Config::new("h", 1).transport(Transport::Http).tls();
        assert_eq!(ways(&http)[0], "HTTP over TLS, Thrift 1");
        assert_eq!(ways(&http).len(), 5);
    }

    #[test]
    fn the_url_fits_what_was_found() {
        let probe = Probe {
            gateway: Endpoint::new("h", 1),
            transport: Transport::Framed,
            protocol: Protocol::Compact,
            tls: true,
            interface: None,
        };
        assert_eq!(probe.url(), "hbases://h:1/?transport=framed&protocol=compact");
        assert_eq!(probe.advice(), "use transport=framed&protocol=compact");
        assert_eq!(probe.to_string(), "framed compact over TLS, an unknown interface");
    }

    #[test]
    fn the_advice_names_what_was_found() {
        let found = |transport, protocol| Probe {
            gateway: Endpoint::new("h", 1),
            transport,
            protocol,
            tls: false,
            interface: Some(Interface::One),
        };
        let said = |transport, protocol| {
            let probe = found(transport, protocol);
            (probe.speech(), probe.advice())
        };
        let expected = [
            (
                Transport::Buffered,
                Protocol::Binary,
                "buffered binary",
                "use transport=buffered&protocol=binary",
            ),
            (
                Transport::Buffered,
                Protocol::Compact,
                "buffered compact",
                "use transport=buffered&protocol=compact",
            ),
            (
                Transport::Framed,
                Protocol::Binary,
                "framed binary",
                "use transport=framed&protocol=binary",
            ),
            (
                Transport::Framed,
                Protocol::Compact,
                "framed compact",
                "use transport=framed&protocol=compact",
            ),
            (Transport::Http, Protocol::Binary, "HTTP", "use http://h:1/"),
        ];
        for (transport, protocol, speech, advice) in expected {
            assert_eq!(said(transport, protocol), (speech, advice.to_owned()));
        }
    }
}
