//! Scans that keep nothing at the gateway, in one call or in several, and those that others go on with.

use hbase_thrift_api::thrift2::TTHBaseServiceSyncClient as _;
use hbase_thrift_client::{Config, PageToken, Put, Result, Row, Scan};
use integration_tests::{Flavour, Server, Test, TestTable};

use super::front::{Client, Table};
use super::{FLAVOURS, connect, on_each_thrift2_gateway};
use crate::crash_store::proxy::Proxy;
use crate::thrift2::tables::descriptor;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::on_own_server(a_scan_of_ten_rows_is_one_round_trip),
        Test::on_own_server(a_page_is_full_whatever_the_size_of_its_rows_and_over_regions),
        Test::on_own_server(pages_have_the_rows_of_the_scan_in_either_direction),
        Test::on_own_server(backwards_no_key_is_in_two_pages),
        Test::on_own_server(those_who_have_the_token_go_on),
    ]
}

fn keys(rows: impl Iterator<Item = Result<Row>>) -> Vec<String> {
    rows.map(|row| row.unwrap().key().escape_ascii().to_string()).collect()
}

fn fill(table: &Table, rows: usize) -> Vec<String> {
    let keys: Vec<String> = (0..rows).map(|number| format!("row{number:03}")).collect();
    for key in &keys {
        table.put(&Put::new(key.as_str()).column("f:key", key.as_str())).unwrap();
    }
    keys
}

/// A client of Thrift 2 on one connection, which a proxy counts the calls on.
fn counted(server: &Server) -> (Proxy, Client) {
    let proxy = Proxy::start(&server.thrift2_endpoint(Flavour::Threadpool).to_string());
    let client = Client::connect(proxy.config("").max_connections(1)).unwrap();
    (proxy, client)
}

/// How often a scan waits for an answer, and which methods it calls. On a busy machine a reply begins before
/// all requests have passed the proxy, so the fewest of some runs count.
fn cost(proxy: &Proxy, table: &Table, scan: &Scan) -> (usize, Vec<(String, usize)>) {
    let run = |_| {
        proxy.round_trips();
        proxy.take_traffic("");
        keys(table.scan(scan.clone()).unwrap());
        // What was sent behind the last row is answered before this is.
        let calls = proxy.take_traffic("").calls.into_iter();
        let calls = calls.map(|((method, _), count)| (method, count)).collect();
        let round_trips = proxy.round_trips();
        table.get(&hbase_thrift_client::Get::new("none")).unwrap();
        (round_trips, calls)
    };
    (0..5).map(run).min().unwrap()
}

fn a_scan_of_ten_rows_is_one_round_trip(server: &Server) {
    let guard = TestTable::create(server, "one_trip", &["f"]);
    let (proxy, client) = counted(server);
    let table = client.table(guard.name());
    let all = fill(&table, 30);
    let one = |calls: usize| vec![("getScannerResults".to_owned(), calls)];
    for scan in [
        Scan::new().limit(10),
        Scan::new().reversed().limit(10),
        Scan::new().prefix("row00").limit(10),
        Scan::new().limit(10).filter("KeyOnlyFilter()"),
        Scan::new().caching(10).limit(10).read_ahead(false),
    ] {
        assert_eq!(keys(table.scan(scan.clone()).unwrap()).len(), 10);
        assert_eq!(cost(&proxy, &table, &scan), (1, one(1)), "{scan:?}");
    }
    // Fewer rows than the limit may be all, which the next call says.
    let short = Scan::new().prefix("row00").limit(11);
    assert_eq!(keys(table.scan(short.clone()).unwrap()), all[..10]);
    assert_eq!(cost(&proxy, &table, &short), (2, one(2)));
    // All else has a scanner.
    for scan in [Scan::new().caching(8).limit(10), Scan::new().limit(10).filter("PageFilter(3)")] {
        let (_, calls) = cost(&proxy, &table, &scan);
        assert!(calls.iter().any(|(method, _)| method == "openScanner"), "{scan:?}: {calls:?}");
    }
}

/// A region server's answer ends at 2 MiB and at the end of each region; the gateway goes on until it has as
/// many rows as it was asked for.
fn a_page_is_full_whatever_the_size_of_its_rows_and_over_regions(server: &Server) {
    let guard = TestTable::reserve(server, "large_pages");
    let mut raw = server.thrift2_on(Flavour::Threadpool);
    let splits = ["row003", "row007"].map(|key| key.as_bytes().to_vec());
    raw.create_table(descriptor(&guard.bytes(), &["f"]), splits.to_vec()).unwrap();
    let (proxy, client) = counted(server);
    let table = client.table(guard.name());
    let value = vec![b'x'; 700 << 10];
    let all: Vec<String> = (0..10).map(|number| format!("row{number:03}")).collect();
    for key in &all {
        table.put(&Put::new(key.as_str()).column("f:x", value.as_slice())).unwrap();
    }
    let mut backwards = all.clone();
    backwards.reverse();
    for (scan, expected) in [(Scan::new(), &all), (Scan::new().reversed(), &backwards)] {
        proxy.round_trips();
        proxy.take_traffic("");
        assert_eq!(keys(table.scan(scan.clone().limit(10)).unwrap()), *expected);
        let calls = proxy.take_traffic("").calls;
        assert_eq!(calls.values().sum::<usize>(), 1, "{calls:?}");
        assert_eq!(keys(table.scan(scan.caching(3).paged()).unwrap()), *expected);
    }
    // An answer that is too large comes in pieces.
    let config = client.config().clone().max_reply_size(4 << 20);
    let table = Client::connect(config).unwrap().table(guard.name());
    assert_eq!(keys(table.scan(Scan::new().limit(10)).unwrap()), all);
    assert_eq!(keys(table.scan(Scan::new().reversed().paged()).unwrap()), backwards);
}

fn pages_have_the_rows_of_the_scan_in_either_direction(server: &Server) {
    on_each_thrift2_gateway(server, "pages", |_, table| {
        fill(table, 23);
        for key in [&b"row01"[..], b"row010\0", b"row01\xff", b"row02", b"row01'"] {
            table.put(&Put::new(key).column("f:key", "1").column("g:x", "1")).unwrap();
        }
        for scan in [
            Scan::new(),
            Scan::new().prefix("row01"),
            Scan::new().start_exclusive("row003").stop_inclusive("row019"),
            Scan::new().filter("ValueFilter(=, 'substring:1')"),
            Scan::new().family("g"),
            Scan::new().prefix("row01").limit(7),
        ] {
            // The range's ends change places.
            let backwards = match scan.get_prefix() {
                b"" if !scan.get_start().is_empty() => {
                    Scan::new().start("row019").stop("row003").reversed()
                }
                _ => scan.clone().reversed(),
            };
            for scan in [scan, backwards] {
                let expected = keys(table.scan(scan.clone().caching(100)).unwrap());
                assert!(expected.len() > 3, "{scan:?}");
                for caching in [1, 3, 5, 100] {
                    let paged = scan.clone().caching(caching).paged();
                    assert_eq!(keys(table.scan(paged.clone()).unwrap()), expected, "{paged:?}");
                    let paged = paged.read_ahead(false);
                    assert_eq!(keys(table.scan(paged).unwrap()), expected);
                }
            }
        }
    });
}

/// The known row is left out by a filter that has its key, whatever bytes that has.
fn backwards_no_key_is_in_two_pages(server: &Server) {
    on_each_thrift2_gateway(server, "bytes", |_, table| {
        let batch = (0..=u8::MAX).map(|byte| Put::new([byte, b'\'', byte]).column("f:x", "1"));
        let batch = batch.fold(hbase_thrift_client::Batch::new(), hbase_thrift_client::Batch::put);
        table.batch(&batch).unwrap();
        let found: Vec<Vec<u8>> = table
            .scan(Scan::new().reversed().caching(1).paged())
            .unwrap()
            .map(|row| row.unwrap().key().to_vec())
            .collect();
        let expected = (0..=u8::MAX).rev().map(|byte| vec![byte, b'\'', byte]);
        assert_eq!(found, expected.collect::<Vec<_>>());
    });
}

/// Each page by another gateway, of either interface.
fn those_who_have_the_token_go_on(server: &Server) {
    let guard = TestTable::create(server, "tokens", &["f"]);
    let urls = FLAVOURS.iter().flat_map(|flavour| {
        [server.gateway(*flavour), server.thrift2_endpoint(*flavour).to_string()]
    });
    let clients: Vec<Client> = urls.map(|url| connect(&url)).collect();
    let mut all = fill(&clients[0].table(guard.name()), 30);
    for is_reversed in [false, true] {
        let (mut found, mut token): (Vec<String>, Option<String>) = (Vec::new(), None);
        for (page, client) in clients.iter().cycle().enumerate() {
            let scan = Scan::new().prefix("row0").limit(3 + page as u64 % 2);
            let scan = if is_reversed { scan.reversed() } else { scan };
            let table = client.table(guard.name());
            let mut rows = match &token {
                Some(text) => table.scan_after(scan, &text.parse::<PageToken>().unwrap()).unwrap(),
                None => table.scan(scan).unwrap(),
            };
            found.extend(keys(rows.by_ref()));
            token = rows.page_token().map(|token| token.to_string());
            if token.is_none() {
                break;
            }
        }
        assert_eq!(found, all);
        all.reverse();
    }
    // The prefix of tables is no part of their names.
    let config: Config = server.url().parse().unwrap();
    let (prefix, rest) = guard.name().split_at(3);
    let other = Client::connect(config.table_prefix(prefix)).unwrap();
    let mut rows = clients[0].table(guard.name()).scan(Scan::new().limit(2)).unwrap();
    keys(rows.by_ref());
    let token = rows.page_token().unwrap();
    let next = other.table(rest).scan_after(Scan::new().limit(1), &token).unwrap();
    assert_eq!(keys(next), ["row002"]);
}
