//! The hot path: finds rows and cells in a reply that is a list of rows.
//!
//! Where in a row its cells are is the interface's [`RowLayout`]. A reply that carries an exception
//! instead is found not to be rows, and how long it is.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::Range;

use super::cursor::{
    Cursor, Field, MAX_DEPTH, MessageKind, Step, Stop, WireProtocol, WireType, skip,
};
use super::{Extent, Malformed, Progress};
use crate::row::{BatchIndex, CellIndex, RowIndex, Span};

/// What came back for a call for rows.
#[derive(Debug)]
pub(crate) enum RowsReply {
    /// Rows: how long the message is, where its name is and its sequence number.
    Rows { length: usize, name: Range<usize>, sequence: i32 },
    /// A message of so many bytes with something else.
    Other { length: usize },
}

/// How an interface lays out a row: a struct with the key and the cells in it.
pub(crate) trait RowLayout {
    /// The ways in which a row carries its cells.
    type Form: Copy + PartialEq + Debug;

    /// The field of the row's key.
    const ROW_KEY: i16;

    /// Whether a reply may be one row, in no list.
    const MAY_STAND_ALONE: bool = false;

    /// Whether a row without key and cells says that there is none.
    const MAY_BE_ABSENT: bool = false;

    /// How this field of a row carries cells, and how many follow; `None` where it is another field.
    fn cells<P: WireProtocol>(
        cursor: &mut Cursor<'_>,
        field: Field,
    ) -> Step<Option<(Self::Form, usize)>>;

    /// A cell, laid out in any way.
    fn cell<P: WireProtocol>(cursor: &mut Cursor<'_>, form: Self::Form) -> Step<CellIndex>;

    /// Reads the first of `count` rows as long as they are whole and laid out as gateways do it;
    /// returns how many are left. Nothing here fails: the general decoder says what is wrong.
    fn usual_rows<P: WireProtocol>(
        cursor: &mut Cursor<'_>,
        count: usize,
        into: &mut BatchIndex,
    ) -> usize;

    /// As [`usual_rows`](Self::usual_rows), with a row's cells.
    fn usual_cells<P: WireProtocol>(
        cursor: &mut Cursor<'_>,
        form: Self::Form,
        count: usize,
        into: &mut Vec<CellIndex>,
    ) -> usize;
}

/// Decodes one reply; keeps its place between calls.
pub(crate) struct RowsDecoder<P, L: RowLayout> {
    stage: Stage<L::Form>,
    /// The index may take this many bytes.
    index_limit: usize,
    /// Nothing before it is looked at again.
    position: usize,
    rows_left: usize,
    cells_left: usize,
    row: RowIndex,
    row_field: i16,
    head: Option<(Range<usize>, i32)>,
    index: BatchIndex,
    other: Extent<P>,
    protocol: PhantomData<(P, L)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage<F> {
    Head,
    Rows,
    RowField,
    Cells(F),
    Tail,
    Other,
}

/// The field of a result that holds its value.
const RESULT_SUCCESS: i16 = 0;

impl<P: WireProtocol, L: RowLayout> RowsDecoder<P, L> {
    /// A decoder that fills `index`, which has to be empty, with at most `index_limit` bytes.
    pub(crate) fn new(index: BatchIndex, index_limit: usize) -> Self {
        Self {
            stage: Stage::Head,
            index_limit,
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
                    Progress::TooLarge => Progress::TooLarge,
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

    /// The index of all rows found, once the reply is decoded.
    pub(crate) fn take_index(&mut self) -> BatchIndex {
        std::mem::take(&mut self.index)
    }

    fn step(&mut self, cursor: &mut Cursor<'_>, bytes: &[u8]) -> Step<Option<RowsReply>> {
        match self.stage {
            Stage::Head => self.head(cursor)?,
            Stage::Rows => {
                self.check_size()?;
                self.rows(cursor);
            }
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
            Some(Field { id: RESULT_SUCCESS, wire_type: WireType::Struct, .. })
                if L::MAY_STAND_ALONE =>
            {
                self.head = Some((head.name, head.sequence));
                self.rows_left = 1;
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
        self.rows_left = L::usual_rows::<P>(cursor, self.rows_left, &mut self.index);
        self.begin_row();
        if self.stage == Stage::Rows {
            self.stage = Stage::RowField;
        }
    }

    fn row_field(&mut self, cursor: &mut Cursor<'_>, bytes: &[u8]) -> Step<()> {
        let mut last_id = self.row_field;
        let Some(field) = P::field(cursor, &mut last_id)? else {
            let first = self.row.first_cell as usize;
            let is_absent = self.row.key == Span::default() && first == self.index.cells.len();
            if !(L::MAY_BE_ABSENT && is_absent) {
                self.index.end_row(self.row.key, first, bytes);
            }
            self.rows_left -= 1;
            self.begin_row();
            return Ok(());
        };
        if field.id == L::ROW_KEY && field.wire_type == WireType::Bytes {
            self.row.key = P::bytes(cursor)?.into();
        } else if let Some((form, cells)) = L::cells::<P>(cursor, field)? {
            self.cells_left = cells;
            self.stage = Stage::Cells(form);
        } else {
            skip_field::<P>(cursor, field)?;
        }
        self.row_field = last_id;
        Ok(())
    }

    fn cells(&mut self, cursor: &mut Cursor<'_>, form: L::Form) -> Step<()> {
        loop {
            self.check_size()?;
            let cells = &mut self.index.cells;
            self.cells_left = L::usual_cells::<P>(cursor, form, self.cells_left, cells);
            if self.cells_left == 0 {
                self.stage = Stage::RowField;
                return Ok(());
            }
            self.position = cursor.position();
            cells.push(L::cell::<P>(cursor, form)?);
            self.cells_left -= 1;
        }
    }

    /// A cell without column and value takes a byte or two of a reply, and many more of an index.
    fn check_size(&self) -> Step<()> {
        if self.index.size() > self.index_limit { Err(Stop::TooLarge) } else { Ok(()) }
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

/// Passes over a field that is of no use here.
#[cold]
pub(crate) fn skip_field<P: WireProtocol>(cursor: &mut Cursor<'_>, field: Field) -> Step<()> {
    if field.inline { Ok(()) } else { skip::<P>(cursor, field.wire_type, MAX_DEPTH) }
}
