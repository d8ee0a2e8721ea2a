//! What a crash adds to the counters of submissions.

use std::collections::BTreeMap;

use super::{state::StoredCrash, steps::Step};
use crate::{
    layout,
    model::{LegacyProcessing, Period, SubmittedTimestamp},
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

/// What a stored crash has added to counters, if that is certain.
pub(super) fn counts_of(stored: &StoredCrash, amount: i64) -> Vec<Step> {
    let counters = stored.counters();
    counters.into_iter().map(|(row, column)| Step::count(row, column, amount)).collect()
}

impl StoredCrash {
    /// The counters that it was counted by, if that is certain.
    pub(crate) fn counters(&self) -> Vec<(String, String)> {
        let process_type = self.facts.process_type.as_deref();
        let process_type = process_type.and_then(|text| str::from_utf8(text).ok());
        match (self.throttle, process_type) {
            (Some(throttle), Some(process_type)) => submission_counters(
                self.time().as_ref(),
                Some(throttle),
                process_type,
                self.facts.hang.is_some(),
            ),
            _ => Vec::new(),
        }
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
