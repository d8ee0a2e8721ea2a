//! A collector: submits the crashes that lie in a folder as `NAME.json` and `NAME.dump`, and
//! removes those that are stored. What fails stays for the next run.
//!
//! `cargo run --example collector -- hbase://localhost:9090 FOLDER`

use std::{error::Error, fs, path::Path, process::ExitCode};

use hbase_thrift_client::Client;
use socorro_hbase_client::{CrashMetadata, CrashStore, Ooid, QueueForProcessing};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [url, folder] = arguments.as_slice() else {
        eprintln!("usage: collector URL FOLDER");
        return Ok(ExitCode::FAILURE);
    };
    let store = CrashStore::new(Client::connect(url)?);
    let mut failed = 0;
    for entry in fs::read_dir(folder)? {
        let metadata = entry?.path();
        if metadata.extension().is_some_and(|extension| extension == "json") {
            match collect(&store, &metadata) {
                Ok(ooid) => println!("{ooid}"),
                Err(error) => {
                    eprintln!("{}: {error}", metadata.display());
                    failed += 1;
                }
            }
        }
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn collect(store: &CrashStore, metadata_path: &Path) -> Result<Ooid, Box<dyn Error>> {
    let dump_path = metadata_path.with_extension("dump");
    let metadata = CrashMetadata::from_json(fs::read(metadata_path)?)?;
    // A file that is named by its ooid keeps it: then a submission whose answer was lost is made
    // again, and not another crash.
    let name = metadata_path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let ooid = match name.parse() {
        Ok(ooid) => ooid,
        Err(_) => Ooid::generate(metadata.submitted().ok_or("no time")?.date())?,
    };
    store.put_raw_report(ooid, &metadata, &fs::read(&dump_path)?, QueueForProcessing::Yes)?;
    fs::remove_file(metadata_path)?;
    fs::remove_file(dump_path)?;
    Ok(ooid)
}
