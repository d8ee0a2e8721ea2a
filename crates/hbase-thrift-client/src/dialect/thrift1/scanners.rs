//! The arguments of calls on scanners.

use thrift::protocol::TOutputProtocol;

use crate::dialect::call::{FetchRows, ScanBounds};
use crate::dialect::encode::{
    Encoded, attributes, boolean, bytes, bytes_list, inner, number32, number64,
};
use crate::request::Scan;

pub(super) fn open(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    scan: &Scan,
    bounds: &ScanBounds<'_>,
) -> Encoded {
    bytes(protocol, 1, table)?;
    inner(protocol, 2, |protocol| tscan(protocol, scan, bounds))?;
    attributes(protocol, 3, &scan.selection.attributes)
}

fn tscan(protocol: &mut dyn TOutputProtocol, scan: &Scan, bounds: &ScanBounds<'_>) -> Encoded {
    if !bounds.start.is_empty() {
        bytes(protocol, 1, bounds.start)?;
    }
    if !bounds.stop.is_empty() {
        bytes(protocol, 2, bounds.stop)?;
    }
    if let Some(before) = scan.selection.times.before() {
        number64(protocol, 3, before)?;
    }
    if !scan.selection.columns.is_empty() {
        bytes_list(protocol, 4, &scan.selection.columns)?;
    }
    number32(protocol, 5, bounds.rows.cast_signed())?;
    if let Some(filter) = &scan.filter {
        bytes(protocol, 6, filter)?;
    }
    if let Some(cells) = scan.batch {
        number32(protocol, 7, cells.cast_signed())?;
    }
    // A list in HBase's order is cheaper to read than a map.
    boolean(protocol, 8, true)?;
    if scan.reversed {
        boolean(protocol, 9, true)?;
    }
    if !scan.cache_blocks {
        boolean(protocol, 10, false)?;
    }
    Ok(())
}

pub(super) fn fetch(protocol: &mut dyn TOutputProtocol, fetch: FetchRows) -> Encoded {
    number32(protocol, 1, fetch.scanner)?;
    number32(protocol, 2, fetch.rows.cast_signed())
}
