//! The demo: from a real crash to the developer who looks at it, again and again in one store.

use crate::shell::{Ended, Shell};

#[test]
fn the_demo_works_twice_in_the_same_store_and_leaves_its_crashes() {
    let shell = Shell::new();
    for run in 1..=2 {
        let mut command = shell.command(&["demo"]);
        let ended = Ended::from(command.env("XDG_DATA_HOME", shell.path("data")).output().unwrap());
        assert_eq!(ended.code, Some(0), "{}", ended.message);
        for expected in [
            "$ socorro-hbase submit --meta ",
            "the browser overflows its stack: a minidump of ",
            "child::reflow_frame",
            "child::upload_texture",
            "hang | socorro_hbase::demo::child::wait_for_plugin_reply",
            "legacy    0         0 ",
            "plugin=",
        ] {
            assert!(ended.stdout.contains(expected), "{expected}: {}", ended.stdout);
        }
        assert!(ended.message.contains("0 findings"), "{}", ended.message);
        assert_eq!(shell.json(&["crashes"]).len(), 6 * run);
    }
    let overflows = "socorro_hbase::demo::child::reflow_frame";
    let crashes = shell.json(&["crashes", "--signature", overflows]);
    assert_eq!(crashes.len(), 4);
    let ooid = crashes[0]["ooid"].as_str().unwrap();
    let processed = shell.ok(&["get", "processed", ooid]);
    assert!(processed.contains("SIGSEGV"), "{processed}");
}

#[test]
fn a_demo_whose_files_cannot_be_written_says_where() {
    let shell = Shell::new();
    let file = shell.write("file", "");
    let mut command = shell.command(&["demo"]);
    let ended = Ended::from(command.env("XDG_DATA_HOME", file).output().unwrap());
    assert_eq!(ended.code, Some(1));
    assert!(ended.message.contains("can't make the folder "), "{}", ended.message);
}
