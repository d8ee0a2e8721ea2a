//! The small form of `cargo xtask outage`: on the program's own store, which another process of the program
//! serves and which is killed in the middle of what it does.

use std::cell::RefCell;
use std::fs;

use anyhow::Result;
use integration_tests::Server;
use tempfile::TempDir;
use xtask::services::{Outage, Program, Service, Store, free_address};

use crate::cli::program;
use crate::socorro::real_crash;

pub(super) fn nothing_is_lost_while_the_store_goes_twice_and_services_are_killed(_: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let program = program_in(&folder);
    let store = Served::start(&program).unwrap();
    let (_, dump) = real_crash();
    let outage = Outage { crashes: 400, connections: 16, dump };
    let outcome = outage.run(&program, &store).unwrap_or_else(|error| {
        let log = |name: &str| {
            let log = fs::read_to_string(folder.path().join(name)).unwrap_or_default();
            let lines = log.lines().filter(|line| !line.contains(" INFO "));
            lines.collect::<Vec<_>>().join("\n")
        };
        panic!("{error:#}\n{}\n{}", log("collector.log"), log("workers.log"))
    });
    assert_eq!(outcome.remains.acknowledged, 400);
    assert!(outcome.spooled > 0 && outcome.remains.processed > 0, "{outcome:?}");
}

pub(super) fn program_in(folder: &TempDir) -> Program {
    Program { file: program().get_program().into(), folder: folder.path().to_owned() }
}

/// The program as a store.
pub(super) struct Served<'a> {
    program: &'a Program,
    address: String,
    service: RefCell<Option<Service>>,
}

impl<'a> Served<'a> {
    pub(super) fn start(program: &'a Program) -> Result<Self> {
        let served = Self { program, address: free_address()?, service: RefCell::default() };
        served.start()?;
        Ok(served)
    }
}

impl Store for Served<'_> {
    fn url(&self) -> String {
        // Not for as long as a real one may take to come back.
        format!("hbase://{}/?max_attempts=3", self.address)
    }

    fn stop(&self) -> Result<()> {
        self.service.borrow_mut().take().map_or(Ok(()), Service::kill)
    }

    fn start(&self) -> Result<()> {
        let alone = ["--no-collector", "--no-workers", "--thrift", &self.address];
        *self.service.borrow_mut() = Some(self.program.serve("store", &alone)?);
        Ok(())
    }
}
