//! The body of a request as a stream of bytes: limited, timed, unpacked.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use async_compression::tokio::bufread::GzipDecoder;
use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use tokio::time::{Instant, Sleep, timeout_at};
use tokio_util::io::{ReaderStream, StreamReader};

use crate::{
    clients::Client,
    limits::Limits,
    memory::{Memory, Share},
    refusal::{Malformed, Refusal},
};

/// The bytes of a body, unpacked; an error ends them.
pub(super) type Bodies = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// What remains known of a body while others read it.
#[derive(Clone)]
pub(super) struct Watch(Arc<Mutex<Watched>>);

struct Watched {
    body: BodyDataStream,
    size: u64,
    unpacked: u64,
    memory: Share,
    refusal: Option<Refusal>,
}

/// What is taken in of a request that is refused, so that the client hears why.
const LAST: Duration = Duration::from_secs(5);

/// Reads a body within the limits.
pub(super) fn read(
    body: Body,
    is_gzip: bool,
    limits: &Limits,
    memory: &Memory,
    client: Option<Arc<Client>>,
) -> (Watch, Bodies) {
    let body = body.into_data_stream();
    let share = memory.share(client.clone());
    let watched = Watched { body, size: 0, unpacked: 0, memory: share, refusal: None };
    let watch = Watch(Arc::new(Mutex::new(watched)));
    let now = Instant::now();
    let sent = Sent {
        watch: watch.clone(),
        client,
        most: limits.request,
        silence: limits.silence,
        arrival: now + limits.arrival,
        alarm: Box::pin(tokio::time::sleep_until(now + limits.silence.min(limits.arrival))),
    };
    let unpacked: Bodies = if is_gzip {
        let mut decoder = GzipDecoder::new(StreamReader::new(sent));
        decoder.multiple_members(true);
        let watch = watch.clone();
        let bytes = ReaderStream::with_capacity(decoder, 64 * 1024);
        Box::pin(bytes.map_err(move |error| {
            watch.refuse(Malformed::BadGzip.into());
            error
        }))
    } else {
        Box::pin(sent)
    };
    let (counter, memory, most) = (watch.clone(), memory.clone(), limits.unpacked);
    let limited = unpacked.then(move |bytes| {
        let (counter, memory) = (counter.clone(), memory.clone());
        async move { counter.count(bytes?, most, &memory).await }
    });
    (watch, Box::pin(limited))
}

impl Watch {
    /// Why reading failed, if the reason isn't in the parts themselves.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.lock().refusal
    }

    /// Bytes that were sent.
    pub(super) fn size(&self) -> u64 {
        self.lock().size
    }

    /// The memory that the request has taken, for as long as it is under way.
    pub(super) fn into_share(self) -> Option<Share> {
        let watched = Arc::into_inner(self.0)?.into_inner().unwrap_or_else(PoisonError::into_inner);
        Some(watched.memory)
    }

    /// Takes in what still comes of a refused request, for a short time: a client that can't send
    /// everything may not look for an answer.
    pub(super) async fn drain(&self, most: u64) {
        let until = Instant::now() + LAST;
        let mut left = most;
        let mut next = std::future::poll_fn(|context| self.lock().body.poll_next_unpin(context));
        while let Ok(Some(Ok(bytes))) = timeout_at(until, &mut next).await {
            left = left.saturating_sub(bytes.len() as u64);
            if left == 0 {
                return;
            }
        }
    }

    /// The first reason counts.
    fn refuse(&self, refusal: Refusal) -> io::Error {
        self.lock().refusal.get_or_insert(refusal);
        io::Error::other("the request is refused")
    }

    async fn count(&self, bytes: Bytes, most: u64, memory: &Memory) -> io::Result<Bytes> {
        let length = bytes.len() as u64;
        let unpacked = {
            let mut watched = self.lock();
            watched.unpacked += length;
            watched.unpacked
        };
        if unpacked > most {
            return Err(self.refuse(Refusal::TooLarge("unpacked")));
        }
        if !memory.take(|| self.lock().memory.grow(length)).await {
            return Err(self.refuse(Refusal::NoMemory));
        }
        Ok(bytes)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the client sends, within its limit and time.
struct Sent {
    watch: Watch,
    client: Option<Arc<Client>>,
    most: u64,
    silence: Duration,
    arrival: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl Stream for Sent {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let next = {
            let mut watched = this.watch.lock();
            match watched.body.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(bytes))) => {
                    watched.size += bytes.len() as u64;
                    Poll::Ready(Some(Ok((bytes, watched.size))))
                }
                Poll::Ready(Some(Err(_))) => {
                    let is_let_go = this.client.as_ref().is_some_and(|client| client.is_let_go());
                    let refusal = if is_let_go { Refusal::TooSlow } else { Refusal::Gone };
                    Poll::Ready(Some(Err(refusal)))
                }
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        };
        Poll::Ready(match next {
            Poll::Pending => {
                ready!(this.alarm.as_mut().poll(context));
                Some(Err(this.watch.refuse(Refusal::TooSlow)))
            }
            Poll::Ready(None) => None,
            Poll::Ready(Some(Err(refusal))) => Some(Err(this.watch.refuse(refusal))),
            Poll::Ready(Some(Ok((_, size)))) if size > this.most => {
                Some(Err(this.watch.refuse(Refusal::TooLarge("request"))))
            }
            Poll::Ready(Some(Ok((bytes, _)))) => {
                let alarm = this.arrival.min(Instant::now() + this.silence);
                this.alarm.as_mut().reset(alarm);
                Some(Ok(bytes))
            }
        })
    }
}
