//! Measures a gateway, mini-hbase or HBase: puts one by one, puts in batches, gets, and a scan.
//!
//! `cargo run --release --example measure -- HOST:PORT [ROWS [PID]]`: buffered transport, binary
//! protocol; with the server's process id, its memory is told after each step (Linux).

use std::collections::BTreeMap;
use std::error::Error;
use std::net::TcpStream;
use std::time::Instant;

use hbase_thrift_api::{
    BatchMutation, ColumnDescriptor, HbaseSyncClient, Mutation, THbaseSyncClient, TScan,
};
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TInputProtocol, TOutputProtocol,
};
use thrift::transport::{
    TBufferedReadTransport, TBufferedWriteTransport, TIoChannel as _, TTcpChannel,
};

type Client = HbaseSyncClient<Box<dyn TInputProtocol>, Box<dyn TOutputProtocol>>;

const TABLE: &[u8] = b"measured";
const SINGLE_PUTS: usize = 100_000;
const BATCH: usize = 1_000;
const GETS: usize = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9090".to_owned());
    let rows = arguments.next().map_or(Ok(1_000_000), |rows| rows.parse())?;
    let server = arguments.next();
    let mut client = connect(&address)?;
    create(&mut client)?;
    let step = |name: &str, count: usize, work: &mut dyn FnMut() -> thrift::Result<()>| {
        let start = Instant::now();
        work()?;
        let seconds = start.elapsed().as_secs_f64();
        let rate = f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds;
        println!("{name}: {count} in {seconds:.1} s, {rate:.0}/s{}", memory(server.as_deref()));
        thrift::Result::Ok(())
    };
    step("puts, one a call", SINGLE_PUTS, &mut || {
        (0..SINGLE_PUTS).try_for_each(|number| {
            client.mutate_row(TABLE.to_vec(), key(number), cells(number), none())
        })
    })?;
    step("puts, 1,000 a call", rows, &mut || {
        (0..rows).step_by(BATCH).try_for_each(|first| {
            let numbers = first..(first + BATCH).min(rows);
            let batch = numbers.map(|number| BatchMutation::new(key(number), cells(number)));
            client.mutate_rows(TABLE.to_vec(), batch.collect(), none())
        })
    })?;
    step("gets", GETS, &mut || {
        (0..GETS).try_for_each(|number| {
            client.get_row(TABLE.to_vec(), key(number * 7 % rows), none()).map(drop)
        })
    })?;
    step("scan, 1,000 rows a fetch", rows, &mut || scan(&mut client, rows))?;
    client.disable_table(TABLE.to_vec())?;
    Ok(client.delete_table(TABLE.to_vec())?)
}

fn connect(address: &str) -> Result<Client, Box<dyn Error>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let (read, write) = TTcpChannel::with_stream(stream).split()?;
    Ok(HbaseSyncClient::new(
        Box::new(TBinaryInputProtocol::new(TBufferedReadTransport::new(read), true)),
        Box::new(TBinaryOutputProtocol::new(TBufferedWriteTransport::new(write), true)),
    ))
}

fn create(client: &mut Client) -> thrift::Result<()> {
    let family = ColumnDescriptor {
        name: Some(b"f".to_vec()),
        max_versions: Some(1),
        compression: None,
        in_memory: None,
        bloom_filter_type: None,
        bloom_filter_vector_size: None,
        bloom_filter_nb_hashes: None,
        block_cache_enabled: None,
        time_to_live: None,
    };
    client.create_table(TABLE.to_vec(), vec![family])
}

fn scan(client: &mut Client, rows: usize) -> thrift::Result<()> {
    let scan = TScan {
        start_row: None,
        stop_row: None,
        timestamp: None,
        columns: None,
        caching: Some(1_000),
        filter_string: None,
        batch_size: None,
        sort_columns: None,
        reversed: None,
        cache_blocks: None,
    };
    let scanner = client.scanner_open_with_scan(TABLE.to_vec(), scan, none())?;
    let mut seen = 0;
    loop {
        let fetched = client.scanner_get_list(scanner, 1_000)?.len();
        if fetched == 0 {
            break;
        }
        seen += fetched;
    }
    if seen != rows.max(SINGLE_PUTS) {
        return Err(format!("the scan saw {seen} rows").into());
    }
    client.scanner_close(scanner)
}

fn key(number: usize) -> Vec<u8> {
    format!("row{number:09}").into_bytes()
}

/// One cell of 36 bytes.
fn cells(number: usize) -> Vec<Mutation> {
    let value = format!("{number:036}").into_bytes();
    vec![Mutation::new(false, b"f:ooid".to_vec(), value, true)]
}

fn none() -> BTreeMap<Vec<u8>, Vec<u8>> {
    BTreeMap::new()
}

fn memory(process: Option<&str>) -> String {
    let Some(process) = process else { return String::new() };
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let lines =
        status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    lines.flat_map(|line| [", ", line]).collect::<String>().replace('\t', " ")
}
