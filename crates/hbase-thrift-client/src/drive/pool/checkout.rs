//! One caller's way to a connection: asks the balancer, and does what it says.

use std::time::Instant;

use super::drop_safe::PlaceInLine;
use super::kept::Kept;
use super::{Lease, Pool, no_gateway, no_time};
use crate::drive::cancel::Cancellation;
use crate::error::{Error, Result};
use crate::proto::{Turn, WaiterId};

/// A caller who needs a connection.
pub(super) struct Checkout<'a> {
    pool: &'a Pool,
    now: Instant,
    deadline: Instant,
    /// Until when it waits for others.
    pub(super) patience: Instant,
    pub(super) cancellation: &'a Cancellation,
    waiter: PlaceInLine<'a>,
    /// Gateways that no connection could be opened to.
    tried: Vec<usize>,
    failure: Option<Error>,
}

/// What the balancer says, and the connection where it lends one.
pub(super) struct Granted {
    turn: Turn,
    kept: Option<Box<Kept>>,
}

/// What comes of one turn.
pub(super) enum CheckoutStep {
    Lent(Lease),
    /// To wait until the balancer has something for this number.
    Wait(WaiterId),
    /// What there was is gone.
    Again,
}

impl<'a> Checkout<'a> {
    pub(super) fn new(
        pool: &'a Pool,
        now: Instant,
        deadline: Instant,
        cancellation: &'a Cancellation,
    ) -> Self {
        let patience = pool.patience(deadline, now);
        let waiter = PlaceInLine::new(pool);
        Self {
            pool,
            now,
            deadline,
            patience,
            cancellation,
            waiter,
            tried: Vec::new(),
            failure: None,
        }
    }

    /// The first turn, as far as nothing has to be waited for: the connection, or what there is instead.
    #[inline]
    pub(super) fn first_turn(&mut self) -> Result<std::result::Result<Lease, Granted>> {
        match self.ask()? {
            Granted { turn: Turn::Use(id), kept: Some(kept) } => {
                let mut lease = self.pool.lend(id, kept, self.now);
                match lease.is_usable_now(self.now) {
                    Some(true) => Ok(Ok(lease.watched_by(self.cancellation))),
                    Some(false) => Ok(Err(Granted { turn: Turn::Gone, kept: None })),
                    None => Ok(Err(Granted { turn: Turn::Use(id), kept: lease.take_back() })),
                }
            }
            granted => Ok(Err(granted)),
        }
    }

    pub(super) async fn turn(&mut self) -> Result<CheckoutStep> {
        // Time has passed if the caller waited since the last turn.
        self.now = self.pool.environment().now();
        let granted = self.ask()?;
        self.take(granted).await
    }

    fn ask(&mut self) -> Result<Granted> {
        let Self { pool, now, deadline, cancellation, .. } = *self;
        pool.check_ended(cancellation)?;
        pool.environment().check_caller()?;
        let time_left = deadline.saturating_duration_since(now);
        if time_left.is_zero() && self.waiter.id().is_none() {
            return Err(self.failure.take().unwrap_or_else(no_time));
        }
        Ok(pool.decide_state(now, |state| {
            let turn = state.balancer.turn(self.waiter.id(), &self.tried, time_left, now);
            let kept = if let Turn::Use(id) = turn { state.kept.remove(id) } else { None };
            Granted { turn, kept }
        }))
    }

    /// Does what the balancer says.
    pub(super) async fn take(&mut self, granted: Granted) -> Result<CheckoutStep> {
        let Self { pool, now, cancellation, .. } = *self;
        let Granted { turn, kept } = granted;
        let lease = match turn {
            Turn::Use(id) => match kept {
                Some(kept) => pool.lend(id, kept, now).if_usable(now).await,
                None => None,
            },
            Turn::Drain(id) => {
                let time = self.patience.saturating_duration_since(now);
                let Some(lease) = pool.take_kept(id, now) else { return Ok(CheckoutStep::Again) };
                if time.is_zero() {
                    lease.park_again();
                    return Err(pool.exhausted());
                }
                // A gateway that hangs must not use up the time in which another would answer.
                let until = if pool.gateways() > 1 { now + time / 2 } else { self.patience };
                let settling = lease.watched_by(cancellation).settle(until);
                let lease = Box::pin(settling).await;
                return Ok(lease.map_or(CheckoutStep::Again, CheckoutStep::Lent));
            }
            Turn::Open { connection, gateway, within, close } => {
                drop(close.and_then(|id| pool.lock().kept.remove(id)));
                match pool.open(connection, gateway, within).await {
                    Ok(lease) => Some(lease),
                    Err(error) => {
                        self.tried.push(gateway);
                        // The gateway of choice says most about what is wrong.
                        self.failure.get_or_insert(error);
                        None
                    }
                }
            }
            Turn::Wait(id) => return Ok(CheckoutStep::Wait(self.waiter.waits(id))),
            Turn::NoneLeft => return Err(self.failure.take().unwrap_or_else(no_gateway)),
            Turn::Gone => None,
        };
        Ok(lease.map_or(CheckoutStep::Again, |lease| {
            CheckoutStep::Lent(lease.watched_by(cancellation))
        }))
    }
}
