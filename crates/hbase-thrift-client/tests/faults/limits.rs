//! What is known of a call that was refused, and the limits of time, keys, sizes and memory.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use hbase_thrift_client::{
    Batch, CheckAndPut, Client, ColumnFamily, Config, Delete, Error, ErrorKind, Get, Increment,
    Outcome, Put, Scan, WriterOptions,
};
use mini_hbase::{Fault, When};

use crate::support::stub::{Say, Stub};
use crate::{SLACK, config, connect, exact, fill, within};

fn known(error: &Error) -> (ErrorKind, Outcome) {
    (error.kind(), error.outcome())
}

/// A table that goes away while a call of several steps is on its way stops it in the middle.
#[test]
fn several_steps_that_a_table_stopped_may_have_been_made_and_one_was_not() {
    let server = exact().start().unwrap();
    fill(&server, 0);
    let client = connect(config(&[server.address()]).max_attempts(1));
    client.admin().disable_table("t").unwrap();
    // HBase names no class for a batch on a missing table.
    let tables = [
        ("missing", ErrorKind::TableNotFound, ErrorKind::Server),
        ("t", ErrorKind::TableDisabled, ErrorKind::TableDisabled),
    ];
    for (name, kind, of_batch) in tables {
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
        let unknown = |kind| (kind, Outcome::Unknown);
        assert_eq!(known(&table.increment_rows(&several).unwrap_err()), unknown(kind));
        assert_eq!(known(&table.batch(&batch).unwrap_err()), unknown(of_batch));
    }
}

#[test]
fn what_the_server_refused_for_certain_was_not_applied() {
    let server = exact().start().unwrap();
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
    let server = exact().start().unwrap();
    fill(&server, 0);
    let admin = connect(config(&[server.address()])).admin();
    for (name, exists) in [("t", true), ("default:t", true), ("u", false), ("default:u", false)] {
        assert_eq!(admin.table_exists(name).unwrap(), exists, "{name}");
    }
}

#[test]
fn a_key_whose_region_no_gateway_finds_is_not_written_and_may_be_read() {
    let server = exact().start().unwrap();
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
        let writer = table.writer(WriterOptions::new());
        assert_eq!(writer.write(put(length)).unwrap_err().failures().len(), 1);
        assert!(table.get(&Get::new(key(length))).unwrap().is_none());
        table.delete(&Delete::row(key(length))).unwrap();
    }
}

#[test]
fn the_longest_times_are_times_like_others() {
    let server = exact().start().unwrap();
    fill(&server, 1);
    let config = config(&[server.address()])
        .connect_timeout(Duration::MAX)
        .operation_timeout(Duration::MAX)
        .pool_timeout(Duration::MAX)
        .idle_timeout(Duration::MAX);
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

/// Each setting at its ends: calls succeed or fail, within their time, and nothing else happens.
#[test]
fn each_setting_may_be_as_small_or_large_as_can_be() {
    let server = exact().start().unwrap();
    fill(&server, 30);
    let plain = || config(&[server.address()]).operation_timeout(Duration::from_secs(2));
    let times = [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(1), Duration::MAX];
    let mut configs: Vec<Config> = Vec::new();
    for time in times {
        configs.push(plain().connect_timeout(time));
        configs.push(plain().operation_timeout(time));
        configs.push(plain().pool_timeout(time));
        configs.push(plain().idle_timeout(time));
    }
    for size in [0, 1, 100, i32::MAX as usize, usize::MAX] {
        configs.push(plain().max_connections(size));
        configs.push(plain().max_attempts(u32::try_from(size).unwrap_or(u32::MAX)));
        configs.push(plain().max_request_size(size));
        configs.push(plain().max_reply_size(size));
        configs.push(plain().max_cell_size(size));
    }
    for config in configs {
        let text = config.to_string();
        let limit = config.get_operation_timeout().min(Duration::from_secs(2)) + SLACK;
        let client = match within(limit, || Client::connect(config)) {
            Ok(client) => client,
            Err(error) => {
                assert_eq!(error.outcome(), Outcome::NotApplied, "{text}");
                continue;
            }
        };
        let table = client.table("t");
        let key = || Get::new("row0007");
        for _ in 0..3 {
            drop(within(limit, || table.put(&Put::new("row0007").column("f:x", "1"))));
            if let Ok(row) = within(limit, || table.get(&key())) {
                assert!(row.is_some(), "{text}");
            }
            let scan = Scan::new().caching(11).stop("s");
            if let Ok(rows) = within(8 * limit, || table.scan(scan).unwrap().count_rows()) {
                assert_eq!(rows, 30, "{text}");
            }
            let mut pipeline = client.pipeline();
            let queued = pipeline.get(&table, key()).unwrap();
            let mut results = within(limit, || pipeline.send());
            if let Ok(row) = results.take(queued) {
                assert!(row.is_some(), "{text}");
            }
        }
        let writer = table.writer(WriterOptions::new().max_age(Duration::ZERO));
        drop(within(limit, || writer.write(Put::new("row0007").column("f:x", "1"))));
        drop(within(2 * limit, || writer.close()));
    }
}

#[test]
fn what_a_writer_and_a_scan_are_told_may_be_zero_or_without_end() {
    let server = exact().start().unwrap();
    let table = fill(&server, 30);
    let ages = [Duration::ZERO, Duration::from_nanos(1), Duration::MAX];
    for (age, most) in ages.into_iter().flat_map(|age| [0, 1, usize::MAX].map(|most| (age, most))) {
        let options = WriterOptions::new().max_age(age);
        for options in [options.clone().max_mutations(most), options.max_bytes(most)] {
            let writer = table.writer(options);
            for key in ["row0001", "row0002", "row0001"] {
                writer.write(Put::new(key).column("f:x", "2")).unwrap();
            }
            writer.flush().unwrap();
            writer.close().unwrap();
        }
    }
    let count = |scan: Scan| table.scan(scan)?.count_rows();
    for scan in [Scan::new().caching(0), Scan::new().batch(0)] {
        assert_eq!(count(scan).unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
    for (scan, rows) in [
        (Scan::new().limit(0), 0),
        (Scan::new().limit(u64::MAX), 30),
        (Scan::new().limit(1).caching(i32::MAX as u32), 1),
        (Scan::new().batch(i32::MAX as u32).caching(7), 30),
    ] {
        assert_eq!(count(scan.clone()).unwrap(), rows, "{scan:?}");
    }
    for most in [u32::MAX, i32::MAX as u32] {
        for scan in [Scan::new().caching(most), Scan::new().batch(most)] {
            if let Ok(rows) = count(scan.clone()) {
                assert_eq!(rows, 30, "{scan:?}");
            }
        }
    }
}

#[test]
fn what_a_url_can_not_mean_is_refused() {
    for url in ["hbase://[::1]9191", "hbase://[::1", "hbase://::1", "http://me:12/34@h/"] {
        let error = url.parse::<Config>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        assert!(!error.to_string().contains("12"), "{error}");
    }
    let config: Config = "hbase://[::1]:9191".parse().unwrap();
    assert_eq!((config.get_endpoints()[0].host(), config.get_endpoints()[0].port()), ("::1", 9191));
}

#[test]
fn what_a_server_says_moves_no_cursor() {
    let stub = Stub::start(|_| {
        Say::Throw("java.io.IOException: \u{1b}[2J\r\u{7}bad\u{202e}\u{85}\u{9b}31m text".into())
    });
    let table = connect(config(&[stub.address()]).max_attempts(1)).table("t");
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
    let config = config(&[address]).connect_timeout(Duration::from_millis(400));
    let error = within(SLACK, || Client::connect(config)).unwrap_err();
    assert!(error.to_string().contains("workers may be taken"), "{error}");
}
