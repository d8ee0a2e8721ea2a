//! A long scan that tells how far it is, and goes on after the last row when it is interrupted.
//!
//! `cargo run --example long_scan -- hbase://localhost:9090`
//!
//! A gateway that fails is got over by the scanner itself. What it can't mend ends it: here, somebody
//! disables the table halfway.

use std::error::Error;

use hbase_thrift_client::{Client, ColumnFamily, ErrorKind, Put, Scan, Table, WriterOptions};

const TABLE: &str = "example_stars";
const STARS: usize = 5_000;

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "hbase://localhost:9090".to_owned());
    let client = Client::connect(&url)?;
    let admin = client.admin();
    admin.create_table(TABLE, &[ColumnFamily::new("is")])?;
    let result = count_them(&client);
    if admin.is_table_enabled(TABLE)? {
        admin.disable_table(TABLE)?;
    }
    admin.delete_table(TABLE)?;
    result
}

fn count_them(client: &Client) -> Result<(), Box<dyn Error>> {
    let stars = client.table(TABLE);
    let writer = stars.writer(WriterOptions::new());
    for number in 0..STARS {
        writer.write(Put::new(format!("star{number:05}")).column("is:bright", "yes"))?;
    }
    writer.close()?;

    let (mut counted, mut from) = (0, Vec::new());
    while let Err(error) = count_from(client, &stars, &from, &mut counted) {
        let Some(last) = error.last_row().filter(|_| error.kind() == ErrorKind::TableDisabled)
        else {
            return Err(error.into());
        };
        println!("Clouds after {}: {error}", last.escape_ascii());
        client.admin().enable_table(TABLE)?;
        // The smallest key after the last one. A program that ends here would store it.
        from = [last, b"\0"].concat();
    }
    println!("{counted} stars, each counted once.");
    Ok(())
}

fn count_from(
    client: &Client,
    stars: &Table,
    from: &[u8],
    counted: &mut usize,
) -> hbase_thrift_client::Result<()> {
    for row in stars.scan(Scan::new().start(from).caching(500))? {
        row?;
        *counted += 1;
        if counted.is_multiple_of(1_000) {
            println!("{:>4} % of the sky", *counted * 100 / STARS);
        }
        if *counted == STARS / 2 {
            client.admin().disable_table(TABLE)?;
        }
    }
    Ok(())
}
