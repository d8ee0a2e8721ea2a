//! `metrics`: how much was submitted, hour by hour, day by day or month by month.
//!
//! For a table that is a chart on a terminal. What is counted is left to the store.

use std::io::{self, IsTerminal};

use anyhow::Result;
use serde_json::{Value, json};
use socorro_hbase_client::{
    LegacyProcessing, Period, SubmissionCounters,
    time::{Date, Duration, OffsetDateTime},
};

use crate::{
    args::{By, Metrics},
    exit::WrongCommandLine,
    listing::Listing,
    store::Opened,
};

const COLUMNS: &[(&str, usize)] = &[
    ("period", 14),
    ("submitted", 10),
    ("accepted", 10),
    ("deferred", 10),
    ("discarded", 10),
    ("hang_pairs", 10),
    ("process_types", 0),
];
const CHART: &[(&str, usize)] = &[("period", 14), ("submitted", 10), ("chart", 0)];

/// The longest bar of the chart.
const BAR: i64 = 40;

pub(super) fn metrics(arguments: Metrics) -> Result<()> {
    let last = arguments.to.unwrap_or_else(|| OffsetDateTime::now_utc().date());
    let first = arguments.from.unwrap_or(last - Duration::days(6));
    if first > last {
        let message = "--from is later than --to: exchange them".to_owned();
        return Err(WrongCommandLine(message).into());
    }
    let periods = periods(arguments.by, first, last)?;
    let store = Opened::open(arguments.reading.place)?;
    let counters = store.get_counters(&periods)?;
    let json = arguments.reading.json;
    let mut listing = Listing::new(COLUMNS, json);
    for (period, counters) in periods.iter().zip(&counters) {
        let types: serde_json::Map<_, _> = counters
            .by_process_type()
            .map(|(name, count)| (name.to_owned(), json!(count)))
            .collect();
        let shown: Vec<_> = types.iter().map(|(name, count)| format!("{name}={count}")).collect();
        listing.line([
            json!(period.as_str()),
            json!(counters.submitted()),
            json!(counters.throttled(LegacyProcessing::Accept)),
            json!(counters.throttled(LegacyProcessing::Defer)),
            json!(counters.throttled(LegacyProcessing::Discard)),
            json!(counters.hang_pairs()),
            if json { Value::Object(types) } else { json!(shown.join(" ")) },
        ])?;
    }
    listing.finish()?;
    if !json && io::stdout().is_terminal() { chart(&periods, &counters) } else { Ok(()) }
}

fn chart(periods: &[Period], counters: &[SubmissionCounters]) -> Result<()> {
    let most = counters.iter().map(SubmissionCounters::submitted).max().unwrap_or_default().max(1);
    let mut listing = Listing::new(CHART, false);
    let longest = listing.room().map_or(BAR, |room| i64::try_from(room).unwrap_or(BAR).min(BAR));
    for (period, counters) in periods.iter().zip(counters) {
        let count = counters.submitted();
        let bar = usize::try_from(count.saturating_mul(longest) / most).unwrap_or_default();
        listing.line([json!(period.as_str()), json!(count), json!("█".repeat(bar))])?;
    }
    listing.finish()
}

/// All periods that the days touch; so many as a person may look at.
fn periods(by: By, first: Date, last: Date) -> Result<Vec<Period>> {
    const MOST_DAYS: i64 = 3660;
    if (last - first).whole_days() > MOST_DAYS {
        let message = "more than ten years are too many to show: choose a later --from".to_owned();
        return Err(WrongCommandLine(message).into());
    }
    let mut periods: Vec<Period> = Vec::new();
    let mut day = first;
    while day <= last {
        let whole = Period::from(day);
        match by {
            By::Hour => periods.extend(whole.parts()),
            By::Day => periods.push(whole),
            By::Month => {
                let month: Period = whole.as_str()[..7].parse()?;
                if periods.last() != Some(&month) {
                    periods.push(month);
                }
            }
        }
        let Some(next) = day.next_day() else { break };
        day = next;
    }
    Ok(periods)
}
