//! What a user asks for, in HBase's terms and in no protocol's.
//!
//! A leaf: these types know neither Thrift nor sockets. Each refuses what no HBase could do; what one
//! of the gateways' interfaces would do otherwise is refused by its dialect.

mod admin;
#[cfg(test)]
mod again;
mod append;
mod attributes;
mod batch;
mod check_and_mutate;
mod check_and_put;
mod delete;
mod durability;
mod family;
mod get;
mod increment;
mod key_range;
mod mutation;
mod namespace;
mod page_token;
mod put;
mod row_mutations;
mod row_set;
mod scan;
pub(crate) mod scan_filter;
mod time_range;

pub use admin::Region;
pub use append::Append;
pub(crate) use attributes::Attributes;
pub use batch::Batch;
pub use check_and_mutate::{CheckAndMutate, Condition};
pub use check_and_put::CheckAndPut;
pub use delete::Delete;
pub use durability::Durability;
pub use family::{BloomFilter, ColumnFamily, Compression};
pub use get::{Get, GetRows, GetVersions, Version};
pub(crate) use get::{Selection, StorePage};
pub use increment::Increment;
pub(crate) use key_range::KeyRange;
pub use mutation::Mutation;
pub use namespace::Namespace;
pub(crate) use page_token::PagePlace;
pub use page_token::PageToken;
pub use put::Put;
pub use row_mutations::RowMutations;
pub use row_set::RowSet;
pub use scan::Scan;
pub use time_range::TimeRange;

use crate::error::{Error, ErrorKind, Result};

/// Longest row key (`HConstants.MAX_ROW_LENGTH`).
const MAX_ROW_LENGTH: usize = 32_767;
/// Longest name of a column family, which is kept in one byte.
const MAX_FAMILY_LENGTH: usize = 127;
/// What a `KeyValue` has beside row, family, qualifier and value.
const KEY_VALUE_OVERHEAD: usize = 20;

// What is checked of each row of a load is short, and what is said of a wrong one stands apart.

#[inline]
pub(crate) fn check_row(row: &[u8]) -> Result<()> {
    match row.len() {
        1..=MAX_ROW_LENGTH => Ok(()),
        length => Err(wrong_row(length)),
    }
}

#[cold]
fn wrong_row(length: usize) -> Error {
    if length == 0 {
        return Error::invalid("the row key is empty: HBase has no such row");
    }
    Error::invalid(format!("the row key has {length} bytes, HBase takes up to {MAX_ROW_LENGTH}"))
}

/// A column that names one cell: `family:qualifier`.
#[inline]
fn check_cell_column(column: &[u8]) -> Result<()> {
    match column.iter().position(|byte| *byte == b':') {
        Some(1..=MAX_FAMILY_LENGTH) => Ok(()),
        colon => Err(wrong_cell_column(column, colon)),
    }
}

#[cold]
fn wrong_cell_column(column: &[u8], colon: Option<usize>) -> Error {
    let shown = column.escape_ascii();
    Error::invalid(match colon {
        Some(0) => format!("the column `{shown}` has no family"),
        Some(_) => format!("the family of the column `{shown}` is too long"),
        None => format!(
            "the column `{shown}` has no colon, so it names a whole family, where the gateway drops \
             or refuses the value: write `{shown}:` for the empty qualifier"
        ),
    })
}

/// A column, or a whole family: `family:qualifier` or `family`.
fn check_column_or_family(column: &[u8]) -> Result<()> {
    match column.first() {
        None => Err(Error::invalid("a column is empty: name a family or `family:qualifier`")),
        Some(b':') => {
            let shown = column.escape_ascii();
            Err(Error::invalid(format!("the column `{shown}` has no family")))
        }
        Some(_) => Ok(()),
    }
}

#[inline]
fn check_cell_size(row: &[u8], column: &[u8], value: &[u8], limit: usize) -> Result<()> {
    // The colon is not part of a KeyValue.
    let size = KEY_VALUE_OVERHEAD + row.len() + column.len() - 1 + value.len();
    if size <= limit { Ok(()) } else { Err(too_large_cell(column, size, limit)) }
}

#[cold]
fn too_large_cell(column: &[u8], size: usize, limit: usize) -> Error {
    let column = column.escape_ascii();
    Error::new(
        ErrorKind::TooLarge,
        format!(
            "the cell `{column}` has {size} bytes with its key, the limit is {limit}: where the \
             gateway's hbase.client.keyvalue.maxsize and the region servers' \
             hbase.server.keyvalue.maxsize are larger, set max_cell_size to the smaller of them"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<()>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_row_key_has_1_to_32767_bytes() {
        assert!(message(check_row(b"")).contains("empty"));
        assert!(check_row(&vec![b'x'; MAX_ROW_LENGTH]).is_ok());
        assert!(message(check_row(&vec![b'x'; MAX_ROW_LENGTH + 1])).contains("32767"));
    }

    #[test]
    fn a_put_on_a_bare_family_is_refused_with_the_way_out() {
        assert!(message(check_cell_column(b"ids")).contains("write `ids:`"));
        assert!(check_cell_column(b"ids:").is_ok());
        assert!(check_cell_column(b"ids:a:b").is_ok());
    }

    #[test]
    fn a_column_without_family_is_refused() {
        assert!(message(check_cell_column(b":q")).contains("no family"));
        assert!(message(check_column_or_family(b":q")).contains("no family"));
        assert!(message(check_column_or_family(b"")).contains("empty"));
    }

    #[test]
    fn a_cell_over_the_limit_is_refused_naming_the_servers_setting() {
        let value = [0; 100];
        assert!(check_cell_size(b"row", b"f:q", &value, 125).is_ok());
        let refused = check_cell_size(b"row", b"f:q", &value, 124);
        assert!(message(refused).contains("hbase.client.keyvalue.maxsize"));
    }
}
