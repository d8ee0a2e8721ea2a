//! Where a message in the compact protocol ends.

use std::io::Read;

use super::Unreadable;
use super::extent::{Result, Walker};

const PROTOCOL_ID: u8 = 0x82;
const VERSION: u8 = 1;
/// A varint of 64 bits has no more bytes.
const MAX_VARINT: usize = 10;
/// The size that says that the real one follows.
const LONG_LIST: u8 = 15;

/// Walks over one message.
pub(super) fn message<R: Read>(walker: &mut Walker<'_, R>) -> Result<()> {
    if walker.first()? != PROTOCOL_ID || walker.byte()? & 0x1f != VERSION {
        return Err(Unreadable::Malformed);
    }
    varint(walker)?;
    text(walker)?;
    structure(walker, 0)
}

fn structure<R: Read>(walker: &mut Walker<'_, R>, depth: usize) -> Result<()> {
    let depth = Walker::<R>::deeper(depth)?;
    loop {
        let header = walker.byte()?;
        if header == 0 {
            return Ok(());
        }
        if header >> 4 == 0 {
            varint(walker)?;
        }
        match header & 0x0f {
            // A field's header says it all.
            1 | 2 => {}
            kind => value(walker, kind, depth)?,
        }
    }
}

fn value<R: Read>(walker: &mut Walker<'_, R>, kind: u8, depth: usize) -> Result<()> {
    match kind {
        1..=3 => walker.pass(1),
        4..=6 => varint(walker).map(drop),
        7 => walker.pass(8),
        8 => text(walker),
        9 | 10 => {
            let header = walker.byte()?;
            let size = match header >> 4 {
                LONG_LIST => length(walker)?,
                short => usize::from(short),
            };
            for _ in 0..walker.elements(size)? {
                element(walker, header & 0x0f, depth)?;
            }
            Ok(())
        }
        11 => {
            let size = length(walker)?;
            if walker.elements(size)? == 0 {
                return Ok(());
            }
            let kinds = walker.byte()?;
            for _ in 0..size {
                element(walker, kinds >> 4, depth)?;
                element(walker, kinds & 0x0f, depth)?;
            }
            Ok(())
        }
        12 => structure(walker, depth),
        13 => walker.pass(16),
        _ => Err(Unreadable::Malformed),
    }
}

fn element<R: Read>(walker: &mut Walker<'_, R>, kind: u8, depth: usize) -> Result<()> {
    value(walker, kind, Walker::<R>::deeper(depth)?)
}

fn text<R: Read>(walker: &mut Walker<'_, R>) -> Result<()> {
    let length = length(walker)?;
    walker.pass(length)
}

fn length<R: Read>(walker: &mut Walker<'_, R>) -> Result<usize> {
    usize::try_from(varint(walker)?).map_err(|_| Unreadable::Malformed)
}

fn varint<R: Read>(walker: &mut Walker<'_, R>) -> Result<u64> {
    let mut number = 0_u64;
    for place in 0..MAX_VARINT {
        let byte = walker.byte()?;
        number |= u64::from(byte & 0x7f).checked_shl(7 * place as u32).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Unreadable::Malformed)
}
