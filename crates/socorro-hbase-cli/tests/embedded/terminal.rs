//! What people see on a terminal: charts, headings, and bars that leave nothing behind.

use std::{
    fs,
    io::Read,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use nix::pty::{Winsize, openpty};

use crate::shell::{METADATA, OOID, PROCESSED, Shell, archive};

/// What a command with its standard error, or all, on a terminal of this width shows.
fn shown(command: &mut Command, width: u16, with_output: bool) -> String {
    shown_while(command, width, with_output, |_| {})
}

/// As [`shown`], and what is done meanwhile, with the process's id.
fn shown_while(
    command: &mut Command,
    width: u16,
    with_output: bool,
    meanwhile: impl FnOnce(u32),
) -> String {
    let size = Winsize { ws_row: 50, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = openpty(&size, None).unwrap();
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    command.stderr(pty.slave.try_clone().unwrap());
    if with_output {
        command.stdout(pty.slave.try_clone().unwrap());
    } else {
        command.stdout(Stdio::null());
    }
    let mut process = command.spawn().unwrap();
    // Nobody else has it any more, so that it ends with the command.
    command.stderr(Stdio::null()).stdout(Stdio::null());
    drop(pty.slave);
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        // A terminal that nobody writes to any more ends with an error.
        let _ = fs::File::from(pty.master).read_to_end(&mut bytes);
        bytes
    });
    meanwhile(process.id());
    process.wait().unwrap();
    String::from_utf8_lossy(&reader.join().unwrap()).into_owned()
}

/// The lines that stay: what was drawn over, or erased, is gone.
fn screen(shown: &str) -> Vec<String> {
    let mut lines = vec![Vec::<char>::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut rest = shown.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' => column = 0,
            '\n' => {
                row += 1;
                if row == lines.len() {
                    lines.push(Vec::new());
                }
            }
            '\u{1b}' => {
                if rest.next_if_eq(&'[').is_none() {
                    continue;
                }
                let mut number = String::new();
                while let Some(digit) = rest.next_if(|c| c.is_ascii_digit() || *c == ';') {
                    number.push(digit);
                }
                let count = number.parse().unwrap_or(1);
                match rest.next() {
                    Some('K') if number == "2" => lines[row].clear(),
                    Some('K') => lines[row].truncate(column),
                    Some('A') => row = row.saturating_sub(count),
                    Some('G') => column = count - 1,
                    _ => {}
                }
            }
            c => {
                let line = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
    }
    let lines = lines.into_iter().map(|line| line.into_iter().collect::<String>());
    lines.map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[test]
fn metrics_are_a_chart_on_a_terminal_only() {
    let shell = Shell::with_crashes();
    let arguments = ["metrics", "--from", "2012-05-08", "--to", "2012-05-10"];
    let chart = screen(&shown(&mut shell.command(&arguments), 100, true));
    let bars: Vec<&String> = chart.iter().filter(|line| line.contains('█')).collect();
    assert_eq!(bars.len(), 2, "{chart:#?}");
    assert!(bars[0].starts_with("2012-05-08") && bars[1].starts_with("2012-05-09"), "{bars:#?}");
    assert!(chart[0].starts_with("period"), "{chart:#?}");
    assert!(chart.iter().all(|line| line.chars().count() <= 100), "{chart:#?}");
    assert!(!shell.ok(&arguments).contains('█'));
}

#[test]
fn lists_have_a_heading_on_a_terminal_only() {
    let shell = Shell::with_crashes();
    let list = screen(&shown(&mut shell.command(&["queue", "list"]), 100, true));
    assert!(list[0].starts_with("ooid"), "{list:#?}");
    for arguments in
        [&["queue", "list"][..], &["crashes"], &["signatures"], &["queue", "stats"], &["metrics"]]
    {
        let head = screen(&shown(&mut shell.command(arguments), 100, true))[0].clone();
        let list = shell.ok(arguments);
        assert!(!list.lines().any(|line| line == head), "{head}: {list}");
        let json = shown(&mut shell.command(&[arguments, &["--json"]].concat()), 1000, true);
        assert!(json.starts_with('{'), "{json}");
    }
    let settings = screen(&shown(&mut shell.command(&["config", "show"]), 1000, true));
    assert!(settings[0].starts_with("setting") && settings[1].starts_with("config"));
    assert!(shell.ok(&["config", "show"]).starts_with("config"));
}

#[test]
fn a_narrow_terminal_shows_all_of_a_list_in_lines_that_fit() {
    let shell = Shell::with_crashes();
    let hostile = r#"{"signature": "a\u001b[2J\u009b\u202eb", "completeddatetime": "2012"}"#;
    let file = shell.write("processed.json", hostile);
    shell.ok(&["put-processed", OOID, &file]);
    for arguments in [
        &["crashes"][..],
        &["crashes", "--json"],
        &["signatures"],
        &["queue", "list", "--queue", "general"],
        &["queue", "stats"],
        &["metrics", "--from", "2012-05-08", "--to", "2012-05-09"],
        &["show", OOID],
        &["get", "processed", OOID],
        &["get", "state", OOID],
        &["scan", "crash_reports"],
        &["row", "crash_reports", &format!("6120508{OOID}")],
        &["check", "--settled-for", "0s"],
        &["schema", "verify"],
        &["export", "-o", "out"],
        &["sample"],
    ] {
        let drawn = shown(&mut shell.command(arguments), 60, true);
        let left = screen(&drawn);
        let fits = |line: &String| line.chars().count() <= 60;
        let is_list = !arguments.contains(&"--json") && !["show", "get"].contains(&arguments[0]);
        assert!(
            !is_list || left.iter().filter(|l| !l.starts_with("socorro-hbase: ")).all(fits),
            "{arguments:?}: {left:#?}"
        );
        assert!(
            !drawn.contains("\u{1b}[2J") && !drawn.contains(['\u{9b}', '\u{202e}']),
            "{drawn:?}"
        );
    }
    let crashes = screen(&shown(&mut shell.command(&["crashes"]), 60, true)).join(" ");
    for expected in [OOID, "Firefox", "12.0", "plugin", "a\\x1b[2J\\u{9b}\\u{202e}b"] {
        assert!(crashes.contains(expected), "{expected}: {crashes}");
    }
}

#[test]
fn messages_beside_a_bar_leave_nothing_of_it_behind() {
    let shell = Shell::new();
    fs::create_dir(shell.path("crashes")).unwrap();
    for number in 0..300 {
        shell.write(&format!("crashes/{number}.json"), METADATA);
        shell.write(&format!("crashes/{number}.dump"), format!("MDMP {number}"));
    }
    // What is wrong is said while the bar is drawn, and so is that the store is made.
    for number in 300..310 {
        shell.write(&format!("crashes/{number}.dump"), "MDMP");
    }
    let drawn = shown(&mut shell.command(&["submit", "crashes"]), 100, true);
    assert!(drawn.contains("submitting"), "no bar was drawn: {drawn}");
    let left = screen(&drawn);
    assert!(left.iter().all(|line| !line.contains("submitting")), "{left:#?}");
    assert!(left.iter().any(|line| line.contains("made a store")), "{left:#?}");
    assert_eq!(left.iter().filter(|line| line.contains("no metadata")).count(), 10, "{left:#?}");
}

#[test]
fn a_signal_beside_a_bar_leaves_nothing_of_it_behind() {
    let shell = Shell::new();
    let mut command = shell.command(&["submit", "-"]);
    let (reader, writer) = std::io::pipe().unwrap();
    command.stdin(reader);
    let drawn = shown_while(&mut command, 100, false, |id| {
        // Long enough for a bar to be drawn; without one, the test fails.
        thread::sleep(Duration::from_secs(2));
        let stopped = Command::new("kill").args(["-INT", &id.to_string()]).status();
        assert!(stopped.unwrap().success());
        thread::sleep(Duration::from_millis(500));
        drop(writer);
    });
    assert!(drawn.contains("submitting"), "no bar was drawn: {drawn}");
    let left = screen(&drawn);
    assert!(left.iter().any(|line| line.contains("stopping; the same again")), "{left:#?}");
    assert!(left.iter().all(|line| !line.contains("submitting")), "{left:#?}");
}

#[test]
fn nothing_is_said_if_quiet_is_asked_for_and_more_if_verbose_is() {
    let shell = Shell::with_crashes();
    fs::create_dir(shell.path("crashes")).unwrap();
    shell.write("crashes.tar", archive(&[(OOID, "MDMP")]));
    let quiet = shown(&mut shell.command(&["submit", "crashes.tar", "--quiet"]), 100, false);
    assert_eq!(quiet, "");
    let ended = shell.run(&["-q", "submit", "lost"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.message.contains("can't submit from lost"), "{}", ended.message);

    let verbose = shell.run(&["queue", "list", "-v"]);
    assert_eq!(verbose.stdout, shell.ok(&["queue", "list"]));
    assert!(verbose.message.contains("scannerGetList"), "{}", verbose.message);
    assert!(verbose.message.contains("close time.busy="), "{}", verbose.message);
    let more = shell.run(&["-vv", "queue", "list"]);
    assert!(more.message.lines().count() >= verbose.message.lines().count());
}

#[test]
fn a_signature_is_made_of_a_processed_crash() {
    let shell = Shell::new();
    let crash = r#"{"json_dump": {"crash_info": {"crashing_thread": 0}, "threads": [{"frames": [
        {"frame": 0, "module": "libc.so.6", "function": "abort"},
        {"frame": 1, "module": "a.so", "function": "js::Interpret(JSContext*)", "line": 1}
    ]}]}, "os_name": "Linux"}"#;
    let file = shell.write("crash.json", crash);
    let made = shell.ok(&["signature", &file]);
    assert_eq!(made, "abort | js::Interpret\n");
    let object = &shell.json(&["signature", &file])[0];
    assert_eq!(object["signature"], "abort | js::Interpret");
    assert!(object["proto_signature"].is_string() && object["notes"].is_array(), "{object}");
    let piped = shell.run_with(&["signature"], crash.as_bytes());
    assert_eq!((piped.code, piped.stdout), (Some(0), made));
    let steps: Vec<_> = piped.message.lines().collect();
    for (step, said) in steps.iter().zip([
        "thread 0: 2 frames are looked at",
        "frame 0: \"abort\", named by its function: taken, and the next is looked at, because",
        "frame 1: \"js::Interpret\", named by its function: taken, as the last one",
        "stack: the signature is \"abort | js::Interpret\"",
    ]) {
        assert!(step.starts_with(&format!("socorro-hbase: {said}")), "{step}");
    }
    assert_eq!(steps.len(), 4, "{steps:?}");
    assert_eq!(object["steps"].as_array().unwrap().len(), 4);
    assert_eq!(shell.run(&["signature", "--quiet", &file]).message, "");
    // Other lists, in which nothing is followed by the next.
    fs::create_dir(shell.path("lists")).unwrap();
    let absent = shell.fail(2, &["signature", "--signature-lists", "lists", &file]);
    assert!(absent.contains("signature_sentinels.txt can't be read"), "{absent}");
    for name in [
        "signature_sentinels",
        "irrelevant_signature_re",
        "prefix_signature_re",
        "signatures_with_line_numbers_re",
    ] {
        shell.write(&format!("lists/{name}.txt"), "# none\n");
    }
    let lists = ["signature", "--signature-lists", "lists", &file];
    assert_eq!(shell.ok(&lists), "abort\n");
    let processing = ["process", "--signature-lists", "absent"];
    assert!(shell.fail(2, &processing).contains("signature_sentinels.txt can't be read"));
    shell.write("lists/prefix_signature_re.txt", "ab(\n");
    assert!(shell.fail(2, &lists).contains("\"ab(\""));
    let broken = shell.write("broken.json", "{");
    assert!(shell.fail(1, &["signature", &broken]).contains("is no JSON"));
    assert!(shell.fail(1, &["signature", "lost"]).contains("can't read lost"));
}

#[test]
fn symbol_files_are_copied_to_where_they_are_looked_for() {
    let shell = Shell::new();
    let text = "MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 lib.so\nFUNC 0 10 0 f\n";
    let file = shell.write("lib.sym", text);
    let added = &shell.json(&["symbols", "add", &file, "--symbols", "symbols"])[0];
    let place = added["place"].as_str().unwrap();
    assert!(place.ends_with("lib.so/0123456789ABCDEF0123456789ABCDEF0/lib.so.sym"), "{place}");
    assert_eq!(fs::read_to_string(shell.path(place)).unwrap(), text);
    assert_eq!(added["file"].as_str().unwrap(), file);
    let none = shell.write("none.sym", PROCESSED);
    shell.fail(1, &["symbols", "add", &none, "--symbols", "symbols"]);
    assert!(shell.fail(2, &["symbols", "add", &file]).contains("--symbols"));
}
