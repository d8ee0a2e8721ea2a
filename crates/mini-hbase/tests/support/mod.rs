//! What the tests of the server share: the generated client on a socket of its own.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_api::thrift2::THBaseServiceSyncClient;
use hbase_thrift_api::{
    ColumnDescriptor, HbaseSyncClient, Mutation, THbaseSyncClient, TRowResult, TScan,
};
use mini_hbase::{Builder, MiniHBase};
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

/// Waits for what happens soon after a reply.
pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(1));
    }
}

pub(crate) fn raw(address: &str) -> Raw {
    let (read, write) = TTcpChannel::with_stream(socket(address)).split().unwrap();
    HbaseSyncClient::new(
        TBinaryInputProtocol::new(TBufferedReadTransport::new(read), true),
        TBinaryOutputProtocol::new(TBufferedWriteTransport::new(write), true),
    )
}

/// The generated client of Thrift 2.
pub(crate) type RawThrift2 = THBaseServiceSyncClient<
    TBinaryInputProtocol<TBufferedReadTransport<ReadHalf<TTcpChannel>>>,
    TBinaryOutputProtocol<TBufferedWriteTransport<WriteHalf<TTcpChannel>>>,
>;

/// A client of Thrift 2 on its own port, which is buffered and binary.
pub(crate) fn thrift2(server: &MiniHBase) -> RawThrift2 {
    thrift2_at(&thrift2_address(server))
}

pub(crate) fn thrift2_at(address: &str) -> RawThrift2 {
    let (read, write) = TTcpChannel::with_stream(socket(address)).split().unwrap();
    THBaseServiceSyncClient::new(
        TBinaryInputProtocol::new(TBufferedReadTransport::new(read), true),
        TBinaryOutputProtocol::new(TBufferedWriteTransport::new(write), true),
    )
}

/// Where Thrift 2 is served, as `host:port`.
pub(crate) fn thrift2_address(server: &MiniHBase) -> String {
    let url = server.thrift2_url().unwrap();
    let behind = url.split_once("://").unwrap().1;
    behind.split(['/', '?']).next().unwrap().to_owned()
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

/// A scan of everything.
pub(crate) fn scan() -> TScan {
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

pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

pub(crate) fn none() -> BTreeMap<Vec<u8>, Vec<u8>> {
    BTreeMap::new()
}

pub(crate) fn mutation(column: &str, value: &str) -> Mutation {
    Mutation::new(false, bytes(column), bytes(value), true)
}

/// On disk, and in memory.
pub(crate) fn both() -> [Builder; 2] {
    [MiniHBase::builder(), MiniHBase::builder().in_memory()]
}

pub(crate) fn delete(column: &str) -> Mutation {
    Mutation {
        is_delete: Some(true),
        column: Some(bytes(column)),
        value: None,
        write_to_w_a_l: None,
    }
}

pub(crate) fn new(column: &str, value: Vec<u8>) -> Mutation {
    Mutation {
        is_delete: Some(false),
        column: Some(bytes(column)),
        value: Some(value),
        write_to_w_a_l: None,
    }
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

/// The versions of the column `f:x`, the newest first.
pub(crate) fn versions(raw: &mut Raw, row: &str) -> Vec<(String, i64)> {
    let cells = raw.get_ver(bytes("t"), bytes(row), bytes("f:x"), 10, none()).unwrap();
    let text = |cell: Vec<u8>| String::from_utf8(cell).unwrap();
    cells.into_iter().map(|cell| (text(cell.value.unwrap()), cell.timestamp.unwrap())).collect()
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
