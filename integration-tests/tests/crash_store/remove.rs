//! Removing crashes: nothing of them is left, and nothing of others is gone.

use integration_tests::{Server, Test};
use socorro_hbase_client::{Counted, ProcessedCrash, QueueForProcessing, TimeIndex};

use crate::socorro::{metadata, ooid, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_removed_crash_leaves_nothing_behind),
        Test::new(removing_what_is_absent_changes_nothing),
        Test::new(removing_one_half_of_a_hang_leaves_the_other),
        Test::new(a_removed_crash_can_be_submitted_again),
    ]
}

fn a_removed_crash_leaves_nothing_behind(server: &Server) {
    let mut socorro = socorro(server);
    let crash = ooid("0d000000-aaaa-4bbb-8ccc-ddddd2060101");
    let metadata = metadata(
        r#"{"submitted_timestamp": "2006-01-01T00:00:00", "ProcessType": "plugin", "HangID": "5f1e7a60-55c4-4be0-9d3c-71c4e8a90b12"}"#,
    );
    // A counter that was counted to zero stays; so there is one crash more that was counted before.
    let other = ooid("1d000000-aaaa-4bbb-8ccc-ddddd2060101");
    socorro.store.put_raw_report(other, &metadata, b"MDMP", QueueForProcessing::Yes).unwrap();
    let other_half = |lines: Vec<String>| -> Vec<String> {
        // Both crashes are the plugin's half of one hang here, so they share those cells.
        lines.into_iter().filter(|line| !line.contains("index_hang_id")).collect()
    };
    let before = socorro.cells();
    socorro.store.put_raw_report(crash, &metadata, b"MDMP", QueueForProcessing::Yes).unwrap();
    let processed = r#"{"signature": "gone", "completeddatetime": "2006"}"#;
    let processed = ProcessedCrash::from_json(processed).unwrap();
    socorro.store.put_processed(crash, &processed).unwrap();
    // Which no submission writes, but others do.
    let indexes = [TimeIndex::LegacyProcessed, TimeIndex::PriorityProcessed];
    socorro.store.put_time_index(crash, metadata.submitted().unwrap(), &indexes).unwrap();
    let results = socorro.store.remove_many([&crash], Counted::Goes).unwrap();
    assert!(results.into_iter().all(Result::unwrap));
    assert_eq!(other_half(socorro.cells().changes_since(&before)), [""; 0]);
}

fn removing_what_is_absent_changes_nothing(server: &Server) {
    let mut socorro = socorro(server);
    let before = socorro.cells();
    assert!(!socorro.store.remove(ooid("2d000000-aaaa-4bbb-8ccc-ddddd2060101")).unwrap());
    assert_eq!(socorro.cells().changes_since(&before), [""; 0]);
}

fn removing_one_half_of_a_hang_leaves_the_other(server: &Server) {
    const HANG: &str = "6f1e7a60-55c4-4be0-9d3c-71c4e8a90b12";
    let socorro = socorro(server);
    let (browser, plugin) = (
        ooid("3d000000-aaaa-4bbb-8ccc-ddddd2060102"),
        ooid("4d000000-aaaa-4bbb-8ccc-ddddd2060102"),
    );
    for (crash, process) in [(&browser, "default"), (&plugin, "plugin")] {
        let metadata = metadata(&format!(
            r#"{{"submitted_timestamp": "2006-01-02T00:00:00", "HangID": "{HANG}", "ProcessType": "{process}"}}"#
        ));
        socorro.store.put_raw_report(crash, &metadata, b"MDMP", QueueForProcessing::No).unwrap();
    }
    assert_eq!(socorro.store.get_hang_pair(browser).unwrap().unwrap().id, plugin);
    assert_eq!(socorro.store.get_hang_pair(plugin).unwrap().unwrap().process_type, "default");
    assert!(socorro.store.remove(plugin).unwrap());
    assert_eq!(socorro.store.get_hang_pair(browser).unwrap(), None);
    let halves = socorro.store.get_hang(&HANG.parse().unwrap()).unwrap();
    assert_eq!(halves.into_iter().map(|half| half.id).collect::<Vec<_>>(), [browser]);
}

fn a_removed_crash_can_be_submitted_again(server: &Server) {
    let socorro = socorro(server);
    let crash = ooid("5d000000-aaaa-4bbb-8ccc-ddddd2060103");
    let metadata = metadata(r#"{"submitted_timestamp": "2006-01-03T00:00:00"}"#);
    for _ in 0..2 {
        let queue = QueueForProcessing::Yes;
        socorro.store.put_raw_report(crash, &metadata, b"MDMP", queue).unwrap();
        assert!(!socorro.store.get_processing_state(crash).unwrap().unwrap().is_processed);
        assert!(socorro.store.remove(crash).unwrap());
        assert_eq!(socorro.store.get_raw_report(crash).unwrap(), None);
    }
}
