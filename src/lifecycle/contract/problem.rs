//! Problem details (RFC 9457): every refusal of the lifecycle service, each with a type that never changes.
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const PREFIX: &str = "urn:botswain:lifecycle:problem:";

/// The refusals that this contract knows. Others may appear: judge those by their HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// Only a stopped connector can be redeployed (or, in a state that is neither, started).
    NotStopped,
    /// A start of a connector that runs.
    AlreadyRunning,
    /// A stop of a connector that does not run.
    NotRunning,
    /// Another operation is under way on the connector; `operation_id` names it.
    OperationInProgress,
    /// A redeploy to where it is.
    SameEnvironment,
    /// A redeploy to an environment that the service does not have.
    UnknownEnvironment,
    /// No such connector.
    UnknownConnector,
    /// No such operation.
    UnknownOperation,
    /// `If-Match` names another revision than the connector has; `revision` says which it has.
    RevisionMismatch,
    /// The key was used for another change.
    IdempotencyKeyReused,
    /// A change without a key.
    IdempotencyKeyMissing,
    /// The moment that the cursor pins is no longer kept: begin again with the first page.
    CursorExpired,
    /// Filters or a limit beside a cursor, which has those of its first page.
    CursorWithFilters,
    /// No token, or not the right one.
    Unauthorized,
    /// The request is not what the contract says.
    InvalidRequest,
    /// The body is longer than the service takes.
    TooLarge,
    /// The body is not `application/json`.
    UnsupportedMediaType,
    /// No such address.
    NotFound,
    /// The address is there, not for this method.
    MethodNotAllowed,
    /// Too many requests; `Retry-After` says when. Nothing was carried out.
    RateLimited,
    /// The service cannot take the request now. Nothing was carried out, and nothing of it will be.
    Unavailable,
    /// Something went wrong inside. Whether it was carried out is not known.
    Internal,
    /// In a failed operation: the connector did not come up in time.
    StartTimedOut,
    /// In a failed operation: the platform refused the sign-in of the bot agent.
    AgentRefused,
    /// In a failed operation: somebody else changed the connector meanwhile.
    Superseded,
}

impl ProblemKind {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::NotStopped,
        Self::AlreadyRunning,
        Self::NotRunning,
        Self::OperationInProgress,
        Self::SameEnvironment,
        Self::UnknownEnvironment,
        Self::UnknownConnector,
        Self::UnknownOperation,
        Self::RevisionMismatch,
        Self::IdempotencyKeyReused,
        Self::IdempotencyKeyMissing,
        Self::CursorExpired,
        Self::CursorWithFilters,
        Self::Unauthorized,
        Self::InvalidRequest,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RateLimited,
        Self::Unavailable,
        Self::Internal,
        Self::StartTimedOut,
        Self::AgentRefused,
        Self::Superseded,
    ];

    /// The last part of the type.
    pub fn slug(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status it comes with. The last three stand inside operations; theirs says what kind of failure it was.
    pub fn status(self) -> u16 {
        self.row().1
    }

    /// What a person reads first.
    pub fn title(self) -> &'static str {
        self.row().2
    }

    /// The `type` of the problem.
    pub fn type_uri(self) -> String {
        format!("{PREFIX}{}", self.slug())
    }

    /// The kind of a `type` (or of its last part alone), if it is a known one.
    pub fn parse(type_uri: &str) -> Option<Self> {
        let slug = type_uri.strip_prefix(PREFIX).unwrap_or(type_uri);
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::NotStopped => ("not-stopped", 409, "The connector is not stopped"),
            Self::AlreadyRunning => ("already-running", 409, "The connector is running"),
            Self::NotRunning => ("not-running", 409, "The connector is not running"),
            Self::OperationInProgress => {
                ("operation-in-progress", 409, "Another operation is under way on the connector")
            }
            Self::SameEnvironment => ("same-environment", 409, "The connector is in that environment"),
            Self::UnknownEnvironment => ("unknown-environment", 422, "There is no such environment"),
            Self::UnknownConnector => ("unknown-connector", 404, "There is no such connector"),
            Self::UnknownOperation => ("unknown-operation", 404, "There is no such operation"),
            Self::RevisionMismatch => ("revision-mismatch", 412, "The connector has changed"),
            Self::IdempotencyKeyReused => {
                ("idempotency-key-reused", 422, "The idempotency key was used for another change")
            }
            Self::IdempotencyKeyMissing => ("idempotency-key-missing", 400, "A change needs an idempotency key"),
            Self::CursorExpired => ("cursor-expired", 410, "The cursor has expired"),
            Self::CursorWithFilters => ("cursor-with-filters", 422, "A cursor has its filters and its limit"),
            Self::Unauthorized => ("unauthorized", 401, "The token is missing or not valid"),
            Self::InvalidRequest => ("invalid-request", 400, "The request is not valid"),
            Self::TooLarge => ("too-large", 413, "The body is too large"),
            Self::UnsupportedMediaType => ("unsupported-media-type", 415, "The body must be application/json"),
            Self::NotFound => ("not-found", 404, "There is nothing at this address"),
            Self::MethodNotAllowed => ("method-not-allowed", 405, "The method is not allowed here"),
            Self::RateLimited => ("rate-limited", 429, "Too many requests"),
            Self::Unavailable => ("unavailable", 503, "The service cannot take the request now"),
            Self::Internal => ("internal", 500, "Something went wrong in the service"),
            Self::StartTimedOut => ("start-timed-out", 504, "The connector did not come up in time"),
            Self::AgentRefused => ("agent-refused", 502, "Conversational Cloud refused the bot agent"),
            Self::Superseded => ("superseded", 409, "Somebody else changed the connector"),
        }
    }
}

/// A refusal, or why an operation failed (RFC 9457). Fields that a reader does not know are to be ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Which refusal: `urn:botswain:lifecycle:problem:` and one of `not-stopped`, `already-running`, `not-running`,
    /// `operation-in-progress`, `same-environment`, `unknown-environment`, `unknown-connector`, `unknown-operation`,
    /// `revision-mismatch`, `idempotency-key-reused`, `idempotency-key-missing`, `cursor-expired`,
    /// `cursor-with-filters`, `unauthorized`, `invalid-request`, `too-large`, `unsupported-media-type`, `not-found`,
    /// `method-not-allowed`, `rate-limited`, `unavailable`, `internal`; in operations also `start-timed-out`, `agent-refused`, `superseded`.
    #[serde(rename = "type", default = "about_blank")]
    #[schema(format = "uri-reference", example = "urn:botswain:lifecycle:problem:not-stopped")]
    pub type_uri: String,
    /// The refusal in a few words, the same for every occurrence.
    #[serde(default)]
    #[schema(example = "The connector is not stopped")]
    pub title: String,
    /// The HTTP status it came with; 0 when the service left it out.
    #[serde(default)]
    #[schema(example = 409)]
    pub status: u16,
    /// This occurrence in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// With `operation-in-progress`: the operation that is in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub operation_id: Option<String>,
    /// With `revision-mismatch`: the revision that the connector has now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub revision: Option<String>,
}

fn about_blank() -> String {
    "about:blank".to_owned()
}

impl Problem {
    /// A problem of a known kind, with a sentence about this occurrence.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            type_uri: kind.type_uri(),
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: Some(detail.into()),
            operation_id: None,
            revision: None,
        }
    }

    /// Which of the known refusals this is.
    pub fn kind(&self) -> Option<ProblemKind> {
        ProblemKind::parse(&self.type_uri)
    }
}
