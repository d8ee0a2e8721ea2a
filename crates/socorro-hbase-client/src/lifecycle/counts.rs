//! What a crash adds to the counters of submissions.

use std::collections::BTreeMap;

use super::{
    state::StoredCrash,
    steps::{Count, Step},
};
use crate::{
    layout,
    model::{LegacyProcessing, Period, ProcessType, SubmittedTimestamp},
};

/// The counters that a submission adds one to, by row and column, as far as it is known which.
pub(crate) fn submission_counters(
    time: Option<&SubmittedTimestamp>,
    throttle: Option<LegacyProcessing>,
    process_type: &str,
    is_hang: bool,
) -> Vec<(String, String)> {
    let Some(time) = time else { return Vec::new() };
    let counters = layout::submission_counters(throttle, process_type, is_hang);
    let rows = Period::of(time);
    let of_row = |row: &Period| {
        let row = row.as_str().to_owned();
        counters.iter().map(move |counter| (row.clone(), counter.clone())).collect::<Vec<_>>()
    };
    rows.iter().flat_map(of_row).collect()
}

/// Takes away what a crash that is counted `now` has added to counters before. If it isn't certain what
/// that was, only what would be counted twice.
pub(super) fn counted_before(stored: &StoredCrash, now: &[Step]) -> Vec<Step> {
    let away = |(row, column)| Step::count(row, column, -1);
    if let Some(counters) = stored.certain_counters() {
        return counters.into_iter().map(away).collect();
    }
    let counters = submission_counters(
        stored.time().as_ref(),
        stored.throttle,
        stored.process_type().unwrap_or(ProcessType::DEFAULT),
        stored.facts.hang.is_some(),
    );
    let is_counted = |counter: &(String, String)| {
        let is_it = |step: &Step| matches!(step, Step::Count(it) if it.is_of(counter));
        now.iter().any(is_it)
    };
    counters.into_iter().filter(is_counted).map(away).collect()
}

impl StoredCrash {
    /// The counters that it was counted by, if that is certain.
    pub(crate) fn counters(&self) -> Vec<(String, String)> {
        self.certain_counters().unwrap_or_default()
    }

    /// `None` if it isn't known which.
    pub(crate) fn certain_counters(&self) -> Option<Vec<(String, String)>> {
        let (throttle, process_type) = (self.throttle?, self.process_type()?);
        let is_hang = self.facts.hang.is_some();
        Some(submission_counters(self.time().as_ref(), Some(throttle), process_type, is_hang))
    }

    /// Those that count every crash.
    pub(crate) fn least_counters(&self) -> Vec<(String, String)> {
        submission_counters(self.time().as_ref(), None, ProcessType::DEFAULT, false)
    }

    fn process_type(&self) -> Option<&str> {
        str::from_utf8(self.facts.process_type.as_deref()?).ok()
    }
}

impl Count {
    fn is_of(&self, (row, column): &(String, String)) -> bool {
        self.row == *row && self.column == *column
    }
}

/// Without what goes up and down again.
pub(super) fn net(steps: Vec<Step>) -> Vec<Step> {
    let mut sums: BTreeMap<(String, String), i64> = BTreeMap::new();
    for step in steps {
        if let Step::Count(count) = step {
            *sums.entry((count.row, count.column)).or_default() += count.amount;
        }
    }
    let changed = sums.into_iter().filter(|(_, amount)| *amount != 0);
    changed.map(|((row, column), amount)| Step::count(row, column, amount)).collect()
}
