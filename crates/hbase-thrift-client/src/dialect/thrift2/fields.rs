//! What requests of this interface are made of: columns, times, attributes, puts.

use thrift::protocol::TOutputProtocol;

use crate::dialect::encode::{Encoded, attributes, bytes, inner, number32, number64, struct_iter};
use crate::request::{Attributes, Durability, Put, TimeRange};

/// Family and qualifier; no qualifier where a whole family is meant.
pub(super) fn parts(column: &[u8]) -> (&[u8], Option<&[u8]>) {
    match column.iter().position(|byte| *byte == b':') {
        Some(colon) => (&column[..colon], Some(&column[colon + 1..])),
        None => (column, None),
    }
}

/// A `TColumn`.
pub(super) fn column(protocol: &mut dyn TOutputProtocol, column: &[u8]) -> Encoded {
    let (family, qualifier) = parts(column);
    bytes(protocol, 1, family)?;
    qualifier.map_or(Ok(()), |qualifier| bytes(protocol, 2, qualifier))
}

/// A `TTimeRange`, where it leaves out any time.
pub(super) fn some_times(protocol: &mut dyn TOutputProtocol, id: i16, range: TimeRange) -> Encoded {
    if range.is_all() { Ok(()) } else { inner(protocol, id, |protocol| times(protocol, range)) }
}

/// A `TTimeRange`.
pub(super) fn times(protocol: &mut dyn TOutputProtocol, range: TimeRange) -> Encoded {
    number64(protocol, 1, range.min())?;
    number64(protocol, 2, range.max())
}

/// The map of attributes, where there are any. Authorizations are one: the gateway makes the same of a
/// `TAuthorization`.
pub(super) fn some_attributes(
    protocol: &mut dyn TOutputProtocol,
    id: i16,
    set: &Attributes,
) -> Encoded {
    if set.is_empty() { Ok(()) } else { attributes(protocol, id, set) }
}

/// A `TColumnValue`.
pub(super) fn cell(protocol: &mut dyn TOutputProtocol, column: &[u8], value: &[u8]) -> Encoded {
    let (family, qualifier) = parts(column);
    bytes(protocol, 1, family)?;
    bytes(protocol, 2, qualifier.unwrap_or_default())?;
    bytes(protocol, 3, value)
}

/// A `TPut` of these cells.
pub(super) fn put_of<'a>(
    protocol: &mut dyn TOutputProtocol,
    row: &[u8],
    cells: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])>,
    common: &Common<'_>,
) -> Encoded {
    bytes(protocol, 1, row)?;
    struct_iter(protocol, 2, cells, |protocol, (column, value)| cell(protocol, column, value))?;
    if let Some(timestamp) = common.timestamp {
        number64(protocol, 3, timestamp)?;
    }
    some_attributes(protocol, 5, common.attributes)?;
    common.durability(protocol, 6)
}

/// What puts and deletes have in common.
#[derive(Clone, Copy)]
pub(super) struct Common<'a> {
    pub(super) timestamp: Option<i64>,
    pub(super) attributes: &'a Attributes,
    pub(super) durability: Durability,
}

impl Common<'_> {
    pub(super) fn durability(&self, protocol: &mut dyn TOutputProtocol, id: i16) -> Encoded {
        // `TDurability`. What Thrift 1 says without being asked is said here too, so that a write which
        // was acknowledged is in the log, whatever the table's own setting is.
        let durability = match self.durability {
            Durability::UseDefault => 0,
            Durability::SkipWal => 1,
            Durability::AsyncWal => 2,
            Durability::SyncWal => 3,
            Durability::FsyncWal => 4,
        };
        number32(protocol, id, durability)
    }
}

pub(super) fn one_put(protocol: &mut dyn TOutputProtocol, put: &Put) -> Encoded {
    let cells = put.cells.iter().map(|(column, value)| (column.as_slice(), value.as_slice()));
    let common = Common {
        timestamp: put.timestamp,
        attributes: &put.attributes,
        durability: put.durability,
    };
    put_of(protocol, &put.row, cells, &common)
}
