//! Clients of other people that are large: a whole Firefox that crashes, Mozilla's crash reporter by itself.
//! Chromium's handler is with Crashpad's.
//!
//! They are tested where their packages are installed, which `cargo xtask test --with-browsers` does. What
//! Firefox sends is known from a proxy that writes it down.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use integration_tests::{Server, Test};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::service::{Serving, wait_until};
use crate::socorro::{real_crash, socorro};

const FIREFOX: &str = "/usr/lib/firefox-esr/firefox-esr";
const REPORTER: &str = "/usr/lib/firefox-esr/crashreporter";
const PACKAGE: &str = "firefox-esr";

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(a_whole_firefox_that_is_killed_reports_its_crash).installed(FIREFOX, PACKAGE),
        Test::new(mozillas_crash_reporter_reports_a_dump).installed(REPORTER, PACKAGE),
    ]
}

fn a_whole_firefox_that_is_killed_reports_its_crash(server: &Server) {
    let socorro = socorro(server);
    let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let serving = Serving::start(&folder, &["--workers", "1", "--server", &socorro.url]);
    let recorder = Recorder::start(&serving.address);
    let profile = home.path().join("profile");
    fs::create_dir(&profile).unwrap();
    let mut command = mozilla(FIREFOX, &home, &recorder);
    command.args(["--headless", "--no-remote", "--profile"]).arg(&profile).arg("about:blank");
    let firefox = Ended(command.spawn().unwrap());
    wait_until("Firefox is up", || profile.join("sessionstore-backups").exists());
    let id = firefox.0.id().to_string();
    assert!(Command::new("kill").args(["-SEGV", &id]).status().unwrap().success());
    wait_until("the crash is reported", || recorder.answer().is_some());
    let sent = recorder.sent();
    assert!(sent.annotations.len() > 20, "{:?}", sent.annotations);
    expect_whole(&serving, &recorder.answer().unwrap(), &sent);
    serving.end_well();
}

fn mozillas_crash_reporter_reports_a_dump(server: &Server) {
    let socorro = socorro(server);
    let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let serving = Serving::start(&folder, &["--workers", "1", "--server", &socorro.url]);
    let recorder = Recorder::start(&serving.address);
    let (_, dump) = real_crash();
    let file = home.path().join("6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508.dmp");
    fs::write(&file, &dump).unwrap();
    let extra = json!({
        "ProductName": "Demo", "Version": "1.0", "Vendor": "Mozilla", "BuildID": "20120508",
        // It sends those alone that it knows.
        "Notes": "ü \"quoted\" \\ \u{1f98a}", "ServerURL": format!("http://{}/submit", recorder.address),
    });
    fs::write(file.with_extension("extra"), extra.to_string()).unwrap();
    let mut command = mozilla(REPORTER, &home, &recorder);
    let _reporter = Ended(command.arg(&file).spawn().unwrap());
    wait_until("the crash is reported", || recorder.answer().is_some());
    let sent = recorder.sent();
    assert!(sent.dumps["upload_file_minidump"] == dump, "the reporter sends another dump");
    for name in ["ProductName", "Version", "Notes"] {
        assert_eq!(sent.annotations.get(name), extra.get(name), "{name}");
    }
    expect_whole(&serving, &recorder.answer().unwrap(), &sent);
    serving.end_well();
}

/// One of Mozilla's programs, which asks nobody and goes nowhere but to the recorder.
fn mozilla(program: &str, home: &TempDir, recorder: &Recorder) -> Command {
    let mut command = Command::new(program);
    command.env("HOME", home.path()).env("MOZ_CRASHREPORTER", "1");
    command.env("MOZ_CRASHREPORTER_URL", format!("http://{}/submit", recorder.address));
    command.env("MOZ_CRASHREPORTER_AUTO_SUBMIT", "1").env("no_proxy", "127.0.0.1");
    for proxy in ["http_proxy", "https_proxy"] {
        command.env(proxy, "http://127.0.0.1:9");
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// What is stored is what was sent: dumps byte for byte, annotations exactly, nothing lost and nothing made
/// up.
fn expect_whole(serving: &Serving, ooid: &str, sent: &Sent) {
    // What a collector drops by default, and what it adds.
    const DROPPED: [&str; 4] =
        ["Email", "TelemetryClientId", "TelemetrySessionId", "TelemetryServerURL"];
    const ADDED: [&str; 5] =
        ["submitted_timestamp", "timestamp", "legacy_processing", "uuid", "metadata"];
    wait_until("the crash is processed", || serving.get("processed", ooid).status == 200);
    let meta: Map<String, Value> = serde_json::from_slice(&serving.get("meta", ooid).body).unwrap();
    let kept = |name: &&String| !DROPPED.contains(&name.as_str());
    for name in sent.annotations.keys().filter(kept) {
        assert_eq!(meta[name], sent.annotations[name], "{name}");
    }
    let expected: BTreeSet<&str> =
        sent.annotations.keys().filter(kept).map(String::as_str).chain(ADDED).collect();
    let found: BTreeSet<&str> = meta.keys().map(String::as_str).collect();
    assert_eq!(found, expected);
    assert!(sent.dumps.contains_key("upload_file_minidump"));
    for (name, dump) in &sent.dumps {
        let which = match name.as_str() {
            "upload_file_minidump" => ooid.to_owned(),
            name => format!("{ooid}?name={name}"),
        };
        assert!(serving.get("raw_crash", &which).body == *dump, "{name} isn't what was sent");
    }
    let processed: Value = serde_json::from_slice(&serving.get("processed", ooid).body).unwrap();
    assert_eq!(processed["success"], true, "{}", processed["processor_notes"]);
    let signature = processed["signature"].as_str().unwrap();
    assert!(!signature.is_empty() && !signature.starts_with("EMPTY"), "{signature}");
}

/// A program that is killed if it hasn't ended.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A proxy that writes down what goes through it.
struct Recorder {
    address: String,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

#[derive(Default)]
struct Exchange {
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Recorder {
    fn start(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (server, exchanges) = (server.to_owned(), Arc::new(Mutex::new(Vec::new())));
        let all = Arc::clone(&exchanges);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let number = {
                    let mut all = all.lock().unwrap();
                    all.push(Exchange::default());
                    all.len() - 1
                };
                let (back, forth) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (there, here) = (Arc::clone(&all), Arc::clone(&all));
                thread::spawn(move || {
                    carry(client, forth, |bytes| {
                        there.lock().unwrap()[number].request.extend(bytes);
                    });
                });
                thread::spawn(move || {
                    carry(server, back, |bytes| here.lock().unwrap()[number].answer.extend(bytes));
                });
            }
        });
        Self { address, exchanges }
    }

    /// The name that the service gave to the crash.
    fn answer(&self) -> Option<String> {
        let exchanges = self.exchanges.lock().unwrap();
        exchanges.iter().find_map(|exchange| name_in(&exchange.answer))
    }

    /// The report that got that answer.
    fn sent(&self) -> Sent {
        let exchanges = self.exchanges.lock().unwrap();
        let reports = exchanges.iter().filter(|exchange| name_in(&exchange.answer).is_some());
        let reports: Vec<_> = reports.collect();
        assert_eq!(reports.len(), 1, "the crash is reported once");
        Sent::of(&reports[0].request)
    }
}

fn name_in(answer: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer);
    let (_, rest) = text.split_once("CrashID=bp-")?;
    Some(rest.get(..36)?.to_owned())
}

fn carry(mut from: TcpStream, mut to: TcpStream, mut note: impl FnMut(&[u8])) {
    from.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        note(&buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// A report as it was sent, read by other means than the collector's.
struct Sent {
    annotations: Map<String, Value>,
    dumps: BTreeMap<String, Vec<u8>>,
}

impl Sent {
    fn of(request: &[u8]) -> Self {
        let (head, body) = cut(request, b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(head).into_owned();
        let header = |name: &str| {
            head.lines().find_map(|line| {
                let (found, value) = line.split_once(": ")?;
                found.eq_ignore_ascii_case(name).then(|| value.to_owned())
            })
        };
        let body = match header("Transfer-Encoding") {
            Some(_) => unchunked(body),
            None => body.to_vec(),
        };
        let body = match header("Content-Encoding") {
            Some(_) => {
                let mut unpacked = Vec::new();
                MultiGzDecoder::new(&body[..]).read_to_end(&mut unpacked).unwrap();
                unpacked
            }
            None => body,
        };
        let kind = header("Content-Type").unwrap();
        let boundary = kind.split_once("boundary=").unwrap().1.trim_matches('"').to_owned();
        Self::of_parts(&body, &boundary)
    }

    fn of_parts(body: &[u8], boundary: &str) -> Self {
        let mut sent = Self { annotations: Map::new(), dumps: BTreeMap::new() };
        let (first, next) = (format!("--{boundary}\r\n"), format!("\r\n--{boundary}"));
        let (_, mut rest) = cut(body, first.as_bytes()).unwrap();
        while let Some((part, after)) = cut(rest, next.as_bytes()) {
            let (head, value) = cut(part, b"\r\n\r\n").unwrap();
            let head = String::from_utf8_lossy(head).into_owned();
            let name = head.split_once(" name=\"").unwrap().1.split('"').next().unwrap().to_owned();
            if head.contains("application/json") {
                let extra: Map<String, Value> = serde_json::from_slice(value).unwrap();
                sent.annotations.extend(extra);
            } else if head.contains("filename=") {
                sent.dumps.insert(name, value.to_vec());
            } else {
                let text = String::from_utf8(value.to_vec()).unwrap();
                sent.annotations.insert(name, text.into());
            }
            rest = after.strip_prefix(b"\r\n").unwrap_or_default();
        }
        sent
    }
}

fn cut<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..place], &bytes[place + at.len()..]))
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some((length, rest)) = cut(body, b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(length).unwrap(), 16).unwrap();
        if length == 0 {
            break;
        }
        whole.extend(&rest[..length]);
        body = &rest[length + 2..];
    }
    whole
}
