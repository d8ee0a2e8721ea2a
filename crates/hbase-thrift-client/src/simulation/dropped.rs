//! Calls whose futures are dropped at any of their waits: nobody knows what became of a change, a read has no
//! effect, a scan goes on, and all others are served as if nothing had been.

use std::sync::Arc;

use super::caller::{CHANGE, Caller, Kind, outcome};
use crate::api::{BufferedWriter, WriteError};
use crate::drive::{OwnedRequest, PipelineDriver, Rows, TableDriver};
use crate::error::{Outcome, Result};
use crate::request::Get;
use crate::row::Row as Found;

impl Caller {
    /// How often a future waits before it is dropped; mostly it is over by then.
    fn few_waits(&mut self) -> usize {
        self.luck.choice([0, 1, 2, 3, 5, 100]).unwrap_or(0)
    }

    pub(super) fn table_driver(&self) -> TableDriver {
        TableDriver::new(&self.executor, b"t".to_vec())
    }

    pub(super) fn call_and_drop(&mut self) {
        match self.luck.u8(0..5) {
            0 | 1 => self.get_and_drop(),
            2 => self.put_and_drop(),
            3 => self.increment_and_drop(),
            _ => self.pipeline_and_drop(),
        }
    }

    fn get_and_drop(&mut self) {
        let (key, waits, began) = (self.own_row('c'), self.few_waits(), self.now());
        let (table, get) = (self.table_driver(), Get::new(key.clone()));
        match self.world.drive(table.get(&get), waits) {
            Some(Ok(row)) => self.check_row(&key, began, row.as_ref()),
            Some(Err(error)) => self.check_failure(Kind::Read, &error),
            None => {}
        }
    }

    fn put_and_drop(&mut self) {
        let (key, waits) = (self.own_row('c'), self.few_waits());
        let number = self.begin("a put that may be dropped", 1, true);
        let put = self.random_put(key).attribute(CHANGE, number.to_be_bytes());
        let table = self.table_driver();
        match self.world.drive(table.put(&put), waits) {
            Some(result) => {
                self.own.put(&put, outcome(&result));
                self.told(Kind::Movable, number, &result);
            }
            None => {
                self.own.put(&put, Err(Outcome::Unknown));
                self.left_open(number);
            }
        }
    }

    fn increment_and_drop(&mut self) {
        let (key, waits) = (self.own_row('n'), self.few_waits());
        let number = self.begin("an increment that may be dropped", 1, false);
        let increment = Self::one_increment(key, number, 0);
        let table = self.table_driver();
        let increments = [increment];
        match self.world.drive(table.increment_rows(&increments), waits) {
            Some(result) => self.told(Kind::Change, number, &result),
            None => self.left_open(number),
        }
    }

    fn pipeline_and_drop(&mut self) {
        let (keys, waits) = (self.own_rows('n'), self.few_waits());
        let table = self.table_driver();
        let mut pipeline = PipelineDriver::new(self.executor.clone());
        let mut queued = Vec::new();
        for key in keys {
            let number = self.begin("an increment in a pipeline that may be dropped", 1, false);
            let request = OwnedRequest::Increment(Self::one_increment(key, number, 0));
            match self.world.drive(pipeline.add::<i64>(&table, request), waits) {
                Some(Ok(increment)) => queued.push((number, increment)),
                Some(Err(error)) => self.check_failure(Kind::Change, &error),
                None => {}
            }
        }
        match self.world.drive(pipeline.send(), waits) {
            Some(mut results) => {
                for (number, increment) in queued {
                    let result = results.take(increment);
                    self.told(Kind::Change, number, &result);
                }
            }
            None => queued.iter().for_each(|(number, _)| self.left_open(*number)),
        }
    }

    /// Flushes a writer, or stops midway.
    pub(super) fn flush_and_drop(
        &mut self,
        writer: &BufferedWriter,
    ) -> Option<std::result::Result<(), WriteError>> {
        let waits = self.few_waits();
        Some(self.world.drive(writer.driver().flush(), waits)?.map_err(WriteError::of))
    }

    /// Rows as an iterator, of which some steps are dropped and taken again.
    pub(super) fn with_drops<R: Rows>(
        &mut self,
        mut rows: R,
    ) -> impl Iterator<Item = Result<Found>> + use<R> {
        let (mut luck, world) = (self.luck.fork(), Arc::clone(&self.world));
        std::iter::from_fn(move || {
            if let Some(row) = rows.at_hand() {
                return Some(Ok(row));
            }
            for _ in 0..2 {
                let waits = luck.choice([0, 1, 2, 3, 5, 100]).unwrap_or(0);
                if let Some(row) = world.drive(rows.next_row(), waits) {
                    return row.transpose();
                }
            }
            world.drive(rows.next_row(), usize::MAX)?.transpose()
        })
    }
}
