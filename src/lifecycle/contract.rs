//! The wire types of the lifecycle service: what adapters for other platforms are written against.
//!
//! Everything here is printed by `botswain contract` and served at `/openapi.json`. The rules behind it:
//!
//! * **Open words.** Statuses, environments, operation states and actions in answers are open sets: a reader keeps a word
//!   that it does not know, shows it as it is, and never counts it as working.
//! * **Times** are milliseconds since the Unix epoch; 0 means unknown.
//! * **Changes** are operations: `POST /v1/connectors/{id}/operations` answers 202 with an operation and where it can be read.
//! * **Idempotency.** A change carries an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header). A key that was judged
//!   before is answered as the first time (same status, same operation, refusals included), before any precondition is looked at. Keys
//!   are kept at least [`KEY_RETENTION_HOURS`] hours: whoever gives a change up uses its key up with a precondition that cannot hold, and
//!   what is still on its way is answered with that refusal. A request that was not judged (400, 401, 429, 503) does not use its key up.
//! * **Revisions.** A connector's revision changes with its statuses and its configuration (name, bot, environment), never with
//!   its load, its timestamps or its operations. `If-Match` holds a change to one revision (RFC 9110, section 13.1.1).
//! * **Age.** A service that does not read the platform for each answer says with `Age` (RFC 9111, section 5.1) how many seconds ago it
//!   did. A reader takes what is too old for it as not read at all.
//! * **Refusals** are problem details (RFC 9457) with the stable types of [`ProblemKind`].
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

mod problem;
pub use problem::{Problem, ProblemKind};

/// The media type of problem details (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";
/// The longest idempotency key, in characters.
pub const MAX_KEY: usize = 255;
/// How long a key is remembered at least, in hours.
pub const KEY_RETENTION_HOURS: i64 = 24;
/// The most connectors on one page, and what is given when no `limit` is named.
pub const MAX_LIMIT: u32 = 200;
/// The longest `reason`, in characters.
pub const MAX_REASON: usize = 500;
/// The longest `requested_by`, in characters.
pub const MAX_REQUESTED_BY: usize = 200;

/// The words that this contract knows for a connector's statuses. Others may appear.
pub mod words {
    /// Bot Agent Connector: it runs.
    pub const ONLINE: &str = "Online";
    /// Bot Agent Connector: somebody stopped it.
    pub const STOPPED: &str = "Stopped";
    /// Bot Agent Connector: deployed, never started.
    pub const READY_TO_START: &str = "Ready to Start";
    /// Any of the three: dropped, or only just started.
    pub const NOT_CONNECTED: &str = "Not Connected";
    /// Conversational Cloud connection and Bot Server connection.
    pub const CONNECTED: &str = "Connected";
    /// Environment.
    pub const PRODUCTION: &str = "Production";
    /// Environment.
    pub const DEMO: &str = "Demo";
}

/// The bot a connector belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Bot {
    /// Never changes.
    #[schema(example = "bot-billing", min_length = 1)]
    pub id: String,
    /// As people know it; two bots may share one.
    #[schema(example = "Billing Bot")]
    pub name: String,
}

/// The last operation on a connector, whoever did it and wherever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastOperation {
    /// What was done, in the platform's words.
    #[schema(example = "Stopped")]
    pub what: String,
    /// Who did it, when known. Not an authority: a platform may name its own service account.
    #[schema(example = "olga")]
    pub by: Option<String>,
    /// When, in milliseconds since the epoch. 0: unknown.
    #[serde(default)]
    #[schema(minimum = 0, example = 1_767_225_600_000_i64)]
    pub at_ms: i64,
}

/// An agent connector: the deployed link between a bot and a bot agent. This is what is started, stopped and redeployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Connector {
    /// Never changes, not even when it moves to another environment.
    #[schema(example = "billing-2", min_length = 1)]
    pub id: String,
    /// As people know it.
    #[schema(example = "billing-2")]
    pub name: String,
    /// The bot it belongs to.
    pub bot: Bot,
    /// Where it is deployed. Known words: `Production`, `Demo`. Compared without regard to case.
    #[schema(example = "Production")]
    pub environment: String,
    /// Bot Agent Connector status. Known words: `Online`, `Stopped`, `Ready to Start`, `Not Connected`.
    #[schema(example = "Online")]
    pub agent: String,
    /// Conversational Cloud connection. Known words: `Connected`, `Not Connected`.
    #[schema(example = "Connected")]
    pub conversational_cloud: String,
    /// Bot Server connection. Known words: `Connected`, `Not Connected`.
    #[schema(example = "Connected")]
    pub bot_server: String,
    /// Conversations it holds now (left waiting while it is stopped); null when not known.
    #[schema(example = 23)]
    pub conversations: Option<u32>,
    /// Since when its Bot Agent Connector status is what it is, in milliseconds since the epoch. 0: unknown.
    #[serde(default)]
    #[schema(minimum = 0, example = 1_767_225_600_000_i64)]
    pub since_ms: i64,
    /// Null when nothing is known of any.
    pub last_operation: Option<LastOperation>,
    /// Changes with the statuses and the configuration. Its `If-Match` form is this text in double quotes.
    #[schema(example = "r17", min_length = 1, pattern = "^[\\x21\\x23-\\x7e]+$")]
    pub revision: String,
    /// The operation that is under way on it.
    #[schema(example = "op-42")]
    pub operation_id: Option<String>,
}

/// One page of the fleet, ordered by connector id. All pages of one read show one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectorPage {
    /// The connectors of this page.
    pub items: Vec<Connector>,
    /// Ask for the next page with this; null on the last.
    pub next_cursor: Option<String>,
    /// Which moment this page shows: the same on every page of one read, and equal to the ETag without its quotes.
    pub snapshot: String,
}

/// What can be done to a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Run it.
    Start,
    /// Take it down.
    Stop,
    /// Move it to another environment.
    Redeploy,
}

impl Action {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Redeploy => "redeploy",
        }
    }
}

/// The change that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
pub enum NewOperation {
    /// Needs `Stopped` or `Ready to Start`; can take minutes.
    #[schema(title = "Start")]
    Start {
        /// The person who wants it, for the service's own records.
        #[schema(example = "olga", min_length = 1, max_length = 200)]
        requested_by: String,
        /// Why, in that person's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(max_length = 500)]
        reason: Option<String>,
    },
    /// Needs a connector that runs. Conversations in progress are left waiting until it is started again.
    #[schema(title = "Stop")]
    Stop {
        /// The person who wants it, for the service's own records.
        #[schema(example = "olga", min_length = 1, max_length = 200)]
        requested_by: String,
        /// Why, in that person's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(example = "wrong answers about invoices", max_length = 500)]
        reason: Option<String>,
    },
    /// Needs `Stopped`; moves it to another environment, and leaves it `Stopped` there.
    #[schema(title = "Redeploy")]
    Redeploy {
        /// Where to (compared without regard to case).
        #[schema(example = "Demo")]
        target_environment: String,
        /// The person who wants it, for the service's own records.
        #[schema(example = "olga", min_length = 1, max_length = 200)]
        requested_by: String,
        /// Why, in that person's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(max_length = 500)]
        reason: Option<String>,
    },
}

impl NewOperation {
    /// What is to be done.
    pub fn action(&self) -> Action {
        match self {
            Self::Start { .. } => Action::Start,
            Self::Stop { .. } => Action::Stop,
            Self::Redeploy { .. } => Action::Redeploy,
        }
    }

    /// Where a redeploy goes to.
    pub fn target_environment(&self) -> Option<&str> {
        match self {
            Self::Redeploy { target_environment, .. } => Some(target_environment),
            Self::Start { .. } | Self::Stop { .. } => None,
        }
    }

    /// Who wants it.
    pub fn requested_by(&self) -> &str {
        let (Self::Start { requested_by, .. } | Self::Stop { requested_by, .. } | Self::Redeploy { requested_by, .. }) =
            self;
        requested_by
    }

    /// Why.
    pub fn reason(&self) -> Option<&str> {
        let (Self::Start { reason, .. } | Self::Stop { reason, .. } | Self::Redeploy { reason, .. }) = self;
        reason.as_deref()
    }
}

/// The states of an operation that this contract knows, on the wire as text: others may appear, and mean "not over yet".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationState {
    /// Taken in, not begun.
    Accepted,
    /// Under way.
    Running,
    /// Carried out. A started connector is `Online`; its connections can take longer, so read the connector.
    Succeeded,
    /// Over without success; `problem` says why, the connector where it was left.
    Failed,
}

impl OperationState {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// The state of a word, if it is a known one.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Accepted, Self::Running, Self::Succeeded, Self::Failed].into_iter().find(|state| state.word() == word)
    }

    /// Whether nothing more comes of it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// A change that was accepted, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Operation {
    /// Never used twice.
    #[schema(example = "op-42", min_length = 1)]
    pub id: String,
    /// The connector it acts on.
    #[schema(example = "billing-2")]
    pub connector_id: String,
    /// `start`, `stop` or `redeploy`.
    #[schema(example = "stop")]
    pub action: String,
    /// Where a redeploy goes to.
    pub target_environment: Option<String>,
    /// Known words: `accepted`, `running`, `succeeded`, `failed`.
    #[schema(example = "running")]
    pub state: String,
    /// The key it was asked for with.
    #[schema(example = "7f9c2ba4e88f827d")]
    pub idempotency_key: String,
    /// Who wanted it.
    #[schema(example = "olga")]
    pub requested_by: String,
    /// Why.
    pub reason: Option<String>,
    /// When it was accepted, in milliseconds since the epoch.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub created_ms: i64,
    /// When its state last changed, in milliseconds since the epoch.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub updated_ms: i64,
    /// Why it failed.
    pub problem: Option<Problem>,
}

/// The operations that were asked for with one idempotency key: none or one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperationList {
    /// Empty: no request with this key was accepted so far. To be sure that none will be, send the request again with its key.
    pub items: Vec<Operation>,
}

/// Which connectors to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConnectorQuery {
    /// Only those of this environment (compared without regard to case).
    #[param(nullable = false, example = "Production")]
    pub environment: Option<String>,
    /// Only those of the bot with this id.
    #[param(nullable = false, example = "bot-billing")]
    pub bot: Option<String>,
    /// Connectors per page.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before. It pins the moment, the filters and the limit of the first page, so these are left out.
    #[param(nullable = false)]
    pub cursor: Option<String>,
}

/// Which operation to look up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OperationQuery {
    /// The key that the change was asked for with.
    #[param(min_length = 1, max_length = 255, pattern = "^[\\x21-\\x7e]+$")]
    pub idempotency_key: String,
}

/// A push: what the `data` of a server-sent event is, named by its `event` field. Its `id` serves as `Last-Event-ID`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum Event {
    /// A connector is new, or something about it changed (its load included).
    #[serde(rename = "connector.changed")]
    ConnectorChanged {
        /// As it is now.
        connector: Box<Connector>,
    },
    /// A connector is gone.
    #[serde(rename = "connector.removed")]
    ConnectorRemoved {
        /// Which.
        connector_id: String,
    },
    /// An operation is new, or its state changed.
    #[serde(rename = "operation.changed")]
    OperationChanged {
        /// As it is now.
        operation: Box<Operation>,
    },
    /// Events are missing between `Last-Event-ID` and what follows: read the fleet again.
    #[serde(rename = "reset")]
    Reset {},
}

impl Event {
    /// The name in the `event` field, equal to `type` in the data.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ConnectorChanged { .. } => "connector.changed",
            Self::ConnectorRemoved { .. } => "connector.removed",
            Self::OperationChanged { .. } => "operation.changed",
            Self::Reset {} => "reset",
        }
    }
}
