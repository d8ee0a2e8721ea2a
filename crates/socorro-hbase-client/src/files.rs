//! Submitting a crash from the files that a collector left on disk.

use std::{fs, path::Path};

use crate::{
    error::{Error, ErrorKind, Result},
    metadata::CrashMetadata,
    ooid::Ooid,
    store::CrashStore,
    submit::{QueueForProcessing, Submission},
};

impl CrashStore {
    /// As [`put_raw_report`](Self::put_raw_report), with metadata and dump from files.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::File`] if one can't be read, [`ErrorKind::InvalidMetadata`] with the
    /// [`MetadataError`](crate::MetadataError) as its source; both before anything is written.
    /// Otherwise as [`put_raw_report`](Self::put_raw_report).
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Ooid, QueueForProcessing};
    /// # fn store_one(store: &CrashStore, ooid: &Ooid) -> socorro_hbase_client::Result<()> {
    /// store.put_raw_report_from_files(ooid, "crash.json", "crash.dump", QueueForProcessing::Yes)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "put_json_dump_from_files")]
    pub fn put_raw_report_from_files(
        &self,
        ooid: &Ooid,
        metadata: impl AsRef<Path>,
        dump: impl AsRef<Path>,
        queue: QueueForProcessing,
    ) -> Result<Submission> {
        let (metadata, dump) = (metadata.as_ref(), dump.as_ref());
        let unread = |path: &Path, error| {
            Error::from_file(format!("can't read {}, nothing was stored", path.display()), error)
        };
        let json = fs::read_to_string(metadata).map_err(|error| unread(metadata, error))?;
        let checked = CrashMetadata::from_json(json).map_err(|error| {
            let message = format!("{} can't be stored", metadata.display());
            Error::new(ErrorKind::InvalidMetadata, message).with_metadata_error(error)
        })?;
        let dump = fs::read(dump).map_err(|error| unread(dump, error))?;
        self.put_raw_report(ooid, &checked, &dump, queue)
    }
}
