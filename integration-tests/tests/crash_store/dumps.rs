//! Dumps under names, and dumps that are larger than a gateway or HBase takes.

use hbase_thrift_client::{Client, Config, Delete, Scan};
use integration_tests::{Flavour, Server, Test};
use socorro_hbase_client::{
    CrashStore, Dumps, ErrorKind, QueueForProcessing, SchemaOptions, TABLES, Written,
};

use crate::socorro::{Socorro, metadata, ooid, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(dumps_are_stored_under_their_names),
        Test::new(a_dump_may_be_empty_or_absent),
        Test::new(two_dumps_of_one_name_are_refused_and_nothing_is_written),
        Test::new(a_dump_over_the_cell_limit_is_refused_and_nothing_is_written),
        Test::new(a_dump_just_below_the_cell_limit_is_stored),
        Test::on_own_server(a_dump_over_the_frame_limit_is_refused_and_nothing_is_written),
        Test::on_own_server(a_dump_over_the_default_limits_goes_through_where_the_server_allows_it),
    ]
}

const JSON: &str = r#"{"submitted_timestamp": "2008-02-01T00:00:00"}"#;
const MIB: usize = 1024 * 1024;

fn dumps_are_stored_under_their_names(server: &Server) {
    let mut socorro = socorro(server);
    let crash = ooid("0b000000-aaaa-4bbb-8ccc-ddddd2080201");
    let before = socorro.cells();
    let plugin = "upload_file_minidump_plugin".parse().unwrap();
    let dumps = Dumps::new(b"MDMP own").with(plugin, b"MDMP plugin");
    socorro.store.put_raw_report(crash, &metadata(JSON), dumps, QueueForProcessing::No).unwrap();
    let changes = socorro.cells().changes_since(&before);
    let row = "crash_reports 00802010b000000-aaaa-4bbb-8ccc-ddddd2080201";
    let dumps: Vec<_> = changes.iter().filter(|line| line.contains("raw_data:")).collect();
    let expected = [
        format!("{row} raw_data:dump = MDMP own"),
        format!("{row} raw_data:upload_file_minidump_plugin = MDMP plugin"),
    ];
    assert_eq!(dumps, expected.iter().collect::<Vec<_>>());
}

fn a_dump_may_be_empty_or_absent(server: &Server) {
    let socorro = socorro(server);
    let store = &socorro.store;
    let (empty, without) = (
        ooid("1b000000-aaaa-4bbb-8ccc-ddddd2080201"),
        ooid("1b000001-aaaa-4bbb-8ccc-ddddd2080201"),
    );
    let dumps = Dumps::new(b"").with("plugin".parse().unwrap(), b"");
    store.put_raw_report(empty, &metadata(JSON), dumps, QueueForProcessing::No).unwrap();
    store.put_raw_report(without, &metadata(JSON), Dumps::none(), QueueForProcessing::No).unwrap();
    assert_eq!(store.get_dump(empty).unwrap().as_deref(), Some(&b""[..]));
    assert_eq!(store.get_dumps(empty).unwrap().len(), 2);
    assert_eq!(store.get_raw_report(without).unwrap().unwrap().dump(), None);
    assert_eq!(store.get_dumps(without).unwrap().len(), 0);
}

fn two_dumps_of_one_name_are_refused_and_nothing_is_written(server: &Server) {
    let mut socorro = socorro(server);
    let crash = ooid("1b000002-aaaa-4bbb-8ccc-ddddd2080201");
    let before = socorro.cells();
    let dumps = Dumps::new(b"MDMP").with("upload_file_minidump".parse().unwrap(), b"MDMP");
    let refused =
        socorro.store.put_raw_report(crash, &metadata(JSON), dumps, QueueForProcessing::Yes);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::DuplicateDump);
    assert_eq!(socorro.cells().changes_since(&before), [""; 0]);
}

/// Submits a dump of this size, which is refused; answers with the error's text.
fn refusal(socorro: &mut Socorro, store: &CrashStore, size: usize) -> String {
    let before = socorro.cells();
    let (crash, dump) = (ooid("2b000000-aaaa-4bbb-8ccc-ddddd2080201"), vec![b'M'; size]);
    let refused = store.put_raw_report(crash, &metadata(JSON), &dump, QueueForProcessing::Yes);
    let error = refused.unwrap_err();
    assert_eq!((error.kind(), error.effect().written()), (ErrorKind::TooLarge, Written::Nothing));
    assert_eq!(socorro.cells().changes_since(&before), [""; 0]);
    error.to_string()
}

fn a_dump_over_the_cell_limit_is_refused_and_nothing_is_written(server: &Server) {
    let mut socorro = socorro(server);
    let store = socorro.store.clone();
    let message = refusal(&mut socorro, &store, 10 * MIB);
    assert!(message.contains("hbase.client.keyvalue.maxsize"), "{message}");
    assert!(message.contains("hbase.server.keyvalue.maxsize"), "{message}");
    assert!(message.contains("takes up to 10485760"), "{message}");
}

fn a_dump_just_below_the_cell_limit_is_stored(server: &Server) {
    let socorro = socorro(server);
    let (crash, dump) = (ooid("3b000000-aaaa-4bbb-8ccc-ddddd2080201"), vec![b'M'; 10 * MIB - 100]);
    let store = &socorro.store;
    store.put_raw_report(crash, &metadata(JSON), &dump, QueueForProcessing::No).unwrap();
    assert!(store.get_dump(crash).unwrap().unwrap() == dump);
    // Ten megabytes that the other tests would read with every cell.
    let row = "30802013b000000-aaaa-4bbb-8ccc-ddddd2080201";
    store.client().table("crash_reports").delete(&Delete::row(row)).unwrap();
}

fn a_dump_over_the_frame_limit_is_refused_and_nothing_is_written(server: &Server) {
    let mut socorro = socorro(server);
    let framed = server.gateway(Flavour::Nonblocking);
    let prefix = socorro.store.client().config().get_table_prefix().to_owned();
    let config: Config = framed.parse().unwrap();
    let store = CrashStore::new(Client::connect(config.table_prefix(prefix)).unwrap());
    let message = refusal(&mut socorro, &store, 2 * MIB);
    assert!(message.contains("hbase.regionserver.thrift.framed.max_frame_size_in_mb"), "{message}");
    let (crash, dump) = (ooid("4b000000-aaaa-4bbb-8ccc-ddddd2080201"), vec![b'M'; 2 * MIB - 600]);
    store.put_raw_report(crash, &metadata(JSON), &dump, QueueForProcessing::No).unwrap();
    assert!(store.get_dump(crash).unwrap().unwrap() == dump);
}

fn a_dump_over_the_default_limits_goes_through_where_the_server_allows_it(server: &Server) {
    const ALLOWED: usize = 16 * MIB;
    const ANY: QueueForProcessing = QueueForProcessing::Yes;
    // In a pattern that shows where a piece is missing or twice.
    let dump: Vec<u8> = (0..3 * 1024 * 1024_u32).flat_map(u32::to_be_bytes).collect();
    let generous = server.with_limits(ALLOWED);
    let config = |flavour| generous.gateway(flavour).parse::<Config>().unwrap();
    let connect = |config| CrashStore::new(Client::connect(config).unwrap());
    let by_cell = connect(config(Flavour::Threadpool));
    // Or the cell's limit, which is looked at first, would hide the frame's.
    let by_frame = connect(config(Flavour::Nonblocking).max_cell_size(ALLOWED));
    by_cell.create_schema(&SchemaOptions::new()).unwrap();
    let crash = ooid("5b000000-aaaa-4bbb-8ccc-ddddd2080201");
    for (store, setting) in [
        (&by_cell, "hbase.server.keyvalue.maxsize"),
        (&by_frame, "hbase.regionserver.thrift.framed.max_frame_size_in_mb"),
    ] {
        let error = store.put_raw_report(crash, &metadata(JSON), &dump, ANY).unwrap_err();
        assert_eq!(
            (error.kind(), error.effect().written()),
            (ErrorKind::TooLarge, Written::Nothing)
        );
        assert!(error.to_string().contains(setting), "{error}");
    }
    for table in &TABLES {
        assert_eq!(by_cell.client().table(table.name).scan(Scan::new()).unwrap().count(), 0);
    }
    for (flavour, salt) in [(Flavour::Threadpool, "6"), (Flavour::Nonblocking, "7")] {
        let crash = ooid(&format!("{salt}b000000-aaaa-4bbb-8ccc-ddddd2080201"));
        let config = config(flavour).max_cell_size(ALLOWED).max_request_size(ALLOWED);
        let store = connect(config);
        store.put_raw_report(crash, &metadata(JSON), &dump, ANY).unwrap();
        let report = store.get_raw_report(crash).unwrap().unwrap();
        assert!(report.dump().unwrap() == dump);
        assert_eq!(report.metadata_bytes(), JSON.as_bytes());
        assert!(store.get_dump(crash).unwrap().unwrap() == dump);
    }
}
