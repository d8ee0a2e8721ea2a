//! Reading rows in the order of their keys.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::get::selection_methods;
use super::key_range::{KeyRange, after, after_prefix, before_prefix};
use super::scan_filter;
use super::{Selection, TimeRange};
use crate::filter::{Comparator, CompareOp, Filter};

/// Reads the rows of a range in the byte order of their keys.
///
/// ```
/// use hbase_thrift_client::Scan;
///
/// let all = Scan::new();
/// let some = Scan::new().prefix("a120508").column("ids:ooid").limit(100);
/// let newest_first = Scan::new().start("b").stop("a").reversed().caching(1_000);
/// # let _ = (all, some, newest_first);
/// ```
///
/// ```
/// use hbase_thrift_client::{Filter, Scan, TimeRange};
///
/// // What was asked for can be read back, to be written down and made again.
/// let scan = Scan::new()
///     .start("a")
///     .stop("b")
///     .columns(["ids:ooid", "flags:processed"])
///     .filter(Filter::key_only())
///     .time_range(TimeRange::until(1_336_510_250_000))
///     .batch(1_000)
///     .cache_blocks(false)
///     .read_ahead(false)
///     .attribute("origin", "report");
/// assert_eq!((scan.get_start(), scan.is_start_exclusive()), (&b"a"[..], false));
/// assert_eq!((scan.get_stop(), scan.is_stop_inclusive()), (&b"b"[..], false));
/// assert_eq!((scan.get_prefix(), scan.is_reversed()), (&b""[..], false));
/// assert_eq!(scan.get_columns().len(), 2);
/// assert_eq!(scan.get_filter(), Some(&b"KeyOnlyFilter()"[..]));
/// assert_eq!(scan.get_time_range(), TimeRange::until(1_336_510_250_000));
/// assert_eq!((scan.get_caching(), scan.get_batch(), scan.get_limit()), (256, Some(1_000), None));
/// assert!(!scan.get_cache_blocks() && !scan.get_read_ahead());
/// assert_eq!(scan.get_attributes().count(), 1);
/// ```
///
/// ```
/// use hbase_thrift_client::Scan;
///
/// // Thrift 2 reads several versions; both take what a reader may see.
/// let scan = Scan::new().max_versions(3).authorizations(["staff"]);
/// assert_eq!((scan.get_max_versions(), scan.get_authorizations()), (3, Some(vec!["staff"])));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Scan {
    pub(crate) range: Range,
    pub(crate) selection: Selection,
    /// Other times than those of the selection, by family.
    pub(crate) family_times: BTreeMap<Vec<u8>, TimeRange>,
    pub(crate) reversed: bool,
    pub(crate) filter: Option<Vec<u8>>,
    pub(crate) caching: u32,
    pub(crate) batch: Option<u32>,
    pub(crate) cache_blocks: bool,
    pub(crate) limit: Option<u64>,
    pub(crate) read_ahead: bool,
    pub(crate) paged: bool,
}

/// Which rows: a prefix, and within it the keys after the prefix, in the direction of the scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Range {
    prefix: Vec<u8>,
    start: Vec<u8>,
    start_is_excluded: bool,
    stop: Vec<u8>,
    stop_is_included: bool,
}

impl Default for Scan {
    fn default() -> Self {
        Self::new()
    }
}

impl Scan {
    /// All rows of the table.
    pub fn new() -> Self {
        Self {
            range: Range::default(),
            selection: Selection::default(),
            family_times: BTreeMap::new(),
            reversed: false,
            filter: None,
            caching: 256,
            batch: None,
            cache_blocks: true,
            limit: None,
            read_ahead: true,
            paged: false,
        }
    }

    /// From this row key on, itself included; empty means from the scan's first end.
    ///
    /// Replaces a [`prefix`](Self::prefix).
    pub fn start(mut self, row: impl Into<Vec<u8>>) -> Self {
        self.range =
            Range { prefix: Vec::new(), start: row.into(), start_is_excluded: false, ..self.range };
        self
    }

    /// From the row after this key on, itself excluded; empty means from the scan's first end.
    ///
    /// Replaces a [`prefix`](Self::prefix).
    ///
    /// ```
    /// use hbase_thrift_client::Scan;
    ///
    /// let next_page = Scan::new().start_exclusive("the last row of this page").limit(20);
    /// assert_eq!(next_page.get_start(), b"the last row of this page");
    /// ```
    pub fn start_exclusive(mut self, row: impl Into<Vec<u8>>) -> Self {
        self.range =
            Range { prefix: Vec::new(), start: row.into(), start_is_excluded: true, ..self.range };
        self
    }

    /// Up to this row key, itself excluded; empty means to the scan's last end.
    ///
    /// Replaces a [`prefix`](Self::prefix).
    pub fn stop(mut self, row: impl Into<Vec<u8>>) -> Self {
        self.range =
            Range { prefix: Vec::new(), stop: row.into(), stop_is_included: false, ..self.range };
        self
    }

    /// Up to this row key, itself included; empty means to the scan's last end.
    ///
    /// Replaces a [`prefix`](Self::prefix).
    ///
    /// ```
    /// use hbase_thrift_client::Scan;
    ///
    /// let may = Scan::new().start("2012-05-01").stop_inclusive("2012-05-31");
    /// assert!(may.is_stop_inclusive());
    /// ```
    pub fn stop_inclusive(mut self, row: impl Into<Vec<u8>>) -> Self {
        self.range =
            Range { prefix: Vec::new(), stop: row.into(), stop_is_included: true, ..self.range };
        self
    }

    /// Only rows whose key begins so. Replaces [`start`](Self::start) and [`stop`](Self::stop).
    pub fn prefix(mut self, prefix: impl Into<Vec<u8>>) -> Self {
        self.range = Range { prefix: prefix.into(), ..Range::default() };
        self
    }

    selection_methods!();

    /// Of this family only versions whose time is in this range, instead of the scan's
    /// [own](Self::time_range) (`Scan.setColumnFamilyTimeRange`). Needs a Thrift 2 gateway that is not
    /// framed.
    ///
    /// ```
    /// use hbase_thrift_client::{Scan, TimeRange};
    ///
    /// let scan = Scan::new().family_time_range("log", TimeRange::from(1_336_510_250_000));
    /// assert_eq!(scan.get_family_time_ranges().count(), 1);
    /// ```
    #[doc(alias = "setColumnFamilyTimeRange")]
    pub fn family_time_range(mut self, family: impl Into<Vec<u8>>, times: TimeRange) -> Self {
        self.family_times.insert(family.into(), times);
        self
    }

    /// Returns the families that have a time range of their own, in the order of their names.
    pub fn get_family_time_ranges(&self) -> impl ExactSizeIterator<Item = (&[u8], TimeRange)> {
        self.family_times.iter().map(|(family, times)| (family.as_slice(), *times))
    }

    /// From the greatest key to the smallest: [`start`](Self::start) is then the greater one.
    pub fn reversed(mut self) -> Self {
        self.reversed = true;
        self
    }

    /// Only what passes a filter: a [`Filter`](crate::Filter), or text in HBase's filter language.
    pub fn filter(mut self, filter: impl Into<Vec<u8>>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// How many rows are fetched at once; 256. One round trip and one buffer each.
    pub fn caching(mut self, rows: u32) -> Self {
        self.caching = rows;
        self
    }

    /// Splits a row with more cells than this into several, with the same key one after the other;
    /// without it every row comes whole. For rows that would not fit into memory; with one version of
    /// each cell.
    pub fn batch(mut self, cells: u32) -> Self {
        self.batch = Some(cells);
        self
    }

    /// Whether blocks that are read stay in the server's cache; yes. Switch it off for a scan that
    /// reads much once.
    pub fn cache_blocks(mut self, cache_blocks: bool) -> Self {
        self.cache_blocks = cache_blocks;
        self
    }

    /// At most so many rows in all (results, where [`batch`](Self::batch) splits rows).
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Whether the next rows are asked for while the caller still reads; yes. At most two batches are under
    /// way, and two only where they have up to 256 KiB.
    pub fn read_ahead(mut self, read_ahead: bool) -> Self {
        self.read_ahead = read_ahead;
        self
    }

    /// Keeps nothing at the gateway between two batches: each is a call of its own, from behind the last row
    /// on. For gateways behind a load balancer, where the next call may reach another one, and for callers
    /// who take longer over a batch than a scanner lives (a minute without a call).
    ///
    /// Each batch costs the cluster as much as the beginning of a scan, so choose the
    /// [`caching`](Self::caching) accordingly. Thrift 1 has no such call.
    ///
    /// ```
    /// use hbase_thrift_client::Scan;
    ///
    /// let scan = Scan::new().prefix("a120508").caching(1_000).paged();
    /// assert!(scan.is_paged());
    /// ```
    pub fn paged(mut self) -> Self {
        self.paged = true;
        self
    }

    /// Returns the row key that the scan begins at; empty means its first end.
    pub fn get_start(&self) -> &[u8] {
        &self.range.start
    }

    /// Returns whether the row that the scan begins at is excluded.
    pub fn is_start_exclusive(&self) -> bool {
        self.range.start_is_excluded
    }

    /// Returns the row key that the scan ends at; empty means its last end.
    pub fn get_stop(&self) -> &[u8] {
        &self.range.stop
    }

    /// Returns whether the row that the scan ends at is included.
    pub fn is_stop_inclusive(&self) -> bool {
        self.range.stop_is_included
    }

    /// Returns how the row keys begin; empty means all rows.
    pub fn get_prefix(&self) -> &[u8] {
        &self.range.prefix
    }

    /// Returns whether the scan goes from the greatest key to the smallest.
    pub fn is_reversed(&self) -> bool {
        self.reversed
    }

    /// Returns the filter in HBase's filter language.
    pub fn get_filter(&self) -> Option<&[u8]> {
        self.filter.as_deref()
    }

    /// Returns how many rows are fetched at once.
    pub fn get_caching(&self) -> u32 {
        self.caching
    }

    /// Returns the number of cells from which on a row is split.
    pub fn get_batch(&self) -> Option<u32> {
        self.batch
    }

    /// Returns whether blocks that are read stay in the server's cache.
    pub fn get_cache_blocks(&self) -> bool {
        self.cache_blocks
    }

    /// Returns how many rows the scan returns at most.
    pub fn get_limit(&self) -> Option<u64> {
        self.limit
    }

    /// Returns whether the next rows are asked for while the caller still reads.
    pub fn get_read_ahead(&self) -> bool {
        self.read_ahead
    }

    /// Returns whether nothing is kept at the gateway between two batches.
    pub fn is_paged(&self) -> bool {
        self.paged
    }

    /// Whether a page that is too short can be followed by another one: parts of rows can't, and some filters
    /// begin anew with each page.
    pub(crate) fn can_be_paged(&self) -> bool {
        self.batch.is_none() && self.filter.as_deref().is_none_or(scan_filter::looks_at_rows_alone)
    }

    /// The same, backwards, of the rows before this one.
    pub(crate) fn before_row(&self, row: &[u8]) -> Self {
        let mut filter = Vec::from(Filter::row(Comparator::binary(CompareOp::Less, row)));
        if let Some(own) = &self.filter {
            filter = [filter.as_slice(), b" AND (", own, b")"].concat();
        }
        Self { filter: Some(filter), ..self.clone() }
    }

    /// The same scan behind a salt.
    pub(crate) fn behind(&self, salt: &[u8]) -> Self {
        let mut scan = self.clone();
        scan.range.prefix = [salt, &self.range.prefix].concat();
        scan
    }

    /// The first key, included, and the last, excluded, in the direction of the scan; empty where
    /// the table's end is meant.
    pub(crate) fn bounds(&self) -> (Vec<u8>, Vec<u8>) {
        let Range { prefix, start, stop, .. } = &self.range;
        let within = |key: &[u8]| [prefix.as_slice(), key].concat();
        let behind = |key: &[u8]| after(&within(key));
        let (excludes_start, includes_stop) = (self.excludes_start(), self.includes_stop());
        let start = match self.reversed {
            // A key too wide, as each that is not exact; what is outside is left out by the scanner.
            true if start.is_empty() => after_prefix(prefix),
            false if excludes_start => behind(start),
            _ => within(start),
        };
        let stop = match (self.reversed, stop.is_empty()) {
            (false, true) => after_prefix(prefix),
            (false, false) if includes_stop => behind(stop),
            (true, true) => before_prefix(prefix),
            (true, false) if includes_stop => before_prefix(&within(stop)),
            _ => within(stop),
        };
        (start, stop)
    }

    /// The keys of the scan, whatever its direction.
    pub(crate) fn keys(&self) -> KeyRange {
        let Range { prefix, start, stop, .. } = &self.range;
        let (excludes_start, includes_stop) = (self.excludes_start(), self.includes_stop());
        // What is the least key and whether it is included, then the same of the greatest.
        let (low, includes_low, high, includes_high) = if self.reversed {
            (stop, includes_stop, start, !excludes_start)
        } else {
            (start, !excludes_start, stop, includes_stop)
        };
        let within = |key: &[u8]| [prefix.as_slice(), key].concat();
        let is_low_exact = low.is_empty() || includes_low;
        let low = if is_low_exact { within(low) } else { after(&within(low)) };
        let high = match (high.is_empty(), includes_high) {
            (true, _) => after_prefix(prefix),
            (false, true) => after(&within(high)),
            (false, false) => within(high),
        };
        KeyRange { low, high }
    }

    /// The same scan of these keys.
    pub(crate) fn of_keys(&self, KeyRange { low, high }: KeyRange) -> Self {
        let range = if self.reversed {
            let prefix = Vec::new();
            Range {
                prefix,
                start: high,
                start_is_excluded: true,
                stop: low,
                stop_is_included: true,
            }
        } else {
            Range { start: low, stop: high, ..Range::default() }
        };
        Self { range, ..self.clone() }
    }

    /// Whether the scan names no range of its own.
    pub(crate) fn is_of_whole_table(&self) -> bool {
        self.keys() == KeyRange::default()
    }

    /// The same scan with as little of each row as it takes to count them.
    pub(crate) fn for_counting(mut self) -> Self {
        self.batch = None;
        self.filter = Some(match self.filter {
            // It may decide on any cell of a row.
            Some(filter) => [b"(", filter.as_slice(), b") AND KeyOnlyFilter()"].concat(),
            None => b"FirstKeyOnlyFilter() AND KeyOnlyFilter()".to_vec(),
        });
        self
    }

    fn excludes_start(&self) -> bool {
        self.range.start_is_excluded && !self.range.start.is_empty()
    }

    fn includes_stop(&self) -> bool {
        self.range.stop_is_included && !self.range.stop.is_empty()
    }

    /// On which side of the scan's range a key is that the server found within the bounds.
    pub(crate) fn side(&self, key: &[u8]) -> Ordering {
        let Range { prefix, start, stop, .. } = &self.range;
        let Some(key_within) = key.strip_prefix(prefix.as_slice()) else { return key.cmp(prefix) };
        if self.reversed && self.excludes_start() && key_within >= start.as_slice() {
            Ordering::Greater
        } else if self.reversed && self.includes_stop() && key_within < stop.as_slice() {
            Ordering::Less
        } else {
            Ordering::Equal
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn start_and_stop_replace_a_prefix() {
        let scan = Scan::new().prefix("p").start("a").stop("b");
        assert_eq!(scan.bounds(), (b"a".to_vec(), b"b".to_vec()));
    }

    #[test]
    fn a_range_goes_behind_its_salt() {
        let bounds = |scan: Scan| scan.behind(b"s").bounds();
        let keys = |start: &str, stop: &str| (start.as_bytes().to_vec(), stop.as_bytes().to_vec());
        assert_eq!(bounds(Scan::new().start("a").stop("b")), keys("sa", "sb"));
        assert_eq!(bounds(Scan::new().start("a")), keys("sa", "t"));
        assert_eq!(bounds(Scan::new().stop("b")), keys("s", "sb"));
        assert_eq!(bounds(Scan::new().prefix("p")), keys("sp", "sq"));
        assert_eq!(bounds(Scan::new().start("b").stop("a").reversed()), keys("sb", "sa"));
        assert_eq!(bounds(Scan::new().stop("a").reversed()), keys("t", "sa"));
    }

    fn any_scan() -> impl Strategy<Value = Scan> {
        use crate::request::key_range::tests::key;
        let ends = (key(), any::<bool>(), key(), any::<bool>());
        (ends, key(), any::<bool>()).prop_map(
            |((start, excluded, stop, included), salt, reversed)| {
                let scan = Scan::new();
                let scan = if excluded { scan.start_exclusive(start) } else { scan.start(start) };
                let scan = if included { scan.stop_inclusive(stop) } else { scan.stop(stop) };
                let scan = scan.behind(&salt);
                if reversed { scan.reversed() } else { scan }
            },
        )
    }

    /// What a server that knows plain bounds hands out, less what the scanner leaves out.
    fn has(scan: &Scan, key: &[u8]) -> bool {
        let (start, stop) = scan.bounds();
        let (start, stop) = (start.as_slice(), stop.as_slice());
        let is_after_start =
            start.is_empty() || if scan.reversed { key <= start } else { key >= start };
        let is_before_stop = stop.is_empty() || if scan.reversed { key > stop } else { key < stop };
        is_after_start && is_before_stop && (!scan.reversed || scan.side(key).is_eq())
    }

    proptest! {
        #[test]
        fn the_bounds_and_the_keys_of_a_scan_are_the_same(
            scan in any_scan(),
            key in crate::request::key_range::tests::key(),
        ) {
            prop_assume!(!key.is_empty());
            prop_assert_eq!(has(&scan, &key), scan.keys().contains(&key));
            let again = scan.of_keys(scan.keys());
            prop_assert_eq!(has(&again, &key), has(&scan, &key), "{:?}", again);
        }

        #[test]
        fn exactly_the_keys_with_the_prefix_are_in_its_range(
            prefix: Vec<u8>,
            key: Vec<u8>,
            suffix: Vec<u8>,
        ) {
            let (start, stop) = Scan::new().prefix(prefix.clone()).bounds();
            let in_range = |key: &[u8]| key >= start.as_slice()
                && (stop.is_empty() || key < stop.as_slice());
            prop_assert_eq!(in_range(&key), key.starts_with(&prefix));
            let longer = [prefix, suffix].concat();
            prop_assert!(in_range(&longer));
        }

        #[test]
        fn all_keys_with_the_prefix_are_in_its_reversed_range(prefix: Vec<u8>, suffix: Vec<u8>) {
            let scan = Scan::new().prefix(prefix.clone()).reversed();
            let (start, stop) = scan.bounds();
            let key = [prefix, suffix].concat();
            prop_assume!(!key.is_empty());
            prop_assert!(start.is_empty() || key <= start);
            prop_assert!(key > stop);
            prop_assert_eq!(scan.side(&key), Ordering::Equal);
        }
    }
}
