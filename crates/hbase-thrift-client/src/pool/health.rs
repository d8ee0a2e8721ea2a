//! Which gateway to use: known failures and load, without a clock of its own.

use std::time::{Duration, Instant};

/// What is known of one gateway.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Connections on loan.
    pub(super) in_use: usize,
    answered: bool,
    failures: u32,
    left_out_until: Option<Instant>,
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Health {
    pub(super) fn succeeded(&mut self) {
        self.answered = true;
        self.failures = 0;
        self.left_out_until = None;
    }

    pub(super) fn failed(&mut self, now: Instant) {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.left_out_until = Some(now + pause);
    }

    /// Whether a connection to it has ever proved itself, so that it speaks what is configured.
    pub(super) fn has_answered(&self) -> bool {
        self.answered
    }

    fn is_left_out(&self, now: Instant) -> bool {
        self.left_out_until.is_some_and(|until| now < until)
    }
}

/// The least used gateway of those that work; where none does, the one whose pause ends first.
pub(super) fn choose(gateways: &[Health], now: Instant) -> usize {
    let working = gateways.iter().enumerate().filter(|(_, gateway)| !gateway.is_left_out(now));
    working
        .min_by_key(|(_, gateway)| gateway.in_use)
        .or_else(|| gateways.iter().enumerate().min_by_key(|(_, gateway)| gateway.left_out_until))
        .map_or(0, |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateways(in_use: &[usize]) -> Vec<Health> {
        in_use.iter().map(|in_use| Health { in_use: *in_use, ..Health::default() }).collect()
    }

    #[test]
    fn the_least_used_gateway_is_chosen() {
        assert_eq!(choose(&gateways(&[2, 1, 3]), Instant::now()), 1);
    }

    #[test]
    fn a_gateway_that_failed_is_left_out_until_its_pause_ends() {
        let now = Instant::now();
        let mut gateways = gateways(&[0, 5]);
        gateways[0].failed(now);
        assert_eq!(choose(&gateways, now), 1);
        assert_eq!(choose(&gateways, now + FIRST_PAUSE), 0);
    }

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let now = Instant::now();
        let mut gateways = gateways(&[0, 5]);
        for _ in 0..100 {
            gateways[0].failed(now);
        }
        assert_eq!(choose(&gateways, now + LONGEST_PAUSE.saturating_sub(FIRST_PAUSE)), 1);
        assert_eq!(choose(&gateways, now + LONGEST_PAUSE), 0);
    }

    #[test]
    fn when_all_failed_the_one_whose_pause_ends_first_is_tried() {
        let now = Instant::now();
        let mut gateways = gateways(&[0, 0]);
        gateways[0].failed(now);
        gateways[0].failed(now);
        gateways[1].failed(now);
        assert_eq!(choose(&gateways, now), 1);
    }

    #[test]
    fn a_success_ends_the_pause() {
        let now = Instant::now();
        let mut gateways = gateways(&[0, 5]);
        gateways[0].failed(now);
        gateways[0].succeeded();
        assert_eq!(choose(&gateways, now), 0);
    }
}
