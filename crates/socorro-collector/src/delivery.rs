//! A connection whose client has only so long to take an answer, and may be let go while it is waited for.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

use crate::clients::Client;

/// A stream that fails when what is written isn't taken in time, since an answer holds memory and a
/// connection until it is delivered; and when its client is let go.
pub(crate) struct Delivery<S> {
    stream: S,
    client: Arc<Client>,
    time: Duration,
    /// From when the client first took less than there was, until all is taken.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> Delivery<S> {
    pub(crate) fn new(stream: S, client: Arc<Client>, time: Duration) -> Self {
        Self { stream, client, time, alarm: None }
    }

    fn check(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(alarm) = &mut self.alarm else { return Poll::Pending };
        ready!(alarm.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn written(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => self.client.moves(bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                if self.client.waits(context) {
                    return Poll::Ready(Err(let_go()));
                }
                let time = self.time;
                self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
            }
        }
        match self.check(context) {
            Poll::Ready(Err(late)) => Poll::Ready(Err(late)),
            _ => written,
        }
    }
}

fn let_go() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "others need what this client holds")
}

impl<S: AsyncRead + Unpin> AsyncRead for Delivery<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        match &read {
            Poll::Ready(_) => self.client.moves(buffer.filled().len() - before),
            Poll::Pending if self.client.waits(context) => return Poll::Ready(Err(let_go())),
            Poll::Pending => {}
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Delivery<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called when nothing is left to write.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.alarm = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
