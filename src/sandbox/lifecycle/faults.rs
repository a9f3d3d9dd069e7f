//! Faults on demand: what goes wrong between a client and the service, and the record of what came in.
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::LifecycleSimulator;
use super::http::Refusal;
use crate::lifecycle::contract::{Problem, ProblemKind};

/// How many requests the record holds; the oldest go first.
const REQUESTS_KEPT: usize = 10_000;
/// More than any answer of this service is.
const BUFFER: usize = 64 << 20;

/// What goes wrong with a request to `/v1/*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// It is refused with this problem (the last part of its type, or the whole of it); nothing is carried out.
    Refuse {
        /// Such as `not-stopped`.
        problem: String,
    },
    /// It is answered with this status and no problem details; nothing is carried out.
    ServerError {
        /// 500 to 599.
        #[serde(default = "internal")]
        status: u16,
    },
    /// 429; nothing is carried out.
    RateLimit {
        /// `Retry-After`, in seconds.
        #[serde(default)]
        retry_after: u64,
    },
    /// Nothing is carried out and nothing answered, until the faults are cleared; then the connection is closed.
    Hang,
    /// It is carried out, and nothing answered until the faults are cleared; then the connection is closed.
    HangAfter,
    /// It is carried out and answered after this long.
    Slow {
        /// Milliseconds.
        ms: u64,
    },
    /// It is carried out; half of the answer comes, then the connection is closed.
    HalfAnswer,
    /// It is carried out; the answer is 200 with something that is not JSON.
    Garbage,
    /// In the answer, the record of this connector is not what the contract says.
    MalformedRecord {
        /// Its id.
        connector: String,
    },
    /// Pages after the first fail (500).
    MissingPage,
    /// It is carried out, and answered with what the platform said so long ago (`Age`).
    Stale {
        /// Seconds.
        age: u64,
    },
    /// It reaches the service twice, as some proxies do; the second answer comes back.
    DuplicateDelivery,
    /// It is carried out, then the connection is closed without an answer.
    AcceptThenDrop,
    /// The connection is closed; nothing is carried out.
    Drop,
    /// Events pass the streams by while it is in force, and are not made up for. (It strikes no request.)
    LoseEvents,
    /// The answer sends the client elsewhere (307); nothing is carried out.
    Redirect {
        /// The address in `Location`.
        to: String,
    },
    /// It is carried out; the answer is 200 and very long.
    HugeBody {
        /// How long.
        #[serde(default = "huge")]
        bytes: u64,
    },
}

fn internal() -> u16 {
    500
}

fn huge() -> u64 {
    256 << 20
}

/// A fault, for which requests, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Only for this route, such as `GET /v1/connectors` or `POST /v1/connectors/{id}/operations` (or the method alone). Default: all.
    #[serde(default)]
    pub route: Option<String>,
    /// This many times. Default: until it is cleared.
    #[serde(default)]
    pub times: Option<u32>,
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self { kind, route: None, times: None }
    }
}

impl Fault {
    /// Only for one route.
    pub fn on(mut self, route: &str) -> Self {
        self.route = Some(route.to_owned());
        self
    }

    /// Only so many times.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn fits(&self, method: &Method, path: &str, later_page: bool) -> bool {
        if self.kind == FaultKind::LoseEvents || (self.kind == FaultKind::MissingPage && !later_page) {
            return false;
        }
        let Some(route) = &self.route else {
            return true;
        };
        let (wanted, pattern) = match route.split_once(' ') {
            Some((wanted, pattern)) => (Some(wanted), Some(pattern)),
            None if route.starts_with('/') => (None, Some(route.as_str())),
            None => (Some(route.as_str()), None),
        };
        wanted.is_none_or(|wanted| wanted == method.as_str()) && pattern.is_none_or(|pattern| path_fits(pattern, path))
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(part)) if wanted == part || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// The faults in force.
#[derive(Debug, Default)]
pub(super) struct Faults {
    in_force: Vec<Fault>,
    /// How often they were cleared: what hangs, hangs until this grows.
    pub(super) cleared: u64,
    /// How often the event streams were cut: those that were opened before end.
    pub(super) cuts: u64,
    /// Grows with every change.
    pub(super) version: u64,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.version += 1;
        self.in_force.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.version += 1;
        self.cleared += 1;
        self.in_force.clear();
    }

    pub(super) fn cut_streams(&mut self) {
        self.version += 1;
        self.cuts += 1;
    }

    pub(super) fn in_force(&self) -> &[Fault] {
        &self.in_force
    }

    pub(super) fn lose_events(&self) -> bool {
        self.in_force.iter().any(|fault| fault.kind == FaultKind::LoseEvents)
    }

    fn take(&mut self, method: &Method, path: &str, later_page: bool) -> Option<FaultKind> {
        let at =
            self.in_force.iter().position(|fault| fault.times != Some(0) && fault.fits(method, path, later_page))?;
        let fault = self.in_force.get_mut(at)?;
        let kind = fault.kind.clone();
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            self.version += 1;
            if *times == 0 {
                self.in_force.remove(at);
            }
        }
        Some(kind)
    }
}

/// A request that came in to `/v1/*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestRecord {
    /// Counts from 1.
    pub n: u64,
    /// `GET`, `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The headers of interest that it carried, by their lower-case names. Never the token.
    pub headers: serde_json::Map<String, Value>,
    /// Whether its token was right.
    pub authorized: bool,
    /// The status it was answered with; null while it waits, and when no answer came.
    pub status: Option<u16>,
    /// The fault that it met.
    pub fault: Option<FaultKind>,
}

/// The record of requests.
#[derive(Debug, Default)]
pub(super) struct Requests {
    kept: VecDeque<RequestRecord>,
    count: u64,
}

impl Requests {
    fn note(&mut self, request: &Request, authorized: bool, fault: Option<FaultKind>) -> u64 {
        self.count += 1;
        if self.kept.len() == REQUESTS_KEPT {
            self.kept.pop_front();
        }
        let uri = request.uri();
        self.kept.push_back(RequestRecord {
            n: self.count,
            method: request.method().to_string(),
            path: uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string),
            headers: of_interest(request.headers()),
            authorized,
            status: None,
            fault,
        });
        self.count
    }

    fn answered(&mut self, n: u64, status: StatusCode) {
        if let Some(record) = self.kept.iter_mut().rev().find(|record| record.n == n) {
            record.status = Some(status.as_u16());
        }
    }

    pub(super) fn after(&self, n: u64) -> Vec<RequestRecord> {
        self.kept.iter().filter(|r| r.n > n).cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }
}

fn of_interest(headers: &HeaderMap) -> serde_json::Map<String, Value> {
    let names = ["idempotency-key", "if-match", "if-none-match", "last-event-id", "user-agent"];
    let mut found = serde_json::Map::new();
    for name in names {
        if let Some(value) = headers.get(name) {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            found.insert(name.to_owned(), Value::String(text));
        }
    }
    found
}

/// The layer around `/v1/*` that notes each request and lets it meet its fault.
pub(super) async fn meddle(State(simulator): State<LifecycleSimulator>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/v1/") {
        return next.run(request).await;
    }
    let authorized = simulator.authorizes(request.headers());
    let later_page =
        request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("cursor=")));
    let (n, fault) = simulator.with(|world| {
        let path = request.uri().path();
        let fault = world.faults.take(request.method(), path, later_page);
        let n = world.requests.note(&request, authorized, fault.clone());
        (n, fault)
    });
    let response = match fault {
        None => next.run(request).await,
        Some(fault) => match meet(&simulator, fault, request, next).await {
            Ok(response) => response,
            Err(NoAnswer) => return closed(),
        },
    };
    simulator.with(|world| world.requests.answered(n, response.status()));
    response
}

/// The connection is closed and nothing is answered.
struct NoAnswer;

async fn meet(
    simulator: &LifecycleSimulator,
    fault: FaultKind,
    request: Request,
    next: Next,
) -> Result<Response, NoAnswer> {
    Ok(match fault {
        FaultKind::Refuse { problem } => refusal(&problem),
        FaultKind::ServerError { status } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, "upstream trouble").into_response()
        }
        FaultKind::RateLimit { retry_after } => {
            Refusal::new(Problem::new(ProblemKind::RateLimited, "Slow down.")).after(retry_after).into_response()
        }
        FaultKind::Hang => {
            simulator.until_cleared().await;
            return Err(NoAnswer);
        }
        FaultKind::HangAfter => {
            next.run(request).await;
            simulator.until_cleared().await;
            return Err(NoAnswer);
        }
        FaultKind::Slow { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            next.run(request).await
        }
        FaultKind::HalfAnswer => halved(next.run(request).await).await,
        FaultKind::Garbage => {
            next.run(request).await;
            let garbage = "<!doctype html><title>Welcome to the wireless network</title>";
            ([(header::CONTENT_TYPE, "application/json")], garbage).into_response()
        }
        FaultKind::MalformedRecord { connector } => malformed(next.run(request).await, &connector).await,
        FaultKind::MissingPage => {
            Refusal::new(Problem::new(ProblemKind::Internal, "The page was lost.")).into_response()
        }
        FaultKind::Stale { age } => {
            let mut response = next.run(request).await;
            response.headers_mut().insert(header::AGE, HeaderValue::from(age));
            response
        }
        FaultKind::DuplicateDelivery => delivered_twice(request, next).await,
        FaultKind::AcceptThenDrop => {
            next.run(request).await;
            return Err(NoAnswer);
        }
        FaultKind::Drop => return Err(NoAnswer),
        FaultKind::LoseEvents => next.run(request).await,
        FaultKind::Redirect { to } => {
            let location = HeaderValue::from_str(&to).unwrap_or(HeaderValue::from_static("/"));
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response()
        }
        FaultKind::HugeBody { bytes } => {
            next.run(request).await;
            ([(header::CONTENT_TYPE, "application/json")], huge_body(bytes)).into_response()
        }
    })
}

fn refusal(slug: &str) -> Response {
    let detail = "A fault that was asked for.";
    match ProblemKind::parse(slug) {
        Some(kind) => Refusal::new(Problem::new(kind, detail)).into_response(),
        None => {
            let mut problem = Problem::new(ProblemKind::Superseded, detail);
            problem.type_uri = slug.to_owned();
            problem.title = format!("Refused: {slug}");
            Refusal::new(problem).into_response()
        }
    }
}

/// A body that fails before its first byte: hyper closes the connection without having written anything.
fn closed() -> Response {
    let nothing = stream::iter([Err::<Bytes, _>(io::Error::other("closed on purpose"))]);
    Body::from_stream(nothing).into_response()
}

async fn halved(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, BUFFER).await.unwrap_or_default();
    let half = bytes.slice(..bytes.len() / 2);
    let broken = stream::once(async move { Ok(half) }).chain(stream::once(async {
        // Yields once, so that the half before it is on its way.
        tokio::task::yield_now().await;
        Err(io::Error::other("cut off on purpose"))
    }));
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    Response::from_parts(parts, Body::from_stream(broken))
}

async fn malformed(response: Response, connector: &str) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, BUFFER).await.unwrap_or_default();
    let Ok(mut answer) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    let spoil = |record: &mut Value| {
        if record.get("id").and_then(Value::as_str) == Some(connector)
            && let Some(fields) = record.as_object_mut()
        {
            fields.insert("agent".to_owned(), json!(17));
            fields.remove("bot");
        }
    };
    match answer.get_mut("items").and_then(Value::as_array_mut) {
        Some(items) => items.iter_mut().for_each(spoil),
        None => spoil(&mut answer),
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(answer.to_string()))
}

async fn delivered_twice(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, BUFFER).await.unwrap_or_default();
    let first = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
    next.clone().run(first).await;
    next.run(Request::from_parts(parts, Body::from(bytes))).await
}

fn huge_body(bytes: u64) -> Body {
    const CHUNK: usize = 64 << 10;
    let chunk = Bytes::from(vec![b' '; CHUNK]);
    let chunks = bytes.div_ceil(CHUNK as u64);
    let spaces = stream::unfold(0_u64, move |sent| {
        let chunk = chunk.clone();
        async move { (sent < chunks).then_some((Ok::<_, Infallible>(chunk), sent + 1)) }
    });
    Body::from_stream(spaces)
}
