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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..5)
    }

    /// Made of nothing but what the getters say, as from a file.
    fn again(mutation: &Mutation) -> Mutation {
        match mutation {
            Mutation::Put(put) => {
                let again = Put::new(put.get_row()).columns(put.get_columns());
                let again = again.write_to_wal(put.get_write_to_wal());
                let again = put.get_timestamp().into_iter().fold(again, Put::timestamp);
                let attributes = put.get_attributes();
                attributes.fold(again, |put, (name, value)| put.attribute(name, value)).into()
            }
            Mutation::Delete(delete) => {
                let again = Delete::row(delete.get_row()).columns(delete.get_columns());
                let again = again.write_to_wal(delete.get_write_to_wal());
                let time = delete.get_up_to_timestamp();
                let again = time.into_iter().fold(again, Delete::up_to_timestamp);
                let attributes = delete.get_attributes();
                attributes.fold(again, |delete, (name, value)| delete.attribute(name, value)).into()
            }
        }
    }

    proptest! {
        #[test]
        fn what_failed_can_be_written_down_and_read_back(
            row in bytes(),
            cells in prop::collection::vec((bytes(), bytes()), 0..4),
            timestamp: Option<i64>,
            to_wal: bool,
            millis: Option<u32>,
            attributes in prop::collection::vec((bytes(), bytes()), 0..3),
        ) {
            let put = Put::new(row.clone()).columns(cells.clone()).write_to_wal(to_wal);
            let put = timestamp.into_iter().fold(put, Put::timestamp);
            let put = attributes.iter().fold(put, |put, (n, v)| put.attribute(n.clone(), v.clone()));
            let time_to_live = millis.map(|millis| Duration::from_millis(millis.into()));
            let put = time_to_live.into_iter().fold(put, Put::time_to_live);
            prop_assert_eq!(put.get_time_to_live(), time_to_live);
            let put = Mutation::from(put.visibility("a&b"));
            prop_assert_eq!(again(&put), put);

            let columns = cells.iter().map(|(column, _)| column.clone());
            let delete = Delete::row(row).columns(columns).write_to_wal(to_wal);
            let delete = timestamp.into_iter().fold(delete, Delete::up_to_timestamp);
            let delete = Mutation::from(delete);
            prop_assert_eq!(again(&delete), delete);
        }
    }
}
