//! Writes that wait for the store's files, and compactions that the store began by itself.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::*;
use crate::VirtualClock;
use crate::clock::Clock;
use crate::model::sequences::Sequences;

const SPACE: &str = "table-1";
const PATIENCE: Duration = Duration::from_secs(15);

/// A store whose compactions wait before each key while a gate is locked.
struct Fixture {
    disk: Disk,
    purge: Arc<Purge>,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    lock: Mutex<()>,
    /// How many keys have come to it.
    keys: AtomicUsize,
}

struct Gated<T> {
    inner: T,
    gate: Arc<Gate>,
}

impl Factory for Gated<Filter> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn make_filter(&self, context: &Context) -> Box<dyn CompactionFilter> {
        Box::new(Gated { inner: self.inner.make_filter(context), gate: Arc::clone(&self.gate) })
    }
}

impl CompactionFilter for Gated<Box<dyn CompactionFilter>> {
    fn filter_item(
        &mut self,
        item: ItemAccessor<'_>,
        context: &Context,
    ) -> std::result::Result<Verdict, fjall::LsmError> {
        self.gate.keys.fetch_add(1, Ordering::SeqCst);
        // A test that fails holds up no end.
        drop(self.gate.lock.lock());
        self.inner.filter_item(item, context)
    }
}

impl Fixture {
    fn open(folder: &Path) -> Self {
        let clock = Clock::Virtual(VirtualClock::new(1_000_000));
        let purge = Arc::new(Purge::new(Sequences::starting_at(2), clock));
        let gate = Arc::<Gate>::default();
        let (to_filter, to_gate) = (Arc::clone(&purge), Arc::clone(&gate));
        let disk = Disk::open(folder, Durability::Process, move |space| {
            let inner = Filter { space: space.to_owned(), purge: Arc::clone(&to_filter) };
            Arc::new(Gated { inner, gate: Arc::clone(&to_gate) })
        });
        Self { disk: disk.unwrap(), purge, gate }
    }

    fn keyspace(&self, name: &str) -> Keyspace {
        self.disk.database.keyspace(name, KeyspaceCreateOptions::default).unwrap()
    }
}

/// Writes two keys, which get into a file of their own.
fn write_file(space: &dyn Space, keyspace: &Keyspace, number: usize) -> Result<()> {
    space.write(ends(number).map(|key| (key, Some(b"v".to_vec()))).to_vec())?;
    keyspace.rotate_memtable()?;
    Ok(())
}

/// Each number's keys overlap with any other's: files that don't overlap need no compaction.
fn ends(number: usize) -> [Vec<u8>; 2] {
    [format!("a{number:05}").into_bytes(), format!("z{number:05}").into_bytes()]
}

fn all_keys(writes: usize) -> Vec<Vec<u8>> {
    let mut keys: Vec<_> = (0..writes).flat_map(ends).collect();
    keys.sort();
    keys
}

fn keys(space: &dyn Space) -> Vec<Vec<u8>> {
    let snapshot = space.snapshot();
    let mut walk = snapshot.walk(b"", b"");
    std::iter::from_fn(|| walk.next(&|_| true).unwrap()).map(|(key, _)| key.to_vec()).collect()
}

fn wait_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_write_waits_for_the_files_of_those_before_it() {
    const WRITES: usize = 4 * FILES;
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open(folder.path());
    let (space, keyspace) = (fixture.disk.space(SPACE).unwrap(), fixture.keyspace(SPACE));
    let (written, most_buffers) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        let compactions = fixture.gate.lock.lock().unwrap();
        let writer = scope.spawn(|| {
            for number in 0..WRITES {
                write_file(&*space, &keyspace, number).unwrap();
                most_buffers.fetch_max(keyspace.sealed_memtable_count(), Ordering::SeqCst);
                written.store(number + 1, Ordering::SeqCst);
            }
        });
        wait_until(|| keyspace.l0_table_count() >= FILES);
        thread::sleep(50 * PAUSE);
        let by_then = written.load(Ordering::SeqCst);
        thread::sleep(50 * PAUSE);
        assert!(by_then < WRITES, "no write waited");
        assert_eq!(written.load(Ordering::SeqCst), by_then, "a write didn't wait");
        // The write that is under way when there are enough, and what was full by then.
        assert!(keyspace.l0_table_count() <= FILES + FULL_BUFFERS + 1);
        drop(compactions);
        writer.join().unwrap();
    });
    assert!(most_buffers.into_inner() <= FULL_BUFFERS);
    assert_eq!(keys(&*space), all_keys(WRITES));
}

#[test]
fn a_write_does_not_wait_for_files_that_can_not_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open(folder.path());
    let (space, keyspace) = (fixture.disk.space(SPACE).unwrap(), fixture.keyspace(SPACE));
    let (other, others_keyspace) =
        (fixture.disk.space("other").unwrap(), fixture.keyspace("other"));
    thread::scope(|scope| {
        let compactions = fixture.gate.lock.lock().unwrap();
        let writer = scope
            .spawn(|| (0..2 * FILES).try_for_each(|number| write_file(&*space, &keyspace, number)));
        wait_until(|| keyspace.l0_table_count() >= FILES);
        assert!(!writer.is_finished());
        fs::remove_dir_all(format::data(folder.path()).join("keyspaces")).unwrap();
        // Another table's file can't be written either, as the writer's error says.
        write_file(&*other, &others_keyspace, 0).unwrap();
        wait_until(|| writer.is_finished());
        let refused = writer.join().unwrap();
        assert!(matches!(refused, Err(Error::Unwritable(_))), "{refused:?}");
        drop(compactions);
    });
}

#[test]
fn a_compaction_that_began_by_itself_is_given_up_when_the_server_stops() {
    const WRITES: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    {
        let fixture = Fixture::open(folder.path());
        let (space, keyspace) = (fixture.disk.space(SPACE).unwrap(), fixture.keyspace(SPACE));
        let compactions = fixture.gate.lock.lock().unwrap();
        for number in 0..WRITES {
            write_file(&*space, &keyspace, number).unwrap();
        }
        wait_until(|| {
            let is_flushed = keyspace.sealed_memtable_count() == 0;
            is_flushed && fixture.gate.keys.load(Ordering::SeqCst) == 1
        });
        let files = keyspace.table_count();
        fixture.purge.stop();
        drop(compactions);
        wait_until(|| fixture.disk.database.active_compactions() == 0);
        assert_eq!(fixture.gate.keys.load(Ordering::SeqCst), 1, "it went on");
        assert_eq!(keyspace.table_count(), files);
    }
    let fixture = Fixture::open(folder.path());
    let space = fixture.disk.space(SPACE).unwrap();
    assert_eq!(keys(&*space), all_keys(WRITES));
    space.compact().unwrap();
    assert_eq!(keys(&*space), all_keys(WRITES));
}

#[test]
fn spaces_are_listed_until_they_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Fixture::open(folder.path()).disk;
    let names = || {
        let mut names = disk.space_names();
        names.sort();
        names
    };
    for name in ["a", "b"] {
        disk.space(name).unwrap().write(vec![(b"k".to_vec(), Some(b"v".to_vec()))]).unwrap();
    }
    assert_eq!(names(), ["a", "b"]);
    disk.remove_space("a").unwrap();
    assert_eq!(names(), ["b"]);
    // One of the same name has nothing of it.
    assert!(keys(&*disk.space("a").unwrap()).is_empty());
}

#[test]
fn what_is_written_counts_for_the_buffers_of_all() {
    const OTHERS: usize = 17;
    const ENTRY: usize = 64;
    let folder = tempfile::tempdir().unwrap();
    let disk = Fixture::open(folder.path()).disk;
    let space = disk.space(SPACE).unwrap();
    let entry = |key: &[u8], value: Option<usize>| (key.to_vec(), value.map(|len| vec![b'v'; len]));
    space.write(vec![entry(b"one", Some(1_000)), entry(b"three", Some(70))]).unwrap();
    space.write(vec![entry(b"one", None)]).unwrap();
    let written = 2 * "one".len() + "three".len() + 1_070 + 3 * ENTRY;
    let others = (ALL_MEMTABLES_BYTES - written) / OTHERS;
    assert!(others < MEMTABLE_BYTES as usize);
    let keyspace = disk.database.keyspace(SPACE, KeyspaceCreateOptions::default).unwrap();
    for other in 0..OTHERS {
        disk.buffers.open(&other.to_string(), &keyspace);
        assert!(disk.buffers.add(&other.to_string(), 0, others).is_none());
    }
    let rest = ALL_MEMTABLES_BYTES - written - OTHERS * others;
    assert!(disk.buffers.add("0", 0, rest).is_none());
    assert!(disk.buffers.add("0", 0, 1).is_some());
}

#[test]
fn a_disk_that_refuses_is_no_damage() {
    use io::ErrorKind::{FileTooLarge, InvalidData, PermissionDenied, StorageFull, UnexpectedEof};
    let explained = |error: fjall::Error| explain(Path::new("folder"), Error::Storage(error));
    let inner = |kind: io::ErrorKind| fjall::Error::Storage(fjall::LsmError::Io(kind.into()));
    for kind in [FileTooLarge, PermissionDenied, StorageFull] {
        for error in [inner(kind), fjall::Error::Io(kind.into())] {
            let explained = explained(error);
            assert!(matches!(explained, StartError::Folder { .. }), "{explained:?}");
        }
    }
    for kind in [InvalidData, UnexpectedEof] {
        let explained = explained(inner(kind));
        assert!(matches!(explained, StartError::Damaged { .. }), "{explained:?}");
    }
    assert!(matches!(explained(fjall::Error::Locked), StartError::InUse { .. }));
}

#[test]
fn a_range_that_is_upside_down_or_empty_has_nothing_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let space = Fixture::open(folder.path()).disk.space(SPACE).unwrap();
    space.write(vec![(b"b".to_vec(), Some(b"v".to_vec()))]).unwrap();
    let snapshot = space.snapshot();
    for (from, to) in [(b"c", b"a"), (b"b", b"b"), (b"c", b"b")] {
        assert!(snapshot.walk(from, to).next(&|_| true).unwrap().is_none());
        assert!(snapshot.last_key(from, to).unwrap().is_none());
    }
}
