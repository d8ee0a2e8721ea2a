//! A first put and get: how one says hello, kept in HBase.
//!
//! `cargo run --example first_put -- hbase://localhost:9090`

use hbase_thrift_client::{Client, ColumnFamily, Delete, Get, Put, Result, Scan};

const TABLE: &str = "example_greetings";

fn main() -> Result<()> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "hbase://localhost:9090".to_owned());
    let client = Client::connect(&url)?;
    let admin = client.admin();
    admin.create_table(TABLE, &[ColumnFamily::new("says")])?;
    let result = greet(&client);
    admin.disable_table(TABLE)?;
    admin.delete_table(TABLE)?;
    result
}

fn greet(client: &Client) -> Result<()> {
    let greetings = client.table(TABLE);
    for (language, hello) in [("de", "Guten Tag"), ("fr", "Bonjour"), ("ja", "こんにちは")] {
        greetings.put(&Put::new(language).column("says:hello", hello))?;
    }

    if let Some(row) = greetings.get(&Get::new("fr"))? {
        println!("In French one says {}.", row.required::<&str>("says:hello")?);
    }
    // What is absent is `None`, and no error.
    if greetings.get(&Get::new("tlh"))?.is_none() {
        println!("Nobody has told HBase how to greet a Klingon.");
    }

    println!("All together now:");
    for row in greetings.scan(Scan::new())? {
        let row = row?;
        let language = String::from_utf8_lossy(row.key());
        println!("  {language}: {}", row.required::<&str>("says:hello")?);
    }

    greetings.delete(&Delete::row("de"))?;
    println!("One has left, {} stay.", greetings.scan(Scan::new())?.count_rows()?);
    Ok(())
}
