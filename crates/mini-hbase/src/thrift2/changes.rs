//! Puts and deletes of a row, as the store has them (`ThriftUtilities.putFromThrift`,
//! `deleteFromThrift`).

use hbase_thrift_api::thrift2::{
    TCellVisibility, TColumn, TDelete, TDeleteType, TMutation, TPut, TRowMutations,
};

use crate::edits::{Options, Put};
use crate::model::{CellType, Edit, Error, Result, Table, show};
use crate::names;
use crate::service::time_to_live;

/// Changes of one row, in their order.
pub(super) struct Changes {
    pub(super) row: Vec<u8>,
    all: Vec<(Change, Options)>,
}

enum Change {
    Put(Put),
    Delete { kind: CellType, family: Vec<u8>, qualifier: Vec<u8> },
    DeleteRow,
}

impl Changes {
    pub(super) fn put(put: TPut, max_cell: usize) -> Result<Self> {
        let TPut { row, column_values, timestamp, attributes, cell_visibility, .. } = put;
        names::check_row(&row)?;
        names::check_time(timestamp)?;
        let mut all = Vec::with_capacity(column_values.len());
        let time_to_live = attributes.as_ref().map_or(Ok(None), time_to_live)?;
        let common = Options { timestamp, time_to_live, max_cell };
        for cell in column_values {
            let put = Put { family: cell.family, qualifier: cell.qualifier, value: cell.value };
            let options = Options { timestamp: cell.timestamp.or(timestamp), ..common };
            if options.timestamp.is_some_and(|time| time < 0) {
                // HBase's region server refuses it, and the gateway tries again for minutes.
                let text = format!("Timestamp cannot be negative. ts={:?}", cell.timestamp);
                return Err(Error::DoNotRetry(text));
            }
            if put.family.is_empty() {
                return Err(Error::Illegal("a put without a family".to_owned()));
            }
            all.push((Change::Put(put), options));
        }
        check_visibility(cell_visibility.as_ref())?;
        Ok(Self { row, all })
    }

    pub(super) fn delete(delete: TDelete, max_cell: usize) -> Result<Self> {
        let TDelete { row, columns, timestamp, delete_type, attributes, .. } = delete;
        names::check_row(&row)?;
        let kind = delete_type.unwrap_or(TDeleteType::DELETE_COLUMNS);
        let time_to_live = attributes.as_ref().map_or(Ok(None), time_to_live)?;
        let options = |timestamp| Options { timestamp, time_to_live, max_cell };
        let Some(columns) = columns else {
            names::check_time(timestamp)?;
            return Ok(Self { row, all: vec![(Change::DeleteRow, options(timestamp))] });
        };
        if columns.is_empty() {
            // The whole row, and its time is not looked at.
            return Ok(Self { row, all: vec![(Change::DeleteRow, options(None))] });
        }
        let mut all = Vec::with_capacity(columns.len());
        for column in columns {
            let TColumn { family, qualifier, timestamp } = column;
            names::check_time(timestamp)?;
            let qualifier = qualifier.unwrap_or_default();
            let (kind, qualifier) = match kind {
                TDeleteType::DELETE_COLUMN => (CellType::Delete, qualifier),
                TDeleteType::DELETE_COLUMNS => (CellType::DeleteColumn, qualifier),
                TDeleteType::DELETE_FAMILY => (CellType::DeleteFamily, Vec::new()),
                TDeleteType::DELETE_FAMILY_VERSION if timestamp.is_some() => {
                    (CellType::DeleteFamilyVersion, Vec::new())
                }
                TDeleteType::DELETE_FAMILY_VERSION => {
                    let text = "Timestamp is required for TDelete with DeleteFamilyVersion type";
                    return Err(Error::Illegal(text.to_owned()));
                }
                _ => return Err(Error::Illegal("DeleteType is required for TDelete".to_owned())),
            };
            if kind == CellType::DeleteFamily {
                // It takes back what was said of the family before (`Delete.addFamily`).
                all.retain(|(change, _)| {
                    !matches!(change, Change::Delete { family: other, .. } if *other == family)
                });
            }
            all.push((Change::Delete { kind, family, qualifier }, options(timestamp)));
        }
        Ok(Self { row, all })
    }

    pub(super) fn of_row(mutations: TRowMutations, max_cell: usize) -> Result<Self> {
        let TRowMutations { row, mutations } = mutations;
        names::check_row(&row)?;
        let mut whole = Self { row, all: Vec::new() };
        let mut has_empty_put = mutations.is_empty();
        for mutation in mutations {
            let changes = match mutation {
                TMutation::Put(put) => Self::put(put, max_cell)?,
                TMutation::DeleteSingle(delete) => Self::delete(delete, max_cell)?,
            };
            if changes.row != whole.row {
                return Err(Error::Io(format!(
                    "The row in the recently added Mutation <{}> doesn't match the original one \
                     <{}>",
                    show(&changes.row),
                    show(&whole.row)
                )));
            }
            has_empty_put |= changes.all.is_empty();
            whole.all.extend(changes.all);
        }
        if has_empty_put { Err(no_columns()) } else { Ok(whole) }
    }

    /// What the gateway's client refuses itself: a put of nothing, or of what is too large.
    pub(super) fn check_for_client(&self) -> Result<()> {
        if self.all.is_empty() {
            return Err(no_columns());
        }
        self.all.iter().try_for_each(|(change, options)| match change {
            Change::Put(put) => put.check_for_client(&self.row, options),
            Change::Delete { .. } | Change::DeleteRow => Ok(()),
        })
    }

    pub(super) fn into_edits(self, table: &Table) -> Result<(Vec<u8>, Vec<Edit>)> {
        let Self { row, all } = self;
        let mut edits = Vec::with_capacity(all.len());
        for (change, options) in all {
            let Options { timestamp, time_to_live, .. } = options;
            match change {
                Change::Put(put) => edits.push(put.into_edit(table, &row, &options)?),
                Change::Delete { kind, family, qualifier } => {
                    let family = table.family(&family)?;
                    edits.push(Edit::Delete { kind, family, qualifier, timestamp, time_to_live });
                }
                Change::DeleteRow => {
                    let (kind, qualifier) = (CellType::DeleteFamily, Vec::new());
                    edits.extend((0..table.families.len() as u16).map(|family| Edit::Delete {
                        kind,
                        family,
                        qualifier: qualifier.clone(),
                        timestamp,
                        time_to_live,
                    }));
                }
            }
        }
        Ok((row, edits))
    }
}

/// Without an expression, the gateway runs into the null.
pub(super) fn check_visibility(visibility: Option<&TCellVisibility>) -> Result<()> {
    match visibility {
        Some(TCellVisibility { expression: None }) => {
            Err(Error::Illegal("a visibility without an expression".to_owned()))
        }
        _ => Ok(()),
    }
}

fn no_columns() -> Error {
    Error::Illegal("No columns to put".to_owned())
}
