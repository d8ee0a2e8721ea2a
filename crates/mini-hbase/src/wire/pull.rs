//! What the two protocols have in common: a message as a sequence of heads, fields and numbers.

use std::io::Read;

use super::Unreadable;
use super::source::{Result, Source};

/// A type on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    I8,
    Double,
    I16,
    I32,
    I64,
    Text,
    Struct,
    Map,
    Set,
    List,
    Uuid,
}

/// What a message begins with.
pub(super) struct Head {
    /// At most [`MAX_NAME`] bytes.
    pub(super) name: Vec<u8>,
    pub(super) sequence: i32,
}

/// The longest name of a method; HBase's have at most 31 bytes.
const MAX_NAME: usize = 1 << 10;

/// A message in one of the protocols, read from its beginning to its end.
pub(super) trait Pull {
    type Input: Read;

    fn source(&mut self) -> &mut Source<Self::Input>;

    fn head(&mut self) -> Result<Head>;
    /// Enters a struct, and leaves it.
    fn begin(&mut self);
    fn end(&mut self);
    /// The next field's type and id, or `None` at the struct's end.
    fn field(&mut self) -> Result<Option<(Kind, i16)>>;
    /// The type of a list's or set's elements, and their number; any type if there are none.
    fn list(&mut self) -> Result<(Kind, usize)>;
    /// The types of a map's keys and values, and their number; any types if there are none.
    fn map(&mut self) -> Result<(Kind, Kind, usize)>;
    /// The length of a text.
    fn length(&mut self) -> Result<usize>;
    /// A number that is no more than its bytes: of a truth value, an integer or a double.
    fn number(&mut self, kind: Kind) -> Result<i64>;
}

/// Reads a method's name, of a length that was read before.
pub(super) fn name<R: Read>(source: &mut Source<R>, length: usize) -> Result<Vec<u8>> {
    if length > MAX_NAME {
        return Err(Unreadable::Malformed);
    }
    let mut name = vec![0; length];
    source.fill(&mut name)?;
    Ok(name)
}
