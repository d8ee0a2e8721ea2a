//! HBase's filters, and the language they are written in.
//!
//! A filter judges one row at a time, in the steps of HBase's region scanner: the row's key, each
//! cell, all cells together, and at last the row. Their verdicts, and when they are asked, are
//! HBase's, quirks included; see the classes in `org.apache.hadoop.hbase.filter`, and
//! `RegionScannerImpl` and `UserScanQueryMatcher` for the order of the steps.
//!
//! Which rows there are to judge is left to `scanner`.

mod arguments;
mod compare;
mod language;
mod leaves;
mod lists;
mod make;
mod values;

use crate::model::{Cell, Family, Row};
use crate::query::Query;
use crate::store::Table;

pub(crate) use language::parse;

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
    /// A further cell that the filter could name; here it is shown those in between too.
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
    fn judge(&mut self, _cell: View<'_>) -> Verdict {
        Verdict::Include
    }

    /// Changes a value that is handed out.
    fn transform(&self, _value: &mut Vec<u8>) {}

    /// Takes cells out of the whole row (`filterRowCells`).
    fn prune(&mut self, _families: &[Family], _cells: &mut Vec<Cell>) {}

    /// Whether the row is left out after all (`filterRow`).
    fn excludes_row(&mut self) -> bool {
        false
    }

    /// Whether the last two steps matter to it.
    fn judges_rows(&self) -> bool {
        false
    }
}

/// What became of a row.
pub(crate) enum Judged {
    Row(Row),
    /// A row, and no other after it.
    Last(Row),
    LeftOut,
    /// Neither this row nor any other.
    End,
}

/// Lets a filter judge a row, with all versions that the families keep.
pub(crate) fn judge(filter: &mut dyn Filter, table: &Table, row: Row, query: &Query) -> Judged {
    judge_row(filter, &table.families, row, query.versions)
}

fn judge_row(filter: &mut dyn Filter, families: &[Family], row: Row, versions: usize) -> Judged {
    if filter.is_done() {
        return Judged::End;
    }
    let Row { key, cells } = row;
    if cells.is_empty() {
        return Judged::LeftOut;
    }
    let passed =
        if filter.excludes_key(&key) { None } else { passing(filter, families, cells, versions) };
    // Asked before the filter forgets the row, as a store's scanner does at the next row's first
    // cell: a ColumnCountGetFilter, which starts anew with each row, ends the scan like this.
    let is_last = filter.is_done();
    filter.reset();
    match passed {
        Some(cells) if is_last => Judged::Last(Row { key, cells }),
        Some(cells) => Judged::Row(Row { key, cells }),
        None if is_last => Judged::End,
        None if filter.is_done() => Judged::End,
        None => Judged::LeftOut,
    }
}

fn passing(
    filter: &mut dyn Filter,
    families: &[Family],
    cells: Vec<Cell>,
    versions: usize,
) -> Option<Vec<Cell>> {
    let mut passed = judge_cells(filter, families, cells, versions);
    if passed.is_empty() {
        return None;
    }
    if filter.judges_rows() {
        filter.prune(families, &mut passed);
        if passed.is_empty() || filter.excludes_row() {
            return None;
        }
    } else if filter.excludes_row() {
        return None;
    }
    Some(passed)
}

/// Where the cells go on that a filter wants to see.
enum Next {
    Any,
    OtherColumn(u16, Vec<u8>),
    OtherFamily(u16),
}

impl Next {
    fn has(&self, cell: &Cell) -> bool {
        match self {
            Self::Any => true,
            Self::OtherColumn(family, qualifier) => {
                cell.family != *family || cell.qualifier != *qualifier
            }
            Self::OtherFamily(family) => cell.family != *family,
        }
    }
}

fn judge_cells(
    filter: &mut dyn Filter,
    families: &[Family],
    cells: Vec<Cell>,
    versions: usize,
) -> Vec<Cell> {
    let mut passed: Vec<Cell> = Vec::new();
    let mut next = Next::Any;
    // Of the column that was included last.
    let (mut column, mut included) = (None, 0);
    for mut cell in cells {
        if !next.has(&cell) {
            continue;
        }
        if filter.is_done() {
            break;
        }
        let family = families.get(usize::from(cell.family));
        let view = View {
            family: family.map(|family| family.name.as_slice()).unwrap_or_default(),
            qualifier: &cell.qualifier,
            timestamp: cell.timestamp,
            value: &cell.value,
        };
        let verdict = filter.judge(view);
        next = match verdict {
            Verdict::Include | Verdict::Skip | Verdict::Seek => Next::Any,
            Verdict::IncludeAndNextColumn | Verdict::NextColumn => {
                Next::OtherColumn(cell.family, cell.qualifier.clone())
            }
            Verdict::NextRow => Next::OtherFamily(cell.family),
        };
        if !verdict.includes() {
            continue;
        }
        let this = Some((cell.family, cell.qualifier.clone()));
        included = if column == this { included + 1 } else { 1 };
        column = this;
        if included > versions {
            // Only now: the filter sees one version more than is handed out, and may remember it.
            next = Next::OtherColumn(cell.family, cell.qualifier);
            continue;
        }
        filter.transform(&mut cell.value);
        passed.push(cell);
    }
    passed
}

#[cfg(test)]
mod tests;
