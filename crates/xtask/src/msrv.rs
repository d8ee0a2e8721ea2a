//! Checks the minimum supported Rust versions: what everybody builds with, for most crates; an older
//! one for those that many depend on. No dependency asks for a newer one.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cmd;

/// Crates that support older versions than the one that everybody builds with.
const OLDER: [&str; 2] = ["hbase-thrift-api", "hbase-thrift-client"];

/// Fails when toolchain, manifests and dependencies don't agree, or a crate that supports an older
/// version doesn't build with it.
pub(crate) fn check() -> Result<()> {
    let metadata = cmd::output(&mut cmd::cargo("metadata --format-version 1 --locked"))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` lists no packages")?;
    let toolchain = fs::read_to_string(cmd::root().join("rust-toolchain.toml"))?;
    let channel = channel(&toolchain).context("rust-toolchain.toml has no line `channel = ...`")?;

    let own: Vec<&Value> = packages.iter().filter(|package| package["source"].is_null()).collect();
    for package in &own {
        let declared = declared(package)?;
        let is_older = OLDER.iter().any(|name| package["name"] == *name);
        if !is_older && version(channel) != version(declared) {
            bail!(
                "rust-toolchain.toml pins {channel}, but {} declares another; builds check the \
                 minimum only while both are the same",
                describe(package)
            );
        }
        let newer = newer_dependencies(&metadata, packages, package, declared);
        if !newer.is_empty() {
            bail!(
                "Rust {declared} is too old for {}, which {} depends on: use an older release \
                 (`cargo update` chooses one), or raise its rust-version",
                newer.join(", "),
                package["name"]
            );
        }
    }
    own.iter().filter(|p| OLDER.iter().any(|name| p["name"] == *name)).try_for_each(|p| build(p))
}

fn declared(package: &Value) -> Result<&str> {
    let declared = package["rust_version"].as_str();
    declared.with_context(|| format!("{} declares no rust-version", package["name"]))
}

/// What the package is built with, tests apart, that asks for a newer version than its own.
fn newer_dependencies(
    metadata: &Value,
    packages: &[Value],
    package: &Value,
    declared: &str,
) -> Vec<String> {
    let none = Vec::new();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap_or(&none);
    let (mut waiting, mut seen) = (vec![&package["id"]], Vec::new());
    while let Some(id) = waiting.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let found = nodes.iter().find(|node| node["id"] == *id);
        let needed = found.and_then(|node| node["deps"].as_array()).unwrap_or(&none).iter();
        let is_built = |dependency: &&Value| {
            let kinds = dependency["dep_kinds"].as_array().unwrap_or(&none);
            kinds.iter().any(|kind| kind["kind"].is_null())
        };
        waiting.extend(needed.filter(is_built).map(|dependency| &dependency["pkg"]));
    }
    let newer = packages.iter().filter(|other| {
        let asks = other["rust_version"].as_str();
        seen.contains(&&other["id"]) && asks.is_some_and(|asks| version(asks) > version(declared))
    });
    newer.map(describe).collect()
}

/// Builds the crate with the version that it declares, if that is installed.
fn build(package: &Value) -> Result<()> {
    let [major, minor, patch] = version(declared(package)?);
    let toolchain = format!("{major}.{minor}.{patch}");
    let name = package["name"].as_str().unwrap_or_default();
    let mut has_it = cmd::command("rustup", ["run", &toolchain, "cargo", "--version"]);
    if !cmd::succeeds(&mut has_it) {
        cmd::say(&format!(
            "{name} was not built with Rust {toolchain}, which is not installed: \
             `rustup toolchain install {toolchain} --profile minimal` installs it"
        ));
        return Ok(());
    }
    let target = cmd::target_dir()?.join("msrv");
    let mut check = cmd::command("rustup", ["run", &toolchain, "cargo", "check", "--locked"]);
    check.args(["--all-features", "--package", name, "--target-dir"]).arg(target);
    // What cargo sets for what it runs would choose the toolchain again.
    check.env_remove("RUSTUP_TOOLCHAIN").env_remove("RUSTC").env_remove("CARGO");
    cmd::run(&mut check)
}

fn describe(package: &Value) -> String {
    let text = |key: &str| package[key].as_str().unwrap_or("?").to_owned();
    format!("{} {} (needs {})", text("name"), text("version"), text("rust_version"))
}

fn channel(toolchain: &str) -> Option<&str> {
    let value = toolchain.lines().find_map(|line| line.strip_prefix("channel = "))?;
    Some(value.trim().trim_matches('"'))
}

/// `1.95` and `1.95.0` are the same.
fn version(text: &str) -> [u32; 3] {
    let mut numbers = text.split('.').map(|number| number.parse().unwrap_or(0));
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(version("1.95"), version("1.95.0"));
        assert!(version("1.100") > version("1.95.1"));
    }

    #[test]
    fn the_channel_is_found() {
        assert_eq!(channel("[toolchain]\nchannel = \"1.95.0\"\n"), Some("1.95.0"));
        assert_eq!(channel("[toolchain]\n"), None);
    }
}
