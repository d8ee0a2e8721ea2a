//! The results of a fetch, gathered in a few buffers and written straight into the reply.
//!
//! A result as the generated code has it takes an allocation for each key, name, value and map; a
//! scan of small rows would spend half of its time on them.

use std::collections::BTreeMap;
use std::ops::Range;

use thrift::protocol::{
    TFieldIdentifier, TListIdentifier, TMapIdentifier, TOutputProtocol, TStructIdentifier, TType,
};

use crate::model::{Row, Table};

/// Results in their order.
#[derive(Default)]
pub(crate) struct Page {
    /// Whether columns go into the result's list instead of its map.
    sorted: bool,
    bytes: Vec<u8>,
    rows: Vec<Entry>,
    cells: Vec<PageColumn>,
}

struct Entry {
    key: Range<usize>,
    cells: Range<usize>,
}

struct PageColumn {
    name: Range<usize>,
    timestamp: i64,
    value: Range<usize>,
}

impl Page {
    pub(super) fn new(sorted: bool) -> Self {
        Self { sorted, ..Self::default() }
    }

    /// Adds some cells of a row as a result.
    pub(super) fn push(&mut self, table: &Table, row: &Row, cells: Range<usize>) {
        let key = self.add(&row.key);
        let first = self.cells.len();
        for cell in row.cells().skip(cells.start).take(cells.len()) {
            let family = table.families.get(usize::from(cell.family));
            let start = self.bytes.len();
            self.bytes.extend(family.map(|family| family.name.as_slice()).unwrap_or_default());
            self.bytes.push(b':');
            self.bytes.extend_from_slice(cell.qualifier);
            let name = start..self.bytes.len();
            let value = self.add(cell.value);
            self.cells.push(PageColumn { name, timestamp: cell.timestamp, value });
        }
        self.rows.push(Entry { key, cells: first..self.cells.len() });
    }

    fn add(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    /// Writes the result of a method that returns it, as the generated code would.
    pub(crate) fn write(&self, output: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        output.write_struct_begin(&TStructIdentifier::new("result"))?;
        output.write_field_begin(&TFieldIdentifier::new("result_value", TType::List, 0))?;
        output.write_list_begin(&TListIdentifier::new(TType::Struct, length(self.rows.len())?))?;
        for row in &self.rows {
            self.write_row(row, output)?;
        }
        output.write_list_end()?;
        output.write_field_end()?;
        output.write_field_stop()?;
        output.write_struct_end()
    }

    fn write_row(&self, row: &Entry, output: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        output.write_struct_begin(&TStructIdentifier::new("TRowResult"))?;
        output.write_field_begin(&TFieldIdentifier::new("row", TType::String, 1))?;
        output.write_bytes(&self.bytes[row.key.clone()])?;
        output.write_field_end()?;
        let columns = &self.cells[row.cells.clone()];
        if self.sorted {
            self.write_list(columns, output)?;
        } else {
            self.write_map(columns, output)?;
        }
        output.write_field_stop()?;
        output.write_struct_end()
    }

    fn write_list(
        &self,
        columns: &[PageColumn],
        output: &mut dyn TOutputProtocol,
    ) -> thrift::Result<()> {
        output.write_field_begin(&TFieldIdentifier::new("sortedColumns", TType::List, 3))?;
        output.write_list_begin(&TListIdentifier::new(TType::Struct, length(columns.len())?))?;
        for column in columns {
            output.write_struct_begin(&TStructIdentifier::new("TColumn"))?;
            output.write_field_begin(&TFieldIdentifier::new("columnName", TType::String, 1))?;
            output.write_bytes(&self.bytes[column.name.clone()])?;
            output.write_field_end()?;
            output.write_field_begin(&TFieldIdentifier::new("cell", TType::Struct, 2))?;
            self.write_cell(column, output)?;
            output.write_field_end()?;
            output.write_field_stop()?;
            output.write_struct_end()?;
        }
        output.write_list_end()?;
        output.write_field_end()
    }

    fn write_map(
        &self,
        columns: &[PageColumn],
        output: &mut dyn TOutputProtocol,
    ) -> thrift::Result<()> {
        // Of one column that is there twice, the map has the last.
        let is_twice = |pair: &[PageColumn]| self.name(&pair[0]) == self.name(&pair[1]);
        let unique: BTreeMap<&[u8], &PageColumn>;
        let columns: Box<dyn ExactSizeIterator<Item = &PageColumn>> =
            if columns.windows(2).any(is_twice) {
                unique = columns.iter().map(|column| (self.name(column), column)).collect();
                Box::new(unique.values().copied())
            } else {
                Box::new(columns.iter())
            };
        output.write_field_begin(&TFieldIdentifier::new("columns", TType::Map, 2))?;
        let count = length(columns.len())?;
        output.write_map_begin(&TMapIdentifier::new(TType::String, TType::Struct, count))?;
        for column in columns {
            output.write_bytes(self.name(column))?;
            self.write_cell(column, output)?;
        }
        output.write_map_end()?;
        output.write_field_end()
    }

    fn write_cell(
        &self,
        column: &PageColumn,
        output: &mut dyn TOutputProtocol,
    ) -> thrift::Result<()> {
        output.write_struct_begin(&TStructIdentifier::new("TCell"))?;
        output.write_field_begin(&TFieldIdentifier::new("value", TType::String, 1))?;
        output.write_bytes(&self.bytes[column.value.clone()])?;
        output.write_field_end()?;
        output.write_field_begin(&TFieldIdentifier::new("timestamp", TType::I64, 2))?;
        output.write_i64(column.timestamp)?;
        output.write_field_end()?;
        output.write_field_stop()?;
        output.write_struct_end()
    }

    fn name(&self, column: &PageColumn) -> &[u8] {
        &self.bytes[column.name.clone()]
    }
}

fn length(length: usize) -> thrift::Result<i32> {
    i32::try_from(length).map_err(|_| "more elements than a message can have".into())
}
