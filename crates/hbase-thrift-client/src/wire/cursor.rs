//! Reading positions in a slice, and what the two protocols have in common.

use std::ops::Range;

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// At least so many bytes are missing.
    Need(usize),
    /// No further byte can repair it.
    Bad(&'static str),
    /// What was found would take more memory than it may.
    TooLarge,
}

pub(crate) type Step<T> = Result<T, Stop>;

/// The types of Thrift, `Stop` excepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireType {
    Bool,
    I8,
    I16,
    I32,
    I64,
    Double,
    Bytes,
    Struct,
    Map,
    List,
    Uuid,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageKind {
    Reply,
    Exception,
}

/// The head of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageHead {
    pub(crate) kind: MessageKind,
    pub(crate) name: Range<usize>,
    pub(crate) sequence: i32,
}

/// The head of a field; `inline` says that the value is in the head (compact booleans).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) id: i16,
    pub(crate) wire_type: WireType,
    pub(crate) inline: bool,
}

/// One of Thrift's protocols, as far as reading replies goes.
///
/// Every step moves the cursor only when it succeeds as a whole is NOT promised: callers keep the
/// position they may go on from.
pub(crate) trait WireProtocol {
    /// Whether numbers have a fixed size, so that a layout can be recognised by its bytes.
    const HAS_FIXED_SIZES: bool;

    fn message(cursor: &mut Cursor<'_>) -> Step<MessageHead>;
    /// The next field's head, or `None` at the end of the struct.
    fn field(cursor: &mut Cursor<'_>, last_id: &mut i16) -> Step<Option<Field>>;
    fn list(cursor: &mut Cursor<'_>) -> Step<(WireType, usize)>;
    /// Key type, value type and count; the types mean nothing when the count is 0.
    fn map(cursor: &mut Cursor<'_>) -> Step<(WireType, WireType, usize)>;
    /// How long a text is, of which the bytes follow.
    fn length(cursor: &mut Cursor<'_>) -> Step<usize>;
    #[inline]
    fn bytes(cursor: &mut Cursor<'_>) -> Step<Range<usize>> {
        let length = Self::length(cursor)?;
        cursor.take(length)
    }
    fn i64(cursor: &mut Cursor<'_>) -> Step<i64>;
    /// Passes over a number, a boolean in a container, or a UUID.
    fn skip_scalar(cursor: &mut Cursor<'_>, wire_type: WireType) -> Step<()>;
}

/// A position in the bytes read so far.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Step<u8> {
        let byte = *self.bytes.get(self.position).ok_or(Stop::Need(1))?;
        self.position += 1;
        Ok(byte)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        match self.bytes.get(self.position..).and_then(|rest| rest.first_chunk::<N>()) {
            Some(array) => {
                self.position += N;
                Ok(*array)
            }
            None => Err(self.missing(N)),
        }
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// All that is there after the position.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn move_to(&mut self, position: usize) {
        self.position = position;
    }

    /// Passes over `length` bytes and says where they are.
    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> Step<Range<usize>> {
        if self.bytes.len() - self.position < length {
            return Err(self.missing(length));
        }
        let start = self.position;
        self.position += length;
        Ok(start..self.position)
    }

    #[cold]
    fn missing(&self, length: usize) -> Stop {
        Stop::Need(length - (self.bytes.len() - self.position))
    }
}

/// Structs and containers within each other, at most: HBase's replies have five levels.
pub(crate) const MAX_DEPTH: usize = 16;

/// Passes over one value of any type; for fields that this crate does not know.
pub(crate) fn skip<P: WireProtocol>(
    cursor: &mut Cursor<'_>,
    wire_type: WireType,
    depth: usize,
) -> Step<()> {
    if depth == 0 {
        return Err(Stop::Bad("structs nested too deeply"));
    }
    match wire_type {
        WireType::Bytes => P::bytes(cursor).map(drop),
        WireType::Struct => {
            let mut last_id = 0;
            while let Some(field) = P::field(cursor, &mut last_id)? {
                if !field.inline {
                    skip::<P>(cursor, field.wire_type, depth - 1)?;
                }
            }
            Ok(())
        }
        WireType::List => {
            let (element, count) = P::list(cursor)?;
            (0..count).try_for_each(|_| skip::<P>(cursor, element, depth - 1))
        }
        WireType::Map => {
            let (key, value, count) = P::map(cursor)?;
            (0..count).try_for_each(|_| {
                skip::<P>(cursor, key, depth - 1)?;
                skip::<P>(cursor, value, depth - 1)
            })
        }
        scalar => P::skip_scalar(cursor, scalar),
    }
}
