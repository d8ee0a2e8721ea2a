//! Rows as views into the reply that brought them.
//!
//! A batch owns one buffer with the reply's bytes and an index of offsets into it; a [`Row`] is a
//! cheap handle on the batch. Filling the index is left to the decoder in `wire`.

mod batch;
mod column;
mod order;
mod owned;
mod read;
mod rows;
mod value;

pub use batch::RowBatch;
pub(crate) use batch::{BatchIndex, CellIndex, Recycler, RowIndex, Span};
pub use column::Column;
pub use owned::{OwnedCell, OwnedRow};
pub use read::FromRow;
pub use rows::RowBatchIter;
#[cfg(feature = "json")]
pub use value::Json;
pub use value::{FromCell, ToCell};

use std::fmt;
use std::sync::Arc;

use batch::BatchMemory;

/// One row of a reply: its key and its cells, as slices into the reply's bytes.
///
/// Cloning is cheap. A row keeps the memory of its whole batch (by default the reply to one
/// request); where a few rows are to be kept for long, take them out with
/// [`to_owned_row`](Self::to_owned_row).
///
/// Columns are named as HBase's Thrift interface names them: `family:qualifier`, as bytes.
///
/// ```no_run
/// # use hbase_thrift_client::Get;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// if let Some(row) = client.table("crashes").get(&Get::new("row1"))? {
///     println!("{}: {:?} of {} cells", row.key().escape_ascii(), row.get("ids:ooid"), row.len());
///     if let Some(cell) = row.cell("flags:processed") {
///         println!("{} since {}", cell.value().escape_ascii(), cell.timestamp());
///     }
///     for cell in row.cells() {
///         println!("{} = {}", cell.column(), cell.value().escape_ascii());
///     }
///     assert!(!row.is_empty());
///     // Kept for long, without the memory of the reply.
///     let kept = row.to_owned_row();
///     println!("{} cells", kept.cells.len());
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone)]
pub struct Row {
    batch: Arc<BatchMemory>,
    index: u32,
    /// Cells at the front that belong to an earlier part of a split row.
    skipped: u32,
}

/// One cell: a column's value and the time of its version.
///
/// ```
/// use hbase_thrift_client::Cell;
///
/// fn line(cell: Cell<'_>) -> String {
///     let (family, qualifier) = (cell.family().escape_ascii(), cell.qualifier().escape_ascii());
///     let value = String::from_utf8_lossy(cell.value());
///     format!("{family}:{qualifier} @{} = {value} ({})", cell.timestamp(), cell.column().len())
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    column: Column<'a>,
    value: &'a [u8],
    timestamp: i64,
}

impl Row {
    /// The row key.
    #[inline]
    pub fn key(&self) -> &[u8] {
        self.batch.slice(self.row_index().key)
    }

    /// The value of a column (`family:qualifier`), or `None` where the row was read without it; of
    /// several versions the newest.
    pub fn get(&self, column: impl AsRef<[u8]>) -> Option<&[u8]> {
        self.cell(column).map(|cell| cell.value)
    }

    /// A column's cell, with its timestamp.
    pub fn cell(&self, column: impl AsRef<[u8]>) -> Option<Cell<'_>> {
        let (column, message) = (Column::parse(column.as_ref()), self.batch.message());
        let cells = self.cell_indexes();
        let mut found = cells.binary_search_by(|cell| cell.column(message).cmp(&column)).ok()?;
        if found > 0 && cells[found - 1].column(message) == column {
            // One of several versions.
            found = cells[..found].partition_point(|cell| cell.column(message) < column);
        }
        Some(cells[found].view(message))
    }

    /// The versions of a column that were read, newest first: one, unless more were
    /// [asked for](crate::Get::max_versions).
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, Get};
    /// # let client = Client::connect("hbase://localhost/?interface=2")?;
    /// if let Some(row) = client.table("crashes").get(&Get::new("row1").max_versions(3))? {
    ///     for version in row.versions("flags:processed") {
    ///         println!("{}: {}", version.timestamp(), version.value().escape_ascii());
    ///     }
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn versions(&self, column: impl AsRef<[u8]>) -> impl ExactSizeIterator<Item = Cell<'_>> {
        let (column, message) = (Column::parse(column.as_ref()), self.batch.message());
        let cells = self.cell_indexes();
        let first = cells.partition_point(|cell| cell.column(message) < column);
        let rest = &cells[first..];
        let length = rest.partition_point(|cell| cell.column(message) == column);
        rest[..length].iter().map(|cell| cell.view(message))
    }

    /// All cells in HBase's order: by family, then by qualifier, and versions newest first.
    #[inline]
    pub fn cells(&self) -> impl ExactSizeIterator<Item = Cell<'_>> + DoubleEndedIterator {
        let message = self.batch.message();
        self.cell_indexes().iter().map(|cell| cell.view(message))
    }

    /// The cells of a column family, in the order of their qualifiers.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, Get};
    /// # let client = Client::connect("hbase://localhost")?;
    /// if let Some(row) = client.table("crashes").get(&Get::new("row1"))? {
    ///     for cell in row.family("ids") {
    ///         println!("{}", cell.qualifier().escape_ascii());
    ///     }
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn family(&self, family: impl AsRef<[u8]>) -> impl ExactSizeIterator<Item = Cell<'_>> {
        let (family, message) = (family.as_ref(), self.batch.message());
        let cells = self.cell_indexes();
        let first = cells.partition_point(|cell| cell.column(message).family() < family);
        let rest = &cells[first..];
        let length = rest.partition_point(|cell| cell.column(message).family() == family);
        rest[..length].iter().map(|cell| cell.view(message))
    }

    /// How many cells the row has.
    pub fn len(&self) -> usize {
        self.cell_indexes().len()
    }

    /// Whether the row has no cells. HBase has no such rows; filters such as `KeyOnlyFilter` leave
    /// the cells and empty their values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy that owns its bytes and no longer holds the batch.
    pub fn to_owned_row(&self) -> OwnedRow {
        OwnedRow::from(self)
    }

    /// The name of the row's last column; empty if it has none.
    pub(crate) fn last_column(&self) -> Vec<u8> {
        self.cells().next_back().map(|cell| cell.column().to_vec()).unwrap_or_default()
    }

    /// The row from its first cell on that comes after a column; `None` where none does.
    pub(crate) fn after_column(&self, column: &[u8]) -> Option<Self> {
        let (column, message) = (Column::parse(column), self.batch.message());
        let cells = self.cell_indexes();
        let before = cells.partition_point(|cell| cell.column(message) <= column);
        let skipped = self.skipped + before as u32;
        (before < cells.len()).then(|| Self { skipped, ..self.clone() })
    }

    #[inline]
    fn row_index(&self) -> RowIndex {
        self.batch.row(self.index)
    }

    #[inline]
    fn cell_indexes(&self) -> &[CellIndex] {
        &self.batch.cells(self.row_index())[self.skipped as usize..]
    }
}

impl CellIndex {
    /// The cell in the message that the index is of.
    #[inline]
    fn view(self, message: &[u8]) -> Cell<'_> {
        let Self { value, timestamp, .. } = self;
        Cell { column: self.column(message), value: value.of(message), timestamp }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("key", &self.key().escape_ascii().to_string())
            .field("cells", &self.cells().collect::<Vec<_>>())
            .finish()
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key() && self.cells().eq(other.cells())
    }
}

impl Eq for Row {}

impl<'a> Cell<'a> {
    /// The column, which is compared with and shown as `family:qualifier`.
    #[inline]
    pub fn column(&self) -> Column<'a> {
        self.column
    }

    /// The column family.
    #[inline]
    pub fn family(&self) -> &'a [u8] {
        self.column.family()
    }

    /// The qualifier; may be empty, and may contain colons.
    #[inline]
    pub fn qualifier(&self) -> &'a [u8] {
        self.column.qualifier()
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> &'a [u8] {
        self.value
    }

    /// The version's time in milliseconds since 1970, as server or writer set it.
    #[inline]
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }
}

impl fmt::Debug for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value.escape_ascii();
        write!(f, "{} @{} = \"{value}\"", self.column, self.timestamp)
    }
}
