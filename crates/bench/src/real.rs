//! This workspace's client on a real HBase: does what each line of standard input says, and prints
//! how many rows it was and how many seconds it took.
//!
//! One of the programs that `cargo xtask compare` starts and asks in turn; the others, in the folder
//! `compare`, know the same commands but for the one that creates a table.

use std::io::{self, BufRead};
use std::ops::Range;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use hbase_thrift_client::{Client, ColumnFamily, Get, Put, Scan, Table, WriterOptions};

const FAMILY: &str = "ids";
const COLUMN: &str = "ids:ooid";
const VALUE: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
/// Rows of one fetch of a scan.
const CACHING: u32 = 1_000;

/// Serves until standard input ends.
pub(crate) fn serve(gateway: &str) -> Result<()> {
    let client = Client::connect(gateway)?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let start = Instant::now();
        let rows = carry_out(&client, &line).with_context(|| format!("`{line}` failed"))?;
        println!("= {rows} {:.6}", start.elapsed().as_secs_f64());
    }
    Ok(())
}

fn carry_out(client: &Client, line: &str) -> Result<u64> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |index: usize| -> Result<u64> {
        let word = words.get(index).context("an argument is missing")?;
        Ok(word.parse()?)
    };
    let name = words.get(1).context("no table is named")?;
    let table = client.table(name);
    match words[0] {
        "create" => {
            client.admin().create_table(name, &[ColumnFamily::new(FAMILY)])?;
            Ok(0)
        }
        "load" => load(&table, number(2)?),
        "scan" => {
            let mut rows = 0;
            for row in table.scan(Scan::new().caching(CACHING))? {
                row?;
                rows += 1;
            }
            Ok(rows)
        }
        "get" => repeat(number(2)?, number(3)?, number(4)?, |row| {
            let row = table.get(&Get::new(key(row)))?.context("no row")?;
            ensure!(row.len() == 1, "{} cells", row.len());
            Ok(())
        }),
        "put" => repeat(number(2)?, number(3)?, number(4)?, |row| Ok(table.put(&put(row))?)),
        other => bail!("there is no command {other}"),
    }
}

fn load(table: &Table, rows: u64) -> Result<u64> {
    let writer = table.writer(WriterOptions::new());
    (0..rows).try_for_each(|row| writer.write(put(row)))?;
    writer.close()?;
    Ok(rows)
}

/// Makes calls about random rows from several threads until the time is over.
fn repeat(
    rows: u64,
    threads: u64,
    seconds: u64,
    call: impl Fn(u64) -> Result<()> + Sync,
) -> Result<u64> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let calls = |thread: u64| {
        let mut calls = 0;
        let mut random = Random::new(thread);
        while Instant::now() < end {
            call(random.in_range(0..rows))?;
            calls += 1;
        }
        Ok(calls)
    };
    thread::scope(|scope| {
        let calls = &calls;
        let threads: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || calls(thread))).collect();
        let joined = threads.into_iter().map(ScopedJoinHandle::join);
        joined.map(|calls| calls.map_err(|_| anyhow!("a thread panicked"))?).sum()
    })
}

/// Knuth's generator: any row is as good as another, and it costs nothing.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn in_range(&mut self, range: Range<u64>) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The high bits are the good ones.
        range.start + (self.0 >> 33) % (range.end - range.start).max(1)
    }
}

fn put(row: u64) -> Put {
    Put::new(key(row)).column(COLUMN, VALUE)
}

fn key(row: u64) -> Vec<u8> {
    format!("row-{row:012}").into_bytes()
}
