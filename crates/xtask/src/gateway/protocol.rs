//! Opens the thrift crate's protocols on a gateway of any flavour, every wait bounded.
//!
//! The calls themselves are left to whoever holds the protocols.

use std::io::{Read, Write};
use std::time::Duration;

use anyhow::{Context, Result};
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
    TInputProtocol, TOutputProtocol,
};
use thrift::transport::{
    TBufferedReadTransport, TBufferedWriteTransport, TFramedReadTransport, TFramedWriteTransport,
    TIoChannel, TSharedChannel, TTcpChannel,
};

use super::Endpoint;
use super::http::HttpChannel;
use super::tcp::open;

/// What replies are read from.
pub type InputProtocol = Box<dyn TInputProtocol>;
/// What calls are written to.
pub type OutputProtocol = Box<dyn TOutputProtocol>;

/// Opens a connection on which each connect, read and write takes `timeout` at most.
///
/// # Errors
/// When the host is unknown or nothing accepts connections there.
pub fn connect(endpoint: &Endpoint, timeout: Duration) -> Result<(InputProtocol, OutputProtocol)> {
    let Endpoint { host, port, .. } = endpoint;
    if endpoint.http {
        let (read, write) = TSharedChannel::new(HttpChannel::new(host, *port, timeout)).split()?;
        return Ok(protocols(endpoint, read, write));
    }
    let stream = open(host, *port, timeout)
        .with_context(|| format!("no connection to {endpoint}; is the gateway running?"))?;
    let (read, write) = TTcpChannel::with_stream(stream).split()?;
    Ok(protocols(endpoint, read, write))
}

fn protocols<R, W>(endpoint: &Endpoint, read: R, write: W) -> (InputProtocol, OutputProtocol)
where
    R: Read + 'static,
    W: Write + 'static,
{
    if endpoint.framed {
        let (read, write) = (TFramedReadTransport::new(read), TFramedWriteTransport::new(write));
        encodings(endpoint.compact, read, write)
    } else {
        let (read, write) =
            (TBufferedReadTransport::new(read), TBufferedWriteTransport::new(write));
        encodings(endpoint.compact, read, write)
    }
}

fn encodings<R, W>(compact: bool, read: R, write: W) -> (InputProtocol, OutputProtocol)
where
    R: Read + 'static,
    W: Write + 'static,
{
    if compact {
        let input = TCompactInputProtocol::new(read);
        (Box::new(input), Box::new(TCompactOutputProtocol::new(write)))
    } else {
        let input = TBinaryInputProtocol::new(read, true);
        (Box::new(input), Box::new(TBinaryOutputProtocol::new(write, true)))
    }
}
