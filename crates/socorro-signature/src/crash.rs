//! What a signature is made of: stacks and annotations, borrowed from the caller.

use std::borrow::Cow;

use serde_json::Value;

/// A crash as the rules see it. What is absent is `None` or empty.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Crash<'a> {
    /// The stacks, of which the crashing one and the first are looked at.
    pub threads: Vec<Thread<'a>>,
    /// The index of the crashing thread; the first one where it isn't known.
    pub crashing_thread: Option<usize>,
    /// The operating system, as rust-minidump names it (`Windows NT`, `Linux`, `Mac OS X`).
    pub os: Option<&'a str>,
    /// The reason of the crash, such as `SIGSEGV / SEGV_MAPERR`.
    pub reason: Option<&'a str>,
    /// The stack of a Java crash as text, which makes the signature instead of the threads.
    pub java_stack_trace: Option<&'a str>,
    /// The JSON of a Java crash's exception, which makes the signature instead of the threads.
    pub java_exception: Option<&'a Value>,
    /// Bytes of the allocation that failed.
    pub oom_allocation_size: Option<i64>,
    /// The state of a large allocation by JavaScript; `Reporting` is one that failed.
    pub js_large_allocation_failure: Option<&'a str>,
    /// What the program said when it aborted.
    pub abort_message: Option<&'a str>,
    /// What the reading of the dump failed with, added to signatures of crashes without a stack.
    pub dump_status: Option<&'a str>,
    /// JSON text about a shutdown that took too long.
    pub async_shutdown_timeout: Option<&'a str>,
    /// The error of a channel between processes.
    pub ipc_channel_error: Option<&'a str>,
    /// The message between processes that was being handled.
    pub ipc_message_name: Option<&'a str>,
    /// The names of the further dumps, such as `upload_file_minidump_browser`.
    pub additional_minidumps: Vec<&'a str>,
    /// The kind of a hang, such as `ui`.
    pub hang: Option<Cow<'a, str>>,
    /// The crash is one half of a hang, as Socorro of 2012 knew them.
    pub is_hang_pair: bool,
}

/// The stack of one thread.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Thread<'a> {
    /// The frames, the innermost first.
    pub frames: Vec<Frame<'a>>,
    /// The thread's last error on Windows, such as `ERROR_NOT_ENOUGH_MEMORY`.
    pub last_error: Option<&'a str>,
}

/// A frame of a stack.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Frame<'a> {
    /// The module's file name.
    pub module: Option<&'a str>,
    /// The function with its arguments, as the symbols have it.
    pub function: Option<&'a str>,
    /// The source file, as a path or as `hg:repository:path:revision`.
    pub file: Option<&'a str>,
    /// The line in the source file.
    pub line: Option<u64>,
    /// The address, in hexadecimal.
    pub offset: Option<&'a str>,
    /// The functions that were inlined here, the innermost first.
    pub inlines: Vec<Inline<'a>>,
    /// The modules that were here before they were unloaded.
    pub unloaded_modules: Vec<&'a str>,
}

/// A function that was inlined into a frame.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Inline<'a> {
    /// The function with its arguments, as the symbols have it.
    pub function: Option<&'a str>,
    /// The source file.
    pub file: Option<&'a str>,
    /// The line in the source file.
    pub line: Option<u64>,
}

impl<'a> Crash<'a> {
    /// Returns the index of the thread that the signature is made of.
    pub(crate) fn thread_index(&self) -> usize {
        self.crashing_thread.unwrap_or(0)
    }

    /// Returns that thread, if the crash has it.
    pub(crate) fn thread(&self, index: usize) -> Option<&Thread<'a>> {
        self.threads.get(index)
    }
}
