//! Callers: random calls, and what is checked of each.

use std::sync::Arc;
use std::time::Duration;

use super::own_rows::OwnRows;
use super::plan::{Plan, Weather};
use super::server::STEPS;
use super::table::{Bytes, Columns};
use super::time::{SECOND, Time};
use super::world::{Simulated, World};
use crate::api::{BufferedWriter, Table, WriterOptions};
use crate::drive::Executor;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::request::{Batch, Delete, Get, Increment, Put};
use crate::row::Row as Found;

pub(super) struct Caller {
    pub(super) world: Arc<World>,
    pub(super) executor: Executor,
    pub(super) table: Table,
    pub(super) plan: Arc<Plan>,
    number: usize,
    pub(super) luck: fastrand::Rng,
    values: u64,
    pub(super) own: OwnRows,
    /// The writer of all callers, where they share one.
    pub(super) shared: Option<Arc<BufferedWriter>>,
}

/// What a call may take beyond its deadline.
pub(super) const SLACK: Duration = Duration::from_millis(200);

/// Whether a failure of a call has an excuse.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Change,
    /// A change that may be sent elsewhere early, if it has the client's timestamp.
    Movable,
}

/// The attribute that makes a change known to the server.
pub(super) const CHANGE: &str = "change";

/// All callers of a plan, each with what its thread has to do.
pub(super) fn callers(plan: Plan, world: &Arc<World>) -> (Executor, Vec<Box<dyn FnOnce() + Send>>) {
    let environment = Arc::new(Simulated(Arc::clone(world)));
    let executor = Executor::new(plan.config(), environment);
    let plan = Arc::new(plan);
    let shared = plan.shares_a_writer().then(|| {
        let options = WriterOptions::new().no_max_age().max_mutations(5);
        Arc::new(Table::new(&executor, b"t".to_vec()).writer(options))
    });
    let call = |number| {
        let luck = fastrand::Rng::with_seed(plan.seed.wrapping_mul(31) + number as u64);
        let mut caller = Caller::new(world, &executor, &plan, number, luck);
        caller.shared.clone_from(&shared);
        let calls = plan.calls;
        Box::new(move || caller.make_calls(calls)) as Box<dyn FnOnce() + Send>
    };
    let callers = (0..plan.callers).map(call).collect();
    (executor, callers)
}

impl Caller {
    fn new(
        world: &Arc<World>,
        executor: &Executor,
        plan: &Arc<Plan>,
        number: usize,
        luck: fastrand::Rng,
    ) -> Self {
        Self {
            world: Arc::clone(world),
            executor: executor.clone(),
            table: Table::new(executor, b"t".to_vec()),
            plan: Arc::clone(plan),
            number,
            luck,
            values: 0,
            own: OwnRows::default(),
            shared: None,
        }
    }

    fn make_calls(&mut self, count: usize) {
        for _ in 0..count {
            if self.plan.has_drops && self.luck.u8(0..3) == 0 {
                self.call_and_drop();
                continue;
            }
            match self.luck.u8(0..20) {
                0..4 => self.get(),
                4..7 => self.put(),
                7 => self.delete(),
                8 => self.increment(),
                9 => self.increment_rows(),
                10 => self.batch(),
                11..13 => self.pipeline(),
                13..16 => self.scan(),
                16..18 => self.salted(),
                18 if self.shared.is_none() => self.write_many(),
                18.. if self.shared.is_some() => self.write_together(),
                // Of writes that may go elsewhere few are under way when a gateway hangs.
                _ if self.plan.weather == Weather::OneSteadfast && self.plan.client_timestamps => {
                    self.put();
                }
                _ => self.pause(),
            }
        }
    }

    pub(super) fn pause(&mut self) {
        let time = self.luck.choice([Duration::from_millis(3), Duration::from_secs(3)]);
        let time = time.unwrap_or_default().mul_f64(self.luck.f64());
        self.sleep(time);
    }

    pub(super) fn sleep(&self, time: Duration) {
        crate::sync::blocking(self.executor.environment().sleep(time));
    }

    pub(super) fn now(&self) -> Time {
        self.world.state().now
    }

    pub(super) fn violation(&self, text: impl Into<String>) {
        let text = format!("caller {}: {}", self.number, text.into());
        self.world.state().violation(text);
    }

    /// Makes a call, which may last this long.
    pub(super) fn within<T>(
        &mut self,
        what: &str,
        limit: Duration,
        call: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let began = self.now();
        let result = call(self);
        let took = Duration::from_nanos(self.now() - began);
        if took > limit + SLACK {
            self.violation(format!("{what} took {took:?} instead of at most {limit:?}"));
        }
        result
    }

    pub(super) fn limit(&self) -> Duration {
        self.plan.operation_timeout
    }

    /// A failure without an excuse is wrong.
    pub(super) fn check_failure(&self, kind: Kind, error: &Error) {
        let excused = match self.plan.weather {
            Weather::Calm => false,
            Weather::OneSteadfast => match kind {
                Kind::Read => false,
                Kind::Change => true,
                Kind::Movable => !self.plan.client_timestamps,
            },
            Weather::Storm => true,
        };
        // What a writer was just sending when its caller stopped.
        let was_dropped = self.plan.has_drops && error.kind() == ErrorKind::Cancelled;
        if !excused && !was_dropped {
            self.violation(format!("a call failed without need: {error:?}"));
        }
        if kind == Kind::Read && error.outcome() != Outcome::NotApplied {
            self.violation(format!("a read has changed something: {error:?}"));
        }
        if kind == Kind::Read && (error.attempts() == 0 || !error.is_retryable()) {
            self.violation(format!("a read was not tried, or must not be repeated: {error:?}"));
        }
    }

    pub(super) fn own_row(&mut self, kind: char) -> Bytes {
        format!("{kind}{}-{}", self.number, self.luck.u8(0..4)).into_bytes()
    }

    /// Several rows, each once.
    pub(super) fn own_rows(&mut self, kind: char) -> Vec<Bytes> {
        let count = self.luck.usize(1..=4);
        let mut rows: Vec<u8> = (0..4).collect();
        self.luck.shuffle(&mut rows);
        rows.truncate(count);
        rows.iter().map(|row| format!("{kind}{}-{row}", self.number).into_bytes()).collect()
    }

    pub(super) fn value(&mut self, key: &[u8]) -> Bytes {
        self.values += 1;
        [key, format!("={}", self.values).as_bytes()].concat()
    }

    /// What the keys of rows begin with that a new writer has for itself.
    pub(super) fn writers_rows(&mut self) -> Bytes {
        let caller = format!("w{}", self.number);
        self.value(caller.as_bytes())
    }

    fn column(&mut self) -> Bytes {
        format!("f:{}", self.luck.u8(0..2)).into_bytes()
    }

    /// Takes note of a change that is about to be asked for.
    pub(super) fn begin(&self, what: &str, steps: usize, repeatable: bool) -> usize {
        self.world.state().gateways.ledger.begin(what, steps, repeatable)
    }

    /// Checks what the caller was told of a change.
    pub(super) fn told<T>(&self, kind: Kind, number: usize, result: &Result<T>) {
        let outcome = outcome(result);
        let checked = self.world.state().gateways.ledger.told(number, outcome);
        if let Err(wrong) = checked {
            self.violation(format!("{wrong}: {:?}", result.as_ref().err()));
        }
        if let Err(error) = result {
            self.check_failure(kind, error);
        }
    }

    /// The caller of a change has stopped waiting: nobody knows what became of it.
    pub(super) fn left_open(&self, number: usize) {
        let checked = self.world.state().gateways.ledger.told(number, Err(Outcome::Unknown));
        if let Err(wrong) = checked {
            self.violation(wrong);
        }
    }

    pub(super) fn check_row(&self, key: &[u8], began: Time, found: Option<&Found>) {
        if let Some(row) = found
            && row.key() != key
        {
            self.violation(format!("a get returned the row {:?}", row.key().escape_ascii()));
        }
        if self.plan.client_timestamps
            && let Err(wrong) = self.own.check(key, found)
        {
            self.violation(wrong);
        }
        let cell = |cell: crate::row::Cell<'_>| {
            (cell.column().to_vec(), (cell.timestamp(), cell.value().to_vec()))
        };
        let look: Columns = found.map(|row| row.cells().map(cell).collect()).unwrap_or_default();
        let state = self.world.state();
        let is_true = state.gateways.table.looked_like(key, &look, began, state.now);
        drop(state);
        if !is_true {
            self.violation(format!(
                "the row {} never was {look:?} while it was read",
                key.escape_ascii()
            ));
        }
    }

    fn get(&mut self) {
        let key = self.own_row('c');
        let (began, limit) = (self.now(), self.limit());
        match self.within("a get", limit, |caller| caller.table.get(&Get::new(key.clone()))) {
            Ok(row) => self.check_row(&key, began, row.as_ref()),
            Err(error) => self.check_failure(Kind::Read, &error),
        }
        self.check_use(began);
    }

    /// A gateway that failed and works again is tried by one of the first calls after a while. That grows with
    /// the time for which it did not work, since the pauses between two tries do. A call tries one such
    /// gateway, and calls that run beside that one pass it over.
    fn check_use(&self, began: Time) {
        let plan = &self.plan;
        let try_time = plan.connect_timeout.min(plan.operation_timeout).as_nanos() as Time;
        let mut state = self.world.state();
        let most = state.gateways.each.len();
        let mut is_unused = false;
        for gateway in &mut state.gateways.each {
            let (Some(failed), Some(recovered)) = (gateway.failed, &mut gateway.recovered) else {
                continue;
            };
            let outage = recovered.outage.max(recovered.since.saturating_sub(failed));
            if began > recovered.since + outage + 2 * try_time + SECOND {
                recovered.passed_over += 1;
                is_unused |= recovered.passed_over > most;
            }
        }
        is_unused &= state.gateways.has_steadfast;
        drop(state);
        if is_unused {
            self.violation("a gateway that works again is not used");
        }
    }

    pub(super) fn random_put(&mut self, key: Bytes) -> Put {
        let mut put = Put::new(key.clone());
        let column = self.column();
        let value = self.value(&key);
        put = put.column(column.clone(), value);
        let other = self.column();
        if other != column {
            let value = self.value(&key);
            put = put.column(other, value);
        }
        put
    }

    fn random_delete(&mut self, key: Bytes) -> Delete {
        let delete = Delete::row(key);
        if self.luck.bool() { delete.column(self.column()) } else { delete }
    }

    fn put(&mut self) {
        let key = self.own_row('c');
        let number = self.begin("a put", 1, true);
        let put = self.random_put(key).attribute(CHANGE, number.to_be_bytes());
        let limit = self.limit();
        let result = self.within("a put", limit, |caller| caller.table.put(&put));
        self.own.put(&put, outcome(&result));
        self.told(Kind::Movable, number, &result);
    }

    fn delete(&mut self) {
        let key = self.own_row('c');
        let number = self.begin("a delete", 1, true);
        let delete = self.random_delete(key).attribute(CHANGE, number.to_be_bytes());
        let limit = self.limit();
        let result = self.within("a delete", limit, |caller| caller.table.delete(&delete));
        self.own.delete(&delete, outcome(&result));
        self.told(Kind::Movable, number, &result);
    }

    pub(super) fn one_increment(key: Bytes, number: usize, step: usize) -> Increment {
        Increment::new(key, "f:n", (number * STEPS + step).cast_signed() as i64)
    }

    fn increment(&mut self) {
        let key = self.own_row('n');
        let number = self.begin("an increment", 1, false);
        let increment = Self::one_increment(key, number, 0);
        let limit = self.limit();
        let result =
            self.within("an increment", limit, |caller| caller.table.increment(&increment));
        self.told(Kind::Change, number, &result);
    }

    fn increment_rows(&mut self) {
        let keys = self.own_rows('n');
        let number = self.begin("an increment of rows", keys.len(), false);
        let each = keys.into_iter().enumerate();
        let list: Vec<_> = each.map(|(step, key)| Self::one_increment(key, number, step)).collect();
        let limit = self.limit();
        let result =
            self.within("an increment of rows", limit, |caller| caller.table.increment_rows(&list));
        self.told(Kind::Change, number, &result);
    }

    fn random_batch(&mut self) -> (usize, Batch) {
        let keys = self.own_rows('c');
        let number = self.world.state().gateways.ledger.begin_rows("a batch", keys.clone(), true);
        let change = number.to_be_bytes();
        let mut batch = Batch::new();
        for key in keys {
            batch = if self.luck.u8(0..4) > 0 {
                batch.put(self.random_put(key).attribute(CHANGE, change))
            } else {
                let column = self.column();
                batch.delete(Delete::row(key).column(column).attribute(CHANGE, change))
            };
        }
        (number, batch)
    }

    fn batch(&mut self) {
        let (number, batch) = self.random_batch();
        let limit = self.limit();
        let result = self.within("a batch", limit, |caller| caller.table.batch(&batch));
        batch.puts.iter().for_each(|put| self.own.put(put, outcome(&result)));
        batch.deletes.iter().for_each(|delete| self.own.delete(delete, outcome(&result)));
        self.told(Kind::Movable, number, &result);
    }
}

/// What became of a change.
pub(super) fn outcome<T>(result: &Result<T>) -> std::result::Result<(), Outcome> {
    result.as_ref().map(drop).map_err(Error::outcome)
}
