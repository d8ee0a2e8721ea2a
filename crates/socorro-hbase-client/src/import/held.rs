//! Crashes of an archive of which some files have come.
//!
//! Bounded: by the bytes of their files, and by what a crash costs beside them.

use std::{
    collections::{BTreeMap, BTreeSet, hash_map::RandomState},
    hash::BuildHasher,
};

use time::OffsetDateTime;

use super::{
    MOST,
    files::{CrashFiles, FoundCrash},
    input,
    names::Part,
    too_large,
};
use crate::error::{Error, Result};

/// How many bytes the files of crashes may have whose other files haven't come yet.
const MOST_HELD: u64 = 2 * MOST;

/// What a held crash costs beside its files.
const OVERHEAD: u64 = 512;

/// Crashes of which some files have come.
#[derive(Default)]
pub(super) struct Held {
    crashes: BTreeMap<String, Parts>,
    bytes: u64,
    /// Whose file came last.
    last: String,
    /// The names of those that were handed on, as hashes.
    gone: BTreeSet<u64>,
    hasher: RandomState,
}

#[derive(Default)]
struct Parts {
    files: CrashFiles,
    problem: Option<Error>,
    cost: u64,
}

const IN_ORDER: &str = "write the archive in the order of the files' names (tar --sort=name)";

impl Held {
    /// Whether a file of this size is wanted of a crash; if not, the crash is refused.
    pub(super) fn takes(&mut self, crash: &str, size: u64) -> Result<bool> {
        let parts = self.crashes.get(crash);
        if parts.is_some_and(|parts| parts.problem.is_some()) {
            return Ok(false);
        }
        if parts.map_or(0, |parts| parts.files.bytes() as u64).saturating_add(size) > MOST {
            self.refuse(crash, too_large())?;
            return Ok(false);
        }
        Ok(true)
    }

    pub(super) fn add(
        &mut self,
        crash: &str,
        part: Part,
        bytes: Vec<u8>,
        written: Option<OffsetDateTime>,
    ) -> Result<()> {
        self.pay(crash, bytes.len() as u64)?.files.add(part, bytes, written);
        Ok(())
    }

    /// Lets the crash be reported as one that can't be read.
    pub(super) fn refuse(&mut self, crash: &str, problem: Error) -> Result<()> {
        let parts = self.pay(crash, 0)?;
        let freed = parts.files.bytes() as u64;
        parts.files = CrashFiles::default();
        parts.problem.get_or_insert(problem);
        parts.cost -= freed;
        self.bytes -= freed;
        Ok(())
    }

    fn pay(&mut self, crash: &str, bytes: u64) -> Result<&mut Parts> {
        let cost = OVERHEAD + crash.len() as u64 + bytes;
        self.bytes += cost;
        if self.bytes > MOST_HELD {
            return Err(input(format!(
                "the archive has the files of too many crashes mixed up: {IN_ORDER}"
            )));
        }
        let parts = self.crashes.entry(crash.to_owned()).or_default();
        parts.cost += cost;
        Ok(parts)
    }

    /// The crash that came last, if another one's file comes now and nothing of it is missing.
    pub(super) fn leave(&mut self, next: &str, part: &Part) -> Option<FoundCrash> {
        // A further dump of a crash that isn't named by an ooid looks like another crash's.
        let may_belong = *part == Part::Dump && is_below(next, &self.last);
        if self.last == next || may_belong {
            return None;
        }
        let name = std::mem::replace(&mut self.last, next.to_owned());
        if !self.crashes.get(&name).is_some_and(|parts| parts.files.is_whole()) {
            return None;
        }
        let parts = self.take(&name)?;
        self.gone.insert(self.hasher.hash_one(&name));
        Some(FoundCrash::new(name, parts.problem.map_or(Ok(parts.files), Err)))
    }

    /// With the further dumps that were taken for crashes.
    fn take(&mut self, name: &str) -> Option<Parts> {
        let mut parts = self.crashes.remove(name)?;
        self.bytes -= parts.cost;
        if parts.files.state.is_none() {
            return Some(parts);
        }
        let below = self.crashes.range(name.to_owned()..).skip_while(|(other, _)| *other == name);
        // A blank and a hyphen go before a dot.
        let below = below.take_while(|(other, _)| other.starts_with(name));
        let dumps =
            below.filter(|(other, parts)| is_below(other, name) && parts.files.is_dump_only());
        let dumps: Vec<String> = dumps.map(|(other, _)| other.clone()).collect();
        for other in dumps {
            let Some(found) = self.crashes.remove(&other) else { continue };
            self.bytes -= found.cost;
            let further = other[name.len() + 1..].to_owned();
            parts.files.further.extend(found.files.dump.map(|dump| (further, dump)));
        }
        Some(parts)
    }

    /// The crashes that are left at the end of the archive.
    pub(super) fn rest(mut self) -> impl Iterator<Item = FoundCrash> {
        std::iter::from_fn(move || {
            loop {
                let name = self.crashes.first_key_value()?.0.clone();
                let Parts { files, problem, .. } = self.take(&name)?;
                let was_there = self.gone.contains(&self.hasher.hash_one(&name));
                let late = || {
                    input(format!(
                        "a file of it came after the others, and the crash was taken without: \
                         {IN_ORDER}, or submit the folder"
                    ))
                };
                let files = match problem {
                    Some(problem) => Err(problem),
                    None if !files.is_of_crash() && files.processed.is_none() => continue,
                    None if was_there && !files.is_whole() => Err(late()),
                    None if !files.is_of_crash() => continue,
                    None => Ok(files),
                };
                return Some(FoundCrash::new(name, files));
            }
        })
    }
}

/// Whether a name is another with a dot and more behind it.
fn is_below(name: &str, of: &str) -> bool {
    !of.is_empty() && name.strip_prefix(of).is_some_and(|rest| rest.starts_with('.'))
}
