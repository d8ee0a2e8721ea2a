//! The spool on a real disk.

use std::fs;

use bytes::Bytes;
use proptest::prelude::*;
use socorro_hbase_client::{CrashMetadata, Ooid};

use super::*;

pub(super) fn crash(number: usize, dump: &[u8]) -> Crash {
    let ooid: Ooid = format!("6d8a2b4e-9c1f-4e57-8b3a-{number:05}2120508").parse().unwrap();
    let metadata = CrashMetadata::from_json(r#"{"a": 1e0, "b": "\ud800"}"#).unwrap();
    let dumps = vec![
        ("dump".parse().unwrap(), Bytes::copy_from_slice(dump)),
        ("upload_file_minidump_x".parse().unwrap(), Bytes::new()),
    ];
    Crash { ooid, metadata, dumps }
}

pub(super) fn numbers(spool: &Spool) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let Some(number) = spool.waiting_after(numbers.last().copied()) {
        numbers.push(number);
    }
    numbers
}

#[test]
fn crashes_come_out_in_their_order_even_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    (0..5).for_each(|number| spool.add(&crash(number, b"MDMP")).unwrap());
    spool.remove(1).unwrap();
    spool.set_aside(3).unwrap();
    drop(spool);
    fs::write(folder.path().join("unfinished-7"), b"x").unwrap();
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    assert_eq!(numbers(&spool), [0, 2, 4]);
    assert_eq!(spool.read(2).unwrap(), crash(2, b"MDMP"));
    assert_eq!(spool.filled().refused, 1);
    assert!(!folder.path().join("unfinished-7").exists());
    spool.add(&crash(9, b"")).unwrap();
    assert_eq!(numbers(&spool), [0, 2, 4, 5]);
}

#[test]
fn a_number_is_never_used_again_while_its_crash_lies_aside() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    spool.add(&crash(0, b"")).unwrap();
    spool.set_aside(0).unwrap();
    drop(spool);
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    spool.add(&crash(1, b"")).unwrap();
    assert_eq!(numbers(&spool), [1]);
}

#[test]
fn files_that_somebody_else_put_there_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["1.crash", "+0000000000000000002.crash", "18446744073709551615.crash"];
    fs::create_dir(folder.path().join(REFUSED)).unwrap();
    for name in names {
        fs::write(folder.path().join(name), b"x").unwrap();
        fs::write(folder.path().join(REFUSED).join(name), b"x").unwrap();
    }
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    assert_eq!(numbers(&spool), [0_u64; 0]);
    spool.add(&crash(0, b"MDMP")).unwrap();
    assert_eq!(numbers(&spool), [0]);
    assert!(names.iter().all(|name| folder.path().join(name).exists()));
}

#[test]
fn a_crash_whose_file_is_gone_is_not_counted_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 1 << 20).unwrap();
    (0..2).for_each(|number| spool.add(&crash(number, b"MDMP")).unwrap());
    fs::remove_file(spool.path(0)).unwrap();
    spool.remove(0).unwrap();
    assert_eq!(numbers(&spool), [1]);
    spool.remove(1).unwrap();
    assert_eq!(spool.filled().bytes, 0);
}

#[test]
fn what_is_full_says_so_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 10_000).unwrap();
    spool.add(&crash(0, &[1; 4_000])).unwrap();
    assert!(matches!(spool.add(&crash(1, &[1; 4_000])), Err(SpoolError::Full { .. })));
    // Those that lie aside hold their room.
    spool.set_aside(0).unwrap();
    assert!(matches!(spool.add(&crash(1, &[1; 4_000])), Err(SpoolError::Full { .. })));
    spool.add(&crash(2, b"")).unwrap();
    let filled = spool.filled();
    assert_eq!((filled.waiting, filled.refused), (1, 1));
    let on_disk: u64 = [folder.path().to_owned(), folder.path().join(REFUSED)]
        .iter()
        .flat_map(|folder| RealDisk.files(folder).unwrap())
        .map(|(_, size)| size)
        .sum();
    assert_eq!(filled.bytes, on_disk);
}

#[test]
fn one_process_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let _spool = Spool::open(folder.path(), 1).unwrap();
    assert!(matches!(Spool::open(folder.path(), 1), Err(SpoolError::InUse(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// A file that isn't what was written is damaged, and never another crash.
    #[test]
    fn damage_is_found(at in any::<proptest::sample::Index>(), flip in 1_u8..=255, cut in any::<bool>()) {
        let mut bytes = Vec::new();
        file::write(&mut bytes, &crash(0, b"MDMP")).unwrap();
        prop_assert_eq!(file::parse(bytes.clone()), Some(crash(0, b"MDMP")));
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= flip;
        }
        prop_assert_eq!(file::parse(bytes), None);
    }
}

/// Each is what becomes of a file that waits; whether it is damaged, or gone.
#[test]
fn what_became_of_a_file_is_noticed_and_harms_no_other() {
    type Harm = fn(&Path);
    let harms: [(Harm, io::ErrorKind); 8] = [
        (|path| fs::write(path, b"").unwrap(), io::ErrorKind::InvalidData),
        (
            |path| File::options().append(true).open(path).unwrap().set_len(99).unwrap(),
            io::ErrorKind::InvalidData,
        ),
        // Far more than there is memory for.
        (
            |path| File::options().append(true).open(path).unwrap().set_len(1 << 42).unwrap(),
            io::ErrorKind::InvalidData,
        ),
        (|path| fs::remove_file(path).unwrap(), io::ErrorKind::NotFound),
        (|path| becomes(path, |path| fs::create_dir(path).unwrap()), io::ErrorKind::InvalidData),
        (
            |path| becomes(path, |path| std::os::unix::fs::symlink("/dev/zero", path).unwrap()),
            io::ErrorKind::InvalidData,
        ),
        (
            |path| becomes(path, |path| std::os::unix::fs::symlink("nowhere", path).unwrap()),
            io::ErrorKind::InvalidData,
        ),
        (
            |path| {
                becomes(path, |path| {
                    assert!(
                        std::process::Command::new("mkfifo").arg(path).status().unwrap().success()
                    );
                });
            },
            io::ErrorKind::InvalidData,
        ),
    ];
    for (number, (harm, expected)) in harms.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        (0..2).for_each(|number| spool.add(&crash(number, b"MDMP")).unwrap());
        harm(&spool.path(0));
        assert_eq!(spool.read(0).unwrap_err().kind(), expected, "{number}");
        match expected {
            io::ErrorKind::NotFound => spool.forget(0),
            _ => spool.set_aside(0).unwrap(),
        }
        assert_eq!(numbers(&spool), [1]);
        assert_eq!(spool.read(1).unwrap(), crash(1, b"MDMP"));
        spool.add(&crash(2, b"")).unwrap();
        drop(spool);
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        assert_eq!(numbers(&spool), [1, 2], "{number}");
    }
}

fn becomes(path: &Path, make: impl FnOnce(&Path)) {
    fs::remove_file(path).unwrap();
    make(path);
}

#[test]
fn a_folder_that_is_gone_takes_nothing_and_may_come_back() {
    let around = tempfile::tempdir().unwrap();
    let (folder, away) = (around.path().join("spool"), around.path().join("away"));
    let spool = Spool::open(&folder, 1 << 20).unwrap();
    spool.add(&crash(0, b"MDMP")).unwrap();
    fs::rename(&folder, &away).unwrap();
    assert!(matches!(spool.add(&crash(1, b"")), Err(SpoolError::File { .. })));
    let error = spool.read(0).unwrap_err();
    assert!(
        error.kind() == io::ErrorKind::Other && error.to_string().contains("is gone"),
        "{error}"
    );
    fs::rename(&away, &folder).unwrap();
    assert_eq!(spool.read(0).unwrap(), crash(0, b"MDMP"));
    spool.add(&crash(1, b"")).unwrap();
    // Somebody has thrown away what lay aside, with the folder.
    fs::remove_dir(folder.join(REFUSED)).unwrap();
    spool.set_aside(0).unwrap();
    assert_eq!(numbers(&spool), [2]);
    assert!(folder.join(REFUSED).join(name_of(0)).exists());
}

#[test]
fn what_was_taken_away_from_aside_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 10_000).unwrap();
    spool.add(&crash(0, &[1; 4_000])).unwrap();
    spool.set_aside(0).unwrap();
    assert!(matches!(spool.add(&crash(1, &[1; 4_000])), Err(SpoolError::Full { .. })));
    fs::remove_file(folder.path().join(REFUSED).join(name_of(0))).unwrap();
    spool.add(&crash(1, &[1; 4_000])).unwrap();
    assert_eq!(spool.filled().refused, 0);
}
