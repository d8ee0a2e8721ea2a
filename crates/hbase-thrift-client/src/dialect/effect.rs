//! What a call does to the data, as far as repeating it goes.

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
