//! Ranges of submission times, as the time indexes are ordered: by text, not by instant.

use hbase_thrift_client::Scan;
use time::Date;

use crate::{
    period::Period,
    timestamp::{SubmittedTimestamp, index_text},
};

/// A range of submission times: from a first one, included, to a last one, excluded.
///
/// Times are compared as the indexes hold them, as text without offset: those with other zones lie
/// at their local time.
///
/// ```
/// use socorro_hbase_client::{TimeRange, time::{Date, Month}};
///
/// let day = Date::from_calendar_date(2012, Month::May, 8)?;
/// assert_eq!(TimeRange::days(day, day), TimeRange::within("2012-05-08"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimeRange {
    start: String,
    stop: String,
}

/// Follows every character that a timestamp has.
const AFTER: char = '~';

impl TimeRange {
    /// All times.
    pub fn all() -> Self {
        Self::default()
    }

    /// All times whose text begins so: `2012-05-08` is a day, `2012-05-08T20:5` ten minutes.
    pub fn within(prefix: &str) -> Self {
        match prefix {
            "" => Self::all(),
            _ => Self { start: prefix.to_owned(), stop: format!("{prefix}{AFTER}") },
        }
    }

    /// From the beginning of the first day to the end of the last.
    pub fn days(first: Date, last: Date) -> Self {
        let (first, last) = (Period::from(first), Period::from(last));
        Self { start: first.to_string(), stop: format!("{last}{AFTER}") }
    }

    /// From a time, included, to another, excluded.
    pub fn between(start: &SubmittedTimestamp, stop: &SubmittedTimestamp) -> Self {
        let text = |time: &SubmittedTimestamp| index_text(time.as_str()).to_owned();
        Self { start: text(start), stop: text(stop) }
    }

    /// The same range, but only what comes after a key of an index (without its salt).
    pub(crate) fn after(&self, key: &str) -> Self {
        Self { start: format!("{key}\0"), stop: self.stop.clone() }
    }

    pub(crate) fn scan(&self) -> Scan {
        Scan::new().start(self.start.as_str()).stop(self.stop.as_str())
    }

    /// Whether a time, as text, lies in the range.
    pub(crate) fn contains(&self, submitted: &str) -> bool {
        let time = index_text(submitted);
        time >= self.start.as_str() && (self.stop.is_empty() || time < self.stop.as_str())
    }

    /// Whether all times of a period lie in the range.
    pub(crate) fn covers(&self, period: &str) -> bool {
        let end = format!("{period}{AFTER}");
        self.start.as_str() <= period && (self.stop.is_empty() || end <= self.stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_holds_what_begins_with_it() {
        let hour = TimeRange::within("2012-05-08T20");
        assert!(hour.contains("2012-05-08T20:00:00"));
        assert!(hour.contains("2012-05-08T20:59:59.999999+00:00"));
        assert!(!hour.contains("2012-05-08T21:00:00"));
        assert!(!hour.contains("2012-05-08T19:59:59"));
    }

    #[test]
    fn a_range_holds_its_start_and_not_its_end() {
        let time = |text: &str| text.parse::<SubmittedTimestamp>().unwrap();
        let range =
            TimeRange::between(&time("2012-05-08T20:00:00+00:00"), &time("2012-05-08T21:00:00Z"));
        assert!(range.contains("2012-05-08T20:00:00"));
        assert!(range.contains("2012-05-08T20:59:59"));
        assert!(!range.contains("2012-05-08T21:00:00Z"));
    }

    #[test]
    fn a_day_covers_itself_and_its_hours_but_not_its_month() {
        let day = TimeRange::within("2012-05-08");
        assert!(day.covers("2012-05-08"));
        assert!(day.covers("2012-05-08T23"));
        assert!(!day.covers("2012-05"));
        assert!(TimeRange::all().covers("2012"));
    }
}
