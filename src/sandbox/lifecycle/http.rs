//! The service over HTTP. The contract's document is made from these very handlers, so that what is printed is what is served.
use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, Schema};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::LifecycleSimulator;
use super::etags::Tags;
use super::faults::meddle;
use super::model::{Answer, IfMatch};
use super::pages::Cursor;
use super::push;
use crate::lifecycle::contract::{
    Connector, ConnectorPage, ConnectorQuery, Event, MAX_KEY, MAX_LIMIT, MAX_REASON, MAX_REQUESTED_BY, NewOperation,
    Operation, OperationList, OperationQuery, PROBLEM_JSON, Problem, ProblemKind,
};

/// The longest body that is taken, in bytes.
const BODY_LIMIT: usize = 64 << 10;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lifecycle service of agent connectors",
        version = "1.0.0",
        description = include_str!("contract.md"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(Problem, Event, Connector, Operation)),
    modifiers(&BearerToken),
    security(("bearer" = [])),
    servers((url = "/", description = "Where this document is served")),
    tags(
        (name = "connectors", description = "What there is, and how it is"),
        (name = "operations", description = "What is to be done, and what became of it"),
        (name = "events", description = "What changes, as it changes"),
        (name = "contract", description = "This document")
    )
)]
struct Document;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        api.components.get_or_insert_default().add_security_scheme("bearer", scheme);
    }
}

/// What any request may be answered with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "these stand in the document; the answers are made by `Refusal`")]
enum AnyRefusal {
    /// `unauthorized`
    #[response(status = 401, content_type = "application/problem+json", headers(("WWW-Authenticate" = String, description = "`Bearer`")))]
    Unauthorized(Problem),
    /// `rate-limited`: nothing was carried out
    #[response(status = 429, content_type = "application/problem+json", headers(("Retry-After" = u64, description = "Seconds")))]
    RateLimited(Problem),
    /// `internal`: whether it was carried out is not known
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// `unavailable`: nothing was carried out, and nothing of it will be
    #[response(status = 503, content_type = "application/problem+json", headers(("Retry-After" = u64, description = "Seconds")))]
    Unavailable(Problem),
}

fn documented() -> OpenApiRouter<LifecycleSimulator> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(list_connectors))
        .routes(routes!(read_connector))
        .routes(routes!(begin_operation))
        .routes(routes!(find_operations))
        .routes(routes!(read_operation))
        .routes(routes!(follow_events))
}

fn public() -> OpenApiRouter<LifecycleSimulator> {
    OpenApiRouter::new().routes(routes!(read_document))
}

/// The contract as an OpenAPI 3.1 document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut api = documented().into_openapi();
    api.merge(public().into_openapi());
    close_requests(&mut api);
    api
}

/// What is asked for takes no fields but its own; the derive says so for structs, not for enums.
fn close_requests(api: &mut utoipa::openapi::OpenApi) {
    let components = api.components.get_or_insert_default();
    let Some(RefOr::T(Schema::OneOf(kinds))) = components.schemas.get_mut("NewOperation") else {
        return;
    };
    for kind in &mut kinds.items {
        if let RefOr::T(Schema::Object(object)) = kind {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}

pub(super) fn router(simulator: LifecycleSimulator) -> Router {
    let (guarded, _) = documented().split_for_parts();
    let (public, _) = public().split_for_parts();
    guarded
        .route_layer(from_fn_with_state(simulator.clone(), require_token))
        .merge(public)
        .fallback(|| async { Refusal::new(Problem::new(ProblemKind::NotFound, "See /openapi.json.")) })
        .method_not_allowed_fallback(|| async {
            Refusal::new(Problem::new(ProblemKind::MethodNotAllowed, "See /openapi.json."))
        })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(simulator.clone(), meddle))
        .with_state(simulator)
}

/// A problem on its way out.
#[derive(Debug)]
pub(super) struct Refusal {
    problem: Box<Problem>,
    retry_after: Option<u64>,
    replayed: bool,
}

impl Refusal {
    pub(super) fn new(problem: impl Into<Box<Problem>>) -> Self {
        Self { problem: problem.into(), retry_after: None, replayed: false }
    }

    pub(super) fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        let waits = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if waits {
            let seconds = self.retry_after.unwrap_or(1);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.replayed {
            headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

fn invalid(why: impl Into<String>) -> Refusal {
    Refusal::new(Problem::new(ProblemKind::InvalidRequest, why))
}

async fn require_token(State(simulator): State<LifecycleSimulator>, request: Request, next: Next) -> Response {
    if simulator.authorizes(request.headers()) {
        return next.run(request).await;
    }
    let detail = "Send the token as `Authorization: Bearer …`.";
    Refusal::new(Problem::new(ProblemKind::Unauthorized, detail)).into_response()
}

/// The connectors
///
/// Ordered by id. The ETag covers all pages and changes with anything in them, load and timestamps included.
#[utoipa::path(
    get, path = "/v1/connectors", tag = "connectors",
    params(
        ConnectorQuery,
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "ETags that the reader has (RFC 9110, section 13.1.2)"),
    ),
    responses(
        (status = 200, description = "A page", body = ConnectorPage, headers(("ETag" = String, description = "Of all pages together"), ("Age" = Option<u64>, description = "Seconds since the platform was read, if that was not for this answer")), links(
            ("first" = (operation_id = "read_connector", parameters(("id" = "$response.body#/items/0/id")), description = "A connector of the page")),
            ("changeFirst" = (operation_id = "begin_operation", parameters(("id" = "$response.body#/items/0/id")), description = "A change of it")),
            ("nextPage" = (operation_id = "list_connectors", parameters(("cursor" = "$response.body#/next_cursor")), description = "Where there is one")),
        )),
        (status = 304, description = "Nothing changed", headers(("ETag" = String, description = "As it was"), ("Age" = Option<u64>, description = "Seconds since the platform was read, if that was not for this answer"))),
        (status = 400, description = "`invalid-request`", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "`cursor-expired`, which no longer is known or never was: begin again with the first page", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`cursor-with-filters`", body = Problem, content_type = "application/problem+json"),
        AnyRefusal,
    )
)]
async fn list_connectors(
    State(simulator): State<LifecycleSimulator>,
    query: Result<Query<ConnectorQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|rejection| invalid(rejection.body_text()))?;
    let limit = query.limit.unwrap_or(MAX_LIMIT);
    if limit == 0 || limit > MAX_LIMIT {
        return Err(invalid(format!("`limit` must be 1 to {MAX_LIMIT}.")));
    }
    let page = match &query.cursor {
        Some(cursor) => {
            let page = Cursor::parse(cursor).and_then(|cursor| simulator.page_at(&cursor));
            let page = page.ok_or_else(|| {
                let detail = "Begin again with the first page.";
                Refusal::new(Problem::new(ProblemKind::CursorExpired, detail))
            })?;
            if query.environment.is_some() || query.bot.is_some() || query.limit.is_some() {
                let detail = "Leave them out: they are those of the first page.";
                return Err(Refusal::new(Problem::new(ProblemKind::CursorWithFilters, detail)));
            }
            page
        }
        None => {
            // Before anything is put together, as any service would.
            let tag = simulator.tag(&query);
            if has_tag(&headers, &tag) {
                return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, quoted(&tag))]).into_response());
            }
            simulator.first_page(&query, limit as usize)
        }
    };
    let tag = quoted(&page.snapshot);
    if has_tag(&headers, &page.snapshot) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    Ok(([(header::ETAG, tag)], Json(page)).into_response())
}

fn quoted(tag: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Weak comparison; what is no list of tags names none.
fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    match Tags::parse(headers.get_all(header::IF_NONE_MATCH).iter()) {
        Some(Tags::Any) => true,
        Some(Tags::Listed(tags)) => tags.iter().any(|known| known.opaque == tag.as_bytes()),
        None => false,
    }
}

/// One connector
///
/// Its ETag is its revision in double quotes, for use in `If-Match`.
#[utoipa::path(
    get, path = "/v1/connectors/{id}", tag = "connectors",
    params(("id" = String, Path, description = "The connector's id")),
    responses(
        (status = 200, description = "As it is now", body = Connector, headers(("ETag" = String, description = "Its revision")), links(
            ("change" = (operation_id = "begin_operation", parameters(("id" = "$response.body#/id"), ("If-Match" = "$response.header.ETag")), description = "A change of just this revision")),
            ("ofTheBot" = (operation_id = "list_connectors", parameters(("bot" = "$response.body#/bot/id")), description = "All connectors of its bot")),
        )),
        (status = 400, description = "`invalid-request`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`unknown-connector`", body = Problem, content_type = "application/problem+json"),
        AnyRefusal,
    )
)]
async fn read_connector(
    State(simulator): State<LifecycleSimulator>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let Path(id) = id.map_err(|rejection| invalid(rejection.body_text()))?;
    let connector = simulator.connector(&id).ok_or_else(|| {
        let detail = "No connector has this id.";
        Refusal::new(Problem::new(ProblemKind::UnknownConnector, detail))
    })?;
    let tag = quoted(&connector.revision);
    Ok(([(header::ETAG, tag)], Json(connector)).into_response())
}

/// Change a connector
///
/// Judged in this order: the key, whether there is such a connector, whether an operation is under way, `If-Match`, its state.
#[utoipa::path(
    post, path = "/v1/connectors/{id}/operations", tag = "operations",
    params(
        ("id" = String, Path, description = "The connector's id"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, pattern = "^[\\x21-\\x7e]+$",
            description = "New for each change, the same for each attempt at it; the whole field is the key"),
        ("If-Match" = Option<String>, Header, nullable = false, example = "\"r17\"",
            description = "The revision that the change is for, in double quotes; several with commas; or `*`"),
    ),
    request_body(content = NewOperation, content_type = "application/json"),
    responses(
        (status = 202, description = "Accepted, now or when this key first came", body = Operation, headers(
            ("Location" = String, description = "Where the operation is read"),
            ("Idempotent-Replayed" = Option<String>, description = "`true` when the key had been judged before"),
        ), links(
            ("operation" = (operation_id = "read_operation", parameters(("id" = "$response.body#/id")), description = "What becomes of it")),
            ("byKey" = (operation_id = "find_operations", parameters(("idempotency_key" = "$request.header.Idempotency-Key")), description = "The same, for whoever lost this answer")),
            ("connector" = (operation_id = "read_connector", parameters(("id" = "$request.path.id")), description = "What became of the connector")),
            ("again" = (operation_id = "begin_operation", parameters(("id" = "$request.path.id"), ("Idempotency-Key" = "$request.header.Idempotency-Key")), request_body = "$request.body", description = "Another attempt at the same change")),
        )),
        (status = 400, description = "`invalid-request`, `idempotency-key-missing`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`unknown-connector`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`not-stopped`, `already-running`, `not-running`, `operation-in-progress`, `same-environment`", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "`revision-mismatch`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`too-large`", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported-media-type`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`unknown-environment`, `idempotency-key-reused`", body = Problem, content_type = "application/problem+json"),
        AnyRefusal,
    )
)]
async fn begin_operation(
    State(simulator): State<LifecycleSimulator>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let Path(id) = id.map_err(|rejection| invalid(rejection.body_text()))?;
    let key = idempotency_key(&headers)?;
    let if_match = if_match(&headers)?;
    let asked = asked(&headers, body)?;
    let Answer { outcome, replayed } = simulator.begin(&id, &key, if_match.as_ref(), asked);
    let operation = outcome.map_err(|problem| Refusal { replayed, ..Refusal::new(problem) })?;
    let location = HeaderValue::from_str(&format!("/v1/operations/{}", operation.id))
        .unwrap_or(HeaderValue::from_static("/v1/operations"));
    let mut response = (StatusCode::ACCEPTED, Json(operation)).into_response();
    response.headers_mut().insert(header::LOCATION, location);
    if replayed {
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, Refusal> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        let detail = "Send a new `Idempotency-Key` with each change, and the same again with each attempt at it.";
        let problem = Problem::new(ProblemKind::IdempotencyKeyMissing, detail);
        return Err(Refusal::new(problem));
    };
    let key = value.to_str().unwrap_or_default();
    let fits = (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if !fits || values.next().is_some() {
        return Err(invalid(format!(
            "`Idempotency-Key` must be one field of 1 to {MAX_KEY} visible ASCII characters."
        )));
    }
    Ok(key.to_owned())
}

fn if_match(headers: &HeaderMap) -> Result<Option<IfMatch>, Refusal> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(None);
    }
    let tags = Tags::parse(headers.get_all(header::IF_MATCH).iter())
        .ok_or_else(|| invalid("`If-Match` must be `*` or revisions in double quotes."))?;
    Ok(Some(match tags {
        Tags::Any => IfMatch::Any,
        // Weak tags never match here (RFC 9110, section 13.1.1), and a revision is ASCII.
        Tags::Listed(tags) => {
            let strong = tags.into_iter().filter(|tag| !tag.weak);
            IfMatch::Revisions(strong.filter_map(|tag| String::from_utf8(tag.opaque).ok()).collect())
        }
    }))
}

fn asked(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<NewOperation, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE);
    let essence = content_type
        .and_then(|value| value.to_str().ok())
        .map(|value| value.split(';').next().unwrap_or_default().trim());
    if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        let problem = Problem::new(ProblemKind::UnsupportedMediaType, "Send JSON, and say so.");
        return Err(Refusal::new(problem));
    }
    let body = body.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = format!("At most {BODY_LIMIT} bytes are taken.");
            return Refusal::new(Problem::new(ProblemKind::TooLarge, detail));
        }
        invalid("The body could not be read.")
    })?;
    let asked: NewOperation = serde_json::from_slice(&body).map_err(|error| invalid(error.to_string()))?;
    if !(1..=MAX_REQUESTED_BY).contains(&asked.requested_by().chars().count()) {
        return Err(invalid(format!("`requested_by` must be 1 to {MAX_REQUESTED_BY} characters.")));
    }
    if asked.reason().is_some_and(|reason| reason.chars().count() > MAX_REASON) {
        return Err(invalid(format!("`reason` must be at most {MAX_REASON} characters.")));
    }
    Ok(asked)
}

/// One operation
#[utoipa::path(
    get, path = "/v1/operations/{id}", tag = "operations",
    params(("id" = String, Path, description = "The operation's id")),
    responses(
        (status = 200, description = "As it is now", body = Operation, links(
            ("connector" = (operation_id = "read_connector", parameters(("id" = "$response.body#/connector_id")), description = "What it acts on")),
            ("byKey" = (operation_id = "find_operations", parameters(("idempotency_key" = "$response.body#/idempotency_key")), description = "The same, by its key")),
        )),
        (status = 400, description = "`invalid-request`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`unknown-operation`", body = Problem, content_type = "application/problem+json"),
        AnyRefusal,
    )
)]
async fn read_operation(
    State(simulator): State<LifecycleSimulator>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Operation>, Refusal> {
    let Path(id) = id.map_err(|rejection| invalid(rejection.body_text()))?;
    simulator.operation(&id).map(Json).ok_or_else(|| {
        let detail = "No operation has this id.";
        Refusal::new(Problem::new(ProblemKind::UnknownOperation, detail))
    })
}

/// The operation of a key
///
/// For whoever lost the answer to a change.
#[utoipa::path(
    get, path = "/v1/operations", tag = "operations",
    params(OperationQuery),
    responses(
        (status = 200, description = "None or one", body = OperationList, links(
            ("operation" = (operation_id = "read_operation", parameters(("id" = "$response.body#/items/0/id")), description = "The one")),
        )),
        (status = 400, description = "`invalid-request`", body = Problem, content_type = "application/problem+json"),
        AnyRefusal,
    )
)]
async fn find_operations(
    State(simulator): State<LifecycleSimulator>,
    query: Result<Query<OperationQuery>, QueryRejection>,
) -> Result<Json<OperationList>, Refusal> {
    let Query(query) = query.map_err(|rejection| invalid(rejection.body_text()))?;
    let key = query.idempotency_key;
    if !(1..=MAX_KEY).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(invalid(format!("`idempotency_key` must be 1 to {MAX_KEY} visible ASCII characters.")));
    }
    let items = simulator.operation_by_key(&key).into_iter().collect();
    Ok(Json(OperationList { items }))
}

/// What changes, as it changes
///
/// Server-sent events: `event` is the `type` of the data, `data` an Event, `id` what `Last-Event-ID` takes. Without `Last-Event-ID` it
/// begins now. A `reset` comes first when events before are no longer kept. A comment every 15 seconds keeps the line open.
/// A service may leave this out, and answer 404 or 501: then it is only polled. Whoever is told here reads the connector to see
/// how it is, so that an event may be late, doubled or lost, and does no harm.
#[utoipa::path(
    get, path = "/v1/events", tag = "events",
    params(("Last-Event-ID" = Option<String>, Header, nullable = false, description = "The `id` of the last event that the reader saw")),
    responses(
        (status = 200, description = "A stream that does not end", body = Event, content_type = "text/event-stream"),
        (status = 404, description = "`not-found`: this service pushes nothing", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "This service pushes nothing"),
        AnyRefusal,
    )
)]
async fn follow_events(State(simulator): State<LifecycleSimulator>, headers: HeaderMap) -> Response {
    push::events(simulator, headers.get("last-event-id").cloned()).into_response()
}

/// This document
#[utoipa::path(
    get, path = "/openapi.json", tag = "contract", security(()),
    responses((status = 200, description = "The contract as OpenAPI 3.1", body = Object, content_type = "application/json"))
)]
async fn read_document(State(simulator): State<LifecycleSimulator>) -> Json<Value> {
    Json(simulator.document())
}
