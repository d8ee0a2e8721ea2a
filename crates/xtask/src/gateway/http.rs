//! A Thrift message in an HTTP request: what is written up to a flush is posted, and what is read
//! afterwards is the reply.
//!
//! One connection a call, no TLS and no authentication: those are the client crate's.

use std::io::{self, Cursor, Read, Write};
use std::time::Duration;

use super::tcp::open;

pub(super) struct HttpChannel {
    host: String,
    port: u16,
    timeout: Duration,
    request: Vec<u8>,
    reply: Cursor<Vec<u8>>,
}

impl HttpChannel {
    pub(super) fn new(host: &str, port: u16, timeout: Duration) -> Self {
        let host = host.to_owned();
        Self { host, port, timeout, request: Vec::new(), reply: Cursor::default() }
    }

    fn post(&self) -> io::Result<Vec<u8>> {
        let mut stream = open(&self.host, self.port, self.timeout)?;
        // 1.0, so that the reply is never chunked.
        write!(
            stream,
            "POST / HTTP/1.0\r\nHost: {}:{}\r\nContent-Type: application/x-thrift\r\n\
             Content-Length: {}\r\n\r\n",
            self.host,
            self.port,
            self.request.len()
        )?;
        stream.write_all(&self.request)?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply)?;
        body(&reply)
    }
}

impl Write for HttpChannel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.request.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.request.is_empty() {
            let reply = self.post();
            self.request.clear();
            self.reply = Cursor::new(reply?);
        }
        Ok(())
    }
}

impl Read for HttpChannel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reply.read(buffer)
    }
}

fn body(reply: &[u8]) -> io::Result<Vec<u8>> {
    const BLANK_LINE: &[u8] = b"\r\n\r\n";
    let head = reply.windows(BLANK_LINE.len()).position(|window| window == BLANK_LINE);
    let status = String::from_utf8_lossy(reply.split(|&byte| byte == b'\r').next().unwrap_or(&[]));
    match head {
        Some(end) if status.starts_with("HTTP/1.") && status.contains(" 200 ") => {
            Ok(reply[end + BLANK_LINE.len()..].to_vec())
        }
        _ => Err(io::Error::other(format!("the gateway's HTTP reply is '{status}', not 200"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reply_with_status_200_has_a_body() {
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nxyz").unwrap(), b"xyz");
        for bad in
            [&b"HTTP/1.1 404 Not Found\r\n\r\n"[..], b"", b"\x80\x01garbage", b"HTTP/1.1 200 "]
        {
            let error = body(bad).unwrap_err().to_string();
            assert!(error.contains("not 200"), "{error}");
        }
    }
}
