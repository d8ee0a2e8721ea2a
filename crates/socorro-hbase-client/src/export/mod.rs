//! Taking crashes out of the store, into a folder or an archive.
//!
//! For selections of any size: a few crashes at a time are in memory. What is written is a backup:
//! `import` makes the same crash of it. A broken crash is reported and ends
//! nothing; an export that was interrupted goes on where it stopped when it is made again.

mod archive;
mod folder;
mod names;
mod read;
mod sample;
mod selection;
mod state;

pub use archive::ArchiveFormat;
pub(crate) use names::{file_part, name_of_part};
pub(crate) use read::optional_indexes;
pub use selection::Selection;
pub(crate) use state::CrashState;

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    io::Write,
    path::Path,
    slice,
};

use crate::{
    error::{Error, Result},
    model::CrashId,
    store::CrashStore,
};
use archive::{Archive, Stream};
use folder::Folder;
use read::{ReadFiles, SMALL, WHOLE, read_files};
use selection::{Selected, Selecting};

/// An export under way: an iterator of what became of each crash.
///
/// An error ends it: of HBase while crashes are looked for, or of a file. What is wrong with one
/// crash is in [`Exported::problem`].
pub struct Export {
    store: CrashStore,
    selecting: Selecting,
    target: Target,
    ready: VecDeque<Ready>,
    is_done: bool,
}

enum Target {
    Folder(Folder),
    Archive(Archive),
    Stream(Stream),
}

/// A crash that is read, and not written yet.
struct Ready {
    id: CrashId,
    place: Vec<u8>,
    files: Vec<File>,
    problem: Option<Error>,
}

/// Dumps have up to 10 MiB each.
const AT_ONCE: usize = 8;

/// What became of one crash.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exported {
    /// The crash.
    pub id: CrashId,
    /// What was written of it.
    pub outcome: ExportOutcome,
    /// What is wrong with it. What there is of it is exported nevertheless.
    pub problem: Option<Error>,
}

/// What an export wrote of a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExportOutcome {
    /// All that there is of it.
    New,
    /// What has changed in the store since an earlier export into the same folder.
    Updated,
    /// Nothing: it was in the folder as it is in the store.
    WasThere,
}

/// A file of a crash: what follows the ooid in its name, and its bytes.
type File = (String, Vec<u8>);

/// What follows the ooid in the name of the file with the small cells.
const STATE: &str = "state.json";

impl CrashStore {
    /// Exports crashes as files into a folder, which is made if it isn't there: `OOID.json` with the
    /// metadata, `OOID.dump`, `OOID.NAME.dump` for each further dump, and `OOID.processed.json` if the
    /// crash is processed, all as they are stored; and `OOID.state.json` with all other cells and with the
    /// queues that it is in. Names are escaped as by [`CrashId::file_name`], and long ones cut.
    ///
    /// Made again, it writes what has changed. Of crashes that are there, as their metadata tells, which is
    /// written last, it reads the dumps only if something else of the crash was written since.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::File`](crate::ErrorKind::File); [`ErrorKind::HBase`](crate::ErrorKind::HBase); here or
    /// from the iterator.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Selection, TimeRange};
    /// # fn save(store: &CrashStore) -> socorro_hbase_client::Result<()> {
    /// let day = Selection::Submitted(TimeRange::within("2012-05-08"));
    /// for exported in store.export_to_folder(&day, "crashes")? {
    ///     if let Some(problem) = exported?.problem {
    ///         eprintln!("{problem}");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "export_jsonz_for_date")]
    pub fn export_to_folder(
        &self,
        selection: &Selection,
        folder: impl AsRef<Path>,
    ) -> Result<Export> {
        let target = Target::Folder(Folder::open(folder.as_ref())?);
        self.export(selection, target, None)
    }

    /// Exports crashes as an archive with the files of [`export_to_folder`](Self::export_to_folder), in
    /// the format that its name says; `.tar.gz` if it says none.
    ///
    /// While it is being written, how far it is stands in a file beside it, `….progress`. Made again
    /// with the same selection, an interrupted export goes on from there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::File`](crate::ErrorKind::File), also if an archive of this name is complete already, or
    /// is an interrupted export of another selection; [`ErrorKind::HBase`](crate::ErrorKind::HBase); here
    /// or from the iterator.
    #[doc(alias = "export_jsonz_tarball_for_date")]
    #[doc(alias = "export_jsonz_tarball_for_ooids")]
    pub fn export_to_archive(
        &self,
        selection: &Selection,
        archive: impl AsRef<Path>,
    ) -> Result<Export> {
        let path = archive.as_ref();
        let format = ArchiveFormat::of_path(path).unwrap_or(ArchiveFormat::TarGz);
        let (archive, after) = Archive::open(path, format, selection.fingerprint())?;
        self.export(selection, Target::Archive(archive), after)
    }

    /// Exports crashes as a tar into a stream. It can't be gone on with.
    ///
    /// # Errors
    ///
    /// As [`export_to_folder`](Self::export_to_folder).
    pub fn export_to_writer(
        &self,
        selection: &Selection,
        to: impl Write + Send + 'static,
    ) -> Result<Export> {
        self.export(selection, Target::Stream(Stream::new(to)), None)
    }

    fn export(
        &self,
        selection: &Selection,
        target: Target,
        after: Option<Vec<u8>>,
    ) -> Result<Export> {
        let selecting = Selecting::new(self, selection, after)?;
        let ready = VecDeque::new();
        Ok(Export { store: self.clone(), selecting, target, ready, is_done: false })
    }
}

impl Export {
    fn export_next(&mut self) -> Result<Option<Exported>> {
        if self.ready.is_empty() {
            self.fetch()?;
        }
        let Some(Ready { id, place, files, problem }) = self.ready.pop_front() else {
            self.target.finish()?;
            return Ok(None);
        };
        let outcome = self.target.write(&id, &files, &place)?;
        Ok(Some(Exported { id, outcome, problem }))
    }

    /// Reads the next few crashes, of those that are there without the dumps.
    fn fetch(&mut self) -> Result<()> {
        let selected: Result<Vec<Selected>> = self.selecting.by_ref().take(AT_ONCE).collect();
        let selected = selected?;
        let (old, new): (Vec<&Selected>, Vec<&Selected>) =
            selected.iter().partition(|one| self.target.has(&one.id));
        let mut read = BTreeMap::new();
        let mut whole = new;
        for (one, files) in self.read_each(old, &SMALL)? {
            if self.target.may_lack_dumps(&one.id, &files.0) {
                whole.push(one);
            } else {
                read.insert(one.place.clone(), files);
            }
        }
        let whole = self.read_each(whole, &WHOLE)?;
        read.extend(whole.into_iter().map(|(one, files)| (one.place.clone(), files)));
        // In the order of the selection, by which an archive goes on.
        for Selected { id, place } in selected {
            if let Some((files, problem)) = read.remove(&place) {
                self.ready.push_back(Ready { id, place, files, problem });
            }
        }
        Ok(())
    }

    fn read_each<'a>(
        &self,
        these: Vec<&'a Selected>,
        columns: &[&str],
    ) -> Result<Vec<(&'a Selected, ReadFiles)>> {
        let ids: Vec<CrashId> = these.iter().map(|one| one.id.clone()).collect();
        Ok(these.into_iter().zip(self.read(&ids, columns)?).collect())
    }

    /// One by one if all together are more than a reply may have.
    fn read(&self, ids: &[CrashId], columns: &[&str]) -> Result<Vec<ReadFiles>> {
        match read_files(&self.store, ids, columns) {
            Err(error) if ids.len() > 1 && !error.is_retryable() => {
                let each =
                    ids.iter().map(|id| read_files(&self.store, slice::from_ref(id), columns));
                each.collect::<Result<Vec<_>>>().map(|read| read.into_iter().flatten().collect())
            }
            read => read,
        }
    }
}

impl Target {
    fn has(&self, id: &CrashId) -> bool {
        match self {
            Self::Folder(folder) => folder.has(id),
            // Left out by its place already.
            Self::Archive(_) | Self::Stream(_) => false,
        }
    }

    fn may_lack_dumps(&self, id: &CrashId, files: &[File]) -> bool {
        match self {
            Self::Folder(folder) => folder.may_lack_dumps(id, files),
            Self::Archive(_) | Self::Stream(_) => false,
        }
    }

    fn write(&mut self, id: &CrashId, files: &[File], place: &[u8]) -> Result<ExportOutcome> {
        match self {
            Self::Folder(folder) => return folder.write(id, files),
            Self::Archive(archive) => archive.write(id, files, place)?,
            Self::Stream(stream) => stream.write(id, files)?,
        }
        Ok(ExportOutcome::New)
    }

    fn finish(&mut self) -> Result<()> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Archive(archive) => archive.finish(),
            Self::Stream(stream) => stream.finish(),
        }
    }
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
