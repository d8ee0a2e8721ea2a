//! What the gateways of any interface would reject late or, worse, silently do otherwise, refused
//! before it is sent. What one interface alone makes of a request is refused by its module.
//!
//! What no interface of HBase could do (an empty row key, a column without family) is refused by
//! the requests themselves.

use std::collections::BTreeSet;

use super::call::Request;
use super::hidden;
use super::thrift1::packed;
use crate::error::{Error, Result};
use crate::request::{
    Batch, ColumnFamily, Delete, Increment, Mutation, Namespace, Put, RowMutations, Scan,
    check_row, scan_filter,
};

/// Checks the request by itself, then for the interface's traps.
pub(super) fn check(request: &Request<'_>, max_cell_size: usize) -> Result<()> {
    match *request {
        Request::Get(table, get) | Request::Exists(table, get) => {
            check_table(table)?;
            get.check()
        }
        Request::GetRows(table, get) | Request::ExistsAll(table, get) => {
            check_table(table)?;
            get.check()
        }
        Request::GetVersions(table, get) => {
            check_table(table)?;
            get.check()
        }
        Request::Put(table, put) => {
            check_table(table)?;
            check_put(table, put, max_cell_size).map(drop)
        }
        Request::Delete(table, delete) => {
            check_table(table)?;
            check_delete(delete).map(drop)
        }
        Request::Batch(table, batch) => {
            check_table(table)?;
            check_batch(table, batch, max_cell_size)
        }
        Request::Increment(table, increment) => {
            check_table(table)?;
            check_increment(table, increment)
        }
        Request::IncrementRows(table, increments) => {
            check_table(table)?;
            increments.iter().try_for_each(|increment| check_increment(table, increment))
        }
        Request::Append(table, append) => {
            check_table(table)?;
            append.check()?;
            check_location(table, &append.row)
        }
        Request::CheckAndPut(table, check) => {
            check_table(table)?;
            check.check(max_cell_size)?;
            check_location(table, &check.row)
        }
        Request::CheckAndMutate(table, check) => {
            check_table(table)?;
            check.check(max_cell_size)?;
            check_row_mutations(table, &check.mutations, max_cell_size)
        }
        Request::MutateRow(table, row) => {
            check_table(table)?;
            check_row_mutations(table, row, max_cell_size)
        }
        Request::OpenScanner(table, scan, _) | Request::Page(table, scan, _) => {
            check_table(table)?;
            check_scan(scan)
        }
        Request::CreateTable(name, families, splits) => {
            check_table(name)?;
            check_splits(splits)?;
            if families.is_empty() {
                return Err(Error::invalid("a table needs at least one column family"));
            }
            families.iter().try_for_each(ColumnFamily::check)
        }
        Request::AddFamily(table, family) => {
            check_table(table)?;
            family.check()
        }
        Request::DeleteFamily(table, family) => {
            check_table(table)?;
            ColumnFamily::check_name(family)
        }
        Request::RegionOf(table, row) => {
            check_table(table)?;
            check_row(row)
        }
        Request::CreateNamespace(Namespace { name, .. })
        | Request::ModifyNamespace(Namespace { name, .. }) => check_namespace(name),
        Request::DeleteNamespace(name) | Request::DescribeNamespace(name) => check_namespace(name),
        Request::TruncateTable(name, _)
        | Request::DescribeTable(name)
        | Request::ModifyTable(name, _)
        | Request::ModifyFamily(name, _)
        | Request::EnableTable(name)
        | Request::DisableTable(name)
        | Request::DeleteTable(name)
        | Request::IsTableEnabled(name)
        | Request::ColumnFamilies(name)
        | Request::Regions(name)
        | Request::Compact(name)
        | Request::MajorCompact(name) => check_table(name),
        // Its mutations were checked when the writer took them.
        Request::PackedBatch(..)
        | Request::FetchRows(_)
        | Request::CloseScanner(_)
        | Request::Namespaces
        | Request::TableNames
        | Request::TableStates
        | Request::ClusterId
        | Request::ServerType => Ok(()),
    }
}

/// HBase sorts them, and refuses the others with an internal error.
fn check_splits(splits: &[Vec<u8>]) -> Result<()> {
    let mut keys = BTreeSet::new();
    for key in splits {
        check_row(key)?;
        if !keys.insert(key) {
            let shown = key.escape_ascii();
            return Err(Error::invalid(format!("the split key `{shown}` is there twice")));
        }
    }
    Ok(())
}

fn check_namespace(name: &str) -> Result<()> {
    let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(is_sound) {
        return Err(Error::invalid(format!(
            "`{}` can't be a namespace: it needs letters, digits and underscores alone",
            name.escape_debug()
        )));
    }
    Ok(())
}

/// As [`check`], of what a buffered writer takes; returns how many bytes of a request it takes.
pub(super) fn check_mutation(
    table: &[u8],
    mutation: &Mutation,
    max_cell_size: usize,
) -> Result<usize> {
    check_table(table)?;
    match mutation {
        Mutation::Put(put) => check_put(table, put, max_cell_size),
        Mutation::Delete(delete) => {
            let size = check_delete(delete)?;
            if delete.versions.is_empty() { Ok(size) } else { Err(single_versions()) }
        }
    }
}

#[cold]
fn single_versions() -> Error {
    Error::invalid(
        "a buffered writer deletes all versions up to a time: delete single ones by Table::delete or \
         Table::batch",
    )
}

/// HBase's longest row key.
const MAX_ROW_LENGTH: usize = 32_767;
/// What the key of a region's row in `hbase:meta` has beside the table's name and a row key: two
/// commas and the largest id that is looked for (`99999999999999`).
const LOCATION_OVERHEAD: usize = 16;

/// The longest row key for which a gateway finds the region: `table,row,id` is itself a row key, of
/// `hbase:meta`. For longer ones it tries for minutes, unless it happens to know the region.
fn max_row_length(table: &[u8]) -> usize {
    MAX_ROW_LENGTH.saturating_sub(table.len() + LOCATION_OVERHEAD)
}

/// Only writes are refused: others may have stored such rows, which can be read and deleted where
/// the gateway knows the region.
#[inline]
fn check_location(table: &[u8], row: &[u8]) -> Result<()> {
    let limit = max_row_length(table);
    if row.len() <= limit { Ok(()) } else { Err(nowhere_to_be_found(row.len(), limit)) }
}

#[cold]
fn nowhere_to_be_found(length: usize, limit: usize) -> Error {
    Error::invalid(format!(
        "the row key has {length} bytes; in this table a gateway finds the region of keys of up to \
         {limit} bytes only, and tries for minutes with longer ones"
    ))
}

#[inline]
fn check_table(name: &[u8]) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid("the table's name is empty"));
    }
    Ok(())
}

/// Returns how many bytes of a request it takes.
fn check_put(table: &[u8], put: &Put, max_cell_size: usize) -> Result<usize> {
    let bytes = put.check(max_cell_size)?;
    check_location(table, &put.row)?;
    Ok(packed::put_size(put, bytes))
}

/// As [`check_put`]. Deletes are few beside puts, whose way is kept short.
#[inline(never)]
fn check_delete(delete: &Delete) -> Result<usize> {
    Ok(packed::delete_size(delete, delete.check()?))
}

fn check_increment(table: &[u8], increment: &Increment) -> Result<()> {
    increment.check()?;
    check_location(table, &increment.row)
}

fn check_batch(table: &[u8], batch: &Batch, max_cell_size: usize) -> Result<()> {
    batch.puts.iter().try_for_each(|put| check_put(table, put, max_cell_size).map(drop))?;
    batch.deletes.iter().try_for_each(|delete| check_delete(delete).map(drop))?;
    hidden::check_batch(batch)
}

fn check_row_mutations(table: &[u8], row: &RowMutations, max_cell_size: usize) -> Result<()> {
    row.check(max_cell_size)?;
    if row.mutations.iter().any(Mutation::is_put) {
        check_location(table, &row.row)?;
    }
    hidden::check_row_mutations(row)
}

fn check_scan(scan: &Scan) -> Result<()> {
    if scan.caching == 0 || i32::try_from(scan.caching).is_err() {
        return Err(Error::invalid(
            "the scan's caching has to be between 1 and 2147483647: a fetch of 0 rows looks like the \
             end of the table",
        ));
    }
    if scan.batch.is_some_and(|cells| cells == 0 || i32::try_from(cells).is_err()) {
        return Err(Error::invalid("the scan's batch has to be between 1 and 2147483647 cells"));
    }
    if scan.batch.is_some()
        && let Some(name) = scan.filter.as_deref().and_then(scan_filter::of_whole_rows)
    {
        return Err(Error::invalid(format!(
            "{name} decides on whole rows, so it can't be used with a batch that splits them: the \
             gateway would try for minutes"
        )));
    }
    if scan.paged {
        check_pages(scan)?;
    }
    if scan.batch.is_some() && scan.selection.max_versions.is_some_and(|versions| versions > 1) {
        return Err(Error::invalid(
            "a scan that splits rows reads one version of each cell: between two versions it could not \
             go on after a failure",
        ));
    }
    scan.family_times.values().try_for_each(|times| times.check())?;
    let (start, stop) = scan.bounds();
    for key in [&start, &stop] {
        if !key.is_empty() {
            check_row(key)?;
        }
    }
    scan.selection.check()
}

/// Each page is a scan of its own at the gateway.
fn check_pages(scan: &Scan) -> Result<()> {
    if scan.batch.is_some() {
        return Err(Error::invalid(
            "a scan by pages can't split rows, since no page can begin within one: leave out the batch, \
             or don't ask for pages",
        ));
    }
    let counts = scan.filter.as_deref().and_then(scan_filter::that_begins_anew);
    counts.map_or(Ok(()), |name| {
        Err(Error::invalid(format!(
            "{name} begins anew with each page, so a scan by pages would have rows that it is to leave \
             out: use the scan's limit or range, or don't ask for pages"
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_whose_region_no_gateway_finds_is_not_written() {
        let longest = vec![b'x'; max_row_length(b"table")];
        let put = |row: &[u8]| {
            let put = Put::new(row).column("f:a", "1");
            check(&Request::Put(b"table", &put), 1 << 20)
        };
        assert!(put(&longest).is_ok());
        let longer = [longest.as_slice(), b"x"].concat();
        assert!(put(&longer).unwrap_err().to_string().contains("32746"));
        assert!(check(&Request::Delete(b"table", &Delete::row(longer)), 1).is_ok());
    }

    #[test]
    fn split_keys_that_hbase_refuses_are_refused() {
        let check = |keys: &[&str]| {
            let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
            check(&Request::CreateTable(b"t", &[ColumnFamily::new("f")], &keys), 1)
        };
        assert!(check(&["b", "a"]).is_ok());
        assert!(check(&["a", "b", "a"]).unwrap_err().to_string().contains("`a` is there twice"));
        assert!(check(&["a", ""]).is_err());
    }

    #[test]
    fn a_namespace_has_letters_digits_and_underscores() {
        assert!(check_namespace("crashes_2").is_ok());
        for wrong in ["", "a:b", "a-b", "\u{e9}"] {
            assert!(check_namespace(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pages_of_parts_of_rows_and_with_filters_that_count_are_refused() {
        assert!(check_scan(&Scan::new().paged().filter("KeyOnlyFilter()")).is_ok());
        assert!(check_scan(&Scan::new().paged().batch(2)).is_err());
        assert!(check_scan(&Scan::new().paged().filter("PageFilter(2)")).is_err());
    }

    #[test]
    fn zero_rows_a_fetch_and_zero_cells_a_batch_are_refused() {
        assert!(check_scan(&Scan::new().caching(0)).is_err());
        assert!(check_scan(&Scan::new().batch(0)).is_err());
    }

    #[test]
    fn a_batch_with_a_filter_of_whole_rows_is_refused() {
        let check = |filter: &str| check_scan(&Scan::new().batch(2).filter(filter));
        assert!(check("RowFilter(=, 'binary:a') AND PageFilter(3)").is_err());
        assert!(check("SKIP ValueFilter(!=, 'binary:0')").is_err());
        assert!(check("RowFilter(=, 'binary:it''s a PageFilter(3)')").is_ok());
        assert!(check_scan(&Scan::new().filter("PageFilter(3)")).is_ok());
    }
}
