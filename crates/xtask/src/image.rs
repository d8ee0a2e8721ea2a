//! The images that chores and tests run: HBase with its gateways, and the Thrift compiler.
//!
//! An image carries a hash of what it was built from, so it is built again exactly when that
//! changed. Running it is left to others.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use xtask::versions::IMAGE;

use crate::engine::docker;
use crate::{cmd, host};

const CONTEXT: &str = "integration-tests/docker";
const AUTHORITIES: &str = "ca-certificates";
const HOST_AUTHORITIES: &str = "/usr/local/share/ca-certificates";
const SOURCE_LABEL: &str = "hbase-thrift-test.source";
const COMPILER_IMAGE: &str = "hbase-thrift-compiler";
const COMPILER: &str = include_str!("../thrift.Dockerfile");
const BASE: &str = "debian:bookworm-slim";
const BASE_RELEASE: &str = "bookworm";
const PULL_LIMIT: Duration = Duration::from_mins(5);

/// Builds the image of this HBase release unless it is there and up to date; returns its name.
pub(crate) fn ensure_hbase(version: &str) -> Result<String> {
    let tag = format!("{IMAGE}:{version}");
    let sources = sources(&cmd::root().join(CONTEXT))?;
    ensure(&tag, &sources, &["--build-arg", &format!("HBASE_VERSION={version}")])?;
    Ok(tag)
}

/// Builds the image with the Thrift compiler unless it is there and up to date; returns its name.
pub(crate) fn ensure_compiler() -> Result<String> {
    let sources = BTreeMap::from([(PathBuf::from("Dockerfile"), COMPILER.into())]);
    ensure(COMPILER_IMAGE, &sources, &[])?;
    Ok(COMPILER_IMAGE.to_owned())
}

type Sources = BTreeMap<PathBuf, Vec<u8>>;

fn ensure(tag: &str, sources: &Sources, arguments: &[&str]) -> Result<()> {
    let hash = hash(sources, arguments);
    let format = format!("{{{{index .Config.Labels \"{SOURCE_LABEL}\"}}}}");
    let inspect = cmd::output(&mut docker(&["image", "inspect", "--format", &format, tag]));
    if inspect.is_ok_and(|built_from| built_from == hash) {
        return Ok(());
    }
    ensure_base()?;
    cmd::say(&format!("Building the image {tag}"));
    let context = stage(sources)?;
    let label = format!("{SOURCE_LABEL}={hash}");
    let mut build = docker(&["build", "--tag", tag, "--label", &label]);
    build.args(arguments).arg(context.path());
    prefer_available_builder(&mut build);
    cmd::run(&mut build)
}

/// Debian's engine comes without the `buildx` plug-in, and then fails instead of falling back.
fn prefer_available_builder(build: &mut Command) {
    if !cmd::succeeds(&mut docker(&["buildx", "version"])) {
        build.env("DOCKER_BUILDKIT", "0");
    }
}

/// Every file of the build context but the certificates, which are the host's and not ours.
fn sources(folder: &Path) -> Result<Sources> {
    let mut found = Sources::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        let entries =
            fs::read_dir(&next).with_context(|| format!("can't read {}", next.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|extension| extension != "crt") {
                found.insert(path.strip_prefix(folder)?.to_path_buf(), fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

/// Another hasher in another Rust release costs one more build, nothing else.
fn hash(sources: &Sources, arguments: &[&str]) -> String {
    let mut hasher = DefaultHasher::new();
    (sources, arguments).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// A copy of the context in which the host's own authorities lie beside the committed files.
fn stage(sources: &Sources) -> Result<tempfile::TempDir> {
    let context = tempfile::tempdir()?;
    let authorities = context.path().join(AUTHORITIES);
    fs::create_dir(&authorities)?;
    for (path, content) in sources {
        let path = context.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(context.path()))?;
        fs::write(path, content)?;
    }
    for folder in [PathBuf::from(HOST_AUTHORITIES), cmd::root().join(CONTEXT).join(AUTHORITIES)] {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry?.path();
            if let (Some("crt"), Some(name)) =
                (path.extension().and_then(|extension| extension.to_str()), path.file_name())
            {
                fs::copy(&path, authorities.join(name))?;
            }
        }
    }
    Ok(context)
}

/// Pulls the base image, or makes it from packages where no registry can be reached.
fn ensure_base() -> Result<()> {
    if cmd::succeeds(&mut docker(&["image", "inspect", BASE])) {
        return Ok(());
    }
    cmd::say(&format!("Fetching the base image {BASE}"));
    let Err(error) = cmd::run_bounded(&mut docker(&["pull", BASE]), PULL_LIMIT) else {
        return Ok(());
    };
    if !host::can_apt_install() {
        return Err(error.context(format!(
            "{BASE} can't be pulled: check the connection to the image registry, or import it by \
             hand (`docker load` or `docker import`), and retry"
        )));
    }
    bootstrap_base()
}

fn bootstrap_base() -> Result<()> {
    cmd::say(&format!("{BASE} can't be pulled, so it is made from Debian's packages"));
    if !cmd::exists("debootstrap") {
        host::apt_install(&["debootstrap", "debian-archive-keyring"], "debootstrap is missing")?;
    }
    // Not in the temporary folder, which may be mounted without device files.
    let folder = tempfile::tempdir_in(cmd::target_dir()?)?;
    let debian = folder.path().join("debian");
    let mut bootstrap = cmd::command("debootstrap", ["--variant=minbase", BASE_RELEASE]);
    cmd::run(bootstrap.arg(&debian))?;
    let archive = folder.path().join("debian.tar");
    let mut tar = cmd::command("tar", ["--create", "--file"]);
    cmd::run(tar.arg(&archive).arg("--directory").arg(&debian).arg("."))?;
    let Some(archive) = archive.to_str() else { bail!("the workspace's path is no UTF-8") };
    cmd::run(&mut docker(&["import", archive, BASE]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_is_staged_without_losing_a_file() {
        let sources = sources(&cmd::root().join(CONTEXT)).unwrap();
        let context = stage(&sources).unwrap();
        for path in ["Dockerfile", "entrypoint.sh", "conf/hbase-site.xml", "ca-certificates"] {
            assert!(context.path().join(path).exists(), "{path}");
        }
    }

    #[test]
    fn the_hash_follows_contents_and_arguments() {
        let one = Sources::from([("a".into(), b"1".to_vec())]);
        let two = Sources::from([("a".into(), b"2".to_vec())]);
        assert_eq!(hash(&one, &["x"]), hash(&one.clone(), &["x"]));
        assert_ne!(hash(&one, &["x"]), hash(&two, &["x"]));
        assert_ne!(hash(&one, &["x"]), hash(&one, &["y"]));
    }
}
