//! Opening a store: HBase at a URL, or an embedded one in a folder.
//!
//! For one kind of crash store whatever is behind it. The embedded store is a server like any
//! other, in this process: the client speaks to it as it speaks to HBase.

use std::{
    ops::Deref,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use hbase_thrift_client::{Client, Config, Interface};
use mini_hbase::{Builder, Durability, MiniHBase, StartError};
use socorro_hbase_client::{CrashId, CrashStore, SchemaOptions, TABLES};

use crate::{
    args::{Common, Named},
    failure::InUse,
    ids, output,
    settings::{Choice, Settings},
};

/// A crash store, and the server that goes with it if it is embedded.
pub(crate) struct Opened {
    // Dropped first: a client says goodbye to a server that is still there.
    crashes: CrashStore,
    server: Option<MiniHBase>,
}

impl Opened {
    /// Opens what the options, the environment or the file of settings name.
    pub(crate) fn open(common: &Common) -> Result<Self> {
        Self::with(&Settings::load(common.config.clone())?, common)
    }

    /// Opens the store for these crashes.
    ///
    /// An embedded store may be held by the program that lists them into standard input, so that is read
    /// before: until its end, or until there are as many as fit into memory.
    pub(crate) fn open_for(
        settings: &Settings,
        common: &Common,
        crashes: Vec<Named>,
    ) -> Result<(Self, impl Iterator<Item = Result<CrashId>> + use<>)> {
        let mut crashes = ids::read(crashes);
        let choice = settings.choose(common.server.as_deref(), common.store.clone())?.value;
        let before = match choice {
            Choice::Embedded(_) => crashes.by_ref().take(MOST_BEFORE).collect(),
            Choice::Server(_) => Vec::new(),
        };
        Ok((Self::with(settings, common)?, before.into_iter().chain(crashes)))
    }

    /// Opens what the options or these settings name.
    pub(crate) fn with(settings: &Settings, common: &Common) -> Result<Self> {
        match settings.choose(common.server.as_deref(), common.store.clone())?.value {
            Choice::Server(config) => Ok(Self {
                crashes: CrashStore::new(Client::connect(of_thrift_1(*config))?),
                server: None,
            }),
            Choice::Embedded(folder) => {
                let server = start(&folder, MiniHBase::builder())?;
                let crashes = connect(&server)?;
                Ok(Self { crashes, server: Some(server) })
            }
        }
    }

    /// Opens a server's store for services, which begin whether or not the server is there: what they
    /// can do without it, they do, and for the rest they wait.
    pub(crate) fn to_serve_from(config: Config) -> Result<Self> {
        let config = of_thrift_1(config);
        let client = match Client::connect(config.clone()) {
            Err(error) if error.is_retryable() => {
                output::complain(&format!("{error}; serving all the same, and waiting for it"));
                Client::lazy(config)?
            }
            connected => connected?,
        };
        Ok(Self { crashes: CrashStore::new(client), server: None })
    }

    /// Opens the program's own store for services; other programs may use it at this address.
    pub(crate) fn to_serve(
        folder: &Path,
        thrift: Option<String>,
        durability: Durability,
    ) -> Result<Self> {
        let mut builder = MiniHBase::builder().durability(durability);
        if let Some(address) = thrift {
            builder = builder.listen(address);
        }
        let server = start(folder, builder)?;
        let crashes = connect(&server)?;
        Ok(Self { crashes, server: Some(server) })
    }

    /// The URL at which other programs use the store; `None` if it is a server's.
    pub(crate) fn url(&self) -> Option<String> {
        self.server.as_ref().map(MiniHBase::url)
    }

    /// Closes the store; what was acknowledged is kept.
    pub(crate) fn close(self) {
        drop(self.crashes);
        if let Some(server) = self.server {
            server.stop();
        }
    }
}

/// How many crashes' names are kept in memory.
const MOST_BEFORE: usize = 1_000_000;

impl Deref for Opened {
    type Target = CrashStore;

    fn deref(&self) -> &CrashStore {
        &self.crashes
    }
}

/// Starts a server on a folder. A store without tables is new: it gets them, and the message says so once.
fn start(folder: &Path, builder: Builder) -> Result<MiniHBase> {
    let server = start_when_free(&builder.store(folder))?;
    let crashes = connect(&server)?;
    // Not only in a folder that was empty: the disk may have been full when its store was made.
    if has_all_tables(&crashes)? {
        return Ok(server);
    }
    crashes.create_schema(&SchemaOptions::new()).with_context(|| {
        format!(
            "the new store in {} is incomplete; the next command goes on making it",
            folder.display()
        )
    })?;
    output::say(&format!("made a store in {}", folder.display()));
    Ok(server)
}

/// A command takes moments, and a store that is closed is free a little later: worth waiting for.
fn start_when_free(builder: &Builder) -> Result<MiniHBase> {
    let begun = Instant::now();
    loop {
        match builder.clone().start() {
            Err(StartError::InUse { .. }) if begun.elapsed() < PATIENCE => thread::sleep(PAUSE),
            Err(StartError::InUse { folder }) => return Err(InUse(folder).into()),
            started => return Ok(started?),
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// Where the interface is left open, the crash store's; a gateway of the other one is refused then.
fn of_thrift_1(config: Config) -> Config {
    if config.get_interface().is_none() { config.interface(Interface::One) } else { config }
}

/// The server is this process: where it doesn't answer soon, the machine is busy, and giving up makes nothing better.
fn connect(server: &MiniHBase) -> Result<CrashStore> {
    let config: Config = server.url().parse()?;
    let patience = config.get_operation_timeout();
    Ok(CrashStore::new(Client::connect(config.connect_timeout(patience))?))
}

fn has_all_tables(crashes: &CrashStore) -> Result<bool> {
    let found = crashes.client().admin().table_names()?;
    Ok(TABLES.iter().all(|table| found.iter().any(|name| name == table.name.as_bytes())))
}
