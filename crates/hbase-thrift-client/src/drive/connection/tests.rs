use std::sync::Arc;
use std::task::Context;

use super::super::environment::{Signal, Waits};
use super::super::stream::Stream;
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

    fn sleep(&self, _: Duration) -> Waits<'_, ()> {
        Box::pin(async {})
    }

    fn wait<'a>(&'a self, _: &'a Arc<Signal>, _: Instant) -> Waits<'a, ()> {
        Box::pin(async {})
    }

    fn dial<'a>(&'a self, _: &'a Endpoint, _: Instant) -> Waits<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) })
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
    fn poll_read(
        &mut self,
        _: &mut Context<'_>,
        into: &mut [u8],
        deadline: Instant,
    ) -> Poll<io::Result<usize>> {
        if deadline <= self.now {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let (now, later) = self.page.split_at(self.page.len().min(into.len()));
        into[..now.len()].copy_from_slice(now);
        self.page = later;
        Poll::Ready(Ok(now.len()))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[u8], _: Instant) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
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
    let (call, stopped) = (Call::put(b"t", &put), Stopped(now));
    let result = at_once(connection.call(&call, deadline, &stopped));
    let Poll::Ready(result) = result else { panic!("nothing has to be waited for") };
    assert_eq!(result.unwrap_err().kind(), ErrorKind::TooLarge);
}
