//! What the rows look like, and the names of tables that say it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Error, Result, bail};

/// The shapes of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// One cell of 36 bytes, as an index row has it.
    Narrow,
    /// Ten cells of 100 bytes.
    Wide,
    /// One cell of 1 MiB, as a crash's dump is.
    Large,
}

impl Shape {
    pub(crate) fn cells(self) -> usize {
        match self {
            Self::Narrow | Self::Large => 1,
            Self::Wide => 10,
        }
    }

    pub(crate) fn value_size(self) -> usize {
        match self {
            Self::Narrow => 36,
            Self::Wide => 100,
            Self::Large => 1024 * 1024,
        }
    }

    /// In the order of the cells.
    pub(crate) fn column(self, cell: usize) -> String {
        match self {
            Self::Narrow => "ids:ooid".to_owned(),
            Self::Wide => format!("meta_data:field_{cell}"),
            Self::Large => "raw_data:dump".to_owned(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Narrow => "narrow",
            Self::Wide => "wide",
            Self::Large => "large",
        }
    }
}

/// How long every row key is.
pub(crate) const KEY_SIZE: usize = 16;

/// A table is what its name says, so the server needs no other orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) shape: Shape,
    pub(crate) rows: u64,
    /// How long the gateway takes for an answer.
    pub(crate) delay: Duration,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.shape.name(), self.rows, self.delay.as_micros())
    }
}

impl FromStr for Table {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let mut parts = name.split('.');
        let mut next = || parts.next().with_context(|| format!("{name} is no table"));
        let shape = match next()? {
            "narrow" => Shape::Narrow,
            "wide" => Shape::Wide,
            "large" => Shape::Large,
            other => bail!("{other} is no shape"),
        };
        let rows = next()?.parse()?;
        let delay = Duration::from_micros(next()?.parse()?);
        Ok(Self { shape, rows, delay })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_what_its_name_says() {
        let table = Table { shape: Shape::Wide, rows: 7, delay: Duration::from_micros(500) };
        assert_eq!(table.to_string(), "wide.7.500");
        assert_eq!("wide.7.500".parse::<Table>().unwrap(), table);
        assert!("wide.7".parse::<Table>().is_err());
    }
}
