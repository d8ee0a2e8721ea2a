//! What a call does to the data, as far as repeating it goes.

use super::Dialect;
use super::call::Request;
use crate::request::Delete;

/// What a call may do to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Changes nothing.
    Read,
    /// Changes no data, but a second time it reads something else: a fetch moves its scanner.
    ReadOnce,
    /// Changes one row in one step; a second time changes nothing more.
    Write,
    /// Changes in several steps; a second time changes nothing more.
    WriteMany,
    /// Changes in one step; a second time changes more, or fails.
    Once,
    /// As `Once`, in several steps.
    OnceMany,
}

impl Effect {
    /// What a call of this interface may do to the data.
    pub(super) fn of(dialect: Dialect, request: &Request<'_>) -> Self {
        match request {
            Request::Get(..)
            | Request::GetRows(..)
            | Request::GetVersions(..)
            | Request::Exists(..)
            | Request::ExistsAll(..)
            | Request::IsTableEnabled(_)
            | Request::ColumnFamilies(_)
            | Request::Regions(_)
            | Request::TableNames
            | Request::TableStates
            | Request::ClusterId
            | Request::ServerType
            | Request::DescribeTable(_)
            | Request::DescribeNamespace(_)
            | Request::Namespaces
            | Request::RegionOf(..)
            | Request::Page(..)
            // An id that is lost with its reply costs the gateway a lease, not the data anything.
            | Request::OpenScanner(..) => Self::Read,
            // The gateway moves on even when the reply is lost, so a second fetch would skip rows.
            Request::FetchRows(_) | Request::CloseScanner(_) => Self::ReadOnce,
            // Without the newest version, another one is the newest.
            Request::Delete(_, delete) if delete.adds_up() => Self::Once,
            Request::MutateRow(_, row) if row.deletes().any(Delete::adds_up) => Self::Once,
            Request::Batch(_, batch) if batch.deletes.iter().any(Delete::adds_up) => Self::OnceMany,
            Request::Put(..)
            | Request::Delete(..)
            | Request::MutateRow(..)
            | Request::Compact(_)
            | Request::MajorCompact(_) => Self::Write,
            // All puts run, then all deletes, region by region.
            Request::Batch(..) | Request::PackedBatch(..) => Self::WriteMany,
            Request::Increment(..)
            | Request::Append(..)
            | Request::CheckAndPut(..)
            | Request::CheckAndMutate(..)
            | Request::CreateTable(..)
            | Request::TruncateTable(..)
            | Request::ModifyTable(..)
            | Request::AddFamily(..)
            | Request::ModifyFamily(..)
            | Request::DeleteFamily(..)
            | Request::CreateNamespace(_)
            | Request::ModifyNamespace(_)
            | Request::DeleteNamespace(_)
            | Request::EnableTable(_)
            | Request::DisableTable(_)
            | Request::DeleteTable(_)
            | Request::IncrementRows(_, [] | [_]) => Self::Once,
            Request::IncrementRows(..) => match dialect {
                // One after the other until one fails.
                Dialect::Thrift1 => Self::OnceMany,
                // All are of one row.
                Dialect::Thrift2 => Self::Once,
            },
        }
    }

    /// Whether the call can be sent again without harm, whatever became of it.
    pub(crate) fn is_repeatable(self) -> bool {
        match self {
            Self::Read | Self::Write | Self::WriteMany => true,
            Self::ReadOnce | Self::Once | Self::OnceMany => false,
        }
    }

    /// Whether the call leaves the data as it is.
    pub(crate) fn is_read(self) -> bool {
        matches!(self, Self::Read | Self::ReadOnce)
    }

    /// Whether the call changes all or nothing.
    pub(crate) fn is_one_step(self) -> bool {
        match self {
            Self::Read | Self::ReadOnce | Self::Write | Self::Once => true,
            Self::WriteMany | Self::OnceMany => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Batch, CheckAndMutate, Increment, Put, RowMutations};

    #[test]
    fn the_newest_version_is_another_one_the_second_time() {
        let delete = Delete::row("r").column("f:a").version("f:b", 1).family_version("g", 1);
        let newest = delete.clone().newest_version("f:c");
        let of = |delete: &Delete| {
            let row = RowMutations::new("r").delete(delete.clone()).put(Put::new("r"));
            let batch = Batch::new().delete(Delete::row("s")).delete(delete.clone());
            [
                Request::Delete(b"t", delete),
                Request::MutateRow(b"t", &row),
                Request::Batch(b"t", &batch),
            ]
            .map(|request| Dialect::Thrift2.effect(&request))
        };
        assert_eq!(of(&delete), [Effect::Write, Effect::Write, Effect::WriteMany]);
        assert_eq!(of(&newest), [Effect::Once, Effect::Once, Effect::OnceMany]);
    }

    #[test]
    fn a_condition_may_no_longer_hold_the_second_time() {
        let check = CheckAndMutate::if_absent("r", "f:a");
        let request = Request::CheckAndMutate(b"t", &check);
        assert_eq!(Dialect::Thrift2.effect(&request), Effect::Once);
    }

    #[test]
    fn counters_of_a_row_are_one_step_where_they_are_one_increment() {
        let counters = ["f:a", "f:b"].map(|column| Increment::new("r", column, 1));
        let effects =
            Dialect::ALL.map(|dialect| dialect.effect(&Request::IncrementRows(b"t", &counters)));
        assert_eq!(effects, [Effect::OnceMany, Effect::Once]);
    }
}
