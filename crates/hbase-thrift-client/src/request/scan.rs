//! Reading rows in the order of their keys.

use std::cmp::Ordering;

use super::Selection;
use super::get::selection_methods;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    pub(crate) range: Range,
    pub(crate) selection: Selection,
    pub(crate) reversed: bool,
    pub(crate) filter: Option<Vec<u8>>,
    pub(crate) caching: u32,
    pub(crate) batch: Option<u32>,
    pub(crate) cache_blocks: bool,
    pub(crate) limit: Option<u64>,
    pub(crate) read_ahead: bool,
}

/// Which rows: a prefix, and within it the keys after the prefix, in the direction of the scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Range {
    prefix: Vec<u8>,
    start: Vec<u8>,
    stop: Vec<u8>,
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
            reversed: false,
            filter: None,
            caching: 256,
            batch: None,
            cache_blocks: true,
            limit: None,
            read_ahead: true,
        }
    }

    /// From this row key on, itself included; empty means from the scan's first end.
    ///
    /// Replaces a [`prefix`](Self::prefix).
    pub fn start(mut self, row: impl Into<Vec<u8>>) -> Self {
        self.range = Range { prefix: Vec::new(), start: row.into(), stop: self.range.stop };
        self
    }

    /// Up to this row key, itself excluded; empty means to the scan's last end.
    ///
    /// Replaces a [`prefix`](Self::prefix).
    pub fn stop(mut self, row: impl Into<Vec<u8>>) -> Self {
        self.range = Range { prefix: Vec::new(), start: self.range.start, stop: row.into() };
        self
    }

    /// Only rows whose key begins so. Replaces [`start`](Self::start) and [`stop`](Self::stop).
    pub fn prefix(mut self, prefix: impl Into<Vec<u8>>) -> Self {
        self.range = Range { prefix: prefix.into(), ..Range::default() };
        self
    }

    selection_methods!();

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
    /// without it every row comes whole. For rows that would not fit into memory.
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

    /// Whether the next rows are asked for while the caller still reads; yes.
    pub fn read_ahead(mut self, read_ahead: bool) -> Self {
        self.read_ahead = read_ahead;
        self
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
        let Range { prefix, start, stop } = &self.range;
        let within = |key: &[u8]| [prefix, key].concat();
        match (self.reversed, start.is_empty(), stop.is_empty()) {
            (false, _, true) => (within(start), after_prefix(prefix)),
            (false, _, false) | (true, false, false) => (within(start), within(stop)),
            // Each a key too wide; what has another prefix is left out by the scanner.
            (true, true, true) => (after_prefix(prefix), before_prefix(prefix)),
            (true, true, false) => (after_prefix(prefix), within(stop)),
            (true, false, true) => (within(start), before_prefix(prefix)),
        }
    }

    /// On which side of the scan's range a key is that the server found within the bounds.
    pub(crate) fn side(&self, key: &[u8]) -> Ordering {
        let prefix = &self.range.prefix;
        if key.starts_with(prefix) { Ordering::Equal } else { key.cmp(prefix) }
    }
}

/// The first row key after all those with a prefix; empty (the end of the table) where there is
/// none.
fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut after = prefix.to_vec();
    while let Some(last) = after.pop() {
        if last < u8::MAX {
            after.push(last + 1);
            break;
        }
    }
    after
}

/// A row key before all those with a prefix, as close as is worth it; empty (the beginning of the
/// table) where there is none.
fn before_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut before = prefix.to_vec();
    match before.pop() {
        // The prefix without its last zero is the greatest key before it.
        None | Some(0) => before,
        Some(last) => {
            before.push(last - 1);
            before.push(u8::MAX);
            before
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_greater_key() {
        assert_eq!(after_prefix(b"ab"), b"ac");
        assert_eq!(after_prefix(b"a\xff\xff"), b"b");
        assert_eq!(after_prefix(b"\xff"), b"");
        assert_eq!(after_prefix(b""), b"");
    }

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

    proptest! {
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
