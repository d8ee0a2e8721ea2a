//! Settings from flags, the environment and a file, and `config show`.

use std::{fs, process::Command};

use minidump::{Minidump, MinidumpModuleList, Module};
use serde_json::{Value, json};

use crate::shell::{Ended, OOID, Shell, shown};

/// The value and the source of each setting.
fn settings(shell: &Shell, arguments: &[&str], variables: &[(&str, &str)]) -> Vec<Value> {
    let mut command = shell.command(&[&["config", "show", "--json"], arguments].concat());
    let ended = ended(command.envs(variables.iter().copied()));
    assert_eq!(ended.code, Some(0), "{}", ended.message);
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn line(setting: &str, value: Value, source: &str) -> Value {
    json!({"setting": setting, "value": value, "source": source})
}

fn ended(command: &mut Command) -> Ended {
    Ended::from(command.output().unwrap())
}

/// A file of settings in the shell's folder.
fn write(shell: &Shell, text: &str) -> String {
    shell.write("settings.toml", text)
}

#[test]
fn a_flag_goes_before_the_environment_before_the_file() {
    let shell = Shell::new();
    let file = write(
        &shell,
        "server = 'hbase://file'\nworker = 'file'\nlease = '1s'\nsymbols = ['file', '/srv']\nsignature-lists = 'lists'",
    );
    let found = settings(
        &shell,
        &["--config", &file, "--server", "hbase://flag:1"],
        &[("SOCORRO_HBASE_WORKER", "variable"), ("SOCORRO_HBASE_SERVER", "hbase://variable")],
    );
    let expected = [
        line("config", json!(file), "--config"),
        line("server", json!("hbase://flag:1/"), "--server"),
        line("store", json!(shown(&shell.path("store"))), "SOCORRO_HBASE_STORE"),
        line("worker", json!("variable"), "SOCORRO_HBASE_WORKER"),
        line("lease", json!("1s"), &file),
        line("symbols", json!([shown(&shell.path("file")), "/srv"]), &file),
        line("symbols-url", json!([]), "default"),
        line("signature-lists", json!(shown(&shell.path("lists"))), &file),
        line("uses", json!("server"), "--server"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn settings_are_shown_as_a_table_to_people() {
    let shell = Shell::new();
    let store = shown(&shell.path("store"));
    let width = store.len();
    let expected = format!(
        "config           {:width$}  default\n\
         server           {:width$}  default\n\
         store            {store}  SOCORRO_HBASE_STORE\n\
         worker           {:width$}  default\n\
         lease            {:width$}  --lease\n\
         symbols          {:width$}  --symbols\n\
         symbols-url      {:width$}  default\n\
         signature-lists  {:width$}  default\n\
         uses             {:width$}  SOCORRO_HBASE_STORE\n",
        "none", "none", "socorro-hbase", "1m 30s", "a, b", "none", "none", "store",
    );
    let flags = ["config", "show", "--lease", "90s", "--symbols", "a", "--symbols", "b"];
    assert_eq!(shell.ok(&flags), expected);
}

#[test]
fn looking_at_the_settings_makes_no_store() {
    let shell = Shell::new();
    shell.ok(&["config", "show"]);
    assert!(!shell.path("store").exists());
}

#[test]
fn passwords_are_hidden_wherever_they_come_from() {
    let shell = Shell::new();
    let url = "https://me:s3cret@gateway/hbase?do_as=you";
    let file = write(&shell, &format!("server = '{url}'"));
    for json in [&[][..], &["--json"]] {
        for flags in [&["--server", url][..], &["--config", &file]] {
            let text = shell.ok(&[&["config", "show"], flags, json].concat());
            assert!(text.contains("https://me:***@gateway:443/hbase?do_as=you"), "{text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
        let mut command = shell.command(&[&["config", "show"], json].concat());
        let text = ended(command.env("SOCORRO_HBASE_SERVER", url)).stdout;
        assert!(text.contains("me:***@gateway") && !text.contains("s3cret"), "{text}");
    }
}

#[test]
fn a_store_of_the_environment_goes_before_a_server_of_the_file() {
    let shell = Shell::with_crashes();
    let file = write(&shell, "server = 'hbase://127.0.0.1:1'");
    assert_eq!(shell.ok(&["get", "dump", OOID, "--config", &file]), "MDMP");
    let mut command = shell.command(&["get", "dump", OOID, "--config", &file]);
    assert_eq!(ended(command.env_remove("SOCORRO_HBASE_STORE")).code, Some(4));
}

#[test]
fn a_store_of_the_file_is_beside_the_file() {
    let shell = Shell::with_crashes();
    fs::create_dir(shell.path("elsewhere")).unwrap();
    let file = write(&shell, "store = 'store'");
    let mut command = shell.command(&["get", "dump", OOID]);
    command.env_remove("SOCORRO_HBASE_STORE").env("SOCORRO_HBASE_CONFIG", &file);
    let ended = ended(command.current_dir(shell.path("elsewhere")));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "MDMP"), "{}", ended.message);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_among_the_users_configuration_is_found() {
    let shell = Shell::new();
    fs::create_dir_all(shell.path("configuration/socorro-hbase")).unwrap();
    let file = shell.write("configuration/socorro-hbase/config.toml", "worker = 'me'");
    let found = settings(&shell, &[], &[]);
    assert_eq!(found[0], line("config", json!(file), "default"));
    assert_eq!(found[3], line("worker", json!("me"), &file));
    let named = write(&shell, "worker = 'another'");
    let found = settings(&shell, &[], &[("SOCORRO_HBASE_CONFIG", &named)]);
    assert_eq!(found[0], line("config", json!(named), "SOCORRO_HBASE_CONFIG"));
    assert_eq!(found[3], line("worker", json!("another"), &named));
}

#[test]
fn a_file_that_was_named_has_to_be_there() {
    let shell = Shell::new();
    let message = shell.fail(2, &["get", "meta", OOID, "--config", "lost.toml"]);
    assert!(message.contains("can't read the configuration lost.toml: No such file"), "{message}");
    let mut command = shell.command(&["get", "meta", OOID]);
    let ended = ended(command.env("SOCORRO_HBASE_CONFIG", "lost.toml"));
    assert_eq!(ended.code, Some(2), "{}", ended.message);
    assert!(!shell.path("store").exists());
}

#[test]
fn a_file_that_is_wrong_is_reported_by_line_and_nothing_is_done() {
    let shell = Shell::new();
    for (text, expected) in [
        ("sever = 'hbase://h'", "line 2: unknown field `sever`, expected one of `server`"),
        ("lease = 'soon'", "line 2: lease has to be a time like 5m or 90s"),
        ("symbols = 'a'", "line 2: symbols has to be a list of folders' paths"),
        ("server = 'https://me:s3cret@h:port'", "line 2: server is no server's URL: "),
        ("server = 'https://me:s3cret@h", "line 2: "),
    ] {
        let file = write(&shell, &format!("# of mine\n{text}\n"));
        for command in [&["schema", "create"][..], &["config", "show"], &["serve"]] {
            let message = shell.fail(2, &[command, &["--config", &file]].concat());
            let start = format!("socorro-hbase: {file}, {expected}");
            assert!(message.starts_with(&start), "{text}: {message}");
            assert_eq!(message.lines().count(), 1, "{message}");
            assert!(!message.contains("s3cret"), "{message}");
        }
    }
    assert!(!shell.path("store").exists());
}

#[test]
fn a_server_that_is_no_url_is_reported_without_its_password() {
    let server = "https://me:s3cret@h:port";
    let message = Shell::new().fail(2, &["get", "meta", OOID, "--server", server]);
    assert!(message.contains("--server is no server's URL: "), "{message}");
    assert!(!message.contains("s3cret"), "{message}");
}

#[test]
fn a_worker_takes_crashes_in_the_name_that_the_file_says() {
    let shell = Shell::with_crashes();
    let file = write(&shell, "worker = 'worker-of-file'");
    shell.ok(&["queue", "claim", "--config", &file]);
    let queue = "crash_reports_index_legacy_unprocessed_flag";
    let claims = shell.ok(&["scan", queue, "--columns", "processor_state:claim"]);
    assert!(claims.contains(" worker-of-file "), "{claims}");
}

#[test]
fn claims_are_in_the_name_that_the_environment_says() {
    let shell = Shell::with_crashes();
    let mut command = shell.command(&["queue", "claim"]);
    let ended = ended(command.env("SOCORRO_HBASE_WORKER", "worker-of-variable"));
    assert_eq!(ended.code, Some(0), "{}", ended.message);
    let queue = "crash_reports_index_legacy_unprocessed_flag";
    let claims = shell.ok(&["scan", queue, "--columns", "processor_state:claim"]);
    assert!(claims.contains(" worker-of-variable "), "{claims}");
}

#[test]
fn a_worker_takes_functions_names_from_the_folders_that_the_file_says() {
    const CRASH: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../integration-tests/data/6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508"
    );
    let shell = Shell::new();
    let (meta, dump) = (format!("{CRASH}.json"), format!("{CRASH}.dump"));
    shell.ok(&["submit", "--meta", &meta, "--dump", &dump]);

    let bytes = fs::read(dump).unwrap();
    let minidump = Minidump::read(bytes).unwrap();
    let modules: MinidumpModuleList = minidump.get_stream().unwrap();
    let program = modules.main_module().unwrap();
    let name = program.debug_file().unwrap().rsplit('/').next().unwrap().to_owned();
    let id = program.debug_identifier().unwrap().breakpad().to_string();
    fs::create_dir_all(shell.path("symbols").join(&name).join(&id)).unwrap();
    let symbols = format!("MODULE Linux x86_64 {id} {name}\nFUNC 0 10000000 0 everywhere\n");
    shell.write(&format!("symbols/{name}/{id}/{name}.sym"), symbols);

    let file = write(&shell, "symbols = ['symbols']");
    let processed = shell.json(&["process", "--config", &file]);
    assert_eq!(processed, [json!({"ooid": OOID, "success": true, "signature": "everywhere"})]);
}
