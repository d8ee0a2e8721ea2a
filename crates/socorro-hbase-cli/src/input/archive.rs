//! The crashes of a tar, compressed or not, as it comes in.
//!
//! For archives of any size, also from a pipe: a crash is handed on as soon as the files of another
//! one follow, and few may be incomplete at a time. An archive that ends too early is an error: a
//! pipe that broke looks like one.

use std::{
    cell::Cell,
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read},
    ops::ControlFlow,
    rc::Rc,
};

use anyhow::{Context, Result, anyhow, bail};
use flate2::bufread::MultiGzDecoder;
use socorro_hbase_client::time::OffsetDateTime;

use super::{
    Found, MOST, RawCrash,
    names::{Part, part_of},
    read_all, too_large,
};

/// How many bytes the files of crashes may have whose other files haven't come yet.
const MOST_HELD: usize = 2 * MOST as usize;

/// What a held crash costs beside its files.
const OVERHEAD: usize = 512;

/// Hands on one crash after the other, until no more is wanted.
///
/// Crashes that lack a file come last, each with what is missing.
pub(crate) fn read(from: impl Read, mut each: impl FnMut(Found) -> ControlFlow<()>) -> Result<()> {
    let mut from = BufReader::new(from);
    let is_compressed = from.fill_buf().context("can't read the archive")?.starts_with(&GZIP);
    let from: Box<dyn Read + '_> =
        if is_compressed { Box::new(MultiGzDecoder::new(from)) } else { Box::new(from) };
    let left = Rc::new(Cell::new(0));
    let mut from = Watched { from, tail: [0xff; END], left: Rc::clone(&left) };
    let mut held = Held::default();
    if read_entries(&mut from, &left, &mut held, &mut each)?.is_break() {
        return Ok(());
    }
    left.set(u64::MAX);
    // Whoever writes into the pipe may still be at it.
    io::copy(&mut (&mut from).take(MOST_PADDING), &mut io::sink()).context(TRUNCATED)?;
    if from.tail != [0; END] {
        bail!("{TRUNCATED}: it lacks its end");
    }
    for found in held.incomplete() {
        if each(found).is_break() {
            break;
        }
    }
    Ok(())
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const TRUNCATED: &str = "the archive ends too early, or is none";

/// An empty block ends a tar; most programs write two, or more.
const END: usize = 512;
const MOST_PADDING: u64 = 16 << 20;

/// The most that may stand between two files: the names of one that is long have blocks of their own,
/// which are read into memory.
const MOST_NAMES: u64 = 1 << 20;

fn read_entries(
    from: &mut impl Read,
    left: &Cell<u64>,
    held: &mut Held,
    each: &mut impl FnMut(Found) -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    let mut archive = tar::Archive::new(from);
    let mut entries = archive.entries().context(TRUNCATED)?;
    let mut unread = 0_u64;
    loop {
        left.set(unread.saturating_add(MOST_NAMES));
        let Some(entry) = entries.next() else { break };
        left.set(u64::MAX);
        let mut entry = entry.context(TRUNCATED)?;
        unread = entry.header().entry_size().context(TRUNCATED)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().context("a file of the archive has no name")?.into_owned();
        let Some((name, part)) = path.file_name().and_then(|name| name.to_str()).and_then(part_of)
        else {
            continue;
        };
        let crash = path.with_file_name(name).display().to_string();
        if let Some(found) = held.leave(&crash)
            && each(found).is_break()
        {
            return Ok(ControlFlow::Break(()));
        }
        let size = entry.size();
        if size > MOST {
            held.refuse(&crash, anyhow!("can't read {}: {}", path.display(), too_large()));
            continue;
        }
        let bytes = read_all(&mut entry).context(TRUNCATED)?;
        if bytes.len() as u64 != size {
            bail!("{TRUNCATED}: {} isn't whole", path.display());
        }
        let written = entry.header().mtime().ok().and_then(|time| i64::try_from(time).ok());
        let written = written.and_then(|time| OffsetDateTime::from_unix_timestamp(time).ok());
        held.add(crash, part, bytes, written)?;
    }
    Ok(held.leave("").map_or(ControlFlow::Continue(()), each))
}

/// Crashes of which some files have come.
#[derive(Default)]
struct Held {
    crashes: BTreeMap<String, Parts>,
    bytes: usize,
    /// Whose file came last.
    last: String,
}

#[derive(Default)]
struct Parts {
    metadata: Option<Vec<u8>>,
    dump: Option<Vec<u8>>,
    further: Vec<(String, Vec<u8>)>,
    /// When the metadata was, as the archive has it.
    written: Option<OffsetDateTime>,
    problem: Option<anyhow::Error>,
}

impl Held {
    fn add(
        &mut self,
        crash: String,
        part: Part<'_>,
        bytes: Vec<u8>,
        written: Option<OffsetDateTime>,
    ) -> Result<()> {
        self.bytes += OVERHEAD + crash.len() + bytes.len();
        if self.bytes > MOST_HELD {
            bail!(
                "the archive has the files of too many crashes mixed up: write it in the order of \
                 the files' names (tar --sort=name)"
            );
        }
        let parts = self.crashes.entry(crash).or_default();
        match part {
            Part::Metadata => (parts.metadata, parts.written) = (Some(bytes), written),
            Part::Dump => parts.dump = Some(bytes),
            Part::Further(name) => parts.further.push((name.to_owned(), bytes)),
        }
        Ok(())
    }

    fn refuse(&mut self, crash: &str, problem: anyhow::Error) {
        self.crashes.entry(crash.to_owned()).or_default().problem = Some(problem);
    }

    /// Where another crash's file comes now: the one that came last, if nothing of it is missing.
    fn leave(&mut self, next: &str) -> Option<Found> {
        if self.last == next {
            return None;
        }
        let name = std::mem::replace(&mut self.last, next.to_owned());
        let is_whole = |parts: &Parts| parts.metadata.is_some() && parts.dump.is_some();
        if !self.crashes.get(&name).is_some_and(is_whole) {
            return None;
        }
        let parts = self.crashes.remove(&name)?;
        self.bytes = self.crashes.iter().map(|(name, parts)| parts.size(name)).sum();
        Some(Found { crash: parts.assemble(), name })
    }

    fn incomplete(self) -> impl Iterator<Item = Found> {
        self.crashes.into_iter().map(|(name, parts)| Found { crash: parts.assemble(), name })
    }
}

impl Parts {
    fn size(&self, name: &str) -> usize {
        let own = [&self.metadata, &self.dump].into_iter().flatten();
        let all = own.chain(self.further.iter().map(|(_, dump)| dump));
        all.map(|bytes| OVERHEAD + name.len() + bytes.len()).sum()
    }

    fn assemble(self) -> Result<RawCrash> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        if self.metadata.is_none() && self.dump.is_none() {
            bail!(
                "there are further dumps, but no other file; or they came after the others, and the \
                 crash is submitted without them: write the archive in the order of the files' names \
                 (tar --sort=name), or submit the folder"
            );
        }
        let metadata = self.metadata.context("there is a dump, but no metadata, in the archive")?;
        let dump = self.dump.context("there is metadata, but no dump, in the archive")?;
        Ok(RawCrash { metadata, dump, further: self.further, written: self.written })
    }
}

/// What is read, and the end of it; no more than is left.
struct Watched<R> {
    from: R,
    tail: [u8; END],
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(into)?;
        let Some(left) = self.left.get().checked_sub(count as u64) else {
            let problem = "a name in it has more than 1 MiB";
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        };
        self.left.set(left);
        let new = &into[count.saturating_sub(END)..count];
        self.tail.copy_within(new.len().., 0);
        self.tail[END - new.len()..].copy_from_slice(new);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

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
        let ended = read(archive, |found| {
            let crash = match found.crash {
                Ok(crash) => {
                    let further = crash.further.iter().map(|(name, _)| name.as_str());
                    let parts =
                        [&crash.metadata, &crash.dump].map(|part| str::from_utf8(part).unwrap());
                    parts.into_iter().chain(further).collect::<Vec<_>>().join(" ")
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
    fn files_of_a_crash_may_be_apart_and_what_is_missing_is_told_last() {
        let (all, ended) = found(&archive(&["a.json", "b.json", "c.dump", "b.dump", "d.dump"]));
        ended.unwrap();
        let missing = |what: &str| format!("there is {what}, in the archive");
        assert_eq!(
            all,
            [
                pair("b", "b.json b.dump"),
                pair("a", &missing("metadata, but no dump")),
                pair("c", &missing("a dump, but no metadata")),
                pair("d", &missing("a dump, but no metadata")),
            ]
        );
    }

    #[test]
    fn an_export_comes_back_with_further_dumps_and_without_processed_data() {
        const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
        let file = |rest: &str| format!("{OOID}.{rest}");
        let files = ["dump", "plugin.dump", "processed.json", "json"].map(file);
        let (all, ended) = found(&archive(&files.each_ref().map(String::as_str)));
        ended.unwrap();
        assert_eq!(all, [pair(OOID, &format!("{OOID}.json {OOID}.dump plugin"))]);
    }

    #[test]
    fn a_further_dump_that_comes_too_late_is_told() {
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
        let message = format!("{:#}", found(&named(2 << 20)).1.unwrap_err());
        assert!(message.ends_with("a name in it has more than 1 MiB"), "{message}");
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
            let message = format!("{:#}", ended.unwrap_err());
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
        assert!(format!("{:#}", ended.unwrap_err()).starts_with(TRUNCATED));
        assert!(all.is_empty());
    }

    #[test]
    fn no_more_is_read_than_is_wanted() {
        let archive = archive(&["a.json", "a.dump", "b.json", "b.dump"]);
        let mut count = 0;
        let ended = read(&archive[..3000], |_| {
            count += 1;
            ControlFlow::Break(())
        });
        ended.unwrap();
        assert_eq!(count, 1);
    }
}
