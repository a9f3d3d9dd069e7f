//! The connectors of an operation, and how each was seen before it and during it.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

use crate::domain::connector::{AgentStatus, Connector, Environment, Link};
use crate::domain::ids::ConnectorId;

/// A connector of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The connector.
    pub connector: ConnectorId,
    /// Its name.
    pub name: String,
    /// Its statuses when the operation was confirmed, if they could be read then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Seen>,
    /// Its statuses as last read by the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
}

/// A connector's statuses as an operation read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Status "Bot Agent Connector".
    pub agent: AgentStatus,
    /// Status "Conversational Cloud".
    pub conversational_cloud: Link,
    /// Status "Bot Server".
    pub bot_server: Link,
    /// Where it is deployed.
    pub environment: Environment,
}

impl Seen {
    /// Whether nothing runs that a stop could stop.
    pub fn is_down(&self) -> bool {
        matches!(self.agent, AgentStatus::Stopped | AgentStatus::ReadyToStart)
    }
}

impl From<&Connector> for Seen {
    fn from(connector: &Connector) -> Self {
        Self {
            agent: connector.agent.clone(),
            conversational_cloud: connector.conversational_cloud.clone(),
            bot_server: connector.bot_server.clone(),
            environment: connector.environment.clone(),
        }
    }
}

/// The connectors of an operation, in the order of its plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Targets(Vec<Target>);

impl Targets {
    /// Their names, as a sentence lists them.
    pub fn names(&self) -> String {
        self.iter().map(|target| target.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl FromIterator<Target> for Targets {
    fn from_iter<I: IntoIterator<Item = Target>>(targets: I) -> Self {
        Self(targets.into_iter().collect())
    }
}

impl Deref for Targets {
    type Target = [Target];

    fn deref(&self) -> &[Target] {
        &self.0
    }
}

impl DerefMut for Targets {
    fn deref_mut(&mut self) -> &mut [Target] {
        &mut self.0
    }
}

/// As the store has them: as they are written now, and as they were written while an operation had one.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Now {
        targets: Vec<Target>,
    },
    One {
        connector: ConnectorId,
        connector_name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Seen>,
        seen: Option<Seen>,
    },
}

impl From<Stored> for Targets {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Now { targets } => Self(targets),
            Stored::One { connector, connector_name: name, before, seen } => {
                Self(vec![Target { connector, name, before, seen }])
            }
        }
    }
}

impl From<Targets> for Stored {
    fn from(Targets(targets): Targets) -> Self {
        Self::Now { targets }
    }
}
