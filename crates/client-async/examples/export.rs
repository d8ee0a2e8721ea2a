//! Streams a table's rows to a file, as lines of key, column and value; memory stays flat however many there are.
//!
//! ```text
//! cargo run -p client-async --example export -- hbase://localhost crashes crashes.txt
//! ```
//!
//! Ctrl+C ends it; the last line says where another run goes on, with a page token as the fourth argument.

use anyhow::{Context, Result};
use hbase_thrift_client::aio::Client;
use hbase_thrift_client::{PageToken, Scan};
use tokio::fs::OpenOptions;
use tokio::io::{AsyncWriteExt, BufWriter};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |what| arguments.next().context(what);
    let url = argument("the first argument is the URL of the gateways, such as hbase://localhost")?;
    let table = argument("the second argument is the table")?;
    let path = argument("the third argument is the file")?;
    let from: Option<PageToken> = arguments.next().map(|token| token.parse()).transpose()?;

    let client = Client::connect(url.as_str()).await?;
    let (table, scan) = (client.table(&table), Scan::new());
    let mut rows = match &from {
        Some(token) => table.scan_after(scan, token).await?,
        None => table.scan(scan).await?,
    };
    let file = OpenOptions::new().create(true).append(true).open(&path).await?;
    let mut file = BufWriter::new(file);
    let mut end = std::pin::pin!(tokio::signal::ctrl_c());
    let mut count = 0_u64;
    loop {
        // Dropping the row that is waited for loses none.
        let row = tokio::select! {
            row = rows.next_row() => row?,
            _ = &mut end => break,
        };
        let Some(row) = row else { break };
        for cell in row.cells() {
            let (key, value) = (row.key().escape_ascii(), cell.value().escape_ascii());
            file.write_all(format!("{key}\t{}\t{value}\n", cell.column()).as_bytes()).await?;
        }
        count += 1;
    }
    file.flush().await?;
    println!("{count} rows");
    if let Some(token) = rows.page_token().await? {
        println!("the rest: run it again with {token}");
    }
    Ok(())
}
