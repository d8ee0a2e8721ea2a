//! Java programs, given as the text of their one file, on the class path of HBase in its image.

use anyhow::{Context, Result, bail};
use testcontainers::core::ExecCommand;
use testcontainers::runners::SyncRunner;
use testcontainers::{Container, GenericImage, ImageExt};
use xtask::versions::{IMAGE, Versions};

/// For three minutes at most.
const RUN: &str = "file=$(mktemp -d)/Program.java && printf %s \"$0\" >\"$file\" && exec \
                   timeout 180 bash /opt/hbase/entrypoint.sh java -Xmx256m \"$file\" \"$@\" 2>&1";
/// Longer than a program may run, in seconds, and the program that keeps the container until then.
const PATIENCE: &str = "300";
const WAIT: &str = "sleep";

/// Runs a program in a container; returns what it printed, its log included.
///
/// # Errors
/// If the program can't be run, or fails.
pub(crate) fn run(
    container: &Container<GenericImage>,
    source: &str,
    arguments: &[&str],
) -> Result<String> {
    let command = [&["sh", "-c", RUN, source], arguments].concat();
    let mut done = container.exec(ExecCommand::new(command))?;
    let printed = done.stdout_to_vec().context("the Java program could not be run")?;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    match done.exit_code()? {
        Some(0) => Ok(printed),
        status => bail!("the Java program failed ({status:?}):\n{printed}"),
    }
}

/// Runs a program in a container of its own, which sees what listens on this machine's loopback
/// address.
///
/// # Errors
/// If there is no container to be had, or as [`run`].
pub(crate) fn run_beside_us(source: &str, arguments: &[&str]) -> Result<String> {
    let version = Versions::load()?.from_environment()?;
    let image = GenericImage::new(IMAGE, &version).with_entrypoint(WAIT);
    let container = image.with_network("host").with_cmd([PATIENCE]).start();
    let container = container.with_context(|| {
        format!(
            "no container of {IMAGE}:{version} could be started; `cargo xtask test --only integration` builds \
             the image and starts the engine where it can"
        )
    })?;
    run(&container, source, arguments)
}
