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
use crate::drive::{Executor, Lease};
use crate::proto::lengths_up_to;
use crate::sync::blocking;

/// The generated client, as [`Client::with_generated`](crate::Client::with_generated) lends it.
pub type GeneratedClient = HbaseSyncClient<Box<dyn TInputProtocol>, Box<dyn TOutputProtocol>>;

/// A generated client on this connection, for calls until the deadline.
pub(crate) fn client(executor: &Executor, lease: Lease, deadline: Instant) -> GeneratedClient {
    let limits = lengths_up_to(executor.config().get_max_reply_size());
    let (executor, protocol) = (executor.clone(), executor.config().get_protocol());
    let wire = Wire { executor, lease, deadline, request: Vec::new(), reply: Vec::new(), read: 0 };
    let wire = SharedWire(Rc::new(RefCell::new(wire)));
    let input: Box<dyn TInputProtocol>;
    let output: Box<dyn TOutputProtocol>;
    match protocol {
        Protocol::Binary => {
            input = Box::new(TBinaryInputProtocol::with_config(wire.clone(), true, limits));
            output = Box::new(TBinaryOutputProtocol::new(wire, true));
        }
        Protocol::Compact => {
            input = Box::new(TCompactInputProtocol::with_config(wire.clone(), limits));
            output = Box::new(TCompactOutputProtocol::new(wire));
        }
    }
    HbaseSyncClient::new(input, output)
}

/// A connection seen as a request that is written and a reply that is read.
struct Wire {
    executor: Executor,
    lease: Lease,
    deadline: Instant,
    request: Vec<u8>,
    reply: Vec<u8>,
    read: usize,
}

#[derive(Clone)]
struct SharedWire(Rc<RefCell<Wire>>);

impl Write for SharedWire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().request.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let wire = &mut *self.0.borrow_mut();
        let request = std::mem::take(&mut wire.request);
        let environment = wire.executor.environment();
        wire.lease
            .session()
            .queue_encoded(&request)
            .and_then(|()| blocking(wire.lease.send(wire.deadline, environment)))
            .map_err(io::Error::other)
    }
}

impl Read for SharedWire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let wire = &mut *self.0.borrow_mut();
        if wire.read == wire.reply.len() {
            let environment = wire.executor.environment();
            let reply = blocking(wire.lease.receive_message(wire.deadline, environment));
            wire.reply = reply.map_err(io::Error::other)?;
            wire.read = 0;
        }
        let bytes = into.len().min(wire.reply.len() - wire.read);
        into[..bytes].copy_from_slice(&wire.reply[wire.read..][..bytes]);
        wire.read += bytes;
        Ok(bytes)
    }
}
