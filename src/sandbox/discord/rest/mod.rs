//! REST version 10. Every request passes here once: it is read, may be struck by a fault, is carried out, logged, and
//! answered with Discord's headers. <https://docs.discord.com/developers/reference>
mod applications;
mod body;
mod channels;
mod guilds;
mod interactions;
mod messages;
mod routes;
mod struck;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use axum::{
    Json,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use self::{body::Received, struck::Struck};
use super::{
    refusal::{self, Refused},
    shared::{Logged, Shared, Violation},
    snowflake::Snowflake,
};

/// What a route answers: a status, and a body if there is one.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    body: Option<Value>,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Answer { status: 200, body: Some(body) }
    }

    fn created(body: Value) -> Self {
        Answer { status: 201, body: Some(body) }
    }

    fn no_content() -> Self {
        Answer { status: 204, body: None }
    }
}

type Result<T> = std::result::Result<T, Refused>;

/// Everything under `/api/v10`. `path` is decoded: clients write `@original` as `%40original` as well.
pub(crate) async fn serve(State(shared): State<Arc<Shared>>, Path(path): Path<String>, request: Request) -> Response {
    let path = format!("/{path}");
    let method = request.method().as_str().to_owned();
    let uri = request.uri().clone();
    let template = routes::template(&path);
    let headers = request.headers().clone();
    let mut received = body::read(request, || shared.now()).await;
    let struck = shared.act(|inner, _| inner.faults.strike(&method, &path, &template));
    let mut swallow = false;
    if let Some((id, kind)) = struck {
        match struck::apply(&shared, id, kind).await {
            Struck::Answer(answer) => {
                let received = received.unwrap_or_else(|_| Received::nothing(shared.now()));
                let (status, body) = struck::tell(&answer);
                log(&shared, &method, (&path, uri.query()), &template, received, status, Some(body));
                return struck::respond(answer, &template);
            }
            Struck::Close => {
                let received = received.unwrap_or_else(|_| Received::nothing(shared.now()));
                log(&shared, &method, (&path, uri.query()), &template, received, 0, None);
                return struck::hang_up();
            }
            Struck::CarryOutAndClose => swallow = true,
            Struck::CarryOut => {}
        }
        // However a fault held it up: to us it came after that.
        if let Ok(received) = &mut received {
            received.arrived = shared.now();
        }
    }
    let outcome = match received {
        Ok(mut received) => {
            let outcome = authorise(&shared, &headers, &template)
                .and_then(|()| routes::carry_out(&shared, &method, &path, uri.query(), &mut received));
            (received, outcome)
        }
        Err(refused) => (Received::nothing(shared.now()), Err(refused)),
    };
    let (received, outcome) = outcome;
    let (status, body) = match &outcome {
        Ok(answer) => (answer.status, answer.body.clone()),
        Err(refused) => (refused.refusal.status, Some(refused.body())),
    };
    if let Err(refused) = &outcome {
        violation(&shared, &method, &template, refused);
    }
    log(&shared, &method, (&path, uri.query()), &template, received, status, body.clone());
    if swallow {
        return struck::hang_up();
    }
    let retry_after = outcome.err().and_then(|refused| refused.retry_after);
    let mut response = match body {
        Some(body) => (code(status), Json(body)).into_response(),
        None => code(status).into_response(),
    };
    quota(response.headers_mut(), &template, retry_after);
    response
}

/// Any token will do, but there must be one and it must be a bot's, except where the path carries its own.
fn authorise(shared: &Shared, headers: &HeaderMap, template: &str) -> Result<()> {
    let open = template == "/gateway" || template.starts_with("/interactions/") || template.starts_with("/webhooks/");
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bot "));
    let rejected = shared.look(|inner| inner.reject_token);
    if open || (!rejected && token.is_some_and(|token| !token.trim().is_empty())) {
        Ok(())
    } else {
        Err(refusal::UNAUTHORIZED.into())
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A request that Discord would have refused is one that the bot should not have made.
fn violation(shared: &Shared, method: &str, template: &str, refused: &Refused) {
    shared.act(|inner, _| {
        // With the token rejected on demand, a 401 is not the bot's doing.
        if refused.refusal.status == 401 && inner.reject_token {
            return;
        }
        inner.violations.push(Violation {
            route: format!("{method} {template}"),
            code: refused.refusal.code,
            message: refused.refusal.message.to_owned(),
            errors: refused.errors.clone(),
        });
    });
}

fn log(
    shared: &Shared,
    method: &str,
    (path, query): (&str, Option<&str>),
    template: &str,
    received: Received,
    status: u16,
    answer: Option<Value>,
) {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("/api/v10{path}{query}");
    shared.act(|inner, now| {
        let route = format!("{method} {template}");
        for remark in std::mem::take(&mut inner.world.remarks) {
            inner.violations.push(Violation {
                route: route.clone(),
                code: 0,
                message: remark.to_owned(),
                errors: None,
            });
        }
        inner.log(Logged {
            n: 0,
            at_ms: now.as_millisecond(),
            arrived_us: received.arrived.as_microsecond(),
            method: method.to_owned(),
            path,
            route,
            body: received.json,
            files: received.names,
            status,
            answer,
        });
    });
}

/// The headers by which clients pace themselves. The stand-in keeps no buckets of its own: there is always room, until a
/// fault says otherwise. <https://docs.discord.com/developers/topics/rate-limits#header-format>
fn quota(headers: &mut HeaderMap, template: &str, retry_after: Option<f64>) {
    let (remaining, wait) = retry_after.map_or(("49", 1.0), |wait| ("0", wait));
    let reset = jiff::Timestamp::now().as_millisecond() as f64 / 1000.0 + wait;
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-ratelimit-limit", "50".into());
    set("x-ratelimit-remaining", remaining.into());
    set("x-ratelimit-reset", format!("{reset:.3}"));
    set("x-ratelimit-reset-after", format!("{wait:.3}"));
    set("x-ratelimit-bucket", bucket(template));
    // Clients take a 429 without it for the word of whoever stands in front of Discord, and give up.
    set("via", "1.1 google".into());
    if retry_after.is_some() {
        set("retry-after", format!("{}", wait.ceil()));
        set("x-ratelimit-scope", "user".into());
    }
}

fn bucket(template: &str) -> String {
    let mut hasher = DefaultHasher::new();
    template.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// `GET /attachments/{channel}/{id}/{name}`: what was uploaded.
pub(crate) async fn download(
    State(shared): State<Arc<Shared>>,
    Path((_, id, _)): Path<(String, Snowflake, String)>,
) -> Response {
    let Some(file) = shared.look(|inner| inner.world.files.get(&id).cloned()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = file.content_type.unwrap_or_else(|| "application/octet-stream".into());
    // It is served from the page's own origin, with the type that a bot claims: it must not run as the page.
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox".to_owned()),
    ];
    (headers, Body::from(file.bytes)).into_response()
}
