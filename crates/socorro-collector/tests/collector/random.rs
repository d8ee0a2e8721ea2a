//! Random reports, sent in random pieces, come back as they were sent; random damage is refused or kept,
//! and never ends the collector.

use std::{collections::BTreeMap, io::Write};

use fastrand::Rng;
use flate2::{Compression, write::GzEncoder};

use crate::world::{MULTIPART, Part, World, answer, body, field, file};

const SEED: u64 = 1;

fn seed() -> u64 {
    std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(SEED)
}

fn bytes(rng: &mut Rng, most: usize) -> Vec<u8> {
    let alphabet = b"\r\n-XyZ\0\xffabc";
    (0..rng.usize(0..=most)).map(|_| alphabet[rng.usize(0..alphabet.len())]).collect()
}

/// Without the boundary, which no client puts into a part.
fn value(rng: &mut Rng, most: usize) -> Vec<u8> {
    loop {
        let value = bytes(rng, most);
        if !value.windows(5).any(|five| five == b"--XyZ") {
            return value;
        }
    }
}

fn head(chunked: bool, gzip: bool, length: usize) -> String {
    let encoding = if gzip { "Content-Encoding: gzip\r\n" } else { "" };
    let length = if chunked {
        "Transfer-Encoding: chunked\r\n".to_owned()
    } else {
        format!("Content-Length: {length}\r\n")
    };
    format!(
        "POST /submit HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{MULTIPART}{encoding}{length}\r\n"
    )
}

#[test]
fn reports_come_back_as_they_were_sent() {
    let seed = seed();
    let mut rng = Rng::with_seed(seed);
    let world = World::new(|_| {});
    for round in 0..150 {
        let dumps: BTreeMap<String, Vec<u8>> =
            (0..rng.usize(0..4)).map(|n| (format!("d{n}"), value(&mut rng, 2_000))).collect();
        let fields: BTreeMap<String, String> = (0..rng.usize(1..5))
            .map(|n| (format!("f{n}"), String::from_utf8_lossy(&value(&mut rng, 50)).into_owned()))
            .collect();
        let mut parts: Vec<Part<'_>> =
            fields.iter().map(|(name, value)| field(name, value)).collect();
        parts.extend(dumps.iter().map(|(name, dump)| file(name, None, dump)));
        rng.shuffle(&mut parts);
        let mut sent = body(&parts);
        let gzip = rng.bool();
        if gzip {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&sent).unwrap();
            sent = encoder.finish().unwrap();
        }
        let chunked = rng.bool();
        let mut stream = world.connect();
        stream.write_all(head(chunked, gzip, sent.len()).as_bytes()).unwrap();
        let mut rest = sent.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rng.usize(1..=rest.len().min(700)));
            if chunked {
                write!(stream, "{:x}\r\n", now.len()).unwrap();
            }
            stream.write_all(now).unwrap();
            if chunked {
                stream.write_all(b"\r\n").unwrap();
            }
            rest = later;
        }
        if chunked {
            stream.write_all(b"0\r\n\r\n").unwrap();
        }
        let ooid = World::ooid(&answer(&mut stream));
        let metadata = world.metadata(&ooid);
        for (name, value) in &fields {
            assert_eq!(metadata[name], **value, "seed {seed}, round {round}, {name}");
        }
        let stored = world.store.get_dumps(ooid).unwrap();
        let stored: BTreeMap<_, _> =
            stored.into_iter().map(|(name, dump)| (name.to_string(), dump)).collect();
        assert_eq!(stored, dumps, "seed {seed}, round {round}");
    }
}

#[test]
fn damaged_requests_are_answered() {
    let seed = seed();
    let mut rng = Rng::with_seed(seed);
    let world = World::new(|_| {});
    let parts = [
        field("a", "1"),
        file("extra", Some("application/json"), r#"{"b": [1, "x"]}"#),
        file("upload_file_minidump", Some("application/octet-stream"), "MDMP"),
    ];
    for round in 0..400 {
        let mut sent = body(&parts);
        for _ in 0..rng.usize(1..6) {
            let at = rng.usize(0..sent.len());
            match rng.u8(0..3) {
                0 => sent[at] = rng.u8(..),
                1 => drop(sent.splice(at..at, bytes(&mut rng, 10))),
                _ => sent.truncate(at.max(1)),
            }
        }
        let answer = world.post(MULTIPART, &sent);
        assert!(
            [200, 400].contains(&answer.status),
            "seed {seed}, round {round}: {answer:?} to {}",
            sent.escape_ascii()
        );
    }
}
