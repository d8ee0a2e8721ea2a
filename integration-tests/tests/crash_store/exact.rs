//! What must be neither rounded nor rewritten: metadata that comes without a time, and the bounds of a
//! range of times.

use hbase_thrift_client::Get;
use integration_tests::{Server, Test};
use socorro_hbase_client::{
    CrashMetadata, Ooid, QueueForProcessing, TimeRange,
    time::{Duration, OffsetDateTime},
};

use crate::socorro::{metadata, ooid, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(metadata_without_a_time_is_stored_with_one_and_otherwise_as_it_came),
        Test::new(a_range_is_exact_whatever_the_zones_of_its_bounds_and_crashes),
    ]
}

fn metadata_without_a_time_is_stored_with_one_and_otherwise_as_it_came(server: &Server) {
    // Integers and floats that no float holds, two of one name, and what is no JSON.
    const CAME: &str = r#"{"z": 123456789012345678901234567890, "a": 0.1000000000000000055, "a": 1E400,"n":NaN, "t": "\ud83d", "é":[1 ,2]}"#;
    let socorro = socorro(server);
    let crash = ooid("0a13b22c-0000-4000-8000-000002700102");
    let time = OffsetDateTime::UNIX_EPOCH + Duration::days(1);
    let json = CrashMetadata::from_json_at(CAME, time).unwrap();
    socorro.store.put_raw_report(crash, &json, b"MDMP", QueueForProcessing::No).unwrap();

    let expected =
        format!(r#"{{"submitted_timestamp": "1970-01-02T00:00:00.000000+00:00", {}"#, &CAME[1..]);
    let report = socorro.store.get_raw_report(crash).unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(report.metadata_bytes()), expected);
    let row = Get::new(format!("0700102{crash}")).column("meta_data:json");
    let row = socorro.store.client().table("crash_reports").get(&row).unwrap().unwrap();
    assert_eq!(row.get("meta_data:json"), Some(expected.as_bytes()));
    let day = TimeRange::within("1970-01-02");
    let found: Vec<_> = socorro.store.scan_submitted(&day).unwrap().map(Result::unwrap).collect();
    assert_eq!(found.len(), 1);
    assert!(socorro.store.remove(crash).unwrap());
}

fn a_range_is_exact_whatever_the_zones_of_its_bounds_and_crashes(server: &Server) {
    const ZONES: [&str; 4] = ["", "Z", "+00:00", "+0000"];
    const IN: [&str; 4] = ["20:00:00", "20:00:00.5", "20:59:59", "20:59:59.999999"];
    const OUT: [&str; 5] = ["19:59:59", "19:59:59.999999", "21:00:00", "21:00:00.25", "21:00:01"];
    let socorro = socorro(server);
    let mut number = 0;
    let mut submit = |time: &str| -> Vec<Ooid> {
        let of_zone = |zone: &&str| {
            number += 1;
            let crash = ooid(&format!("{:x}{number:07x}-0000-4000-8000-000002980508", number % 16));
            let json =
                metadata(&format!(r#"{{"submitted_timestamp": "1998-05-08T{time}{zone}"}}"#));
            let queue = QueueForProcessing::No;
            socorro.store.put_raw_report(crash, &json, b"MDMP", queue).unwrap();
            crash
        };
        ZONES.iter().map(of_zone).collect()
    };
    let mut expected: Vec<Ooid> = IN.into_iter().flat_map(&mut submit).collect();
    let mut all: Vec<Ooid> = OUT.into_iter().flat_map(&mut submit).collect();
    all.extend(&expected);
    expected.sort_unstable();
    for (start, stop) in [
        ("20:00:00Z", "21:00:00Z"),
        ("20:00:00+00:00", "21:00:00Z"),
        ("20:00:00.0Z", "21:00:00.000"),
        ("20:00:00", "21:00:00+0000"),
    ] {
        let bound = |time: &str| format!("1998-05-08T{time}").parse().unwrap();
        let range = TimeRange::between(&bound(start), &bound(stop));
        let scans = [
            socorro.store.scan_submitted(&range).unwrap(),
            socorro.store.scan_submitted_newest_first(&range).unwrap(),
        ];
        for scan in scans {
            let mut found: Vec<Ooid> =
                scan.map(|entry| entry.unwrap().id.ooid().unwrap()).collect();
            found.sort_unstable();
            assert_eq!(found, expected, "from {start} to {stop}");
        }
        let searched = socorro.store.scan_search(&range).unwrap();
        let mut found: Vec<Ooid> =
            searched.map(|entry| entry.unwrap().id.ooid().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "searched from {start} to {stop}");
    }
    for crash in all {
        assert!(socorro.store.remove(crash).unwrap());
    }
}
