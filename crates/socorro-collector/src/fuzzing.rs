//! What anyone may post, opened for the target in the repository's folder `fuzz` (feature `fuzzing`).
//!
//! No part of the crate's interface: it changes whenever the collector does. What is checked here is
//! what must hold whatever the bytes are.

use std::{convert::Infallible, sync::LazyLock};

use axum::{body::Body, extract::Request, http::header};
use bytes::Bytes;
use futures_util::stream;
use tokio::runtime::{Builder, Runtime};

use crate::{limits::Limits, memory::Memory, refusal::Refusal, request};

const MEMORY: u64 = 1 << 20;

static RUNTIME: LazyLock<Option<Runtime>> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().ok());

/// Reads a request, at once and in pieces of this size. The first line of the bytes is its `Content-Type`.
///
/// # Panics
///
/// When the two differ, when a report is larger than the limits allow or has a dump's name twice, or when
/// what is dropped goes on taking memory.
pub fn request(is_gzip: bool, piece: usize, bytes: &[u8]) {
    let Some(runtime) = &*RUNTIME else { return };
    let line = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (content_type, body) = bytes.split_at(line);
    let body = body.strip_prefix(b"\n").unwrap_or_default();
    let read = |piece| runtime.block_on(read(is_gzip, content_type, piece, body));
    match (read(body.len()), read(piece)) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces, "in pieces of {piece} bytes"),
        // Which of several faults is noticed first depends on how much has come.
        (whole, pieces) => assert_eq!(whole.is_ok(), pieces.is_ok(), "{whole:?}, {pieces:?}"),
    }
}

/// Small ones, that inputs of a few kilobytes reach.
fn limits() -> Limits {
    let (request, unpacked, part) = (4096, 8192, 512);
    Limits { request, unpacked, part, parts: 8, name: 32, ..Limits::default() }
}

/// All that a report says, as text.
async fn read(
    is_gzip: bool,
    content_type: &[u8],
    piece: usize,
    body: &[u8],
) -> Result<String, Refusal> {
    let pieces = body.chunks(piece.max(1)).map(Bytes::copy_from_slice).map(Ok::<_, Infallible>);
    let body = Body::from_stream(stream::iter(pieces.collect::<Vec<_>>()));
    let mut builder = Request::post("/submit").header(header::CONTENT_TYPE, content_type);
    if is_gzip {
        builder = builder.header(header::CONTENT_ENCODING, "gzip");
    }
    // A head that no server would let through.
    let Ok(request) = builder.body(body) else { return Err(Refusal::Gone) };
    let limits = limits();
    let memory = Memory::new(MEMORY);
    let read = request::read(request, &limits, &memory).await;
    let text = read.map(|(report, share)| {
        let sizes = report.dumps.iter().map(|(_, dump)| dump.len() as u64);
        assert!(sizes.clone().all(|size| size <= limits.part), "a dump is too large");
        assert!(sizes.sum::<u64>() <= limits.unpacked, "the dumps are too large together");
        assert!(report.dumps.len() <= limits.parts, "{} dumps", report.dumps.len());
        let mut names: Vec<_> = report.dumps.iter().map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), report.dumps.len(), "two dumps have one name");
        drop(share);
        format!("{report:?}")
    });
    assert!(memory.share(None).grow(MEMORY), "memory is kept");
    text
}
