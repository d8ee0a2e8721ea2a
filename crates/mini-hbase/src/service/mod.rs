//! The gateway's calls: takes their arguments apart, and says what HBase would say.
//!
//! Each method of the interface is one line here; what it does is in the module of its kind. Bytes
//! and sockets are left to `wire` and `server`.

mod atomic;
mod failure;
mod names;
mod reads;
mod regions;
mod scans;
mod tables;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hbase_thrift_api::{
    BatchMutation, Bytes, ColumnDescriptor, HbaseSyncHandler, Mutation, ScannerID,
    TAccessControlEntity, TAppend, TCell, TIncrement, TRegionInfo, TRowResult, TScan,
    TThriftServerType, Text,
};
use thrift::Result;

use crate::scanner::Scanners;
use crate::store::{Limits, Store};
use failure::{Throws, thrown};

type Attributes = BTreeMap<Text, Text>;

/// How much of a table one answer may hold.
const ANSWER_BYTES: usize = 256 << 20;

/// What answers the calls, shared by all connections.
pub(crate) struct Service {
    store: Store,
    scanners: Scanners,
    /// How large a cell may be.
    max_cell: usize,
    stopping: Arc<AtomicBool>,
}

impl Service {
    pub(crate) fn new(store: Store, scanners: Scanners, max_cell: usize) -> Self {
        Self { store, scanners, max_cell, stopping: Arc::default() }
    }

    /// Ends calls that would go on for long.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    pub(crate) fn scanners(&self) -> &Scanners {
        &self.scanners
    }

    fn limits(&self) -> Limits {
        Limits::new(ANSWER_BYTES, Arc::clone(&self.stopping))
    }
}

/// Handed to each connection; the service itself is one.
#[derive(Clone)]
pub(crate) struct Handler(pub(crate) Arc<Service>);

/// Runs a call of the store and translates its failure.
macro_rules! call {
    ($method:literal, $result:expr) => {
        $result.map_err(|error| thrown($method, Throws::Io, error))
    };
    ($method:literal, illegal, $result:expr) => {
        $result.map_err(|error| thrown($method, Throws::IoAndIllegalArgument, error))
    };
}

#[rustfmt::skip]
impl HbaseSyncHandler for Handler {
    fn handle_enable_table(&self, table: Bytes) -> Result<()> {
        call!("enableTable", self.0.enable(&table))
    }
    fn handle_disable_table(&self, table: Bytes) -> Result<()> {
        call!("disableTable", self.0.disable(&table))
    }
    fn handle_is_table_enabled(&self, table: Bytes) -> Result<bool> {
        call!("isTableEnabled", self.0.is_enabled(&table))
    }
    fn handle_compact(&self, table_or_region: Bytes) -> Result<()> {
        call!("compact", self.0.compact(&table_or_region))
    }
    fn handle_major_compact(&self, table_or_region: Bytes) -> Result<()> {
        call!("majorCompact", self.0.compact(&table_or_region))
    }
    fn handle_get_table_names(&self) -> Result<Vec<Text>> {
        Ok(self.0.table_names())
    }
    fn handle_get_table_names_with_is_table_enabled(&self) -> Result<BTreeMap<Text, bool>> {
        Ok(self.0.table_states())
    }
    fn handle_get_column_descriptors(&self, table: Text) -> Result<BTreeMap<Text, ColumnDescriptor>> {
        call!("getColumnDescriptors", self.0.column_descriptors(&table))
    }
    fn handle_get_table_regions(&self, table: Text) -> Result<Vec<TRegionInfo>> {
        call!("getTableRegions", self.0.regions(&table))
    }
    fn handle_get_region_info(&self, row: Text) -> Result<TRegionInfo> {
        call!("getRegionInfo", self.0.region_at(&row))
    }
    fn handle_create_table(&self, table: Text, families: Vec<ColumnDescriptor>) -> Result<()> {
        self.0.create(&table, &families)
    }
    fn handle_delete_table(&self, table: Text) -> Result<()> {
        call!("deleteTable", self.0.delete(&table))
    }

    fn handle_get(&self, table: Text, row: Text, column: Text, _: Attributes) -> Result<Vec<TCell>> {
        call!("get", self.0.cells(&table, &row, column, None, 1))
    }
    fn handle_get_ver(&self, table: Text, row: Text, column: Text, versions: i32, _: Attributes) -> Result<Vec<TCell>> {
        call!("getVer", self.0.cells(&table, &row, column, None, versions))
    }
    fn handle_get_ver_ts(&self, table: Text, row: Text, column: Text, before: i64, versions: i32, _: Attributes) -> Result<Vec<TCell>> {
        call!("getVerTs", self.0.cells(&table, &row, column, Some(before), versions))
    }
    fn handle_get_row(&self, table: Text, row: Text, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRow", self.0.rows(&table, &[row], &[], None))
    }
    fn handle_get_row_with_columns(&self, table: Text, row: Text, columns: Vec<Text>, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRowWithColumns", self.0.rows(&table, &[row], &columns, None))
    }
    fn handle_get_row_ts(&self, table: Text, row: Text, before: i64, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRowTs", self.0.rows(&table, &[row], &[], Some(before)))
    }
    fn handle_get_row_with_columns_ts(&self, table: Text, row: Text, columns: Vec<Text>, before: i64, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRowWithColumnsTs", self.0.rows(&table, &[row], &columns, Some(before)))
    }
    fn handle_get_rows(&self, table: Text, rows: Vec<Text>, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRows", self.0.rows(&table, &rows, &[], None))
    }
    fn handle_get_rows_with_columns(&self, table: Text, rows: Vec<Text>, columns: Vec<Text>, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRowsWithColumns", self.0.rows(&table, &rows, &columns, None))
    }
    fn handle_get_rows_ts(&self, table: Text, rows: Vec<Text>, before: i64, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRowsTs", self.0.rows(&table, &rows, &[], Some(before)))
    }
    fn handle_get_rows_with_columns_ts(&self, table: Text, rows: Vec<Text>, columns: Vec<Text>, before: i64, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRowsWithColumnsTs", self.0.rows(&table, &rows, &columns, Some(before)))
    }

    fn handle_mutate_row(&self, table: Text, row: Text, mutations: Vec<Mutation>, attributes: Attributes) -> Result<()> {
        call!("mutateRow", illegal, self.0.mutate_row(&table, row, mutations, None, &attributes))
    }
    fn handle_mutate_row_ts(&self, table: Text, row: Text, mutations: Vec<Mutation>, timestamp: i64, attributes: Attributes) -> Result<()> {
        call!("mutateRowTs", illegal, self.0.mutate_row(&table, row, mutations, Some(timestamp), &attributes))
    }
    // A batch is taken apart outside of the gateway's try block, so its illegal arguments are
    // internal errors (`mutateRowsTs`).
    fn handle_mutate_rows(&self, table: Text, batches: Vec<BatchMutation>, attributes: Attributes) -> Result<()> {
        call!("mutateRows", self.0.mutate_rows(&table, batches, None, &attributes))
    }
    fn handle_mutate_rows_ts(&self, table: Text, batches: Vec<BatchMutation>, timestamp: i64, attributes: Attributes) -> Result<()> {
        call!("mutateRowsTs", self.0.mutate_rows(&table, batches, Some(timestamp), &attributes))
    }
    fn handle_delete_all(&self, table: Text, row: Text, column: Text, _: Attributes) -> Result<()> {
        call!("deleteAll", self.0.delete_column(&table, row, &column, None))
    }
    fn handle_delete_all_ts(&self, table: Text, row: Text, column: Text, timestamp: i64, _: Attributes) -> Result<()> {
        call!("deleteAllTs", self.0.delete_column(&table, row, &column, Some(timestamp)))
    }
    fn handle_delete_all_row(&self, table: Text, row: Text, _: Attributes) -> Result<()> {
        call!("deleteAllRow", self.0.delete_row(&table, row, None))
    }
    fn handle_delete_all_row_ts(&self, table: Text, row: Text, timestamp: i64, _: Attributes) -> Result<()> {
        call!("deleteAllRowTs", self.0.delete_row(&table, row, Some(timestamp)))
    }

    fn handle_atomic_increment(&self, table: Text, row: Text, column: Text, amount: i64) -> Result<i64> {
        call!("atomicIncrement", self.0.atomic_increment(&table, &row, &column, amount))
    }
    fn handle_increment(&self, increment: TIncrement) -> Result<()> {
        call!("increment", self.0.increment(increment))
    }
    fn handle_increment_rows(&self, increments: Vec<TIncrement>) -> Result<()> {
        call!("incrementRows", increments.into_iter().try_for_each(|one| self.0.increment(one)))
    }
    fn handle_append(&self, append: TAppend) -> Result<Vec<TCell>> {
        call!("append", self.0.append(append))
    }
    fn handle_check_and_put(&self, table: Text, row: Text, column: Text, value: Text, put: Mutation, attributes: Attributes) -> Result<bool> {
        self.0.check_and_put(&table, row, &column, &value, put, &attributes)
    }

    fn handle_scanner_open(&self, table: Text, start: Text, columns: Vec<Text>, _: Attributes) -> Result<ScannerID> {
        call!("scannerOpen", self.0.open(&table, scans::from(start, columns)))
    }
    fn handle_scanner_open_ts(&self, table: Text, start: Text, columns: Vec<Text>, before: i64, _: Attributes) -> Result<ScannerID> {
        let scan = TScan { timestamp: Some(before), ..scans::from(start, columns) };
        call!("scannerOpenTs", self.0.open(&table, scan))
    }
    fn handle_scanner_open_with_stop(&self, table: Text, start: Text, stop: Text, columns: Vec<Text>, _: Attributes) -> Result<ScannerID> {
        let scan = TScan { stop_row: Some(stop), ..scans::from(start, columns) };
        call!("scannerOpenWithStop", self.0.open(&table, scan))
    }
    fn handle_scanner_open_with_stop_ts(&self, table: Text, start: Text, stop: Text, columns: Vec<Text>, before: i64, _: Attributes) -> Result<ScannerID> {
        let scan = TScan { stop_row: Some(stop), timestamp: Some(before), ..scans::from(start, columns) };
        call!("scannerOpenWithStopTs", self.0.open(&table, scan))
    }
    fn handle_scanner_open_with_prefix(&self, table: Text, prefix: Text, columns: Vec<Text>, _: Attributes) -> Result<ScannerID> {
        call!("scannerOpenWithPrefix", self.0.open_prefix(&table, prefix, columns))
    }
    fn handle_scanner_open_with_scan(&self, table: Text, scan: TScan, _: Attributes) -> Result<ScannerID> {
        call!("scannerOpenWithScan", self.0.open(&table, scan))
    }
    fn handle_scanner_get(&self, id: ScannerID) -> Result<Vec<TRowResult>> {
        self.0.fetch("scannerGet", id, 1)
    }
    fn handle_scanner_get_list(&self, id: ScannerID, rows: i32) -> Result<Vec<TRowResult>> {
        self.0.fetch("scannerGetList", id, rows)
    }
    fn handle_scanner_close(&self, id: ScannerID) -> Result<()> {
        self.0.close(id)
    }

    fn handle_get_thrift_server_type(&self) -> Result<TThriftServerType> {
        Ok(TThriftServerType::ONE)
    }
    fn handle_get_cluster_id(&self) -> Result<String> {
        Ok(self.0.store.cluster_id().to_owned())
    }
    // The gateways of the releases up to 2.6 don't know them.
    fn handle_grant(&self, _: TAccessControlEntity) -> Result<bool> {
        Err(failure::unknown_method("grant"))
    }
    fn handle_revoke(&self, _: TAccessControlEntity) -> Result<bool> {
        Err(failure::unknown_method("revoke"))
    }
}
