//! A proxy that closes the connection after each reply, with a word or without, and mini-hbase behind
//! it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hbase_thrift_client::{
    Client, ColumnFamily, Config, Get, Increment, Mutation, Outcome, Put, Scan, Table,
    WriterOptions,
};
use mini_hbase::{MiniHBase, Protocol, Transport};

use crate::fakes::{read_request, response, server, server_type_reply};

/// How the proxy ends a connection.
#[derive(Clone, Copy, Debug)]
enum Close {
    /// It says so in the reply.
    Announced,
    /// Without a word.
    Silent,
    /// Without a word, and after a pause in which the client may send the next request.
    Late,
}

fn proxy(upstream: SocketAddr, close: Close) -> SocketAddr {
    server(move |mut client| {
        let Some((head, body)) = read_request(&mut client) else { return };
        let mut upstream = TcpStream::connect(upstream).unwrap();
        upstream.write_all(head.as_bytes()).and_then(|()| upstream.write_all(&body)).unwrap();
        let (mut reply, mut byte) = (Vec::new(), [0]);
        while !reply.ends_with(b"\r\n\r\n") {
            if upstream.read_exact(&mut byte).is_err() {
                return;
            }
            reply.push(byte[0]);
        }
        let text = String::from_utf8(reply).unwrap();
        let length = text.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
        });
        let mut body = vec![0; length.unwrap()];
        upstream.read_exact(&mut body).unwrap();
        let headers = match close {
            Close::Announced => "Connection: close\r\n",
            Close::Silent | Close::Late => "",
        };
        let _ = client.write_all(&response("200 OK", headers, &body));
        if let Close::Late = close {
            // Nothing waits for it; it is what makes the proxy a late one.
            thread::sleep(Duration::from_millis(1));
        }
    })
}

struct Behind {
    client: Client,
    table: Table,
    _server: MiniHBase,
}

impl Behind {
    fn start(close: Close) -> Self {
        let server = MiniHBase::builder()
            .transport(Transport::Http)
            .protocol(Protocol::Binary)
            .start()
            .unwrap();
        let address = proxy(server.address(), close);
        let config: Config = format!("http://{address}/").parse().unwrap();
        // Around the proxy, behind which the fate of what can't be repeated may be unknown.
        let direct = Client::connect(server.url()).unwrap();
        direct.admin().create_table("t", &[ColumnFamily::new("f")]).unwrap();
        let client = Client::connect(config).unwrap();
        Self { table: client.table("t"), client, _server: server }
    }
}

const EACH: [Close; 3] = [Close::Announced, Close::Silent, Close::Late];

#[test]
fn scans_work_behind_a_proxy_that_closes_after_each_reply() {
    for close in EACH {
        println!("{close:?}");
        let Behind { table, .. } = &Behind::start(close);
        let writer = table.writer(WriterOptions::new().no_max_age());
        for number in 0..30 {
            writer.write(Put::new(format!("r{number:02}")).column("f:x", "1")).unwrap();
        }
        writer.close().unwrap();
        for read_ahead in [false, true] {
            for scan in [Scan::new(), Scan::new().reversed(), Scan::new().batch(1)] {
                let rows = table.scan(scan.caching(4).read_ahead(read_ahead)).unwrap();
                assert_eq!(rows.count_rows().unwrap(), 30, "{close:?}");
            }
        }
        // Scans that are mixed with each other, with calls, and with pauses.
        let mut scans: Vec<_> =
            (0..3).map(|_| table.scan(Scan::new().caching(7)).unwrap()).collect();
        for number in 0..30 {
            if number == 15 {
                thread::sleep(Duration::from_millis(1_200));
            }
            for rows in &mut scans {
                let row = rows.next().unwrap().unwrap();
                assert_eq!(row.key(), format!("r{number:02}").as_bytes(), "{close:?}");
            }
            table.get(&Get::new("r00")).unwrap().unwrap();
        }
        assert!(scans.iter_mut().all(|rows| rows.next().is_none()));
    }
}

#[test]
fn calls_and_the_writer_work_behind_a_proxy_that_closes_after_each_reply() {
    for close in EACH {
        println!("{close:?}");
        let Behind { table, client, .. } = &Behind::start(close);
        let put = |key: &str, value: &str| Put::new(key).column("f:x", value);
        for number in 0..50 {
            let (key, value) = (format!("r{}", number % 7), number.to_string());
            table.put(&put(&key, &value)).unwrap();
            let row = table.get(&Get::new(key.as_str())).unwrap().unwrap();
            assert_eq!(row.get("f:x"), Some(value.as_bytes()), "{close:?}");
        }
        let mut pipeline = client.pipeline();
        for number in 0..20 {
            pipeline.put(table, put(&format!("p{number}"), "1")).unwrap();
            pipeline.get(table, Get::new("r0")).unwrap();
        }
        pipeline.send().all().unwrap();
        let writer = table.writer(WriterOptions::new().no_max_age().max_mutations(3));
        for number in 0..60 {
            let mutation: Mutation = put(&format!("w{}", number % 4), &number.to_string()).into();
            writer.write(mutation).unwrap();
        }
        writer.close().unwrap();
        for (key, value) in [("w0", "56"), ("w1", "57"), ("w2", "58"), ("w3", "59")] {
            let row = table.get(&Get::new(key)).unwrap().unwrap();
            assert_eq!(row.get("f:x"), Some(value.as_bytes()), "{close:?}");
        }
    }
}

/// Connections are not tried in vain once it is known how they end, and not at all where the server says
/// so.
#[test]
fn calls_need_no_second_attempt_behind_a_proxy_that_closes_after_each_reply() {
    for (close, most) in [(Close::Announced, 0), (Close::Silent, 2), (Close::Late, 2)] {
        let Behind { client, .. } = &Behind::start(close);
        let config = client.config().clone().max_attempts(1);
        let client = Client::connect(config).unwrap();
        let table = client.table("t");
        let mut failed = 0;
        for number in 0..30 {
            let put = Put::new(format!("r{number}")).column("f:x", "1");
            failed += usize::from(table.put(&put).is_err());
            failed += usize::from(table.get(&Get::new("r0")).is_err());
        }
        let mut pipeline = client.pipeline();
        for _ in 0..10 {
            pipeline.get(&table, Get::new("r0")).unwrap();
        }
        failed += pipeline.send().into_results().filter(Result::is_err).count();
        let writer = table.writer(WriterOptions::new().no_max_age().max_mutations(1));
        for number in 0..10 {
            let put = Put::new(format!("w{number}")).column("f:x", "1");
            failed += usize::from(writer.write(put).is_err());
        }
        assert!(failed <= most, "{close:?}: {failed} calls failed");
    }
}

/// What can't be repeated may meet a connection that is closed already, and says so; it is never
/// counted twice, nor lost after it was acknowledged.
#[test]
fn counters_are_honest_behind_a_proxy_that_closes_after_each_reply() {
    for close in EACH {
        println!("{close:?}");
        let Behind { table, .. } = &Behind::start(close);
        let (mut least, mut most) = (0, 0);
        for _ in 0..40 {
            match table.increment(&Increment::new("n", "f:n", 1)) {
                Ok(_) => (least, most) = (least + 1, most + 1),
                Err(error) => {
                    assert_eq!(error.outcome(), Outcome::Unknown, "{close:?}: {error:?}");
                    most += 1;
                }
            }
        }
        let row = table.get(&Get::new("n")).unwrap();
        let stored = row.and_then(|row| row.get("f:n").map(|value| value.try_into().unwrap()));
        let stored = stored.map_or(0, u64::from_be_bytes);
        assert!((least..=most).contains(&stored), "{close:?}: {stored}, {least} to {most}");
        // Once it is known that connections take one call each, none fails.
        assert!(most - least <= 2, "{close:?}: {least} of {most} increments succeeded");
    }
}

/// A server that closed its connections for a while, and then leaves them open.
#[test]
fn connections_are_used_again_once_the_server_leaves_them_open() {
    let (keeps, connections) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (keeps_now, counter) = (Arc::clone(&keeps), Arc::clone(&connections));
    let address = server(move |mut client| {
        counter.fetch_add(1, Ordering::Relaxed);
        while let Some((_, body)) = read_request(&mut client) {
            let reply = response("200 OK", "", &server_type_reply(&body, 1));
            if client.write_all(&reply).is_err() || !keeps_now.load(Ordering::Relaxed) {
                return;
            }
        }
    });
    let config: Config = format!("http://{address}/").parse().unwrap();
    let client = Client::connect(config.max_attempts(4)).unwrap();
    let opened_by = |pings: usize| {
        let before = connections.load(Ordering::Relaxed);
        (0..pings).for_each(|_| client.ping().unwrap());
        connections.load(Ordering::Relaxed) - before
    };
    // Connecting may have left one behind that carried no call.
    assert!(opened_by(20) >= 19);
    keeps.store(true, Ordering::Relaxed);
    // Its calls follow each other closely, so that no connection is ever idle for long.
    let end = Instant::now() + Duration::from_secs(20);
    while opened_by(20) > 0 {
        assert!(Instant::now() < end, "a new connection is opened for each call");
        thread::sleep(Duration::from_millis(5));
    }
    keeps.store(false, Ordering::Relaxed);
    opened_by(20);
    assert_eq!(opened_by(20), 20);
}

/// Requests wait for the reply before, so scanners that are dropped while rows are to come are closed later.
#[test]
fn every_scanner_on_a_shared_connection_is_closed() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    fastrand::seed(seed);
    let server =
        MiniHBase::builder().transport(Transport::Http).protocol(Protocol::Binary).start().unwrap();
    let config: Config = server.url().parse().unwrap();
    let client = Client::connect(config.max_connections(1)).unwrap();
    client.admin().create_table("t", &[ColumnFamily::new("f")]).unwrap();
    let table = client.table("t");
    for number in 0..30 {
        table.put(&Put::new(format!("r{number:02}")).column("f:x", "1")).unwrap();
    }
    for round in 0..30 {
        let scan = || table.scan(Scan::new().caching(fastrand::u32(1..6))).unwrap();
        let mut scans: Vec<_> = (0..fastrand::usize(2..5)).map(|_| scan()).collect();
        for _ in 0..fastrand::usize(2..30) {
            let rows = fastrand::usize(..scans.len());
            scans[rows].next().transpose().unwrap();
        }
        fastrand::shuffle(&mut scans);
        drop(scans);
        client.ping().unwrap();
        let calls = |method| server.calls(method);
        assert_eq!(calls("scannerOpenWithScan"), calls("scannerClose"), "round {round}");
    }
}
