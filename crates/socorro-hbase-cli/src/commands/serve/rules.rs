//! Throttling rules: read from a file, and tried on annotations.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use socorro_collector::Rules;
use socorro_hbase_client::Annotations;

use super::read_text;
use crate::{
    args::Common,
    failure::WrongCommandLine,
    input, output,
    text::{json_line, printable},
};

pub(super) fn read(file: &Path) -> Result<Rules> {
    let wrong = || WrongCommandLine(file.display().to_string());
    read_text(file)?.parse().with_context(wrong)
}

/// Prints which rule decides about the annotations on standard input, and what becomes of such a crash.
pub(super) fn check(file: &Path, common: &Common) -> Result<()> {
    let rules = read(file)?;
    let text = input::read(Path::new("-")).context("can't read standard input")?;
    let annotations = Annotations::from_json(&text)
        .context("standard input has to be the annotations of a crash as one JSON object")?;
    let chances = rules.chances(&annotations);
    let rule = chances.first().and_then(|(decision, _)| decision.rule());
    if common.json {
        let results: Vec<Value> = chances
            .iter()
            .map(|(decision, share)| {
                json!({"result": decision.result().to_string(), "percentage": share})
            })
            .collect();
        let found = json!({"rule": rule, "results": results});
        return output::print(json_line(&found).as_bytes());
    }
    let results: Vec<String> = match &chances[..] {
        [(decision, _)] => vec![decision.result().to_string()],
        all => all.iter().map(|(found, share)| format!("{} {share}%", found.result())).collect(),
    };
    // As it stands in a crash's metadata.
    let rule = rule.unwrap_or("none");
    output::print_line(&format!("{}: {}", printable(rule), results.join(", ")))
}
