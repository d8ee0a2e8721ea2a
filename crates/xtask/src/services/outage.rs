//! An outage: clients submit crashes while the store is stopped and started twice, the collector is
//! killed twice, once while the store is away, and the workers several times.
//!
//! The clients remember which crashes were acknowledged, and by which attempt each was sent: every
//! attempt is one crash at most, and each that was acknowledged is one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use super::program::{Program, Service, free_address};
use super::remains::{self, Remains};
use super::{Answer, Client};

/// A store that can be stopped and started again, at the same URL.
pub trait Store {
    /// Its URL, with a prefix of tables if others are there too.
    fn url(&self) -> String;
    /// Ends it; what it acknowledged is kept.
    ///
    /// # Errors
    /// When it doesn't end.
    fn stop(&self) -> Result<()>;
    /// Starts it again and waits until it answers.
    ///
    /// # Errors
    /// When it doesn't.
    fn start(&self) -> Result<()>;
}

/// What happens in an outage.
#[derive(Clone, Debug)]
pub struct Outage {
    /// Crashes that are submitted.
    pub crashes: u32,
    /// Clients, each with a connection of its own.
    pub connections: u32,
    /// A dump that can be processed.
    pub dump: Vec<u8>,
}

/// What was seen of an outage that ended well.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the store has.
    pub remains: Remains,
    /// Attempts that had to be made again: refused with 503, or cut off.
    pub repeated: u32,
    /// The most crashes that waited in the spool when a phase ended.
    pub spooled: u64,
    /// The most memory that a collector had, in KiB.
    pub collector: u64,
    /// The most memory that a process of workers had, in KiB.
    pub workers: u64,
}

/// For anything that must happen at all: HBase takes half a minute to start.
const PATIENCE: Duration = Duration::from_mins(10);
const PAUSE: Duration = Duration::from_millis(20);
/// A claim's; those of killed workers run out while the others go on.
const LEASE: Duration = Duration::from_secs(2);

impl Outage {
    /// Lets it happen. The store runs, and has the tables.
    ///
    /// # Errors
    /// What is wrong: a crash that was acknowledged and isn't there, for example.
    pub fn run(&self, program: &Program, store: &impl Store) -> Result<Outcome> {
        let clients = Clients::new(self, free_address()?);
        let mut services = Services::start(program, store.url(), clients.address.clone())?;
        thread::scope(|scope| {
            for _ in 0..self.connections {
                scope.spawn(|| clients.submit());
            }
            let happened = happen(&clients, &mut services, store);
            // Whatever went wrong, nobody waits for more.
            clients.is_over.store(true, Ordering::Relaxed);
            happened
        })?;
        let (repeated, acknowledged) = clients.end()?;
        services.calm_down()?;
        let Services { url, spooled, collector_peak, workers_peak, .. } = services;
        let remains = remains::look(program, &url, &acknowledged)?;
        Ok(Outcome { remains, repeated, spooled, collector: collector_peak, workers: workers_peak })
    }
}

/// In tenths of the submissions. The store goes and the collector is killed in the middle of them.
fn happen(clients: &Clients, all: &mut Services, store: &impl Store) -> Result<()> {
    clients.go_on_to(2)?;
    all.kill_workers()?;
    clients.allow(4);
    store.stop().context("the store can't be stopped")?;
    clients.go_on_to(4)?;
    all.look_at_spool()?;
    all.kill_workers()?;
    store.start().context("the store can't be started again")?;
    clients.go_on_to(5)?;
    // While the spool is being emptied.
    clients.allow(6);
    all.kill_collector()?;
    clients.go_on_to(6)?;
    all.kill_workers()?;
    clients.allow(7);
    store.stop().context("the store can't be stopped a second time")?;
    clients.go_on_to(7)?;
    clients.allow(8);
    // It starts without its store, and takes up its spool.
    all.kill_collector()?;
    clients.go_on_to(8)?;
    all.look_at_spool()?;
    store.start().context("the store can't be started a second time")?;
    clients.go_on_to(9)?;
    all.kill_workers()?;
    clients.go_on_to(10)
}

/// Clients that submit as fast as they can, as many crashes as they may.
struct Clients<'a> {
    outage: &'a Outage,
    address: String,
    /// Crashes that somebody has begun to submit.
    begun: AtomicU32,
    allowed: AtomicU32,
    repeated: AtomicU32,
    is_over: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Each with the attempt that was acknowledged.
    acknowledged: BTreeMap<String, String>,
    wrong: Option<anyhow::Error>,
}

impl<'a> Clients<'a> {
    fn new(outage: &'a Outage, address: String) -> Self {
        let none = || AtomicU32::new(0);
        let (begun, allowed, repeated) = (none(), none(), none());
        let (is_over, seen) = (AtomicBool::new(false), Mutex::default());
        Self { outage, address, begun, allowed, repeated, is_over, seen }
    }

    /// Lets clients send up to this part of all crashes.
    fn allow(&self, tenths: u32) {
        self.allowed.store(self.outage.crashes * tenths / 10, Ordering::Relaxed);
    }

    /// Waits until this part of them is acknowledged.
    fn go_on_to(&self, tenths: u32) -> Result<()> {
        self.allow(tenths);
        let wanted = (self.outage.crashes * tenths / 10) as usize;
        wait_until("the crashes are acknowledged", || {
            let mut seen = self.lock();
            match seen.wrong.take() {
                Some(wrong) => Err(wrong),
                None => Ok(seen.acknowledged.len() >= wanted),
            }
        })
    }

    fn submit(&self) {
        let mut client = Client::new(&self.address);
        loop {
            let number = self.begun.fetch_add(1, Ordering::Relaxed);
            while number >= self.allowed.load(Ordering::Relaxed) {
                if self.is_over.load(Ordering::Relaxed) || number >= self.outage.crashes {
                    return;
                }
                thread::sleep(PAUSE);
            }
            for attempt in 0_u32.. {
                if self.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let attempt = format!("{number}-{attempt}");
                if self.attempt(&mut client, &attempt) {
                    break;
                }
                self.repeated.fetch_add(1, Ordering::Relaxed);
                thread::sleep(PAUSE);
            }
        }
    }

    /// Whether the crash was acknowledged.
    fn attempt(&self, client: &mut Client, attempt: &str) -> bool {
        let annotations = [("ProductName", "Outage"), ("Version", attempt)];
        let Ok(answer) = client.submit(&annotations, &self.outage.dump) else { return false };
        let mut seen = self.lock();
        match (answer.ooid(), &answer) {
            (Some(ooid), _) => {
                let before = seen.acknowledged.insert(ooid.to_owned(), attempt.to_owned());
                if let Some(before) = before {
                    seen.wrong = Some(anyhow!("{before} and {attempt} are both the crash {ooid}"));
                }
                true
            }
            (None, Answer { status: 503, .. }) => false,
            (None, answer) => {
                seen.wrong = Some(anyhow!("a good submission was answered with {answer:?}"));
                false
            }
        }
    }

    /// How many attempts were made in vain, and what was acknowledged.
    fn end(self) -> Result<(u32, BTreeMap<String, String>)> {
        let Seen { acknowledged, wrong } =
            self.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        match wrong {
            Some(wrong) => Err(wrong),
            None => Ok((self.repeated.into_inner(), acknowledged)),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A collector, and a process of workers.
struct Services<'a> {
    program: &'a Program,
    url: String,
    address: String,
    collector: Option<Service>,
    workers: Option<Service>,
    spooled: u64,
    collector_peak: u64,
    workers_peak: u64,
}

impl<'a> Services<'a> {
    fn start(program: &'a Program, url: String, address: String) -> Result<Self> {
        let mut services = Self {
            program,
            url,
            address,
            collector: None,
            workers: None,
            spooled: 0,
            collector_peak: 0,
            workers_peak: 0,
        };
        services.start_collector()?;
        services.start_workers()?;
        Ok(services)
    }

    fn start_collector(&mut self) -> Result<()> {
        let here = ["--no-workers", "--spool", "spool", "--server", &self.url];
        let listening = [&["--listen", &self.address], &here[..]].concat();
        self.collector = Some(self.program.serve("collector", &listening)?);
        Ok(())
    }

    fn start_workers(&mut self) -> Result<()> {
        let lease = format!("{}s", LEASE.as_secs());
        let here = ["--no-collector", "--workers", "2", "--lease", &lease, "--server", &self.url];
        let listening = [&["--listen", "127.0.0.1:0"], &here[..]].concat();
        self.workers = Some(self.program.serve("workers", &listening)?);
        Ok(())
    }

    fn kill_collector(&mut self) -> Result<()> {
        self.look_at_memory();
        self.collector.take().map_or(Ok(()), Service::kill)?;
        self.start_collector()
    }

    fn kill_workers(&mut self) -> Result<()> {
        self.look_at_memory();
        self.workers.take().map_or(Ok(()), Service::kill)?;
        self.start_workers()
    }

    fn look_at_memory(&mut self) {
        let peak = |service: &Option<Service>| service.as_ref().and_then(Service::peak_memory);
        self.collector_peak = self.collector_peak.max(peak(&self.collector).unwrap_or(0));
        self.workers_peak = self.workers_peak.max(peak(&self.workers).unwrap_or(0));
    }

    fn look_at_spool(&mut self) -> Result<u64> {
        const WAITING: &str = "socorro_collector_spool_waiting ";
        let metrics = Client::new(&self.address).get("/metrics")?.body;
        let waiting = metrics.lines().find_map(|line| line.strip_prefix(WAITING));
        let waiting = waiting.and_then(|number| number.parse().ok());
        let waiting = waiting.context("the collector doesn't say what is in its spool")?;
        self.spooled = self.spooled.max(waiting);
        Ok(waiting)
    }

    /// Waits until the store has everything and nobody has a claim, and ends the services well.
    fn calm_down(&mut self) -> Result<()> {
        wait_until("the spool is empty", || Ok(self.look_at_spool()? == 0))?;
        // What killed workers had is free by now, and older than what waits: it is worked on first.
        thread::sleep(2 * LEASE);
        self.look_at_memory();
        self.workers.take().map_or(Ok(()), Service::stop)?;
        self.collector.take().map_or(Ok(()), Service::stop)
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !holds()? {
        if begun.elapsed() > PATIENCE {
            bail!("waited for {} s in vain until {what}", PATIENCE.as_secs());
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}
