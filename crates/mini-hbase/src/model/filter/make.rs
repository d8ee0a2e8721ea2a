//! Filters from their names and arguments (`createFilterFromArguments` of each class).

use std::collections::BTreeSet;

use super::Filter;
use super::arguments::{self, Argument};
use super::compare::Comparison;
use super::leaves::{
    ColumnCountGet, ColumnPagination, ColumnPrefix, ColumnRange, FamilyName, FirstKeyOnly, KeyOnly,
    MultipleColumnPrefix, Qualifier, Timestamps,
};
use super::memory::Memory;
use super::rows::{InclusiveStop, Page, Prefix, RowKey};
use super::values::{ColumnValue, DependentColumn, SingleColumnValue, Value};

type Made = Result<Box<dyn Filter>, String>;

/// Makes one filter from its text.
pub(super) fn filter(expression: &[u8], memory: &Memory<'_>) -> Made {
    let name = arguments::name(expression)?;
    let arguments = arguments::list(expression)?;
    match name {
        b"KeyOnlyFilter" => key_only(&arguments),
        b"FirstKeyOnlyFilter" => none(&arguments, FirstKeyOnly::default()),
        b"PrefixFilter" => {
            let [prefix] = exactly(&arguments)?;
            boxed(Prefix::new(prefix.quoted()?))
        }
        b"ColumnPrefixFilter" => {
            let [prefix] = exactly(&arguments)?;
            boxed(ColumnPrefix::new(prefix.quoted()?))
        }
        b"MultipleColumnPrefixFilter" => multiple_column_prefix(&arguments),
        b"ColumnCountGetFilter" => {
            let [limit] = exactly(&arguments)?;
            boxed(ColumnCountGet::new(positive(limit.int()?)?))
        }
        b"PageFilter" => {
            let [size] = exactly(&arguments)?;
            boxed(Page::new(positive(size.long()?)?))
        }
        b"ColumnPaginationFilter" => {
            let [limit, offset] = exactly(&arguments)?;
            boxed(ColumnPagination::new(
                at_least_zero(limit.int()?)?,
                at_least_zero(offset.int()?)?,
            ))
        }
        b"InclusiveStopFilter" => {
            let [stop] = exactly(&arguments)?;
            boxed(InclusiveStop::new(stop.quoted()?))
        }
        b"TimestampsFilter" => timestamps(&arguments),
        b"RowFilter" => boxed(RowKey::new(comparison(&arguments, memory)?)),
        b"FamilyFilter" => boxed(FamilyName::new(comparison(&arguments, memory)?)),
        b"QualifierFilter" => boxed(Qualifier::new(comparison(&arguments, memory)?)),
        b"ValueFilter" => boxed(Value::new(comparison(&arguments, memory)?)),
        b"ColumnRangeFilter" => column_range(&arguments),
        b"SingleColumnValueFilter" => single_column_value(&arguments, false, memory),
        b"SingleColumnValueExcludeFilter" => single_column_value(&arguments, true, memory),
        b"DependentColumnFilter" => dependent_column(&arguments, memory),
        b"ColumnValueFilter" => {
            let [family, qualifier, operator, comparator] = exactly(&arguments)?;
            let comparison = Comparison::new(operator.operator()?, comparator.quoted()?, memory)?;
            boxed(ColumnValue::new(family.quoted()?, qualifier.quoted()?, comparison.ordered()?))
        }
        _ => Err(format!("Filter Name {} not supported", name.escape_ascii())),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it ends the arms of a match that can fail")]
fn boxed(filter: impl Filter + 'static) -> Made {
    Ok(Box::new(filter))
}

fn none(arguments: &[Argument], filter: impl Filter + 'static) -> Made {
    let [] = exactly(arguments)?;
    boxed(filter)
}

fn exactly<const N: usize>(arguments: &[Argument]) -> Result<&[Argument; N], String> {
    arguments.try_into().map_err(|_| format!("Expected {N} but got: {}", arguments.len()))
}

fn positive<T: TryInto<u64>>(number: T) -> Result<u64, String> {
    number.try_into().map_err(|_| "must be positive".to_owned())
}

fn at_least_zero(number: i32) -> Result<i32, String> {
    positive(number)?;
    Ok(number)
}

fn comparison(arguments: &[Argument], memory: &Memory<'_>) -> Result<Comparison, String> {
    let [operator, comparator] = exactly(arguments)?;
    Comparison::new(operator.operator()?, comparator.quoted()?, memory)?.ordered()
}

fn key_only(arguments: &[Argument]) -> Made {
    match arguments {
        [] => boxed(KeyOnly::new(false)),
        [length] => boxed(KeyOnly::new(length.boolean()?)),
        more => Err(format!("Expected: 0 or 1 but got: {}", more.len())),
    }
}

fn multiple_column_prefix(arguments: &[Argument]) -> Made {
    let mut prefixes = BTreeSet::new();
    for prefix in arguments {
        if !prefixes.insert(prefix.quoted()?.to_vec()) {
            return Err("prefixes must be distinct".to_owned());
        }
    }
    boxed(MultipleColumnPrefix::new(prefixes))
}

fn timestamps(arguments: &[Argument]) -> Made {
    let mut times = Vec::new();
    for time in arguments {
        let time = time.long()?;
        positive(time)?;
        times.push(time);
    }
    boxed(Timestamps::new(times))
}

fn column_range(arguments: &[Argument]) -> Made {
    let [min, min_inclusive, max, max_inclusive] = exactly(arguments)?;
    boxed(ColumnRange::new(
        (min.quoted()?, min_inclusive.boolean()?),
        (max.quoted()?, max_inclusive.boolean()?),
    ))
}

fn single_column_value(arguments: &[Argument], exclude: bool, memory: &Memory<'_>) -> Made {
    let ([family, qualifier, operator, comparator], flags) = match arguments {
        [a, b, c, d] => ([a, b, c, d], (false, true)),
        [a, b, c, d, missing, latest] => ([a, b, c, d], (missing.boolean()?, latest.boolean()?)),
        other => return Err(format!("Expected 4 or 6 but got: {}", other.len())),
    };
    let comparison =
        Comparison::new(operator.operator()?, comparator.quoted()?, memory)?.ordered()?;
    let column = (family.quoted()?, qualifier.quoted()?);
    boxed(SingleColumnValue::new(column, comparison, flags, exclude))
}

fn dependent_column(arguments: &[Argument], memory: &Memory<'_>) -> Made {
    let (family, qualifier, drop, comparison) = match arguments {
        [family, qualifier] => (family, qualifier, false, None),
        [family, qualifier, drop] => (family, qualifier, drop.boolean()?, None),
        [family, qualifier, drop, operator, comparator] => {
            let comparison = Comparison::new(operator.operator()?, comparator.quoted()?, memory)?;
            (family, qualifier, drop.boolean()?, Some(comparison))
        }
        other => return Err(format!("Expected 2, 3 or 5 but got: {}", other.len())),
    };
    boxed(DependentColumn::new(family.quoted()?, qualifier.quoted()?, drop, comparison))
}
