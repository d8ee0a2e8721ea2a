//! The simulated gateways: what becomes of connections, requests and replies while they hang, die,
//! restart, are late or close.

use std::collections::VecDeque;
use std::io;

use super::server;
use super::speech::Taken;
use super::state::{Connection, End, Event, Mood, Recovered, State, Trial};
use super::time::{MILLI, SECOND};

/// Somebody connects: a connection, a refusal, or nothing at all.
pub(super) fn accept(
    state: &mut State,
    gateway: usize,
    trial: Trial,
) -> Option<Result<usize, io::ErrorKind>> {
    match state.gateways.each[gateway].mood {
        Mood::Silent => None,
        Mood::Down => Some(Err(io::ErrorKind::ConnectionRefused)),
        Mood::Up | Mood::Hung => {
            let connections = &mut state.gateways.connections;
            connections.push(Connection {
                gateway,
                inbound: Vec::new(),
                requests: VecDeque::new(),
                is_busy: false,
                replies: VecDeque::new(),
                closes: false,
                outbound: VecDeque::new(),
                reader: None,
                end: None,
                is_left: false,
                trial: Some(trial),
            });
            Some(Ok(connections.len() - 1))
        }
    }
}

/// While another gateway works, one caller tries one that failed, and no other.
pub(super) fn begin_trial(state: &mut State, gateway: usize, trial: Trial) {
    let others = |other: &Trial| {
        let failed = state.gateways.each[gateway].failed;
        other.caller != trial.caller && failed.is_some_and(|failed| other.began > failed)
    };
    let connections = state.gateways.connections.iter();
    let open = connections.filter(|c| c.gateway == gateway && !c.is_left);
    let unproved = open.filter_map(|c| c.trial.as_ref());
    let mut trials = unproved.chain(&state.gateways.each[gateway].dialing);
    if state.gateways.has_steadfast && trials.any(others) {
        state.violation(format!("two callers try gateway {gateway}, which failed"));
    }
    state.gateways.each[gateway].dialing.push(trial);
    state.gateways.each[gateway].recovered = None;
}

/// It led to a connection, or to nothing.
pub(super) fn end_trial(state: &mut State, gateway: usize, trial: Trial, has_failed: bool) {
    let now = state.now;
    let gateway = &mut state.gateways.each[gateway];
    gateway.dialing.retain(|other| other.caller != trial.caller);
    if has_failed {
        gateway.failed.get_or_insert(now);
    }
}

/// The client closes a connection. One that has not proved itself has `failed`, unless its caller has stopped.
pub(super) fn leave(state: &mut State, number: usize, has_failed: bool) {
    let now = state.now;
    let connection = &mut state.gateways.connections[number];
    connection.is_left = true;
    if connection.trial.is_some() && has_failed {
        state.gateways.each[connection.gateway].failed.get_or_insert(now);
    }
}

/// Bytes come in; returns how many are taken.
pub(super) fn receive(state: &mut State, number: usize, bytes: &[u8]) -> io::Result<usize> {
    if state.gateways.connections[number].end.is_some() {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    let mut taken = bytes.len();
    if bytes.len() > 1 && state.is_wrong(|faults| faults.cut_request) {
        // The rest of it meets a connection that is gone.
        taken = state.luck.usize(1..bytes.len());
    }
    let is_cut = taken < bytes.len();
    let speech = state.gateways.speech;
    let gateway = state.gateways.connections[number].gateway;
    state.gateways.each[gateway].recovered = None;
    let connection = &mut state.gateways.connections[number];
    connection.inbound.extend_from_slice(&bytes[..taken]);
    loop {
        match speech.take(&connection.inbound) {
            Taken::Incomplete => break,
            Taken::Call(call, length) => {
                connection.inbound.drain(..length);
                connection.requests.push_back(Some(call));
            }
            Taken::Other => {
                // A client that finds out what is spoken here.
                connection.inbound.clear();
                connection.requests.push_back(None);
                break;
            }
        }
    }
    if is_cut {
        end(state, number, End::Reset);
    } else {
        look(state, number);
    }
    Ok(taken)
}

pub(super) fn happen(state: &mut State, event: Event) {
    match event {
        // The world's.
        Event::Wake { .. } => {}
        Event::Mood { gateway, mood } => change(state, gateway, mood),
        Event::Execute(connection) => execute(state, connection),
        Event::Deliver(number) => {
            let connection = &mut state.gateways.connections[number];
            if let Some(reply) = connection.replies.pop_front()
                && connection.end.is_none()
            {
                connection.outbound.extend(reply);
                connection.trial = None;
                state.gateways.each[connection.gateway].failed = None;
                if connection.closes && connection.replies.is_empty() {
                    return end(state, number, End::Closed);
                }
                notify(state, number);
            }
        }
    }
}

/// Has the next request looked at, if none is.
fn look(state: &mut State, number: usize) {
    let connection = &mut state.gateways.connections[number];
    if connection.is_busy || connection.requests.is_empty() || connection.end.is_some() {
        return;
    }
    connection.is_busy = true;
    let mut time = state.now + state.latency();
    if state.is_wrong(|faults| faults.late) {
        time += state.between(MILLI, 20 * SECOND);
    }
    state.schedule(time, Event::Execute(number));
}

fn execute(state: &mut State, number: usize) {
    let connection = &mut state.gateways.connections[number];
    if connection.end.is_some() {
        return;
    }
    let index = connection.gateway;
    let is_left = connection.is_left;
    let gateway = &mut state.gateways.each[index];
    if gateway.mood != Mood::Up {
        gateway.stuck.push(number);
        return;
    }
    let connection = &mut state.gateways.connections[number];
    connection.is_busy = false;
    let Some(request) = connection.requests.pop_front() else { return };
    let Some(call) = request else { return end(state, number, End::Closed) };
    let closes = state.is_wrong(|faults| faults.closes);
    if closes && state.chance(50.0) {
        end(state, number, End::Closed);
        return;
    }
    let process = usize::from(state.gateways.faults.spreads && state.chance(50.0));
    let message = server::answer(state, index, process, &call, is_left);
    let says_end = state.gateways.faults.says_end;
    let says_end = state.gateways.speech.is_http() && state.chance(says_end);
    let mut reply = state.gateways.speech.reply(&message, says_end);
    if closes {
        let way = if state.chance(50.0) { End::Closed } else { End::Reset };
        end(state, number, way);
        return;
    }
    if state.is_wrong(|faults| faults.cut_reply) {
        let length = state.luck.usize(0..reply.len());
        reply.truncate(length);
        let connection = &mut state.gateways.connections[number];
        connection.outbound.extend(reply);
        end(state, number, End::Closed);
        return;
    }
    let ends = state.gateways.speech.is_http() && state.is_wrong(|faults| faults.ends);
    let is_stale = state.gateways.faults.stale > 0.0 && state.is_wrong(|faults| faults.stale);
    let connection = &mut state.gateways.connections[number];
    connection.closes |= says_end || ends;
    if is_stale && !connection.closes {
        connection.replies.push_back(reply.clone());
        let time = state.now + state.latency() + state.between(0, 100 * MILLI);
        state.schedule(time, Event::Deliver(number));
    }
    let connection = &mut state.gateways.connections[number];
    connection.replies.push_back(reply);
    let time = state.now + state.latency();
    state.schedule(time, Event::Deliver(number));
    look(state, number);
}

fn end(state: &mut State, number: usize, end: End) {
    let connection = &mut state.gateways.connections[number];
    connection.end.get_or_insert(end);
    connection.requests.clear();
    notify(state, number);
}

fn notify(state: &mut State, number: usize) {
    if let Some(reader) = state.gateways.connections[number].reader.take() {
        state.wake(reader);
    }
}

fn change(state: &mut State, index: usize, mood: Mood) {
    let now = state.now;
    let gateway = &mut state.gateways.each[index];
    let before = std::mem::replace(&mut gateway.mood, mood);
    let outage = now - std::mem::replace(&mut gateway.changed, now);
    gateway.recovered =
        (mood == Mood::Up).then_some(Recovered { since: now, outage, passed_over: 0 });
    match mood {
        Mood::Up => {
            for connection in std::mem::take(&mut gateway.stuck) {
                let time = state.now + state.latency();
                state.schedule(time, Event::Execute(connection));
            }
        }
        Mood::Down => {
            gateway.stuck.clear();
            // The next process counts its scanners anew.
            gateway.scanners.clear();
            gateway.next_scanner = [0; 2];
            for number in 0..state.gateways.connections.len() {
                if state.gateways.connections[number].gateway == index {
                    end(state, number, End::Reset);
                }
            }
        }
        Mood::Hung | Mood::Silent => debug_assert_ne!(before, Mood::Down),
    }
}
