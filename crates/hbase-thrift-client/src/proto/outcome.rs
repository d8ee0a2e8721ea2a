//! What became of a call that failed. No other place decides it.

use crate::dialect::Effect;
use crate::error::{Error, ErrorKind, Outcome, ServerException};

/// How much of a request was written to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Nothing, or so little that the gateway can't make use of it.
    NotWhole,
    /// All of it.
    Whole,
}

/// What came back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answered<'a> {
    /// Nothing, or nothing that can be trusted.
    Nothing,
    /// That the call was refused before it was looked at: the gateway has no such method, or an
    /// HTTP server in front of it says no.
    Refused,
    /// An exception of the call.
    Exception(&'a ServerException),
    /// A result, which this client can't make use of.
    Result,
}

/// What is known of a call's effect, from the facts.
pub(crate) fn outcome(effect: Effect, written: Written, answered: Answered<'_>) -> Outcome {
    if effect.is_read() {
        return Outcome::NotApplied;
    }
    match answered {
        Answered::Result => Outcome::Applied,
        Answered::Refused => Outcome::NotApplied,
        Answered::Exception(exception) if is_refused(effect, exception) => Outcome::NotApplied,
        Answered::Exception(_) => Outcome::Unknown,
        Answered::Nothing => match written {
            Written::NotWhole => Outcome::NotApplied,
            Written::Whole => Outcome::Unknown,
        },
    }
}

/// Whether the exception says that no step of the call was carried out.
fn is_refused(effect: Effect, exception: &ServerException) -> bool {
    // Of several steps an earlier one may have come through: a table can be disabled or dropped
    // while a batch is on its way.
    if !effect.is_one_step() {
        return exception.kind() == ErrorKind::Unsupported;
    }
    match exception.kind() {
        ErrorKind::TableNotFound
        | ErrorKind::TableDisabled
        | ErrorKind::TableNotDisabled
        | ErrorKind::NamespaceNotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::Unsupported
        | ErrorKind::NoSuchColumnFamily
        | ErrorKind::AccessDenied
        | ErrorKind::IllegalArgument
        | ErrorKind::UnknownScanner => true,
        // The gateway's last attempt was refused; an earlier one may have come through.
        ErrorKind::RegionTooBusy | ErrorKind::CallQueueTooBig | ErrorKind::NotServing => {
            !exception.is_after_retries()
        }
        _ => false,
    }
}

/// Completes an error with what became of its call.
pub(crate) fn settle(
    error: Error,
    effect: Effect,
    written: Written,
    answered: Answered<'_>,
) -> Error {
    error.settled(outcome(effect, written, answered), effect.is_repeatable())
}

/// Completes the error of an attempt with what is known of an earlier one at the same call: one that
/// was refused does not undo one that was lost.
pub(crate) fn after(error: Error, effect: Effect, earlier: Outcome) -> Error {
    if earlier == Outcome::Unknown && error.outcome() == Outcome::NotApplied {
        return error.settled(Outcome::Unknown, effect.is_repeatable());
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exception(class: &str) -> ServerException {
        ServerException::new("IOError", &format!("org.apache.hadoop.hbase.{class}: x"), None)
    }

    fn after_exception(effect: Effect, class: &str) -> Outcome {
        outcome(effect, Written::Whole, Answered::Exception(&exception(class)))
    }

    const CHANGES: [Effect; 4] = [Effect::Write, Effect::WriteMany, Effect::Once, Effect::OnceMany];

    #[test]
    fn a_read_never_changes_anything() {
        for effect in [Effect::Read, Effect::ReadOnce] {
            let lost = outcome(effect, Written::Whole, Answered::Nothing);
            assert_eq!(lost, Outcome::NotApplied);
            assert_eq!(after_exception(effect, "Unheard"), Outcome::NotApplied);
        }
    }

    #[test]
    fn a_request_that_was_cut_was_not_carried_out_and_a_whole_one_may_have_been() {
        for effect in CHANGES {
            let lost = |written| outcome(effect, written, Answered::Nothing);
            assert_eq!(lost(Written::NotWhole), Outcome::NotApplied);
            assert_eq!(lost(Written::Whole), Outcome::Unknown);
        }
    }

    #[test]
    fn a_missing_or_disabled_table_refuses_one_step_and_may_stop_several() {
        for class in ["TableNotFoundException", "TableNotEnabledException"] {
            assert_eq!(after_exception(Effect::Once, class), Outcome::NotApplied);
            assert_eq!(after_exception(Effect::Write, class), Outcome::NotApplied);
            assert_eq!(after_exception(Effect::OnceMany, class), Outcome::Unknown);
            assert_eq!(after_exception(Effect::WriteMany, class), Outcome::Unknown);
        }
    }

    #[test]
    fn a_gateway_that_gave_up_after_attempts_of_its_own_leaves_the_outcome_unknown() {
        let busy = |wrapper: &str| {
            let cause = "org.apache.hadoop.hbase.RegionTooBusyException: full";
            let trace = format!("{wrapper}\nCaused by: {cause}");
            let exception = ServerException::new("IOError", &trace, Some(true));
            outcome(Effect::Once, Written::Whole, Answered::Exception(&exception))
        };
        assert_eq!(busy("java.io.IOException: x"), Outcome::NotApplied);
        let gave_up = "org.apache.hadoop.hbase.client.RetriesExhaustedException: x";
        assert_eq!(busy(gave_up), Outcome::Unknown);
    }

    #[test]
    fn an_unknown_exception_says_nothing_of_a_change() {
        for effect in CHANGES {
            assert_eq!(after_exception(effect, "SomeException"), Outcome::Unknown);
        }
    }

    #[test]
    fn an_attempt_that_was_refused_does_not_undo_one_that_was_lost() {
        let refused = || Error::new(ErrorKind::Connect, "refused");
        let outcome = |earlier| after(refused(), Effect::Once, earlier).outcome();
        assert_eq!(outcome(Outcome::Unknown), Outcome::Unknown);
        assert_eq!(outcome(Outcome::NotApplied), Outcome::NotApplied);
        assert!(!after(refused(), Effect::Once, Outcome::Unknown).is_retryable());
        assert!(after(refused(), Effect::Write, Outcome::Unknown).is_retryable());
    }
}
