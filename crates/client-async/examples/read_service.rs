//! An axum service that reads rows by their keys: `GET /rows/{key}` returns the row's cells, one in a line.
//!
//! ```text
//! cargo run -p client-async --example read_service -- hbase://localhost crashes 127.0.0.1:8080
//! curl http://127.0.0.1:8080/rows/row1
//! ```
//!
//! However many requests come at once, the client's connections serve them: gets share those. A request that its
//! client gives up drops its get, which harms nobody.

use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use hbase_thrift_client::aio::{Client, Table};
use hbase_thrift_client::{Cell, Get};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |what| arguments.next().context(what);
    let url = argument("the first argument is the URL of the gateways, such as hbase://localhost")?;
    let table = argument("the second argument is the table")?;
    let listen = argument("the third argument is the address to listen on")?;

    let client = Client::connect(url.as_str()).await?;
    // Nobody waits for a page for longer, so no read does.
    let table = client.table(&table).with_timeout(Duration::from_secs(2));
    let listener = tokio::net::TcpListener::bind(&listen).await?;
    println!("http://{}/rows/…", listener.local_addr()?);
    let service = Router::new().route("/rows/{key}", get(row)).with_state(table);
    axum::serve(listener, service).await?;
    Ok(())
}

async fn row(
    State(table): State<Table>,
    Path(key): Path<String>,
) -> Result<Vec<u8>, (StatusCode, String)> {
    match table.get(&Get::new(key)).await {
        Ok(Some(row)) => {
            let line = |cell: Cell<'_>| {
                [cell.column().to_vec(), b" ".to_vec(), cell.value().to_vec(), b"\n".to_vec()]
                    .concat()
            };
            let cells = row.cells().flat_map(line).collect();
            Ok(cells)
        }
        Ok(None) => Err((StatusCode::NOT_FOUND, "there is no such row\n".to_owned())),
        // What may go away by itself is worth another try by the caller.
        Err(error) if error.is_transient() => {
            Err((StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")))
        }
        Err(error) => Err((StatusCode::BAD_GATEWAY, format!("{error}\n"))),
    }
}
