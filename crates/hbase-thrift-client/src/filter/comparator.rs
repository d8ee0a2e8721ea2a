//! What a filter compares with, and how.
//!
//! HBase takes an operator and a comparator apart, and refuses two thirds of their combinations for
//! text when it parses them. Here they are one value that can only be made of what belongs together.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// An operator with what HBase calls a comparator: a test of a key, a name or a value.
///
/// ```
/// use hbase_thrift_client::{Comparator, CompareOp, Filter};
///
/// let big = Filter::value(Comparator::binary(CompareOp::GreaterOrEqual, 1_000_u64.to_be_bytes()));
/// let other = Filter::value(Comparator::not_regex("^(NT|Linux) "));
/// # let _ = (big, other);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Comparator {
    /// `Equal` or `NotEqual` where the operand is text.
    pub(super) op: CompareOp,
    pub(super) operand: Operand,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operand {
    Binary(Vec<u8>),
    BinaryPrefix(Vec<u8>),
    RegexString(String),
    Substring(String),
}

impl Comparator {
    /// Compares with these bytes, in byte order (`BinaryComparator`).
    #[doc(alias = "BinaryComparator")]
    pub fn binary(op: CompareOp, value: impl Into<Vec<u8>>) -> Self {
        Self { op, operand: Operand::Binary(value.into()) }
    }

    /// Compares with these bytes, in byte order, as many bytes as there are here
    /// (`BinaryPrefixComparator`).
    #[doc(alias = "BinaryPrefixComparator")]
    pub fn binary_prefix(op: CompareOp, prefix: impl Into<Vec<u8>>) -> Self {
        Self { op, operand: Operand::BinaryPrefix(prefix.into()) }
    }

    /// Matches if this pattern is found anywhere (`RegexStringComparator`).
    ///
    /// The pattern is for `java.util.regex` and with its `DOTALL`. Bytes are taken for UTF-8 before
    /// it looks at them, so each that is none becomes U+FFFD. A pattern that Java can't compile is
    /// found out by the server, when the scan begins.
    #[doc(alias = "RegexStringComparator")]
    pub fn regex(pattern: impl Into<String>) -> Self {
        Self { op: CompareOp::Equal, operand: Operand::RegexString(pattern.into()) }
    }

    /// Matches where [`regex`](Self::regex) does not.
    pub fn not_regex(pattern: impl Into<String>) -> Self {
        Self { op: CompareOp::NotEqual, ..Self::regex(pattern) }
    }

    /// Matches if this text is found anywhere, in whatever case (`SubstringComparator`).
    ///
    /// Bytes are taken for UTF-8 as for a [`regex`](Self::regex).
    ///
    /// ```
    /// use hbase_thrift_client::{Comparator, Filter};
    ///
    /// let filter = Filter::value(Comparator::substring("out of memory"));
    /// let others = Filter::value(Comparator::not_substring("out of memory"));
    /// # let _ = (filter, others);
    /// ```
    #[doc(alias = "SubstringComparator")]
    pub fn substring(text: impl Into<String>) -> Self {
        Self { op: CompareOp::Equal, operand: Operand::Substring(text.into()) }
    }

    /// Matches where [`substring`](Self::substring) does not.
    pub fn not_substring(text: impl Into<String>) -> Self {
        Self { op: CompareOp::NotEqual, ..Self::substring(text) }
    }
}

/// On which side of an operand the compared bytes have to be (`CompareOperator`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// Before it.
    Less,
    /// Before it, or the same.
    LessOrEqual,
    /// The same.
    Equal,
    /// Not the same.
    NotEqual,
    /// After it, or the same.
    GreaterOrEqual,
    /// After it.
    Greater,
}

/// The operator as HBase's filter language writes it, such as `>=`.
///
/// ```
/// use hbase_thrift_client::CompareOp;
///
/// assert_eq!(">=".parse::<CompareOp>()?, CompareOp::GreaterOrEqual);
/// assert_eq!(CompareOp::NotEqual.to_string(), "!=");
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
impl fmt::Display for CompareOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        })
    }
}

impl FromStr for CompareOp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            "=" => Self::Equal,
            "!=" => Self::NotEqual,
            ">=" => Self::GreaterOrEqual,
            ">" => Self::Greater,
            _ => {
                let text = text.escape_debug();
                return Err(Error::invalid(format!(
                    "`{text}` is no operator: <, <=, =, !=, >=, >"
                )));
            }
        })
    }
}
