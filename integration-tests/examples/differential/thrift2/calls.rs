//! Random calls of Thrift 2.

use std::collections::BTreeMap;

use fastrand::Rng;
use hbase_thrift_api::thrift2::{
    TAppend, TColumn, TColumnIncrement, TColumnValue, TCompareOp, TDelete, TDeleteType, TGet,
    TIncrement, TMutation, TPut, TRowMutations, TScan, TTimeRange,
};

use super::filters;
use crate::differential::calls::{amount, any_column, any_time, column, is_now};
use crate::differential::filters::Filter;
use crate::differential::names::{self, FAMILIES, Names, QUALIFIERS, ROWS, VALUES};

/// A call, and how a scan is fetched.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Exists(TGet),
    ExistsAll(Vec<TGet>),
    Get(TGet),
    GetMultiple(Vec<TGet>),
    Put(TPut),
    PutMultiple(Vec<TPut>),
    Delete(TDelete),
    DeleteMultiple(Vec<TDelete>),
    Mutate(TRowMutations),
    CheckAndPut(Condition, TPut),
    CheckAndDelete(Condition, TDelete),
    CheckAndMutate(Condition, TCompareOp, TRowMutations),
    Increment(TIncrement),
    Append(TAppend),
    Page(TScan, i32),
    Scan(TScan, i32),
}

/// What has to be so.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) row: Vec<u8>,
    pub(crate) family: Vec<u8>,
    pub(crate) qualifier: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// The calls of a round, on its own rows.
pub(crate) fn round(seed: u64, round: u64, names: &Names) -> Vec<Call> {
    let rng = Rng::with_seed(seed.wrapping_mul(2_000_003).wrapping_add(round));
    let mut random = Random { rng, names };
    let writes = random.rng.usize(3..16);
    let mut calls: Vec<_> = (0..writes).map(|_| random.write()).collect();
    let reads = random.rng.usize(4..8);
    calls.extend((0..reads).map(|_| random.read()));
    calls
}

impl Call {
    /// Whether it changes anything.
    pub(crate) fn is_write(&self) -> bool {
        !matches!(
            self,
            Self::Exists(_)
                | Self::ExistsAll(_)
                | Self::Get(_)
                | Self::GetMultiple(_)
                | Self::Page(..)
                | Self::Scan(..)
        )
    }
}

struct Random<'a> {
    rng: Rng,
    names: &'a Names,
}

impl Random<'_> {
    /// One of so many times.
    fn rarely(&mut self, times: u8) -> bool {
        self.rng.u8(0..times) == 0
    }

    fn row(&mut self) -> Vec<u8> {
        let row = self.rng.usize(..ROWS.len());
        if self.rarely(150) { Vec::new() } else { self.names.row(row) }
    }

    fn value(&mut self) -> Vec<u8> {
        names::bytes(VALUES[self.rng.usize(..VALUES.len())])
    }

    /// A time that a cell may have; HBase takes no other, and says so only after minutes.
    fn cell_time(&mut self) -> i64 {
        let time = any_time(&mut self.rng);
        self.names.time(time).max(0)
    }

    fn time(&mut self) -> i64 {
        let time = any_time(&mut self.rng);
        self.names.time(time)
    }

    fn maybe_time(&mut self) -> Option<i64> {
        (!self.rarely(3)).then(|| self.cell_time())
    }

    fn range(&mut self) -> TTimeRange {
        let (one, other) = (self.time(), self.time());
        let is_upside_down = self.rarely(20);
        let (low, high) = (one.min(other), one.max(other));
        if is_upside_down { TTimeRange::new(high, low) } else { TTimeRange::new(low, high) }
    }

    fn write(&mut self) -> Call {
        match self.rng.u8(0..24) {
            0..=7 => Call::Put(self.put()),
            8..=9 => Call::PutMultiple(self.several(Self::put)),
            10..=12 => Call::Delete(self.delete()),
            13 => Call::DeleteMultiple(self.several(Self::delete)),
            14..=15 => Call::Mutate(self.mutations()),
            16 => Call::CheckAndPut(self.condition(), self.put()),
            17 => Call::CheckAndDelete(self.condition(), self.delete()),
            18..=19 => {
                let (condition, mutations) = (self.condition(), self.mutations());
                let (condition, row) = (condition, mutations.row.clone());
                let row = if self.rarely(10) { condition.row.clone() } else { row };
                let value_is_empty = condition.value.is_empty();
                // HBase tries NO_OP with a value for minutes.
                let op = self.rng.i32(0..if value_is_empty { 7 } else { 6 });
                Call::CheckAndMutate(Condition { row, ..condition }, TCompareOp(op), mutations)
            }
            20..=21 => {
                let columns = self.columns_of(4, |random, family, qualifier| {
                    let amount = amount(&mut random.rng);
                    let amount = (!random.rarely(4)).then_some(amount);
                    TColumnIncrement::new(family, qualifier, amount)
                });
                let (attributes, wants) = (self.attributes(), self.wants());
                Call::Increment(TIncrement::new(self.row(), columns, attributes, None, None, wants))
            }
            _ => {
                let columns = self.columns_of(4, |random, family, qualifier| {
                    let value = random.value();
                    TColumnValue::new(family, qualifier, value, None, None::<Vec<u8>>, None)
                });
                let (attributes, wants) = (self.attributes(), self.wants());
                Call::Append(TAppend::new(self.row(), columns, attributes, None, None, wants))
            }
        }
    }

    fn read(&mut self) -> Call {
        match self.rng.u8(0..10) {
            0 => Call::Exists(self.get()),
            1 => Call::ExistsAll(self.several(Self::get)),
            2..=3 => Call::Get(self.get()),
            4 => Call::GetMultiple(self.several(Self::get)),
            5..=6 => {
                let count = if self.rarely(20) { self.rng.i32(-1..1) } else { self.rng.i32(1..9) };
                Call::Page(self.scan(), count)
            }
            _ => Call::Scan(self.scan(), self.rng.i32(1..9)),
        }
    }

    fn wants(&mut self) -> Option<bool> {
        self.rng.bool().then(|| self.rng.bool())
    }

    fn several<T>(&mut self, one: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.rng.usize(0..4)).map(|_| one(self)).collect()
    }

    fn columns_of<T>(
        &mut self,
        most: usize,
        one: impl Fn(&mut Self, Vec<u8>, Vec<u8>) -> T,
    ) -> Vec<T> {
        let count = if self.rarely(40) { 0 } else { self.rng.usize(1..most) };
        (0..count)
            .map(|_| {
                let (family, qualifier) = column(&mut self.rng);
                one(self, family_name(family), names::bytes(QUALIFIERS[qualifier]))
            })
            .collect()
    }

    fn put(&mut self) -> TPut {
        let row = self.row();
        self.put_of(row)
    }

    fn put_of(&mut self, row: Vec<u8>) -> TPut {
        let cells = self.columns_of(5, |random, family, qualifier| {
            let value = random.value();
            let time = (!random.rarely(3)).then(|| random.cell_time());
            TColumnValue::new(family, qualifier, value, time, None::<Vec<u8>>, None)
        });
        let attributes = self.attributes();
        let time = if self.rarely(30) { Some(-5) } else { self.maybe_time() };
        TPut::new(row, cells, time, attributes, None, None)
    }

    /// A time to live, now and then.
    fn attributes(&mut self) -> Option<BTreeMap<Vec<u8>, Vec<u8>>> {
        let ttls: [i64; 6] = [0, 1, -5, 864_000_000, i64::MAX - 1, i64::MAX];
        self.rarely(10).then(|| {
            let ttl = ttls[self.rng.usize(..ttls.len())];
            BTreeMap::from([(b"_ttl".to_vec(), ttl.to_be_bytes().to_vec())])
        })
    }

    fn delete(&mut self) -> TDelete {
        let row = self.row();
        self.delete_of(row)
    }

    fn delete_of(&mut self, row: Vec<u8>) -> TDelete {
        let columns = (!self.rarely(5)).then(|| {
            let count = if self.rarely(20) { 0 } else { self.rng.usize(1..4) };
            (0..count)
                .map(|_| {
                    let time = (!self.rarely(4)).then(|| self.time());
                    self.column(time)
                })
                .collect::<Vec<_>>()
        });
        let kind = TDeleteType(self.rng.i32(0..4));
        let kind = if self.rarely(8) { None } else { Some(kind) };
        TDelete::new(row, columns, self.maybe_time(), kind, None, None)
    }

    fn column(&mut self, time: Option<i64>) -> TColumn {
        let (family, qualifier) = any_column(&mut self.rng);
        let qualifier = qualifier.map(|qualifier| names::bytes(QUALIFIERS[qualifier]));
        TColumn::new(family_name(family), qualifier, time)
    }

    /// Puts and deletes of a row, all with times of their own: the two servers give a put and a delete
    /// of one moment different ones.
    fn mutations(&mut self) -> TRowMutations {
        let row = self.row();
        let count = if self.rarely(40) { 0 } else { self.rng.usize(1..4) };
        let all = (0..count).map(|_| {
            let row = if self.rarely(60) { self.row() } else { row.clone() };
            if self.rarely(3) {
                let mut delete = self.delete_of(row);
                delete.timestamp = Some(self.stamp());
                if delete.columns.as_ref().is_some_and(Vec::is_empty) {
                    delete.columns = None;
                }
                for column in delete.columns.iter_mut().flatten() {
                    column.timestamp = Some(self.stamp());
                }
                TMutation::DeleteSingle(delete)
            } else {
                let mut put = self.put_of(row);
                for cell in &mut put.column_values {
                    cell.timestamp = Some(self.stamp());
                }
                TMutation::Put(put)
            }
        });
        let all = all.collect();
        TRowMutations::new(row, all)
    }

    /// A time that doesn't stand for now.
    fn stamp(&mut self) -> i64 {
        loop {
            let time = any_time(&mut self.rng);
            if !is_now(time) {
                return self.names.time(time).max(0);
            }
        }
    }

    fn condition(&mut self) -> Condition {
        let (family, qualifier) = column(&mut self.rng);
        Condition {
            row: self.row(),
            family: family_name(family),
            qualifier: names::bytes(QUALIFIERS[qualifier]),
            value: self.value(),
        }
    }

    fn columns(&mut self) -> Option<Vec<TColumn>> {
        self.rarely(2).then(|| {
            let count = self.rng.usize(0..4);
            (0..count)
                .map(|_| {
                    let time = self.rarely(4).then(|| self.time());
                    self.column(time)
                })
                .collect()
        })
    }

    fn filter(&mut self, times: u8) -> Option<Filter> {
        self.rarely(times).then(|| {
            let depth = self.rng.usize(0..3);
            Filter::random(&mut self.rng, depth)
        })
    }

    fn filter_bytes(&mut self, times: u8) -> Option<Vec<u8>> {
        self.rarely(times).then(|| {
            let depth = self.rng.usize(0..3);
            filters::random(&mut self.rng, self.names, depth)
        })
    }

    fn get(&mut self) -> TGet {
        let filter = self.filter(3);
        TGet {
            row: self.row(),
            columns: self.columns(),
            timestamp: self.rarely(8).then(|| self.time()),
            time_range: self.rarely(3).then(|| self.range()),
            max_versions: (!self.rarely(3)).then(|| self.rng.i32(-1..6)),
            filter_string: filter.map(|filter| names::bytes(&filter.text(self.names))),
            attributes: None,
            authorizations: None,
            consistency: None,
            target_replica_id: None,
            cache_blocks: self.rarely(5).then(|| self.rng.bool()),
            store_limit: self.rarely(4).then(|| self.rng.i32(-1..4)),
            store_offset: self.rarely(4).then(|| self.rng.i32(-1..3)),
            existence_only: self.rarely(20).then(|| self.rng.bool()),
            filter_bytes: self.filter_bytes(6),
        }
    }

    fn scan(&mut self) -> TScan {
        let low = if self.rng.bool() {
            self.names.row(0)
        } else {
            self.names.row(self.rng.usize(..ROWS.len()))
        };
        let high = if self.rarely(4) {
            self.names.row(self.rng.usize(..ROWS.len()))
        } else {
            self.names.end()
        };
        let reversed = self.rarely(3);
        let (start, stop) = if reversed { (high, low) } else { (low, high) };
        let filter = self.filter(2);
        let may_split = filter.as_ref().is_none_or(|filter| !filter.judges_rows());
        let batch_size = (may_split && self.rarely(4)).then(|| self.rng.i32(-1..4));
        // Of a row that comes in parts HBase may not know when it is over, and counts it then as none.
        let limit = (batch_size.is_none() && self.rarely(3)).then(|| self.rng.i32(-1..4));
        TScan {
            start_row: Some(start),
            stop_row: Some(stop),
            columns: self.columns(),
            caching: self.rarely(3).then(|| [-1, 0, 1, 100][self.rng.usize(..4)]),
            max_versions: self.rng.bool().then(|| self.rng.i32(-1..6)),
            time_range: self.rarely(4).then(|| self.range()),
            filter_string: filter.map(|filter| names::bytes(&filter.text(self.names))),
            batch_size,
            attributes: None,
            authorizations: None,
            reversed: reversed.then_some(true),
            cache_blocks: None,
            col_fam_time_range_map: self.rarely(5).then(|| {
                let family = self.rng.usize(..FAMILIES.len());
                BTreeMap::from([(family_name(family), self.range())])
            }),
            read_type: None,
            limit,
            consistency: None,
            target_replica_id: None,
            // HBase tries one of whole rows together with a batch size for minutes.
            filter_bytes: if batch_size.is_none() { self.filter_bytes(4) } else { None },
        }
    }
}

fn family_name(family: usize) -> Vec<u8> {
    names::bytes(FAMILIES.get(family).unwrap_or(&"none"))
}
