//! The collector, the monitor and the processor of the examples, one after the other on one crash.

use std::fs;
use std::path::Path;
use std::process::Command;

use escargot::CargoBuild;
use integration_tests::{Server, Test};

use crate::socorro::{REAL_OOID, data_file, ooid, real_crash, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![Test::new(a_crash_goes_from_the_collector_over_the_monitor_to_the_processor)]
}

fn a_crash_goes_from_the_collector_over_the_monitor_to_the_processor(server: &Server) {
    let socorro = socorro(server);
    let (crash, queue) = (ooid(REAL_OOID), socorro.store.legacy_queue());
    // Another test may have submitted it.
    socorro.store.remove(crash).unwrap();
    for entry in queue.entries().unwrap() {
        queue.remove_row(&entry.unwrap().key).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    for extension in ["json", "dump"] {
        let name = data_file(extension).file_name().unwrap().to_owned();
        fs::copy(data_file(extension), folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("broken.json"), "{}").unwrap();

    let shown = folder.path().to_str().unwrap();
    let (said, succeeded) = run(&mut example("collector"), &[&socorro.url, shown]);
    assert_eq!(said, format!("{REAL_OOID}\n"));
    assert!(!succeeded, "broken.json has no timestamp");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "broken.json stays");
    assert!(socorro.store.get_dump(crash).unwrap().unwrap() == real_crash().1);

    let processor = example("processor");
    let processor = processor.get_program().to_str().unwrap();
    let arguments = [&socorro.url, processor, &socorro.url];
    let (said, succeeded) = run(&mut example("monitor"), &arguments);
    assert!(succeeded, "{said}");
    assert!(said.contains(&format!("{REAL_OOID} dump @ MDMP\n")), "{said}");
    assert!(said.contains(&format!("{REAL_OOID} is done\n")), "{said}");

    assert_eq!(queue.count_entries().unwrap(), 0);
    let processed = socorro.store.get_processed(crash).unwrap().unwrap();
    assert_eq!(processed["signature"], "dump @ MDMP");
    let found = socorro.store.scan_signature("dump @ MDMP").unwrap();
    assert!(found.map(Result::unwrap).any(|entry| entry.id == crash));
}

fn example(name: &str) -> Command {
    CargoBuild::new()
        .package("socorro-hbase-client")
        .example(name)
        .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
        .run()
        .unwrap_or_else(|error| panic!("{error}"))
        .command()
}

fn run(example: &mut Command, arguments: &[&str]) -> (String, bool) {
    let output = example.args(arguments).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}
