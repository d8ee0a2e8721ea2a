//! The flavours of gateway that the image can start, and the URLs under which clients know them.
//!
//! Connecting is left to `protocol`.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

const DEFAULT_PORT: u16 = 9090;

/// Which of HBase's two interfaces a gateway has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// The older one, `Hbase.thrift`.
    Thrift1,
    /// `hbase.thrift`, in a program of its own.
    Thrift2,
}

/// A gateway that the image can start: `FLAVOUR` of Thrift 1, `thrift2-FLAVOUR` of Thrift 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// The interface that it has.
    pub interface: Interface,
    /// How it is started.
    pub flavour: Flavour,
}

/// A way to start one of HBase's Thrift gateways; the names are the ones that the image's
/// `entrypoint.sh` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Flavour {
    /// HBase's default: a thread for each connection, buffered transport.
    Threadpool,
    /// One thread for everything, always framed.
    Nonblocking,
    /// One thread for the sockets and a pool for the calls, always framed.
    Hsha,
    /// Several threads for the sockets and a pool for the calls, always framed.
    Threadedselector,
    /// `Threadpool` with framed transport.
    Framed,
    /// `Threadpool` with the compact protocol.
    Compact,
    /// `Threadpool` with framed transport and the compact protocol.
    FramedCompact,
    /// Over HTTP, always binary.
    Http,
}

impl Flavour {
    /// The name on the command line and in `GATEWAYS`.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// A gateway of this flavour with the interface Thrift 1.
    pub const fn thrift1(self) -> Gateway {
        Gateway { interface: Interface::Thrift1, flavour: self }
    }

    /// A gateway of this flavour with the interface Thrift 2.
    pub const fn thrift2(self) -> Gateway {
        Gateway { interface: Interface::Thrift2, flavour: self }
    }

    /// Where a client finds a Thrift 1 gateway of this flavour that listens on `host` and `port`.
    pub fn endpoint(self, host: &str, port: u16) -> Endpoint {
        Endpoint {
            interface: Interface::Thrift1,
            host: host.to_owned(),
            port,
            http: self == Self::Http,
            framed: !matches!(self, Self::Threadpool | Self::Compact | Self::Http),
            compact: matches!(self, Self::Compact | Self::FramedCompact),
        }
    }
}

const THRIFT2: &str = "thrift2-";

impl Gateway {
    /// Where a client finds this gateway, which listens on `host` and `port`.
    pub fn endpoint(self, host: &str, port: u16) -> Endpoint {
        Endpoint { interface: self.interface, ..self.flavour.endpoint(host, port) }
    }
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.interface == Interface::Thrift2 { THRIFT2 } else { "" };
        write!(f, "{prefix}{}", self.flavour.name())
    }
}

impl FromStr for Gateway {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let (flavour, is_thrift2) = match name.strip_prefix(THRIFT2) {
            Some(flavour) => (flavour, true),
            None => (name, false),
        };
        let flavour = Flavour::from_str(flavour, false).map_err(|_| {
            let names: Vec<_> = Flavour::value_variants().iter().map(|it| it.name()).collect();
            format!("write one of {}, or {THRIFT2} and one of them", names.join(", "))
        })?;
        Ok(if is_thrift2 { flavour.thrift2() } else { flavour.thrift1() })
    }
}

/// Where a gateway listens and what it speaks; its `Display` is the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The interface that it has.
    pub interface: Interface,
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Over HTTP instead of plain TCP.
    pub http: bool,
    /// Framed transport instead of buffered.
    pub framed: bool,
    /// Compact protocol instead of binary.
    pub compact: bool,
}

impl Endpoint {
    /// Reads `hbase://host[:port][?transport=framed&protocol=compact]` or `http://host:port/`.
    ///
    /// Of several hosts the first one counts, and parameters that say nothing about the protocol
    /// are left to the client.
    ///
    /// # Errors
    /// When the URL has another scheme or no usable host and port.
    pub fn from_url(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").with_context(|| explain(url))?;
        if !matches!(scheme, "hbase" | "http") {
            bail!(explain(url));
        }
        let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
        let hosts = location.split_once('/').map_or(location, |(hosts, _path)| hosts);
        let first = hosts.split_once(',').map_or(hosts, |(first, _others)| first);
        let (host, port) = match first.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().with_context(|| explain(url))?),
            None => (first, DEFAULT_PORT),
        };
        if host.is_empty() {
            bail!(explain(url));
        }
        let has = |parameter| query.split('&').any(|pair| pair == parameter);
        let interface = if has("interface=2") { Interface::Thrift2 } else { Interface::Thrift1 };
        Ok(Self {
            interface,
            host: host.to_owned(),
            port,
            http: scheme == "http",
            framed: has("transport=framed"),
            compact: has("protocol=compact"),
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        let scheme = if self.http { "http" } else { "hbase" };
        write!(f, "{scheme}://{host}:{port}{}", if self.http { "/" } else { "" })?;
        let parameters = [
            (self.interface == Interface::Thrift2, "interface=2"),
            (self.framed, "transport=framed"),
            (self.compact, "protocol=compact"),
        ];
        let parameters: Vec<_> =
            parameters.iter().filter(|(is_set, _)| *is_set).map(|(_, text)| *text).collect();
        if parameters.is_empty() {
            return Ok(());
        }
        write!(f, "?{}", parameters.join("&"))
    }
}

fn explain(url: &str) -> String {
    format!(
        "'{url}' is no URL of a gateway; write hbase://HOST:PORT, with ?transport=framed or \
         ?protocol=compact where the gateway wants it, or http://HOST:PORT/"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flavour_has_the_url_of_what_it_speaks() {
        let url = |flavour: Flavour| flavour.endpoint("h", 1).to_string();
        assert_eq!(url(Flavour::Threadpool), "hbase://h:1");
        for framed in
            [Flavour::Nonblocking, Flavour::Hsha, Flavour::Threadedselector, Flavour::Framed]
        {
            assert_eq!(url(framed), "hbase://h:1?transport=framed");
        }
        assert_eq!(url(Flavour::Compact), "hbase://h:1?protocol=compact");
        assert_eq!(url(Flavour::FramedCompact), "hbase://h:1?transport=framed&protocol=compact");
        assert_eq!(url(Flavour::Http), "http://h:1/");
    }

    #[test]
    fn a_url_is_read_back() {
        for flavour in Flavour::value_variants() {
            for gateway in [flavour.thrift1(), flavour.thrift2()] {
                let endpoint = gateway.endpoint("example", 9091);
                assert_eq!(Endpoint::from_url(&endpoint.to_string()).unwrap(), endpoint);
                assert_eq!(gateway.to_string().parse(), Ok(gateway));
            }
        }
        assert!("thrift3-framed".parse::<Gateway>().unwrap_err().contains("framed-compact, http"));
    }

    #[test]
    fn the_first_of_several_hosts_counts_and_the_port_may_be_left_out() {
        let endpoint = Endpoint::from_url("hbase://a,b:2?timeout=3s").unwrap();
        assert_eq!(endpoint, Flavour::Threadpool.endpoint("a", 9090));
    }

    #[test]
    fn other_texts_are_refused_with_the_grammar() {
        for url in ["", "a:1", "ftp://a:1", "hbase://", "hbase://:1", "hbase://a:x"] {
            let error = Endpoint::from_url(url).unwrap_err().to_string();
            assert!(error.contains("hbase://HOST:PORT"), "{url}: {error}");
        }
    }

    #[test]
    fn names_are_the_entrypoints() {
        let entrypoint = include_str!("../../../../integration-tests/docker/entrypoint.sh");
        let line = entrypoint.lines().find(|line| line.starts_with("readonly FLAVOURS=")).unwrap();
        let names: Vec<_> = Flavour::value_variants().iter().map(|f| f.name()).collect();
        assert_eq!(line, format!("readonly FLAVOURS=\"{}\"", names.join(" ")));
    }
}
