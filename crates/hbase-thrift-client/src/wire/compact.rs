//! Thrift's compact protocol: numbers of variable size, field ids as differences.

use super::cursor::{Cursor, Field, MessageHead, MessageKind, Step, Stop, WireProtocol, WireType};

pub(crate) struct Compact;

const PROTOCOL_ID: u8 = 0x82;
const VERSION: u8 = 1;

impl WireProtocol for Compact {
    const HAS_FIXED_SIZES: bool = false;

    fn message(cursor: &mut Cursor<'_>) -> Step<MessageHead> {
        if cursor.byte()? != PROTOCOL_ID {
            return Err(Stop::Bad("no mark of the compact protocol at its start"));
        }
        let byte = cursor.byte()?;
        if byte & 0x1f != VERSION {
            return Err(Stop::Bad("an unknown version of the compact protocol"));
        }
        let kind = match byte >> 5 {
            2 => MessageKind::Reply,
            3 => MessageKind::Exception,
            _ => return Err(Stop::Bad("a message that is neither reply nor exception")),
        };
        // The sequence number is not zig-zagged: it is the number's own bits.
        let sequence = u32::try_from(varint(cursor)?)
            .map_err(|_| Stop::Bad("a sequence number of over 32 bits"))?
            .cast_signed();
        let name = Self::bytes(cursor)?;
        Ok(MessageHead { kind, name, sequence })
    }

    #[inline]
    fn field(cursor: &mut Cursor<'_>, last_id: &mut i16) -> Step<Option<Field>> {
        let byte = cursor.byte()?;
        if byte == 0 {
            return Ok(None);
        }
        let id = match byte >> 4 {
            0 => i16::try_from(zigzag(varint(cursor)?))
                .map_err(|_| Stop::Bad("a field id of over 16 bits"))?,
            delta => last_id
                .checked_add(i16::from(delta))
                .ok_or(Stop::Bad("a field id of over 16 bits"))?,
        };
        *last_id = id;
        let (wire_type, inline) = match byte & 0x0f {
            1 | 2 => (WireType::Bool, true),
            other => (wire_type(other)?, false),
        };
        Ok(Some(Field { id, wire_type, inline }))
    }

    #[inline]
    fn list(cursor: &mut Cursor<'_>) -> Step<(WireType, usize)> {
        let byte = cursor.byte()?;
        let count = match byte >> 4 {
            15 => length(cursor)?,
            short => usize::from(short),
        };
        Ok((wire_type(byte & 0x0f)?, count))
    }

    #[inline]
    fn map(cursor: &mut Cursor<'_>) -> Step<(WireType, WireType, usize)> {
        let count = length(cursor)?;
        if count == 0 {
            return Ok((WireType::Bytes, WireType::Bytes, 0));
        }
        let types = cursor.byte()?;
        Ok((wire_type(types >> 4)?, wire_type(types & 0x0f)?, count))
    }

    #[inline]
    fn length(cursor: &mut Cursor<'_>) -> Step<usize> {
        length(cursor)
    }

    #[inline]
    fn i64(cursor: &mut Cursor<'_>) -> Step<i64> {
        varint(cursor).map(zigzag)
    }

    fn skip_scalar(cursor: &mut Cursor<'_>, wire_type: WireType) -> Step<()> {
        match wire_type {
            WireType::Bool | WireType::I8 => cursor.byte().map(drop),
            WireType::I16 | WireType::I32 | WireType::I64 => varint(cursor).map(drop),
            WireType::Double => cursor.take(8).map(drop),
            WireType::Uuid => cursor.take(16).map(drop),
            WireType::Bytes | WireType::Struct | WireType::Map | WireType::List => {
                Err(Stop::Bad("a container where a number is expected"))
            }
        }
    }
}

#[inline]
fn length(cursor: &mut Cursor<'_>) -> Step<usize> {
    let length = varint(cursor)?;
    // The protocol's lengths have 31 bits, as in Java.
    i32::try_from(length)
        .map(i32::cast_unsigned)
        .map(|length| length as usize)
        .map_err(|_| Stop::Bad("a length of over 31 bits"))
}

#[inline]
fn varint(cursor: &mut Cursor<'_>) -> Step<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = cursor.byte()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Stop::Bad("a number of over 64 bits"))
}

#[inline]
fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[inline]
fn wire_type(nibble: u8) -> Step<WireType> {
    Ok(match nibble {
        1 | 2 => WireType::Bool,
        3 => WireType::I8,
        4 => WireType::I16,
        5 => WireType::I32,
        6 => WireType::I64,
        7 => WireType::Double,
        8 => WireType::Bytes,
        // A set is written as a list.
        9 | 10 => WireType::List,
        11 => WireType::Map,
        12 => WireType::Struct,
        13 => WireType::Uuid,
        _ => return Err(Stop::Bad("an unknown type")),
    })
}
