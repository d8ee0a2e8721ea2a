//! Which crashes are exported or sampled.

use std::fmt::{self, Write};

use crate::{
    endpoints::CrashScan,
    error::Result,
    model::{CrashId, TimeRange},
    store::CrashStore,
};

/// Some crashes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selection {
    /// Those that were submitted in a range of time, in its order.
    Submitted(TimeRange),
    /// Those of a signature, in the order of their names.
    Signature(String),
    /// These, in this order.
    Crashes(Vec<CrashId>),
}

impl Selection {
    /// Tells two selections apart, in a file that another run reads.
    pub(super) fn fingerprint(&self) -> String {
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        // It takes any text.
        let _ = write!(hash, "{self:?}");
        format!("{:016x}", hash.0)
    }
}

/// The hash FNV-1a, of a text of any length.
struct Fnv(u64);

impl fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

/// A selection while it is being read.
pub(super) struct Selecting {
    crashes: Crashes,
    after: Option<Vec<u8>>,
}

/// A crash with its place in the selection, by which an interrupted export goes on.
pub(super) struct Selected {
    pub(super) id: CrashId,
    pub(super) place: Vec<u8>,
}

enum Crashes {
    /// With the length of the keys' salt, which isn't part of their order.
    Found(CrashScan, usize),
    Listed(std::iter::Enumerate<std::vec::IntoIter<CrashId>>),
}

impl Selecting {
    /// What comes after a place.
    pub(super) fn new(
        store: &CrashStore,
        selection: &Selection,
        after: Option<Vec<u8>>,
    ) -> Result<Self> {
        let crashes = match selection {
            Selection::Submitted(range) => Crashes::Found(store.scan_submitted(range)?, 1),
            Selection::Signature(signature) => Crashes::Found(store.scan_signature(signature)?, 0),
            Selection::Crashes(ids) => Crashes::Listed(ids.clone().into_iter().enumerate()),
        };
        Ok(Self { crashes, after })
    }
}

impl Iterator for Selecting {
    type Item = Result<Selected>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let selected = match &mut self.crashes {
                Crashes::Found(scan, salt) => match scan.next()? {
                    Ok(entry) => {
                        let place = entry.key.get(*salt..).unwrap_or_default().to_vec();
                        Selected { id: entry.id, place }
                    }
                    Err(error) => return Some(Err(error)),
                },
                Crashes::Listed(ids) => {
                    let (number, id) = ids.next()?;
                    Selected { id, place: (number as u64).to_be_bytes().to_vec() }
                }
            };
            if self.after.as_ref().is_none_or(|after| selected.place > *after) {
                return Some(Ok(selected));
            }
        }
    }
}
