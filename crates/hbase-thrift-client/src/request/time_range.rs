//! Which versions of a cell are read, by their times.

use crate::error::{Error, Result};

/// Times of versions in milliseconds since 1970: from the first, included, to the last, excluded, as in
/// HBase's `TimeRange`.
///
/// Thrift 1 has an upper bound only: [`until`](Self::until).
///
/// ```
/// use hbase_thrift_client::{Get, TimeRange};
///
/// let may = TimeRange::between(1_335_830_400_000, 1_338_508_800_000);
/// let get = Get::new("row1").time_range(may);
/// assert_eq!((get.get_time_range().min(), get.get_time_range().max()), (may.min(), may.max()));
/// assert_eq!(TimeRange::at(5), TimeRange::between(5, 6));
/// assert_eq!(TimeRange::default(), TimeRange::from(0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeRange {
    min: i64,
    max: i64,
}

impl Default for TimeRange {
    /// All times.
    fn default() -> Self {
        Self::from(0)
    }
}

impl TimeRange {
    /// From one time, included, to another, excluded.
    pub fn between(min: i64, max: i64) -> Self {
        Self { min, max }
    }

    /// From this time on, itself included.
    pub fn from(min: i64) -> Self {
        Self::between(min, i64::MAX)
    }

    /// Before this time, itself excluded.
    pub fn until(max: i64) -> Self {
        Self::between(0, max)
    }

    /// This time alone.
    pub fn at(time: i64) -> Self {
        Self::between(time, time.saturating_add(1))
    }

    /// Returns the first time, which is included.
    pub fn min(self) -> i64 {
        self.min
    }

    /// Returns the time that it ends before.
    pub fn max(self) -> i64 {
        self.max
    }

    pub(crate) fn is_all(self) -> bool {
        self == Self::default()
    }

    /// The upper bound, if there is one.
    pub(crate) fn before(self) -> Option<i64> {
        (self.max != i64::MAX).then_some(self.max)
    }

    pub(crate) fn check(self) -> Result<()> {
        if self.min < 0 || self.max < self.min {
            let Self { min, max } = self;
            return Err(Error::invalid(format!(
                "the time range from {min} to {max} begins before 1970 or ends before it begins"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_begins_in_1970_or_later_and_may_be_empty() {
        for range in [TimeRange::default(), TimeRange::until(0), TimeRange::at(i64::MAX)] {
            assert!(range.check().is_ok(), "{range:?}");
        }
        for range in [TimeRange::from(-1), TimeRange::until(-1), TimeRange::between(6, 5)] {
            assert!(range.check().is_err(), "{range:?}");
        }
    }
}
