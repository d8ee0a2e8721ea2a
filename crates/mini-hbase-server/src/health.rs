//! Asks a server for its cluster's id, to see that it serves.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use hbase_thrift_api::{HbaseSyncClient, THbaseSyncClient as _};
use mini_hbase::{Protocol, Transport};
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
    TInputProtocol, TOutputProtocol,
};
use thrift::transport::{
    TBufferedReadTransport, TBufferedWriteTransport, TFramedReadTransport, TFramedWriteTransport,
    TIoChannel as _, TReadTransport, TTcpChannel, TWriteTransport,
};

type Failure = Box<dyn std::error::Error>;

/// The call in the binary protocol, for the body of an HTTP request.
const CALL: &[u8] = b"\x80\x01\x00\x01\x00\x00\x00\x0cgetClusterId\x00\x00\x00\x01\x00";

/// Asks the server at `address`, which may have been listened on as `0.0.0.0`.
///
/// # Errors
/// When it doesn't reply as it should within `patience`.
pub(crate) fn check(
    address: &str,
    transport: Transport,
    protocol: Protocol,
    patience: Duration,
) -> Result<(), Failure> {
    let stream = connect(address, patience)?;
    if transport == Transport::Http {
        return check_http(stream);
    }
    let (read, write) = TTcpChannel::with_stream(stream).split()?;
    let (read, write): (Box<dyn TReadTransport + Send>, Box<dyn TWriteTransport + Send>) =
        if transport == Transport::Framed {
            (Box::new(TFramedReadTransport::new(read)), Box::new(TFramedWriteTransport::new(write)))
        } else {
            let read = TBufferedReadTransport::new(read);
            (Box::new(read), Box::new(TBufferedWriteTransport::new(write)))
        };
    let (input, output): (Box<dyn TInputProtocol>, Box<dyn TOutputProtocol>) = match protocol {
        Protocol::Binary => (
            Box::new(TBinaryInputProtocol::new(read, true)),
            Box::new(TBinaryOutputProtocol::new(write, true)),
        ),
        Protocol::Compact => (
            Box::new(TCompactInputProtocol::new(read)),
            Box::new(TCompactOutputProtocol::new(write)),
        ),
    };
    HbaseSyncClient::new(input, output).get_cluster_id()?;
    Ok(())
}

fn check_http(mut stream: TcpStream) -> Result<(), Failure> {
    let head = format!(
        "POST / HTTP/1.0\r\nContent-Type: application/x-thrift\r\nContent-Length: {}\r\n\r\n",
        CALL.len()
    );
    stream.write_all(&[head.as_bytes(), CALL].concat())?;
    let mut reply = [0; 12];
    stream.read_exact(&mut reply)?;
    if reply.ends_with(b" 200") {
        return Ok(());
    }
    Err(format!("it replied {}", reply.escape_ascii()).into())
}

fn connect(address: &str, patience: Duration) -> Result<TcpStream, Failure> {
    let mut error: Failure = "the address means nothing".into();
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => {
                stream.set_read_timeout(Some(patience))?;
                stream.set_write_timeout(Some(patience))?;
                return Ok(stream);
            }
            Err(failed) => error = failed.into(),
        }
    }
    Err(error)
}
