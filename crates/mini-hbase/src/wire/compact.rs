//! The compact protocol: variable widths, and ids as distances.

use std::io::Read;

use super::Unreadable;
use super::pull::{Head, Kind, Pull, name};
use super::source::{Result, Source};

const PROTOCOL_ID: u8 = 0x82;
const VERSION: u8 = 1;
/// A varint of 64 bits has no more bytes.
const MAX_VARINT: usize = 10;
/// The size that says that the real one follows.
const LONG_LIST: u8 = 15;
const TRUE: u8 = 1;
const FALSE: u8 = 2;

/// A message in the compact protocol.
pub(super) struct Compact<R> {
    source: Source<R>,
    /// The last field's id in the present struct, and in those around it.
    last_id: i16,
    outer_ids: Vec<i16>,
    /// The value of a field that its header has told already.
    truth: Option<bool>,
}

impl<R: Read> Compact<R> {
    pub(super) fn new(source: Source<R>) -> Self {
        Self { source, last_id: 0, outer_ids: Vec::new(), truth: None }
    }

    fn varint(&mut self) -> Result<u64> {
        let mut number = 0_u64;
        for place in 0..MAX_VARINT {
            let byte = self.source.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(7 * place as u32).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Unreadable::Malformed)
    }

    fn zigzag(&mut self) -> Result<i64> {
        let number = self.varint()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}

impl<R: Read> Pull for Compact<R> {
    type Input = R;

    fn source(&mut self) -> &mut Source<R> {
        &mut self.source
    }

    fn head(&mut self) -> Result<Head> {
        let id = self.source.byte()?;
        let form = self.source.byte()?;
        if id != PROTOCOL_ID || form & 0x1f != VERSION {
            return Err(Unreadable::Malformed);
        }
        let sequence = (self.varint()? as u32).cast_signed();
        let length = self.length()?;
        Ok(Head { name: name(&mut self.source, length)?, sequence })
    }

    fn begin(&mut self) {
        self.outer_ids.push(std::mem::take(&mut self.last_id));
    }

    fn end(&mut self) {
        self.last_id = self.outer_ids.pop().unwrap_or_default();
    }

    fn field(&mut self) -> Result<Option<(Kind, i16)>> {
        let header = self.source.byte()?;
        if header == 0 {
            return Ok(None);
        }
        let id = match header >> 4 {
            0 => i16::try_from(self.zigzag()?).map_err(|_| Unreadable::Malformed)?,
            distance => self.last_id.wrapping_add(i16::from(distance)),
        };
        self.last_id = id;
        let code = header & 0x0f;
        if let TRUE | FALSE = code {
            self.truth = Some(code == TRUE);
        }
        Ok(Some((kind(code)?, id)))
    }

    fn list(&mut self) -> Result<(Kind, usize)> {
        let header = self.source.byte()?;
        let size = match header >> 4 {
            LONG_LIST => self.length()?,
            short => usize::from(short),
        };
        if size == 0 { Ok((Kind::Text, 0)) } else { Ok((kind(header & 0x0f)?, size)) }
    }

    fn map(&mut self) -> Result<(Kind, Kind, usize)> {
        match self.length()? {
            0 => Ok((Kind::Text, Kind::Text, 0)),
            size => {
                let kinds = self.source.byte()?;
                Ok((kind(kinds >> 4)?, kind(kinds & 0x0f)?, size))
            }
        }
    }

    fn length(&mut self) -> Result<usize> {
        // A length of 32 bits, as every Thrift has it.
        let length = u32::try_from(self.varint()?).map_err(|_| Unreadable::Malformed)?;
        usize::try_from(length.cast_signed()).map_err(|_| Unreadable::Malformed)
    }

    fn number(&mut self, kind: Kind) -> Result<i64> {
        Ok(match kind {
            Kind::Bool => match self.truth.take() {
                Some(truth) => i64::from(truth),
                None => i64::from(self.source.byte()? == TRUE),
            },
            Kind::I8 => i64::from(i8::from_be_bytes(self.source.fixed()?)),
            Kind::Double => i64::from_le_bytes(self.source.fixed()?),
            _ => self.zigzag()?,
        })
    }
}

fn kind(code: u8) -> Result<Kind> {
    Ok(match code {
        TRUE | FALSE => Kind::Bool,
        3 => Kind::I8,
        4 => Kind::I16,
        5 => Kind::I32,
        6 => Kind::I64,
        7 => Kind::Double,
        8 => Kind::Text,
        9 => Kind::List,
        10 => Kind::Set,
        11 => Kind::Map,
        12 => Kind::Struct,
        13 => Kind::Uuid,
        _ => return Err(Unreadable::Malformed),
    })
}
