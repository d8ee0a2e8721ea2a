//! `queue list`, `stats`, `claim`, `ack`: what a monitor does, by hand.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use socorro_hbase_client::{CrashStore, IndexEntry, Ooid, Queue as Waiting};

use crate::{
    args::{ClaimOptions, Queue, QueueName, Reading},
    exit::NoSuch,
    listing::Listing,
    output, stop,
    store::Opened,
};

const ENTRIES: &[(&str, usize)] = &[("ooid", 36), ("submitted", 0)];
const STATISTICS: &[(&str, usize)] =
    &[("queue", 8), ("waiting", 8), ("counter", 8), ("oldest", 36), ("age_seconds", 0)];

/// The same for people.
const AGES: &[(&str, usize)] =
    &[("queue", 8), ("waiting", 8), ("counter", 8), ("oldest", 36), ("age", 0)];

pub(super) fn queue(what: Queue) -> Result<()> {
    match what {
        Queue::List { which, limit, reading } => list(which.queue, limit, reading),
        Queue::Stats(reading) => statistics(reading),
        Queue::Claim { which, claim, limit, reading } => {
            self::claim(which.queue, claim, limit, reading)
        }
        Queue::Ack { which, ooids, place } => {
            let store = Opened::open(place)?;
            acknowledge(&named(&store, which.queue), &ooids)
        }
    }
}

pub(super) fn named(store: &CrashStore, name: QueueName) -> Waiting {
    match name {
        QueueName::Legacy => store.legacy_queue(),
        QueueName::General => store.general_queue(),
    }
}

fn list(name: QueueName, limit: Option<usize>, reading: Reading) -> Result<()> {
    stop::on_signal()?;
    let store = Opened::open(reading.place)?;
    let mut listing = Listing::new(ENTRIES, reading.json);
    for entry in named(&store, name).entries()?.take(limit.unwrap_or(usize::MAX)) {
        let entry = entry?;
        listing.line([json!(entry.ooid.as_str()), time_of(&entry)])?;
    }
    listing.finish()
}

fn statistics(reading: Reading) -> Result<()> {
    let store = Opened::open(reading.place)?;
    let mut listing = Listing::new(if reading.json { STATISTICS } else { AGES }, reading.json);
    for (label, name) in [("legacy", QueueName::Legacy), ("general", QueueName::General)] {
        let queue = named(&store, name);
        let statistics = queue.statistics()?;
        let age = statistics.age.map(|age| age.as_secs());
        let age = match age {
            Some(seconds) if !reading.json => {
                json!(age_of(seconds))
            }
            age => json!(age),
        };
        listing.line([
            json!(label),
            json!(queue.count_entries()?),
            json!(statistics.size),
            json!(statistics.oldest.map(|entry| entry.ooid.to_string())),
            age,
        ])?;
    }
    listing.finish()
}

/// As exact as people want it: 3days 4h.
fn age_of(seconds: u64) -> String {
    let whole = humantime::format_duration(Duration::from_secs(seconds)).to_string();
    whole.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

fn claim(name: QueueName, options: ClaimOptions, limit: usize, reading: Reading) -> Result<()> {
    const CLAIMS: &[(&str, usize)] = &[("ooid", 0)];
    let settings = reading.place.settings()?;
    let (taker, lease) = options.choose(&settings)?;
    let store = Opened::with(&settings, reading.place)?;
    // Claims nothing more once nobody reads: a claim that nobody knows of only keeps others waiting.
    let mut listing = Listing::new(CLAIMS, reading.json).line_by_line();
    let queue = named(&store, name);
    let mut count = 0;
    // Not `Queue::claim`, which claims more than it hands out: nobody else could have the rest.
    for entry in queue.entries()? {
        if count == limit {
            break;
        }
        if let Some(claim) = queue.claim_crash(&entry?.ooid, &taker, lease)? {
            listing.line([json!(claim.ooid().as_str())])?;
            count += 1;
        }
    }
    listing.finish()?;
    if count == 0 {
        output::say("nothing waits that nobody else has taken");
    }
    Ok(())
}

fn acknowledge(queue: &Waiting, ooids: &[Ooid]) -> Result<()> {
    let (mut removed, mut absent) = (Vec::new(), Vec::new());
    let mut remove = || -> Result<()> {
        for ooid in ooids {
            let list = if queue.remove(ooid)? { &mut removed } else { &mut absent };
            list.push(ooid.to_string());
        }
        Ok(())
    };
    let done = remove();
    // Afterwards: all of them are removed, whether anybody reads of it or not.
    let printed = removed.iter().try_for_each(|ooid| output::print_line(ooid));
    done?;
    printed?;
    if absent.is_empty() {
        return Ok(());
    }
    Err(NoSuch(format!("not in the queue: {}", absent.join(", "))).into())
}

/// The key is a salt, the time and the ooid.
fn time_of(entry: &IndexEntry) -> Value {
    let time = entry.key.get(1..entry.key.len().saturating_sub(36));
    json!(time.map(|time| String::from_utf8_lossy(time).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_its_two_largest_units() {
        assert_eq!(age_of(0), "0s");
        assert_eq!(age_of(95), "1m 35s");
        assert_eq!(age_of(3 * 86_400 + 4 * 3600 + 59), "3days 4h");
    }
}
