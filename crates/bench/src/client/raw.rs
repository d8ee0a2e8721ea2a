//! The limit: asks as the others do, reads as many bytes as will come, and looks at none of them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};

use super::{Client, Tally, key, part, work};
use crate::message::{Kind, Message};
use crate::server::{Canned, Form, Method};
use crate::shape::{Shape, Table};
use crate::task::{Job, Scan};

pub(super) struct Raw {
    /// One for each thread.
    connections: Vec<Connection>,
    /// How long a reply with all rows that a call asks for is.
    reply: usize,
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What a drain reads at once.
const BUFFER: usize = 64 * 1024;

impl Raw {
    /// Reads whatever comes into a buffer that stays in the processor's cache.
    pub(super) fn draining(server: SocketAddr, job: Job) -> Result<Self> {
        Self::connect(server, job, BUFFER)
    }

    /// Reads each reply into one buffer, as somebody has to who hands out whole cells.
    pub(super) fn reading_whole(server: SocketAddr, job: Job) -> Result<Self> {
        Self::connect(server, job, Self::reply_size(job).max(BUFFER))
    }

    fn connect(server: SocketAddr, job: Job, buffer: usize) -> Result<Self> {
        let threads = if let Job::Get { threads, .. } = job { threads } else { 1 };
        let connections = (0..threads).map(|_| Connection::open(server, buffer));
        Ok(Self { connections: connections.collect::<Result<_>>()?, reply: Self::reply_size(job) })
    }

    fn reply_size(job: Job) -> usize {
        match job {
            // The rows in the form in which this workspace's client asks for them.
            Job::Scan(scan) => {
                rows(Calls::of(&scan).fetch, scan.shape, Calls::of(&scan).form, scan.batch)
            }
            Job::Get { shape, .. } | Job::Keep { shape } => {
                rows(Method::GetRow, shape, Form::Map, 1)
            }
            Job::Put { .. } | Job::Make | Job::Write => {
                Canned::nothing(Method::MutateRow.name()).len()
            }
        }
    }

    fn connection(&mut self) -> Result<&mut Connection> {
        self.connections.first_mut().context("there is no connection")
    }
}

impl Connection {
    fn open(server: SocketAddr, buffer: usize) -> Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        // Only to fail instead of hanging.
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        Ok(Self { stream, buffer: vec![0; buffer] })
    }

    /// One round trip; only the first byte of the reply is looked at.
    fn call(&mut self, request: &[u8], reply: usize) -> Result<()> {
        self.stream.write_all(request)?;
        let (mut missing, mut at) = (reply, 0);
        while missing > 0 {
            let end = self.buffer.len().min(at + missing);
            let bytes = self.stream.read(&mut self.buffer[at..end])?;
            ensure!(bytes > 0, "the server hung up");
            ensure!(missing < reply || self.buffer[0] == 0x80, "no message where one begins");
            missing -= bytes;
            at += bytes;
            if at == self.buffer.len() {
                at = 0;
            }
        }
        Ok(())
    }

    fn repeat(&mut self, request: &[u8], reply: usize, calls: u64) -> Result<()> {
        (0..calls).try_for_each(|_| self.call(request, reply))
    }

    /// Asks for one row after the other, whose keys the caller makes as for the other contenders.
    fn get_each(&mut self, mut request: Vec<u8>, reply: usize, rows: Range<u64>) -> Result<()> {
        let first = key(0);
        let place = request.windows(first.len()).position(|bytes| bytes == first);
        let start = place.context("the request has no key")?;
        rows.into_iter().try_for_each(|row| {
            request[start..start + first.len()].copy_from_slice(&key(row));
            self.call(&request, reply)
        })
    }

    /// The one call with an answer that matters.
    fn scanner(&mut self, scan: &Scan, table: Table) -> Result<i32> {
        let open = Calls::of(scan).open.name();
        let mut message = Message::new(Kind::Call, open);
        message.bytes_field(1, table.to_string().as_bytes());
        message.struct_field(2);
        if scan.is_thrift2 {
            message.i32_field(4, scan.batch.cast_signed());
            message.stop();
        } else {
            message.i32_field(5, scan.batch.cast_signed());
            message.bool_field(8, true);
            message.stop();
            message.empty_map_field(3);
        }
        let reply = Canned::number(open, 0).len();
        self.call(&message.finish().0, reply)?;
        let mut id = [0; 4];
        // The number is last but for the end of the struct.
        id.copy_from_slice(&self.buffer[reply - 5..reply - 1]);
        Ok(i32::from_be_bytes(id))
    }
}

/// The calls of a scan.
struct Calls {
    open: Method,
    fetch: Method,
    close: Method,
    form: Form,
}

impl Calls {
    fn of(scan: &Scan) -> Self {
        if scan.is_thrift2 {
            let (open, fetch, close) =
                (Method::OpenScanner2, Method::FetchRows2, Method::CloseScanner2);
            return Self { open, fetch, close, form: Form::Cells };
        }
        let (open, fetch, close) = (Method::OpenScanner, Method::FetchRows, Method::CloseScanner);
        Self { open, fetch, close, form: Form::SortedList }
    }
}

fn rows(method: Method, shape: Shape, form: Form, rows: u32) -> usize {
    Canned::rows(method.name(), shape, form, rows).len()
}

impl Client for Raw {
    fn scan(&mut self, scan: &Scan, table: Table) -> Result<Tally> {
        let (reply, calls) = (self.reply, Calls::of(scan));
        let connection = self.connection()?;
        let id = connection.scanner(scan, table)?;
        let mut fetch = Message::new(Kind::Call, calls.fetch.name());
        fetch.i32_field(1, id);
        fetch.i32_field(2, scan.batch.cast_signed());
        let fetch = fetch.finish().0;
        ensure!(table.rows.is_multiple_of(u64::from(scan.batch)), "the last batch isn't full");
        for _ in 0..table.rows / u64::from(scan.batch) {
            connection.call(&fetch, reply)?;
            work(scan.work);
        }
        // There is nothing more, which takes a call to find out.
        connection.call(&fetch, rows(calls.fetch, table.shape, calls.form, 0))?;
        let mut close = Message::new(Kind::Call, calls.close.name());
        close.i32_field(1, id);
        connection.call(&close.finish().0, Canned::nothing(calls.close.name()).len())?;
        Ok(Tally::of(table.rows, table.shape))
    }

    fn get(&mut self, table: Table) -> Result<Tally> {
        let reply = self.reply;
        self.connection()?.get_each(get_row(table), reply, 0..table.rows)?;
        Ok(Tally::of(table.rows, table.shape))
    }

    fn get_in_threads(&mut self, table: Table, threads: u32) -> Result<Tally> {
        let (request, reply) = (get_row(table), self.reply);
        thread::scope(|scope| {
            let request = &request;
            let connections = self.connections.iter_mut().zip(0..);
            let threads: Vec<_> = connections
                .map(|(connection, thread)| {
                    let rows = part(table, thread, threads);
                    scope.spawn(move || connection.get_each(request.clone(), reply, rows))
                })
                .collect();
            let mut joined = threads.into_iter().map(ScopedJoinHandle::join);
            joined.try_for_each(|done| done.map_err(|_| anyhow!("a thread panicked"))?)
        })?;
        Ok(Tally::of(table.rows, table.shape))
    }

    fn put(&mut self, table: Table) -> Result<()> {
        let mut message = Message::new(Kind::Call, Method::MutateRow.name());
        message.bytes_field(1, table.to_string().as_bytes());
        message.bytes_field(2, &key(0));
        message.list_field(3, 1);
        message.bytes_field(2, table.shape.column(0).as_bytes());
        message.bytes_field(3, &vec![b'v'; table.shape.value_size()]);
        message.stop();
        message.empty_map_field(4);
        let request = message.finish().0;
        let reply = self.reply;
        self.connection()?.repeat(&request, reply, table.rows)
    }
}

fn get_row(table: Table) -> Vec<u8> {
    let mut message = Message::new(Kind::Call, Method::GetRow.name());
    message.bytes_field(1, table.to_string().as_bytes());
    message.bytes_field(2, &key(0));
    message.empty_map_field(3);
    message.finish().0
}
