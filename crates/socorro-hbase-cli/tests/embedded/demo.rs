//! The demo: from a real crash to the developer who looks at it, again and again in one store.

use mini_hbase::MiniHBase;

use crate::shell::{Ended, METADATA, OOID, Shell, shown};

#[test]
fn the_demo_works_twice_in_the_same_store_and_leaves_its_crashes() {
    let shell = Shell::new();
    let own = shown(&shell.path("data/socorro-hbase-demo/store"));
    for run in 1..=2 {
        let mut command = shell.command(&["demo"]);
        command
            .env("XDG_DATA_HOME", shell.path("data"))
            .env("SOCORRO_HBASE_SERVER", "hbase://127.0.0.1:1");
        let ended = Ended::from(command.output().unwrap());
        assert_eq!(ended.code, Some(0), "{}", ended.message);
        for expected in [
            "$ socorro-hbase serve --listen 127.0.0.1:0 --no-workers ",
            "$ curl -F ProductName=Firefox ",
            "\nCrashID=bp-",
            "the browser overflows its stack: a minidump of ",
            "child::reflow_frame",
            "child::upload_texture",
            "hang | socorro_hbase::demo::child::wait_for_plugin_reply",
            "legacy    0         0 ",
            "plugin=",
        ] {
            assert!(ended.stdout.contains(expected), "{expected}: {}", ended.stdout);
        }
        assert!(ended.message.contains("0 problems"), "{}", ended.message);
        assert!(!shell.path("store").exists(), "the demo has a store of its own");
        assert_eq!(shell.json(&["crashes", "--store", &own]).len(), 6 * run);
    }
    let overflows = "socorro_hbase::demo::child::reflow_frame";
    let crashes = shell.json(&["crashes", "--signature", overflows, "--store", &own]);
    assert_eq!(crashes.len(), 4);
    let ooid = crashes[0]["ooid"].as_str().unwrap();
    let processed = shell.ok(&["get", "processed", ooid, "--store", &own]);
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

#[test]
fn a_demo_on_a_server_processes_only_its_own_crashes_and_prints_no_password() {
    let shell = Shell::new();
    let server = MiniHBase::start().unwrap();
    let url = server.url();
    shell.ok(&["schema", "create", "--server", &url]);
    let (meta, dump) = (shell.write("a.json", METADATA), shell.write("a.dump", "MDMP"));
    let submit = ["submit", "--meta", &meta, "--dump", &dump, "--ooid", OOID, "--server", &url];
    shell.ok(&submit);
    let mut command = shell.command(&["demo", "--server", &url]);
    let ended = Ended::from(command.env("XDG_DATA_HOME", shell.path("data")).output().unwrap());
    assert_eq!(ended.code, Some(0), "{}", ended.message);
    assert!(ended.message.contains("6 crashes processed"), "{}", ended.message);
    let state = shell.json(&["get", "state", OOID, "--server", &url]);
    assert_eq!(state[0]["is_processed"], false);

    let secret = "https://me:s3cret@127.0.0.1:1/?operation_timeout=1s";
    let mut command = shell.command(&["demo", "--server", secret]);
    let ended = Ended::from(command.env("XDG_DATA_HOME", shell.path("data")).output().unwrap());
    assert!(ended.stdout.contains("me:***@127.0.0.1"), "{}", ended.stdout);
    assert!(!format!("{ended:?}").contains("s3cret"), "{ended:?}");
}
