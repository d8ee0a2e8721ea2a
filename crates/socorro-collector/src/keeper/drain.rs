//! Empties the spool into the store, oldest first.

use std::{io, sync::atomic::Ordering, time::Duration};

use super::{
    shared::{MOST_BYTES, Shared},
    store::Put,
};
use crate::{crash::Crash, spool::Spool};

/// Crashes of one group.
const MOST_CRASHES: usize = 16;
/// Between two looks at crashes that could not be stored.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs until the collector stops.
pub(super) fn empty_spool(shared: &Shared) {
    let Some(spool) = &shared.spool else { return };
    while !shared.is_stopping.load(Ordering::Relaxed) {
        if let Some(pause) = shared.store.pause() {
            shared.woken.wait(pause);
            continue;
        }
        let found = pass(shared, spool);
        if !found {
            shared.woken.wait(PAUSE);
        }
    }
}

/// Offers every crash to the store once; one that can't be stored holds up no other. Stops when
/// the store is away. Whether something was stored.
fn pass(shared: &Shared, spool: &Spool) -> bool {
    let (mut last, mut progress) = (None, false);
    loop {
        if shared.store.is_away() || shared.is_stopping.load(Ordering::Relaxed) {
            return progress;
        }
        let mut group: Vec<(u64, Crash)> = Vec::new();
        let mut bytes = 0;
        while group.len() < MOST_CRASHES
            && bytes < MOST_BYTES
            && let Some(number) = spool.waiting_after(last)
        {
            last = Some(number);
            if let Some(crash) = read(spool, number) {
                bytes += crash.size();
                group.push((number, crash));
            }
        }
        if group.is_empty() {
            return progress;
        }
        let crashes: Vec<&Crash> = group.iter().map(|(_, crash)| crash).collect();
        for (put, (number, crash)) in shared.store.put(&crashes).into_iter().zip(&group) {
            let moved = match put {
                Put::Done => spool.remove(*number),
                Put::Refused(_) => spool.set_aside(*number),
                Put::Failed => continue,
            };
            match moved {
                Ok(()) => progress = true,
                // It is stored again, which changes nothing.
                Err(error) => {
                    tracing::error!(ooid = %crash.ooid, %error, "the spool can't be changed");
                }
            }
        }
    }
}

/// A crash whose file can be read; a damaged one is set aside, and one that is gone is forgotten.
fn read(spool: &Spool, number: u64) -> Option<Crash> {
    match spool.read(number) {
        Ok(crash) => Some(crash),
        Err(error) => {
            tracing::error!(%error, "a spooled crash can't be read");
            match error.kind() {
                io::ErrorKind::NotFound => spool.forget(number),
                io::ErrorKind::InvalidData => {
                    if let Err(error) = spool.set_aside(number) {
                        tracing::error!(%error, "the spool can't be changed");
                    }
                }
                _ => {}
            }
            None
        }
    }
}
