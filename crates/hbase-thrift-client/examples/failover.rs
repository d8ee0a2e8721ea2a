//! Failover: several gateways, one of which is down.
//!
//! `cargo run --example failover -- hbase://gateway-1,gateway-2:9191`
//!
//! To those of the URL a gateway is added that nobody started.

use std::net::TcpListener;
use std::panic::resume_unwind;
use std::time::Instant;

use hbase_thrift_client::{Client, ColumnFamily, Config, Get, Put, Result};

const TABLE: &str = "example_relay";

fn main() -> Result<()> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "hbase://localhost:9090".to_owned());
    let config = url.parse::<Config>()?;
    let down = port_where_nothing_listens();

    let alone = Config::new("127.0.0.1", down);
    if let Err(error) = Client::connect(alone) {
        println!("The one that is down, alone: {:?}, {:?}.", error.kind(), error.outcome());
    }

    let client = Client::connect(config.endpoint("127.0.0.1", down))?;
    let admin = client.admin();
    admin.create_table(TABLE, &[ColumnFamily::new("leg")])?;
    let result = run_the_relay(&client);
    admin.disable_table(TABLE)?;
    admin.delete_table(TABLE)?;
    result
}

/// Calls from eight threads want a connection each, so every gateway gets its turn.
fn run_the_relay(client: &Client) -> Result<()> {
    const RUNNERS: usize = 8;
    const LEGS: usize = 25;
    let relay = client.table(TABLE);
    let started = Instant::now();
    std::thread::scope(|scope| {
        let run = |runner: usize| {
            (0..LEGS).try_for_each(|leg| {
                let key = format!("runner{runner}-leg{leg:02}");
                relay.put(&Put::new(key.as_str()).column("leg:baton", "here"))?;
                relay.get(&Get::new(key)).map(drop)
            })
        };
        let runners: Vec<_> = (0..RUNNERS).map(|runner| scope.spawn(move || run(runner))).collect();
        runners
            .into_iter()
            .try_for_each(|runner| runner.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })?;
    let (calls, gateways) = (2 * RUNNERS * LEGS, client.config().get_endpoints().len());
    let milliseconds = started.elapsed().as_millis();
    println!("{calls} calls over {gateways} gateways, one of them down: all succeeded.");
    println!("That took {milliseconds} ms.");
    Ok(())
}

fn port_where_nothing_listens() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map_or(1, |address| address.port())
}
