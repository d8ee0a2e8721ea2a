//! Every answer that a client can get.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::world::{Answer, MULTIPART, World, body, field, file, request};

fn refused(status: u16, body: &str) -> Answer {
    Answer { status, body: body.to_owned() }
}

#[test]
fn malformed_requests_are_refused_by_name() {
    let world = World::new(|_| {});
    let whole = body(&[field("ProductName", "X")]);
    let of = |headers: &str, body: &[u8]| world.post(headers, body);
    let malformed = |reason: &str| refused(400, &format!("Discarded=malformed_{reason}"));
    assert_eq!(of("", &whole), malformed("no_content_type"));
    assert_eq!(of("Content-Type: text/plain\r\n", &whole), malformed("wrong_content_type"));
    assert_eq!(of("Content-Type: multipart/form-data\r\n", &whole), malformed("no_boundary"));
    let gzip = format!("{MULTIPART}Content-Encoding: gzip\r\n");
    assert_eq!(of(&gzip, &whole), malformed("bad_gzip"));
    assert_eq!(of(&gzip, b""), malformed("bad_gzip"));
    let json = |text: &str| body(&[file("extra", Some("application/json"), text)]);
    assert_eq!(of(MULTIPART, &json("{\"a\": }")), malformed("invalid_json"));
    assert_eq!(of(MULTIPART, &json("[1]")), malformed("invalid_json_value"));
    assert_eq!(of(MULTIPART, b""), malformed("invalid_payload_structure"));
    assert_eq!(of(MULTIPART, b"no parts at all"), malformed("invalid_payload_structure"));
    assert_eq!(of(MULTIPART, &whole[..whole.len() - 9]), malformed("invalid_payload_structure"));
    assert_eq!(of(MULTIPART, &body(&[])), malformed("no_annotations"));
    let dump_alone = body(&[file("upload_file_minidump", None, "MDMP")]);
    assert_eq!(of(MULTIPART, &dump_alone), malformed("no_annotations"));
    assert_eq!(world.queued(), 0);
}

#[test]
fn a_name_is_chosen_only_with_the_token() {
    let world = World::new(|options| options.submit_token = Some("secret".to_owned()));
    let name = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
    let parts = body(&[field("uuid", name), file("upload_file_minidump", None, "MDMP")]);
    let unauthorized = refused(401, "Discarded=unauthorized_uuid");
    for header in ["", "Authorization: Bearer secre\r\n", "Authorization: Bearer \r\n"] {
        assert_eq!(world.post(&format!("{MULTIPART}{header}"), &parts), unauthorized, "{header}");
    }
    let authorized = format!("{MULTIPART}Authorization: Bearer secret\r\n");
    for _ in 0..2 {
        assert_eq!(world.post(&authorized, &parts), refused(200, &format!("CrashID=bp-{name}\n")));
    }
    let invalid = body(&[field("uuid", "nonsense")]);
    assert_eq!(world.post(&authorized, &invalid), refused(400, "Discarded=malformed_invalid_uuid"));
    // Sent twice, it is one crash.
    assert_eq!(world.queued(), 1);
}

#[test]
fn what_is_over_a_limit_is_refused_before_it_is_acknowledged() {
    let world = World::new(|options| {
        options.limits.request = 100_000;
        options.limits.part = 50_000;
        options.limits.parts = 10;
    });
    let large = |bytes: usize| vec![field("a", "1"), file("x", None, vec![b'x'; bytes])];
    World::ooid(&world.submit(&large(50_000)));
    assert_eq!(world.submit(&large(50_001)), refused(413, "Discarded=too_large_part"));
    assert_eq!(world.submit(&large(120_000)), refused(413, "Discarded=too_large_part"));
    let two = [field("a", "1"), file("x", None, vec![0; 49_000]), file("y", None, vec![0; 49_000])];
    World::ooid(&world.submit(&two));
    let three: Vec<_> = (0..3).map(|n| file(&n.to_string(), None, vec![0; 49_000])).collect();
    assert_eq!(world.submit(&three), refused(413, "Discarded=too_large_request"));
    let many: Vec<_> = (0..11).map(|n| field(&n.to_string(), "1")).collect();
    assert_eq!(world.submit(&many), refused(413, "Discarded=too_large_parts"));
}

#[test]
fn rules_decide_what_is_kept() {
    let rules = r#"
        [[rule]]
        name = "unknown"
        field = "ProductName"
        present = false
        result = "ignore"
        [[rule]]
        name = "old"
        field = "Version"
        matches = '^3\.'
        result = "reject"
    "#;
    let world = World::new(|options| options.rules = rules.parse().unwrap());
    let product = || field("ProductName", "X");
    assert_eq!(world.submit(&[field("a", "1")]), refused(200, "Unsupported=1"));
    let old = || field("Version", "3.6");
    let refusable = [product(), old(), field("Throttleable", "1")];
    assert_eq!(world.submit(&refusable), refused(200, "Discarded=rule_old"));
    let deferred = World::ooid(&world.submit(&[product(), old()]));
    assert_eq!(world.metadata(&deferred)["legacy_processing"], 1);
    let on_purpose = [product(), old(), field("Throttleable", "0")];
    let accepted = World::ooid(&world.submit(&on_purpose));
    assert_eq!(world.metadata(&accepted)["legacy_processing"], 0);
    assert_eq!(world.store.legacy_queue().entries().unwrap().count(), 1);
}

#[test]
fn health_is_reported_and_requests_are_counted() {
    let world = World::new(|_| {});
    World::ooid(&world.submit(&[field("a", "1")]));
    world.post("", b"");
    assert_eq!(world.get("/__lbheartbeat__").status, 200);
    let asked = Instant::now();
    assert_eq!(world.get("/__heartbeat__").status, 200);
    assert!(world.get("/__version__").body.contains("\"version\""));
    let metrics = world.get("/metrics").body;
    for line in [
        "socorro_collector_requests_total{result=\"stored\",reason=\"\"} 1",
        "socorro_collector_requests_total{result=\"refused\",reason=\"no_content_type\"} 1",
        "socorro_collector_request_size_bytes_count 1",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    world.hbase.refuse_connections(true);
    world.hbase.fault(mini_hbase::When::always(), mini_hbase::Fault::DropBefore);
    // What the store said counts for two seconds, and no longer.
    let soon = world.get("/__heartbeat__");
    assert!(soon.status == 200 || asked.elapsed() > Duration::from_secs(2), "{soon:?}");
    while world.get("/__heartbeat__").status != 503 {
        assert!(asked.elapsed() < Duration::from_mins(1), "an answer is kept for too long");
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(world.get("/__lbheartbeat__").status, 200);
    // Without a spool, clients come again.
    assert_eq!(world.submit(&[field("a", "1")]).status, 503);
    world.hbase.clear_faults();
    world.hbase.refuse_connections(false);
    World::ooid(&world.submit(&[field("a", "1")]));
}

#[test]
fn a_client_that_is_silent_or_slow_gets_408() {
    let world = World::new(|options| {
        options.limits.silence = Duration::from_millis(300);
        options.limits.arrival = Duration::from_secs(1);
    });
    let whole = request(MULTIPART, &body(&[field("a", "1")]));
    let (first, rest) = whole.split_at(whole.len() - 20);
    let send = |pieces: &[&[u8]], pause: Duration| {
        let mut stream = world.connect();
        for piece in pieces {
            let _ = std::io::Write::write_all(&mut stream, piece);
            thread::sleep(pause);
        }
        crate::world::answer(&mut stream).status
    };
    assert_eq!(send(&[first], Duration::ZERO), 408);
    let drops: Vec<&[u8]> = std::iter::once(first).chain(rest.chunks(1)).collect();
    assert_eq!(send(&drops, Duration::from_millis(150)), 408);
    assert_eq!(send(&[first, rest], Duration::from_millis(50)), 200);
}
