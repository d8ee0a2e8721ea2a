//! Counters: an election with four polling stations that count at the same time.
//!
//! `cargo run --example counters -- hbase://localhost:9090`
//!
//! An increment whose reply is lost may have been counted or not. Nobody repeats it behind the
//! caller's back; this program says how large the doubt is.

use std::panic::resume_unwind;
use std::thread;

use hbase_thrift_client::{Client, ColumnFamily, Increment, Outcome, Result, Scan, Table};

const TABLE: &str = "example_election";
const PETS: [&str; 3] = ["cat", "dog", "hamster"];

fn main() -> Result<()> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "hbase://localhost:9090".to_owned());
    let client = Client::connect(&url)?;
    let admin = client.admin();
    admin.create_table(TABLE, &[ColumnFamily::new("votes")])?;
    let result = vote(&client.table(TABLE));
    admin.disable_table(TABLE)?;
    admin.delete_table(TABLE)?;
    result
}

fn vote(table: &Table) -> Result<()> {
    let in_doubt = thread::scope(|scope| {
        let stations = [0, 1, 2, 3].map(|station| scope.spawn(move || count(table, station)));
        stations
            .into_iter()
            .map(|station| station.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .sum::<Result<u32>>()
    })?;
    for row in table.scan(Scan::new())? {
        let row = row?;
        let votes: u64 = row.required("votes:all")?;
        let pet = String::from_utf8_lossy(row.key());
        println!("{pet:>8} {} {votes}", "#".repeat(votes as usize));
    }
    println!("{in_doubt} votes are in doubt.");
    Ok(())
}

/// Counts one station's votes; answers how many may have been counted or not.
fn count(table: &Table, station: usize) -> Result<u32> {
    let mut in_doubt = 0;
    for voter in 0..20 {
        let pet = PETS[(voter * voter + station) % PETS.len()];
        match table.increment(&Increment::new(pet, "votes:all", 1)) {
            Ok(_) => {}
            Err(error) => match error.outcome() {
                // Counted, although the new value got lost.
                Outcome::Applied => {}
                Outcome::Unknown => in_doubt += 1,
                // Not counted for sure, and the client has tried for as long as it may.
                Outcome::NotApplied => return Err(error),
            },
        }
    }
    Ok(in_doubt)
}
