//! The executor of steps.
//!
//! Runs transitions of many crashes side by side, stage by stage: each stage is one pipeline, with
//! the plain puts and deletes of a table in batches and the counters added up. What fails fails for
//! its crash alone, if the server's answer tells which it was.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    thread,
    time::Duration,
};

use hbase_thrift_client::{Cell, CheckAndPut, Delete, Error as HBaseError, Outcome};

use super::{
    increments::{self, Uncounted},
    send::{Beside, Guarded, PlainSteps, Reply, Sending, Sent, Single},
    steps::{Count, Step, Transition},
};
use crate::{
    error::{Effect, Error, Part, Result, Written},
    layout,
    pipeline::{self, Replies},
    store::CrashStore,
};

/// How a transition ended that didn't fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Whole,
    /// A guard found that somebody else was faster.
    Guarded,
}

/// How long after a delete its cell is put again: more than a step of the servers' clocks.
const MARK_AGAIN: Duration = Duration::from_millis(2);

/// Runs transitions; `what` is done to each, for messages: `submitting crash`.
pub(crate) fn run(
    store: &CrashStore,
    what: &str,
    transitions: Vec<Transition>,
) -> Vec<Result<Done>> {
    if transitions.iter().any(|_| store.check_client().is_err()) {
        return transitions.iter().map(|_| store.check_client().map(|()| Done::Whole)).collect();
    }
    let stages = transitions.iter().map(|transition| transition.stages.len()).max();
    let mut runs: Vec<Run> = transitions.into_iter().map(Run::new).collect();
    for number in 0..stages.unwrap_or_default() {
        Round { store, runs: &mut runs, number }.run();
    }
    runs.into_iter().map(|run| run.conclude(what)).collect()
}

/// A transition while it runs.
struct Run {
    transition: Transition,
    /// Queues that it entered anew.
    entered: Vec<&'static str>,
    is_guarded: bool,
    has_written: bool,
    failure: Option<Failure>,
}

struct Failure {
    stage: usize,
    error: Arc<HBaseError>,
    tables: BTreeSet<&'static str>,
    is_unknown: bool,
}

impl Run {
    fn new(transition: Transition) -> Self {
        Self {
            transition,
            entered: Vec::new(),
            is_guarded: false,
            has_written: false,
            failure: None,
        }
    }

    fn goes_on(&self) -> bool {
        self.failure.is_none() && !self.is_guarded
    }

    fn fail(&mut self, stage: usize, table: &'static str, error: &Arc<HBaseError>) {
        let is_unknown = error.outcome() != Outcome::NotApplied;
        let failure = self.failure.get_or_insert_with(|| Failure {
            stage,
            error: Arc::clone(error),
            tables: BTreeSet::new(),
            is_unknown,
        });
        failure.tables.insert(table);
        failure.is_unknown |= is_unknown;
    }

    fn conclude(self, what: &str) -> Result<Done> {
        let Some(failure) = self.failure else {
            return Ok(if self.is_guarded { Done::Guarded } else { Done::Whole });
        };
        let stages = &self.transition.stages;
        let written = match (self.has_written, failure.is_unknown) {
            (true, _) => Written::Partly,
            (false, true) => Written::Unknown,
            (false, false) => Written::Nothing,
        };
        let mut left: Vec<Part> = stages[failure.stage..].iter().map(|stage| stage.part).collect();
        left.dedup();
        let tables: Vec<_> = failure.tables.into_iter().collect();
        let state = stages[failure.stage].state.replace("{}", &tables.join(" and "));
        let crash = self.transition.id.map(|id| format!(" {id}")).unwrap_or_default();
        let effect = Effect { written, left, call_again: failure.error.is_transient() };
        Err(Error::of_write(format!("{what}{crash} failed: {state}"), failure.error, effect))
    }
}

/// One stage of all transitions that have come so far.
struct Round<'a> {
    store: &'a CrashStore,
    runs: &'a mut [Run],
    number: usize,
}

impl Round<'_> {
    fn run(&mut self) {
        let mut sending = Sending {
            store: self.store,
            calls: pipeline::calls(self.store.client()),
            sent: Vec::new(),
        };
        let mut plain = PlainSteps::default();
        let mut counts: BTreeMap<(String, String), i64> = BTreeMap::new();
        let mut counting = Vec::new();
        for index in 0..self.runs.len() {
            for step in self.take_steps(index) {
                match step {
                    Step::Put { table, put, bytes, is_plain: true } => {
                        plain.of(table).puts.push((index, put, bytes));
                    }
                    Step::Delete { table, delete, is_plain: true } => {
                        plain.of(table).deletes.push((index, delete));
                    }
                    Step::Count(count) => {
                        counting.push(index);
                        add(&mut counts, count);
                    }
                    Step::CountEntries => {
                        for table in self.runs[index].entered.clone() {
                            if let Some(Step::Count(count)) = Step::size(table, 1) {
                                counting.push(index);
                                add(&mut counts, count);
                            }
                        }
                    }
                    step => {
                        if let Err((table, error)) = sending.send_alone(index, step) {
                            self.runs[index].fail(self.number, table, &Arc::new(error));
                        }
                    }
                }
            }
        }
        for (table, plain) in plain.0 {
            for (members, error) in sending.send_plain(table, plain) {
                let error = Arc::new(error);
                for index in members {
                    self.runs[index].fail(self.number, table, &error);
                }
            }
        }
        let counted = increments::queue(self.store, &mut sending.calls, changed(counts));
        let Sending { calls, sent, .. } = sending;
        if sent.is_empty() && counted.is_empty() {
            return;
        }
        let mut replies = calls.send();
        let mut again = Vec::new();
        for sent in sent {
            again.extend(self.settle(&mut replies, sent));
        }
        if !counted.is_empty() {
            let result = increments::settle(self.store, counted, &mut replies);
            self.settle_counts(result, &counting);
        }
        for cell in again {
            self.enter_again(cell);
        }
    }

    fn take_steps(&mut self, index: usize) -> Vec<Step> {
        let run = &mut self.runs[index];
        if !run.goes_on() {
            return Vec::new();
        }
        let stage = run.transition.stages.get_mut(self.number);
        stage.map(|stage| std::mem::take(&mut stage.steps)).unwrap_or_default()
    }

    /// Takes a reply in; returns an entry that was there already.
    fn settle(&mut self, replies: &mut Replies, sent: Sent) -> Option<(usize, layout::IndexCell)> {
        let Sent { members, table, reply } = sent;
        match reply {
            Reply::Written(slot) => self.note(&members, table, replies.take(slot)),
            Reply::PutIfAbsent(slot) => {
                let is_new = replies.take(slot);
                if matches!(is_new, Ok(true)) {
                    for index in &members {
                        self.runs[*index].entered.push(table);
                    }
                }
                self.note(&members, table, is_new.map(drop));
            }
            Reply::Batch(slot, singles) => match replies.take(slot) {
                // The answer is one for all: which of them it is, each by itself tells.
                Err(error) if members.len() > 1 && !error.is_transient() => {
                    for (index, single) in members.into_iter().zip(singles) {
                        let table_of = self.store.table(table);
                        let result = match single {
                            Single::Put(put) => table_of.put(&put),
                            Single::Delete(delete) => table_of.delete(&delete),
                        };
                        self.note(&[index], table, result);
                    }
                }
                result => self.note(&members, table, result),
            },
            Reply::Guard(slot, guarded, beside) => {
                let result = match replies.take(slot) {
                    Err(error) if error.outcome() == Outcome::Unknown => {
                        // Unchanged, it may have failed or may still be under way.
                        self.is_ours(table, &guarded).ok().flatten().ok_or(error)
                    }
                    result => result,
                };
                let mut is_ours = *result.as_ref().unwrap_or(&true);
                if let Some(beside) = beside {
                    let is_alone = self.is_alone(table, replies, beside, is_ours);
                    is_ours &= !is_alone;
                }
                for index in &members {
                    self.runs[*index].is_guarded |= !is_ours;
                }
                self.note(&members, table, result.map(drop));
            }
            Reply::Entered(slot, cell) => {
                let result = replies.take(slot);
                let index = *members.first()?;
                match result {
                    Ok(true) => self.runs[index].entered.push(table),
                    Ok(false) => return Some((index, cell)),
                    // Perhaps it is there now: not counted then, and `check` finds the size wrong.
                    Err(error) if error.is_transient() => return Some((index, cell)),
                    Err(error) => return self.note_none(&members, table, error),
                }
                self.note(&members, table, Ok(()));
            }
        }
        None
    }

    fn note_none<T>(
        &mut self,
        members: &[usize],
        table: &'static str,
        error: HBaseError,
    ) -> Option<T> {
        self.note(members, table, Err(error));
        None
    }

    fn note(&mut self, members: &[usize], table: &'static str, result: Result<(), HBaseError>) {
        match result {
            Ok(()) => members.iter().for_each(|index| self.runs[*index].has_written = true),
            Err(error) => {
                let error = Arc::new(error);
                for index in members {
                    self.runs[*index].fail(self.number, table, &error);
                }
            }
        }
    }

    /// Whether a guard's value is there, or somebody else's; `None` if nothing has changed.
    fn is_ours(&self, table: &str, guarded: &Guarded) -> Result<Option<bool>, HBaseError> {
        let row = self.store.table(table).get(&guarded.get)?;
        let cell = row.as_ref().and_then(|row| row.cells().next());
        let found = cell.as_ref().map(Cell::value);
        let is_ours = found == Some(guarded.value.as_bytes());
        Ok((is_ours || found != guarded.before.as_deref()).then_some(is_ours))
    }

    /// Whether a guard's value stands in a row that has nothing else, and then takes it away.
    fn is_alone(&self, table: &str, replies: &mut Replies, beside: Beside, is_ours: bool) -> bool {
        // Unread, it may be there: at worst it is counted twice, which `check` finds.
        let Ok(row) = replies.take(beside.found) else { return false };
        let is_alone = is_ours && row.as_ref().is_none_or(|row| row.get(beside.needed).is_none());
        if let Some(value) = row.as_ref().and_then(|row| row.cell(beside.column))
            && is_alone
        {
            let delete = Delete::row(beside.row).column(beside.column);
            let delete = delete.up_to_timestamp(value.timestamp());
            // It runs out by itself, and a check takes it away.
            let _ = self.store.table(table).delete(&delete);
        }
        is_alone
    }

    /// Gives an entry that is there a new version; one that has left since then is a new one, to be
    /// counted.
    fn enter_again(&mut self, (index, cell): (usize, layout::IndexCell)) {
        let Some(id) = self.runs[index].transition.id.clone() else { return };
        let table = self.store.table(cell.table);
        let (row, column, name) = (&cell.row, &cell.column, id.as_bytes());
        let is_there = CheckAndPut::if_equal(row.clone(), column.clone(), name);
        let is_gone = CheckAndPut::if_absent(row.clone(), column.clone());
        let enter = |check: CheckAndPut| table.check_and_put(&check.put(column.clone(), name));
        match enter(is_there) {
            Ok(true) => return self.note(&[index], cell.table, Ok(())),
            Ok(false) if matches!(enter(is_gone), Ok(true)) => {
                self.runs[index].entered.push(cell.table);
                return self.note(&[index], cell.table, Ok(()));
            }
            // Whether it was put is unknown, or something else stands there.
            _ => {}
        }
        let result = self.store.table(cell.table).put(&cell.put(&id));
        self.note(&[index], cell.table, result);
    }

    fn settle_counts(&mut self, result: Result<(), Uncounted>, counting: &[usize]) {
        let Err(Uncounted { error, is_certain }) = result else {
            return self.note(counting, layout::METRICS, Ok(()));
        };
        self.note(counting, layout::METRICS, Err(error));
        if !is_certain {
            return;
        }
        // A delete hides puts of its own millisecond, and it has just taken the mark away.
        thread::sleep(MARK_AGAIN);
        let counting: BTreeSet<_> = counting.iter().collect();
        for index in counting {
            let stage = self.runs[*index].transition.stages.get_mut(self.number);
            for step in stage.map(|stage| std::mem::take(&mut stage.undo)).unwrap_or_default() {
                if let Step::Put { table, put, .. } = step {
                    // If this fails too, the crash stays uncounted until a check.
                    let _ = self.store.table(table).put(&put);
                }
            }
        }
    }
}

fn add(counts: &mut BTreeMap<(String, String), i64>, count: Count) {
    *counts.entry((count.row, count.column)).or_default() += count.amount;
}

/// Without those of which as much was taken away as was added.
fn changed(counts: BTreeMap<(String, String), i64>) -> Vec<Count> {
    let changed = counts.into_iter().filter(|(_, amount)| *amount != 0);
    changed.map(|((row, column), amount)| Count { row, column, amount }).collect()
}
