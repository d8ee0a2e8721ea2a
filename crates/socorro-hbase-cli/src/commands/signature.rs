//! `signature`: the signature of a processed crash, without a store.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use socorro_signature::{Crash, Generator, Lists};

use crate::{
    args::{Common, is_standard},
    output,
    text::printable,
};

/// More than any processed crash has.
const MOST: u64 = 256 << 20;

pub(super) fn signature(file: &Path, common: &Common) -> Result<()> {
    let shown = file.display();
    let text = read(file).with_context(|| format!("can't read {shown}"))?;
    let processed: Value =
        serde_json::from_slice(&text).with_context(|| format!("{shown} is no JSON"))?;
    let signature = Generator::new(Lists::built_in()).generate(&Crash::from_processed(&processed));
    if common.json {
        let notes: Vec<_> = signature.notes().collect();
        let object = json!({
            "signature": signature.text(),
            "proto_signature": signature.proto_signature(),
            "notes": notes,
        });
        return output::print_line(&object.to_string());
    }
    output::print_line(&printable(signature.text()))
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    if is_standard(file) {
        io::stdin().lock().take(MOST).read_to_end(&mut text)?;
    } else {
        fs::File::open(file)?.take(MOST).read_to_end(&mut text)?;
    }
    Ok(text)
}
