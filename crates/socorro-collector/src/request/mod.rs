//! Reads a request into a crash report: any client's of the last fifteen years, within the limits,
//! without believing anything that it says of itself.

mod body;
mod content;
mod names;

use std::sync::Arc;

use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use multer::{Field, Multipart};
use socorro_hbase_client::{Annotations, MetadataError};

use self::{body::Watch, names::DumpNames};
use crate::{
    clients::Client,
    limits::Limits,
    memory::{Memory, Share},
    refusal::{Malformed, Refusal},
    report::{CrashReport, Payload},
};

pub(crate) use names::as_posted;

/// Reads a request; the report keeps its share of the memory as long as it is held.
pub(crate) async fn read(
    request: Request,
    limits: &Limits,
    memory: &Memory,
) -> Result<(CrashReport, Share), Refusal> {
    let (mut head, body) = request.into_parts();
    let client = head.extensions.remove::<Arc<Client>>();
    let head = content::boundary(&head.headers)
        .and_then(|boundary| Ok((boundary, content::is_gzip(&head.headers)?)));
    let is_gzip = matches!(head, Ok((_, true)));
    let (watch, bytes) = body::read(body, is_gzip, limits, memory, client);
    let parts = match head {
        Ok((boundary, _)) => {
            let mut parts = Parts::new(limits);
            let read = parts.read_all(Multipart::new(bytes, boundary)).await;
            read.map_err(|refusal| watch.refusal().unwrap_or(refusal))
                .and_then(|()| parts.checked())
        }
        Err(malformed) => {
            drop(bytes);
            Err(malformed.into())
        }
    };
    match parts {
        Ok(parts) => {
            // What follows the last part: a client that can't send it may not look for an answer.
            watch.drain(limits.request).await;
            Ok(finish(parts, is_gzip, watch))
        }
        Err(refusal) => {
            if !matches!(refusal, Refusal::Gone | Refusal::TooSlow) {
                watch.drain(limits.request).await;
            }
            Err(refusal)
        }
    }
}

fn finish(parts: Parts<'_>, is_compressed: bool, watch: Watch) -> (CrashReport, Share) {
    let size = watch.size();
    let Parts { annotations, dumps, notes, has_json, .. } = parts;
    let payload = if has_json { Payload::Json } else { Payload::Multipart };
    let report = CrashReport { annotations, dumps, notes, payload, is_compressed, size };
    // Nobody else reads the body any more.
    let share = watch.into_share();
    (report, share.unwrap_or_else(|| Memory::new(0).share(None)))
}

/// What has been read of a request's parts.
struct Parts<'a> {
    limits: &'a Limits,
    annotations: Annotations,
    dumps: Vec<(socorro_hbase_client::DumpName, Bytes)>,
    names: DumpNames,
    notes: Vec<String>,
    has_json: bool,
    has_fields: bool,
}

/// What a part is.
#[derive(Clone, Copy)]
enum Kind {
    Json,
    Annotation,
    Dump,
}

/// Annotations that a report may have in all its parts of JSON, and one more for each part that the limits
/// allow.
const MOST_IN_JSON: usize = 10_000;

/// Notes of one report: a request of a thousand odd parts has no more to say.
const MOST_NOTES: usize = 20;

impl<'a> Parts<'a> {
    fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            annotations: Annotations::default(),
            dumps: Vec::new(),
            names: DumpNames::default(),
            notes: Vec::new(),
            has_json: false,
            has_fields: false,
        }
    }

    async fn read_all(&mut self, mut parts: Multipart<'_>) -> Result<(), Refusal> {
        let broken = |_| Refusal::from(Malformed::InvalidPayloadStructure);
        let mut count = 0;
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            count += 1;
            if count > self.limits.parts {
                return Err(Refusal::TooLarge("parts"));
            }
            let Some(name) = part.name().filter(|name| !name.is_empty()) else { continue };
            if name.len() > self.limits.name {
                let most = self.limits.name;
                self.note(format!("left out a part whose name has more than {most} bytes"));
                continue;
            }
            let (name, kind) = (name.to_owned(), kind_of(&part));
            let bytes = self.bytes_of(part).await?;
            self.take(name, kind, bytes)?;
        }
        Ok(())
    }

    async fn bytes_of(&self, mut part: Field<'_>) -> Result<Bytes, Refusal> {
        let broken = |_| Refusal::from(Malformed::InvalidPayloadStructure);
        let mut bytes = BytesMut::new();
        while let Some(chunk) = part.chunk().await.map_err(broken)? {
            if (bytes.len() + chunk.len()) as u64 > self.limits.part {
                return Err(Refusal::TooLarge("part"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }

    fn take(&mut self, name: String, kind: Kind, bytes: Bytes) -> Result<(), Refusal> {
        match kind {
            Kind::Json => {
                let annotations = Annotations::from_json(&bytes).map_err(|error| match error {
                    MetadataError::NotAnObject => Malformed::InvalidJsonValue,
                    _ => Malformed::InvalidJson,
                })?;
                self.has_json = true;
                self.annotations.extend(annotations);
                if self.annotations.len() > MOST_IN_JSON + self.limits.parts {
                    return Err(Refusal::TooLarge("annotations"));
                }
            }
            Kind::Annotation => {
                self.has_fields = true;
                if !self.annotations.set_bytes(&name, &bytes) {
                    self.note(format!("annotation {name:?} is not UTF-8"));
                }
            }
            Kind::Dump => {
                let kept = self.names.take(&name);
                if as_posted(&kept) != name {
                    self.note(format!("dump {name:?} is kept as {kept}"));
                }
                self.dumps.push((kept, bytes));
            }
        }
        Ok(())
    }

    fn checked(mut self) -> Result<Self, Refusal> {
        if self.annotations.is_empty() {
            return Err(Malformed::NoAnnotations.into());
        }
        if self.has_json && self.has_fields {
            self.note("annotations came both as JSON and as parts".to_owned());
        }
        Ok(self)
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(note);
        }
    }
}

/// A part is an annotation, JSON with all of them, or a dump. What dumps call themselves differs from
/// client to client, and Crashpad gives no part a type.
fn kind_of(part: &Field<'_>) -> Kind {
    let essence = part.content_type().map(mime::Mime::essence_str);
    match essence {
        Some("application/json") => Kind::Json,
        Some("text/plain") | None if part.file_name().is_none() => Kind::Annotation,
        _ => Kind::Dump,
    }
}
