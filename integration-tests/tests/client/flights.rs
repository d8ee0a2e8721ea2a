//! Flights: independent calls sent together, each with a result of its own.

use hbase_thrift_client::{Batch, CheckAndPut, Delete, ErrorKind, Get, Increment, Outcome, Put};
use integration_tests::{Server, Test};

use super::on_each_gateway;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(each_call_of_a_flight_has_its_result),
        Test::new(a_call_that_fails_leaves_the_others_alone),
        Test::new(a_flight_larger_than_a_window_arrives_whole),
        Test::new(an_empty_flight_lands_at_once),
    ]
}

fn each_call_of_a_flight_has_its_result(server: &Server) {
    on_each_gateway(server, "flight", |client, table| {
        table.put(&Put::new("a").column("f:x", "1").column("f:y", "2")).unwrap();
        let mut flight = client.flight();
        let put = flight.put(table, Put::new("b").column("f:x", "3")).unwrap();
        let got = flight.get(table, Get::new("a").column("f:x")).unwrap();
        let missing = flight.get(table, Get::new("missing")).unwrap();
        let counter = flight.increment(table, Increment::new("a", "f:n", 7)).unwrap();
        let checked = flight
            .check_and_put(table, CheckAndPut::if_absent("c", "f:x").put("f:x", "4"))
            .unwrap();
        flight.delete(table, Delete::row("a").column("f:y")).unwrap();
        flight.batch(table, Batch::new().put(Put::new("d").column("f:x", "5"))).unwrap();
        flight.increment_rows(table, vec![Increment::new("d", "f:n", 2)]).unwrap();
        assert_eq!(flight.len(), 8);
        let mut landed = flight.send();
        landed.take(put).unwrap();
        assert_eq!(landed.take(got).unwrap().unwrap().get("f:x"), Some(&b"1"[..]));
        assert_eq!(landed.take(missing).unwrap(), None);
        assert_eq!(landed.take(counter).unwrap(), 7);
        assert!(landed.take(checked).unwrap());
        landed.all().unwrap();
        let keys = ["a", "b", "c", "d"];
        let cells = keys.map(|key| table.get(&Get::new(key)).unwrap().unwrap().len());
        assert_eq!(cells, [2, 1, 1, 2]);
    });
}

fn a_call_that_fails_leaves_the_others_alone(server: &Server) {
    on_each_gateway(server, "flight_fails", |client, table| {
        let mut flight = client.flight();
        let before = flight.put(table, Put::new("a").column("f:x", "1")).unwrap();
        let fails = flight.put(table, Put::new("b").column("nope:x", "1")).unwrap();
        let after = flight.put(table, Put::new("c").column("f:x", "1")).unwrap();
        let mut landed = flight.send();
        landed.take(before).unwrap();
        landed.take(after).unwrap();
        let error = landed.take(fails).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSuchColumnFamily, "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotApplied);
        assert!(table.get(&Get::new("c")).unwrap().is_some());
    });
}

fn a_flight_larger_than_a_window_arrives_whole(server: &Server) {
    on_each_gateway(server, "flight_large", |client, table| {
        let mut flight = client.flight();
        for row in 0..40 {
            let value = vec![b'x'; 10_000];
            flight.put(table, Put::new(format!("row{row}")).column("f:x", value)).unwrap();
        }
        flight.send().all().unwrap();
        let mut flight = client.flight();
        let tickets: Vec<_> =
            (0..40).map(|row| flight.get(table, Get::new(format!("row{row}"))).unwrap()).collect();
        let mut landed = flight.send();
        for ticket in tickets {
            let row = landed.take(ticket).unwrap().unwrap();
            assert_eq!(row.get("f:x").map(<[u8]>::len), Some(10_000));
        }
    });
}

fn an_empty_flight_lands_at_once(server: &Server) {
    on_each_gateway(server, "flight_empty", |client, _| {
        assert!(client.flight().is_empty());
        client.flight().send().all().unwrap();
    });
}
