//! What is known of a call that was refused, and the limits of time, keys, sizes and memory.

use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use hbase_thrift_client::{
    Batch, CheckAndPut, Client, ColumnFamily, Config, Delete, Error, ErrorKind, Get, GetRows,
    Increment, Outcome, Put, Scan,
};
use mini_hbase::{Fault, MiniHBase, When};

use crate::support::stub::{Say, Stub};
use crate::{SLACK, config, connect, fill, within};

fn known(error: &Error) -> (ErrorKind, Outcome) {
    (error.kind(), error.outcome())
}

/// A table that goes away while a call of several steps is on its way stops it in the middle.
#[test]
fn several_steps_that_a_table_stopped_may_have_been_made_and_one_was_not() {
    let server = MiniHBase::start().unwrap();
    fill(&server, 0);
    let client = connect(config(&[server.address()]).with_max_attempts(1));
    client.admin().disable_table("t").unwrap();
    for (name, kind) in [("missing", ErrorKind::TableNotFound), ("t", ErrorKind::TableDisabled)] {
        let table = client.table(name);
        let (put, one) = (Put::new("r").column("f:x", "1"), Increment::new("r", "f:n", 1));
        let several = [one.clone(), Increment::new("s", "f:n", 1)];
        let batch = Batch::new().put(put.clone()).put(Put::new("s").column("f:x", "1"));
        let check = CheckAndPut::if_absent("r", "f:x").put("f:x", "1");
        let no = (kind, Outcome::NotApplied);
        assert_eq!(known(&table.put(&put).unwrap_err()), no);
        assert_eq!(known(&table.delete(&Delete::row("r")).unwrap_err()), no);
        assert_eq!(known(&table.increment(&one).unwrap_err()), no);
        assert_eq!(known(&table.check_and_put(&check).unwrap_err()), no);
        let unknown = (kind, Outcome::Unknown);
        assert_eq!(known(&table.increment_rows(&several).unwrap_err()), unknown);
        assert_eq!(known(&table.batch(&batch).unwrap_err()), unknown);
    }
}

#[test]
fn what_the_server_refused_for_certain_was_not_applied() {
    let server = MiniHBase::start().unwrap();
    let table = fill(&server, 0);
    let client = connect(config(&[server.address()]));
    let error = client.admin().create_table("absent:t", &[ColumnFamily::new("f")]).unwrap_err();
    assert_eq!(known(&error), (ErrorKind::NamespaceNotFound, Outcome::NotApplied));
    table.put(&Put::new("r").column("f:n", "12345")).unwrap();
    let error = table.increment(&Increment::new("r", "f:n", 1)).unwrap_err();
    assert_eq!(known(&error), (ErrorKind::IllegalArgument, Outcome::NotApplied));
}

#[test]
fn a_table_of_the_default_namespace_exists_by_both_names() {
    let server = MiniHBase::start().unwrap();
    fill(&server, 0);
    let admin = connect(config(&[server.address()])).admin();
    for (name, exists) in [("t", true), ("default:t", true), ("u", false), ("default:u", false)] {
        assert_eq!(admin.table_exists(name).unwrap(), exists, "{name}");
    }
}

#[test]
fn a_key_whose_region_no_gateway_finds_is_not_written_and_may_be_read() {
    let server = MiniHBase::start().unwrap();
    let table = fill(&server, 0);
    let limit = 32_767 - "t".len() - 16;
    let key = |length: usize| vec![b'k'; length];
    let refused = |error: Error| {
        assert_eq!(known(&error), (ErrorKind::InvalidRequest, Outcome::NotApplied));
        assert!(error.to_string().contains(&limit.to_string()), "{error}");
    };
    let put = |length| Put::new(key(length)).column("f:x", "1");
    table.put(&put(limit)).unwrap();
    for length in [limit + 1, 32_767] {
        refused(table.put(&put(length)).unwrap_err());
        refused(table.batch(&Batch::new().put(put(length))).unwrap_err());
        refused(table.increment(&Increment::new(key(length), "f:n", 1)).unwrap_err());
        refused(table.increment_rows(&[Increment::new(key(length), "f:n", 1)]).unwrap_err());
        let append = hbase_thrift_client::Append::new(key(length)).column("f:x", "1");
        refused(table.append(&append).unwrap_err());
        let check = CheckAndPut::if_absent(key(length), "f:x").put("f:x", "1");
        refused(table.check_and_put(&check).unwrap_err());
        let writer = table.writer(hbase_thrift_client::WriterOptions::new());
        assert_eq!(writer.write(put(length)).unwrap_err().failures().len(), 1);
        assert!(table.get(&Get::new(key(length))).unwrap().is_none());
        table.delete(&Delete::row(key(length))).unwrap();
    }
}

#[test]
fn the_longest_times_are_times_like_others() {
    let server = MiniHBase::start().unwrap();
    fill(&server, 1);
    let config = config(&[server.address()])
        .with_connect_timeout(Duration::MAX)
        .with_operation_timeout(Duration::MAX)
        .with_pool_timeout(Duration::MAX)
        .with_idle_timeout(Duration::MAX);
    let client = connect(config);
    let table = client.table("t");
    table.put(&Put::new("r").column("f:x", "1")).unwrap();
    server.fault(When::nth("getRow", 1), Fault::DropAfter);
    table.get(&Get::new("r")).unwrap().unwrap();
    assert_eq!(table.scan(Scan::new()).unwrap().count_rows().unwrap(), 2);
    let mut pipeline = client.pipeline();
    pipeline.get(&table, Get::new("r")).unwrap();
    pipeline.send().all().unwrap();
    Client::probe(client.config()).unwrap();
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
    let table = connect(config(&[stub.address()]).with_max_attempts(1)).table("t");
    let before = resident();
    let row = table.get(&Get::new("r")).unwrap().unwrap();
    let grown = resident().saturating_sub(before);
    assert_eq!(row.len(), CELLS as usize);
    // The stub's copy, the buffer, which may have room for as much again, and the places.
    assert!(grown < 8 * size, "{grown} bytes for a reply of {size}");
}

#[test]
fn what_a_url_can_not_mean_is_refused() {
    for url in ["hbase://[::1]9191", "hbase://[::1", "hbase://::1", "http://me:12/34@h/"] {
        let error = url.parse::<Config>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        assert!(!error.to_string().contains("12"), "{error}");
    }
    let config: Config = "hbase://[::1]:9191".parse().unwrap();
    assert_eq!((config.endpoints()[0].host(), config.endpoints()[0].port()), ("::1", 9191));
}

#[test]
fn what_a_server_says_moves_no_cursor() {
    let stub = Stub::start(|_| {
        Say::Throw("java.io.IOException: \u{1b}[2J\r\u{7}bad\u{202e}\u{85}\u{9b}31m text".into())
    });
    let table = connect(config(&[stub.address()]).with_max_attempts(1)).table("t");
    let error = table.get(&Get::new("r")).unwrap_err();
    for text in [error.to_string(), format!("{error:?}"), format!("{error:#?}").replace('\n', "")] {
        let moves = |c: char| c.is_control() || c == '\u{202e}';
        assert!(!text.contains(moves), "{text:?}");
        assert!(text.contains("bad"), "{text}");
    }
}

/// As a full gateway does, and one that demands SASL.
#[test]
fn a_gateway_that_is_full_or_demands_sasl_is_said_to_be_perhaps_that() {
    let closes = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closes.local_addr().unwrap();
    thread::spawn(move || closes.incoming().for_each(drop));
    let error = Client::connect(config(&[address])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    for word in ["full", "SASL"] {
        assert!(error.to_string().contains(word), "{error}");
    }

    let accepts = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = accepts.local_addr().unwrap();
    let config = config(&[address]).with_connect_timeout(Duration::from_millis(400));
    let error = within(SLACK, || Client::connect(config)).unwrap_err();
    assert!(error.to_string().contains("workers may be taken"), "{error}");
}

/// Replies that are none, of other calls, twice, or cut in any field: an error each time, soon.
#[test]
fn hostile_replies_are_errors() {
    let seed = std::env::var("SEED").map_or(1, |text| text.parse().unwrap());
    println!("SEED={seed}");
    fastrand::seed(seed);
    let whole = [
        &[0x80, 1, 0, 2, 0, 0, 0, 6][..],
        b"getRow",
        &[0, 0, 0, 2, 15, 0, 0, 12, 0, 0, 0, 1, 11, 0, 1, 0, 0, 0, 1, b'r', 0, 0],
    ]
    .concat();
    for _ in 0..60 {
        let mut bytes = whole.clone();
        for _ in 0..fastrand::usize(1..4) {
            match fastrand::u32(0..4) {
                0 => bytes.truncate(fastrand::usize(0..=bytes.len())),
                1 => bytes.extend_from_within(..),
                2 => bytes.insert(fastrand::usize(0..=bytes.len()), fastrand::u8(..)),
                _ if bytes.is_empty() => {}
                _ => {
                    let at = fastrand::usize(0..bytes.len());
                    bytes[at] = *fastrand::choice(&[0, 1, 11, 12, 15, 127, 128, 255]).unwrap();
                }
            }
        }
        let (reply, listener) = (bytes.clone(), TcpListener::bind("127.0.0.1:0").unwrap());
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let reply = reply.clone();
                thread::spawn(move || {
                    let mut request = [0; 256];
                    while let Ok(read @ 1..) = std::io::Read::read(&mut stream, &mut request) {
                        let is_proof = request[..read].windows(6).any(|name| name == b"getThr");
                        if is_proof {
                            let name = &request[4..31];
                            let proof =
                                [&[0x80, 1, 0, 2], name, &[8, 0, 0, 0, 0, 0, 1, 0]].concat();
                            let _ = stream.write_all(&proof);
                        } else {
                            let _ = stream.write_all(&reply);
                        }
                    }
                });
            }
        });
        let config = config(&[address])
            .with_max_attempts(2)
            .with_operation_timeout(Duration::from_millis(400));
        let Ok(client) = Client::connect(config) else { continue };
        let table = client.table("t");
        for _ in 0..2 {
            let limit = Duration::from_millis(400) + SLACK;
            if let Ok(row) = within(limit, || table.get(&Get::new("r"))) {
                // A reply that still makes sense, and to this call; its value may be any, and so may the
                // byte between version and type, which has no meaning.
                bytes[2] = whole[2];
                assert_eq!(bytes[..18], whole[..18], "{bytes:?} was taken for {row:?}");
            }
        }
    }
}
