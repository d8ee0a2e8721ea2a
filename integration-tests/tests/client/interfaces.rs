//! The two interfaces side by side: what one program does over each, and which one a client speaks.

use hbase_thrift_client::{
    Batch, CheckAndPut, ColumnFamily, Config, Delete, ErrorKind, Get, Increment, Interface,
    Outcome, Put, Scan, WriterOptions,
};
use integration_tests::{Flavour, Server, Test, TestTable};

use super::front::{Client, Table};
use super::{FLAVOURS, connect};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::on_own_server(one_program_does_the_same_over_either_interface),
        Test::on_own_server(a_client_speaks_what_its_gateway_has),
        Test::on_own_server(a_gateway_of_another_interface_than_the_configured_is_refused),
        Test::on_own_server(gateways_of_one_client_have_one_interface),
        Test::on_own_server(regions_are_the_same_by_either_interface),
        Test::on_own_server(what_one_interface_sends_at_once_the_other_sends_in_parts),
    ]
}

fn one_program_does_the_same_over_either_interface(server: &Server) {
    for flavour in FLAVOURS {
        let [one, two] = [server.gateway(flavour), server.thrift2_endpoint(flavour).to_string()]
            .map(|url| {
                let table = TestTable::reserve(server, "program");
                program(&connect(&url), table.name()).join("\n").replace(table.name(), "TABLE")
            });
        assert_eq!(one, two, "{flavour:?}");
        assert!(one.lines().count() > 20, "{one}");
    }
}

/// What a user writes, knowing nothing of interfaces; returns what it would print.
fn program(client: &Client, name: &str) -> Vec<String> {
    let (admin, table) = (client.admin(), client.table(name));
    let mut said = Vec::new();
    let families = [ColumnFamily::new("f").max_versions(3), ColumnFamily::new("g")];
    admin.create_table(name, &families).unwrap();
    said.push(format!("{:?} {:?}", admin.table_exists(name), admin.column_families(name)));

    table.put(&Put::new("a").column("f:x", "1").column("g:", "2").timestamp(5)).unwrap();
    said.push(format!("{:?}", table.get(&Get::new("a")).unwrap().map(|row| row.to_owned_row())));
    said.push(format!("{:?}", table.get(&Get::new("none")).unwrap()));
    said.push(format!("{:?}", table.increment(&Increment::new("n", "f:n", 41)).unwrap()));
    said.push(format!("{:?}", table.increment(&Increment::new("n", "f:n", 1)).unwrap()));
    for expected in ["0", "1"] {
        let check = CheckAndPut::if_equal("a", "f:x", expected).put("f:y", "done");
        said.push(format!("{:?}", table.check_and_put(&check).unwrap()));
    }

    let writer = table.writer(WriterOptions::new().no_max_age());
    for number in 0..300 {
        writer.write(Put::new(format!("r{number:03}")).column("f:v", number.to_string())).unwrap();
    }
    writer.write(Delete::row("r007")).unwrap();
    writer.write(Delete::row("r008").column("f:v").family("g")).unwrap();
    writer.write(Put::new("s").column("g:w", "after the deletes")).unwrap();
    writer.close().unwrap();
    for scan in [
        Scan::new().prefix("r").limit(12),
        Scan::new().prefix("r").reversed().caching(7).limit(20),
        Scan::new().start("r005").stop_inclusive("r010").column("f:v"),
        Scan::new().filter("ValueFilter(=, 'substring:99')"),
        Scan::new().start("r290").caching(3).batch(1),
    ] {
        let rows = table.scan(scan).unwrap().map(|row| {
            let row = row.unwrap();
            let cells = row
                .cells()
                .map(|cell| format!("{}={}", cell.column(), cell.value().escape_ascii()));
            format!("{} {:?}", row.key().escape_ascii(), cells.collect::<Vec<_>>())
        });
        said.extend(rows);
    }
    said.push(format!("{:?}", table.count_rows(Scan::new()).unwrap()));

    let mut pipeline = client.pipeline();
    let first = pipeline.get(&table, Get::new("s").column("g:w")).unwrap();
    let second = pipeline.increment(&table, Increment::new("n", "f:n", -2)).unwrap();
    let mut results = pipeline.send();
    let row = results.take(first).unwrap().unwrap();
    said.push(format!("{:?} {}", row.get("g:w"), results.take(second).unwrap()));

    said.push(failure(table.get(&Get::new("a").column("none:x"))));
    said.push(failure(table.put(&Put::new("a").column("none:x", "1"))));
    said.push(failure(admin.create_table(name, &families)));
    said.push(failure(admin.enable_table(name)));
    said.push(failure(admin.delete_table(name)));
    said.push(failure(admin.is_table_enabled("it_there_is_no_such_table")));
    said.push(failure(client.table("it_there_is_no_such_table").get(&Get::new("r"))));
    let regions = admin.regions(name).unwrap();
    let regions = regions.iter().map(|region| (&region.start_key, &region.end_key));
    said.push(format!("{:?}", regions.collect::<Vec<_>>()));
    admin.disable_table(name).unwrap();
    said.push(failure(admin.disable_table(name)));
    said.push(failure(table.put(&Put::new("a").column("f:x", "1"))));
    said.push(format!("{:?}", admin.table_states().unwrap().contains(&(name.into(), false))));
    admin.delete_table(name).unwrap();
    said.push(format!("{:?}", admin.table_exists(name)));
    said
}

fn failure<T: std::fmt::Debug>(result: hbase_thrift_client::Result<T>) -> String {
    let error = result.unwrap_err();
    format!("{:?} {:?} {}", error.kind(), error.outcome(), error.is_retryable())
}

fn a_client_speaks_what_its_gateway_has(server: &Server) {
    for flavour in FLAVOURS {
        for (url, interface, number) in [
            (server.gateway(flavour), Interface::One, "1"),
            (server.thrift2_endpoint(flavour).to_string(), Interface::Two, "2"),
        ] {
            let config: Config = url.parse().unwrap();
            let found = Client::probe(&config).unwrap();
            assert_eq!(found.interface(), Some(interface), "{url}");
            let named = config.interface(interface);
            assert!(named.to_string().ends_with(&format!("interface={number}")), "{named}");
            connect(&named.to_string()).ping().unwrap();
        }
    }
}

fn a_gateway_of_another_interface_than_the_configured_is_refused(server: &Server) {
    for flavour in FLAVOURS {
        for (url, other) in [
            (server.gateway(flavour), Interface::Two),
            (server.thrift2_endpoint(flavour).to_string(), Interface::One),
        ] {
            let config: Config = url.parse().unwrap();
            let error = Client::connect(config.interface(other)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongProtocol, "{url}: {error:?}");
            assert!(error.to_string().contains(&format!("the client speaks {other}")), "{error}");
            assert_eq!(error.outcome(), Outcome::NotApplied);
        }
    }
}

/// The first one that answers says what is spoken; the client goes on with those that have it.
fn gateways_of_one_client_have_one_interface(server: &Server) {
    let table = TestTable::create(server, "both_interfaces", &["f"]);
    let one: Config = server.gateway(Flavour::Threadpool).parse().unwrap();
    let two: Config = server.thrift2_endpoint(Flavour::Threadpool).to_string().parse().unwrap();
    let both = one.endpoint("127.0.0.1", two.get_endpoints()[0].port());
    let both = both.clone().endpoint("127.0.0.1", 1);
    for interface in [None, Some(Interface::One), Some(Interface::Two)] {
        let config = interface.map_or(both.clone(), |interface| both.clone().interface(interface));
        let client = Client::lazy(config).unwrap();
        let table = client.table(table.name());
        std::thread::scope(|threads| {
            for number in 0..4 {
                let table = &table;
                threads.spawn(move || {
                    let key = format!("r{number}");
                    table.put(&Put::new(key.as_str()).column("f:x", "1")).unwrap();
                    assert!(table.get(&Get::new(key)).unwrap().is_some());
                });
            }
        });
    }
}

/// But for their names, which Thrift 2 doesn't say.
fn regions_are_the_same_by_either_interface(server: &Server) {
    let table = TestTable::create(server, "both_regions", &["f"]);
    let [mut one, two] =
        [server.gateway(Flavour::Compact), server.thrift2_endpoint(Flavour::Compact).to_string()]
            .map(|url| connect(&url).admin().regions(table.name()).unwrap());
    assert!(one.iter().all(|region| region.name.is_some() && region.id.is_some()));
    for region in &mut one {
        (region.name, region.id) = (None, None);
    }
    assert_eq!(one, two);
    assert_eq!(one.len(), 1);
    let client = connect(&server.gateway(Flavour::Compact));
    let error = client.admin().compact_region(&two[0]).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unsupported, Outcome::NotApplied));
}

fn what_one_interface_sends_at_once_the_other_sends_in_parts(server: &Server) {
    let client = connect(&server.thrift2_endpoint(Flavour::Threadpool).to_string());
    let guard = TestTable::create(server, "parts", &["f", "g"]);
    let table = client.table(guard.name());
    let put = |row: &str, time: i64| Put::new(row).column("f:x", row).timestamp(time);
    // Thrift 1 has place for one time, and would drop the delete.
    table.put(&put("old", 1)).unwrap();
    let batch = Batch::new().put(put("a", 7)).put(put("b", 8)).delete(Delete::row("old"));
    table.batch(&batch).unwrap();
    assert_eq!(keys(&table), ["a", "b"]);
    let both = Batch::new().put(put("a", 9)).delete(Delete::row("a"));
    assert_eq!(table.batch(&both).unwrap_err().kind(), ErrorKind::InvalidRequest);
    // The puts are made when the deletes are refused.
    let partly = Batch::new().put(put("c", 7)).delete(Delete::row("b").family("none"));
    let error = table.batch(&partly).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::NoSuchColumnFamily, Outcome::Unknown));
    assert_eq!(keys(&table), ["a", "b", "c"]);
    let increments = [Increment::new("n", "f:n", 1), Increment::new("m", "none:n", 1)];
    let error = table.increment_rows(&increments).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::NoSuchColumnFamily, Outcome::Unknown));
    assert_eq!(table.counter_get("n", "f:n").unwrap(), 1);
    let error = table.increment_rows(&increments[1..]).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotApplied);
    // Those of a row are one step.
    let increments = ["f:n", "g:n", "none:n"].map(|column| Increment::new("one", column, 1));
    let error = table.increment_rows(&increments).unwrap_err();
    let said = (error.kind(), error.outcome());
    assert_eq!(said, (ErrorKind::NoSuchColumnFamily, Outcome::NotApplied));
    table.increment_rows(&increments[..2]).unwrap();
    assert_eq!(["f:n", "g:n"].map(|column| table.counter_get("one", column).unwrap()), [1, 1]);
    // In a pipeline each is one call, and these are none.
    let mut pipeline = client.pipeline();
    let rows = ["n", "m"].map(|row| Increment::new(row, "f:n", 1)).to_vec();
    let refused = pipeline.increment_rows(&table, rows).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    let refused = pipeline.batch(&table, batch).unwrap_err();
    assert!(refused.to_string().contains("Thrift 1 gateway"), "{refused}");
}

fn keys(table: &Table) -> Vec<String> {
    let rows = table.scan(Scan::new()).unwrap();
    rows.map(|row| row.unwrap().key().escape_ascii().to_string()).collect()
}
