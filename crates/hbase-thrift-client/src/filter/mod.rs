//! HBase's filters, as types.
//!
//! A leaf: a tree that says which rows and cells pass, and knows no protocol. `text` writes it in
//! the filter language of Thrift 1, the only encoding so far; another, or an evaluation on this
//! side, would walk the same tree.

mod column;
mod comparator;
#[cfg(test)]
mod tests;
mod text;
mod wrapped;

use std::ops::{Bound, RangeBounds};

pub use column::{DependentColumn, SingleColumnValue};
pub use comparator::{Comparator, CompareOp};

use crate::error::{Error, Result};

/// What the server lets through of the rows that a scan reads.
///
/// Values are any bytes: quotes, zeros and what is no UTF-8 arrive as they are. A filter is checked
/// for each row on its region server, so it saves transport and not reading; where a range of keys
/// or named columns would do, [`Scan`](crate::Scan) has them, and they are cheaper.
///
/// ```
/// use hbase_thrift_client::{Comparator, CompareOp, Filter, Scan, SingleColumnValue};
///
/// let windows = SingleColumnValue::new("flags", "os", Comparator::binary(CompareOp::Equal, "NT"));
/// let filter = Filter::from(windows.filter_if_missing())
///     .and(Filter::row(Comparator::regex("^a1205[0-9]{2}")))
///     .and(Filter::page(100));
/// let scan = Scan::new().filter(filter);
///
/// let any_of = ["os_", "cpu_"].map(Filter::column_prefix).into_iter().reduce(Filter::or);
/// # let _ = (scan, any_of);
/// ```
///
/// # What to know
///
/// - **Whole rows can't be split**: [`page`](Self::page), [`skip`](Self::skip),
///   [`while_match`](Self::while_match), [`SingleColumnValue`] and [`DependentColumn`] don't go with
///   [`Scan::batch`](crate::Scan::batch). HBase refuses the scan, and the gateway repeats it for
///   minutes before it says so.
/// - **State is per region and per scanner.** What counts or stops does so in each region anew, and
///   anew where a scan had to be reopened.
/// - **A chain is a list**, of any length. What is nested over a thousand levels deep overflows a
///   region server's stack.
/// - The names are those of HBase's classes: [`page`](Self::page) is `PageFilter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(Node);

/// The tree. What is in it is what the caller said: an encoding deals with its own limits.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Simple(Simple),
    /// At least two, none of them an `And`.
    And(Vec<Node>),
    /// At least two, none of them an `Or`.
    Or(Vec<Node>),
    Skip(Box<Node>),
    WhileMatch(Box<Node>),
}

/// A filter that has no other in it, under the name of HBase's class.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Simple {
    KeyOnly {
        lengths: bool,
    },
    FirstKeyOnly,
    Prefix(Vec<u8>),
    ColumnPrefix(Vec<u8>),
    /// Sorted, none the beginning of another, at least one.
    MultipleColumnPrefix(Vec<Vec<u8>>),
    ColumnCountGet(u32),
    Page(u64),
    ColumnPagination {
        limit: u32,
        offset: u32,
    },
    InclusiveStop(Vec<u8>),
    Timestamps(Vec<i64>),
    Row(Comparator),
    Family(Comparator),
    Qualifier(Comparator),
    Value(Comparator),
    ColumnRange(Bound<Vec<u8>>, Bound<Vec<u8>>),
    SingleColumnValue(SingleColumnValue),
    DependentColumn(DependentColumn),
    ColumnValue {
        family: Vec<u8>,
        qualifier: Vec<u8>,
        comparator: Comparator,
    },
}

/// Filters on rows.
impl Filter {
    /// Rows whose key passes (`RowFilter`).
    #[doc(alias = "RowFilter")]
    pub fn row(comparator: Comparator) -> Self {
        Self::simple(Simple::Row(comparator))
    }

    /// Rows whose key begins so (`PrefixFilter`).
    ///
    /// Rows before them are still read: [`Scan::prefix`](crate::Scan::prefix) is cheaper.
    #[doc(alias = "PrefixFilter")]
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> Self {
        Self::simple(Simple::Prefix(prefix.into()))
    }

    /// Rows up to this key, itself included, in the direction of the scan (`InclusiveStopFilter`).
    ///
    /// ```
    /// use hbase_thrift_client::Filter;
    ///
    /// let filter = Filter::inclusive_stop("row9");
    /// assert_eq!(Vec::from(filter), b"InclusiveStopFilter('row9')");
    /// ```
    #[doc(alias = "InclusiveStopFilter")]
    pub fn inclusive_stop(row: impl Into<Vec<u8>>) -> Self {
        Self::simple(Simple::InclusiveStop(row.into()))
    }

    /// At most so many rows of each region (`PageFilter`).
    ///
    /// A scan over several regions may bring more, so [`Scan::limit`](crate::Scan::limit) is what
    /// most callers want; this one also ends the reading on the server. In
    /// [`and`](Self::and) it counts the rows that all filters before it let through.
    #[doc(alias = "PageFilter")]
    pub fn page(rows: u64) -> Self {
        Self::simple(Simple::Page(rows))
    }
}

/// Filters on cells, by their column.
impl Filter {
    /// Cells whose column family passes (`FamilyFilter`).
    ///
    /// ```
    /// use hbase_thrift_client::{Comparator, CompareOp, Filter};
    ///
    /// let filter = Filter::family(Comparator::binary(CompareOp::Equal, "ids"));
    /// assert_eq!(Vec::from(filter), b"FamilyFilter(=, 'binary:ids')");
    /// ```
    #[doc(alias = "FamilyFilter")]
    pub fn family(comparator: Comparator) -> Self {
        Self::simple(Simple::Family(comparator))
    }

    /// Cells whose qualifier passes (`QualifierFilter`).
    ///
    /// ```
    /// use hbase_thrift_client::{Comparator, CompareOp, Filter};
    ///
    /// let filter = Filter::qualifier(Comparator::binary_prefix(CompareOp::Equal, "os_"));
    /// assert_eq!(Vec::from(filter), b"QualifierFilter(=, 'binaryprefix:os_')");
    /// ```
    #[doc(alias = "QualifierFilter")]
    pub fn qualifier(comparator: Comparator) -> Self {
        Self::simple(Simple::Qualifier(comparator))
    }

    /// Cells whose qualifier begins so (`ColumnPrefixFilter`).
    #[doc(alias = "ColumnPrefixFilter")]
    pub fn column_prefix(prefix: impl Into<Vec<u8>>) -> Self {
        Self::simple(Simple::ColumnPrefix(prefix.into()))
    }

    /// Cells whose qualifier begins with any of these (`MultipleColumnPrefixFilter`).
    ///
    /// Prefixes may be repeated, and one may begin with another; HBase's own class fails on the
    /// first and loses cells on the second.
    ///
    /// ```
    /// use hbase_thrift_client::Filter;
    ///
    /// let filter = Filter::multiple_column_prefix(["os_", "cpu_"])?;
    /// # let _ = filter;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) if there is no prefix: HBase
    /// lets everything through then, where nothing is what was said.
    #[doc(alias = "MultipleColumnPrefixFilter")]
    pub fn multiple_column_prefix<P: Into<Vec<u8>>>(
        prefixes: impl IntoIterator<Item = P>,
    ) -> Result<Self> {
        let mut prefixes: Vec<Vec<u8>> = prefixes.into_iter().map(Into::into).collect();
        if prefixes.is_empty() {
            return Err(Error::invalid(
                "the filter has no column prefix: HBase would let every column through",
            ));
        }
        // HBase compares a qualifier with the greatest prefix that is not after it, and with no
        // other: `a`, if `ab` is there too, would not find `ac`.
        prefixes.sort_unstable();
        prefixes.dedup_by(|longer, shorter| longer.starts_with(shorter));
        Ok(Self::simple(Simple::MultipleColumnPrefix(prefixes)))
    }

    /// Cells whose qualifier is in a range (`ColumnRangeFilter`).
    ///
    /// A bound may be the empty qualifier, which HBase's own class takes for no bound. Some bounds
    /// have to be told their type, as the last one here.
    ///
    /// ```
    /// use std::ops::Bound;
    /// use hbase_thrift_client::Filter;
    ///
    /// let may = Filter::column_range("20120501".."20120601");
    /// let since = Filter::column_range(b"\x01\xff".as_slice()..);
    /// let after = Filter::column_range::<&str>((Bound::Excluded("a"), Bound::Included("b")));
    /// # let _ = (may, since, after);
    /// ```
    #[doc(alias = "ColumnRangeFilter")]
    pub fn column_range<Q: AsRef<[u8]>>(range: impl RangeBounds<Q>) -> Self {
        let owned = |bound: Bound<&Q>| bound.map(|qualifier| qualifier.as_ref().to_vec());
        Self::simple(Simple::ColumnRange(owned(range.start_bound()), owned(range.end_bound())))
    }

    /// The first cell of each row, as for counting rows (`FirstKeyOnlyFilter`).
    ///
    /// ```
    /// use hbase_thrift_client::Filter;
    ///
    /// let filter = Filter::first_key_only().and(Filter::key_only());
    /// assert_eq!(Vec::from(filter), b"FirstKeyOnlyFilter() AND KeyOnlyFilter()");
    /// ```
    #[doc(alias = "FirstKeyOnlyFilter")]
    pub fn first_key_only() -> Self {
        Self::simple(Simple::FirstKeyOnly)
    }

    /// The first so many columns of a row (`ColumnCountGetFilter`).
    ///
    /// For a scan of one row only: HBase made it for `Get`, and where a row has more columns it
    /// loses cells of later rows, or ends the scan. What it promises is kept by
    /// [`column_pagination`](Self::column_pagination).
    ///
    /// ```
    /// use hbase_thrift_client::Filter;
    ///
    /// let filter = Filter::column_count_get(10);
    /// assert_eq!(Vec::from(filter), b"ColumnCountGetFilter(10)");
    /// ```
    #[doc(alias = "ColumnCountGetFilter")]
    pub fn column_count_get(columns: u32) -> Self {
        Self::simple(Simple::ColumnCountGet(columns))
    }

    /// So many columns of each row, after skipping the first `offset` (`ColumnPaginationFilter`).
    ///
    /// ```
    /// use hbase_thrift_client::Filter;
    ///
    /// let filter = Filter::column_pagination(10, 20);
    /// assert_eq!(Vec::from(filter), b"ColumnPaginationFilter(10, 20)");
    /// ```
    #[doc(alias = "ColumnPaginationFilter")]
    pub fn column_pagination(limit: u32, offset: u32) -> Self {
        Self::simple(Simple::ColumnPagination { limit, offset })
    }
}

/// Filters on cells, by what is in them.
impl Filter {
    /// Cells whose value passes (`ValueFilter`).
    ///
    /// Older versions are looked at where the newest does not pass.
    #[doc(alias = "ValueFilter")]
    pub fn value(comparator: Comparator) -> Self {
        Self::simple(Simple::Value(comparator))
    }

    /// The cell of one column where its value passes, and no other cell (`ColumnValueFilter`).
    ///
    /// For the whole row on that condition see [`SingleColumnValue`].
    ///
    /// ```
    /// use hbase_thrift_client::{Comparator, CompareOp, Filter};
    ///
    /// let filter = Filter::column_value("flags", "processed", Comparator::binary(CompareOp::Equal, "Y"));
    /// assert_eq!(Vec::from(filter), b"ColumnValueFilter('flags', 'processed', =, 'binary:Y')");
    /// ```
    #[doc(alias = "ColumnValueFilter")]
    pub fn column_value(
        family: impl Into<Vec<u8>>,
        qualifier: impl Into<Vec<u8>>,
        comparator: Comparator,
    ) -> Self {
        let (family, qualifier) = (family.into(), qualifier.into());
        Self::simple(Simple::ColumnValue { family, qualifier, comparator })
    }

    /// Cells with one of these timestamps (`TimestampsFilter`); none if the list is empty.
    ///
    /// ```
    /// use hbase_thrift_client::Filter;
    ///
    /// let filter = Filter::timestamps([1_336_510_250_000, 1_336_510_250_001]);
    /// assert_eq!(Vec::from(filter), b"TimestampsFilter(1336510250000, 1336510250001)");
    /// ```
    #[doc(alias = "TimestampsFilter")]
    pub fn timestamps(timestamps: impl IntoIterator<Item = i64>) -> Self {
        Self::simple(Simple::Timestamps(timestamps.into_iter().collect()))
    }

    /// All cells, with empty values (`KeyOnlyFilter`).
    ///
    /// ```
    /// use hbase_thrift_client::Filter;
    ///
    /// let filter = Filter::key_only();
    /// assert_eq!(Vec::from(filter), b"KeyOnlyFilter()");
    /// ```
    #[doc(alias = "KeyOnlyFilter")]
    pub fn key_only() -> Self {
        Self::simple(Simple::KeyOnly { lengths: false })
    }

    /// All cells, each with its value's length for a value: 4 bytes, the greatest first
    /// (`KeyOnlyFilter` with `lenAsVal`).
    ///
    /// ```
    /// use hbase_thrift_client::Filter;
    ///
    /// let filter = Filter::key_only_with_lengths();
    /// assert_eq!(Vec::from(filter), b"KeyOnlyFilter(true)");
    /// ```
    pub fn key_only_with_lengths() -> Self {
        Self::simple(Simple::KeyOnly { lengths: true })
    }
}

/// Filters made of others.
impl Filter {
    /// What passes both (`FilterList` with `MUST_PASS_ALL`).
    ///
    /// A chain makes one list: `a.and(b).and(c)` asks three filters in this order.
    #[must_use]
    pub fn and(self, other: impl Into<Self>) -> Self {
        let mut nodes = match self.0 {
            Node::And(nodes) => nodes,
            node => vec![node],
        };
        match other.into().0 {
            Node::And(more) => nodes.extend(more),
            node => nodes.push(node),
        }
        Self(Node::And(nodes))
    }

    /// What passes either or both (`FilterList` with `MUST_PASS_ONE`).
    ///
    /// Rows with rows and cells with cells: beside filters on cells a [`SingleColumnValue`] lets
    /// rows through that pass neither, and a [`DependentColumn`], or a column that is left out,
    /// takes cells away that pass the other.
    #[must_use]
    pub fn or(self, other: impl Into<Self>) -> Self {
        let mut nodes = match self.0 {
            Node::Or(nodes) => nodes,
            node => vec![node],
        };
        match other.into().0 {
            Node::Or(more) => nodes.extend(more),
            node => nodes.push(node),
        }
        Self(Node::Or(nodes))
    }
}

impl From<SingleColumnValue> for Filter {
    fn from(filter: SingleColumnValue) -> Self {
        Self::simple(Simple::SingleColumnValue(filter))
    }
}

impl From<DependentColumn> for Filter {
    fn from(filter: DependentColumn) -> Self {
        Self::simple(Simple::DependentColumn(filter))
    }
}

impl Filter {
    fn simple(filter: Simple) -> Self {
        Self(Node::Simple(filter))
    }
}

/// The filter in HBase's filter language, as bytes: values stand in it as they are.
impl From<&Filter> for Vec<u8> {
    fn from(filter: &Filter) -> Self {
        text::encode(&filter.0)
    }
}

/// The filter in HBase's filter language, as bytes: values stand in it as they are.
impl From<Filter> for Vec<u8> {
    fn from(filter: Filter) -> Self {
        Self::from(&filter)
    }
}
