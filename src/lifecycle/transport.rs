//! One exchange with the lifecycle service over HTTP: the token, the limits, what an answer means, and when to try again.
use std::error::Error as _;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header::{AGE, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::breaker::Breaker;
use super::contract::{PROBLEM_JSON, Problem, ProblemKind};
use super::convert;
use super::error::{Carried, Doing, ErrorKind, LifecycleError};
use crate::config::LifecycleSettings;

/// How to reach the lifecycle service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it is; `/v1/…` comes after this. No credentials, query or fragment.
    pub url: Url,
    /// Sent as a bearer token, to this address only.
    pub token: SecretString,
    /// Until a connection stands. Default: 3 s.
    pub connect_timeout: Duration,
    /// Until a call is over, its retries included. Default: 10 s.
    pub total_timeout: Duration,
    /// Until the whole fleet is read, page by page. Default: 30 s.
    pub fleet_timeout: Duration,
    /// How often a call is tried again where that is safe. Default: 2.
    pub retries: usize,
    /// The longest body of an answer that is read, in bytes. Default: 8 MiB.
    pub body_limit: usize,
    /// The most connectors that are read. Default: 200 000.
    pub fleet_limit: usize,
    /// How old the fleet may be that the service shows, by its own word. Default: 2 min.
    pub stale_after: Duration,
    /// Failed calls in a row after which the service is left alone. Default: 5.
    pub breaker_threshold: u32,
    /// For how long. Default: 10 s.
    pub breaker_open_for: Duration,
    /// Whether the token may go over plain HTTP to an address that is not loopback. Default: no.
    pub plain_http_allowed: bool,
    /// How the event stream is followed.
    pub events: Following,
}

/// How the event stream is followed.
#[derive(Debug, Clone)]
pub struct Following {
    /// How long no line may end in it until it counts as cut. Default: 45 s, three of the comments that keep it open.
    pub idle: Duration,
    /// How long to wait before it is opened again, unless the service names another time; twice as long after each failure.
    /// Default: 1 s.
    pub wait: Duration,
    /// The longest such wait, whatever the service names. Default: 60 s.
    pub longest_wait: Duration,
    /// How long a service that offers none is left alone. Default: 10 min.
    pub not_offered: Duration,
}

impl Default for Following {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(45),
            wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            not_offered: Duration::from_secs(600),
        }
    }
}

impl Settings {
    /// The defaults, for an address and a token.
    pub fn new(url: Url, token: SecretString) -> Self {
        Self {
            url,
            token,
            connect_timeout: Duration::from_secs(3),
            total_timeout: Duration::from_secs(10),
            fleet_timeout: Duration::from_secs(30),
            retries: 2,
            body_limit: 8 << 20,
            fleet_limit: 200_000,
            stale_after: Duration::from_secs(120),
            breaker_threshold: 5,
            breaker_open_for: Duration::from_secs(10),
            plain_http_allowed: false,
            events: Following::default(),
        }
    }
}

impl From<LifecycleSettings> for Settings {
    fn from(told: LifecycleSettings) -> Self {
        Self { plain_http_allowed: told.allow_plain_http, ..Self::new(told.url, told.token) }
    }
}

/// Why no client can be made of the settings.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// Another scheme.
    #[error("the lifecycle service's address must begin with http:// or https://")]
    NotHttp,
    /// Something in the address that does not belong there.
    #[error("the lifecycle service's address must have no user, password, query or fragment")]
    Extras,
    /// The token would go over the network in the clear.
    #[error("the token goes over plain HTTP to loopback only")]
    PlainHttp,
    /// Line breaks and the like.
    #[error("the token has characters that no header may have")]
    Token,
    /// The HTTP client would not start.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
}

/// What came back: a success or 304, and its whole body.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// How old what it says is, by its own word (`Age`).
    pub(super) age: Duration,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// The body, as a JSON object of this form.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        convert::object(&self.body)
    }
}

/// The way to the service.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    client: Client,
    authorization: HeaderValue,
    pub(super) settings: Arc<Settings>,
    breaker: Arc<Mutex<Breaker>>,
}

impl Transport {
    pub(super) fn new(settings: Settings) -> Result<Self, SettingsError> {
        check(&settings)?;
        let bearer = SecretString::from(format!("Bearer {}", settings.token.expose_secret()));
        let mut authorization = HeaderValue::from_str(bearer.expose_secret()).map_err(|_| SettingsError::Token)?;
        authorization.set_sensitive(true);
        let client = crate::outgoing::client()
            .connect_timeout(settings.connect_timeout)
            // A proxy named in the environment would see the token: the service is reached directly, or by its own address.
            .no_proxy()
            .tcp_nodelay(true)
            // Shorter than servers keep idle connections, so that a change is not sent into one that is just being closed.
            .pool_idle_timeout(Duration::from_secs(4))
            .user_agent(concat!("botswain/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(SettingsError::Client)?;
        let breaker = Breaker::new(settings.breaker_threshold, settings.breaker_open_for);
        Ok(Self { client, authorization, settings: Arc::new(settings), breaker: Arc::new(Mutex::new(breaker)) })
    }

    /// An address of the service: each part is one segment of the path, whatever is in it.
    pub(super) fn at(&self, parts: &[&str]) -> Url {
        let mut url = self.settings.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v1").extend(parts);
        }
        url
    }

    pub(super) fn get(&self, url: Url) -> RequestBuilder {
        self.client.get(url)
    }

    pub(super) fn post(&self, url: Url) -> RequestBuilder {
        self.client.post(url)
    }

    /// Sends a request, again where that is safe, until there is an answer or the time is up; `read` makes sense of it, or says why not.
    pub(super) async fn call<T>(
        &self,
        doing: &Doing,
        request: RequestBuilder,
        read: impl FnOnce(Reply) -> Result<T, String>,
    ) -> Result<T, LifecycleError> {
        let ask = self.breaker(|breaker| breaker.ask(Instant::now()));
        if let Err(wait) = ask {
            let kind = ErrorKind::CircuitOpen(wait);
            return Err(LifecycleError::new(doing.clone(), kind, Carried::No));
        }
        let outcome = self.attempts(doing, request).await.and_then(|reply| {
            read(reply).map_err(|why| LifecycleError::new(doing.clone(), ErrorKind::Malformed(why), Carried::Maybe))
        });
        match &outcome {
            Err(error) if error.is_failure() => {
                if self.breaker(|breaker| breaker.failed(Instant::now())) {
                    tracing::warn!(%error, "the lifecycle service is left alone for a while");
                }
            }
            _ => self.breaker(Breaker::succeeded),
        }
        outcome
    }

    fn breaker<T>(&self, f: impl FnOnce(&mut Breaker) -> T) -> T {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        f(&mut breaker)
    }

    async fn attempts(&self, doing: &Doing, request: RequestBuilder) -> Result<Reply, LifecycleError> {
        let deadline = Instant::now() + self.settings.total_timeout;
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(2))
            .with_max_times(self.settings.retries)
            .with_jitter()
            .build();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(attempt) = request.try_clone() else {
                return Err(LifecycleError::malformed("a request that cannot be repeated"));
            };
            let attempt = attempt.header(AUTHORIZATION, self.authorization.clone()).timeout(left);
            let error = match self.attempt(doing, attempt).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let safe = error.carried() == Carried::No && error.is_passing();
            let Some(wait) = waits.next().filter(|_| safe) else {
                return Err(error);
            };
            let wait = wait.max(error.retry_after().unwrap_or_default());
            if wait >= deadline.saturating_duration_since(Instant::now()) {
                return Err(error);
            }
            tracing::debug!(%error, ?wait, "trying again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, doing: &Doing, request: RequestBuilder) -> Result<Reply, LifecycleError> {
        let response = request.send().await.map_err(|error| lost(doing, error))?;
        self.reply(doing, response).await
    }

    async fn reply(&self, doing: &Doing, mut response: Response) -> Result<Reply, LifecycleError> {
        let lost = |error| lost(doing, error);
        let status = response.status();
        let headers = response.headers().clone();
        let limit = self.settings.body_limit;
        let too_large = || {
            let carried = if status.is_client_error() { Carried::No } else { Carried::Maybe };
            LifecycleError::new(doing.clone(), ErrorKind::TooLarge(limit), carried)
        };
        if response.content_length().is_some_and(|n| n > limit as u64) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(Reply { status, age: age(&headers), body });
        }
        Err(meaning(doing, status, &headers, &body))
    }

    /// Opens an answer that need not end. The circuit breaker hears nothing of it: nobody waits for it.
    pub(super) async fn open(&self, doing: &Doing, request: RequestBuilder) -> Result<Response, LifecycleError> {
        let sent = request.header(AUTHORIZATION, self.authorization.clone()).send();
        match tokio::time::timeout(self.settings.total_timeout, sent).await {
            Ok(sent) => sent.map_err(|error| lost(doing, error)),
            Err(_) => Err(LifecycleError::new(doing.clone(), ErrorKind::Timeout, Carried::No)),
        }
    }

    /// What an answer without success to [`Transport::open`] means.
    pub(super) async fn refusal(&self, doing: &Doing, response: Response) -> LifecycleError {
        match tokio::time::timeout(self.settings.total_timeout, self.reply(doing, response)).await {
            Ok(Err(error)) => error,
            Ok(Ok(reply)) => {
                let kind = ErrorKind::Malformed(format!("status {}", reply.status.as_u16()));
                LifecycleError::new(doing.clone(), kind, Carried::No)
            }
            Err(_) => LifecycleError::new(doing.clone(), ErrorKind::Timeout, Carried::No),
        }
    }
}

fn check(settings: &Settings) -> Result<(), SettingsError> {
    let url = &settings.url;
    if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
        return Err(SettingsError::NotHttp);
    }
    let extras =
        !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some();
    if extras {
        return Err(SettingsError::Extras);
    }
    if url.scheme() == "http" && !settings.plain_http_allowed && !is_loopback(url) {
        return Err(SettingsError::PlainHttp);
    }
    Ok(())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// An exchange that was not completed.
pub(super) fn lost(doing: &Doing, error: reqwest::Error) -> LifecycleError {
    let (kind, carried) = if error.is_connect() {
        (ErrorKind::Unreachable, Carried::No)
    } else if error.is_builder() {
        let why = "the request could not be written".to_owned();
        (ErrorKind::Malformed(why), Carried::No)
    } else if error.is_timeout() {
        (ErrorKind::Timeout, Carried::Maybe)
    } else {
        (ErrorKind::Interrupted, Carried::Maybe)
    };
    let mut cause = None;
    let error = error.without_url();
    let mut source = error.source();
    while let Some(deeper) = source {
        cause = Some(deeper.to_string());
        source = deeper.source();
    }
    let cause = cause.unwrap_or_else(|| error.to_string());
    LifecycleError::new(doing.clone(), kind, carried).because(cause)
}

/// What an answer without success means. The contract: nothing was carried out if it is a problem of any known type but `internal`.
fn meaning(doing: &Doing, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> LifecycleError {
    let retry_after = retry_after(headers);
    let problem = problem(headers, body);
    let known = problem.as_ref().and_then(Problem::kind);
    let judged = known.is_some_and(|kind| kind != ProblemKind::Internal);
    let (kind, carried) = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (ErrorKind::Unauthorized, Carried::No),
        StatusCode::TOO_MANY_REQUESTS => (ErrorKind::RateLimited { retry_after }, Carried::No),
        StatusCode::REQUEST_TIMEOUT => (ErrorKind::Timeout, Carried::Maybe),
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {
            (ErrorKind::Redirected(status.as_u16()), Carried::No)
        }
        _ if status.is_redirection() => (ErrorKind::Redirected(status.as_u16()), Carried::Maybe),
        _ if status.is_client_error() => {
            let problem = problem.unwrap_or_else(|| Problem {
                type_uri: "about:blank".to_owned(),
                title: format!("status {}", status.as_u16()),
                status: status.as_u16(),
                detail: None,
                operation_id: None,
                revision: None,
            });
            (ErrorKind::Refused(problem), Carried::No)
        }
        StatusCode::SERVICE_UNAVAILABLE if judged => (ErrorKind::Unavailable { retry_after }, Carried::No),
        _ => (ErrorKind::Server(status.as_u16()), Carried::Maybe),
    };
    LifecycleError::new(doing.clone(), kind, carried)
}

fn problem(headers: &HeaderMap, body: &[u8]) -> Option<Problem> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = content_type.split(';').next()?.trim();
    if !essence.eq_ignore_ascii_case(PROBLEM_JSON) {
        return None;
    }
    serde_json::from_slice(body).ok()
}

/// `Age`: seconds (RFC 9111, section 5.1). What is no number says nothing.
fn age(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(AGE).and_then(|age| age.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3). At most an hour is believed.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
            Duration::try_from(date.duration_since(Timestamp::now())).unwrap_or_default()
        }
    };
    Some(wait.min(Duration::from_secs(3_600)))
}
