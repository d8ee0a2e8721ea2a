//! Ranges of submission times, as the time indexes are ordered: by text, not by instant.

use hbase_thrift_client::Scan;
use time::{Date, OffsetDateTime};

use super::{
    period::Period,
    timestamp::{SubmittedTimestamp, index_text, instant_of},
};

/// A range of submission times: from a first one, included, to a last one, excluded.
///
/// Times are compared as the indexes hold them, at the local time that their text names, whatever
/// its zone. Those written with a blank instead of `T` come before all others of their day.
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
    /// Within the first and the last second, keys aren't in the order of time: one without a
    /// fraction comes after one with it.
    from: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
}

/// Follows every character that a timestamp has.
const AFTER: char = '~';
/// `2012-05-08T20:50:50`
const SECONDS: usize = 19;

impl TimeRange {
    /// All times.
    pub fn all() -> Self {
        Self::default()
    }

    /// All times whose text begins so: `2012-05-08` is a day, `2012-05-08T20:5` ten minutes.
    pub fn within(prefix: &str) -> Self {
        match prefix {
            "" => Self::all(),
            _ => Self {
                start: prefix.to_owned(),
                stop: format!("{prefix}{AFTER}"),
                ..Self::default()
            },
        }
    }

    /// From the beginning of the first day to the end of the last.
    pub fn days(first: Date, last: Date) -> Self {
        let (first, last) = (Period::from(first), Period::from(last));
        Self { start: first.to_string(), stop: format!("{last}{AFTER}"), ..Self::default() }
    }

    /// From a time, included, to another, excluded, to the nanosecond.
    pub fn between(start: &SubmittedTimestamp, stop: &SubmittedTimestamp) -> Self {
        let second =
            |time: &SubmittedTimestamp| -> String { time.as_str().chars().take(SECONDS).collect() };
        let instant = |time: &SubmittedTimestamp| instant_of(time.as_str().as_bytes());
        let until = instant(stop);
        let is_whole = until.is_some_and(|until| until.nanosecond() == 0);
        let stop = second(stop);
        Self {
            start: second(start),
            stop: if is_whole { stop } else { format!("{stop}{AFTER}") },
            from: instant(start),
            until,
        }
    }

    /// What has to be scanned; which rows count, [`has_key`](Self::has_key) says.
    pub(crate) fn scan(&self) -> Scan {
        Scan::new().start(self.start.as_str()).stop(self.stop.as_str())
    }

    /// The same from the end to the beginning: no row of an index has a bound for its key.
    pub(crate) fn newest_first(&self) -> Scan {
        Scan::new().start(self.stop.as_str()).stop(self.start.as_str()).reversed()
    }

    /// Whether a key of an index (without its salt) that was scanned lies in the range.
    pub(crate) fn has_key(&self, key: &[u8]) -> bool {
        let Some(instant) = instant_of(key) else { return true };
        self.from.is_none_or(|from| from <= instant)
            && self.until.is_none_or(|until| instant < until)
    }

    /// Returns whether a time of submission, as it is stored, lies in the range.
    pub fn contains(&self, submitted: impl AsRef<[u8]>) -> bool {
        let time = index_text(submitted.as_ref());
        time >= self.start.as_bytes()
            && (self.stop.is_empty() || time < self.stop.as_bytes())
            && self.has_key(time)
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

    fn between(start: &str, stop: &str) -> TimeRange {
        TimeRange::between(&start.parse().unwrap(), &stop.parse().unwrap())
    }

    #[test]
    fn a_prefix_holds_what_begins_with_it() {
        let hour = TimeRange::within("2012-05-08T20");
        assert!(hour.contains(b"2012-05-08T20:00:00"));
        assert!(hour.contains(b"2012-05-08T20:59:59.999999+00:00"));
        assert!(!hour.contains(b"2012-05-08T21:00:00"));
        assert!(!hour.contains(b"2012-05-08T19:59:59"));
    }

    #[test]
    fn a_range_holds_its_start_and_not_its_end() {
        for (start, stop) in [
            ("2012-05-08T20:00:00+00:00", "2012-05-08T21:00:00Z"),
            ("2012-05-08T20:00:00Z", "2012-05-08T21:00:00+00:00"),
            ("2012-05-08T20:00:00.0Z", "2012-05-08T21:00:00.000"),
        ] {
            let range = between(start, stop);
            for zone in ["", "Z", "+00:00", "+0000"] {
                let is_in =
                    |time: &str| range.contains(format!("2012-05-08T{time}{zone}").as_bytes());
                assert!(is_in("20:00:00") && is_in("20:00:00.0") && is_in("20:59:59.999999"));
                assert!(!is_in("21:00:00") && !is_in("21:00:00.5") && !is_in("19:59:59.9"));
            }
        }
    }

    #[test]
    fn a_range_is_exact_within_a_second() {
        let range = between("2012-05-08T20:00:00.25Z", "2012-05-08T20:00:00.75Z");
        let is_in = |time: &str| range.contains(format!("2012-05-08T20:00:0{time}").as_bytes());
        assert!(is_in("0.25") && is_in("0.250000Z") && is_in("0.749999+00:00"));
        assert!(!is_in("0") && !is_in("0.2499") && !is_in("0.75") && !is_in("0Z") && !is_in("1"));
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
