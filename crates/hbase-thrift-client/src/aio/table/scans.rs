//! Reads of many rows in one stream.

use super::Table;
use crate::aio::rows::{MergeScan, RegionScan, RowSetScan, Scanner, UnionScan};
use crate::error::Result;
use crate::request::{PageToken, RowSet, Scan};

impl Table {
    /// Scans rows in order; the first request is sent when the first row is asked for.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{PageToken, RowSet, Scan, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let table = client.table("crashes");
    /// let mut rows = table.scan(Scan::new().prefix("a1205").limit(20)).await?;
    /// while let Some(row) = rows.next_row().await? {
    ///     println!("{}", row.key().escape_ascii());
    /// }
    /// if let Some(token) = rows.page_token().await? {
    ///     let page = table.scan_after(Scan::new().prefix("a1205").limit(20), &token).await?;
    ///     println!("{} more", page.count_rows().await?);
    /// }
    /// println!("{} in all", table.count_rows(Scan::new().prefix("a1205")).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Table::scan`].
    pub async fn scan(&self, scan: Scan) -> Result<Scanner> {
        self.driver.scan(scan).await.map(Scanner::new)
    }

    /// As [`scan`](Self::scan), from behind the last row of the scan that the token is of.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::scan_after`].
    pub async fn scan_after(&self, scan: Scan, token: &PageToken) -> Result<Scanner> {
        self.driver.scan_after(scan, token).await.map(Scanner::new)
    }

    /// Counts the rows of a scan, whose values the server doesn't send.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::count_rows`].
    pub async fn count_rows(&self, scan: Scan) -> Result<u64> {
        self.scan(scan.for_counting()).await?.count_rows().await
    }

    /// Reads a set of rows in the order of their keys.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::scan_rows`].
    pub async fn scan_rows(&self, rows: RowSet, scan: Scan) -> Result<RowSetScan> {
        self.driver.scan_rows(rows, scan).await.map(RowSetScan::new)
    }

    /// Scans several of the table's regions at once; rows come in no particular order.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Scan, aio::Client};
    /// # async fn example(client: Client) -> hbase_thrift_client::Result<()> {
    /// let table = client.table("crashes");
    /// println!("{} rows", table.scan_regions(Scan::new()).await?.count_rows().await?);
    /// let salts = "0123456789abcdef".chars().map(String::from);
    /// let mut newest = table.scan_merge(salts, Scan::new().prefix("120508").reversed()).await?;
    /// if let Some(row) = newest.next_row().await? {
    ///     println!("the newest is {}", row.key().escape_ascii());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`crate::Table::scan_regions`].
    pub async fn scan_regions(&self, scan: Scan) -> Result<UnionScan> {
        self.driver.scan_regions(scan).await.map(UnionScan::new)
    }

    /// Scans several of the table's regions at once; rows come in the order of their keys.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::scan_regions_in_order`].
    pub async fn scan_regions_in_order(&self, scan: Scan) -> Result<RegionScan> {
        self.driver.scan_regions_in_order(scan).await.map(RegionScan::new)
    }

    /// Scans the same range behind each of several salts; rows come in no particular order.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::scan_union`].
    pub async fn scan_union<S: Into<Vec<u8>>>(
        &self,
        salts: impl IntoIterator<Item = S>,
        scan: Scan,
    ) -> Result<UnionScan> {
        let salts = salts.into_iter().map(Into::into).collect();
        self.driver.scan_union(salts, scan).await.map(UnionScan::new)
    }

    /// Scans the same range behind each of several salts; rows come in the order of their keys without the salts.
    ///
    /// Dropped midway, it has had no effect.
    ///
    /// # Errors
    ///
    /// As [`crate::Table::scan_merge`].
    pub async fn scan_merge<S: Into<Vec<u8>>>(
        &self,
        salts: impl IntoIterator<Item = S>,
        scan: Scan,
    ) -> Result<MergeScan> {
        let salts = salts.into_iter().map(Into::into).collect();
        self.driver.scan_merge(salts, scan).await.map(MergeScan::new)
    }
}
