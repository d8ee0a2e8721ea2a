//! Several puts and deletes of one row in one step.

use super::{Delete, Mutation, Put, check_row};
use crate::error::{Error, Result};

/// Puts and deletes of one row, all of them or none: nobody reads the row with some of them.
///
/// All get the same time, and a delete hides what has its time or an older one, whatever their order.
/// So a put and a delete of one cell are refused, unless the delete's own time spares the put: a put
/// alone replaces the value, and [`Delete::up_to_timestamp`] deletes the versions before.
///
/// ```
/// use hbase_thrift_client::{Delete, Put, RowMutations};
///
/// let done = RowMutations::new("row1")
///     .put(Put::new("row1").column("flags:processed", "Y").column("result:text", "…"))
///     .delete(Delete::row("row1").family("claims"));
/// assert_eq!((done.get_row(), done.get_mutations().len()), (&b"row1"[..], 2));
/// assert!(RowMutations::new("row1").is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowMutations {
    pub(crate) row: Vec<u8>,
    pub(crate) mutations: Vec<Mutation>,
}

impl RowMutations {
    /// Nothing to do with the row with this key yet.
    pub fn new(row: impl Into<Vec<u8>>) -> Self {
        Self { row: row.into(), mutations: Vec::new() }
    }

    /// Adds a put, which has to be of the same row.
    pub fn put(mut self, put: Put) -> Self {
        self.mutations.push(Mutation::Put(put));
        self
    }

    /// Adds a delete, which has to be of the same row.
    pub fn delete(mut self, delete: Delete) -> Self {
        self.mutations.push(Mutation::Delete(delete));
        self
    }

    /// Returns the key of the row.
    pub fn get_row(&self) -> &[u8] {
        &self.row
    }

    /// Returns the puts and deletes, in the order in which they were added.
    pub fn get_mutations(&self) -> &[Mutation] {
        &self.mutations
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.mutations.is_empty()
    }

    pub(crate) fn deletes(&self) -> impl Iterator<Item = &Delete> {
        self.mutations.iter().filter_map(|mutation| match mutation {
            Mutation::Put(_) => None,
            Mutation::Delete(delete) => Some(delete),
        })
    }

    /// Gives this timestamp to all that have none.
    pub(crate) fn stamp(&mut self, stamp: Option<i64>) {
        for mutation in &mut self.mutations {
            let timestamp = match mutation {
                Mutation::Put(put) => &mut put.timestamp,
                Mutation::Delete(delete) => &mut delete.timestamp,
            };
            *timestamp = timestamp.or(stamp);
        }
    }

    pub(crate) fn check(&self, max_cell_size: usize) -> Result<()> {
        check_row(&self.row)?;
        for mutation in &self.mutations {
            if mutation.get_row() != self.row {
                let (own, other) = (self.row.escape_ascii(), mutation.get_row().escape_ascii());
                return Err(Error::invalid(format!(
                    "the mutations are of the row `{own}`, and one of them is of `{other}`: send a \
                     batch for several rows"
                )));
            }
            match mutation {
                Mutation::Put(put) => put.check(max_cell_size)?,
                Mutation::Delete(delete) => delete.check()?,
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_of_one_row() {
        let mutations = RowMutations::new("r").delete(Delete::row("r").column("f:a"));
        assert!(mutations.check(100).is_ok());
        let other = mutations.put(Put::new("s").column("f:b", "1")).check(100).unwrap_err();
        assert!(other.to_string().contains("one of them is of `s`"), "{other}");
        assert!(RowMutations::new("").check(100).is_err());
        assert!(RowMutations::new("r").put(Put::new("r")).check(100).is_err());
    }
}
