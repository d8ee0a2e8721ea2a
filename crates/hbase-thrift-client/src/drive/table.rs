//! What is done with a table's rows.

use std::borrow::Cow;

use super::executor::Executor;
use super::rows::{MergeRows, RegionRows, RowSetRows, ScanRows, UnionRows, parts};
use super::write::stamped;
use crate::dialect::{Call, Request, ScanBounds};
use crate::error::{Error, Result};
use crate::request::{
    Append, Batch, CheckAndMutate, Delete, Get, Increment, PageToken, Put, RowMutations, RowSet,
    Scan, Version,
};
use crate::row::{Column, OwnedCell, Row, ToCell};

/// One table.
#[derive(Clone)]
pub(crate) struct TableDriver {
    executor: Executor,
    name: Vec<u8>,
}

impl TableDriver {
    pub(crate) fn new(executor: &Executor, name: Vec<u8>) -> Self {
        Self { executor: executor.on_table(&name), name }
    }

    /// The same table with another way to run calls.
    pub(crate) fn with(&self, change: impl FnOnce(&Executor) -> Executor) -> Self {
        Self { executor: change(&self.executor), name: self.name.clone() }
    }

    pub(crate) fn executor(&self) -> &Executor {
        &self.executor
    }

    /// The name without the configured prefix.
    pub(crate) fn name(&self) -> &[u8] {
        &self.name[self.executor.config().get_table_prefix().len()..]
    }

    pub(crate) fn full_name(&self) -> &[u8] {
        &self.name
    }

    pub(crate) async fn get(&self, get: &Get) -> Result<Option<Row>> {
        let rows = self.executor.run(&Call::get(&self.name, get)).await?;
        Ok(rows.get(0))
    }

    pub(crate) async fn put(&self, put: &Put) -> Result<()> {
        let put = stamped(put, self.executor.stamp(), |put| &mut put.timestamp);
        self.executor.run(&Call::put(&self.name, &put)).await
    }

    pub(crate) async fn delete(&self, delete: &Delete) -> Result<()> {
        let delete = stamped(delete, self.executor.stamp(), |delete| &mut delete.timestamp);
        self.executor.run(&Call::delete(&self.name, &delete)).await
    }

    pub(crate) async fn batch(&self, batch: &Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut batch = Cow::Borrowed(batch);
        if let stamp @ Some(_) = self.executor.stamp() {
            batch.to_mut().stamp(stamp);
        }
        self.executor.run_batch(&self.name, &batch).await
    }

    pub(crate) async fn mutate_row(&self, mutations: &RowMutations) -> Result<()> {
        if mutations.is_empty() {
            return Ok(());
        }
        let mut mutations = Cow::Borrowed(mutations);
        if let stamp @ Some(_) = self.executor.stamp() {
            mutations.to_mut().stamp(stamp);
        }
        self.executor.run(&Call::mutate_row(&self.name, &mutations)).await
    }

    pub(crate) async fn check_and_mutate(&self, check: &CheckAndMutate) -> Result<bool> {
        let mut check = Cow::Borrowed(check);
        if let stamp @ Some(_) = self.executor.stamp() {
            check.to_mut().mutations.stamp(stamp);
        }
        self.executor.run(&Call::check_and_mutate(&self.name, &check)).await
    }

    pub(crate) async fn append(&self, append: &Append) -> Result<Vec<OwnedCell>> {
        let call = Call::append(&self.name, append);
        let values = self.executor.run(&call).await?;
        // The reply has no columns; it is in their order.
        let mut columns = append.columns.clone();
        columns.sort_by(|a, b| Column::parse(a).cmp(&Column::parse(b)));
        if columns.len() != values.len() {
            let message = "the append returned another number of values than it has columns";
            return Err(self.executor.unusable_result(message, &call.request));
        }
        let owned = |(column, Version { value, timestamp })| OwnedCell { column, value, timestamp };
        Ok(columns.into_iter().zip(values).map(owned).collect())
    }

    pub(crate) async fn counter_get(&self, row: Vec<u8>, column: Vec<u8>) -> Result<i64> {
        let row = self.get(&Get::new(row).column(column.clone())).await?;
        Ok(row.map(|row| row.try_get(&column)).transpose()?.flatten().unwrap_or(0))
    }

    pub(crate) async fn counter_set(
        &self,
        row: Vec<u8>,
        column: Vec<u8>,
        value: i64,
    ) -> Result<()> {
        self.put(&Put::new(row).column(column, value.to_cell()?)).await
    }

    pub(crate) async fn increment_rows(&self, increments: &[Increment]) -> Result<()> {
        if increments.is_empty() {
            return Ok(());
        }
        self.executor.run_increments(&self.name, increments).await
    }

    pub(crate) async fn scan(&self, scan: Scan) -> Result<ScanRows> {
        self.check_scan(&scan).await?;
        Ok(ScanRows::new(self.executor.clone(), self.name.clone(), scan))
    }

    pub(crate) async fn scan_after(&self, scan: Scan, token: &PageToken) -> Result<ScanRows> {
        self.check_scan(&scan).await?;
        let place = token.place_in(&self.name, &scan)?;
        Ok(ScanRows::behind(self.executor.clone(), self.name.clone(), scan, place))
    }

    async fn check_scan(&self, scan: &Scan) -> Result<()> {
        let bounds = ScanBounds { start: &[], stop: &[], rows: scan.caching };
        self.executor.check(&Request::OpenScanner(&self.name, scan, bounds)).await
    }

    pub(crate) async fn scan_rows(&self, rows: RowSet, scan: Scan) -> Result<RowSetRows> {
        if !scan.is_of_whole_table() {
            return Err(Error::invalid("the scan of a set of rows has a range of its own"));
        }
        let ranges = rows.into_ranges()?;
        // What is wrong is said at once, whichever range it is in.
        for range in &ranges {
            self.check_scan(&scan.of_keys(range.clone())).await?;
        }
        self.check_scan(&scan).await?;
        Ok(RowSetRows::new(self.executor.clone(), self.name.clone(), scan, ranges))
    }

    pub(crate) async fn scan_regions(&self, scan: Scan) -> Result<UnionRows> {
        let limit = scan.limit;
        Ok(UnionRows::new(self.by_region(&scan).await?.into_iter(), limit))
    }

    pub(crate) async fn scan_regions_in_order(&self, scan: Scan) -> Result<RegionRows> {
        let limit = scan.limit;
        Ok(RegionRows::new(self.by_region(&scan).await?.into_iter(), limit))
    }

    async fn by_region(&self, scan: &Scan) -> Result<Vec<ScanRows>> {
        self.check_scan(scan).await?;
        let regions = self.executor.run_regions(&self.name).await?;
        let mut scans = Vec::new();
        for part in parts(scan, &regions) {
            scans.push(self.scan(part).await?);
        }
        Ok(scans)
    }

    pub(crate) async fn scan_union(&self, salts: Vec<Vec<u8>>, scan: Scan) -> Result<UnionRows> {
        let limit = scan.limit;
        let scans = self.salted(salts, &scan).await?;
        Ok(UnionRows::new(scans.into_iter().map(|(_, scan)| scan), limit))
    }

    pub(crate) async fn scan_merge(&self, salts: Vec<Vec<u8>>, scan: Scan) -> Result<MergeRows> {
        Ok(MergeRows::new(self.salted(salts, &scan).await?.into_iter(), &scan))
    }

    /// A scan behind each salt, with the length of that.
    async fn salted(&self, salts: Vec<Vec<u8>>, scan: &Scan) -> Result<Vec<(usize, ScanRows)>> {
        let mut scans = Vec::new();
        for salt in salts {
            scans.push((salt.len(), self.scan(scan.behind(&salt)).await?));
        }
        Ok(scans)
    }
}
