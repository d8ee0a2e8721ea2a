//! The test command: everything that has to hold before a change is taken, in the order in which
//! it fails soonest.
//!
//! Each step is another program's work or another module's; what is tested is the crates' affair.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use xtask::versions::{VARIABLE, Versions};

use crate::codegen::{self, Preparation};
use crate::{cmd, differential, engine, examples, host, image, interface, msrv, signatures};

/// The variable that names a gateway to test against, so that none has to be started.
const GATEWAY_VARIABLE: &str = "HBASE_THRIFT_URL";
/// What is never published: chores, benchmarks and tests.
const UNPUBLISHED: &str = "--exclude xtask --exclude client-bench --exclude integration-tests";

/// Modules of the integration tests that say nothing about a HBase release: what is tested there is
/// this workspace's own. A new module is part of the matrix until it is named here.
const NOT_IN_MATRIX: [&str; 3] = ["cli::", "crash_store::", "examples::"];

/// How many times the embedded server and HBase are compared, with this seed: the differential command
/// takes more of both.
const COMPARISONS: (u64, u64) = (1, 200);

const UNIT_TESTS: &str = "test --workspace --exclude integration-tests --all-features";
/// The client's core as it is without any feature: there its simulation plays other seeds, since none of
/// the gateways speaks HTTP.
const UNIT_TESTS_WITHOUT_FEATURES: &str = "test --package hbase-thrift-client --lib";

/// Which steps to take.
#[derive(Args)]
pub(crate) struct Options {
    /// Take this step alone
    #[arg(long, value_enum)]
    only: Option<Step>,
    /// Install Firefox and Chromium's crash handler, as root on Debian: the integration tests with them are left
    /// out where they aren't installed
    #[arg(long)]
    with_browsers: bool,
    /// Then run the core of the integration tests on every other HBase release of versions.env
    #[arg(long)]
    matrix: bool,
}

/// A step of the test command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// The code is formatted
    Format,
    /// The generated code is what the Thrift interface says
    Codegen,
    /// No lint complains
    Clippy,
    /// The documentation builds without a warning
    Docs,
    /// The client offers what the committed list says
    Interface,
    /// Unit and documentation tests pass
    Unit,
    /// Signatures are the same as those of Mozilla's siggen
    Signatures,
    /// Toolchain, manifest and dependencies agree on the oldest Rust
    Msrv,
    /// Every crate that is published can be
    Package,
    /// The integration tests pass on a real HBase
    Integration,
    /// Random calls are answered alike by a real HBase and the embedded one
    Differential,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let start = Instant::now();
    if options.with_browsers {
        host::ensure_browsers()?;
    }
    for &step in Step::value_variants() {
        if options.only.is_none_or(|only| only == step) {
            take(step)?;
        }
    }
    if options.matrix {
        matrix()?;
    }
    cmd::say(&format!("Everything passed ({})", seconds(start.elapsed())));
    Ok(())
}

fn take(step: Step) -> Result<()> {
    let value = step.to_possible_value().context("every step has a name")?;
    let about = value.get_help().map(ToString::to_string).unwrap_or_default();
    let name = value.get_name();
    cmd::say(&format!("{name}: {about}"));
    let start = Instant::now();
    step.run().with_context(|| {
        format!("step '{name}' failed; after a change, `cargo xtask test --only {name}` repeats it")
    })?;
    cmd::say(&format!("{name} passed ({})", seconds(start.elapsed())));
    Ok(())
}

impl Step {
    fn run(self) -> Result<()> {
        match self {
            Self::Format => format(),
            Self::Codegen => codegen::check(Preparation::Install),
            Self::Clippy => clippy(),
            Self::Docs => docs(),
            Self::Interface => interface::check().and_then(|()| examples::check()),
            Self::Unit => unit(),
            Self::Signatures => signatures::compare(),
            Self::Msrv => msrv::check(),
            Self::Package => package(),
            Self::Integration => integration(),
            Self::Differential => {
                let (seed, rounds) = COMPARISONS;
                differential::run(&differential::Options { seed, rounds, record: false })
            }
        }
    }
}

/// With all features, and the one crate whose users pick among them without any too.
fn clippy() -> Result<()> {
    for what in ["--workspace --all-features", "--package hbase-thrift-client"] {
        cmd::run(&mut cmd::cargo(&format!("clippy {what} --all-targets -- -D warnings")))?;
    }
    Ok(())
}

fn unit() -> Result<()> {
    for tests in [UNIT_TESTS, UNIT_TESTS_WITHOUT_FEATURES] {
        cmd::run(&mut cmd::cargo(tests))?;
    }
    Ok(())
}

fn format() -> Result<()> {
    cmd::run(&mut cmd::cargo("fmt --all --check"))
        .context("the code isn't formatted; `cargo fmt --all` does it")
}

fn docs() -> Result<()> {
    let mut doc = cmd::cargo("doc --workspace --no-deps --all-features");
    cmd::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn package() -> Result<()> {
    forget_packages()?;
    let mut package = cmd::cargo(&format!("package --workspace {UNPUBLISHED} --locked"));
    // At a desk, the tests are run before the commit.
    if std::env::var_os("CI").is_none() {
        package.arg("--allow-dirty");
    }
    cmd::run(&mut package)
}

/// Cargo builds a package on those of its own workspace that it unpacked before, if their version is
/// the same, so that today's program would be built on yesterday's library. Its registries without
/// a host are the folders that packages are put into on the way.
fn forget_packages() -> Result<()> {
    let home = std::env::home_dir().context("there is no home folder")?;
    let home = std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    for kind in ["cache", "src"] {
        let Ok(registries) = fs::read_dir(home.join("registry").join(kind)) else { continue };
        for registry in registries {
            let registry = registry?;
            if registry.file_name().as_encoded_bytes().starts_with(b"-") {
                fs::remove_dir_all(registry.path())?;
            }
        }
    }
    Ok(())
}

fn integration() -> Result<()> {
    if let Some(url) = std::env::var_os(GATEWAY_VARIABLE) {
        cmd::say(&format!("Testing against {GATEWAY_VARIABLE}={}", url.display()));
    } else {
        engine::ensure()?;
        image::ensure_hbase(&Versions::load()?.from_environment()?)?;
    }
    host::ensure_python()?;
    cmd::run(&mut cmd::cargo("test --package integration-tests -- --include-ignored"))
}

/// The releases that [`integration`] left out, each with its own image and its own server.
fn matrix() -> Result<()> {
    if std::env::var_os(GATEWAY_VARIABLE).is_some() {
        bail!("{GATEWAY_VARIABLE} names one gateway of one release; unset it to test on others");
    }
    let versions = Versions::load()?;
    let tested = versions.from_environment()?;
    engine::ensure()?;
    for version in versions.all.iter().filter(|version| **version != tested) {
        cmd::say(&format!("matrix: the core of the integration tests passes on HBase {version}"));
        let start = Instant::now();
        image::ensure_hbase(version)?;
        let mut test = cmd::cargo("test --package integration-tests --test main --");
        test.args(["--include-ignored", "--skip", "mini::"]);
        test.args(NOT_IN_MATRIX.iter().flat_map(|module| ["--skip", module]));
        cmd::run(test.env(VARIABLE, version)).with_context(|| {
            format!(
                "HBase {version} behaves otherwise; `{VARIABLE}={version} cargo xtask test --only \
                 integration` repeats all tests on it"
            )
        })?;
        cmd::say(&format!("HBase {version} passed ({})", seconds(start.elapsed())));
    }
    Ok(())
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f32())
}
