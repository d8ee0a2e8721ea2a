//! An export as files in a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{ExportOutcome, File, STATE, names::file_part, state::CrashState};
use crate::{
    error::{Error, Result},
    model::CrashId,
};

pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).map_err(|error| failed("can't make", path, error))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Whether the last file of a crash is there.
    pub(super) fn has(&self, id: &CrashId) -> bool {
        self.path_of(id, "json").exists()
    }

    /// Whether a crash that is there may have other dumps now: something of it was written since.
    pub(super) fn may_lack_dumps(&self, id: &CrashId, files: &[File]) -> bool {
        let Some((_, now)) = files.iter().find(|(name, _)| name == STATE) else { return false };
        let before = fs::read(self.path_of(id, STATE));
        !before.is_ok_and(|before| CrashState::is_unchanged(&before, now))
    }

    /// In the files' order, each with its name only when it is whole; those that are there as they are
    /// now in the store stay.
    pub(super) fn write(&self, id: &CrashId, files: &[File]) -> Result<ExportOutcome> {
        let was_there = self.has(id);
        let mut is_changed = false;
        for (extension, bytes) in files {
            let path = self.path_of(id, extension);
            let is_same = |found: fs::Metadata| found.len() == bytes.len() as u64;
            let is_same_size = fs::metadata(&path).is_ok_and(is_same);
            if is_same_size && fs::read(&path).is_ok_and(|old| old == *bytes) {
                continue;
            }
            write_whole(&path, bytes).map_err(|error| failed("can't write", &path, error))?;
            is_changed = true;
        }
        Ok(match (was_there, is_changed) {
            (false, _) => ExportOutcome::New,
            (true, true) => ExportOutcome::Updated,
            (true, false) => ExportOutcome::WasThere,
        })
    }

    fn path_of(&self, id: &CrashId, extension: &str) -> PathBuf {
        self.path.join(format!("{}.{extension}", file_part(id.as_bytes())))
    }
}

/// Under another name first, so that an interruption leaves no half of a file; a name of its own, so that
/// exports into one folder at the same time don't write into each other's.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}-{}.part", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)));
    let part = PathBuf::from(part);
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    written.inspect_err(|_| {
        // If this fails too, the first error is the one that tells why.
        let _ = fs::remove_file(&part);
    })
}

pub(super) fn failed(what: &str, path: &Path, error: io::Error) -> Error {
    Error::from_file(format!("{what} {}", path.display()), error)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_file_that_several_write_at_once_is_whole_and_nothing_is_left_beside_it() {
        let folder = std::env::temp_dir().join(format!("socorro-export-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("crash.dump");
        thread::scope(|scope| {
            for byte in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..100 {
                        write_whole(path, &vec![byte; 10_000]).unwrap();
                        let found = fs::read(path).unwrap();
                        assert!(found.len() == 10_000 && found.iter().all(|it| *it == found[0]));
                    }
                });
            }
        });
        assert!(write_whole(&folder.join("no/such"), b"").is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
