//! The crashes that a command is about: named on its line, or on standard input.
//!
//! For lists of any length: lines are read as they are wanted.

use std::io::{self, BufRead};

use anyhow::{Context, Result};
use serde_json::Value;
use socorro_hbase_client::CrashId;

use crate::{
    args::{Named, id},
    failure::WrongCommandLine,
};

/// How many crashes are worked on in one go.
pub(crate) const AT_ONCE: usize = 64;

/// The crashes that these words name.
pub(crate) fn read(named: Vec<Named>) -> impl Iterator<Item = Result<CrashId>> {
    named.into_iter().flat_map(|named| -> Box<dyn Iterator<Item = Result<CrashId>>> {
        match named {
            Named::Crash(id) => Box::new(std::iter::once(Ok(id))),
            Named::Input => Box::new(io::stdin().lock().lines().filter_map(|line| {
                line.context("can't read standard input")
                    .and_then(|line| of_line(&line))
                    .transpose()
            })),
        }
    })
}

/// Hands on all of them, a few at a time.
pub(crate) fn in_chunks<T>(
    all: impl Iterator<Item = Result<T>>,
    mut each: impl FnMut(&[T]) -> Result<()>,
) -> Result<()> {
    let mut chunk = Vec::with_capacity(AT_ONCE);
    for one in all {
        chunk.push(one?);
        if chunk.len() == AT_ONCE {
            each(&chunk)?;
            chunk.clear();
        }
    }
    if chunk.is_empty() { Ok(()) } else { each(&chunk) }
}

/// The first word, or an object's field `ooid`, as this program's lists have them.
fn of_line(line: &str) -> Result<Option<CrashId>> {
    let object = serde_json::from_str::<Value>(line).ok();
    let field = object.as_ref().and_then(|object| object.get("ooid")).and_then(Value::as_str);
    let Some(word) = field.or_else(|| line.split_whitespace().next()) else { return Ok(None) };
    let named = id(word).with_context(|| {
        WrongCommandLine(format!("standard input names no crash with {word:?}"))
    })?;
    Ok(Some(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_crash_by_its_first_word_or_its_field() {
        let read = |line| of_line(line).unwrap().map(|id| id.to_string());
        assert_eq!(read("a  2012-05-08  Firefox"), Some("a".into()));
        assert_eq!(read(r#"{"submitted": "2012", "ooid": "b"}"#), Some("b".into()));
        assert_eq!(read("  "), None);
        assert!(of_line(r"a\q").is_err());
    }
}
