//! What Thrift 2 alone can do to tables: split them, change them, empty them; and namespaces.

use std::time::Duration;

use hbase_thrift_api::thrift2::TTHBaseServiceSyncClient as _;
use hbase_thrift_client::{
    BloomFilter, ColumnFamily, ErrorKind, Get, Namespace, Outcome, Put, Scan,
};
use integration_tests::{Flavour, Server, Test, TestTable, unique_name};

use super::front::{Admin, Client};
use super::{FLAVOURS, connect};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::on_own_server(a_table_is_split_at_its_keys),
        Test::on_own_server(a_row_has_a_region_on_either_interface),
        Test::on_own_server(families_are_added_changed_and_deleted),
        Test::on_own_server(a_table_is_changed_as_a_whole),
        Test::on_own_server(a_change_keeps_what_the_client_has_no_place_for),
        Test::on_own_server(a_table_is_emptied_with_its_regions_or_without),
        Test::on_own_server(a_namespace_lives_from_create_to_delete),
        Test::on_own_server(framed_gateways_are_not_asked_for_what_they_cannot_read),
        Test::on_own_server(thrift_1_refuses_at_once_with_the_interface_that_is_needed),
    ]
}

/// The flavours of Thrift 2 that take what they are sent.
const SOUND: [Flavour; 3] = [Flavour::Threadpool, Flavour::Compact, Flavour::Http];

fn thrift2(server: &Server, flavour: Flavour) -> Client {
    connect(&server.thrift2_endpoint(flavour).to_string())
}

fn starts(admin: &Admin, table: &str) -> Vec<String> {
    let regions = admin.regions(table).unwrap();
    regions.iter().map(|region| region.start_key.escape_ascii().to_string()).collect()
}

fn names(admin: &Admin, table: &str) -> Vec<String> {
    let families = admin.column_families(table).unwrap();
    families.iter().map(|family| family.get_name().escape_ascii().to_string()).collect()
}

fn a_table_is_split_at_its_keys(server: &Server) {
    for flavour in SOUND {
        let (admin, table) =
            (thrift2(server, flavour).admin(), TestTable::reserve(server, "split"));
        let splits = [&b"b"[..], b"\xff'\0", b"a"];
        let families = [ColumnFamily::new("f")];
        admin.create_table_with_splits(table.name(), &families, splits).unwrap();
        assert_eq!(starts(&admin, table.name()), ["", "a", "b", "\\xff\\'\\x00"]);
        let again = admin.create_table_with_splits(table.name(), &families, splits);
        let error = again.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::AlreadyExists, Outcome::NotApplied)
        );
        for wrong in [vec!["a", "a"], vec!["a", ""]] {
            let created = admin.create_table_with_splits("it_never_there", &families, wrong);
            assert_eq!(created.unwrap_err().kind(), ErrorKind::InvalidRequest);
        }
        let none: [&str; 0] = [];
        let other = TestTable::reserve(server, "whole");
        admin.create_table_with_splits(other.name(), &families, none).unwrap();
        assert_eq!(starts(&admin, other.name()), [""]);
    }
}

fn a_row_has_a_region_on_either_interface(server: &Server) {
    let table = TestTable::reserve(server, "region_of");
    let families = [ColumnFamily::new("f")];
    let admin = thrift2(server, Flavour::Threadpool).admin();
    admin.create_table_with_splits(table.name(), &families, ["g", "p"]).unwrap();
    for flavour in FLAVOURS {
        for url in [server.gateway(flavour), server.thrift2_endpoint(flavour).to_string()] {
            let admin = connect(&url).admin();
            for (row, bounds) in
                [("a", ["", "g"]), ("g", ["g", "p"]), ("h\0", ["g", "p"]), ("z", ["p", ""])]
            {
                let region = admin.region_of(table.name(), row).unwrap();
                let found = [&region.start_key, &region.end_key];
                assert_eq!(found.map(|key| key.escape_ascii().to_string()), bounds, "{url}");
                assert!(region.server.is_some() && region.port.is_some());
            }
            let error = admin.region_of("it_there_is_no_such_table", "a").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TableNotFound, "{url}: {error:?}");
            let error = admin.region_of(table.name(), "").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        }
    }
}

fn families_are_added_changed_and_deleted(server: &Server) {
    for flavour in SOUND {
        let client = thrift2(server, flavour);
        let (admin, guard) = (client.admin(), TestTable::create(server, "alter", &["f"]));
        let name = guard.name();
        let added = ColumnFamily::new("g").max_versions(2).block_cache(false);
        admin.add_column_family(name, &added).unwrap();
        assert_eq!(names(&admin, name), ["f", "g"]);
        client.table(name).put(&Put::new("r").column("g:x", "1").column("f:x", "1")).unwrap();
        let changed = added.max_versions(7).time_to_live(Duration::from_hours(2));
        let changed = changed.bloom_filter(BloomFilter::RowColumn).in_memory(true);
        admin.modify_column_family(name, &changed).unwrap();
        assert_eq!(admin.column_families(name).unwrap()[1], changed);
        admin.delete_column_family(name, "g").unwrap();
        assert_eq!(names(&admin, name), ["f"]);
        assert_eq!(client.table(name).get(&Get::new("r")).unwrap().unwrap().len(), 1);
        for (what, failure, kind) in [
            (
                "add",
                admin.add_column_family(name, &ColumnFamily::new("f")),
                ErrorKind::AlreadyExists,
            ),
            ("delete", admin.delete_column_family(name, "none"), ErrorKind::NoSuchColumnFamily),
            (
                "modify",
                admin.modify_column_family(name, &ColumnFamily::new("none")),
                ErrorKind::NoSuchColumnFamily,
            ),
            (
                "no table",
                admin.add_column_family("it_there_is_no_such_table", &ColumnFamily::new("f")),
                ErrorKind::TableNotFound,
            ),
            ("empty", admin.delete_column_family(name, ""), ErrorKind::InvalidRequest),
        ] {
            let error = failure.unwrap_err();
            let found = (error.kind(), error.outcome());
            assert_eq!(found, (kind, Outcome::NotApplied), "{what}: {error:?}");
        }
    }
}

fn a_table_is_changed_as_a_whole(server: &Server) {
    for flavour in SOUND {
        let (admin, table) =
            (thrift2(server, flavour).admin(), TestTable::create(server, "whole", &["f", "g"]));
        let families = [ColumnFamily::new("g").max_versions(4), ColumnFamily::new("h")];
        admin.modify_table(table.name(), &families).unwrap();
        assert_eq!(admin.column_families(table.name()).unwrap(), families);
        let error = admin.modify_table(table.name(), &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }
}

/// Of a table and a family that another client gave settings which this one doesn't know.
fn a_change_keeps_what_the_client_has_no_place_for(server: &Server) {
    let guard = TestTable::reserve(server, "kept");
    let mut raw = server.thrift2_on(Flavour::Threadpool);
    let mut described = crate::thrift2::tables::descriptor(&guard.bytes(), &["f"]);
    let own = || Some([(b"own".to_vec(), b"value".to_vec())].into());
    described.attributes = own();
    let family = &mut described.columns.as_mut().unwrap()[0];
    (family.block_size, family.attributes) = (Some(131_072), own());
    family.time_to_live = Some(3600);
    raw.create_table(described, vec![]).unwrap();
    let mut describe =
        || raw.get_table_descriptor(crate::thrift2::tables::name(&guard.bytes())).unwrap();
    let before = describe();
    let admin = thrift2(server, Flavour::Http).admin();
    let family = admin.column_families(guard.name()).unwrap().remove(0);
    admin.modify_column_family(guard.name(), &family.clone().max_versions(9)).unwrap();
    let mut expected = before.clone();
    let named = before.columns.as_ref().unwrap()[0].attributes.clone().unwrap();
    let changed = |mut found: hbase_thrift_api::thrift2::TTableDescriptor| {
        for family in found.columns.iter_mut().flatten() {
            // HBase's defaults are among the attributes once they were said, and so is what was changed.
            let attributes = family.attributes.as_mut().unwrap();
            attributes.retain(|name, _| named.contains_key(name) && name != b"VERSIONS");
        }
        let attributes = found.attributes.as_mut().unwrap();
        attributes.retain(|name, _| before.attributes.as_ref().unwrap().contains_key(name));
        found
    };
    expected.columns.as_mut().unwrap()[0].max_versions = Some(9);
    assert_eq!(changed(describe()), changed(expected.clone()));
    let families = [family.max_versions(8), ColumnFamily::new("g")];
    admin.modify_table(guard.name(), &families).unwrap();
    let mut found = describe();
    assert_eq!(found.columns.as_mut().unwrap().pop().unwrap().name, b"g");
    expected.columns.as_mut().unwrap()[0].max_versions = Some(8);
    assert_eq!(changed(found), changed(expected));
}

fn a_table_is_emptied_with_its_regions_or_without(server: &Server) {
    for flavour in FLAVOURS {
        let splitting = thrift2(server, Flavour::Threadpool).admin();
        let client = thrift2(server, flavour);
        let (admin, guard) = (client.admin(), TestTable::reserve(server, "emptied"));
        let (name, table) = (guard.name(), client.table(guard.name()));
        splitting.create_table_with_splits(name, &[ColumnFamily::new("f")], ["m"]).unwrap();
        let empty = |keeps_splits: bool| {
            if keeps_splits {
                admin.truncate_table_preserving_splits(name)
            } else {
                admin.truncate_table(name)
            }
        };
        for (keeps_splits, regions) in [(true, &["", "m"][..]), (false, &[""])] {
            table.put(&Put::new("r").column("f:x", "1")).unwrap();
            let error = empty(keeps_splits).unwrap_err();
            let found = (error.kind(), error.outcome());
            assert_eq!(found, (ErrorKind::TableNotDisabled, Outcome::NotApplied), "{error:?}");
            admin.disable_table(name).unwrap();
            empty(keeps_splits).unwrap();
            assert!(admin.is_table_enabled(name).unwrap());
            assert_eq!(starts(&admin, name), regions);
            assert_eq!(table.count_rows(Scan::new()).unwrap(), 0);
        }
        let error = admin.truncate_table("it_there_is_no_such_table").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TableNotFound, "{error:?}");
    }
}

fn a_namespace_lives_from_create_to_delete(server: &Server) {
    for flavour in FLAVOURS {
        let admin = thrift2(server, flavour).admin();
        let name = unique_name("ns");
        let namespace = Namespace::new(name.as_str()).configuration("owner", "a'b\u{e9}");
        admin.create_namespace(&namespace).unwrap();
        let found = admin.namespace(&name).unwrap();
        assert!(found.get_configuration().any(|setting| setting == ("owner", "a'b\u{e9}")));
        let changed = Namespace::new(name.as_str()).configuration("owner", "c");
        admin.modify_namespace(&changed).unwrap();
        let found = admin.namespaces().unwrap();
        let found = found.iter().find(|other| other.get_name() == name).unwrap();
        assert!(found.get_configuration().any(|setting| setting == ("owner", "c")), "{found:?}");
        let error = admin.create_namespace(&namespace).unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::AlreadyExists, Outcome::NotApplied)
        );
        let table = format!("{name}:t");
        admin.create_table(&table, &[ColumnFamily::new("f")]).unwrap();
        assert_eq!(starts(&admin, &table), [""]);
        let error = admin.delete_namespace(&name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Server, "there is a table in it: {error:?}");
        admin.disable_and_delete_table(&table).unwrap();
        admin.delete_namespace(&name).unwrap();
        for failure in [
            admin.namespace(&name).map(drop),
            admin.delete_namespace(&name),
            admin.modify_namespace(&changed),
        ] {
            let error = failure.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NamespaceNotFound, "{error:?}");
        }
        let error = admin.namespace("a:b").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }
}

/// They would do something else than what is asked for, so nothing is sent.
fn framed_gateways_are_not_asked_for_what_they_cannot_read(server: &Server) {
    let admin = thrift2(server, Flavour::Nonblocking).admin();
    let table = TestTable::create(server, "framed", &["f", "g"]);
    let (name, families) = (table.name(), [ColumnFamily::new("f")]);
    for failure in [
        admin.create_table_with_splits("it_never_there", &families, ["a"]),
        admin.delete_column_family(name, "g"),
        admin.modify_column_family(name, &families[0]),
        admin.modify_table(name, &families),
    ] {
        let error = failure.unwrap_err();
        let found = (error.kind(), error.outcome(), error.attempts());
        assert_eq!(found, (ErrorKind::InvalidRequest, Outcome::NotApplied, 0), "{error:?}");
        assert!(error.to_string().contains("buffered, compact or HTTP"), "{error}");
    }
    assert_eq!(names(&admin, name), ["f", "g"]);
    assert!(!admin.table_exists("it_never_there").unwrap());
    // These it reads.
    admin.add_column_family(name, &ColumnFamily::new("h").max_versions(3)).unwrap();
    assert_eq!(names(&admin, name), ["f", "g", "h"]);
}

fn thrift_1_refuses_at_once_with_the_interface_that_is_needed(server: &Server) {
    let admin = connect(&server.gateway(Flavour::Compact)).admin();
    let families = [ColumnFamily::new("f")];
    for failure in [
        admin.create_table_with_splits("t", &families, ["a"]),
        admin.truncate_table("t"),
        admin.truncate_table_preserving_splits("t"),
        admin.add_column_family("t", &families[0]),
        admin.modify_column_family("t", &families[0]),
        admin.delete_column_family("t", "f"),
        admin.modify_table("t", &families),
        admin.create_namespace(&Namespace::new("n")),
        admin.modify_namespace(&Namespace::new("n")),
        admin.delete_namespace("n"),
        admin.namespace("n").map(drop),
        admin.namespaces().map(drop),
    ] {
        let error = failure.unwrap_err();
        let found = (error.kind(), error.outcome(), error.attempts());
        assert_eq!(found, (ErrorKind::Unsupported, Outcome::NotApplied, 0), "{error:?}");
        assert!(error.to_string().contains("use a Thrift 2 gateway"), "{error}");
    }
}
