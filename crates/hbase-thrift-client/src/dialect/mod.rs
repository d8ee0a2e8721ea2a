//! The gateway's interface: calls as values, how each is written, and how its reply is read.
//!
//! Nothing here knows a socket or a clock, and nothing above knows the interface's methods. A
//! dialect also refuses what its interface would silently do otherwise.

mod call;
mod effect;
mod encode;
mod hidden;
mod lookahead;
mod refusals;
mod reply;
mod thrift1;
mod thrift2;

pub(crate) use call::{Call, Existence, FetchRows, Request, ScanBounds};
pub(crate) use effect::Effect;
pub(crate) use reply::{Answer, Reply, Shape};
pub(crate) use thrift1::{PackedBatch, Thrift1Rows};
pub(crate) use thrift2::Thrift2Rows;

use thrift::protocol::{TInputProtocol, TOutputProtocol};

use crate::config::Interface;
use crate::error::{Result, ServerException};
use crate::request::Mutation;

/// Which of HBase's Thrift interfaces a gateway is spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `hbase thrift start`.
    Thrift1,
    /// `hbase thrift2 start`.
    Thrift2,
}

impl Dialect {
    pub(crate) const ALL: [Self; 2] = [Self::Thrift1, Self::Thrift2];

    /// How gateways with this interface are spoken to.
    pub(crate) fn of(interface: Interface) -> Self {
        match interface {
            Interface::One => Self::Thrift1,
            Interface::Two => Self::Thrift2,
        }
    }

    /// The interface that gateways which are spoken to in this way have.
    pub(crate) fn interface(self) -> Interface {
        match self {
            Self::Thrift1 => Interface::One,
            Self::Thrift2 => Interface::Two,
        }
    }

    /// As [`check`](Self::check), of what framed gateways alone would do otherwise.
    pub(crate) fn check_framed(self, request: &Request<'_>) -> Result<()> {
        match self {
            Self::Thrift1 => Ok(()),
            Self::Thrift2 => thrift2::check_framed(request),
        }
    }

    /// Whether the region of a row is one call.
    pub(crate) fn has_region_of_row(self) -> bool {
        self == Self::Thrift2
    }

    /// Whether puts and deletes of several rows can be one call.
    pub(crate) fn has_mixed_batches(self) -> bool {
        self == Self::Thrift1
    }

    /// Whether counters of several rows can be one call.
    pub(crate) fn has_increments_of_rows(self) -> bool {
        self == Self::Thrift1
    }

    /// Whether a page of a scan can be one call.
    pub(crate) fn has_pages(self) -> bool {
        self == Self::Thrift2
    }

    /// Whether there is a call for which of several rows exist.
    pub(crate) fn has_exists_all(self) -> bool {
        self == Self::Thrift2
    }

    /// Whether the states of all tables are one call.
    pub(crate) fn has_table_states(self) -> bool {
        self == Self::Thrift1
    }

    /// The name of the method that a request calls.
    pub(crate) fn method(self, request: &Request<'_>) -> &'static str {
        match self {
            Self::Thrift1 => thrift1::method(request),
            Self::Thrift2 => thrift2::method(request),
        }
    }

    /// What a request may do to the data.
    pub(crate) fn effect(self, request: &Request<'_>) -> Effect {
        Effect::of(self, request)
    }

    /// Refuses, before anything is sent, what the interface rejects, lacks, or would do otherwise
    /// than the request says.
    pub(crate) fn check(self, request: &Request<'_>, max_cell_size: usize) -> Result<()> {
        match self {
            Self::Thrift1 => thrift1::check(request, max_cell_size),
            Self::Thrift2 => thrift2::check(request, max_cell_size),
        }
    }

    /// As [`check`](Self::check), whether or not the interface has all of it in one call.
    pub(crate) fn check_content(request: &Request<'_>, max_cell_size: usize) -> Result<()> {
        refusals::check(request, max_cell_size)
    }

    /// As [`check`](Self::check), of a put or a delete, where the interfaces agree; returns how many
    /// bytes of a request it takes.
    #[inline]
    pub(crate) fn check_mutation(
        table: &[u8],
        mutation: &Mutation,
        max_cell_size: usize,
    ) -> Result<usize> {
        refusals::check_mutation(table, mutation, max_cell_size)
    }

    /// Writes the arguments of the call, as one struct.
    pub(crate) fn write(
        self,
        request: &Request<'_>,
        protocol: &mut dyn TOutputProtocol,
    ) -> thrift::Result<()> {
        match self {
            Self::Thrift1 => thrift1::write(request, protocol),
            Self::Thrift2 => thrift2::write(request, protocol),
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
            Self::Thrift2 => Ok(false),
        }
    }

    /// Reads a reply that should have been rows and isn't: the exception in it.
    pub(crate) fn read_exception(
        self,
        protocol: &mut dyn TInputProtocol,
    ) -> thrift::Result<ServerException> {
        reply::read_exception(self, protocol)
    }
}
