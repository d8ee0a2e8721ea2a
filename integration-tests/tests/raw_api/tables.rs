//! Tables: created, listed, described, switched on and off, deleted.

use hbase_thrift_api::THbaseSyncClient;
use integration_tests::{Server, Test, TestTable, family};

use super::{Bench, bytes, text};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_created_table_is_listed_and_enabled),
        Test::new(families_come_back_as_they_were_described),
        Test::new(a_table_that_exists_is_not_created_again),
        Test::new(a_bad_name_is_an_internal_error),
        Test::new(a_family_without_a_name_is_an_illegal_argument),
        Test::new(a_disabled_table_is_listed_as_such_until_it_is_enabled_again),
        Test::new(a_deleted_table_is_gone),
        Test::new(an_enabled_table_is_not_deleted),
        Test::new(a_new_table_has_one_region_over_all_keys),
        Test::new(a_missing_table_has_no_regions),
        Test::new(a_region_is_found_by_its_row_in_the_catalogue),
        Test::new(compactions_are_accepted),
    ]
}

impl Bench {
    /// The gateway asks for each table's state in turn, and fails when one of them, which another
    /// test drops at this moment, is gone by then.
    fn listed_as_enabled(&mut self) -> Option<bool> {
        const ATTEMPTS: usize = 100;
        for _ in 0..ATTEMPTS {
            match self.raw.get_table_names_with_is_table_enabled() {
                Ok(listed) => return listed.get(&self.name()).copied(),
                Err(error) => assert!(format!("{error:?}").contains("TableNotFoundException")),
            }
        }
        panic!("a table was dropped during each of {ATTEMPTS} calls");
    }
}

fn a_created_table_is_listed_and_enabled(server: &Server) {
    let mut bench = Bench::new(server, "listed");
    assert!(bench.raw.get_table_names().unwrap().contains(&bench.name()));
    assert!(bench.raw.is_table_enabled(bench.name()).unwrap());
}

fn families_come_back_as_they_were_described(server: &Server) {
    let table = TestTable::reserve(server, "described");
    let mut raw = server.raw();
    let mut described = family("f");
    described.max_versions = Some(7);
    described.compression = Some("GZ".to_owned());
    described.in_memory = Some(true);
    described.bloom_filter_type = Some("ROW".to_owned());
    described.block_cache_enabled = Some(true);
    described.time_to_live = Some(3600);
    raw.create_table(table.bytes(), vec![described, family("plain")]).unwrap();

    let families = raw.get_column_descriptors(table.bytes()).unwrap();
    let names: Vec<_> = families.keys().map(|name| text(Some(name.clone()))).collect();
    assert_eq!(names, ["f:", "plain:"]);
    let described = &families[b"f:".as_slice()];
    assert_eq!(described.name, Some(bytes("f:")));
    assert_eq!(described.max_versions, Some(7));
    assert_eq!(described.compression.as_deref(), Some("GZ"));
    assert_eq!(described.in_memory, Some(true));
    assert_eq!(described.bloom_filter_type.as_deref(), Some("ROW"));
    assert_eq!(described.block_cache_enabled, Some(true));
    assert_eq!(described.time_to_live, Some(3600));
    let plain = &families[b"plain:".as_slice()];
    assert_eq!(plain.max_versions, Some(3));
    assert_eq!(plain.compression.as_deref(), Some("NONE"));
    assert_eq!(plain.time_to_live, Some(i32::MAX));
}

fn a_table_that_exists_is_not_created_again(server: &Server) {
    let mut bench = Bench::new(server, "twice");
    let error = bench.raw.create_table(bench.name(), vec![family("a")]).unwrap_err();
    let thrift::Error::User(error) = error else { panic!("not an exception: {error:?}") };
    assert!(error.is::<hbase_thrift_api::AlreadyExists>(), "{error}");
}

fn a_bad_name_is_an_internal_error(server: &Server) {
    let error = server.raw().create_table(bytes("bad name"), vec![family("a")]).unwrap_err();
    let thrift::Error::Application(error) = error else { panic!("another error: {error:?}") };
    assert_eq!(error.kind, thrift::ApplicationErrorKind::InternalError);
}

fn a_family_without_a_name_is_an_illegal_argument(server: &Server) {
    let table = TestTable::reserve(server, "nameless");
    let error = server.raw().create_table(table.bytes(), vec![family("")]).unwrap_err();
    let thrift::Error::User(error) = error else { panic!("not an exception: {error:?}") };
    assert!(error.is::<hbase_thrift_api::IllegalArgument>(), "{error:?}");
}

fn a_disabled_table_is_listed_as_such_until_it_is_enabled_again(server: &Server) {
    let mut bench = Bench::new(server, "switched");
    let name = bench.name();
    bench.raw.disable_table(name.clone()).unwrap();
    assert!(!bench.raw.is_table_enabled(name.clone()).unwrap());
    assert_eq!(bench.listed_as_enabled(), Some(false));

    bench.raw.enable_table(name.clone()).unwrap();
    assert!(bench.raw.is_table_enabled(name.clone()).unwrap());
    assert_eq!(bench.listed_as_enabled(), Some(true));
}

fn a_deleted_table_is_gone(server: &Server) {
    let mut bench = Bench::new(server, "deleted");
    bench.raw.disable_table(bench.name()).unwrap();
    bench.raw.delete_table(bench.name()).unwrap();
    assert!(!bench.raw.get_table_names().unwrap().contains(&bench.name()));
}

fn an_enabled_table_is_not_deleted(server: &Server) {
    let mut bench = Bench::new(server, "kept");
    let error = bench.raw.delete_table(bench.name()).unwrap_err();
    let thrift::Error::User(error) = error else { panic!("not an exception: {error:?}") };
    let error = error.downcast::<hbase_thrift_api::IOError>().unwrap();
    assert!(error.message.unwrap().contains("TableNotDisabledException"));
    assert!(bench.raw.is_table_enabled(bench.name()).unwrap());
}

fn a_new_table_has_one_region_over_all_keys(server: &Server) {
    let mut bench = Bench::new(server, "regions");
    let regions = bench.raw.get_table_regions(bench.name()).unwrap();
    assert_eq!(regions.len(), 1);
    let region = &regions[0];
    assert_eq!(
        (region.start_key.as_deref(), region.end_key.as_deref()),
        (Some(&[][..]), Some(&[][..]))
    );
    assert!(text(region.name.clone()).starts_with(&format!("{},,", bench.table.name())));
    assert!(region.id.unwrap() > 0 && region.port.unwrap() > 0);
    assert!(!region.server_name.as_ref().unwrap().is_empty());
}

fn a_missing_table_has_no_regions(server: &Server) {
    let table = TestTable::reserve(server, "missing");
    assert_eq!(server.raw().get_table_regions(table.bytes()).unwrap(), []);
}

fn a_region_is_found_by_its_row_in_the_catalogue(server: &Server) {
    let mut bench = Bench::new(server, "catalogue");
    let region = bench.raw.get_table_regions(bench.name()).unwrap().remove(0);
    let found = bench.raw.get_region_info(region.name.clone().unwrap()).unwrap();
    assert_eq!(found.name, region.name);
    assert_eq!((found.start_key, found.end_key), (region.start_key, region.end_key));
    assert_eq!((found.server_name, found.port), (region.server_name, region.port));
}

fn compactions_are_accepted(server: &Server) {
    let mut bench = Bench::new(server, "compacted");
    bench.put("r", "a:x", "v");
    bench.raw.compact(bench.name()).unwrap();
    bench.raw.major_compact(bench.name()).unwrap();
    let region = bench.raw.get_table_regions(bench.name()).unwrap().remove(0);
    bench.raw.compact(region.name.unwrap()).unwrap();
}
