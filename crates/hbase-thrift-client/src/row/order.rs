//! HBase's order of columns within a row.

use std::cmp::Ordering;

/// Compares two columns (`family:qualifier`) by family, then by qualifier.
///
/// That is the byte order of the columns, but for a family that is the beginning of another: `f:z`
/// comes before `f1:a`, though the colon is a greater byte than the digit.
#[inline]
pub(crate) fn column_order(a: &[u8], b: &[u8]) -> Ordering {
    let same = common_prefix(a, b);
    match (a.get(same), b.get(same)) {
        (Some(left), Some(right)) if *left != b':' && *right != b':' => left.cmp(right),
        _ => order_at_colon(a, b, same),
    }
}

/// As [`column_order`], of two that are the same up to the end of one, or up to a colon in one.
#[cold]
fn order_at_colon(a: &[u8], b: &[u8], same: usize) -> Ordering {
    let (Some(left), Some(right)) = (a.get(same), b.get(same)) else {
        // A name without a colon is a family with an empty qualifier.
        let is_colon_more =
            (&a[same..] == b":" || &b[same..] == b":") && !a[..same].contains(&b':');
        return if is_colon_more { Ordering::Equal } else { a.len().cmp(&b.len()) };
    };
    if !a[..same].contains(&b':') {
        // One family ends where the other goes on.
        return (*left != b':').cmp(&(*right != b':'));
    }
    left.cmp(right)
}

/// How many bytes are the same at the beginning; by words, because a row's columns often share a
/// long one.
#[inline]
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let length = a.len().min(b.len());
    let (a, b) = (&a[..length], &b[..length]);
    let differ = |a: &[u8; 8], b: &[u8; 8]| u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
    let first_of = |difference: u64| difference.trailing_zeros() as usize / 8;
    for (word, (a, b)) in a.as_chunks().0.iter().zip(b.as_chunks().0).enumerate() {
        let difference = differ(a, b);
        if difference != 0 {
            return 8 * word + first_of(difference);
        }
    }
    match (a.last_chunk(), b.last_chunk()) {
        // The last word, of which the first bytes may have been looked at already.
        (Some(a), Some(b)) => length - 8 + first_of(differ(a, b)),
        _ => a.iter().zip(b).take_while(|(a, b)| a == b).count(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_shorter_family_comes_first_whatever_follows_it() {
        assert_eq!(column_order(b"f:z", b"f1:a"), Ordering::Less);
        assert_eq!(column_order(b"f1:a", b"f:z"), Ordering::Greater);
    }

    #[test]
    fn a_family_alone_is_one_with_an_empty_qualifier() {
        assert_eq!(column_order(b"f", b"f:"), Ordering::Equal);
        assert_eq!(column_order(b"f:", b"f"), Ordering::Equal);
        assert_eq!(column_order(b"f", b"f:a"), Ordering::Less);
        assert_eq!(column_order(b"f:a", b"f:a:"), Ordering::Less);
        assert_eq!(column_order(b"f", b"f1:"), Ordering::Less);
    }

    #[test]
    fn qualifiers_are_in_byte_order_colons_and_all() {
        assert_eq!(column_order(b"f:a:b", b"f:a1"), Ordering::Greater);
        assert_eq!(column_order(b"f:", b"f:a"), Ordering::Less);
        assert_eq!(column_order(b"f:a", b"f:a"), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn the_common_prefix_ends_at_the_first_difference(
            a in "[ab]{0,3}x{0,20}[ab]{0,3}",
            b in "[ab]{0,3}x{0,20}[ab]{0,3}",
        ) {
            let expected = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
            prop_assert_eq!(common_prefix(a.as_bytes(), b.as_bytes()), expected);
        }

        #[test]
        fn the_order_is_that_of_family_and_qualifier(
            a in ("[a-c1!]{1,3}", "[a-c1:!]{0,3}"),
            b in ("[a-c1!]{1,3}", "[a-c1:!]{0,3}"),
        ) {
            let column = |(family, qualifier): &(String, String)| format!("{family}:{qualifier}");
            prop_assert_eq!(column_order(column(&a).as_bytes(), column(&b).as_bytes()), a.cmp(&b));
        }
    }
}
