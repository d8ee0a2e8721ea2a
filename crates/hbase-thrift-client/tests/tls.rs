//! TLS around the plain socket and around HTTP: whom the client trusts, and what it says otherwise.

#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used)]

mod authority;
mod fakes;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use authority::Authority;
use fakes::{assert_says, server, server_type_reply};
use hbase_thrift_client::{Client, Config, Error, ErrorKind};
use rustls::{ServerConnection, StreamOwned};

type TlsStream = StreamOwned<ServerConnection, TcpStream>;

/// A server whose certificate is for `name`.
fn tls_server(
    authority: &Authority,
    name: &str,
    serve: impl Fn(TlsStream) + Send + Sync + 'static,
) -> SocketAddr {
    let config = authority.server_config(name);
    server(move |stream| {
        let session = ServerConnection::new(Arc::clone(&config)).unwrap();
        serve(StreamOwned::new(session, stream));
    })
}

/// A plain gateway, as it is behind a TLS proxy.
fn gateway(mut stream: TlsStream) {
    let mut request = [0; 64];
    while let Ok(1..) = stream.read(&mut request) {
        if stream.write_all(&server_type_reply(&request, 1)).is_err() {
            return;
        }
    }
}

fn config(address: SocketAddr, authority: &Authority) -> Config {
    Config::new("127.0.0.1", address.port())
        .ca_pem(authority.pem())
        .connect_timeout(Duration::from_secs(2))
}

fn failure(config: Config) -> Error {
    Client::connect(config).unwrap_err()
}

#[test]
fn a_gateway_behind_a_tls_proxy_is_reached_with_its_root() {
    let authority = Authority::new();
    let address = tls_server(&authority, "127.0.0.1", gateway);
    let client = Client::connect(config(address, &authority)).unwrap();
    client.ping().unwrap();
}

#[test]
fn the_root_can_be_in_a_file_that_the_url_names() {
    let authority = Authority::new();
    let address = tls_server(&authority, "127.0.0.1", gateway);
    let file = std::env::temp_dir().join(format!("root-{}.pem", address.port()));
    std::fs::write(&file, authority.pem()).unwrap();
    let url = format!("hbases://{address}/?ca_file={}", file.display());
    let result = Client::connect(url).and_then(|client| client.ping());
    std::fs::remove_file(&file).unwrap();
    result.unwrap();
}

#[test]
fn a_certificate_of_an_unknown_issuer_is_refused() {
    let address = tls_server(&Authority::new(), "127.0.0.1", gateway);
    let error = failure(config(address, &Authority::new()));
    assert_says(&error, ErrorKind::Tls, &["nobody who is trusted", "ca_file"]);
    assert!(!error.is_retryable());
}

#[test]
fn without_a_root_those_of_the_system_are_trusted_and_no_others() {
    let address = tls_server(&Authority::new(), "127.0.0.1", gateway);
    let error = failure(Config::new("127.0.0.1", address.port()).tls());
    // A system may have no roots at all.
    assert!(matches!(error.kind(), ErrorKind::Tls | ErrorKind::Config), "{error}");
    assert!(error.to_string().contains("ca_file"), "{error}");
}

#[test]
fn a_certificate_for_another_name_is_refused_unless_that_name_is_expected() {
    let authority = Authority::new();
    let address = tls_server(&authority, "gateway.example.org", gateway);
    let error = failure(config(address, &authority));
    assert_says(&error, ErrorKind::Tls, &["not for 127.0.0.1", "server_name"]);

    let config = config(address, &authority).server_name("gateway.example.org");
    Client::connect(config).unwrap().ping().unwrap();
}

#[test]
fn a_gateway_that_demands_a_certificate_gets_the_clients() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server_config = authority.server_config_for("127.0.0.1", &clients);
    let address = server(move |stream| {
        let session = ServerConnection::new(Arc::clone(&server_config)).unwrap();
        gateway(StreamOwned::new(session, stream));
    });
    let config = || config(address, &authority);
    let (certificate, key) = clients.certificate("me");
    let own = config().client_cert_pem(certificate.as_str(), key.as_str());
    assert!(!format!("{own:?} {own}").contains(&key[30..60]));
    Client::connect(own).unwrap().ping().unwrap();

    let folder = tempfile::tempdir().unwrap();
    let [certificates, keys, root] =
        ["me.crt", "me.key", "ca.pem"].map(|name| folder.path().join(name));
    std::fs::write(&certificates, &certificate).unwrap();
    std::fs::write(&keys, &key).unwrap();
    std::fs::write(&root, authority.pem()).unwrap();
    let url = format!(
        "hbases://{address}/?ca_file={}&client_cert_file={}&client_key_file={}",
        root.display(),
        certificates.display(),
        keys.display()
    );
    Client::connect(&url).unwrap().ping().unwrap();
    let shown = url.parse::<Config>().unwrap().to_string();
    Client::connect(shown).unwrap().ping().unwrap();

    assert_says(&failure(config()), ErrorKind::Tls, &["demands a certificate", "client_cert_file"]);
    let (other, other_key) = Authority::new().certificate("me");
    let error = failure(config().client_cert_pem(other.as_str(), other_key.as_str()));
    assert_says(&error, ErrorKind::Tls, &["does not accept"]);
    let error = failure(config().client_cert_pem(certificate.as_str(), other_key.as_str()));
    assert_says(&error, ErrorKind::Config, &["is not that of the first certificate"]);
    let error = failure(config().client_cert_pem(certificate.as_str(), "nothing"));
    assert_says(&error, ErrorKind::Config, &["no private key"]);
    let error = failure(config().client_cert_pem("nothing", key.as_str()));
    assert_says(&error, ErrorKind::Config, &["no certificate"]);
    let error = format!("hbases://{address}/?client_cert_file=a").parse::<Config>().unwrap_err();
    assert_says(&error, ErrorKind::Config, &["needs its key"]);
    let error = failure(config().client_cert_files("/nowhere/a", "/nowhere/b"));
    assert_says(&error, ErrorKind::Config, &["/nowhere/a", "can't be read"]);
}

#[test]
fn a_file_that_is_no_certificate_is_named() {
    let config = |pem: &str| Config::new("127.0.0.1", 1).ca_pem(pem);
    assert_says(&failure(config("nothing")), ErrorKind::Config, &["no certificate"]);
    let missing = Config::new("127.0.0.1", 1).ca_file("/nowhere/root.pem");
    assert_says(&failure(missing), ErrorKind::Config, &["/nowhere/root.pem", "can't be read"]);
}

/// What stands in files that were meant for others, or that somebody broke, and what to do then.
#[test]
fn a_file_that_is_not_what_it_should_be_is_named_with_what_to_do() {
    const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n\
                             -----END ENCRYPTED PRIVATE KEY-----\n";
    const OLD_ENCRYPTED: &str = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                                 DEK-Info: AES-128-CBC,00\n\nAAAA\n\
                                 -----END RSA PRIVATE KEY-----\n";
    let authority = Authority::new();
    let ((certificate, key), (_, other_key)) =
        (authority.certificate("me"), Authority::new().certificate("me"));
    let rubbish = |label: &str| {
        format!("-----BEGIN {label}-----\nAAAAAAAA\n-----END {label}-----\n").into_bytes()
    };
    let cut = |pem: &str| pem.as_bytes()[..pem.len() / 2].to_vec();
    let der = [0x30, 0x82, 1, 2, 3].to_vec();
    let issuers_first = [authority.pem(), certificate.clone()].concat();
    let one_is_broken = [certificate.as_bytes(), &rubbish("CERTIFICATE")].concat();
    let text = |text: &str| text.as_bytes().to_vec();
    let certificates = [
        (text(""), "no certificate in it: it is empty"),
        (text(" \r\n"), "it is empty"),
        (text("hello"), "one begins with -----BEGIN CERTIFICATE-----"),
        (text(&key), "a key in it, not the certificate"),
        (text(ENCRYPTED), "a key in it, not the certificate"),
        (der.clone(), "openssl"),
        (cut(&certificate), "cut off"),
        (text(&certificate.replace("MII", "!!!")), "changed by hand"),
        (rubbish("CERTIFICATE"), "certificate 1"),
        (one_is_broken, "certificate 2"),
    ];
    let keys = [
        (text(""), "no private key in it: it is empty"),
        (text("hello"), "one begins with -----BEGIN PRIVATE KEY-----"),
        (text(&certificate), "a certificate in it, not its key"),
        (text(ENCRYPTED), "openssl pkey"),
        (text(OLD_ENCRYPTED), "openssl pkey"),
        (der, "openssl"),
        (cut(&key), "cut off"),
        (rubbish("PRIVATE KEY"), "RSA of 2,048 bits"),
        (text(&other_key), "is not that of the first certificate"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let config = || Config::new("127.0.0.1", 1);
    let says = |config: Config, name: &str, expected: &str| {
        let error = failure(config);
        let name = folder.path().join(name).display().to_string();
        assert_says(&error, ErrorKind::Config, &[&name, expected]);
        let secret = key.lines().nth(1).unwrap();
        assert!(!format!("{error:?}").contains(&secret[..20]), "{error:?}");
    };
    for (bytes, expected) in &certificates {
        let broken = file("broken.crt", bytes);
        says(config().ca_file(&broken), "broken.crt", expected);
        let good = file("good.key", key.as_bytes());
        says(config().client_cert_files(&broken, good), "broken.crt", expected);
    }
    for (bytes, expected) in &keys {
        let (good, broken) = (file("good.crt", certificate.as_bytes()), file("broken.key", bytes));
        says(config().client_cert_files(good, broken), "broken.key", expected);
    }
    let (wrong_order, good) =
        (file("all.crt", issuers_first.as_bytes()), file("me.key", key.as_bytes()));
    says(config().client_cert_files(wrong_order, good), "all.crt", "before its issuers'");
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    says(config().ca_file(folder.path().join("folder")), "folder", "name the file in it");
    says(config().ca_file(folder.path().join("missing")), "missing", "check its path");
    // Endless, so no file of certificates.
    let endless = failure(config().ca_file("/dev/zero"));
    assert_says(&endless, ErrorKind::Config, &["/dev/zero", "more than 16 MiB"]);
}

/// What stands around the sections, as `openssl` writes it, does no harm.
#[test]
fn text_around_certificates_and_keys_is_passed_over() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server_config = authority.server_config_for("127.0.0.1", &clients);
    let address = server(move |stream| {
        let session = ServerConnection::new(Arc::clone(&server_config)).unwrap();
        gateway(StreamOwned::new(session, stream));
    });
    let (certificate, key) = clients.certificate("me");
    // One file with both, with the line ends of Windows.
    let both = format!("Bag Attributes\n  name: me\n{key}\nsubject=me\n\n{certificate}\nthe end");
    let both = both.replace('\n', "\r\n");
    let config = config(address, &authority).client_cert_pem(both.as_str(), both.as_str());
    Client::connect(config).unwrap().ping().unwrap();
}

#[test]
fn a_server_without_tls_is_told_from_one_that_is_not_trusted() {
    let authority = Authority::new();
    let closes = server(|mut stream| drop(stream.read(&mut [0; 64])));
    assert_says(&failure(config(closes, &authority)), ErrorKind::Connect, &["offered TLS"]);

    let talks = server(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let error = failure(config(talks, &authority));
    assert_says(&error, ErrorKind::WrongProtocol, &["does not speak TLS"]);
}

#[test]
fn a_handshake_that_never_ends_ends_at_the_time_out() {
    let authority = Authority::new();
    let silent = server(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let config = config(silent, &authority).connect_timeout(Duration::from_millis(300));
    assert_says(&failure(config), ErrorKind::Connect, &["within 300ms", "whether it speaks TLS"]);
}

/// Longer than the pool trusts a connection without looking.
const LOOKED_AT_AFTER: Duration = Duration::from_millis(1_100);

#[test]
fn a_connection_stays_usable_between_calls() {
    let (authority, connections) = (Authority::new(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&connections);
    let address = tls_server(&authority, "127.0.0.1", move |stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        gateway(stream);
    });
    let client = Client::connect(config(address, &authority).max_connections(1)).unwrap();
    // TLS has sent tickets meanwhile, which are not the gateway's words.
    std::thread::sleep(LOOKED_AT_AFTER);
    client.ping().unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_connection_that_was_closed_between_calls_is_replaced() {
    for says_so in [true, false] {
        let (authority, connections) = (Authority::new(), AtomicUsize::new(0));
        let address = tls_server(&authority, "127.0.0.1", move |mut stream| {
            if connections.fetch_add(1, Ordering::SeqCst) > 0 {
                return gateway(stream);
            }
            let mut request = [0; 64];
            if let Ok(1..) = stream.read(&mut request) {
                let _ = stream.write_all(&server_type_reply(&request, 1));
                if says_so {
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
        });
        let config = config(address, &authority).max_attempts(1);
        let client = Client::connect(config.max_connections(1)).unwrap();
        std::thread::sleep(LOOKED_AT_AFTER);
        client.ping().unwrap();
    }
}

#[cfg(feature = "http")]
#[test]
fn https_is_http_within_tls() {
    use fakes::{response, serve_http};
    let authority = Authority::new();
    let address = tls_server(&authority, "127.0.0.1", |mut stream| {
        serve_http(&mut stream, |_, body| {
            Some(response("200 OK", "", &server_type_reply(body, 1)))
        });
    });
    let config: Config = format!("https://{address}/any/path").parse().unwrap();
    Client::connect(config.ca_pem(authority.pem())).unwrap().ping().unwrap();
}

#[test]
fn what_a_tls_gateway_speaks_is_found_out_within_tls() {
    let authority = Authority::new();
    let address = tls_server(&authority, "127.0.0.1", gateway);
    let config = config(address, &authority).protocol(hbase_thrift_client::Protocol::Compact);
    let found = Client::probe(&config).unwrap();
    assert_eq!(found.to_string(), "buffered binary over TLS, Thrift 1");
}

/// Whatever happens to TLS after a request was sent, the request may have been carried out.
#[test]
fn a_tls_failure_after_the_request_leaves_its_fate_unknown() {
    use hbase_thrift_client::{Get, Increment, Outcome, Put};
    use std::sync::Mutex;
    use std::time::Instant;

    let not_tls: [&[u8]; 5] = [
        // A fatal alert in the clear, a record of garbage, one of another version, text, nothing.
        &[21, 3, 3, 0, 2, 2, 80],
        &[
            23, 3, 3, 0, 32, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
            21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
        ],
        &[99, 9, 9, 0, 1, 0],
        b"HTTP/1.1 500 Internal Server Error\r\n\r\n",
        b"",
    ];
    for bytes in not_tls {
        let authority = Authority::new();
        let received = Arc::new(Mutex::new(0));
        let counter = Arc::clone(&received);
        let address = tls_server(&authority, "127.0.0.1", move |mut stream| {
            let mut request = [0; 256];
            while let Ok(read @ 1..) = stream.read(&mut request) {
                if request[..read].windows(19).any(|name| name == b"getThriftServerType") {
                    let _ = stream.write_all(&server_type_reply(&request, 1));
                } else {
                    *counter.lock().unwrap() += 1;
                    let _ = stream.sock.write_all(bytes);
                    return;
                }
            }
        });
        let config = config(address, &authority).operation_timeout(Duration::from_secs(5));
        let table = Client::connect(config.max_attempts(2)).unwrap().table("t");
        let began = Instant::now();
        let error = table.increment(&Increment::new("r", "f:n", 1)).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error:?} after {bytes:?}");
        assert!(!error.is_retryable(), "{error:?}");
        assert_eq!(*received.lock().unwrap(), 1);
        let error = table.put(&Put::new("r").column("f:x", "1")).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error:?} after {bytes:?}");
        let error = table.get(&Get::new("r")).unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotApplied);
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
