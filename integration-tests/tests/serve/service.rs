//! The program as a service, and a client that sends it crashes.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::program;

const TOKEN: &str = "sesame";

/// The program as a service; killed in the end.
pub(super) struct Serving {
    process: Mutex<Child>,
    pub(super) address: String,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn ooid(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, 200, "{text}");
        let ooid = text.strip_prefix("CrashID=bp-").and_then(|rest| rest.strip_suffix('\n'));
        ooid.unwrap_or_else(|| panic!("{text}")).to_owned()
    }
}

impl Serving {
    pub(super) fn start(folder: &TempDir, arguments: &[&str]) -> Self {
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let serve = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut command = command(folder.path(), &serve);
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let log = || fs::read_to_string(folder.path().join("log")).unwrap();
        let address = url.trim_end().strip_prefix("http://").unwrap_or_else(|| panic!("{}", log()));
        Self { process: Mutex::new(process), address: address.to_owned() }
    }

    pub(super) fn signal(&self, signal: &str) {
        let id = self.lock().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Stops it as a supervisor does.
    pub(super) fn end_well(self) {
        self.signal("-TERM");
        self.expect_good_end();
    }

    pub(super) fn expect_good_end(self) {
        let code = self.lock().wait().unwrap().code();
        assert_eq!(code, Some(0));
    }

    fn lock(&self) -> MutexGuard<'_, Child> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request; `None` if it got no whole answer.
    fn send(&self, request: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        stream.write_all(request).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, body: answer.split_off(end + 4) })
    }

    pub(super) fn post(&self, headers: &str, body: &[u8]) -> Answer {
        self.send(&request(headers, body)).unwrap()
    }

    pub(super) fn post_chunked(&self, headers: &str, body: &[u8]) -> Answer {
        let mut request = format!("{POST}{headers}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
        for chunk in body.chunks(1000) {
            request.extend(format!("{:x}\r\n", chunk.len()).bytes());
            request.extend(chunk);
            request.extend(b"\r\n");
        }
        request.extend(b"0\r\n\r\n");
        self.send(&request).unwrap()
    }

    pub(super) fn get(&self, part: &str, ooid: &str) -> Answer {
        self.get_with(part, ooid, &format!("Auth-Token: {TOKEN}\r\n"))
    }

    pub(super) fn get_with(&self, part: &str, ooid: &str, headers: &str) -> Answer {
        let path = format!("/201005/crash/{part}/by/uuid/{ooid}");
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        self.send(head.as_bytes()).unwrap()
    }

    pub(super) fn metrics(&self) -> String {
        let answer = self.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        String::from_utf8(answer.unwrap().body).unwrap()
    }

    /// What a crash of `form` or `json_form` has to be, processed.
    pub(super) fn expect_whole(&self, ooid: &str, dump: &[u8]) {
        let meta: Value = serde_json::from_slice(&self.get("meta", ooid).body).unwrap();
        assert_eq!((&meta["ProductName"], &meta["Odd"]), (&"Demo".into(), &"ü \"".into()));
        assert!(self.get("raw_crash", ooid).body == dump, "the dump isn't what was sent");
        let processed: Value = serde_json::from_slice(&self.get("processed", ooid).body).unwrap();
        assert_eq!(processed["signature"], "crashing-child", "{}", processed["processor_notes"]);
        assert_eq!(processed["success"], true);
    }

    /// Lets clients submit as fast as they can until something ends the program, after so many crashes;
    /// returns the names of those that were acknowledged.
    pub(super) fn submit_while(
        &self,
        clients: usize,
        crashes: usize,
        end: impl FnOnce(),
    ) -> BTreeSet<String> {
        let (count, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let acknowledged = Mutex::new(BTreeSet::new());
        let run = std::process::id();
        thread::scope(|scope| {
            for client in 0..clients {
                let (count, is_over, acknowledged) = (&count, &is_over, &acknowledged);
                let address = self.address.replace([':', '.'], "-");
                scope.spawn(move || {
                    for number in 0.. {
                        let name = format!("{run}-{address}-{client}-{number}");
                        let body = body(&[field("Number", &name), dump_part(b"MDMP")]);
                        let Some(answer) = self.send(&request(MULTIPART, &body)) else { return };
                        if answer.status == 200 {
                            acknowledged.lock().unwrap().insert(answer.ooid());
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                        if is_over.load(Ordering::Relaxed) && answer.status != 200 {
                            return;
                        }
                    }
                });
            }
            wait_until("there are enough crashes", || count.load(Ordering::Relaxed) >= crashes);
            end();
            is_over.store(true, Ordering::Relaxed);
        });
        acknowledged.into_inner().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let mut process = self.lock();
        let _ = process.kill();
        let _ = process.wait();
    }
}

const POST: &str = "POST /submit?product=Demo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
pub(super) const MULTIPART: &str = "Content-Type: multipart/form-data; boundary=XyZ\r\n";

fn request(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{POST}{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Annotations as parts, as curl and Breakpad send them.
pub(super) fn form(dump: &[u8]) -> Vec<u8> {
    body(&[field("ProductName", "Demo"), field("Odd", "ü \""), dump_part(dump)])
}

/// Annotations as one part of JSON, as Firefox sends them.
pub(super) fn json_form(dump: &[u8]) -> Vec<u8> {
    let head = "Content-Disposition: form-data; name=\"extra\"; filename=\"extra.json\"\r\n\
        Content-Type: application/json";
    let extra = r#"{"ProductName": "Demo", "Odd": "\u00fc \""}"#;
    body(&[(head.to_owned(), extra.as_bytes().to_vec()), dump_part(dump)])
}

fn field(name: &str, value: &str) -> (String, Vec<u8>) {
    (format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes().to_vec())
}

fn dump_part(dump: &[u8]) -> (String, Vec<u8>) {
    let head = "Content-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"x.dmp\"\r\n\
        Content-Type: application/octet-stream";
    (head.to_owned(), dump.to_vec())
}

fn body(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let part = |(head, value): &(String, Vec<u8>)| {
        [format!("--XyZ\r\n{head}\r\n\r\n").as_bytes(), value, b"\r\n"].concat()
    };
    parts.iter().flat_map(part).chain(*b"--XyZ--\r\n").collect()
}

pub(super) fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    command(folder.path(), arguments).output().unwrap()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = program();
    command.args(arguments).env("SOCORRO_HBASE_STORE", folder.join("store"));
    command.env_remove("SOCORRO_HBASE_SERVER").env("XDG_CONFIG_HOME", folder);
    command.env("XDG_DATA_HOME", folder).env("SOCORRO_HBASE_READ_TOKEN", TOKEN);
    command
}

pub(super) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_mins(2), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(100));
    }
}
