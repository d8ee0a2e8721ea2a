//! Filters in bytes: HBase's `FilterProtos`, which Java's clients send instead of the filter language.
//!
//! They are written down in that language, so that what is read from it is the same filter and has the same
//! bounds. What the language can't say is refused.

use crate::budget::Share;
use crate::model;

use super::Filter;
use super::language::{self, AND_OF_ONE, MAX_DEPTH, OR_OF_ONE};

const FILTERS: &str = "org.apache.hadoop.hbase.filter.";
/// How much longer a text may be than what it was written from: a number of one byte has three characters,
/// and a quote two.
const FACTOR: usize = 4;
/// What is taken for each byte while it is read: a field has at least two, a number one.
const READING: usize = size_of::<(u32, Field<'_>)>() / 2 + size_of::<u64>();
/// `Pattern.DOTALL`, which the language's regular expressions have.
const DOT_MATCHES_ALL: u64 = 32;
const OPERATORS: [&str; 6] = ["<", "<=", "=", "!=", ">=", ">"];
const NO_OPERATOR: u64 = 6;

/// Reads a filter; the share takes what it needs, for as long as it is used.
///
/// # Errors
/// If it is none, or none of those that mini-hbase has, or if there is not enough memory.
pub(crate) fn parse(bytes: &[u8], share: &Share) -> model::Result<Box<dyn Filter>> {
    let needed = bytes.len().saturating_mul(FACTOR + READING);
    share.take(needed).map_err(model::Error::NoMemory)?;
    let refused = |why| {
        let hint = "write it as filterString, or without";
        model::Error::DoNotRetry(format!("mini-hbase can't read these filterBytes: {why}; {hint}"))
    };
    let mut text = Vec::new();
    filter(bytes, 0, &mut text).map_err(refused)?;
    language::parse_written(&text, share).map_err(|error| match error {
        model::Error::Illegal(why) => refused(why),
        other => other,
    })
}

/// Writes down a `Filter`: a class and the message that it writes.
fn filter(bytes: &[u8], depth: usize, text: &mut Vec<u8>) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("filters lie more than {MAX_DEPTH} deep in each other"));
    }
    let named = Message::read(bytes)?;
    let (class, own) = (named.class()?, Message::read(named.bytes(2))?);
    match class.as_str() {
        "FilterList" => return list(&own, depth, text),
        "SkipFilter" | "WhileMatchFilter" => {
            let word: &[u8] = if class == "SkipFilter" { b"(SKIP (" } else { b"(WHILE (" };
            text.extend_from_slice(word);
            filter(own.bytes(1), depth + 1, text)?;
            text.extend_from_slice(b"))");
            return Ok(());
        }
        _ => {}
    }
    text.extend_from_slice(class.as_bytes());
    let mut arguments = Arguments::new(text);
    match class.as_str() {
        "FirstKeyOnlyFilter" => {}
        "KeyOnlyFilter" => arguments.flag(own.number(1) == Some(1)),
        "PrefixFilter" | "ColumnPrefixFilter" | "InclusiveStopFilter" => {
            arguments.quoted(b"", own.bytes(1));
        }
        "MultipleColumnPrefixFilter" => {
            own.all(1).for_each(|prefix| arguments.quoted(b"", prefix));
        }
        "ColumnCountGetFilter" | "PageFilter" => arguments.number(own.number(1).unwrap_or(0)),
        "ColumnPaginationFilter" if own.bytes(3).is_empty() => {
            arguments.number(own.number(1).unwrap_or(0));
            arguments.number(own.number(2).unwrap_or(0));
        }
        "TimestampsFilter" if own.number(2) != Some(1) => {
            own.numbers(1)?.into_iter().for_each(|time| arguments.number(time));
        }
        "ColumnRangeFilter" if is_range_of_text(&own) => {
            for bound in [1, 3] {
                arguments.quoted(b"", own.bytes(bound));
                arguments.flag(own.number(bound + 1) == Some(1));
            }
        }
        "RowFilter" | "FamilyFilter" | "QualifierFilter" | "ValueFilter" => {
            let compare = Message::read(own.bytes(1))?;
            arguments.comparison(&compare, 1)?;
        }
        "SingleColumnValueFilter" => single_column(&own, &mut arguments)?,
        "SingleColumnValueExcludeFilter" => {
            single_column(&Message::read(own.bytes(1))?, &mut arguments)?;
        }
        "ColumnValueFilter" => {
            arguments.quoted(b"", own.bytes(1));
            arguments.quoted(b"", own.bytes(2));
            arguments.comparison(&own, 3)?;
        }
        "DependentColumnFilter" => {
            let compare = Message::read(own.bytes(1))?;
            arguments.quoted(b"", own.bytes(2));
            arguments.quoted(b"", own.bytes(3));
            arguments.flag(own.number(4) == Some(1));
            if compare.has(2) || compare.number(1) != Some(NO_OPERATOR) {
                arguments.comparison(&compare, 1)?;
            }
        }
        _ => return Err(format!("a {class} like this")),
    }
    arguments.end();
    Ok(())
}

/// Whether the language has a `ColumnRangeFilter`: to it, an empty bound is none, as one that is missing
/// here. An empty one that is there bounds, unless it is the lower one and inclusive.
fn is_range_of_text(own: &Message<'_>) -> bool {
    let has_empty = |bound| own.has(bound) && own.bytes(bound).is_empty();
    !has_empty(3) && (!has_empty(1) || own.number(2) == Some(1))
}

/// A `FilterList`; one of no filters has no text.
fn list(own: &Message<'_>, depth: usize, text: &mut Vec<u8>) -> Result<(), String> {
    const ALL: u64 = 1;
    let (joint, of_one): (&[u8], _) =
        if own.number(1) == Some(ALL) { (b" AND ", AND_OF_ONE) } else { (b" OR ", OR_OF_ONE) };
    if !own.has(2) {
        return Err("a FilterList of no filters".to_owned());
    }
    text.push(b'(');
    // One of one filter isn't that filter: what an OR remembers of it makes a scan downwards leave out more.
    let is_of_one = own.all(2).nth(1).is_none();
    if is_of_one {
        text.extend_from_slice(of_one);
        text.extend_from_slice(b" (");
    }
    for (place, inner) in own.all(2).enumerate() {
        if place > 0 {
            text.extend_from_slice(joint);
        }
        filter(inner, depth + 1, text)?;
    }
    if is_of_one {
        text.push(b')');
    }
    text.push(b')');
    Ok(())
}

fn single_column(own: &Message<'_>, arguments: &mut Arguments<'_>) -> Result<(), String> {
    arguments.quoted(b"", own.bytes(1));
    arguments.quoted(b"", own.bytes(2));
    arguments.comparison(own, 3)?;
    arguments.flag(own.number(5) == Some(1));
    arguments.flag(own.number(6) != Some(0));
    Ok(())
}

/// The arguments of a filter, as they are written.
struct Arguments<'a> {
    text: &'a mut Vec<u8>,
    is_first: bool,
}

impl<'a> Arguments<'a> {
    fn new(text: &'a mut Vec<u8>) -> Self {
        text.push(b'(');
        Self { text, is_first: true }
    }

    fn end(self) {
        self.text.push(b')');
    }

    fn next(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.text.push(b',');
        }
    }

    /// Bytes in quotes, behind the name of their kind.
    fn quoted(&mut self, kind: &[u8], bytes: &[u8]) {
        self.next();
        self.text.push(b'\'');
        self.text.extend_from_slice(kind);
        for &byte in bytes {
            if byte == b'\'' {
                self.text.push(byte);
            }
            self.text.push(byte);
        }
        self.text.push(b'\'');
    }

    fn flag(&mut self, flag: bool) {
        self.next();
        self.text.extend_from_slice(if flag { b"true" } else { b"false" });
    }

    /// A number of Java's, which has a sign.
    fn number(&mut self, number: u64) {
        self.next();
        self.text.extend_from_slice(number.cast_signed().to_string().as_bytes());
    }

    /// An operator, and in the field behind it a `Comparator`: a class and the message that it writes.
    fn comparison(&mut self, message: &Message<'_>, operator: u32) -> Result<(), String> {
        let number = message.number(operator).and_then(|number| usize::try_from(number).ok());
        let sign = number.and_then(|number| OPERATORS.get(number)).ok_or("no operator")?;
        self.next();
        self.text.extend_from_slice(sign.as_bytes());
        let comparator = Message::read(message.bytes(operator + 1))?;
        let own = Message::read(comparator.bytes(2))?;
        match comparator.class()?.as_str() {
            "BinaryComparator" => self.quoted(b"binary:", Message::read(own.bytes(1))?.bytes(1)),
            "BinaryPrefixComparator" => {
                self.quoted(b"binaryprefix:", Message::read(own.bytes(1))?.bytes(1));
            }
            "SubstringComparator" => self.quoted(b"substring:", own.bytes(1)),
            "RegexStringComparator"
                if own.number(2) == Some(DOT_MATCHES_ALL) && own.bytes(4) != b"JONI" =>
            {
                self.quoted(b"regexstring:", own.bytes(1));
            }
            class => return Err(format!("a {class} like this")),
        }
        Ok(())
    }
}

/// A message of Protocol Buffers: its fields in their order, of the two kinds that filters have.
struct Message<'a> {
    fields: Vec<(u32, Field<'a>)>,
}

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Message<'a> {
    fn read(mut bytes: &'a [u8]) -> Result<Self, String> {
        const FIELDS: usize = 10_000;
        const TRUNCATED: &str = "they end too early";
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            if fields.len() == FIELDS {
                return Err(format!("more than {FIELDS} parts"));
            }
            let tag = number(&mut bytes).ok_or(TRUNCATED)?;
            let id = u32::try_from(tag >> 3).map_err(|error| error.to_string())?;
            let field = match tag & 7 {
                0 => Field::Number(number(&mut bytes).ok_or(TRUNCATED)?),
                2 => {
                    let length = number(&mut bytes).and_then(|length| usize::try_from(length).ok());
                    let parts = length.and_then(|length| bytes.split_at_checked(length));
                    let (own, rest) = parts.ok_or(TRUNCATED)?;
                    bytes = rest;
                    Field::Bytes(own)
                }
                _ => return Err("they are no filter".to_owned()),
            };
            fields.push((id, field));
        }
        Ok(Self { fields })
    }

    fn has(&self, id: u32) -> bool {
        self.fields.iter().any(|(other, _)| *other == id)
    }

    /// The last one counts, as always in these messages.
    fn number(&self, id: u32) -> Option<u64> {
        self.fields.iter().rev().find_map(|(other, field)| match field {
            Field::Number(number) if *other == id => Some(*number),
            _ => None,
        })
    }

    /// Those of the last one, or none.
    fn bytes(&self, id: u32) -> &'a [u8] {
        self.all(id).last().unwrap_or_default()
    }

    fn all(&self, id: u32) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter_map(move |(other, field)| match field {
            Field::Bytes(bytes) if *other == id => Some(*bytes),
            _ => None,
        })
    }

    /// Numbers, one by one or packed together.
    fn numbers(&self, id: u32) -> Result<Vec<u64>, String> {
        let mut found = Vec::new();
        for (_, field) in self.fields.iter().filter(|(other, _)| *other == id) {
            match *field {
                Field::Number(number) => found.push(number),
                Field::Bytes(mut packed) => {
                    while !packed.is_empty() {
                        found.push(number(&mut packed).ok_or("they end too early")?);
                    }
                }
            }
        }
        Ok(found)
    }

    /// The simple name of a class of HBase's filters.
    fn class(&self) -> Result<String, String> {
        let name = String::from_utf8_lossy(self.bytes(1)).into_owned();
        let simple = name.strip_prefix(FILTERS).map(str::to_owned);
        simple.ok_or_else(|| format!("a filter of the class {}", name.escape_debug()))
    }
}

/// Takes a number from the front: seven bits a byte, the lowest first.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Budget, Share};

    fn field(id: u8, bytes: &[u8]) -> Vec<u8> {
        [&[id << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }

    fn class(name: &str, own: &[u8]) -> Vec<u8> {
        [field(1, format!("{FILTERS}{name}").as_bytes()), field(2, own)].concat()
    }

    fn text(bytes: &[u8]) -> Result<String, String> {
        let mut text = Vec::new();
        filter(bytes, 0, &mut text)?;
        Ok(text.escape_ascii().to_string())
    }

    #[test]
    fn filters_are_written_in_the_language() {
        let prefix = class("PrefixFilter", &field(1, b"it's"));
        assert_eq!(text(&prefix).unwrap(), r"PrefixFilter(\'it\'\'s\')");
        let binary = class("BinaryComparator", &field(1, &field(1, b"\xff")));
        let value = class("ValueFilter", &field(1, &[&[8, 4], &*field(2, &binary)].concat()));
        assert_eq!(text(&value).unwrap(), r"ValueFilter(>=,\'binary:\xff\')");
        let either = [vec![8, 2], field(2, &prefix), field(2, &class("KeyOnlyFilter", &[8, 1]))];
        let either = class("FilterList", &either.concat());
        assert_eq!(text(&either).unwrap(), r"(PrefixFilter(\'it\'\'s\') OR KeyOnlyFilter(true))");
        let one = |operator| class("FilterList", &[&[8, operator], &*field(2, &prefix)].concat());
        assert_eq!(text(&one(1)).unwrap(), r"(AND_OF_ONE (PrefixFilter(\'it\'\'s\')))");
        assert_eq!(text(&one(2)).unwrap(), r"(OR_OF_ONE (PrefixFilter(\'it\'\'s\')))");
        let share = || Share::of(&Budget::new(1 << 20));
        assert!([1, 2].into_iter().all(|operator| parse(&one(operator), &share()).is_ok()));
        let range =
            class("ColumnRangeFilter", &[&*field(1, b""), &[16, 1], &field(3, b"x")].concat());
        assert_eq!(text(&range).unwrap(), r"ColumnRangeFilter(\'\',true,\'x\',false)");
        assert_eq!(
            text(&class("ColumnRangeFilter", &[])).unwrap(),
            r"ColumnRangeFilter(\'\',false,\'\',false)"
        );
        for empty in [field(1, b""), [field(1, b""), vec![16, 0]].concat(), field(3, b"")] {
            text(&class("ColumnRangeFilter", &empty)).unwrap_err();
        }
        let times = class("TimestampsFilter", &field(1, &[5, 0x80, 1]));
        assert_eq!(text(&times).unwrap(), "TimestampsFilter(5,128)");
        let skip = class("SkipFilter", &field(1, &times));
        assert_eq!(text(&skip).unwrap(), "(SKIP (TimestampsFilter(5,128)))");
    }

    #[test]
    fn what_the_language_cannot_say_is_refused() {
        let random = class("RandomRowFilter", &[]);
        assert!(text(&random).unwrap_err().contains("RandomRowFilter"));
        let hinting = class("TimestampsFilter", &[&*field(1, &[5]), &[16, 1]].concat());
        text(&hinting).unwrap_err();
        text(&field(1, b"java.lang.Runtime")).unwrap_err();
        text(&class("FilterList", &[8, 1])).unwrap_err();
    }

    #[test]
    fn no_bytes_are_too_odd() {
        let prefix = class("PrefixFilter", &field(1, b"p"));
        for end in 0..prefix.len() {
            let _ = text(&prefix[..end]);
        }
        let mut deep = class("KeyOnlyFilter", &[]);
        for _ in 0..300 {
            let long = |id: u8, bytes: &[u8]| {
                let length = bytes.len();
                let length = [
                    (length & 0x7f | 0x80) as u8,
                    (length >> 7 & 0x7f | 0x80) as u8,
                    (length >> 14) as u8,
                ];
                [&[id << 3 | 2], &length[..], bytes].concat()
            };
            let name = format!("{FILTERS}SkipFilter");
            deep = [field(1, name.as_bytes()), long(2, &long(1, &deep))].concat();
        }
        assert!(text(&deep).unwrap_err().contains("deep"));
        let share = Share::of(&Budget::new(64));
        assert!(matches!(parse(&deep, &share), Err(model::Error::NoMemory(_))));
    }
}
