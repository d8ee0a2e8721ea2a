//! The crashes of a tar, compressed or not, as it comes in.
//!
//! For archives of any size, also from a pipe: a crash is handed on as soon as the files of another
//! one follow, and few may be incomplete at a time. An archive that ends too early is an error: a
//! pipe that broke looks like one.

use std::{
    cell::Cell,
    io::{self, BufReader, Cursor, Read},
    ops::ControlFlow,
};

use flate2::bufread::MultiGzDecoder;
use time::OffsetDateTime;

use super::{
    files::FoundCrash,
    held::Held,
    input,
    names::{part_of, text_of},
};
use crate::error::{Error, Result};

/// Reads the crashes of a tar, compressed by gzip or zstd or not, and hands on one after the other, until
/// no more is wanted. Several tars, one behind the other, are read as one.
///
/// Crashes that lack a file come last.
///
/// # Errors
///
/// [`ErrorKind::File`](crate::ErrorKind::File) if the archive can't be read, or ends too early;
/// [`ErrorKind::Input`](crate::ErrorKind::Input) if it is none that is read, by what it is, or if it
/// can't be what it claims to be.
pub fn read_archive(
    from: impl Read,
    mut each: impl FnMut(FoundCrash) -> ControlFlow<()>,
) -> Result<()> {
    let came = Cell::new(0);
    let mut from = Counted { from, count: &came };
    let mut begin = Vec::new();
    from.by_ref().take(8).read_to_end(&mut begin).map_err(unreadable)?;
    let known = FORMATS.iter().find(|(magic, _)| begin.starts_with(magic));
    let from = BufReader::with_capacity(64 << 10, Cursor::new(begin).chain(from));
    let from: Box<dyn Read + '_> = match known.map(|(_, format)| format) {
        None => Box::new(from),
        Some(Format::Gzip) => Box::new(MultiGzDecoder::new(from)),
        Some(Format::Zstd) => Box::new(zstd::Decoder::with_buffer(from).map_err(unreadable)?),
        Some(Format::Other(name, advice)) => {
            return Err(input(format!("the archive is {name}, which is not read: {advice}")));
        }
    };
    let left = Cell::new(0);
    let mut from = Watched { from, tail: [0xff; END], left: &left, came: &came, unpacked: 0 };
    let mut held = Held::default();
    if read_entries(&mut from, &left, &mut held, &mut each)?.is_break() {
        return Ok(());
    }
    if from.tail != [0; END] {
        return Err(input(format!("{TRUNCATED}: it lacks its end")));
    }
    for found in held.rest() {
        if each(found).is_break() {
            break;
        }
    }
    Ok(())
}

/// How an archive begins.
const FORMATS: &[(&[u8], Format)] = &[
    (&[0x1f, 0x8b], Format::Gzip),
    (&[0x28, 0xb5, 0x2f, 0xfd], Format::Zstd),
    (b"\xfd7zXZ\0", Format::Other("compressed by xz", "pipe it through `xz -dc`")),
    (b"BZh", Format::Other("compressed by bzip2", "pipe it through `bzip2 -dc`")),
    (b"\x04\x22\x4d\x18", Format::Other("compressed by lz4", "pipe it through `lz4 -dc`")),
    (b"PK", Format::Other("a zip", "unpack it, and submit the folder")),
    (b"7z\xbc\xaf", Format::Other("a 7z", "unpack it, and submit the folder")),
];

enum Format {
    Gzip,
    Zstd,
    /// What it is, and what helps.
    Other(&'static str, &'static str),
}

const TRUNCATED: &str = "the archive ends too early, or is none";

/// An empty block ends a tar; most programs write two, or more.
const END: usize = 512;

/// The most that may stand between two files: the names of one that is long have blocks of their own,
/// which are read into memory.
const MOST_NAMES: u64 = 1 << 20;

/// The longest path of a file of a crash; no operating system has longer ones.
const LONGEST_PATH: usize = 4096;

/// How much an archive may unpack to, however small it is, and how many times its size beyond that. Dumps
/// become a twentieth at most.
const MOST_UNPACKED: u64 = 512 << 20;
const MOST_TIMES: u64 = 200;

fn unreadable(error: io::Error) -> Error {
    Error::from_file("can't read the archive", error)
}

fn truncated(error: io::Error) -> Error {
    match error.kind() {
        // What is refused on purpose.
        io::ErrorKind::FileTooLarge => unreadable(error),
        _ => Error::from_file(TRUNCATED, error),
    }
}

fn read_entries(
    from: &mut impl Read,
    left: &Cell<u64>,
    held: &mut Held,
    each: &mut impl FnMut(FoundCrash) -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    let mut archive = tar::Archive::new(from);
    // What follows a tar's end is another tar, or padding.
    archive.set_ignore_zeros(true);
    let mut entries = archive.entries().map_err(truncated)?;
    let mut unread = 0_u64;
    loop {
        left.set(unread.saturating_add(MOST_NAMES));
        let Some(entry) = entries.next() else { break };
        left.set(u64::MAX);
        let mut entry = entry.map_err(truncated)?;
        let kind = entry.header().entry_type();
        // A sparse one has less in the archive than it has.
        unread = if kind.is_gnu_sparse() {
            entry.header().entry_size().map_err(truncated)?
        } else {
            entry.size()
        };
        if kind.is_dir() || kind.is_pax_global_extensions() {
            continue;
        }
        let path = text_of(&entry.path_bytes()).into_owned();
        let (folder, file) =
            path.rsplit_once('/').map_or(("", &*path), |(folder, file)| (folder, file));
        let Some((name, part)) = part_of(file) else { continue };
        let crash = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        if crash.len() > LONGEST_PATH {
            let end = crash.floor_char_boundary(SHOWN);
            held.refuse(&crash[..end], input("the name of one of its files is too long"))?;
            continue;
        }
        if let Some(found) = held.leave(&crash, &part)
            && each(found).is_break()
        {
            return Ok(ControlFlow::Break(()));
        }
        if let Some(problem) = what_it_is(&mut entry) {
            held.refuse(&crash, input(format!("{path} is {problem}")))?;
            continue;
        }
        let size = entry.size();
        if !held.takes(&crash, size)? {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(truncated)?;
        if bytes.len() as u64 != size {
            return Err(input(format!("{TRUNCATED}: {path} isn't whole")));
        }
        unread = 0;
        let written = entry.header().mtime().ok().and_then(|time| i64::try_from(time).ok());
        let written = written.and_then(|time| OffsetDateTime::from_unix_timestamp(time).ok());
        held.add(&crash, part, bytes, written)?;
    }
    Ok(ControlFlow::Continue(()))
}

/// How much of a name that is too long is shown.
const SHOWN: usize = 100;

/// What an entry is that is no plain file, and what helps; `None` for a plain file.
fn what_it_is(entry: &mut tar::Entry<'_, impl Read>) -> Option<&'static str> {
    let kind = entry.header().entry_type();
    let is_sparse = kind.is_gnu_sparse()
        || entry.pax_extensions().ok().flatten().is_some_and(|mut extensions| {
            extensions.any(|extension| {
                extension.is_ok_and(|found| found.key_bytes().starts_with(b"GNU.sparse."))
            })
        });
    if is_sparse {
        return Some("sparse: write the archive without --sparse, or submit the folder");
    }
    if kind.is_hard_link() || kind.is_symlink() {
        return Some(
            "a link to another file: write the archive with --hard-dereference and --dereference, \
             or submit the folder",
        );
    }
    (!kind.is_file() && !kind.is_contiguous()).then_some("no file, but a device or a pipe")
}

/// What comes in, counted.
struct Counted<'a, R> {
    from: R,
    count: &'a Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(into)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// What is unpacked, and the end of it; no more than is left, and than can be.
struct Watched<'a, R> {
    from: R,
    tail: [u8; END],
    left: &'a Cell<u64>,
    came: &'a Cell<u64>,
    unpacked: u64,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let refused = |problem: &str| io::Error::new(io::ErrorKind::FileTooLarge, problem);
        let count = self.from.read(into)?;
        let Some(left) = self.left.get().checked_sub(count as u64) else {
            return Err(refused("it has more than 1 MiB between two files"));
        };
        self.left.set(left);
        self.unpacked += count as u64;
        if self.unpacked > MOST_UNPACKED && self.unpacked / MOST_TIMES > self.came.get() {
            return Err(refused("it unpacks to more than 200 times its size, as no crashes do"));
        }
        let new = &into[count.saturating_sub(END)..count];
        self.tail.copy_within(new.len().., 0);
        self.tail[END - new.len()..].copy_from_slice(new);
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
