//! Changes of the schema whose reply is lost: nobody knows what became of them, and none is made twice.

use std::net::SocketAddr;

use hbase_thrift_client::{Admin, Client, ColumnFamily, ErrorKind, Namespace, Outcome, Result};
use mini_hbase::{Protocol, Transport};

use crate::support::proxy::{Direction, Harm, Proxy};
use crate::{config, exact};

type Change = fn(&Admin, &str) -> Result<()>;

const CHANGES: [(&str, Change); 10] = [
    ("create_table_with_splits", |admin, name| {
        admin.create_table_with_splits(format!("new-{name}"), &[ColumnFamily::new("f")], ["m"])
    }),
    ("add_column_family", |admin, name| admin.add_column_family(name, &ColumnFamily::new("h"))),
    ("modify_column_family", |admin, name| {
        admin.modify_column_family(name, &ColumnFamily::new("f").max_versions(3))
    }),
    ("delete_column_family", |admin, name| admin.delete_column_family(name, "g")),
    ("modify_table", |admin, name| admin.modify_table(name, &[ColumnFamily::new("f")])),
    ("truncate_table", |admin, name| admin.truncate_table(format!("off-{name}"))),
    ("truncate_table_preserving_splits", |admin, name| {
        admin.truncate_table_preserving_splits(format!("off-{name}"))
    }),
    ("create_namespace", |admin, name| admin.create_namespace(&Namespace::new(name))),
    ("modify_namespace", |admin, _| {
        admin.modify_namespace(&Namespace::new("n").configuration("a", "1"))
    }),
    ("delete_namespace", |admin, name| admin.delete_namespace(&format!("old_{name}"))),
];

/// What a change meets whose last reply lacks its last byte.
fn lost(server: SocketAddr, change: Change, names: [&str; 2]) -> hbase_thrift_client::Error {
    let admin = |proxy: &Proxy| Client::connect(config(proxy.addresses())).unwrap().admin();
    let whole = Proxy::start(&[server], Direction::Replies, None);
    change(&admin(&whole), names[0]).unwrap();
    let harm = Some((whole.passed() - 1, Harm::Cut));
    let cut = Proxy::start(&[server], Direction::Replies, harm);
    change(&admin(&cut), names[1]).unwrap_err()
}

#[test]
fn a_change_whose_reply_is_lost_is_unknown_and_made_once() {
    let builder = exact().in_memory();
    let builder = builder.thrift2("127.0.0.1:0", Transport::Buffered, Protocol::Binary);
    let server = builder.start().unwrap();
    let url: hbase_thrift_client::Config = server.thrift2_url().unwrap().parse().unwrap();
    let endpoint = &url.get_endpoints()[0];
    let address: SocketAddr = format!("{}:{}", endpoint.host(), endpoint.port()).parse().unwrap();
    let admin = Client::connect(url.clone()).unwrap().admin();
    admin.create_namespace(&Namespace::new("n")).unwrap();
    for (number, (name, change)) in CHANGES.into_iter().enumerate() {
        let names = ["a", "b"].map(|letter| format!("{letter}{number}"));
        for name in &names {
            let families = ["f", "g"].map(ColumnFamily::new);
            admin.create_table(name, &families).unwrap();
            admin.create_table(format!("off-{name}"), &families).unwrap();
            admin.disable_table(format!("off-{name}")).unwrap();
            admin.create_namespace(&Namespace::new(format!("old_{name}"))).unwrap();
        }
        let error = lost(address, change, [&names[0], &names[1]]);
        assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{name}: {error:?}");
        assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1), "{name}: {error:?}");
        assert!(!error.is_retryable(), "{name}: {error:?}");
    }
}
