//! The stage on which acts play: a way to a table that is harmed once, and a way around it, to see
//! what is stored.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use hbase_thrift_client::{
    Client, Config, Error, ErrorKind, Get, Interface, Outcome, Result, Table,
};

use crate::TABLE;
use crate::support::proxy::{Harm, Proxy};

/// How the client reaches the servers, and what happens to one of its connections.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The settings for gateways at these addresses.
    pub(crate) config: fn(&[SocketAddr]) -> Config,
    /// What is spoken there.
    pub(crate) interface: Interface,
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) harm: Harm,
    pub(crate) root: Option<String>,
}

impl Route {
    fn config(&self, proxy: &Proxy) -> Config {
        let config = (self.config)(proxy.addresses());
        let config = match self.harm {
            // Longer than anything takes: what may be repeated has to succeed.
            Harm::Cut => config.operation_timeout(Duration::from_secs(30)),
            Harm::Hang => config
                .operation_timeout(Duration::from_secs(2))
                .connect_timeout(Duration::from_secs(1)),
        };
        let config = self.root.iter().fold(config, |config, root| config.ca_pem(root.clone()));
        // One connection, so that every call comes through the one that is harmed.
        config.max_connections(1)
    }

    /// Whether a read may fail: one that hangs where there is no other gateway.
    fn forgives_reads(&self) -> bool {
        self.harm == Harm::Hang && self.servers.len() == 1
    }

    /// Whether a write may fail that can be repeated: one that hangs is not sent elsewhere.
    fn forgives_writes(&self) -> bool {
        self.harm == Harm::Hang
    }
}

/// How often something must be stored at least and at most, whenever one looks.
pub(crate) struct Promise {
    key: String,
    column: &'static str,
    count: fn(&[u8]) -> usize,
    least: usize,
    most: usize,
    told: String,
}

impl Promise {
    pub(crate) fn check(&self, direct: &Table) {
        let row = direct.get(&Get::new(self.key.as_str())).unwrap();
        let stored = row.as_ref().and_then(|row| row.get(self.column)).map_or(0, self.count);
        let Self { key, column, least, most, told, .. } = self;
        assert!(
            (least..=most).contains(&&stored),
            "{key} {column}: {stored} times, but the client says {told}"
        );
    }
}

/// How long a call may take beyond its deadline on a processor that has other work.
const SLACK: Duration = Duration::from_secs(5);

pub(crate) struct Stage<'a> {
    /// Through the proxy.
    pub(crate) client: Client,
    pub(crate) table: Table,
    /// Around it.
    direct: &'a Table,
    /// What all keys begin with that are this act's own.
    name: &'a str,
    route: &'a Route,
    promises: &'a Mutex<Vec<Promise>>,
}

impl<'a> Stage<'a> {
    pub(crate) fn set(
        proxy: &Proxy,
        route: &'a Route,
        direct: &'a Table,
        name: &'a str,
        promises: &'a Mutex<Vec<Promise>>,
    ) -> Self {
        let connect = || Client::connect(route.config(proxy));
        // Connecting is not repeated, and may be what is harmed; another gateway is tried, though.
        let first = connect();
        assert!(route.servers.len() == 1 || first.is_ok(), "{first:?}");
        let client = first.or_else(|_| connect()).unwrap();
        Self { table: client.table(TABLE), client, direct, name, route, promises }
    }

    /// Whether the gateway takes requests for compactions, and none for changes of a row in one step.
    pub(crate) fn is_thrift1(&self) -> bool {
        self.route.interface == Interface::One
    }

    pub(crate) fn key(&self, key: &str) -> String {
        format!("{}-{key}", self.name)
    }

    /// Stores a row beforehand, around the proxy.
    pub(crate) fn prepare(&self, put: &hbase_thrift_client::Put) {
        self.direct.put(put).unwrap();
    }

    /// Runs a read, which has to succeed wherever it can.
    pub(crate) fn read<T>(&self, call: impl FnOnce() -> Result<T>) -> Option<T> {
        self.check_read(self.within(call))
    }

    pub(crate) fn check_read<T>(&self, result: Result<T>) -> Option<T> {
        if let Err(error) = &result {
            assert!(self.route.forgives_reads(), "a read failed: {error:?}");
            assert_eq!(error.outcome(), Outcome::NotApplied, "{error:?}");
            assert_hung(error);
        }
        result.ok()
    }

    /// Runs a write that can be repeated, which has to succeed wherever it can.
    pub(crate) fn write<T>(&self, call: impl FnOnce() -> Result<T>) -> Result<T> {
        let result = self.within(call);
        if let Err(error) = &result {
            self.check_write(error);
        }
        result
    }

    pub(crate) fn check_write(&self, error: &Error) {
        assert!(self.route.forgives_writes(), "a write failed: {error:?}");
        assert_hung(error);
    }

    /// Runs a call, which has to end in time.
    pub(crate) fn within<T>(&self, call: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = call();
        let (took, limit) = (began.elapsed(), self.client.config().get_operation_timeout() + SLACK);
        assert!(took <= limit, "it took {took:?}");
        result
    }

    /// What is stored is what the client says, now and when all is over.
    pub(crate) fn promise<T: Debug>(
        &self,
        key: &str,
        column: &'static str,
        count: fn(&[u8]) -> usize,
        told: &Result<T>,
    ) {
        self.promise_times(key, column, count, times(told), told);
    }

    /// The same for several calls of which each did it so often at least and at most.
    pub(crate) fn promise_times(
        &self,
        key: &str,
        column: &'static str,
        count: fn(&[u8]) -> usize,
        (least, most): (usize, usize),
        told: &impl Debug,
    ) {
        let told = format!("{told:?}");
        let promise = Promise { key: self.key(key), column, count, least, most, told };
        promise.check(self.direct);
        self.promises.lock().unwrap().push(promise);
    }

    /// Whatever was harmed, the next call succeeds: no other connection is.
    pub(crate) fn recovers(&self) {
        let row = self.within(|| self.table.get(&Get::new("row0")));
        assert_eq!(row.unwrap().unwrap().key(), b"row0");
    }
}

/// A call that hangs ends for no other reason than its time; those behind it in a pipeline say that
/// they lost their connection to it.
#[track_caller]
fn assert_hung(error: &Error) {
    let kinds =
        [ErrorKind::Timeout, ErrorKind::Connect, ErrorKind::PoolTimeout, ErrorKind::ConnectionLost];
    assert!(kinds.contains(&error.kind()), "{error:?}");
}

/// How often a call was applied at least and at most, as the client says.
pub(crate) fn times<T>(result: &Result<T>) -> (usize, usize) {
    match result.as_ref().map_err(Error::outcome) {
        Ok(_) | Err(Outcome::Applied) => (1, 1),
        Err(Outcome::NotApplied) => (0, 0),
        Err(Outcome::Unknown) => (0, 1),
    }
}

/// One, if it is there.
pub(crate) fn presence(_: &[u8]) -> usize {
    1
}

/// What a counter says.
pub(crate) fn counter(value: &[u8]) -> usize {
    usize::try_from(u64::from_be_bytes(value.try_into().unwrap())).unwrap()
}

/// How much was appended.
pub(crate) fn length(value: &[u8]) -> usize {
    value.len()
}
