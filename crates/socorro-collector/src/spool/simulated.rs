//! The spool on a disk in memory, whose process ends, or whose power is cut, at each of its operations:
//! what was acknowledged is there, once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    sync::Arc,
};

use socorro_hbase_client::Ooid;

use super::{
    disk::NewFile,
    tests::{crash, numbers},
    *,
};

/// What happens at an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The process ends; what it has written is there.
    Killed,
    /// The machine ends: what wasn't synced may be there, or a part of it.
    PowerCut,
    /// The operation fails, and the process goes on.
    Failure,
}

#[derive(Debug, Clone, Default)]
struct SimulatedDisk(Arc<Mutex<Blocks>>);

#[derive(Debug, Default)]
struct Blocks {
    files: Vec<Content>,
    folders: BTreeSet<PathBuf>,
    /// As processes see them.
    names: BTreeMap<PathBuf, usize>,
    /// As they are on the disk, and what isn't yet.
    durable: BTreeMap<PathBuf, usize>,
    pending: Vec<Change>,
    operations: usize,
    ends: Option<(usize, End)>,
    is_over: bool,
    random: u64,
}

#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    synced: usize,
}

/// A change of a file's name.
#[derive(Debug)]
struct Change {
    from: Option<PathBuf>,
    to: Option<PathBuf>,
    file: usize,
}

impl Change {
    fn is_in(&self, folder: &Path) -> bool {
        [&self.from, &self.to].into_iter().flatten().any(|path| path.parent() == Some(folder))
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        if let Some(from) = &self.from {
            names.remove(from);
        }
        if let Some(to) = &self.to {
            names.insert(to.clone(), self.file);
        }
    }
}

fn over() -> io::Error {
    io::Error::other("the process has ended")
}

impl Blocks {
    /// Whether the operation is carried out whole; an error if it isn't at all.
    fn begin(&mut self) -> io::Result<bool> {
        if self.is_over {
            return Err(over());
        }
        self.operations += 1;
        match self.ends {
            Some((at, End::Failure)) if at == self.operations => {
                Err(io::ErrorKind::StorageFull.into())
            }
            Some((at, _)) if at == self.operations => {
                self.is_over = true;
                Ok(self.chance())
            }
            _ => Ok(true),
        }
    }

    fn chance(&mut self) -> bool {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.random >> 40) & 1 == 1
    }

    fn rename(&mut self, from: Option<&Path>, to: Option<&Path>, file: usize) {
        let change = Change { from: from.map(Path::to_owned), to: to.map(Path::to_owned), file };
        change.apply(&mut self.names);
        self.pending.push(change);
    }
}

impl SimulatedDisk {
    fn new(ends: Option<(usize, End)>, random: u64) -> Self {
        Self(Arc::new(Mutex::new(Blocks { ends, random, ..Blocks::default() })))
    }

    fn lock(&self) -> MutexGuard<'_, Blocks> {
        self.0.lock().unwrap()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Blocks) -> io::Result<T>) -> io::Result<T> {
        let mut blocks = self.lock();
        let done = if blocks.begin()? { change(&mut blocks) } else { Err(over()) };
        if blocks.is_over { Err(over()) } else { done }
    }

    /// What the next process finds.
    fn start_again(&self, end: End) {
        let mut blocks = self.lock();
        let blocks = &mut *blocks;
        (blocks.is_over, blocks.ends) = (false, None);
        if end == End::PowerCut {
            let mut names = std::mem::take(&mut blocks.durable);
            for change in std::mem::take(&mut blocks.pending) {
                if blocks.chance() {
                    change.apply(&mut names);
                }
            }
            for file in 0..blocks.files.len() {
                let chances = [blocks.chance(), blocks.chance()];
                let content = &mut blocks.files[file];
                let unsynced = content.bytes.len() - content.synced;
                match chances {
                    [true, true] => {}
                    [true, false] => content.bytes.truncate(content.synced + unsynced / 2),
                    [false, true] => content.bytes.truncate(content.synced),
                    [false, false] => content.bytes[content.synced..].fill(0),
                }
                content.synced = content.bytes.len();
            }
            (blocks.names, blocks.durable) = (names.clone(), names);
        }
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    file: usize,
}

impl Write for SimulatedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut blocks = self.disk.lock();
        let begun = blocks.begin();
        let written = if matches!(begun, Ok(true)) { bytes.len() } else { bytes.len() / 2 };
        if begun.is_ok() || !blocks.is_over {
            blocks.files[self.file].bytes.extend(&bytes[..written]);
        }
        if blocks.is_over { Err(over()) } else { begun.map(|_| bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile for SimulatedFile {
    fn sync(&mut self) -> io::Result<()> {
        self.disk.change(|blocks| {
            let content = &mut blocks.files[self.file];
            content.synced = content.bytes.len();
            Ok(())
        })
    }
}

impl Disk for SimulatedDisk {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.change(|blocks| {
            blocks.folders.extend(path.ancestors().map(Path::to_owned));
            Ok(())
        })
    }

    fn lock(&self, _: &Path) -> Result<Option<File>, fs::TryLockError> {
        Ok(None)
    }

    fn files(&self, folder: &Path) -> io::Result<Vec<(String, u64)>> {
        let blocks = self.lock();
        let files = blocks.names.iter().filter(|(path, _)| path.parent() == Some(folder));
        let named = files.map(|(path, file)| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, blocks.files[*file].bytes.len() as u64)
        });
        Ok(named.collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        self.change(|blocks| {
            if blocks.names.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            blocks.files.push(Content::default());
            let file = blocks.files.len() - 1;
            blocks.rename(None, Some(path), file);
            Ok(Box::new(SimulatedFile { disk: self.clone(), file }) as Box<dyn NewFile>)
        })
    }

    fn read(&self, path: &Path, _: u64) -> io::Result<Vec<u8>> {
        let blocks = self.lock();
        let file = blocks.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        if blocks.is_over { Err(over()) } else { Ok(blocks.files[*file].bytes.clone()) }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|blocks| {
            let file = *blocks.names.get(from).ok_or(io::ErrorKind::NotFound)?;
            blocks.rename(Some(from), Some(to), file);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(|blocks| {
            let file = *blocks.names.get(path).ok_or(io::ErrorKind::NotFound)?;
            blocks.rename(Some(path), None, file);
            Ok(())
        })
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.change(|blocks| {
            for change in std::mem::take(&mut blocks.pending) {
                if change.is_in(folder) {
                    change.apply(&mut blocks.durable);
                } else {
                    blocks.pending.push(change);
                }
            }
            Ok(())
        })
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.lock().folders.contains(path)
    }
}

/// What others know of the crashes.
#[derive(Debug, Default)]
struct Known {
    acknowledged: BTreeSet<Ooid>,
    /// Whose clients were told to come again.
    turned_away: BTreeSet<Ooid>,
    stored: BTreeSet<Ooid>,
}

const FOLDER: &str = "/spool";

/// Whether a store that is there takes a crash, or refuses it for good.
fn is_refused(ooid: &Ooid) -> bool {
    ooid.as_str().contains("00003") || ooid.as_str().contains("00006")
}

impl Known {
    fn add(&mut self, spool: &Spool, number: usize) {
        let crash = crash(number, b"MDMP");
        match spool.add(&crash) {
            Ok(()) => self.acknowledged.insert(crash.ooid),
            Err(_) => self.turned_away.insert(crash.ooid),
        };
    }

    /// Empties the spool into the store.
    fn drain(&mut self, spool: &Spool) {
        for number in numbers(spool) {
            match spool.read(number) {
                Ok(crash) if is_refused(&crash.ooid) => drop(spool.set_aside(number)),
                Ok(crash) => {
                    self.stored.insert(crash.ooid);
                    let _ = spool.remove(number);
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    let _ = spool.set_aside(number);
                }
                Err(_) => {}
            }
        }
    }

    fn live(&mut self, disk: &SimulatedDisk) {
        let Ok(spool) = Spool::open_on(Box::new(disk.clone()), Path::new(FOLDER), 1 << 20) else {
            return;
        };
        (0..4).for_each(|number| self.add(&spool, number));
        self.drain(&spool);
        (4..8).for_each(|number| self.add(&spool, number));
        self.drain(&spool);
        (8..10).for_each(|number| self.add(&spool, number));
    }
}

/// How many operations there were.
fn play(ends: Option<(usize, End)>, seed: u64) -> usize {
    let (disk, mut known) = (SimulatedDisk::new(ends, seed), Known::default());
    known.live(&disk);
    let operations = disk.lock().operations;
    disk.start_again(ends.map_or(End::Killed, |(_, end)| end));
    let what = format!("{ends:?}, seed {seed}: {known:?}");
    let spool = Spool::open_on(Box::new(disk.clone()), Path::new(FOLDER), 1 << 20).unwrap();
    let waiting: Vec<Ooid> = numbers(&spool)
        .into_iter()
        .filter_map(|number| Some(spool.read(number).ok()?.ooid))
        .collect();
    let distinct: BTreeSet<&Ooid> = waiting.iter().collect();
    assert_eq!(distinct.len(), waiting.len(), "a crash waits twice; {what}");
    known.drain(&spool);
    assert_eq!(numbers(&spool), [0_u64; 0], "the spool isn't emptied; {what}");
    let aside: BTreeSet<Ooid> = {
        let blocks = disk.lock();
        let there = blocks.names.iter().filter(|(path, _)| path.starts_with("/spool/refused"));
        let contents = there.map(|(_, file)| blocks.files[*file].bytes.clone());
        contents.filter_map(|bytes| Some(file::parse(bytes)?.ooid)).collect()
    };
    for ooid in &known.acknowledged {
        let found = if is_refused(ooid) { &aside } else { &known.stored };
        assert!(found.contains(ooid), "{ooid} is lost; {what}");
    }
    if ends.is_none_or(|(_, end)| end == End::Failure) {
        for ooid in &known.turned_away {
            assert!(!known.stored.contains(ooid), "{ooid} will be there twice; {what}");
        }
    }
    operations
}

#[test]
fn whatever_operation_ends_a_process_or_fails_what_was_acknowledged_is_there_once() {
    let operations = play(None, 0);
    assert!(operations > 60, "{operations}");
    for end in [End::Killed, End::PowerCut, End::Failure] {
        for at in 1..=operations {
            for seed in 0..12 {
                play(Some((at, end)), seed);
            }
        }
    }
}
