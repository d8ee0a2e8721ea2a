//! Puts on their way from an interface's call to the store: how large they may be, and which family
//! they are of.

use crate::model::{Edit, Error, Result, Table};

/// What a cell takes beside its row, family, qualifier and value (`KeyValueUtil.length`).
const CELL_OVERHEAD: usize = 20;
/// What a region server adds to that (`PrivateCellUtil.estimatedSerializedSizeOf`).
const SERVER_OVERHEAD: usize = 4;

/// What all cells of a mutation share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) timestamp: Option<i64>,
    pub(crate) time_to_live: Option<i64>,
    pub(crate) max_cell: usize,
}

/// One put.
#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) family: Vec<u8>,
    pub(crate) qualifier: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

impl Put {
    fn size(&self, row: &[u8]) -> usize {
        CELL_OVERHEAD + row.len() + self.family.len() + self.qualifier.len() + self.value.len()
    }

    /// The gateway refuses it itself.
    pub(crate) fn check_for_client(&self, row: &[u8], options: &Options) -> Result<()> {
        if self.size(row) > options.max_cell {
            return Err(Error::Illegal("KeyValue size too large".to_owned()));
        }
        Ok(())
    }

    pub(crate) fn into_edit(self, table: &Table, row: &[u8], options: &Options) -> Result<Edit> {
        let size = self.size(row) + SERVER_OVERHEAD;
        if size > options.max_cell {
            return Err(Error::CellTooLarge { size, max: options.max_cell });
        }
        Ok(Edit::Put {
            family: table.family(&self.family)?,
            qualifier: self.qualifier,
            timestamp: options.timestamp,
            value: self.value,
            time_to_live: options.time_to_live,
        })
    }
}
