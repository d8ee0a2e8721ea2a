//! The periods that crashes are counted by: minutes, hours, days, months, years.
//!
//! For naming the counters' rows. What stands in them is left to `metrics`.

use std::{fmt, str::FromStr};

use time::{Date, Month};

use super::timestamp::SubmittedTimestamp;

/// A minute, hour, day, month or year, as the leading characters of a submitted timestamp name it:
/// `2012-05-08T20:50`, `2012-05-08T20`, `2012-05-08`, `2012-05` or `2012`.
///
/// ```
/// use socorro_hbase_client::Period;
///
/// let month: Period = "2012-02".parse()?;
/// assert_eq!(month.parts().count(), 29);
/// assert!("2012-13".parse::<Period>().is_err());
/// # Ok::<(), socorro_hbase_client::PeriodError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(String);

/// A text is no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a period is written like 2012-05-08T20:50, or any leading part of it down to 2012")]
pub struct PeriodError(());

/// How many characters of a timestamp name the minute, hour, day, month and year.
pub(crate) const LENGTHS: [usize; 5] = [16, 13, 10, 7, 4];

impl Period {
    /// The minute, hour, day, month and year that a time lies in, each as its text names it.
    pub fn of(time: &SubmittedTimestamp) -> [Self; 5] {
        LENGTHS.map(|length| Self(time.as_str().chars().take(length).collect()))
    }

    /// The period as text, which is its counters' row.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The months of a year, days of a month, hours of a day, minutes of an hour; none of a minute.
    pub fn parts(&self) -> impl Iterator<Item = Self> + '_ {
        let (separator, numbers) = match self.0.len() {
            4 => ("-", 1..13),
            7 => ("-", 1..self.days() + 1),
            10 => ("T", 0..24),
            13 => (":", 0..60),
            _ => ("", 0..0),
        };
        numbers.map(move |number| Self(format!("{}{separator}{number:02}", self.0)))
    }

    fn days(&self) -> u8 {
        let month = || Month::try_from(self.0[5..7].parse::<u8>().ok()?).ok();
        let year = self.0[..4].parse().unwrap_or_default();
        month().map_or(0, |month| month.length(year))
    }
}

impl From<Date> for Period {
    fn from(day: Date) -> Self {
        Self(format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day()))
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        const REST: &str = "0000-01-01T00:00:00";
        if !matches!(text.len(), 4 | 7 | 10 | 13 | 16) || !text.is_ascii() {
            return Err(PeriodError(()));
        }
        let whole = format!("{text}{}", &REST[text.len()..]);
        whole.parse::<SubmittedTimestamp>().map_err(|_| PeriodError(()))?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        text.parse::<Period>().unwrap().parts().map(|part| part.0).collect()
    }

    #[test]
    fn each_period_has_its_parts() {
        assert_eq!(parts("2012").len(), 12);
        assert_eq!(parts("2012-02").last().unwrap(), "2012-02-29");
        assert_eq!(parts("2012-05-08")[23], "2012-05-08T23");
        assert_eq!(parts("2012-05-08T20")[59], "2012-05-08T20:59");
        assert!(parts("2012-05-08T20:50").is_empty());
    }

    #[test]
    fn a_time_lies_in_five_periods() {
        let time = "2012-05-08 20:50:50+00:00".parse().unwrap();
        let periods = Period::of(&time).map(|period| period.0);
        assert_eq!(periods, ["2012-05-08 20:50", "2012-05-08 20", "2012-05-08", "2012-05", "2012"]);
    }

    #[test]
    fn a_part_is_a_period_again() {
        let mut text = "2012".to_owned();
        while let Some(last) = parts(&text).pop() {
            text = last;
        }
        assert_eq!(text, "2012-12-31T23:59");
    }

    #[test]
    fn what_no_calendar_and_no_clock_has_is_refused() {
        for text in
            ["", "201", "2012-", "2012-13", "2012-02-30", "2012-05-08T24", "crash_report_queue"]
        {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
