//! A buffered load: many puts in few calls, and what happens to the one that can't be written.
//!
//! `cargo run --example buffered_load -- hbase://localhost:9090`

use std::error::Error;
use std::time::Instant;

use hbase_thrift_client::{Client, ColumnFamily, Put, Scan, WriterOptions};

const TABLE: &str = "example_books";
const BOOKS: u32 = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "hbase://localhost:9090".to_owned());
    let client = Client::connect(&url)?;
    let admin = client.admin();
    admin.create_table(TABLE, &[ColumnFamily::new("book")])?;
    let result = fill_the_library(&client);
    admin.disable_table(TABLE)?;
    admin.delete_table(TABLE)?;
    result
}

fn fill_the_library(client: &Client) -> Result<(), Box<dyn Error>> {
    let library = client.table(TABLE);
    let started = Instant::now();
    let writer = library.writer(WriterOptions::new().max_mutations(2_000));
    for number in 0..BOOKS {
        let title = format!("The Life of Row {number}, Volume {}", number % 7 + 1);
        writer.write(Put::new(format!("{number:06}")).column("book:title", title))?;
    }
    writer.flush()?;
    let seconds = started.elapsed().as_secs_f64();
    println!("{BOOKS} books in {seconds:.1} s: {:.0} a second.", f64::from(BOOKS) / seconds);

    // One call for all three; the gateway would only say that the call failed.
    writer.write(Put::new("a").column("book:title", "Emma"))?;
    writer.write(Put::new("b").column("scroll:title", "The Book of the Dead"))?;
    writer.write(Put::new("c").column("book:title", "Middlemarch"))?;
    if let Err(error) = writer.close() {
        for failure in error.failures() {
            let row = failure.row().escape_ascii();
            println!("`{row}` stays outside: {:?}.", failure.error.kind());
        }
        // `error.into_mutations()` has them, to be written again.
    }
    println!("On the shelves: {} books.", library.scan(Scan::new().caching(2_000))?.count_rows()?);
    Ok(())
}
