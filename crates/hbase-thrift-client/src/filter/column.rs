//! Filters that look at one column and decide on others, with the options they have.

use super::{Comparator, Filter};

/// Whole rows, on the condition that the value of one column passes (`SingleColumnValueFilter`).
///
/// A row without the column passes, as in HBase, unless
/// [`filter_if_missing`](Self::filter_if_missing) says otherwise. A scan that names its columns has
/// to name this one too, or every row lacks it.
///
/// ```
/// use hbase_thrift_client::{Comparator, CompareOp, Scan, SingleColumnValue};
///
/// let firefox = SingleColumnValue::new("meta", "product", Comparator::binary(CompareOp::Equal, "Firefox"))
///     .filter_if_missing();
/// let scan = Scan::new().filter(firefox);
/// # let _ = scan;
/// ```
///
/// ```
/// use hbase_thrift_client::{Comparator, CompareOp, SingleColumnValue};
///
/// let done = Comparator::binary(CompareOp::Equal, "done");
/// let ever_done = SingleColumnValue::new("state", "s", done).any_version().exclude_column();
/// # let _ = ever_done;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleColumnValue {
    pub(super) family: Vec<u8>,
    pub(super) qualifier: Vec<u8>,
    pub(super) comparator: Comparator,
    pub(super) filter_if_missing: bool,
    pub(super) latest_version_only: bool,
    pub(super) exclude_column: bool,
}

impl SingleColumnValue {
    /// Rows whose newest value of this column passes, and rows without the column.
    pub fn new(
        family: impl Into<Vec<u8>>,
        qualifier: impl Into<Vec<u8>>,
        comparator: Comparator,
    ) -> Self {
        Self {
            family: family.into(),
            qualifier: qualifier.into(),
            comparator,
            filter_if_missing: false,
            latest_version_only: true,
            exclude_column: false,
        }
    }

    /// A row without the column does not pass (`setFilterIfMissing(true)`).
    pub fn filter_if_missing(mut self) -> Self {
        self.filter_if_missing = true;
        self
    }

    /// A row passes if any version of the column does that the scan sees, not only the newest
    /// (`setLatestVersionOnly(false)`).
    pub fn any_version(mut self) -> Self {
        self.latest_version_only = false;
        self
    }

    /// The column itself is left out of the rows that pass (`SingleColumnValueExcludeFilter`).
    #[doc(alias = "SingleColumnValueExcludeFilter")]
    pub fn exclude_column(mut self) -> Self {
        self.exclude_column = true;
        self
    }
}

/// The filter in HBase's filter language.
impl From<SingleColumnValue> for Vec<u8> {
    fn from(filter: SingleColumnValue) -> Self {
        Filter::from(filter).into()
    }
}

/// Cells that have the same timestamp as a cell of one column in their row
/// (`DependentColumnFilter`).
///
/// ```
/// use hbase_thrift_client::{Comparator, CompareOp, DependentColumn, Filter};
///
/// let written_with_state = DependentColumn::new("state", "s").drop_column();
/// let written_when_done = DependentColumn::new("state", "s")
///     .value(Comparator::binary(CompareOp::Equal, "done"));
/// let times = Filter::column_prefix("time_").and(written_when_done);
/// # let _ = (written_with_state, times);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependentColumn {
    pub(super) family: Vec<u8>,
    pub(super) qualifier: Vec<u8>,
    pub(super) drop_column: bool,
    pub(super) comparator: Option<Comparator>,
}

impl DependentColumn {
    /// Cells with a timestamp that this column has too, its own among them.
    pub fn new(family: impl Into<Vec<u8>>, qualifier: impl Into<Vec<u8>>) -> Self {
        let (family, qualifier) = (family.into(), qualifier.into());
        Self { family, qualifier, drop_column: false, comparator: None }
    }

    /// The column's own cells are left out (`dropDependentColumn`).
    pub fn drop_column(mut self) -> Self {
        self.drop_column = true;
        self
    }

    /// Only those of the column's cells count whose value passes.
    pub fn value(mut self, comparator: Comparator) -> Self {
        self.comparator = Some(comparator);
        self
    }
}

/// The filter in HBase's filter language.
impl From<DependentColumn> for Vec<u8> {
    fn from(filter: DependentColumn) -> Self {
        Filter::from(filter).into()
    }
}
