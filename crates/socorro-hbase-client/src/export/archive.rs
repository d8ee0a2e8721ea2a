//! An export as a tar, compressed or not, that can be gone on with.
//!
//! Each crash is a member or frame of its own: a file of several is one stream for its readers, and can
//! be cut after any of them. How far the last whole crash reaches stands in a file beside, with the
//! selection that was exported, so that whatever an interruption left behind it is cut off.

use std::{
    fs::{self, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use flate2::{Compression, write::GzEncoder};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    File,
    folder::{failed, write_whole},
    names::file_part,
};
use crate::{
    error::{Effect, Error, ErrorKind, Result, Written},
    model::CrashId,
};

/// How an archive is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ArchiveFormat {
    /// `.tar`
    Tar,
    /// `.tar.gz`, `.tgz`
    TarGz,
    /// `.tar.zst`, `.zst`
    TarZst,
}

pub(super) struct Archive {
    path: PathBuf,
    progress_path: PathBuf,
    file: fs::File,
    format: ArchiveFormat,
    progress: Progress,
}

/// How much of the file is whole, of which selection, and which crash was the last.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    bytes: u64,
    after: Option<Vec<u8>>,
    #[serde(default)]
    selection: String,
    /// The length and the digest of the last crash's part.
    #[serde(default)]
    last: Option<(u64, String)>,
}

/// Two empty blocks end a tar.
const END: [u8; 1024] = [0; 1024];

impl ArchiveFormat {
    /// Reads a format off a file's name; `None` if it is no archive's.
    pub fn of_path(path: impl AsRef<Path>) -> Option<Self> {
        let name = path.as_ref().file_name()?.to_string_lossy().to_ascii_lowercase();
        let ends_in = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends_in(&[".tar"]) {
            Some(Self::Tar)
        } else if ends_in(&[".tar.gz", ".tgz"]) {
            Some(Self::TarGz)
        } else {
            ends_in(&[".zst"]).then_some(Self::TarZst)
        }
    }

    fn compress(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Tar => Ok(bytes.to_vec()),
            Self::TarGz => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::TarZst => zstd::encode_all(bytes, zstd::DEFAULT_COMPRESSION_LEVEL),
        }
    }
}

impl Archive {
    /// Returns also after which place to go on.
    pub(super) fn open(
        path: &Path,
        format: ArchiveFormat,
        selection: String,
    ) -> Result<(Self, Option<Vec<u8>>)> {
        let mut progress_path = path.as_os_str().to_owned();
        progress_path.push(".progress");
        let progress_path = PathBuf::from(progress_path);
        let failed_to_write = |error| failed("can't write", path, error);
        let (mut file, is_new) = open_alone(path).map_err(failed_to_write)?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(is_being_written(path));
        }
        let progress = if is_new {
            // What is left over of an archive that is gone says nothing about the next one.
            Progress { selection, ..Progress::default() }
        } else {
            read_progress(path, &progress_path, selection)?
        };
        file.set_len(progress.bytes)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(failed_to_write)?;
        let after = progress.after.clone();
        let archive = Self { path: path.to_owned(), progress_path, file, format, progress };
        archive.keep_progress()?;
        Ok((archive, after))
    }

    pub(super) fn write(&mut self, id: &CrashId, files: &[File], place: &[u8]) -> Result<()> {
        let member = member_of(id, files).and_then(|member| {
            let member = self.format.compress(&member)?;
            self.file.write_all(&member)?;
            Ok((member.len() as u64, digest(&member)))
        });
        let last = member.map_err(|error| failed("can't write", &self.path, error))?;
        self.progress.bytes += last.0;
        self.progress.last = Some(last);
        self.progress.after = Some(place.to_vec());
        self.keep_progress()
    }

    pub(super) fn finish(&mut self) -> Result<()> {
        let mut finish = || {
            self.file.write_all(&self.format.compress(&END)?)?;
            self.file.sync_all()?;
            fs::remove_file(&self.progress_path)?;
            self.file.unlock()
        };
        finish().map_err(|error| failed("can't finish", &self.path, error))
    }

    fn keep_progress(&self) -> Result<()> {
        let keep = || {
            let text = serde_json::to_vec(&self.progress)?;
            write_whole(&self.progress_path, &text)
        };
        keep().map_err(|error| failed("can't write", &self.progress_path, error))
    }
}

/// Opens an archive, and tells whether there was none.
fn open_alone(path: &Path) -> io::Result<(fs::File, bool)> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => Ok((file, true)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok((OpenOptions::new().write(true).open(path)?, false))
        }
        Err(error) => Err(error),
    }
}

/// Two exports into one archive would cut off what the other has written.
fn is_being_written(path: &Path) -> Error {
    let message = format!("another export is writing {}: wait until it ends", path.display());
    let effect = Effect { written: Written::Nothing, left: Vec::new(), call_again: true };
    Error::new(ErrorKind::File, message).with_effect(effect)
}

/// How far an interrupted export of this selection is.
fn read_progress(path: &Path, progress_path: &Path, selection: String) -> Result<Progress> {
    let refused = |message: String| Err(Error::new(ErrorKind::File, message));
    let mut file = fs::File::open(path).map_err(|error| failed("can't read", path, error))?;
    let (shown, shown_progress) = (path.display(), progress_path.display());
    let progress: Progress = match fs::read(progress_path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|error| failed("can't read", progress_path, error.into()))?,
        // What has nothing, not even an end, stopped before there was any progress.
        Err(error)
            if error.kind() == io::ErrorKind::NotFound
                && file.metadata().is_ok_and(|found| found.len() == 0) =>
        {
            return Ok(Progress { selection, ..Progress::default() });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return refused(format!("{shown} is there and complete"));
        }
        Err(error) => return Err(failed("can't read", progress_path, error)),
    };
    if progress.selection != selection {
        return refused(format!(
            "{shown} is an interrupted export of other crashes: go on with the same selection, or \
             remove it and {shown_progress}"
        ));
    }
    match progress.ends_in(&mut file) {
        Ok(true) => Ok(progress),
        Ok(false) => refused(format!(
            "{shown} isn't the archive that {shown_progress} belongs to: remove one of them"
        )),
        Err(error) => Err(failed("can't read", path, error)),
    }
}

impl Progress {
    /// Whether the last crash is in the file where it should be.
    fn ends_in(&self, file: &mut fs::File) -> io::Result<bool> {
        let length = file.metadata()?.len();
        let Some((last, digested)) = &self.last else { return Ok(self.bytes == 0) };
        let Some(begin) = self.bytes.checked_sub(*last) else { return Ok(false) };
        if length < self.bytes {
            return Ok(false);
        }
        file.seek(SeekFrom::Start(begin))?;
        let mut bytes = Vec::new();
        file.take(*last).read_to_end(&mut bytes)?;
        Ok(digest(&bytes) == *digested)
    }
}

fn digest(bytes: &[u8]) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, bytes).simple().to_string()
}

/// An export into a stream, which can't be gone on with.
pub(super) struct Stream(Box<dyn Write + Send>);

impl Stream {
    pub(super) fn new(to: impl Write + Send + 'static) -> Self {
        Self(Box::new(to))
    }

    pub(super) fn write(&mut self, id: &CrashId, files: &[File]) -> Result<()> {
        self.put(|to| to.write_all(&member_of(id, files)?))
    }

    pub(super) fn finish(&mut self) -> Result<()> {
        self.put(|to| to.write_all(&END).and_then(|()| to.flush()))
    }

    fn put(&mut self, put: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        put(&mut *self.0).map_err(|error| Error::from_file("can't write the archive", error))
    }
}

/// A crash's part of the tar, without the tar's end.
fn member_of(id: &CrashId, files: &[File]) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let name = file_part(id.as_bytes());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    for (extension, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(now);
        tar.append_data(&mut header, format!("{name}.{extension}"), bytes.as_slice())?;
    }
    // Not `into_inner`, which ends the tar.
    Ok(std::mem::take(tar.get_mut()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_read_off_the_name() {
        let of = |name: &str| ArchiveFormat::of_path(name);
        assert_eq!(of("a.tar"), Some(ArchiveFormat::Tar));
        assert_eq!((of("a.tgz"), of("b/A.TAR.GZ")), (Some(ArchiveFormat::TarGz), of("a.tgz")));
        assert_eq!((of("a.zst"), of("a.tar.zst")), (Some(ArchiveFormat::TarZst), of("a.zst")));
        assert_eq!((of("a"), of("tar"), of("a.gz")), (None, None, None));
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_text_is_an_archives_too() {
        use std::os::unix::ffi::OsStrExt;

        let name = std::ffi::OsStr::from_bytes(b"\xff.tar");
        assert_eq!(ArchiveFormat::of_path(name), Some(ArchiveFormat::Tar));
    }
}
