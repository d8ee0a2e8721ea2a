//! Checks and exports hold as much of ten times the crashes as of the crashes.

use std::path::Path;
use std::process::Command;

use escargot::CargoBuild;
use hbase_thrift_client::{Batch, Put};
use integration_tests::{Server, Test};

use crate::socorro::{Socorro, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![Test::new(checks_and_exports_hold_no_more_of_ten_times_the_crashes)]
}

/// More than a batch and the one that is read ahead, both of 256 rows.
const FEW: usize = 520;
const MANY: usize = 10 * FEW;
/// How much more may be held of many: what scans read ahead of one salt, which all these crashes have.
/// It comes to less than an ooid a crash.
const HELD: f64 = 1.1;
/// How much more may be taken at any moment: replies come earlier or later.
const PEAK: f64 = 3.0;

fn checks_and_exports_hold_no_more_of_ten_times_the_crashes(server: &Server) {
    let socorro = socorro(server);
    let program = measuring_program();
    submit(&socorro, 0..FEW);
    let few = measure(&program, &socorro.url);
    submit(&socorro, FEW..MANY);
    let many = measure(&program, &socorro.url);
    assert_eq!((few.len(), many.len()), (3, 3));
    for ((few_held, few_peak), (held, peak)) in few.into_iter().zip(many) {
        assert!(held < few_held * HELD, "{few_held} bytes became {held}");
        assert!(peak < few_peak * PEAK, "{few_peak} bytes became {peak}");
    }
}

/// Crashes as submissions leave them, many in a call. Their counters are missing, so that the check has
/// something to hand out.
fn submit(socorro: &Socorro, numbers: std::ops::Range<usize>) {
    let client = socorro.store.client();
    for first in numbers.clone().step_by(200) {
        let mut crashes = Batch::new();
        let mut times = Batch::new();
        for number in first..numbers.end.min(first + 200) {
            let ooid = format!("0{number:07x}-f1a7-4bbb-8ccc-ddddd2030401");
            let time = format!("2003-04-01T{:02}:{:02}:00", number / 60 % 24, number % 60);
            let json = format!(r#"{{"submitted_timestamp": "{time}", "legacy_processing": 1}}"#);
            let put = Put::new(format!("0030401{ooid}"))
                .column("flags:processed", "N")
                .column("ids:ooid", ooid.as_str())
                .column("meta_data:json", json)
                .column("raw_data:dump", vec![b'M'; 2000])
                .column("timestamps:submitted", time.as_str());
            crashes = crashes.put(put);
            times = times.put(Put::new(format!("0{time}{ooid}")).column("ids:ooid", ooid.as_str()));
        }
        client.table("crash_reports").batch(&crashes).unwrap();
        client.table("crash_reports_index_submitted_time").batch(&times).unwrap();
    }
}

fn measuring_program() -> Command {
    CargoBuild::new()
        .package("integration-tests")
        .example("memory")
        .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
        .run()
        .unwrap_or_else(|error| panic!("{error}"))
        .command()
}

/// Of the check, the export into a folder, and the archive: what was held, and the peak.
fn measure(program: &Command, url: &str) -> Vec<(f64, f64)> {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Command::new(program.get_program());
    let output = run.arg(url).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let numbers = |line: &str| {
        let (held, peak) = line.split_once(' ').unwrap();
        (held.parse().unwrap(), peak.parse().unwrap())
    };
    String::from_utf8(output.stdout).unwrap().lines().map(numbers).collect()
}
