//! HBase's filters, the language they are written in, and the bytes that Java's clients write instead.
//!
//! A filter judges one row at a time, in the steps of HBase's region scanner: the row's key, each
//! cell, all cells together, and at last the row. Their verdicts, and when they are asked, are
//! HBase's, quirks included; see the classes in `org.apache.hadoop.hbase.filter`, and
//! `RegionScannerImpl` and `UserScanQueryMatcher` for the order of the steps.
//!
//! Which cells there are to judge is left to `matcher`, and which rows to `region`.

mod arguments;
mod bytes;
mod compare;
mod java_regex;
mod language;
mod leaves;
mod lists;
mod make;
mod memory;
mod rows;
mod values;
mod wrappers;

use std::borrow::Cow;

use crate::budget::Share;
use crate::model;
use crate::model::cell::Row;
use crate::model::family::Family;

pub(crate) use bytes::parse as parse_bytes;
pub(crate) use compare::Operator;
pub(crate) use language::parse;

/// How large a pattern of names may become.
const MAX_PATTERN: usize = 1 << 20;

/// Returns what says whether a whole text is like a pattern of Java's; the share takes what it needs.
///
/// # Errors
/// If it is none, or if there is not enough memory.
pub(crate) fn matches_whole(
    pattern: &str,
    share: &Share,
) -> model::Result<impl Fn(&str) -> bool + use<>> {
    share.take(MAX_PATTERN).map_err(model::Error::NoMemory)?;
    let illegal = |text: String| model::Error::Illegal(text);
    let rust = java_regex::translate(pattern).map_err(illegal)?;
    let regex =
        regex::RegexBuilder::new(&format!(r"\A(?:{rust})\z")).size_limit(MAX_PATTERN).build();
    let regex = regex.map_err(|error| illegal(error.to_string()))?;
    Ok(move |text: &str| regex.is_match(text))
}

/// What a filter says of a cell, and from where on it wants to see more (`Filter.ReturnCode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Include,
    /// No further version of the column.
    IncludeAndNextColumn,
    Skip,
    NextColumn,
    /// Nothing more of this family in the row: families are read one by one.
    NextRow,
    /// The column that [`Filter::hint`] names, and no cell before it.
    Seek,
}

impl Verdict {
    fn includes(self) -> bool {
        matches!(self, Self::Include | Self::IncludeAndNextColumn)
    }
}

/// A cell as filters see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) family: &'a [u8],
    pub(crate) qualifier: &'a [u8],
    pub(crate) timestamp: i64,
    pub(crate) value: &'a [u8],
}

/// A filter at work on a scan. What it doesn't care about, it lets pass.
pub(crate) trait Filter: Send {
    /// Makes ready for the next row.
    fn reset(&mut self) {}

    /// Whether nothing that follows can pass (`filterAllRemaining`).
    fn is_done(&self) -> bool {
        false
    }

    /// Whether the row is left out because of its key (`filterRowKey`).
    fn excludes_key(&mut self, _row: &[u8]) -> bool {
        self.is_done()
    }

    /// Judges one cell.
    fn judge(&mut self, _cell: &View<'_>) -> Verdict {
        Verdict::Include
    }

    /// The qualifier of the cell's family that it wants to see next, after [`Verdict::Seek`].
    fn hint(&self, _cell: &View<'_>) -> Option<Vec<u8>> {
        None
    }

    /// Whether it is one of those whose hint counts even behind a filter that excludes the cell
    /// (`HintingFilter`).
    fn is_hinting(&self) -> bool {
        false
    }

    /// Changes a value that is returned.
    fn transform(&self, _value: &mut Cow<'_, [u8]>) {}

    /// Removes cells from the whole row (`filterRowCells`).
    fn prune(&mut self, _families: &[Family], _row: &mut Row) {}

    /// Whether the row is left out after all (`filterRow`).
    fn excludes_row(&mut self) -> bool {
        false
    }

    /// Whether the last two steps matter to it (`hasFilterRow`).
    fn judges_rows(&self) -> bool {
        false
    }

    /// Whether it has to see a family's cells to judge a row (`isFamilyEssential`).
    fn needs_family(&self, _family: &[u8]) -> bool {
        true
    }

    /// Makes ready for rows in descending order; not told to what is inside of SKIP and WHILE.
    fn reverse(&mut self) {}

    /// A copy in the same state.
    fn boxed(&self) -> Box<dyn Filter>;
}

#[cfg(test)]
mod tests;
