//! The async front as the suite wants to call it: each call is waited for on a runtime that all share.

use std::sync::OnceLock;
use std::time::Duration;

use hbase_thrift_client::{
    Append, Batch, CancellationToken, CheckAndMutate, CheckAndPut, ColumnFamily, Config, Delete,
    GeneratedClient, Get, GetRows, GetVersions, Increment, Interface, IntoConfig, Mutation,
    Namespace, OwnedCell, PageToken, PipelineResults, PoolStatus, Probe, Put, Queued, Region,
    Result, Row, RowBatch, RowMutations, RowSet, Scan, Version, WriteError, WriterOptions, aio,
};
use tokio::runtime::Runtime;

fn wait<T>(call: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Runtime::new().expect("a runtime"));
    runtime.block_on(call)
}

/// Types that have one of the async front within, and the same methods but for the waiting.
macro_rules! front {
    ($($name:ident {
        $(wait $waits:ident($($argument:ident: $type:ty),*) -> $result:ty;)*
        $(give $gives:ident($($given:ident: $given_type:ty),*) -> $gift:ty;)*
        $(make $makes:ident($($part:ident: $part_type:ty),*) -> $made:ident;)*
    })+) => {$(
        #[derive(Clone, Debug)]
        pub(crate) struct $name(aio::$name);

        #[allow(dead_code)]
        impl $name {
            $(pub(crate) fn $waits(&self, $($argument: $type),*) -> $result {
                wait(self.0.$waits($($argument),*))
            })*
            $(pub(crate) fn $gives(&self, $($given: $given_type),*) -> $gift {
                self.0.$gives($($given),*)
            })*
            $(pub(crate) fn $makes(&self, $($part: $part_type),*) -> $made {
                $made(self.0.$makes($($part),*))
            })*
        }
    )+};
}

front! {
    Client {
        wait ping() -> Result<()>;
        give pool_status() -> PoolStatus;
        give config() -> &Config;
        give close() -> ();
        give interface() -> Option<Interface>;
        make table(name: impl AsRef<[u8]>) -> Table;
        make admin() -> Admin;
        make with_timeout(timeout: Duration) -> Client;
        make with_cancellation(token: &CancellationToken) -> Client;
    }
    Table {
        wait get(get: &Get) -> Result<Option<Row>>;
        wait get_rows(get: &GetRows) -> Result<Vec<Option<Row>>>;
        wait exists(get: &Get) -> Result<bool>;
        wait exists_all(get: &GetRows) -> Result<Vec<bool>>;
        wait get_versions(get: &GetVersions) -> Result<Vec<Version>>;
        wait put(put: &Put) -> Result<()>;
        wait delete(delete: &Delete) -> Result<()>;
        wait batch(batch: &Batch) -> Result<()>;
        wait mutate_row(mutations: &RowMutations) -> Result<()>;
        wait check_and_mutate(check: &CheckAndMutate) -> Result<bool>;
        wait append(append: &Append) -> Result<Vec<OwnedCell>>;
        wait check_and_put(check: &CheckAndPut) -> Result<bool>;
        wait increment(increment: &Increment) -> Result<i64>;
        wait counter_get(row: impl Into<Vec<u8>>, column: impl Into<Vec<u8>>) -> Result<i64>;
        wait counter_set(row: impl Into<Vec<u8>>, column: impl Into<Vec<u8>>, value: i64) -> Result<()>;
        wait increment_rows(increments: &[Increment]) -> Result<()>;
        wait count_rows(scan: Scan) -> Result<u64>;
        wait regions() -> Result<Vec<Region>>;
        wait families() -> Result<Vec<ColumnFamily>>;
        give name() -> &[u8];
        give full_name() -> &[u8];
        make with_timeout(timeout: Duration) -> Table;
        make with_cancellation(token: &CancellationToken) -> Table;
    }
    Admin {
        wait create_table(name: impl AsRef<[u8]>, families: &[ColumnFamily]) -> Result<()>;
        wait create_table_with_splits(
            name: impl AsRef<[u8]>,
            families: &[ColumnFamily],
            splits: impl IntoIterator<Item = impl Into<Vec<u8>>>
        ) -> Result<()>;
        wait delete_table(name: impl AsRef<[u8]>) -> Result<()>;
        wait disable_and_delete_table(name: impl AsRef<[u8]>) -> Result<()>;
        wait truncate_table(name: impl AsRef<[u8]>) -> Result<()>;
        wait truncate_table_preserving_splits(name: impl AsRef<[u8]>) -> Result<()>;
        wait disable_table(name: impl AsRef<[u8]>) -> Result<()>;
        wait enable_table(name: impl AsRef<[u8]>) -> Result<()>;
        wait is_table_enabled(name: impl AsRef<[u8]>) -> Result<bool>;
        wait table_exists(name: impl AsRef<[u8]>) -> Result<bool>;
        wait table_names() -> Result<Vec<Vec<u8>>>;
        wait table_states() -> Result<Vec<(Vec<u8>, bool)>>;
        wait column_families(name: impl AsRef<[u8]>) -> Result<Vec<ColumnFamily>>;
        wait add_column_family(table: impl AsRef<[u8]>, family: &ColumnFamily) -> Result<()>;
        wait modify_column_family(table: impl AsRef<[u8]>, family: &ColumnFamily) -> Result<()>;
        wait delete_column_family(table: impl AsRef<[u8]>, family: impl AsRef<[u8]>) -> Result<()>;
        wait modify_table(name: impl AsRef<[u8]>, families: &[ColumnFamily]) -> Result<()>;
        wait regions(name: impl AsRef<[u8]>) -> Result<Vec<Region>>;
        wait region_of(name: impl AsRef<[u8]>, row: impl AsRef<[u8]>) -> Result<Region>;
        wait compact(name: impl AsRef<[u8]>) -> Result<()>;
        wait compact_region(region: &Region) -> Result<()>;
        wait major_compact(name: impl AsRef<[u8]>) -> Result<()>;
        wait cluster_id() -> Result<String>;
        wait create_namespace(namespace: &Namespace) -> Result<()>;
        wait modify_namespace(namespace: &Namespace) -> Result<()>;
        wait delete_namespace(name: &str) -> Result<()>;
        wait namespace(name: &str) -> Result<Namespace>;
        wait namespaces() -> Result<Vec<Namespace>>;
        make with_timeout(timeout: Duration) -> Admin;
        make with_cancellation(token: &CancellationToken) -> Admin;
    }
}

#[allow(dead_code)]
impl Client {
    pub(crate) fn connect(config: impl IntoConfig) -> Result<Self> {
        wait(aio::Client::connect(config)).map(Self)
    }

    pub(crate) fn lazy(config: impl IntoConfig) -> Result<Self> {
        aio::Client::lazy(config).map(Self)
    }

    pub(crate) fn probe(config: &Config) -> Result<Probe> {
        wait(aio::Client::probe(config))
    }

    pub(crate) fn pipeline(&self) -> Pipeline {
        Pipeline(self.0.pipeline())
    }

    /// The async front has no generated client: the blocking one lends it.
    pub(crate) fn with_generated<R>(
        &self,
        calls: impl FnOnce(&mut GeneratedClient) -> R,
    ) -> Result<R> {
        hbase_thrift_client::Client::connect(self.config())?.with_generated(calls)
    }
}

/// Scans, which give one of several kinds of rows.
macro_rules! scans {
    ($($method:ident($($argument:ident: $type:ty),*) -> $rows:ident;)+) => {
        #[allow(dead_code)]
        impl Table {
            $(pub(crate) fn $method(&self, $($argument: $type),*) -> Result<$rows> {
                wait(self.0.$method($($argument),*)).map($rows)
            })+

            pub(crate) fn writer(&self, options: WriterOptions) -> BufferedWriter {
                BufferedWriter(wait(async { Some(self.0.writer(options)) }))
            }
        }
    };
}

scans! {
    scan(scan: Scan) -> Scanner;
    scan_after(scan: Scan, token: &PageToken) -> Scanner;
    scan_rows(rows: RowSet, scan: Scan) -> RowSetScan;
    scan_regions(scan: Scan) -> UnionScan;
    scan_regions_in_order(scan: Scan) -> RegionScan;
    scan_union(salts: impl IntoIterator<Item = impl Into<Vec<u8>>>, scan: Scan) -> UnionScan;
    scan_merge(salts: impl IntoIterator<Item = impl Into<Vec<u8>>>, scan: Scan) -> MergeScan;
}

macro_rules! rows {
    ($($name:ident)+) => {$(
        #[derive(Debug)]
        pub(crate) struct $name(aio::$name);

        #[allow(dead_code)]
        impl $name {
            pub(crate) fn count_rows(self) -> Result<u64> {
                wait(self.0.count_rows())
            }
        }

        impl Iterator for $name {
            type Item = Result<Row>;

            fn next(&mut self) -> Option<Result<Row>> {
                wait(self.0.next_row()).transpose()
            }
        }
    )+};
}

rows! { Scanner UnionScan MergeScan RegionScan RowSetScan }

#[allow(dead_code)]
impl Scanner {
    pub(crate) fn next_batch(&mut self) -> Result<Option<RowBatch>> {
        wait(self.0.next_batch())
    }

    pub(crate) fn page_token(&mut self) -> Option<PageToken> {
        wait(self.0.page_token()).expect("no fetch is under way")
    }
}

pub(crate) struct Pipeline(aio::Pipeline);

macro_rules! pipeline {
    ($($method:ident($argument:ident: $type:ty) -> $result:ty;)+) => {
        #[allow(dead_code)]
        impl Pipeline {
            $(pub(crate) fn $method(
                &mut self,
                table: &Table,
                $argument: $type,
            ) -> Result<Queued<$result>> {
                wait(self.0.$method(&table.0, $argument))
            })+

            pub(crate) fn len(&self) -> usize {
                self.0.len()
            }

            pub(crate) fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            pub(crate) fn send(self) -> PipelineResults {
                wait(self.0.send())
            }
        }
    };
}

pipeline! {
    put(put: Put) -> ();
    delete(delete: Delete) -> ();
    batch(batch: Batch) -> ();
    get(get: Get) -> Option<Row>;
    exists(get: Get) -> bool;
    increment(increment: Increment) -> i64;
    increment_rows(increments: Vec<Increment>) -> ();
    check_and_put(check: CheckAndPut) -> bool;
    check_and_mutate(check: CheckAndMutate) -> bool;
    mutate_row(mutations: RowMutations) -> ();
}

pub(crate) struct BufferedWriter(Option<aio::BufferedWriter>);

/// A task sends what a writer holds that is dropped: the suite looks for it once that is done.
const SENT_BY_THEN: Duration = Duration::from_millis(500);

#[allow(dead_code)]
impl BufferedWriter {
    pub(crate) fn write(&self, mutation: impl Into<Mutation>) -> Result<(), WriteError> {
        wait(self.writer().write(mutation))
    }

    pub(crate) fn flush(&self) -> Result<(), WriteError> {
        wait(self.writer().flush())
    }

    pub(crate) fn close(mut self) -> Result<(), WriteError> {
        self.0.take().map_or(Ok(()), |writer| wait(writer.close()))
    }

    fn writer(&self) -> &aio::BufferedWriter {
        self.0.as_ref().expect("it is there until it is closed")
    }
}

impl Drop for BufferedWriter {
    fn drop(&mut self) {
        let Some(writer) = self.0.take() else { return };
        wait(async {
            drop(writer);
            tokio::time::sleep(SENT_BY_THEN).await;
        });
    }
}
