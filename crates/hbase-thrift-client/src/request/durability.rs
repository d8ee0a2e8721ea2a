//! What a write waits for.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

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

/// As HBase names it: `SKIP_WAL`, `SYNC_WAL`, `USE_DEFAULT`, `ASYNC_WAL` or `FSYNC_WAL`.
///
/// ```
/// use hbase_thrift_client::Durability;
///
/// assert_eq!("SKIP_WAL".parse::<Durability>()?, Durability::SkipWal);
/// assert_eq!(Durability::UseDefault.to_string(), "USE_DEFAULT");
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SkipWal => "SKIP_WAL",
            Self::SyncWal => "SYNC_WAL",
            Self::UseDefault => "USE_DEFAULT",
            Self::AsyncWal => "ASYNC_WAL",
            Self::FsyncWal => "FSYNC_WAL",
        })
    }
}

impl FromStr for Durability {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name.to_ascii_uppercase().as_str() {
            "SKIP_WAL" => Self::SkipWal,
            "SYNC_WAL" => Self::SyncWal,
            "USE_DEFAULT" => Self::UseDefault,
            "ASYNC_WAL" => Self::AsyncWal,
            "FSYNC_WAL" => Self::FsyncWal,
            _ => {
                let names = "SKIP_WAL, SYNC_WAL, USE_DEFAULT, ASYNC_WAL nor FSYNC_WAL";
                return Err(Error::value(format!("neither {names}")));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Durability;
    use crate::error::ErrorKind;

    #[test]
    fn each_durability_is_read_as_it_is_written() {
        for durability in [
            Durability::SkipWal,
            Durability::SyncWal,
            Durability::UseDefault,
            Durability::AsyncWal,
            Durability::FsyncWal,
        ] {
            let name = durability.to_string();
            assert_eq!(name.parse::<Durability>().unwrap(), durability);
            assert_eq!(name.to_lowercase().parse::<Durability>().unwrap(), durability);
        }
        for wrong in ["", "WAL", "SkipWal", " SKIP_WAL", "skip_wal\n", "SKIP WAL"] {
            assert_eq!(wrong.parse::<Durability>().unwrap_err().kind(), ErrorKind::Value);
        }
    }
}
