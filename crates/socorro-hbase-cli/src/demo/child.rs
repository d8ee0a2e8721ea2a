//! What the child process of the demo does: it crashes, or it hangs.
//!
//! For crashes that are real: the system ends the process, and its memory is as it was. Each is in
//! a function of its own, so that it gets a signature of its own.

use std::{
    hint::black_box,
    io::{self, Write},
    process, thread,
    time::Duration,
};

use crate::output;
use anyhow::{Context, Result};
use nix::{sys::ptrace, unistd::gettid};

use crate::args::Misbehaviour as Kind;

/// Small, since a minidump has the whole stack, and an overflow uses all of it.
const STACK: usize = 256 << 10;
/// A child that nobody ends does so by itself.
const LIFETIME: Duration = Duration::from_mins(1);

/// Prints the id of the thread that crashes, and crashes.
pub(crate) fn crash(kind: Kind) -> Result<()> {
    let thread = thread::Builder::new().name(kind.thread().to_owned()).stack_size(STACK);
    let crashing = thread.spawn(move || -> Result<()> {
        if !kind.is_hang() {
            // Stopped by the signal, for the parent to look at, instead of ended by it.
            ptrace::traceme().context("the parent can't trace this process")?;
        }
        output::print_line(&gettid().to_string())?;
        io::stdout().flush()?;
        misbehave(kind);
        Ok(())
    })?;
    crashing.join().ok().context("the thread panicked")?
}

fn misbehave(kind: Kind) {
    match kind {
        Kind::Overflow => {
            black_box(reflow_frame(black_box(1)));
        }
        Kind::Abort => upload_texture(),
        Kind::PluginAbort => decode_video_frame(),
        Kind::BrowserHang => wait_for_plugin_reply(),
        Kind::PluginHang => wait_for_browser_reply(),
    }
}

/// Endless recursion, and a stack overflow.
#[inline(never)]
#[expect(unconditional_recursion, reason = "this is how it crashes")]
fn reflow_frame(depth: u64) -> u64 {
    let frame = black_box([depth; 4]);
    reflow_frame(black_box(depth + 1)) + frame[1]
}

// The texts keep the compiler from making one function of two.

#[inline(never)]
fn upload_texture() {
    black_box("texture");
    process::abort();
}

#[inline(never)]
fn decode_video_frame() {
    black_box("video");
    process::abort();
}

#[inline(never)]
fn wait_for_plugin_reply() {
    thread::sleep(black_box(LIFETIME));
    black_box("plugin");
}

#[inline(never)]
fn wait_for_browser_reply() {
    thread::sleep(black_box(LIFETIME));
    black_box("browser");
}
