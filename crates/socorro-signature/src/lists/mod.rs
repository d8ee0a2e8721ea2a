//! The lists that say which frames count.

use std::path::{Path, PathBuf};
use std::{fs, io};

use regex::RegexSet;
use thiserror::Error;

use crate::pattern;

/// Says which frames begin a signature, are skipped, are followed by the next, and show their line.
///
/// A line of a list is a regular expression in Python's syntax, without look-around and without
/// references to groups; it is matched at the beginning of a frame's name. Sentinels are names as
/// they are. An empty list matches nothing.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    sentinels: Vec<String>,
    irrelevant: Patterns,
    prefixes: Patterns,
    with_line_numbers: Patterns,
}

/// Reports which list can't be used, and why.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListError {
    /// A file of the folder can't be read.
    #[error("the list {} can't be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A line isn't a regular expression that can be used.
    #[error("the list {list} has a line that can't be used as a pattern: {line:?}")]
    Pattern {
        /// The list's name.
        list: &'static str,
        /// The line.
        line: String,
        /// The reason.
        source: Box<regex::Error>,
    },
}

const SENTINELS: &str = "signature_sentinels";
const IRRELEVANT: &str = "irrelevant_signature_re";
const PREFIXES: &str = "prefix_signature_re";
const LINE_NUMBERS: &str = "signatures_with_line_numbers_re";

impl Lists {
    /// Returns short lists for the run-time libraries of C, C++ and Rust on Linux, Windows and macOS.
    pub fn built_in() -> Self {
        // A test compiles them.
        Self::read(|name| {
            Ok::<_, ListError>(match name {
                SENTINELS => include_str!("signature_sentinels.txt").to_owned(),
                IRRELEVANT => include_str!("irrelevant_signature_re.txt").to_owned(),
                PREFIXES => include_str!("prefix_signature_re.txt").to_owned(),
                _ => include_str!("signatures_with_line_numbers_re.txt").to_owned(),
            })
        })
        .unwrap_or_default()
    }

    /// Reads lists in the format of Mozilla's `siggen` from a folder.
    ///
    /// The files are `signature_sentinels.txt`, `irrelevant_signature_re.txt`,
    /// `prefix_signature_re.txt` and `signatures_with_line_numbers_re.txt`. Empty lines and those that
    /// begin with `#` are skipped.
    ///
    /// # Errors
    ///
    /// If a file is missing or can't be read, or a line isn't a pattern that can be used.
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self, ListError> {
        Self::read(|name| {
            let path = folder.as_ref().join(format!("{name}.txt"));
            fs::read_to_string(&path).map_err(|source| ListError::Unreadable { path, source })
        })
    }

    fn read(text: impl Fn(&'static str) -> Result<String, ListError>) -> Result<Self, ListError> {
        let patterns = |name| Patterns::compile(name, lines(&text(name)?));
        Ok(Self {
            sentinels: lines(&text(SENTINELS)?),
            irrelevant: patterns(IRRELEVANT)?,
            prefixes: patterns(PREFIXES)?,
            with_line_numbers: patterns(LINE_NUMBERS)?,
        })
    }

    /// Returns where the stack begins that counts: at the first sentinel.
    pub(crate) fn sentinel(&self, names: &[String]) -> Option<usize> {
        names.iter().position(|name| self.sentinels.contains(name))
    }

    /// Returns the pattern that makes a frame irrelevant.
    pub(crate) fn irrelevant(&self, name: &str) -> Option<&str> {
        self.irrelevant.first_match(name)
    }

    /// Returns the pattern after which the next frame counts too.
    pub(crate) fn prefix(&self, name: &str) -> Option<&str> {
        self.prefixes.first_match(name)
    }

    /// Returns whether a frame shows its line.
    pub(crate) fn shows_line(&self, name: &str) -> bool {
        self.with_line_numbers.first_match(name).is_some()
    }
}

/// The lines of a list, compiled together.
#[derive(Clone, Debug, Default)]
struct Patterns {
    lines: Vec<String>,
    set: RegexSet,
}

impl Patterns {
    fn compile(list: &'static str, lines: Vec<String>) -> Result<Self, ListError> {
        let patterns: Vec<_> = lines.iter().map(|line| pattern::anchored(line)).collect();
        let set = RegexSet::new(&patterns).map_err(|error| {
            // Alone, a line that is broken shows itself.
            let alone = |(line, pattern): (&String, &String)| {
                regex::Regex::new(pattern).err().map(|error| broken(list, line, error))
            };
            let culprit = lines.iter().zip(&patterns).find_map(alone);
            culprit.unwrap_or_else(|| broken(list, "all lines together", error))
        })?;
        Ok(Self { lines, set })
    }

    fn first_match(&self, text: &str) -> Option<&str> {
        let index = self.set.matches(text).into_iter().next()?;
        self.lines.get(index).map(String::as_str)
    }
}

fn broken(list: &'static str, line: &str, error: regex::Error) -> ListError {
    ListError::Pattern { list, line: line.to_owned(), source: Box::new(error) }
}

fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_lists_are_whole() {
        let lists = Lists::built_in();
        assert!(lists.sentinel(&["x".into(), "core::panicking::panic_fmt".into()]) == Some(1));
        assert!(lists.irrelevant("__libc_start_main").is_some());
        assert!(lists.prefix("memcpy").is_some());
        assert!(lists.irrelevant("main").is_none() && lists.prefix("main").is_none());
    }

    #[test]
    fn a_list_that_is_missing_or_broken_is_named() {
        let folder = std::env::temp_dir().join(format!("signature-lists-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let error = Lists::from_folder(&folder).unwrap_err();
        assert!(error.to_string().contains("signature_sentinels.txt"), "{error}");
        for name in [SENTINELS, IRRELEVANT, PREFIXES, LINE_NUMBERS] {
            fs::write(folder.join(format!("{name}.txt")), "# nothing\n\n").unwrap();
        }
        assert!(Lists::from_folder(&folder).unwrap().prefix("anything").is_none());
        fs::write(folder.join("prefix_signature_re.txt"), "fine\n(?=no)\n").unwrap();
        let error = Lists::from_folder(&folder).unwrap_err();
        assert!(error.to_string().contains("prefix_signature_re"), "{error}");
        assert!(error.to_string().contains("(?=no)"), "{error}");
        fs::remove_dir_all(&folder).unwrap();
    }
}
