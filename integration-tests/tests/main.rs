//! The integration tests, all in one program: it owns the HBase that they run on, starts it when
//! there is a test to run, and removes it when the last one has ended.
//!
//! `cargo test --package integration-tests -- NAME` runs those whose names contain NAME. Those of
//! the protocol and of the generic client run twice: as `hbase::…` on that HBase, and as `mini::…`
//! each on a mini-hbase of its own, which needs nothing but this program.
//!
//! `cargo test` by itself ignores, and says so, what needs Docker or a package registry: the former
//! unless `HBASE_THRIFT_URL` names a gateway, and the tests with other people's clients.
//! `cargo xtask test` runs everything, as `-- --include-ignored` does.

// The client's suite is one, and run through both fronts.
#![allow(clippy::duplicate_mod)]
#![allow(clippy::unwrap_used, reason = "the lint knows tests only by the harness we do without")]

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use anyhow::Result;
use integration_tests::{GATEWAY_VARIABLE, Server, Test};
use libtest_mimic::{Arguments, Completion, Trial};

mod cli;
mod client;
mod client_async;
mod crash_store;
mod examples;
mod python;
mod raw_api;
mod serve;
mod socorro;
mod thrift2;

/// Tests wait for the server far more than they compute, so the number of processors says nothing.
const THREADS: usize = 8;

/// What both servers have to pass.
fn conformance() -> Vec<Test> {
    let modules = [
        raw_api::tests(),
        thrift2::tests(),
        client::tests(),
        client_async::tests(),
        crash_store::tests(),
        crash_store::tests().into_iter().map(Test::over_thrift2).collect(),
        serve::tests(),
        python::tests(),
    ];
    modules.into_iter().flatten().collect()
}

/// What starts a server by itself, or asks nothing of it that another one would answer otherwise.
fn only_on_mini() -> Vec<Test> {
    let modules = [python::command_tests(), crash_store::client_tests(), serve::own_store_tests()];
    modules.into_iter().flatten().collect()
}

/// What is about our programs, and takes tables that tests share.
fn programs() -> Vec<Test> {
    let modules = [examples::tests(), cli::tests()];
    modules.into_iter().flatten().collect()
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let server = Arc::new(OnceLock::new());
    let on_hbase = conformance().into_iter().chain(programs());
    let mut trials: Vec<_> = on_hbase.map(|test| on_hbase_trial(test, &server)).collect();
    let something_runs = trials
        .iter()
        .any(|trial| !arguments.is_filtered_out(trial) && !arguments.is_ignored(trial));
    let on_mini = conformance().into_iter().chain(only_on_mini());
    trials.extend(on_mini.map(on_mini_trial));
    if something_runs
        && !arguments.list
        && let Err(error) = start(&server)
    {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }

    let conclusion = libtest_mimic::run(&arguments, trials);
    socorro::drop_tables();
    if conclusion.has_failed()
        && let Some(server) = server.get()
    {
        save_log(server);
    }
    // The last reference: the trials and theirs are gone, so this removes the container.
    drop(server);
    conclusion.exit_code()
}

fn start(server: &OnceLock<Server>) -> Result<()> {
    eprintln!("starting the server that the tests run on");
    let started = Server::start()?;
    eprintln!("the server answers at {}", started.url());
    server.get_or_init(|| started);
    Ok(())
}

fn on_mini_trial(test: Test) -> Trial {
    let name = format!("mini::{}", test.name());
    let needs_registry = needs_registry(&test);
    let trial = Trial::ignorable_test(name, move || {
        if let Some(difference) = test.difference() {
            return Ok(Completion::ignored_with(difference));
        }
        if let Some(missing) = test.missing() {
            return Ok(Completion::ignored_with(missing));
        }
        let server = Server::mini().map_err(|error| format!("{error:#}"))?;
        test.run(&server);
        Ok(Completion::Completed)
    });
    trial.with_ignored_flag(needs_registry)
}

/// Clients of other people come from package registries, or out of HBase's image.
fn needs_registry(test: &Test) -> bool {
    ["python::", "thrift2::clients::"].iter().any(|module| test.name().starts_with(module))
}

fn on_hbase_trial(test: Test, server: &Arc<OnceLock<Server>>) -> Trial {
    let server = Arc::clone(server);
    let name = format!("hbase::{}", test.name());
    let is_ignored = std::env::var_os(GATEWAY_VARIABLE).is_none() || needs_registry(&test);
    let trial = Trial::ignorable_test(name, move || {
        let server = server.get().ok_or("the server was not started")?;
        if test.needs_own_server() && !server.is_own() {
            let reason = format!("needs a server of its own, and {GATEWAY_VARIABLE} is set");
            return Ok(Completion::ignored_with(reason));
        }
        if let Some(missing) = test.missing() {
            return Ok(Completion::ignored_with(missing));
        }
        test.run(server);
        Ok(Completion::Completed)
    });
    trial.with_ignored_flag(is_ignored)
}

fn save_log(server: &Server) {
    match server.save_log(Path::new(env!("CARGO_TARGET_TMPDIR"))) {
        Ok(Some(path)) => eprintln!("HBase's log is in {}", path.display()),
        Ok(None) => {}
        Err(error) => eprintln!("HBase's log is lost: {error:#}"),
    }
}
