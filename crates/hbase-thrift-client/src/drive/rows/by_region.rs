//! One scan, split at the borders of the table's regions.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Rows, ScanRows};
use crate::error::Result;
use crate::request::{KeyRange, Region, Scan};
use crate::row::Row;

/// The rows of a scan whose regions are read ahead of one another, in order.
pub(crate) struct RegionRows {
    /// Those of the regions that are still to be read, in order.
    scans: VecDeque<ScanRows>,
    /// How many of them, from the first on, have asked for their first rows.
    begun: usize,
    /// Whether the gateways are quick enough to be asked ahead.
    asks_ahead: bool,
    /// Whether a row of the first has been returned, after which one more region may be asked ahead.
    may_ask: bool,
    left: u64,
}

/// How many regions are read at once: one by the caller, the others a batch ahead.
const REGIONS_AT_ONCE: usize = 4;
/// So long a row may be held back by what is asked ahead. Gateways that take longer are asked for one
/// region after the other.
const AHEAD_WITHIN: Duration = Duration::from_millis(500);

impl RegionRows {
    /// The scans are in the order of their rows.
    pub(crate) fn new(scans: impl Iterator<Item = ScanRows>, limit: Option<u64>) -> Self {
        Self {
            scans: scans.collect(),
            begun: 0,
            asks_ahead: true,
            may_ask: false,
            left: limit.unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn regions(&self) -> usize {
        self.scans.len()
    }

    fn took_one(&mut self) {
        self.left -= 1;
        self.begun = self.begun.max(1);
        self.may_ask =
            self.asks_ahead && self.left > 0 && self.begun < REGIONS_AT_ONCE.min(self.scans.len());
    }

    /// Lets one more region be read ahead, before the next row: nothing is waited for between a row that came
    /// and its return.
    async fn ask_ahead(&mut self) {
        if self.may_ask
            && let Some(scan) = self.scans.get_mut(self.begun)
        {
            self.asks_ahead = scan.begin(AHEAD_WITHIN).await;
            self.begun += 1;
        }
        self.may_ask = false;
    }
}

impl Rows for RegionRows {
    fn at_hand(&mut self) -> Option<Row> {
        if self.may_ask || self.left == 0 {
            return None;
        }
        let row = self.scans.front_mut()?.at_hand()?;
        self.took_one();
        Some(row)
    }

    async fn find(&mut self) -> Result<Option<Row>> {
        self.ask_ahead().await;
        while self.left > 0
            && let Some(scan) = self.scans.front_mut()
        {
            if let Some(row) = scan.next_row().await? {
                self.took_one();
                return Ok(Some(row));
            }
            self.scans.pop_front();
            self.begun = self.begun.saturating_sub(1);
        }
        Ok(None)
    }

    fn end(&mut self) {
        self.left = 0;
        self.scans.clear();
    }
}

/// The scan, split at the borders of the regions, in the direction of the scan. Rows stay where they
/// are if regions are split or merged meanwhile: each part is a range of keys.
pub(crate) fn parts(scan: &Scan, regions: &[Region]) -> Vec<Scan> {
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
