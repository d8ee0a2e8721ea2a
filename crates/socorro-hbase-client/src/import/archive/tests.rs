//! Archives as they come: in every order, in parts, cut, and hostile.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::*;
use crate::import::MOST;

/// An archive with these files, each of which has its name as its content.
fn archive(files: &[&str]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.len() as u64);
        tar.append_data(&mut header, file, file.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

/// What comes out, in order, and how it ended.
fn found(archive: &[u8]) -> (Vec<(String, String)>, Result<()>) {
    let mut all = Vec::new();
    let ended = read_archive(archive, |found| {
        let crash = match found.files {
            Ok(crash) => {
                let further = crash.further.iter().map(|(name, _)| name.as_str());
                let parts = [&crash.metadata, &crash.dump, &crash.processed];
                let parts = parts.into_iter().flatten();
                let parts = parts.map(|part| str::from_utf8(part).unwrap());
                parts.chain(further).collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.to_string(),
        };
        all.push((found.name, crash));
        ControlFlow::Continue(())
    });
    (all, ended)
}

fn pair(name: &str, files: &str) -> (String, String) {
    (name.to_owned(), files.to_owned())
}

#[test]
fn pairs_come_in_the_archives_order_and_other_files_are_left_alone() {
    let archive = archive(&["x/b.json", "x/b.dump", "README", "a.dump", "a.json"]);
    let (all, ended) = found(&archive);
    ended.unwrap();
    assert_eq!(all, [pair("x/b", "x/b.json x/b.dump"), pair("a", "a.json a.dump")]);
}

#[test]
fn files_of_a_crash_may_be_apart_and_those_that_lack_one_come_last() {
    let (all, ended) = found(&archive(&["a.json", "b.json", "c.dump", "b.dump", "d.dump"]));
    ended.unwrap();
    assert_eq!(
        all,
        [pair("b", "b.json b.dump"), pair("a", "a.json"), pair("c", "c.dump"), pair("d", "d.dump"),]
    );
}

#[test]
fn an_export_comes_back_with_further_dumps_and_processed_data() {
    const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
    let file = |rest: &str| format!("{OOID}.{rest}");
    let files = ["dump", "plugin.dump", "processed.json", "json"].map(file);
    let (all, ended) = found(&archive(&files.each_ref().map(String::as_str)));
    ended.unwrap();
    assert_eq!(all, [pair(OOID, &format!("{OOID}.json {OOID}.dump {OOID}.processed.json plugin"))]);
}

#[test]
fn a_further_dump_that_comes_too_late_is_reported() {
    const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
    let file = |rest: &str| format!("{OOID}.{rest}");
    let files = [&file("json"), &file("dump"), "a.json", "a.dump", &file("plugin.dump")];
    let (all, ended) = found(&archive(&files));
    ended.unwrap();
    assert_eq!(all.len(), 3);
    assert!(all[2].1.contains("(tar --sort=name)"), "{:?}", all[2]);
}

#[test]
fn a_name_is_long_and_not_endless() {
    // As tar writes a long one: in a file before the file.
    let named = |length: usize| {
        let name = vec![b'n'; length];
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_size(length as u64);
        tar.append_data(&mut header, "././@LongLink", &name[..]).unwrap();
        tar.into_inner().unwrap()
    };
    let mut long = named(300);
    long.truncate(2 * END);
    long.extend(archive(&["a.json", "a.dump"]));
    found(&long).1.unwrap();
    let error = found(&named(2 << 20)).1.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("more than 1 MiB between two files"), "{cause}");
}

#[test]
fn a_compressed_archive_of_several_parts_is_read_as_one() {
    let tar = archive(&["a.json", "a.dump"]);
    let mut bytes = Vec::new();
    for part in tar.chunks(700) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(part).unwrap();
        bytes.extend(encoder.finish().unwrap());
    }
    let (all, ended) = found(&bytes);
    ended.unwrap();
    assert_eq!(all, [pair("a", "a.json a.dump")]);
}

#[test]
fn an_archive_that_is_cut_anywhere_is_an_error_and_gives_no_half_crash() {
    let whole = archive(&["a.json", "a.dump", "b.json", "b.dump"]);
    // Up to the empty block that ends it.
    for cut in 0..4 * 1024 {
        let (all, ended) = found(&whole[..cut]);
        let message = ended.unwrap_err().to_string();
        assert!(message.starts_with(TRUNCATED), "{cut}: {message}");
        assert!(all.iter().all(|(name, crash)| *crash == format!("{name}.json {name}.dump")));
    }
}

#[test]
fn a_compressed_archive_that_is_cut_anywhere_is_an_error() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&archive(&["a.json", "a.dump"])).unwrap();
    let whole = encoder.finish().unwrap();
    for cut in 0..whole.len() {
        let (_, ended) = found(&whole[..cut]);
        assert!(ended.is_err(), "{cut} of {}", whole.len());
    }
}

#[test]
fn what_is_no_archive_is_an_error() {
    let (all, ended) = found(&[b'x'; 2000]);
    assert!(ended.unwrap_err().to_string().starts_with(TRUNCATED));
    assert!(all.is_empty());
}

#[test]
fn joined_archives_are_read_as_one() {
    let both = [archive(&["a.json", "a.dump"]), archive(&["b.json", "b.dump"])].concat();
    let (all, ended) = found(&both);
    ended.unwrap();
    assert_eq!(all, [pair("a", "a.json a.dump"), pair("b", "b.json b.dump")]);
}

#[test]
fn zstd_is_read_frame_by_frame() {
    let tar = archive(&["a.json", "a.dump"]);
    let frames: Vec<u8> =
        tar.chunks(700).flat_map(|part| zstd::encode_all(part, 0).unwrap()).collect();
    let (all, ended) = found(&frames);
    ended.unwrap();
    assert_eq!(all, [pair("a", "a.json a.dump")]);
}

#[test]
fn what_is_not_read_is_refused_by_what_it_is() {
    for (begin, name) in [(&b"\xfd7zXZ\0"[..], "xz"), (b"BZh91", "bzip2"), (b"PK\x03\x04", "zip")] {
        let message = found(begin).1.unwrap_err().to_string();
        assert!(message.contains(name) && message.contains("not read"), "{message}");
    }
}

#[test]
fn a_crash_whose_files_are_links_is_refused_by_name() {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Link);
    header.set_size(0);
    tar.append_link(&mut header, "a.dump", "b.dump").unwrap();
    let (all, ended) = found(&tar.into_inner().unwrap());
    ended.unwrap();
    assert!(all[0].1.starts_with("a.dump is a link to another file"), "{all:?}");
}

#[test]
fn no_more_is_read_than_is_wanted() {
    let archive = archive(&["a.json", "a.dump", "b.json", "b.dump"]);
    let mut count = 0;
    let ended = read_archive(&archive[..3000], |_| {
        count += 1;
        ControlFlow::Break(())
    });
    ended.unwrap();
    assert_eq!(count, 1);
}

fn header(kind: tar::EntryType, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header
}

#[test]
fn what_is_no_plain_file_is_refused_by_what_it_is() {
    for (kind, name) in [
        (tar::EntryType::Symlink, "a link to another file"),
        (tar::EntryType::Fifo, "no file"),
        (tar::EntryType::Block, "no file"),
    ] {
        let mut tar = tar::Builder::new(Vec::new());
        tar.append_link(&mut header(kind, 0), "a.dump", "/dev/zero").unwrap();
        tar.append_data(&mut header(tar::EntryType::Regular, 2), "a.json", &b"{}"[..]).unwrap();
        let (all, ended) = found(&tar.into_inner().unwrap());
        ended.unwrap();
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].1.contains(name), "{all:?}");
    }
}

#[test]
fn a_sparse_file_is_refused_in_every_format() {
    for format in ["gnu", "pax"] {
        let folder = tempdir();
        let file = std::fs::File::create(folder.join("a.dump")).unwrap();
        file.set_len(1 << 30).unwrap();
        let mut tar = std::process::Command::new("tar");
        tar.args(["--create", "--sparse", &format!("--format={format}"), "a.dump"]);
        let tar = tar.current_dir(&folder).output().unwrap().stdout;
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(tar.len() < 100_000);
        let (all, ended) = found(&tar);
        ended.unwrap();
        assert!(all.len() == 1 && all[0].1.contains("is sparse"), "{format}: {all:?}");
    }
}

fn tempdir() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("socorro-archive-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    folder
}

#[test]
fn a_file_that_claims_to_be_huge_is_refused_or_ends_too_early() {
    for size in [MOST + 1, u64::MAX / 4] {
        let mut header = header(tar::EntryType::Regular, size);
        header.set_path("a.dump").unwrap();
        header.set_cksum();
        let (all, ended) = found(&[header.as_bytes(), &[0; 4096][..]].concat());
        assert!(ended.unwrap_err().to_string().starts_with(TRUNCATED));
        assert!(all.is_empty(), "{all:?}");
    }
}

#[test]
fn an_archive_that_unpacks_to_far_more_than_it_has_is_given_up() {
    let (left, came) = (Cell::new(u64::MAX), Cell::new(1 << 20));
    let from = io::repeat(0);
    let mut bomb = Watched { from, tail: [0xff; END], left: &left, came: &came, unpacked: 0 };
    let mut into = vec![0; 1 << 20];
    let error = std::iter::repeat_with(|| bomb.read(&mut into)).find_map(Result::err).unwrap();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    assert!(bomb.unpacked <= MOST_UNPACKED + (1 << 20));
    // Of as much that came, it is no bomb.
    came.set(bomb.unpacked / 20);
    assert!(bomb.read(&mut into).is_ok());
}

#[test]
fn names_may_lead_anywhere_and_be_of_any_length() {
    let path = format!("{}/a.json", "x".repeat(100_000));
    let mut tar = tar::Builder::new(Vec::new());
    let mut all =
        vec!["/etc/a.json", "../../b.json", "c\x1b[2J.json", "d/./.e.json", path.as_str()];
    for name in all.drain(..) {
        let mut head = header(tar::EntryType::Regular, 2);
        if name.len() < 100 {
            // Not `append_data`, which refuses it.
            head.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            head.set_cksum();
            tar.append(&head, &b"{}"[..]).unwrap();
        } else {
            tar.append_data(&mut head, name, &b"{}"[..]).unwrap();
        }
    }
    let (all, ended) = found(&tar.into_inner().unwrap());
    ended.unwrap();
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    let long = "x".repeat(100);
    assert_eq!(names, ["../../b", "/etc/a", "c\x1b[2J", &long]);
    assert!(all[3].1.contains("too long"), "{}", all[3].1);
}

#[test]
fn a_further_dump_of_any_crash_of_an_export_is_its() {
    const STATE: &[u8] = br#"{"id": "x", "queues": [], "indexes": [], "cells": []}"#;
    let orders = [
        ["x.dump", "x.plugin.dump", "x.processed.json", "x.state.json", "x.json"],
        ["x.dump", "x.json", "x.plugin.dump", "x.processed.json", "x.state.json"],
    ];
    for order in orders {
        let mut tar = tar::Builder::new(Vec::new());
        for file in order.into_iter().chain(["y.json", "y.dump", "y.z.dump"]) {
            let bytes = if file == "x.state.json" { STATE } else { file.as_bytes() };
            let mut header = header(tar::EntryType::Regular, bytes.len() as u64);
            tar.append_data(&mut header, file, bytes).unwrap();
        }
        let (all, ended) = found(&tar.into_inner().unwrap());
        ended.unwrap();
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["x", "y", "y.z"], "{order:?}");
        assert_eq!(all[0].1, "x.json x.dump x.processed.json plugin", "{order:?}");
    }
}

#[test]
fn a_state_that_comes_too_late_is_reported() {
    const STATE: &[u8] = br#"{"id": "x", "queues": [], "indexes": [], "cells": []}"#;
    let mut tar = archive(&["x.json", "x.dump", "y.json", "y.dump"]);
    // Its end, two blocks.
    tar.truncate(tar.len() - 1024);
    let mut late = tar::Builder::new(Vec::new());
    let mut header = header(tar::EntryType::Regular, STATE.len() as u64);
    late.append_data(&mut header, "x.state.json", STATE).unwrap();
    tar.extend(late.into_inner().unwrap());
    let (all, ended) = found(&tar);
    ended.unwrap();
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all[2].0 == "x" && all[2].1.contains("came after the others"), "{:?}", all[2]);
    // The same crash once more is no late one.
    let twice =
        [archive(&["x.json", "x.dump", "y.json", "y.dump"]), archive(&["x.json", "x.dump"])];
    let (all, ended) = found(&twice.concat());
    ended.unwrap();
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(all[2], pair("x", "x.json x.dump"));
}

#[test]
fn very_many_crashes_that_lack_a_file_end_it_before_they_fill_the_memory() {
    let mut held = Held::default();
    let name = "n".repeat(4000);
    let error =
        (0..).find_map(|number| held.refuse(&format!("{number}{name}"), input("none")).err());
    let message = error.unwrap().to_string();
    assert!(message.contains("too many crashes mixed up"), "{message}");
}
