//! Taking crashes out of the store, into a directory or a compressed tar.
//!
//! For selections of any size: a crash at a time is in memory. A broken crash is reported and ends
//! nothing; an export that was interrupted goes on where it stopped when it is made again.

mod archive;
mod directory;
mod sample;
mod selection;

pub use selection::Selection;

use std::{fmt, path::Path};

use crate::{
    error::{Error, ErrorKind, Result},
    keys,
    ooid::Ooid,
    read::{dumps_of, metadata_of, processed_of},
    store::CrashStore,
};
use archive::Archive;
use directory::Directory;
use selection::{Selected, Selecting};

/// An export under way: an iterator of what became of each crash.
///
/// An error ends it: of HBase while crashes are looked for, or of a file. What is wrong with one
/// crash is in [`Exported::problem`].
pub struct Export {
    store: CrashStore,
    selecting: Selecting,
    target: Target,
    is_done: bool,
}

enum Target {
    Directory(Directory),
    Archive(Archive),
}

/// What became of one crash.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exported {
    /// The crash; `None` for an index row that names none.
    pub ooid: Option<Ooid>,
    /// Whether it was there already, from an export that was interrupted.
    pub was_there: bool,
    /// What is wrong with it. What there is of it is exported nevertheless.
    pub problem: Option<Error>,
}

/// A file of a crash: what follows the ooid in its name, and its bytes.
type File = (String, Vec<u8>);

impl CrashStore {
    /// Exports crashes as files into a directory, which is made if it isn't there: `OOID.json` with
    /// the metadata, `OOID.dump`, `OOID.NAME.dump` for each further dump, and `OOID.processed.json`
    /// where the crash is processed, all as they are stored.
    ///
    /// Made again, it leaves out the crashes whose metadata is there: that is written last.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::File`]; [`ErrorKind::HBase`]; here or from the iterator.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Selection, TimeRange};
    /// # fn save(store: &CrashStore) -> socorro_hbase_client::Result<()> {
    /// let day = Selection::Submitted(TimeRange::within("2012-05-08"));
    /// for exported in store.export_to_directory(&day, "crashes")? {
    ///     if let Some(problem) = exported?.problem {
    ///         eprintln!("{problem}");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn export_to_directory(
        &self,
        selection: &Selection,
        directory: impl AsRef<Path>,
    ) -> Result<Export> {
        let target = Target::Directory(Directory::open(directory.as_ref())?);
        self.export(selection, target, None)
    }

    /// Exports crashes as a `.tar.gz` with the files of
    /// [`export_to_directory`](Self::export_to_directory).
    ///
    /// While it is being written, how far it is stands in a file beside it, `….progress`. Made again
    /// with the same selection, an interrupted export goes on from there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::File`], also where an archive of this name is complete already;
    /// [`ErrorKind::HBase`]; here or from the iterator.
    pub fn export_to_archive(
        &self,
        selection: &Selection,
        archive: impl AsRef<Path>,
    ) -> Result<Export> {
        let (archive, after) = Archive::open(archive.as_ref())?;
        self.export(selection, Target::Archive(archive), after)
    }

    fn export(
        &self,
        selection: &Selection,
        target: Target,
        after: Option<Vec<u8>>,
    ) -> Result<Export> {
        let selecting = Selecting::new(self, selection, after)?;
        Ok(Export { store: self.clone(), selecting, target, is_done: false })
    }
}

impl Export {
    fn export_next(&mut self) -> Result<Option<Exported>> {
        let Some(selected) = self.selecting.next() else {
            self.target.finish()?;
            return Ok(None);
        };
        let Selected { ooid, place } = match selected {
            Ok(selected) => selected,
            Err(error) if error.kind() == ErrorKind::MalformedIndex => {
                return Ok(Some(Exported { ooid: None, was_there: false, problem: Some(error) }));
            }
            Err(error) => return Err(error),
        };
        let exported = |was_there, problem| Exported { ooid: Some(ooid), was_there, problem };
        if self.target.has(&ooid) {
            return Ok(Some(exported(true, None)));
        }
        let (files, problem) = read_files(&self.store, &ooid)?;
        self.target.write(&ooid, &files, &place)?;
        Ok(Some(exported(false, problem)))
    }
}

impl Target {
    fn has(&self, ooid: &Ooid) -> bool {
        match self {
            Self::Directory(directory) => directory.has(ooid),
            // Left out by its place already.
            Self::Archive(_) => false,
        }
    }

    fn write(&mut self, ooid: &Ooid, files: &[File], place: &[u8]) -> Result<()> {
        match self {
            Self::Directory(directory) => directory.write(ooid, files),
            Self::Archive(archive) => archive.write(ooid, files, place),
        }
    }

    fn finish(&mut self) -> Result<()> {
        match self {
            Self::Directory(_) => Ok(()),
            Self::Archive(archive) => archive.finish(),
        }
    }
}

/// The files of a crash, the metadata last, and what is missing.
fn read_files(store: &CrashStore, ooid: &Ooid) -> Result<(Vec<File>, Option<Error>)> {
    let columns = ["raw_data", keys::META_DATA_JSON, keys::PROCESSED_DATA_JSON];
    let Some(row) = store.read_crash(ooid, &columns)? else {
        let message = format!("there is no crash {ooid} to be exported");
        return Ok((Vec::new(), Some(Error::new(ErrorKind::NoSuchCrash, message))));
    };
    let mut files = Vec::new();
    for (name, dump) in dumps_of(&row) {
        let extension = if name.as_str() == "dump" {
            "dump".to_owned()
        } else {
            // Whatever another program named it, it is no path.
            let safe =
                |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
            format!("{}.dump", name.as_str().chars().map(safe).collect::<String>())
        };
        files.push((extension, dump));
    }
    let has_dump = !files.is_empty();
    files.extend(processed_of(&row).map(|json| ("processed.json".to_owned(), json.to_vec())));
    let metadata = metadata_of(&row).map(|json| ("json".to_owned(), json.to_vec()));
    let missing = match (&metadata, has_dump) {
        (None, _) => Some("metadata"),
        (_, false) => Some("dump"),
        _ => None,
    };
    files.extend(metadata);
    let problem = missing.map(|what| {
        let message = format!("crash {ooid} is incomplete, its row has no {what}");
        Error::new(ErrorKind::IncompleteCrash, message)
    });
    Ok((files, problem))
}

impl Iterator for Export {
    type Item = Result<Exported>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let exported = self.export_next().transpose();
        self.is_done = !matches!(exported, Some(Ok(_)));
        exported
    }
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export").field("is_done", &self.is_done).finish_non_exhaustive()
    }
}
