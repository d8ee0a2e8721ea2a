//! Where a crash stands in HBase: tables, row keys, columns, counters and the rows that name it.
//!
//! Pure functions on `model`, for one place to compare with what Socorro's Python client reads and
//! writes (`hbaseClient.py`). In which order things are written is left to `lifecycle`.

mod cells;
mod keys;
mod schema;
mod search;

pub(crate) use schema::is_salted;
pub use schema::{FamilySchema, SEARCH_TABLE, TABLES, TableSchema};
pub use search::SearchColumn;

pub(crate) use cells::{Facts, IndexCell};
pub(crate) use keys::*;
pub(crate) use schema::*;
pub(crate) use search::SearchRow;
