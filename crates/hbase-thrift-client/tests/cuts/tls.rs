//! TLS in front of a server that has none.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection};

use crate::fakes::server;

/// Where TLS leads to this server; as long as the test's process.
pub(crate) fn front(upstream: SocketAddr, config: Arc<ServerConfig>) -> SocketAddr {
    server(move |stream| {
        let Ok(plain) = TcpStream::connect(upstream) else { return };
        for stream in [&stream, &plain] {
            stream.set_nodelay(true).unwrap();
        }
        let session = Mutex::new(ServerConnection::new(Arc::clone(&config)).unwrap());
        thread::scope(|scope| {
            // An error is either side hanging up.
            scope.spawn(|| {
                drop(encrypt(&session, &plain, &stream));
                end([&stream, &plain]);
            });
            drop(decrypt(&session, &stream, &plain));
            end([&stream, &plain]);
        });
    })
}

fn end(streams: [&TcpStream; 2]) {
    for stream in streams {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

fn encrypt(
    session: &Mutex<ServerConnection>,
    mut from: &TcpStream,
    to: &TcpStream,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while let read @ 1.. = from.read(&mut buffer)? {
        let mut session = session.lock().unwrap();
        session.writer().write_all(&buffer[..read])?;
        flush(&mut session, to)?;
    }
    Ok(())
}

fn decrypt(
    session: &Mutex<ServerConnection>,
    mut from: &TcpStream,
    mut to: &TcpStream,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while let read @ 1.. = from.read(&mut buffer)? {
        let mut bytes = &buffer[..read];
        while !bytes.is_empty() {
            let mut session = session.lock().unwrap();
            session.read_tls(&mut bytes)?;
            let state = session.process_new_packets().map_err(io::Error::other)?;
            let mut plain = vec![0; state.plaintext_bytes_to_read()];
            session.reader().read_exact(&mut plain)?;
            flush(&mut session, from)?;
            drop(session);
            to.write_all(&plain)?;
        }
    }
    Ok(())
}

fn flush(session: &mut ServerConnection, mut to: &TcpStream) -> io::Result<()> {
    while session.wants_write() {
        session.write_tls(&mut to)?;
    }
    Ok(())
}
