//! Gets and scans, as the store has them (`ThriftUtilities.getFromThrift`, `scanFromThrift`).
//!
//! What the gateway checks, it checks in this order.

use hbase_thrift_api::thrift2::{TAuthorization, TColumn, TGet, TScan, TTimeRange};

use crate::budget::Share;
use crate::model::filter::{self, Filter};
use crate::model::{Bound, Column, Error, Query, Result, Rows, Scan, TimeRange};
use crate::names;
use crate::scanners::take_rows;

/// What a column takes that is asked for, beside its name.
const COLUMN: usize = 256;
/// How often its name is there then.
const COPIES: usize = 3;

/// A get of one row.
pub(super) struct Get {
    pub(super) row: Vec<u8>,
    pub(super) query: Query,
    pub(super) filter: Option<Box<dyn Filter>>,
    pub(super) is_for_existence: bool,
}

impl Get {
    pub(super) fn new(get: TGet, share: &Share) -> Result<Self> {
        names::check_row(&get.row)?;
        let time = match (get.timestamp, &get.time_range) {
            (Some(time), _) => TimeRange::at(time)?,
            (None, range) => times(range.as_ref())?,
        };
        let versions = get.max_versions.unwrap_or(1);
        let mut query = Query::new(Vec::new(), time, versions)?;
        let texts = (get.filter_string.as_deref(), get.filter_bytes.as_deref());
        let filter = read_filter(texts, share)?;
        check_labels(get.authorizations.as_ref())?;
        // None is one: a region stops behind a cell with which it has as many.
        let limit = get.store_limit.and_then(|limit| usize::try_from(limit).ok());
        query.store_limit = limit.map(|limit| limit.max(1));
        query.store_offset = positive(get.store_offset).unwrap_or(0);
        query.columns = columns(get.columns, share)?;
        let is_for_existence = get.existence_only.unwrap_or(false);
        Ok(Self { row: get.row, query, filter, is_for_existence })
    }
}

/// A scan of a table, whose share takes what it needs for as long as it is open.
pub(super) fn scan(table: String, scan: TScan, share: &Share) -> Result<Scan> {
    let start = scan.start_row.unwrap_or_default();
    let stop = scan.stop_row.unwrap_or_default();
    take_rows(share, &[&start, &stop])?;
    // The same row as both is that row (`Scan.setStopRow`).
    let is_one_row = !start.is_empty() && start == stop;
    let start = Bound { row: start, inclusive: true };
    let stop = Bound { row: stop, inclusive: is_one_row };
    let mut family_times = Vec::new();
    for (family, range) in scan.col_fam_time_range_map.unwrap_or_default() {
        share.take(COLUMN + COPIES * family.len()).map_err(Error::NoMemory)?;
        family_times.push((family, times(Some(&range))?));
    }
    // None at all, unlike in a get, is not refused.
    let versions = usize::try_from(scan.max_versions.unwrap_or(1)).unwrap_or(0);
    let query = Query {
        columns: columns(scan.columns, share)?,
        time: times(scan.time_range.as_ref())?,
        family_times,
        versions,
        store_limit: None,
        store_offset: 0,
    };
    let texts = (scan.filter_string.as_deref(), scan.filter_bytes.as_deref());
    let filter = read_filter(texts, share)?;
    check_labels(scan.authorizations.as_ref())?;
    // A limit of none ends the scan behind the rows that the first call of a region returns.
    let limit = if scan.limit == Some(0) { positive(scan.caching) } else { positive(scan.limit) };
    Ok(Scan {
        table,
        rows: Rows::Range { start, stop },
        reversed: scan.reversed.unwrap_or(false),
        query,
        batch: positive(scan.batch_size),
        limit,
        filter,
    })
}

fn columns(columns: Option<Vec<TColumn>>, share: &Share) -> Result<Vec<Column>> {
    let columns = columns.unwrap_or_default();
    let length =
        |column: &TColumn| column.family.len() + column.qualifier.as_ref().map_or(0, Vec::len);
    let names: usize = columns.iter().map(length).sum();
    share.take(COPIES * names + COLUMN * columns.len()).map_err(Error::NoMemory)?;
    Ok(columns.into_iter().map(|column| (column.family, column.qualifier)).collect())
}

fn times(range: Option<&TTimeRange>) -> Result<TimeRange> {
    range.map_or(Ok(TimeRange::ALL), |range| TimeRange::new(range.min_stamp, range.max_stamp))
}

/// A filter as text or in bytes, which go before, though the text has to be good.
fn read_filter(
    (text, bytes): (Option<&[u8]>, Option<&[u8]>),
    share: &Share,
) -> Result<Option<Box<dyn Filter>>> {
    let from_text = text.map(|text| filter::parse(text, share)).transpose()?;
    let from_bytes = bytes.map(|bytes| filter::parse_bytes(bytes, share)).transpose()?;
    Ok(from_bytes.or(from_text))
}

/// Without labels, the gateway runs into the null.
fn check_labels(authorizations: Option<&TAuthorization>) -> Result<()> {
    match authorizations {
        Some(TAuthorization { labels: None }) => {
            Err(Error::Illegal("authorizations without labels".to_owned()))
        }
        _ => Ok(()),
    }
}

/// A number of something; none, and less than that, is no bound.
fn positive(number: Option<i32>) -> Option<usize> {
    number.and_then(|number| usize::try_from(number).ok()).filter(|&number| number > 0)
}
