//! What the buffered writer holds: mutations cut into calls that the gateway runs as the caller meant
//! them, and the search for the row that makes a call fail.
//!
//! After a row's mutation failed, nothing later of that row is sent: it is handed back with it, in
//! order, so that writing again what was handed back gives the state that the caller meant.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::{Duration, Instant};

use crate::dialect::PackedBatch;
use crate::error::{Error, ErrorKind};
use crate::request::Mutation;

/// What could not be written of one row, in order, and why.
#[derive(Debug)]
pub(crate) struct FailedRow {
    pub(crate) mutations: Vec<Mutation>,
    pub(crate) error: Error,
}

/// Mutations that wait to be sent.
#[derive(Debug)]
pub(crate) struct WriteQueue {
    max_call_bytes: usize,
    segments: VecDeque<Segment>,
    mutations: usize,
    bytes: usize,
    failed: Vec<FailedRow>,
    /// Where in `failed` a row is.
    stopped: HashMap<Vec<u8>, usize>,
    /// Rows that were deleted from just now, by hash, and when a put may follow.
    deleted: ByHash<Instant>,
    /// Memory of a call that was made, for the next.
    spare: Option<Segment>,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum WriteStep {
    /// Send these in one call, then say what came of it.
    Send(Segment),
    /// Wait, so that a put gets a later time than the delete before it.
    WaitUntil(Instant),
    /// Nothing is left to send.
    Idle,
}

/// Mutations for one call, all of one timestamp and one set of attributes; each row has only puts or
/// only deletes, because a gateway runs all puts of a call before its deletes.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    pub(crate) batch: PackedBatch,
    /// For each row, by hash, whether it is put to, once there are both puts and deletes. Rows that
    /// share a hash are taken for one.
    rows: Option<ByHash<bool>>,
    /// Whether all are puts, or all are deletes.
    kind: Option<bool>,
}

/// A region server stamps with its clock's milliseconds, and a delete hides puts of its own
/// millisecond. Between the reply to a delete and a put that follows, one has to pass; the second is
/// for clocks that are slowed down a little.
const AFTER_DELETE: Duration = Duration::from_millis(2);

impl WriteQueue {
    /// A queue whose calls have at most this many bytes of mutations.
    pub(crate) fn new(max_call_bytes: usize) -> Self {
        Self {
            max_call_bytes,
            segments: VecDeque::new(),
            mutations: 0,
            bytes: 0,
            failed: Vec::new(),
            stopped: HashMap::new(),
            deleted: ByHash::default(),
            spare: None,
        }
    }

    /// Adds a mutation, to the last call if that keeps its row's order and the call's limits.
    /// It takes this many bytes of a request.
    pub(crate) fn push(&mut self, mutation: &Mutation, size: usize) {
        if !self.stopped.is_empty() && self.hands_back(mutation) {
            return;
        }
        self.mutations += 1;
        self.bytes += size;
        let limit = self.max_call_bytes;
        if let Some(last) = self.segments.back_mut()
            && last.takes(mutation, size, limit)
        {
            last.push(mutation, size);
        } else {
            self.begin(mutation, size);
        }
    }

    #[cold]
    fn begin(&mut self, mutation: &Mutation, size: usize) {
        let mut segment = self.spare.take().unwrap_or_default();
        segment.push(mutation, size);
        self.segments.push_back(segment);
    }

    /// Hands the mutation back if its row has failed.
    #[cold]
    fn hands_back(&mut self, mutation: &Mutation) -> bool {
        let Some(position) = self.stopped.get(mutation.get_row()) else { return false };
        self.failed[*position].mutations.push(mutation.clone());
        true
    }

    /// How many mutations wait.
    pub(crate) fn mutations(&self) -> usize {
        self.mutations
    }

    /// How many bytes of a request they take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What to do next.
    pub(crate) fn next(&mut self, now: Instant) -> WriteStep {
        self.deleted.retain(|_, until| *until > now);
        let Some(segment) = self.segments.front() else { return WriteStep::Idle };
        if !self.deleted.is_empty() {
            let puts = segment.batch.iter().filter(|mutation| mutation.is_put);
            let waits = puts.filter_map(|put| self.deleted.get(&hash_of(put.row)));
            if let Some(until) = waits.max() {
                return WriteStep::WaitUntil(*until);
            }
        }
        match self.segments.pop_front() {
            Some(segment) => {
                self.taken(&segment);
                WriteStep::Send(segment)
            }
            None => WriteStep::Idle,
        }
    }

    /// The segment was written.
    pub(crate) fn written(&mut self, mut segment: Segment, now: Instant) {
        if segment.kind != Some(true) {
            let deletes = segment.batch.iter().filter(|mutation| !mutation.is_put);
            let until = now + AFTER_DELETE;
            self.deleted.extend(deletes.map(|delete| (hash_of(delete.row), until)));
        }
        segment.clear();
        self.spare = Some(segment);
    }

    /// The segment can't be one call: its puts are sent next, then its deletes.
    pub(crate) fn separate(&mut self, segment: &Segment) {
        let (mut puts, mut deletes) = (Segment::default(), Segment::default());
        for mutation in segment.batch.unpack() {
            if mutation.is_put() { puts.add(&mutation) } else { deletes.add(&mutation) }
        }
        for part in [deletes, puts] {
            if !part.batch.is_empty() {
                self.mutations += part.batch.len();
                self.bytes += part.bytes();
                self.segments.push_front(part);
            }
        }
    }

    /// The segment failed. Where one of its rows is at fault, the halves are sent next, so that it is
    /// found and the others written; otherwise all of its rows are handed back. Returns whether a row
    /// is sought.
    pub(crate) fn failed(&mut self, segment: &Segment, error: &Error) -> bool {
        if is_a_rows_fault(error) && segment.has_several_rows() {
            let (first, second) = segment.split();
            for half in [second, first] {
                self.mutations += half.batch.len();
                self.bytes += half.bytes();
                self.segments.push_front(half);
            }
            return true;
        }
        for mutation in segment.batch.unpack() {
            self.fail(mutation, error);
        }
        // At once, so that what is pushed later for these rows comes after it.
        self.hand_back();
        false
    }

    /// Hands back all that waits: there is no time, or no use, to send it.
    pub(crate) fn abandon(&mut self, error: &Error) {
        for segment in std::mem::take(&mut self.segments) {
            for mutation in segment.batch.unpack() {
                self.fail(mutation, error);
            }
        }
        (self.mutations, self.bytes) = (0, 0);
    }

    /// The rows that failed since this was last asked, in the order of their first failure. From then
    /// on their mutations are taken again.
    #[inline]
    pub(crate) fn take_failed(&mut self) -> Vec<FailedRow> {
        if self.failed.is_empty() {
            return Vec::new();
        }
        self.stopped.clear();
        std::mem::take(&mut self.failed)
    }

    fn fail(&mut self, mutation: Mutation, error: &Error) {
        match self.stopped.get(mutation.get_row()) {
            Some(position) => self.failed[*position].mutations.push(mutation),
            None => {
                self.stopped.insert(mutation.get_row().to_vec(), self.failed.len());
                self.failed.push(FailedRow { mutations: vec![mutation], error: error.clone() });
            }
        }
    }

    /// Moves what waits for rows that have failed to what is handed back.
    fn hand_back(&mut self) {
        let stopped = |row: &[u8]| self.stopped.contains_key(row);
        let concerns = |segment: &Segment| segment.batch.iter().any(|view| stopped(view.row));
        if !self.segments.iter().any(concerns) {
            return;
        }
        for segment in std::mem::take(&mut self.segments) {
            let mut rest = Segment::default();
            self.taken(&segment);
            for mutation in segment.batch.unpack() {
                match self.stopped.get(mutation.get_row()) {
                    Some(position) => self.failed[*position].mutations.push(mutation),
                    None => rest.add(&mutation),
                }
            }
            if !rest.batch.is_empty() {
                self.mutations += rest.batch.len();
                self.bytes += rest.bytes();
                self.segments.push_back(rest);
            }
        }
    }

    fn taken(&mut self, segment: &Segment) {
        self.mutations -= segment.batch.len();
        self.bytes -= segment.bytes();
    }
}

impl Segment {
    #[inline]
    fn takes(&mut self, mutation: &Mutation, size: usize, max_bytes: usize) -> bool {
        self.bytes() + size <= max_bytes
            && self.batch.goes_with(mutation)
            && (self.kind == Some(mutation.is_put()) || self.keeps_order(mutation))
    }

    /// Whether the mutation is of the kind that its row has had so far.
    #[inline(never)]
    fn keeps_order(&mut self, mutation: &Mutation) -> bool {
        let batch = &self.batch;
        let rows = self.rows.get_or_insert_with(|| {
            batch.iter().map(|mutation| (hash_of(mutation.row), mutation.is_put)).collect()
        });
        rows.get(&hash_of(mutation.get_row())).is_none_or(|is_put| *is_put == mutation.is_put())
    }

    #[inline]
    fn push(&mut self, mutation: &Mutation, size: usize) {
        if self.kind != Some(mutation.is_put()) || self.rows.is_some() {
            self.note(mutation);
        }
        self.batch.push(mutation, size);
    }

    /// Takes note of a mutation's kind, where it does not go without saying.
    #[cold]
    fn note(&mut self, mutation: &Mutation) {
        let is_put = mutation.is_put();
        if self.batch.is_empty() {
            self.kind = Some(is_put);
        } else if self.kind != Some(is_put) {
            self.kind = None;
        }
        if let Some(rows) = &mut self.rows {
            rows.insert(hash_of(mutation.get_row()), is_put);
        }
    }

    fn add(&mut self, mutation: &Mutation) {
        self.push(mutation, PackedBatch::size_of(mutation));
    }

    fn bytes(&self) -> usize {
        self.batch.size()
    }

    /// Whether there are both puts and deletes.
    pub(crate) fn is_mixed(&self) -> bool {
        self.kind.is_none() && !self.batch.is_empty()
    }

    fn has_several_rows(&self) -> bool {
        let first = self.batch.iter().next().map(|mutation| mutation.row);
        self.batch.iter().any(|mutation| Some(mutation.row) != first)
    }

    /// Halves by rows; the mutations of a row stay together.
    fn split(&self) -> (Self, Self) {
        let mut sides: HashMap<&[u8], bool> = HashMap::new();
        for mutation in self.batch.iter() {
            sides.entry(mutation.row).or_insert(false);
        }
        let half = sides.len() / 2;
        sides.clear();
        let (mut first, mut second) = (Self::default(), Self::default());
        for (view, mutation) in self.batch.iter().zip(self.batch.unpack()) {
            let rows = sides.len();
            let is_first = *sides.entry(view.row).or_insert(rows < half);
            if is_first { first.add(&mutation) } else { second.add(&mutation) }
        }
        (first, second)
    }

    fn clear(&mut self) {
        self.batch.clear();
        self.rows = None;
        self.kind = None;
    }
}

/// Whether fewer rows could fare better: not where no gateway, no table or no time is left.
fn is_a_rows_fault(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NoSuchColumnFamily
            | ErrorKind::IllegalArgument
            | ErrorKind::InvalidRequest
            | ErrorKind::TooLarge
            | ErrorKind::AccessDenied
    )
}

/// A hash that is quick to make. Rows that share one only end up in different calls.
#[inline]
fn hash_of(row: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(FACTOR);
        product as u64 ^ (product >> 64) as u64
    };
    let (words, rest) = row.as_chunks::<8>();
    let hash = words
        .iter()
        .fold(row.len() as u64 ^ FACTOR, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(hash, u64::from_le_bytes(last))
}

/// What is hashed is a hash already.
#[derive(Clone, Copy, Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        self.0 ^= hash_of(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type ByHash<V> = HashMap<u64, V, BuildHasherDefault<Hashed>>;

#[cfg(test)]
mod tests;
