//! The submitted timestamp: the text that time indexes and counters are ordered by.
//!
//! For texts whose leading characters sort by time, and for the pieces that keys
//! need. The keys themselves are left to `keys`. A zone is never converted: the interchange
//! format keeps the text as the collector wrote it.

use std::{fmt, str::FromStr};

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// When a crash was submitted, in the text form that the collector gave it.
///
/// ISO 8601 down to the second: `2012-05-08T20:50:50`, with `T` or a blank, then optionally a fraction of up to nine
/// digits, then optionally a zone (`Z`, `+00:00` or `+0000`). Socorro's collector writes
/// `2012-05-08T20:50:50.123456+00:00`, with `T`. Indexes and counters use the text, not the instant: times
/// with other zones sort by their local time.
///
/// ```
/// use socorro_hbase_client::SubmittedTimestamp;
///
/// let submitted: SubmittedTimestamp = "2012-05-08T20:50:50.123456+00:00".parse()?;
/// assert_eq!(submitted.date().to_string(), "2012-05-08");
/// # Ok::<(), socorro_hbase_client::TimestampError>(())
/// ```
#[doc(alias = "submitted_timestamp")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SubmittedTimestamp {
    text: String,
    date: Date,
}

/// Why a text is no submitted timestamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a timestamp is written like 2012-05-08T20:50:50.123456+00:00, {problem}")]
pub struct TimestampError {
    problem: &'static str,
}

impl SubmittedTimestamp {
    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The day that the text names, in whatever zone it is written.
    pub fn date(&self) -> Date {
        self.date
    }
}

impl FromStr for SubmittedTimestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let problem = |problem| TimestampError { problem };
        if !text.is_ascii() || text.len() < SECONDS {
            return Err(problem("this is not"));
        }
        let (seconds, rest) = text.split_at(SECONDS);
        let (date, _) = parse_seconds(seconds)?;
        let zone = skip_fraction(rest).ok_or(problem("the fraction has other than 1-9 digits"))?;
        if !is_zone(zone) {
            return Err(problem("the end is neither a zone nor a fraction"));
        }
        Ok(Self { text: text.to_owned(), date })
    }
}

/// Writes the instant in UTC with microseconds, as the collector does.
impl From<OffsetDateTime> for SubmittedTimestamp {
    fn from(instant: OffsetDateTime) -> Self {
        let utc = instant.to_offset(UtcOffset::UTC);
        let (date, (hour, minute, second, micros)) = (utc.date(), utc.to_hms_micro());
        let text = format!("{date}T{hour:02}:{minute:02}:{second:02}.{micros:06}+00:00");
        Self { text, date }
    }
}

impl AsRef<str> for SubmittedTimestamp {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for SubmittedTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for SubmittedTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubmittedTimestamp({self})")
    }
}

/// The part of a timestamp that index keys hold: an offset with a colon is cut off, any other zone
/// stays. Of any text, since what is stored may have been stored by others.
pub(crate) fn index_text(text: &[u8]) -> &[u8] {
    let Some(cut) = text.len().checked_sub(OFFSET_WITH_COLON) else { return text };
    match text.split_at(cut) {
        (before, [b'+' | b'-', ..]) => before,
        _ => text,
    }
}

const SECONDS: usize = "2012-05-08T20:50:50".len();
const OFFSET_WITH_COLON: usize = "+00:00".len();
const MAX_FRACTION: usize = 9;

/// The instant that the leading characters of a text name, with their fraction, taken as UTC.
pub(crate) fn instant_of(text: &[u8]) -> Option<OffsetDateTime> {
    let (seconds, rest) = text.split_at_checked(SECONDS)?;
    let (date, time) =
        parse_seconds(str::from_utf8(seconds).ok().filter(|text| text.is_ascii())?).ok()?;
    let instant = date.with_time(time).assume_utc();
    let Some(fraction) = rest.strip_prefix(b".") else { return Some(instant) };
    let digits = fraction.iter().take(MAX_FRACTION).take_while(|byte| byte.is_ascii_digit());
    let (nanoseconds, _) = digits.fold((0, 100_000_000), |(sum, unit), digit| {
        (sum + u32::from(digit - b'0') * unit, unit / 10)
    });
    instant.replace_nanosecond(nanoseconds).ok()
}

fn parse_seconds(text: &str) -> Result<(Date, Time), TimestampError> {
    let problem = |problem| TimestampError { problem };
    let bytes = text.as_bytes();
    let separated = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')]
        .iter()
        .all(|&(at, separator)| bytes[at] == separator);
    if !separated || !matches!(bytes[10], b'T' | b' ') {
        return Err(problem("this is not"));
    }
    let two = |from: usize| number(&text[from..from + 2]);
    let date = || {
        let month = Month::try_from(two(5)?).ok()?;
        Date::from_calendar_date(text[..4].parse().ok()?, month, two(8)?).ok()
    };
    let time = || Time::from_hms(two(11)?, two(14)?, two(17)?).ok();
    if !text.as_bytes()[..4].iter().all(u8::is_ascii_digit) {
        return Err(problem("the year isn't four digits"));
    }
    let date = date().ok_or(problem("there is no such day"))?;
    let time = time().ok_or(problem("there is no such time of day"))?;
    Ok((date, time))
}

/// Two digits and nothing else: the standard parser would accept a sign.
fn number(digits: &str) -> Option<u8> {
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn skip_fraction(rest: &str) -> Option<&str> {
    let Some(fraction) = rest.strip_prefix('.') else { return Some(rest) };
    let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    (1..=MAX_FRACTION).contains(&(fraction.len() - zone.len())).then_some(zone)
}

fn is_zone(zone: &str) -> bool {
    let Some(offset) = zone.strip_prefix(['+', '-']) else { return zone.is_empty() || zone == "Z" };
    let (hours, minutes) = match offset.len() {
        4 => offset.split_at(2),
        5 if offset.as_bytes()[2] == b':' => (&offset[..2], &offset[3..]),
        _ => return false,
    };
    number(hours).is_some_and(|hours| hours < 24)
        && number(minutes).is_some_and(|minutes| minutes < 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    fn is_refused(text: &str) -> bool {
        text.parse::<SubmittedTimestamp>().is_err()
    }

    #[test]
    fn an_offset_with_a_colon_is_dropped_from_index_keys() {
        assert_eq!(index_text(b"2012-05-08T20:50:50.123456+00:00"), b"2012-05-08T20:50:50.123456");
        assert_eq!(index_text(b"2012-05-08T20:50:50-07:00"), b"2012-05-08T20:50:50");
    }

    #[test]
    fn any_other_zone_stays_in_index_keys() {
        for text in ["2012-05-08T20:50:50Z", "2012-05-08T20:50:50.5+0000", "2012-05-08T20:50:50"] {
            assert_eq!(index_text(text.as_bytes()), text.as_bytes());
        }
    }

    #[test]
    fn a_text_that_stops_before_the_seconds_is_refused() {
        // The original's cutting rule would have made the keys "2012" and "2012-05" of these.
        for text in ["", "2012", "2012-05-08", "2012-05-08T20", "2012-05-08T20:50"] {
            assert!(is_refused(text), "{text}");
        }
    }

    #[test]
    fn another_layout_is_refused() {
        for text in [
            "2012/05/08T20:50:50",
            "+012-05-08T20:50:50",
            "2012-+5-08T20:50:50",
            "2012-05-08T20:50:50.",
            "2012-05-08T20:50:50.1234567890",
            "2012-05-08T20:50:50+00",
            "2012-05-08T20:50:50+24:00",
            "2012-05-08T20:50:50+00:60",
            "2012-05-08T20:50:50+00:00 ",
            "2012-05-08T20:50:5\u{0665}",
            "1336510250.123456000",
        ] {
            assert!(is_refused(text), "{text}");
        }
    }

    #[test]
    fn a_blank_may_stand_for_the_t() {
        let submitted: SubmittedTimestamp = "2012-05-08 20:50:50.123456+00:00".parse().unwrap();
        assert_eq!(submitted.as_str(), "2012-05-08 20:50:50.123456+00:00");
    }

    #[test]
    fn a_moment_that_never_was_is_refused_by_name() {
        let problem = |text: &str| text.parse::<SubmittedTimestamp>().unwrap_err().to_string();
        assert!(problem("2012-02-30T20:50:50").ends_with("there is no such day"));
        assert!(problem("2012-05-08T24:00:00").ends_with("there is no such time of day"));
    }

    #[test]
    fn an_instant_is_written_as_the_collector_writes_it() {
        let instant = datetime!(2012-05-08 22:50:50.000_123 +02:00);
        let submitted = SubmittedTimestamp::from(instant);
        assert_eq!(submitted.as_str(), "2012-05-08T20:50:50.000123+00:00");
        assert_eq!(submitted.as_str().parse(), Ok(submitted));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<SubmittedTimestamp>();
        }

        #[test]
        fn index_texts_of_one_zone_sort_by_time(a in 0..4_000_000_000_i64, b in 0..4_000_000_000_i64) {
            let written = |seconds| {
                SubmittedTimestamp::from(OffsetDateTime::from_unix_timestamp(seconds).unwrap())
            };
            let (first, second) = (written(a), written(b));
            let (first, second) = (first.as_str().as_bytes(), second.as_str().as_bytes());
            prop_assert_eq!(index_text(first).cmp(index_text(second)), a.cmp(&b));
        }
    }
}
