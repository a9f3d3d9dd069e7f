//! From the wire to the words of the domain: unknown words are kept, a time of 0 is unknown, one bad record never hides the others.
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::contract::{self, ProblemKind};
use super::error::{cut, said};
use crate::domain::connector::{Bot, Connector, Environment, LastOperation, Revision};
use crate::domain::fleet::Malformed;
use crate::domain::ids::{BotId, ConnectorId};

/// A page whose records are not looked at yet. (As values they would be: and one that is nested too deep would spoil the page.)
#[derive(Debug, Deserialize)]
pub(super) struct RawPage {
    pub(super) items: Vec<Box<RawValue>>,
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
    pub(super) snapshot: String,
}

/// An operation of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceOperation {
    /// Its id at the service.
    pub id: String,
    /// The connector it acts on.
    pub connector: ConnectorId,
    /// The key it was asked for with.
    pub key: String,
    /// How far it is.
    pub state: OperationState,
}

/// How far an operation of the service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperationState {
    /// Accepted, under way, or in a word that we do not know: not over.
    Running,
    /// Carried out, as the service says.
    Succeeded,
    /// Over without success.
    Failed {
        /// Why, for people. Plain text that may quote the service.
        said: String,
        /// Whether somebody else changed the connector meanwhile.
        superseded: bool,
    },
}

/// As much of a malformed record as tells whose it is.
#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

/// Records that were read, and what could not be.
#[derive(Debug, Default)]
pub(super) struct Records {
    connectors: Vec<Connector>,
    malformed: Vec<Malformed>,
}

impl Records {
    pub(super) fn take(&mut self, record: &RawValue) {
        match connector(record.get().as_bytes()) {
            Ok(connector) => self.connectors.push(connector),
            Err(why) => {
                let named = object::<Named>(record.get().as_bytes()).ok();
                let id = named.map(|named| named.id).filter(|id| is_addressable(id)).map(ConnectorId::new);
                self.malformed.push(Malformed { id, why });
            }
        }
    }

    /// The connectors, ordered by id; one that came twice is none, since nobody can tell which of them is right.
    pub(super) fn finish(self) -> (Vec<Connector>, Vec<Malformed>) {
        let Self { mut connectors, mut malformed } = self;
        // As they come, if the service keeps to the contract.
        connectors.sort_by(|a, b| a.id.cmp(&b.id));
        let of_one = |two: &&[Connector]| matches!(two, [a, b] if a.id == b.id);
        let twice: BTreeSet<_> = connectors.windows(2).filter(of_one).flatten().map(|c| c.id.clone()).collect();
        if !twice.is_empty() {
            connectors.retain(|connector| !twice.contains(&connector.id));
        }
        malformed
            .extend(twice.into_iter().map(|id| Malformed { id: Some(id), why: "it is in the fleet twice".to_owned() }));
        (connectors, malformed)
    }
}

/// Whether an id can stand in a path: `.` and `..` are swallowed there.
pub(super) fn is_addressable(id: &str) -> bool {
    !matches!(id, "" | "." | "..")
}

/// A JSON object. (Left alone, a list whose items happen to fit the fields would be taken as well.)
pub(super) fn object<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err("it is no object".to_owned());
    }
    serde_json::from_slice(json).map_err(|error| cut(&error.to_string()))
}

pub(super) fn connector(record: &[u8]) -> Result<Connector, String> {
    let wire: contract::Connector = object(record)?;
    if !is_addressable(&wire.id) {
        return Err("its id cannot be used".to_owned());
    }
    if wire.bot.id.is_empty() || wire.environment.trim().is_empty() {
        return Err("it has no bot or no environment".to_owned());
    }
    let revision = wire.revision;
    let is_tag = |b: u8| b.is_ascii_graphic() && b != b'"';
    if revision.is_empty() || !revision.bytes().all(is_tag) {
        return Err("its revision cannot be used".to_owned());
    }
    Ok(Connector {
        id: ConnectorId::new(wire.id),
        name: wire.name,
        bot: Bot { id: BotId::new(wire.bot.id), name: wire.bot.name },
        environment: Environment::new(&wire.environment),
        agent: wire.agent.into(),
        conversational_cloud: wire.conversational_cloud.into(),
        bot_server: wire.bot_server.into(),
        conversations: wire.conversations,
        since: time(wire.since_ms),
        last_operation: wire.last_operation.map(|last| LastOperation {
            what: last.what,
            by: last.by,
            at: time(last.at_ms),
        }),
        revision: Some(Revision(revision)),
        under_way: wire.operation_id.filter(|id| !id.is_empty()),
    })
}

fn time(ms: i64) -> Option<Timestamp> {
    (ms > 0).then(|| Timestamp::from_millisecond(ms).ok())?
}

pub(super) fn operation(wire: contract::Operation) -> ServiceOperation {
    let state = match contract::OperationState::parse(&wire.state) {
        Some(contract::OperationState::Succeeded) => OperationState::Succeeded,
        Some(contract::OperationState::Failed) => OperationState::Failed {
            said: wire.problem.as_ref().map_or_else(
                || "The lifecycle service gave no reason.".to_owned(),
                |problem| format!("{}.", said(problem)),
            ),
            superseded: wire.problem.as_ref().and_then(contract::Problem::kind) == Some(ProblemKind::Superseded),
        },
        Some(contract::OperationState::Accepted | contract::OperationState::Running) | None => OperationState::Running,
    };
    ServiceOperation { id: wire.id, connector: ConnectorId::new(wire.connector_id), key: wire.idempotency_key, state }
}
