//! What a collector counts, in Prometheus' text format.

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use crate::{processing::ProcessingMetrics, spool::Filled};

/// Counters of one collector.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    received: Family<Outcome, Counter>,
    size: Histogram,
    store: Histogram,
    lost_contact: Counter,
    spool: SpoolGauges,
}

#[derive(Debug, Default)]
struct SpoolGauges {
    waiting: Gauge,
    failing: Gauge,
    set_aside: Family<Reason, Counter>,
    refused: Gauge,
    bytes: Gauge,
    limit: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    result: &'static str,
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// Why a crash of the spool isn't tried again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aside {
    /// The store will never take it.
    Refused,
    /// It failed again and again, while others got through.
    Failed,
    /// Its file is damaged.
    Damaged,
    /// Somebody has removed its file.
    Gone,
}

impl Aside {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Damaged => "damaged",
            Self::Gone => "gone",
        }
    }
}

impl Metrics {
    pub(crate) fn new(processing: Option<&ProcessingMetrics>) -> Self {
        let mut registry = Registry::default();
        if let Some(processing) = processing {
            processing.register(&mut registry);
        }
        let metrics = Self {
            registry,
            received: Family::default(),
            // 1 KiB to 32 MiB; 1 ms to 32 s.
            size: Histogram::new(exponential_buckets(1024.0, 2.0, 16)),
            store: Histogram::new(exponential_buckets(0.001, 2.0, 16)),
            lost_contact: Counter::default(),
            spool: SpoolGauges::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let registry = self.registry.sub_registry_with_prefix("socorro_collector");
        registry.register("requests", "Requests, by what became of them", self.received.clone());
        registry.register_with_unit(
            "request_size",
            "Bytes of the requests whose crashes were kept, as they were sent",
            Unit::Bytes,
            self.size.clone(),
        );
        registry.register_with_unit(
            "store",
            "Time that the store took for a group of crashes",
            Unit::Seconds,
            self.store.clone(),
        );
        registry.register(
            "store_failures",
            "Groups of crashes that the store did not take",
            self.lost_contact.clone(),
        );
        let spool = registry.sub_registry_with_prefix("spool");
        spool.register("waiting", "Crashes that wait for the store", self.spool.waiting.clone());
        let failing =
            "Crashes of those that failed while others were stored, or whose files can't be used";
        spool.register("failing", failing, self.spool.failing.clone());
        let aside = "Crashes that were set aside, or are gone, by the reason";
        spool.register("set_aside", aside, self.spool.set_aside.clone());
        let refused = "Crashes that lie aside: a person has to look at them";
        spool.register("refused", refused, self.spool.refused.clone());
        spool.register("used_bytes", "Bytes in the spool", self.spool.bytes.clone());
        spool.register("limit_bytes", "Bytes that may be in it", self.spool.limit.clone());
        self
    }

    /// A request whose crash was kept: `stored` or `spooled`.
    pub(crate) fn kept(&self, how: &'static str, size: u64) {
        self.count(how, String::new());
        // Limited far below what it can't express.
        self.size.observe(f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
    }

    /// A request whose crash was dropped by this rule.
    pub(crate) fn throttled(&self, rule: &str) {
        self.count("throttled", rule.to_owned());
    }

    /// A request that was refused for this reason.
    pub(crate) fn refused(&self, reason: &str) {
        self.count("refused", reason.to_owned());
    }

    /// The store took this long for a group.
    pub(crate) fn stored(&self, took: Duration, all: bool) {
        self.store.observe(took.as_secs_f64());
        if !all {
            self.lost_contact.inc();
        }
    }

    /// A crash of the spool that isn't tried again.
    pub(crate) fn set_aside(&self, why: Aside) {
        self.spool.set_aside.get_or_create(&Reason { reason: why.word() }).inc();
    }

    /// So many crashes of the spool are tried by themselves.
    pub(crate) fn failing(&self, crashes: usize) {
        self.spool.failing.set(i64::try_from(crashes).unwrap_or(i64::MAX));
    }

    /// All of it as text.
    pub(crate) fn text(&self, spool: Option<Filled>) -> Result<String, std::fmt::Error> {
        if let Some(filled) = spool {
            let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
            self.spool.waiting.set(number(filled.waiting as u64));
            self.spool.refused.set(number(filled.refused));
            self.spool.bytes.set(number(filled.bytes));
            self.spool.limit.set(number(filled.limit));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn count(&self, result: &'static str, reason: String) {
        self.received.get_or_create(&Outcome { result, reason }).inc();
    }
}
