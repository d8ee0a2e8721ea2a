//! A monitor: takes crashes from the legacy queue, hands each to a command as its last argument, and
//! acknowledges those whose command succeeds. Several monitors may run at once.
//!
//! `cargo run --example monitor -- hbase://localhost:9090 COMMAND [ARGUMENT]…`

use std::{error::Error, process::Command, time::Duration};

use hbase_thrift_client::Client;
use socorro_hbase_client::{CrashStore, Worker};

/// Longer than the command takes.
const LEASE: Duration = Duration::from_mins(5);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [url, command, first @ ..] = arguments.as_slice() else {
        return Err("usage: monitor URL COMMAND [ARGUMENT]...".into());
    };
    let store = CrashStore::new(Client::connect(url)?);
    let queue = store.legacy_queue();
    let me: Worker = format!("monitor-{}", std::process::id()).parse()?;

    let waiting = queue.statistics()?;
    let size = waiting.size.map_or_else(|| "unknown".to_owned(), |size| size.to_string());
    println!("{size} crashes wait, the oldest for {:?}", waiting.age);
    for claim in queue.claim(&me, LEASE)? {
        let mut claim = claim?;
        // Sixteen crashes are claimed at once; the last of them has waited for the others.
        if !claim.renew(LEASE)? {
            continue;
        }
        let ooid = claim.id().clone();
        if Command::new(command).args(first).arg(ooid.to_string()).status()?.success() {
            claim.acknowledge()?;
            println!("{ooid} is done");
        } else {
            claim.release()?;
            eprintln!("{ooid} failed, and is in the queue again");
        }
    }
    for problem in queue.take_problems() {
        eprintln!("{problem}");
    }
    Ok(())
}
