//! Thrift's binary protocol: fixed-size big-endian numbers, lengths as four bytes.

use super::cursor::{Cursor, Field, MessageHead, MessageKind, Step, Stop, WireProtocol, WireType};

pub(crate) struct Binary;

/// The upper half of a strict message's first word.
const VERSION_1: u32 = 0x8001_0000;

impl WireProtocol for Binary {
    const HAS_FIXED_SIZES: bool = true;

    fn message(cursor: &mut Cursor<'_>) -> Step<MessageHead> {
        let word = u32::from_be_bytes(cursor.array()?);
        if word & 0xffff_0000 != VERSION_1 {
            return Err(Stop::Bad("no version of the binary protocol at its start"));
        }
        let kind = match word & 0xff {
            2 => MessageKind::Reply,
            3 => MessageKind::Exception,
            _ => return Err(Stop::Bad("a message that is neither reply nor exception")),
        };
        let name = Self::bytes(cursor)?;
        let sequence = i32::from_be_bytes(cursor.array()?);
        Ok(MessageHead { kind, name, sequence })
    }

    #[inline]
    fn field(cursor: &mut Cursor<'_>, _last_id: &mut i16) -> Step<Option<Field>> {
        let byte = cursor.byte()?;
        if byte == 0 {
            return Ok(None);
        }
        let id = i16::from_be_bytes(cursor.array()?);
        Ok(Some(Field { id, wire_type: wire_type(byte)?, inline: false }))
    }

    #[inline]
    fn list(cursor: &mut Cursor<'_>) -> Step<(WireType, usize)> {
        let element = wire_type(cursor.byte()?)?;
        Ok((element, length(cursor)?))
    }

    #[inline]
    fn map(cursor: &mut Cursor<'_>) -> Step<(WireType, WireType, usize)> {
        let [key, value] = cursor.array()?;
        match length(cursor)? {
            // Some servers leave the types of an empty map blank.
            0 => Ok((WireType::Bytes, WireType::Bytes, 0)),
            count => Ok((wire_type(key)?, wire_type(value)?, count)),
        }
    }

    #[inline]
    fn length(cursor: &mut Cursor<'_>) -> Step<usize> {
        length(cursor)
    }

    #[inline]
    fn i64(cursor: &mut Cursor<'_>) -> Step<i64> {
        cursor.array().map(i64::from_be_bytes)
    }

    fn skip_scalar(cursor: &mut Cursor<'_>, wire_type: WireType) -> Step<()> {
        let size = match wire_type {
            WireType::Bool | WireType::I8 => 1,
            WireType::I16 => 2,
            WireType::I32 => 4,
            WireType::I64 | WireType::Double => 8,
            WireType::Uuid => 16,
            WireType::Bytes | WireType::Struct | WireType::Map | WireType::List => {
                return Err(Stop::Bad("a container where a number is expected"));
            }
        };
        cursor.take(size).map(drop)
    }
}

#[inline]
fn length(cursor: &mut Cursor<'_>) -> Step<usize> {
    usize::try_from(i32::from_be_bytes(cursor.array()?)).map_err(|_| Stop::Bad("a negative length"))
}

#[inline]
fn wire_type(byte: u8) -> Step<WireType> {
    Ok(match byte {
        2 => WireType::Bool,
        3 => WireType::I8,
        4 => WireType::Double,
        6 => WireType::I16,
        8 => WireType::I32,
        10 => WireType::I64,
        11 => WireType::Bytes,
        12 => WireType::Struct,
        13 => WireType::Map,
        // A set is written as a list.
        14 | 15 => WireType::List,
        16 => WireType::Uuid,
        _ => return Err(Stop::Bad("an unknown type")),
    })
}
