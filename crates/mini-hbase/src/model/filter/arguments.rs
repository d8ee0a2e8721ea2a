//! One filter's text, `Name(argument, 'argument')`: where it ends, and what its arguments are.
//!
//! A quote inside of quotes is doubled; all other bytes stand for themselves.

const QUOTE: u8 = b'\'';
const INCORRECT_LIST: &str = "Incorrect argument list";

/// The part of a text that is its first filter.
pub(super) fn expression(text: &[u8]) -> Result<&[u8], String> {
    let mut quotes = 0;
    let mut place = 0;
    while place < text.len() {
        if text[place] == QUOTE {
            if is_doubled(text, place) {
                place += 1;
            } else {
                quotes += 1;
            }
        }
        if text[place] == b')' && quotes % 2 == 0 {
            return Ok(&text[..=place]);
        }
        place += 1;
    }
    Err("Incorrect Filter String".to_owned())
}

/// The name before the parenthesis.
pub(super) fn name(expression: &[u8]) -> Result<&[u8], String> {
    match expression.iter().position(|byte| matches!(byte, b'(' | b' ')) {
        None | Some(0) => Err("Incorrect Filter Name".to_owned()),
        Some(end) => Ok(&expression[..end]),
    }
}

/// An argument; whether it was quoted decides what it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    Quoted(Vec<u8>),
    Plain(Vec<u8>),
}

impl Argument {
    pub(super) fn quoted(&self) -> Result<&[u8], String> {
        match self {
            Self::Quoted(bytes) => Ok(bytes),
            Self::Plain(_) => Err("removeQuotesFromByteArray needs a quoted byte array".to_owned()),
        }
    }

    fn plain(&self, wrong: &str) -> Result<&[u8], String> {
        match self {
            Self::Plain(bytes) => Ok(bytes),
            Self::Quoted(_) => Err(wrong.to_owned()),
        }
    }

    pub(super) fn operator(&self) -> Result<&[u8], String> {
        self.plain("Invalid compare operator")
    }

    pub(super) fn long(&self) -> Result<i64, String> {
        let wrong = "Byte Array should only contain digits";
        let bytes = self.plain(wrong)?;
        let (digits, sign) = match bytes.strip_prefix(b"-") {
            Some(digits) => (digits, -1),
            None => (bytes, 1),
        };
        let mut number = 0_i64;
        for &digit in digits {
            if !digit.is_ascii_digit() {
                return Err(wrong.to_owned());
            }
            let next = number.checked_mul(10).and_then(|n| n.checked_add(i64::from(digit - b'0')));
            number = next.ok_or("Long Argument too large")?;
        }
        Ok(sign * number)
    }

    pub(super) fn int(&self) -> Result<i32, String> {
        i32::try_from(self.long()?).map_err(|_| "Integer Argument too large".to_owned())
    }

    pub(super) fn boolean(&self) -> Result<bool, String> {
        let wrong = "Incorrect Boolean Expression";
        let bytes = self.plain(wrong)?;
        if bytes.eq_ignore_ascii_case(b"true") {
            Ok(true)
        } else if bytes.eq_ignore_ascii_case(b"false") {
            Ok(false)
        } else {
            Err(wrong.to_owned())
        }
    }
}

/// All arguments of one filter's text.
pub(super) fn list(expression: &[u8]) -> Result<Vec<Argument>, String> {
    let open = expression.iter().position(|&byte| byte == b'(').ok_or(INCORRECT_LIST)?;
    let mut found = Vec::new();
    let mut place = open + 1;
    while place < expression.len() {
        if is_separator(expression[place]) {
            place += 1;
        } else if expression[place] == QUOTE {
            let end = closing_quote(expression, place + 1).ok_or(INCORRECT_LIST)?;
            found.push(Argument::Quoted(without_doubles(&expression[place + 1..end])));
            // Whatever stands behind the quote is a separator to HBase.
            place = end + 2;
        } else {
            let rest = &expression[place..];
            let length = rest.iter().position(|&byte| is_separator(byte)).ok_or(INCORRECT_LIST)?;
            found.push(Argument::Plain(rest[..length].to_vec()));
            place += length + 1;
        }
    }
    Ok(found)
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b',' | b')')
}

fn is_doubled(text: &[u8], quote: usize) -> bool {
    text.get(quote + 1) == Some(&QUOTE)
}

fn closing_quote(text: &[u8], from: usize) -> Option<usize> {
    let mut place = from;
    while place < text.len() {
        if text[place] == QUOTE {
            if !is_doubled(text, place) {
                return Some(place);
            }
            place += 1;
        }
        place += 1;
    }
    None
}

fn without_doubles(quoted: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter().peekable();
    while let Some(&byte) = bytes.next() {
        plain.push(byte);
        if byte == QUOTE {
            bytes.next_if_eq(&&QUOTE);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &[u8]) -> Argument {
        Argument::Quoted(text.to_vec())
    }

    fn plain(text: &str) -> Argument {
        Argument::Plain(text.as_bytes().to_vec())
    }

    #[test]
    fn a_filter_ends_at_the_first_parenthesis_outside_of_quotes() {
        assert_eq!(expression(b"A('x)') AND B()").unwrap(), b"A('x)')");
        assert_eq!(expression(b"A('it''s)')x").unwrap(), b"A('it''s)')");
        assert!(expression(b"A('x)").is_err());
        assert!(expression(b"A").is_err());
    }

    #[test]
    fn a_name_ends_at_parenthesis_or_blank() {
        assert_eq!(name(b"A(1)").unwrap(), b"A");
        assert_eq!(name(b"A (1)").unwrap(), b"A");
        assert!(name(b"(1)").is_err());
    }

    #[test]
    fn arguments_are_quoted_or_plain() {
        let found = list(b"A (=, 'binary:x', true,12)").unwrap();
        assert_eq!(found, [plain("="), quoted(b"binary:x"), plain("true"), plain("12")]);
        assert_eq!(list(b"A()").unwrap(), []);
        assert_eq!(list(b"A('')").unwrap(), [quoted(b"")]);
    }

    #[test]
    fn a_byte_right_behind_a_quote_is_passed_over() {
        assert_eq!(list(b"A('a'x'b')").unwrap(), [quoted(b"a"), quoted(b"b")]);
    }

    #[test]
    fn every_byte_may_be_quoted_and_a_quote_is_doubled() {
        assert_eq!(
            list(b"A('a''b', '''', '\x00\xff,)')").unwrap(),
            [quoted(b"a'b"), quoted(b"'"), quoted(b"\x00\xff,)")]
        );
    }

    #[test]
    fn numbers_have_a_sign_and_a_limit() {
        assert_eq!(plain("-12").long(), Ok(-12));
        assert_eq!(plain("9223372036854775807").long(), Ok(i64::MAX));
        assert!(plain("9223372036854775808").long().is_err());
        assert!(plain("1x").long().is_err());
        assert!(plain("2147483648").int().is_err());
        assert!(quoted(b"1").long().is_err());
    }

    #[test]
    fn booleans_have_any_case() {
        assert_eq!((plain("TRUE").boolean(), plain("False").boolean()), (Ok(true), Ok(false)));
        assert!(plain("1").boolean().is_err());
    }
}
