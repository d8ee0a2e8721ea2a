//! Tables and namespaces through Thrift 2: what Thrift 1 has no calls for.

use hbase_thrift_api::thrift2::{
    TBloomFilterType, TColumnFamilyDescriptor, TCompressionAlgorithm, TIOError,
    TNamespaceDescriptor, TTHBaseServiceSyncClient as _, TTableDescriptor, TTableName,
};
use integration_tests::{Flavour, RawThrift2, Server, Test, TestTable, unique_name};

use super::{bytes, get, put};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::on_own_server(a_table_is_described_with_all_defaults),
        Test::on_own_server(families_come_and_go_and_the_cells_of_the_others_stay),
        Test::on_own_server(a_truncated_table_is_empty_and_keeps_its_regions_if_asked),
        Test::on_own_server(a_region_has_the_rows_from_its_beginning_on),
        Test::on_own_server(tables_are_found_by_pattern_and_namespace),
        Test::on_own_server(tables_are_listed_by_their_namespaces_first),
        Test::on_own_server(namespaces_come_and_go),
        Test::on_own_server(what_is_refused_is_told_in_the_masters_words),
    ]
}

/// A family of which nothing is said.
pub(super) fn family(name: &str) -> TColumnFamilyDescriptor {
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

pub(crate) fn descriptor(table: &[u8], families: &[&str]) -> TTableDescriptor {
    let families: Vec<_> = families.iter().map(|name| family(name)).collect();
    TTableDescriptor::new(name(table), families, None, None)
}

pub(crate) fn name(table: &[u8]) -> TTableName {
    let text = String::from_utf8_lossy(table);
    match text.split_once(':') {
        Some((namespace, name)) => TTableName::new(bytes(namespace), bytes(name)),
        None => TTableName::new(None::<Vec<u8>>, table.to_vec()),
    }
}

/// A table that the test creates with Thrift 2.
struct Bench {
    raw: RawThrift2,
    table: TestTable,
}

impl Bench {
    fn new(server: &Server, name: &str) -> Self {
        let table = TestTable::reserve(server, name);
        Self { raw: server.thrift2_on(Flavour::Threadpool), table }
    }

    fn create(&mut self, families: &[&str], splits: &[&str]) {
        let descriptor = descriptor(&self.table.bytes(), families);
        let splits = splits.iter().map(|split| bytes(split)).collect();
        self.raw.create_table(descriptor, splits).unwrap();
    }

    fn name(&self) -> TTableName {
        name(&self.table.bytes())
    }

    fn put(&mut self, family: &str, row: &str) {
        let mut one = put(row, "x", "v");
        one.column_values[0].family = bytes(family);
        self.raw.put(self.table.bytes(), one).unwrap();
    }

    /// The families that a row has cells in.
    fn families_of(&mut self, row: &str) -> Vec<String> {
        let found = self.raw.get(self.table.bytes(), get(row)).unwrap();
        let names = found.column_values.into_iter().map(|cell| String::from_utf8(cell.family));
        names.collect::<Result<_, _>>().unwrap()
    }

    fn families(&mut self) -> Vec<String> {
        let found = self.raw.get_table_descriptor(self.name()).unwrap();
        let names = found.columns.unwrap().into_iter().map(|one| String::from_utf8(one.name));
        names.collect::<Result<_, _>>().unwrap()
    }

    fn starts(&mut self) -> Vec<String> {
        let found = self.raw.get_all_region_locations(self.table.bytes()).unwrap();
        let starts = found.into_iter().map(|one| one.region_info.start_key.unwrap_or_default());
        starts.map(|start| String::from_utf8(start).unwrap()).collect()
    }
}

/// The text of an exception without the stack, and whether the call may be made again.
pub(super) fn refused<T: std::fmt::Debug>(result: thrift::Result<T>) -> (String, Option<bool>) {
    let error = match result.unwrap_err() {
        thrift::Error::User(error) => error,
        other => return (format!("{other:?}"), None),
    };
    let error = error.downcast_ref::<TIOError>().unwrap();
    let text = error.message.as_deref().unwrap_or_default().lines().next().unwrap_or_default();
    (text.trim_end().to_owned(), error.can_retry)
}

fn a_table_is_described_with_all_defaults(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_described");
    let mut wanted = descriptor(&bench.table.bytes(), &["a", "b"]);
    let families = wanted.columns.as_mut().unwrap();
    families[0].max_versions = Some(5);
    families[0].time_to_live = Some(100);
    families[0].bloomn_filter_type = Some(TBloomFilterType::ROWCOL);
    families[0].in_memory = Some(true);
    // What a field says goes before an attribute.
    let attributes = [("VERSIONS", "7"), ("TTL", "200"), ("IN_MEMORY", "false")];
    let attributes = attributes.map(|(key, value)| (bytes(key), bytes(value)));
    families[0].attributes = Some(attributes.clone().into());
    families[1].attributes = Some(attributes.into());
    wanted.attributes = Some([(bytes("k"), bytes("v"))].into());
    bench.raw.create_table(wanted, Vec::new()).unwrap();
    let found = bench.raw.get_table_descriptor(bench.name()).unwrap();
    assert_eq!(found.table_name.ns.as_deref(), Some(&b"default"[..]));
    let attributes = found.attributes.unwrap();
    let keys = attributes.keys().map(|key| String::from_utf8_lossy(key));
    // Releases before 2.5 don't have it.
    let keys: Vec<_> = keys.filter(|key| key != "hbase.store.file-tracker.impl").collect();
    assert_eq!(keys, ["IS_META", "k"]);
    let families = found.columns.unwrap();
    let [a, b] = &families[..] else { panic!("{families:?}") };
    assert_eq!((a.max_versions, b.max_versions), (Some(5), Some(7)));
    assert_eq!((a.time_to_live, b.time_to_live), (Some(100), Some(200)));
    assert_eq!((a.in_memory, b.in_memory), (Some(true), Some(false)));
    assert_eq!(a.bloomn_filter_type, Some(TBloomFilterType::ROWCOL));
    assert_eq!(b.bloomn_filter_type, Some(TBloomFilterType::ROW));
    assert_eq!(b.compression_type, Some(TCompressionAlgorithm::NONE));
    assert_eq!((b.block_cache_enabled, b.compress_tags), (Some(true), Some(true)));
    assert_eq!((b.block_size, b.scope, b.min_versions), (Some(65_536), Some(0), Some(0)));
    assert_eq!(b.attributes.as_ref().unwrap()[&b"TTL"[..]], b"200");
    // Nor have they this one.
    let others =
        b.attributes.as_ref().unwrap().keys().filter(|key| *key != b"INDEX_BLOCK_ENCODING");
    assert_eq!(others.count(), 11);
}

fn families_come_and_go_and_the_cells_of_the_others_stay(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_altered");
    bench.create(&["b", "d"], &[]);
    for family in ["b", "d"] {
        bench.put(family, "r");
    }
    for new in ["c", "a", "e"] {
        bench.raw.add_column_family(bench.name(), family(new)).unwrap();
        bench.put(new, "r");
    }
    assert_eq!(bench.families_of("r"), ["a", "b", "c", "d", "e"]);
    bench.raw.delete_column_family(bench.name(), bytes("c")).unwrap();
    bench.raw.delete_column_family(bench.name(), bytes("e")).unwrap();
    assert_eq!(bench.families_of("r"), ["a", "b", "d"]);
    // What was in it before is gone.
    bench.raw.add_column_family(bench.name(), family("c")).unwrap();
    assert_eq!(bench.families_of("r"), ["a", "b", "d"]);
    let more = TColumnFamilyDescriptor { max_versions: Some(9), ..family("a") };
    bench.raw.modify_column_family(bench.name(), more).unwrap();
    let found = bench.raw.get_table_descriptor(bench.name()).unwrap();
    assert_eq!(found.columns.unwrap()[0].max_versions, Some(9));
    bench.raw.modify_table(descriptor(&bench.table.bytes(), &["d", "z"])).unwrap();
    assert_eq!(bench.families(), ["d", "z"]);
    bench.put("z", "r");
    assert_eq!(bench.families_of("r"), ["d", "z"]);
    // A disabled table stays so.
    bench.raw.disable_table(bench.name()).unwrap();
    bench.raw.add_column_family(bench.name(), family("a")).unwrap();
    assert!(bench.raw.is_table_disabled(bench.name()).unwrap());
    bench.raw.enable_table(bench.name()).unwrap();
    assert_eq!(bench.families_of("r"), ["d", "z"]);
}

fn a_truncated_table_is_empty_and_keeps_its_regions_if_asked(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_truncated");
    bench.create(&["a"], &["p", "g"]);
    bench.put("a", "r");
    let enabled = refused(bench.raw.truncate_table(bench.name(), true));
    let class = "org.apache.hadoop.hbase.TableNotDisabledException";
    assert_eq!(enabled, (format!("{class}: {}", bench.table.name()), Some(false)));
    bench.raw.disable_table(bench.name()).unwrap();
    bench.raw.truncate_table(bench.name(), true).unwrap();
    assert!(bench.raw.is_table_enabled(bench.name()).unwrap());
    assert_eq!(bench.families_of("r"), Vec::<String>::new());
    assert_eq!(bench.starts(), ["", "g", "p"]);
    bench.put("a", "r");
    bench.raw.disable_table(bench.name()).unwrap();
    bench.raw.truncate_table(bench.name(), false).unwrap();
    assert_eq!(bench.families_of("r"), Vec::<String>::new());
    assert_eq!(bench.starts(), [""]);
}

fn a_region_has_the_rows_from_its_beginning_on(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_regions");
    bench.create(&["a"], &["g", "p"]);
    for (row, start, end) in
        [("", "", "g"), ("f", "", "g"), ("g", "g", "p"), ("o", "g", "p"), ("z", "p", "")]
    {
        let found = bench.raw.get_region_location(bench.table.bytes(), bytes(row), false).unwrap();
        let found = found.region_info;
        assert_eq!((found.start_key, found.end_key), (Some(bytes(start)), Some(bytes(end))));
    }
    let mut is_split = |splits: &[&str]| {
        let splits = splits.iter().map(|split| bytes(split)).collect();
        bench.raw.is_table_available_with_split(name(&bench.table.bytes()), splits).unwrap()
    };
    assert!(is_split(&["g", "p"]) && is_split(&["p"]) && is_split(&[]));
    assert!(!is_split(&["g", "q"]));
    // Thrift 1 sees them too.
    let regions = hbase_thrift_api::THbaseSyncClient::get_table_regions(
        &mut server.raw(),
        bench.table.bytes(),
    );
    let starts: Vec<_> = regions.unwrap().into_iter().map(|one| one.start_key.unwrap()).collect();
    assert_eq!(starts, [bytes(""), bytes("g"), bytes("p")]);
}

fn tables_are_found_by_pattern_and_namespace(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_found");
    bench.create(&["a"], &[]);
    let own = bench.table.name().to_owned();
    let mut found = |pattern: String| {
        let found = bench.raw.get_table_names_by_pattern(pattern, false).unwrap();
        found.into_iter().any(|one| one.qualifier == own.as_bytes())
    };
    assert!(found(own.clone()) && found(format!("default:{own}")) && found(format!("{own}.*")));
    assert!(!found(own[1..].to_owned()) && !found(String::new()));
    let all = bench.raw.get_table_names_by_namespace("default".to_owned()).unwrap();
    assert!(all.iter().any(|one| one.qualifier == bench.table.bytes()));
    let described =
        bench.raw.get_table_descriptors_by_pattern(bench.table.name().to_owned(), false);
    assert_eq!(described.unwrap().len(), 1);
    let described = bench.raw.get_table_descriptors(vec![bench.name(), name(b"none")]).unwrap();
    assert_eq!(described.len(), 1);
    assert!(bench.raw.table_exists(bench.name()).unwrap());
    assert!(!bench.raw.table_exists(name(b"none")).unwrap());
    let absent = refused(bench.raw.get_table_names_by_namespace("none".to_owned()));
    let class = "org.apache.hadoop.hbase.NamespaceNotFoundException";
    assert_eq!(absent, (format!("{class}: none"), Some(false)));
    assert!(bench.raw.get_table_names_by_pattern("[".to_owned(), false).is_err());
}

fn tables_are_listed_by_their_namespaces_first(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_listed");
    bench.create(&["a"], &[]);
    let own = bench.table.name().to_owned();
    // One before and one behind `default`, which counts though it isn't written.
    let namespaces = ["a", "z"].map(|first| format!("{first}_{own}"));
    for name in &namespaces {
        let namespace = TNamespaceDescriptor { name: name.clone(), configuration: None };
        bench.raw.create_namespace(namespace).unwrap();
        bench.raw.create_table(descriptor(format!("{name}:t").as_bytes(), &["a"]), vec![]).unwrap();
    }
    let expected = [format!("{}:t", namespaces[0]), own.clone(), format!("{}:t", namespaces[1])];
    let found = bench.raw.get_table_names_by_pattern(".*".to_owned(), false).unwrap();
    let plain = |name: TTableName| {
        let parts = [name.ns.unwrap(), name.qualifier].map(|part| String::from_utf8(part).unwrap());
        parts.join(":").replace("default:", "")
    };
    let is_own = |name: &String| name.contains(&own);
    assert_eq!(found.into_iter().map(plain).filter(is_own).collect::<Vec<_>>(), expected);
    let found = hbase_thrift_api::THbaseSyncClient::get_table_names(&mut server.raw()).unwrap();
    let found = found.into_iter().map(|name| String::from_utf8(name).unwrap());
    assert_eq!(found.filter(is_own).collect::<Vec<_>>(), expected, "Thrift 1");
    for namespace in namespaces {
        let table = name(format!("{namespace}:t").as_bytes());
        bench.raw.disable_table(table.clone()).unwrap();
        bench.raw.delete_table(table).unwrap();
        bench.raw.delete_namespace(namespace).unwrap();
    }
}

fn namespaces_come_and_go(server: &Server) {
    let mut raw = server.thrift2_on(Flavour::Threadpool);
    let own = unique_name("ns");
    let said = |key: &str| Some([(key.to_owned(), "v".to_owned())].into());
    let namespace = |said| TNamespaceDescriptor { name: own.clone(), configuration: said };
    let absent =
        refused(raw.create_table(descriptor(format!("{own}:t").as_bytes(), &["a"]), vec![]));
    let class = "org.apache.hadoop.hbase.NamespaceNotFoundException";
    assert_eq!(absent, (format!("{class}: {own}"), Some(false)));
    raw.create_namespace(namespace(said("k"))).unwrap();
    let again = refused(raw.create_namespace(namespace(None)));
    let class = "org.apache.hadoop.hbase.NamespaceExistException";
    assert_eq!(again, (format!("{class}: Namespace {own} already exists"), Some(false)));
    assert_eq!(raw.get_namespace_descriptor(own.clone()).unwrap(), namespace(said("k")));
    raw.modify_namespace(namespace(None)).unwrap();
    assert_eq!(raw.get_namespace_descriptor(own.clone()).unwrap(), namespace(None));
    assert!(raw.list_namespaces().unwrap().contains(&own));
    let described = raw.list_namespace_descriptors().unwrap();
    assert!(
        described.iter().any(|one| one.name == "hbase") && described.contains(&namespace(None))
    );
    let table = format!("{own}:t").into_bytes();
    raw.create_table(descriptor(&table, &["a"]), Vec::new()).unwrap();
    raw.put(table.clone(), put("r", "x", "v")).unwrap();
    assert!(raw.exists(table.clone(), get("r")).unwrap());
    assert_eq!(raw.get_table_names_by_namespace(own.clone()).unwrap(), [name(&table)]);
    let full = refused(raw.delete_namespace(own.clone()));
    let class = "org.apache.hadoop.hbase.constraint.ConstraintException";
    let text = format!("Only empty namespaces can be removed. Namespace {own} has 1 tables");
    assert_eq!(full, (format!("{class}: {text}"), Some(false)));
    raw.disable_table(name(&table)).unwrap();
    raw.delete_table(name(&table)).unwrap();
    raw.delete_namespace(own.clone()).unwrap();
    refused(raw.delete_namespace(own));
    let reserved = refused(raw.delete_namespace("default".to_owned()));
    let text = "Reserved namespace default cannot be removed.";
    assert_eq!(reserved, (format!("{class}: {text}"), Some(false)));
}

fn what_is_refused_is_told_in_the_masters_words(server: &Server) {
    let mut bench = Bench::new(server, "thrift2_refused");
    bench.create(&["a"], &[]);
    let (own, absent) = (bench.table.name().to_owned(), name(b"none"));
    let raw = &mut bench.raw;
    let class = |name: &str| format!("org.apache.hadoop.hbase.{name}Exception");
    let said = |text: String| (text, Some(false));
    let table = || name(own.as_bytes());
    assert_eq!(
        refused(raw.create_table(descriptor(own.as_bytes(), &["a"]), Vec::new())),
        said(format!("{}: {own}", class("TableExists")))
    );
    assert_eq!(
        refused(raw.delete_table(table())),
        said(format!(
            "{}: Not DISABLED; tableName={own}, state=ENABLED",
            class("TableNotDisabled")
        ))
    );
    assert_eq!(refused(raw.enable_table(table())), said(format!("tableName={own}, state=ENABLED")));
    assert_eq!(refused(raw.enable_table(absent.clone())), said("none".to_owned()));
    assert_eq!(refused(raw.is_table_enabled(absent.clone())), said("none".to_owned()));
    assert_eq!(refused(raw.get_table_descriptor(absent.clone())), said("none".to_owned()));
    assert!(!raw.is_table_available(absent.clone()).unwrap());
    let missing = said(format!("{}: none", class("TableNotFound")));
    assert_eq!(refused(raw.delete_table(absent.clone())), missing);
    assert_eq!(refused(raw.disable_table(absent.clone())), missing);
    assert_eq!(refused(raw.truncate_table(absent.clone(), true)), missing);
    assert_eq!(refused(raw.add_column_family(absent.clone(), family("b"))), missing);
    assert_eq!(refused(raw.modify_table(descriptor(b"none", &["b"]))), missing);
    let invalid = class("InvalidFamilyOperation");
    assert_eq!(
        refused(raw.add_column_family(table(), family("a"))),
        said(format!(
            "{invalid}: Column family 'a' in table '{own}' already exists so cannot be added"
        ))
    );
    assert_eq!(
        refused(raw.modify_column_family(table(), family("b"))),
        said(format!("{invalid}: Family 'b' does not exist, so it cannot be modified"))
    );
    assert_eq!(
        refused(raw.delete_column_family(table(), bytes("b"))),
        said(format!("{invalid}: Family 'b' does not exist, so it cannot be deleted"))
    );
    assert_eq!(
        refused(raw.delete_column_family(table(), bytes("a"))),
        said(format!(
            "{invalid}: Family 'a' is the only column family in the table, so it cannot be deleted"
        ))
    );
    raw.disable_table(table()).unwrap();
    assert_eq!(
        refused(raw.disable_table(table())),
        said(format!("{}: {own}", class("TableNotEnabled")))
    );
    assert!(!raw.is_table_available(table()).unwrap());
    assert_eq!(
        refused(raw.get(own.clone().into_bytes(), get("r"))),
        said(format!("{own} is disabled."))
    );
}
