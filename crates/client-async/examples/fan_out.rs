//! A thousand gets at once over eight connections, which they share.
//!
//! ```text
//! cargo run -p client-async --example fan_out -- hbase://localhost crashes row
//! ```
//!
//! reads `row0`, `row1` and so on.

use std::time::Instant;

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use hbase_thrift_client::aio::Client;
use hbase_thrift_client::{Config, Get};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |what| arguments.next().context(what);
    let url = argument("the first argument is the URL of the gateways, such as hbase://localhost")?;
    let table = argument("the second argument is the table")?;
    let prefix = argument("the third argument is what the keys of the rows begin with")?;

    let config: Config = url.parse()?;
    let client = Client::connect(config.max_connections(8)).await?;
    let table = client.table(&table);
    let began = Instant::now();
    let gets = stream::iter(0..1_000).map(|number| {
        let get = Get::new(format!("{prefix}{number}"));
        let table = &table;
        async move { table.get(&get).await }
    });
    let rows: Vec<_> = gets.buffer_unordered(1_000).try_collect().await?;
    let found = rows.iter().flatten().count();
    println!("{found} of {} rows in {:.1?}", rows.len(), began.elapsed());
    Ok(())
}
