//! What came of a crash, read back over HTTP: `GetCrash` of `PyServe`.
//!
//! A reader without the token gets what anybody may see: no dump, and no protected field.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use socorro_hbase_client::{CrashStore, DumpName, Error, Ooid};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    clients::Client,
    memory::{Memory, Share},
};

/// Answers those who ask for crashes, few at once: they never take what submissions need.
#[derive(Debug)]
pub(crate) struct CrashData {
    store: CrashStore,
    /// Held by an answer until its client has taken it.
    memory: Memory,
    admitted: Arc<Semaphore>,
    working: Arc<Semaphore>,
}

/// What of a crash is asked for.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Meta,
    Dump(DumpName),
    Processed,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Has the token, and gets everything as it is stored.
    Trusted,
    Public,
}

/// What was found.
enum Found {
    Part(Vec<u8>),
    /// It is there, but not processed yet; its turn is next.
    Later,
    Nothing,
}

/// Requests that are answered or wait for that.
const ADMITTED: usize = 32;
/// Requests that the store is asked for; a large crash takes some ten times its size meanwhile.
const WORKING: usize = 2;
const PATIENCE: Duration = Duration::from_secs(10);

impl CrashData {
    pub(crate) fn new(store: CrashStore, memory: Memory) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { store, memory, admitted: semaphore(ADMITTED), working: semaphore(WORKING) }
    }

    pub(crate) async fn answer(
        &self,
        ooid: Ooid,
        part: Part,
        reader: Reader,
        client: Option<Arc<Client>>,
    ) -> Response {
        if matches!((&part, reader), (Part::Dump(_), Reader::Public)) {
            return refuse(StatusCode::FORBIDDEN, "dumps are read with a token in Auth-Token");
        }
        let busy = || refuse(StatusCode::SERVICE_UNAVAILABLE, "busy, ask again later");
        let Ok(_admitted) = self.admitted.try_acquire() else { return busy() };
        let working = timeout(PATIENCE, Arc::clone(&self.working).acquire_owned()).await;
        let Ok(Ok(working)) = working else { return busy() };
        let (store, asked) = (self.store.clone(), part.clone());
        let found = tokio::task::spawn_blocking(move || {
            // For as long as the store is asked, whether or not the client waits.
            let _working = working;
            find(&store, ooid, &asked, reader)
        });
        match found.await {
            Ok(Ok(Found::Part(bytes))) => {
                let mut share = self.memory.share(client);
                if !share.grow(bytes.len() as u64) {
                    self.memory.let_go_slowest();
                    return busy();
                }
                let body = Body::from(Bytes::from_owner(Held { bytes, _share: share }));
                let kind = match part {
                    Part::Dump(_) => "application/octet-stream",
                    Part::Meta | Part::Processed => "application/json",
                };
                let headers =
                    [(header::CONTENT_TYPE, kind), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
                (headers, body).into_response()
            }
            Ok(Ok(Found::Later)) => {
                refuse(StatusCode::REQUEST_TIMEOUT, "not processed yet, ask again later")
            }
            Ok(Ok(Found::Nothing)) => nothing(),
            Ok(Err(error)) => {
                tracing::warn!(%ooid, %error, "a crash can't be read");
                if error.is_retryable() { busy() } else { unreadable() }
            }
            Err(error) => {
                tracing::error!(%ooid, %error, "a crash can't be read");
                unreadable()
            }
        }
    }
}

/// A crash that isn't there, or an address that names none.
pub(crate) fn nothing() -> Response {
    refuse(StatusCode::NOT_FOUND, "there is no such crash, or no such part of it")
}

/// A token that isn't the right one.
pub(crate) fn wrong_token() -> Response {
    refuse(StatusCode::FORBIDDEN, "the token in Auth-Token is not the right one")
}

/// The part that the names of an address are.
pub(crate) fn part(name: &str, query: Option<&str>) -> Option<Part> {
    match name {
        "meta" => Some(Part::Meta),
        "processed" => Some(Part::Processed),
        "raw_crash" => {
            let mut pairs = query.into_iter().flat_map(|query| query.split('&'));
            let named = pairs.find_map(|pair| pair.strip_prefix("name="));
            Some(Part::Dump(named.map_or(Some(DumpName::default()), |name| name.parse().ok())?))
        }
        _ => None,
    }
}

/// Whether the request says that it has the token.
pub(crate) fn token_of(headers: &HeaderMap) -> Option<&str> {
    let sent = headers.get("Auth-Token")?;
    Some(sent.to_str().unwrap_or_default())
}

fn find(store: &CrashStore, ooid: Ooid, part: &Part, reader: Reader) -> Result<Found, Error> {
    let text = |object: serde_json::Map<_, _>| serde_json::Value::Object(object).to_string();
    let found = match (part, reader) {
        (Part::Meta, Reader::Trusted) => store.get_metadata_bytes(ooid)?,
        (Part::Meta, Reader::Public) => {
            store.get_public_metadata(ooid)?.map(|public| text(public).into_bytes())
        }
        (Part::Dump(name), _) => store.get_dump_named(ooid, name)?,
        (Part::Processed, Reader::Trusted) => {
            store.get_processed_text(ooid)?.map(String::into_bytes)
        }
        (Part::Processed, Reader::Public) => {
            store.get_public_processed(ooid)?.map(|public| text(public).into_bytes())
        }
    };
    match (found, part) {
        (Some(bytes), _) => Ok(Found::Part(bytes)),
        (None, Part::Processed) => hurry(store, ooid),
        (None, _) => Ok(Found::Nothing),
    }
}

/// Lets a crash be processed that isn't yet. One that waits already, or that a worker is at, is left as it is, and
/// so is one that was processed meanwhile: asking again and again makes no work.
fn hurry(store: &CrashStore, ooid: Ooid) -> Result<Found, Error> {
    let Some(crash) = store.describe(ooid)? else { return Ok(Found::Nothing) };
    let waits = crash.queued.iter().any(|entry| {
        let is_claimed = entry.claim.is_some();
        entry.is_requested && (entry.is_legacy || is_claimed)
    });
    // A result is there before the entries leave: where none is left, there is none, or it is to be found now.
    if !waits && store.get_processed_text(ooid)?.is_none() {
        store.requeue(ooid)?;
    }
    Ok(Found::Later)
}

fn refuse(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

fn unreadable() -> Response {
    refuse(StatusCode::INTERNAL_SERVER_ERROR, "the crash can't be read")
}

/// An answer with its share of the memory.
struct Held {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
