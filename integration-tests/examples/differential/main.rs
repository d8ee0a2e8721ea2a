//! Random calls on HBase and on mini-hbase, whose answers have to be the same.
//!
//! Each round has rows of its own, writes to them, and reads them back in several ways. A
//! difference is made as small as it can be and printed, with the seed that finds it again.
//! `cargo xtask differential` runs it.

#[path = "../../../crates/mini-hbase/tests/differential/mod.rs"]
mod differential;
mod shrink;
mod thrift2;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, thread};

use anyhow::{Context, Result};
use differential::answers::answer;
use differential::calls::{Call, Opened};
use differential::names::Names;
use hbase_thrift_api::THbaseSyncClient;
use integration_tests::{Flavour, RawClient, Server, connect_to, connect_to_thrift2, unique_name};
use mini_hbase::{MiniHBase, Protocol, Transport};

/// The variable with the URL of a Thrift 2 gateway beside the one that `HBASE_THRIFT_URL` names.
const THRIFT2_VARIABLE: &str = "HBASE_THRIFT2_URL";
/// How many calls a difference may cost to be made smaller.
const MAX_SHRINKING: usize = 400;
/// How many differences are worth being shown at once.
const MAX_DIFFERENCES: usize = 5;

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(differences) => {
            eprintln!("error: {differences} differences");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<usize> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |what: &str| -> Result<u64> {
        let text = arguments.next().with_context(|| format!("the {what} is missing"))?;
        text.parse().with_context(|| format!("{text} is no {what}"))
    };
    let (seed, rounds) = (number("seed")?, number("number of rounds")?);
    let record = arguments.next();
    println!("seed {seed}, {rounds} rounds");
    let server = Server::start()?;
    let mut servers = Servers::new(&server)?;
    let mut differences = 0;
    let mut recorded = format!("seed {seed}\n");
    for round in 0..rounds {
        let calls = differential::round(seed, round);
        if record.is_none()
            && let Some(difference) = servers.compare_thrift2(seed, round)?
        {
            println!("seed {seed}, round {round}: a difference of Thrift 2");
            println!("{difference}");
            differences += 1;
        }
        match servers.compare(&calls)? {
            Compared::Alike(answers) => {
                let _ = writeln!(recorded, "{:016x}", differential::digest(&answers));
            }
            Compared::Differ(difference) => {
                println!("seed {seed}, round {round}: a difference");
                println!("{}", servers.shrink(calls, difference)?);
                differences += 1;
            }
        }
        if differences >= MAX_DIFFERENCES {
            break;
        }
        if (round + 1) % 1_000 == 0 {
            println!("{} rounds, {differences} differences", round + 1);
        }
    }
    servers.drop_tables();
    if let Some(file) = record.filter(|_| differences == 0) {
        fs::write(&file, recorded).with_context(|| format!("{file} can't be written"))?;
    }
    Ok(differences)
}

/// HBase, and mini-hbase on disk and in memory.
struct Servers {
    clients: Vec<(&'static str, RawClient)>,
    /// None if HBase's gateway was lent without one of Thrift 2.
    thrift2: Option<thrift2::Servers>,
    table: Vec<u8>,
    rounds: usize,
    _minis: Vec<MiniHBase>,
}

/// What came of a round.
enum Compared {
    /// All said this.
    Alike(Vec<String>),
    Differ(Difference),
}

/// What was said differently.
struct Difference {
    call: usize,
    answers: Vec<(&'static str, String)>,
}

impl Servers {
    fn new(hbase: &Server) -> Result<Self> {
        let port = "127.0.0.1:0";
        let mini = || MiniHBase::builder().thrift2(port, Transport::Buffered, Protocol::Binary);
        let minis = vec![mini().start()?, mini().in_memory().start()?];
        let mut clients = vec![("HBase", hbase.raw())];
        for (name, mini) in ["on disk", "in memory"].into_iter().zip(&minis) {
            clients.push((name, connect_to(&mini.url())?));
        }
        let table = unique_name("differential").into_bytes();
        for (_, client) in &mut clients {
            client.create_table(table.clone(), differential::families())?;
        }
        let of_hbase = match std::env::var(THRIFT2_VARIABLE) {
            Ok(url) => Some(connect_to_thrift2(&url)?),
            Err(_) => hbase.is_own().then(|| hbase.thrift2_on(Flavour::Threadpool)),
        };
        let thrift2 = match of_hbase {
            None => {
                println!("Thrift 2 is left out: {THRIFT2_VARIABLE} names no gateway");
                None
            }
            Some(of_hbase) => {
                let mut clients = vec![("HBase", of_hbase)];
                for (name, mini) in ["on disk", "in memory"].into_iter().zip(&minis) {
                    let url = mini.thrift2_url().context("no port of Thrift 2")?;
                    clients.push((name, connect_to_thrift2(&url)?));
                }
                Some(thrift2::Servers { clients, table: table.clone(), rounds: 0 })
            }
        };
        Ok(Self { clients, thrift2, table, rounds: 0, _minis: minis })
    }

    /// Makes a round's calls of Thrift 2; what differs is returned in words.
    fn compare_thrift2(&mut self, seed: u64, round: u64) -> Result<Option<String>> {
        // Rows that no round of Thrift 1 has.
        self.thrift2.as_mut().map_or(Ok(None), |servers| servers.compare(seed, round))
    }

    /// Makes the calls on all servers, on rows that no earlier round had.
    fn compare(&mut self, calls: &[Call]) -> Result<Compared> {
        self.rounds += 1;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let now = i64::try_from(now.as_millis())?;
        let names = Names { prefix: format!("r{}/", self.rounds), now };
        let pause = || thread::sleep(Duration::from_millis(2));
        let mut said = Vec::with_capacity(calls.len());
        for (number, call) in calls.iter().enumerate() {
            let table = &self.table;
            let mut answers = Vec::with_capacity(self.clients.len());
            for (name, client) in &mut self.clients {
                let answer = answer(call, client, table, &names, &pause);
                answers.push((*name, answer.with_context(|| format!("{name} gave no answer"))?));
            }
            if answers.iter().any(|(_, answer)| *answer != answers[0].1) {
                return Ok(Compared::Differ(Difference { call: number, answers }));
            }
            said.extend(answers.into_iter().next().map(|(_, answer)| answer));
        }
        Ok(Compared::Alike(said))
    }

    /// Leaves out calls, and parts of them, as long as there still is a difference.
    fn shrink(&mut self, mut calls: Vec<Call>, mut difference: Difference) -> Result<String> {
        calls.truncate(difference.call + 1);
        let mut tries = 0;
        'smaller: while tries < MAX_SHRINKING {
            for smaller in shrink::calls(&calls) {
                tries += 1;
                if let Compared::Differ(found) = self.compare(&smaller)? {
                    calls = smaller;
                    calls.truncate(found.call + 1);
                    difference = found;
                    continue 'smaller;
                }
                if tries >= MAX_SHRINKING {
                    break;
                }
            }
            break;
        }
        let names = Names { prefix: String::new(), now: 0 };
        let mut text = String::new();
        for call in &calls {
            let _ = writeln!(text, "{call:?}");
            if let Call::Scan(scan) = call
                && let Opened::Scan { filter: Some(filter), .. } = &scan.opened
            {
                let _ = writeln!(text, "  {:?}", filter.text(&names));
            }
        }
        for (name, answer) in difference.answers {
            let _ = writeln!(text, "{name}: {answer}");
        }
        Ok(text)
    }

    fn drop_tables(&mut self) {
        for (name, client) in &mut self.clients {
            let dropped = client
                .disable_table(self.table.clone())
                .and_then(|()| client.delete_table(self.table.clone()));
            if let Err(error) = dropped {
                eprintln!("the table on {name} may be left behind: {error}");
            }
        }
    }
}
