//! The gateway's calls: takes their arguments apart, and says what HBase would say.
//!
//! Each method of the interface is one line here; what it does is in the module of its kind. Bytes
//! and sockets are left to `wire` and `server`.

mod atomic;
mod column;
mod failure;
mod page;
mod reads;
mod regions;
mod scans;
mod tables;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;

use hbase_thrift_api::{
    BatchMutation, Bytes, ColumnDescriptor, HbaseSyncHandler, Mutation, ScannerID,
    TAccessControlEntity, TAppend, TCell, TIncrement, TRegionInfo, TRowResult, TScan,
    TThriftServerType, Text,
};
use thrift::Result;

use crate::budget::Share;
use crate::exceptions::internal;
use crate::service::Service;
use failure::{Throws, thrown};

type Attributes = BTreeMap<Text, Text>;

/// What a connection's calls are handed to.
pub(crate) struct Handler {
    /// The same for all connections.
    pub(crate) service: Arc<Service>,
    /// The memory that the connection's present call takes.
    pub(crate) share: Arc<Share>,
}

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
        call!("enableTable", self.service.enable(&table))
    }
    fn handle_disable_table(&self, table: Bytes) -> Result<()> {
        call!("disableTable", self.service.disable(&table))
    }
    fn handle_is_table_enabled(&self, table: Bytes) -> Result<bool> {
        call!("isTableEnabled", self.service.is_enabled(&table))
    }
    fn handle_compact(&self, table_or_region: Bytes) -> Result<()> {
        call!("compact", self.service.compact(&table_or_region))
    }
    fn handle_major_compact(&self, table_or_region: Bytes) -> Result<()> {
        call!("majorCompact", self.service.compact(&table_or_region))
    }
    fn handle_get_table_names(&self) -> Result<Vec<Text>> {
        Ok(self.service.table_names())
    }
    fn handle_get_table_names_with_is_table_enabled(&self) -> Result<BTreeMap<Text, bool>> {
        Ok(self.service.table_states())
    }
    fn handle_get_column_descriptors(&self, table: Text) -> Result<BTreeMap<Text, ColumnDescriptor>> {
        call!("getColumnDescriptors", self.service.column_descriptors(&table))
    }
    fn handle_get_table_regions(&self, table: Text) -> Result<Vec<TRegionInfo>> {
        call!("getTableRegions", self.service.regions(&table))
    }
    fn handle_get_region_info(&self, row: Text) -> Result<TRegionInfo> {
        call!("getRegionInfo", self.service.region_at(&row))
    }
    fn handle_create_table(&self, table: Text, families: Vec<ColumnDescriptor>) -> Result<()> {
        self.service.create(&table, &families)
    }
    fn handle_delete_table(&self, table: Text) -> Result<()> {
        call!("deleteTable", self.service.delete(&table))
    }

    fn handle_get(&self, table: Text, row: Text, column: Text, _: Attributes) -> Result<Vec<TCell>> {
        call!("get", self.service.cells(&self.share, &table, &row, column, None, 1))
    }
    fn handle_get_ver(&self, table: Text, row: Text, column: Text, versions: i32, _: Attributes) -> Result<Vec<TCell>> {
        call!("getVer", self.service.cells(&self.share, &table, &row, column, None, versions))
    }
    fn handle_get_ver_ts(&self, table: Text, row: Text, column: Text, before: i64, versions: i32, _: Attributes) -> Result<Vec<TCell>> {
        call!("getVerTs", self.service.cells(&self.share, &table, &row, column, Some(before), versions))
    }
    fn handle_get_row(&self, table: Text, row: Text, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRow", self.service.rows(&self.share, &table, &[row], &[], None))
    }
    fn handle_get_row_with_columns(&self, table: Text, row: Text, columns: Vec<Text>, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRowWithColumns", self.service.rows(&self.share, &table, &[row], &columns, None))
    }
    fn handle_get_row_ts(&self, table: Text, row: Text, before: i64, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRowTs", self.service.rows(&self.share, &table, &[row], &[], Some(before)))
    }
    fn handle_get_row_with_columns_ts(&self, table: Text, row: Text, columns: Vec<Text>, before: i64, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRowWithColumnsTs", self.service.rows(&self.share, &table, &[row], &columns, Some(before)))
    }
    fn handle_get_rows(&self, table: Text, rows: Vec<Text>, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRows", self.service.rows(&self.share, &table, &rows, &[], None))
    }
    fn handle_get_rows_with_columns(&self, table: Text, rows: Vec<Text>, columns: Vec<Text>, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRowsWithColumns", self.service.rows(&self.share, &table, &rows, &columns, None))
    }
    fn handle_get_rows_ts(&self, table: Text, rows: Vec<Text>, before: i64, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRowsTs", self.service.rows(&self.share, &table, &rows, &[], Some(before)))
    }
    fn handle_get_rows_with_columns_ts(&self, table: Text, rows: Vec<Text>, columns: Vec<Text>, before: i64, _: Attributes) -> Result<Vec<TRowResult>> {
        call!("getRowsWithColumnsTs", self.service.rows(&self.share, &table, &rows, &columns, Some(before)))
    }

    fn handle_mutate_row(&self, table: Text, row: Text, mutations: Vec<Mutation>, attributes: Attributes) -> Result<()> {
        call!("mutateRow", illegal, self.service.mutate_row(&self.share, &table, row, mutations, None, &attributes))
    }
    fn handle_mutate_row_ts(&self, table: Text, row: Text, mutations: Vec<Mutation>, timestamp: i64, attributes: Attributes) -> Result<()> {
        call!("mutateRowTs", illegal, self.service.mutate_row(&self.share, &table, row, mutations, Some(timestamp), &attributes))
    }
    fn handle_mutate_rows(&self, table: Text, batches: Vec<BatchMutation>, attributes: Attributes) -> Result<()> {
        self.service.mutate_rows(&self.share, "mutateRows", &table, batches, None, &attributes)
    }
    fn handle_mutate_rows_ts(&self, table: Text, batches: Vec<BatchMutation>, timestamp: i64, attributes: Attributes) -> Result<()> {
        self.service.mutate_rows(&self.share, "mutateRowsTs", &table, batches, Some(timestamp), &attributes)
    }
    fn handle_delete_all(&self, table: Text, row: Text, column: Text, _: Attributes) -> Result<()> {
        call!("deleteAll", self.service.delete_column(&self.share, &table, row, &column, None))
    }
    fn handle_delete_all_ts(&self, table: Text, row: Text, column: Text, timestamp: i64, _: Attributes) -> Result<()> {
        call!("deleteAllTs", self.service.delete_column(&self.share, &table, row, &column, Some(timestamp)))
    }
    fn handle_delete_all_row(&self, table: Text, row: Text, _: Attributes) -> Result<()> {
        call!("deleteAllRow", self.service.delete_row(&self.share, &table, row, None))
    }
    fn handle_delete_all_row_ts(&self, table: Text, row: Text, timestamp: i64, _: Attributes) -> Result<()> {
        call!("deleteAllRowTs", self.service.delete_row(&self.share, &table, row, Some(timestamp)))
    }

    fn handle_atomic_increment(&self, table: Text, row: Text, column: Text, amount: i64) -> Result<i64> {
        call!("atomicIncrement", self.service.atomic_increment(&self.share, &table, &row, &column, amount))
    }
    fn handle_increment(&self, increment: TIncrement) -> Result<()> {
        call!("increment", self.service.increment_all(&self.share, vec![increment]))
    }
    fn handle_increment_rows(&self, increments: Vec<TIncrement>) -> Result<()> {
        call!("incrementRows", self.service.increment_all(&self.share, increments))
    }
    fn handle_append(&self, append: TAppend) -> Result<Vec<TCell>> {
        call!("append", self.service.append(&self.share, append))
    }
    fn handle_check_and_put(&self, table: Text, row: Text, column: Text, value: Text, put: Mutation, attributes: Attributes) -> Result<bool> {
        self.service.check_and_put(&self.share, &table, row, &column, &value, put, &attributes)
    }

    fn handle_scanner_open(&self, table: Text, start: Text, columns: Vec<Text>, _: Attributes) -> Result<ScannerID> {
        call!("scannerOpen", self.service.open(&self.share, &table, scans::from(start, columns)))
    }
    fn handle_scanner_open_ts(&self, table: Text, start: Text, columns: Vec<Text>, before: i64, _: Attributes) -> Result<ScannerID> {
        let scan = TScan { timestamp: Some(before), ..scans::from(start, columns) };
        call!("scannerOpenTs", self.service.open(&self.share, &table, scan))
    }
    fn handle_scanner_open_with_stop(&self, table: Text, start: Text, stop: Text, columns: Vec<Text>, _: Attributes) -> Result<ScannerID> {
        let scan = TScan { stop_row: Some(stop), ..scans::from(start, columns) };
        call!("scannerOpenWithStop", self.service.open(&self.share, &table, scan))
    }
    fn handle_scanner_open_with_stop_ts(&self, table: Text, start: Text, stop: Text, columns: Vec<Text>, before: i64, _: Attributes) -> Result<ScannerID> {
        let scan = TScan { stop_row: Some(stop), timestamp: Some(before), ..scans::from(start, columns) };
        call!("scannerOpenWithStopTs", self.service.open(&self.share, &table, scan))
    }
    fn handle_scanner_open_with_prefix(&self, table: Text, prefix: Text, columns: Vec<Text>, _: Attributes) -> Result<ScannerID> {
        call!("scannerOpenWithPrefix", self.service.open_prefix(&self.share, &table, prefix, columns))
    }
    fn handle_scanner_open_with_scan(&self, table: Text, scan: TScan, _: Attributes) -> Result<ScannerID> {
        call!("scannerOpenWithScan", self.service.open(&self.share, &table, scan))
    }
    // Both are answered by `Service::fetch`, which doesn't take a detour over these types.
    fn handle_scanner_get(&self, _: ScannerID) -> Result<Vec<TRowResult>> {
        Err(internal("scannerGet"))
    }
    fn handle_scanner_get_list(&self, _: ScannerID, _: i32) -> Result<Vec<TRowResult>> {
        Err(internal("scannerGetList"))
    }
    fn handle_scanner_close(&self, id: ScannerID) -> Result<()> {
        self.service.close(id)
    }

    fn handle_get_thrift_server_type(&self) -> Result<TThriftServerType> {
        Ok(TThriftServerType::ONE)
    }
    fn handle_get_cluster_id(&self) -> Result<String> {
        Ok(self.service.store.cluster_id().to_owned())
    }
    // The gateways of the releases up to 2.6 don't know them.
    fn handle_grant(&self, _: TAccessControlEntity) -> Result<bool> {
        Err(failure::unknown_method("grant"))
    }
    fn handle_revoke(&self, _: TAccessControlEntity) -> Result<bool> {
        Err(failure::unknown_method("revoke"))
    }
}
