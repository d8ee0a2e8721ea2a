//! What the workers beside a collector count.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// What the workers of the same process count, for the collector's `/metrics`. Clones count together.
///
/// ```
/// use std::time::Duration;
/// use socorro_collector::{CollectorOptions, ProcessingMetrics};
///
/// let counts = ProcessingMetrics::default();
/// let mut options = CollectorOptions::default();
/// options.processing = Some(counts.clone());
/// counts.processed(true, Duration::from_millis(80));
/// ```
#[derive(Debug, Clone)]
pub struct ProcessingMetrics {
    crashes: Family<Outcome, Counter>,
    seconds: Histogram,
    symbols: Family<Outcome, Counter>,
    size: Family<Queue, Gauge>,
    age: Family<Queue, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Queue {
    queue: &'static str,
}

impl Default for ProcessingMetrics {
    fn default() -> Self {
        Self {
            crashes: Family::default(),
            // 10 ms to 5 minutes.
            seconds: Histogram::new(exponential_buckets(0.01, 2.0, 16)),
            symbols: Family::default(),
            size: Family::default(),
            age: Family::default(),
        }
    }
}

impl ProcessingMetrics {
    /// A crash was processed and stored, with a stack (success) or without, and took this long.
    pub fn processed(&self, success: bool, took: Duration) {
        self.count(if success { "processed" } else { "failed" });
        self.seconds.observe(took.as_secs_f64());
    }

    /// A crash could not be read, or its result could not be stored: it comes back.
    pub fn postponed(&self) {
        self.count("postponed");
    }

    /// The search for the symbols of a processed crash's modules had this result this many times: `found`,
    /// `missing` or `corrupt` for example.
    pub fn symbols(&self, result: &'static str, times: u64) {
        self.symbols.get_or_create(&Outcome { result }).inc_by(times);
    }

    /// A queue has this many entries by its counter, and the oldest was submitted so long ago.
    pub fn queue(&self, name: &'static str, entries: i64, age: Duration) {
        let queue = Queue { queue: name };
        self.size.get_or_create(&queue).set(entries);
        self.age.get_or_create(&queue).set(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    }

    fn count(&self, result: &'static str) {
        self.crashes.get_or_create(&Outcome { result }).inc();
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("socorro_processor");
        let help = "Crashes that workers were at, by what became of them";
        registry.register("crashes", help, self.crashes.clone());
        let help = "Time from a crash's claim to its stored result";
        registry.register_with_unit("crash", help, Unit::Seconds, self.seconds.clone());
        let help = "Modules of processed crashes, by what became of the search for their symbols";
        registry.register("symbols", help, self.symbols.clone());
        let help = "Entries of a queue, by its counter";
        registry.register("queue_entries", help, self.size.clone());
        let help = "Time since the oldest entry of a queue was submitted";
        registry.register_with_unit("queue_age", help, Unit::Seconds, self.age.clone());
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let counts = ProcessingMetrics::default();
        counts.processed(true, Duration::from_millis(80));
        counts.processed(false, Duration::from_millis(80));
        counts.postponed();
        counts.symbols("corrupt", 2);
        counts.symbols("corrupt", 1);
        counts.queue("legacy", 7, Duration::from_mins(1));
        let (mut registry, mut text) = (Registry::default(), String::new());
        counts.register(&mut registry);
        encode(&mut text, &registry).unwrap();
        for line in [
            "socorro_processor_crashes_total{result=\"processed\"} 1",
            "socorro_processor_crashes_total{result=\"failed\"} 1",
            "socorro_processor_crashes_total{result=\"postponed\"} 1",
            "socorro_processor_crash_seconds_count 2",
            "socorro_processor_symbols_total{result=\"corrupt\"} 3",
            "socorro_processor_queue_entries{queue=\"legacy\"} 7",
            "socorro_processor_queue_age_seconds{queue=\"legacy\"} 60",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
