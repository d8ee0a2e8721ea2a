//! Which crashes are exported or sampled.

use crate::{error::Result, ooid::Ooid, range::TimeRange, scan::CrashScan, store::CrashStore};

/// Some crashes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selection {
    /// Those that were submitted in a range of time, in its order.
    Submitted(TimeRange),
    /// Those of a signature, in the order of their ooids.
    Signature(String),
    /// These, in this order.
    Ooids(Vec<Ooid>),
}

/// A selection while it is being read.
pub(super) struct Selecting {
    crashes: Crashes,
    after: Option<Vec<u8>>,
}

/// A crash with its place in the selection, by which an interrupted export goes on.
pub(super) struct Selected {
    pub(super) ooid: Ooid,
    pub(super) place: Vec<u8>,
}

enum Crashes {
    /// With the length of the keys' salt, which isn't part of their order.
    Found(CrashScan, usize),
    Listed(std::iter::Enumerate<std::vec::IntoIter<Ooid>>),
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
            Selection::Ooids(ooids) => Crashes::Listed(ooids.clone().into_iter().enumerate()),
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
                        Selected { ooid: entry.ooid, place }
                    }
                    Err(error) => return Some(Err(error)),
                },
                Crashes::Listed(ooids) => {
                    let (number, ooid) = ooids.next()?;
                    Selected { ooid, place: (number as u64).to_be_bytes().to_vec() }
                }
            };
            if self.after.as_ref().is_none_or(|after| selected.place > *after) {
                return Some(Ok(selected));
            }
        }
    }
}
