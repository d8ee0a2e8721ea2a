//! What is still there after a server ended, politely or not, and which stores are refused.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;

use hbase_thrift_api::{BatchMutation, THbaseSyncClient};
use mini_hbase::{Durability, MiniHBase, StartError};
use support::{bytes, client, client_with_table, family, mutation, none, put, raw, value};

const CHILD: &str = "MINI_HBASE_TEST_STORE";
const WRITERS: usize = 4;
/// What is acknowledged before the server is killed.
const ENOUGH: usize = 400;

/// Not a test: what `a_killed_server…` runs in a process of its own.
#[test]
fn serve_until_killed() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let server = MiniHBase::builder().store(folder).start().unwrap();
    println!("\nlistening on {}", server.address());
    thread::park();
}

fn serve(folder: &Path) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "serve_until_killed", "--nocapture"])
        .env(CHILD, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
        .unwrap();
    (child, address)
}

#[test]
fn a_killed_server_has_every_acknowledged_write_and_no_half_row() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let (child, address) = serve(&store);
    raw(&address).create_table(bytes("t"), vec![family("f"), family("g")]).unwrap();
    let child = Mutex::new(child);
    let acknowledged = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (address, acknowledged, child) = (&address, &acknowledged, &child);
            scope.spawn(move || {
                let mut raw = raw(address);
                for number in 0.. {
                    let row = format!("{writer}-{number}");
                    let both = vec![mutation("f:x", &row), mutation("g:y", &row)];
                    let batch = vec![BatchMutation::new(bytes(&row), both)];
                    if raw.mutate_rows(bytes("t"), batch, none()).is_err()
                        || raw
                            .atomic_increment(bytes("t"), bytes("count"), bytes("f:n"), 1)
                            .is_err()
                    {
                        return;
                    }
                    let mut acknowledged = acknowledged.lock().unwrap();
                    acknowledged.push(row);
                    if acknowledged.len() == ENOUGH {
                        // SIGKILL, while the other writers go on.
                        child.lock().unwrap().kill().unwrap();
                    }
                }
            });
        }
    });
    child.into_inner().unwrap().wait().unwrap();

    let server = MiniHBase::builder().store(&store).start().unwrap();
    let mut raw = client(&server);
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= ENOUGH);
    for row in &acknowledged {
        assert_eq!(value(&mut raw, row, "f:x").as_ref(), Some(row));
    }
    let count = raw.get(bytes("t"), bytes("count"), bytes("f:n"), none()).unwrap();
    let count = i64::from_be_bytes(count[0].value.clone().unwrap().try_into().unwrap());
    assert!(count >= i64::try_from(acknowledged.len()).unwrap());
    let scanner = raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
    for row in raw.scanner_get_list(scanner, 1_000_000).unwrap() {
        let columns = row.columns.unwrap();
        assert!(columns.len() == 2 || row.row == Some(bytes("count")), "half a row");
    }
}

#[test]
fn a_stopped_server_comes_back_with_its_tables() {
    let folder = tempfile::tempdir().unwrap();
    for durability in [Durability::Process, Durability::PowerCut] {
        let store = folder.path().join(format!("{durability:?}"));
        let builder = MiniHBase::builder().store(&store).durability(durability);
        let server = builder.clone().start().unwrap();
        let mut raw = client_with_table(&server);
        put(&mut raw, "r", "f:x", "v").unwrap();
        raw.create_table(bytes("off"), vec![family("f")]).unwrap();
        raw.disable_table(bytes("off")).unwrap();
        raw.create_table(bytes("gone"), vec![family("f")]).unwrap();
        raw.disable_table(bytes("gone")).unwrap();
        raw.delete_table(bytes("gone")).unwrap();
        let id = raw.get_cluster_id().unwrap();
        server.stop();

        let server = builder.start().unwrap();
        let mut raw = client(&server);
        assert_eq!(raw.get_cluster_id().unwrap(), id);
        assert_eq!(value(&mut raw, "r", "f:x").as_deref(), Some("v"));
        let tables = raw.get_table_names_with_is_table_enabled().unwrap();
        assert_eq!(tables, [(bytes("off"), false), (bytes("t"), true)].into());
    }
}

#[test]
fn a_delete_is_remembered_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let server = MiniHBase::builder().store(&store).start().unwrap();
    let mut raw = client_with_table(&server);
    raw.delete_all_ts(bytes("t"), bytes("r"), bytes("f:x"), 100, none()).unwrap();
    server.stop();

    let server = MiniHBase::builder().store(&store).start().unwrap();
    let mut raw = client(&server);
    let old = vec![mutation("f:x", "v")];
    raw.mutate_row_ts(bytes("t"), bytes("r"), old, 100, none()).unwrap();
    assert_eq!(value(&mut raw, "r", "f:x"), None);
}

#[test]
fn a_temporary_store_goes_with_its_server() {
    let server = MiniHBase::start().unwrap();
    client_with_table(&server);
    let folder = server.folder().to_owned();
    assert!(folder.exists());
    drop(server);
    assert!(!folder.exists());
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

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
