//! Reads of many rows in one stream.

use super::Table;
use crate::api::by_region::RegionScan;
use crate::api::row_set::RowSetScan;
use crate::api::salted::{MergeScan, UnionScan};
use crate::api::scanner::Scanner;
use crate::error::Result;
use crate::request::{PageToken, RowSet, Scan};
use crate::sync::blocking;

impl Table {
    /// Reads the rows of a range in order, a batch at a time.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let table = client.table("crashes");
    /// for row in table.scan(Scan::new().prefix("a1205").column("ids:ooid").limit(100))? {
    ///     println!("{:?}", row?.get("ids:ooid"));
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) at once; everything else comes from the
    /// scanner, whose first request is sent when its first row is asked for.
    pub fn scan(&self, scan: Scan) -> Result<Scanner> {
        blocking(self.driver.scan(scan)).map(Scanner::new)
    }

    /// As [`scan`](Self::scan), from behind the last row of the scan that the token is of. The scan is the same
    /// but for its limit, and how it is fetched.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{PageToken, Scan};
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// # let from_the_link = "";
    /// let token: PageToken = from_the_link.parse()?;
    /// let newest_first = Scan::new().prefix("a1205").reversed().limit(20);
    /// let page = client.table("crashes").scan_after(newest_first, &token)?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan); [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for a token of another scan
    /// or table.
    pub fn scan_after(&self, scan: Scan, token: &PageToken) -> Result<Scanner> {
        blocking(self.driver.scan_after(scan, token)).map(Scanner::new)
    }

    /// Counts the rows of a scan. The server sends no more than the keys of their cells; without a
    /// filter, no more than one cell of each row.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, Scan};
    /// # let client = Client::connect("hbase://localhost")?;
    /// let crashes = client.table("crashes").count_rows(Scan::new().prefix("a1205"))?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan), and the error that ended the scan.
    pub fn count_rows(&self, scan: Scan) -> Result<u64> {
        self.scan(scan.for_counting())?.count_rows()
    }

    /// Reads a set of rows in the order of their keys: several keys in one round trip, each range as
    /// a scan. Everything else is the scan's: columns, filter, limit, direction.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, RowSet, Scan};
    /// # let client = Client::connect("hbase://localhost")?;
    /// let rows = RowSet::new().row("a1").row("b7").range("d", "f");
    /// for row in client.table("crashes").scan_rows(rows, Scan::new().family("ids"))? {
    ///     println!("{}", row?.key().escape_ascii());
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan); [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for a scan that
    /// has a range of its own.
    pub fn scan_rows(&self, rows: RowSet, scan: Scan) -> Result<RowSetScan> {
        blocking(self.driver.scan_rows(rows, scan)).map(RowSetScan::new)
    }

    /// Runs a scan on several of the table's regions at once and hands out the rows in no particular
    /// order. The limit is for all regions together.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, Scan};
    /// # let client = Client::connect("hbase://localhost")?;
    /// let rows = client.table("crashes").scan_regions(Scan::new())?.count_rows()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan) and [`regions`](Self::regions).
    pub fn scan_regions(&self, scan: Scan) -> Result<UnionScan> {
        blocking(self.driver.scan_regions(scan)).map(UnionScan::new)
    }

    /// As [`scan_regions`](Self::scan_regions), in the order of the keys: while the rows of a region
    /// are read, a batch of each of the next three is on the way.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// for row in client.table("crashes").scan_regions_in_order(Scan::new().family("ids"))? {
    ///     println!("{}", row?.key().escape_ascii());
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan_regions`](Self::scan_regions).
    pub fn scan_regions_in_order(&self, scan: Scan) -> Result<RegionScan> {
        blocking(self.driver.scan_regions_in_order(scan)).map(RegionScan::new)
    }

    /// Runs a scan behind each of several salts (leading bytes that spread the keys over regions)
    /// and hands out the rows in no particular order, a few salts at once. The scan's keys are those
    /// after the salt; its limit is for all salts together.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::{Client, Config, Scan};
    /// # let client = Client::connect(Config::new("localhost", 9090))?;
    /// # let table = client.table("crash_reports");
    /// let salts = "0123456789abcdef".chars().map(String::from);
    /// for row in table.scan_union(salts, Scan::new().prefix("120508").limit(100))? {
    ///     println!("{}", row?.key().escape_ascii());
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan).
    pub fn scan_union<S: Into<Vec<u8>>>(
        &self,
        salts: impl IntoIterator<Item = S>,
        scan: Scan,
    ) -> Result<UnionScan> {
        let salts = salts.into_iter().map(Into::into).collect();
        blocking(self.driver.scan_union(salts, scan)).map(UnionScan::new)
    }

    /// As [`scan_union`](Self::scan_union), in the byte order of the keys without their salt. All
    /// salts are read at once, a batch of rows each in memory.
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let salts = "0123456789abcdef".chars().map(String::from);
    /// for row in client.table("crash_reports").scan_merge(salts, Scan::new().prefix("120508"))? {
    ///     println!("{}", row?.key().escape_ascii());
    /// }
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan).
    pub fn scan_merge<S: Into<Vec<u8>>>(
        &self,
        salts: impl IntoIterator<Item = S>,
        scan: Scan,
    ) -> Result<MergeScan> {
        let salts = salts.into_iter().map(Into::into).collect();
        blocking(self.driver.scan_merge(salts, scan)).map(MergeScan::new)
    }
}
