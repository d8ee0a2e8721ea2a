//! Whatever a request is, it can be written down by what its getters say, and made again from that.

use std::fmt::Debug;
use std::time::Duration;

use proptest::prelude::*;

use crate::filter::CompareOp;

use super::{
    Append, Batch, BloomFilter, CheckAndMutate, CheckAndPut, ColumnFamily, Compression, Condition,
    Delete, Durability, Get, GetRows, GetVersions, Increment, Mutation, Put, RowMutations, RowSet,
    Scan, TimeRange,
};

/// A request that is made by its own methods, and again from its getters.
trait Again: Clone + Debug + PartialEq + Sized {
    fn at_random() -> BoxedStrategy<Self>;

    fn again(&self) -> Self;
}

/// Changes to a request, one after the other; the later ones may replace the earlier.
fn changed<R: Again + 'static>(
    new: impl Strategy<Value = R> + 'static,
    change: impl Strategy<Value = Box<dyn Change<R>>> + 'static,
) -> BoxedStrategy<R> {
    let changes = prop::collection::vec(change, 0..6);
    let all = |(new, changes): (R, Vec<Box<dyn Change<R>>>)| {
        changes.into_iter().fold(new, |request, change| change.of(request))
    };
    (new, changes).prop_map(all).boxed()
}

/// A call of one method.
trait Change<R>: Debug {
    fn of(&self, request: R) -> R;
}

/// A method with its argument.
struct With<A, R>(A, fn(R, A) -> R);

impl<A: Debug, R> Debug for With<A, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<A: Clone + Debug, R> Change<R> for With<A, R> {
    fn of(&self, request: R) -> R {
        (self.1)(request, self.0.clone())
    }
}

/// Calls of a method with any argument.
fn method<A: Arbitrary + Clone + 'static, R: 'static>(
    method: fn(R, A) -> R,
) -> BoxedStrategy<Box<dyn Change<R>>> {
    any::<A>().prop_map(move |a| Box::new(With(a, method)) as Box<dyn Change<R>>).boxed()
}

/// One version is what is read without being asked for.
fn said<R>(versions: u32, request: R, say: fn(R, u32) -> R) -> R {
    if versions == 1 { request } else { say(request, versions) }
}

/// A short name or value; empty ones are refused when they are sent, and stay as they are until then.
type Bytes = Vec<u8>;

impl Again for Get {
    fn at_random() -> BoxedStrategy<Self> {
        let change = prop_oneof![
            method(|it: Self, column: Bytes| it.column(column)),
            method(|it: Self, columns: Vec<Bytes>| it.columns(columns)),
            method(|it: Self, family: Bytes| it.family(family)),
            method(|it: Self, (min, max): (i64, i64)| it.time_range(TimeRange::between(min, max))),
            method(Self::max_versions),
            method(|it: Self, labels: Vec<String>| it.authorizations(labels)),
            method(Self::store_limit),
            method(Self::store_offset),
            method(|it: Self, (name, value): (Bytes, Bytes)| it.attribute(name, value)),
        ];
        changed(any::<Bytes>().prop_map(Self::new), change)
    }

    fn again(&self) -> Self {
        let again = Self::new(self.get_row()).columns(self.get_columns());
        let again = again.time_range(self.get_time_range()).store_offset(self.get_store_offset());
        let again = self.get_store_limit().into_iter().fold(again, Self::store_limit);
        let again = said(self.get_max_versions(), again, Self::max_versions);
        self.get_attributes().fold(again, |it, (name, value)| it.attribute(name, value))
    }
}

impl Again for GetRows {
    fn at_random() -> BoxedStrategy<Self> {
        let change = prop_oneof![
            method(|it: Self, column: Bytes| it.column(column)),
            method(|it: Self, columns: Vec<Bytes>| it.columns(columns)),
            method(|it: Self, family: Bytes| it.family(family)),
            method(|it: Self, (min, max): (i64, i64)| it.time_range(TimeRange::between(min, max))),
            method(Self::max_versions),
            method(|it: Self, labels: Vec<String>| it.authorizations(labels)),
            method(Self::store_limit),
            method(Self::store_offset),
            method(|it: Self, (name, value): (Bytes, Bytes)| it.attribute(name, value)),
        ];
        changed(any::<Vec<Bytes>>().prop_map(Self::new), change)
    }

    fn again(&self) -> Self {
        let again = Self::new(self.get_rows()).columns(self.get_columns());
        let again = again.time_range(self.get_time_range()).store_offset(self.get_store_offset());
        let again = self.get_store_limit().into_iter().fold(again, Self::store_limit);
        let again = said(self.get_max_versions(), again, Self::max_versions);
        self.get_attributes().fold(again, |it, (name, value)| it.attribute(name, value))
    }
}

impl Again for GetVersions {
    fn at_random() -> BoxedStrategy<Self> {
        let new = any::<(Bytes, Bytes, u32)>();
        let change = prop_oneof![
            method(|it: Self, (min, max): (i64, i64)| it.time_range(TimeRange::between(min, max))),
            method(|it: Self, (name, value): (Bytes, Bytes)| it.attribute(name, value)),
        ];
        changed(new.prop_map(|(row, column, versions)| Self::new(row, column, versions)), change)
    }

    fn again(&self) -> Self {
        let again = Self::new(self.get_row(), self.get_column(), self.get_max_versions());
        let again = again.time_range(self.get_time_range());
        self.get_attributes().fold(again, |it, (name, value)| it.attribute(name, value))
    }
}

impl Again for Put {
    fn at_random() -> BoxedStrategy<Self> {
        let change = prop_oneof![
            method(|it: Self, (column, value): (Bytes, Bytes)| it.column(column, value)),
            method(|it: Self, cells: Vec<(Bytes, Bytes)>| it.columns(cells)),
            method(Self::timestamp),
            method(|it: Self, (): ()| it.durability(Durability::FsyncWal)),
            method(Self::time_to_live),
            method(|it: Self, labels: String| it.visibility(&labels)),
            method(|it: Self, (name, value): (Bytes, Bytes)| it.attribute(name, value)),
        ];
        changed(any::<Bytes>().prop_map(Self::new), change)
    }

    fn again(&self) -> Self {
        let again = Self::new(self.get_row()).columns(self.get_columns());
        let again = again.durability(self.get_durability());
        let again = self.get_timestamp().into_iter().fold(again, Self::timestamp);
        self.get_attributes().fold(again, |it, (name, value)| it.attribute(name, value))
    }
}

impl Again for Delete {
    fn at_random() -> BoxedStrategy<Self> {
        let change = prop_oneof![
            method(|it: Self, column: Bytes| it.column(column)),
            method(|it: Self, columns: Vec<Bytes>| it.columns(columns)),
            method(|it: Self, family: Bytes| it.family(family)),
            method(|it: Self, (column, time): (Bytes, i64)| it.version(column, time)),
            method(|it: Self, column: Bytes| it.newest_version(column)),
            method(|it: Self, (family, time): (Bytes, i64)| it.family_version(family, time)),
            method(Self::up_to_timestamp),
            method(|it: Self, (): ()| it.durability(Durability::FsyncWal)),
            method(|it: Self, (name, value): (Bytes, Bytes)| it.attribute(name, value)),
        ];
        changed(any::<Bytes>().prop_map(Self::row), change)
    }

    fn again(&self) -> Self {
        let again = Self::row(self.get_row()).columns(self.get_columns());
        let again = self.get_versions().fold(again, |it, (name, timestamp)| match timestamp {
            Some(timestamp) => it.version(name, timestamp),
            None => it.newest_version(name),
        });
        let again = again.durability(self.get_durability());
        let again = self.get_up_to_timestamp().into_iter().fold(again, Self::up_to_timestamp);
        self.get_attributes().fold(again, |it, (name, value)| it.attribute(name, value))
    }
}

impl Again for Mutation {
    fn at_random() -> BoxedStrategy<Self> {
        let put = Put::at_random().prop_map(Self::Put);
        prop_oneof![put, Delete::at_random().prop_map(Self::Delete)].boxed()
    }

    fn again(&self) -> Self {
        let again = match self {
            Self::Put(put) => Self::from(put.again()),
            Self::Delete(delete) => Self::from(delete.again()),
        };
        assert_eq!(again.get_row(), self.get_row());
        again
    }
}

impl Again for Batch {
    fn at_random() -> BoxedStrategy<Self> {
        let mutations = prop::collection::vec(Mutation::at_random(), 0..4);
        let one_by_one = prop::collection::vec(Mutation::at_random(), 0..2);
        let add = |batch: Self, mutation| match mutation {
            Mutation::Put(put) => batch.put(put),
            Mutation::Delete(delete) => batch.delete(delete),
        };
        let all = move |(mutations, more): (Vec<Mutation>, Vec<Mutation>)| {
            more.into_iter().fold(mutations.into_iter().collect(), add)
        };
        (mutations, one_by_one).prop_map(all).boxed()
    }

    fn again(&self) -> Self {
        let again = self.get_puts().iter().map(Again::again).fold(Self::new(), Self::put);
        let again = self.get_deletes().iter().map(Again::again).fold(again, Self::delete);
        assert_eq!((again.len(), again.is_empty()), (self.len(), self.is_empty()));
        assert_eq!(self.clone().into_iter().collect::<Self>(), again);
        again
    }
}

impl Again for Increment {
    fn at_random() -> BoxedStrategy<Self> {
        let new = any::<(Bytes, Bytes, i64)>();
        new.prop_map(|(row, column, amount)| Self::new(row, column, amount)).boxed()
    }

    fn again(&self) -> Self {
        Self::new(self.get_row(), self.get_column(), self.get_amount())
    }
}

impl Again for Append {
    fn at_random() -> BoxedStrategy<Self> {
        let change = method(|it: Self, (column, value): (Bytes, Bytes)| it.column(column, value));
        changed(any::<Bytes>().prop_map(Self::new), change)
    }

    fn again(&self) -> Self {
        let new = Self::new(self.get_row());
        self.get_columns().fold(new, |it, (column, value)| it.column(column, value))
    }
}

impl Again for CheckAndPut {
    fn at_random() -> BoxedStrategy<Self> {
        let new =
            any::<(Bytes, Bytes, Option<Bytes>)>().prop_map(
                |(row, column, expected)| match expected {
                    Some(expected) => Self::if_equal(row, column, expected),
                    None => Self::if_absent(row, column),
                },
            );
        let change = prop_oneof![
            method(|it: Self, (column, value): (Bytes, Bytes)| it.put(column, value)),
            method(|it: Self, (name, value): (Bytes, Bytes)| it.attribute(name, value)),
        ];
        changed(new, change)
    }

    fn again(&self) -> Self {
        let again = match self.get_expected() {
            Some(expected) => Self::if_equal(self.get_row(), self.get_column(), expected),
            None => Self::if_absent(self.get_row(), self.get_column()),
        };
        let put = self.get_put();
        let again = put.into_iter().fold(again, |it, (column, value)| it.put(column, value));
        self.get_attributes().fold(again, |it, (name, value)| it.attribute(name, value))
    }
}

impl Again for RowMutations {
    fn at_random() -> BoxedStrategy<Self> {
        let mutations = prop::collection::vec(Mutation::at_random(), 0..4);
        let add = |row: Self, mutation| match mutation {
            Mutation::Put(put) => row.put(put),
            Mutation::Delete(delete) => row.delete(delete),
        };
        let all = move |(row, mutations): (Bytes, Vec<Mutation>)| {
            mutations.into_iter().fold(Self::new(row), add)
        };
        (any::<Bytes>(), mutations).prop_map(all).boxed()
    }

    fn again(&self) -> Self {
        assert_eq!(self.is_empty(), self.get_mutations().is_empty());
        self.get_mutations().iter().fold(Self::new(self.get_row()), |it, one| match one.again() {
            Mutation::Put(put) => it.put(put),
            Mutation::Delete(delete) => it.delete(delete),
        })
    }
}

impl Again for CheckAndMutate {
    fn at_random() -> BoxedStrategy<Self> {
        let new =
            any::<(Bytes, Bytes, Option<(bool, Bytes)>)>().prop_map(|(row, column, value)| {
                match value {
                    None => Self::if_absent(row, column),
                    Some((true, value)) if value.is_empty() => Self::if_present(row, column),
                    Some((true, value)) => Self::if_equal(row, column, value),
                    Some((false, value)) => Self::if_matches(row, column, CompareOp::Less, value),
                }
            });
        (new, RowMutations::at_random()).prop_map(|(it, row)| it.mutate(row)).boxed()
    }

    fn again(&self) -> Self {
        let (row, column) = (self.get_row(), self.get_column());
        let again = match self.get_condition() {
            Condition::Absent => Self::if_absent(row, column),
            Condition::Present => Self::if_present(row, column),
            Condition::Matches(op, value) => Self::if_matches(row, column, *op, value.as_slice()),
        };
        again.mutate(self.get_mutations().again())
    }
}

impl Again for Scan {
    fn at_random() -> BoxedStrategy<Self> {
        let range = prop_oneof![
            method(|it: Self, row: Bytes| it.start(row)),
            method(|it: Self, row: Bytes| it.start_exclusive(row)),
            method(|it: Self, row: Bytes| it.stop(row)),
            method(|it: Self, row: Bytes| it.stop_inclusive(row)),
            method(|it: Self, prefix: Bytes| it.prefix(prefix)),
            method(|it: Self, (): ()| it.reversed()),
        ];
        let selection = prop_oneof![
            method(|it: Self, column: Bytes| it.column(column)),
            method(|it: Self, columns: Vec<Bytes>| it.columns(columns)),
            method(|it: Self, family: Bytes| it.family(family)),
            method(|it: Self, (min, max): (i64, i64)| it.time_range(TimeRange::between(min, max))),
            method(Self::max_versions),
            method(|it: Self, (family, max): (Bytes, i64)| {
                it.family_time_range(family, TimeRange::until(max))
            }),
            method(|it: Self, (name, value): (Bytes, Bytes)| it.attribute(name, value)),
        ];
        let rest = prop_oneof![
            method(|it: Self, filter: Bytes| it.filter(filter)),
            method(Self::caching),
            method(Self::batch),
            method(Self::cache_blocks),
            method(Self::limit),
            method(Self::read_ahead),
            method(|it: Self, (): ()| it.paged()),
        ];
        changed(Just(Self::new()), prop_oneof![range, selection, rest])
    }

    fn again(&self) -> Self {
        let again = Self::new().columns(self.get_columns());
        let again = match self.get_prefix() {
            b"" => match (self.is_start_exclusive(), self.is_stop_inclusive()) {
                (false, false) => again.start(self.get_start()).stop(self.get_stop()),
                (false, true) => again.start(self.get_start()).stop_inclusive(self.get_stop()),
                (true, false) => again.start_exclusive(self.get_start()).stop(self.get_stop()),
                (true, true) => {
                    again.start_exclusive(self.get_start()).stop_inclusive(self.get_stop())
                }
            },
            prefix => again.prefix(prefix),
        };
        let again = if self.is_reversed() { again.reversed() } else { again };
        let again = again.time_range(self.get_time_range());
        let again = said(self.get_max_versions(), again, Self::max_versions);
        let times = self.get_family_time_ranges();
        let again = times.fold(again, |it, (family, times)| it.family_time_range(family, times));
        let again = self.get_filter().into_iter().fold(again, Self::filter);
        let again = self.get_batch().into_iter().fold(again, Self::batch);
        let again = self.get_limit().into_iter().fold(again, Self::limit);
        let again = again.caching(self.get_caching()).read_ahead(self.get_read_ahead());
        let again = again.cache_blocks(self.get_cache_blocks());
        let again = if self.is_paged() { again.paged() } else { again };
        self.get_attributes().fold(again, |it, (name, value)| it.attribute(name, value))
    }
}

impl Again for RowSet {
    fn at_random() -> BoxedStrategy<Self> {
        let change = prop_oneof![
            method(|it: Self, key: Bytes| it.row(key)),
            method(|it: Self, keys: Vec<Bytes>| it.rows(keys)),
            method(|it: Self, (start, stop): (Bytes, Bytes)| it.range(start, stop)),
            method(|it: Self, prefix: Bytes| it.prefix(prefix)),
        ];
        changed(Just(Self::new()), change)
    }

    fn again(&self) -> Self {
        let again = self.get_ranges().fold(Self::new(), |it, (start, stop)| it.range(start, stop));
        let again = if self.has_empty_key() { again.row("") } else { again };
        assert_eq!(again.is_empty(), self.is_empty());
        again
    }
}

/// Of a codec or a Bloom filter.
#[derive(Clone, Debug)]
struct Name(String);

impl Arbitrary for Name {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> BoxedStrategy<Self> {
        let known = vec!["none", "gz", "LZO", "lz4", "SNAPPY", "zstd", "ROW", "rowcol", "BZIP2"];
        let known = prop::sample::select(known).prop_map(str::to_owned);
        prop_oneof![known, any::<String>()].prop_map(Self).boxed()
    }
}

impl Again for ColumnFamily {
    fn at_random() -> BoxedStrategy<Self> {
        let change = prop_oneof![
            method(Self::max_versions),
            method(|it: Self, name: Name| it.compression(Compression::from(&*name.0))),
            method(Self::in_memory),
            method(|it: Self, name: Name| it.bloom_filter(BloomFilter::from(&*name.0))),
            method(Self::block_cache),
            method(Self::time_to_live),
        ];
        changed(any::<Bytes>().prop_map(Self::new), change)
    }

    fn again(&self) -> Self {
        let again = Self::new(self.get_name()).max_versions(self.get_max_versions());
        let again = again.compression(Compression::from(&*self.get_compression().to_string()));
        let again = again.in_memory(self.get_in_memory()).block_cache(self.get_block_cache());
        let again = again.bloom_filter(BloomFilter::from(&*self.get_bloom_filter().to_string()));
        self.get_time_to_live().into_iter().fold(again, Self::time_to_live)
    }
}

/// A test for each type: `name: Type`.
macro_rules! made_again {
    ($($name:ident: $type:ty),* $(,)?) => {
        $(proptest! {
            #[test]
            fn $name(request in <$type>::at_random()) {
                prop_assert_eq!(request.again(), request);
            }
        })*
    };
}

made_again! {
    an_append: Append,
    a_batch: Batch,
    a_check_and_mutate: CheckAndMutate,
    a_check_and_put: CheckAndPut,
    a_column_family: ColumnFamily,
    a_delete: Delete,
    a_get: Get,
    a_get_of_rows: GetRows,
    a_get_of_versions: GetVersions,
    an_increment: Increment,
    a_mutation: Mutation,
    a_put: Put,
    a_scan: Scan,
    mutations_of_a_row: RowMutations,
    a_set_of_rows: RowSet,
}

proptest! {
    /// What can be set and is an attribute is read back by its own getter, too.
    #[test]
    fn what_is_an_attribute_has_a_getter(put in Put::at_random(), millis: u32, labels: String) {
        let time_to_live = Duration::from_millis(millis.into());
        let put = put.time_to_live(time_to_live).visibility(&labels).again();
        prop_assert_eq!(put.get_time_to_live(), Some(time_to_live));
        prop_assert_eq!(put.get_visibility(), Some(&*labels));
    }
}
