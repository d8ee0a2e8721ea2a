//! The arguments of deletes, and of several mutations of one row.

use thrift::protocol::TOutputProtocol;

use super::fields::{Common, column, one_put, parts, some_attributes};
use crate::dialect::encode::{Encoded, bytes, inner, number32, number64, struct_list};
use crate::filter::CompareOp;
use crate::request::{CheckAndMutate, Condition, Delete, Mutation, Put, RowMutations};

/// `TDeleteType`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Version = 0,
    Column = 1,
    Family = 2,
    FamilyVersion = 3,
}

/// A column or family, with a time.
type Name<'a> = (&'a [u8], Option<i64>);

/// What one `TDelete` can say: columns of a row, or families, or single versions of either, or all of
/// the row.
pub(super) struct DeletePart<'a> {
    row: &'a [u8],
    names: Vec<Name<'a>>,
    kind: Kind,
    common: Common<'a>,
}

impl<'a> DeletePart<'a> {
    /// What a delete consists of: one part for each kind that it has.
    pub(super) fn of(delete: &'a Delete) -> Vec<Self> {
        let row = delete.row.as_slice();
        let common = Common {
            timestamp: delete.timestamp,
            attributes: &delete.attributes,
            durability: delete.durability,
        };
        let versions = delete.get_versions();
        let versions = by_kind(row, versions, [Kind::Version, Kind::FamilyVersion], common);
        let names = delete.get_columns().map(|name| (name, delete.timestamp));
        let mut all = Self::of_all_versions(row, names, common);
        if delete.versions.is_empty() {
            return all;
        }
        all.retain(|part| !part.names.is_empty());
        all.extend(versions);
        all
    }

    /// As [`of`](Self::of), of a delete that names no single versions.
    pub(super) fn of_all_versions(
        row: &'a [u8],
        names: impl Iterator<Item = Name<'a>>,
        common: Common<'a>,
    ) -> Vec<Self> {
        let parts = by_kind(row, names, [Kind::Column, Kind::Family], common);
        if parts.is_empty() {
            return vec![Self { row, names: Vec::new(), kind: Kind::Column, common }];
        }
        parts
    }

    /// A `TDelete`. Where it names columns, only their own times count, else only its own does.
    pub(super) fn write(&self, protocol: &mut dyn TOutputProtocol) -> Encoded {
        let time = |protocol: &mut dyn TOutputProtocol, timestamp: Option<i64>| {
            timestamp.map_or(Ok(()), |timestamp| number64(protocol, 3, timestamp))
        };
        bytes(protocol, 1, self.row)?;
        if self.names.is_empty() {
            time(protocol, self.common.timestamp)?;
        } else {
            struct_list(protocol, 2, &self.names, |protocol, (name, timestamp)| {
                column(protocol, name)?;
                time(protocol, *timestamp)
            })?;
        }
        number32(protocol, 4, self.kind as i32)?;
        some_attributes(protocol, 6, self.common.attributes)?;
        self.common.durability(protocol, 7)
    }
}

/// A part for the columns and one for the families, as far as there are any.
fn by_kind<'a>(
    row: &'a [u8],
    names: impl Iterator<Item = Name<'a>>,
    [of_columns, of_families]: [Kind; 2],
    common: Common<'a>,
) -> Vec<DeletePart<'a>> {
    let (columns, families): (Vec<_>, Vec<_>) = names.partition(|(name, _)| name.contains(&b':'));
    let parts = [(columns, of_columns), (families, of_families)];
    let parts = parts.into_iter().filter(|(names, _)| !names.is_empty());
    parts.map(|(names, kind)| DeletePart { row, names, kind, common }).collect()
}

/// A delete has one kind; for several it takes several, in one step.
pub(super) fn method_of_delete(delete: &Delete) -> &'static str {
    if DeletePart::of(delete).len() > 1 { "mutateRow" } else { "deleteSingle" }
}

pub(super) fn delete(protocol: &mut dyn TOutputProtocol, table: &[u8], delete: &Delete) -> Encoded {
    bytes(protocol, 1, table)?;
    match &DeletePart::of(delete)[..] {
        [part] => inner(protocol, 2, |protocol| part.write(protocol)),
        parts => inner(protocol, 2, |protocol| {
            bytes(protocol, 1, &delete.row)?;
            struct_list(protocol, 2, parts, |protocol, part| {
                inner(protocol, 2, |protocol| part.write(protocol))
            })
        }),
    }
}

pub(super) fn mutate_row(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    mutations: &RowMutations,
) -> Encoded {
    bytes(protocol, 1, table)?;
    inner(protocol, 2, |protocol| row_mutations(protocol, mutations))
}

pub(super) fn check_and_mutate(
    protocol: &mut dyn TOutputProtocol,
    table: &[u8],
    check: &CheckAndMutate,
) -> Encoded {
    let (family, qualifier) = parts(&check.column);
    // The given value stands on the left; an empty one, which has to be there, means none at all.
    let (op, value) = match &check.condition {
        Condition::Absent => (CompareOp::Equal, &[][..]),
        Condition::Present => (CompareOp::NotEqual, &[][..]),
        Condition::Matches(op, value) => (*op, value.as_slice()),
    };
    bytes(protocol, 1, table)?;
    bytes(protocol, 2, &check.row)?;
    bytes(protocol, 3, family)?;
    bytes(protocol, 4, qualifier.unwrap_or_default())?;
    number32(protocol, 5, with_operands_swapped(op))?;
    bytes(protocol, 6, value)?;
    inner(protocol, 7, |protocol| row_mutations(protocol, &check.mutations))
}

/// The `TCompareOp` that says the same of two values in the other order.
fn with_operands_swapped(op: CompareOp) -> i32 {
    match op {
        CompareOp::Greater => 0,
        CompareOp::GreaterOrEqual => 1,
        CompareOp::Equal => 2,
        CompareOp::NotEqual => 3,
        CompareOp::LessOrEqual => 4,
        CompareOp::Less => 5,
    }
}

/// A `TMutation`: a put, or a part of a delete.
enum RowMutation<'a> {
    Put(&'a Put),
    Delete(DeletePart<'a>),
}

/// A `TRowMutations`.
fn row_mutations<'a>(protocol: &mut dyn TOutputProtocol, row: &'a RowMutations) -> Encoded {
    let of = |mutation: &'a Mutation| match mutation {
        Mutation::Put(put) => vec![RowMutation::Put(put)],
        Mutation::Delete(delete) => {
            DeletePart::of(delete).into_iter().map(RowMutation::Delete).collect()
        }
    };
    let all: Vec<RowMutation<'_>> = row.mutations.iter().flat_map(of).collect();
    bytes(protocol, 1, &row.row)?;
    struct_list(protocol, 2, &all, |protocol, mutation| match mutation {
        RowMutation::Put(put) => inner(protocol, 1, |protocol| one_put(protocol, put)),
        RowMutation::Delete(part) => inner(protocol, 2, |protocol| part.write(protocol)),
    })
}
