//! The one module that knows HBase's Thrift 1 interface: makes calls of requests, and results of
//! replies.
//!
//! A call for Thrift 2 would be a module beside this one; nothing above would notice. Sending and
//! repeating calls is left to the layers around.

mod admin;
mod call;
mod encode;
mod reply;
mod rows;
mod scanners;

pub(crate) use admin::{
    cluster_id, column_descriptors, compact, create_table, delete_table, disable_table,
    enable_table, grant, major_compact, revoke, server_type, table_enabled, table_names,
    table_regions, table_states,
};
pub(crate) use call::Call;
pub(crate) use reply::Reply;
pub(crate) use rows::{
    append, batch, check_and_put, delete, get_row, get_rows, get_versions, increment,
    increment_rows, put,
};
pub(crate) use scanners::{scanner_close, scanner_get_list, scanner_open};
