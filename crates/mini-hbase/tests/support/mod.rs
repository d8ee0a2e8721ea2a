//! What the tests of the server share: the generated client on a socket of its own.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::time::Duration;

use hbase_thrift_api::{ColumnDescriptor, HbaseSyncClient, Mutation, THbaseSyncClient, TRowResult};
use mini_hbase::MiniHBase;
use thrift::protocol::{TBinaryInputProtocol, TBinaryOutputProtocol};
use thrift::transport::{
    ReadHalf, TBufferedReadTransport, TBufferedWriteTransport, TIoChannel as _, TTcpChannel,
    WriteHalf,
};

pub(crate) type Raw = HbaseSyncClient<
    TBinaryInputProtocol<TBufferedReadTransport<ReadHalf<TTcpChannel>>>,
    TBinaryOutputProtocol<TBufferedWriteTransport<WriteHalf<TTcpChannel>>>,
>;

/// No test waits longer for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn socket(address: &str) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

pub(crate) fn raw(address: &str) -> Raw {
    let (read, write) = TTcpChannel::with_stream(socket(address)).split().unwrap();
    HbaseSyncClient::new(
        TBinaryInputProtocol::new(TBufferedReadTransport::new(read), true),
        TBinaryOutputProtocol::new(TBufferedWriteTransport::new(write), true),
    )
}

pub(crate) fn client(server: &MiniHBase) -> Raw {
    raw(&server.address().to_string())
}

/// A client, and a table `t` with the family `f`.
pub(crate) fn client_with_table(server: &MiniHBase) -> Raw {
    let mut raw = client(server);
    raw.create_table(bytes("t"), vec![family("f")]).unwrap();
    raw
}

pub(crate) fn family(name: &str) -> ColumnDescriptor {
    ColumnDescriptor {
        name: Some(bytes(name)),
        max_versions: None,
        compression: None,
        in_memory: None,
        bloom_filter_type: None,
        bloom_filter_vector_size: None,
        bloom_filter_nb_hashes: None,
        block_cache_enabled: None,
        time_to_live: None,
    }
}

pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

pub(crate) fn none() -> BTreeMap<Vec<u8>, Vec<u8>> {
    BTreeMap::new()
}

pub(crate) fn mutation(column: &str, value: &str) -> Mutation {
    Mutation::new(false, bytes(column), bytes(value), true)
}

pub(crate) fn put(raw: &mut Raw, row: &str, column: &str, value: &str) -> thrift::Result<()> {
    raw.mutate_row(bytes("t"), bytes(row), vec![mutation(column, value)], none())
}

pub(crate) fn value(raw: &mut Raw, row: &str, column: &str) -> Option<String> {
    let cells = raw.get(bytes("t"), bytes(row), bytes(column), none()).unwrap();
    cells.into_iter().next().map(|cell| String::from_utf8(cell.value.unwrap()).unwrap())
}

pub(crate) fn keys(rows: Vec<TRowResult>) -> Vec<String> {
    rows.into_iter().map(|row| String::from_utf8(row.row.unwrap()).unwrap()).collect()
}
