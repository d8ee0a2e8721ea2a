//! The crashes of a folder and the folders in it.
//!
//! For folders of any size: of all the files' names, only those of further dumps are kept.

use std::{
    collections::BTreeMap,
    fs, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};
use socorro_hbase_client::time::OffsetDateTime;

use super::{
    Found, RawCrash,
    names::{Part, part_of},
    read_file,
};

/// A folder that was looked through once.
pub(crate) struct Folder {
    path: PathBuf,
    count: u64,
    /// The names of further dumps, by their crash's path without extension.
    further: BTreeMap<PathBuf, Vec<String>>,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut folder = Self { path: path.to_owned(), count: 0, further: BTreeMap::new() };
        let mut further = BTreeMap::<PathBuf, Vec<String>>::new();
        let mut count = 0;
        folder.walk(|crash, part| {
            match part {
                Part::Metadata => count += 1,
                Part::Dump => {}
                Part::Further(name) => further.entry(crash).or_default().push(name.to_owned()),
            }
            ControlFlow::Continue(())
        })?;
        (folder.count, folder.further) = (count, further);
        Ok(folder)
    }

    /// How many crashes there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Hands on one crash after the other, until no more is wanted.
    pub(crate) fn read(&self, mut each: impl FnMut(Found) -> ControlFlow<()>) -> Result<()> {
        self.walk(|crash, part| {
            let found = match part {
                Part::Metadata => self.read_crash(&crash),
                _ if with_extension(&crash, "json").exists() => return ControlFlow::Continue(()),
                _ => Err(anyhow!("there is a dump, but no metadata: the file .json is missing")),
            };
            each(Found { name: crash.display().to_string(), crash: found })
        })
    }

    fn read_crash(&self, crash: &Path) -> Result<RawCrash> {
        let read = |extension: &str| {
            let file = with_extension(crash, extension);
            read_file(&file).with_context(|| format!("can't read {}", file.display()))
        };
        let names = self.further.get(crash).into_iter().flatten();
        let written = fs::metadata(with_extension(crash, "json")).and_then(|file| file.modified());
        Ok(RawCrash {
            written: written.ok().map(OffsetDateTime::from),
            metadata: read("json")?,
            dump: read("dump")?,
            further: names
                .map(|name| Ok((name.clone(), read(&format!("{name}.dump"))?)))
                .collect::<Result<_>>()?,
        })
    }

    /// Calls with each crash's path without extension, and with what a file is to it.
    fn walk(&self, mut each: impl FnMut(PathBuf, Part<'_>) -> ControlFlow<()>) -> Result<()> {
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            let unreadable = || format!("can't read the folder {}", folder.display());
            for entry in fs::read_dir(&folder).with_context(unreadable)? {
                let entry = entry.with_context(unreadable)?;
                let name = entry.file_name();
                // Not a link's target: a link back up would never end.
                if is_folder(&entry).with_context(unreadable)? {
                    folders.push(entry.path());
                } else if let Some((crash, part)) = name.to_str().and_then(part_of)
                    && each(folder.join(crash), part).is_break()
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn is_folder(entry: &fs::DirEntry) -> io::Result<bool> {
    entry.file_type().map(|kind| kind.is_dir())
}

/// Appended: a name may have dots of its own.
fn with_extension(crash: &Path, extension: &str) -> PathBuf {
    let mut path = crash.as_os_str().to_owned();
    path.push(".");
    path.push(extension);
    path.into()
}

#[cfg(test)]
mod tests {
    use tempfile::{TempDir, tempdir};

    use super::*;

    fn folder_with(files: &[&str]) -> TempDir {
        let folder = tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        folder
    }

    /// What was found, by name, with the folder left out.
    fn found(folder: &TempDir) -> BTreeMap<String, Result<RawCrash>> {
        let mut all = BTreeMap::new();
        let opened = Folder::open(folder.path()).unwrap();
        let read = opened.read(|found| {
            let name = Path::new(&found.name).strip_prefix(folder.path()).unwrap();
            all.insert(name.display().to_string(), found.crash);
            ControlFlow::Continue(())
        });
        read.unwrap();
        all
    }

    #[test]
    fn pairs_are_found_in_all_folders_and_other_files_are_left_alone() {
        let folder = folder_with(&["a.json", "a.dump", "b/c.x.json", "b/c.x.dump", "README"]);
        let found = found(&folder);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a", "b/c.x"]);
        let crash = found["b/c.x"].as_ref().unwrap();
        assert_eq!(
            (&crash.metadata[..], &crash.dump[..]),
            (&b"b/c.x.json"[..], &b"b/c.x.dump"[..])
        );
        assert_eq!(Folder::open(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn further_dumps_belong_to_the_ooid() {
        const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
        let files =
            ["json", "dump", "plugin.dump", "processed.json"].map(|rest| format!("{OOID}.{rest}"));
        let folder = folder_with(&files.each_ref().map(String::as_str));
        let found = found(&folder);
        let further = &found[OOID].as_ref().unwrap().further;
        assert_eq!(further, &[("plugin".to_owned(), files[2].clone().into_bytes())]);
    }

    #[test]
    fn half_a_pair_is_told() {
        let found = found(&folder_with(&["a.json", "b.dump"]));
        let refusal = |name: &str| format!("{:#}", found[name].as_ref().unwrap_err());
        assert!(refusal("a").contains("a.dump: No such file"), "{}", refusal("a"));
        assert!(refusal("b").contains("no metadata"), "{}", refusal("b"));
    }

    #[test]
    fn no_more_is_read_than_is_wanted() {
        let folder = folder_with(&["a.json", "a.dump", "b.json", "b.dump"]);
        let mut count = 0;
        let opened = Folder::open(folder.path()).unwrap();
        let read = opened.read(|_| {
            count += 1;
            ControlFlow::Break(())
        });
        read.unwrap();
        assert_eq!(count, 1);
    }
}
