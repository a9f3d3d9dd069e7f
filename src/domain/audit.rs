//! The record of every request that would change something: one terminal row each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::action::Verb;
use super::authority::Person;
use super::ids::Id;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Carried out, and seen.
    Done,
    /// Begun, and failed.
    Failed,
    /// Not allowed, forged, or refused at the click.
    Denied,
    /// The requester changed their mind.
    Cancelled,
    /// Nobody confirmed in time.
    Expired,
    /// Nobody can say whether it was carried out.
    OutcomeUnknown,
}

impl Verdict {
    /// The word under which the store keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }
}

/// What somebody asked for that changes how we alert, not what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handling {
    /// Take an incident on.
    Acknowledge,
    /// Leave an incident in peace for a while.
    Snooze,
    /// End a snooze.
    Unsnooze,
    /// Mute an environment or a bot.
    Mute,
    /// End a mute.
    Unmute,
}

impl Handling {
    /// The word for the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Snooze => "snooze",
            Self::Unsnooze => "unsnooze",
            Self::Mute => "mute",
            Self::Unmute => "unmute",
        }
    }
}

/// One row of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is the one terminal record of: a request's id, or `interaction:<id>` for what never became a request.
    pub about: String,
    /// When it ended.
    pub at: Timestamp,
    /// Who asked.
    pub person: Person,
    /// What was to be done to a connector; `None` for what is about alerts, and for a forged button that says nothing.
    pub verb: Option<Verb>,
    /// What was to be done about an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handling: Option<Handling>,
    /// The bot's name, the environment and the connector, as far as they were known.
    pub target: String,
    /// How it ended.
    pub verdict: Verdict,
    /// Why, in one word or sentence.
    pub why: String,
    /// The requester's reason.
    pub reason: Option<String>,
    /// The operation, if there was one.
    pub operation: Option<Id>,
}
