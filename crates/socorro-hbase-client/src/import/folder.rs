//! The crashes of a folder and the folders in it.
//!
//! For folders of any size: of all the files' names, only those of one folder are kept at a time.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use time::OffsetDateTime;

use super::{
    MOST,
    files::{CrashFiles, FoundCrash},
    input,
    names::{Part, part_of, text_of},
    too_large,
};
use crate::error::{Error, Result};

/// A folder with the files of crashes.
#[derive(Debug)]
pub struct CrashFolder {
    path: PathBuf,
}

/// The files of a folder by what they are called without ending.
type Crashes = BTreeMap<String, Vec<(Part, PathBuf)>>;

impl CrashFolder {
    /// A folder that is there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::File`](crate::ErrorKind::File).
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        fs::read_dir(&path).map_err(|error| unreadable(&path, error))?;
        Ok(Self { path })
    }

    /// Counts what looks like a crash by the files' names.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn count(&self) -> Result<u64> {
        let mut count = 0;
        self.walk(|_, crashes| {
            count += crashes.len() as u64;
            ControlFlow::Continue(())
        })?;
        Ok(count)
    }

    /// Hands on one crash after the other, until no more is wanted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::File`](crate::ErrorKind::File) if a folder can't be read.
    pub fn read(&self, mut each: impl FnMut(FoundCrash) -> ControlFlow<()>) -> Result<()> {
        self.walk(|folder, crashes| {
            for (name, files) in crashes {
                let files = read_crash(files);
                if files.as_ref().is_ok_and(|files| !files.is_of_crash()) {
                    continue;
                }
                let name = folder.join(name).display().to_string();
                if each(FoundCrash::new(name, files)).is_break() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })
    }

    /// Calls with the crashes of each folder.
    fn walk(&self, mut each: impl FnMut(&Path, Crashes) -> ControlFlow<()>) -> Result<()> {
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            let mut crashes = Crashes::new();
            for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))? {
                let entry = entry.map_err(|error| unreadable(&folder, error))?;
                let kind = entry.file_type().map_err(|error| unreadable(&folder, error))?;
                let name = entry.file_name();
                // Not a link's target: a link back up would never end.
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if let Some((crash, part)) = part_of(&text_of(name.as_encoded_bytes())) {
                    crashes.entry(crash.to_owned()).or_default().push((part, entry.path()));
                }
            }
            join_further(&mut crashes);
            if each(&folder, crashes).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// A further dump of an export's crash that isn't named by an ooid looks like another crash's.
fn join_further(crashes: &mut Crashes) {
    let is_export = |files: &[(Part, PathBuf)]| files.iter().any(|(part, _)| *part == Part::State);
    let is_dump = |files: &[(Part, PathBuf)]| matches!(files, [(Part::Dump, _)]);
    let dumps: Vec<(String, String)> = crashes
        .iter()
        .filter(|(_, files)| is_dump(files))
        .filter_map(|(name, _)| {
            let (crash, _) = name.split_once('.')?;
            crashes.get(crash).filter(|files| is_export(files))?;
            Some((name.clone(), crash.to_owned()))
        })
        .collect();
    for (name, crash) in dumps {
        let dump = crashes.remove(&name).and_then(|mut files| files.pop());
        if let (Some((_, path)), Some(files)) = (dump, crashes.get_mut(&crash)) {
            files.push((Part::Further(name[crash.len() + 1..].to_owned()), path));
        }
    }
}

fn read_crash(files: Vec<(Part, PathBuf)>) -> Result<CrashFiles> {
    let mut read = CrashFiles::default();
    for (part, path) in files {
        let open = || -> io::Result<_> {
            // A pipe would be waited for when it is opened.
            if !fs::metadata(&path)?.is_file() {
                return Ok(None);
            }
            let file = File::open(&path)?;
            let written = file.metadata()?.modified().ok().map(OffsetDateTime::from);
            let mut bytes = Vec::new();
            file.take(MOST + 1).read_to_end(&mut bytes)?;
            Ok(Some((bytes, written)))
        };
        let shown = path.display();
        let opened =
            open().map_err(|error| Error::from_file(format!("can't read {shown}"), error))?;
        let Some((bytes, written)) = opened else {
            return Err(input(format!("{shown} is no file")));
        };
        if (read.bytes() + bytes.len()) as u64 > MOST {
            return Err(too_large());
        }
        read.add(part, bytes, written);
    }
    read.further.sort();
    Ok(read)
}

fn unreadable(folder: &Path, error: io::Error) -> Error {
    Error::from_file(format!("can't read the folder {}", folder.display()), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Temporary(PathBuf);

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// A folder with these files, each of which has its name as its content.
    fn folder_with(files: &[&str]) -> Temporary {
        let name = format!("socorro-import-{}", uuid::Uuid::new_v4());
        let folder = Temporary(std::env::temp_dir().join(name));
        for file in files {
            let path = folder.0.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        folder
    }

    fn found(folder: &Temporary) -> BTreeMap<String, Result<CrashFiles>> {
        let mut all = BTreeMap::new();
        let read = CrashFolder::open(&folder.0).unwrap().read(|found| {
            let name = Path::new(&found.name).strip_prefix(&folder.0).unwrap();
            all.insert(name.display().to_string(), found.files);
            ControlFlow::Continue(())
        });
        read.unwrap();
        all
    }

    #[test]
    fn crashes_are_found_in_folders_of_folders_and_other_files_are_skipped() {
        let folder = folder_with(&["a.json", "a.dump", "b/c.x.json", "b/c.x.dump", "README"]);
        let found = found(&folder);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a", "b/c.x"]);
        let crash = found["b/c.x"].as_ref().unwrap();
        assert_eq!(crash.metadata.as_deref(), Some(&b"b/c.x.json"[..]));
        assert_eq!(crash.dump.as_deref(), Some(&b"b/c.x.dump"[..]));
        assert_eq!(CrashFolder::open(&folder.0).unwrap().count().unwrap(), 2);
    }

    #[test]
    fn a_dump_beside_what_other_reporters_write_is_a_crash() {
        let found =
            found(&folder_with(&["a.dmp", "a.extra", "b.dmp", "b.meta", "c.dmp", "d.meta"]));
        assert_eq!(found["a"].as_ref().unwrap().extra.as_deref(), Some(&b"a.extra"[..]));
        assert!(found["b"].as_ref().unwrap().is_crashpad);
        assert!(!found["c"].as_ref().unwrap().has_metadata());
        assert!(!found.contains_key("d"));
    }

    #[test]
    fn a_dump_of_either_ending_is_read_and_none_in_place_of_the_other() {
        let found = found(&folder_with(&["a.json", "a.dmp", "a.dump"]));
        let crash = found["a"].as_ref().unwrap();
        assert_eq!(crash.dump.as_deref(), Some(&b"a.dump"[..]));
        assert_eq!(crash.minidump.as_deref(), Some(&b"a.dmp"[..]));
    }

    #[test]
    fn a_further_dump_belongs_to_the_crash_that_has_a_state() {
        let state = r#"{"id": "x", "queues": [], "indexes": [], "cells": []}"#;
        let folder = folder_with(&["x.json", "x.a%2Eb.dump", "y.json", "y.a.dump", "z.state.json"]);
        fs::write(folder.0.join("x.state.json"), state).unwrap();
        let found = found(&folder);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["x", "y", "y.a"]);
        let further = &found["x"].as_ref().unwrap().further;
        assert_eq!(further, &[("a%2Eb".to_owned(), b"x.a%2Eb.dump".to_vec())]);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_and_not_waited_for() {
        let folder = folder_with(&["a.json"]);
        let made = std::process::Command::new("mkfifo").arg(folder.0.join("a.dump")).status();
        assert!(made.unwrap().success());
        std::os::unix::fs::symlink("b.json", folder.0.join("b.json")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.0.join("c.dump")).unwrap();
        let found = found(&folder);
        let refusal = |name: &str| found[name].as_ref().unwrap_err().to_string();
        assert!(refusal("a").ends_with("a.dump is no file"), "{}", refusal("a"));
        assert!(refusal("b").contains("can't read"), "{}", refusal("b"));
        assert!(refusal("c").ends_with("c.dump is no file"), "{}", refusal("c"));
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_stay_apart() {
        use std::os::unix::ffi::OsStrExt;

        let folder = folder_with(&["a.json"]);
        for name in [&b"\xff.json"[..], b"\xff.dump", b"\xfe.dump"] {
            fs::write(folder.0.join(std::ffi::OsStr::from_bytes(name)), "").unwrap();
        }
        let found = found(&folder);
        assert_eq!(found.keys().collect::<Vec<_>>(), [r"\xfe", r"\xff", "a"]);
    }

    #[test]
    fn no_more_is_read_than_is_wanted() {
        let folder = folder_with(&["a.json", "a.dump", "b.json", "b.dump"]);
        let mut count = 0;
        let read = CrashFolder::open(&folder.0).unwrap().read(|_| {
            count += 1;
            ControlFlow::Break(())
        });
        read.unwrap();
        assert_eq!(count, 1);
    }
}
