//! `show`: all that is stored of a crash, for a person or a program.

use anyhow::Result;
use serde_json::{Value, json};
use socorro_hbase_client::{CrashStore, Description, time::OffsetDateTime};

use super::{
    crashes::{Described, described},
    queue::Absent,
    rows,
};
use crate::{
    args::{Common, Ids, word},
    failure::NotFound,
    output,
    settings::Settings,
    stop,
    store::Opened,
    text::{counted, json_line, printable},
};

pub(super) fn show(ids: Ids, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let settings = Settings::load(common.config.clone())?;
    let (store, crashes) = Opened::open_for(&settings, common, ids.ooids)?;
    let mut absent = Absent::default();
    let mut shown = 0_u64;
    for id in crashes {
        let id = id?;
        stop::check(|| format!("{} shown", counted(shown, "crash")))?;
        let Some(description) = store.describe(&id)? else {
            absent.add(&id);
            continue;
        };
        let text = if common.json {
            json_line(&object(&store, &description)?)
        } else {
            let gap = if shown > 0 { "\n" } else { "" };
            format!("{gap}{}", lines(&store, &description)?)
        };
        output::print(text.as_bytes())?;
        shown += 1;
    }
    stop::check(|| format!("{} shown", counted(shown, "crash")))?;
    absent.check(|ids| NotFound(format!("there is no crash {ids}")))
}

fn crash(store: &CrashStore, description: &Description) -> Result<Option<Described>> {
    Ok(described(store, std::slice::from_ref(&description.id))?.into_iter().next())
}

fn object(store: &CrashStore, description: &Description) -> Result<Value> {
    let parts = description.parts.iter().map(
        |part| json!({"column": part.column, "bytes": part.bytes, "written": time(part.written)}),
    );
    let queues = description.queued.iter().map(|queued| {
        let (worker, until) = queued.claim.clone().unzip();
        json!({
            "queue": queue_name(queued.is_legacy),
            "since": time(queued.since),
            "is_requested": queued.is_requested,
            "worker": worker,
            "until": until.map(time),
        })
    });
    let pair = description
        .hang_pair
        .as_ref()
        .map(|half| json!({"ooid": word(&half.id), "process_type": half.process_type}));
    let crash = crash(store, description)?;
    let field = |name| crash.as_ref().and_then(|crash| crash.metadata(name));
    Ok(json!({
        "ooid": word(&description.id),
        "submitted": field("submitted_timestamp"),
        "product": field("ProductName"),
        "version": field("Version"),
        "process_type": field("ProcessType"),
        "signature": crash.as_ref().and_then(Described::signature),
        "is_processed": description.is_processed,
        "parts": parts.collect::<Vec<_>>(),
        "queues": queues.collect::<Vec<_>>(),
        "hang_pair": pair,
    }))
}

fn lines(store: &CrashStore, description: &Description) -> Result<String> {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        text.extend([&*format!("{name:<13}  "), &*printable(value), "\n"]);
    };
    line("ooid", &word(&description.id));
    if let Some(crash) = crash(store, description)? {
        for (name, field) in [
            ("submitted", "submitted_timestamp"),
            ("product", "ProductName"),
            ("version", "Version"),
            ("process type", "ProcessType"),
        ] {
            line(name, crash.metadata(field).unwrap_or("-"));
        }
        line("signature", crash.signature().unwrap_or("-"));
    }
    line("is processed", if description.is_processed { "yes" } else { "no" });
    for queued in &description.queued {
        let request = if queued.is_requested { "waits" } else { "is done" };
        let claim = match &queued.claim {
            Some((worker, until)) => format!("claimed by {worker} until {}", time(*until)),
            None => "not claimed".to_owned(),
        };
        let since = time(queued.since);
        line(
            "queue",
            &format!("{}: {request} since {since}, {claim}", queue_name(queued.is_legacy)),
        );
    }
    if let Some(half) = &description.hang_pair {
        line("hang pair", &format!("{} ({})", word(&half.id), half.process_type));
    }
    for part in &description.parts {
        let size = counted(part.bytes, "byte");
        line("part", &format!("{:<28}  {size:>16}  {}", part.column, time(part.written)));
    }
    Ok(text)
}

fn queue_name(is_legacy: bool) -> &'static str {
    if is_legacy { "legacy" } else { "general" }
}

fn time(instant: OffsetDateTime) -> String {
    let milliseconds = instant.unix_timestamp_nanos() / 1_000_000;
    rows::time(i64::try_from(milliseconds).unwrap_or(i64::MAX))
}
