//! One scan, split at the borders of the table's regions.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::time::Duration;

use super::scanner::Scanner;
use crate::error::Result;
use crate::request::{KeyRange, Region, Scan};
use crate::row::Row;

/// The rows of a scan whose regions are read ahead of one another, in order:
/// [`Table::scan_regions_in_order`](crate::Table::scan_regions_in_order).
///
/// Ends after the first error.
///
/// ```no_run
/// # use hbase_thrift_client::Scan;
/// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
/// let table = client.table("crashes");
/// let mut rows = table.scan_regions_in_order(Scan::new())?;
/// if let Some(first) = rows.next().transpose()? {
///     println!("the first row is {}", first.key().escape_ascii());
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
pub struct RegionScan {
    /// Those of the regions that are still to be read, in order.
    scanners: VecDeque<Scanner>,
    /// How many of them, from the first on, have asked for their first rows.
    begun: usize,
    /// Whether the gateways are quick enough to be asked ahead.
    asks_ahead: bool,
    left: u64,
}

/// How many regions are read at once: one by the caller, the others a batch ahead.
const REGIONS_AT_ONCE: usize = 4;
/// So long a row may be held back by what is asked ahead. Gateways that take longer are asked for one
/// region after the other.
const AHEAD_WITHIN: Duration = Duration::from_millis(500);

impl RegionScan {
    /// The scanners are in the order of their rows.
    pub(super) fn new(scanners: impl Iterator<Item = Scanner>, limit: Option<u64>) -> Self {
        Self {
            scanners: scanners.collect(),
            begun: 0,
            asks_ahead: true,
            left: limit.unwrap_or(u64::MAX),
        }
    }

    /// Counts the rows that are left (results, where [`Scan::batch`] splits rows).
    ///
    /// ```no_run
    /// # use hbase_thrift_client::Scan;
    /// # let client = hbase_thrift_client::Client::connect("hbase://localhost")?;
    /// let crashes = client.table("crashes");
    /// let rows = crashes.scan_regions_in_order(Scan::new())?.count_rows()?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The error that ended the scan.
    pub fn count_rows(mut self) -> Result<u64> {
        self.try_fold(0, |rows, row| row.map(|_| rows + 1))
    }

    fn next_row(&mut self) -> Result<Option<Row>> {
        while self.left > 0 && !self.scanners.is_empty() {
            if let Some(row) = self.scanners.front_mut().and_then(Iterator::next).transpose()? {
                self.left -= 1;
                self.ask_ahead();
                return Ok(Some(row));
            }
            self.scanners.pop_front();
            self.begun = self.begun.saturating_sub(1);
        }
        Ok(None)
    }

    /// Lets one more region be read ahead. The first of them has just returned a row.
    fn ask_ahead(&mut self) {
        self.begun = self.begun.max(1);
        if self.asks_ahead
            && self.begun < REGIONS_AT_ONCE
            && let Some(scanner) = self.scanners.get_mut(self.begun)
        {
            self.asks_ahead = scanner.begin(AHEAD_WITHIN);
            self.begun += 1;
        }
    }
}

impl Iterator for RegionScan {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        let row = self.next_row().transpose();
        if !matches!(row, Some(Ok(_))) {
            self.left = 0;
            self.scanners.clear();
        }
        row
    }
}

impl FusedIterator for RegionScan {}

impl fmt::Debug for RegionScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegionScan").field("regions", &self.scanners.len()).finish_non_exhaustive()
    }
}

/// The scan, split at the borders of the regions, in the direction of the scan. Rows stay where they
/// are if regions are split or merged meanwhile: each part is a range of keys.
pub(super) fn parts(scan: &Scan, regions: &[Region]) -> Vec<Scan> {
    let keys = scan.keys();
    let borders = regions.iter().map(|region| region.end_key.clone());
    let mut low = Vec::new();
    let mut parts = Vec::new();
    // What the regions don't cover, which is what was split while they were listed, is covered too.
    for high in borders.filter(|key| !key.is_empty()).chain([Vec::new()]) {
        if !high.is_empty() && high <= low {
            continue;
        }
        let part = keys.intersection(&KeyRange { low, high: high.clone() });
        if !part.is_empty() {
            parts.push(scan.of_keys(part));
        }
        low = high;
    }
    if scan.reversed {
        parts.reverse();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(start_key: &str, end_key: &str) -> Region {
        Region {
            name: None,
            start_key: start_key.into(),
            end_key: end_key.into(),
            id: None,
            server: None,
            port: None,
        }
    }

    fn ranges(scan: &Scan, regions: &[Region]) -> Vec<(String, String)> {
        let text = |key: Vec<u8>| key.escape_ascii().to_string();
        let parts = parts(scan, regions).into_iter();
        parts.map(|part| part.keys()).map(|keys| (text(keys.low), text(keys.high))).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(low, high)| ((*low).to_owned(), (*high).to_owned())).collect()
    }

    #[test]
    fn a_scan_is_split_where_regions_meet() {
        let regions = [region("", "g"), region("g", "p"), region("p", "")];
        assert_eq!(ranges(&Scan::new(), &regions), pairs(&[("", "g"), ("g", "p"), ("p", "")]));
        let some = Scan::new().start("h").stop("q");
        assert_eq!(ranges(&some, &regions), pairs(&[("h", "p"), ("p", "q")]));
        let back = Scan::new().start("q").stop("h").reversed();
        assert_eq!(ranges(&back, &regions), pairs(&[("p", "q\\x00"), ("h\\x00", "p")]));
        assert_eq!(ranges(&Scan::new().prefix("a"), &regions), pairs(&[("a", "b")]));
    }

    #[test]
    fn regions_with_gaps_or_twice_lose_no_key() {
        let regions = [region("", "g"), region("", "c"), region("c", "g"), region("k", "p")];
        let parts = ranges(&Scan::new(), &regions);
        assert_eq!(parts, pairs(&[("", "g"), ("g", "p"), ("p", "")]));
        assert_eq!(ranges(&Scan::new(), &[]), pairs(&[("", "")]));
    }
}
