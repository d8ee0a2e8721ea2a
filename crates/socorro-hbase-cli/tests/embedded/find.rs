//! Finding and counting crashes: text, JSON, failures, exit codes.

use serde_json::json;

use crate::shell::{ABSENT, METADATA, OOID, OTHER, PROCESSED, Shell};

#[test]
fn crashes_are_found_by_time_newest_first() {
    let shell = Shell::with_crashes();
    let all = shell.ok(&["crashes"]);
    let lines: Vec<_> = all.lines().collect();
    assert_eq!(lines.len(), 2, "no heading, since this is no terminal: {all}");
    assert!(lines[0].starts_with(OTHER) && lines[0].contains("plugin"), "{all}");
    assert!(lines[1].starts_with(OOID) && lines[1].contains("Firefox     12.0      -"), "{all}");

    let ooids = |arguments: &[&str]| -> Vec<_> {
        let found = shell.json(&[&["crashes"], arguments].concat());
        found.iter().map(|crash| crash["ooid"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ooids(&[]), [OTHER, OOID]);
    assert_eq!(ooids(&["--reverse"]), [OOID, OTHER]);
    assert_eq!(ooids(&["--date", "2012-05-08"]), [OOID]);
    assert_eq!(ooids(&["--from", "2012-05-09"]), [OTHER]);
    assert_eq!(ooids(&["--to", "2012-05-08"]), [OOID]);
    assert_eq!(ooids(&["--limit", "1"]), [OTHER]);
    assert_eq!(ooids(&["--product", "Firefox"]), [OOID]);
    assert_eq!(ooids(&["--version", "14.0", "--process-type", "plugin"]), [OTHER]);
    assert_eq!(ooids(&["--process-type", "default"]), [OOID]);
    assert_eq!(ooids(&["--product", "Firefox", "--version", "14.0"]), Vec::<String>::new());
    assert_eq!(ooids(&["--date", "1999"]), Vec::<String>::new());
}

#[test]
fn crashes_are_found_by_signature_and_counted() {
    let shell = Shell::with_crashes();
    let file = shell.write("processed.json", PROCESSED);
    shell.ok(&["put-processed", OOID, &file]);
    let found = shell.json(&["crashes", "--signature", "js::Interpret"]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["ooid"], OOID);
    assert_eq!(found[0]["signature"], "js::Interpret");
    assert!(shell.json(&["crashes", "--signature", "js"]).is_empty());
    shell.ok(&["put-processed", OTHER, &file]);
    let both = ["crashes", "--signature", "js::Interpret"];
    let ooids = |more: &[&str]| -> Vec<_> {
        let found = shell.json(&[&both, more].concat());
        found.iter().map(|crash| crash["ooid"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ooids(&[]), [OTHER, OOID]);
    assert_eq!(ooids(&["--reverse"]), [OOID, OTHER]);
    assert_eq!(ooids(&["--date", "2012-05-08"]), [OOID]);
    assert_eq!(ooids(&["--product", "Fennec"]), [OTHER]);
    shell.ok(&["queue", "add", OTHER]);

    let expected = [
        json!({"crashes": 2, "signature": "js::Interpret"}),
        json!({"crashes": 1, "signature": null}),
    ];
    shell.submit(ABSENT, METADATA);
    assert_eq!(shell.json(&["signatures"]), expected);
    let text = "2         js::Interpret\n1         -\n";
    assert_eq!(shell.ok(&["signatures"]), text);
}

#[test]
fn the_empty_signature_is_one_too() {
    let shell = Shell::with_crashes();
    let file = shell.write("processed.json", PROCESSED.replace("js::Interpret", ""));
    shell.ok(&["put-processed", OOID, &file]);
    for command in [&["crashes"][..], &["export", "-o", "out"], &["sample"]] {
        for signature in ["", "##empty##"] {
            let found = shell.json(&[command, &["--signature", signature]].concat());
            assert_eq!(found.len(), 1, "{command:?}");
            assert_eq!(found[0]["ooid"], OOID, "{command:?}");
        }
    }
}

#[test]
fn a_hang_has_its_halves_and_an_absent_one_has_none() {
    let shell = Shell::with_crashes();
    let found = shell.json(&["crashes", "--hang", "11111111-2222-4333-8444-555555120509"]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["ooid"], OTHER);
    assert!(shell.json(&["crashes", "--hang", ABSENT]).is_empty());
}

#[test]
fn a_day_that_no_calendar_has_is_a_wrong_command_line() {
    let shell = Shell::new();
    let message = shell.fail(2, &["crashes", "--from", "2012-02-30"]);
    assert!(message.contains("2012-02-30 is no day: write it like 2012-05-08"), "{message}");
    let message = shell.fail(2, &["crashes", "--date", "yesterday"]);
    assert!(message.contains("a period is written like"), "{message}");
    let message = shell.fail(2, &["metrics", "--from", "2012-05-09", "--to", "2012-05-08"]);
    assert!(message.contains("--from is later than --to"), "{message}");
    let message = shell.fail(2, &["metrics", "--by", "hour", "--from", "2001-01-01"]);
    assert!(message.contains("choose a later --from"), "{message}");
    for command in ["crashes", "signatures", "check", "sample"] {
        let message = shell.fail(2, &[command, "--date", "2012-13"]);
        assert!(message.contains("2012-13"), "{command}: {message}");
    }
    let message = shell.fail(2, &["export", "-o", "out", "--to", "2012-02-30"]);
    assert!(message.contains("2012-02-30 is no day"), "{message}");
}

#[test]
fn metrics_are_counted_by_minute_hour_day_month_and_year() {
    let shell = Shell::with_crashes();
    let range = ["--from", "2012-05-08", "--to", "2012-05-09"];
    let of = |by| shell.json(&[&["metrics", "--by", by], &range[..]].concat());
    let days = of("day");
    assert_eq!(days.len(), 2);
    assert_eq!(days[0]["period"], "2012-05-08");
    assert_eq!((&days[0]["submitted"], &days[0]["accepted"]), (&json!(1), &json!(1)));
    assert_eq!((&days[1]["deferred"], &days[1]["hang_pairs"]), (&json!(1), &json!(1)));
    assert_eq!(of("hour").len(), 48);
    let months = of("month");
    assert_eq!(months.len(), 1);
    assert_eq!(months[0]["submitted"], 2);
    assert_eq!(of("year")[0]["submitted"], 2);
    let minutes = of("minute");
    assert_eq!((minutes.len(), &minutes[20 * 60 + 50]["submitted"]), (2880, &json!(1)));
    let reversed = shell.json(&[&["metrics", "--reverse"], &range[..]].concat());
    assert_eq!(reversed[0]["period"], "2012-05-09");
    let text = shell.ok(&[&["metrics"], &range[..]].concat());
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.starts_with("2012-05-08        1           1 "), "{text}");
}

#[test]
fn a_row_is_shown_whole() {
    let shell = Shell::with_crashes();
    let key = format!("6120508{OOID}");
    let text = shell.ok(&["row", "crash_reports", &key]);
    assert!(text.contains("flags:processed") && text.contains("raw_data:dump"), "{text}");
    let row = shell.json(&["row", "crash_reports", &key]);
    assert_eq!(row[0]["row"], key);
    assert_eq!(row[0]["cells"]["raw_data:dump"]["text"], "MDMP");
    let counters = shell.json(&["row", "metrics", "2012-05-08"]);
    assert_eq!(counters[0]["cells"]["counters:submitted_crash_reports"]["number"], 1);
    let message = shell.fail(3, &["row", "crash_reports", "none"]);
    assert!(message.contains("table crash_reports has no row none"), "{message}");
    let message = shell.fail(1, &["row", "no_table", "none"]);
    assert!(message.contains("no_table"), "{message}");
    assert!(message.contains("`schema show` lists them"), "{message}");
    let message = shell.fail(2, &["row", "metrics", "\\x2"]);
    assert!(message.contains("two hexadecimal digits, unlike \\x2"), "{message}");
}

#[test]
fn a_scan_goes_by_keys_salts_or_time() {
    let shell = Shell::with_crashes();
    let table = "crash_reports_index_submitted_time";
    let keys = |arguments: &[&str]| -> Vec<_> {
        let rows = shell.json(&[&["scan", table], arguments].concat());
        rows.iter().map(|row| row["row"].as_str().unwrap().to_owned()).collect()
    };
    let (first, second) =
        (format!("62012-05-08T20:50:50{OOID}"), format!("72012-05-09T01:02:03{OTHER}"));
    for order in ["key", "union", "merge"] {
        let mut found = keys(&["--order", order]);
        found.sort();
        assert_eq!(found, [first.clone(), second.clone()], "{order}");
    }
    assert_eq!(
        keys(&["--order", "merge", "--prefix", "2012-05-09"]),
        std::slice::from_ref(&second)
    );
    assert_eq!(keys(&["--prefix", "62012"]), std::slice::from_ref(&first));
    assert_eq!(keys(&["--limit", "1"]), [first]);
    let none = keys(&["--columns", "ids:other"]);
    assert!(none.is_empty(), "{none:?}");
    let text = shell.ok(&["scan", table, "--columns", "ids:ooid"]);
    assert!(text.contains(&format!("ids:ooid={OOID}")), "{text}");
    shell.fail(1, &["scan", "no_table"]);
}

#[test]
fn what_a_strict_parser_refuses_is_listed_with_its_fields() {
    let shell = Shell::new();
    let odd = METADATA.replace('}', ", \"URL\": \"\\udf03\", \"x\": NaN}");
    shell.submit(OOID, &odd);
    let processed = PROCESSED.replace('}', ", \"dump\": \"\\udf03\"}");
    let file = shell.write("processed.json", processed);
    shell.ok(&["put-processed", OOID, &file]);
    for arguments in [&["--product", "Firefox"][..], &["--signature", "js::Interpret"]] {
        let found = &shell.json(&[&["crashes"], arguments].concat())[0];
        assert_eq!(found["version"], "12.0");
        assert_eq!(found["submitted"], "2012-05-08T20:50:50+00:00");
        assert_eq!(found["signature"], "js::Interpret");
    }
}
