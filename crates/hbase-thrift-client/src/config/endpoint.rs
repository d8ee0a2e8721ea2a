//! The address of a gateway.

use std::fmt;
use std::net::Ipv6Addr;

use super::shown;
use crate::error::{Error, ErrorKind, Result};

/// The address of one gateway.
///
/// ```
/// use hbase_thrift_client::Endpoint;
///
/// let endpoint = Endpoint::new("::1", Endpoint::DEFAULT_PORT);
/// assert_eq!((endpoint.host(), endpoint.port()), ("::1", 9090));
/// assert_eq!(endpoint.to_string(), "[::1]:9090");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Endpoint {
    /// The port of both Thrift gateways unless configured otherwise
    /// (`hbase.regionserver.thrift.port`).
    pub const DEFAULT_PORT: u16 = 9090;

    /// A gateway on `host` (a name or an address, IPv6 without brackets) and `port`.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// The host name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Refuses what is no name and no address, above all a port that slipped into the host.
    pub(super) fn check(&self) -> Result<()> {
        /// The longest name that the Domain Name System has.
        const LONGEST: usize = 255;
        let host = &self.host;
        let wrong = |message: String| Err(Error::new(ErrorKind::Config, message));
        let quoted = shown(host);
        if host.is_empty() {
            return wrong("every gateway needs a host name".to_owned());
        }
        if host.contains(':') && !is_ipv6(host) {
            return wrong(format!("the host `{quoted}` has a colon, but is no IPv6 address"));
        }
        if host.len() > LONGEST {
            return wrong(format!("the host `{quoted}` is longer than {LONGEST} bytes"));
        }
        // A resolver would look for these bytes, which no server has.
        if !host.is_ascii() {
            return wrong(format!(
                "the name of the host `{quoted}` has to be in ASCII: an international one begins \
                 with xn-- then"
            ));
        }
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        if !is_ipv6(host) && !host.chars().all(is_of_name) {
            return wrong(format!("the host `{quoted}` is no name of a host"));
        }
        if self.port == 0 {
            return wrong(format!(
                "no gateway can be at port 0 of `{quoted}`: name the port it has"
            ));
        }
        Ok(())
    }
}

/// Whether this is an IPv6 address, perhaps with a zone (`fe80::1%eth0`).
pub(super) fn is_ipv6(host: &str) -> bool {
    let (address, zone) = host.split_once('%').unwrap_or((host, "eth0"));
    let is_zone_character = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty() && zone.chars().all(is_zone_character)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
