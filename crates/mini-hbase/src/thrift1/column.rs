//! Columns as the interface names them: `family:qualifier`.

/// A family and, after the colon, a qualifier: nothing behind the colon is the empty qualifier, no
/// colon is the whole family (`CellUtil.parseColumn`).
pub(super) fn parse(column: &[u8]) -> (&[u8], Option<&[u8]>) {
    match column.iter().position(|&byte| byte == b':') {
        Some(colon) => (&column[..colon], Some(&column[colon + 1..])),
        None => (column, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_colon_divides_a_column() {
        assert_eq!(parse(b"f"), (&b"f"[..], None));
        assert_eq!(parse(b"f:"), (&b"f"[..], Some(&b""[..])));
        assert_eq!(parse(b"f:a:b"), (&b"f"[..], Some(&b"a:b"[..])));
    }
}
