//! How a signature came about, step by step, as data that prints itself.

use std::fmt;

use serde::Serialize;

/// A step on the way to a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// The thread whose stack is looked at.
    Thread {
        /// Its index among the threads.
        index: usize,
        /// Its frames that are looked at, inlined ones included; at most [`MAX_FRAMES`](crate::MAX_FRAMES).
        frames: usize,
    },
    /// The stack counts from this frame on.
    Sentinel {
        /// The frame's place among those that are looked at.
        index: usize,
        /// The frame's name.
        name: String,
    },
    /// What became of a frame.
    Frame {
        /// Its place among those that are looked at.
        index: usize,
        /// Its name; empty if nothing is known about it.
        name: String,
        /// What the name is made of.
        source: NameSource,
        /// What became of it.
        verdict: Verdict,
    },
    /// A rule changed the signature.
    Change {
        /// The rule.
        rule: Rule,
        /// The signature before.
        before: String,
        /// The signature after.
        after: String,
    },
    /// Something worth knowing.
    Note {
        /// The rule that says so.
        rule: Rule,
        /// What it says.
        text: String,
    },
}

/// What a frame's name is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NameSource {
    /// Its function, by the rules of C and C++.
    Function,
    /// Its function, by the rules of Rust.
    RustFunction,
    /// Its source file and line.
    Line,
    /// Its module.
    Module,
    /// A module that was unloaded before.
    UnloadedModule,
    /// Its address.
    Address,
    /// Nothing is known about it.
    Nothing,
}

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Skipped, because it has no name.
    Nameless,
    /// Skipped, because of this pattern of the list of irrelevant frames.
    Irrelevant(String),
    /// Skipped, because the frame before it says the same.
    Repeated,
    /// Taken, and the next one is looked at because of this pattern of the list of prefixes.
    Prefix(String),
    /// Taken, as the last one.
    Last,
}

/// A rule that makes or changes signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// The crashing thread's stack.
    Stack,
    /// The text of a Java stack.
    JavaStackTrace,
    /// A Java exception.
    JavaException,
    /// Why the dump can't be read.
    DumpStatus,
    /// A device that failed.
    BadHardware,
    /// Memory ran out.
    OutOfMemory,
    /// The program ended itself.
    Abort,
    /// The shutdown took too long; a blocker is known.
    ShutdownTimeout,
    /// The shutdown took too long; the first thread shows where.
    ShutdownHang,
    /// A channel between processes failed.
    IpcChannelError,
    /// A message between processes was being handled.
    IpcMessageName,
    /// The stack had no room left.
    StackOverflow,
    /// The program hung.
    Hang,
    /// One half of a hang, as in 2012.
    HangPair,
    /// White space.
    WhiteSpace,
    /// The length; at most [`MAX_LENGTH`](crate::MAX_LENGTH).
    Length,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thread { index, frames } => {
                write!(f, "thread {index}: {frames} frames are looked at")
            }
            Self::Sentinel { index, name } => {
                write!(f, "frame {index}: the stack counts from {name:?} on, which is a sentinel")
            }
            Self::Frame { index, name, source, verdict } => {
                write!(f, "frame {index}: {name:?}, named by {source}: {verdict}")
            }
            Self::Change { rule, before, after } if before.is_empty() => {
                write!(f, "{rule}: the signature is {after:?}")
            }
            Self::Change { rule, before, after } => {
                write!(f, "{rule}: the signature was {before:?} and is {after:?}")
            }
            Self::Note { rule, text } => write!(f, "{rule}: {text}"),
        }
    }
}

impl fmt::Display for NameSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Function => "its function",
            Self::RustFunction => "its Rust function",
            Self::Line => "its file and line",
            Self::Module => "its module",
            Self::UnloadedModule => "a module that was unloaded",
            Self::Address => "its address",
            Self::Nothing => "nothing",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nameless => f.write_str("skipped, because nothing is known about it"),
            Self::Irrelevant(pattern) => {
                write!(f, "skipped, because {pattern:?} is on the list of irrelevant frames")
            }
            Self::Repeated => f.write_str("skipped, because the frame before says the same"),
            Self::Prefix(pattern) => {
                write!(
                    f,
                    "taken, and the next is looked at, because {pattern:?} is on the list of prefixes"
                )
            }
            Self::Last => f.write_str("taken, as the last one"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stack => "stack",
            Self::JavaStackTrace => "Java stack trace",
            Self::JavaException => "Java exception",
            Self::DumpStatus => "dump status",
            Self::BadHardware => "bad hardware",
            Self::OutOfMemory => "out of memory",
            Self::Abort => "abort",
            Self::ShutdownTimeout => "shutdown time-out",
            Self::ShutdownHang => "shutdown hang",
            Self::IpcChannelError => "IPC channel error",
            Self::IpcMessageName => "IPC message name",
            Self::StackOverflow => "stack overflow",
            Self::Hang => "hang",
            Self::HangPair => "hang pair",
            Self::WhiteSpace => "white space",
            Self::Length => "length",
        })
    }
}
