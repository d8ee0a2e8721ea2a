//! What a write waits for.

/// How safe a write is before it is acknowledged.
///
/// ```
/// use hbase_thrift_client::{Durability, Put};
///
/// let put = Put::new("row1").column("f:a", "1").durability(Durability::SkipWal);
/// assert_eq!(put.get_durability(), Durability::SkipWal);
/// assert_eq!(Put::new("row1").get_durability(), Durability::SyncWal);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// Not written to the log: faster, and lost when the region server dies before it has flushed.
    SkipWal,
    /// In the log, and so on several machines. Whatever the table's own setting is.
    #[default]
    SyncWal,
    /// As the table's own setting says, which is `SyncWal` if nobody has set it. For Thrift 2 alone.
    UseDefault,
    /// Written to the log a moment later. For Thrift 2 alone.
    AsyncWal,
    /// In the log, and on the disks of several machines. For Thrift 2 alone.
    FsyncWal,
}

impl Durability {
    /// Whether Thrift 1 can't say it.
    pub(crate) fn is_thrift2_only(self) -> bool {
        match self {
            Self::SkipWal | Self::SyncWal => false,
            Self::UseDefault | Self::AsyncWal | Self::FsyncWal => true,
        }
    }
}
