//! Ooids: the names Socorro gives to crashes.
//!
//! For parsing, taking apart and making them. How an ooid becomes a row key is left to `keys`,
//! and whether such a crash exists to `CrashStore`.

use std::{fmt, str::FromStr};

use time::{Date, Month};
use uuid::Uuid;

/// The name of one crash: a UUID in lower case whose last six digits are a date.
///
/// 36 characters, groups of 8-4-4-4-12 hexadecimal digits; the last six are the day of submission
/// as `YYMMDD` (2000 to 2099), the one before them is the submission depth. Upper case is refused
/// rather than folded: the text is part of every row key, and another spelling would be another
/// crash. The layout is Socorro's `ooid.py`.
///
/// ```
/// use socorro_hbase_client::Ooid;
///
/// let ooid: Ooid = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508".parse()?;
/// assert_eq!(ooid.date().to_string(), "2012-05-08");
/// assert_eq!(ooid.depth(), Some(2));
/// assert_eq!(ooid.salt(), '6');
/// # Ok::<(), socorro_hbase_client::OoidError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ooid {
    text: [u8; LENGTH],
    date: Date,
}

/// Why a text is no ooid, or why none could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OoidError {
    /// The text is too short or too long.
    #[error("an ooid has 36 characters, this has {found}")]
    Length {
        /// How many characters the text has.
        found: usize,
    },
    /// A hexadecimal digit is written in upper case.
    #[error("an ooid is in lower case, character {position} is '{found}'")]
    UpperCase {
        /// Where it stands, counted from 1.
        position: usize,
        /// The character there.
        found: char,
    },
    /// A character isn't a hexadecimal digit, or not a hyphen where a group ends.
    #[error(
        "an ooid has hexadecimal digits in groups of 8-4-4-4-12, character {position} is {found:?}"
    )]
    Layout {
        /// Where it stands, counted from 1.
        position: usize,
        /// The character there.
        found: char,
    },
    /// The last six digits aren't a day of the calendar.
    #[error("an ooid ends in its date as YYMMDD, \"{digits}\" is none")]
    NoSuchDate {
        /// The last six digits.
        digits: String,
    },
    /// Two digits can't express the year of the date.
    #[error("an ooid's date lies in the years 2000 to 2099, not in {year}")]
    YearOutOfRange {
        /// The year that was asked for.
        year: i32,
    },
}

const LENGTH: usize = 36;
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const DATE_AT: usize = LENGTH - 6;
const DEPTH_AT: usize = DATE_AT - 1;
const CENTURY: i32 = 2000;
const NEW_DEPTH: u8 = 2;
const DEPTH_MEANT_BY_ZERO: u8 = 4;

impl Ooid {
    /// Makes a new ooid for a crash submitted on `date`.
    ///
    /// Its depth is 2, as `ooid.py` has it by default; the other digits are random.
    ///
    /// # Errors
    ///
    /// [`OoidError::YearOutOfRange`] outside the years 2000 to 2099.
    ///
    /// ```
    /// use socorro_hbase_client::{Ooid, time::{Date, Month}};
    ///
    /// let day = Date::from_calendar_date(2012, Month::May, 8)?;
    /// let ooid = Ooid::generate(day)?;
    /// assert!(ooid.as_str().ends_with("2120508"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "createNewOoid")]
    pub fn generate(date: Date) -> Result<Self, OoidError> {
        let year = date.year();
        if !(CENTURY..CENTURY + 100).contains(&year) {
            return Err(OoidError::YearOutOfRange { year });
        }
        let mut text = [0; LENGTH];
        Uuid::new_v4().hyphenated().encode_lower(&mut text);
        let (year, month, day) = (year - CENTURY, u8::from(date.month()), date.day());
        let tail = format!("{NEW_DEPTH}{year:02}{month:02}{day:02}");
        text[DEPTH_AT..].copy_from_slice(tail.as_bytes());
        Ok(Self { text, date })
    }

    /// The ooid as text, 36 ASCII characters.
    pub fn as_str(&self) -> &str {
        match str::from_utf8(&self.text) {
            Ok(text) => text,
            Err(_) => unreachable!("nothing but ASCII passes the parser"),
        }
    }

    /// The day of submission that the last six digits name.
    #[doc(alias = "dateFromOoid")]
    pub fn date(&self) -> Date {
        self.date
    }

    /// The submission depth, if the digit in its place is a decimal one.
    ///
    /// 0 is reported as 4: the oldest ooids have it, and `ooid.py` reads it so.
    #[doc(alias = "depthFromOoid")]
    pub fn depth(&self) -> Option<u8> {
        match self.text[DEPTH_AT] {
            b'0' => Some(DEPTH_MEANT_BY_ZERO),
            digit => digit.is_ascii_digit().then(|| digit - b'0'),
        }
    }

    /// The first character, one of `0` to `f`, which spreads crashes over the cluster's regions.
    pub fn salt(&self) -> char {
        char::from(self.text[0])
    }
}

impl FromStr for Ooid {
    type Err = OoidError;

    fn from_str(text: &str) -> Result<Self, OoidError> {
        check_layout(text)?;
        let date = parse_date(&text[DATE_AT..])?;
        let mut bytes = [0; LENGTH];
        bytes.copy_from_slice(text.as_bytes());
        Ok(Self { text: bytes, date })
    }
}

impl TryFrom<&str> for Ooid {
    type Error = OoidError;

    fn try_from(text: &str) -> Result<Self, OoidError> {
        text.parse()
    }
}

impl AsRef<str> for Ooid {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<[u8]> for Ooid {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl fmt::Display for Ooid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Ooid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ooid({self})")
    }
}

/// Hang ids have the layout of ooids, so their reader shares this.
pub(crate) fn check_layout(text: &str) -> Result<(), OoidError> {
    let found = text.chars().count();
    if found != LENGTH {
        return Err(OoidError::Length { found });
    }
    for (index, found) in text.chars().enumerate() {
        let position = index + 1;
        match (HYPHENS.contains(&index), found) {
            (true, '-') | (false, '0'..='9' | 'a'..='f') => {}
            (false, 'A'..='F') => return Err(OoidError::UpperCase { position, found }),
            _ => return Err(OoidError::Layout { position, found }),
        }
    }
    Ok(())
}

fn parse_date(digits: &str) -> Result<Date, OoidError> {
    let number = |from: usize| digits[from..from + 2].parse::<u8>().ok();
    let date = || {
        let month = Month::try_from(number(2)?).ok()?;
        Date::from_calendar_date(CENTURY + i32::from(number(0)?), month, number(4)?).ok()
    };
    date().ok_or_else(|| OoidError::NoSuchDate { digits: digits.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";

    fn refused(text: &str) -> OoidError {
        text.parse::<Ooid>().unwrap_err()
    }

    #[test]
    fn shows_exactly_what_it_was_parsed_from() {
        assert_eq!(TEXT.parse::<Ooid>().unwrap().to_string(), TEXT);
    }

    #[test]
    fn knows_its_date_depth_and_salt() {
        let ooid: Ooid = TEXT.parse().unwrap();
        assert_eq!(ooid.date(), Date::from_calendar_date(2012, Month::May, 8).unwrap());
        assert_eq!(ooid.depth(), Some(2));
        assert_eq!(ooid.salt(), '6');
    }

    #[test]
    fn depth_zero_means_four_and_a_letter_none() {
        let depth = |digit| TEXT.replace("2120508", digit).parse::<Ooid>().unwrap().depth();
        assert_eq!(depth("0120508"), Some(4));
        assert_eq!(depth("e120508"), None);
    }

    #[test]
    fn a_text_of_another_length_is_refused() {
        assert_eq!(refused(""), OoidError::Length { found: 0 });
        assert_eq!(refused(&TEXT[1..]), OoidError::Length { found: 35 });
        assert_eq!(refused(&format!("{TEXT}\n")), OoidError::Length { found: 37 });
    }

    #[test]
    fn upper_case_is_refused_not_folded() {
        let error = refused(&TEXT.to_uppercase());
        assert_eq!(error, OoidError::UpperCase { position: 2, found: 'D' });
        assert_eq!(error.to_string(), "an ooid is in lower case, character 2 is 'D'");
    }

    #[test]
    fn a_character_that_is_no_hexadecimal_digit_is_refused() {
        assert_eq!(
            refused(&TEXT.replacen('6', "g", 1)),
            OoidError::Layout { position: 1, found: 'g' }
        );
        assert_eq!(
            refused(&TEXT.replacen('6', "é", 1)),
            OoidError::Layout { position: 1, found: 'é' }
        );
    }

    #[test]
    fn groups_of_other_sizes_are_refused() {
        let text = "6d8a2b4-e9c1f-4e57-8b3a-0f2c42120508";
        assert_eq!(refused(text), OoidError::Layout { position: 8, found: '-' });
    }

    #[test]
    fn a_date_that_is_none_is_refused() {
        for digits in ["120230", "121301", "120100", "1205af", "110229"] {
            let text = TEXT.replace("120508", digits);
            assert_eq!(refused(&text), OoidError::NoSuchDate { digits: digits.into() });
        }
    }

    #[test]
    fn a_leap_day_is_a_date() {
        assert!(TEXT.replace("120508", "120229").parse::<Ooid>().is_ok());
    }

    #[test]
    fn none_is_generated_for_a_year_two_digits_cannot_express() {
        let date = Date::from_calendar_date(2100, Month::January, 1).unwrap();
        assert_eq!(Ooid::generate(date), Err(OoidError::YearOutOfRange { year: 2100 }));
    }

    proptest! {
        #[test]
        fn a_generated_ooid_parses_to_itself_and_keeps_its_date(day in 0..36_525_i32) {
            let first = Date::from_calendar_date(2000, Month::January, 1).unwrap();
            let date = Date::from_julian_day(first.to_julian_day() + day).unwrap();
            let ooid = Ooid::generate(date).unwrap();
            prop_assert_eq!(ooid.date(), date);
            prop_assert_eq!(ooid.depth(), Some(2));
            prop_assert_eq!(ooid.as_str().parse::<Ooid>(), Ok(ooid));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<Ooid>();
        }

        #[test]
        fn whatever_parses_is_shown_unchanged(
            text in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{6}[0-9]{6}"
        ) {
            if let Ok(ooid) = text.parse::<Ooid>() {
                prop_assert_eq!(ooid.to_string(), text);
            }
        }
    }
}
