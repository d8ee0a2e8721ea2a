//! A gateway that knows only prepared answers, so that what is measured is the client.
//!
//! It keeps no data. Tables are what their names say (see `shape`); the answer to a call is
//! prepared when it is first asked for and written with one write.

mod canned;
mod request;

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::machine::{self, Side};
use crate::shape::{Shape, Table};
pub(crate) use canned::{Canned, Form};
pub(crate) use request::Method;
use request::Request;

/// Prints the address and serves until standard input ends, so that the server ends with whoever
/// started it.
pub(crate) fn serve() -> Result<()> {
    machine::pin(Side::Server);
    println!("{}", listen()?);
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// Serves until the process ends: Thrift 1 here, and Thrift 2 on the port behind.
pub(crate) fn listen() -> Result<SocketAddr> {
    const ATTEMPTS: usize = 100;
    let mut failure = None;
    for _ in 0..ATTEMPTS {
        let thrift1 = TcpListener::bind("127.0.0.1:0")?;
        let address = thrift1.local_addr()?;
        match over_thrift2(address).and_then(|address| Ok(TcpListener::bind(address)?)) {
            Ok(thrift2) => {
                serve_on(thrift1, THRIFT_1);
                serve_on(thrift2, THRIFT_2);
                return Ok(address);
            }
            // Somebody else has it.
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.context("no port was tried")?)
}

/// Where a server speaks Thrift 2.
pub(crate) fn over_thrift2(server: SocketAddr) -> Result<SocketAddr> {
    let port = server.port().checked_add(1).context("there is no port behind the last one")?;
    Ok(SocketAddr::new(server.ip(), port))
}

fn serve_on(listener: TcpListener, server_type: i32) {
    machine::send_at_once(&listener);
    let scanners = Arc::<Mutex<Scanners>>::default();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let session = Session::new(stream, server_type, Arc::clone(&scanners));
            thread::spawn(move || {
                if let Err(error) = session.run()
                    && !is_client_gone(&error)
                {
                    eprintln!("the bench's server hung up: {error:#}");
                }
            });
        }
    });
}

/// Scanners belong to the gateway, not to a connection.
#[derive(Default)]
struct Scanners {
    open: HashMap<i32, Scanner>,
    last_id: i32,
}

#[derive(Clone, Copy)]
struct Scanner {
    table: Table,
    form: Form,
    left: u64,
    batch: u32,
}

/// What a prepared answer depends on.
#[derive(PartialEq, Eq, Hash)]
enum Answer {
    Nothing(Method),
    Number(Method, i32),
    Rows(Method, Shape, Form, u32),
}

/// One client's connection.
struct Session {
    stream: TcpStream,
    server_type: i32,
    scanners: Arc<Mutex<Scanners>>,
    prepared: HashMap<Answer, Canned>,
    unread: Vec<u8>,
    /// Short answers, until the last call that has come is answered.
    unsent: Vec<u8>,
}

/// What gateways are, in `TThriftServerType`.
const THRIFT_1: i32 = 1;
const THRIFT_2: i32 = 2;
/// Answers of at least this size are not copied to be sent with others.
const LONG: usize = 16 * 1024;

impl Session {
    fn new(stream: TcpStream, server_type: i32, scanners: Arc<Mutex<Scanners>>) -> Self {
        let (prepared, unread, unsent) = (HashMap::new(), Vec::new(), Vec::new());
        Self { stream, server_type, scanners, prepared, unread, unsent }
    }

    fn run(mut self) -> Result<()> {
        self.stream.set_nodelay(true)?;
        let mut piece = vec![0; 64 * 1024];
        loop {
            match self.stream.read(&mut piece)? {
                0 => return Ok(()),
                bytes => self.unread.extend_from_slice(&piece[..bytes]),
            }
            // A delay is the way there and back: calls that came together wait together.
            let arrival = Instant::now();
            while let Some((request, length)) = Request::parse(&self.unread)? {
                self.unread.drain(..length);
                self.answer(&request, arrival)?;
            }
            self.stream.write_all(&self.unsent)?;
            self.unsent.clear();
        }
    }

    fn answer(&mut self, request: &Request, arrival: Instant) -> Result<()> {
        let method = request.method;
        let table = || request.table.context("no table is named");
        let (answer, batch, delay) = match method {
            Method::ServerType => (Answer::Number(method, self.server_type), 0, Duration::ZERO),
            Method::OpenScanner2 => {
                (Answer::Number(method, self.open(table()?, Form::Cells)), 0, Duration::ZERO)
            }
            Method::OpenScanner => {
                let form = if request.sort_columns { Form::SortedList } else { Form::Map };
                (Answer::Number(method, self.open(table()?, form)), 0, Duration::ZERO)
            }
            Method::FetchRows | Method::FetchRows2 => {
                let (scanner, rows) = self.advance(request)?;
                let answer = Answer::Rows(method, scanner.table.shape, scanner.form, rows);
                (answer, scanner.batch, scanner.table.delay)
            }
            Method::CloseScanner | Method::CloseScanner2 => {
                self.lock().open.remove(&request.scanner);
                (Answer::Nothing(method), 0, Duration::ZERO)
            }
            Method::GetRow => {
                (Answer::Rows(method, table()?.shape, Form::Map, 1), 0, table()?.delay)
            }
            Method::MutateRow | Method::MutateRows => (Answer::Nothing(method), 0, table()?.delay),
        };
        let prepared = self.prepared.entry(answer).or_insert_with_key(prepare);
        let bytes = prepared.patched(request.sequence, batch);
        wait_until(arrival + delay);
        if bytes.len() < LONG {
            self.unsent.extend_from_slice(bytes);
        } else {
            self.stream.write_all(&self.unsent)?;
            self.unsent.clear();
            self.stream.write_all(bytes)?;
        }
        Ok(())
    }

    fn open(&self, table: Table, form: Form) -> i32 {
        let mut scanners = self.lock();
        scanners.last_id += 1;
        let id = scanners.last_id;
        scanners.open.insert(id, Scanner { table, form, left: table.rows, batch: 0 });
        id
    }

    /// Moves a scanner on; answers with it, and with how many rows it passed.
    fn advance(&self, request: &Request) -> Result<(Scanner, u32)> {
        let mut scanners = self.lock();
        let scanner = scanners.open.get_mut(&request.scanner).context("no such scanner")?;
        let rows = scanner.left.min(u64::from(request.rows)) as u32;
        scanner.left -= u64::from(rows);
        scanner.batch += 1;
        Ok((*scanner, rows))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Scanners> {
        self.scanners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client that is done doesn't wait for the reply to its last call.
fn is_client_gone(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    kind == Some(io::ErrorKind::ConnectionReset)
}

fn prepare(answer: &Answer) -> Canned {
    match *answer {
        Answer::Nothing(method) => Canned::nothing(method.name()),
        Answer::Number(method, number) => Canned::number(method.name(), number),
        Answer::Rows(method, shape, form, rows) => Canned::rows(method.name(), shape, form, rows),
    }
}

/// Sleeps, but for the last moment: a sleep ends too late by a good part of the delays in use.
fn wait_until(time: Instant) {
    const LAST_MOMENT: Duration = Duration::from_micros(150);
    let left = time.saturating_duration_since(Instant::now());
    thread::sleep(left.saturating_sub(LAST_MOMENT));
    while Instant::now() < time {
        std::hint::spin_loop();
    }
}
