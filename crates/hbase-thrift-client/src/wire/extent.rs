//! Finds where a message ends, for transports that don't say.

use std::marker::PhantomData;

use super::cursor::{Cursor, MAX_DEPTH, Step, Stop, WireProtocol, WireType};
use super::{Malformed, Progress};

/// Walks over a message without looking at its values, and goes on where it stopped.
///
/// When it is done, every length in the message is known to fit, so the thrift crate's protocols
/// can decode it without being fooled into an allocation.
pub(crate) struct Extent<P> {
    position: usize,
    open: Vec<Open>,
    /// Bytes of a text that are still to come.
    of_text: usize,
    started: bool,
    protocol: PhantomData<P>,
}

/// A struct or container whose end has not been reached.
#[derive(Clone, Copy)]
enum Open {
    Struct { last_id: i16 },
    List { element: WireType, left: usize },
    Map { key: WireType, value: WireType, left: usize, at_value: bool },
}

impl<P: WireProtocol> Extent<P> {
    pub(crate) fn new() -> Self {
        Self { position: 0, open: Vec::new(), of_text: 0, started: false, protocol: PhantomData }
    }

    /// Takes all bytes of the message that are there; returns the message's length.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<Progress<usize>, Malformed> {
        let mut cursor = Cursor::new(bytes, self.position);
        loop {
            match self.step(&mut cursor) {
                Ok(()) => self.position = cursor.position(),
                Err(stop) => return Progress::from_stop(stop),
            }
            if self.started && self.open.is_empty() {
                return Ok(Progress::Done(self.position));
            }
        }
    }

    /// How many bytes were walked over, which are not looked at again. From then on they count as
    /// not there: the next bytes to be taken are those after them.
    pub(crate) fn forget(&mut self) -> usize {
        std::mem::take(&mut self.position)
    }

    /// One value, one head, or what is there of a text. Changes `open` only when the bytes for it are
    /// there.
    fn step(&mut self, cursor: &mut Cursor<'_>) -> Step<()> {
        if self.of_text > 0 {
            let here = self.of_text.min(cursor.rest().len());
            if here == 0 {
                return Err(Stop::Need(self.of_text));
            }
            self.of_text -= here;
            return cursor.take(here).map(drop);
        }
        if !self.started {
            P::message(cursor)?;
            self.started = true;
            return self.enter(Open::Struct { last_id: 0 });
        }
        let Some(top) = self.open.last().copied() else { return Ok(()) };
        match top {
            Open::Struct { mut last_id } => match P::field(cursor, &mut last_id)? {
                None => {
                    self.open.pop();
                }
                Some(field) => {
                    let inner =
                        if field.inline { None } else { self.value(cursor, field.wire_type)? };
                    self.replace_top(Open::Struct { last_id });
                    return inner.map_or(Ok(()), |inner| self.enter(inner));
                }
            },
            Open::List { left: 0, .. } | Open::Map { left: 0, .. } => {
                self.open.pop();
            }
            Open::List { element, left } => {
                let inner = self.value(cursor, element)?;
                self.replace_top(Open::List { element, left: left - 1 });
                return inner.map_or(Ok(()), |inner| self.enter(inner));
            }
            Open::Map { key, value, left, at_value } => {
                let inner = self.value(cursor, if at_value { value } else { key })?;
                let left = left - usize::from(at_value);
                self.replace_top(Open::Map { key, value, left, at_value: !at_value });
                return inner.map_or(Ok(()), |inner| self.enter(inner));
            }
        }
        Ok(())
    }

    /// Passes over a value, or over its head where it has an inside or is a text.
    fn value(&mut self, cursor: &mut Cursor<'_>, wire_type: WireType) -> Step<Option<Open>> {
        Ok(match wire_type {
            WireType::Bytes => {
                self.of_text = P::length(cursor)?;
                None
            }
            WireType::Struct => Some(Open::Struct { last_id: 0 }),
            WireType::List => {
                let (element, left) = P::list(cursor)?;
                Some(Open::List { element, left })
            }
            WireType::Map => {
                let (key, value, left) = P::map(cursor)?;
                Some(Open::Map { key, value, left, at_value: false })
            }
            scalar => {
                P::skip_scalar(cursor, scalar)?;
                None
            }
        })
    }

    fn replace_top(&mut self, open: Open) {
        if let Some(top) = self.open.last_mut() {
            *top = open;
        }
    }

    fn enter(&mut self, open: Open) -> Step<()> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Stop::Bad("structs nested too deeply"));
        }
        self.open.push(open);
        Ok(())
    }
}
