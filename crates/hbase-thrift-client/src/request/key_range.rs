//! A range of row keys, whatever the direction in which it is read.

use super::MAX_ROW_LENGTH;

/// The keys from `low` on, itself included, up to `high`, itself excluded; an empty `high` is the end
/// of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyRange {
    pub(crate) low: Vec<u8>,
    pub(crate) high: Vec<u8>,
}

impl KeyRange {
    /// One key.
    pub(crate) fn of(key: Vec<u8>) -> Self {
        Self { high: after(&key), low: key }
    }

    /// All keys that begin so.
    pub(crate) fn of_prefix(prefix: Vec<u8>) -> Self {
        Self { high: after_prefix(&prefix), low: prefix }
    }

    /// The key, if there is only one in the range; no row has the empty one.
    pub(crate) fn only_key(&self) -> Option<&[u8]> {
        let is_one =
            !self.low.is_empty() && self.high.strip_prefix(self.low.as_slice()) == Some(&[0]);
        is_one.then_some(self.low.as_slice())
    }

    /// Whether no key is in the range.
    pub(crate) fn is_empty(&self) -> bool {
        !self.high.is_empty() && self.low >= self.high
    }

    /// Whether the key is in the range.
    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        key >= self.low.as_slice() && (self.high.is_empty() || key < self.high.as_slice())
    }

    /// The keys that are in both.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let low = self.low.as_slice().max(&other.low).to_vec();
        let high = match (self.high.is_empty(), other.high.is_empty()) {
            (true, _) => &other.high,
            (false, true) => &self.high,
            (false, false) => (&self.high).min(&other.high),
        };
        Self { low, high: high.clone() }
    }

    /// The same keys in ranges that don't touch one another, in order.
    pub(crate) fn merged(mut ranges: Vec<Self>) -> Vec<Self> {
        ranges.retain(|range| !range.is_empty());
        ranges.sort_unstable();
        let mut merged: Vec<Self> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last) if last.high.is_empty() => break,
                // Keys of their own stay apart: they are read by name.
                Some(last)
                    if range.low < last.high
                        || (range.low == last.high && !both_keys(last, &range)) =>
                {
                    if range.high.is_empty() || range.high > last.high {
                        last.high = range.high;
                    }
                }
                _ => merged.push(range),
            }
        }
        merged
    }
}

fn both_keys(one: &KeyRange, other: &KeyRange) -> bool {
    one.only_key().is_some() && other.only_key().is_some()
}

/// The first key after this one, of those that a row can have.
pub(crate) fn after(key: &[u8]) -> Vec<u8> {
    if key.len() == MAX_ROW_LENGTH {
        let next = after_prefix(key);
        if !next.is_empty() {
            return next;
        }
    }
    [key, &[0]].concat()
}

/// The first row key after all those with a prefix; empty (the end of the table) where there is
/// none.
pub(crate) fn after_prefix(prefix: &[u8]) -> Vec<u8> {
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
pub(crate) fn before_prefix(prefix: &[u8]) -> Vec<u8> {
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
pub(super) mod tests {
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
    fn what_follows_the_longest_key_is_no_longer_than_it() {
        let longest = [vec![b'a'; MAX_ROW_LENGTH - 1], vec![u8::MAX]].concat();
        let next = [vec![b'a'; MAX_ROW_LENGTH - 2], vec![b'b']].concat();
        assert_eq!(after(&longest), next);
        assert!(KeyRange::of(longest.clone()).contains(&longest));
        assert_eq!(after(&longest[1..]), [&longest[1..], &[0]].concat());
    }

    #[test]
    fn the_empty_key_is_read_by_no_name() {
        let low = KeyRange { low: Vec::new(), high: vec![0] };
        assert_eq!(low.only_key(), None);
        assert_eq!(KeyRange::of(b"a".to_vec()).only_key(), Some(&b"a"[..]));
    }

    /// Few letters, so that ranges meet.
    pub(crate) fn key() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![Just(0), Just(1), Just(b'a'), Just(0xff)], 0..4)
    }

    fn ranges() -> impl Strategy<Value = Vec<KeyRange>> {
        let range = prop_oneof![
            (key(), key()).prop_map(|(low, high)| KeyRange { low, high }),
            key().prop_map(KeyRange::of),
            key().prop_map(KeyRange::of_prefix),
        ];
        prop::collection::vec(range, 0..6)
    }

    proptest! {
        #[test]
        fn merged_ranges_have_the_same_keys_each_once(ranges in ranges(), keys in prop::collection::vec(key(), 20)) {
            let merged = KeyRange::merged(ranges.clone());
            prop_assert!(merged.is_sorted());
            for key in keys {
                let before = ranges.iter().any(|range| range.contains(&key));
                let after = merged.iter().filter(|range| range.contains(&key)).count();
                prop_assert_eq!(after, usize::from(before), "{:?} in {:?}", key, merged);
            }
        }

        #[test]
        fn an_intersection_has_the_keys_of_both(ranges in (ranges(), ranges()), key in key()) {
            for (one, other) in ranges.0.iter().zip(&ranges.1) {
                let both = one.contains(&key) && other.contains(&key);
                let within = one.intersection(other);
                prop_assert_eq!(within.contains(&key), both);
                prop_assert!(!(both && within.is_empty()));
            }
        }
    }
}
