//! The hot path: finds rows and cells in a reply that is a list of rows.
//!
//! Which exception a reply carries instead is left to the caller: it is found to be none of rows,
//! and its extent is told.

use std::marker::PhantomData;
use std::ops::Range;

use super::cursor::{
    Cursor, Field, MAX_DEPTH, MessageKind, Step, Stop, WireProtocol, WireType, skip,
};
use super::usual::Form;
use super::{Extent, Malformed, Progress};
use crate::row::{BatchIndex, CellIndex, RowIndex, Span};

/// What a call for rows was answered with.
#[derive(Debug)]
pub(crate) enum RowsReply {
    /// Rows: how long the message is, where its name is and its sequence number.
    Rows { length: usize, name: Range<usize>, sequence: i32 },
    /// A message of so many bytes with something else.
    Other { length: usize },
}

/// Decodes one reply; keeps its place between calls.
pub(crate) struct RowsDecoder<P> {
    stage: Stage,
    /// Nothing before it is looked at again.
    position: usize,
    rows_left: usize,
    cells_left: usize,
    row: RowIndex,
    row_field: i16,
    head: Option<(Range<usize>, i32)>,
    index: BatchIndex,
    other: Extent<P>,
    protocol: PhantomData<P>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Head,
    Rows,
    RowField,
    Cells(Form),
    Tail,
    Other,
}

// Field ids of the interface.
const RESULT_SUCCESS: i16 = 0;
const ROW_KEY: i16 = 1;
const ROW_COLUMNS: i16 = 2;
const ROW_SORTED_COLUMNS: i16 = 3;
const COLUMN_NAME: i16 = 1;
const COLUMN_CELL: i16 = 2;
const CELL_VALUE: i16 = 1;
const CELL_TIMESTAMP: i16 = 2;

impl<P: WireProtocol> RowsDecoder<P> {
    /// A decoder that fills `index`, which has to be empty.
    pub(crate) fn new(index: BatchIndex) -> Self {
        Self {
            stage: Stage::Head,
            position: 0,
            rows_left: 0,
            cells_left: 0,
            row: RowIndex::default(),
            row_field: 0,
            head: None,
            index,
            other: Extent::new(),
            protocol: PhantomData,
        }
    }

    /// Takes all bytes of the message that are there.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<Progress<RowsReply>, Malformed> {
        loop {
            if self.stage == Stage::Other {
                return Ok(match self.other.advance(bytes)? {
                    Progress::Done(length) => Progress::Done(RowsReply::Other { length }),
                    Progress::Need(missing) => Progress::Need(missing),
                });
            }
            let mut cursor = Cursor::new(bytes, self.position);
            match self.step(&mut cursor, bytes) {
                Ok(None) => self.position = cursor.position(),
                Ok(Some(reply)) => return Ok(Progress::Done(reply)),
                Err(stop) => return Progress::from_stop(stop),
            }
        }
    }

    /// The index of all rows found.
    pub(crate) fn into_index(self) -> BatchIndex {
        self.index
    }

    fn step(&mut self, cursor: &mut Cursor<'_>, bytes: &[u8]) -> Step<Option<RowsReply>> {
        match self.stage {
            Stage::Head => self.head(cursor)?,
            Stage::Rows => self.rows(cursor),
            Stage::RowField => self.row_field(cursor, bytes)?,
            Stage::Cells(form) => self.cells(cursor, form)?,
            Stage::Tail => return self.tail(cursor).map(Some),
            Stage::Other => {}
        }
        Ok(None)
    }

    fn head(&mut self, cursor: &mut Cursor<'_>) -> Step<()> {
        let head = P::message(cursor)?;
        let field = match head.kind {
            MessageKind::Exception => None,
            MessageKind::Reply => P::field(cursor, &mut 0)?,
        };
        match field {
            Some(Field { id: RESULT_SUCCESS, wire_type: WireType::List, .. }) => {
                let (element, rows) = P::list(cursor)?;
                if element != WireType::Struct && rows > 0 {
                    return Err(Stop::Bad("a list of something that is no row"));
                }
                self.head = Some((head.name, head.sequence));
                self.rows_left = rows;
                self.begin_row();
            }
            _ => self.stage = Stage::Other,
        }
        Ok(())
    }

    fn begin_row(&mut self) {
        self.row = RowIndex { first_cell: self.index.cells.len() as u32, ..RowIndex::default() };
        self.row_field = 0;
        self.stage = if self.rows_left == 0 { Stage::Tail } else { Stage::Rows };
    }

    /// The rows that need no closer look, up to one that does or hasn't come whole.
    fn rows(&mut self, cursor: &mut Cursor<'_>) {
        self.rows_left = P::usual_rows(cursor, self.rows_left, &mut self.index);
        self.begin_row();
        if self.stage == Stage::Rows {
            self.stage = Stage::RowField;
        }
    }

    fn row_field(&mut self, cursor: &mut Cursor<'_>, bytes: &[u8]) -> Step<()> {
        let mut last_id = self.row_field;
        let Some(field) = P::field(cursor, &mut last_id)? else {
            self.index.end_row(self.row.key, self.row.first_cell as usize, bytes);
            self.rows_left -= 1;
            self.begin_row();
            return Ok(());
        };
        match (field.id, field.wire_type) {
            (ROW_KEY, WireType::Bytes) => self.row.key = P::bytes(cursor)?.into(),
            (ROW_COLUMNS, WireType::Map) => {
                let (key, value, cells) = P::map(cursor)?;
                if cells > 0 && (key, value) != (WireType::Bytes, WireType::Struct) {
                    return Err(Stop::Bad("a map of something that is no cell"));
                }
                self.cells_left = cells;
                self.stage = Stage::Cells(Form::Map);
            }
            (ROW_SORTED_COLUMNS, WireType::List) => {
                let (element, cells) = P::list(cursor)?;
                if cells > 0 && element != WireType::Struct {
                    return Err(Stop::Bad("a list of something that is no column"));
                }
                self.cells_left = cells;
                self.stage = Stage::Cells(Form::List);
            }
            _ => skip_field::<P>(cursor, field)?,
        }
        self.row_field = last_id;
        Ok(())
    }

    fn cells(&mut self, cursor: &mut Cursor<'_>, form: Form) -> Step<()> {
        loop {
            let cells = &mut self.index.cells;
            self.cells_left = P::usual_cells(cursor, form, self.cells_left, cells);
            if self.cells_left == 0 {
                self.stage = Stage::RowField;
                return Ok(());
            }
            self.position = cursor.position();
            cells.push(unusual_cell::<P>(cursor, form)?);
            self.cells_left -= 1;
        }
    }

    fn tail(&mut self, cursor: &mut Cursor<'_>) -> Step<RowsReply> {
        let mut last_id = RESULT_SUCCESS;
        while let Some(field) = P::field(cursor, &mut last_id)? {
            skip_field::<P>(cursor, field)?;
        }
        let (name, sequence) = self.head.clone().ok_or(Stop::Bad("rows before their head"))?;
        Ok(RowsReply::Rows { length: cursor.position(), name, sequence })
    }
}

/// A cell and its column, laid out in any way.
fn unusual_cell<P: WireProtocol>(cursor: &mut Cursor<'_>, form: Form) -> Step<CellIndex> {
    match form {
        Form::Map => {
            let column = P::bytes(cursor)?.into();
            let (value, timestamp) = cell::<P>(cursor)?;
            Ok(CellIndex { column, value, timestamp })
        }
        Form::List => column::<P>(cursor),
    }
}

/// A `TColumn`.
fn column<P: WireProtocol>(cursor: &mut Cursor<'_>) -> Step<CellIndex> {
    let mut index = CellIndex { column: Span::default(), value: Span::default(), timestamp: 0 };
    let mut last_id = 0;
    while let Some(field) = P::field(cursor, &mut last_id)? {
        match (field.id, field.wire_type) {
            (COLUMN_NAME, WireType::Bytes) => index.column = P::bytes(cursor)?.into(),
            (COLUMN_CELL, WireType::Struct) => {
                (index.value, index.timestamp) = cell::<P>(cursor)?;
            }
            _ => skip_field::<P>(cursor, field)?,
        }
    }
    Ok(index)
}

/// A `TCell`.
#[inline]
fn cell<P: WireProtocol>(cursor: &mut Cursor<'_>) -> Step<(Span, i64)> {
    let mut value = Span::default();
    let mut timestamp = 0;
    let mut last_id = 0;
    while let Some(field) = P::field(cursor, &mut last_id)? {
        match (field.id, field.wire_type) {
            (CELL_VALUE, WireType::Bytes) => value = P::bytes(cursor)?.into(),
            (CELL_TIMESTAMP, WireType::I64) => timestamp = P::i64(cursor)?,
            _ => skip_field::<P>(cursor, field)?,
        }
    }
    Ok((value, timestamp))
}

#[cold]
fn skip_field<P: WireProtocol>(cursor: &mut Cursor<'_>, field: Field) -> Step<()> {
    if field.inline { Ok(()) } else { skip::<P>(cursor, field.wire_type, MAX_DEPTH) }
}
