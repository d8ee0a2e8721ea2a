//! What a stranger can send: nothing of it takes the collector down, or much of its memory.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};

use crate::world::{MULTIPART, World, answer, body, field, file};

fn still_works(world: &World) {
    World::ooid(&world.submit(&[field("a", "1"), file("upload_file_minidump", None, "MDMP")]));
}

/// Many more zeros than a request may have.
fn bomb(head: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(head).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..160).for_each(|_| encoder.write_all(&zeros).unwrap());
    encoder.finish().unwrap()
}

#[test]
fn gzip_bombs_are_refused_early() {
    let world = World::new(|_| {});
    let gzip = format!("{MULTIPART}Content-Encoding: gzip\r\n");
    let in_dump =
        bomb(b"--XyZ\r\nContent-Disposition: form-data; name=\"x\"; filename=\"x\"\r\n\r\n");
    let in_head = bomb(b"--XyZ\r\nContent-Disposition: form-data; name=\"");
    for bomb in [in_dump, in_head, bomb(b"")] {
        let answer = world.post(&gzip, &bomb);
        assert!([400, 413].contains(&answer.status), "{answer:?}");
    }
    still_works(&world);
}

#[test]
fn endless_requests_are_cut() {
    let world = World::new(|options| options.limits.request = 1 << 20);
    let mut stream = world.connect();
    let head = format!(
        "POST /submit HTTP/1.1\r\nHost: x\r\n{MULTIPART}Transfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
    let mut sent = 0_u64;
    while stream.write_all(&chunk).is_ok() && sent < 1 << 30 {
        sent += chunk.len() as u64;
    }
    assert!(sent < 64 << 20, "{sent} bytes were taken in");
    still_works(&world);
}

#[test]
fn very_many_parts_are_refused() {
    let world = World::new(|_| {});
    // As many as fit into a request, unpacked; packed, they are few bytes.
    let part = b"--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n";
    let mut many = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..1_000_000 {
        many.write_all(part).unwrap();
    }
    many.write_all(b"--XyZ--\r\n").unwrap();
    let gzip = format!("{MULTIPART}Content-Encoding: gzip\r\n");
    assert_eq!(world.post(&gzip, &many.finish().unwrap()).status, 413);
    let members: Vec<_> = (0..2_000_000).map(|number| format!("\"{number}\":0")).collect();
    let json = format!("{{{}}}", members.join(","));
    let answer = world.submit(&[file("extra", Some("application/json"), &json[..9 << 20])]);
    assert_eq!(answer.status, 400, "{answer:?}");
    let deep = [b"{\"a\":".as_slice(), &vec![b'['; 1 << 20]].concat();
    assert_eq!(world.submit(&[file("extra", Some("application/json"), deep)]).status, 400);
    still_works(&world);
}

/// Each part has as many annotations as one may have.
#[test]
fn very_many_annotations_of_many_parts_are_refused_soon() {
    let world = World::new(|_| {});
    let part = |part: usize| {
        let members: Vec<_> = (0..9_000).map(|number| format!("\"{part}x{number}\":0")).collect();
        file("extra", Some("application/json"), format!("{{{}}}", members.join(",")))
    };
    let parts: Vec<_> = (0..40).map(part).collect();
    let begun = Instant::now();
    assert_eq!(world.submit(&parts).status, 413);
    // The same names again are few annotations, and no more work.
    let same: Vec<_> = (0..40).map(|_| part(0)).collect();
    World::ooid(&world.submit(&same));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    still_works(&world);
}

#[test]
fn the_memory_of_all_requests_together_is_limited() {
    let world = World::new(|options| options.limits.memory = 1 << 20);
    let mut waiting = Vec::new();
    let whole = crate::world::request(
        MULTIPART,
        &body(&[field("a", "1"), file("x", None, vec![b'x'; 300_000])]),
    );
    for _ in 0..3 {
        let mut stream = world.connect();
        stream.write_all(&whole[..whole.len() - 10]).unwrap();
        waiting.push(stream);
    }
    std::thread::sleep(Duration::from_millis(500));
    let refused = world.send(&whole);
    assert_eq!(refused.status, 503, "{refused:?}");
    for mut stream in waiting {
        stream.write_all(&whole[whole.len() - 10..]).unwrap();
        assert_eq!(answer(&mut stream).status, 200);
    }
    assert_eq!(world.send(&whole).status, 200);
}

#[test]
fn clients_that_go_away_leave_nothing_behind() {
    let world = World::new(|options| options.limits.memory = 4 << 20);
    let whole = crate::world::request(
        MULTIPART,
        &body(&[field("a", "1"), file("x", None, vec![b'x'; 1_000_000])]),
    );
    for cut in (0..60).map(|number| whole.len() * number / 60) {
        let mut stream = world.connect();
        stream.write_all(&whole[..cut]).unwrap();
    }
    let begin = Instant::now();
    while world.send(&whole).status != 200 {
        assert!(begin.elapsed() < Duration::from_secs(30));
    }
    assert_eq!(world.queued(), 1);
}

#[test]
fn names_are_no_paths() {
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let world = World::new(|options| options.spool = Some((spool.clone(), 1 << 20)));
    world.hbase.refuse_connections(true);
    world.hbase.fault(mini_hbase::When::always(), mini_hbase::Fault::DropBefore);
    for name in ["../../x", "/etc/passwd", "..", "%2e%2e%2fx"] {
        World::ooid(&world.submit(&[field(name, "1"), file(name, None, "x")]));
    }
    let outside: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(outside.len(), 1);
}
