//! One buffered writer for all callers: nobody waits for the time-outs of others, and in the end
//! everything is written, whoever was told of a failure.

use std::collections::VecDeque;
use std::time::Duration;

use super::caller::{Caller, Kind};
use super::state::State;
use crate::request::{Mutation, Put};

impl Caller {
    /// Writes rows, each of them once, and again what comes back, rows of others too.
    pub(super) fn write_together(&mut self) {
        let Some(writer) = self.shared.clone() else { return };
        let mut left: VecDeque<Mutation> = self.new_rows();
        let limit = self.limit();
        for failures in 0.. {
            let mut result = Ok(());
            while result.is_ok()
                && let Some(put) = left.pop_front()
            {
                result = self.within("a shared writer's write", limit, |_| writer.write(put));
            }
            if self.plan.has_drops && self.luck.bool() {
                for _ in 0..2 {
                    if let Some(Err(error)) = self.flush_and_drop(&writer) {
                        left.extend(error.into_mutations());
                    }
                }
            }
            if result.is_ok() {
                result = self.within("a shared writer's flush", limit, |_| writer.flush());
            }
            let error = match result {
                Ok(()) if left.is_empty() => return,
                Ok(()) => continue,
                Err(error) => error,
            };
            for failure in error.failures() {
                self.check_failure(Kind::Change, &failure.error);
            }
            left.extend(error.into_mutations());
            if failures > 100 && self.now() > self.plan.end_of_faults() {
                return self.violation("a shared writer does not get on");
            }
            self.sleep(Duration::from_millis(300));
        }
    }

    fn new_rows(&mut self) -> VecDeque<Mutation> {
        let put = |caller: &mut Self| {
            let key = caller.writers_rows();
            let put = Put::new(key.clone()).column("f:x", key.clone());
            caller.world.state().written_together.push(key);
            put.into()
        };
        (0..self.luck.usize(1..=12)).map(|_| put(self)).collect()
    }
}

impl State {
    /// Once all callers have gone on.
    pub(super) fn check_what_was_written_together(&mut self) {
        let table = &self.gateways.table;
        let missing = self.written_together.iter().find(|key| table.row(key).is_empty());
        if let Some(key) = missing.map(|key| key.escape_ascii().to_string()) {
            self.violation(format!("the shared writer lost {key}"));
        }
    }
}
