//! Servers that aren't gateways, or not the one that was configured: each failure says what happened
//! and ends within its time-out.

#![allow(clippy::unwrap_used)]

mod fakes;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use fakes::{
    CONNECT_TIMEOUT, OPERATION_TIMEOUT, assert_says, config, failure, server, server_type_reply,
};
use hbase_thrift_client::{Client, Config, ErrorKind, Transport};

/// Nothing listens there; a port that was free a moment ago may be another test's by now.
fn closed_port() -> SocketAddr {
    ([127, 0, 0, 1], 1).into()
}

#[test]
fn a_closed_port_is_named_with_what_to_start() {
    let address = closed_port();
    let error = failure(config(address));
    assert_says(&error, ErrorKind::Connect, &["no gateway listens", &address.to_string()]);
}

#[test]
fn a_host_that_does_not_exist_is_named() {
    let config = Config::new("no-such-host.invalid", 9090)
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT);
    let error = Client::connect(config).unwrap_err();
    assert_says(&error, ErrorKind::Connect, &["no-such-host.invalid", "check the host name"]);
}

#[test]
fn a_server_that_never_answers_ends_in_time_with_what_it_may_be() {
    let address = server(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = failure(config(address));
    assert_says(&error, ErrorKind::Connect, &["no reply within 300ms", "transport=framed"]);
}

#[test]
fn a_server_that_closes_at_once_is_told_from_a_silent_one() {
    let address = server(drop);
    let error = failure(config(address));
    assert_says(&error, ErrorKind::Connect, &["closes the connection", "transport=framed"]);
}

#[test]
fn a_server_that_answers_garbage_is_no_gateway() {
    let address = server(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    for transport in [Transport::Buffered, Transport::Framed] {
        let error = failure(config(address).transport(transport));
        assert_says(&error, ErrorKind::WrongProtocol, &["no Thrift gateway"]);
    }
}

#[test]
fn an_http_server_is_recognised() {
    let address = server(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = failure(config(address));
    assert_says(&error, ErrorKind::WrongProtocol, &["HTTP"]);
}

#[test]
fn a_gateway_of_another_transport_is_recognised_by_its_answer() {
    let address = server(|mut stream| {
        let _ = stream.write_all(&[0, 0, 0, 40, 0x80, 1, 0, 3, 0, 0, 0, 1]);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = failure(config(address));
    assert_says(&error, ErrorKind::WrongProtocol, &["transport=framed"]);
}

#[test]
fn a_reply_that_claims_two_gigabytes_is_refused_without_the_memory() {
    let address = server(|mut stream| {
        let mut reply = vec![0x80, 1, 0, 2];
        reply.extend(i32::MAX.to_be_bytes());
        let _ = stream.write_all(&reply);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = failure(config(address));
    assert_says(&error, ErrorKind::TooLarge, &["max_reply_size"]);
}

#[test]
fn a_trickle_of_bytes_does_not_stretch_the_time_out() {
    let address = server(|mut stream| {
        // The head of a reply whose method has a name of 1000 bytes.
        for byte in [0x80, 1, 0, 2, 0, 0, 3, 0xe8].into_iter().chain([b'x'; 1000]) {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            // The pace of the trickle, well below the time-out; nothing waits for it.
            thread::sleep(Duration::from_millis(20));
        }
    });
    let error = failure(config(address));
    assert_says(&error, ErrorKind::Connect, &["no reply within 300ms"]);
}

#[test]
fn a_gateway_that_is_down_is_made_up_for_by_the_next() {
    let closed = closed_port();
    let gateway = server(|mut stream| {
        let mut request = [0; 64];
        while let Ok(1..) = stream.read(&mut request) {
            let _ = stream.write_all(&server_type_reply(&request, 1));
        }
    });
    let config = config(closed).endpoint(gateway.ip().to_string(), gateway.port());
    // Each client looks at another gateway first.
    for _ in 0..20 {
        let client = Client::connect(config.clone().max_attempts(1)).unwrap();
        client.ping().unwrap();
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused_before_any_connection() {
    let config = Config::new("localhost", 9090).operation_timeout(Duration::ZERO);
    let error = failure(config);
    assert_says(&error, ErrorKind::Config, &["time-out"]);
    assert_eq!(error.attempts(), 0);
}

/// Gateways that fail in different ways: the one that was chosen first says most about what is wrong.
#[test]
fn the_gateway_that_was_tried_first_is_the_one_that_is_reported() {
    for _ in 0..8 {
        let (sender, tried) = std::sync::mpsc::channel();
        let addresses = [1, 2].map(|number| {
            let sender = sender.clone();
            // Closes at once.
            server(move |_| sender.send(number).unwrap())
        });
        let [first, second] = addresses;
        let both = config(first).endpoint(second.ip().to_string(), second.port());
        let error = failure(both);
        let tried: Vec<usize> = tried.try_iter().collect();
        assert!(tried.contains(&1) && tried.contains(&2), "{tried:?}");
        let chosen = addresses[tried[0] - 1].to_string();
        assert_eq!(error.gateway(), Some(chosen.as_str()), "{error}");
    }
}
