//! Operators and comparators: how a filter compares a key, a name or a value with its own.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};

/// A regular expression may take this much memory, however it was written.
const REGEX_SIZE: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

impl Operator {
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        Ok(match text {
            b"<" => Self::Less,
            b"<=" => Self::LessOrEqual,
            b"=" => Self::Equal,
            b"!=" => Self::NotEqual,
            b">=" => Self::GreaterOrEqual,
            b">" => Self::Greater,
            _ => return Err("Invalid compare operator".to_owned()),
        })
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Greater => ordering.is_gt(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Comparator {
    Binary(Vec<u8>),
    /// Against so many bytes of what is compared.
    BinaryPrefix(Vec<u8>),
    /// Equal where it is found.
    Regex(Box<Regex>),
    /// Equal where it is contained, in lower case.
    Substring(String),
}

impl Comparator {
    /// Reads `kind:value`.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let colon = text.iter().position(|&byte| byte == b':').ok_or("Incorrect comparator")?;
        let (kind, value) = (&text[..colon], &text[colon + 1..]);
        let as_text = || String::from_utf8_lossy(value);
        Ok(match kind {
            b"binary" => Self::Binary(value.to_vec()),
            b"binaryprefix" => Self::BinaryPrefix(value.to_vec()),
            b"regexstring" => {
                // As Java's Pattern.DOTALL.
                let regex = RegexBuilder::new(&as_text())
                    .dot_matches_new_line(true)
                    .size_limit(REGEX_SIZE)
                    .build();
                Self::Regex(Box::new(regex.map_err(|error| error.to_string())?))
            }
            b"substring" => Self::Substring(as_text().to_lowercase()),
            _ => return Err("Incorrect comparatorType".to_owned()),
        })
    }

    fn compare(&self, bytes: &[u8]) -> Ordering {
        let found = |found| if found { Ordering::Equal } else { Ordering::Less };
        match self {
            Self::Binary(own) => bytes.cmp(own),
            Self::BinaryPrefix(own) => bytes[..bytes.len().min(own.len())].cmp(own),
            Self::Regex(regex) => found(regex.is_match(&String::from_utf8_lossy(bytes))),
            Self::Substring(part) => {
                found(String::from_utf8_lossy(bytes).to_lowercase().contains(part))
            }
        }
    }
}

/// An operator with what it compares to.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    operator: Operator,
    comparator: Comparator,
}

impl Comparison {
    pub(super) fn new(operator: &[u8], comparator: &[u8]) -> Result<Self, String> {
        let operator = Operator::parse(operator)?;
        Ok(Self { operator, comparator: Comparator::parse(comparator)? })
    }

    /// Refuses what has no order.
    pub(super) fn ordered(self) -> Result<Self, String> {
        let has_order =
            matches!(self.comparator, Comparator::Binary(_) | Comparator::BinaryPrefix(_));
        if has_order || matches!(self.operator, Operator::Equal | Operator::NotEqual) {
            return Ok(self);
        }
        Err("A regexstring comparator and substring comparator can only be used with EQUAL and \
             NOT_EQUAL"
            .to_owned())
    }

    /// Whether bytes stand in the operator's relation to the comparator.
    pub(super) fn holds(&self, bytes: &[u8]) -> bool {
        self.operator.holds(self.comparator.compare(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(operator: &str, comparator: &str, bytes: &[u8]) -> bool {
        let comparison = Comparison::new(operator.as_bytes(), comparator.as_bytes());
        comparison.unwrap().holds(bytes)
    }

    #[test]
    fn what_is_compared_stands_left_of_the_operator() {
        for (operator, smaller, equal, greater) in [
            ("<", true, false, false),
            ("<=", true, true, false),
            ("=", false, true, false),
            ("!=", true, false, true),
            (">=", false, true, true),
            (">", false, false, true),
        ] {
            assert_eq!(holds(operator, "binary:m", b"a"), smaller, "a {operator} m");
            assert_eq!(holds(operator, "binary:m", b"m"), equal, "m {operator} m");
            assert_eq!(holds(operator, "binary:m", b"z"), greater, "z {operator} m");
        }
    }

    #[test]
    fn a_prefix_is_compared_with_as_many_bytes() {
        assert!(holds("=", "binaryprefix:ab", b"abc"));
        assert!(!holds("=", "binaryprefix:ab", b"a"));
        assert!(holds("<", "binaryprefix:ab", b"a"));
        assert!(holds("=", "binaryprefix:", b"x"));
    }

    #[test]
    fn a_regular_expression_is_found_anywhere_and_across_lines() {
        assert!(holds("=", "regexstring:b.d", b"ab\ndc"));
        assert!(holds("!=", "regexstring:^b", b"ab"));
    }

    #[test]
    fn a_substring_is_found_in_any_case() {
        assert!(holds("=", "substring:LL", b"Hello"));
        assert!(!holds("=", "substring:x", b"Hello"));
    }

    #[test]
    fn other_texts_are_no_comparison() {
        for (operator, comparator) in
            [("==", "binary:a"), ("", "binary:a"), ("=", "binary"), ("=", "long:1")]
        {
            assert!(Comparison::new(operator.as_bytes(), comparator.as_bytes()).is_err());
        }
        assert!(Comparison::new(b"=", b"regexstring:(").is_err());
        assert!(Comparison::new(b"<", b"substring:a").unwrap().ordered().is_err());
    }
}
