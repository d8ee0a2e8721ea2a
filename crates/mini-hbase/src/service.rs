//! What the calls of both interfaces work on: the store, the open scanners of each interface, and the
//! settings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::budget::Share;
use crate::model::{Error, Limits, Result, Store, Table, show};
use crate::names;
use crate::scanners::Scanners;

/// The attribute that limits the life of a mutation's cells, in milliseconds.
const TIME_TO_LIVE: &[u8] = b"_ttl";

/// What the calls go by.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How large a cell may be, in bytes.
    pub(crate) max_cell: usize,
    /// How many bytes of a table one answer may hold.
    pub(crate) max_answer: usize,
    /// In which tables can be created from the start on, beside the default one.
    pub(crate) namespaces: BTreeSet<String>,
}

/// What answers the calls, shared by all connections.
pub(crate) struct Service {
    pub(crate) store: Store,
    /// Those of Thrift 1.
    pub(crate) scanners: Scanners,
    /// Each gateway has its own numbers.
    pub(crate) thrift2_scanners: Scanners,
    pub(crate) settings: Settings,
    /// When the server was started, in milliseconds since 1970.
    pub(crate) started: i64,
}

impl Service {
    pub(crate) fn new(
        store: Store,
        scanners: Scanners,
        thrift2_scanners: Scanners,
        settings: Settings,
    ) -> Self {
        let started = store.now();
        store.lend_namespaces(&settings.namespaces);
        Self { store, scanners, thrift2_scanners, settings, started }
    }

    /// Ends calls that would go on for long.
    pub(crate) fn stop(&self) {
        self.store.stop();
    }

    /// Returns the time that the server goes by, in milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.store.now()
    }

    /// Returns how often the disk was flushed for writes that waited for it.
    pub(crate) fn flushes(&self) -> u64 {
        self.store.flushes()
    }

    /// Forgets all scanners, as if their leases had ended.
    pub(crate) fn expire_scanners(&self) {
        self.scanners.expire_all();
        self.thrift2_scanners.expire_all();
    }

    /// The table of a call on its data.
    pub(crate) fn table(&self, name: &[u8]) -> Result<Arc<Table>> {
        self.store.table(&names::table(name)?)
    }

    /// The names of all tables.
    pub(crate) fn tables(&self) -> BTreeSet<String> {
        self.store.all_tables().iter().map(|table| table.name.clone()).collect()
    }

    /// Drops all tables but these.
    pub(crate) fn drop_tables(&self, kept: &BTreeSet<String>) -> Result<()> {
        self.store.drop_tables(kept)
    }

    /// Drops all namespaces that were created.
    pub(crate) fn drop_namespaces(&self) -> Result<()> {
        self.store.drop_namespaces()?;
        self.store.lend_namespaces(&self.settings.namespaces);
        Ok(())
    }

    /// All tables but these are unfinished ([`Store::begin_tables`]).
    pub(crate) fn begin_tables(&self, finished: &BTreeSet<String>) -> Result<()> {
        self.store.begin_tables(finished)
    }

    /// All tables there are will stay.
    pub(crate) fn finish_tables(&self) -> Result<()> {
        self.store.finish_tables()
    }

    pub(crate) fn limits(&self, share: &Arc<Share>) -> Limits {
        Limits::new(self.settings.max_answer, Arc::clone(share), Arc::clone(self.store.stopping()))
    }
}

/// How long the cells of a mutation live, by its attributes.
///
/// # Errors
/// If what they say is no number of eight bytes.
pub(crate) fn time_to_live(attributes: &BTreeMap<Vec<u8>, Vec<u8>>) -> Result<Option<i64>> {
    let Some(bytes) = attributes.get(TIME_TO_LIVE) else { return Ok(None) };
    let bytes = bytes.as_slice().try_into();
    let bytes = bytes.map_err(|_| {
        Error::Illegal(format!("the attribute {} isn't 8 bytes long", show(TIME_TO_LIVE)))
    })?;
    // The longest one stands for none (`TagUtil.carryForwardTTLTag`); sums with others may wrap around.
    Ok(Some(i64::from_be_bytes(bytes)).filter(|&milliseconds| milliseconds != i64::MAX))
}
