//! HTTP gateways, and what else answers at an HTTP address.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used)]

mod closing;
#[path = "../fakes/mod.rs"]
mod fakes;
mod made_headers;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fakes::{
    CONNECT_TIMEOUT, OPERATION_TIMEOUT, assert_says, failure, read_request, response, serve_http,
    server, server_type_reply, within_bounds,
};
use hbase_thrift_client::{Client, Config, ErrorKind, Get, Increment, Outcome, Put};

fn config(address: SocketAddr) -> Config {
    within_bounds(format!("http://{address}/thrift").parse().unwrap())
}

/// A server that answers every request as `answer` does.
fn http(answer: impl Fn(&str, &[u8]) -> Option<Vec<u8>> + Send + Sync + 'static) -> SocketAddr {
    server(move |mut stream| serve_http(&mut stream, &answer))
}

fn good(body: &[u8]) -> Vec<u8> {
    response("200 OK", "", &server_type_reply(body, 1))
}

/// A gateway that proves itself and answers any other call as `answer` does.
fn gateway(answer: impl Fn() -> Option<Vec<u8>> + Send + Sync + 'static) -> Client {
    let is_proof = |body: &[u8]| body.get(8..27) == Some(b"getThriftServerType");
    let address = http(move |_, body| if is_proof(body) { Some(good(body)) } else { answer() });
    Client::connect(config(address).max_attempts(1)).unwrap()
}

fn put(client: &Client) -> hbase_thrift_client::Result<()> {
    client.table("t").put(&Put::new("r").column("f:x", "1"))
}

#[test]
fn a_call_is_a_post_with_what_is_configured() {
    let address = http(|head, body| {
        let expected = [
            "POST /thrift HTTP/1.1\r\n",
            "\r\nContent-Type: application/x-thrift\r\n",
            "\r\nAuthorization: Basic bWU6cHc=\r\n",
            "\r\ndoAs: you\r\n",
            "\r\nX-Trace: 7\r\n",
        ];
        let missing = expected.iter().any(|line| !head.contains(line));
        Some(if missing { response("400 Bad Request", "", b"") } else { good(body) })
    });
    let url = format!("http://me:pw@{address}/thrift?do_as=you");
    let config: Config = url.parse().unwrap();
    Client::connect(config.header("X-Trace", "7")).unwrap().ping().unwrap();
}

#[test]
fn a_token_is_asked_for_with_each_request() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let address = http(move |head, body| {
        seen.lock().unwrap().push(head.to_lowercase());
        Some(good(body))
    });
    let token = Arc::new(Mutex::new(Ok("first")));
    let newest = Arc::clone(&token);
    let config =
        config(address).header_from("Authorization", move || match *newest.lock().unwrap() {
            Ok(token) => Ok(format!("Bearer {token}")),
            Err(()) => Err("no token today".into()),
        });
    assert!(!format!("{config:?} {config}").contains("first"));
    let client = Client::connect(config).unwrap();
    *token.lock().unwrap() = Ok("second");
    client.ping().unwrap();
    *token.lock().unwrap() = Err(());
    let error = client.ping().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotApplied));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no token today");
    *token.lock().unwrap() = Ok("third");
    client.ping().unwrap();
    let heads = heads.lock().unwrap();
    let tokens = heads.iter().map(|head| {
        let lines = head.lines();
        lines.filter_map(|line| line.strip_prefix("authorization: bearer ")).collect::<Vec<_>>()
    });
    assert_eq!(tokens.collect::<Vec<_>>(), [["first"], ["second"], ["third"]]);
}

#[test]
fn chunks_are_put_together_and_the_connection_is_kept() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let address = server(move |mut stream| {
        counter.fetch_add(1, Ordering::Relaxed);
        serve_http(&mut stream, |_, body| {
            let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            for piece in server_type_reply(body, 1).chunks(7) {
                write!(answer, "{:x};name=value\r\n", piece.len()).unwrap();
                answer.extend([piece, b"\r\n"].concat());
            }
            answer.extend(b"0\r\nTrailer: x\r\n\r\n");
            Some(answer)
        });
    });
    let client = Client::connect(config(address)).unwrap();
    for _ in 0..10 {
        client.ping().unwrap();
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

/// A server that answers one request on each connection, with these headers; counts those that it has
/// closed.
fn one_request_each(headers: &'static str) -> (SocketAddr, Arc<AtomicUsize>) {
    let closed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&closed);
    let address = server(move |mut stream| {
        let Some((_, body)) = read_request(&mut stream) else { return };
        let _ = stream.write_all(&response("200 OK", headers, &server_type_reply(&body, 1)));
        drop(stream);
        counter.fetch_add(1, Ordering::SeqCst);
    });
    (address, closed)
}

#[test]
fn a_connection_that_the_server_ends_with_each_reply_is_replaced_unnoticed() {
    let (address, _) = one_request_each("Connection: close\r\n");
    let client = Client::connect(config(address).max_attempts(1)).unwrap();
    for _ in 0..5 {
        client.ping().unwrap();
    }
}

#[test]
fn a_connection_that_is_closed_between_calls_without_a_word_is_replaced() {
    let (address, closed) = one_request_each("");
    let client = Client::connect(config(address).max_attempts(1)).unwrap();
    for call in 0..5 {
        // That the connection of the call before is closed has arrived here.
        while closed.load(Ordering::SeqCst) <= call {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_millis(20));
        client.ping().unwrap();
    }
}

#[test]
fn a_missing_user_is_access_denied_with_a_hint() {
    let address = http(|_, _| Some(response("401 Unauthorized", "", b"<html>")));
    let error = failure(config(address));
    assert_says(&error, ErrorKind::AccessDenied, &["user:password@", "401"]);

    let error = failure(config(address).basic_auth("me", "secret-word"));
    assert_says(&error, ErrorKind::AccessDenied, &["refuses the user", "401"]);
    assert!(!format!("{error} {error:?}").contains("secret-word"));
}

#[test]
fn a_gateway_with_kerberos_is_named() {
    let headers = "WWW-Authenticate: Negotiate\r\n";
    let address = http(move |_, _| Some(response("401 Unauthorized", headers, b"")));
    assert_says(&failure(config(address)), ErrorKind::AccessDenied, &["Kerberos", "401"]);
}

#[test]
fn a_wrong_path_is_named() {
    let address = http(|_, _| Some(response("404 Not Found", "", b"nothing here")));
    assert_says(&failure(config(address)), ErrorKind::WrongProtocol, &["/thrift", "404"]);
}

#[test]
fn a_web_page_is_no_gateway() {
    let address = http(|_, _| Some(response("200 OK", "", b"<html>Welcome</html>")));
    assert_says(&failure(config(address)), ErrorKind::WrongProtocol, &["no Thrift gateway"]);
}

#[test]
fn a_failure_inside_the_gateway_leaves_the_fate_of_a_call_unknown() {
    let page = b"<html><title>Error 500 javax.servlet.ServletException: why</title>";
    let client = gateway(|| Some(response("500 Server Error", "", page)));
    let error = put(&client).unwrap_err();
    assert_says(&error, ErrorKind::Server, &["ServletException: why", "500", "mutateRow"]);
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[test]
fn a_request_too_large_for_a_proxy_was_not_applied() {
    let client = gateway(|| Some(response("413 Payload Too Large", "", b"")));
    let error = put(&client).unwrap_err();
    assert_says(&error, ErrorKind::TooLarge, &["413"]);
    assert_eq!(error.outcome(), Outcome::NotApplied);
}

#[test]
fn a_proxy_that_stops_reading_too_large_a_request_is_heard_all_the_same() {
    let address = server(|mut stream| {
        let Some((_, body)) = read_request(&mut stream) else { return };
        let _ = stream.write_all(&response("200 OK", "", &server_type_reply(&body, 1)));
        let _ = stream.read_exact(&mut [0; 1000]);
        let _ = stream.write_all(&response("413 Payload Too Large", "", b""));
    });
    let client = Client::connect(config(address).max_attempts(1)).unwrap();
    let large = Put::new("r").column("f:x", vec![b'x'; 8 << 20]);
    let error = client.table("t").put(&large).unwrap_err();
    assert_says(&error, ErrorKind::TooLarge, &["413"]);
    assert_eq!(error.outcome(), Outcome::NotApplied);
}

#[test]
fn a_proxy_without_its_gateway_is_tried_again() {
    let client = gateway(|| Some(response("502 Bad Gateway", "", b"")));
    let error = put(&client).unwrap_err();
    assert_says(&error, ErrorKind::Connect, &["502"]);
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(error.is_retryable());
}

#[test]
fn a_reply_over_the_limit_is_refused_without_the_memory() {
    // A string of 2 GiB, as long as it says.
    let reply = [&[0x80, 1, 0, 2], i32::MAX.to_be_bytes().as_slice()].concat();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", i64::MAX);
    let client = gateway(move || Some([head.as_bytes(), &reply].concat()));
    assert_says(&put(&client).unwrap_err(), ErrorKind::TooLarge, &["max_reply_size"]);
}

#[test]
fn an_endless_head_is_refused() {
    let address =
        http(|_, _| Some([b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'x'; 80_000]].concat()));
    assert_says(&failure(config(address)), ErrorKind::WrongProtocol, &["64 KiB"]);
}

#[test]
fn an_answer_that_is_cut_off_is_a_lost_connection() {
    let client = gateway(|| {
        Some(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\n\x80".to_vec())
    });
    let error = put(&client).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");

    let client = gateway(|| Some(response("200 OK", "", &[0x80, 1])));
    assert_says(&put(&client).unwrap_err(), ErrorKind::Protocol, &["middle of the reply"]);
}

#[test]
fn a_slow_server_ends_at_the_time_out() {
    let address = server(|mut stream| {
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n".iter().cycle() {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            // The pace of the trickle, well below the time-out; nothing waits for it.
            thread::sleep(Duration::from_millis(20));
        }
    });
    let error = failure(config(address));
    assert_says(&error, ErrorKind::Connect, &["no reply within 300ms"]);
    assert!(CONNECT_TIMEOUT < OPERATION_TIMEOUT);
}

#[test]
fn each_call_of_a_pipeline_is_a_request_of_its_own() {
    // One reply too short for a put: with two calls in a request the second would hang.
    let client = gateway(|| Some(response("413 Payload Too Large", "", b"")));
    let table = client.table("t");
    let mut pipeline = client.pipeline();
    for row in ["a", "b"] {
        pipeline.put(&table, Put::new(row).column("f:x", "1")).unwrap();
    }
    let results: Vec<_> = pipeline.send().into_results().collect();
    assert_says(results[0].as_ref().unwrap_err(), ErrorKind::TooLarge, &["413"]);
    assert_eq!(results[1].as_ref().unwrap_err().outcome(), Outcome::NotApplied);
}

/// A connection that the server has closed without a word, which shows only after the request was
/// sent: nobody knows whether it came through. What can be repeated is, on another connection.
#[test]
fn a_request_that_meets_a_closed_connection_has_an_honest_outcome() {
    let connect = |attempts| {
        let address = one_request_each_and_then_silence();
        Client::connect(config(address).max_attempts(attempts)).unwrap().table("t")
    };
    let (put, get) = (Put::new("r").column("f:x", "1"), Get::new("r"));
    let increment = Increment::new("r", "f:n", 1);
    let error = connect(1).put(&put).unwrap_err();
    assert_says(&error, ErrorKind::ConnectionLost, &["mutateRow"]);
    assert_eq!((error.outcome(), error.is_retryable()), (Outcome::Unknown, true));
    let error = connect(1).get(&get).unwrap_err();
    assert_eq!((error.outcome(), error.is_retryable()), (Outcome::NotApplied, true));
    let error = connect(9).increment(&increment).unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
    assert!(!error.is_retryable());
    connect(2).put(&put).unwrap();
}

/// A gateway whose first connection is closed after the request that follows the proof was read; the
/// others are kept.
fn one_request_each_and_then_silence() -> SocketAddr {
    let connections = AtomicUsize::new(0);
    server(move |mut stream| {
        let is_first = connections.fetch_add(1, Ordering::Relaxed) == 0;
        serve_http(&mut stream, |_, body| {
            let is_proof = body.get(8..27) == Some(b"getThriftServerType");
            match is_proof {
                true => Some(good(body)),
                false if is_first => None,
                false => Some(response("200 OK", "", &void_reply(body))),
            }
        });
    })
}

/// The reply of a method that returns nothing.
fn void_reply(request: &[u8]) -> Vec<u8> {
    let name = 4 + u32::from_be_bytes(request[4..8].try_into().unwrap()) as usize;
    [&[0x80, 1, 0, 2], &request[4..4 + name + 4], &[0]].concat()
}
