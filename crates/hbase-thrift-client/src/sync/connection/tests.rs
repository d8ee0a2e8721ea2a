use std::sync::Arc;

use super::super::environment::Signal;
use super::*;
use crate::config::{Config, Endpoint};
use crate::request::Put;
use crate::row::Recycler;

/// A clock that stands still, far from the system's.
struct Stopped(Instant);

impl Environment for Stopped {
    fn now(&self) -> Instant {
        self.0
    }

    fn wall_clock(&self) -> i64 {
        0
    }

    fn sleep(&self, _: Duration) {}

    fn wait(&self, _: &Arc<Signal>, _: Instant) {}

    fn dial(&self, _: &Endpoint, _: Instant) -> io::Result<Box<dyn Stream>> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    fn luck(&self) -> u32 {
        0
    }
}

/// A proxy that has refused the request before it was there, at a time of the stopped clock.
struct Refusing {
    now: Instant,
    page: &'static [u8],
}

impl Stream for Refusing {
    fn read(&mut self, into: &mut [u8], deadline: Instant) -> io::Result<usize> {
        if deadline <= self.now {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let (now, later) = self.page.split_at(self.page.len().min(into.len()));
        into[..now.len()].copy_from_slice(now);
        self.page = later;
        Ok(now.len())
    }

    fn write(&mut self, _: &[u8], _: Instant) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn is_quiet(&mut self) -> bool {
        true
    }
}

#[test]
fn last_words_are_waited_for_by_the_environments_clock() {
    // Later than what the system's clock shows while the test runs.
    let now = Instant::now() + Duration::from_secs(3_600);
    let config: Config = "http://gateway/".parse().unwrap();
    let endpoint = &config.get_endpoints()[0];
    let session = Session::new(&config, endpoint, "gateway".into(), Recycler::default());
    let page = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n";
    let mut connection = Connection::new(Box::new(Refusing { now, page }), session, now);
    let put = Put::new("r").column("f:x", "1");
    let deadline = now + Duration::from_secs(1);
    let result = connection.call(&Call::put(b"t", &put), deadline, &Stopped(now));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::TooLarge);
}
