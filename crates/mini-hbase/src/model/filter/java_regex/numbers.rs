//! Characters that a pattern names by their numbers, behind the backslash and the letter.

use std::iter::Peekable;
use std::str::Chars;

/// Four hexadecimal digits, and as many more if they are half of a character.
pub(super) fn utf16(rest: &mut Peekable<Chars<'_>>) -> Result<char, String> {
    let unit = utf16_unit(rest)?;
    let low = if (0xd800..0xdc00).contains(&unit) { Some(low_unit(rest)?) } else { None };
    let units = std::iter::once(unit).chain(low);
    let char = char::decode_utf16(units).next().and_then(Result::ok);
    char.ok_or_else(|| "half of a character can't be found".to_owned())
}

fn utf16_unit(rest: &mut Peekable<Chars<'_>>) -> Result<u16, String> {
    let digits: String = rest.by_ref().take(4).collect();
    let unit = if digits.len() == 4 { u16::from_str_radix(&digits, 16).ok() } else { None };
    unit.ok_or_else(|| "Illegal Unicode escape sequence".to_owned())
}

fn low_unit(rest: &mut Peekable<Chars<'_>>) -> Result<u16, String> {
    match (rest.next(), rest.next()) {
        (Some('\\'), Some('u')) => utf16_unit(rest),
        _ => Err("half of a character can't be found".to_owned()),
    }
}

/// Two hexadecimal digits, or some in braces.
pub(super) fn code_point(rest: &mut Peekable<Chars<'_>>) -> Result<char, String> {
    let digits: String = if rest.next_if_eq(&'{').is_some() {
        rest.by_ref().take_while(|&char| char != '}').collect()
    } else {
        rest.by_ref().take(2).collect()
    };
    let char = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
    char.ok_or_else(|| "Illegal hexadecimal escape sequence".to_owned())
}

/// Up to three octal digits, of a byte.
pub(super) fn octal(rest: &mut Peekable<Chars<'_>>) -> Result<char, String> {
    let (mut value, mut digits) = (0, 0);
    while digits < 3
        && (digits < 2 || value <= 0o37)
        && let Some(digit) = rest.peek().and_then(|char| char.to_digit(8))
    {
        (value, digits) = (value * 8 + digit, digits + 1);
        rest.next();
    }
    let char = char::from_u32(value).filter(|_| digits > 0);
    char.ok_or_else(|| "Illegal octal escape sequence".to_owned())
}
