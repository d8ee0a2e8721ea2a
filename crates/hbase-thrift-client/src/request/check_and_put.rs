//! Writing a cell on a condition.

use super::{Attributes, check_cell_column, check_cell_size, check_row};
use crate::error::{Error, Result};

/// Writes one cell of a row if another, or the same, has a certain value, in one atomic step.
///
/// The gateway takes one cell and no timestamp. It has no check-and-delete: of a delete it would
/// make a put of an empty value, so none is offered here.
///
/// ```
/// use hbase_thrift_client::CheckAndPut;
///
/// let claim = CheckAndPut::if_absent("row1", "claims:taker").put("claims:taker", "processor-7");
/// let renew = CheckAndPut::if_equal("row1", "claims:taker", "processor-7").put("claims:until", "5");
/// assert_eq!(claim.get_expected(), None);
/// assert_eq!(renew.get_put(), Some((&b"claims:until"[..], &b"5"[..])));
/// ```
///
/// ```
/// use hbase_thrift_client::CheckAndPut;
///
/// let claim = CheckAndPut::if_absent("row1", "claims:taker").attribute("origin", "processor-7");
/// assert_eq!((claim.get_row(), claim.get_column()), (&b"row1"[..], &b"claims:taker"[..]));
/// assert_eq!((claim.get_put(), claim.get_attributes().count()), (None, 1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckAndPut {
    pub(crate) row: Vec<u8>,
    pub(crate) column: Vec<u8>,
    pub(crate) expected: Option<Vec<u8>>,
    pub(crate) cell: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) attributes: Attributes,
}

impl CheckAndPut {
    /// If the column (`family:qualifier`) has exactly this value.
    pub fn if_equal(
        row: impl Into<Vec<u8>>,
        column: impl Into<Vec<u8>>,
        expected: impl Into<Vec<u8>>,
    ) -> Self {
        Self { expected: Some(expected.into()), ..Self::if_absent(row, column) }
    }

    /// If the row has no such column (`family:qualifier`).
    pub fn if_absent(row: impl Into<Vec<u8>>, column: impl Into<Vec<u8>>) -> Self {
        Self {
            row: row.into(),
            column: column.into(),
            expected: None,
            cell: None,
            attributes: Attributes::default(),
        }
    }

    /// Then sets this column (`family:qualifier`) of the same row. Replaces what was named before.
    pub fn put(mut self, column: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.cell = Some((column.into(), value.into()));
        self
    }

    /// Sets an attribute that HBase's coprocessors may look at (`Operation.setAttribute`).
    pub fn attribute(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.attributes.set(name, value);
        self
    }

    /// Returns the key of the row.
    pub fn get_row(&self) -> &[u8] {
        &self.row
    }

    /// Returns the column that is looked at.
    pub fn get_column(&self) -> &[u8] {
        &self.column
    }

    /// Returns the value that the column has to have; `None` if it has to be absent.
    pub fn get_expected(&self) -> Option<&[u8]> {
        self.expected.as_deref()
    }

    /// Returns the column that is set, and its value.
    pub fn get_put(&self) -> Option<(&[u8], &[u8])> {
        self.cell.as_ref().map(|(column, value)| (column.as_slice(), value.as_slice()))
    }

    /// Returns the attributes that were set, those of a time to live and a visibility included.
    pub fn get_attributes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.attributes.iter()
    }

    pub(crate) fn check(&self, max_cell_size: usize) -> Result<()> {
        check_row(&self.row)?;
        check_cell_column(&self.column)?;
        let Some((column, value)) = &self.cell else {
            return Err(Error::invalid("the check-and-put names nothing to put"));
        };
        check_cell_column(column)?;
        check_cell_size(&self.row, column, value, max_cell_size)
    }
}
