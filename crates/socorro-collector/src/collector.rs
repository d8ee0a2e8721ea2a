//! The collector: a request's way from its body to an answer, and the addresses that it has.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    extract::{Path, RawQuery, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use socorro_hbase_client::{CrashStore, Ooid, time::OffsetDateTime};

use crate::{
    clients::Client,
    crash::{Crash, Origin, Privacy},
    crash_data::{self, CrashData, Reader},
    keeper::{Keeper, Kept},
    limits::Limits,
    memory::Memory,
    metrics::Metrics,
    processing::ProcessingMetrics,
    pulse::Pulse,
    refusal::{Malformed, Refusal},
    report::CrashReport,
    request,
    spool::{Spool, SpoolError},
    throttle::{Rules, Throttled},
};

/// How a collector works. Every part has a default that works.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CollectorOptions {
    /// What strangers may ask of it.
    pub limits: Limits,
    /// Which crashes are kept; all by default.
    pub rules: Rules,
    /// A folder that keeps crashes while the store is away, and how many bytes it may take. Without one
    /// such crashes are refused with 503, after which clients come again.
    pub spool: Option<(PathBuf, u64)>,
    /// Annotations that are dropped before anything is stored, each with a note in the crash. By
    /// default those that Socorro drops: `Email`, `TelemetryClientId`, `TelemetrySessionId`,
    /// `TelemetryServerURL`.
    pub dropped: Vec<String>,
    /// Annotations that only those read who have the token, besides those that nobody else reads anyway;
    /// none by default. Each crash that has one says so in its metadata, so that whatever reads the crash
    /// store honours it. Searches don't find crashes by one.
    pub protected: Vec<String>,
    /// A client that sends this as `Authorization: Bearer` may choose the crash's name, in the
    /// annotation `uuid`. Nobody may by default.
    pub submit_token: Option<String>,
    /// A client that sends this as `Auth-Token` reads crashes back as they are stored: dumps, and
    /// protected fields such as `URL` too. Nobody may by default.
    pub read_token: Option<String>,
    /// What workers in the same process count, for `/metrics`.
    pub processing: Option<ProcessingMetrics>,
}

const DROPPED: [&str; 4] =
    ["Email", "TelemetryClientId", "TelemetrySessionId", "TelemetryServerURL"];

impl Default for CollectorOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            rules: Rules::default(),
            spool: None,
            dropped: DROPPED.map(str::to_owned).to_vec(),
            protected: Vec::new(),
            submit_token: None,
            read_token: None,
            processing: None,
        }
    }
}

/// Receives crash reports and keeps them in a crash store.
///
/// A crash is acknowledged when it is durable: in the store or, while that is away, in the spool.
/// Clones are one collector.
///
/// ```no_run
/// use socorro_collector::{Collector, CollectorOptions, serve};
/// # async fn run(store: socorro_hbase_client::CrashStore) -> Result<(), Box<dyn std::error::Error>> {
/// let mut options = CollectorOptions::default();
/// options.spool = Some(("/var/spool/socorro".into(), 10 << 30));
/// let limits = options.limits.clone();
/// let collector = Collector::start(store, options)?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
/// // Something that completes when the collector shall stop: a signal, for example.
/// let stop = std::future::pending();
/// serve(listener, collector.router(), &limits, stop).await;
/// tokio::task::spawn_blocking(move || collector.stop()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Collector(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: CollectorOptions,
    memory: Memory,
    metrics: Arc<Metrics>,
    keeper: Keeper,
    crash_data: CrashData,
    pulse: Pulse,
}

impl Collector {
    /// Starts the threads that store crashes.
    ///
    /// # Errors
    ///
    /// The spool can't be used.
    pub fn start(store: CrashStore, options: CollectorOptions) -> Result<Self, SpoolError> {
        let spool = match &options.spool {
            Some((folder, limit)) => Some(Spool::open(folder, *limit)?),
            None => None,
        };
        let metrics = Arc::new(Metrics::new(options.processing.as_ref()));
        let crash_data = CrashData::new(store.clone(), Memory::new(options.limits.reading));
        let keeper = Keeper::start(store, spool, Arc::clone(&metrics));
        let memory = Memory::new(options.limits.memory);
        let pulse = Pulse::new(KEPT);
        Ok(Self(Arc::new(Inner { options, memory, metrics, keeper, crash_data, pulse })))
    }

    /// The collector's addresses: `POST /submit`, and those of [`reading_router`](Self::reading_router).
    pub fn router(&self) -> Router {
        self.logged(Self::addresses().route("/submit", post(submit)))
    }

    /// The addresses without `/submit`, for a machine of workers only: `/__heartbeat__`,
    /// `/__lbheartbeat__`, `/__version__`, `/metrics`, and to read crashes back
    /// `/201005/crash/(meta|raw_crash|processed)/by/uuid/OOID`.
    pub fn reading_router(&self) -> Router {
        self.logged(Self::addresses())
    }

    fn addresses() -> Router<Self> {
        Router::new()
            .route("/201005/crash/{part}/by/uuid/{ooid}", get(crash))
            .route("/__lbheartbeat__", get(|| async { "" }))
            .route("/__heartbeat__", get(heartbeat))
            .route("/__version__", get(version))
            .route("/metrics", get(metrics))
    }

    fn logged(&self, addresses: Router<Self>) -> Router {
        addresses.layer(middleware::from_fn(log)).with_state(self.clone())
    }

    /// Finishes what was received, and ends the threads. Blocks.
    pub fn stop(&self) {
        self.0.keeper.stop();
    }

    /// How many crashes wait in the spool for the store; `None` without a spool.
    pub fn spooled(&self) -> Option<usize> {
        self.0.keeper.spool().map(|spool| spool.filled().waiting)
    }

    async fn collect(&self, request: Request) -> Result<Answer, Refusal> {
        let Inner { options, memory, metrics, keeper, .. } = &*self.0;
        let received = OffsetDateTime::now_utc();
        let headers = request.headers().clone();
        let (report, share) = request::read(request, &options.limits, memory).await?;
        let ooid = self.ooid(&report, &headers, received)?;
        let decision = options.rules.decide(&report.annotations, fastrand::f64());
        let rule = decision.rule().unwrap_or("none").to_owned();
        match decision.result() {
            Throttled::Accept | Throttled::Defer | Throttled::Reject => {}
            Throttled::Discard => {
                metrics.throttled(&rule);
                return Ok(Answer::Discarded { rule });
            }
            Throttled::Ignore => {
                metrics.throttled(&rule);
                return Ok(Answer::Unsupported);
            }
        }
        let user_agent = headers.get(header::USER_AGENT).and_then(|text| text.to_str().ok());
        let origin = Origin { user_agent, received };
        let (size, dumps) = (report.size, report.dumps.len());
        let privacy = Privacy { dropped: &options.dropped, protected: &options.protected };
        let crash = Crash::new(report, ooid, &decision, &privacy, &origin)
            .map_err(|_| Refusal::Unstorable)?;
        let kept = keeper.keep(crash, share).await?;
        let how = match kept {
            Kept::Stored => "stored",
            Kept::Spooled => "spooled",
        };
        metrics.kept(how, size);
        tracing::info!(%ooid, size, dumps, rule, how, "crash received");
        Ok(Answer::Kept(ooid))
    }

    /// The crash's name: a new one, or the client's if it may choose.
    fn ooid(
        &self,
        report: &CrashReport,
        headers: &HeaderMap,
        received: OffsetDateTime,
    ) -> Result<Ooid, Refusal> {
        let invalid = Refusal::from(Malformed::InvalidUuid);
        if !report.annotations.contains("uuid") {
            return new_name(received);
        }
        if !self.may_choose_name(headers) {
            return Err(Refusal::UnauthorizedUuid);
        }
        let chosen = report.annotations.text("uuid").ok_or(invalid)?;
        chosen.parse().map_err(|_| invalid)
    }

    fn may_choose_name(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.0.options.submit_token else { return false };
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let sent = sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        is_token(sent, token)
    }
}

/// A name for a crash of this day. Machines without a battery begin in 1970, of which no name can be: their
/// clients may come again, when the clock is right.
fn new_name(received: OffsetDateTime) -> Result<Ooid, Refusal> {
    Ooid::generate(received.date()).map_err(|_| Refusal::WrongClock)
}

/// Hashes, so that the time that this takes says nothing of the token.
fn is_token(sent: &str, token: &str) -> bool {
    !token.is_empty() && Sha256::digest(sent) == Sha256::digest(token)
}

/// What a client hears of a crash that was read.
enum Answer {
    Kept(Ooid),
    Discarded { rule: String },
    Unsupported,
}

async fn submit(State(collector): State<Collector>, request: Request) -> Response {
    let (status, body) = match collector.collect(request).await {
        Ok(Answer::Kept(ooid)) => (StatusCode::OK, format!("CrashID=bp-{ooid}\n")),
        Ok(Answer::Discarded { rule }) => (StatusCode::OK, format!("Discarded=rule_{rule}")),
        Ok(Answer::Unsupported) => (StatusCode::OK, "Unsupported=1".to_owned()),
        Err(refusal) => {
            collector.0.metrics.refused(refusal.word());
            tracing::info!(reason = refusal.word(), "request refused");
            (refusal.status(), refusal.body())
        }
    };
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}

/// The access log: a line for each request, whatever became of it.
async fn log(request: Request, next: Next) -> Response {
    let began = std::time::Instant::now();
    let method = request.method().clone();
    // Not the query, which may name a person's installation.
    let path: String = request.uri().path().chars().take(LONGEST_PATH).collect();
    let response = next.run(request).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    tracing::info!(target: "access", %method, path, status, ?took);
    response
}

/// Characters of a path in the log.
const LONGEST_PATH: usize = 200;

/// What is stored of a crash, at the address that `PyServe` has for it.
async fn crash(
    State(collector): State<Collector>,
    Path((part, ooid)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    client: Option<Extension<Arc<Client>>>,
    headers: HeaderMap,
) -> Response {
    let part = crash_data::part(&part, query.as_deref());
    let ooid = ooid.strip_prefix("bp-").unwrap_or(&ooid).parse::<Ooid>();
    let (Some(part), Ok(ooid)) = (part, ooid) else { return crash_data::nothing() };
    let reader = match (crash_data::token_of(&headers), &collector.0.options.read_token) {
        (None, _) => Reader::Public,
        (Some(sent), Some(token)) if is_token(sent, token) => Reader::Trusted,
        (Some(_), _) => return crash_data::wrong_token(),
    };
    let client = client.map(|Extension(client)| client);
    collector.0.crash_data.answer(ooid, part, reader, client).await
}

/// How long it counts that the store was there, or wasn't.
const KEPT: Duration = Duration::from_secs(2);

/// Whether the store takes crashes: 503 with the reasons if it doesn't.
async fn heartbeat(State(collector): State<Collector>) -> Response {
    let asked = collector.clone();
    let probed = collector.0.pulse.feel(move || asked.0.keeper.probe()).await;
    let mut reasons: Vec<String> = probed.err().into_iter().collect();
    reasons.extend(collector.0.keeper.trouble());
    let now = OffsetDateTime::now_utc();
    if new_name(now).is_err() {
        reasons.push(format!("the clock says {}, which no crash can have in its name", now.date()));
    }
    let spool = collector.0.keeper.spool().map(Spool::filled);
    let spool = spool.map(|filled| {
        json!({
            "waiting": filled.waiting, "refused": filled.refused,
            "bytes": filled.bytes, "limit": filled.limit,
        })
    });
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"errors": reasons, "spool": spool}))).into_response()
}

async fn version() -> Response {
    let version = env!("CARGO_PKG_VERSION");
    Json(json!({"name": "socorro-collector", "version": version})).into_response()
}

async fn metrics(State(collector): State<Collector>) -> Response {
    let spool = collector.0.keeper.spool().map(Spool::filled);
    match collector.0.metrics.text(spool) {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use socorro_hbase_client::time;

    use super::*;

    #[test]
    fn a_clock_that_is_wrong_is_no_clients_fault() {
        let start = OffsetDateTime::UNIX_EPOCH;
        for (days, is_right) in [(0, false), (10_000, false), (20_000, true), (50_000, false)] {
            match new_name(start + time::Duration::days(days)) {
                Ok(_) => assert!(is_right, "{days} days"),
                Err(refusal) => {
                    assert!(!is_right, "{days} days");
                    assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
                }
            }
        }
    }
}
