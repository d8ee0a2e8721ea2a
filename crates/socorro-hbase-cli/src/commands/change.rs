//! `put-processed`, `remove`: one crash, changed by hand.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use anyhow::{Context, Result};
use socorro_hbase_client::ProcessedCrash;

use crate::{
    args::{PutProcessed, Remove},
    exit::NotFound,
    output,
    store::Opened,
};

pub(super) fn put_processed(arguments: PutProcessed) -> Result<()> {
    let shown = arguments.file.display();
    let text = read(&arguments.file).with_context(|| format!("can't read {shown}"))?;
    let processed =
        ProcessedCrash::from_json(text).with_context(|| format!("can't use {shown}"))?;
    Opened::open(arguments.place)?.put_processed(&arguments.ooid, &processed)?;
    output::say(&format!("crash {} is processed: {}", arguments.ooid, processed.signature()));
    Ok(())
}

pub(super) fn remove(arguments: Remove) -> Result<()> {
    let store = Opened::open(arguments.place)?;
    if !store.remove(&arguments.ooid)? {
        return Err(NotFound(arguments.ooid).into());
    }
    output::say(&format!("removed crash {} and what named it", arguments.ooid));
    Ok(())
}

fn read(file: &Path) -> io::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        return io::stdin().read_to_string(&mut text).map(|_| text);
    }
    fs::read_to_string(file)
}
