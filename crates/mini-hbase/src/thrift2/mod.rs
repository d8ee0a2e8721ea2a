//! The calls of the Thrift 2 gateway: takes their arguments apart, and says what HBase would say.
//!
//! Each method of the interface is one line here; what it does is in the module of its kind. Bytes
//! and sockets are left to `wire` and `server`.

mod atomic;
mod changes;
mod descriptors;
mod failure;
mod namespaces;
mod reads;
mod regions;
mod requests;
mod results;
mod scans;
mod tables;
mod writes;

use std::collections::BTreeSet;
use std::sync::Arc;

use hbase_thrift_api::thrift2::{
    TAppend, TColumnFamilyDescriptor, TCompareOp, TDelete, TGet, THBaseServiceSyncHandler,
    THRegionLocation, TIncrement, TLogQueryFilter, TNamespaceDescriptor, TOnlineLogRecord, TPut,
    TResult, TRowMutations, TScan, TServerName, TTableDescriptor, TTableName, TThriftServerType,
};
use thrift::Result;

use crate::budget::Share;
use crate::service::Service;
use failure::thrown;
use writes::Condition;

type Bytes = Vec<u8>;

/// What a connection's calls are handed to.
pub(crate) struct Handler {
    /// The same for all connections.
    pub(crate) service: Arc<Service>,
    /// The memory that the connection's present call takes.
    pub(crate) share: Arc<Share>,
}

/// Runs a call and translates its failure.
macro_rules! call {
    ($method:literal, $result:expr) => {
        $result.map_err(|error| thrown($method, error))
    };
}

#[rustfmt::skip]
impl THBaseServiceSyncHandler for Handler {
    fn handle_exists(&self, table: Bytes, tget: TGet) -> Result<bool> {
        call!("exists", self.exists(&table, tget))
    }
    fn handle_exists_all(&self, table: Bytes, tgets: Vec<TGet>) -> Result<Vec<bool>> {
        call!("existsAll", self.exist(&table, tgets))
    }
    fn handle_get(&self, table: Bytes, tget: TGet) -> Result<TResult> {
        call!("get", self.get(&table, tget))
    }
    fn handle_get_multiple(&self, table: Bytes, tgets: Vec<TGet>) -> Result<Vec<TResult>> {
        call!("getMultiple", self.get_all(&table, tgets))
    }
    fn handle_put(&self, table: Bytes, tput: TPut) -> Result<()> {
        call!("put", self.put(&table, tput))
    }
    fn handle_check_and_put(&self, table: Bytes, row: Bytes, family: Bytes, qualifier: Bytes, value: Bytes, tput: TPut) -> Result<bool> {
        call!("checkAndPut", self.check_and_put(&table, &Condition { row, family, qualifier, value }, tput))
    }
    fn handle_put_multiple(&self, table: Bytes, tputs: Vec<TPut>) -> Result<()> {
        call!("putMultiple", self.put_all(&table, tputs))
    }
    fn handle_delete_single(&self, table: Bytes, tdelete: TDelete) -> Result<()> {
        call!("deleteSingle", self.delete(&table, tdelete))
    }
    fn handle_delete_multiple(&self, table: Bytes, tdeletes: Vec<TDelete>) -> Result<Vec<TDelete>> {
        call!("deleteMultiple", self.delete_all(&table, tdeletes).map(|()| Vec::new()))
    }
    fn handle_check_and_delete(&self, table: Bytes, row: Bytes, family: Bytes, qualifier: Bytes, value: Bytes, tdelete: TDelete) -> Result<bool> {
        call!("checkAndDelete", self.check_and_delete(&table, &Condition { row, family, qualifier, value }, tdelete))
    }
    fn handle_increment(&self, table: Bytes, tincrement: TIncrement) -> Result<TResult> {
        call!("increment", self.increment(&table, tincrement))
    }
    fn handle_append(&self, table: Bytes, tappend: TAppend) -> Result<TResult> {
        call!("append", self.append(&table, tappend))
    }
    fn handle_open_scanner(&self, table: Bytes, tscan: TScan) -> Result<i32> {
        call!("openScanner", self.open(&table, tscan))
    }
    fn handle_get_scanner_rows(&self, scanner_id: i32, num_rows: i32) -> Result<Vec<TResult>> {
        self.fetch(scanner_id, num_rows)
    }
    fn handle_close_scanner(&self, scanner_id: i32) -> Result<()> {
        self.close(scanner_id);
        Ok(())
    }
    fn handle_mutate_row(&self, table: Bytes, trow_mutations: TRowMutations) -> Result<()> {
        call!("mutateRow", self.mutate(&table, trow_mutations))
    }
    fn handle_get_scanner_results(&self, table: Bytes, tscan: TScan, num_rows: i32) -> Result<Vec<TResult>> {
        call!("getScannerResults", self.page(&table, tscan, num_rows))
    }
    fn handle_get_region_location(&self, table: Bytes, row: Bytes, _: bool) -> Result<THRegionLocation> {
        call!("getRegionLocation", self.region(&table, &row))
    }
    fn handle_get_all_region_locations(&self, table: Bytes) -> Result<Vec<THRegionLocation>> {
        call!("getAllRegionLocations", self.regions(&table))
    }
    fn handle_check_and_mutate(&self, table: Bytes, row: Bytes, family: Bytes, qualifier: Bytes, compare_op: TCompareOp, value: Bytes, row_mutations: TRowMutations) -> Result<bool> {
        call!("checkAndMutate", self.check_and_mutate(&table, &Condition { row, family, qualifier, value }, compare_op, row_mutations))
    }
    fn handle_get_table_descriptor(&self, table: TTableName) -> Result<TTableDescriptor> {
        call!("getTableDescriptor", self.descriptor(&table))
    }
    fn handle_get_table_descriptors(&self, tables: Vec<TTableName>) -> Result<Vec<TTableDescriptor>> {
        call!("getTableDescriptors", self.descriptors(&tables))
    }
    fn handle_table_exists(&self, table: TTableName) -> Result<bool> {
        call!("tableExists", self.has_table(&table))
    }
    fn handle_get_table_descriptors_by_pattern(&self, regex: String, _: bool) -> Result<Vec<TTableDescriptor>> {
        call!("getTableDescriptorsByPattern", self.descriptors_like(&regex))
    }
    fn handle_get_table_descriptors_by_namespace(&self, name: String) -> Result<Vec<TTableDescriptor>> {
        call!("getTableDescriptorsByNamespace", self.descriptors_in(&name))
    }
    fn handle_get_table_names_by_pattern(&self, regex: String, _: bool) -> Result<Vec<TTableName>> {
        call!("getTableNamesByPattern", self.names_like(&regex))
    }
    fn handle_get_table_names_by_namespace(&self, name: String) -> Result<Vec<TTableName>> {
        call!("getTableNamesByNamespace", self.names_in(&name))
    }
    fn handle_create_table(&self, desc: TTableDescriptor, split_keys: Vec<Bytes>) -> Result<()> {
        call!("createTable", self.create(&desc, split_keys))
    }
    fn handle_delete_table(&self, table: TTableName) -> Result<()> {
        call!("deleteTable", self.delete_table(&table))
    }
    fn handle_truncate_table(&self, table: TTableName, preserve_splits: bool) -> Result<()> {
        call!("truncateTable", self.truncate(&table, preserve_splits))
    }
    fn handle_enable_table(&self, table: TTableName) -> Result<()> {
        call!("enableTable", self.enable(&table))
    }
    fn handle_disable_table(&self, table: TTableName) -> Result<()> {
        call!("disableTable", self.disable(&table))
    }
    fn handle_is_table_enabled(&self, table: TTableName) -> Result<bool> {
        call!("isTableEnabled", self.is_enabled(&table))
    }
    fn handle_is_table_disabled(&self, table: TTableName) -> Result<bool> {
        call!("isTableDisabled", self.is_enabled(&table).map(|enabled| !enabled))
    }
    fn handle_is_table_available(&self, table: TTableName) -> Result<bool> {
        call!("isTableAvailable", self.is_available(&table))
    }
    fn handle_is_table_available_with_split(&self, table: TTableName, split_keys: Vec<Bytes>) -> Result<bool> {
        call!("isTableAvailableWithSplit", self.is_split(&table, &split_keys))
    }
    fn handle_add_column_family(&self, table: TTableName, column: TColumnFamilyDescriptor) -> Result<()> {
        call!("addColumnFamily", self.add_family(&table, &column))
    }
    fn handle_delete_column_family(&self, table: TTableName, column: Bytes) -> Result<()> {
        call!("deleteColumnFamily", self.delete_family(&table, &column))
    }
    fn handle_modify_column_family(&self, table: TTableName, column: TColumnFamilyDescriptor) -> Result<()> {
        call!("modifyColumnFamily", self.modify_family(&table, &column))
    }
    fn handle_modify_table(&self, desc: TTableDescriptor) -> Result<()> {
        call!("modifyTable", self.modify(&desc))
    }
    fn handle_create_namespace(&self, namespace: TNamespaceDescriptor) -> Result<()> {
        call!("createNamespace", self.create_namespace(namespace))
    }
    fn handle_modify_namespace(&self, namespace: TNamespaceDescriptor) -> Result<()> {
        call!("modifyNamespace", self.modify_namespace(namespace))
    }
    fn handle_delete_namespace(&self, name: String) -> Result<()> {
        call!("deleteNamespace", self.delete_namespace(&name))
    }
    fn handle_get_namespace_descriptor(&self, name: String) -> Result<TNamespaceDescriptor> {
        call!("getNamespaceDescriptor", self.namespace(name))
    }
    fn handle_list_namespace_descriptors(&self) -> Result<Vec<TNamespaceDescriptor>> {
        Ok(self.namespaces())
    }
    fn handle_list_namespaces(&self) -> Result<Vec<String>> {
        Ok(self.namespaces().into_iter().map(|namespace| namespace.name).collect())
    }
    fn handle_get_thrift_server_type(&self) -> Result<TThriftServerType> {
        Ok(TThriftServerType::TWO)
    }
    fn handle_get_slow_log_responses(&self, _: BTreeSet<TServerName>, _: TLogQueryFilter) -> Result<Vec<TOnlineLogRecord>> {
        Ok(Vec::new())
    }
    fn handle_clear_slow_log_responses(&self, servers: BTreeSet<TServerName>) -> Result<Vec<bool>> {
        Ok(servers.iter().map(|_| false).collect())
    }
    fn handle_get_cluster_id(&self) -> Result<String> {
        Ok(self.service.store.cluster_id().to_owned())
    }
}
