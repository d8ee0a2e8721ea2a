//! The binary protocol: fixed widths.

use std::io::Read;

use super::Unreadable;
use super::pull::{Head, Kind, Pull, name};
use super::source::{Result, Source};

const VERSION_1: [u8; 2] = [0x80, 0x01];

/// A message in the binary protocol, with or without a version.
pub(super) struct Binary<R>(pub(super) Source<R>);

impl<R: Read> Binary<R> {
    fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.0.fixed()?))
    }
}

impl<R: Read> Pull for Binary<R> {
    type Input = R;

    fn source(&mut self) -> &mut Source<R> {
        &mut self.0
    }

    fn head(&mut self) -> Result<Head> {
        let first: [u8; 4] = self.0.fixed()?;
        if first[0] & 0x80 == 0 {
            // The old form: the name's length comes first, and the type behind the name.
            let name = name(&mut self.0, u32::from_be_bytes(first) as usize)?;
            // Call, reply, exception or one-way: a gateway takes each for a call.
            self.0.byte()?;
            return Ok(Head { name, sequence: self.i32()? });
        }
        if !first.starts_with(&VERSION_1) {
            return Err(Unreadable::Malformed);
        }
        let length = self.length()?;
        Ok(Head { name: name(&mut self.0, length)?, sequence: self.i32()? })
    }

    fn begin(&mut self) {}

    fn end(&mut self) {}

    fn field(&mut self) -> Result<Option<(Kind, i16)>> {
        match self.0.byte()? {
            0 => Ok(None),
            code => Ok(Some((kind(code)?, i16::from_be_bytes(self.0.fixed()?)))),
        }
    }

    fn list(&mut self) -> Result<(Kind, usize)> {
        let code = self.0.byte()?;
        match self.length()? {
            0 => Ok((Kind::Text, 0)),
            size => Ok((kind(code)?, size)),
        }
    }

    fn map(&mut self) -> Result<(Kind, Kind, usize)> {
        let [key, value] = self.0.fixed()?;
        match self.length()? {
            0 => Ok((Kind::Text, Kind::Text, 0)),
            size => Ok((kind(key)?, kind(value)?, size)),
        }
    }

    fn length(&mut self) -> Result<usize> {
        usize::try_from(self.i32()?).map_err(|_| Unreadable::Malformed)
    }

    fn number(&mut self, kind: Kind) -> Result<i64> {
        Ok(match kind {
            Kind::Bool | Kind::I8 => i64::from(i8::from_be_bytes(self.0.fixed()?)),
            Kind::I16 => i64::from(i16::from_be_bytes(self.0.fixed()?)),
            Kind::I32 => i64::from(self.i32()?),
            _ => i64::from_be_bytes(self.0.fixed()?),
        })
    }
}

fn kind(code: u8) -> Result<Kind> {
    Ok(match code {
        2 => Kind::Bool,
        3 => Kind::I8,
        4 => Kind::Double,
        6 => Kind::I16,
        8 => Kind::I32,
        10 => Kind::I64,
        11 => Kind::Text,
        12 => Kind::Struct,
        13 => Kind::Map,
        14 => Kind::Set,
        15 => Kind::List,
        16 => Kind::Uuid,
        _ => return Err(Unreadable::Malformed),
    })
}
