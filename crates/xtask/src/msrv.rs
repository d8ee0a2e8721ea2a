//! Checks the minimum supported Rust version: it is the one that everybody builds with, and no
//! dependency asks for a newer one.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cmd;

/// Fails when toolchain, manifest and dependencies don't agree.
pub(crate) fn check() -> Result<()> {
    let metadata = cmd::output(&mut cmd::cargo("metadata --format-version 1 --locked"))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` lists no packages")?;
    let ours = supported(packages)?;

    let toolchain = fs::read_to_string(cmd::root().join("rust-toolchain.toml"))?;
    let channel = channel(&toolchain).context("rust-toolchain.toml has no line `channel = ...`")?;
    if version(channel) != version(&ours) {
        bail!(
            "rust-toolchain.toml pins {channel}, but the workspace's rust-version is {ours}; \
             builds check the minimum only while both are the same"
        );
    }
    let newer = packages.iter().filter(|package| {
        package["rust_version"].as_str().is_some_and(|theirs| version(theirs) > version(&ours))
    });
    let newer: Vec<_> = newer.map(describe).collect();
    if !newer.is_empty() {
        bail!(
            "Rust {ours} is too old for {}; use an older release of each, or raise rust-version \
             in Cargo.toml and the channel in rust-toolchain.toml",
            newer.join(", ")
        );
    }
    Ok(())
}

/// The one rust-version that all the workspace's own packages, which have no source, declare.
fn supported(packages: &[Value]) -> Result<String> {
    let mut own = packages.iter().filter(|package| package["source"].is_null());
    let first = own.next().context("`cargo metadata` lists no package of the workspace")?;
    let ours = first["rust_version"].as_str();
    if let Some(other) = own.find(|package| package["rust_version"].as_str() != ours) {
        bail!("{} doesn't take its rust-version from the workspace", describe(other));
    }
    ours.map(str::to_owned).context("the workspace declares no rust-version")
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
