//! `metrics`: how much was submitted, by minute, hour, day, month or year.
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
    args::{By, Common, Metrics, check_order},
    failure::WrongCommandLine,
    listing::Listing,
    output,
    store::Opened,
};

const COLUMNS: &[(&str, usize)] = &[
    ("period", 16),
    ("submitted", 10),
    ("accepted", 10),
    ("deferred", 10),
    ("discarded", 10),
    ("hang_pairs", 10),
    ("process_types", 0),
];
const CHART: &[(&str, usize)] = &[("period", 16), ("submitted", 10), ("chart", 0)];

/// The longest bar of the chart.
const BAR: i64 = 40;

pub(super) fn metrics(arguments: &Metrics, common: &Common) -> Result<()> {
    let last = arguments.to.unwrap_or_else(|| OffsetDateTime::now_utc().date());
    let first = arguments.from.unwrap_or_else(|| usual_first(arguments.by, last));
    check_order(Some(first), Some(last))?;
    let mut periods = periods(arguments.by, first, last)?;
    if arguments.reverse {
        periods.reverse();
    }
    let store = Opened::open(common)?;
    let mut counters = Vec::with_capacity(periods.len());
    for some in periods.chunks(AT_ONCE) {
        counters.extend(store.get_counters(some)?);
    }
    let json = common.json;
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
    for (period, counters) in periods.iter().zip(&counters) {
        for column in counters.unknown() {
            output::complain(&format!(
                "{column} of {period} is no counter, and shown as 0: \"check --repair\" counts what is \
                 stored"
            ));
        }
    }
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

/// The first day if none is named.
fn usual_first(by: By, last: Date) -> Date {
    let year = |years: i32| {
        let earlier = last.replace_year(last.year() - years);
        earlier.unwrap_or(last - Duration::days(365 * i64::from(years)))
    };
    match by {
        By::Minute => last,
        By::Hour | By::Day => last - Duration::days(6),
        By::Month => year(1),
        By::Year => year(10),
    }
}

/// All periods that the days touch, no more than a person may look at.
fn periods(by: By, first: Date, last: Date) -> Result<Vec<Period>, WrongCommandLine> {
    let mut periods: Vec<Period> = Vec::new();
    let mut day = first;
    while day <= last {
        let whole = Period::from(day);
        match by {
            By::Minute => {
                let minutes = |hour: Period| hour.parts().collect::<Vec<_>>();
                periods.extend(whole.parts().flat_map(minutes));
            }
            By::Hour => periods.extend(whole.parts()),
            By::Day => periods.push(whole),
            By::Month => add(&mut periods, &whole, "2012-05".len()),
            By::Year => add(&mut periods, &whole, "2012".len()),
        }
        if periods.len() > MOST {
            let message = format!("more than {MOST} lines are too many: choose a later --from");
            return Err(WrongCommandLine(message));
        }
        let Some(next) = day.next_day() else { break };
        day = next;
    }
    Ok(periods)
}

/// A few years of days, or a week of minutes.
const MOST: usize = 20_000;

/// How many rows of counters are read at a time.
const AT_ONCE: usize = 1_000;

/// Adds the longer period that a day is in, once.
fn add(periods: &mut Vec<Period>, day: &Period, length: usize) {
    let longer = day.as_str().get(..length).and_then(|text| text.parse().ok());
    if let Some(longer) = longer
        && periods.last() != Some(&longer)
    {
        periods.push(longer);
    }
}

#[cfg(test)]
mod tests {
    use socorro_hbase_client::time::Month;

    use super::*;

    fn names(by: By, first: (i32, Month, u8), last: (i32, Month, u8)) -> Vec<String> {
        let day = |(year, month, day)| Date::from_calendar_date(year, month, day).unwrap();
        let periods = periods(by, day(first), day(last)).unwrap();
        periods.iter().map(|period| period.as_str().to_owned()).collect()
    }

    #[test]
    fn periods_are_those_that_the_days_touch() {
        let (first, last) = ((2011, Month::December, 31), (2012, Month::January, 1));
        assert_eq!(names(By::Year, first, last), ["2011", "2012"]);
        assert_eq!(names(By::Month, first, last), ["2011-12", "2012-01"]);
        assert_eq!(names(By::Hour, first, last).len(), 48);
        let minutes = names(By::Minute, last, last);
        assert_eq!((minutes.len(), minutes[61].as_str()), (1440, "2012-01-01T01:01"));
        let day = |year| Date::from_calendar_date(year, Month::January, 1).unwrap();
        assert!(super::periods(By::Minute, day(2011), day(2012)).is_err());
    }
}
