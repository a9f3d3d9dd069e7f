//! What is said on Discord unasked: the outbox keeps facts, and the front puts them into words when it sends them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attention::Due;
use super::audit::Entry;
use super::board::Board;
use super::freeze::Freeze;
use super::ids::Id;
use super::incident::Incident;
use super::mute::{Mute, Summary};
use super::operation::Operation;
use super::request::Request;
use super::setup::Setup;
use super::trouble::Trouble;

/// How many records one message tells of at most.
pub const MOST_RECORDS: usize = 5;

/// A record as the channel that mirrors the record is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its place in the chain.
    pub seq: u64,
    /// What it says.
    pub entry: Entry,
}

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
    /// What waits for a second person: one message, edited as it ends.
    Approval {
        /// The request as it stands.
        request: Request,
    },
    /// A freeze's one message, edited when it ends.
    Freeze {
        /// The freeze as it stands.
        freeze: Freeze,
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
    /// That the glass was broken for an operation, where alerts come: one message, edited when the operation ends.
    Glass {
        /// The operation as it stands.
        operation: Operation,
    },
    /// A board's one message, edited as it changes.
    Board {
        /// The board as it stands.
        board: Board,
    },
    /// What is said elsewhere of a channel that takes no alerts, edited as it changes.
    Trouble {
        /// The trouble as it stands.
        trouble: Trouble,
    },
    /// Some records, one after the other, where the record is mirrored.
    Records {
        /// At most [`MOST_RECORDS`], in the order of the chain.
        records: Vec<Told>,
    },
    /// A reply to that, for an incident that went unseen later, which mentions the roles.
    Unseen {
        /// The incident as it stood then.
        incident: Incident,
    },
    /// What is missing in the guild, edited until nothing is.
    Setup {
        /// How it stands.
        setup: Setup,
    },
    /// A test alert: nothing is wrong.
    Drill {
        /// When it was asked for.
        at: Timestamp,
    },
}

impl Notice {
    /// The incident that this is an alert of: what people must see in the channel that was configured for it.
    pub fn alert(&self) -> Option<&Incident> {
        match self {
            Self::Card { incident, .. }
            | Self::Worse { incident }
            | Self::Back { incident }
            | Self::Again { incident, .. } => Some(incident),
            Self::Mute { .. }
            | Self::Freeze { .. }
            | Self::Approval { .. }
            | Self::Summary { .. }
            | Self::Operation { .. }
            | Self::Glass { .. }
            | Self::Trouble { .. }
            | Self::Records { .. }
            | Self::Board { .. }
            | Self::Unseen { .. }
            | Self::Setup { .. }
            | Self::Drill { .. } => None,
        }
    }

    /// Whether it mentions the roles when it is first posted.
    pub fn pings(&self) -> bool {
        match self {
            Self::Card { ping, .. } => *ping,
            Self::Worse { .. } | Self::Back { .. } | Self::Again { .. } | Self::Unseen { .. } => true,
            Self::Summary { summary, .. } => summary.ping,
            Self::Trouble { trouble } => trouble.unseen.iter().any(|unseen| unseen.mention),
            Self::Mute { .. }
            | Self::Freeze { .. }
            | Self::Approval { .. }
            | Self::Operation { .. }
            | Self::Glass { .. }
            | Self::Records { .. }
            | Self::Board { .. }
            | Self::Setup { .. }
            | Self::Drill { .. } => false,
        }
    }
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
    /// A freeze's message.
    Freeze(Id),
    /// The message of a request that needs a second person.
    Approval(Id),
    /// The summary at a mute's end.
    Summary(Id),
    /// An operation's message.
    Operation(Id),
    /// The message that the glass was broken for an operation, in the channel of this number among those that it is said in.
    Glass(Id, usize),
    /// A board's message.
    Board(Id),
    /// Some records where the record is mirrored, by the place of the first in the chain.
    Records(u64),
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
    /// What is missing in the guild.
    Setup(Id),
    /// A test alert.
    Drill(Id),
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
            Self::Freeze(freeze) => format!("freeze:{freeze}"),
            Self::Approval(request) => format!("approval:{request}"),
            Self::Summary(mute) => format!("summary:{mute}"),
            Self::Operation(operation) => format!("operation:{operation}"),
            Self::Glass(operation, number) => format!("glass:{number}:{operation}"),
            Self::Board(board) => format!("board:{board}"),
            Self::Records(first) => format!("records:{first}"),
            Self::Trouble(trouble) => format!("trouble:{trouble}"),
            Self::Setup(id) => format!("setup:{id}"),
            Self::Drill(id) => format!("drill:{id}"),
            Self::Unseen { trouble, incident, severity } => format!("unseen:{severity}:{incident}:{trouble}"),
        }
    }

    /// The slot that this one replies to, which must stand before.
    pub fn replies_to(&self) -> Option<Self> {
        match self {
            Self::Worse(incident, _) | Self::Back(incident, _) | Self::Again(incident, ..) => {
                Some(Self::Card(incident.clone()))
            }
            Self::Unseen { trouble, .. } => Some(Self::Trouble(trouble.clone())),
            Self::Summary(mute) => Some(Self::Mute(mute.clone())),
            Self::Card(_)
            | Self::Mute(_)
            | Self::Freeze(_)
            | Self::Approval(_)
            | Self::Operation(_)
            | Self::Glass(..)
            | Self::Board(_)
            | Self::Records(_)
            | Self::Trouble(_)
            | Self::Setup(_)
            | Self::Drill(_) => None,
        }
    }
}
