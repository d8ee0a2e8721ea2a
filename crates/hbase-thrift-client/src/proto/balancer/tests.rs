use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn balancer(max_connections: usize) -> Balancer {
    let limits = Limits { max_connections, idle_timeout: SECOND, connect_timeout: SECOND };
    Balancer::new(limits, 1, 0)
}

fn open(turn: Turn) -> ConnectionId {
    match turn {
        Turn::Open { connection, .. } => connection,
        other => panic!("{other:?}"),
    }
}

fn wait(turn: Turn) -> WaiterId {
    match turn {
        Turn::Wait(waiter) => waiter,
        other => panic!("{other:?}"),
    }
}

/// One of those that wait has tried every gateway by then, and takes no room.
#[test]
fn room_that_one_waiter_does_not_take_is_the_next_ones() {
    let now = Instant::now();
    let mut balancer = balancer(1);
    let connection = open(balancer.turn(None, &[], SECOND, now));
    let [first, second, third] =
        [&[][..], &[0], &[]].map(|tried| wait(balancer.turn(None, tried, SECOND, now)));
    balancer.open_failed(connection, now, now);
    assert_eq!(balancer.take_woken(), [first]);
    let connection = open(balancer.turn(Some(first), &[], SECOND, now));
    balancer.open_failed(connection, now, now);
    assert_eq!(balancer.take_woken(), [second]);
    assert_eq!(balancer.turn(Some(second), &[0], SECOND, now), Turn::NoneLeft);
    assert_eq!(balancer.take_woken(), [third]);
    open(balancer.turn(Some(third), &[], SECOND, now));
}

/// A scanner's number is asked for on another connection only if no restart may lie in between.
#[test]
fn a_gateway_that_failed_may_be_another_process() {
    let begin = Instant::now();
    let at = |millis| begin + Duration::from_millis(millis);
    let mut gateway = GatewayState::default();
    gateway.answered(at(0));
    gateway.answered(at(600));
    assert!(gateway.is_same_process(at(0), at(700)));
    gateway.failed(at(650), at(700));
    gateway.answered(at(800));
    assert!(!gateway.is_same_process(at(600), at(900)));
    assert!(gateway.is_same_process(at(800), at(900)));
    gateway.answered(at(2_000));
    assert!(!gateway.is_same_process(at(800), at(2_100)));
    // A reply that lay here unread since before a failure.
    gateway.failed(at(2_100), at(2_200));
    gateway.answered(at(2_050));
    assert!(!gateway.is_same_process(at(2_080), at(2_300)));
}

#[test]
fn who_waited_for_a_connection_that_turns_out_to_be_gone_comes_before_those_behind() {
    let now = Instant::now();
    let mut balancer = balancer(1);
    let connection = open(balancer.turn(None, &[], SECOND, now));
    balancer.opened(connection, true, now);
    let first = wait(balancer.turn(None, &[], SECOND, now));
    let second = wait(balancer.turn(None, &[], SECOND, now));
    balancer.returned(connection, Some(now), now);
    assert_eq!(balancer.turn(Some(first), &[], SECOND, now), Turn::Use(connection));
    // The gateway has closed it meanwhile, and the room is offered to the second.
    balancer.closed(connection, End::Quiet { answered: None }, now);
    let connection = open(balancer.turn(Some(first), &[], SECOND, now));
    assert_eq!(balancer.turn(Some(second), &[], SECOND, now), Turn::Wait(second));
    let third = wait(balancer.turn(None, &[], SECOND, now));
    balancer.take_woken();
    balancer.opened(connection, true, now);
    balancer.returned(connection, Some(now), now);
    assert_eq!(balancer.take_woken(), [second]);
    assert_eq!(balancer.turn(Some(third), &[], SECOND, now), Turn::Wait(third));
}

/// A scan that goes on at its gateway takes the room before the first of those that wait comes.
#[test]
fn who_has_to_wait_again_keeps_its_place() {
    let now = Instant::now();
    let mut balancer = balancer(1);
    let connection = open(balancer.turn(None, &[], SECOND, now));
    let [first, second] = [(); 2].map(|()| wait(balancer.turn(None, &[], SECOND, now)));
    balancer.closed(connection, End::Quiet { answered: None }, now);
    assert_eq!(balancer.take_woken(), [first]);
    let connection = open(balancer.turn_at(0, SECOND));
    assert_eq!(balancer.turn(Some(first), &[], SECOND, now), Turn::Wait(first));
    let third = wait(balancer.turn(None, &[], SECOND, now));
    balancer.opened(connection, true, now);
    for next in [first, second, third] {
        balancer.returned(connection, Some(now), now);
        assert_eq!(balancer.take_woken(), [next]);
        assert_eq!(balancer.turn(Some(next), &[], SECOND, now), Turn::Use(connection));
    }
}

/// A call that began before a gateway failed ends while somebody tries that gateway again.
#[test]
fn one_caller_tries_a_gateway_that_failed() {
    let begin = Instant::now();
    let mut balancer = Balancer {
        gateways: vec![GatewayState::default(), GatewayState::default()],
        ..balancer(9)
    };
    let gateway = |turn| match turn {
        Turn::Open { connection, gateway, .. } => (connection, gateway),
        other => panic!("{other:?}"),
    };
    let [(first, failing), (other, working), (second, _)] =
        [(); 3].map(|()| gateway(balancer.turn(None, &[], SECOND, begin)));
    assert_ne!(failing, working);
    balancer.opened(other, true, begin);
    let later = begin + 2 * SECOND;
    balancer.open_failed(first, begin, begin + SECOND / 2);
    let (probe, probed) = gateway(balancer.turn(None, &[], SECOND, later));
    assert_eq!(probed, failing);
    balancer.open_failed(second, begin, later);
    assert_eq!(gateway(balancer.turn(None, &[], SECOND, later)).1, working);
    // The next one may when this one has failed, and a longer pause is over.
    balancer.open_failed(probe, later, later + SECOND);
    assert_eq!(gateway(balancer.turn(None, &[], SECOND, later + SECOND)).1, working);
    assert_eq!(gateway(balancer.turn(None, &[], SECOND, later + 9 * SECOND)).1, failing);
}

#[test]
fn a_reply_on_an_open_connection_ends_the_suspicion() {
    let begin = Instant::now();
    let mut balancer = balancer(9);
    let [open_one, failing] = [(); 2].map(|()| open(balancer.turn(None, &[], SECOND, begin)));
    balancer.opened(open_one, true, begin);
    balancer.open_failed(failing, begin + SECOND, begin + 2 * SECOND);
    assert!(!balancer.is_trusted(0));
    let replied = begin + 3 * SECOND;
    balancer.returned(open_one, Some(replied), replied);
    assert!(balancer.is_trusted(0));
    assert_eq!(balancer.turn(None, &[], SECOND, replied), Turn::Use(open_one));
}

#[test]
fn failures_of_one_moment_are_one() {
    let begin = Instant::now();
    let mut gateway = GatewayState::default();
    for _ in 0..9 {
        gateway.failed(begin, begin + SECOND);
    }
    assert!(!gateway.is_due(begin + SECOND));
    assert!(gateway.is_due(begin + 2 * SECOND));
}

proptest! {
    /// Against all that are idle, looked through one by one.
    #[test]
    fn of_idle_connections_the_one_used_last_is_taken(
        steps in vec(any::<Option<Index>>(), 1..60),
    ) {
        let begin = Instant::now();
        let mut balancer = balancer(9);
        let (mut in_use, mut idle) = (Vec::new(), Vec::new());
        for (second, step) in (1..).zip(steps) {
            let now = begin + SECOND * second;
            match step {
                Some(place) if !in_use.is_empty() => {
                    let connection = in_use.swap_remove(place.index(in_use.len()));
                    balancer.returned(connection, Some(now), now);
                    idle.push(connection);
                }
                _ if in_use.len() == 9 => {}
                _ => {
                    let turn = balancer.turn(None, &[], SECOND, now);
                    let connection = match idle.pop() {
                        Some(last) => {
                            prop_assert_eq!(turn, Turn::Use(last));
                            last
                        }
                        None => open(turn),
                    };
                    balancer.opened(connection, true, now);
                    in_use.push(connection);
                }
            }
        }
    }
}

/// What is looked through is not looked through again before something can be old, and then at once.
#[test]
fn unused_connections_are_retired_in_time_whatever_was_used_again_meanwhile() {
    let begin = Instant::now();
    let at = |tenths: u32| begin + SECOND / 10 * tenths;
    let mut balancer = balancer(9);
    let [first, second] = [(); 2].map(|()| open(balancer.turn(None, &[], SECOND, begin)));
    assert_eq!(balancer.retire(at(0)), []);
    for (connection, time) in [(first, at(0)), (second, at(3))] {
        balancer.opened(connection, true, time);
        balancer.returned(connection, Some(time), time);
    }
    assert_eq!(balancer.retire(at(4)), []);
    // The one that would be old first is used again, so that the other one is.
    assert_eq!(balancer.turn_for(None, first), Turn::Use(first));
    balancer.returned(first, Some(at(8)), at(8));
    assert_eq!(balancer.retire(at(10)), []);
    assert_eq!(balancer.retire(at(13)), [second]);
    assert_eq!(balancer.retire(at(17)), []);
    assert_eq!(balancer.retire(at(18)), [first]);
    // One that comes after all were retired.
    let third = open(balancer.turn(None, &[], SECOND, at(20)));
    balancer.opened(third, true, at(20));
    balancer.returned(third, Some(at(20)), at(20));
    assert_eq!(balancer.retire(at(29)), []);
    assert_eq!(balancer.retire(at(30)), [third]);
}
