//! Calls on scanners.

use thrift::protocol::TOutputProtocol;

use super::call::{Call, Effect};
use super::encode::{boolean, bytes, bytes_list, inner, no_attributes, number32, number64};
use crate::request::Scan;
use crate::row::RowBatch;

type Written = thrift::Result<()>;

/// Opens a scanner that begins at `start`, which may be later than the scan's own start.
pub(crate) fn scanner_open<'a>(
    table: &'a [u8],
    scan: &'a Scan,
    start: &'a [u8],
) -> Call<impl Fn(&mut dyn TOutputProtocol) -> Written + 'a, i32> {
    // An id that is lost with its reply costs the gateway a lease, not the data anything.
    Call::new("scannerOpenWithScan", Effect::Read, move |protocol| {
        bytes(protocol, 1, table)?;
        inner(protocol, 2, |protocol| {
            bytes(protocol, 1, start)?;
            if !scan.stop.is_empty() {
                bytes(protocol, 2, &scan.stop)?;
            }
            if let Some(before) = scan.before {
                number64(protocol, 3, before)?;
            }
            if !scan.columns.is_empty() {
                bytes_list(protocol, 4, &scan.columns)?;
            }
            number32(protocol, 5, scan.caching.cast_signed())?;
            // A list in HBase's order is cheaper to read than a map.
            boolean(protocol, 8, true)
        })?;
        no_attributes(protocol, 3)
    })
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
