//! What the client keeps in memory: of rows, of the places of cells, of what a server says.
//!
//! A program of its own, whose tests run one at a time: they look at the memory of the whole process.

#![allow(clippy::unwrap_used)]
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod support;

use std::sync::{Mutex, MutexGuard, PoisonError};

use hbase_thrift_client::{
    Append, ErrorKind, Get, GetRows, GetVersions, Increment, Outcome, Put, WriterOptions,
};
use mini_hbase::MiniHBase;
use support::setup::{config, connect, fill};
use support::stub::{Say, Stub};

fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes that this process has in memory.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// What the client shows of a row's memory is its own; that of thousands is the process's.
#[test]
fn rows_that_are_kept_pin_little() {
    const ROWS: usize = 4_000;
    let _alone = alone();
    let server = MiniHBase::start().unwrap();
    let table = fill(&server, 0);
    table.put(&Put::new("r").column("f:x", vec![b'x'; 100])).unwrap();
    let mut rows = vec![table.get(&Get::new("r")).unwrap().unwrap()];
    let before = resident();
    rows.extend((0..ROWS).map(|_| table.get(&Get::new("r")).unwrap().unwrap()));
    let several = table.get_rows(&GetRows::new(["r", "r", "missing"])).unwrap();
    assert_eq!(several.iter().flatten().count(), 2);
    let each = resident().saturating_sub(before) / ROWS;
    assert!(each < 4_000, "a kept row takes {each} bytes");
    assert!(rows.iter().all(|row| row.get("f:x").unwrap().len() == 100));
}

/// Empty cells need more memory for their places than for themselves, and not much more.
#[test]
fn the_places_of_empty_cells_take_little_more_than_the_reply() {
    const CELLS: u32 = 400_000;
    let _alone = alone();
    let mut reply = [&[0x80, 1, 0, 2, 0, 0, 0, 6][..], b"getRow", &[0, 0, 0, 2]].concat();
    // One row: its key, and a map of column names to cells.
    reply.extend([15, 0, 0, 12, 0, 0, 0, 1, 11, 0, 1, 0, 0, 0, 1, b'r', 13, 0, 2, 11, 12]);
    reply.extend(CELLS.to_be_bytes());
    for cell in 0..CELLS {
        reply.extend([0, 0, 0, 6, b'f', b':']);
        reply.extend(cell.to_be_bytes());
        reply.extend([11, 0, 1, 0, 0, 0, 0, 10, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    }
    reply.extend([0, 0]);
    let size = reply.len();
    let stub = Stub::start(move |_| Say::Raw(reply.clone()));
    let table = connect(config(&[stub.address()]).max_attempts(1)).table("t");
    let before = resident();
    let row = table.get(&Get::new("r")).unwrap().unwrap();
    let grown = resident().saturating_sub(before);
    assert_eq!(row.len(), CELLS as usize);
    // The stub's copy, the buffer, which may have room for as much again, and the places.
    assert!(grown < 8 * size, "{grown} bytes for a reply of {size}");
}

/// The most that this process ever had room for, used or not.
fn peak_of_room() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// A list of empty structs in Thrift 2's replies that are no rows: each takes a byte of the reply, and more
/// than a hundred where room is made for as many cells, or families, as the list says it has.
#[test]
fn a_long_list_of_nothing_makes_no_room_for_what_is_not_in_it() {
    const ELEMENTS: u32 = 24 << 20;
    let _alone = alone();
    let stub = Stub::thrift2(|asked| {
        let name = asked.method.as_bytes();
        let head = [&[0x80, 1, 0, 2, 0, 0, 0, name.len() as u8][..], name, &[0, 0, 0, 2]].concat();
        let mut reply = [&head[..], &[12, 0, 0, 15, 0, 2, 12]].concat();
        reply.extend(ELEMENTS.to_be_bytes());
        reply.resize(reply.len() + ELEMENTS as usize + 2, 0);
        Say::Raw(reply)
    });
    let call = |number: i32| {
        let client = connect(config(&[stub.address()]).max_attempts(1));
        let table = client.table("t");
        match number {
            0 => table.get_versions(&GetVersions::new("r", "f:x", 3)).map(drop),
            1 => table.append(&Append::new("r").column("f:x", "1")).map(drop),
            2 => table.increment(&Increment::new("r", "f:n", 1)).map(drop),
            _ => client.admin().column_families("t").map(drop),
        }
    };
    for number in 0..4 {
        let before = peak_of_room();
        let error = call(number).unwrap_err();
        let grown = peak_of_room() - before;
        let expected = if matches!(number, 1 | 2) { Outcome::Unknown } else { Outcome::NotApplied };
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Protocol, expected), "{error:?}");
        assert!(grown < 1 << 30, "call {number}: room for {grown} bytes");
    }
}

/// What a server says is kept in part, and once for all rows of a call.
#[test]
fn a_server_that_says_very_much_takes_no_memory_with_it() {
    const ROWS: usize = 64;
    let _alone = alone();
    for (size, rows) in [(100 << 20, 1), (8 << 20, ROWS)] {
        let stub = Stub::start(move |_| Say::Throw("java.io.IOException: \u{7}".repeat(size / 22)));
        let table = connect(config(&[stub.address()]).max_attempts(1)).table("t");
        let writer = table.writer(WriterOptions::new().no_max_age());
        for number in 0..rows {
            writer.write(Put::new(format!("r{number}")).column("f:x", "1")).unwrap();
        }
        let before = resident();
        let error = writer.flush().unwrap_err();
        let failures = error.failures();
        assert_eq!(failures.len(), rows);
        let grown = resident().saturating_sub(before);
        // The gateway of this process holds the text some times, and so does the connection.
        assert!(grown < 6 * size + (64 << 20), "{grown} bytes for {rows} times {size}");
        for error in failures.iter().map(|failure| &failure.error) {
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Server, Outcome::Unknown));
            let exception = error.server_exception().unwrap();
            assert!(exception.trace().len() <= 64 * 1024);
            let texts = [error.to_string(), format!("{error:?}"), format!("{exception:?}")];
            for text in texts {
                assert!(text.len() < 300_000, "a text of {} bytes", text.len());
                assert!(!text.contains('\u{7}'));
            }
            assert!(error.to_string().len() < 20_000);
        }
        assert!(format!("{error} {error:?}").len() < 20_000);
    }
}
