//! TLS and HTTP around the connections.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::join_all;
use hbase_thrift_client::aio::Client;
use hbase_thrift_client::{Config, ErrorKind, Get, Put, Scan};
use mini_hbase::{MiniHBase, Transport};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::{fill, keys, start};

/// Puts TLS around a server; returns where, and the root certificate to trust.
async fn tls_proxy(server: SocketAddr) -> (u16, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let own_key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let own = own.signed_by(&own_key, &root).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![own.der().clone()],
            PrivatePkcs8KeyDer::from(own_key.serialize_der()).into(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut client = acceptor.accept(client).await.ok()?;
                let mut server = TcpStream::connect(server).await.ok()?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await.ok()
            });
        }
    });
    (port, root.pem())
}

#[tokio::test]
async fn calls_of_all_sizes_go_through_tls() {
    let server = start();
    let (port, root) = tls_proxy(server.address()).await;
    let config = Config::new("127.0.0.1", port).ca_pem(root).max_connections(2);
    let client = Client::connect(config).await.unwrap();
    let table = fill(&client, "t", 500).await;
    // Over a record, and over what fits into the sockets' buffers.
    for size in [1, 16 << 10, 100_000, 5 << 20] {
        let value = vec![b'v'; size];
        table.put(&Put::new("large").column("f:x", value.clone())).await.unwrap();
        let row = table.get(&Get::new("large")).await.unwrap().unwrap();
        assert_eq!(row.get("f:x"), Some(&value[..]));
    }
    table.delete(&hbase_thrift_client::Delete::row("large")).await.unwrap();
    let gets = keys(500).map(|key| {
        let table = &table;
        async move { table.get(&Get::new(key)).await.unwrap().is_some() }
    });
    assert!(join_all(gets).await.into_iter().all(|is_there| is_there));
    let rows = table.scan(Scan::new().caching(50)).await.unwrap();
    assert_eq!(rows.count_rows().await.unwrap(), 500);
}

#[tokio::test]
async fn a_gateway_that_is_not_trusted_gets_no_call() {
    let server = start();
    let (port, _) = tls_proxy(server.address()).await;
    let (_, other_root) = tls_proxy(server.address()).await;
    let config = Config::new("127.0.0.1", port).ca_pem(other_root);
    let error = Client::connect(config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
}

#[tokio::test]
async fn calls_go_over_http() {
    let server = MiniHBase::builder().in_memory().transport(Transport::Http).start().unwrap();
    let url = server.url();
    let client = Client::connect(url.as_str()).await.unwrap();
    let table = fill(&client, "t", 500).await;
    let gets = keys(500).map(|key| {
        let table = &table;
        async move { table.get(&Get::new(key)).await.unwrap().is_some() }
    });
    assert!(join_all(gets).await.into_iter().all(|is_there| is_there));
    let rows = table.scan(Scan::new().caching(50)).await.unwrap();
    assert_eq!(rows.count_rows().await.unwrap(), 500);
}
