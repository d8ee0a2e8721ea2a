//! A way to the server that lets one request at a time through, and holds back the n-th.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

use hbase_thrift_client::{Client, Config, Transport};
use socorro_hbase_client::CrashStore;

pub(crate) struct Gate {
    server: Config,
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// How many requests have come.
    requests: u64,
    /// Which one is held back.
    nth: Option<u64>,
    is_held: bool,
    /// Whether the one that is sending has come to its end.
    is_over: bool,
}

impl Gate {
    /// In front of a server that speaks in frames.
    pub(crate) fn start(server: &Config) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared: Arc<Shared> = Arc::default();
        let gate = Self { server: server.clone(), port, shared: Arc::clone(&shared) };
        let server = server.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let endpoint = &server.get_endpoints()[0];
                let to = TcpStream::connect((endpoint.host(), endpoint.port())).unwrap();
                let shared = Arc::clone(&shared);
                // Ends when one of both closes.
                thread::spawn(move || carry(client, to, &shared));
            }
        });
        gate
    }

    /// A store that reaches the server only through here, on one connection, which is open.
    pub(crate) fn store(&self) -> CrashStore {
        let config = Config::new("127.0.0.1", self.port)
            .transport(Transport::Framed)
            .protocol(self.server.get_protocol())
            .max_attempts(1)
            .max_connections(1);
        let client = Client::connect(config).unwrap();
        client.ping().unwrap();
        CrashStore::new(client)
    }

    /// Holds back the n-th request from now on, or none.
    pub(crate) fn arm(&self, nth: Option<u64>) {
        *self.shared.state.lock().unwrap() = State { nth, ..State::default() };
    }

    /// Waits until the request is held back; `false` if the sender ends before.
    pub(crate) fn wait(&self) -> bool {
        let state = self.shared.state.lock().unwrap();
        let waits = |state: &mut State| !state.is_held && !state.is_over;
        self.shared.changed.wait_while(state, waits).unwrap().is_held
    }

    /// Lets what was held back through, and all that follows.
    pub(crate) fn open(&self) {
        let mut state = self.shared.state.lock().unwrap();
        (state.nth, state.is_held) = (None, false);
        self.shared.changed.notify_all();
    }

    /// Lets what was held back through, and holds back the n-th request, counted from the first.
    pub(crate) fn open_until(&self, nth: u64) {
        let mut state = self.shared.state.lock().unwrap();
        (state.nth, state.is_held) = (Some(nth), false);
        self.shared.changed.notify_all();
    }

    /// The sender has come to its end.
    pub(crate) fn end(&self) {
        self.shared.state.lock().unwrap().is_over = true;
        self.shared.changed.notify_all();
    }

    pub(crate) fn requests(&self) -> u64 {
        self.shared.state.lock().unwrap().requests
    }
}

/// The reply is let through before the next request is taken, so that all before it are carried out.
fn carry(mut client: TcpStream, mut server: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    loop {
        let request = read_frame(&mut client)?;
        let mut state = shared.state.lock().unwrap();
        state.requests += 1;
        if state.nth == Some(state.requests) {
            state.is_held = true;
            shared.changed.notify_all();
            state = shared.changed.wait_while(state, |state| state.is_held).unwrap();
        }
        drop(state);
        server.write_all(&request)?;
        client.write_all(&read_frame(&mut server)?)?;
    }
}

fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    stream.read_exact(&mut frame)?;
    let length = u32::from_be_bytes(frame.as_slice().try_into().unwrap());
    frame.resize(4 + usize::try_from(length).unwrap(), 0);
    stream.read_exact(&mut frame[4..])?;
    Ok(frame)
}
