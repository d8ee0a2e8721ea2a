//! An export as a compressed tar that can be gone on with.
//!
//! Each crash is a gzip member of its own: a file of several members is one stream to whoever reads
//! it, and can be cut after any of them. How far the last whole crash reaches stands in a file
//! beside, so that whatever an interruption left behind it is cut off.

use std::{
    fs::{self, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use flate2::{Compression, write::GzEncoder};
use serde::{Deserialize, Serialize};

use super::{
    File,
    directory::{failed, write_whole},
};
use crate::{
    error::{Error, ErrorKind, Result},
    ooid::Ooid,
};

pub(super) struct Archive {
    path: PathBuf,
    progress_path: PathBuf,
    file: fs::File,
    progress: Progress,
}

/// How much of the file is whole, and which crash was the last.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    bytes: u64,
    after: Option<Vec<u8>>,
}

/// Two empty blocks end a tar.
const END: [u8; 1024] = [0; 1024];

impl Archive {
    /// Answers also after which place to go on.
    pub(super) fn open(path: &Path) -> Result<(Self, Option<Vec<u8>>)> {
        let mut progress_path = path.as_os_str().to_owned();
        progress_path.push(".progress");
        let progress_path = PathBuf::from(progress_path);
        let progress = match fs::read(&progress_path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| failed("can't read", &progress_path, error.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !path.exists() => {
                Progress::default()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let message = format!("{} is there and complete", path.display());
                return Err(Error::new(ErrorKind::File, message));
            }
            Err(error) => return Err(failed("can't read", &progress_path, error)),
        };
        let open = || {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
            file.set_len(progress.bytes)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        let file = open().map_err(|error| failed("can't write", path, error))?;
        let after = progress.after.clone();
        let archive = Self { path: path.to_owned(), progress_path, file, progress };
        archive.keep_progress()?;
        Ok((archive, after))
    }

    pub(super) fn write(&mut self, ooid: &Ooid, files: &[File], place: &[u8]) -> Result<()> {
        let member = member_of(ooid, files).and_then(|member| {
            self.file.write_all(&member)?;
            Ok(member.len() as u64)
        });
        let bytes = member.map_err(|error| failed("can't write", &self.path, error))?;
        self.progress.bytes += bytes;
        self.progress.after = Some(place.to_vec());
        self.keep_progress()
    }

    pub(super) fn finish(&mut self) -> Result<()> {
        let mut finish = || {
            let mut end = GzEncoder::new(Vec::new(), Compression::default());
            end.write_all(&END)?;
            self.file.write_all(&end.finish()?)?;
            self.file.sync_all()?;
            fs::remove_file(&self.progress_path)
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

/// A crash's part of the tar, without the tar's end.
fn member_of(ooid: &Ooid, files: &[File]) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    for (extension, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(now);
        tar.append_data(&mut header, format!("{ooid}.{extension}"), bytes.as_slice())?;
    }
    // Not `into_inner`, which ends the tar.
    let encoder =
        std::mem::replace(tar.get_mut(), GzEncoder::new(Vec::new(), Compression::default()));
    encoder.finish()
}
