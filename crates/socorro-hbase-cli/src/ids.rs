//! The crashes that a command is about: named on its line, or on standard input.
//!
//! For lists of any length: lines are read as they are wanted, and a signal ends the waiting for more.

use std::{
    collections::BTreeSet,
    io::{self, BufRead, Read},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::Value;
use socorro_hbase_client::CrashId;

use crate::{
    args::{Named, id},
    failure::WrongCommandLine,
    stop,
};

/// How many crashes are worked on in one go.
pub(crate) const AT_ONCE: usize = 64;

/// The longest line of a list that is read; one has a name, and what is shown of the crash.
const LONGEST_LINE: u64 = 1 << 20;

/// How long a line is waited for before a look whether a signal asked to stop.
const PATIENCE: Duration = Duration::from_millis(100);

/// The crashes that these words name; one that several of them name is worked on once. A signal that asks
/// to stop ends those of standard input.
pub(crate) fn read(named: Vec<Named>) -> impl Iterator<Item = Result<CrashId>> + use<> {
    let mut seen = BTreeSet::new();
    let is_new = move |named: &Named| match named {
        Named::Crash(id) => seen.insert(id.clone()),
        Named::Input => true,
    };
    named.into_iter().filter(is_new).flat_map(
        |named| -> Box<dyn Iterator<Item = Result<CrashId>>> {
            match named {
                Named::Crash(id) => Box::new(std::iter::once(Ok(id))),
                Named::Input => Box::new(of_input()),
            }
        },
    )
}

/// Read by a thread of its own: nothing ends the waiting for a pipe or a person.
fn of_input() -> impl Iterator<Item = Result<CrashId>> {
    let (sender, receiver) = sync_channel(AT_ONCE);
    thread::spawn(move || send_lines(&mut io::stdin().lock(), &sender));
    std::iter::from_fn(move || next(&receiver))
}

fn next(lines: &Receiver<Result<CrashId>>) -> Option<Result<CrashId>> {
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(read) => return Some(read),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) if stop::is_asked() => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Until the end, the first problem, or nobody wants more.
fn send_lines(input: &mut impl BufRead, to: &SyncSender<Result<CrashId>>) {
    loop {
        let read = next_line(input);
        let is_last = !matches!(read, Ok(Some(_)));
        let named = read.and_then(|line| line.map_or(Ok(None), |line| of_line(&line)));
        let is_problem = named.is_err();
        let is_unwanted = named.transpose().is_some_and(|named| to.send(named).is_err());
        if is_last || is_problem || is_unwanted {
            return;
        }
    }
}

fn next_line(input: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = input.take(LONGEST_LINE + 1).read_until(b'\n', &mut line);
    if read.context("can't read standard input")? as u64 > LONGEST_LINE {
        let message = "standard input is no list of ooids: a line of it has more than 1 MiB";
        return Err(WrongCommandLine(message.to_owned()).into());
    }
    Ok((!line.is_empty()).then_some(line))
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
fn of_line(line: &[u8]) -> Result<Option<CrashId>> {
    let object = serde_json::from_slice::<Value>(line).ok();
    let field = object.as_ref().and_then(|object| object.get("ooid")).and_then(Value::as_str);
    let text = String::from_utf8_lossy(line);
    let Some(word) = field.or_else(|| text.split_whitespace().next()) else { return Ok(None) };
    let problem = || {
        let word: String = word.chars().take(LONGEST_SHOWN).collect();
        WrongCommandLine(format!("standard input names no crash with {word}"))
    };
    // Bytes that are no text name nothing as they stand: lists have them escaped.
    if word.contains(char::REPLACEMENT_CHARACTER) {
        return Err(problem().into());
    }
    Ok(Some(id(word).with_context(problem)?))
}

/// How much of a word that names nothing is shown.
const LONGEST_SHOWN: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_crash_by_its_first_word_or_its_field() {
        let read = |line: &str| of_line(line.as_bytes()).unwrap().map(|id| id.to_string());
        assert_eq!(read("a  2012-05-08  Firefox\r\n"), Some("a".into()));
        assert_eq!(read(r#"{"submitted": "2012", "ooid": "b"}"#), Some("b".into()));
        assert_eq!(read("  \n"), None);
        for line in [&br"a\q"[..], b"\xff\xfe  a"] {
            let error = of_line(line).unwrap_err();
            assert!(error.is::<WrongCommandLine>(), "{error:#}");
        }
    }

    #[test]
    fn what_the_line_names_twice_is_worked_on_once() {
        let named = ["a", "b", "a"].map(|name| Named::Crash(id(name).unwrap()));
        let read: Vec<_> = read(named.to_vec()).map(|id| id.unwrap().to_string()).collect();
        assert_eq!(read, ["a", "b"]);
    }

    /// What is sent of this input, and the problem that ended it.
    fn sent(input: &[u8]) -> (Vec<String>, Option<String>) {
        let (sender, receiver) = sync_channel(1000);
        send_lines(&mut &*input, &sender);
        drop(sender);
        let (mut names, mut problem) = (Vec::new(), None);
        for read in receiver {
            assert_eq!(problem, None, "something came behind a problem");
            match read {
                Ok(name) => names.push(name.to_string()),
                Err(error) => problem = Some(error.to_string()),
            }
        }
        (names, problem)
    }

    #[test]
    fn all_lines_are_read_until_the_first_that_names_nothing() {
        assert_eq!(sent(b"a x\n\n  \nb"), (vec!["a".into(), "b".into()], None));
        let (names, problem) = sent(b"a\n\\q\nb\n");
        assert_eq!(names, ["a"]);
        assert_eq!(problem.unwrap(), r"standard input names no crash with \q");
    }

    #[test]
    fn a_line_without_end_is_not_read_into_memory() {
        let (names, problem) = sent(&vec![b'a'; 3 << 20]);
        assert!(names.is_empty());
        assert!(problem.unwrap().contains("a line of it has more than 1 MiB"));
    }
}
