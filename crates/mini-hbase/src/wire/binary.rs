//! Where a message in the binary protocol ends.

use std::io::Read;

use super::Unreadable;
use super::extent::{Result, Walker};

const VERSION_1: [u8; 2] = [0x80, 0x01];

/// Walks over one message, with or without a version.
pub(super) fn message<R: Read>(walker: &mut Walker<'_, R>) -> Result<()> {
    let first = walker.first()?;
    let [second, third, fourth] = walker.fixed()?;
    if first & 0x80 == 0 {
        // The old form: the name's length comes first, and the type behind the name.
        walker.pass(u32::from_be_bytes([first, second, third, fourth]) as usize)?;
        walker.byte()?;
    } else if [first, second] == VERSION_1 {
        text(walker)?;
    } else {
        return Err(Unreadable::Malformed);
    }
    walker.fixed::<4>()?;
    structure(walker, 0)
}

fn structure<R: Read>(walker: &mut Walker<'_, R>, depth: usize) -> Result<()> {
    let depth = Walker::<R>::deeper(depth)?;
    loop {
        let kind = walker.byte()?;
        if kind == 0 {
            return Ok(());
        }
        walker.fixed::<2>()?;
        value(walker, kind, depth)?;
    }
}

fn value<R: Read>(walker: &mut Walker<'_, R>, kind: u8, depth: usize) -> Result<()> {
    match kind {
        2 | 3 => walker.pass(1),
        6 => walker.pass(2),
        8 => walker.pass(4),
        4 | 10 => walker.pass(8),
        11 => text(walker),
        12 => structure(walker, depth),
        13 => {
            let [key, item] = walker.fixed()?;
            for _ in 0..count(walker)? {
                element(walker, key, depth)?;
                element(walker, item, depth)?;
            }
            Ok(())
        }
        14 | 15 => {
            let item = walker.byte()?;
            for _ in 0..count(walker)? {
                element(walker, item, depth)?;
            }
            Ok(())
        }
        16 => walker.pass(16),
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

fn count<R: Read>(walker: &mut Walker<'_, R>) -> Result<usize> {
    let length = length(walker)?;
    walker.elements(length)
}

fn length<R: Read>(walker: &mut Walker<'_, R>) -> Result<usize> {
    usize::try_from(i32::from_be_bytes(walker.fixed()?)).map_err(|_| Unreadable::Malformed)
}
