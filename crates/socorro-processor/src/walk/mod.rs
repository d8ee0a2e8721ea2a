//! The process that walks a dump: takes limits upon itself, reads the dump, prints what it found.

mod report;
mod stack;

use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;
use std::time::Instant;

use minidump::{
    CodeView, Minidump, MinidumpException, MinidumpMiscInfo, MinidumpModuleList,
    MinidumpSystemInfo, MinidumpThreadList,
};
use minidump_processor::{ProcessError, ProcessState, ProcessorOptions};
use minidump_unwind::{CallStackInfo, FrameTrust, StackFrame, Symbolizer};

use crate::dump::{self, DumpBytes};
use crate::limits::Limits;
use crate::protocol::{Order, Outcome, VARIABLE, Walked};
use crate::symbols::Supplier;
use stack::{Budget, Stack};

/// Walks the dump at standard input, if this process was started for that.
///
/// A program that uses a [`Processor`](crate::Processor) calls this before anything else, and ends
/// with what is returned. `None` if the process has other work to do.
pub fn walk_if_asked() -> Option<ExitCode> {
    std::env::var_os(VARIABLE)?;
    Some(match walk_input() {
        Ok(()) => ExitCode::SUCCESS,
        // There is no one else to report it to: the exit code says that something went wrong.
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    })
}

fn walk_input() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut line = String::new();
    input.read_line(&mut line)?;
    let order: Order = serde_json::from_str(&line)?;
    confine(&order.limits)?;
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let outcome = walk(bytes, &order).unwrap_or_else(|error| Outcome::Failed {
        note: format!("the minidump can't be processed: {error}"),
        status: error.name().to_owned(),
    });
    let mut output = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut output, &outcome)?;
    output.flush()
}

/// Bounds what this process may take, whatever the dump is.
#[cfg(unix)]
fn confine(limits: &Limits) -> io::Result<()> {
    use nix::sys::resource::{Resource, setrlimit};

    // Memory that is written to; what is only reserved doesn't count.
    #[cfg(target_os = "linux")]
    const MEMORY: Resource = Resource::RLIMIT_DATA;
    #[cfg(not(target_os = "linux"))]
    const MEMORY: Resource = Resource::RLIMIT_AS;

    // The one who waits ends this process sooner; it ends by itself if nobody waits.
    let seconds = limits.time.as_secs().saturating_add(5);
    for (resource, limit) in
        [(MEMORY, limits.memory), (Resource::RLIMIT_CPU, seconds), (Resource::RLIMIT_CORE, 0)]
    {
        setrlimit(resource, limit, limit).map_err(io::Error::from)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn confine(_: &Limits) -> io::Result<()> {
    Ok(())
}

fn walk(bytes: Vec<u8>, order: &Order) -> Result<Outcome, ProcessError> {
    let start = Instant::now();
    let limits = &order.limits;
    let mut notes = Vec::new();
    let mut bytes = DumpBytes::new(bytes);
    if let Some(cut) = bytes.cut_threads(limits.threads) {
        let (all, most) = (cut.entries, limits.threads);
        notes.push(format!("the dump has {all} threads, of which {most} are kept"));
    }
    if let Some(cut) = bytes.cut_modules(limits.modules) {
        let (all, most) = (cut.entries, limits.modules);
        notes.push(format!("the dump has {all} modules, of which {most} are kept"));
    }
    let supplier = Supplier::new(&order.symbols, limits.time / 3);
    let log = supplier.log();
    let symbolizer = Symbolizer::new(supplier);
    bytes.hide_stacks();
    let mut state = describe(bytes.bytes(), &symbolizer)?;
    bytes.restore();
    shorten_names(&mut state, &mut notes);
    // The other half of the time is for what comes before and after.
    let until = start + limits.time / 2;
    let stacks = walk_stacks(bytes.bytes(), &symbolizer, limits, until, &mut state, &mut notes)?;
    state.symbol_stats = symbolizer.stats();
    let mut json_dump =
        report::json_dump(&state, &stacks).map_err(|_| ProcessError::UnknownError)?;
    report::cut_lists(&mut json_dump, &mut notes);
    let symbols = log.tally(&json_dump, &mut notes);
    Ok(Outcome::Walked(Walked { json_dump, notes, symbols }))
}

/// Everything but the stacks.
fn describe(bytes: &[u8], symbolizer: &Symbolizer) -> Result<ProcessState, ProcessError> {
    let dump = Minidump::read(bytes)?;
    let options = ProcessorOptions::default();
    let work = minidump_processor::process_minidump_with_options(&dump, symbolizer, options);
    pollster::block_on(work)
}

/// The longest name of a module, in characters; each frame has a copy.
const LONGEST_NAME: usize = 512;

fn shorten_names(state: &mut ProcessState, notes: &mut Vec<String>) {
    let mut shortened = 0;
    let modules: Vec<_> = state
        .modules
        .iter()
        .cloned()
        .map(|mut module| {
            if let Some(short) = shorter(&module.name) {
                module.name = short;
                shortened += 1;
            }
            let debug_file = match &mut module.codeview_info {
                Some(CodeView::Pdb20(info)) => Some(&mut info.pdb_file_name),
                Some(CodeView::Pdb70(info)) => Some(&mut info.pdb_file_name),
                Some(CodeView::Elf(info)) => Some(&mut info.build_id),
                Some(CodeView::Unknown(bytes)) => Some(bytes),
                None => None,
            };
            if let Some(bytes) = debug_file.filter(|bytes| bytes.len() > 4 * LONGEST_NAME) {
                bytes.truncate(LONGEST_NAME);
            }
            module
        })
        .collect();
    state.modules = MinidumpModuleList::from_modules(modules);
    if shortened > 0 {
        let what = format!("{shortened} names of modules are cut to {LONGEST_NAME} characters");
        notes.push(what);
    }
}

/// The file's name of a path that is too long, and its beginning if that is too long itself.
fn shorter(name: &str) -> Option<String> {
    if name.len() <= 4 * LONGEST_NAME {
        return None;
    }
    let leaf = name.rsplit(['/', '\\']).next().unwrap_or_default();
    Some(leaf.chars().take(LONGEST_NAME).collect())
}

fn walk_stacks(
    bytes: &[u8],
    symbolizer: &Symbolizer,
    limits: &Limits,
    until: Instant,
    state: &mut ProcessState,
    notes: &mut Vec<String>,
) -> Result<Vec<Stack>, ProcessError> {
    let dump = Minidump::read(bytes)?;
    let threads = dump.get_stream::<MinidumpThreadList<'_>>()?;
    let system = dump.get_stream::<MinidumpSystemInfo>()?;
    let misc = dump.get_stream::<MinidumpMiscInfo>().ok();
    let exception = dump.get_stream::<MinidumpException<'_>>().ok();
    let of_exception = exception.as_ref().and_then(|it| it.context(&system, misc.as_ref()));
    let memories = dump.get_memory().unwrap_or_default();
    let crashing = dump::crashing_thread(&dump);
    let mut budget = Budget::new(limits, until);
    let mut stacks: Vec<Stack> = Vec::new();
    stacks.resize_with(state.threads.len(), Stack::default);
    let mut left_out = 0_usize;
    // The crashing stacks take first of what may be walked.
    let is_crashing = |id| crashing == Some(id);
    let mut order: Vec<usize> = (0..state.threads.len()).collect();
    order.sort_by_key(|&index| !is_crashing(state.threads[index].thread_id));
    for index in order {
        let (call_stack, Some(thread)) = (&state.threads[index], threads.threads.get(index)) else {
            continue;
        };
        if matches!(call_stack.info, CallStackInfo::DumpThreadSkipped) {
            continue;
        }
        let of_thread = thread.context(&system, misc.as_ref());
        let of_exception = of_exception.as_deref().filter(|_| is_crashing(call_stack.thread_id));
        let Some(context) = of_exception.or(of_thread.as_deref()) else { continue };
        let pointer = context.get_stack_pointer();
        let own = thread.stack_memory(&memories);
        let holds_pointer =
            |it: &_| minidump::UnifiedMemory::get_memory_at_address::<u64>(it, pointer).is_some();
        let memory =
            own.filter(holds_pointer).or_else(|| memories.memory_at_address(pointer)).or(own);
        let first = StackFrame::from_context(context.clone(), FrameTrust::Context);
        let stack = stack::walk(first, memory, symbolizer, state, limits, &mut budget);
        if stack.is_left_out {
            left_out += 1;
        } else if !stack.is_complete {
            let walked = stack.walked;
            notes.push(format!(
                "the end of the stack of thread {index} isn't reached: {walked} frames are walked"
            ));
        }
        stacks[index] = stack;
    }
    for (call_stack, stack) in state.threads.iter_mut().zip(&mut stacks) {
        if !stack.frames.is_empty() {
            call_stack.info = CallStackInfo::Ok;
        }
        call_stack.frames = std::mem::take(&mut stack.frames);
    }
    if left_out > 0 {
        notes.push(format!(
            "the stacks of {left_out} threads aren't walked: the others took all frames, or the time"
        ));
    }
    Ok(stacks)
}
