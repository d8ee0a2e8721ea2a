//! What came is read back, by those who may; readers who are slow or many take nothing from submissions.

use std::{
    io::{Read, Write},
    thread,
    time::{Duration, Instant},
};

use hbase_thrift_client::{Put, Scan};
use serde_json::Value;
use socorro_hbase_client::{Ooid, ProcessedCrash, SearchColumn, TimeRange};

use crate::world::{Answer, World, answer, field, file};

const ABSENT: &str = "0e4d3c2b-0000-4000-8000-000002060101";

fn get(world: &World, part: &str, name: &str, token: Option<&str>) -> Answer {
    let token = token.map(|token| format!("Auth-Token: {token}\r\n")).unwrap_or_default();
    let path = format!("/201005/crash/{part}/by/uuid/{name}");
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{token}\r\n");
    world.send(head.as_bytes())
}

fn with_token() -> World {
    World::new(|options| options.read_token = Some("sesame".to_owned()))
}

fn submitted(world: &World) -> Ooid {
    World::ooid(&world.submit(&[
        field("ProductName", "Demo"),
        field("URL", "http://private.example"),
        file("upload_file_minidump", None, "MDMP own"),
        file("upload_file_minidump_plugin", None, "MDMP plugin"),
    ]))
}

#[test]
fn anybody_reads_what_is_public_and_the_token_reads_everything() {
    let world = with_token();
    let ooid = submitted(&world);
    let public = get(&world, "meta", ooid.as_str(), None);
    assert_eq!(public.status, 200);
    let public: Value = serde_json::from_str(&public.body).unwrap();
    assert_eq!(public["ProductName"], "Demo");
    assert!(public.get("URL").is_none() && public.get("metadata").is_none(), "{public}");
    let whole = get(&world, "meta", &format!("bp-{ooid}"), Some("sesame"));
    let whole: Value = serde_json::from_str(&whole.body).unwrap();
    assert_eq!(whole, world.metadata(&ooid));
    assert_eq!(whole["URL"], "http://private.example");

    assert_eq!(get(&world, "raw_crash", ooid.as_str(), None).status, 403);
    let dump = get(&world, "raw_crash", ooid.as_str(), Some("sesame"));
    assert_eq!((dump.status, dump.body.as_str()), (200, "MDMP own"));
    let plugin = format!("{ooid}?name=upload_file_minidump_plugin");
    assert_eq!(get(&world, "raw_crash", &plugin, Some("sesame")).body, "MDMP plugin");
}

#[test]
fn what_is_protected_here_is_read_with_the_token_alone_by_any_reader() {
    let world = World::new(|options| {
        options.read_token = Some("sesame".to_owned());
        options.protected = vec!["BuildID".to_owned(), "Absent".to_owned()];
    });
    // Who sends such a list has no say.
    let list = r#"{"protected": ["ProductName"]}"#;
    let ooid = World::ooid(&world.submit(&[
        field("ProductName", "Demo"),
        field("BuildID", "20120508"),
        field("metadata", list),
        file("upload_file_minidump", None, "MDMP"),
    ]));
    let processed =
        r#"{"product": "Demo", "build": "20120508", "completeddatetime": "2012-05-08"}"#;
    let processed = ProcessedCrash::from_json(processed.to_owned()).unwrap();
    world.store.put_processed(ooid, &processed).unwrap();
    let read = |part, token| -> Value {
        serde_json::from_str(&get(&world, part, ooid.as_str(), token).body).unwrap()
    };
    for (part, product, build) in
        [("meta", "ProductName", "BuildID"), ("processed", "product", "build")]
    {
        let public = read(part, None);
        assert_eq!((&public[product], public.get(build)), (&"Demo".into(), None), "{part}");
        let whole = read(part, Some("sesame"));
        assert_eq!(
            (&whole[product], &whole[build]),
            (&"Demo".into(), &"20120508".into()),
            "{part}"
        );
    }
    assert_eq!(
        read("meta", Some("sesame"))["metadata"]["protected"],
        serde_json::json!(["BuildID"])
    );
    // As a program reads that knows nothing of this collector.
    assert!(!world.store.get_public_metadata(ooid).unwrap().unwrap().contains_key("BuildID"));
    assert!(!world.store.get_public_processed(ooid).unwrap().unwrap().contains_key("build"));
}

#[test]
fn a_wrong_token_reads_nothing_and_without_one_nobody_is_trusted() {
    for world in [with_token(), World::new(|_| ())] {
        let ooid = submitted(&world);
        for part in ["meta", "raw_crash", "processed"] {
            for token in ["", "sesam", "sesame2"] {
                assert_eq!(get(&world, part, ooid.as_str(), Some(token)).status, 403, "{part}");
            }
        }
    }
}

#[test]
fn what_is_not_processed_is_asked_for_once_and_what_is_absent_is_said() {
    let world = World::new(|_| ());
    let ooid = submitted(&world);
    let queue = world.store.legacy_queue();
    assert!(queue.remove(ooid).unwrap());
    assert_eq!(get(&world, "processed", ooid.as_str(), None).status, 408);
    let since = world.store.describe(ooid).unwrap().unwrap().queued;
    assert!(since.iter().any(|entry| entry.is_legacy), "it is in the queue again");
    assert_eq!(get(&world, "processed", ooid.as_str(), None).status, 408);
    // Not put there anew, which would have it processed once more.
    assert_eq!(world.store.describe(ooid).unwrap().unwrap().queued, since);

    let processed =
        r#"{"signature": "f", "user_comments": "mine", "completeddatetime": "2012-05-08"}"#;
    let processed = ProcessedCrash::from_json(processed.to_owned()).unwrap();
    world.store.put_processed(ooid, &processed).unwrap();
    let public = get(&world, "processed", ooid.as_str(), None);
    let public: Value = serde_json::from_str(&public.body).unwrap();
    assert_eq!(public["signature"], "f");
    assert!(public.get("user_comments").is_none(), "{public}");

    for (part, name) in [
        ("meta", ABSENT),
        ("processed", ABSENT),
        ("meta", "..%2f..%2fetc"),
        ("meta", "x"),
        ("other", ooid.as_str()),
    ] {
        assert_eq!(get(&world, part, name, None).status, 404, "{part} {name}");
    }
}

/// By the general queue too; and readers who ask again and again come between any two steps of the worker.
#[test]
fn what_a_worker_is_at_is_not_asked_for_once_more() {
    let world = World::new(|_| ());
    let processed = r#"{"signature": "f", "completeddatetime": "2012-05-08"}"#;
    let processed = ProcessedCrash::from_json(processed.to_owned()).unwrap();
    let (worker, lease) = ("worker".parse().unwrap(), Duration::from_mins(10));
    for round in 0..20 {
        let ooid = submitted(&world);
        let queue = if round % 2 == 0 {
            assert!(world.store.legacy_queue().remove(ooid).unwrap());
            world.store.general_queue()
        } else {
            world.store.legacy_queue()
        };
        let claim = queue.claim_crash(ooid, &worker, lease).unwrap().unwrap();
        assert_eq!(get(&world, "processed", ooid.as_str(), None).status, 408);
        thread::scope(|scope| {
            let readers = [(); 3].map(|()| {
                scope.spawn(|| while get(&world, "processed", ooid.as_str(), None).status != 200 {})
            });
            claim.complete(&processed).unwrap();
            for reader in readers {
                reader.join().unwrap();
            }
        });
        let left = world.store.describe(ooid).unwrap().unwrap().queued;
        assert!(left.is_empty(), "round {round}: {left:?}");
    }
}

#[test]
fn readers_who_take_nothing_are_let_go_and_submissions_go_on() {
    const SIZE: usize = 6 << 20;
    let world = World::new(|options| {
        options.read_token = Some("sesame".to_owned());
        options.limits.reading = 2 * SIZE as u64;
        options.limits.arrival = Duration::from_secs(3);
    });
    let dump = file("upload_file_minidump", None, vec![b'x'; SIZE]);
    let ooid = World::ooid(&world.submit(&[field("ProductName", "Demo"), dump]));
    let path = format!("/201005/crash/raw_crash/by/uuid/{ooid}");
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuth-Token: sesame\r\n\r\n"
    );
    let mut slow: Vec<_> = (0..2).map(|_| world.connect()).collect();
    for stream in &mut slow {
        stream.write_all(head.as_bytes()).unwrap();
        // It has its answer, and takes no more of it.
        stream.read_exact(&mut [0; 8]).unwrap();
    }
    let mut third = world.connect();
    third.write_all(head.as_bytes()).unwrap();
    assert_eq!(answer(&mut third).status, 503);
    submitted(&world);
    let begun = Instant::now();
    loop {
        let mut again = world.connect();
        again.write_all(head.as_bytes()).unwrap();
        let found = answer(&mut again);
        if found.status == 200 {
            assert_eq!(found.body.len(), SIZE);
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "their memory is never given back");
        thread::sleep(Duration::from_millis(200));
    }
}

/// Whoever searches reads the covering rows as they are.
#[test]
fn what_is_protected_here_is_in_no_covering_row() {
    let world = World::new(|options| {
        options.protected = vec!["BuildID".to_owned(), "StartupTime".to_owned()];
    });
    let ooid = World::ooid(&world.submit(&[
        field("ProductName", "Demo"),
        field("BuildID", "20120508"),
        field("StartupTime", "1336509000"),
    ]));
    let processed = r#"{"signature": "f", "uptime": 4711, "completeddatetime": "2012-05-08"}"#;
    let processed = ProcessedCrash::from_json(processed.to_owned()).unwrap();
    world.store.put_processed(ooid, &processed).unwrap();
    let everything = TimeRange::all();
    let found = || -> Vec<Option<String>> {
        let entry = world.store.scan_search(&everything).unwrap().next().unwrap().unwrap();
        let columns = [
            SearchColumn::Product,
            SearchColumn::Signature,
            SearchColumn::Build,
            SearchColumn::Uptime,
        ];
        columns.map(|column| entry.get(column).map(str::to_owned)).to_vec()
    };
    let expected = [Some("Demo".to_owned()), Some("f".to_owned()), None, None];
    assert_eq!(found(), expected);
    // As it was written by who didn't know of the list.
    let search = world.store.client().table("crash_search");
    let row = search.scan(Scan::new()).unwrap().next().unwrap().unwrap();
    let put = Put::new(row.key()).column("s:build_id", "20120508").column("s:uptime", "4711");
    search.put(&put).unwrap();
    assert_eq!(found()[2].as_deref(), Some("20120508"));
    world.store.reindex(&everything).unwrap();
    assert_eq!(found(), expected);
}
