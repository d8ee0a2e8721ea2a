//! How much memory a check and exports of everything take, in bytes of the heap: a program of its own,
//! so that nothing else is counted.
//!
//! `memory URL FOLDER` prints two numbers for each: what is held when something is handed out, at most,
//! and what was taken at any moment.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use hbase_thrift_client::Client;
use peak_alloc::PeakAlloc;
use socorro_hbase_client::{CheckOptions, CrashStore, Selection, TimeRange};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().context("a URL is expected")?;
    let folder = arguments.next().context("a folder is expected")?;
    let store = CrashStore::new(Client::connect(url)?);
    let all = Selection::Submitted(TimeRange::all());
    let options = CheckOptions::new().settled_for(Duration::ZERO);
    measure(store.check(&options))?;
    measure(store.export_to_folder(&all, Path::new(&folder).join("files"))?)?;
    measure(store.export_to_archive(&all, Path::new(&folder).join("all.tar.gz"))?)
}

fn measure<T>(items: impl Iterator<Item = socorro_hbase_client::Result<T>>) -> Result<()> {
    HEAP.reset_peak_usage();
    let mut held = 0;
    for item in items {
        drop(item?);
        held = held.max(HEAP.current_usage());
    }
    println!("{held} {}", HEAP.peak_usage());
    Ok(())
}
