//! What is said on Discord unasked: the outbox keeps facts, and the front puts them into words when it sends them.

use serde::{Deserialize, Serialize};

use super::ids::Id;
use super::incident::Incident;
use super::operation::Operation;
use super::trouble::Trouble;

/// The content of one message of the bot, as facts.
#[expect(clippy::large_enum_variant, reason = "one is held at a time, between the store and the wire")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "notice")]
pub enum Notice {
    /// An incident's one card, edited as it changes.
    Card {
        /// The incident as it stands.
        incident: Incident,
        /// Whether the roles are mentioned when the card is first posted (an edit notifies nobody).
        ping: bool,
    },
    /// A reply to the card that says that it got worse, and mentions the roles.
    Worse {
        /// The incident as it stood when it got worse.
        incident: Incident,
    },
    /// An operation's one message, from request to outcome.
    Operation {
        /// The operation as it stands.
        operation: Operation,
    },
    /// What is said elsewhere of a channel that takes no alerts, edited as it changes.
    Trouble {
        /// The trouble as it stands.
        trouble: Trouble,
    },
    /// A reply to that, for an incident that went unseen later, which mentions the roles.
    Unseen {
        /// The incident as it stood then.
        incident: Incident,
    },
}

impl Notice {
    /// The incident that this is an alert of: what people must see in the channel that was configured for it.
    pub fn alert(&self) -> Option<&Incident> {
        match self {
            Self::Card { incident, .. } | Self::Worse { incident } => Some(incident),
            Self::Operation { .. } | Self::Trouble { .. } | Self::Unseen { .. } => None,
        }
    }

    /// Whether it mentions the roles when it is first posted.
    pub fn pings(&self) -> bool {
        match self {
            Self::Card { ping, .. } => *ping,
            Self::Worse { .. } | Self::Unseen { .. } => true,
            Self::Trouble { trouble } => trouble.unseen.iter().any(|unseen| unseen.mention),
            Self::Operation { .. } => false,
        }
    }
}

/// Which message a notice is. Each subject has each of its messages once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// An incident's card.
    Card(Id),
    /// The reply that says that an incident got worse, once for each severity.
    Worse(Id, &'static str),
    /// An operation's message.
    Operation(Id),
    /// The notice of a channel that takes no alerts.
    Trouble(Id),
    /// The reply to that for one incident, once for each severity.
    Unseen {
        /// The trouble.
        trouble: Id,
        /// The incident.
        incident: Id,
        /// Its severity.
        severity: &'static str,
    },
}

impl Slot {
    /// The name under which the store keeps it: unique for each message.
    pub fn name(&self) -> String {
        match self {
            Self::Card(incident) => format!("card:{incident}"),
            Self::Worse(incident, severity) => format!("worse:{severity}:{incident}"),
            Self::Operation(operation) => format!("operation:{operation}"),
            Self::Trouble(trouble) => format!("trouble:{trouble}"),
            Self::Unseen { trouble, incident, severity } => format!("unseen:{severity}:{incident}:{trouble}"),
        }
    }

    /// The slot that this one replies to, which must stand before.
    pub fn replies_to(&self) -> Option<Self> {
        match self {
            Self::Worse(incident, _) => Some(Self::Card(incident.clone())),
            Self::Unseen { trouble, .. } => Some(Self::Trouble(trouble.clone())),
            Self::Card(_) | Self::Operation(_) | Self::Trouble(_) => None,
        }
    }
}
