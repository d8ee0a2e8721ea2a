//! How far a check has come, as text that another check can go on from.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{counters::SubmissionCounters, layout};

/// Where a check goes on: text that can be kept, and read by another program.
///
/// ```
/// use socorro_hbase_client::CheckPosition;
///
/// let text = CheckPosition::default().to_string();
/// assert_eq!(text.parse::<CheckPosition>()?, CheckPosition::default());
/// # Ok::<(), socorro_hbase_client::CheckPositionError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPosition {
    pub(super) part: Part,
    /// The last row that was read of the part's table.
    pub(super) after: Vec<u8>,
    /// While counters are checked: what was written at this time or later, in milliseconds since
    /// 1970, is left alone. Fixed when the part begins, since what was read then is kept.
    #[serde(default)]
    pub(super) horizon: Option<i64>,
    /// The last row of the metrics, while counters are checked.
    pub(super) metrics_after: Vec<u8>,
    /// The periods that aren't over yet there, by the length of their text.
    pub(super) open: BTreeMap<usize, OpenPeriod>,
    /// The queues that were read, by their tables.
    #[serde(default)]
    pub(super) queues: BTreeMap<String, Counted>,
}

/// A queue whose entries were counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counted {
    /// Its counter before, and when that moved last.
    pub(super) size: Option<(i64, i64)>,
    pub(super) entries: u64,
    /// When the newest was written.
    pub(super) newest: Option<i64>,
}

/// A text is no position.
#[derive(Debug, thiserror::Error)]
#[error("this is no position of a check")]
pub struct CheckPositionError(#[source] serde_json::Error);

/// A part of the check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Part {
    #[default]
    Crashes,
    /// One of `INDEXES`.
    Index(usize),
    /// The index of submission times and the counters, side by side.
    Times,
    Sizes,
    Done,
}

/// A period while its crashes are being counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpenPeriod {
    pub(super) name: String,
    pub(super) expected: SubmissionCounters,
    pub(super) stored: SubmissionCounters,
    /// Whether one of its crashes may still be under way.
    pub(super) is_unsettled: bool,
}

/// All but the one that is read with the counters.
pub(super) const INDEXES: [&str; 9] = [
    layout::LEGACY_SUBMITTED_TIME,
    layout::HANG_ID,
    layout::HANG_ID_SUBMITTED_TIME,
    layout::SIGNATURE_OOID,
    layout::LEGACY_PROCESSED,
    layout::PRIORITY_PROCESSED,
    layout::UNPROCESSED_FLAG,
    layout::LEGACY_UNPROCESSED_FLAG,
    layout::SEARCH,
];

impl CheckPosition {
    pub(super) fn at(part: Part) -> Self {
        Self { part, ..Self::default() }
    }
}

impl Part {
    pub(super) const COUNT: usize = INDEXES.len() + 3;

    pub(super) fn number(self) -> usize {
        match self {
            Self::Crashes => 0,
            Self::Index(index) => 1 + index,
            Self::Times => 1 + INDEXES.len(),
            // What is done doesn't count.
            Self::Sizes | Self::Done => 2 + INDEXES.len(),
        }
    }

    pub(super) fn next(self) -> Self {
        match self {
            Self::Crashes => Self::Index(0),
            Self::Index(index) if index + 1 < INDEXES.len() => Self::Index(index + 1),
            Self::Index(_) => Self::Times,
            Self::Times => Self::Sizes,
            Self::Sizes | Self::Done => Self::Done,
        }
    }

    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Crashes => layout::CRASH_REPORTS,
            Self::Index(index) => INDEXES.get(index).copied().unwrap_or_default(),
            Self::Times => layout::SUBMITTED_TIME,
            Self::Sizes | Self::Done => layout::METRICS,
        }
    }
}

impl fmt::Display for CheckPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for CheckPosition {
    type Err = CheckPositionError;

    fn from_str(text: &str) -> Result<Self, CheckPositionError> {
        let position: Self = serde_json::from_str(text).map_err(CheckPositionError)?;
        if matches!(position.part, Part::Index(index) if index >= INDEXES.len()) {
            let error = serde::de::Error::custom("there is no such index");
            return Err(CheckPositionError(error));
        }
        Ok(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_follow_one_another_to_the_end() {
        let parts: Vec<_> = std::iter::successors(Some(Part::default()), |part| Some(part.next()))
            .take_while(|part| *part != Part::Done)
            .collect();
        assert_eq!(parts.len(), Part::COUNT);
        let numbers: Vec<_> = parts.iter().map(|part| part.number()).collect();
        assert_eq!(numbers, (0..Part::COUNT).collect::<Vec<_>>());
    }

    #[test]
    fn a_position_reads_back_with_what_was_counted() {
        let mut expected = SubmissionCounters::default();
        expected.add("counters:x".to_owned());
        let open = OpenPeriod { name: "2012".into(), expected, ..OpenPeriod::default() };
        let position = CheckPosition {
            after: b"key\xff".to_vec(),
            open: BTreeMap::from([(4, open)]),
            ..CheckPosition::at(Part::Times)
        };
        assert_eq!(position.to_string().parse::<CheckPosition>().unwrap(), position);
    }

    #[test]
    fn a_position_in_an_index_that_is_none_is_refused() {
        let text = CheckPosition::at(Part::Index(INDEXES.len())).to_string();
        assert!(text.parse::<CheckPosition>().is_err());
        let last = CheckPosition::at(Part::Index(INDEXES.len() - 1));
        assert_eq!(last.to_string().parse::<CheckPosition>().unwrap(), last);
    }
}
