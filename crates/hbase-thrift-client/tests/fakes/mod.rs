//! Small servers for the tests of connections: each does one thing that a gateway, or something
//! else at its address, may do.

// Every test program uses its own part.
#![allow(dead_code, clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_client::{Client, Config, Error, ErrorKind, Outcome};

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_millis(300);
pub(crate) const OPERATION_TIMEOUT: Duration = Duration::from_millis(900);

/// A server that treats every connection as `serve` does; it lives as long as the test's process.
pub(crate) fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    address
}

pub(crate) fn config(address: SocketAddr) -> Config {
    within_bounds(Config::new(address.ip().to_string(), address.port()))
}

pub(crate) fn within_bounds(config: Config) -> Config {
    config.connect_timeout(CONNECT_TIMEOUT).operation_timeout(OPERATION_TIMEOUT)
}

/// Fails to connect, and checks what holds for every failure: it is in time and changed nothing.
pub(crate) fn failure(config: Config) -> Error {
    let started = Instant::now();
    let error = Client::connect(config).unwrap_err();
    let took = started.elapsed();
    assert!(took < OPERATION_TIMEOUT + Duration::from_secs(2), "it took {took:?}");
    assert_eq!(error.outcome(), Outcome::NotApplied);
    error
}

#[track_caller]
pub(crate) fn assert_says(error: &Error, kind: ErrorKind, words: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{text:?} lacks {word:?}");
    }
}

/// The answer to a binary `getThriftServerType`, with the request's name and number; `kind` is 1 for
/// Thrift 1 and 2 for Thrift 2.
pub(crate) fn server_type_reply(request: &[u8], kind: u8) -> Vec<u8> {
    let name_and_number = &request[4..4 + 4 + "getThriftServerType".len() + 4];
    [&[0x80, 1, 0, 2], name_and_number, &[8, 0, 0, 0, 0, 0, kind, 0]].concat()
}

/// Reads requests over HTTP and answers each with what `answer` makes of its head and body, until
/// that is `None`.
pub(crate) fn serve_http<S: Read + Write>(
    stream: &mut S,
    answer: impl Fn(&str, &[u8]) -> Option<Vec<u8>>,
) {
    while let Some((head, body)) = read_request(stream) {
        let Some(answer) = answer(&head, &body) else { return };
        if stream.write_all(&answer).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
}

/// The head and the body of the next request, if there is one.
pub(crate) fn read_request(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
        // What is no request does not end like one.
        if head.len() == 4 && head != b"POST" {
            return None;
        }
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.split("Content-Length: ").nth(1)?.lines().next()?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// A response that gives its body's length.
pub(crate) fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len())
        .into_bytes();
    [head.as_slice(), body].concat()
}
