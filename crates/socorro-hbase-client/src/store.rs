//! The crash store: a handle on a cluster that knows where everything of a crash stands.
//!
//! For holding the generic client; the endpoints are in `create`, `submit` and `read`, keys in
//! `keys`. Connections, retries and time-outs are left to the generic client.

use hbase_thrift_client::{Client, Table};

/// Socorro's crashes in one HBase cluster.
///
/// Cheap to clone, and shared by threads: all clones use the client's connections. The client's
/// configuration may put a prefix before every table's name.
///
/// ```no_run
/// use hbase_thrift_client::Client;
/// use socorro_hbase_client::{CrashMetadata, CrashStore, Ooid, QueueForProcessing};
///
/// let store = CrashStore::new(Client::connect("hbase://localhost:9090".parse()?)?);
/// let metadata = CrashMetadata::from_json(std::fs::read_to_string("crash.json")?)?;
/// let dump = std::fs::read("crash.dump")?;
///
/// let ooid = Ooid::generate(metadata.submitted().date())?;
/// store.put_raw_report(&ooid, &metadata, &dump, QueueForProcessing::Yes)?;
/// assert_eq!(store.get_dump(&ooid)?, Some(dump));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "HBaseConnectionForCrashReports")]
#[derive(Clone, Debug)]
pub struct CrashStore {
    client: Client,
}

impl CrashStore {
    /// A store on the cluster that `client` reaches. Nothing is sent.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The generic client, for everything that isn't about crashes.
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn table(&self, name: &str) -> Table {
        self.client.table(name)
    }
}
