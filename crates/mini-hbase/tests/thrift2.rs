//! What a server does with Thrift 2 that no gateway of HBase shows: its leases, faults, restarts and
//! resets, and what two interfaces on one store see of each other.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use hbase_thrift_api::THbaseSyncClient as _;
use hbase_thrift_api::thrift2::{
    TColumnFamilyDescriptor, TColumnValue, TIOError, TNamespaceDescriptor, TPut, TScan,
    TTHBaseServiceSyncClient as _, TTableDescriptor, TTableName,
};
use mini_hbase::{Builder, Exception, Fault, MiniHBase, Protocol, Transport, VirtualClock, When};
use support::{RawThrift2, bytes, client, client_with_table, thrift2, value};

fn builder() -> Builder {
    MiniHBase::builder().thrift2("127.0.0.1:0", Transport::Buffered, Protocol::Binary)
}

fn put(raw: &mut RawThrift2, row: &str, family: &str) -> thrift::Result<()> {
    let none = None::<Vec<u8>>;
    let cell = TColumnValue::new(bytes(family), bytes("x"), bytes("v"), None, none, None);
    raw.put(bytes("t"), TPut::new(bytes(row), vec![cell], None, None, None, None))
}

fn scan() -> TScan {
    TScan {
        start_row: None,
        stop_row: None,
        columns: None,
        caching: None,
        max_versions: None,
        time_range: None,
        filter_string: None,
        batch_size: None,
        attributes: None,
        authorizations: None,
        reversed: None,
        cache_blocks: None,
        col_fam_time_range_map: None,
        read_type: None,
        limit: None,
        consistency: None,
        target_replica_id: None,
        filter_bytes: None,
    }
}

fn name() -> TTableName {
    TTableName::new(None::<Vec<u8>>, bytes("t"))
}

fn family(name: &str) -> TColumnFamilyDescriptor {
    TColumnFamilyDescriptor {
        name: bytes(name),
        attributes: None,
        configuration: None,
        block_size: None,
        bloomn_filter_type: None,
        compression_type: None,
        dfs_replication: None,
        data_block_encoding: None,
        keep_deleted_cells: None,
        max_versions: None,
        min_versions: None,
        scope: None,
        time_to_live: None,
        block_cache_enabled: None,
        cache_blooms_on_write: None,
        cache_data_on_write: None,
        cache_indexes_on_write: None,
        compress_tags: None,
        evict_blocks_on_close: None,
        in_memory: None,
    }
}

#[test]
fn there_is_no_port_of_thrift_2_unless_it_is_asked_for() {
    assert_eq!(MiniHBase::in_memory().unwrap().thrift2_url(), None);
    let ports = builder().thrift2("127.0.0.1:0", Transport::Http, Protocol::Binary);
    let server = ports.in_memory().start().unwrap();
    assert!(server.thrift2_url().unwrap().ends_with("?interface=2"));
    let urls = server.urls();
    assert_eq!(urls.len(), 3);
    assert_eq!((&urls[0], &urls[1]), (&server.url(), &server.thrift2_url().unwrap()));
    assert!(urls[2].starts_with("http://") && urls[2].ends_with("/?interface=2"));
    assert_eq!(server.url_of(Transport::Http, Protocol::Binary), None);
}

#[test]
fn both_interfaces_see_the_same_tables() {
    let server = builder().in_memory().start().unwrap();
    let (mut one, mut two) = (client_with_table(&server), thrift2(&server));
    put(&mut two, "r", "f").unwrap();
    assert_eq!(value(&mut one, "r", "f:x").unwrap(), "v");
    support::put(&mut one, "s", "f:x", "w").unwrap();
    let found = two.get_scanner_results(bytes("t"), scan(), 10).unwrap();
    assert_eq!(found.len(), 2);
    // A scanner is its interface's.
    let id = two.open_scanner(bytes("t"), scan()).unwrap();
    assert!(one.scanner_get_list(id, 1).is_err());
    assert_eq!(two.get_scanner_rows(id, 1).unwrap().len(), 1);
}

#[test]
fn a_scanner_of_thrift_2_is_forgotten_after_a_minute() {
    let clock = VirtualClock::new(1_750_000_000_000);
    let server = builder().in_memory().clock(clock.clone()).start().unwrap();
    let (mut one, mut two) = (client_with_table(&server), thrift2(&server));
    let of_one = one.scanner_open(bytes("t"), vec![], vec![], support::none()).unwrap();
    let of_two = two.open_scanner(bytes("t"), scan()).unwrap();
    clock.advance(Duration::from_secs(59));
    two.get_scanner_rows(of_two, 1).unwrap();
    clock.advance(Duration::from_secs(61));
    assert!(two.get_scanner_rows(of_two, 1).is_err());
    two.close_scanner(of_two).unwrap();
    one.scanner_get_list(of_one, 1).unwrap();
    let of_two = two.open_scanner(bytes("t"), scan()).unwrap();
    server.expire_scanners();
    assert!(two.get_scanner_rows(of_two, 1).is_err());
    support::wait_until(|| server.memory_taken() == 0);
}

#[test]
fn a_fault_throws_the_interfaces_own_exception() {
    let server = builder().in_memory().start().unwrap();
    client_with_table(&server);
    let mut raw = thrift2(&server);
    let message = "org.apache.hadoop.hbase.NotServingRegionException: t".to_owned();
    let fault = Exception::Io { message: message.clone(), can_retry: Some(true) };
    server.fault(When::first("put", 1), Fault::Throw(fault));
    let thrift::Error::User(error) = put(&mut raw, "r", "f").unwrap_err() else { panic!() };
    let error = error.downcast_ref::<TIOError>().unwrap();
    assert_eq!(*error, TIOError::new(message, Some(true)));
    // There is no other exception for it here.
    let fault = Fault::Throw(Exception::AlreadyExists("t".to_owned()));
    server.fault(When::first("put", 1), fault);
    let thrift::Error::User(error) = put(&mut raw, "r", "f").unwrap_err() else { panic!() };
    let error = error.downcast_ref::<TIOError>().unwrap();
    assert_eq!(*error, TIOError::new("t".to_owned(), Some(false)));
    put(&mut raw, "r", "f").unwrap();
    assert_eq!(server.calls("put"), 3);
}

#[test]
fn what_thrift_2_made_of_tables_is_there_after_a_restart_and_gone_after_a_reset() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let server = builder().store(&store).start().unwrap();
    let mut raw = thrift2(&server);
    let table = TTableDescriptor::new(name(), vec![family("b")], None, None);
    raw.create_table(table, vec![bytes("m")]).unwrap();
    put(&mut raw, "r", "b").unwrap();
    raw.add_column_family(name(), family("a")).unwrap();
    put(&mut raw, "r", "a").unwrap();
    let said = Some([("k".to_owned(), "v".to_owned())].into());
    raw.create_namespace(TNamespaceDescriptor::new("n".to_owned(), said)).unwrap();
    drop(server);
    let server = builder().store(&store).start().unwrap();
    let mut raw = thrift2(&server);
    let found = raw.get_scanner_results(bytes("t"), scan(), 10).unwrap();
    let families: Vec<_> = found[0].column_values.iter().map(|cell| cell.family.clone()).collect();
    assert_eq!(families, [bytes("a"), bytes("b")]);
    assert_eq!(raw.get_all_region_locations(bytes("t")).unwrap().len(), 2);
    assert_eq!(raw.list_namespaces().unwrap(), ["default", "hbase", "n"]);
    assert_eq!(
        raw.get_namespace_descriptor("n".to_owned()).unwrap().configuration.unwrap().len(),
        1
    );
    server.reset().unwrap();
    assert_eq!(raw.list_namespaces().unwrap(), ["default", "hbase"]);
    assert!(!raw.table_exists(name()).unwrap());
}

#[test]
fn a_reply_without_memory_is_refused_and_loses_no_row() {
    const MEBIBYTE: usize = 1 << 20;
    // Enough for the cells as they are stored, and not for a result of each as well.
    let server = builder().in_memory().max_memory(16 * MEBIBYTE).start().unwrap();
    client_with_table(&server);
    let mut raw = thrift2(&server);
    for portion in 0..40 {
        let puts = (0..1_000).map(|row| {
            let none = None::<Vec<u8>>;
            let cell = TColumnValue::new(bytes("f"), bytes("x"), bytes("v"), None, none, None);
            let row = bytes(&format!("{portion:02}{row:03}"));
            TPut::new(row, vec![cell], None, None, None, None)
        });
        raw.put_multiple(bytes("t"), puts.collect()).unwrap();
    }
    let id = raw.open_scanner(bytes("t"), scan()).unwrap();
    let thrift::Error::User(error) = raw.get_scanner_rows(id, 40_000).unwrap_err() else {
        panic!()
    };
    let error = error.downcast_ref::<TIOError>().unwrap();
    assert_eq!(error.can_retry, Some(false));
    let mut found = 0;
    loop {
        let rows = raw.get_scanner_rows(id, 5_000).unwrap();
        if rows.is_empty() {
            break;
        }
        found += rows.len();
    }
    assert_eq!(found, 40_000);
    raw.close_scanner(id).unwrap();
    assert_eq!(raw.get_scanner_results(bytes("t"), scan(), 5_000).unwrap().len(), 5_000);
    assert!(raw.get_scanner_results(bytes("t"), scan(), 40_000).is_err());
    support::wait_until(|| server.memory_taken() == 0);
}

/// A writer that wrote while families were changed was acknowledged, and finds its cells, or got an error that
/// says to retry.
#[test]
fn no_acknowledged_put_is_lost_while_families_come_and_go() {
    for builder in [builder(), builder().in_memory()] {
        let server = builder.start().unwrap();
        let mut raw = thrift2(&server);
        let table = TTableDescriptor::new(name(), vec![family("m")], None, None);
        raw.create_table(table, Vec::new()).unwrap();
        let is_over = AtomicBool::new(false);
        let acknowledged = thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut raw = thrift2(&server);
                let mut acknowledged = Vec::new();
                let mut number = 0;
                while !is_over.load(Ordering::SeqCst) {
                    number += 1;
                    let row = format!("{number:06}");
                    match put(&mut raw, &row, "m") {
                        Ok(()) => acknowledged.push(bytes(&row)),
                        Err(error) => assert!(format!("{error:?}").contains("retry"), "{error:?}"),
                    }
                }
                acknowledged
            });
            for _ in 0..20 {
                raw.add_column_family(name(), family("a")).unwrap();
                thread::sleep(Duration::from_millis(2));
                raw.delete_column_family(name(), bytes("a")).unwrap();
            }
            is_over.store(true, Ordering::SeqCst);
            writer.join().unwrap()
        });
        assert!(!acknowledged.is_empty());
        let found = raw.get_scanner_results(bytes("t"), scan(), 1_000_000).unwrap();
        let found: Vec<_> = found.into_iter().map(|row| row.row.unwrap()).collect();
        assert_eq!(found, acknowledged);
        assert_eq!(client(&server).get_table_names().unwrap(), [bytes("t")]);
    }
}
