//! What a seed stands for: the client's configuration, the callers, and what goes wrong when.

use std::time::Duration;

use super::ledger::Ledger;
use super::server::HUGE;
use super::speech::Speech;
use super::state::{Event, Faults, Gateways, Mood, State};
use super::table::Row;
use super::time::{MILLI, SECOND, Time};
use crate::config::{Config, Interface, Protocol, Transport};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    /// Nothing.
    Calm,
    /// The first gateway works; the others hang, die and are silent.
    OneSteadfast,
    /// Anything.
    Storm,
}

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    speech: Speech,
    pub(super) weather: Weather,
    gateways: usize,
    pub(super) callers: usize,
    pub(super) calls: usize,
    faults: Faults,
    moods: Vec<(Time, usize, Mood)>,
    pub(super) operation_timeout: Duration,
    pub(super) connect_timeout: Duration,
    max_connections: usize,
    pub(super) client_timestamps: bool,
    idle_timeout: Duration,
    salts: u8,
    rows_a_salt: u8,
    /// Some futures are dropped before they are over.
    pub(super) has_drops: bool,
}

impl Plan {
    /// What the seed stands for with gateways of this interface; all else is the same.
    pub(super) fn new(seed: u64, interface: Interface) -> Self {
        // Of its own, so that what the plan takes leaves the world's luck as it is.
        let mut luck = fastrand::Rng::with_seed(seed ^ 0x5EED);
        let weather = match luck.u8(0..4) {
            0 => Weather::Calm,
            1 => Weather::OneSteadfast,
            _ => Weather::Storm,
        };
        let gateways = luck.usize(if weather == Weather::OneSteadfast { 2..=3 } else { 1..=3 });
        let callers = luck.usize(1..=4);
        // Enough for hanging calls of all callers beside those that work.
        let least = if weather == Weather::OneSteadfast { 3 * callers } else { 1 };
        let millis =
            |luck: &mut fastrand::Rng, least, most| Duration::from_millis(luck.u64(least..=most));
        let until = SECOND * luck.u64(5..=40);
        let latency = if luck.bool() { (MILLI / 20, MILLI / 4) } else { (MILLI / 10, 4 * MILLI) };
        let mut faults = Faults {
            until,
            latency,
            short_batch: luck.choice([0.0, 20.0, 80.0]).unwrap_or_default(),
            most_rows: luck.bool().then(|| luck.u32(1..=20)),
            ..Faults::default()
        };
        let speech = Speech {
            transport: *luck.choice(TRANSPORTS).expect("some"),
            protocol: luck.choice([Protocol::Binary, Protocol::Compact]).expect("some"),
            interface,
            // Old gateways, and servers that only act like one, can't say it.
            says_interface: interface == Interface::One || !seed.is_multiple_of(3),
        };
        faults.says_end = luck.choice([0.0, 10.0, 100.0]).unwrap_or_default();
        let mut moods = Vec::new();
        if weather == Weather::Storm {
            let mut sometimes = |most: f64| if luck.bool() { luck.f64() * most } else { 0.0 };
            faults.late = sometimes(10.0);
            faults.closes = sometimes(15.0);
            faults.cut_reply = sometimes(10.0);
            faults.cut_request = sometimes(10.0);
            faults.refuses = sometimes(20.0);
            faults.stops_midway = sometimes(30.0);
            faults.loses_scanner = sometimes(10.0);
            faults.ends = sometimes(20.0);
            if seed % 4 == 1 {
                // Not of the plan's luck, so that the other seeds stay what they were without it.
                faults.stale = fastrand::Rng::with_seed(seed).f64() * 20.0;
            }
            faults.spreads = speech.is_http() && seed % 4 == 2;
        }
        if weather != Weather::Calm {
            let first = usize::from(weather == Weather::OneSteadfast);
            // Where HTTP connections are not kept, a scanner's number is taken for one of the same
            // process if that has answered all the time: no gateway starts in less than a second.
            let shortest_restart = if speech.is_http() { SECOND } else { MILLI };
            for gateway in first..gateways {
                moods.extend(moods_of(gateway, until, shortest_restart, &mut luck));
            }
        }
        Self {
            seed,
            speech,
            weather,
            gateways,
            callers,
            // The more calls, the more of them are under way when a gateway hangs.
            calls: luck.usize(if weather == Weather::OneSteadfast { 10..=30 } else { 3..=12 }),
            faults,
            moods,
            operation_timeout: millis(&mut luck, 1_000, 10_000),
            connect_timeout: millis(&mut luck, 200, 12_000),
            max_connections: luck.usize(least..=least + 4),
            // More often where that lets writes go elsewhere, which few of them have a reason to.
            client_timestamps: luck.u8(0..4) == 0
                || (weather == Weather::OneSteadfast && seed % 4 == 2),
            idle_timeout: millis(&mut luck, 1_000, 45_000),
            salts: luck.u8(1..=8),
            rows_a_salt: luck.u8(0..=12),
            has_drops: seed % 2 == 1,
        }
    }

    pub(super) fn gateways(&self) -> Gateways {
        let ledger = Ledger::new(self.client_timestamps);
        Gateways::new(self.speech, self.gateways, self.faults.clone(), ledger)
    }

    /// Fills the table, and has things go wrong at their times.
    pub(super) fn begin(&self, state: &mut State) {
        for (key, columns) in self.rows() {
            for (column, value) in columns {
                state.gateways.table.put(0, &key, &column, 1, &value);
            }
        }
        state.gateways.table.put(0, b"huge", b"f:x", 1, &vec![b'x'; HUGE]);
        state.gateways.has_steadfast = self.weather == Weather::OneSteadfast;
        for (time, gateway, mood) in &self.moods {
            state.schedule(*time, Event::Mood { gateway: *gateway, mood: *mood });
        }
    }

    /// Whether all callers write with one writer; the other seeds are what they were without it.
    pub(super) fn shares_a_writer(&self) -> bool {
        self.seed % 5 == 4
    }

    /// Whether a scanner's number may be taken for another one's. Rows may be missing then, since
    /// nothing in a reply says which process it is from.
    pub(super) fn mixes_up_scanners(&self) -> bool {
        self.faults.spreads
    }

    /// When nothing goes wrong any more.
    pub(super) fn end_of_faults(&self) -> Time {
        self.faults.until
    }

    /// The rows that scans read, in order.
    pub(super) fn rows(&self) -> Vec<Row> {
        let salts = self.salts();
        let keys = salts.iter().flat_map(|salt| {
            (0..self.rows_a_salt).map(move |number| [salt.as_slice(), &[b'0' + number]].concat())
        });
        let row = |(index, key): (usize, Vec<u8>)| {
            let columns = (0..=index % 4).map(|column| {
                let value = [key.as_slice(), &[b'0' + column as u8]].concat();
                (format!("f:{column}").into_bytes(), value)
            });
            (key.clone(), columns.collect())
        };
        keys.enumerate().map(row).collect()
    }

    pub(super) fn salts(&self) -> Vec<Vec<u8>> {
        (0..self.salts).map(|salt| vec![b's', b'a' + salt]).collect()
    }

    pub(super) fn config(&self) -> Config {
        let mut config = Config::new("gateway", 0);
        for gateway in 1..self.gateways {
            config = config.endpoint("gateway", u16::try_from(gateway).expect("few"));
        }
        if self.speech.interface == Interface::Two && self.seed.is_multiple_of(2) {
            config = config.interface(Interface::Two);
        }
        config
            .transport(self.speech.transport)
            .protocol(self.speech.protocol)
            .operation_timeout(self.operation_timeout)
            .connect_timeout(self.connect_timeout)
            .pool_timeout(self.operation_timeout)
            .idle_timeout(self.idle_timeout)
            .max_connections(self.max_connections)
            .client_timestamps(self.client_timestamps)
            .max_reply_size(HUGE - 1_000)
    }
}

const TRANSPORTS: &[Transport] = &[
    Transport::Buffered,
    Transport::Framed,
    #[cfg(feature = "http")]
    Transport::Http,
];

/// When a gateway becomes how.
fn moods_of(
    gateway: usize,
    until: Time,
    shortest_restart: Time,
    luck: &mut fastrand::Rng,
) -> Vec<(Time, usize, Mood)> {
    let mut moods = Vec::new();
    let mut time = luck.u64(0..=5 * SECOND);
    while time < until {
        let mood = luck.choice([Mood::Hung, Mood::Silent, Mood::Down]).expect("some");
        let lasts = luck.u64(MILLI..=luck.clone().choice([SECOND, 20 * SECOND]).expect("some"));
        let shortest = if mood == Mood::Down { shortest_restart } else { MILLI };
        if time + shortest > until {
            break;
        }
        moods.push((time, gateway, mood));
        time += lasts.clamp(shortest, until - time);
        moods.push((time, gateway, Mood::Up));
        time += luck.u64(MILLI..=10 * SECOND);
    }
    moods
}
