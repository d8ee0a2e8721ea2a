//! The gateway's interface: calls as values, how each is written, and how its reply is read.
//!
//! Nothing here knows a socket or a clock, and nothing above knows the interface's methods. A
//! dialect also refuses what its interface would silently do otherwise.

mod call;
mod effect;
mod reply;
mod thrift1;

pub(crate) use call::{Call, FetchRows, Request, ScanBounds};
pub(crate) use effect::Effect;
pub(crate) use reply::{Answer, Reply, Shape};
pub(crate) use thrift1::{PackedBatch, Thrift1Rows};

use thrift::protocol::{TInputProtocol, TOutputProtocol};

use crate::error::{Result, ServerException};
use crate::request::Mutation;

/// Which of HBase's Thrift interfaces a gateway is spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `hbase thrift start`.
    Thrift1,
}

impl Dialect {
    /// The name of the method that a request calls.
    pub(crate) fn method(self, request: &Request<'_>) -> &'static str {
        match self {
            Self::Thrift1 => thrift1::method(request),
        }
    }

    /// What the call may do to the data.
    pub(crate) fn effect(self, request: &Request<'_>) -> Effect {
        match self {
            Self::Thrift1 => thrift1::effect(request),
        }
    }

    /// Refuses, before anything is sent, what the interface rejects or would do otherwise than the
    /// request says.
    pub(crate) fn check(self, request: &Request<'_>, max_cell_size: usize) -> Result<()> {
        match self {
            Self::Thrift1 => thrift1::check(request, max_cell_size),
        }
    }

    /// As [`check`](Self::check), of a put or a delete; returns how many bytes of a request it
    /// takes.
    #[inline]
    pub(crate) fn check_mutation(
        self,
        table: &[u8],
        mutation: &Mutation,
        max_cell_size: usize,
    ) -> Result<usize> {
        match self {
            Self::Thrift1 => thrift1::check_mutation(table, mutation, max_cell_size),
        }
    }

    /// Writes the arguments of the call, as one struct.
    pub(crate) fn write(
        self,
        request: &Request<'_>,
        protocol: &mut dyn TOutputProtocol,
    ) -> thrift::Result<()> {
        match self {
            Self::Thrift1 => thrift1::write(request, protocol),
        }
    }

    /// As [`write`](Self::write) in the binary protocol, for the few requests that have a short way;
    /// returns whether this is one, and writes nothing if not.
    pub(crate) fn write_binary(
        self,
        request: &Request<'_>,
        into: &mut Vec<u8>,
    ) -> thrift::Result<bool> {
        match self {
            Self::Thrift1 => thrift1::write_binary(request, into),
        }
    }

    /// Reads a reply that should have been rows and isn't: the exception in it.
    pub(crate) fn read_exception(
        self,
        protocol: &mut dyn TInputProtocol,
    ) -> thrift::Result<ServerException> {
        match self {
            Self::Thrift1 => reply::read_exception(protocol),
        }
    }
}
