//! Operators and comparators: how a filter compares a key, a name or a value with its own.

use std::cmp::Ordering;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::java_regex;
use super::memory::Memory;

/// A regular expression takes one of these sizes of memory, or is refused.
const REGEX_SIZES: [usize; 3] = [16 << 10, 128 << 10, 1 << 20];
/// What it may take beside that, to remember how texts were read.
const REGEX_CACHE: usize = 256 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
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

    pub(crate) fn holds(self, ordering: Ordering) -> bool {
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
    Regex(Arc<Regex>),
    /// Equal where it is contained, in lower case.
    Substring(String),
}

impl Comparator {
    /// Reads `kind:value`.
    pub(super) fn parse(text: &[u8], memory: &Memory<'_>) -> Result<Self, String> {
        let colon = text.iter().position(|&byte| byte == b':').ok_or("Incorrect comparator")?;
        let (kind, value) = (&text[..colon], &text[colon + 1..]);
        let as_text = || String::from_utf8_lossy(value);
        Ok(match kind {
            b"binary" => Self::Binary(value.to_vec()),
            b"binaryprefix" => Self::BinaryPrefix(value.to_vec()),
            b"regexstring" => Self::Regex(Arc::new(regex(&as_text(), memory)?)),
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

fn regex(java: &str, memory: &Memory<'_>) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(&java_regex::translate(java)?);
    // As Java's Pattern.DOTALL.
    builder.dot_matches_new_line(true).dfa_size_limit(REGEX_CACHE);
    memory.take(REGEX_CACHE)?;
    let mut taken = 0;
    let mut refused = String::new();
    for size in REGEX_SIZES {
        memory.take(size - taken)?;
        taken = size;
        match builder.size_limit(size).build() {
            Ok(regex) => return Ok(regex),
            Err(error) => refused = error.to_string(),
        }
    }
    Err(refused)
}

/// An operator with what it compares to.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    operator: Operator,
    comparator: Comparator,
}

impl Comparison {
    pub(super) fn new(
        operator: &[u8],
        comparator: &[u8],
        memory: &Memory<'_>,
    ) -> Result<Self, String> {
        let operator = Operator::parse(operator)?;
        Ok(Self { operator, comparator: Comparator::parse(comparator, memory)? })
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
    use crate::budget::{Budget, Share};

    fn comparison(operator: &str, comparator: &str) -> Result<Comparison, String> {
        let share = Share::of(&Budget::new(4 << 20));
        Comparison::new(operator.as_bytes(), comparator.as_bytes(), &Memory::of(&share))
    }

    fn holds(operator: &str, comparator: &str, bytes: &[u8]) -> bool {
        comparison(operator, comparator).unwrap().holds(bytes)
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
            assert!(comparison(operator, comparator).is_err());
        }
        assert!(comparison("=", "regexstring:(").is_err());
        assert!(comparison("<", "substring:a").unwrap().ordered().is_err());
    }

    #[test]
    fn a_regular_expression_takes_memory_by_its_size_and_has_a_largest_one() {
        let budget = Budget::new(4 << 20);
        let taken = |pattern: &str| {
            let share = Share::of(&budget);
            let made = regex(pattern, &Memory::of(&share));
            (made.is_ok(), share.taken() - REGEX_CACHE)
        };
        assert_eq!(taken("a+b"), (true, REGEX_SIZES[0]));
        assert_eq!(taken("(a{100}){10}"), (true, REGEX_SIZES[1]));
        assert_eq!(taken("(a{100}){100}"), (true, REGEX_SIZES[2]));
        assert_eq!(taken("(a{100}){1000}"), (false, REGEX_SIZES[2]));
        let share = Share::of(&budget);
        let memory = Memory::of(&share);
        assert!((0..100).any(|_| regex("(a{100}){100}", &memory).is_err()));
        assert!(share.taken() <= 4 << 20);
    }
}
