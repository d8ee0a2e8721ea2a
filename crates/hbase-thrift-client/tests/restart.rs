//! A gateway that is restarted under a scan: the numbers of its scanners mean others then.

#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::path::Path;

use hbase_thrift_client::{Client, ColumnFamily, Config, Get, Put, Scan, Table};
use mini_hbase::MiniHBase;

fn start(address: &str, folder: &Path) -> MiniHBase {
    MiniHBase::builder().listen(address).store(folder).start().unwrap()
}

fn connect(address: SocketAddr) -> Client {
    Client::connect(Config::new(address.ip().to_string(), address.port())).unwrap()
}

fn fill(client: &Client, name: &str) -> Table {
    client.admin().create_table(name, &[ColumnFamily::new("f")]).unwrap();
    let table = client.table(name);
    for number in 0..10 {
        table.put(&Put::new(format!("{name}{number}")).column("f:x", "1")).unwrap();
    }
    table
}

/// As many scanners as open here before, so that one of them has our number.
const OTHERS: usize = 8;

#[test]
fn a_scanner_never_reads_from_another_that_has_its_number_after_a_restart() {
    // A call between shows that the connection is gone before the scanner asks.
    for (read_ahead, calls_between) in [(false, false), (false, true), (true, false), (true, true)]
    {
        let folder = tempfile::tempdir().unwrap();
        let server = start("127.0.0.1:0", folder.path());
        let address = server.address();
        let client = connect(address);
        let (ours, _) = (fill(&client, "ours"), fill(&client, "theirs"));
        let scan = Scan::new().caching(2).read_ahead(read_ahead);
        let mut scanner = ours.scan(scan).unwrap();
        let mut seen: Vec<_> = scanner.by_ref().take(2).map(Result::unwrap).collect();

        drop(server);
        let _server = start(&address.to_string(), folder.path());
        let other = connect(address);
        let theirs = other.table("theirs");
        let mut others: Vec<_> =
            (0..OTHERS).map(|_| theirs.scan(Scan::new().caching(2)).unwrap()).collect();
        for other in &mut others {
            other.next().unwrap().unwrap();
        }
        if calls_between {
            ours.get(&Get::new("ours0")).unwrap().unwrap();
        }
        seen.extend(scanner.map(Result::unwrap));
        let keys: Vec<_> = seen.iter().map(|row| row.key().escape_ascii().to_string()).collect();
        assert_eq!(keys, (0..10).map(|number| format!("ours{number}")).collect::<Vec<_>>());
        for mut other in others {
            let next = other.next().unwrap().unwrap();
            assert_eq!(next.key(), b"theirs1");
        }
    }
}
