//! The store itself: made once, durable, one process at a time, served.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use crate::shell::{Ended, OOID, Shell, shown};

#[test]
fn a_store_is_made_at_the_first_command_and_said_once() {
    let shell = Shell::new();
    let first = shell.run(&["get", "meta", OOID]);
    assert_eq!(first.code, Some(3), "{}", first.message);
    let made = format!("socorro-hbase: made a store in {}\n", shown(&shell.path("store")));
    assert!(first.message.starts_with(&made), "{}", first.message);
    let second = shell.fail(3, &["get", "meta", OOID]);
    assert_eq!(second, format!("socorro-hbase: there is no crash {OOID}\n"));
}

#[test]
fn what_one_call_stores_the_next_one_reads() {
    let shell = Shell::with_crashes();
    assert!(shell.ok(&["get", "meta", OOID]).contains("Firefox"));
    assert_eq!(shell.ok(&["get", "dump", OOID]), "MDMP");
}

#[test]
fn a_new_store_has_its_tables() {
    let created = Shell::new().run(&["schema", "create"]);
    assert_eq!(created.code, Some(0));
    let done = "0 tables created, 13 there already\n";
    assert!(created.message.ends_with(done), "{}", created.message);
}

#[test]
fn the_option_goes_before_the_environment() {
    let shell = Shell::new();
    let named = shown(&shell.path("named"));
    let mut command = shell.command(&["get", "meta", OOID, "--store", &named]);
    let ended =
        Ended::from(command.env("SOCORRO_HBASE_SERVER", "hbase://127.0.0.1:1").output().unwrap());
    assert_eq!(ended.code, Some(3), "{}", ended.message);
    assert!(shell.path("named").is_dir() && !shell.path("store").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_name_the_store_is_among_the_users_data() {
    let shell = Shell::new();
    let mut command = shell.command(&["get", "meta", OOID]);
    command.env_remove("SOCORRO_HBASE_STORE").env("XDG_DATA_HOME", shell.path("data"));
    assert_eq!(command.output().unwrap().status.code(), Some(3));
    assert!(shell.path("data/socorro-hbase").is_dir());
}

#[test]
fn a_server_and_a_store_at_once_are_a_wrong_command_line() {
    let server = "hbase://127.0.0.1:1";
    let message = Shell::new().fail(2, &["get", "meta", OOID, "--server", server, "--store", "x"]);
    assert!(message.contains("cannot be used with"), "{message}");
}

#[test]
fn a_server_of_the_environment_that_is_no_url_is_named() {
    let shell = Shell::new();
    let mut command = shell.command(&["get", "meta", OOID]);
    let ended =
        Ended::from(command.env("SOCORRO_HBASE_SERVER", "localhost:9090").output().unwrap());
    assert_eq!(ended.code, Some(2), "{}", ended.message);
    assert!(ended.message.contains("SOCORRO_HBASE_SERVER is no server's URL"), "{}", ended.message);
}

#[test]
fn a_folder_with_other_files_is_no_store_and_stays_as_it_is() {
    let shell = Shell::new();
    fs::create_dir(shell.path("store")).unwrap();
    let file = shell.write("store/thesis.txt", "years of work");
    let message = shell.fail(1, &["get", "meta", OOID]);
    assert!(message.contains("is not empty and no store"), "{message}");
    assert_eq!(fs::read_to_string(file).unwrap(), "years of work");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let shell = Shell::new();
    let file = shell.write("file", "");
    let message = shell.fail(1, &["get", "meta", OOID, "--store", &format!("{file}/store")]);
    assert!(message.contains("can't use the folder"), "{message}");
}

#[test]
fn a_store_in_use_may_be_free_later_and_its_message_names_serve() {
    let shell = Shell::with_crashes();
    let server = Serving::start(&shell);
    let message = shell.fail(4, &["get", "meta", OOID]);
    assert!(message.contains("is in use by another process"), "{message}");
    assert!(message.contains("`socorro-hbase serve --store "), "{message}");
    drop(server);
}

#[test]
fn a_served_store_is_a_server_for_others() {
    let shell = Shell::with_crashes();
    let server = Serving::start(&shell);
    assert_eq!(shell.ok(&["get", "dump", OOID, "--server", &server.url]), "MDMP");
}

#[cfg(unix)]
#[test]
fn serving_ends_cleanly_on_a_signal_and_leaves_the_store_to_others() {
    let shell = Shell::with_crashes();
    for signal in ["-INT", "-TERM"] {
        let mut server = Serving::start(&shell);
        let id = server.process.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert_eq!(server.process.wait().unwrap().code(), Some(0), "{signal}");
        assert_eq!(shell.ok(&["get", "dump", OOID]), "MDMP");
    }
}

#[test]
fn an_address_that_cannot_be_listened_on_is_named() {
    let shell = Shell::with_crashes();
    let server = Serving::start(&shell);
    let address = server.url.trim_start_matches("hbase://").trim_end_matches('/').to_owned();
    let both = ["serve", "--listen", "127.0.0.1:0", "--thrift", "127.0.0.1:0", "--server"];
    let message = shell.fail(2, &[&both[..], &[&server.url]].concat());
    assert!(message.contains("with --store, not --server"), "{message}");
    for option in ["--thrift", "--listen"] {
        let free = if option == "--thrift" { "--listen" } else { "--thrift" };
        let serve = ["serve", option, &address, free, "127.0.0.1:0", "--store", "another"];
        let message = shell.fail(1, &serve);
        assert!(message.contains(&format!("can't listen on {address}")), "{message}");
    }
    let message = shell.fail(2, &["serve", "--no-collector", "--no-workers"]);
    assert!(message.contains("nothing to serve"), "{message}");
}

/// `serve` in the background; killed in the end.
struct Serving {
    process: Child,
    url: String,
}

impl Serving {
    fn start(shell: &Shell) -> Self {
        let mut process = shell
            .command(&["serve", "--thrift", "127.0.0.1:0", "--no-collector", "--no-workers"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { process, url: url.trim_end().to_owned() }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
