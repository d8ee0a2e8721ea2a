//! What the text of a filter says of scans, as far as its filters' names tell.

/// Filters that decide on whole rows (`Filter.hasFilterRow`), which HBase refuses for a scan that splits
/// them.
const OF_WHOLE_ROWS: [&str; 6] = [
    "PageFilter",
    "SingleColumnValueFilter",
    "SingleColumnValueExcludeFilter",
    "DependentColumnFilter",
    "SKIP",
    "WHILE",
];

/// Filters that end a scan by what they have seen so far. Another scan behind the last row, which they have
/// not seen the rows before, would go on.
const THAT_BEGIN_ANEW: [&str; 3] = ["PageFilter", "ColumnCountGetFilter", "WHILE"];

/// What says of each row by itself, or by its key, whether it belongs to a scan; and the language's words.
const OF_EACH_ROW: [&str; 21] = [
    "AND",
    "OR",
    "SKIP",
    "true",
    "false",
    "ColumnPaginationFilter",
    "ColumnPrefixFilter",
    "ColumnRangeFilter",
    "DependentColumnFilter",
    "FamilyFilter",
    "FirstKeyOnlyFilter",
    "InclusiveStopFilter",
    "KeyOnlyFilter",
    "MultipleColumnPrefixFilter",
    "PrefixFilter",
    "QualifierFilter",
    "RowFilter",
    "SingleColumnValueExcludeFilter",
    "SingleColumnValueFilter",
    "TimestampsFilter",
    "ValueFilter",
];

/// Returns the name of a filter that needs whole rows.
pub(crate) fn of_whole_rows(filter: &[u8]) -> Option<&'static str> {
    first_of(&OF_WHOLE_ROWS, filter)
}

/// Returns the name of a filter that would not be the same for a scan in several pieces.
pub(crate) fn that_begins_anew(filter: &[u8]) -> Option<&'static str> {
    first_of(&THAT_BEGIN_ANEW, filter)
}

/// Whether the filter is the same for a scan in several pieces. Nobody knows of filters that were added to a
/// server.
pub(crate) fn looks_at_rows_alone(filter: &[u8]) -> bool {
    let is_known = |word: &[u8]| {
        word.iter().all(u8::is_ascii_digit)
            || OF_EACH_ROW.iter().any(|known| known.as_bytes() == word)
    };
    words(filter).into_iter().all(is_known)
}

fn first_of(names: &[&'static str], filter: &[u8]) -> Option<&'static str> {
    let words = words(filter);
    names.iter().find(|name| words.contains(&name.as_bytes())).copied()
}

/// The words outside of values.
fn words(filter: &[u8]) -> Vec<&[u8]> {
    // Every second piece between quotes is a value; a doubled quote only adds an empty piece.
    let outside: Vec<&[u8]> = filter.split(|byte| *byte == b'\'').step_by(2).collect();
    outside.iter().flat_map(|text| text.split(|byte| !byte.is_ascii_alphanumeric())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_count_what_they_have_seen_begin_anew() {
        assert_eq!(
            that_begins_anew(b"RowFilter(=, 'binary:a') AND PageFilter(3)"),
            Some("PageFilter")
        );
        assert_eq!(that_begins_anew(b"(WHILE ValueFilter(=, 'binary:a'))"), Some("WHILE"));
        assert_eq!(that_begins_anew(b"RowFilter(=, 'binary:it''s a PageFilter(3)')"), None);
    }

    #[test]
    fn a_filter_that_is_not_known_may_have_a_memory() {
        for known in [
            "SKIP ValueFilter(!=, 'binary:0') OR (RowFilter(>=, 'regexstring:a''b') AND KeyOnlyFilter())",
            "SingleColumnValueFilter('f', 'q', =, 'binary:x', true, false)",
            "ColumnPaginationFilter(10, 20) AND TimestampsFilter(1, 2)",
            "",
        ] {
            assert!(looks_at_rows_alone(known.as_bytes()), "{known}");
        }
        for unknown in
            ["PageFilter(3)", "ColumnCountGetFilter(2)", "OurFilter('x')", "WHILE KeyOnlyFilter()"]
        {
            assert!(!looks_at_rows_alone(unknown.as_bytes()), "{unknown}");
        }
    }
}
