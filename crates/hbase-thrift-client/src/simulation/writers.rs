//! The buffered writer: whatever goes wrong, writing again what it hands back gives the state that
//! the caller meant.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::caller::Caller;
use crate::api::WriterOptions;
use crate::request::{Delete, Mutation, Put};

type State = BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, Vec<u8>>>;

impl Caller {
    /// Writes to rows that nobody else writes to.
    pub(super) fn write_many(&mut self) {
        let options = WriterOptions::new()
            .no_max_age()
            .max_mutations(self.luck.usize(1..=8))
            .max_bytes(self.luck.choice([100, 1_000, 100_000]).unwrap_or(100));
        let prefix = self.writers_rows();
        let (mut left, expected) = self.mutations(&prefix);
        let writer = self.table.writer(options);
        let limit = self.limit();
        let mut failures = 0;
        loop {
            if self.plan.has_drops && self.luck.u8(0..4) == 0 {
                // What was under way then comes back with the next call.
                if let Some(Err(error)) = self.flush_and_drop(&writer) {
                    let again: VecDeque<_> = error.into_mutations().collect();
                    let later = std::mem::replace(&mut left, again);
                    left.extend(later);
                    self.sleep(Duration::from_millis(300));
                }
            }
            let result = match left.pop_front() {
                Some(mutation) => {
                    self.within("a buffered write", limit, |_| writer.write(mutation))
                }
                None => self.within("a flush", limit, |_| writer.flush()),
            };
            match result {
                Ok(()) if left.is_empty() => break,
                Ok(()) => {}
                Err(error) => {
                    for failure in error.failures() {
                        self.check_failure(super::caller::Kind::Change, &failure.error);
                    }
                    let last = format!("{error:?}");
                    let again: VecDeque<_> = error.into_mutations().collect();
                    let later = std::mem::replace(&mut left, again);
                    left.extend(later);
                    failures += 1;
                    if failures > 100 && self.now() > self.plan.end_of_faults() {
                        return self.violation(format!("the writer does not get on: {last}"));
                    }
                    self.sleep(Duration::from_millis(300));
                }
            }
        }
        let flushed = self.within("a flush", limit, |_| writer.close());
        if let Err(error) = flushed {
            // Only the last mutations were at stake, and may have been written or not.
            return self.check_failure(super::caller::Kind::Change, &error.failures()[0].error);
        }
        self.check_state(&expected);
    }

    fn mutations(&mut self, prefix: &[u8]) -> (VecDeque<Mutation>, State) {
        let mut expected = State::new();
        let mut mutations = VecDeque::new();
        for _ in 0..self.luck.usize(1..=20) {
            let key = [prefix, &[b'/', b'0' + self.luck.u8(0..4)]].concat();
            let column = format!("f:{}", self.luck.u8(0..3)).into_bytes();
            let row = expected.entry(key.clone()).or_default();
            match self.luck.u8(0..6) {
                0 => {
                    row.clear();
                    mutations.push_back(Delete::row(key).into());
                }
                1 => {
                    row.remove(&column);
                    mutations.push_back(Delete::row(key).column(column).into());
                }
                _ => {
                    let value = self.luck.u32(..).to_be_bytes().to_vec();
                    row.insert(column.clone(), value.clone());
                    mutations.push_back(Put::new(key).column(column, value).into());
                }
            }
        }
        (mutations, expected)
    }

    fn check_state(&self, expected: &State) {
        let state = self.world.state();
        let wrong = expected.iter().find_map(|(key, columns)| {
            let found = state.gateways.table.row(key);
            let found: BTreeMap<_, _> =
                found.into_iter().map(|(column, (_, value))| (column, value)).collect();
            // A call whose outcome was unknown may be carried out after what was written later.
            let is_late = state.gateways.late_rows.contains(key);
            (found != *columns && !is_late).then(|| {
                let key = key.escape_ascii();
                format!("the writer left {key} as {found:?} instead of {columns:?}")
            })
        });
        drop(state);
        if let Some(wrong) = wrong {
            self.violation(wrong);
        }
    }
}
