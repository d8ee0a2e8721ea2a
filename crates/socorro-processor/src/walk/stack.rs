//! Walks one stack piece by piece, so that no more of it is in memory than is kept.
//!
//! rust-minidump's walk ends where the memory ends that it is shown. It is shown a window, whose last
//! part is there only to find the callers of the frames before it; the next window begins at the last
//! of those.

use std::collections::VecDeque;
use std::time::Instant;

use minidump::format::MINIDUMP_MEMORY_DESCRIPTOR;
use minidump::{MinidumpMemory, UnifiedMemory};
use minidump_processor::ProcessState;
use minidump_unwind::{CallStack, StackFrame, Symbolizer, walk_stack};

use crate::dump::memory_bytes;
use crate::limits::{FIRST_FRAMES, LAST_FRAMES, Limits};

/// Bytes of a stack that are walked at once.
const WINDOW: u64 = 384 << 10;
/// Bytes at the end of a window: as large as the unwinder thinks that a frame may be.
const MARGIN: u64 = 128 << 10;
/// Bytes before the stack pointer that are shown.
const BEFORE: u64 = 4 << 10;

/// What is left to be walked and kept of a dump.
pub(super) struct Budget {
    walked: u64,
    kept: usize,
    until: Instant,
}

impl Budget {
    pub(super) fn new(limits: &Limits, until: Instant) -> Self {
        Self { walked: limits.walked_frames, kept: limits.kept_frames, until }
    }

    fn may_walk(&self) -> bool {
        self.walked > 0 && Instant::now() < self.until
    }
}

/// A stack that is walked.
#[derive(Default)]
pub(super) struct Stack {
    /// The frames that are kept.
    pub(super) frames: Vec<StackFrame>,
    /// How many frames were walked.
    pub(super) walked: u64,
    /// Whether the walk went on until the unwinder found no more.
    pub(super) is_complete: bool,
    /// Whether the first frame is all that was looked at.
    pub(super) is_left_out: bool,
}

impl Stack {
    /// How many frames are left out between the first and the last that are kept.
    pub(super) fn left_out(&self, kept: usize) -> u64 {
        self.walked.saturating_sub(kept as u64)
    }
}

/// Walks a stack from its first frame on.
pub(super) fn walk(
    first: StackFrame,
    memory: Option<UnifiedMemory<'_, '_>>,
    symbolizer: &Symbolizer,
    state: &ProcessState,
    limits: &Limits,
    budget: &mut Budget,
) -> Stack {
    let mut stack = Stack::default();
    let mut last = VecDeque::new();
    let is_left_out = budget.kept == 0 || !budget.may_walk();
    let memory = memory.filter(|_| !is_left_out);
    let end = first.context.get_stack_pointer().saturating_add(limits.stack);
    let mut frames = vec![first];
    // Frames at the beginning that are walked already: the callee, and its own callee.
    let mut known = 0;
    loop {
        let pointer = frames.last().map_or(0, |frame| frame.context.get_stack_pointer());
        let window = memory.as_ref().map(|memory| window(memory, pointer, end));
        let mut call_stack = CallStack::with_context(frames[0].context.clone());
        call_stack.frames = frames;
        forget_symbols(call_stack.frames.last_mut());
        let shown = window.as_ref().map(|window| UnifiedMemory::Memory(&window.memory));
        let system = &state.system_info;
        let walk = walk_stack(0, (), &mut call_stack, shown, &state.modules, system, symbolizer);
        pollster::block_on(walk);
        frames = call_stack.frames;
        let edge = window.as_ref().and_then(|window| window.edge);
        let is_before =
            |frame: &&StackFrame| edge.is_none_or(|edge| frame.context.get_stack_pointer() < edge);
        let sure = frames[known..].iter().take_while(is_before).count();
        // A frame that is larger than the margin is taken as it is found.
        let sure = known + sure.max(usize::from(known < frames.len()));
        for frame in &mut frames[known..sure] {
            name_unloaded_modules(frame, state);
        }
        for frame in &frames[known..sure] {
            if stack.frames.len() < FIRST_FRAMES {
                stack.frames.push(frame.clone());
            } else {
                last.push_back(frame.clone());
                if last.len() > LAST_FRAMES {
                    last.pop_front();
                }
            }
        }
        stack.walked += (sure - known) as u64;
        budget.walked = budget.walked.saturating_sub((sure - known) as u64);
        let is_at_limit = window.is_some_and(|window| window.is_cut);
        if sure == frames.len() {
            stack.is_complete = !is_at_limit;
            break;
        }
        if !budget.may_walk() {
            break;
        }
        frames.truncate(sure);
        frames.drain(..sure.saturating_sub(2));
        known = frames.len();
    }
    stack.is_left_out = is_left_out;
    stack.frames.extend(last);
    budget.kept = budget.kept.saturating_sub(stack.frames.len());
    stack
}

/// A part of a stack's memory.
struct Window<'a> {
    memory: MinidumpMemory<'a>,
    /// Frames from here on are walked again in the next window; `None` for the last one.
    edge: Option<u64>,
    /// More of the stack is there, but isn't to be walked.
    is_cut: bool,
}

/// The part of a stack's memory around a stack pointer, up to an end.
fn window<'a>(memory: &UnifiedMemory<'_, 'a>, pointer: u64, end: u64) -> Window<'a> {
    let bytes = memory_bytes(memory);
    let base = memory.base_address();
    let length = bytes.len() as u64;
    let from = pointer.saturating_sub(BEFORE).saturating_sub(base).min(length);
    // A pointer outside of the stack says nothing about where in it the frames are.
    let from = if pointer < base || pointer - base >= length { 0 } else { from };
    let allowed = end.saturating_sub(base).min(length).max(from);
    let to = from.saturating_add(WINDOW).min(allowed);
    let is_last = to == allowed;
    let bytes = &bytes[from as usize..to as usize];
    let base_address = base.saturating_add(from);
    let endian = match memory {
        UnifiedMemory::Memory(memory) => memory.endian,
        UnifiedMemory::Memory64(memory) => memory.endian,
    };
    let size = bytes.len() as u64;
    let memory = MinidumpMemory {
        desc: MINIDUMP_MEMORY_DESCRIPTOR::default(),
        base_address,
        size,
        bytes,
        endian,
    };
    let edge = (!is_last).then(|| base_address.saturating_add(size).saturating_sub(MARGIN));
    Window { memory, edge, is_cut: is_last && allowed < length }
}

/// A frame that begins another piece is looked up once more, and would get its names twice.
fn forget_symbols(frame: Option<&mut StackFrame>) {
    if let Some(frame) = frame {
        frame.inlines.clear();
    }
}

/// Names the modules that were at a frame's address before they were unloaded.
fn name_unloaded_modules(frame: &mut StackFrame, state: &ProcessState) {
    if frame.module.is_some() {
        return;
    }
    let address = frame.instruction;
    for module in state.unloaded_modules.modules_at_address(address) {
        let offset = address.saturating_sub(module.raw.base_of_image);
        frame.unloaded_modules.entry(module.name.clone()).or_default().insert(offset);
    }
}
