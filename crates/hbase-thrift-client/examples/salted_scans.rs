//! Salted keys: one leading character spreads what comes in order over many regions, and scans put
//! it together again.
//!
//! `cargo run --example salted_scans -- hbase://localhost:9090`

use std::error::Error;

use hbase_thrift_client::{Client, ColumnFamily, Put, Row, Scan, WriterOptions};

const TABLE: &str = "example_lighthouse_log";
const SALTS: [&str; 4] = ["0", "1", "2", "3"];

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "hbase://localhost:9090".to_owned());
    let client = Client::connect(&url)?;
    let admin = client.admin();
    admin.create_table(TABLE, &[ColumnFamily::new("ship")])?;
    let result = keep_the_log(&client);
    admin.disable_table(TABLE)?;
    admin.delete_table(TABLE)?;
    result
}

fn keep_the_log(client: &Client) -> Result<(), Box<dyn Error>> {
    let log = client.table(TABLE);
    let ships = ["Argo", "Beagle", "Calypso", "Dawn Treader", "Endurance", "Fram", "Golden Hind"];
    let writer = log.writer(WriterOptions::new());
    for (hour, ship) in (0..24).zip(ships.iter().cycle()) {
        // The salt follows from the key, so that a row can be found again.
        let salt = SALTS[hour * 7 % SALTS.len()];
        let key = format!("{salt}1912-04-14T{hour:02}");
        writer.write(Put::new(key).column("ship:name", *ship))?;
    }
    writer.close()?;

    println!("Seen on that day, as fast as they can be read:");
    let count = log.scan_union(SALTS, Scan::new().prefix("1912-04-14"))?.count_rows()?;
    println!("  {count} ships");

    println!("The evening, in order:");
    let evening = Scan::new().start("1912-04-14T18").stop("1912-04-15");
    for row in log.scan_merge(SALTS, evening)? {
        println!("  {}", entry(&row?)?);
    }

    println!("The last three, backwards:");
    for row in log.scan_merge(SALTS, Scan::new().prefix("1912").reversed().limit(3))? {
        println!("  {}", entry(&row?)?);
    }
    Ok(())
}

fn entry(row: &Row) -> hbase_thrift_client::Result<String> {
    let unsalted = row.key()[1..].escape_ascii();
    Ok(format!("{unsalted} {}", row.required::<&str>("ship:name")?))
}
