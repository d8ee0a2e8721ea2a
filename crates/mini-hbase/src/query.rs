//! Which cells a read is about: families and columns, a bound of time, a number of versions.
//!
//! What is stored there is left to `store`, what else a cell must have to `filter`.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{LATEST, parse_column};
use crate::store::{Error, Result, Table, escape};

/// A read's choice of cells; by default the newest of every column.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) selection: Selection,
    /// Cells have to be older than this.
    pub(crate) before: i64,
    pub(crate) versions: usize,
}

impl Query {
    /// What `get` and `scan` want of columns, and of time: `[0, before)`.
    ///
    /// # Errors
    /// When a family doesn't exist, the bound is negative, or no version is wanted.
    pub(crate) fn new(
        table: &Table,
        columns: &[Vec<u8>],
        before: Option<i64>,
        versions: i32,
    ) -> Result<Self> {
        let before = before.unwrap_or(LATEST);
        if before < 0 {
            let text = format!("Timestamp cannot be negative. minStamp:0, maxStamp:{before}");
            return Err(Error::Illegal(text));
        }
        let versions = usize::try_from(versions).ok().filter(|&versions| versions > 0);
        let versions = versions.ok_or_else(|| Error::Io("versions must be positive".to_owned()))?;
        Ok(Self { selection: Selection::new(table, columns)?, before, versions })
    }
}

/// Families, each whole or with some of its columns; an empty one stands for everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection(BTreeMap<u16, Option<BTreeSet<Vec<u8>>>>);

impl Selection {
    /// Adds up columns in their order, as HBase does: a bare family takes back what was said of
    /// its columns before, and a column what was said of its whole family (`Get.addFamily`,
    /// `Get.addColumn`).
    fn new(table: &Table, columns: &[Vec<u8>]) -> Result<Self> {
        let mut families = BTreeMap::new();
        for column in columns {
            let (family, qualifier) = parse_column(column);
            let family = table.family(family)?;
            let chosen = families.entry(family).or_insert(None);
            match qualifier {
                None => *chosen = None,
                Some(qualifier) => {
                    chosen.get_or_insert_with(BTreeSet::new).insert(escape(qualifier));
                }
            }
        }
        Ok(Self(families))
    }

    /// Whether a column is chosen; its qualifier is escaped as in a key.
    pub(crate) fn has(&self, family: u16, escaped: &[u8]) -> bool {
        match self.0.get(&family) {
            Some(Some(columns)) => columns.contains(escaped),
            Some(None) => true,
            None => self.0.is_empty(),
        }
    }

    /// Whether anything of a family is chosen.
    pub(crate) fn has_family(&self, family: u16) -> bool {
        self.0.is_empty() || self.0.contains_key(&family)
    }

    /// The first place at or behind a column where there may be something chosen: a family, and
    /// the escaped qualifier to begin at.
    pub(crate) fn next_place(&self, family: u16, escaped: &[u8]) -> Option<(u16, Vec<u8>)> {
        if self.0.is_empty() {
            return Some((family, escaped.to_vec()));
        }
        for (&chosen, columns) in self.0.range(family..) {
            let from = if chosen == family { escaped } else { &[] };
            match columns {
                None => return Some((chosen, from.to_vec())),
                Some(columns) => {
                    if let Some(column) = columns.range(from.to_vec()..).next() {
                        return Some((chosen, column.clone()));
                    }
                }
            }
        }
        None
    }
}
