//! Measures a gateway, mini-hbase or HBase: puts one by one, puts in batches, gets, and a scan.
//!
//! `cargo run --release --example measure -- HOST:PORT [ROWS [PID]]`: buffered transport, binary
//! protocol. With the server's process id, each step also prints how much of the processor's time
//! the server took for each row, and its memory (Linux): times of single calls are mostly waits for
//! the other process to be woken.
//!
//! `cargo run --release --example measure -- start [PROGRAM]` measures how long a server in this
//! process takes from its start to its first answer, and how long the program `mini-hbase` takes
//! with its tables in memory.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hbase_thrift_api::{
    BatchMutation, ColumnDescriptor, HbaseSyncClient, Mutation, THbaseSyncClient, TScan,
};
use mini_hbase::MiniHBase;
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
const STARTS: usize = 21;
/// The unit of processor time in /proc: `USER_HZ`, which is 100 on every Linux of today.
const TICK: Duration = Duration::from_millis(10);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9090".to_owned());
    if address == "start" {
        return starts(arguments.next().as_deref());
    }
    let rows = arguments.next().map_or(Ok(1_000_000), |rows| rows.parse())?;
    let server = arguments.next();
    let mut client = connect(&address)?;
    create(&mut client)?;
    let step = |name: &str, count: usize, work: &mut dyn FnMut() -> thrift::Result<()>| {
        let before = server.as_deref().and_then(processor_time);
        let start = Instant::now();
        work()?;
        let seconds = start.elapsed().as_secs_f64();
        let count_f64 = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let rate = count_f64 / seconds;
        print!("{name}: {count} in {seconds:.1} s, {rate:.0}/s");
        let after = server.as_deref().and_then(processor_time);
        if let Some(taken) = before.zip(after).map(|(before, after)| after.saturating_sub(before)) {
            print!(
                ", {:.2} µs of the server's processor a row",
                taken.as_secs_f64() * 1e6 / count_f64
            );
        }
        println!("{}", memory(server.as_deref()));
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

/// Prints how long it takes to start servers.
fn starts(program: Option<&str>) -> Result<(), Box<dyn Error>> {
    print_starts("in memory", || time_start(MiniHBase::in_memory))?;
    print_starts("a new store on disk", || time_start(MiniHBase::start))?;
    if let Some(program) = program {
        print_starts("the program with --memory", || time_program(program))?;
    }
    Ok(())
}

/// Prints the median and the longest of some starts.
fn print_starts(
    name: &str,
    time: impl Fn() -> Result<Duration, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut times = (0..STARTS).map(|_| time()).collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    let (median, longest) = (times[STARTS / 2], times[STARTS - 1]);
    println!("start, {name}: {median:.1?} (median of {STARTS}), {longest:.1?} at most");
    Ok(())
}

fn time_start(
    start: fn() -> Result<MiniHBase, mini_hbase::StartError>,
) -> Result<Duration, Box<dyn Error>> {
    let begin = Instant::now();
    let server = start()?;
    connect(&server.address().to_string())?.get_table_names()?;
    Ok(begin.elapsed())
}

fn time_program(program: &str) -> Result<Duration, Box<dyn Error>> {
    let begin = Instant::now();
    let mut command = Command::new(program);
    command.args(["--memory", "--listen", "127.0.0.1:0"]);
    let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut answer = || {
        let mut url = String::new();
        BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut url)?;
        let address = url.trim_end().trim_start_matches("hbase://").trim_end_matches('/');
        connect(address)?.get_table_names()?;
        Ok(begin.elapsed())
    };
    let time = answer();
    server.kill()?;
    server.wait()?;
    time
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

/// What the process has used of the processors, in user and in kernel mode.
fn processor_time(process: &str) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program's name, in parentheses, may have blanks.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u32>().ok());
    ticks.sum::<Option<u32>>().map(|ticks| TICK * ticks)
}
