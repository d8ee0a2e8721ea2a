//! Creates a table, writes a row, reads it back, scans, and cleans up.
//!
//! `cargo run --example first_put -- hbase://localhost:9090`

use hbase_thrift_client::{Client, ColumnFamily, Config, Get, Increment, Put, Result, Scan};

fn main() -> Result<()> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "hbase://localhost:9090".to_owned());
    let client = Client::connect(url.parse::<Config>()?)?;
    let admin = client.admin();
    if !admin.table_exists("first_put_example")? {
        admin.create_table("first_put_example", &[ColumnFamily::new("f").max_versions(3)])?;
    }

    let table = client.table("first_put_example");
    for number in 0..10 {
        table.put(&Put::new(format!("row{number}")).column("f:greeting", "hello"))?;
    }
    if let Some(row) = table.get(&Get::new("row1"))? {
        println!("row1 says {}", row.get("f:greeting").unwrap_or_default().escape_ascii());
    }
    println!("counter: {}", table.increment(&Increment::new("row1", "f:count", 1))?);
    for row in table.scan(Scan::new().prefix("row").caching(4))? {
        println!("{:?}", row?);
    }

    admin.disable_table("first_put_example")?;
    admin.delete_table("first_put_example")
}
