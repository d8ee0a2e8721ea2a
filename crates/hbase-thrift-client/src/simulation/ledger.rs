//! What callers asked for, what the cluster did of it, and what the callers were told.

use super::time::Time;
use crate::error::Outcome;

/// All changes that were asked for, by number.
pub(super) struct Ledger {
    changes: Vec<Change>,
    /// A change that is made again after its caller went on has the same timestamp, and does no harm.
    is_stamped: bool,
}

struct Change {
    what: String,
    /// A second time changes nothing more.
    is_repeatable: bool,
    /// The rows that it changes, one in each step; none if there is one step, or the steps have numbers.
    rows: Vec<Vec<u8>>,
    /// When each of its steps was carried out.
    steps: Vec<Vec<Time>>,
    told: Option<Told>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Ok,
    Failed(Outcome),
}

type Check = Result<(), String>;

impl Ledger {
    pub(super) fn new(is_stamped: bool) -> Self {
        Self { changes: Vec::new(), is_stamped }
    }

    /// Takes note of a change that a caller is about to ask for; returns its number.
    pub(super) fn begin(&mut self, what: &str, steps: usize, is_repeatable: bool) -> usize {
        let (what, steps) = (what.to_owned(), vec![Vec::new(); steps]);
        self.changes.push(Change { what, is_repeatable, rows: Vec::new(), steps, told: None });
        self.changes.len() - 1
    }

    /// As [`begin`](Self::begin), of a change with a step for each of these rows.
    pub(super) fn begin_rows(
        &mut self,
        what: &str,
        rows: Vec<Vec<u8>>,
        is_repeatable: bool,
    ) -> usize {
        let number = self.begin(what, rows.len(), is_repeatable);
        self.changes[number].rows = rows;
        number
    }

    /// The step of the change in which this row is changed.
    pub(super) fn step_of(&self, number: usize, row: &[u8]) -> usize {
        self.changes[number].rows.iter().position(|other| other == row).unwrap_or(0)
    }

    /// A step of it is carried out.
    pub(super) fn carried_out(&mut self, number: usize, step: usize, now: Time) -> Check {
        let change = &mut self.changes[number];
        let what = &change.what;
        change.steps[step].push(now);
        if !change.is_repeatable && change.steps[step].len() > 1 {
            return Err(format!("{what} (change {number}, step {step}) was carried out twice"));
        }
        match change.told {
            Some(Told::Failed(Outcome::NotApplied)) => Err(format!(
                "{what} (change {number}) was carried out after its caller was told that it was not"
            )),
            Some(Told::Ok) if !self.is_stamped => Err(format!(
                "{what} (change {number}) was carried out again after its caller went on"
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// The caller is told what became of it.
    pub(super) fn told(&mut self, number: usize, outcome: Result<(), Outcome>) -> Check {
        let change = &mut self.changes[number];
        let what = &change.what;
        change.told = Some(outcome.map_or_else(Told::Failed, |()| Told::Ok));
        let undone = change.steps.iter().position(Vec::is_empty);
        let done = change.steps.iter().position(|times| !times.is_empty());
        match (outcome, undone, done) {
            (Ok(()) | Err(Outcome::Applied), Some(step), _) => Err(format!(
                "{what} (change {number}) was reported as done, and step {step} was not carried out"
            )),
            (Err(Outcome::NotApplied), _, Some(step)) => Err(format!(
                "{what} (change {number}) was reported as not applied, and step {step} was"
            )),
            _ => Ok(()),
        }
    }
}
