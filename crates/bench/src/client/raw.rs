//! The limit: asks as the others do, reads as many bytes as will come, and looks at none of them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, ensure};

use super::{Client, Tally, key, work};
use crate::message::{Kind, Message};
use crate::server::{Canned, Form, Method};
use crate::shape::{Shape, Table};
use crate::task::{Job, Scan};

pub(super) struct Raw {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How long a reply with all rows that a call asks for is.
    reply: usize,
}

/// What is read at once.
const BUFFER: usize = 64 * 1024;

impl Raw {
    pub(super) fn connect(server: SocketAddr, job: Job) -> Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        // Only to fail instead of hanging.
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        Ok(Self { stream, buffer: vec![0; BUFFER], reply: Self::reply_size(job) })
    }

    fn reply_size(job: Job) -> usize {
        match job {
            // The rows in the form in which this workspace's client asks for them.
            Job::Scan(scan) => rows(Method::FetchRows, scan.shape, Form::SortedList, scan.batch),
            Job::Get { shape } => rows(Method::GetRow, shape, Form::Map, 1),
            Job::Put { .. } => Canned::nothing(Method::MutateRow.name()).len(),
        }
    }

    /// One round trip; only the first byte of the reply is looked at.
    fn call(&mut self, request: &[u8], reply: usize) -> Result<()> {
        self.stream.write_all(request)?;
        let mut missing = reply;
        while missing > 0 {
            let wanted = missing.min(self.buffer.len());
            let bytes = self.stream.read(&mut self.buffer[..wanted])?;
            ensure!(bytes > 0, "the server hung up");
            ensure!(missing < reply || self.buffer[0] == 0x80, "no message where one begins");
            missing -= bytes;
        }
        Ok(())
    }

    /// The one call with an answer that matters.
    fn open(&mut self, scan: &Scan, table: Table) -> Result<i32> {
        let mut message = Message::new(Kind::Call, Method::OpenScanner.name());
        message.bytes_field(1, table.to_string().as_bytes());
        message.struct_field(2);
        message.i32_field(5, scan.batch.cast_signed());
        message.bool_field(8, true);
        message.stop();
        message.empty_map_field(3);
        let reply = Canned::number(Method::OpenScanner.name(), 0).len();
        self.call(&message.finish().0, reply)?;
        let mut id = [0; 4];
        // The number is last but for the end of the struct.
        id.copy_from_slice(&self.buffer[reply - 5..reply - 1]);
        Ok(i32::from_be_bytes(id))
    }
}

fn rows(method: Method, shape: Shape, form: Form, rows: u32) -> usize {
    Canned::rows(method.name(), shape, form, rows).len()
}

impl Client for Raw {
    fn scan(&mut self, scan: &Scan, table: Table) -> Result<Tally> {
        let id = self.open(scan, table)?;
        let mut fetch = Message::new(Kind::Call, Method::FetchRows.name());
        fetch.i32_field(1, id);
        fetch.i32_field(2, scan.batch.cast_signed());
        let fetch = fetch.finish().0;
        ensure!(table.rows.is_multiple_of(u64::from(scan.batch)), "the last batch isn't full");
        for _ in 0..table.rows / u64::from(scan.batch) {
            self.call(&fetch, self.reply)?;
            work(scan.work);
        }
        // There is nothing more, which takes a call to find out.
        self.call(&fetch, rows(Method::FetchRows, table.shape, Form::SortedList, 0))?;
        let mut close = Message::new(Kind::Call, Method::CloseScanner.name());
        close.i32_field(1, id);
        self.call(&close.finish().0, Canned::nothing(Method::CloseScanner.name()).len())?;
        Ok(Tally::of(table.rows, table.shape))
    }

    fn get(&mut self, table: Table) -> Result<Tally> {
        let mut message = Message::new(Kind::Call, Method::GetRow.name());
        message.bytes_field(1, table.to_string().as_bytes());
        message.bytes_field(2, &key(0));
        message.empty_map_field(3);
        let request = message.finish().0;
        for _ in 0..table.rows {
            self.call(&request, self.reply)?;
        }
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
        for _ in 0..table.rows {
            self.call(&request, self.reply)?;
        }
        Ok(())
    }
}
