//! A processor: reads a crash, makes its processed JSON, and stores it. The stack is left to others:
//! here the signature is the first bytes of the dump.
//!
//! `cargo run --example processor -- hbase://localhost:9090 OOID…`

use std::{error::Error, time::SystemTime};

use hbase_thrift_client::Client;
use serde_json::json;
use socorro_hbase_client::{CrashStore, Ooid, ProcessedCrash, time::OffsetDateTime};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: processor URL OOID...")?;
    let store = CrashStore::new(Client::connect(url)?);
    for name in arguments {
        let ooid: Ooid = name.parse()?;
        let signature = process(&store, &ooid)?;
        println!("{ooid} {signature}");
    }
    Ok(())
}

fn process(store: &CrashStore, ooid: &Ooid) -> Result<String, Box<dyn Error>> {
    let started = now();
    let report = store.get_raw_report(ooid)?.ok_or_else(|| format!("there is no crash {ooid}"))?;
    let metadata = report.metadata()?;
    let head = report.dump().and_then(|dump| dump.get(..4)).unwrap_or_default();
    let signature = format!("dump @ {}", head.escape_ascii());

    let fields = json!({
        "signature": signature,
        "product": metadata["ProductName"],
        "version": metadata["Version"],
        "date_processed": metadata["submitted_timestamp"],
        "startedDateTime": started,
        "completeddatetime": now(),
        "success": true,
    });
    let fields = fields.as_object().ok_or("an object was written down above")?;
    store.put_processed(ooid, &ProcessedCrash::from_fields(fields)?)?;
    Ok(signature)
}

fn now() -> String {
    OffsetDateTime::from(SystemTime::now()).to_string()
}
