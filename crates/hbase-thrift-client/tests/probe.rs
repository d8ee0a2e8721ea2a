//! Gateways that speak something else than what is configured: the error says what they speak.

#![allow(clippy::unwrap_used)]

mod fakes;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use fakes::{CONNECT_TIMEOUT, assert_says, config, failure, server, server_type_reply};
use hbase_thrift_client::{Client, ErrorKind, Interface, Protocol, Transport};

/// A buffered gateway takes a frame's length for that of a name, and waits for the rest of it.
fn buffered_binary(mut stream: TcpStream) {
    let mut request = [0; 64];
    while let Ok(1..) = stream.read(&mut request) {
        match request[0] {
            0x80 => drop(stream.write_all(&server_type_reply(&request, 1))),
            0 => {}
            _ => return,
        }
    }
}

/// A framed gateway closes at a frame of such a length, or of another protocol.
fn framed_binary(kind: u8) -> impl Fn(TcpStream) {
    move |mut stream| {
        let mut request = [0; 64];
        while let Ok(1..) = stream.read(&mut request) {
            if request[0] != 0 || request[4] != 0x80 {
                return;
            }
            let reply = server_type_reply(&request[4..], kind);
            let length = (reply.len() as u32).to_be_bytes();
            let _ = stream.write_all(&[length.as_slice(), &reply].concat());
        }
    }
}

/// The answer to `getThriftServerType` in the compact protocol.
fn buffered_compact(mut stream: TcpStream) {
    let mut request = [0; 64];
    while let Ok(1..) = stream.read(&mut request) {
        if request[0] != 0x82 {
            return;
        }
        let number_and_name = &request[2..2 + 1 + 1 + "getThriftServerType".len()];
        let _ = stream.write_all(&[&[0x82, 0x41], number_and_name, &[5, 0, 0, 0]].concat());
    }
}

fn framed() -> SocketAddr {
    server(framed_binary(1))
}

#[test]
fn a_framed_gateway_is_named_to_who_has_it_buffered() {
    let error = failure(config(framed()));
    assert_says(
        &error,
        ErrorKind::WrongProtocol,
        &["the gateway speaks framed binary: use transport=framed&protocol=binary"],
    );
}

#[test]
fn a_buffered_gateway_is_named_within_the_connect_time_out_although_it_only_hangs() {
    let started = Instant::now();
    let error = failure(config(server(buffered_binary)).transport(Transport::Framed));
    assert!(started.elapsed() < CONNECT_TIMEOUT, "{:?}", started.elapsed());
    assert_says(
        &error,
        ErrorKind::WrongProtocol,
        &["the gateway speaks buffered binary: use transport=buffered&protocol=binary"],
    );
}

#[test]
fn a_compact_gateway_is_named() {
    let error = failure(config(server(buffered_compact)));
    assert_says(&error, ErrorKind::WrongProtocol, &["transport=buffered&protocol=compact"]);
}

#[test]
fn a_gateway_of_the_other_interface_is_named_whatever_its_transport() {
    for (kind, other) in [(2, Interface::One), (1, Interface::Two)] {
        for transport in [Transport::Buffered, Transport::Framed] {
            let config = config(server(framed_binary(kind))).transport(transport);
            let error = failure(config.interface(other));
            let found = format!("this is a Thrift {kind} gateway");
            let spoken = format!("the client speaks {other}: name a gateway of that interface");
            assert_says(&error, ErrorKind::WrongProtocol, &[&found, &spoken]);
        }
    }
}

/// A buffered gateway that knows this method alone, and has no scanner to close.
fn old(known: &'static str) -> impl Fn(TcpStream) {
    move |mut stream| {
        let mut request = [0; 128];
        while let Ok(8..) = stream.read(&mut request) {
            let _ = stream.write_all(&old_reply(known, &request));
        }
    }
}

fn old_reply(known: &str, request: &[u8]) -> Vec<u8> {
    let name_end = 8 + usize::from(request[7]);
    let (name, number) = (&request[8..name_end], &request[name_end..name_end + 4]);
    let (kind, body) = if name == known.as_bytes() {
        (2, [&[12, 0, 2, 11, 0, 1, 0, 0, 0, 2], &b"no"[..], &[0, 0]].concat())
    } else {
        (3, [&[11, 0, 1, 0, 0, 0, 2], &b"no"[..], &[8, 0, 2, 0, 0, 0, 1, 0]].concat())
    };
    let head = [&[0x80, 1, 0, kind], &request[4..8], name, number].concat();
    [head, body].concat()
}

#[test]
fn a_gateway_that_cannot_say_its_interface_is_known_by_the_methods_that_it_has() {
    for (known, interface) in [
        ("scannerClose", Some(Interface::One)),
        ("closeScanner", Some(Interface::Two)),
        ("neither", None),
    ] {
        let address = server(old(known));
        let found = Client::probe(&config(address)).unwrap();
        assert_eq!(found.interface(), interface, "{known}");
        Client::connect(config(address)).unwrap().ping().unwrap();
        // Who names one is believed.
        for named in [Interface::One, Interface::Two] {
            let config = config(address).interface(named);
            assert_eq!(Client::probe(&config).unwrap().interface(), Some(named));
            Client::connect(config).unwrap().ping().unwrap();
        }
    }
}

#[test]
fn gateways_of_different_interfaces_are_not_used_together() {
    let (one, two) = (server(old("scannerClose")), server(old("closeScanner")));
    let both = config(one).endpoint(two.ip().to_string(), two.port()).max_connections(1);
    let client = Client::lazy(both).unwrap();
    // Whichever it begins with, it stays there.
    (0..4).for_each(|_| client.ping().unwrap());
    let status = client.pool_status();
    let connected = status.gateways.iter().filter(|gateway| gateway.connections > 0);
    assert_eq!(connected.count(), 1);
}

#[test]
fn a_slow_gateway_has_all_of_the_connect_time_out() {
    let address = server(|stream| {
        // Longer than the client waits before it looks for another way to speak.
        std::thread::sleep(CONNECT_TIMEOUT / 2);
        buffered_binary(stream);
    });
    Client::connect(config(address)).unwrap();
}

#[test]
fn a_probe_tells_what_it_found_and_the_url_for_it() {
    let address = framed();
    let found = Client::probe(&config(address)).unwrap();
    assert_eq!((found.transport(), found.protocol()), (Transport::Framed, Protocol::Binary));
    assert_eq!(found.interface(), Some(Interface::One));
    assert_eq!(found.to_string(), "framed binary, Thrift 1");
    assert_eq!(found.url(), format!("hbase://{address}/?transport=framed"));
    Client::connect(found.url()).unwrap();
}

#[test]
fn a_probe_passes_over_a_gateway_that_is_down() {
    let down = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let up = framed();
    let found = Client::probe(&config(down).endpoint(up.ip().to_string(), up.port())).unwrap();
    assert_eq!(found.gateway().port(), up.port());
}

#[test]
fn a_probe_of_something_else_fails_as_connecting_does() {
    let address = server(drop);
    let error = Client::probe(&config(address)).unwrap_err();
    assert_says(&error, ErrorKind::Connect, &["closes the connection"]);
}

#[cfg(feature = "http")]
mod over_http {
    use super::*;
    use crate::fakes::{read_request, response, serve_http, within_bounds};

    fn http() -> SocketAddr {
        server(|mut stream| {
            serve_http(&mut stream, |_, body| {
                Some(response("200 OK", "", &server_type_reply(body, 1)))
            });
        })
    }

    /// To find out what such a gateway has takes more than one call.
    #[test]
    fn a_gateway_that_cannot_say_its_interface_may_close_each_connection_after_a_reply() {
        for (known, interface) in
            [("scannerClose", Interface::One), ("closeScanner", Interface::Two)]
        {
            for says_so in [true, false] {
                let address = server(move |mut stream| {
                    let Some((_, body)) = read_request(&mut stream) else { return };
                    let header = if says_so { "Connection: close\r\n" } else { "" };
                    let reply = response("200 OK", header, &old_reply(known, &body));
                    let _ = stream.write_all(&reply);
                });
                let config = within_bounds(format!("http://{address}/").parse().unwrap());
                let found = Client::probe(&config).unwrap();
                assert_eq!(found.interface(), Some(interface), "{known}, {says_so}");
                Client::connect(config).unwrap().ping().unwrap();
            }
        }
    }

    #[test]
    fn an_http_gateway_is_named_with_its_url() {
        let address = http();
        let error = failure(config(address));
        let url = format!("speaks HTTP: use http://{address}/");
        assert_says(&error, ErrorKind::WrongProtocol, &[&url]);
    }

    #[test]
    fn a_plain_gateway_is_named_to_who_has_it_as_http() {
        let error = failure(config(framed()).transport(Transport::Http));
        assert_says(&error, ErrorKind::WrongProtocol, &["framed binary", "transport=framed"]);
    }
}
