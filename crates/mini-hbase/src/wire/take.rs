//! Takes a message from a stream, within the server's memory, and leaves in it what the generated
//! code can read: known fields of the right type, all of them.
//!
//! - A field that the interface doesn't know, or of another type, is passed over, as the gateway's
//!   Java does it.
//! - An argument that isn't there is put in as empty or zero, where that means the same to the method:
//!   dynamic languages leave out what is null. Where the gateway's Java can't do without, the call is
//!   refused.
//! - A message for which there is no memory is passed over to its end and refused, so that the
//!   connection stays in step.
//!
//! What is kept is in the binary protocol, whatever came.

use thrift::protocol::{TMessageIdentifier, TMessageType};

use super::pull::{Kind, Pull};
use super::schema::{self, Lack, Struct, Type};
use super::source::Result;
use super::{Interface, Message, Refusal, Unreadable};
use crate::budget::Share;

/// How deep structs and containers may lie in each other, as Thrift's libraries have it.
const MAX_DEPTH: usize = 64;
/// A text arrives in pieces of this size, so that memory grows with what came.
const PIECE: usize = 64 << 10;
/// What an element that is no struct takes at most when it is decoded, beside its bytes.
const ELEMENT: usize = 192;
const TEXT: usize = 64;
/// The bytes of a text's length.
const LENGTH: usize = 4;
/// How often a text is copied on its way to the storage.
const COPIES: usize = 2;

/// Takes one message.
pub(super) fn message<P: Pull>(
    pull: &mut P,
    interface: Interface,
    share: &Share,
) -> Result<Message> {
    let head = pull.head()?;
    let name = String::from_utf8(head.name).map_err(|_| Unreadable::Malformed)?;
    let known = schema::arguments(interface, name.as_bytes());
    let refusal = known.is_none().then_some(Refusal::UnknownMethod);
    let mut take = Take { pull, share, bytes: Vec::new(), refusal };
    take.keep(&[0x80, 1, 0, TMessageType::Call.into()]);
    take.keep(&(name.len() as u32).to_be_bytes());
    take.keep(name.as_bytes());
    take.keep(&head.sequence.to_be_bytes());
    take.structure(known, 0, true)?;
    let Take { bytes, refusal, .. } = take;
    let call = TMessageIdentifier::new(name, TMessageType::Call, head.sequence);
    Ok(Message { call, bytes, refusal, is_last: false })
}

struct Take<'a, P> {
    pull: &'a mut P,
    share: &'a Share,
    bytes: Vec<u8>,
    /// From here on nothing is kept.
    refusal: Option<Refusal>,
}

impl<P: Pull> Take<'_, P> {
    /// A struct whose fields are passed over if it isn't known.
    fn structure(
        &mut self,
        known: Option<&'static Struct>,
        depth: usize,
        is_complete: bool,
    ) -> Result<()> {
        let depth = deeper(depth)?;
        let mut seen = 0_u32;
        self.pull.begin();
        while let Some((kind, id)) = self.pull.field()? {
            match known.and_then(|known| known.field(id)) {
                Some(Type::Enum(values)) if kind == Kind::I32 => {
                    let number = self.pull.number(kind)? as i32;
                    if values.contains(&number) {
                        seen |= 1 << id;
                        self.keep_field(kind, id);
                        self.keep(&number.to_be_bytes());
                    }
                }
                Some(expected) if expected.kind() == kind => {
                    seen |= 1 << id;
                    self.keep_field(kind, id);
                    self.value(expected, depth)?;
                }
                _ => self.pass(kind, depth)?,
            }
        }
        self.pull.end();
        if let Some(lack) = known.and_then(|known| known.lack(seen))
            && self.refusal.is_none()
        {
            self.refuse(match lack {
                Lack::Needed => Refusal::Incomplete,
                Lack::Required(field, structure) => Refusal::Missing { field, structure },
                Lack::Union => Refusal::NoUnion,
            });
        }
        if is_complete && let Some(known) = known {
            for (id, expected) in known.fields.iter().filter(|(id, _)| seen & (1 << id) == 0) {
                self.keep_field(expected.kind(), *id);
                match known.default(*id) {
                    Some(bytes) => self.keep(bytes),
                    None => self.default(expected),
                }
            }
        }
        self.keep(&[0]);
        Ok(())
    }

    fn value(&mut self, expected: &'static Type, depth: usize) -> Result<()> {
        match expected {
            Type::Bool => {
                let number = self.pull.number(Kind::Bool)?;
                self.keep(&[u8::from(number != 0)]);
            }
            Type::I8 => {
                let number = self.pull.number(Kind::I8)?;
                self.keep(&(number as i8).to_be_bytes());
            }
            Type::I16 => {
                let number = self.pull.number(Kind::I16)?;
                self.keep(&(number as i16).to_be_bytes());
            }
            Type::I32 | Type::Enum(_) => {
                let number = self.pull.number(Kind::I32)?;
                self.keep(&(number as i32).to_be_bytes());
            }
            Type::I64 => {
                let number = self.pull.number(Kind::I64)?;
                self.keep(&number.to_be_bytes());
            }
            Type::Text => self.text()?,
            Type::String => {
                let from = self.bytes.len();
                self.text()?;
                make_readable(self.bytes.get_mut(from + LENGTH..).unwrap_or_default());
            }
            Type::Struct(known) => self.structure(Some(known), depth, false)?,
            Type::List(element) | Type::Set(element) => {
                let (kind, size) = self.pull.list()?;
                self.pull.source().expect(size)?;
                self.check(element.kind(), kind, size);
                self.keep(&[code(element.kind())]);
                self.keep(&(size as u32).to_be_bytes());
                let depth = deeper(depth)?;
                for _ in 0..size {
                    self.pay(memory(element));
                    self.element(element, kind, depth)?;
                }
            }
            Type::Map(keys, values) => {
                let (key, value, size) = self.pull.map()?;
                self.pull.source().expect(size)?;
                self.check(keys.kind(), key, size);
                self.check(values.kind(), value, size);
                self.keep(&[code(keys.kind()), code(values.kind())]);
                self.keep(&(size as u32).to_be_bytes());
                let depth = deeper(depth)?;
                for _ in 0..size {
                    self.pay(ELEMENT);
                    self.element(keys, key, depth)?;
                    self.element(values, value, depth)?;
                }
            }
        }
        Ok(())
    }

    fn element(&mut self, expected: &'static Type, kind: Kind, depth: usize) -> Result<()> {
        // Also where a message is refused, most of which is passed over faster.
        if self.refusal.is_some() { self.pass(kind, depth) } else { self.value(expected, depth) }
    }

    fn text(&mut self) -> Result<()> {
        let mut left = self.pull.length()?;
        self.pull.source().expect(left)?;
        self.keep(&(left as u32).to_be_bytes());
        while left > 0 {
            let piece = left.min(PIECE);
            self.pay(COPIES * piece);
            if !self.reserve(piece) {
                return self.pull.source().skip(left);
            }
            let from = self.bytes.len();
            self.bytes.resize(from + piece, 0);
            self.pull.source().fill(&mut self.bytes[from..])?;
            left -= piece;
        }
        Ok(())
    }

    /// Passes over a value.
    fn pass(&mut self, kind: Kind, depth: usize) -> Result<()> {
        match kind {
            Kind::Bool | Kind::I8 | Kind::Double | Kind::I16 | Kind::I32 | Kind::I64 => {
                self.pull.number(kind).map(drop)
            }
            Kind::Uuid => self.pull.source().skip(16),
            Kind::Text => {
                let length = self.pull.length()?;
                self.pull.source().skip(length)
            }
            Kind::Struct => {
                let depth = deeper(depth)?;
                self.pull.begin();
                while let Some((kind, _)) = self.pull.field()? {
                    self.pass(kind, depth)?;
                }
                self.pull.end();
                Ok(())
            }
            Kind::List | Kind::Set => {
                let (kind, size) = self.pull.list()?;
                self.pull.source().expect(size)?;
                let depth = deeper(depth)?;
                (0..size).try_for_each(|_| self.pass(kind, depth))
            }
            Kind::Map => {
                let (key, value, size) = self.pull.map()?;
                self.pull.source().expect(size)?;
                let depth = deeper(depth)?;
                (0..size).try_for_each(|_| {
                    self.pass(key, depth)?;
                    self.pass(value, depth)
                })
            }
        }
    }

    fn default(&mut self, expected: &Type) {
        match expected {
            Type::Bool | Type::I8 | Type::Struct(_) => self.keep(&[0]),
            Type::I16 => self.keep(&[0; 2]),
            Type::I32 | Type::Enum(_) | Type::Text | Type::String => self.keep(&[0; LENGTH]),
            Type::I64 => self.keep(&[0; 8]),
            Type::List(element) | Type::Set(element) => {
                self.keep(&[code(element.kind()), 0, 0, 0, 0]);
            }
            Type::Map(key, value) => {
                self.keep(&[code(key.kind()), code(value.kind()), 0, 0, 0, 0]);
            }
        }
    }

    fn keep_field(&mut self, kind: Kind, id: i16) {
        let [high, low] = id.to_be_bytes();
        self.keep(&[code(kind), high, low]);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.reserve(bytes.len()) {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Makes room, unless the message is refused.
    fn reserve(&mut self, more: usize) -> bool {
        if self.refusal.is_none()
            && let Err(exhausted) = self.share.reserve(&mut self.bytes, more)
        {
            self.refuse(Refusal::NoMemory(exhausted));
        }
        self.refusal.is_none()
    }

    /// Takes memory for what a part of the message becomes when it is decoded.
    fn pay(&mut self, bytes: usize) {
        if self.refusal.is_none()
            && let Err(exhausted) = self.share.take(bytes)
        {
            self.refuse(Refusal::NoMemory(exhausted));
        }
    }

    fn check(&mut self, expected: Kind, kind: Kind, size: usize) {
        if size > 0 && kind != expected && self.refusal.is_none() {
            self.refuse(Refusal::WrongType);
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refusal = Some(refusal);
        self.bytes = Vec::new();
        self.share.give_back();
    }
}

/// What an element takes when it is decoded, beside its bytes.
fn memory(element: &Type) -> usize {
    match element {
        Type::Text | Type::String => TEXT,
        Type::Struct(known) => known.memory,
        _ => ELEMENT,
    }
}

/// Puts question marks in the place of what isn't UTF-8, as Java has a character for it.
fn make_readable(mut text: &mut [u8]) {
    while let Err(error) = std::str::from_utf8(text) {
        let bad = error.valid_up_to();
        let length = error.error_len().unwrap_or(text.len() - bad);
        text[bad..bad + length].fill(b'?');
        text = &mut text[bad + length..];
    }
}

fn deeper(depth: usize) -> Result<usize> {
    if depth >= MAX_DEPTH { Err(Unreadable::Malformed) } else { Ok(depth + 1) }
}

/// A type's number in the binary protocol.
fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Bool => 2,
        Kind::I8 => 3,
        Kind::Double => 4,
        Kind::I16 => 6,
        Kind::I32 => 8,
        Kind::I64 => 10,
        Kind::Text => 11,
        Kind::Struct => 12,
        Kind::Map => 13,
        Kind::Set => 14,
        Kind::List => 15,
        Kind::Uuid => 16,
    }
}
