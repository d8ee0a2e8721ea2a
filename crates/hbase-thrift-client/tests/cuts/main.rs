//! A connection that is cut, or hangs, after every single byte, once in the replies and once in the
//! requests: nothing is lost, doubled or wrong, no call outlives its deadline, and no error says more
//! than is known.
//!
//! Each act (a few calls of one kind) runs through a proxy that harms one connection after some
//! bytes; what the client says is then compared with what is stored, at once and when all is over.
//! Small acts are harmed at each of their bytes, the others at some: `CUTS_SEED=n` chooses the same
//! ones again, `CUTS_EVERYWHERE=1` all of them, which takes long.

#![allow(clippy::unwrap_used)]

mod acts;
#[cfg(feature = "tls")]
#[path = "../authority/mod.rs"]
mod authority;
#[cfg(feature = "tls")]
#[path = "../fakes/mod.rs"]
mod fakes;
mod stage;
#[path = "../support/mod.rs"]
mod support;
#[cfg(feature = "tls")]
mod tls;

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use acts::{ACTS, Act, LARGER, SMALL, keys};
use hbase_thrift_client::{Client, ColumnFamily, Config, Interface, Put, Table, WriterOptions};
use mini_hbase::{MiniHBase, Protocol, Transport};
use stage::{Promise, Route, Stage};
use support::proxy::{Direction, Harm, Proxy};
use support::setup::exact;

const TABLE: &str = "t";
const ROWS: usize = 8;
/// How many acts play at once: nearly all of the time is spent in pauses before another attempt, or
/// waiting for what hangs.
const RUNNERS: usize = 48;
/// How many bytes of the larger acts are tried, of those in each direction.
const SAMPLES: usize = 100;

#[test]
fn a_cut_costs_nothing_that_was_acknowledged() {
    let server = start();
    play(&server, &Route::plain(&server, 1, Harm::Cut));
}

#[test]
fn with_two_gateways_a_cut_costs_nothing_that_was_acknowledged() {
    let server = start();
    play(&server, &Route::plain(&server, 2, Harm::Cut));
}

#[test]
fn a_hang_costs_no_more_than_the_time_of_the_call() {
    let server = start();
    play(&server, &Route::plain(&server, 1, Harm::Hang));
}

#[test]
fn with_two_gateways_a_hang_costs_no_read() {
    let server = start();
    play(&server, &Route::plain(&server, 2, Harm::Hang));
}

#[cfg(feature = "tls")]
#[test]
fn a_cut_of_tls_costs_nothing_that_was_acknowledged() {
    let server = start();
    play(&server, &Route::tls(&server, Harm::Cut));
}

#[cfg(feature = "http")]
#[test]
fn a_cut_of_http_costs_nothing_that_was_acknowledged() {
    let server = start();
    play(&server, &Route::http(&server, Harm::Cut));
}

#[test]
fn a_cut_of_thrift_2_costs_nothing_that_was_acknowledged() {
    let server = start_thrift2(Transport::Buffered, Protocol::Binary);
    play(&server, &Route::thrift2(&server, thrift2, 1, Harm::Cut));
}

#[test]
fn with_two_gateways_a_cut_of_thrift_2_costs_nothing_that_was_acknowledged() {
    let server = start_thrift2(Transport::Framed, Protocol::Compact);
    let config = |addresses: &[SocketAddr]| {
        thrift2(addresses)
            .transport(hbase_thrift_client::Transport::Framed)
            .protocol(hbase_thrift_client::Protocol::Compact)
    };
    play(&server, &Route::thrift2(&server, config, 2, Harm::Cut));
}

#[test]
fn a_hang_of_thrift_2_costs_no_more_than_the_time_of_the_call() {
    let server = start_thrift2(Transport::Buffered, Protocol::Binary);
    // What it speaks has to be found out.
    play(&server, &Route::thrift2(&server, plain, 1, Harm::Hang));
}

#[test]
fn with_two_gateways_a_hang_of_thrift_2_costs_no_read() {
    let server = start_thrift2(Transport::Buffered, Protocol::Binary);
    play(&server, &Route::thrift2(&server, plain, 2, Harm::Hang));
}

#[cfg(feature = "http")]
#[test]
fn a_cut_of_thrift_2_over_http_costs_nothing_that_was_acknowledged() {
    let server = start_thrift2(Transport::Http, Protocol::Binary);
    let config = |addresses: &[SocketAddr]| format!("http://{}/", addresses[0]).parse().unwrap();
    play(&server, &Route::thrift2(&server, config, 1, Harm::Cut));
}

/// With an address at which Thrift 2 is spoken in this way.
fn start_thrift2(transport: Transport, protocol: Protocol) -> MiniHBase {
    let server = exact().max_scanners(100_000);
    server.thrift2("127.0.0.1:0", transport, protocol).start().unwrap()
}

fn start() -> MiniHBase {
    // A scanner whose connection is harmed is left to its lease.
    let server = exact().max_scanners(100_000);
    #[cfg(feature = "http")]
    let server = server.also_listen("127.0.0.1:0", Transport::Http, Protocol::Binary);
    server.start().unwrap()
}

impl Route {
    /// To the server by this many addresses.
    fn plain(server: &MiniHBase, gateways: usize, harm: Harm) -> Self {
        let servers = vec![server.address(); gateways];
        Self { config: plain, interface: Interface::One, servers, harm, root: None }
    }

    /// As [`plain`](Self::plain), to its address for Thrift 2.
    fn thrift2(
        server: &MiniHBase,
        config: fn(&[SocketAddr]) -> Config,
        gateways: usize,
        harm: Harm,
    ) -> Self {
        let url: Config = server.thrift2_url().unwrap().parse().unwrap();
        let port = url.get_endpoints()[0].port();
        let servers = vec![SocketAddr::new(server.address().ip(), port); gateways];
        Self { config, interface: Interface::Two, servers, harm, root: None }
    }

    #[cfg(feature = "tls")]
    fn tls(server: &MiniHBase, harm: Harm) -> Self {
        let authority = authority::Authority::new();
        let front = tls::front(server.address(), authority.server_config("127.0.0.1"));
        let (interface, root) = (Interface::One, Some(authority.pem()));
        Self { config: plain, interface, servers: vec![front], harm, root }
    }

    #[cfg(feature = "http")]
    fn http(server: &MiniHBase, harm: Harm) -> Self {
        let url = server.url_of(Transport::Http, Protocol::Binary).unwrap();
        let url: Config = url.parse().unwrap();
        let port = url.get_endpoints()[0].port();
        let servers = vec![SocketAddr::new(server.address().ip(), port)];
        let config =
            |addresses: &[SocketAddr]| format!("http://{}/", addresses[0]).parse().unwrap();
        Self { config, interface: Interface::One, servers, harm, root: None }
    }
}

fn plain(addresses: &[SocketAddr]) -> Config {
    let mut config = Config::new("127.0.0.1", addresses[0].port());
    for other in &addresses[1..] {
        config = config.endpoint("127.0.0.1", other.port());
    }
    config
}

fn thrift2(addresses: &[SocketAddr]) -> Config {
    plain(addresses).interface(Interface::Two)
}

/// An act, and after how many bytes of which direction a connection is harmed.
struct Run {
    name: &'static str,
    act: Act,
    direction: Direction,
    after: usize,
}

fn play(server: &MiniHBase, route: &Route) {
    let direct = fill(server);
    let seed = number_from("CUTS_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    let mut luck = fastrand::Rng::with_seed(seed);
    let mut runs = Vec::new();
    for direction in [Direction::Requests, Direction::Replies] {
        let mut some = Vec::new();
        for (name, act) in SMALL.into_iter().chain(LARGER).chain(ACTS) {
            let (before, all) = measure(route, &direct, direction, act);
            // The shortest reply, to a put of Thrift 2 in the compact protocol, has 12.
            assert!(all >= before + 12, "{name} moves {} bytes", all - before);
            let run = |after| Run { name, act, direction, after };
            let is_small = SMALL.iter().any(|(small, _)| *small == name);
            if is_small || number_from("CUTS_EVERYWHERE").is_some() {
                runs.extend((before..all).map(run));
                some.extend((0..before).map(run));
            } else {
                some.extend((0..all).map(run));
            }
        }
        luck.shuffle(&mut some);
        some.truncate(SAMPLES);
        runs.extend(some);
    }
    // The long ones are not the last.
    luck.shuffle(&mut runs);
    let promises = Mutex::new(Vec::new());
    perform(&runs, route, &direct, &promises);
    println!("{} runs, {} promises", runs.len(), promises.lock().unwrap().len());
    for promise in promises.into_inner().unwrap() {
        promise.check(&direct);
    }
}

static MEASURED: AtomicUsize = AtomicUsize::new(0);

/// How many bytes it takes to connect, and the act with that.
fn measure(route: &Route, direct: &Table, direction: Direction, act: Act) -> (usize, usize) {
    let promises = Mutex::new(Vec::new());
    let proxy = Proxy::start(&route.servers, direction, None);
    // As long as a number of a run, and another one each time.
    let name = format!("m{:04}", MEASURED.fetch_add(1, Ordering::Relaxed));
    let stage = Stage::set(&proxy, route, direct, &name, &promises);
    let before = proxy.passed();
    act(&stage);
    (before, proxy.passed())
}

fn perform(runs: &[Run], route: &Route, direct: &Table, promises: &Mutex<Vec<Promise>>) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..RUNNERS {
            scope.spawn(|| {
                while let number = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(run) = runs.get(number)
                {
                    let _playing = Playing(run);
                    let harm = Some((run.after, route.harm));
                    let proxy = Proxy::start(&route.servers, run.direction, harm);
                    let name = format!("{number:05}");
                    let stage = Stage::set(&proxy, route, direct, &name, promises);
                    (run.act)(&stage);
                    stage.recovers();
                }
            });
        }
    });
}

/// Says which run it was that failed.
struct Playing<'a>(&'a Run);

impl Drop for Playing<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let Run { name, direction, after, .. } = self.0;
            eprintln!("that was {name}, harmed after {after} bytes of {direction:?}");
        }
    }
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

fn fill(server: &MiniHBase) -> Table {
    let client = Client::connect(server.url()).unwrap();
    let families = [ColumnFamily::new("f").max_versions(3), ColumnFamily::new("g")];
    client.admin().create_table(TABLE, &families).unwrap();
    let table = client.table(TABLE);
    let writer = table.writer(WriterOptions::new());
    for key in keys() {
        let put = Put::new(key).column("f:a", "1").column("f:b", "2").column("g:c", "3");
        writer.write(put).unwrap();
    }
    writer.close().unwrap();
    table
}
