//! Submissions and fetches a second, against a client that makes the calls of Socorro's Python
//! client, one after the other, over the same generic client.
//!
//! `HBASE_THRIFT_URL=hbase://localhost:9090 cargo bench -p socorro-hbase-client`; without the
//! variable it does nothing. It makes tables under a prefix of its own, and drops them. Measured twice:
//! directly, which is the server's own time, and over a line that delays every answer by half a
//! millisecond, as a network does.
//!
//! After `cargo build --release -p socorro-hbase-cli`, the program submits a folder of as many crashes
//! too, between the other ones.

use std::{
    env,
    error::Error,
    fs,
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use hbase_thrift_client::{Client, Config, Get, Increment, Put};
use socorro_hbase_client::{
    CrashMetadata, CrashStore, NewReport, Ooid, QueueForProcessing, SEARCH_TABLE, SchemaOptions,
    TABLES,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// What a network adds to a round trip.
const DELAY: Duration = Duration::from_micros(500);
const ROUNDS: u32 = 5;
/// In a round.
const CRASHES: u32 = 200;
const ALL: u32 = ROUNDS * CRASHES;
/// How many are submitted with one call.
const AT_ONCE: usize = 100;
const DUMP: &[u8] = &[b'M'; 50 * 1000];
const JSON: &str = r#"{"submitted_timestamp": "2012-05-08T20:50:50.123456+00:00", "ProductName": "Firefox", "ProcessType": "plugin", "HangID": "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12"}"#;

fn main() -> Outcome {
    let Ok(url) = env::var("HBASE_THRIFT_URL") else {
        println!("HBASE_THRIFT_URL isn't set, so there is nothing to measure with");
        return Ok(());
    };
    let prefix = format!("bench_{}_", std::process::id());
    let config = url.parse::<Config>()?.table_prefix(&prefix);
    let store = CrashStore::new(Client::connect(config.clone())?);
    store.create_schema(&SchemaOptions::new())?;
    let measured = measure_both(&store, &config);
    for table in TABLES.iter().chain([&SEARCH_TABLE]) {
        store.client().admin().disable_table(table.name)?;
        store.client().admin().delete_table(table.name)?;
    }
    measured
}

fn measure_both(store: &CrashStore, config: &Config) -> Outcome {
    println!("directly:");
    measure(store)?;
    println!("with {DELAY:?} more for each answer:");
    let delayed = Config::new("127.0.0.1", delaying(config)?)
        .transport(config.get_transport())
        .protocol(config.get_protocol())
        .table_prefix(config.get_table_prefix());
    measure(&CrashStore::new(Client::connect(delayed)?))
}

/// A line to the gateway on which every answer takes longer; answers with its port.
fn delaying(gateway: &Config) -> Outcome<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let endpoint = gateway.get_endpoints()[0].clone();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let carried = || -> io::Result<()> {
                let server = TcpStream::connect((endpoint.host(), endpoint.port()))?;
                client.set_nodelay(true)?;
                server.set_nodelay(true)?;
                let (up, down) = (client.try_clone()?, server.try_clone()?);
                thread::spawn(move || carry(up, server, Duration::ZERO));
                thread::spawn(move || carry(down, client, DELAY));
                Ok(())
            };
            // A client whose line can't be made sees a lost connection.
            let _ = carried();
        }
    });
    Ok(port)
}

fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration) -> io::Result<()> {
    let mut piece = vec![0; 256 * 1024];
    loop {
        let length = from.read(&mut piece)?;
        if length == 0 {
            return to.shutdown(Shutdown::Write);
        }
        // A sleep takes longer than is asked for; half a millisecond is too short for that.
        let until = Instant::now() + delay;
        while Instant::now() < until {
            thread::yield_now();
        }
        to.write_all(&piece[..length])?;
    }
}

/// Both in turn, so that whatever else the machine does slows down both.
fn measure(store: &CrashStore) -> Outcome {
    let metadata = CrashMetadata::from_json(JSON)?;
    let mut times: [Vec<Duration>; 5] = Default::default();
    let mut of_program = None;
    for round in 0..ROUNDS {
        let (mut ours, mut theirs, mut many) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..CRASHES {
            many.push(Ooid::generate(metadata.submitted().ok_or("no time")?.date())?);
            ours.push(Ooid::generate(metadata.submitted().ok_or("no time")?.date())?);
            theirs.push(Ooid::generate(metadata.submitted().ok_or("no time")?.date())?);
        }
        times[0].push(time(&ours, |ooid| {
            store.put_raw_report(ooid, &metadata, DUMP, QueueForProcessing::Yes)?;
            Ok(())
        })?);
        times[1].push(time(&theirs, |ooid| original_submission(store.client(), ooid))?);
        times[2].push(time(&ours, |ooid| {
            store.get_raw_report(ooid)?;
            Ok(())
        })?);
        times[3].push(time(&theirs, |ooid| original_fetch(store.client(), ooid))?);
        let started = Instant::now();
        let reports: Vec<_> =
            many.iter().map(|ooid| NewReport::new(ooid, &metadata, DUMP)).collect();
        for reports in reports.chunks(AT_ONCE) {
            for result in store.put_raw_reports(reports, QueueForProcessing::Yes)? {
                result?;
            }
        }
        times[4].push(started.elapsed());
        if round == ROUNDS / 2 {
            of_program = submit_folder(store.client(), &metadata)?;
        }
    }
    let [ours, theirs, our_fetch, their_fetch, many] = times.map(median);
    println!(
        "submissions a second: one by one {:.0}, {AT_ONCE} at a time {:.0}, the original's calls {:.0}",
        per_second(ours),
        per_second(many),
        per_second(theirs)
    );
    println!(
        "fetches a second: {:.0}, the original's calls {:.0}",
        per_second(our_fetch),
        per_second(their_fetch)
    );
    println!(
        "the rate of the original's calls is reached {:.1} times one by one, {:.1} times many at a time",
        theirs.as_secs_f64() / ours.as_secs_f64(),
        theirs.as_secs_f64() / many.as_secs_f64()
    );
    match of_program {
        Some(time) => println!(
            "`submit FOLDER` of {ALL} crashes: {:.0} a second, {:.1} times that rate",
            f64::from(ALL) / time.as_secs_f64(),
            theirs.as_secs_f64() / (time / ROUNDS).as_secs_f64()
        ),
        None => println!("`submit FOLDER` isn't measured: the program isn't built"),
    }
    Ok(())
}

/// How long the program takes for a folder of crashes; `None` if there is no program beside this one.
fn submit_folder(client: &Client, metadata: &CrashMetadata) -> Outcome<Option<Duration>> {
    let program = env::current_exe()?;
    let target = program.parent().and_then(Path::parent).ok_or("no folder of builds")?;
    let program = target.join(format!("socorro-hbase{}", env::consts::EXE_SUFFIX));
    if !program.is_file() {
        return Ok(None);
    }
    let folder =
        Folder(env::temp_dir().join(format!("socorro-hbase-bench-{}", std::process::id())));
    fs::create_dir(&folder.0)?;
    for _ in 0..ALL {
        let ooid = Ooid::generate(metadata.submitted().ok_or("no time")?.date())?;
        fs::write(folder.0.join(format!("{ooid}.json")), JSON)?;
        fs::write(folder.0.join(format!("{ooid}.dump")), DUMP)?;
    }
    let started = Instant::now();
    let ended = Command::new(program)
        .arg("submit")
        .arg(&folder.0)
        .arg("--server")
        .arg(client.config().to_string())
        .arg("--quiet")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    let time = started.elapsed();
    if ended.success() { Ok(Some(time)) } else { Err(format!("`submit` {ended}").into()) }
}

/// Is removed with all that is in it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // It is among temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn time(ooids: &[Ooid], mut run: impl FnMut(&Ooid) -> Outcome) -> Outcome<Duration> {
    let started = Instant::now();
    ooids.iter().try_for_each(&mut run)?;
    Ok(started.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn per_second(time: Duration) -> f64 {
    f64::from(CRASHES) / time.as_secs_f64()
}

/// The calls of `put_json_dump` for this crash, in their order: 24 round trips.
fn original_submission(client: &Client, ooid: &Ooid) -> Outcome {
    const T: &str = "2012-05-08T20:50:50.123456";
    const HANG: &str = "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    let (salt, date) = (&ooid.as_str()[..1], &ooid.as_str()[30..]);
    let crash = Put::new(format!("{salt}{date}{ooid}"))
        .column("flags:processed", "N")
        .column("flags:legacy_processing", "Y")
        .column("meta_data:json", JSON)
        .column("timestamps:submitted", "2012-05-08T20:50:50.123456+00:00")
        .column("ids:ooid", ooid.as_str())
        .column("ids:hang", HANG)
        .column("raw_data:dump", DUMP);
    client.table("crash_reports").put(&crash)?;
    let put = |index: &str, row: String, column: &str| {
        let put = Put::new(row).column(column, ooid.as_str());
        client.table(format!("crash_reports_index_{index}")).put(&put)
    };
    for index in
        ["legacy_unprocessed_flag", "legacy_submitted_time", "submitted_time", "unprocessed_flag"]
    {
        put(index, format!("{salt}{T}{ooid}"), "ids:ooid")?;
    }
    put("hang_id_submitted_time", format!("2{T}{HANG}"), "ids:ooid:plugin")?;
    put("hang_id", HANG.to_owned(), "ids:ooid:plugin")?;
    let metrics = client.table("metrics");
    let count = |row: &str, counter: &str| {
        metrics.increment(&Increment::new(row, format!("counters:{counter}"), 1))
    };
    count("crash_report_queue", "current_unprocessed_size")?;
    count("crash_report_queue", "current_legacy_unprocessed_size")?;
    for length in [16, 13, 10, 7, 4] {
        count(&T[..length], "submitted_crash_reports")?;
        count(&T[..length], "submitted_crash_reports_legacy_throttle_0")?;
        count(&T[..length], "submitted_crash_report_hang_pairs")?;
    }
    Ok(())
}

/// Metadata and dump, each in a round trip.
fn original_fetch(client: &Client, ooid: &Ooid) -> Outcome {
    let row = format!("{}{}{ooid}", &ooid.as_str()[..1], &ooid.as_str()[30..]);
    for column in ["meta_data:json", "raw_data:dump"] {
        client.table("crash_reports").get(&Get::new(row.as_str()).column(column))?;
    }
    Ok(())
}
