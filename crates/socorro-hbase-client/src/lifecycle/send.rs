//! The calls that a stage's steps become: the plain puts and deletes of a table in batches, the others one
//! by one, all in one pipeline.

use hbase_thrift_client::{Batch, Delete, Error as HBaseError, Get, Put, Row};

use super::steps::Step;
use crate::{
    layout,
    pipeline::{Calls, Slot},
    store::CrashStore,
};

/// How many bytes of puts share a call: far less than a gateway takes, far more than a call costs.
const BATCH: usize = 1 << 20;

/// A call that was sent, for these transitions.
pub(super) struct Sent {
    pub(super) members: Vec<usize>,
    pub(super) table: &'static str,
    pub(super) reply: Reply,
}

pub(super) enum Reply {
    Written(Slot<()>),
    /// With the steps, should they have to be made one by one.
    Batch(Slot<()>, Vec<Single>),
    Guard(Slot<bool>, Guarded, Option<Beside>),
    Entered(Slot<bool>, layout::IndexCell),
    PutIfAbsent(Slot<bool>),
}

/// What a guard writes, and how to find out whether it did.
pub(super) struct Guarded {
    pub(super) get: Get,
    pub(super) before: Option<Vec<u8>>,
    pub(super) value: String,
}

/// What must be beside a guard's value.
pub(super) struct Beside {
    pub(super) found: Slot<Option<Row>>,
    pub(super) row: Vec<u8>,
    /// The guard's own.
    pub(super) column: &'static str,
    pub(super) needed: &'static str,
}

/// A put or a delete that can be made by itself.
pub(super) enum Single {
    Put(Put),
    Delete(Delete),
}

/// The plain puts and deletes of a table.
#[derive(Default)]
pub(super) struct Plain {
    pub(super) puts: Vec<(usize, Put, usize)>,
    pub(super) deletes: Vec<(usize, Delete)>,
}

/// By tables, in the order in which they come first.
#[derive(Default)]
pub(super) struct PlainSteps(pub(super) Vec<(&'static str, Plain)>);

impl PlainSteps {
    pub(super) fn of(&mut self, table: &'static str) -> &mut Plain {
        let place = self.0.iter().position(|(other, _)| *other == table);
        let place = place.unwrap_or_else(|| {
            self.0.push((table, Plain::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }
}

/// A pipeline while it is filled.
pub(super) struct Sending<'a> {
    pub(super) store: &'a CrashStore,
    pub(super) calls: Calls,
    pub(super) sent: Vec<Sent>,
}

impl Sending<'_> {
    /// A step that shares its call with none.
    pub(super) fn send_alone(
        &mut self,
        index: usize,
        step: Step,
    ) -> Result<(), (&'static str, HBaseError)> {
        let (table, reply) = match step {
            Step::Put { table, put, .. } => {
                let slot = self.calls.put(&self.store.table(table), put);
                (table, slot.map(Reply::Written))
            }
            Step::Delete { table, delete, .. } => {
                let slot = self.calls.delete(&self.store.table(table), delete);
                (table, slot.map(Reply::Written))
            }
            Step::Guard { table, check, row, column, before, value, beside } => {
                let table_of = self.store.table(table);
                let slot = self.calls.check_and_put(&table_of, check);
                let get = Get::new(row.clone()).column(column);
                let guarded = Guarded { get: get.clone(), before, value };
                // The gateway carries out the calls of a connection in their order.
                let beside = beside.map(|needed| {
                    let found = self.calls.get(&table_of, get.column(needed))?;
                    Ok(Beside { found, row, column, needed })
                });
                let slots = slot.and_then(|slot| Ok((slot, beside.transpose()?)));
                (table, slots.map(|(slot, beside)| Reply::Guard(slot, guarded, beside)))
            }
            Step::PutIfAbsent { table, check } => {
                let slot = self.calls.check_and_put(&self.store.table(table), check);
                (table, slot.map(Reply::PutIfAbsent))
            }
            Step::Enqueue { cell, check } => {
                let table = cell.table;
                let slot = self.calls.check_and_put(&self.store.table(table), check);
                (table, slot.map(|slot| Reply::Entered(slot, cell)))
            }
            Step::Count(_) | Step::CountEntries => return Ok(()),
        };
        let reply = reply.map_err(|error| (table, error))?;
        self.sent.push(Sent { members: vec![index], table, reply });
        Ok(())
    }

    /// One call, or a batch for each `BATCH` bytes; returns those that were refused.
    pub(super) fn send_plain(
        &mut self,
        table: &'static str,
        plain: Plain,
    ) -> Vec<(Vec<usize>, HBaseError)> {
        let mut refused = Vec::new();
        let mut members = Vec::new();
        let mut singles = Vec::new();
        let mut size = 0;
        for (index, put, bytes) in plain.puts {
            if size + bytes > BATCH && !members.is_empty() {
                let batch = (std::mem::take(&mut members), std::mem::take(&mut singles));
                refused.extend(self.send_batch(table, batch));
                size = 0;
            }
            size += bytes;
            members.push(index);
            singles.push(Single::Put(put));
        }
        refused.extend(self.send_batch(table, (members, singles)));
        let (members, singles) = plain
            .deletes
            .into_iter()
            .map(|(index, delete)| (index, Single::Delete(delete)))
            .unzip();
        refused.extend(self.send_batch(table, (members, singles)));
        refused
    }

    fn send_batch(
        &mut self,
        table: &'static str,
        (members, singles): (Vec<usize>, Vec<Single>),
    ) -> Option<(Vec<usize>, HBaseError)> {
        let table_of = self.store.table(table);
        let reply = match singles.len() {
            0 => return None,
            1 => {
                let slot = match singles.into_iter().next()? {
                    Single::Put(put) => self.calls.put(&table_of, put),
                    Single::Delete(delete) => self.calls.delete(&table_of, delete),
                };
                slot.map(Reply::Written)
            }
            _ => {
                let batch = singles.iter().fold(Batch::new(), |batch, single| match single {
                    Single::Put(put) => batch.put(put.clone()),
                    Single::Delete(delete) => batch.delete(delete.clone()),
                });
                let slot = self.calls.batch(&table_of, batch);
                slot.map(|slot| Reply::Batch(slot, singles))
            }
        };
        match reply {
            Ok(reply) => {
                self.sent.push(Sent { members, table, reply });
                None
            }
            Err(error) => Some((members, error)),
        }
    }
}
