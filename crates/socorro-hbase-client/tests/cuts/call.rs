//! What can be done to a crash, at random.

use std::time::Duration;

use socorro_hbase_client::{
    Counted, CrashMetadata, CrashStore, Dumps, ErrorKind, Ooid, ProcessedCrash, Queue,
    QueueForProcessing, Result, Worker,
};

use super::world::World;

pub(crate) const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";
/// Longer than a case takes.
const LEASE: Duration = Duration::from_hours(1);

/// A transition. A flag names the queue: whether it is the legacy one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// With one of several metadata, with or without further dumps, queued or not.
    Submit(usize, bool, bool),
    Requeue,
    ReplaceDump,
    /// For so long that nobody else has it meanwhile.
    Claim(bool),
    Acknowledge(bool),
    Release(bool),
    Process(&'static str),
    /// By a worker whose claims run out at once, so that one that was cut off keeps nobody waiting.
    Work(bool, &'static str),
    Withdraw(bool),
    Remove,
    /// Of a crash that was processed and asked for once more.
    Restore,
    Repair,
}

/// How many kinds of calls there are.
pub(crate) const KINDS: u64 = 12;

const METADATA: [&str; 4] = [
    r#"{"submitted_timestamp": "2012-05-08T20:50:50+00:00"}"#,
    r#"{"submitted_timestamp": "2012-05-08T20:50:50+00:00", "legacy_processing": 1}"#,
    r#"{"submitted_timestamp": "2012-06-09T21:51:51+00:00", "ProcessType": "plugin", "HangID": "2f1e7a60-55c4-4be0-9d3c-71c4e8a90b12"}"#,
    r#"{"submitted_timestamp": "2012-06-09T21:51:51+00:00", "HangID": "AF1E7A60", "ProcessType": "web.content", "x": NaN}"#,
];

impl Call {
    /// Submissions most, since nothing can be done without.
    pub(crate) fn any(random: &mut Random) -> Self {
        let kind = random.index(usize::try_from(KINDS).unwrap() + 4).saturating_sub(4);
        Self::of_kind(kind, random)
    }

    pub(crate) fn of_kind(kind: usize, random: &mut Random) -> Self {
        let is_legacy = random.below(2) == 0;
        let signature = ["a", "b"][random.index(2)];
        match kind {
            0 => {
                let metadata = random.index(METADATA.len());
                Self::Submit(metadata, random.below(2) == 0, random.below(4) > 0)
            }
            1 => Self::Requeue,
            2 => Self::ReplaceDump,
            3 => Self::Claim(is_legacy),
            4 => Self::Acknowledge(is_legacy),
            5 => Self::Release(is_legacy),
            6 => Self::Process(signature),
            7 => Self::Work(is_legacy, signature),
            8 => Self::Withdraw(is_legacy),
            9 => Self::Remove,
            10 => Self::Restore,
            _ => Self::Repair,
        }
    }

    /// Whether it looks through a queue for what is there.
    pub(crate) fn is_of_queue(self) -> bool {
        matches!(self, Self::Claim(_) | Self::Work(..))
    }

    pub(crate) fn is_repair(self) -> bool {
        matches!(self, Self::Repair)
    }

    /// Whether it is what a worker does, which nobody makes again if the worker dies.
    pub(crate) fn is_of_worker(self) -> bool {
        match self {
            Self::Claim(_)
            | Self::Acknowledge(_)
            | Self::Release(_)
            | Self::Process(_)
            | Self::Work(..) => true,
            Self::Submit(..)
            | Self::Requeue
            | Self::ReplaceDump
            | Self::Withdraw(_)
            | Self::Remove
            | Self::Restore
            | Self::Repair => false,
        }
    }

    pub(crate) fn make(self, world: &World) -> Result<()> {
        world.let_time_pass();
        self.run(&world.store(), world, &OOID.parse().unwrap())
    }

    /// Makes the call on this crash.
    pub(crate) fn run(self, store: &CrashStore, world: &World, ooid: &Ooid) -> Result<()> {
        match self {
            Self::Submit(metadata, has_more, is_queued) => {
                let metadata = CrashMetadata::from_json(METADATA[metadata]).unwrap();
                let dumps = Dumps::new(b"MDMP");
                let dumps =
                    if has_more { dumps.with("more".parse().unwrap(), b"MDMP") } else { dumps };
                let queue =
                    if is_queued { QueueForProcessing::Yes } else { QueueForProcessing::No };
                store.put_raw_report(ooid, &metadata, dumps, queue).map(drop)
            }
            Self::Requeue => allow_absence(store.requeue(ooid)),
            Self::ReplaceDump => allow_absence(store.replace_dump(ooid, b"MDMP fixed")),
            Self::Claim(is_legacy) => {
                let queue = queue(store, is_legacy);
                for claim in world.claim(&queue, ooid, &worker(), LEASE)? {
                    drop(claim?);
                }
                Ok(())
            }
            Self::Acknowledge(is_legacy) => {
                let claim = queue(store, is_legacy).resume_claim(ooid, &worker())?;
                claim.map_or(Ok(()), |claim| claim.acknowledge().map(drop))
            }
            Self::Release(is_legacy) => {
                let claim = queue(store, is_legacy).resume_claim(ooid, &worker())?;
                claim.map_or(Ok(()), |claim| claim.release().map(drop))
            }
            Self::Process(signature) => {
                allow_absence(store.put_processed(ooid, &made(signature, None)))
            }
            Self::Work(is_legacy, signature) => {
                let (queue, other) = (queue(store, is_legacy), "other".parse().unwrap());
                for claim in world.claim(&queue, ooid, &other, Duration::ZERO)? {
                    let claim = claim?;
                    world.let_time_pass();
                    let dump = store.get_dump(claim.id())?;
                    claim.complete(&made(signature, dump.as_deref()))?;
                }
                Ok(())
            }
            Self::Withdraw(is_legacy) => queue(store, is_legacy).remove(ooid).map(drop),
            Self::Remove => {
                for removed in store.remove_many([ooid], Counted::Stays)? {
                    removed?;
                }
                Ok(())
            }
            Self::Restore => {
                for restored in store.import(world.exported(), QueueForProcessing::Yes)? {
                    restored?;
                }
                Ok(())
            }
            Self::Repair => {
                for problem in store.check(&World::everything()) {
                    let problem = problem?;
                    if problem.id.as_ref().is_none_or(|id| id == ooid) {
                        store.repair(&problem)?;
                    }
                }
                Ok(())
            }
        }
    }
}

fn queue(store: &CrashStore, is_legacy: bool) -> Queue {
    if is_legacy { store.legacy_queue() } else { store.general_queue() }
}

fn worker() -> Worker {
    "worker".parse().unwrap()
}

/// Of this dump, as a worker has read it.
fn made(signature: &str, dump: Option<&[u8]>) -> ProcessedCrash {
    let dump = dump.unwrap_or_default().escape_ascii();
    let json =
        format!(r#"{{"signature": "{signature}", "completeddatetime": "2012", "dump": "{dump}"}}"#);
    ProcessedCrash::from_json(json).unwrap()
}

fn allow_absence(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NoSuchCrash => Ok(()),
        result => result,
    }
}

/// Numbers that a seed decides.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    pub(crate) fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).unwrap()
    }
}
