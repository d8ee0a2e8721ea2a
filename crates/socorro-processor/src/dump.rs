//! A minidump as bytes: cuts its lists of threads and modules, and shows rust-minidump as little of the stacks as it
//! needs to describe everything else.
//!
//! rust-minidump walks all stacks at once and to their ends. Here they are walked one by one and piece
//! by piece (`walk::stack`), so what it gets first are threads without context, and a crashing thread
//! whose stack is some bytes long.

use minidump::{
    Minidump, MinidumpBreakpadInfo, MinidumpContext, MinidumpException, MinidumpMiscInfo,
    MinidumpSystemInfo, MinidumpThreadList, UnifiedMemory,
};

/// A minidump's bytes, and what was overwritten in them for a while.
pub(crate) struct DumpBytes {
    bytes: Vec<u8>,
    is_big_endian: bool,
    overwritten: Vec<(usize, Vec<u8>)>,
}

/// A list that was cut.
pub(crate) struct Cut {
    /// How many entries the dump has.
    pub(crate) entries: usize,
}

const MAGIC: [u8; 4] = *b"MDMP";
const DIRECTORY_ENTRY: usize = 12;
const THREAD_LIST: u32 = 3;
const MODULE_LIST: u32 = 4;
const EXCEPTION: u32 = 6;
const BREAKPAD_INFO: u32 = 0x4767_0001;
const MODULE: usize = 108;
/// Fields of a thread: where it has its stack and its context, each as size and place in the file.
const THREAD: usize = 48;
const STACK_START: usize = 24;
const STACK_SIZE: usize = 32;
const STACK_PLACE: usize = 36;
const CONTEXT_SIZE: usize = 40;
/// As many bytes of the crashing stack as make its first frame known as one on a stack.
const WINDOW: usize = 16;

impl DumpBytes {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let is_big_endian = bytes.get(..4).is_some_and(|magic| magic != MAGIC);
        Self { bytes, is_big_endian, overwritten: Vec::new() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Cuts the list of threads for good, so that the crashing one stays; `None` if it is short.
    pub(crate) fn cut_threads(&mut self, most: usize) -> Option<Cut> {
        self.cut_list(THREAD_LIST, THREAD, most, |dump, first, count| {
            let crashing = dump.crashing_thread();
            let is_crashing = |&index: &usize| {
                let id = dump.number(first + index * THREAD);
                id.is_some() && id == crashing
            };
            (most..count).find(is_crashing)
        })
    }

    /// Cuts the list of modules for good; `None` if it is short. The program comes first in it.
    pub(crate) fn cut_modules(&mut self, most: usize) -> Option<Cut> {
        self.cut_list(MODULE_LIST, MODULE, most, |_, _, _| None)
    }

    /// Cuts a list of entries of this size; `wanted` is an entry that comes instead of the last one that stays.
    fn cut_list(
        &mut self,
        kind: u32,
        size_of_entry: usize,
        most: usize,
        wanted: impl FnOnce(&Self, usize, usize) -> Option<usize>,
    ) -> Option<Cut> {
        let entry = self.stream(kind)?;
        let (size, place) = (self.number(entry + 4)?, self.number(entry + 8)?);
        let count = self.number(place)?;
        let entries = size.checked_sub(count.checked_mul(size_of_entry)?)?;
        if count <= most || most == 0 || !matches!(entries, 4 | 8) {
            return None;
        }
        let first = place + entries;
        if let Some(index) = wanted(self, first, count) {
            let from = first + index * size_of_entry;
            let last = first + (most - 1) * size_of_entry;
            self.bytes.get(from..from + size_of_entry)?;
            self.bytes.copy_within(from..from + size_of_entry, last);
        }
        self.write(place, most)?;
        self.write(entry + 4, entries + most * size_of_entry)?;
        self.overwritten.clear();
        Some(Cut { entries: count })
    }

    /// Hides the contexts of threads and nearly all of the crashing stack, until [`restore`].
    ///
    /// [`restore`]: Self::restore
    pub(crate) fn hide_stacks(&mut self) {
        let stack = self.crashing_stack();
        let Some(entry) = self.stream(THREAD_LIST) else { return };
        let Some((place, first, count)) = self.thread_list(entry) else { return };
        debug_assert!(place < first);
        let crashing = self.crashing_thread();
        for index in 0..count {
            let thread = first + index * THREAD;
            if self.number(thread) != crashing {
                self.write(thread + CONTEXT_SIZE, 0);
            }
            let (start, size, place) = match &stack {
                Some(stack) => (stack.start, stack.size, stack.place),
                None => (0, 0, 0),
            };
            self.write_long(thread + STACK_START, start);
            self.write(thread + STACK_SIZE, size);
            self.write(thread + STACK_PLACE, place);
        }
    }

    /// Undoes [`hide_stacks`](Self::hide_stacks).
    pub(crate) fn restore(&mut self) {
        while let Some((at, old)) = self.overwritten.pop() {
            self.bytes[at..at + old.len()].copy_from_slice(&old);
        }
    }

    /// The first bytes of the crashing thread's stack.
    fn crashing_stack(&self) -> Option<Window> {
        let dump = Minidump::read(self.bytes.as_slice()).ok()?;
        let system = dump.get_stream::<MinidumpSystemInfo>().ok()?;
        let misc = dump.get_stream::<MinidumpMiscInfo>().ok();
        let exception = dump.get_stream::<MinidumpException<'_>>().ok();
        let of_exception = exception.as_ref().and_then(|it| it.context(&system, misc.as_ref()));
        let threads = dump.get_stream::<MinidumpThreadList<'_>>().ok()?;
        let id = crashing_thread(&dump)?;
        let thread = threads.threads.iter().find(|thread| thread.raw.thread_id == id)?;
        let of_thread = thread.context(&system, misc.as_ref());
        let context: &MinidumpContext = of_exception.as_deref().or(of_thread.as_deref())?;
        let pointer = context.get_stack_pointer();
        let memories = dump.get_memory().unwrap_or_default();
        let (start, bytes) = [thread.stack_memory(&memories), memories.memory_at_address(pointer)]
            .into_iter()
            .flatten()
            .map(|memory| (memory.base_address(), memory_bytes(&memory)))
            .find(|(start, bytes)| {
                pointer.checked_sub(*start).is_some_and(|at| at < bytes.len() as u64)
            })?;
        let at = usize::try_from(pointer - start).ok()?;
        let place = bytes.as_ptr() as usize - self.bytes.as_ptr() as usize + at;
        let size = (bytes.len() - at).min(WINDOW);
        u32::try_from(place).ok()?;
        Some(Window { start: pointer, size, place })
    }

    fn crashing_thread(&self) -> Option<usize> {
        let place = |stream| self.number(self.stream(stream)? + 8);
        if let Some(exception) = place(EXCEPTION) {
            return self.number(exception);
        }
        self.number(place(BREAKPAD_INFO)? + 8)
    }

    /// Where the list of threads is, where its first thread is, and how many there are.
    fn thread_list(&self, entry: usize) -> Option<(usize, usize, usize)> {
        let (size, place) = (self.number(entry + 4)?, self.number(entry + 8)?);
        let count = self.number(place)?;
        let first = place + size.checked_sub(count.checked_mul(THREAD)?)?;
        (first + count * THREAD <= self.bytes.len()).then_some((place, first, count))
    }

    /// The place of a stream's entry in the directory. Of several, rust-minidump takes the last.
    fn stream(&self, kind: u32) -> Option<usize> {
        let directory = self.number(12)?;
        // A directory can't have more entries than the file has room for.
        let room = self.bytes.len().saturating_sub(directory) / DIRECTORY_ENTRY;
        let count = self.number(8)?.min(room);
        let entries = (0..count).map(|index| directory + index * DIRECTORY_ENTRY);
        entries.rev().find(|&entry| self.number(entry) == Some(kind as usize))
    }

    fn number(&self, at: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        let number =
            if self.is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        Some(number as usize)
    }

    fn write(&mut self, at: usize, number: usize) -> Option<()> {
        let number = u32::try_from(number).ok()?;
        let bytes = if self.is_big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
        self.overwrite(at, &bytes)
    }

    fn write_long(&mut self, at: usize, number: u64) -> Option<()> {
        let bytes = if self.is_big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
        self.overwrite(at, &bytes)
    }

    fn overwrite(&mut self, at: usize, bytes: &[u8]) -> Option<()> {
        let old = self.bytes.get_mut(at..at.checked_add(bytes.len())?)?;
        self.overwritten.push((at, old.to_vec()));
        old.copy_from_slice(bytes);
        Some(())
    }
}

struct Window {
    start: u64,
    size: usize,
    place: usize,
}

/// The thread that crashed, else the one that asked for the dump.
pub(crate) fn crashing_thread(dump: &Minidump<'_, &[u8]>) -> Option<u32> {
    let exception = dump.get_stream::<MinidumpException<'_>>().ok();
    exception.map(|exception| exception.get_crashing_thread_id()).or_else(|| {
        dump.get_stream::<MinidumpBreakpadInfo>().ok().and_then(|info| info.requesting_thread_id)
    })
}

/// The bytes of a piece of memory.
pub(crate) fn memory_bytes<'a>(memory: &UnifiedMemory<'_, 'a>) -> &'a [u8] {
    match memory {
        UnifiedMemory::Memory(memory) => memory.bytes,
        UnifiedMemory::Memory64(memory) => memory.bytes,
    }
}
