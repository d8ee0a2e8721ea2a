//! A call of the interface: its name, its arguments, what it may do, and what it answers.

use std::marker::PhantomData;
use std::time::Instant;

use thrift::protocol::TOutputProtocol;

use super::reply::Reply;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind, Outcome, Result, ServerException};

/// What a call does to the data, as far as repeating it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Changes nothing.
    Read,
    /// Changes one row; a second time changes nothing more.
    Write,
    /// Changes several rows, or one in several steps; a second time changes nothing more.
    WriteMany,
    /// A second time changes more, or fails.
    Once,
    /// As `Once`, in several steps.
    OnceMany,
}

impl Effect {
    pub(crate) fn is_repeatable(self) -> bool {
        match self {
            Self::Read | Self::Write | Self::WriteMany => true,
            Self::Once | Self::OnceMany => false,
        }
    }

    fn is_one_step(self) -> bool {
        match self {
            Self::Read | Self::Write | Self::Once => true,
            Self::WriteMany | Self::OnceMany => false,
        }
    }

    /// What is known of a call that the server answered with an exception.
    fn outcome_of(self, kind: ErrorKind, after_retries: bool) -> Outcome {
        let refused = match kind {
            // Found before the first step.
            ErrorKind::TableNotFound
            | ErrorKind::TableDisabled
            | ErrorKind::TableNotDisabled
            | ErrorKind::AlreadyExists
            | ErrorKind::Unsupported => true,
            // Found in each step.
            ErrorKind::NoSuchColumnFamily
            | ErrorKind::AccessDenied
            | ErrorKind::IllegalArgument
            | ErrorKind::UnknownScanner => self.is_one_step(),
            // The last attempt was refused; an earlier one may have come through.
            ErrorKind::RegionTooBusy | ErrorKind::CallQueueTooBig | ErrorKind::NotServing => {
                self.is_one_step() && !after_retries
            }
            _ => false,
        };
        if refused || self == Self::Read { Outcome::NotApplied } else { Outcome::Unknown }
    }
}

/// A call that can be sent, any number of times, on any connection.
pub(crate) struct Call<W, R> {
    method: &'static str,
    effect: Effect,
    write_arguments: W,
    reply: PhantomData<fn() -> R>,
}

impl<W, R> Call<W, R>
where
    W: Fn(&mut dyn TOutputProtocol) -> thrift::Result<()>,
    R: Reply,
{
    /// `write_arguments` writes the fields of the arguments' struct.
    pub(super) fn new(method: &'static str, effect: Effect, write_arguments: W) -> Self {
        Self { method, effect, write_arguments, reply: PhantomData }
    }

    pub(crate) fn method(&self) -> &'static str {
        self.method
    }

    pub(crate) fn is_repeatable(&self) -> bool {
        self.effect.is_repeatable()
    }

    /// Queues the call on a connection.
    pub(crate) fn queue(&self, connection: &mut Connection) -> Result<()> {
        connection
            .queue(self.method, |protocol| {
                super::encode::arguments(protocol, &self.write_arguments)
            })
            .map_err(|error| self.complete(error))
    }

    /// Reads the reply to the call, which has to be the oldest in flight.
    pub(crate) fn receive(&self, connection: &mut Connection, deadline: Instant) -> Result<R> {
        match R::receive(connection, deadline) {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(exception)) => Err(self.refused(exception, connection)),
            Err(error) => Err(self.complete(error)),
        }
    }

    /// Sends the call and reads its reply.
    pub(crate) fn run(&self, connection: &mut Connection, deadline: Instant) -> Result<R> {
        self.queue(connection)?;
        connection.flush(deadline).map_err(|error| self.complete(error))?;
        self.receive(connection, deadline)
    }

    fn refused(&self, exception: ServerException, connection: &Connection) -> Error {
        let kind = exception.kind();
        let outcome = self.effect.outcome_of(kind, exception.is_after_retries());
        let error = Error::new(kind, exception.first_line())
            .with_outcome(outcome)
            .at_gateway(connection.gateway())
            .with_exception(exception);
        self.complete(error)
    }

    /// Adds to an error what the call knows of itself.
    pub(crate) fn complete(&self, error: Error) -> Error {
        let error = error.in_method(self.method).with_repeatable(self.effect.is_repeatable());
        if self.effect == Effect::Read { error.with_outcome(Outcome::NotApplied) } else { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_never_changes_anything() {
        let outcome = Effect::Read.outcome_of(ErrorKind::Server, true);
        assert_eq!(outcome, Outcome::NotApplied);
    }

    #[test]
    fn a_call_on_a_missing_table_is_not_applied_whatever_it_is() {
        for effect in [Effect::Write, Effect::Once, Effect::OnceMany] {
            assert_eq!(effect.outcome_of(ErrorKind::TableNotFound, false), Outcome::NotApplied);
        }
    }

    #[test]
    fn a_batch_that_fails_on_one_rows_family_may_have_written_the_others() {
        let outcome = |effect: Effect| effect.outcome_of(ErrorKind::NoSuchColumnFamily, false);
        assert_eq!(outcome(Effect::Once), Outcome::NotApplied);
        assert_eq!(outcome(Effect::OnceMany), Outcome::Unknown);
    }

    #[test]
    fn a_gateway_that_gave_up_after_attempts_of_its_own_leaves_the_fate_unknown() {
        let outcome = |after| Effect::Once.outcome_of(ErrorKind::RegionTooBusy, after);
        assert_eq!(outcome(false), Outcome::NotApplied);
        assert_eq!(outcome(true), Outcome::Unknown);
    }
}
