//! Filters around another one, which hear only some of its answers.
//!
//! What the inner filter would say to a question that HBase's wrapper never passes on is lost, and
//! without a word: such filters are refused here.

use super::{Filter, Node, Simple, text};
use crate::error::{Error, Result};

impl Filter {
    /// Only rows all of whose cells pass this filter (`SkipFilter`).
    ///
    /// ```
    /// use hbase_thrift_client::{Comparator, CompareOp, Filter};
    ///
    /// let all_nonzero = Filter::value(Comparator::binary(CompareOp::NotEqual, [0])).skip()?;
    /// # let _ = all_nonzero;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) if a part of the filter does
    /// not decide cell by cell: HBase asks about nothing else then, so a filter on row keys lets
    /// every row through, and one that counts columns lets none.
    #[doc(alias = "SkipFilter")]
    pub fn skip(self) -> Result<Self> {
        let is_asked = |node: &Node| match node {
            Node::Simple(filter) => decides_by_cell(filter),
            Node::WhileMatch(_) => false,
            Node::And(_) | Node::Or(_) | Node::Skip(_) => true,
        };
        match first_without(&self.0, &is_asked) {
            None => Ok(Self(Node::Skip(Box::new(self.0)))),
            Some(name) => Err(Error::invalid(format!(
                "skip() can't have {name} in it, which does not decide cell by cell: HBase would \
                 not ask it the right question, and let through all rows or none"
            ))),
        }
    }

    /// Ends the scan with the first row or cell that does not pass this filter
    /// (`WhileMatchFilter`).
    ///
    /// The cells before it are in the result, also those of its own row.
    ///
    /// ```
    /// use hbase_thrift_client::{Comparator, CompareOp, Filter};
    ///
    /// let until = Filter::row(Comparator::binary(CompareOp::Less, "row9")).while_match()?;
    /// # let _ = until;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) if a part of the filter
    /// counts columns, which HBase takes for a refusal of the first cell, or is a
    /// [`DependentColumn`](crate::DependentColumn) or leaves a column out, which HBase does not ask
    /// to do so.
    #[doc(alias = "WhileMatchFilter")]
    pub fn while_match(self) -> Result<Self> {
        let is_heard = |node: &Node| match node {
            Node::Simple(
                Simple::ColumnCountGet(_)
                | Simple::ColumnPagination { .. }
                | Simple::DependentColumn(_),
            ) => false,
            Node::Simple(Simple::SingleColumnValue(filter)) => !filter.exclude_column,
            _ => true,
        };
        match first_without(&self.0, &is_heard) {
            None => Ok(Self(Node::WhileMatch(Box::new(self.0)))),
            Some(name) => Err(Error::invalid(format!(
                "while_match() can't have {name} in it: HBase would end the scan with the first \
                 cell, or ignore what the filter leaves out"
            ))),
        }
    }
}

/// Whether all that a filter says it says in `filterCell`, and with no answer but those that
/// `SkipFilter` understands. Exhaustive on purpose.
fn decides_by_cell(filter: &Simple) -> bool {
    match filter {
        Simple::KeyOnly { .. }
        | Simple::FirstKeyOnly
        | Simple::ColumnPrefix(_)
        | Simple::MultipleColumnPrefix(_)
        | Simple::Timestamps(_)
        | Simple::Family(_)
        | Simple::Qualifier(_)
        | Simple::Value(_)
        | Simple::ColumnRange(..)
        | Simple::ColumnValue { .. } => true,
        Simple::Prefix(_)
        | Simple::ColumnCountGet(_)
        | Simple::Page(_)
        | Simple::ColumnPagination { .. }
        | Simple::InclusiveStop(_)
        | Simple::Row(_)
        | Simple::SingleColumnValue(_)
        | Simple::DependentColumn(_) => false,
    }
}

/// The name of the first part of a tree that lacks a property.
fn first_without(node: &Node, property: &impl Fn(&Node) -> bool) -> Option<&'static str> {
    if !property(node) {
        return Some(text::name(node));
    }
    match node {
        Node::Simple(_) => None,
        Node::And(nodes) | Node::Or(nodes) => {
            nodes.iter().find_map(|node| first_without(node, property))
        }
        Node::Skip(node) | Node::WhileMatch(node) => first_without(node, property),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::filter::{Comparator, CompareOp, DependentColumn, SingleColumnValue};

    fn equal() -> Comparator {
        Comparator::binary(CompareOp::Equal, "a")
    }

    fn refusal(filter: Result<Filter>) -> String {
        let error = filter.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        error.to_string()
    }

    #[test]
    fn what_decides_cell_by_cell_can_be_in_skip() {
        let filters = [
            Filter::key_only(),
            Filter::first_key_only(),
            Filter::column_prefix("a"),
            Filter::multiple_column_prefix(["a"]).unwrap(),
            Filter::timestamps([1]),
            Filter::family(equal()),
            Filter::qualifier(equal()),
            Filter::value(equal()),
            Filter::column_range("a".."b"),
            Filter::column_value("f", "q", equal()),
            Filter::value(equal()).and(Filter::key_only()),
            Filter::value(equal()).skip().unwrap(),
        ];
        for filter in filters {
            assert!(filter.clone().skip().is_ok(), "{filter:?}");
        }
    }

    #[test]
    fn what_decides_otherwise_is_refused_in_skip_by_its_name() {
        let single = || SingleColumnValue::new("f", "q", equal());
        let filters = [
            (Filter::row(equal()), "RowFilter"),
            (Filter::prefix("a"), "PrefixFilter"),
            (Filter::inclusive_stop("a"), "InclusiveStopFilter"),
            (Filter::page(1), "PageFilter"),
            (Filter::column_count_get(1), "ColumnCountGetFilter"),
            (Filter::column_pagination(1, 0), "ColumnPaginationFilter"),
            (single().into(), "SingleColumnValueFilter"),
            (single().exclude_column().into(), "SingleColumnValueExcludeFilter"),
            (DependentColumn::new("f", "q").into(), "DependentColumnFilter"),
            (Filter::value(equal()).while_match().unwrap(), "WhileMatchFilter"),
            (Filter::value(equal()).and(Filter::key_only().or(Filter::page(1))), "PageFilter"),
        ];
        for (filter, name) in filters {
            assert!(refusal(filter.skip()).contains(name), "{name}");
        }
    }

    #[test]
    fn what_ends_with_a_row_or_a_cell_can_be_in_while_match() {
        let filters = [
            Filter::row(equal()),
            Filter::prefix("a"),
            Filter::inclusive_stop("a"),
            Filter::page(1),
            Filter::value(equal()).skip().unwrap(),
            SingleColumnValue::new("f", "q", equal()).into(),
        ];
        for filter in filters {
            let twice = filter.clone().while_match().and_then(Filter::while_match);
            assert!(twice.is_ok(), "{filter:?}");
        }
    }

    #[test]
    fn what_while_match_would_not_hear_is_refused_by_its_name() {
        let exclude = SingleColumnValue::new("f", "q", equal()).exclude_column();
        let filters = [
            (Filter::column_count_get(1), "ColumnCountGetFilter"),
            (Filter::page(1).and(Filter::column_pagination(1, 0)), "ColumnPaginationFilter"),
            (DependentColumn::new("f", "q").into(), "DependentColumnFilter"),
            (exclude.into(), "SingleColumnValueExcludeFilter"),
        ];
        for (filter, name) in filters {
            assert!(refusal(filter.while_match()).contains(name), "{name}");
        }
    }
}
