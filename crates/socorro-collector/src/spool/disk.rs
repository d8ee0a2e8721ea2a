//! What a spool asks of a disk, one operation at a time, so that tests can end a process, or cut its power,
//! at each.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

/// A disk. What is written is on it for good only after [`NewFile::sync`], a name only after
/// [`sync_folder`](Self::sync_folder).
pub(super) trait Disk: fmt::Debug + Send + Sync {
    /// Makes a folder with those around it; their names are on the disk when this returns.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Locks a file, as long as what is returned is held.
    fn lock(&self, path: &Path) -> Result<Option<File>, fs::TryLockError>;
    /// Names and sizes of the files of a folder.
    fn files(&self, folder: &Path) -> io::Result<Vec<(String, u64)>>;
    /// Makes a file that isn't there yet.
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>>;
    /// Reads a file of this size; an error of kind `InvalidData` if it is none, or has another size.
    fn read(&self, path: &Path, size: u64) -> io::Result<Vec<u8>>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    fn is_folder(&self, path: &Path) -> bool;
}

/// A file that is being written.
pub(super) trait NewFile: Write {
    fn sync(&mut self) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Debug)]
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        let around = match path.parent() {
            Some(around) if around != Path::new("") => around,
            _ => Path::new("."),
        };
        if around != path {
            self.make_folder(around)?;
        }
        match fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            // Somebody else may have made it just now: an error if it is something else.
            _ => fs::read_dir(path).and_then(|_| self.sync_folder(around)),
        }
    }

    fn lock(&self, path: &Path) -> Result<Option<File>, fs::TryLockError> {
        let lock = File::create(path).map_err(fs::TryLockError::Error)?;
        lock.try_lock().map(|()| Some(lock))
    }

    fn files(&self, folder: &Path) -> io::Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
                files.push((name, metadata.len()));
            }
        }
        Ok(files)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        Ok(Box::new(File::create_new(path)?))
    }

    /// Nothing else is opened: a pipe would never end, nor let itself be opened.
    fn read(&self, path: &Path, size: u64) -> io::Result<Vec<u8>> {
        let metadata = fs::symlink_metadata(path)?;
        if !metadata.is_file() || metadata.len() != size {
            let message = format!("{} is no file of {size} bytes", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(size).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }
}

impl NewFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}
