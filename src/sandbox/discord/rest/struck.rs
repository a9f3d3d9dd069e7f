//! Carries out the faults that were ordered.
use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Json,
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::{Value, json};

use super::{code, quota};
use crate::sandbox::discord::{faults::Kind, shared::Shared};

/// What becomes of a request that a fault has struck.
#[derive(Debug)]
pub(super) enum Struck {
    /// This is the answer, and nothing is carried out.
    Answer(Kind),
    /// The connection closes, and nothing is carried out.
    Close,
    CarryOut,
    CarryOutAndClose,
}

/// Waits where the fault says so.
pub(super) async fn apply(shared: &Arc<Shared>, id: u64, kind: Kind) -> Struck {
    match kind {
        Kind::RateLimit { .. } | Kind::ServerError { .. } | Kind::Refuse { .. } => Struck::Answer(kind),
        Kind::Hang { ms: Some(ms) } => {
            pause(shared, ms).await;
            Struck::Close
        }
        Kind::Hang { ms: None } => {
            let mut changes = shared.changes();
            while shared.look(|inner| inner.faults.stands(id)) && !shared.closed.is_cancelled() {
                tokio::select! {
                    changed = changes.changed() => if changed.is_err() { break },
                    () = shared.closed.cancelled() => break,
                }
            }
            Struck::Close
        }
        Kind::Drop => Struck::Close,
        Kind::DropAfter => Struck::CarryOutAndClose,
        Kind::Slow { ms } => {
            pause(shared, ms).await;
            Struck::CarryOut
        }
    }
}

async fn pause(shared: &Shared, ms: u64) {
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(ms)) => {}
        () = shared.closed.cancelled() => {}
    }
}

/// Status and body of a fault's answer.
pub(super) fn tell(kind: &Kind) -> (u16, Value) {
    match kind {
        Kind::RateLimit { retry_after, global, .. } => (
            429,
            json!({"message": "You are being rate limited.", "retry_after": retry_after, "global": global, "code": 0}),
        ),
        Kind::ServerError { status } => {
            (*status, json!({"message": format!("{status}: Internal Server Error"), "code": 0}))
        }
        Kind::Refuse { status, code, message, retry_after: None } => {
            (*status, json!({"message": message, "code": code}))
        }
        Kind::Refuse { status, code, message, retry_after: Some(wait) } => {
            (*status, json!({"message": message, "code": code, "retry_after": wait, "global": false}))
        }
        _ => (500, Value::Null),
    }
}

/// A fault's answer. A 5xx comes from in front of Discord, and is no JSON.
pub(super) fn respond(kind: Kind, template: &str) -> Response {
    let (status, body) = tell(&kind);
    match kind {
        Kind::RateLimit { headers: false, .. } => (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response(),
        Kind::RateLimit { retry_after, global, .. } => {
            let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
            let headers = response.headers_mut();
            if global {
                headers.insert(header::VIA, HeaderValue::from_static("1.1 google"));
                headers.insert(HeaderName::from_static("x-ratelimit-global"), HeaderValue::from_static("true"));
                headers.insert(HeaderName::from_static("x-ratelimit-scope"), HeaderValue::from_static("global"));
                if let Ok(value) = HeaderValue::from_str(&format!("{}", retry_after.ceil())) {
                    headers.insert(HeaderName::from_static("retry-after"), value);
                }
            } else {
                quota(headers, template, Some(retry_after));
            }
            response
        }
        Kind::ServerError { .. } => {
            (code(status), format!("<html><head><title>{status}</title></head><body>cloudflare</body></html>"))
                .into_response()
        }
        _ => (code(status), Json(body)).into_response(),
    }
}

#[derive(Debug)]
struct HungUp;

impl fmt::Display for HungUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed on demand")
    }
}

impl std::error::Error for HungUp {}

/// Closes the connection without an answer: a body that fails before its first byte makes the server give up before it
/// has written anything.
pub(super) fn hang_up() -> Response {
    let fails = stream::once(async { Err::<Vec<u8>, HungUp>(HungUp) });
    Body::from_stream(fails).into_response()
}
