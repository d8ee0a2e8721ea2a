//! Opens a connection and lets it prove itself with one call before it carries any other.
//!
//! The call is answered by the gateway alone. It finds out here, where nothing is lost, what would
//! otherwise hit the first write: a wrong port, another transport, a gateway whose workers are all
//! taken.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use hbase_thrift_api::TThriftServerType;

use crate::config::{Config, Endpoint, Transport};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::thrift1;
use crate::transport::TcpChannel;

pub(super) fn open(
    config: &Config,
    endpoint: &Endpoint,
    name: &Arc<str>,
    deadline: Instant,
) -> Result<Connection> {
    let deadline = deadline.min(Instant::now() + config.connect_timeout());
    let channel = TcpChannel::connect(endpoint, deadline)
        .map_err(|error| unreachable_gateway(config, endpoint, error))?;
    let mut connection = Connection::new(Box::new(channel), Arc::clone(name), config);
    match thrift1::server_type().run(&mut connection, deadline) {
        Ok(TThriftServerType::TWO) => Err(wrong_interface(name)),
        Ok(_) => Ok(connection),
        // Gateways before HBase 2.1 lack the method; every other one answers it.
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(connection),
        Err(error) => Err(unproven(config, name, error)),
    }
}

fn unreachable_gateway(config: &Config, endpoint: &Endpoint, error: io::Error) -> Error {
    let message = match error.kind() {
        io::ErrorKind::ConnectionRefused => format!(
            "nothing listens at {endpoint}: start the gateway (hbase thrift start), or check the port"
        ),
        io::ErrorKind::TimedOut => {
            let limit = humantime::format_duration(config.connect_timeout());
            format!("{endpoint} does not answer within {limit}: check the host and its firewall")
        }
        _ => format!("{endpoint} can't be reached: check the host name and the network"),
    };
    Error::new(ErrorKind::Connect, message).with_source(error)
}

fn wrong_interface(name: &Arc<str>) -> Error {
    Error::new(
        ErrorKind::WrongProtocol,
        "this is a Thrift 2 gateway: point the client at a Thrift 1 gateway (hbase thrift start)",
    )
    .at_gateway(name)
}

/// The gateway took the connection and did not answer the first call as a gateway would.
fn unproven(config: &Config, name: &Arc<str>, error: Error) -> Error {
    let other = match config.transport() {
        Transport::Buffered => "framed",
        Transport::Framed => "buffered",
    };
    let message = match error.kind() {
        ErrorKind::Timeout => {
            let limit = humantime::format_duration(config.connect_timeout());
            format!(
                "the gateway takes the connection but does not answer within {limit}: it may expect \
                 transport={other}, or all its workers are taken"
            )
        }
        ErrorKind::ConnectionLost => format!(
            "the gateway closes the connection instead of answering: it may expect \
             transport={other}, the other protocol, or TLS"
        ),
        _ => return error.with_outcome(Outcome::NotApplied),
    };
    Error::new(ErrorKind::Connect, message).at_gateway(name).with_source(error)
}
