//! Whether, when and where a call is made again. No other place decides it: single calls, pipelines,
//! scans and the buffered writer ask here.

use std::time::{Duration, Instant};

use super::outcome;
use crate::dialect::Effect;
use crate::error::{Error, ErrorKind, Outcome};

/// What holds for all calls of a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// Attempts at one call, the first included.
    pub(crate) max_attempts: u32,
    /// Whether a write may be given up early to be sent elsewhere: its cells carry the client's
    /// timestamps, so that a late duplicate is the same version.
    pub(crate) writes_may_move: bool,
}

/// The attempts at one call.
#[derive(Debug)]
pub(crate) struct Attempts {
    policy: Policy,
    deadline: Instant,
    failed: u32,
    /// Attempts that were sent as a whole and got no answer.
    unanswered: u32,
    outcome: Outcome,
    /// Gateways that were left early.
    left: u32,
}

/// What to do after a failure.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Make the call again after this pause. The error is for the log.
    Again { pause: Duration, error: Error },
    /// Return the error to the caller.
    GiveUp(Error),
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A call that was sent so often without an answer is more likely to do harm than to succeed.
const MOST_UNANSWERED: u32 = 3;

impl Attempts {
    pub(crate) fn new(policy: Policy, deadline: Instant) -> Self {
        Self { policy, deadline, failed: 0, unanswered: 0, outcome: Outcome::NotApplied, left: 0 }
    }

    /// When the call has to have ended, with all its attempts.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// When the next attempt has to have ended: a gateway that hangs must not use up the time in
    /// which another would answer. A write is not given up early, unless a late duplicate of it does
    /// no harm; nor is what can't be repeated.
    pub(crate) fn attempt_deadline(
        &self,
        effect: Effect,
        gateways: usize,
        now: Instant,
    ) -> Instant {
        let moves = effect.is_read() || (self.policy.writes_may_move && effect.is_repeatable());
        let untried = (gateways as u32).saturating_sub(self.left);
        if !moves || untried < 2 {
            return self.deadline;
        }
        now + self.deadline.saturating_duration_since(now) / untried
    }

    /// Decides what follows a failed attempt. `luck` spreads the pauses of callers that failed
    /// together; calls of one connection share the loss of it.
    pub(crate) fn failed(
        &mut self,
        error: Error,
        effect: Effect,
        now: Instant,
        luck: u32,
        budget: &mut Budget,
        loss: &mut Loss,
    ) -> Verdict {
        self.failed += 1;
        let error = outcome::after(error, effect, self.outcome).with_attempts(self.failed);
        self.outcome = error.outcome();
        let load = Load::of(&error);
        match load {
            Load::Unanswered => self.unanswered += 1,
            Load::Answered | Load::NotSent => {}
        }
        if error.kind() == ErrorKind::Timeout {
            self.left += 1;
        }
        let exhausted =
            self.failed >= self.policy.max_attempts || self.unanswered > MOST_UNANSWERED;
        // Who waited for a connection in vain has waited long enough.
        let pointless = error.kind() == ErrorKind::PoolTimeout || !error.is_retryable();
        if exhausted || pointless {
            return Verdict::GiveUp(error);
        }
        let cost = loss.cost(load);
        let wait = budget.wait(cost, now);
        let pause = pause(self.failed, luck).max(wait);
        if wait > LONGEST_WAIT || now + pause >= self.deadline {
            return Verdict::GiveUp(error);
        }
        budget.pay(cost);
        loss.is_paid |= load == Load::Unanswered;
        Verdict::Again { pause, error }
    }
}

/// The pause after so many failures in a row: half of it is the same for all.
fn pause(failures: u32, luck: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10));
    let longest = doubled.min(LONGEST_PAUSE);
    longest / 2 + (longest / 2).mul_f64(f64::from(luck) / f64::from(u32::MAX))
}

/// What an attempt cost the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Load {
    /// No connection was to be had, or the request was cut.
    NotSent,
    /// The server looked at the call and refused it.
    Answered,
    /// The call may be running still.
    Unanswered,
}

impl Load {
    fn of(error: &Error) -> Self {
        if error.server_exception().is_some() {
            Self::Answered
        } else if error.was_sent() {
            Self::Unanswered
        } else {
            Self::NotSent
        }
    }

    fn cost(self) -> f64 {
        match self {
            Self::NotSent => 0.0,
            Self::Answered => 1.0,
            Self::Unanswered => 5.0,
        }
    }
}

/// The calls that were lost with one connection. The first of them that is repeated pays for all:
/// the gateway was at one of them, and had not begun the others.
#[derive(Debug, Default)]
pub(crate) struct Loss {
    is_paid: bool,
}

impl Loss {
    fn cost(&self, load: Load) -> f64 {
        if self.is_paid && load == Load::Unanswered { 0.0 } else { load.cost() }
    }
}

/// What all callers of a client may spend on repeating calls, so that a cluster in trouble does not
/// get more calls than a healthy one. Successes earn, time does, and repeats cost.
#[derive(Debug)]
pub(crate) struct Budget {
    tokens: f64,
    capacity: f64,
    refilled: Instant,
}

/// Tokens for each connection that the client may have.
const TOKENS_PER_CONNECTION: f64 = 10.0;
const TOKENS_PER_SECOND: f64 = 5.0;
const TOKENS_PER_SUCCESS: f64 = 0.5;

impl Budget {
    pub(crate) fn new(max_connections: usize, now: Instant) -> Self {
        let capacity =
            TOKENS_PER_CONNECTION * f64::from(u16::try_from(max_connections).unwrap_or(u16::MAX));
        Self { tokens: capacity, capacity, refilled: now }
    }

    pub(crate) fn succeeded(&mut self) {
        self.tokens = (self.tokens + TOKENS_PER_SUCCESS).min(self.capacity);
    }

    #[cfg(test)]
    pub(crate) fn tokens(&self) -> f64 {
        self.tokens
    }

    #[cfg(test)]
    pub(crate) fn spend(&mut self, tokens: f64) {
        self.pay(tokens);
    }

    /// How long to wait until a repeat of this cost is paid for.
    fn wait(&mut self, cost: f64, now: Instant) -> Duration {
        let time = now.saturating_duration_since(self.refilled);
        self.refilled = self.refilled.max(now);
        self.tokens = (self.tokens + time.as_secs_f64() * TOKENS_PER_SECOND).min(self.capacity);
        let missing = (cost - self.tokens).max(0.0);
        Duration::from_secs_f64(missing / TOKENS_PER_SECOND)
    }

    /// Pays for a repeat. Those that come later wait longer: the tokens may be owed.
    fn pay(&mut self, cost: f64) {
        self.tokens -= cost;
    }
}

/// A repeat that would have to wait longer, since others have spent too much, is not made.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::super::outcome::{Answered, Written, settle};
    use super::*;

    const POLICY: Policy = Policy { max_attempts: 10, writes_may_move: false };
    const TIME: Duration = Duration::from_secs(30);

    fn connect(effect: Effect) -> Error {
        let error = Error::new(ErrorKind::Connect, "refused");
        settle(error, effect, Written::NotWhole, Answered::Nothing)
    }

    fn lost(effect: Effect) -> Error {
        let error = Error::new(ErrorKind::ConnectionLost, "gone").sent();
        settle(error, effect, Written::Whole, Answered::Nothing)
    }

    /// How often a call is made that fails like this each time, and the time that takes.
    fn attempts(effect: Effect, error: fn(Effect) -> Error, time: Duration) -> (u32, Duration) {
        let begin = Instant::now();
        let mut now = begin;
        let mut budget = Budget::new(16, now);
        let mut attempts = Attempts::new(POLICY, begin + time);
        for made in 1.. {
            let loss = &mut Loss::default();
            match attempts.failed(error(effect), effect, now, u32::MAX, &mut budget, loss) {
                Verdict::Again { pause, .. } => now += pause,
                Verdict::GiveUp(error) => {
                    assert_eq!(error.attempts(), made);
                    return (made, now - begin);
                }
            }
        }
        unreachable!()
    }

    #[test]
    fn a_refused_connection_is_tried_again_within_the_time() {
        assert_eq!(attempts(Effect::Once, connect, TIME).0, 10);
        let (made, took) = attempts(Effect::Once, connect, Duration::from_secs(1));
        assert!((2..10).contains(&made) && took < Duration::from_secs(1), "{made} in {took:?}");
    }

    #[test]
    fn an_atomic_call_with_unknown_outcome_is_never_repeated() {
        assert_eq!(attempts(Effect::Once, lost, TIME).0, 1);
        assert_eq!(attempts(Effect::OnceMany, lost, TIME).0, 1);
    }

    #[test]
    fn a_put_whose_replies_are_lost_is_sent_four_times() {
        assert_eq!(attempts(Effect::Write, lost, TIME).0, 4);
    }

    #[test]
    fn a_permanent_failure_is_not_repeated() {
        let missing = |_| Error::new(ErrorKind::TableNotFound, "no such table");
        assert_eq!(attempts(Effect::Read, missing, TIME).0, 1);
        let waited = |_| Error::new(ErrorKind::PoolTimeout, "no connection");
        assert_eq!(attempts(Effect::Read, waited, TIME).0, 1);
    }

    #[test]
    fn many_callers_together_repeat_no_more_than_the_budget() {
        let begin = Instant::now();
        let mut budget = Budget::new(16, begin);
        let time = Duration::from_secs(10);
        let mut fails = |_: &u32| {
            let mut attempts = Attempts::new(POLICY, begin + time);
            let (error, loss) = (lost(Effect::Read), &mut Loss::default());
            let verdict = attempts.failed(error, Effect::Read, begin, 0, &mut budget, loss);
            matches!(verdict, Verdict::Again { .. })
        };
        let repeats = (0..1_000_u32).filter(|caller| fails(caller)).count();
        // 160 tokens, and 5 a second, at 5 each.
        assert!((32..=42).contains(&repeats), "{repeats} repeats");
    }

    #[test]
    fn calls_that_were_lost_together_pay_once() {
        let now = Instant::now();
        let mut budget = Budget::new(1, now);
        let mut fails = |effect, loss: &mut Loss| {
            let mut attempts = Attempts::new(POLICY, now + TIME);
            match attempts.failed(lost(effect), effect, now, 0, &mut budget, loss) {
                Verdict::Again { pause, .. } => Some(pause),
                Verdict::GiveUp(_) => None,
            }
        };
        // 10 tokens are two losses of 5, however many calls were in each.
        for _ in 0..2 {
            let loss = &mut Loss::default();
            assert_eq!(fails(Effect::Once, loss), None);
            let soon = |pause| pause < Duration::from_millis(100);
            assert!((0..1_000).all(|_| fails(Effect::Read, loss).is_some_and(soon)));
        }
        assert_eq!(fails(Effect::Read, &mut Loss::default()), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_repeat_that_is_not_made_costs_nothing() {
        let now = Instant::now();
        let mut budget = Budget::new(1, now);
        let mut fails = |time| {
            let mut attempts = Attempts::new(POLICY, now + time);
            let (error, loss) = (lost(Effect::Read), &mut Loss::default());
            let verdict = attempts.failed(error, Effect::Read, now, 0, &mut budget, loss);
            matches!(verdict, Verdict::Again { .. })
        };
        assert!((0..1_000).all(|_| !fails(Duration::from_millis(1))));
        assert!(fails(Duration::from_millis(100)));
    }

    #[test]
    fn a_read_leaves_a_gateway_early_and_a_write_does_not() {
        let now = Instant::now();
        let deadline = now + TIME;
        let attempts = Attempts::new(POLICY, deadline);
        assert_eq!(attempts.attempt_deadline(Effect::Read, 3, now), now + TIME / 3);
        assert_eq!(attempts.attempt_deadline(Effect::ReadOnce, 2, now), now + TIME / 2);
        assert_eq!(attempts.attempt_deadline(Effect::Read, 1, now), deadline);
        assert_eq!(attempts.attempt_deadline(Effect::Write, 3, now), deadline);
        let moving = Policy { writes_may_move: true, ..POLICY };
        let attempts = Attempts::new(moving, deadline);
        assert_eq!(attempts.attempt_deadline(Effect::Write, 2, now), now + TIME / 2);
        assert_eq!(attempts.attempt_deadline(Effect::Once, 2, now), deadline);
    }
}
