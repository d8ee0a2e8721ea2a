//! What a gateway speaks: transport, protocol and interface.

use std::fmt;
use std::str::FromStr;

use super::shown;
use crate::error::{Error, ErrorKind, Result};

/// How a message is cut out of the byte stream.
///
/// ```
/// use hbase_thrift_client::Transport;
///
/// assert_eq!("framed".parse::<Transport>()?, Transport::Framed);
/// assert_eq!(Transport::Framed.to_string(), "framed");
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Message after message with nothing between: the default gateway (`-threadpool`).
    #[default]
    Buffered,
    /// Each message after its length: gateways started with `-f`, and always those started with
    /// `-nonblocking`, `-hsha` or `-threadedselector`.
    Framed,
    /// Each message in an HTTP request or reply of its own: gateways with
    /// `hbase.regionserver.thrift.http=true`. Always [`Protocol::Binary`]; needs the cargo feature
    /// `http`. The calls of a [`Pipeline`](crate::Pipeline) go one after the other, each a round trip.
    ///
    /// An address has to lead to one gateway; name several by their own addresses. A scanner's number
    /// means something at its own gateway only, and gateways number alike: behind a balancer that
    /// spreads requests, a scan is given the rows of another one. It notices those that can't be its
    /// own, and goes on without them; it can't notice that rows are missing.
    Http,
}

/// How values are written within a message.
///
/// ```
/// use hbase_thrift_client::Protocol;
///
/// assert_eq!("compact".parse::<Protocol>()?, Protocol::Compact);
/// assert_eq!(Protocol::Compact.to_string(), "compact");
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// Thrift's binary protocol: the default gateway.
    #[default]
    Binary,
    /// Thrift's compact protocol: gateways started with `-c`.
    Compact,
}

/// Which of HBase's two Thrift interfaces a gateway has.
///
/// Everything that this crate offers is done over either, unless its documentation says which one it
/// needs.
///
/// ```
/// use hbase_thrift_client::Interface;
///
/// assert_eq!("2".parse::<Interface>()?, Interface::Two);
/// assert_eq!(Interface::Two.to_string(), "Thrift 2");
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Interface {
    /// Thrift 1 (`hbase thrift start`).
    One,
    /// Thrift 2 (`hbase thrift2 start`, and clouds such as Alibaba's).
    Two,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Buffered => "buffered",
            Self::Framed => "framed",
            Self::Http => "http",
        })
    }
}

impl FromStr for Transport {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "buffered" => Ok(Self::Buffered),
            "framed" => Ok(Self::Framed),
            "http" => Ok(Self::Http),
            _ => Err(unknown("transport", text, "buffered, framed or http")),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Binary => "binary",
            Self::Compact => "compact",
        })
    }
}

impl FromStr for Protocol {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "binary" => Ok(Self::Binary),
            "compact" => Ok(Self::Compact),
            _ => Err(unknown("protocol", text, "binary or compact")),
        }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "Thrift 1",
            Self::Two => "Thrift 2",
        })
    }
}

/// From its number.
impl FromStr for Interface {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "1" => Ok(Self::One),
            "2" => Ok(Self::Two),
            _ => Err(unknown("Thrift interface", text, "1 or 2")),
        }
    }
}

fn unknown(what: &str, text: &str, expected: &str) -> Error {
    let text = shown(text);
    Error::new(ErrorKind::Config, format!("`{text}` is no {what}: {expected}"))
}
