//! The crash store: a handle on a cluster.
//!
//! For holding the generic client; the endpoints are in `endpoints`. Connections, retries and
//! time-outs are left to the generic client.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hbase_thrift_client::{
    Client, ErrorKind as HBaseErrorKind, GetRows, Interface, Row, Scan, Table,
};

use crate::{
    error::{Error, ErrorKind, Result},
    layout,
};

/// Socorro's crashes in one HBase cluster.
///
/// Cheap to clone, and shared by threads: all clones use the client's connections. The client's
/// configuration may put a prefix before every table's name.
///
/// ```no_run
/// use hbase_thrift_client::Client;
/// use socorro_hbase_client::{CrashMetadata, CrashStore, Ooid, QueueForProcessing};
///
/// let store = CrashStore::new(Client::connect("hbase://localhost:9090")?);
/// let metadata = CrashMetadata::from_json(std::fs::read_to_string("crash.json")?)?;
/// let dump = std::fs::read("crash.dump")?;
///
/// let ooid = Ooid::generate(metadata.submitted().ok_or("no time")?.date())?;
/// store.put_raw_report(&ooid, &metadata, &dump, QueueForProcessing::Yes)?;
/// assert_eq!(store.get_dump(&ooid)?, Some(dump));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "HBaseConnectionForCrashReports")]
#[derive(Clone, Debug)]
pub struct CrashStore {
    client: Client,
    search: Arc<Mutex<Option<(bool, Instant)>>>,
}

/// How long a store without the search table is taken to be still without it.
const SEARCHLESS: Duration = Duration::from_mins(1);

impl CrashStore {
    /// Returns a store on the cluster that `client` reaches. Nothing is sent.
    ///
    /// With a client that stamps its writes with its own clock, the store reads, but refuses to write ([`ErrorKind::UnfitClient`](crate::ErrorKind::UnfitClient)).
    pub fn new(client: Client) -> Self {
        Self { client, search: Arc::default() }
    }

    /// The generic client, for everything that isn't about crashes.
    #[doc(alias = "describe_table")]
    #[doc(alias = "get_full_row")]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Refuses to write with a client that stamps its writes: versions of queue entries, claims and
    /// results are compared by the servers' clocks.
    pub(crate) fn check_client(&self) -> Result<()> {
        if !self.client.config().get_client_timestamps() {
            return Ok(());
        }
        let message = "the crash store compares the times that servers give to cells, so nothing was \
                       written: leave the client's option client_timestamps off";
        Err(Error::new(ErrorKind::UnfitClient, message))
    }

    /// Whether there is the table of our own for searching, which other clients don't make. Asked once,
    /// and once a minute while it is missing.
    pub(crate) fn has_search(&self) -> Result<bool> {
        let mut known = self.search.lock().unwrap_or_else(PoisonError::into_inner);
        match *known {
            Some((true, _)) => return Ok(true),
            Some((false, since)) if since.elapsed() < SEARCHLESS => return Ok(false),
            _ => {}
        }
        let has_search = match self.client.admin().column_families(layout::SEARCH) {
            Ok(_) => true,
            // Unknown is not absent: crashes would lack their row for searches.
            Err(error) if error.is_transient() => {
                let message = "whether there is a table for searching could not be read";
                return Err(Error::of_read(message, error));
            }
            Err(_) => false,
        };
        *known = Some((has_search, Instant::now()));
        Ok(has_search)
    }

    /// Asks again, after the table may have been made.
    pub(crate) fn forget_search(&self) {
        self.search.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Reads rows in the order of their keys, without columns all of them; in halves if one call, or its
    /// reply, would be too large: what others have stored may be.
    pub(crate) fn get_rows(
        &self,
        table: &str,
        keys: &[Vec<u8>],
        columns: &[impl AsRef<[u8]>],
    ) -> hbase_thrift_client::Result<Vec<Option<Row>>> {
        let names = columns.iter().map(|column| column.as_ref().to_vec());
        let get = GetRows::new(keys.iter().cloned()).columns(names);
        match self.table(table).get_rows(&get) {
            Err(error) if error.kind() == HBaseErrorKind::TooLarge && keys.len() > 1 => {
                let (first, rest) = keys.split_at(keys.len() / 2);
                let mut rows = self.get_rows(table, first, columns)?;
                rows.extend(self.get_rows(table, rest, columns)?);
                Ok(rows)
            }
            result => result,
        }
    }

    /// A scan behind many salts, most of which have few rows: by pages, where the interface has them, one
    /// call opens a scanner, reads it and closes it.
    pub(crate) fn salted(&self, scan: Scan) -> Scan {
        if self.client.interface() == Some(Interface::Two) { scan.paged() } else { scan }
    }

    pub(crate) fn table(&self, name: &str) -> Table {
        self.client.table(name)
    }
}
