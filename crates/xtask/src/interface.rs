//! Lists what hbase-thrift-client offers its users, so that a change of it is always meant.
//!
//! rustdoc writes what there is as JSON. A stable toolchain does that only with `RUSTC_BOOTSTRAP` set.

use std::fs;

use anyhow::{Context, Result, bail};
use public_api::Builder;

use crate::cmd;

pub(crate) const LIST: &str = "crates/hbase-thrift-client/interface.txt";

/// Writes the list where it belongs.
pub(crate) fn write() -> Result<()> {
    fs::write(cmd::root().join(LIST), list()?).with_context(|| format!("can't write {LIST}"))?;
    cmd::say(&format!("{LIST} is what the client offers"));
    Ok(())
}

/// The one item that has types of the generated code, behind a feature of its own.
const GENERATED: &str = "pub type hbase_thrift_client::GeneratedClient = ";

/// Fails when the committed list isn't what there is, and shows where they differ; and when other crates'
/// types are part of what the client offers.
pub(crate) fn check() -> Result<()> {
    let committed = fs::read_to_string(cmd::root().join(LIST)).unwrap_or_default();
    let found = list()?;
    let is_foreign = |line: &&str| {
        ["hbase_thrift_api::", " thrift::", "<thrift::"].iter().any(|name| line.contains(name))
    };
    let foreign = found.lines().filter(is_foreign).find(|line| !line.starts_with(GENERATED));
    if let Some(line) = foreign {
        bail!("the generated code's types are part of what the client offers:\n{line}");
    }
    let only_in = |one: &str, other: &str, sign: char| {
        let lines = one.lines().filter(|line| !other.lines().any(|it| it == *line));
        lines.map(|line| format!("{sign} {line}")).collect::<Vec<_>>().join("\n")
    };
    if committed != found {
        let gone = only_in(&committed, &found, '-');
        let new = only_in(&found, &committed, '+');
        bail!(
            "what the client offers isn't what {LIST} says:\n{gone}\n{new}\nif that is meant, run \
             `cargo xtask interface` and commit the result"
        );
    }
    Ok(())
}

fn list() -> Result<String> {
    let target = cmd::target_dir()?.join("interface");
    let mut rustdoc =
        cmd::cargo("rustdoc --package hbase-thrift-client --lib --all-features --locked");
    rustdoc.arg("--target-dir").arg(&target);
    rustdoc.args([
        "--",
        "-Z",
        "unstable-options",
        "--output-format",
        "json",
        "--cap-lints",
        "allow",
    ]);
    cmd::run(rustdoc.env("RUSTC_BOOTSTRAP", "1"))?;
    let api = Builder::from_rustdoc_json(target.join("doc/hbase_thrift_client.json"))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .context("what rustdoc wrote can't be read: is it another release's?")?;
    Ok(api.items().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n")
}
