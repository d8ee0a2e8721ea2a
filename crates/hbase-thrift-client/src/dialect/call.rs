//! A call as a value: what is asked, and of which type the reply is.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use hbase_thrift_api::TThriftServerType;

use super::thrift1::packed::PackedBatch;
use super::thrift2::described::{DescribedFamily, DescribedTable};
use crate::request::{
    Append, Batch, CheckAndMutate, CheckAndPut, ColumnFamily, Delete, Get, GetRows, GetVersions,
    Increment, Namespace, Put, Region, RowMutations, Scan, Version,
};
use crate::row::RowBatch;

/// What is asked of a gateway, in borrowed parts, so that it can be written any number of times.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request<'a> {
    Get(&'a [u8], &'a Get),
    GetRows(&'a [u8], &'a GetRows),
    GetVersions(&'a [u8], &'a GetVersions),
    Exists(&'a [u8], &'a Get),
    ExistsAll(&'a [u8], &'a GetRows),
    Put(&'a [u8], &'a Put),
    Delete(&'a [u8], &'a Delete),
    Batch(&'a [u8], &'a Batch),
    /// Mutations that were checked one by one, with their timestamp.
    PackedBatch(&'a [u8], &'a PackedBatch, Option<i64>),
    Increment(&'a [u8], &'a Increment),
    IncrementRows(&'a [u8], &'a [Increment]),
    Append(&'a [u8], &'a Append),
    CheckAndPut(&'a [u8], &'a CheckAndPut),
    CheckAndMutate(&'a [u8], &'a CheckAndMutate),
    MutateRow(&'a [u8], &'a RowMutations),
    OpenScanner(&'a [u8], &'a Scan, ScanBounds<'a>),
    /// Opens a scanner, reads as many rows as its bounds say and closes it.
    Page(&'a [u8], &'a Scan, ScanBounds<'a>),
    FetchRows(FetchRows),
    CloseScanner(i32),
    /// With the keys that regions other than the first begin at.
    CreateTable(&'a [u8], &'a [ColumnFamily], &'a [Vec<u8>]),
    /// Deletes all rows; the regions stay as they are where this says so.
    TruncateTable(&'a [u8], bool),
    /// All that the interface knows of a table.
    DescribeTable(&'a [u8]),
    ModifyTable(&'a [u8], &'a DescribedTable),
    AddFamily(&'a [u8], &'a ColumnFamily),
    ModifyFamily(&'a [u8], &'a DescribedFamily),
    DeleteFamily(&'a [u8], &'a [u8]),
    CreateNamespace(&'a Namespace),
    ModifyNamespace(&'a Namespace),
    DeleteNamespace(&'a str),
    DescribeNamespace(&'a str),
    Namespaces,
    /// The region that a row is in.
    RegionOf(&'a [u8], &'a [u8]),
    EnableTable(&'a [u8]),
    DisableTable(&'a [u8]),
    DeleteTable(&'a [u8]),
    IsTableEnabled(&'a [u8]),
    ColumnFamilies(&'a [u8]),
    Regions(&'a [u8]),
    /// A table's or a region's name.
    Compact(&'a [u8]),
    /// A table's or a region's name.
    MajorCompact(&'a [u8]),
    TableNames,
    TableStates,
    ClusterId,
    /// Which Thrift interface the gateway has; it answers without asking HBase.
    ServerType,
}

impl<'a> Request<'a> {
    /// The table, of a request that is for one.
    pub(crate) fn table(&self) -> Option<&'a [u8]> {
        match *self {
            Self::Get(table, _)
            | Self::GetRows(table, _)
            | Self::GetVersions(table, _)
            | Self::Exists(table, _)
            | Self::ExistsAll(table, _)
            | Self::Put(table, _)
            | Self::Delete(table, _)
            | Self::Batch(table, _)
            | Self::PackedBatch(table, ..)
            | Self::Increment(table, _)
            | Self::IncrementRows(table, _)
            | Self::Append(table, _)
            | Self::CheckAndPut(table, _)
            | Self::CheckAndMutate(table, _)
            | Self::MutateRow(table, _)
            | Self::OpenScanner(table, ..)
            | Self::Page(table, ..)
            | Self::CreateTable(table, ..)
            | Self::TruncateTable(table, _)
            | Self::DescribeTable(table)
            | Self::ModifyTable(table, _)
            | Self::AddFamily(table, _)
            | Self::ModifyFamily(table, _)
            | Self::DeleteFamily(table, _)
            | Self::RegionOf(table, _)
            | Self::EnableTable(table)
            | Self::DisableTable(table)
            | Self::DeleteTable(table)
            | Self::IsTableEnabled(table)
            | Self::ColumnFamilies(table)
            | Self::Regions(table) => Some(table),
            Self::FetchRows(_)
            | Self::CloseScanner(_)
            | Self::CreateNamespace(_)
            | Self::ModifyNamespace(_)
            | Self::DeleteNamespace(_)
            | Self::DescribeNamespace(_)
            | Self::Namespaces
            | Self::Compact(_)
            | Self::MajorCompact(_)
            | Self::TableNames
            | Self::TableStates
            | Self::ClusterId
            | Self::ServerType => None,
        }
    }
}

/// Where a scanner begins (included) and ends (excluded), which may be other than the scan's own
/// bounds: it goes on where another one ended. Empty means an end of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScanBounds<'a> {
    pub(crate) start: &'a [u8],
    pub(crate) stop: &'a [u8],
    /// Rows that are fetched at once.
    pub(crate) rows: u32,
}

/// The next rows of an open scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FetchRows {
    pub(crate) scanner: i32,
    pub(crate) rows: u32,
}

/// Whether there is what a get would return.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Existence(pub(crate) bool);

/// A request and the type of its reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a, R> {
    pub(crate) request: Request<'a>,
    reply: PhantomData<fn() -> R>,
}

impl<'a, R> Call<'a, R> {
    fn new(request: Request<'a>) -> Self {
        Self { request, reply: PhantomData }
    }
}

macro_rules! calls {
    ($($name:ident($($argument:ident: $type:ty),*) -> $reply:ty = $request:expr;)+) => {
        $(impl<'a> Call<'a, $reply> {
            pub(crate) fn $name($($argument: $type),*) -> Self {
                Self::new($request)
            }
        })+
    };
}

calls! {
    get(table: &'a [u8], get: &'a Get) -> RowBatch = Request::Get(table, get);
    get_rows(table: &'a [u8], get: &'a GetRows) -> RowBatch = Request::GetRows(table, get);
    get_versions(table: &'a [u8], get: &'a GetVersions) -> Vec<Version>
        = Request::GetVersions(table, get);
    exists(table: &'a [u8], get: &'a Get) -> Existence = Request::Exists(table, get);
    exists_all(table: &'a [u8], get: &'a GetRows) -> Vec<bool> = Request::ExistsAll(table, get);
    put(table: &'a [u8], put: &'a Put) -> () = Request::Put(table, put);
    delete(table: &'a [u8], delete: &'a Delete) -> () = Request::Delete(table, delete);
    batch(table: &'a [u8], batch: &'a Batch) -> () = Request::Batch(table, batch);
    packed_batch(table: &'a [u8], batch: &'a PackedBatch, timestamp: Option<i64>) -> ()
        = Request::PackedBatch(table, batch, timestamp);
    increment(table: &'a [u8], increment: &'a Increment) -> i64
        = Request::Increment(table, increment);
    increment_rows(table: &'a [u8], increments: &'a [Increment]) -> ()
        = Request::IncrementRows(table, increments);
    append(table: &'a [u8], append: &'a Append) -> Vec<Version> = Request::Append(table, append);
    check_and_put(table: &'a [u8], check: &'a CheckAndPut) -> bool
        = Request::CheckAndPut(table, check);
    check_and_mutate(table: &'a [u8], check: &'a CheckAndMutate) -> bool
        = Request::CheckAndMutate(table, check);
    mutate_row(table: &'a [u8], mutations: &'a RowMutations) -> ()
        = Request::MutateRow(table, mutations);
    open_scanner(table: &'a [u8], scan: &'a Scan, bounds: ScanBounds<'a>) -> i32
        = Request::OpenScanner(table, scan, bounds);
    page(table: &'a [u8], scan: &'a Scan, bounds: ScanBounds<'a>) -> RowBatch
        = Request::Page(table, scan, bounds);
    fetch_rows(fetch: FetchRows) -> RowBatch = Request::FetchRows(fetch);
    close_scanner(scanner: i32) -> () = Request::CloseScanner(scanner);
    create_table(table: &'a [u8], families: &'a [ColumnFamily], splits: &'a [Vec<u8>]) -> ()
        = Request::CreateTable(table, families, splits);
    truncate_table(table: &'a [u8], keeps_splits: bool) -> ()
        = Request::TruncateTable(table, keeps_splits);
    describe_table(table: &'a [u8]) -> DescribedTable = Request::DescribeTable(table);
    modify_table(table: &'a [u8], described: &'a DescribedTable) -> ()
        = Request::ModifyTable(table, described);
    add_family(table: &'a [u8], family: &'a ColumnFamily) -> () = Request::AddFamily(table, family);
    modify_family(table: &'a [u8], family: &'a DescribedFamily) -> ()
        = Request::ModifyFamily(table, family);
    delete_family(table: &'a [u8], family: &'a [u8]) -> () = Request::DeleteFamily(table, family);
    create_namespace(namespace: &'a Namespace) -> () = Request::CreateNamespace(namespace);
    modify_namespace(namespace: &'a Namespace) -> () = Request::ModifyNamespace(namespace);
    delete_namespace(name: &'a str) -> () = Request::DeleteNamespace(name);
    describe_namespace(name: &'a str) -> Namespace = Request::DescribeNamespace(name);
    namespaces() -> Vec<Namespace> = Request::Namespaces;
    region_of(table: &'a [u8], row: &'a [u8]) -> Region = Request::RegionOf(table, row);
    enable_table(table: &'a [u8]) -> () = Request::EnableTable(table);
    disable_table(table: &'a [u8]) -> () = Request::DisableTable(table);
    delete_table(table: &'a [u8]) -> () = Request::DeleteTable(table);
    is_table_enabled(table: &'a [u8]) -> bool = Request::IsTableEnabled(table);
    column_families(table: &'a [u8]) -> Vec<ColumnFamily>
        = Request::ColumnFamilies(table);
    regions(table: &'a [u8]) -> Vec<Region> = Request::Regions(table);
    compact(target: &'a [u8]) -> () = Request::Compact(target);
    major_compact(target: &'a [u8]) -> () = Request::MajorCompact(target);
    table_names() -> Vec<Vec<u8>> = Request::TableNames;
    table_states() -> BTreeMap<Vec<u8>, bool> = Request::TableStates;
    cluster_id() -> String = Request::ClusterId;
    server_type() -> TThriftServerType = Request::ServerType;
}
