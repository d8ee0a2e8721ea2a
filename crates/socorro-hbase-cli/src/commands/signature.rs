//! `signature`: the signature of a processed crash and how it came about, without a store.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use socorro_signature::{Crash, Generator, Lists};

use crate::{
    args::{Common, SignatureLists},
    failure::WrongCommandLine,
    input, output,
    settings::Settings,
    text::{json_line, printable},
};

pub(super) fn signature(file: &Path, lists: SignatureLists, common: &Common) -> Result<()> {
    let settings = Settings::load(common.config.clone())?;
    let lists = lists_of(lists, &settings)?.unwrap_or_else(Lists::built_in);
    let shown = file.display();
    let text = input::read(file).with_context(|| format!("can't read {shown}"))?;
    let processed: Value =
        serde_json::from_slice(&text).with_context(|| format!("{shown} is no JSON"))?;
    let signature = Generator::new(lists).generate(&Crash::from_processed(&processed));
    if common.json {
        let notes: Vec<_> = signature.notes().collect();
        let object = json!({
            "signature": signature.text(),
            "proto_signature": signature.proto_signature(),
            "notes": notes,
            "steps": signature.steps().iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        return output::print(json_line(&object).as_bytes());
    }
    // Beside the signature, which another command may read.
    for step in signature.steps() {
        output::say(&step.to_string());
    }
    output::print_line(&printable(signature.text()))
}

/// The lists that option and settings name; `None` for those that are built in.
pub(super) fn lists_of(lists: SignatureLists, settings: &Settings) -> Result<Option<Lists>> {
    let Some(folder) = settings.signature_lists(lists.signature_lists)?.value else {
        return Ok(None);
    };
    let lists = Lists::from_folder(folder);
    let lists =
        lists.map_err(|error| WrongCommandLine(format!("{:#}", anyhow::Error::from(error))))?;
    Ok(Some(lists))
}
