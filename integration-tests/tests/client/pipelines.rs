//! Pipelines: independent calls sent together, each with a result of its own.

use hbase_thrift_client::{Batch, CheckAndPut, Delete, ErrorKind, Get, Increment, Outcome, Put};
use integration_tests::{Server, Test};

use super::on_each_gateway;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(each_call_of_a_pipeline_has_its_result),
        Test::new(a_call_that_fails_leaves_the_others_alone),
        Test::new(a_pipeline_larger_than_a_window_arrives_whole),
        Test::new(an_empty_pipeline_returns_at_once),
    ]
}

fn each_call_of_a_pipeline_has_its_result(server: &Server) {
    on_each_gateway(server, "pipeline", |client, table| {
        table.put(&Put::new("a").column("f:x", "1").column("f:y", "2")).unwrap();
        let mut pipeline = client.pipeline();
        let put = pipeline.put(table, Put::new("b").column("f:x", "3")).unwrap();
        let got = pipeline.get(table, Get::new("a").column("f:x")).unwrap();
        let missing = pipeline.get(table, Get::new("missing")).unwrap();
        let counter = pipeline.increment(table, Increment::new("a", "f:n", 7)).unwrap();
        let checked = pipeline
            .check_and_put(table, CheckAndPut::if_absent("c", "f:x").put("f:x", "4"))
            .unwrap();
        pipeline.delete(table, Delete::row("a").column("f:y")).unwrap();
        pipeline.batch(table, Batch::new().put(Put::new("d").column("f:x", "5"))).unwrap();
        pipeline.increment_rows(table, vec![Increment::new("d", "f:n", 2)]).unwrap();
        assert_eq!(pipeline.len(), 8);
        let mut results = pipeline.send();
        results.take(put).unwrap();
        assert_eq!(results.take(got).unwrap().unwrap().get("f:x"), Some(&b"1"[..]));
        assert_eq!(results.take(missing).unwrap(), None);
        assert_eq!(results.take(counter).unwrap(), 7);
        assert!(results.take(checked).unwrap());
        results.all().unwrap();
        let keys = ["a", "b", "c", "d"];
        let cells = keys.map(|key| table.get(&Get::new(key)).unwrap().unwrap().len());
        assert_eq!(cells, [2, 1, 1, 2]);
    });
}

fn a_call_that_fails_leaves_the_others_alone(server: &Server) {
    on_each_gateway(server, "pipeline_fails", |client, table| {
        let mut pipeline = client.pipeline();
        let before = pipeline.put(table, Put::new("a").column("f:x", "1")).unwrap();
        let fails = pipeline.put(table, Put::new("b").column("nope:x", "1")).unwrap();
        let after = pipeline.put(table, Put::new("c").column("f:x", "1")).unwrap();
        let mut results = pipeline.send();
        results.take(before).unwrap();
        results.take(after).unwrap();
        let error = results.take(fails).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSuchColumnFamily, "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotApplied);
        assert!(table.get(&Get::new("c")).unwrap().is_some());
    });
}

fn a_pipeline_larger_than_a_window_arrives_whole(server: &Server) {
    on_each_gateway(server, "pipeline_large", |client, table| {
        let mut pipeline = client.pipeline();
        for row in 0..40 {
            let value = vec![b'x'; 10_000];
            pipeline.put(table, Put::new(format!("row{row}")).column("f:x", value)).unwrap();
        }
        pipeline.send().all().unwrap();
        let mut pipeline = client.pipeline();
        let tickets: Vec<_> = (0..40)
            .map(|row| pipeline.get(table, Get::new(format!("row{row}"))).unwrap())
            .collect();
        let mut results = pipeline.send();
        for ticket in tickets {
            let row = results.take(ticket).unwrap().unwrap();
            assert_eq!(row.get("f:x").map(<[u8]>::len), Some(10_000));
        }
    });
}

fn an_empty_pipeline_returns_at_once(server: &Server) {
    on_each_gateway(server, "pipeline_empty", |client, _| {
        assert!(client.pipeline().is_empty());
        client.pipeline().send().all().unwrap();
    });
}
