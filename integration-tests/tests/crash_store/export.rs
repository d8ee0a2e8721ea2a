//! Exports: what is stored comes out as files, an interrupted one goes on, a broken crash ends none.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use integration_tests::{Server, Test};
use socorro_hbase_client::{
    Dumps, ErrorKind, ExportOutcome, Exported, Ooid, ProcessedCrash, QueueForProcessing, Selection,
    TimeRange,
};

use crate::socorro::{Socorro, metadata, ooid, socorro};

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_folder_holds_each_crash_as_it_is_stored),
        Test::new(an_archive_holds_the_same_files),
        Test::new(an_export_into_a_folder_leaves_out_what_is_there),
        Test::new(an_export_into_a_folder_gets_a_dump_that_was_replaced),
        Test::new(an_interrupted_archive_goes_on_where_it_stopped),
        Test::new(an_archive_that_is_being_written_is_left_alone),
        Test::new(another_file_in_the_place_of_an_interrupted_archive_is_not_cut),
        Test::new(a_broken_crash_is_reported_and_ends_nothing),
        Test::new(the_crashes_of_a_signature_are_exported_and_an_interruption_is_gone_on_from),
        Test::new(a_sample_is_of_the_selection_and_of_its_size),
    ]
}

/// Crashes of a day of its own, the first of them processed and with two dumps.
fn crashes(socorro: &Socorro, day: &str, count: usize) -> (Selection, Vec<Ooid>) {
    let ooids: Vec<_> = (0..count)
        .map(|number| {
            let digits = day.replace('-', "");
            let crash = ooid(&format!("{number:x}abc0000-abcd-4bbb-8ccc-ddddd2{}", &digits[2..]));
            let json = format!(r#"{{"submitted_timestamp": "{day}T00:0{number}:00"}}"#);
            let other = "other".parse().unwrap();
            let dumps = Dumps::new(b"MDMP");
            let dumps = if number == 0 { dumps.with(other, b"MDMP other") } else { dumps };
            let queue = QueueForProcessing::No;
            socorro.store.put_raw_report(crash, &metadata(&json), dumps, queue).unwrap();
            crash
        })
        .collect();
    let processed = ProcessedCrash::from_json(r#"{"completeddatetime": "2022"}"#).unwrap();
    socorro.store.put_processed(ooids[0], &processed).unwrap();
    (Selection::Submitted(TimeRange::within(day)), ooids)
}

fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
        })
        // States are compared as what is made of them, in `backup`.
        .filter(|(name, _)| !name.ends_with(".state.json"))
        .collect()
}

fn files_of_archive(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(fs::File::open(path).unwrap()));
    let read = |entry: std::io::Result<tar::Entry<_>>| {
        let mut entry: tar::Entry<'_, _> = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (name, bytes)
    };
    let files = archive.entries().unwrap().map(read);
    files.filter(|(name, _)| !name.ends_with(".state.json")).collect()
}

fn expected(ooids: &[Ooid], day: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (number, ooid) in ooids.iter().enumerate() {
        let json = format!(r#"{{"submitted_timestamp": "{day}T00:0{number}:00"}}"#);
        files.insert(format!("{ooid}.json"), json.into_bytes());
        files.insert(format!("{ooid}.dump"), b"MDMP".to_vec());
    }
    let processed = br#"{"completeddatetime": "2022"}"#;
    files.insert(format!("{}.processed.json", ooids[0]), processed.to_vec());
    files.insert(format!("{}.other.dump", ooids[0]), b"MDMP other".to_vec());
    files
}

fn a_folder_holds_each_crash_as_it_is_stored(server: &Server) {
    let socorro = socorro(server);
    let (selection, ooids) = crashes(&socorro, "2022-04-01", 3);
    let folder = tempfile::tempdir().unwrap();
    let export = socorro.store.export_to_folder(&selection, folder.path()).unwrap();
    let exported: Vec<Exported> = export.map(Result::unwrap).collect();
    assert!(
        exported.iter().all(|crash| crash.problem.is_none() && crash.outcome == ExportOutcome::New)
    );
    assert_eq!(files_in(folder.path()), expected(&ooids, "2022-04-01"));
}

fn an_archive_holds_the_same_files(server: &Server) {
    let socorro = socorro(server);
    let (selection, ooids) = crashes(&socorro, "2022-04-02", 3);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crashes.tar.gz");
    assert_eq!(socorro.store.export_to_archive(&selection, &path).unwrap().count(), 3);
    assert_eq!(files_of_archive(&path), expected(&ooids, "2022-04-02"));
    assert_eq!(files_in(folder.path()).len(), 1, "no other file is left");
    let again = socorro.store.export_to_archive(&selection, &path).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::File);
    assert!(again.to_string().ends_with("is there and complete"), "{again}");
}

fn an_export_into_a_folder_leaves_out_what_is_there(server: &Server) {
    let socorro = socorro(server);
    let (selection, ooids) = crashes(&socorro, "2022-04-03", 3);
    let folder = tempfile::tempdir().unwrap();
    let mut export = socorro.store.export_to_folder(&selection, folder.path()).unwrap();
    export.next().unwrap().unwrap();
    drop(export);
    let export = socorro.store.export_to_folder(&selection, folder.path()).unwrap();
    let outcomes: Vec<_> = export.map(|crash| crash.unwrap().outcome).collect();
    assert_eq!(outcomes, [ExportOutcome::WasThere, ExportOutcome::New, ExportOutcome::New]);
    assert_eq!(files_in(folder.path()), expected(&ooids, "2022-04-03"));
}

/// A backup that kept the old dump beside what was made of the new one would be of no crash that ever was.
fn an_export_into_a_folder_gets_a_dump_that_was_replaced(server: &Server) {
    let socorro = socorro(server);
    let (selection, ooids) = crashes(&socorro, "2022-04-10", 3);
    let folder = tempfile::tempdir().unwrap();
    let export = || {
        let export = socorro.store.export_to_folder(&selection, folder.path()).unwrap();
        export.map(|crash| crash.unwrap().outcome).collect::<Vec<_>>()
    };
    assert_eq!(export(), [ExportOutcome::New; 3]);
    // As long as the old one.
    socorro.store.replace_dump(ooids[1], b"MDM2").unwrap();
    let [was_there, updated] = [ExportOutcome::WasThere, ExportOutcome::Updated];
    assert_eq!(export(), [was_there, updated, was_there]);
    let mut files = expected(&ooids, "2022-04-10");
    files.insert(format!("{}.dump", ooids[1]), b"MDM2".to_vec());
    assert_eq!(files_in(folder.path()), files);
    assert_eq!(export(), [was_there; 3]);
}

fn an_interrupted_archive_goes_on_where_it_stopped(server: &Server) {
    let socorro = socorro(server);
    let (by_time, ooids) = crashes(&socorro, "2022-04-04", 4);
    for selection in [by_time, Selection::Crashes(ooids.iter().map(Into::into).collect())] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crashes.tar.gz");
        let mut export = socorro.store.export_to_archive(&selection, &path).unwrap();
        for _ in 0..2 {
            export.next().unwrap().unwrap();
        }
        drop(export);
        // Half a crash, as an interruption leaves it.
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend(b"\x1f\x8b half");
        fs::write(&path, bytes).unwrap();
        assert_eq!(socorro.store.export_to_archive(&selection, &path).unwrap().count(), 2);
        assert_eq!(files_of_archive(&path), expected(&ooids, "2022-04-04"));
    }
}

fn an_archive_that_is_being_written_is_left_alone(server: &Server) {
    let socorro = socorro(server);
    let (selection, ooids) = crashes(&socorro, "2022-04-09", 3);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crashes.tar.gz");
    // What stopped before there was any progress.
    fs::write(&path, b"").unwrap();
    let mut export = socorro.store.export_to_archive(&selection, &path).unwrap();
    export.next().unwrap().unwrap();
    let refused = socorro.store.export_to_archive(&selection, &path).unwrap_err();
    assert!(refused.is_retryable() && refused.kind() == ErrorKind::File, "{refused:?}");
    assert!(refused.to_string().starts_with("another export is writing"), "{refused}");
    assert_eq!(export.by_ref().count(), 2);
    assert_eq!(files_of_archive(&path), expected(&ooids, "2022-04-09"));
    let again = socorro.store.export_to_archive(&selection, &path).unwrap_err();
    assert!(again.to_string().ends_with("is there and complete"), "{again}");
}

fn another_file_in_the_place_of_an_interrupted_archive_is_not_cut(server: &Server) {
    let socorro = socorro(server);
    let (selection, _) = crashes(&socorro, "2022-04-08", 3);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crashes.tar.gz");
    let start = |selection: &Selection| socorro.store.export_to_archive(selection, &path);
    start(&selection).unwrap().next().unwrap().unwrap();
    let other = Selection::Submitted(TimeRange::within("2022"));
    let refused = start(&other).unwrap_err().to_string();
    assert!(refused.contains("an interrupted export of other crashes"), "{refused}");
    for bytes in [&[b'x'; 9000][..], b"x"] {
        fs::write(&path, bytes).unwrap();
        let refused = start(&selection).unwrap_err().to_string();
        assert!(refused.contains("isn't the archive that"), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    // Without the archive, what is left of it says nothing.
    fs::remove_file(&path).unwrap();
    assert_eq!(start(&other).unwrap().take(3).map(Result::unwrap).count(), 3);
}

fn a_broken_crash_is_reported_and_ends_nothing(server: &Server) {
    let mut socorro = socorro(server);
    let (_, mut ooids) = crashes(&socorro, "2022-04-05", 2);
    let broken = ooid("fabc0000-abcd-4bbb-8ccc-ddddd2220405");
    let row = format!("f220405{broken}");
    socorro.put_raw("crash_reports", &row, &[("raw_data:dump", b"MDMP")]);
    ooids.splice(1..1, [broken, ooid("eabc0000-abcd-4bbb-8ccc-ddddd2220405")]);
    let folder = tempfile::tempdir().unwrap();
    let selection = Selection::Crashes(ooids.iter().map(Into::into).collect());
    let export = socorro.store.export_to_folder(&selection, folder.path()).unwrap();
    let problems: Vec<_> =
        export.map(|crash| crash.unwrap().problem.map(|problem| problem.kind())).collect();
    socorro.delete_raw("crash_reports", &row);
    let expected = [None, Some(ErrorKind::IncompleteCrash), Some(ErrorKind::NoSuchCrash), None];
    assert_eq!(problems, expected);
    assert!(folder.path().join(format!("{broken}.dump")).exists());
}

fn the_crashes_of_a_signature_are_exported_and_an_interruption_is_gone_on_from(server: &Server) {
    let socorro = socorro(server);
    let (_, ooids) = crashes(&socorro, "2022-04-07", 4);
    for (ooid, signature) in ooids.iter().zip(["export", "export", "export", "exported"]) {
        let json = format!(r#"{{"signature": "{signature}", "completeddatetime": "2022"}}"#);
        let processed = ProcessedCrash::from_json(json).unwrap();
        socorro.store.put_processed(ooid, &processed).unwrap();
    }
    let selection = Selection::Signature("export".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crashes.tar.gz");
    let first = socorro.store.export_to_archive(&selection, &path).unwrap().next();
    assert_eq!(first.unwrap().unwrap().id, ooids[0]);
    let rest = socorro.store.export_to_archive(&selection, &path).unwrap();
    let rest: Vec<_> = rest.map(|crash| crash.unwrap().id).collect();
    assert_eq!(rest, ooids[1..3]);
    let mut names: Vec<String> = files_of_archive(&path).into_keys().collect();
    names.retain(|name| !name.contains("json"));
    let own = |ooid: &Ooid| format!("{ooid}.dump");
    let expected =
        [own(&ooids[0]), format!("{}.other.dump", ooids[0]), own(&ooids[1]), own(&ooids[2])];
    assert_eq!(names, expected);
    let mut sample = socorro.store.sample(&selection, 10).unwrap();
    sample.sort();
    assert_eq!(sample, ooids[..3]);
}

fn a_sample_is_of_the_selection_and_of_its_size(server: &Server) {
    let socorro = socorro(server);
    let (selection, ooids) = crashes(&socorro, "2022-04-06", 6);
    let mut sample = socorro.store.sample(&selection, 3).unwrap();
    sample.sort_by_key(ToString::to_string);
    sample.dedup();
    assert_eq!(sample.len(), 3);
    assert!(sample.iter().all(|ooid| ooids.iter().any(|other| ooid == other)));
    assert_eq!(socorro.store.sample(&selection, 10).unwrap().len(), 6);
}
