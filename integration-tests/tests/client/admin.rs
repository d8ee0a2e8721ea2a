//! Tables: created, listed, described, disabled, deleted.

use std::time::Duration;

use hbase_thrift_client::{BloomFilter, ColumnFamily, Compression, ErrorKind, Outcome};
use integration_tests::{Server, Test, TestTable};

use super::front::Client;
use super::{on_each_gateway, on_each_interface, on_each_thrift1_gateway, on_each_thrift2_gateway};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_table_lives_from_create_to_delete),
        Test::new(families_are_described_as_they_were_created),
        Test::new(creating_a_table_twice_says_that_it_exists),
        Test::new(deleting_an_enabled_table_says_that_it_is_not_disabled),
        Test::new(disabling_a_table_twice_says_that_it_is_disabled),
        Test::new(a_missing_table_is_said_to_be_missing_by_every_call),
        Test::new(a_compression_that_the_server_lacks_is_refused_and_nothing_created),
        Test::new(a_new_table_has_one_region_that_is_served),
        Test::new(a_table_is_compacted_on_request),
        Test::new(the_cluster_has_an_id),
        Test::new(any_method_can_be_called_through_the_generated_client),
        Test::new(a_prefix_hides_the_other_tables),
    ]
}

fn a_table_lives_from_create_to_delete(server: &Server) {
    on_each_gateway(server, "life", |client, table| {
        let (admin, name) = (client.admin(), table.name());
        assert!(admin.table_exists(name).unwrap());
        assert!(admin.is_table_enabled(name).unwrap());
        admin.disable_table(name).unwrap();
        assert!(admin.table_states().unwrap().contains(&(name.to_vec(), false)));
        admin.enable_table(name).unwrap();
        assert!(admin.table_states().unwrap().contains(&(name.to_vec(), true)));
        admin.disable_table(name).unwrap();
        admin.delete_table(name).unwrap();
        assert!(!admin.table_exists(name).unwrap());
    });
}

fn families_are_described_as_they_were_created(server: &Server) {
    on_each_interface(server, |client| {
        let table = TestTable::reserve(server, "families");
        let families = [
            ColumnFamily::new("a"),
            ColumnFamily::new("b")
                .max_versions(5)
                .compression(Compression::Gz)
                .bloom_filter(BloomFilter::RowColumn)
                .in_memory(true)
                .block_cache(false)
                .time_to_live(Duration::from_hours(1)),
            ColumnFamily::new("c").bloom_filter(BloomFilter::None),
        ];
        client.admin().create_table(table.name(), &families).unwrap();
        assert_eq!(client.admin().column_families(table.name()).unwrap(), families);
    });
}

fn creating_a_table_twice_says_that_it_exists(server: &Server) {
    on_each_gateway(server, "twice", |client, table| {
        let families = [ColumnFamily::new("f")];
        let error = client.admin().create_table(table.name(), &families).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(error.outcome(), Outcome::NotApplied);
    });
}

fn deleting_an_enabled_table_says_that_it_is_not_disabled(server: &Server) {
    on_each_gateway(server, "enabled", |client, table| {
        let error = client.admin().delete_table(table.name()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TableNotDisabled, "{error:?}");
    });
}

fn disabling_a_table_twice_says_that_it_is_disabled(server: &Server) {
    on_each_gateway(server, "disabled", |client, table| {
        client.admin().disable_table(table.name()).unwrap();
        let error = client.admin().disable_table(table.name()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TableDisabled, "{error:?}");
    });
}

fn a_missing_table_is_said_to_be_missing_by_every_call(server: &Server) {
    use hbase_thrift_client::{Delete, Get, Increment, Put, Result, Scan};

    on_each_interface(server, |client| {
        let (admin, table) = (client.admin(), client.table("it_there_is_no_such_table"));
        let failures: [(&str, Result<()>); 9] = [
            ("get", table.get(&Get::new("r")).map(drop)),
            ("put", table.put(&Put::new("r").column("f:q", "v"))),
            ("delete", table.delete(&Delete::row("r"))),
            ("increment", table.increment(&Increment::new("r", "f:q", 1)).map(drop)),
            ("increment_rows", table.increment_rows(&[Increment::new("r", "f:q", 1)])),
            ("scan", table.scan(Scan::new()).unwrap().next().unwrap().map(drop)),
            ("disable_table", admin.disable_table(table.name())),
            ("delete_table", admin.delete_table(table.name())),
            ("column_families", admin.column_families(table.name()).map(drop)),
        ];
        for (call, failure) in failures {
            let error = failure.expect_err(call);
            assert_eq!(error.kind(), ErrorKind::TableNotFound, "{call}: {error:?}");
            assert_eq!(error.outcome(), Outcome::NotApplied, "{call}");
            assert!(!error.is_retryable(), "{call}");
        }
    });
}

fn a_compression_that_the_server_lacks_is_refused_and_nothing_created(server: &Server) {
    on_each_interface(server, |client| {
        let table = TestTable::reserve(server, "lzo");
        let families = [ColumnFamily::new("f").compression(Compression::Lzo)];
        let error = client.admin().create_table(table.name(), &families).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Server, "{error:?}");
        assert!(!client.admin().table_exists(table.name()).unwrap());
    });
}

fn a_new_table_has_one_region_that_is_served(server: &Server) {
    on_each_gateway(server, "regions", |client, table| {
        let regions = client.admin().regions(table.name()).unwrap();
        let [region] = regions.as_slice() else { panic!("{regions:?}") };
        assert!(region.name.as_ref().is_none_or(|name| name.starts_with(table.name())));
        assert!(region.start_key.is_empty() && region.end_key.is_empty());
        assert!(region.server.is_some() && region.port.is_some());
        let error = client.admin().regions("it_there_is_no_such_table").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TableNotFound);
    });
}

fn a_table_is_compacted_on_request(server: &Server) {
    on_each_thrift1_gateway(server, "compact", |client, table| {
        client.admin().compact(table.name()).unwrap();
        client.admin().major_compact(table.name()).unwrap();
    });
    on_each_thrift2_gateway(server, "compact", |client, table| {
        let error = client.admin().compact(table.name()).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unsupported, 0), "{error:?}");
        assert!(error.to_string().contains("use a Thrift 1 gateway"), "{error}");
    });
}

fn the_cluster_has_an_id(server: &Server) {
    on_each_interface(server, |client| {
        let id = client.admin().cluster_id().unwrap();
        assert_eq!(id.len(), 36, "{id}");
    });
}

fn any_method_can_be_called_through_the_generated_client(server: &Server) {
    use hbase_thrift_api::THbaseSyncClient;

    on_each_thrift1_gateway(server, "generated", |client, table| {
        let name = table.name().to_vec();
        let found = client.with_generated(|api| {
            let row = [&name, &b",,99999999999999"[..]].concat();
            let region = api.get_region_info(row).unwrap();
            let missing =
                api.get_row(b"it_there_is_no_such_table".to_vec(), b"r".to_vec(), [].into());
            assert!(missing.is_err());
            (region.name.unwrap(), api.get_table_names().unwrap())
        });
        let (region, names) = found.unwrap();
        assert!(region.starts_with(&name));
        assert!(names.contains(&name));
        // The connection is in step afterwards.
        client.ping().unwrap();
    });
}

fn a_prefix_hides_the_other_tables(server: &Server) {
    on_each_gateway(server, "prefix", |client, table| {
        let name = std::str::from_utf8(table.full_name()).unwrap();
        let (prefix, rest) = name.split_at(name.len() - "prefix".len());
        let config = client.config().clone().table_prefix(prefix);
        let prefixed = Client::connect(config).unwrap();
        assert_eq!(prefixed.admin().table_names().unwrap(), [rest.as_bytes()]);
        assert_eq!(prefixed.table(rest).name(), rest.as_bytes());
        assert_eq!(prefixed.table(rest).full_name(), table.full_name());
        let families = prefixed.admin().column_families(prefixed.table(rest).name());
        assert_eq!(families.unwrap(), table.families().unwrap());
        assert!(prefixed.admin().is_table_enabled(rest).unwrap());
    });
}
