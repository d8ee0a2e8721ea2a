//! Disks that are full and folders that can't be written: clear messages, exit codes, and nothing
//! lost that was acknowledged.

use std::{
    fs,
    process::{Command, Stdio},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use mini_hbase::MiniHBase;
use serde_json::Value;

use crate::shell::{ABSENT, Ended, METADATA, OOID, PROCESSED, Shell, shown};

/// No command that meets a full disk takes as long; an operation's deadline is a minute.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a shell's script on a command, which is `"$@"` in it.
fn scripted(shell: &Shell, script: &str, arguments: &[&str]) -> Ended {
    let command = shell.command(arguments);
    let mut sh = Command::new("sh");
    sh.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args());
    sh.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => sh.env(name, value),
            None => sh.env_remove(name),
        };
    }
    sh.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let process = sh.spawn().unwrap();
    let id = process.id().to_string();
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(process.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(PATIENCE) else {
        Command::new("kill").args(["-9", &id]).status().unwrap();
        panic!("{arguments:?} waits for ever");
    };
    Ended::from(output.unwrap())
}

/// Runs a command that can write no file beyond so many blocks of 512 bytes, as on a full disk.
fn limited(shell: &Shell, blocks: u32, arguments: &[&str]) -> Ended {
    scripted(shell, &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), arguments)
}

/// Several batches.
const CRASHES: u64 = 80;

/// A folder with more crashes than the limited store has room for.
fn many_crashes(shell: &Shell) -> String {
    fs::create_dir(shell.path("crashes")).unwrap();
    for number in 0..CRASHES {
        shell.write(&format!("crashes/{number}.json"), METADATA);
        shell.write(&format!("crashes/{number}.dump"), noise(number, 400_000));
    }
    shown(&shell.path("crashes"))
}

/// What no compression makes smaller.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn a_disk_that_fills_up_ends_a_submission_at_once_and_loses_nothing_acknowledged() {
    let shell = Shell::new();
    let folder = many_crashes(&shell);
    shell.ok(&["schema", "create"]);
    let full = limited(&shell, 48_000, &["submit", &folder, "--json"]);
    assert_eq!(full.code, Some(1), "{}", full.message);
    assert!(full.message.contains("the store can't be written ("), "{}", full.message);
    assert!(full.message.contains("make room on its disk"), "{}", full.message);
    assert!(full.message.contains("the same command goes on"), "{}", full.message);
    assert_eq!(full.message.lines().count(), 1, "{}", full.message);

    let mut acknowledged: Vec<Value> =
        full.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let all = acknowledged.len();
    acknowledged.retain(|line| line["problem"].is_null());
    assert!(!acknowledged.is_empty() && acknowledged.len() < all, "{}", full.stdout);
    for line in &acknowledged {
        shell.ok(&["get", "raw", line["ooid"].as_str().unwrap(), "-o", "kept"]);
        let kept = shell.path("kept").join(format!("{}.dump", line["ooid"].as_str().unwrap()));
        let dump = format!("{}.dump", line["source"].as_str().unwrap());
        assert_eq!(fs::read(kept).unwrap(), fs::read(dump).unwrap());
    }
    assert_eq!(shell.json(&["submit", &folder]).len() as u64, CRASHES);
    shell.ok(&["check", "--settled-for", "0s", "--repair"]);
    assert_eq!(shell.ok(&["check", "--settled-for", "0s"]), "");
    assert_eq!(shell.json(&["crashes"]).len() as u64, CRASHES);
}

#[test]
fn whatever_writes_to_a_full_disk_says_so_at_once() {
    let shell = Shell::with_crashes();
    let processed = shell.write("processed.json", PROCESSED);
    let (meta, dump) = (shell.write("a.json", METADATA), shell.write("a.dump", "MDMP"));
    for arguments in [
        &["submit", "--meta", &meta, "--dump", &dump, "--ooid", ABSENT][..],
        &["put-processed", OOID, &processed],
        &["remove", OOID],
        &["queue", "claim"],
        &["queue", "remove", OOID],
        &["process"],
    ] {
        let full = limited(&shell, 1, arguments);
        assert_eq!(full.code, Some(1), "{arguments:?}: {}", full.message);
        assert_eq!(full.stdout, "", "{arguments:?}");
        assert!(full.message.contains("the store can't be written"), "{}", full.message);
    }
    // Reading takes no room.
    assert_eq!(limited(&shell, 1, &["get", "dump", OOID]).stdout, "MDMP");
    assert_eq!(limited(&shell, 1, &["queue", "list", "--json"]).stdout.lines().count(), 1);
    assert_eq!(shell.ok(&["check", "--settled-for", "0s", "--repair"]), "");
}

#[test]
fn a_store_that_there_was_no_room_for_is_made_as_soon_as_there_is() {
    for blocks in [0, 1, 8, 1000] {
        let shell = Shell::new();
        let full = limited(&shell, blocks, &["crashes"]);
        assert_eq!(full.code, Some(1), "{}", full.message);
        assert!(full.message.contains("can't use the folder "), "{}", full.message);
        let made = shell.run(&["crashes", "--json"]);
        assert_eq!((made.code, made.stdout.as_str()), (Some(0), ""), "{blocks}: {}", made.message);
        assert!(made.message.contains("made a store in "), "{}", made.message);
    }
}

#[test]
fn a_store_whose_tables_there_was_no_room_for_gets_them_later() {
    let shell = Shell::new();
    drop(MiniHBase::builder().store(shell.path("store")).start().unwrap());
    assert_eq!(shell.ok(&["crashes", "--json"]), "");
    assert_eq!(shell.json(&["schema", "verify"])[0]["is_there"], true);
}

#[cfg(target_os = "linux")]
#[test]
fn lists_and_data_on_a_full_disk_are_failures_and_no_closed_pipes() {
    let shell = Shell::with_crashes();
    shell.write("processed.json", PROCESSED);
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["schema", "show"],
        &["schema", "verify"],
        &["get", "meta", OOID],
        &["get", "dump", OOID],
        &["get", "state", OOID],
        &["crashes"],
        &["crashes", "--json"],
        &["signatures"],
        &["metrics"],
        &["scan", "crash_reports"],
        &["row", "metrics", "2012-05-08"],
        &["queue", "list"],
        &["queue", "stats"],
        &["sample"],
        &["export", "-o", "out"],
        &["config", "show"],
        &["completions", "bash"],
        &["man"],
        &["queue", "claim"],
        &["process", "--queue", "general"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        let full = scripted(&shell, "exec \"$@\" >/dev/full", arguments);
        assert_eq!(full.code, Some(1), "{arguments:?}: {}", full.message);
        let expected = "can't write to standard output: No space left on device";
        assert!(full.message.contains(expected), "{arguments:?}: {}", full.message);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn messages_that_cannot_be_written_change_nothing() {
    let shell = Shell::with_crashes();
    for redirection in ["2>/dev/full", "2>&-"] {
        let script = format!("exec \"$@\" {redirection}");
        assert_eq!(scripted(&shell, &script, &["get", "meta", ABSENT]).code, Some(3));
        assert_eq!(scripted(&shell, &script, &["check", "--settled-for", "0s"]).code, Some(0));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn files_on_a_full_disk_are_named() {
    let shell = Shell::with_crashes();
    shell.write("processed.json", PROCESSED);
    shell.ok(&["put-processed", OOID, "processed.json"]);
    for what in ["meta", "dump", "processed"] {
        let message = shell.fail(1, &["get", what, OOID, "-o", "/dev/full"]);
        let expected = "can't write /dev/full: No space left on device";
        assert!(message.contains(expected), "{what}: {message}");
    }
    let message = shell.fail(1, &["get", "raw", OOID, "-o", "/dev/full"]);
    assert!(message.contains("can't make the folder /dev/full: File exists"), "{message}");
    let message = shell.fail(1, &["export", "-o", "/dev/full"]);
    assert!(message.contains("/dev/full: File exists"), "{message}");
}

#[test]
fn an_export_that_fills_a_disk_leaves_nothing_half() {
    let shell = Shell::new();
    let (meta, dump) = (shell.write("a.json", METADATA), shell.write("a.dump", noise(1, 100_000)));
    shell.ok(&["submit", "--meta", &meta, "--dump", &dump, "--ooid", OOID]);
    // Of a store elsewhere, whose disk is not full.
    let server = MiniHBase::builder().store(shell.path("store")).start().unwrap();
    let url = server.url();
    for output in ["out", "out.tar.gz"] {
        let full = limited(&shell, 100, &["export", "-o", output, "--server", &url]);
        assert_eq!(full.code, Some(1), "{output}: {}", full.message);
        assert!(full.message.contains(output), "{output}: {}", full.message);
        assert!(!shell.path(output).join(format!("{OOID}.dump")).exists());
        shell.ok(&["export", "-o", output, "--server", &url]);
        assert_eq!(shell.json(&["submit", output, "--store", "another"]).len(), 1, "{output}");
    }
    assert_eq!(
        fs::read(shell.path("out").join(format!("{OOID}.dump"))).unwrap(),
        fs::read(dump).unwrap()
    );
    let full = limited(&shell, 100, &["get", "raw", OOID, "-o", "raw", "--server", &url]);
    assert_eq!(full.code, Some(1), "{}", full.message);
    assert_eq!(fs::read_dir(shell.path("raw")).unwrap().count(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_store_that_nobody_can_make_is_named() {
    for arguments in [
        &["get", "meta", OOID][..],
        &["crashes"],
        &["process"],
        &["schema", "create"],
        &["serve", "--listen", "127.0.0.1:0"],
        &["demo"],
    ] {
        let shell = Shell::new();
        let mut command = shell.command(&[arguments, &["--store", "/proc/store"]].concat());
        let ended = Ended::from(command.env("XDG_DATA_HOME", shell.path("data")).output().unwrap());
        assert_eq!(ended.code, Some(1), "{arguments:?}: {}", ended.message);
        let expected = "can't use the folder /proc/store as a store: ";
        assert!(ended.message.contains(expected), "{arguments:?}: {}", ended.message);
    }
}

#[cfg(unix)]
#[test]
fn a_store_in_a_folder_that_only_others_may_write_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let shell = Shell::new();
    fs::create_dir(shell.path("theirs")).unwrap();
    fs::set_permissions(shell.path("theirs"), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(shell.path("theirs/file"), "").is_ok() {
        eprintln!("skipped: the user may write everywhere, as root may");
        return;
    }
    let message = shell.fail(1, &["crashes", "--store", "theirs/store"]);
    assert!(message.contains("can't use the folder theirs/store as a store: "), "{message}");
    assert!(message.contains("Permission denied"), "{message}");
}
