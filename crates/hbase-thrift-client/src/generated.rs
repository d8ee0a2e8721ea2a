//! The generated API on a connection of the pool: for what this crate has no method for.
//!
//! The generated client sees memory only. Time-outs, limits and framing are the connection's, so it
//! stays in step whatever is called; repeating calls is left to the caller.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Instant;

use hbase_thrift_api::HbaseSyncClient;
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
    TInputProtocol, TOutputProtocol,
};

use crate::config::Protocol;
use crate::connection::lengths_up_to;
use crate::executor::Executor;
use crate::pool::Lease;

/// The generated client, as [`Client::with_generated`](crate::Client::with_generated) lends it.
pub type GeneratedClient = HbaseSyncClient<Box<dyn TInputProtocol>, Box<dyn TOutputProtocol>>;

/// A generated client on this connection, for calls until the deadline.
pub(crate) fn client(executor: &Executor, lease: Lease, deadline: Instant) -> GeneratedClient {
    let line = Line { lease, deadline, request: Vec::new(), reply: Vec::new(), read: 0 };
    let line = SharedLine(Rc::new(RefCell::new(line)));
    let limits = lengths_up_to(executor.config().max_reply_size());
    let input: Box<dyn TInputProtocol>;
    let output: Box<dyn TOutputProtocol>;
    match executor.config().protocol() {
        Protocol::Binary => {
            input = Box::new(TBinaryInputProtocol::with_config(line.clone(), true, limits));
            output = Box::new(TBinaryOutputProtocol::new(line, true));
        }
        Protocol::Compact => {
            input = Box::new(TCompactInputProtocol::with_config(line.clone(), limits));
            output = Box::new(TCompactOutputProtocol::new(line));
        }
    }
    HbaseSyncClient::new(input, output)
}

/// A connection seen as a request that is written and a reply that is read.
struct Line {
    lease: Lease,
    deadline: Instant,
    request: Vec<u8>,
    reply: Vec<u8>,
    read: usize,
}

#[derive(Clone)]
struct SharedLine(Rc<RefCell<Line>>);

impl Write for SharedLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().request.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let line = &mut *self.0.borrow_mut();
        let request = std::mem::take(&mut line.request);
        line.lease
            .queue_encoded(&request)
            .and_then(|()| line.lease.flush(line.deadline))
            .map_err(io::Error::other)
    }
}

impl Read for SharedLine {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let line = &mut *self.0.borrow_mut();
        if line.read == line.reply.len() {
            line.reply = line.lease.receive_message(line.deadline).map_err(io::Error::other)?;
            line.read = 0;
        }
        let bytes = into.len().min(line.reply.len() - line.read);
        into[..bytes].copy_from_slice(&line.reply[line.read..][..bytes]);
        line.read += bytes;
        Ok(bytes)
    }
}
