//! The services: crashes are sent over HTTP, kept, processed and read back, whatever ends the program.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use flate2::{Compression, write::GzEncoder};
use integration_tests::{Server, Test};
use serde_json::Value;
use tempfile::TempDir;

use crate::cli::program;
use crate::socorro::{real_crash, socorro};

/// On any HBase.
pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(crashes_are_received_here_and_processed_elsewhere),
        Test::new(a_crash_that_ended_workers_of_several_services_is_given_up),
    ]
}

/// On the program's own store.
pub(crate) fn own_store_tests() -> Vec<Test> {
    vec![
        Test::new(a_crash_of_any_shape_is_processed_and_read_back),
        Test::new(sigterm_during_submissions_loses_nothing),
        Test::new(sigkill_during_submissions_loses_nothing_and_doubles_nothing),
        Test::new(a_crash_that_ended_its_service_three_times_is_given_up),
    ]
}

const TOKEN: &str = "sesame";

fn crashes_are_received_here_and_processed_elsewhere(server: &Server) {
    let socorro = socorro(server);
    let folder = tempfile::tempdir().unwrap();
    let here = ["--no-workers", "--protect", "ProductName", "--server", &socorro.url];
    let serving = Serving::start(&folder, &here);
    let (_, dump) = real_crash();
    let ooid = serving.post(MULTIPART, &form(&dump)).ooid();
    assert_eq!(serving.get("processed", &ooid).status, 408);
    let output = run(&folder, &["process", "--server", &socorro.url]);
    assert!(output.status.success(), "{output:?}");
    serving.expect_whole(&ooid, &dump);
    for (part, field) in [("meta", "ProductName"), ("processed", "product")] {
        let public: Value =
            serde_json::from_slice(&serving.get_with(part, &ooid, "").body).unwrap();
        assert!(public["uuid"] == ooid && public.get(field).is_none(), "{public}");
    }
    serving.end_well();
}

fn a_crash_of_any_shape_is_processed_and_read_back(_: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&folder, &["--workers", "2"]);
    let (_, dump) = real_crash();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&form(&dump)).unwrap();
    let gzip = format!("{MULTIPART}Content-Encoding: gzip\r\n");
    let mixed = MULTIPART.replace("form-data", "mixed");
    let shapes = [
        serving.post(MULTIPART, &form(&dump)),
        serving.post(&mixed, &json_form(&dump)),
        serving.post(&gzip, &packed.finish().unwrap()),
        serving.post_chunked(MULTIPART, &form(&dump)),
    ];
    for answer in shapes {
        let ooid = answer.ooid();
        wait_until("a crash is processed", || serving.get("processed", &ooid).status == 200);
        serving.expect_whole(&ooid, &dump);
    }
    serving.end_well();
    assert_clean(&folder, 4);
}

fn sigterm_during_submissions_loses_nothing(_: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&folder, &["--workers", "1"]);
    let acknowledged = serving.submit_while(8, 40, || serving.signal("-TERM"));
    serving.expect_good_end();
    expect_all(&folder, &acknowledged);
}

fn sigkill_during_submissions_loses_nothing_and_doubles_nothing(_: &Server) {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=2 {
        let serving = Serving::start(&folder, &["--workers", "1", "--lease", "1s"]);
        let acknowledged = serving.submit_while(16, round * 60, || serving.signal("-KILL"));
        drop(serving);
        // What was under way may be half there: a repair completes it, and the check after it is clean.
        run(&folder, &["check", "--settled-for", "0s", "--repair"]);
        expect_all(&folder, &acknowledged);
    }
    // What a killed worker had claimed comes back.
    let serving = Serving::start(&folder, &["--workers", "2", "--no-collector", "--lease", "1s"]);
    wait_until("the queue is empty", || {
        serving.metrics().contains("socorro_processor_queue_entries{queue=\"legacy\"} 0")
    });
    serving.end_well();
    let crashes = lines(&folder, &["crashes", "--json"]).len();
    assert_clean(&folder, crashes);
}

fn a_crash_that_ended_workers_of_several_services_is_given_up(server: &Server) {
    let socorro = socorro(server);
    let queue = socorro.store.legacy_queue();
    for entry in queue.entries().unwrap() {
        queue.remove_row(&entry.unwrap().key).unwrap();
    }
    expect_given_up(&["--server", &socorro.url]);
}

fn a_crash_that_ended_its_service_three_times_is_given_up(_: &Server) {
    let folder = expect_given_up(&[]);
    assert_clean(&folder, 2);
}

/// Kills three services, each by another name, while each works on the same crash; the next one gives it
/// up, and processes what comes then.
fn expect_given_up(store: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&folder, &[&["--no-workers"], store].concat());
    let (_, dump) = real_crash();
    let deadly = serving.post(MULTIPART, &form(&dump)).ooid();
    serving.end_well();
    let workers = ["--workers", "1", "--lease", "2s"];
    for number in 1..=3 {
        let (symbols, name) = (Hung::start(), format!("worker-{number}"));
        let more = ["--worker", &name, "--symbols-url", &symbols.url];
        let serving = Serving::start(&folder, &[&workers[..], &more, store].concat());
        wait_until("the crash is worked on", || symbols.is_asked());
        assert_eq!(serving.get("processed", &deadly).status, 408);
        serving.signal("-KILL");
    }
    let serving = Serving::start(&folder, &[&workers[..], store].concat());
    let next = serving.post(MULTIPART, &form(&dump)).ooid();
    wait_until("both are processed", || {
        [&deadly, &next].iter().all(|ooid| serving.get("processed", ooid).status == 200)
    });
    let processed: Value = serde_json::from_slice(&serving.get("processed", &deadly).body).unwrap();
    let notes = processed["processor_notes"].as_str().unwrap();
    assert!(notes.contains("given up: 3 attempts"), "{notes}");
    assert_eq!((&processed["success"], &processed["product"]), (&false.into(), &"Demo".into()));
    serving.expect_whole(&next, &dump);
    serving.end_well();
    assert_eq!(lines(&folder, &[&["queue", "list", "--json"], store].concat()), [] as [Value; 0]);
    folder
}

/// A symbol server that takes requests and never answers: what asks it is busy.
struct Hung {
    listener: TcpListener,
    url: String,
    kept: RefCell<Vec<TcpStream>>,
}

impl Hung {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { listener, url, kept: RefCell::default() }
    }

    /// Whether somebody has asked.
    fn is_asked(&self) -> bool {
        let asking = self.listener.accept().map(|(stream, _)| stream);
        self.kept.borrow_mut().extend(asking);
        !self.kept.borrow().is_empty()
    }
}

/// Every crash is there, once, and the store agrees with itself.
fn expect_all(folder: &TempDir, acknowledged: &BTreeSet<String>) {
    let crashes = lines(folder, &["crashes", "--json"]);
    let found: BTreeSet<_> =
        crashes.iter().map(|crash| crash["ooid"].as_str().unwrap().to_owned()).collect();
    assert_eq!(found.len(), crashes.len(), "a crash is there twice");
    let lost: Vec<_> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "of {} acknowledged, {lost:?} are lost", acknowledged.len());
    assert_clean(folder, crashes.len());
    // Each crash says which one it is: none came to be two.
    let export = folder.path().join(format!("export-{}", found.len()));
    let exported = run(folder, &["export", "-o", export.to_str().unwrap()]);
    assert!(exported.status.success(), "{exported:?}");
    let number_of = |ooid: &String| {
        let meta = fs::read(export.join(format!("{ooid}.json"))).unwrap();
        let meta: Value = serde_json::from_slice(&meta).unwrap();
        meta["Number"].as_str().unwrap().to_owned()
    };
    let distinct: BTreeSet<_> = found.iter().map(number_of).collect();
    assert_eq!(distinct.len(), found.len(), "a submission is two crashes");
}

fn assert_clean(folder: &TempDir, crashes: usize) {
    let checked = run(folder, &["check", "--settled-for", "0s"]);
    assert!(checked.status.success(), "{checked:?}");
    assert_eq!(lines(folder, &["crashes", "--json"]).len(), crashes);
}

fn lines(folder: &TempDir, arguments: &[&str]) -> Vec<Value> {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    command(folder.path(), arguments).output().unwrap()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = program();
    command.args(arguments).env("SOCORRO_HBASE_STORE", folder.join("store"));
    command.env_remove("SOCORRO_HBASE_SERVER").env("XDG_CONFIG_HOME", folder);
    command.env("XDG_DATA_HOME", folder).env("SOCORRO_HBASE_READ_TOKEN", TOKEN);
    command
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_mins(2), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// The program as a service; killed in the end.
struct Serving {
    process: Mutex<Child>,
    address: String,
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Answer {
    fn ooid(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, 200, "{text}");
        let ooid = text.strip_prefix("CrashID=bp-").and_then(|rest| rest.strip_suffix('\n'));
        ooid.unwrap_or_else(|| panic!("{text}")).to_owned()
    }
}

impl Serving {
    fn start(folder: &TempDir, arguments: &[&str]) -> Self {
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

    fn signal(&self, signal: &str) {
        let id = self.lock().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Stops it as a supervisor does.
    fn end_well(self) {
        self.signal("-TERM");
        self.expect_good_end();
    }

    fn expect_good_end(self) {
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

    fn post(&self, headers: &str, body: &[u8]) -> Answer {
        self.send(&request(headers, body)).unwrap()
    }

    fn post_chunked(&self, headers: &str, body: &[u8]) -> Answer {
        let mut request = format!("{POST}{headers}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
        for chunk in body.chunks(1000) {
            request.extend(format!("{:x}\r\n", chunk.len()).bytes());
            request.extend(chunk);
            request.extend(b"\r\n");
        }
        request.extend(b"0\r\n\r\n");
        self.send(&request).unwrap()
    }

    fn get(&self, part: &str, ooid: &str) -> Answer {
        self.get_with(part, ooid, &format!("Auth-Token: {TOKEN}\r\n"))
    }

    fn get_with(&self, part: &str, ooid: &str, headers: &str) -> Answer {
        let path = format!("/201005/crash/{part}/by/uuid/{ooid}");
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        self.send(head.as_bytes()).unwrap()
    }

    fn metrics(&self) -> String {
        let answer = self.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        String::from_utf8(answer.unwrap().body).unwrap()
    }

    /// What a crash of `form` or `json_form` has to be, processed.
    fn expect_whole(&self, ooid: &str, dump: &[u8]) {
        let meta: Value = serde_json::from_slice(&self.get("meta", ooid).body).unwrap();
        assert_eq!((&meta["ProductName"], &meta["Odd"]), (&"Demo".into(), &"ü \"".into()));
        assert!(self.get("raw_crash", ooid).body == dump, "the dump isn't what was sent");
        let processed: Value = serde_json::from_slice(&self.get("processed", ooid).body).unwrap();
        assert_eq!(processed["signature"], "crashing-child", "{}", processed["processor_notes"]);
        assert_eq!(processed["success"], true);
    }

    /// Lets clients submit as fast as they can until something ends the program, after so many crashes;
    /// returns the names of those that were acknowledged.
    fn submit_while(&self, clients: usize, crashes: usize, end: impl FnOnce()) -> BTreeSet<String> {
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
const MULTIPART: &str = "Content-Type: multipart/form-data; boundary=XyZ\r\n";

fn request(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{POST}{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Annotations as parts, as curl and Breakpad send them.
fn form(dump: &[u8]) -> Vec<u8> {
    body(&[field("ProductName", "Demo"), field("Odd", "ü \""), dump_part(dump)])
}

/// Annotations as one part of JSON, as Firefox sends them.
fn json_form(dump: &[u8]) -> Vec<u8> {
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
