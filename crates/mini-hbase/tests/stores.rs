//! Folders that are stores, or were: temporary ones, those in use, those whose files are damaged.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

#[path = "support/child.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod child;
mod support;

use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use child::Served;
use hbase_thrift_api::THbaseSyncClient;
use mini_hbase::{MiniHBase, StartError};
use support::{client, client_with_table, copy_folder, put, raw, value};

#[test]
fn a_temporary_store_goes_with_its_server() {
    let server = MiniHBase::start().unwrap();
    client_with_table(&server);
    let folder = server.folder().to_owned();
    assert!(folder.exists());
    drop(server);
    assert!(!folder.exists());
}

/// Not a test: what the next one kills.
#[test]
fn serve_temporarily() {
    let Some(place) = child::folder() else { return };
    let server = MiniHBase::start().unwrap();
    assert!(server.folder().starts_with(place));
    client_with_table(&server);
    child::serve(&server);
}

#[test]
fn a_temporary_store_of_a_killed_server_goes_with_the_next_one_that_starts() {
    let place = tempfile::tempdir().unwrap();
    let stores = || fs::read_dir(place.path()).unwrap().count();
    let mut killed = Served::start_in("serve_temporarily", place.path(), place.path());
    let running = Served::start_in("serve_temporarily", place.path(), place.path());
    assert_eq!(stores(), 2);
    killed.kill();
    assert_eq!(stores(), 2);
    let _next = Served::start_in("serve_temporarily", place.path(), place.path());
    assert_eq!(stores(), 2, "one was left over, and is gone");
    raw(&running.address).get_table_names().unwrap();
}

#[test]
fn a_store_whose_marker_is_lost_or_torn_keeps_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let builder = MiniHBase::builder().store(&store);
    put(&mut client_with_table(&builder.clone().start().unwrap()), "r", "f:x", "v").unwrap();
    let marker = store.join("mini-hbase");
    for lost in [None, Some(""), Some("mini-hb")] {
        match lost {
            None => fs::remove_file(&marker).unwrap(),
            Some(torn) => fs::write(&marker, torn).unwrap(),
        }
        let server = builder.clone().start().unwrap();
        assert_eq!(value(&mut client(&server), "r", "f:x").as_deref(), Some("v"), "{lost:?}");
        assert!(fs::read_to_string(&marker).unwrap().starts_with("mini-hbase store"));
    }
}

#[test]
fn a_store_is_refused_when_neither_marker_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let builder = MiniHBase::builder().store(&store);
    put(&mut client_with_table(&builder.clone().start().unwrap()), "r", "f:x", "v").unwrap();
    let huge = "x".repeat(100_000);
    for (one, other) in [("mini-hb", "mini-hb"), ("", ""), (&*huge, "mini-hb"), ("", &*huge)] {
        fs::write(store.join("mini-hbase"), one).unwrap();
        fs::write(store.join("data/mini-hbase"), other).unwrap();
        let error = builder.clone().start().unwrap_err();
        assert!(matches!(error, StartError::Damaged { .. }), "{error:?}");
    }
    // A copy heals the other.
    fs::write(store.join("mini-hbase"), &huge).unwrap();
    fs::write(store.join("data/mini-hbase"), "mini-hbase store, format 2\n").unwrap();
    let server = builder.start().unwrap();
    assert_eq!(value(&mut client(&server), "r", "f:x").as_deref(), Some("v"));
}

#[test]
fn a_store_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let _server = MiniHBase::builder().store(&store).start().unwrap();
    let error = MiniHBase::builder().store(&store).start().unwrap_err();
    assert!(matches!(error, StartError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("stop it first"));
}

/// Not a test: a server that another one finds on its store.
#[test]
fn serve_the_store() {
    let Some(folder) = child::folder() else { return };
    child::serve(&MiniHBase::builder().store(folder).start().unwrap());
}

#[test]
fn a_store_in_use_by_another_process_is_refused_until_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    for _ in 0..3 {
        let mut first = Served::start("serve_the_store", &store);
        let builder = MiniHBase::builder().store(&store);
        // A second time: the first refusal has changed nothing.
        for _ in 0..2 {
            let error = builder.clone().start().unwrap_err();
            assert!(matches!(error, StartError::InUse { .. }), "{error:?}");
        }
        raw(&first.address).get_table_names().unwrap();
        first.kill();
        builder.start().unwrap();
    }
}

#[test]
fn of_many_that_start_on_one_store_at_once_one_gets_it() {
    const STARTS: usize = 6;
    for round in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        // A store that is there, one that was never finished, and none.
        match round % 3 {
            0 => drop(MiniHBase::builder().store(&store).start().unwrap()),
            1 => {
                fs::create_dir_all(store.join("data")).unwrap();
                fs::write(store.join("mini-hbase"), "mini-hbase store, format 0\n").unwrap();
            }
            _ => {}
        }
        let barrier = Barrier::new(STARTS);
        let started: Vec<_> = thread::scope(|scope| {
            let starts = (0..STARTS).map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    MiniHBase::builder().store(&store).start()
                })
            });
            let starts: Vec<_> = starts.collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        let (good, bad): (Vec<_>, Vec<_>) = started.into_iter().partition(Result::is_ok);
        for error in bad.into_iter().map(Result::unwrap_err) {
            assert!(matches!(error, StartError::InUse { .. }), "round {round}: {error:?}");
        }
        assert_eq!(good.len(), 1, "round {round}");
        let server = good.into_iter().next().unwrap().unwrap();
        put(&mut client_with_table(&server), "r", "f:x", "v").unwrap();
        server.stop();
        let server = MiniHBase::builder().store(&store).start().unwrap();
        assert_eq!(value(&mut client(&server), "r", "f:x").as_deref(), Some("v"), "{round}");
    }
}

#[test]
fn a_damaged_store_is_refused_and_no_panic_gets_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let server = MiniHBase::builder().store(&store).start().unwrap();
    client_with_table(&server);
    server.stop();
    for name in ["version", "keyspaces"] {
        let copy = folder.path().join(name);
        copy_folder(&store, &copy);
        damage(&copy.join("data"), name);
        let error = MiniHBase::builder().store(&copy).start().unwrap_err();
        assert!(matches!(error, StartError::Damaged { .. }), "{name}: {error:?}");
        assert!(error.to_string().contains("restore a copy"), "{error}");
    }
}

#[test]
fn a_store_without_its_journal_is_refused_and_not_taken_for_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let builder = MiniHBase::builder().store(&store);
    put(&mut client_with_table(&builder.clone().start().unwrap()), "r", "f:x", "v").unwrap();
    fs::rename(store.join("data/0.jnl"), folder.path().join("kept")).unwrap();
    let refused = || {
        let error = builder.clone().start().unwrap_err();
        assert!(matches!(error, StartError::Damaged { .. }), "{error:?}");
    };
    refused();
    fs::rename(store.join("data"), folder.path().join("data")).unwrap();
    refused();
    fs::rename(folder.path().join("data"), store.join("data")).unwrap();
    fs::rename(folder.path().join("kept"), store.join("data/0.jnl")).unwrap();
    let server = builder.start().unwrap();
    assert_eq!(value(&mut client(&server), "r", "f:x").as_deref(), Some("v"));
}

/// Overwrites every file in a folder, or the file of this name.
fn damage(folder: &Path, name: &str) {
    let target = folder.join(name);
    if target.is_file() {
        fs::write(target, [0xff; 64]).unwrap();
        return;
    }
    for entry in fs::read_dir(target).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damage(path.parent().unwrap(), path.file_name().unwrap().to_str().unwrap());
        } else {
            fs::write(path, [0xff; 64]).unwrap();
        }
    }
}
