//! A crash as it was submitted.

use std::collections::BTreeMap;

use socorro_hbase_client::{CrashId, DumpName};

/// A crash as it was submitted: what there is of metadata and dumps.
#[derive(Clone, Debug)]
pub struct RawCrash {
    id: CrashId,
    metadata: Option<Vec<u8>>,
    dumps: BTreeMap<DumpName, Vec<u8>>,
}

impl RawCrash {
    /// Begins a crash that has neither metadata nor dumps.
    pub fn new(id: impl Into<CrashId>) -> Self {
        Self { id: id.into(), metadata: None, dumps: BTreeMap::new() }
    }

    /// Adds the metadata as it is stored, whether or not it is JSON.
    pub fn with_metadata(mut self, metadata: Vec<u8>) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Adds a dump, or replaces that of the same name.
    pub fn with_dump(mut self, name: DumpName, dump: Vec<u8>) -> Self {
        self.dumps.insert(name, dump);
        self
    }

    /// Adds dumps, or replaces those of the same names.
    pub fn with_dumps(mut self, dumps: BTreeMap<DumpName, Vec<u8>>) -> Self {
        self.dumps.extend(dumps);
        self
    }

    pub(crate) fn id(&self) -> &CrashId {
        &self.id
    }

    pub(crate) fn metadata(&self) -> Option<&[u8]> {
        self.metadata.as_deref()
    }

    /// Returns the crashed process's own dump.
    pub(crate) fn own_dump(&self) -> Option<&[u8]> {
        self.dumps.get(&DumpName::default()).map(Vec::as_slice)
    }

    /// Returns the minidumps of other processes; what has another name is an attachment.
    pub(crate) fn further_dumps(&self) -> impl Iterator<Item = (&DumpName, &[u8])> {
        let is_minidump = |name: &DumpName| name.as_str().starts_with("upload_file_minidump");
        let dumps = self.dumps.iter().filter(move |(name, _)| is_minidump(name));
        dumps.map(|(name, dump)| (name, dump.as_slice()))
    }
}
