//! A put or a delete.

use super::{Delete, Put};

/// A put or a delete.
///
/// ```
/// use hbase_thrift_client::{Mutation, Put};
///
/// let mutation = Mutation::from(Put::new("row1").column("f:a", "1"));
/// assert_eq!(mutation.get_row(), b"row1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mutation {
    /// A put.
    Put(Put),
    /// A delete.
    Delete(Delete),
}

impl Mutation {
    /// Returns the key of its row.
    pub fn get_row(&self) -> &[u8] {
        match self {
            Self::Put(put) => &put.row,
            Self::Delete(delete) => &delete.row,
        }
    }

    pub(crate) fn is_put(&self) -> bool {
        matches!(self, Self::Put(_))
    }
}

impl From<Put> for Mutation {
    fn from(put: Put) -> Self {
        Self::Put(put)
    }
}

impl From<Delete> for Mutation {
    fn from(delete: Delete) -> Self {
        Self::Delete(delete)
    }
}
