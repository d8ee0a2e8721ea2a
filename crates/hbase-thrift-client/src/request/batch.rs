//! Several puts and deletes in one call.

use super::{Attributes, Delete, Mutation, Put};

/// Puts and deletes on any rows of one table, sent in one call.
///
/// The gateway runs all puts, then all deletes, each row's as one atomic step but not the batch as
/// a whole, and returns one error for all of it. A batch that would not do what it says is refused: a
/// put and a delete of the same cell, a delete of a whole row (which the gateway drops silently), and
/// different timestamps or attributes, for which the interface has no place.
///
/// Several puts of one cell in a batch leave one version, that of the last put: they get the same
/// time.
///
/// ```
/// use hbase_thrift_client::{Batch, Delete, Put};
///
/// let batch = Batch::new()
///     .put(Put::new("row1").column("f:a", "1"))
///     .put(Put::new("row2").column("f:a", "2"))
///     .delete(Delete::row("row3").column("f:a"));
/// assert_eq!(batch.len(), 3);
///
/// let puts = (0..100).map(|number| Put::new(format!("row{number}")).column("f:a", "1"));
/// assert_eq!(puts.collect::<Batch>().get_puts().len(), 100);
/// ```
///
/// ```
/// use hbase_thrift_client::{Batch, Delete, Mutation, Put};
///
/// let mut batch = Batch::new();
/// assert!(batch.is_empty());
/// batch.extend([Mutation::from(Delete::row("row1").column("f:a")), Put::new("row2").into()]);
/// assert_eq!((batch.get_puts().len(), batch.get_deletes().len()), (1, 1));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub(crate) puts: Vec<Put>,
    pub(crate) deletes: Vec<Delete>,
}

impl Batch {
    /// A batch without anything in it; sending it does nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a put.
    pub fn put(mut self, put: Put) -> Self {
        self.puts.push(put);
        self
    }

    /// Adds a delete of columns or families.
    pub fn delete(mut self, delete: Delete) -> Self {
        self.deletes.push(delete);
        self
    }

    /// Returns the puts, in the order in which they were added.
    pub fn get_puts(&self) -> &[Put] {
        &self.puts
    }

    /// Returns the deletes, in the order in which they were added.
    pub fn get_deletes(&self) -> &[Delete] {
        &self.deletes
    }

    /// How many puts and deletes there are.
    pub fn len(&self) -> usize {
        self.puts.len() + self.deletes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives this timestamp to all that have none.
    pub(crate) fn stamp(&mut self, stamp: Option<i64>) {
        let puts = self.puts.iter_mut().map(|put| &mut put.timestamp);
        let all = puts.chain(self.deletes.iter_mut().map(|delete| &mut delete.timestamp));
        all.for_each(|timestamp| *timestamp = timestamp.or(stamp));
    }

    /// The timestamp of each put and delete.
    pub(crate) fn timestamps(&self) -> impl Iterator<Item = Option<i64>> {
        let puts = self.puts.iter().map(|put| put.timestamp);
        puts.chain(self.deletes.iter().map(|delete| delete.timestamp))
    }

    pub(crate) fn timestamp(&self) -> Option<i64> {
        self.timestamps().next().flatten()
    }

    pub(crate) fn attributes(&self) -> Option<&Attributes> {
        self.all_attributes().next()
    }

    /// The attributes of each put and delete.
    pub(crate) fn all_attributes(&self) -> impl Iterator<Item = &Attributes> {
        let puts = self.puts.iter().map(|put| &put.attributes);
        puts.chain(self.deletes.iter().map(|delete| &delete.attributes))
    }
}

impl<M: Into<Mutation>> Extend<M> for Batch {
    fn extend<I: IntoIterator<Item = M>>(&mut self, mutations: I) {
        for mutation in mutations {
            match mutation.into() {
                Mutation::Put(put) => self.puts.push(put),
                Mutation::Delete(delete) => self.deletes.push(delete),
            }
        }
    }
}

impl<M: Into<Mutation>> FromIterator<M> for Batch {
    fn from_iter<I: IntoIterator<Item = M>>(mutations: I) -> Self {
        let mut batch = Self::new();
        batch.extend(mutations);
        batch
    }
}

/// The puts, then the deletes, as the gateway runs them.
impl IntoIterator for Batch {
    type Item = Mutation;
    type IntoIter = std::iter::Chain<
        std::iter::Map<std::vec::IntoIter<Put>, fn(Put) -> Mutation>,
        std::iter::Map<std::vec::IntoIter<Delete>, fn(Delete) -> Mutation>,
    >;

    fn into_iter(self) -> Self::IntoIter {
        let puts = self.puts.into_iter().map(Mutation::Put as fn(Put) -> Mutation);
        puts.chain(self.deletes.into_iter().map(Mutation::Delete as fn(Delete) -> Mutation))
    }
}
