//! The fault switches, and the clock that tests move.

mod support;

use std::time::{Duration, Instant};

use hbase_thrift_api::{IOError, IllegalArgument, THbaseSyncClient};
use mini_hbase::{Exception, Fault, MiniHBase, VirtualClock, When};
use support::{bytes, client, client_with_table, family, keys, none, put, raw, value};

#[test]
fn a_call_that_is_dropped_before_has_no_effect_and_after_it_has() {
    let server = MiniHBase::start().unwrap();
    client_with_table(&server);
    server.fault(When::nth("mutateRow", 1), Fault::DropBefore);
    server.fault(When::nth("mutateRow", 2), Fault::DropAfter);
    put(&mut client(&server), "before", "f:x", "v").unwrap_err();
    put(&mut client(&server), "after", "f:x", "v").unwrap_err();
    let mut raw = client(&server);
    put(&mut raw, "third", "f:x", "v").unwrap();
    assert_eq!(value(&mut raw, "before", "f:x"), None);
    assert_eq!(value(&mut raw, "after", "f:x").as_deref(), Some("v"));
}

#[test]
fn a_reply_is_cut_after_so_many_bytes() {
    let server = MiniHBase::start().unwrap();
    let mut raw = client_with_table(&server);
    server.fault(When::every("atomicIncrement"), Fault::CutReply(10));
    raw.atomic_increment(bytes("t"), bytes("r"), bytes("f:n"), 1).unwrap_err();
    server.clear_faults();
    let mut raw = client(&server);
    assert_eq!(raw.atomic_increment(bytes("t"), bytes("r"), bytes("f:n"), 1).unwrap(), 2);
}

#[test]
fn the_nth_call_of_a_method_throws_what_it_is_told_to() {
    let io = Exception::Io {
        message: "org.apache.hadoop.hbase.RegionTooBusyException: busy\n\tat x".to_owned(),
        can_retry: Some(true),
    };
    let server = MiniHBase::builder().fault(When::nth("getRow", 2), Fault::Throw(io)).start();
    let server = server.unwrap();
    let mut raw = client_with_table(&server);
    raw.get_row(bytes("t"), bytes("r"), none()).unwrap();
    let error = raw.get_row(bytes("t"), bytes("r"), none()).unwrap_err();
    let thrift::Error::User(error) = error else { panic!("{error}") };
    let error = error.downcast::<IOError>().unwrap();
    assert!(error.message.unwrap().contains("RegionTooBusyException"));
    assert_eq!(error.can_retry, Some(true));
    raw.get_row(bytes("t"), bytes("r"), none()).unwrap();
    assert_eq!(server.calls("getRow"), 3);

    let unexpected = Exception::Internal("out of luck".to_owned());
    server.fault(When::nth_call(1), Fault::Throw(unexpected));
    let error = raw.get_row(bytes("t"), bytes("r"), none()).unwrap_err();
    assert!(matches!(error, thrift::Error::Application(error) if error.message == "out of luck"));
}

#[test]
fn a_call_is_delayed_and_stopping_does_not_wait_for_it() {
    let server = MiniHBase::start().unwrap();
    let mut raw = client_with_table(&server);
    server.fault(When::nth("getRow", 1), Fault::Delay(Duration::from_millis(50)));
    let start = Instant::now();
    raw.get_row(bytes("t"), bytes("r"), none()).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(50));

    server.fault(When::every("getRow"), Fault::Delay(Duration::from_hours(1)));
    let waiting = std::thread::spawn(move || raw.get_row(bytes("t"), bytes("r"), none()));
    while server.calls("getRow") < 2 {
        std::thread::yield_now();
    }
    server.stop();
    waiting.join().unwrap().unwrap_err();
}

#[test]
fn connections_are_refused_until_they_are_admitted_again() {
    let server = MiniHBase::start().unwrap();
    server.refuse_connections(true);
    client(&server).get_cluster_id().unwrap_err();
    server.refuse_connections(false);
    client(&server).get_cluster_id().unwrap();
}

#[test]
fn scanners_expire_on_demand() {
    let server = MiniHBase::start().unwrap();
    let mut raw = client_with_table(&server);
    let open = |raw: &mut support::Raw| {
        raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap()
    };
    let scanner = open(&mut raw);
    server.expire_scanners();
    assert_is_invalid(raw.scanner_get(scanner).unwrap_err());
    let scanner = open(&mut raw);
    server.fault(When::every("scannerGetList"), Fault::ExpireScanners);
    assert_is_invalid(raw.scanner_get_list(scanner, 1).unwrap_err());
}

#[test]
fn a_lease_ends_by_the_virtual_clock_and_begins_anew_with_each_use() {
    let clock = VirtualClock::new(1_000_000);
    let server = MiniHBase::builder().clock(clock.clone()).start().unwrap();
    let mut raw = client_with_table(&server);
    let scanner = raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
    for _ in 0..3 {
        clock.advance(Duration::from_secs(119));
        raw.scanner_get(scanner).unwrap();
    }
    clock.advance(Duration::from_secs(121));
    assert_is_invalid(raw.scanner_get(scanner).unwrap_err());
    assert_is_invalid(raw.scanner_close(scanner).unwrap_err());
}

#[test]
fn cells_are_stamped_and_end_by_the_virtual_clock() {
    let clock = VirtualClock::new(1_000_000);
    let server = MiniHBase::builder().clock(clock.clone()).start().unwrap();
    let mut raw = client(&server);
    let mut short = family("f");
    short.time_to_live = Some(60);
    raw.create_table(bytes("t"), vec![short]).unwrap();
    put(&mut raw, "r", "f:x", "v").unwrap();
    let cells = raw.get(bytes("t"), bytes("r"), bytes("f:x"), none()).unwrap();
    assert_eq!(cells[0].timestamp, Some(1_000_000));
    clock.advance(Duration::from_mins(1));
    assert_eq!(value(&mut raw, "r", "f:x").as_deref(), Some("v"));
    clock.advance(Duration::from_millis(1));
    assert_eq!(value(&mut raw, "r", "f:x"), None);
    let scanner = raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
    assert!(keys(raw.scanner_get_list(scanner, 10).unwrap()).is_empty());
}

#[test]
fn a_counter_starts_anew_when_its_cell_has_ended() {
    let clock = VirtualClock::new(1_000_000);
    let server = MiniHBase::builder().clock(clock.clone()).start().unwrap();
    let mut raw = raw(&server.address().to_string());
    let mut short = family("f");
    short.time_to_live = Some(60);
    raw.create_table(bytes("t"), vec![short]).unwrap();
    let mut add = || raw.atomic_increment(bytes("t"), bytes("r"), bytes("f:n"), 5).unwrap();
    assert_eq!(add(), 5);
    assert_eq!(add(), 10);
    clock.advance(Duration::from_mins(2));
    assert_eq!(add(), 5);
}

fn assert_is_invalid(error: thrift::Error) {
    let thrift::Error::User(error) = error else { panic!("{error}") };
    let error = error.downcast_ref::<IllegalArgument>();
    let message = error.and_then(|error| error.message.as_deref());
    assert_eq!(message, Some("scanner ID is invalid"));
}
