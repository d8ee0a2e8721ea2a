//! Serves addresses on a listener: a limit of connections, one of the time for a head, a stop that lets
//! finish what is under way.

use std::{future::Future, sync::Arc, time::Duration};

use axum::Router;
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1::Builder,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    clients::{Client, Holders},
    delivery::Delivery,
    limits::Limits,
};

/// For the head of a request.
const HEAD: Duration = Duration::from_secs(30);
/// For requests that are under way when the server stops.
const LAST: Duration = Duration::from_mins(1);
/// After a failure to accept, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);
/// While all connections are taken, a client that has been there for as long may be let go.
const GRACE: Duration = Duration::from_millis(250);
/// Until a client that was let go is gone, or another one may go.
const LOOK: Duration = Duration::from_millis(50);

/// Serves until `stop` completes, then finishes the requests that are under way, within a minute.
///
/// Not more than [`Limits::connections`] are served at once. For another one, the client is let go that
/// brings least: a connection without a request, one whose request doesn't get on, or one that doesn't take
/// its answer. None is whose request is being carried out.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    stop: impl Future<Output = ()>,
) {
    let connections = Connections::new(limits.connections);
    let graceful = GracefulShutdown::new();
    let mut builder = Builder::new();
    // With half of a connection closed, nothing is read while a request is carried out, so that its client
    // isn't taken for one that is waited for.
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).half_close(true);
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = connections.accept(&listener) => accepted,
        };
        let Some((stream, place)) = accepted else { continue };
        let client = Client::new();
        let holder = connections.holders.add(Arc::clone(&client));
        let stream = TokioIo::new(Delivery::new(stream, Arc::clone(&client), limits.arrival));
        let router = TowerToHyperService::new(router.clone());
        // Whoever takes memory for a request knows whose it is.
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Arc::clone(&client));
            router.call(request)
        });
        let connection = graceful.watch(builder.serve_connection(stream, service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
            // Not before the connection is closed.
            drop((holder, place));
        });
    }
    drop(listener);
    if timeout(LAST, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were cut off that took longer than a minute after the stop");
    }
}

struct Connections {
    places: Arc<Semaphore>,
    holders: Arc<Holders>,
}

impl Connections {
    fn new(most: usize) -> Self {
        let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Self { places, holders: Holders::new("connections", GRACE) }
    }

    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are short.
                let _ = stream.set_nodelay(true);
                Some((stream, self.place().await?))
            }
            Err(error) => {
                tracing::debug!(%error, "a connection can't be accepted");
                tokio::time::sleep(PAUSE).await;
                None
            }
        }
    }

    /// A place for a connection, if need be that of the slowest client.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return Some(place);
            }
            self.holders.let_go_slowest();
            // Else all are being served, or have just come.
            if let Ok(place) = timeout(LOOK, Arc::clone(&self.places).acquire_owned()).await {
                return place.ok();
            }
        }
    }
}
