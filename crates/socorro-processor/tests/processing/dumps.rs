//! Minidumps made up: as many threads, as deep a stack, as long a name as a test needs.

use std::io::Read;

/// A dump of a 64-bit Linux process, in the making.
pub(crate) struct Dump {
    bytes: Vec<u8>,
    streams: Vec<(u32, usize, usize)>,
}

pub(crate) const MODULE: u64 = 0x40_0000;
pub(crate) const STACK: u64 = 0x7fff_0000_0000;
const ENTRIES: usize = 8;
const CONTEXT: usize = 1232;

impl Dump {
    pub(crate) fn new() -> Self {
        let mut dump = Self { bytes: vec![0; 32 + 12 * ENTRIES], streams: Vec::new() };
        let csd = dump.append(&[0; 8]);
        let mut system = [0; 56];
        system[0] = 9;
        system[6] = 4;
        system[20..24].copy_from_slice(&0x8201_u32.to_le_bytes());
        system[24..28].copy_from_slice(&(csd as u32).to_le_bytes());
        dump.stream(7, &system);
        dump
    }

    /// A context whose registers lead to the beginning of the stack.
    pub(crate) fn context(&mut self) -> usize {
        let mut context = [0; CONTEXT];
        context[0x30..0x34].copy_from_slice(&0x0010_001f_u32.to_le_bytes());
        for (at, value) in [(0x98, STACK), (0xa0, STACK), (0xf8, MODULE + 0x10)] {
            context[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        self.append(&context)
    }

    pub(crate) fn memory(&mut self, bytes: &[u8]) -> (usize, usize) {
        let place = self.append(bytes);
        let list = [
            &1_u32.to_le_bytes()[..],
            &STACK.to_le_bytes(),
            &(bytes.len() as u32).to_le_bytes(),
            &(place as u32).to_le_bytes(),
        ];
        self.stream(5, &list.concat());
        (place, bytes.len())
    }

    /// Threads 1, 2, …, all with the same context and stack.
    pub(crate) fn threads(&mut self, count: u32, context: usize, stack: (usize, usize)) {
        let mut list = count.to_le_bytes().to_vec();
        for id in 1..=count {
            list.extend(id.to_le_bytes());
            list.extend([0; 20]);
            list.extend(STACK.to_le_bytes());
            list.extend((stack.1 as u32).to_le_bytes());
            list.extend((stack.0 as u32).to_le_bytes());
            list.extend((CONTEXT as u32).to_le_bytes());
            list.extend((context as u32).to_le_bytes());
        }
        self.stream(3, &list);
    }

    pub(crate) fn module(&mut self, name: &str) {
        let name_place = self.text(name);
        let leaf = name.rsplit('/').next().unwrap();
        let record =
            [b"RSDS", &[0xab; 16][..], &1_u32.to_le_bytes(), leaf.as_bytes(), &[0]].concat();
        let record_place = self.append(&record);
        let mut module = vec![0; 108];
        module[..8].copy_from_slice(&MODULE.to_le_bytes());
        module[8..12].copy_from_slice(&0x10_0000_u32.to_le_bytes());
        module[20..24].copy_from_slice(&(name_place as u32).to_le_bytes());
        module[76..80].copy_from_slice(&(record.len() as u32).to_le_bytes());
        module[80..84].copy_from_slice(&(record_place as u32).to_le_bytes());
        self.stream(4, &[&1_u32.to_le_bytes()[..], &module].concat());
    }

    /// A text, for streams that say where theirs are.
    pub(crate) fn text(&mut self, text: &str) -> usize {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.append(&[&(units.len() as u32).to_le_bytes()[..], &units, &[0; 2]].concat())
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn exception(&mut self, thread: u32, context: usize) {
        let mut exception = vec![0; 168];
        exception[..4].copy_from_slice(&thread.to_le_bytes());
        exception[8..12].copy_from_slice(&11_u32.to_le_bytes());
        exception[160..164].copy_from_slice(&(CONTEXT as u32).to_le_bytes());
        exception[164..168].copy_from_slice(&(context as u32).to_le_bytes());
        self.stream(6, &exception);
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes[..4].copy_from_slice(b"MDMP");
        self.bytes[4..8].copy_from_slice(&0xa793_u32.to_le_bytes());
        self.bytes[8..12].copy_from_slice(&(self.streams.len() as u32).to_le_bytes());
        self.bytes[12..16].copy_from_slice(&32_u32.to_le_bytes());
        for (index, (kind, size, place)) in self.streams.iter().enumerate() {
            let numbers = [*kind, *size as u32, *place as u32].map(u32::to_le_bytes).concat();
            let at = 32 + 12 * index;
            self.bytes[at..at + 12].copy_from_slice(&numbers);
        }
        self.bytes
    }

    pub(crate) fn stream(&mut self, kind: u32, bytes: &[u8]) {
        let place = self.append(bytes);
        self.streams.push((kind, bytes.len(), place));
    }

    fn append(&mut self, bytes: &[u8]) -> usize {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let place = self.bytes.len();
        self.bytes.extend(bytes);
        place
    }
}

/// A stack of recursion: frames of a size, each with the next one's pointer and a return address.
pub(crate) fn recursion(size: usize, frame: usize) -> Vec<u8> {
    let mut stack = vec![0; size];
    let mut at = 0;
    while at + frame + 16 <= size {
        let next = STACK + (at + frame) as u64;
        stack[at..at + 8].copy_from_slice(&next.to_le_bytes());
        stack[at + 8..at + 16].copy_from_slice(&(MODULE + 0x123).to_le_bytes());
        at += frame;
    }
    stack
}

/// A process that overflowed its stack.
pub(crate) fn overflow(stack: &[u8], module: &str, threads: u32, crashing: u32) -> Vec<u8> {
    let mut dump = Dump::new();
    let context = dump.context();
    let stack = dump.memory(stack);
    dump.threads(threads, context, stack);
    dump.module(module);
    dump.exception(crashing, context);
    dump.finish()
}

/// A file of the folder `data`.
pub(crate) fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/{name}.dmp.gz", env!("CARGO_MANIFEST_DIR"));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}
