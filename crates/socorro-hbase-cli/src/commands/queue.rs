//! `queue list`, `stats`, `add`, `claim`, `renew`, `release`, `ack`, `remove`: what a monitor does, by
//! hand.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use socorro_hbase_client::{
    Claim, CrashId, CrashStore, ErrorKind, IndexEntry, Problem, Queue as Waiting, Worker,
};

use crate::{
    args::{ClaimOptions, Common, Ids, Queue, QueueName, Which, WorkerName, word},
    failure::NotFound,
    ids,
    listing::Listing,
    output,
    settings::Settings,
    stop,
    store::Opened,
    text::counted,
};

/// Of the commands that print the crashes that they changed.
pub(super) const OOIDS: &[(&str, usize)] = &[("ooid", 0)];
const ENTRIES: &[(&str, usize)] = &[("ooid", 36), ("submitted", 0)];
const STATISTICS: &[(&str, usize)] =
    &[("queue", 8), ("waiting", 8), ("counter", 8), ("oldest", 36), ("age_seconds", 0)];

/// The same for people.
const AGES: &[(&str, usize)] =
    &[("queue", 8), ("waiting", 8), ("counter", 8), ("oldest", 36), ("age", 0)];

pub(super) fn queue(what: Queue, common: &Common) -> Result<()> {
    match what {
        Queue::List { which, limit, reverse } => list(which.queue, limit, reverse, common),
        Queue::Stats => statistics(common),
        Queue::Add { ids } => add(ids, common),
        Queue::Claim { which, claim, limit } => self::claim(which.queue, claim, limit, common),
        Queue::Renew { which, claim, ids } => {
            let settings = Settings::load(common.config.clone())?;
            let (worker, lease) = choose(claim, &settings)?;
            let renew = |mut claim: Claim| Ok(claim.renew(lease)?);
            of_own_claims(&settings, &which, &worker, ids, common, renew)
        }
        Queue::Release { which, worker, ids } => {
            let settings = Settings::load(common.config.clone())?;
            let worker = named_worker(worker, &settings)?;
            of_own_claims(&settings, &which, &worker, ids, common, |claim| Ok(claim.release()?))
        }
        Queue::Ack { which, worker, ids } => {
            let settings = Settings::load(common.config.clone())?;
            let worker = named_worker(worker, &settings)?;
            of_own_claims(&settings, &which, &worker, ids, common, |claim| Ok(claim.acknowledge()?))
        }
        Queue::Remove { which, ids } => remove(which.queue, ids, common),
    }
}

pub(super) fn named(store: &CrashStore, name: QueueName) -> Waiting {
    match name {
        QueueName::Legacy => store.legacy_queue(),
        QueueName::General => store.general_queue(),
    }
}

/// Who claims crashes, and for how long.
pub(super) fn choose(options: ClaimOptions, settings: &Settings) -> Result<(Worker, Duration)> {
    Ok((named_worker(options.worker, settings)?, settings.lease(options.lease)?.value))
}

fn named_worker(name: WorkerName, settings: &Settings) -> Result<Worker> {
    Ok(settings.worker(name.worker)?.value)
}

fn list(name: QueueName, limit: Option<usize>, reverse: bool, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let store = Opened::open(common)?;
    let mut listing = Listing::new(ENTRIES, common.json);
    let queue = named(&store, name);
    let mut entries = if reverse { queue.entries()? } else { queue.entries_newest_first()? };
    for entry in entries.by_ref().take(limit.unwrap_or(usize::MAX)) {
        let entry = entry?;
        listing.line([json!(word(&entry.id)), time_of(&entry)])?;
    }
    listing.finish()?;
    complain_of(entries.take_problems());
    Ok(())
}

fn statistics(common: &Common) -> Result<()> {
    let store = Opened::open(common)?;
    let mut listing = Listing::new(if common.json { STATISTICS } else { AGES }, common.json);
    let mut problems = Vec::new();
    for (label, name) in [("legacy", QueueName::Legacy), ("general", QueueName::General)] {
        let queue = named(&store, name);
        let statistics = queue.statistics()?;
        let age = statistics.age.map(|age| age.as_secs());
        let age = match age {
            Some(seconds) if !common.json => json!(age_of(seconds)),
            age => json!(age),
        };
        listing.line([
            json!(label),
            json!(queue.count_entries()?),
            json!(statistics.size),
            json!(statistics.oldest.map(|entry| word(&entry.id))),
            age,
        ])?;
        problems.extend(queue.take_problems());
    }
    listing.finish()?;
    complain_of(problems);
    Ok(())
}

fn complain_of(problems: Vec<Problem>) {
    for problem in problems {
        output::complain(&format!("{problem}; skipped"));
    }
}

/// As exact as people want it: 3days 4h.
fn age_of(seconds: u64) -> String {
    let whole = humantime::format_duration(Duration::from_secs(seconds)).to_string();
    whole.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

fn claim(name: QueueName, options: ClaimOptions, limit: usize, common: &Common) -> Result<()> {
    let settings = Settings::load(common.config.clone())?;
    let (worker, lease) = choose(options, &settings)?;
    let store = Opened::with(&settings, common)?;
    stop::on_signal()?;
    // Claims nothing more once nobody reads: a claim that nobody knows of only keeps others waiting.
    let mut listing = Listing::new(OOIDS, common.json).line_by_line();
    let queue = named(&store, name);
    let mut count = 0;
    // Not `Queue::claim`, which claims more than it hands out: nobody else could have the rest.
    for entry in queue.entries()? {
        if count == limit {
            break;
        }
        stop::check(|| format!("{} claimed", counted(count as u64, "crash")))?;
        if let Some(claim) = queue.claim_row(&entry?.key, &worker, lease)? {
            listing.line([json!(word(claim.id()))])?;
            count += 1;
        }
    }
    listing.finish()?;
    complain_of(queue.take_problems());
    if count == 0 && limit > 0 {
        output::say("nothing waits that no other worker has claimed");
    }
    Ok(())
}

fn add(ids: Ids, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let settings = Settings::load(common.config.clone())?;
    let (store, crashes) = Opened::open_for(&settings, common, ids.ooids)?;
    let mut changed = Changed::new(common);
    let added = ids::in_chunks(crashes, |ids| {
        changed.check_signal()?;
        let mut problem = None;
        for (id, added) in ids.iter().zip(store.requeue_many(ids)?) {
            match added {
                Ok(()) => changed.add(id, true)?,
                Err(error) if error.kind() == ErrorKind::NoSuchCrash => changed.add(id, false)?,
                // What became of the others is listed before it ends.
                Err(error) => drop(problem.get_or_insert(error)),
            }
        }
        problem.map_or(Ok(()), |error| Err(error.into()))
    });
    changed.finish(added, |ids| NotFound(format!("there is no crash {ids}")))
}

fn remove(name: QueueName, ids: Ids, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let settings = Settings::load(common.config.clone())?;
    let (store, mut crashes) = Opened::open_for(&settings, common, ids.ooids)?;
    let queue = named(&store, name);
    let mut changed = Changed::new(common);
    let removed = crashes.try_for_each(|id| {
        let id = id?;
        changed.check_signal()?;
        let was_there = queue.remove(&id)?;
        changed.add(&id, was_there)
    });
    changed.finish(removed, |ids| NotFound(format!("not in the queue: {ids}")))
}

/// Changes the claims that the worker has on these crashes; returns whether it still had each.
fn of_own_claims(
    settings: &Settings,
    which: &Which,
    worker: &Worker,
    ids: Ids,
    common: &Common,
    change: impl Fn(Claim) -> Result<bool>,
) -> Result<()> {
    stop::on_signal()?;
    let (store, mut crashes) = Opened::open_for(settings, common, ids.ooids)?;
    let queue = named(&store, which.queue);
    let mut changed = Changed::new(common);
    let done = crashes.try_for_each(|id| {
        let id = id?;
        changed.check_signal()?;
        let had = match queue.resume_claim(&id, worker)? {
            Some(claim) => change(claim)?,
            None => false,
        };
        changed.add(&id, had)
    });
    changed.finish(done, |ids| NotFound(format!("worker {worker} has no claim on {ids}")))
}

/// The crashes that a command changed, and those that it couldn't.
struct Changed {
    listing: Listing,
    count: u64,
    absent: Absent,
}

impl Changed {
    fn new(common: &Common) -> Self {
        let listing = Listing::new(OOIDS, common.json).report();
        Self { listing, count: 0, absent: Absent::default() }
    }

    /// An error if a signal asked to stop.
    fn check_signal(&self) -> Result<()> {
        Ok(stop::check(|| format!("done for {}", counted(self.count, "crash")))?)
    }

    fn add(&mut self, id: &CrashId, was_there: bool) -> Result<()> {
        if !was_there {
            self.absent.add(id);
            return Ok(());
        }
        self.count += 1;
        self.listing.line_beside([json!(word(id))])
    }

    fn finish(self, done: Result<()>, failure: impl FnOnce(&str) -> NotFound) -> Result<()> {
        let stopped = self.check_signal();
        self.listing.finish()?;
        done?;
        // Standard input ends early then.
        stopped?;
        self.absent.check(failure)
    }
}

/// What was named, and isn't there or can't be had.
#[derive(Default)]
pub(super) struct Absent {
    first: Vec<String>,
    more: u64,
}

impl Absent {
    /// How many of them a message names.
    const NAMED: usize = 20;

    pub(super) fn add(&mut self, id: &CrashId) {
        if self.first.len() < Self::NAMED {
            self.first.push(word(id));
        } else {
            self.more += 1;
        }
    }

    pub(super) fn check<E>(self, failure: impl FnOnce(&str) -> E) -> Result<()>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        if self.first.is_empty() {
            return Ok(());
        }
        let mut ids = self.first.join(", ");
        if self.more > 0 {
            ids = format!("{ids} and {} more", self.more);
        }
        Err(failure(&ids).into())
    }
}

/// The key is a salt, the time and the ooid.
fn time_of(entry: &IndexEntry) -> Value {
    let end = entry.key.len().saturating_sub(entry.id.as_bytes().len());
    let time = entry.key.get(1..end);
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

    #[test]
    fn a_message_names_some_of_many_that_are_absent() {
        let mut absent = Absent::default();
        assert!(absent.check(|_| -> NotFound { unreachable!() }).is_ok());
        absent = Absent::default();
        for number in 0..22 {
            absent.add(&CrashId::new(format!("{number}")).unwrap());
        }
        let message = absent.check(|ids| NotFound(ids.to_owned())).unwrap_err().to_string();
        assert!(message.ends_with("18, 19 and 2 more"), "{message}");
    }
}
