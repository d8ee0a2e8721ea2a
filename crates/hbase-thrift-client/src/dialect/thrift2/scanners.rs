//! The arguments of calls on scanners.

use thrift::protocol::TOutputProtocol;

use super::fields::{column, some_attributes, some_times, times};
use crate::dialect::call::{FetchRows, ScanBounds};
use crate::dialect::encode::{Encoded, boolean, bytes, inner, number32, struct_list, struct_map};
use crate::request::Scan;

pub(super) fn open(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    scan: &Scan,
    bounds: &ScanBounds<'_>,
) -> Encoded {
    bytes(protocol, 1, table)?;
    inner(protocol, 2, |protocol| tscan(protocol, scan, bounds))
}

/// With a limit, region servers close their scanners with the last row, and read none behind it.
pub(super) fn page(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    scan: &Scan,
    bounds: &ScanBounds<'_>,
) -> Encoded {
    let rows = bounds.rows.cast_signed();
    bytes(protocol, 1, table)?;
    inner(protocol, 2, |protocol| {
        tscan(protocol, scan, bounds)?;
        number32(protocol, 15, rows)
    })?;
    number32(protocol, 3, rows)
}

fn tscan(protocol: &mut dyn TOutputProtocol, scan: &Scan, bounds: &ScanBounds<'_>) -> Encoded {
    if !bounds.start.is_empty() {
        bytes(protocol, 1, bounds.start)?;
    }
    if !bounds.stop.is_empty() {
        bytes(protocol, 2, bounds.stop)?;
    }
    if !scan.selection.columns.is_empty() {
        struct_list(protocol, 3, &scan.selection.columns, |protocol, name| column(protocol, name))?;
    }
    number32(protocol, 4, bounds.rows.cast_signed())?;
    if let Some(versions) = scan.selection.max_versions {
        number32(protocol, 5, versions.cast_signed())?;
    }
    some_times(protocol, 6, scan.selection.times)?;
    if let Some(filter) = &scan.filter {
        bytes(protocol, 7, filter)?;
    }
    if let Some(cells) = scan.batch {
        number32(protocol, 8, cells.cast_signed())?;
    }
    some_attributes(protocol, 9, &scan.selection.attributes)?;
    if scan.reversed {
        boolean(protocol, 11, true)?;
    }
    if !scan.cache_blocks {
        boolean(protocol, 12, false)?;
    }
    if !scan.family_times.is_empty() {
        struct_map(protocol, 13, &scan.family_times, |protocol, range| times(protocol, *range))?;
    }
    Ok(())
}

pub(super) fn fetch(protocol: &mut dyn TOutputProtocol, fetch: FetchRows) -> Encoded {
    number32(protocol, 1, fetch.scanner)?;
    number32(protocol, 2, fetch.rows.cast_signed())
}
