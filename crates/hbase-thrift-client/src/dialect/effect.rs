//! What a call does to the data, as far as repeating it goes.

use super::call::Request;

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
    /// What a call may do to the data, whatever the interface.
    pub(crate) fn of(request: &Request<'_>) -> Self {
        match request {
            Request::Get(..)
            | Request::GetRows(..)
            | Request::GetVersions(..)
            | Request::IsTableEnabled(_)
            | Request::ColumnFamilies(_)
            | Request::Regions(_)
            | Request::TableNames
            | Request::TableStates
            | Request::ClusterId
            | Request::ServerType
            // An id that is lost with its reply costs the gateway a lease, not the data anything.
            | Request::OpenScanner(..) => Self::Read,
            // The gateway moves on even when the reply is lost, so a second fetch would skip rows.
            Request::FetchRows(_) | Request::CloseScanner(_) => Self::ReadOnce,
            Request::Put(..) | Request::Delete(..) | Request::Compact(_) | Request::MajorCompact(_) => {
                Self::Write
            }
            // All puts run, then all deletes, region by region.
            Request::Batch(..) | Request::PackedBatch(..) => Self::WriteMany,
            Request::Increment(..)
            | Request::Append(..)
            | Request::CheckAndPut(..)
            | Request::CreateTable(..)
            | Request::EnableTable(_)
            | Request::DisableTable(_)
            | Request::DeleteTable(_)
            | Request::IncrementRows(_, [] | [_]) => Self::Once,
            // One after the other until one fails.
            Request::IncrementRows(..) => Self::OnceMany,
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
