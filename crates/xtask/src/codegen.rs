//! Makes the Rust of the Thrift interfaces, and checks that the committed one is what comes out.
//!
//! What the interfaces say is `thrift-idl`'s; that it is true of Thrift 1 is proved by the integration tests.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::engine::{self, docker};
use crate::{cmd, host, image};

/// The compiler whose output is committed: others write other code.
const THRIFT_VERSION: &str = "0.17";
/// The release of Debian that has it.
const DEBIAN_RELEASE: &str = "VERSION_CODENAME=bookworm";
const PACKAGE: &str = "thrift-compiler";
const INTERFACES: [Interface; 2] = [
    Interface {
        source: "thrift-idl/Hbase.thrift",
        written: "hbase.rs",
        generated: "crates/hbase-thrift-api/src/thrift1.rs",
    },
    Interface {
        source: "thrift-idl/Hbase2.thrift",
        written: "hbase2.rs",
        generated: "crates/hbase-thrift-api/src/thrift2.rs",
    },
];

/// An interface, and the code that is made from it.
struct Interface {
    source: &'static str,
    /// What the compiler calls its output.
    written: &'static str,
    generated: &'static str,
}

/// What may be done to get hold of the compiler.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preparation {
    /// Use what is there: the host's compiler, or else a running Docker engine.
    UseWhatIsThere,
    /// Install packages, or an engine, where that is ours to do.
    Install,
}

/// Writes the generated code where it belongs.
pub(crate) fn write() -> Result<()> {
    for interface in &INTERFACES {
        let Interface { source, generated, .. } = interface;
        let fresh = interface.generate(Preparation::UseWhatIsThere)?;
        fs::write(cmd::root().join(generated), fresh)
            .with_context(|| format!("can't write {generated}"))?;
        cmd::say(&format!("{generated} is what {source} says"));
    }
    Ok(())
}

/// Fails when the committed code isn't what comes out.
pub(crate) fn check(preparation: Preparation) -> Result<()> {
    for interface in &INTERFACES {
        let Interface { source, generated, .. } = interface;
        let committed = fs::read_to_string(cmd::root().join(generated)).unwrap_or_default();
        if committed != interface.generate(preparation)? {
            bail!(
                "{generated} isn't what {source} says; run `cargo xtask codegen` and commit the \
                 result"
            );
        }
    }
    Ok(())
}

impl Interface {
    fn generate(&self, preparation: Preparation) -> Result<String> {
        let problem = match host_compiler() {
            Ok(()) => return self.generate_on_host(),
            Err(problem) => problem,
        };
        if preparation == Preparation::Install {
            if host_release_has_it() && host::can_apt_install() {
                host::apt_install(&[PACKAGE], "")?;
                host_compiler()?;
                return self.generate_on_host();
            }
            engine::ensure().context(problem)?;
        } else {
            engine::require().context(problem)?;
        }
        self.generate_in_container()
    }

    fn generate_on_host(&self) -> Result<String> {
        let folder = tempfile::tempdir()?;
        let mut thrift = cmd::command("thrift", ["--gen", "rs", "-out"]);
        cmd::run(thrift.arg(folder.path()).arg(self.source))?;
        let written = self.written;
        fs::read_to_string(folder.path().join(written)).with_context(|| {
            format!("the Thrift compiler wrote no {written}; see its output above")
        })
    }

    /// The interface goes in by stdin and the code comes out by stdout, so that nothing is mounted: the
    /// engine may be on another machine, and the files are the user's own.
    fn generate_in_container(&self) -> Result<String> {
        let written = self.written;
        let input = written.replace(".rs", ".thrift");
        let script = format!(
            "cd /tmp && cat >{input} && thrift --gen rs -out . {input} >&2 && cat {written}"
        );
        let compiler = image::ensure_compiler()?;
        let mut run = docker(&["run", "--rm", "--interactive", &compiler, "sh", "-c", &script]);
        let mut child = run.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(&fs::read(cmd::root().join(self.source))?)?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("the Thrift compiler in a container failed; its output is above");
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn host_compiler() -> Result<()> {
    let install = format!(
        "`apt-get install {PACKAGE}` on Debian 12 installs the right one, and anywhere else a \
         running Docker engine will do instead"
    );
    if !cmd::exists("thrift") {
        bail!("the Thrift compiler is missing; {install}");
    }
    let banner = cmd::output(&mut cmd::command("thrift", ["--version"]))?;
    let version = banner.rsplit(' ').next().unwrap_or_default();
    if !version.starts_with(&format!("{THRIFT_VERSION}.")) {
        bail!("the Thrift compiler is {version}, and not {THRIFT_VERSION}; {install}");
    }
    Ok(())
}

fn host_release_has_it() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    release.lines().any(|line| line == DEBIAN_RELEASE)
}
