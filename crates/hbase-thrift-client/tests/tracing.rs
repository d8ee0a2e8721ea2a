//! What a subscriber sees: OpenTelemetry's names on every span, nothing of what is in rows, and no
//! credentials.

#![allow(clippy::unwrap_used)]

mod fakes;
mod gateway;
mod recorder;

use std::time::Duration;

use hbase_thrift_client::{Client, Config, ErrorKind, Get, Increment, Put, Scan, Table};
use recorder::{Recorded, record};

const ROW: &str = "secret-row";
const VALUE: &str = "secret-value";

fn config() -> Config {
    let address = gateway::start();
    Config::new("127.0.0.1", address.port())
        .table_prefix("dev_")
        .operation_timeout(Duration::from_secs(5))
        .max_attempts(3)
}

/// A client, and what is recorded while `body` uses its table.
fn recorded(body: impl FnOnce(&Client, &Table)) -> (Config, Recorded) {
    let client = Client::connect(config()).unwrap();
    let recorded = record(|| body(&client, &client.table("crashes")));
    (client.config().clone(), recorded)
}

#[test]
fn a_span_has_the_names_of_opentelemetry() {
    let (config, recorded) = recorded(|client, crashes| {
        crashes.put(&Put::new("a").column("f:x", "1")).unwrap();
        crashes.get(&Get::new("a")).unwrap();
        client.admin().is_table_enabled("queue").unwrap();
        client.ping().unwrap();
        assert_eq!(crashes.scan(Scan::new()).unwrap().count_rows().unwrap(), 1);
    });
    let expected = [
        ("mutateRow", Some("dev_crashes")),
        ("getRow", Some("dev_crashes")),
        ("isTableEnabled", Some("dev_queue")),
        ("getThriftServerType", None),
        ("scannerGetList", Some("dev_crashes")),
        // That the rows are at their end.
        ("scannerGetList", Some("dev_crashes")),
    ];
    assert_eq!(recorded.spans.len(), expected.len(), "{recorded:?}");
    for (span, (operation, table)) in recorded.spans.iter().zip(expected) {
        let field = |name: &str| span.get(name).map(String::as_str);
        assert_eq!(field("otel.kind"), Some("client"));
        assert_eq!(field("db.system.name"), Some("hbase"));
        assert_eq!(field("db.operation.name"), Some(operation));
        assert_eq!(field("db.collection.name"), table);
        assert_eq!(field("server.address"), Some("127.0.0.1"));
        assert_eq!(
            field("server.port"),
            Some(config.get_endpoints()[0].port().to_string().as_str())
        );
        assert_eq!(field("error.type"), None);
    }
}

#[test]
fn a_pipeline_is_one_span_with_the_number_of_its_calls() {
    let (_, recorded) = recorded(|client, crashes| {
        let mut pipeline = client.pipeline();
        for _ in 0..3 {
            pipeline.get(crashes, Get::new("a")).unwrap();
        }
        pipeline.send().all().unwrap();
    });
    let [span] = recorded.spans.as_slice() else { panic!("{recorded:?}") };
    assert_eq!(span["db.operation.name"], "pipeline");
    assert_eq!(span["db.operation.batch.size"], "3");
    assert_eq!(span["server.address"], "127.0.0.1");
}

#[test]
fn an_operation_that_fails_names_the_kind_and_every_repeat() {
    let (_, recorded) = recorded(|_, crashes| {
        let error = crashes.increment(&Increment::new(ROW, "f:busy", 1)).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::RegionTooBusy, 3));
    });
    assert_eq!(recorded.spans[0]["error.type"], "RegionTooBusy");
    let repeats = recorded.events.iter().filter(|event| event.contains("trying again"));
    let repeats: Vec<_> = repeats.collect();
    assert_eq!(repeats.len(), 2, "{recorded:?}");
    for (repeat, attempt) in repeats.into_iter().zip(["1", "2"]) {
        assert!(repeat.contains(&format!("\"attempt\": \"{attempt}\"")), "{repeat}");
    }
}

#[test]
fn what_is_in_rows_is_seen_by_nobody() {
    let (_, recorded) = recorded(|client, crashes| {
        crashes.put(&Put::new(ROW).column("f:x", VALUE)).unwrap();
        crashes.get(&Get::new(ROW).column("f:x")).unwrap().unwrap();
        crashes.increment(&Increment::new(ROW, "f:busy", 1)).unwrap_err();
        crashes.scan(Scan::new().prefix(ROW)).unwrap().for_each(|row| drop(row.unwrap()));
        let mut pipeline = client.pipeline();
        pipeline.put(crashes, Put::new(ROW).column("f:x", VALUE)).unwrap();
        pipeline.increment(crashes, Increment::new(ROW, "f:busy", 1)).unwrap();
        assert!(pipeline.send().all().is_err());
    });
    recorded.assert_lacks(&[ROW, VALUE, gateway::VALUE]);
}

/// What a program that logs its configuration and every error would show of a password.
#[cfg(feature = "http")]
#[test]
fn credentials_are_seen_by_nobody() {
    use base64::Engine;

    let address = gateway::start();
    let url = format!("http://me:pass%40word@127.0.0.1:{}/?connect_timeout=1s", address.port());
    let config = url.parse::<Config>().unwrap().header("X-Token", "secret-token");
    let mut said = Vec::new();
    let recorded = record(|| {
        // What answers speaks no HTTP, and the request with the password is on its way by then.
        let error = Client::connect(config.clone()).unwrap_err();
        said.extend([error.to_string(), format!("{error:?}"), format!("{config:?} {config}")]);
    });
    let encoded = base64::engine::general_purpose::STANDARD.encode("me:pass@word");
    let secrets = ["pass@word", "pass%40word", "secret-token", &encoded];
    recorded.assert_lacks(&secrets);
    for (text, secret) in said.iter().flat_map(|text| secrets.map(|secret| (text, secret))) {
        assert!(!text.contains(secret), "{text}");
    }
}
