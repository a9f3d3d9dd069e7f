//! What is said on Discord unasked: the outbox keeps facts, and the front puts them into words when it sends them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attention::Due;
use super::ids::Id;
use super::incident::Incident;
use super::mute::{Mute, Summary};
use super::operation::Operation;

/// The content of one message of the bot, as facts.
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
    /// A reply to the card that says that what was over is back, and mentions the roles.
    Back {
        /// The incident as it stood when it came back.
        incident: Incident,
    },
    /// A reply to the card that says that it still stands, and mentions the roles whom that concerns.
    Again {
        /// The incident as it stood then.
        incident: Incident,
        /// Why it is said again.
        due: Due,
        /// When it was due.
        at: Timestamp,
    },
    /// A mute's one message, edited when it ends.
    Mute {
        /// The mute as it stands.
        mute: Mute,
    },
    /// A reply to a mute's message that says what it kept quiet.
    Summary {
        /// The mute, which is over.
        mute: Mute,
        /// What it kept quiet.
        summary: Summary,
    },
    /// An operation's one message, from request to outcome.
    Operation {
        /// The operation as it stands.
        operation: Operation,
    },
}

/// Whom a change of an incident calls, and by what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Call {
    /// Nobody: what stands is edited.
    #[default]
    Nobody,
    /// The roles, by the card when it is first posted.
    Card,
    /// The roles, by a reply that says that it got worse.
    Worse,
    /// The roles, by a reply that says that it is back.
    Back,
}

/// Which message a notice is. Each subject has each of its messages once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// An incident's card.
    Card(Id),
    /// The reply that says that an incident got worse, with its number among the incident's replies.
    Worse(Id, u32),
    /// The reply that says that an incident is back, with its number among the incident's replies.
    Back(Id, u32),
    /// A reply that says that an incident still stands, by its number among all such replies to the card.
    Again(Id, Due, u32),
    /// A mute's message.
    Mute(Id),
    /// The summary at a mute's end.
    Summary(Id),
    /// An operation's message.
    Operation(Id),
}

impl Slot {
    /// The name under which the store keeps it: unique for each message.
    pub fn name(&self) -> String {
        match self {
            Self::Card(incident) => format!("card:{incident}"),
            Self::Worse(incident, number) => format!("worse:{number}:{incident}"),
            Self::Back(incident, number) => format!("back:{number}:{incident}"),
            Self::Again(incident, due, number) => format!("{}:{number}:{incident}", due.word()),
            Self::Mute(mute) => format!("mute:{mute}"),
            Self::Summary(mute) => format!("summary:{mute}"),
            Self::Operation(operation) => format!("operation:{operation}"),
        }
    }

    /// The slot that this one replies to, which must stand before.
    pub fn replies_to(&self) -> Option<Self> {
        match self {
            Self::Worse(incident, _) | Self::Back(incident, _) | Self::Again(incident, ..) => {
                Some(Self::Card(incident.clone()))
            }
            Self::Summary(mute) => Some(Self::Mute(mute.clone())),
            Self::Card(_) | Self::Mute(_) | Self::Operation(_) => None,
        }
    }
}
