//! Files that are read whole: named, or `-` for standard input.
//!
//! For a bound on each, since a device or a pipe may never end.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::args::is_standard;

/// More than a crash's metadata, its minidump, or what is made of it ever has: HBase takes far less.
const MOST: u64 = 256 << 20;

/// Reads a file, or standard input.
pub(crate) fn read(file: &Path) -> io::Result<Vec<u8>> {
    if is_standard(file) {
        return read_up_to(MOST, io::stdin().lock());
    }
    read_up_to(MOST, File::open(file)?)
}

fn read_up_to(most: u64, from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if from.take(most + 1).read_to_end(&mut bytes)? as u64 > most {
        let message = format!("it has more than {} MiB, which is no part of a crash", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_refused() {
        assert_eq!(read_up_to(3, &b"abc"[..]).unwrap(), b"abc");
        let error = read_up_to(3, io::repeat(0)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
