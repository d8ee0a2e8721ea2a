//! Column families of a table that is created, or as the server describes them.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Error, Result};

/// A column family with its options; defaults as in HBase 2 (`ColumnFamilyDescriptorBuilder`).
///
/// ```
/// use std::time::Duration;
/// use hbase_thrift_client::ColumnFamily;
///
/// let family = ColumnFamily::new("ids").max_versions(5).time_to_live(Duration::from_secs(86_400));
/// assert_eq!(family.get_name(), b"ids");
/// assert_eq!(family.get_max_versions(), 5);
/// ```
///
/// ```
/// use hbase_thrift_client::{BloomFilter, ColumnFamily, Compression};
///
/// let family = ColumnFamily::new("raw_data")
///     .compression(Compression::Gz)
///     .bloom_filter(BloomFilter::RowColumn)
///     .in_memory(true)
///     .block_cache(false);
/// assert_eq!(*family.get_compression(), Compression::Gz);
/// assert_eq!(*family.get_bloom_filter(), BloomFilter::RowColumn);
/// assert!(family.get_in_memory() && !family.get_block_cache());
/// assert_eq!(family.get_time_to_live(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnFamily {
    pub(crate) name: Vec<u8>,
    pub(crate) max_versions: u32,
    pub(crate) compression: Compression,
    pub(crate) bloom_filter: BloomFilter,
    pub(crate) in_memory: bool,
    pub(crate) block_cache: bool,
    pub(crate) time_to_live: Option<Duration>,
}

impl ColumnFamily {
    /// A family that keeps one version for ever, uncompressed, with block cache and a row Bloom
    /// filter.
    pub fn new(name: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            max_versions: 1,
            compression: Compression::None,
            bloom_filter: BloomFilter::Row,
            in_memory: false,
            block_cache: true,
            time_to_live: None,
        }
    }

    /// How many versions of a cell are kept; 1.
    pub fn max_versions(mut self, versions: u32) -> Self {
        self.max_versions = versions;
        self
    }

    /// How the files are compressed; not at all.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// What the files' Bloom filters are about; rows.
    pub fn bloom_filter(mut self, bloom_filter: BloomFilter) -> Self {
        self.bloom_filter = bloom_filter;
        self
    }

    /// Whether the block cache favours this family; no.
    pub fn in_memory(mut self, in_memory: bool) -> Self {
        self.in_memory = in_memory;
        self
    }

    /// Whether blocks that are read are kept in the block cache; yes.
    pub fn block_cache(mut self, block_cache: bool) -> Self {
        self.block_cache = block_cache;
        self
    }

    /// After which time cells vanish, in whole seconds; never.
    pub fn time_to_live(mut self, time_to_live: Duration) -> Self {
        self.time_to_live = Some(time_to_live);
        self
    }

    /// Returns the family's name, without a colon.
    pub fn get_name(&self) -> &[u8] {
        &self.name
    }

    /// Returns how many versions of a cell are kept.
    pub fn get_max_versions(&self) -> u32 {
        self.max_versions
    }

    /// Returns how the files are compressed.
    pub fn get_compression(&self) -> &Compression {
        &self.compression
    }

    /// Returns what the files' Bloom filters are about.
    pub fn get_bloom_filter(&self) -> &BloomFilter {
        &self.bloom_filter
    }

    /// Returns whether the block cache favours the family.
    pub fn get_in_memory(&self) -> bool {
        self.in_memory
    }

    /// Returns whether blocks that are read are kept in the block cache.
    pub fn get_block_cache(&self) -> bool {
        self.block_cache
    }

    /// Returns after which time cells vanish; `None` means never.
    pub fn get_time_to_live(&self) -> Option<Duration> {
        self.time_to_live
    }

    pub(crate) fn check_name(name: &[u8]) -> Result<()> {
        if name.is_empty() || name.contains(&b':') {
            let shown = name.escape_ascii();
            return Err(Error::invalid(format!(
                "`{shown}` can't be a column family: it is empty or has a colon"
            )));
        }
        Ok(())
    }

    pub(crate) fn check(&self) -> Result<()> {
        Self::check_name(&self.name)?;
        let shown = self.name.escape_ascii();
        if self.max_versions == 0 || i32::try_from(self.max_versions).is_err() {
            return Err(Error::invalid(format!("the family `{shown}` needs at least 1 version")));
        }
        let seconds = self.time_to_live.map(|time| (time.as_secs(), time.subsec_nanos()));
        match seconds {
            Some((0, _) | (_, 1..)) => Err(Error::invalid(format!(
                "the time to live of the family `{shown}` has to be whole seconds"
            ))),
            Some((seconds, _)) if i32::try_from(seconds).is_err() => Err(Error::invalid(format!(
                "the time to live of the family `{shown}` is over 68 years: leave it out for ever"
            ))),
            _ => Ok(()),
        }
    }
}

/// A codec for a family's files. What a server has of them depends on its installation; creating a
/// table fails where it lacks one.
///
/// ```
/// use hbase_thrift_client::{ColumnFamily, Compression};
///
/// assert_eq!("snappy".parse(), Ok(Compression::Snappy));
/// assert_eq!(Compression::Snappy.to_string(), "SNAPPY");
/// let family = ColumnFamily::new("ids").compression("gz".into());
/// assert_eq!(*family.get_compression(), Compression::Gz);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// No compression.
    #[default]
    None,
    /// gzip, which every server has.
    Gz,
    /// LZO, which no stock server has.
    Lzo,
    /// LZ4.
    Lz4,
    /// Snappy.
    Snappy,
    /// Zstandard.
    Zstd,
    /// Any other, by the server's name for it.
    Other(String),
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "NONE",
            Self::Gz => "GZ",
            Self::Lzo => "LZO",
            Self::Lz4 => "LZ4",
            Self::Snappy => "SNAPPY",
            Self::Zstd => "ZSTD",
            Self::Other(name) => name,
        })
    }
}

impl FromStr for Compression {
    type Err = Infallible;

    fn from_str(name: &str) -> std::result::Result<Self, Infallible> {
        Ok(match name.to_ascii_uppercase().as_str() {
            "NONE" => Self::None,
            "GZ" => Self::Gz,
            "LZO" => Self::Lzo,
            "LZ4" => Self::Lz4,
            "SNAPPY" => Self::Snappy,
            "ZSTD" => Self::Zstd,
            _ => Self::Other(name.to_owned()),
        })
    }
}

impl From<&str> for Compression {
    fn from(name: &str) -> Self {
        let Ok(compression) = name.parse();
        compression
    }
}

/// What a family's Bloom filters are about.
///
/// ```
/// use hbase_thrift_client::BloomFilter;
///
/// assert_eq!("rowcol".parse(), Ok(BloomFilter::RowColumn));
/// assert_eq!(BloomFilter::RowColumn.to_string(), "ROWCOL");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BloomFilter {
    /// No filter.
    None,
    /// Row keys.
    #[default]
    Row,
    /// Row keys with columns.
    RowColumn,
    /// Any other, by the server's name for it.
    Other(String),
}

impl fmt::Display for BloomFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "NONE",
            Self::Row => "ROW",
            Self::RowColumn => "ROWCOL",
            Self::Other(name) => name,
        })
    }
}

impl FromStr for BloomFilter {
    type Err = Infallible;

    fn from_str(name: &str) -> std::result::Result<Self, Infallible> {
        Ok(match name.to_ascii_uppercase().as_str() {
            "NONE" => Self::None,
            "ROW" => Self::Row,
            "ROWCOL" => Self::RowColumn,
            _ => Self::Other(name.to_owned()),
        })
    }
}

impl From<&str> for BloomFilter {
    fn from(name: &str) -> Self {
        let Ok(bloom_filter) = name.parse();
        bloom_filter
    }
}
