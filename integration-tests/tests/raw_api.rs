//! Every method of the Thrift interface, called with the generated client on the real server: that
//! proves `thrift-idl/Hbase.thrift`, and pins down the semantics that the client crate relies on.

use std::collections::BTreeMap;

use hbase_thrift_api::{Mutation, TCell, THbaseSyncClient, TRowResult, TScan};
use integration_tests::{RawClient, Server, Test, TestTable};

mod atomic;
mod details;
mod filters;
mod flavours;
mod gateway;
mod left_out;
mod odd;
mod reads;
mod scanners;
mod tables;
mod writes;

pub(crate) fn tests() -> Vec<Test> {
    [
        atomic::tests(),
        details::tests(),
        filters::tests(),
        flavours::tests(),
        gateway::tests(),
        left_out::tests(),
        odd::tests(),
        reads::tests(),
        scanners::tests(),
        tables::tests(),
        writes::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A table with the families `a` and `b`, and a connection to work on it.
struct Bench {
    raw: RawClient,
    table: TestTable,
}

impl Bench {
    fn new(server: &Server, name: &str) -> Self {
        Self { raw: server.raw(), table: TestTable::create(server, name, &["a", "b"]) }
    }

    fn name(&self) -> Vec<u8> {
        self.table.bytes()
    }

    fn put(&mut self, row: &str, column: &str, value: &str) {
        let mutations = vec![put(column, value)];
        self.raw.mutate_row(self.name(), bytes(row), mutations, none()).unwrap();
    }

    fn put_at(&mut self, timestamp: i64, row: &str, column: &str, value: &str) {
        let mutations = vec![put(column, value)];
        self.raw.mutate_row_ts(self.name(), bytes(row), mutations, timestamp, none()).unwrap();
    }

    fn row(&mut self, row: &str) -> Vec<Simple> {
        simple(self.raw.get_row(self.name(), bytes(row), none()).unwrap())
    }
}

/// A row as a test likes to write it: its key, and each column's name and value.
type Simple = (String, Vec<(String, String)>);

fn simple(rows: Vec<TRowResult>) -> Vec<Simple> {
    rows.into_iter()
        .map(|row| {
            let columns = row.columns.unwrap_or_default().into_iter();
            let columns = columns.map(|(name, cell)| (text(Some(name)), text(cell.value)));
            (text(row.row), columns.collect())
        })
        .collect()
}

fn row(key: &str, columns: &[(&str, &str)]) -> Simple {
    let columns = columns.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    (key.to_owned(), columns.collect())
}

fn values(cells: Vec<TCell>) -> Vec<String> {
    cells.into_iter().map(|cell| text(cell.value)).collect()
}

fn put(column: &str, value: &str) -> Mutation {
    Mutation::new(false, bytes(column), bytes(value), true)
}

fn delete(column: &str) -> Mutation {
    Mutation::new(true, bytes(column), Vec::new(), true)
}

fn none() -> BTreeMap<Vec<u8>, Vec<u8>> {
    BTreeMap::new()
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn list(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| bytes(text)).collect()
}

fn text(bytes: Option<Vec<u8>>) -> String {
    String::from_utf8(bytes.unwrap()).unwrap()
}

/// A counter's cell, as HBase stores it.
fn counter(bytes: &[u8]) -> i64 {
    i64::from_be_bytes(bytes.try_into().unwrap())
}

/// The generated `Default` fills every optional field, and asks for version 0 of everything.
fn empty_scan() -> TScan {
    TScan {
        start_row: None,
        stop_row: None,
        timestamp: None,
        columns: None,
        caching: None,
        filter_string: None,
        batch_size: None,
        sort_columns: None,
        reversed: None,
        cache_blocks: None,
    }
}
