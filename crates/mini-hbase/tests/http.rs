//! The HTTP port: chunks, connections that stay open, bodies that are waited for, and web pages.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

#[path = "support/messages.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod messages;
mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use messages::{Form, message};
use mini_hbase::{MiniHBase, Transport};
use support::socket;

fn serving() -> MiniHBase {
    let long = Duration::from_hours(1);
    let builder = MiniHBase::builder().transport(Transport::Http);
    builder.transfer_timeout(long).idle_timeout(long).start().unwrap()
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn new(server: &MiniHBase) -> Self {
        Self(BufReader::new(socket(&server.address().to_string())))
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).unwrap();
    }

    fn post(&mut self, headers: &str, body: &[u8]) {
        let head = format!(
            "POST /any HTTP/1.1\r\nHost: localhost:9090\r\nContent-Type: application/x-thrift\r\n\
             {headers}\r\n"
        );
        self.send(&[head.as_bytes(), body].concat());
    }

    /// A reply's status and body.
    fn reply(&mut self) -> (String, Vec<u8>) {
        let mut status = String::new();
        self.0.read_line(&mut status).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status.trim_end().to_owned(), body)
    }

    fn is_closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0))
    }
}

fn call() -> Vec<u8> {
    message(Form::Binary, "getClusterId", &[])
}

fn length() -> String {
    format!("Content-Length: {}\r\n", call().len())
}

#[test]
fn a_connection_stays_open_for_bodies_with_lengths_and_in_chunks() {
    let server = serving();
    let mut client = Client::new(&server);
    let call = call();
    let (first, second) = call.split_at(5);
    let chunks = [
        b"5;x=y\r\n".as_slice(),
        first,
        b"\r\n",
        format!("{:X}\r\n", second.len()).as_bytes(),
        second,
        b"\r\n0\r\nTrailer: x\r\n\r\n",
    ]
    .concat();
    for _ in 0..3 {
        client.post(&length(), &call);
        let (status, body) = client.reply();
        assert_eq!(status, "HTTP/1.1 200 OK");
        assert!(body.starts_with(b"\x80\x01\x00\x02"), "{}", body.escape_ascii());
        client.post("Transfer-Encoding: chunked\r\n", &chunks);
        assert_eq!(client.reply().0, "HTTP/1.1 200 OK");
    }
    // Two at once are replied to in their order.
    client.post(&length(), &call);
    client.post(&format!("{}Connection: close\r\n", length()), &call);
    assert_eq!(client.reply().0, "HTTP/1.1 200 OK");
    assert_eq!(client.reply().0, "HTTP/1.1 200 OK");
    assert!(client.is_closed());
    assert_eq!(server.calls("getClusterId"), 8);
}

#[test]
fn a_client_that_waits_for_it_is_asked_for_its_body() {
    let server = serving();
    let mut client = Client::new(&server);
    client.post(&format!("{}Expect: 100-continue\r\n", length()), b"");
    assert_eq!(client.reply().0, "HTTP/1.1 100 Continue");
    client.send(&call());
    assert_eq!(client.reply().0, "HTTP/1.1 200 OK");
}

#[test]
fn web_pages_are_refused_and_nothing_is_done() {
    let server = MiniHBase::builder().transport(Transport::Http).admit_host("hbase").start();
    let server = server.unwrap();
    let refused = |head: &str| {
        let mut client = Client::new(&server);
        client.send(&[head.as_bytes(), &call()].concat());
        let (status, _) = client.reply();
        assert!(client.is_closed(), "{head}");
        status.split_once(' ').unwrap().1[..3].to_owned()
    };
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-thrift\r\n{}\r\n",
        length()
    );
    let page = head.replace("\r\n\r\n", "\r\nOrigin: http://evil.test\r\n\r\n");
    assert_eq!(refused(&page), "403");
    assert_eq!(refused(&head.replace("localhost", "evil.test")), "403");
    assert_eq!(refused(&head.replace("application/x-thrift", "text/plain")), "415");
    assert_eq!(refused(&head.replace("Content-Type: application/x-thrift\r\n", "")), "415");
    assert_eq!(refused(&head.replace("POST", "OPTIONS")), "405");
    assert_eq!(server.calls("getClusterId"), 0);
    let mut client = Client::new(&server);
    client.send(&[head.replace("localhost", "HBase:9090").as_bytes(), &call()].concat());
    assert_eq!(client.reply().0, "HTTP/1.1 200 OK");
}

#[test]
fn a_body_that_is_no_message_is_refused_however_long_the_client_would_wait() {
    let server = serving();
    let longer = [call(), b"x".to_vec()].concat();
    let shorter = &call()[..10];
    let bodies: [&[u8]; 4] = [b"", b"\xff\xff\xff\xff", &longer, shorter];
    for body in bodies {
        let mut client = Client::new(&server);
        client.post(&format!("Content-Length: {}\r\n", body.len()), body);
        assert_eq!(
            client.reply().0,
            "HTTP/1.1 500 Not a Thrift message",
            "{}",
            body.escape_ascii()
        );
        assert!(client.is_closed());
    }
    let mut client = Client::new(&server);
    // Sent while it is refused: the refusal arrives all the same.
    client.post("Content-Length: 999999999\r\n", &vec![0; 500_000]);
    assert_eq!(client.reply().0, "HTTP/1.1 413 Content Too Large");
}
