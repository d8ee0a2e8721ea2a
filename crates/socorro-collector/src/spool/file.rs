//! A crash as a file of the spool: a line that says what it is, a line of JSON with names and lengths,
//! then metadata and dumps as they are.

use std::io::{self, Write};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use socorro_hbase_client::CrashMetadata;

use crate::crash::Crash;

const MAGIC: &[u8] = b"socorro-collector spool 1\n";

#[derive(Serialize, Deserialize)]
struct Head {
    ooid: String,
    metadata: usize,
    /// Names and lengths.
    dumps: Vec<(String, usize)>,
    /// Of all the others: a file that a disk has damaged is not taken for a crash.
    sha256: String,
}

/// Writes the crash; how many bytes that were.
pub(super) fn write(file: &mut dyn Write, crash: &Crash) -> io::Result<u64> {
    let mut head = Head {
        ooid: crash.ooid.as_str().to_owned(),
        metadata: crash.metadata.json().len(),
        dumps: crash.dumps.iter().map(|(name, dump)| (name.to_string(), dump.len())).collect(),
        sha256: String::new(),
    };
    let dumps = crash.dumps.iter().map(|(_, dump)| dump.as_ref());
    head.sha256 = sum(&head, std::iter::once(crash.metadata.json()).chain(dumps.clone()));
    let head = serde_json::to_vec(&head)?;
    let mut written = 0;
    for part in [MAGIC, &head, b"\n", crash.metadata.json()].into_iter().chain(dumps) {
        file.write_all(part)?;
        written += part.len() as u64;
    }
    Ok(written)
}

/// The sum of a head and of what follows it.
fn sum<'a>(head: &Head, parts: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{} {} {:?} ", head.ooid, head.metadata, head.dumps));
    parts.for_each(|part| hash.update(part));
    hex::encode(hash.finalize())
}

/// Reads a crash back; `None` if a part of it is missing or damaged.
pub(super) fn parse(bytes: Vec<u8>) -> Option<Crash> {
    let bytes = Bytes::from(bytes);
    let after_magic = bytes.strip_prefix(MAGIC)?;
    let line = after_magic.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(&after_magic[..line]).ok()?;
    let mut rest = bytes.slice(MAGIC.len() + line + 1..);
    if sum(&head, std::iter::once(rest.as_ref())) != head.sha256 {
        return None;
    }
    let mut take = |length: usize| (length <= rest.len()).then(|| rest.split_to(length));
    let metadata = CrashMetadata::from_json(take(head.metadata)?.to_vec()).ok()?;
    let mut dumps = Vec::new();
    for (name, length) in head.dumps {
        dumps.push((name.parse().ok()?, take(length)?));
    }
    let ooid = head.ooid.parse().ok()?;
    rest.is_empty().then_some(Crash { ooid, metadata, dumps })
}
