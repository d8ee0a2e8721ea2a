//! Reports as the real clients shape them.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use socorro_hbase_client::DumpName;

use crate::world::{MULTIPART, World, body, field, file};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A body in chunks of this size, as clients send it that know no length.
fn chunked(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in bytes.chunks(size) {
        chunks.extend(format!("{:x}\r\n", chunk.len()).bytes());
        chunks.extend(chunk);
        chunks.extend(b"\r\n");
    }
    chunks.extend(b"0\r\n\r\n");
    chunks
}

#[test]
fn breakpad_sends_parts() {
    let world = World::new(|_| {});
    let kind = Some("application/octet-stream");
    let ooid = World::ooid(&world.submit(&[
        field("ProductName", "Firefox"),
        field("Vendor", "Škoda"),
        field("Email", "a@example.org"),
        file("upload_file_minidump", kind, b"MDMP\0\xff"),
        file("upload_file_minidump_plugin", kind, b"plugin"),
    ]));
    let metadata = world.metadata(&ooid);
    assert_eq!(metadata["Vendor"], "Škoda");
    assert_eq!(metadata["uuid"], ooid.as_str());
    assert_eq!(metadata["legacy_processing"], 0);
    assert!(metadata["timestamp"].as_f64().unwrap() > 1.7e9);
    assert!(metadata.get("Email").is_none());
    assert_eq!(metadata["metadata"]["collector_notes"], json!(["Removed Email from raw crash."]));
    assert_eq!(metadata["metadata"]["payload"], "multipart");
    // `printf plugin | sha256sum`
    let sum = "5e689e2b01672bf33996e75d5e372ff60c536ce1599a1458e867cd8f4bef5160";
    assert_eq!(metadata["metadata"]["dump_checksums"]["upload_file_minidump_plugin"], sum);
    let report = world.store.get_raw_report(ooid).unwrap().unwrap();
    assert_eq!(report.dump(), Some(&b"MDMP\0\xff"[..]));
    let plugin: DumpName = "upload_file_minidump_plugin".parse().unwrap();
    assert_eq!(world.store.get_dump_named(ooid, &plugin).unwrap().as_deref(), Some(&b"plugin"[..]));
}

#[test]
fn firefox_sends_its_annotations_as_json() {
    let world = World::new(|_| {});
    let extra = r#"{"ProductName": "Firefox", "Big": 12345678901234567890123, "Odd": "\ud83d", "NaN": NaN, "metadata": "x"}"#;
    let parts = [
        file("extra", Some("application/json"), extra),
        file("upload_file_minidump", Some("application/vnd.tcpdump.pcap"), "MDMP"),
    ];
    let headers = format!("{MULTIPART}Content-Encoding: gzip\r\nUser-Agent: crashreporter\r\n");
    let ooid = World::ooid(&world.post(&headers, &gzip(&body(&parts))));
    let report = world.store.get_raw_report(ooid).unwrap().unwrap();
    let json = String::from_utf8(report.metadata_bytes().to_vec()).unwrap();
    for kept in [r#""Big": 12345678901234567890123"#, r#""Odd": "\ud83d""#, r#""NaN": NaN"#] {
        assert!(json.contains(kept), "{kept} in {json}");
    }
    assert!(
        json.contains(r#""payload": "json""#) && json.contains(r#""user_agent": "crashreporter""#)
    );
    assert!(json.contains(r#""payload_compressed": "1""#));
    assert_eq!(report.dump(), Some(&b"MDMP"[..]));
}

#[test]
fn crashpad_sends_chunks_and_no_types() {
    let world = World::new(|_| {});
    let parts = [field("prod", "Demo"), file("upload_file_minidump", None, "MDMP")];
    for size in [1, 7, 100_000] {
        for (encoding, bytes) in
            [("", body(&parts)), ("Content-Encoding: gzip\r\n", gzip(&body(&parts)))]
        {
            let head = format!(
                "POST /submit HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{MULTIPART}{encoding}Transfer-Encoding: chunked\r\n\r\n"
            );
            let answer = world.send(&[head.as_bytes(), &chunked(&bytes, size)].concat());
            let ooid = World::ooid(&answer);
            let report = world.store.get_raw_report(ooid).unwrap().unwrap();
            assert_eq!(report.dump(), Some(&b"MDMP"[..]), "{size} {encoding}");
        }
    }
}

#[test]
fn odd_reports_are_kept_with_notes() {
    let world = World::new(|_| {});
    let ooid = World::ooid(&world.submit(&[
        field("Latin", b"caf\xe9"),
        file("extra", Some("application/json"), r#"{"FromJson": "1"}"#),
        file("../x", None, "1"),
        file("x", None, "2"),
        field(&"n".repeat(300), "unnamed value"),
    ]));
    let report = world.store.get_raw_report(ooid).unwrap().unwrap();
    let json = String::from_utf8(report.metadata_bytes().to_vec()).unwrap();
    assert!(
        json.contains(r#""Latin": "caf\udce9""#) && json.contains(r#""FromJson": "1""#),
        "{json}"
    );
    assert!(!json.contains("unnamed value") && !json.contains("nnn"));
    let notes = json.split("collector_notes").nth(1).unwrap();
    for note in ["not UTF-8", "kept as x\"", "kept as x_1", "both as JSON", "more than 256"] {
        assert!(notes.contains(note), "{note} in {notes}");
    }
    let of = |name: &str| world.store.get_dump_named(ooid, &name.parse().unwrap()).unwrap();
    assert_eq!((of("x").as_deref(), of("x_1").as_deref()), (Some(&b"1"[..]), Some(&b"2"[..])));
    assert_eq!(report.dump(), None);
}
