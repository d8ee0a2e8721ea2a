//! Clients that are silent, send slowly or don't take their answers, as many as like: they keep nobody off.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use mini_hbase::{Fault, When};

use crate::world::{MULTIPART, World, answer, body, field, file, request};

/// Far less than the 30 seconds for which a client may be silent.
const SOON: Duration = Duration::from_secs(5);

/// An honest client goes on submitting, each time on a connection of its own.
fn honest_client_goes_on(world: &World) {
    for number in 0..20 {
        let begun = Instant::now();
        World::ooid(&world.submit(&[
            field("Number", number.to_string()),
            file("upload_file_minidump", None, vec![b'x'; 50_000]),
        ]));
        assert!(begun.elapsed() < SOON, "submission {number} took {:?}", begun.elapsed());
    }
}

/// As many clients as are told to do something again and again, each with a new connection when its own is
/// closed, while something else is done. They know which one they are, and how often they did it.
fn beside(
    address: SocketAddr,
    clients: usize,
    act: impl Fn(&mut TcpStream, usize, usize) -> std::io::Result<()> + Sync,
    then: impl FnOnce(),
) {
    let is_over = AtomicBool::new(false);
    let connect = || {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nonblocking(true).unwrap();
        (stream, 0)
    };
    let mut streams: Vec<(TcpStream, usize)> = (0..clients).map(|_| connect()).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                for (client, (stream, turn)) in streams.iter_mut().enumerate() {
                    if act(stream, client, *turn).is_ok() {
                        *turn += 1;
                    } else {
                        (*stream, *turn) = connect();
                    }
                }
                thread::sleep(Duration::from_millis(20));
            }
        });
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(then));
        is_over.store(true, Ordering::Relaxed);
        if let Err(panic) = ended {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Sends what fits, and reads nothing.
fn send(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    match stream.write(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

/// An error if the other side has closed the connection.
fn is_open(stream: &mut TcpStream) -> std::io::Result<()> {
    match stream.read(&mut [0; 1]) {
        Ok(0) => Err(std::io::ErrorKind::ConnectionAborted.into()),
        Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

#[test]
fn silent_connections_keep_nobody_off() {
    let world = World::new(|_| {});
    beside(world.address, 700, |stream, _, _| is_open(stream), || honest_client_goes_on(&world));
}

#[test]
fn slow_senders_keep_nobody_off() {
    let world = World::new(|options| options.limits.connections = 64);
    let whole = request(MULTIPART, &body(&[file("x", None, vec![b'x'; 1 << 20])]));
    // Half of them send a head byte by byte, half a body, so often that none is silent.
    let trickle = |stream: &mut TcpStream, client: usize, turn: usize| {
        is_open(stream)?;
        match turn {
            0 if client.is_multiple_of(2) => send(stream, &whole[..400]),
            _ if client.is_multiple_of(2) => send(stream, b"x"),
            turn => send(stream, &whole[turn..=turn]),
        }
    };
    beside(world.address, 200, trickle, || honest_client_goes_on(&world));
}

#[test]
fn slow_readers_keep_nobody_off() {
    let world = World::new(|options| {
        options.limits.connections = 64;
        options.read_token = Some("sesame".to_owned());
        // Enough for all that is asked for.
        options.limits.reading = 1 << 30;
    });
    let dump = file("upload_file_minidump", None, vec![b'x'; 6 << 20]);
    let ooid = World::ooid(&world.submit(&[field("ProductName", "Demo"), dump]));
    let path = format!("/201005/crash/raw_crash/by/uuid/{ooid}");
    let ask = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuth-Token: sesame\r\n\r\n");
    // None of them reads anything.
    let ask = |stream: &mut TcpStream, _, _| send(stream, ask.as_bytes());
    beside(world.address, 130, ask, || honest_client_goes_on(&world));
}

#[test]
fn senders_who_stop_keep_no_memory_from_others() {
    let world = World::new(|options| options.limits.memory = 4 << 20);
    let whole =
        request(MULTIPART, &body(&[field("a", "1"), file("x", None, vec![b'x'; 1_000_000])]));
    let mut stopped: Vec<TcpStream> = (0..3).map(|_| world.connect()).collect();
    for stream in &mut stopped {
        stream.write_all(&whole[..whole.len() - 10]).unwrap();
    }
    thread::sleep(Duration::from_secs(3));
    let begun = Instant::now();
    for _ in 0..3 {
        let found = world.send(&request(
            MULTIPART,
            &body(&[field("a", "1"), file("x", None, vec![b'x'; 2_000_000])]),
        ));
        assert_eq!(found.status, 200, "{found:?}");
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    // Who had to go hears that it may come again.
    let answers: Vec<u16> = stopped
        .iter_mut()
        .map(|stream| {
            let _ = stream.write_all(&whole[whole.len() - 10..]);
            answer(stream).status
        })
        .collect();
    assert!(answers.contains(&408), "{answers:?}");
    assert!(answers.iter().all(|status| [0, 200, 408].contains(status)), "{answers:?}");
}

/// Both connections there are wait for the store; a third client takes none of them.
#[test]
fn who_is_being_served_is_not_let_go() {
    let world = World::new(|options| options.limits.connections = 2);
    // Longer than a client has before it may be let go.
    world.hbase.fault(When::always(), Fault::Delay(Duration::from_millis(300)));
    thread::scope(|scope| {
        let clients: Vec<_> = (0..6)
            .map(|number| {
                let world = &world;
                scope.spawn(move || world.submit(&[field("Number", number.to_string())]))
            })
            .collect();
        for client in clients {
            World::ooid(&client.join().unwrap());
        }
    });
    world.hbase.clear_faults();
    assert_eq!(world.queued(), 6);
}
