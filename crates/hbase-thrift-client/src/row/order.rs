//! HBase's order of columns within a row.

use std::cmp::Ordering;

/// Compares two columns (`family:qualifier`) by family, then by qualifier.
///
/// That is the byte order of the columns, but for a family that is the beginning of another: `f:z`
/// comes before `f1:a`, though the colon is a greater byte than the digit.
#[inline]
pub(crate) fn column_order(a: &[u8], b: &[u8]) -> Ordering {
    let Some(position) = a.iter().zip(b).position(|(a, b)| a != b) else {
        return a.len().cmp(&b.len());
    };
    let (left, right) = (a[position], b[position]);
    if (left == b':' || right == b':') && !a[..position].contains(&b':') {
        // One family ends where the other goes on.
        return (left != b':').cmp(&(right != b':'));
    }
    left.cmp(&right)
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
    fn qualifiers_are_in_byte_order_colons_and_all() {
        assert_eq!(column_order(b"f:a:b", b"f:a1"), Ordering::Greater);
        assert_eq!(column_order(b"f:", b"f:a"), Ordering::Less);
        assert_eq!(column_order(b"f:a", b"f:a"), Ordering::Equal);
    }

    proptest! {
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
