//! The filter language: `PrefixFilter('a') AND (SKIP ValueFilter(=, 'binary:x') OR …)`.
//!
//! It works on bytes as HBase's `ParseFilter` does, with a stack of operators and one of filters,
//! and so takes and refuses the same texts. Arguments of the single filters are left to
//! `arguments` and `make`.

use super::lists::{And, Or};
use super::memory::Memory;
use super::wrappers::Around;
use super::{Filter, arguments, make};
use crate::budget::Share;
use crate::model;

/// Filters inside each other are calls inside each other, and the stack has an end.
pub(super) const MAX_DEPTH: usize = 100;
const MAX_FILTERS: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Open,
    Skip,
    While,
    /// An AND of one filter, and an OR of one: not in the language, but in filters that come as bytes.
    AndOfOne,
    OrOfOne,
    And,
    Or,
}

impl Word {
    fn binds_closer_than(self, other: Self) -> bool {
        let rank = |operator| match operator {
            Self::Skip | Self::While | Self::AndOfOne | Self::OrOfOne => 1,
            Self::And => 2,
            Self::Or | Self::Open => 3,
        };
        rank(self) < rank(other)
    }
}

/// Reads a filter; the share takes what it needs, for as long as it is used.
///
/// # Errors
/// What `ParseFilter` says in its `IllegalArgumentException`, or if there is not enough memory.
pub(crate) fn parse(text: &[u8], share: &Share) -> model::Result<Box<dyn Filter>> {
    parse_with(&WORDS, text, share)
}

/// As [`parse`], with [`AND_OF_ONE`] and [`OR_OF_ONE`], which no user can write.
pub(super) fn parse_written(text: &[u8], share: &Share) -> model::Result<Box<dyn Filter>> {
    parse_with(&[&WORDS[..], &OF_ONE].concat(), text, share)
}

fn parse_with(words: &[Keyword], text: &[u8], share: &Share) -> model::Result<Box<dyn Filter>> {
    let memory = Memory::of(share);
    read(words, text, &memory).map_err(|wrong| match memory.exhausted() {
        Some(exhausted) => model::Error::NoMemory(exhausted),
        None => model::Error::Illegal(wrong),
    })
}

fn read(words: &[Keyword], text: &[u8], memory: &Memory<'_>) -> Result<Box<dyn Filter>, String> {
    memory.take_text(text)?;
    let mut parser = Parser { words, operators: Vec::new(), filters: Vec::new(), count: 0, memory };
    let mut place = 0;
    while place < text.len() {
        place += parser.step(text, place)?;
    }
    parser.finish()
}

struct Parsed {
    filter: Box<dyn Filter>,
    depth: usize,
}

struct Parser<'a> {
    words: &'a [Keyword],
    operators: Vec<Word>,
    filters: Vec<Parsed>,
    count: usize,
    memory: &'a Memory<'a>,
}

impl Parser<'_> {
    /// Reads what is at a place, and says how long it is.
    fn step(&mut self, text: &[u8], place: usize) -> Result<usize, String> {
        match text[place] {
            b'(' => self.operators.push(Word::Open),
            b' ' | b'\t' => {}
            b')' => self.close()?,
            _ => {
                if let Some((operator, length)) = keyword(self.words, text, place) {
                    self.reduce(operator)?;
                    self.operators.push(operator);
                    return Ok(length);
                }
                let expression = arguments::expression(&text[place..])?;
                self.count += 1;
                if self.count > MAX_FILTERS {
                    return Err(format!("more than {MAX_FILTERS} filters"));
                }
                let filter = make::filter(expression, self.memory)?;
                self.filters.push(Parsed { filter, depth: 1 });
                return Ok(expression.len());
            }
        }
        Ok(1)
    }

    /// Ends a parenthesis. After the first operator in it, HBase looks for the opening one by
    /// taking operators off the stack: one that is still there then is lost, and the text refused.
    fn close(&mut self) -> Result<(), String> {
        const MISMATCHED: &str = "Mismatched parenthesis";
        let mut top = *self.operators.last().ok_or(MISMATCHED)?;
        if top == Word::Open {
            self.operators.pop();
            return Ok(());
        }
        while top != Word::Open {
            self.combine()?;
            top = self.operators.pop().ok_or(MISMATCHED)?;
        }
        Ok(())
    }

    fn reduce(&mut self, operator: Word) -> Result<(), String> {
        // Nothing binds more loosely than an open parenthesis.
        while let Some(&top) = self.operators.last()
            && top.binds_closer_than(operator)
        {
            self.combine()?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Box<dyn Filter>, String> {
        while !self.operators.is_empty() {
            self.combine()?;
        }
        match (self.filters.pop(), self.filters.is_empty()) {
            (Some(parsed), true) => Ok(parsed.filter),
            _ => Err("Incorrect Filter String".to_owned()),
        }
    }

    /// Applies the operator on top to the filters on top.
    fn combine(&mut self) -> Result<(), String> {
        let Some(operator) = self.operators.pop() else { return Ok(()) };
        let combined = match operator {
            Word::Open => self.take("Incorrect Filter String")?,
            Word::Skip => {
                let inner = self.take("Incorrect input string - a SKIP wraps a filter")?;
                Parsed { depth: inner.depth + 1, filter: Box::new(Around::row(inner.filter)) }
            }
            Word::While => {
                let inner = self.take("Incorrect input string - a WHILE wraps a filter")?;
                Parsed { depth: inner.depth + 1, filter: Box::new(Around::rest(inner.filter)) }
            }
            Word::AndOfOne => {
                let inner = self.take("an AND of one filter has it")?;
                Parsed { depth: inner.depth + 1, filter: Box::new(And::new(vec![inner.filter])) }
            }
            Word::OrOfOne => {
                let inner = self.take("an OR of one filter has it")?;
                Parsed { depth: inner.depth + 1, filter: Box::new(Or::new(vec![inner.filter])) }
            }
            Word::And | Word::Or => self.list(operator)?,
        };
        if combined.depth > MAX_DEPTH {
            return Err(format!("filters lie more than {MAX_DEPTH} deep in each other"));
        }
        self.filters.push(combined);
        Ok(())
    }

    /// Joins as many filters as the same operator stands between, one after the other.
    fn list(&mut self, operator: Word) -> Result<Parsed, String> {
        let missing = if operator == Word::And {
            "Incorrect input string - an AND needs two filters"
        } else {
            "Incorrect input string - an OR needs two filters"
        };
        let mut parts = vec![self.take(missing)?];
        while self.operators.last() == Some(&operator) {
            self.operators.pop();
            parts.push(self.take(missing)?);
        }
        parts.push(self.take(missing)?);
        parts.reverse();
        let depth = 1 + parts.iter().map(|part| part.depth).max().unwrap_or(0);
        let filters = parts.into_iter().map(|part| part.filter).collect();
        let filter: Box<dyn Filter> = if operator == Word::And {
            Box::new(And::new(filters))
        } else {
            Box::new(Or::new(filters))
        };
        Ok(Parsed { filter, depth })
    }

    fn take(&mut self, missing: &str) -> Result<Parsed, String> {
        self.filters.pop().ok_or_else(|| missing.to_owned())
    }
}

/// How a word is written, and whether it stands before one filter.
type Keyword = (&'static [u8], Word, bool);

const WORDS: [Keyword; 4] = [
    (b"OR", Word::Or, false),
    (b"AND", Word::And, false),
    (b"SKIP", Word::Skip, true),
    (b"WHILE", Word::While, true),
];
pub(super) const AND_OF_ONE: &[u8] = b"AND_OF_ONE";
pub(super) const OR_OF_ONE: &[u8] = b"OR_OF_ONE";
const OF_ONE: [Keyword; 2] = [(AND_OF_ONE, Word::AndOfOne, true), (OR_OF_ONE, Word::OrOfOne, true)];

/// The operator at a place, which has to stand apart from what is around it.
fn keyword(words: &[Keyword], text: &[u8], place: usize) -> Option<(Word, usize)> {
    words.iter().find_map(|&(word, operator, is_prefix)| {
        let rest = text[place..].strip_prefix(word)?;
        let before = place.checked_sub(1).map(|before| text[before]);
        let starts = match before {
            Some(b' ' | b')') => true,
            Some(b'(') | None => is_prefix,
            Some(_) => false,
        };
        (starts && matches!(rest.first(), Some(b' ' | b'('))).then_some((operator, word.len()))
    })
}
