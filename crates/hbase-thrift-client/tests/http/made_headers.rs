//! Headers that are made for each request, and what a call does for which one can't be made.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hbase_thrift_client::{Client, ErrorKind, Get, Outcome, Put, Scan, WriterOptions};

use crate::{config, good, http};

/// Clients of a gateway that knows no call but its proof, with a header that is made as `make` says.
fn client(
    make: impl Fn() -> Result<String, Box<dyn std::error::Error + Send + Sync>> + Send + Sync + 'static,
) -> Client {
    let address = http(|_, body| Some(good(body)));
    let config = config(address).max_connections(2).max_attempts(1).header_from("X-Token", make);
    Client::connect(config).unwrap()
}

/// However it can't be made, the call says so, nothing is sent, and neither the gateway nor the pool
/// suffers.
#[test]
fn a_header_that_can_not_be_made_harms_no_call_but_its_own() {
    for wrong in 0..4 {
        let fails = Arc::new(AtomicBool::new(false));
        let made = Arc::new(AtomicUsize::new(0));
        let (is_wrong, count) = (Arc::clone(&fails), Arc::clone(&made));
        let client = client(move || {
            count.fetch_add(1, Ordering::SeqCst);
            match wrong {
                _ if !is_wrong.load(Ordering::SeqCst) => Ok("right".to_owned()),
                0 => Err("no token".into()),
                1 => Ok("two\r\nX-Lines: 1".to_owned()),
                2 => Ok("no t\u{f6}ken".to_owned()),
                _ => panic!("no token"),
            }
        });
        client.ping().unwrap();
        fails.store(true, Ordering::SeqCst);
        let table = client.table("t");
        let began = Instant::now();
        // More often than there are connections.
        for _ in 0..5 {
            let get = table.get(&Get::new("r")).unwrap_err();
            let put = table.put(&Put::new("r").column("f:x", "1")).unwrap_err();
            let scan = table.count_rows(Scan::new()).unwrap_err();
            let mut pipeline = client.pipeline();
            let queued = pipeline.put(&table, Put::new("r").column("f:x", "1")).unwrap();
            let queued = pipeline.send().take(queued).unwrap_err();
            let writer = table.writer(WriterOptions::new().no_max_age());
            writer.write(Put::new("w").column("f:x", "1")).unwrap();
            let written = writer.close().unwrap_err().into_failures().remove(0).error;
            for error in [get, put, scan, queued, written] {
                assert_eq!(error.kind(), ErrorKind::Config, "{wrong}: {error:?}");
                assert_eq!(error.outcome(), Outcome::NotApplied, "{wrong}: {error:?}");
                assert!(error.to_string().contains("X-Token"), "{wrong}: {error:?}");
            }
            let status = client.pool_status();
            assert_eq!((status.in_use, status.waiting), (0, 0), "{wrong}");
            assert!(status.gateways[0].is_available, "{wrong}");
        }
        // Nothing waited for a connection that did not come back.
        assert!(began.elapsed() < Duration::from_secs(20), "{wrong}");
        assert!(made.load(Ordering::SeqCst) > 25, "{wrong}");
        fails.store(false, Ordering::SeqCst);
        client.ping().unwrap();
    }
}

/// A client whose first request has no header has no connection, and says why.
#[test]
fn a_client_is_not_connected_without_its_header() {
    let address = http(|_, body| Some(good(body)));
    let config = config(address).header_from("X-Token", || panic!("no token"));
    let error = Client::connect(config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
}

/// A gateway to which a connection would have to be opened first is not to blame either.
#[test]
fn a_gateway_is_not_blamed_for_a_header() {
    let (is_slow, fails) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let [first, second] = [(); 2].map(|()| {
        let is_slow = Arc::clone(&is_slow);
        http(move |_, body| {
            if is_slow.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(250));
            }
            Some(good(body))
        })
    });
    let is_wrong = Arc::clone(&fails);
    let make = move || {
        let fails = is_wrong.load(Ordering::SeqCst);
        if fails { Err("no token".into()) } else { Ok("right".to_owned()) }
    };
    let both = config(first).endpoint(second.ip().to_string(), second.port());
    let client = Client::connect(both.max_attempts(1).header_from("X-Token", make)).unwrap();
    is_slow.store(true, Ordering::SeqCst);
    let waiting = std::thread::spawn({
        let client = client.clone();
        move || client.ping()
    });
    while client.pool_status().in_use == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    // The request is on its way by then.
    std::thread::sleep(Duration::from_millis(50));
    fails.store(true, Ordering::SeqCst);
    assert_eq!(client.ping().unwrap_err().kind(), ErrorKind::Config);
    let status = client.pool_status();
    assert!(status.gateways.iter().all(|gateway| gateway.is_available), "{status:?}");
    waiting.join().unwrap().unwrap();
}
