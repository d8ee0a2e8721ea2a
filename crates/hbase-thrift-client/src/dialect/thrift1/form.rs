//! How a row carries cells, which both readers of rows have to know.

/// How a row carries its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CellForm {
    Map,
    List,
}
