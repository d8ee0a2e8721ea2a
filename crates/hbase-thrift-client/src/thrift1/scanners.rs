//! Calls on scanners.

use thrift::protocol::TOutputProtocol;

use super::call::{Call, Effect};
use super::encode::{attributes, boolean, bytes, bytes_list, inner, number32, number64};
use crate::request::Scan;
use crate::row::RowBatch;

type Written = thrift::Result<()>;

/// Opens a scanner from `start` (included) to `stop` (excluded), which may be other than the scan's
/// own: it goes on where another ended.
pub(crate) fn scanner_open<'a>(
    table: &'a [u8],
    scan: &'a Scan,
    start: &'a [u8],
    stop: &'a [u8],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, i32> {
    // An id that is lost with its reply costs the gateway a lease, not the data anything.
    Call::new("scannerOpenWithScan", Effect::Read, move |protocol| {
        bytes(protocol, 1, table)?;
        inner(protocol, 2, |protocol| tscan(protocol, scan, start, stop))?;
        attributes(protocol, 3, &scan.selection.attributes)
    })
}

fn tscan(protocol: &mut dyn TOutputProtocol, scan: &Scan, start: &[u8], stop: &[u8]) -> Written {
    if !start.is_empty() {
        bytes(protocol, 1, start)?;
    }
    if !stop.is_empty() {
        bytes(protocol, 2, stop)?;
    }
    if let Some(before) = scan.selection.before {
        number64(protocol, 3, before)?;
    }
    if !scan.selection.columns.is_empty() {
        bytes_list(protocol, 4, &scan.selection.columns)?;
    }
    number32(protocol, 5, scan.caching.cast_signed())?;
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

/// Fetches the next rows; none at the end.
pub(crate) fn scanner_get_list(
    id: i32,
    rows: u32,
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written, RowBatch> {
    // The gateway moves on even when the reply is lost, so a repeat would leave rows out.
    Call::new("scannerGetList", Effect::Once, move |protocol| {
        number32(protocol, 1, id)?;
        number32(protocol, 2, rows.cast_signed())
    })
}

/// Closes a scanner.
pub(crate) fn scanner_close(id: i32) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written, ()> {
    Call::new("scannerClose", Effect::Once, move |protocol| number32(protocol, 1, id))
}
