//! The program as its users run it: seeds, control address, health, signals.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_api::thrift2::{
    THBaseServiceSyncClient, TTHBaseServiceSyncClient as _, TThriftServerType,
};
use hbase_thrift_api::{ColumnDescriptor, HbaseSyncClient, IOError, Mutation, THbaseSyncClient};
use thrift::protocol::{TBinaryInputProtocol, TBinaryOutputProtocol};
use thrift::transport::{
    TBufferedReadTransport, TBufferedWriteTransport, TIoChannel as _, TTcpChannel,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mini-hbase");

struct Running {
    child: Child,
    url: String,
    control: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self::start_in(&std::env::temp_dir(), arguments)
    }

    /// With another place for temporary files.
    fn start_in(temporary: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.env("TMPDIR", temporary);
        Self::run(command, arguments)
    }

    fn run(mut command: Command, arguments: &[&str]) -> Self {
        command.args(["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap().unwrap();
        let (url, control) = (line(), line());
        Self { child, url, control }
    }

    fn address(&self) -> &str {
        self.url
            .trim_start_matches("hbase://")
            .trim_start_matches("http://")
            .split(['?', '/'])
            .next()
            .unwrap()
    }

    fn describe(&self) -> String {
        let address = self.control.trim_start_matches("http://").trim_end_matches('/');
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        socket.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut reply = String::new();
        socket.read_to_string(&mut reply).unwrap();
        reply
    }

    fn end(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_healthy(address: &str, arguments: &[&str]) -> bool {
    let mut health = Command::new(PROGRAM);
    health.args(["health", "--listen", address]).args(arguments).stderr(Stdio::null());
    health.status().unwrap().success()
}

#[test]
fn it_serves_whatever_it_speaks_says_so_and_ends_when_asked() {
    for speech in [
        &["--transport", "buffered"][..],
        &["--transport", "framed"],
        &["--transport", "http"],
        &["--protocol", "compact"],
        &["--transport", "framed", "--protocol", "compact"],
    ] {
        let running = Running::start(speech);
        let address = running.address().to_owned();
        assert!(is_healthy(&address, speech), "{speech:?}");
        running.end();
        assert!(!is_healthy(&address, speech), "{speech:?}");
    }
}

#[test]
fn its_tables_are_in_memory_or_in_a_folder_that_goes_with_it() {
    let temporary = tempfile::tempdir().unwrap();
    let folders = || std::fs::read_dir(&temporary).unwrap().count();
    for (arguments, made) in [(&["--memory"][..], 0), (&[], 1)] {
        let running = Running::start_in(temporary.path(), arguments);
        assert_eq!(folders(), made, "{arguments:?}");
        running.end();
        assert_eq!(folders(), 0, "{arguments:?}");
    }
}

#[test]
fn it_begins_with_the_seeds_of_its_files_and_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let seeds = folder.path().join("seeds.jsonl");
    std::fs::write(&seeds, "{\"table\": \"t\", \"families\": [\"f\"]}\n").unwrap();
    let running = Running::start(&["--seed", seeds.to_str().unwrap()]);
    assert!(running.describe().contains("\"tables\":[\"t\"]"), "{}", running.describe());
    running.end();
    std::fs::write(&seeds, "{\"table\": \"t\"}\n").unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["--listen", "127.0.0.1:0"]).env("MINI_HBASE_SEED", &seeds);
    let failed = command.output().unwrap();
    assert!(!failed.status.success());
    let text = String::from_utf8(failed.stderr).unwrap();
    assert!(text.contains("line 1: a line has a table and its families"), "{text}");
}

/// A client of the program, on a socket of its own.
fn raw(address: &str) -> impl THbaseSyncClient + use<> {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (read, write) = TTcpChannel::with_stream(socket).split().unwrap();
    HbaseSyncClient::new(
        TBinaryInputProtocol::new(TBufferedReadTransport::new(read), true),
        TBinaryOutputProtocol::new(TBufferedWriteTransport::new(write), true),
    )
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn it_ends_in_time_under_load_and_keeps_what_it_acknowledged() {
    const WRITERS: usize = 4;
    for sync in [&[][..], &["--sync"]] {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let arguments = [&["--store", store.to_str().unwrap()], sync].concat();
        let running = Running::start(&arguments);
        let address = running.address().to_owned();
        let family = ColumnDescriptor { name: Some(text("f")), ..ColumnDescriptor::default() };
        raw(&address).create_table(text("t"), vec![family]).unwrap();
        let acknowledged = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (address, acknowledged) = (&address, &acknowledged);
                scope.spawn(move || {
                    let mut raw = raw(address);
                    for number in 0.. {
                        let row = text(&format!("{writer}-{number}"));
                        let put = Mutation::new(false, text("f:x"), row.clone(), true);
                        match raw.mutate_row(text("t"), row.clone(), vec![put], BTreeMap::new()) {
                            Ok(()) => acknowledged.lock().unwrap().push(row),
                            Err(thrift::Error::Transport(error)) => {
                                let kind = error.kind;
                                assert_ne!(kind, thrift::TransportErrorKind::TimedOut, "no end");
                                return;
                            }
                            // No exception: a client would take it for the server's last word.
                            Err(error) => panic!("{error}"),
                        }
                    }
                });
            }
            let start = Instant::now();
            while acknowledged.lock().unwrap().len() < 200 {
                assert!(start.elapsed() < Duration::from_secs(30));
                thread::sleep(Duration::from_millis(1));
            }
            let start = Instant::now();
            running.end();
            assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        });
        let running = Running::start(&arguments);
        let mut raw = raw(running.address());
        for row in acknowledged.into_inner().unwrap() {
            let cells = raw.get(text("t"), row.clone(), text("f:x"), BTreeMap::new()).unwrap();
            let value = cells.first().and_then(|cell| cell.value.as_ref());
            assert_eq!(value, Some(&row), "{sync:?}");
        }
    }
}

#[test]
fn a_second_one_on_its_store_says_so_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let arguments = ["--store", store.to_str().unwrap()];
    let mut first = Running::start(&arguments);
    let second = || {
        let mut command = Command::new(PROGRAM);
        command.args(["--listen", "127.0.0.1:0"]).args(arguments).output().unwrap()
    };
    let refused = second();
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("is in use by another server; stop it first"), "{said}");
    assert!(is_healthy(first.address(), &[]));
    // What a killed one leaves holds nobody off.
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    Running::start(&arguments).end();
}

/// Runs the program where no file gets larger than this many KiB, as on a disk that is full.
fn with_small_files(kibibytes: usize) -> Command {
    let mut command = Command::new("sh");
    // Blocks of 512 bytes.
    let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", 2 * kibibytes);
    command.args(["-c", &limit, PROGRAM]);
    command
}

#[test]
fn a_store_without_room_refuses_writes_loses_nothing_and_goes_on_with_room() {
    let value = |row: &str| {
        // Nothing that the journal could make smaller.
        let random = (0_u64..).scan(row.len() as u64, |state, number| {
            *state = (*state ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
            Some(state.to_be_bytes())
        });
        random.take(2_000).flatten().collect::<Vec<u8>>()
    };
    for sync in [&[][..], &["--sync"]] {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let arguments = [&["--store", store.to_str().unwrap()], sync].concat();
        let mut new = with_small_files(0);
        let failed = new.args(["--listen", "127.0.0.1:0"]).args(&arguments).output().unwrap();
        let said = String::from_utf8(failed.stderr).unwrap();
        assert!(!failed.status.success() && said.contains("can't use the folder"), "{said}");

        let running = Running::start(&arguments);
        let family = ColumnDescriptor { name: Some(text("f")), ..ColumnDescriptor::default() };
        raw(running.address()).create_table(text("t"), vec![family]).unwrap();
        running.end();

        let put = |raw: &mut dyn THbaseSyncClient, row: &str| {
            let put = Mutation::new(false, text("f:x"), value(row), true);
            raw.mutate_row(text("t"), text(row), vec![put], BTreeMap::new())
        };
        let check = |raw: &mut dyn THbaseSyncClient, rows: &[String]| {
            for row in rows {
                let cells = raw.get(text("t"), text(row), text("f:x"), BTreeMap::new()).unwrap();
                let found = cells.first().and_then(|cell| cell.value.as_ref());
                assert!(found == Some(&value(row)), "{sync:?}: {row}");
            }
        };
        let running = Running::run(with_small_files(2_048), &arguments);
        let mut client = raw(running.address());
        let mut rows = Vec::new();
        let refused = loop {
            let row = format!("r{}", rows.len());
            match put(&mut client, &row) {
                Ok(()) => rows.push(row),
                Err(error) => break error,
            }
            assert!(rows.len() < 1_000, "nothing is refused");
        };
        // The same reason for each: that of the first.
        for refused in [refused, put(&mut client, "another").unwrap_err()] {
            let thrift::Error::User(refused) = refused else { panic!("{refused}") };
            let message = refused.downcast_ref::<IOError>().unwrap().message.clone().unwrap();
            assert!(
                message.contains("(File too large (os error 27)) and takes no more"),
                "{message}"
            );
        }
        assert!(rows.len() > 50, "{}", rows.len());
        check(&mut client, &rows);
        let start = Instant::now();
        running.end();
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());

        let running = Running::start(&arguments);
        let mut client = raw(running.address());
        put(&mut client, "more").unwrap();
        rows.push("more".to_owned());
        check(&mut client, &rows);
        running.end();
    }
}

#[test]
fn a_signal_ends_a_start_that_takes_long() {
    let folder = tempfile::tempdir().unwrap();
    let (seeds, store) = (folder.path().join("seeds.jsonl"), folder.path().join("store"));
    let table = "{\"table\": \"t\", \"families\": [\"f\"]}\n";
    let row = "{\"table\": \"t\", \"row\": \"r\", \"cells\": {\"f:x\": \"v\"}}\n";
    std::fs::write(&seeds, table.to_owned() + &row.repeat(1_000_000)).unwrap();
    let arguments = ["--seed", seeds.to_str().unwrap(), "--store", store.to_str().unwrap()];
    let mut command = Command::new(PROGRAM);
    let mut child = command
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let data = store.join("data/keyspaces");
    let start = Instant::now();
    // A table and the catalogue.
    while std::fs::read_dir(&data).map_or(0, Iterator::count) < 3 {
        assert!(start.elapsed() < Duration::from_secs(30));
        thread::sleep(Duration::from_millis(1));
    }
    let start = Instant::now();
    assert!(
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success()
    );
    assert!(!child.wait().unwrap().success());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "", "it serves");
    let running = Running::start(&["--store", store.to_str().unwrap()]);
    assert!(running.describe().contains("\"tables\":[]"), "{}", running.describe());
    running.end();
}

#[test]
fn thrift_2_has_a_port_of_its_own_if_it_is_asked_for() {
    let mut command = Command::new(PROGRAM);
    command.args(["--listen", "127.0.0.1:0", "--thrift2", "127.0.0.1:0", "--memory"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (first, second) = (lines.next().unwrap().unwrap(), lines.next().unwrap().unwrap());
    assert!(!first.contains('?'), "{first}");
    let address = second.strip_prefix("hbase://").unwrap().strip_suffix("?interface=2").unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (read, write) = TTcpChannel::with_stream(stream).split().unwrap();
    let mut raw = THBaseServiceSyncClient::new(
        TBinaryInputProtocol::new(TBufferedReadTransport::new(read), true),
        TBinaryOutputProtocol::new(TBufferedWriteTransport::new(write), true),
    );
    assert_eq!(raw.get_thrift_server_type().unwrap(), TThriftServerType::TWO);
    child.kill().unwrap();
    child.wait().unwrap();
}
