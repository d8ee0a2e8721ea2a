//! What a test is: a function that gets the server, listed by its module.
//!
//! A list instead of an attribute, so that the compiler reports a test that nobody runs.

use std::any::type_name;
use std::path::Path;

use crate::Server;

/// A test of the one test program; its name is its function's path.
pub struct Test {
    name: String,
    run: Box<dyn Fn(&Server) + Send>,
    own_server_only: bool,
    is_over_thrift2: bool,
    hbase_only: Option<&'static str>,
    program: Option<(&'static str, &'static str)>,
}

impl Test {
    /// A test for any gateway.
    pub fn new<F: Fn(&Server) + Send + 'static>(run: F) -> Self {
        let path = type_name::<F>();
        let name = path.split_once("::").map_or(path, |(_program, rest)| rest).to_owned();
        let run = Box::new(run);
        Self {
            name,
            run,
            own_server_only: false,
            is_over_thrift2: false,
            hbase_only: None,
            program: None,
        }
    }

    /// A test that needs gateways of several flavours, or to kill one.
    pub fn on_own_server<F: Fn(&Server) + Send + 'static>(run: F) -> Self {
        Self { own_server_only: true, ..Self::new(run) }
    }

    /// The same test of crash stores, which speak Thrift 2 in it.
    #[must_use]
    pub fn over_thrift2(self) -> Self {
        let name = format!("over_thrift2::{}", self.name);
        Self { name, is_over_thrift2: true, own_server_only: true, ..self }
    }

    /// A known difference of mini-hbase, which docs/mini-hbase.md lists with this reason.
    #[must_use]
    pub fn hbase_only(self, reason: &'static str) -> Self {
        Self { hbase_only: Some(reason), ..self }
    }

    /// A test with a program that is too large for every machine, and the package that has it.
    #[must_use]
    pub fn installed(self, program: &'static str, package: &'static str) -> Self {
        Self { program: Some((program, package)), ..self }
    }

    /// What has to be installed before it can run, if anything.
    pub fn missing(&self) -> Option<String> {
        let (program, package) = self.program?;
        (!Path::new(program).exists()).then(|| {
            format!("needs {package} of Debian; `cargo xtask test --with-browsers` installs it")
        })
    }

    /// Why it doesn't run on mini-hbase, if it doesn't.
    pub fn difference(&self) -> Option<&'static str> {
        self.hbase_only
    }

    /// The path of its function, without the program's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it can't run on a gateway that was only lent to the tests.
    pub fn needs_own_server(&self) -> bool {
        self.own_server_only
    }

    /// Runs it; a test that fails panics.
    pub fn run(&self, server: &Server) {
        if self.is_over_thrift2 {
            (self.run)(&server.with_stores_over_thrift2());
        } else {
            (self.run)(server);
        }
    }
}
