//! The record of every request that would change something: one terminal row each, in a chain that shows what was changed
//! in it since.

pub mod chain;
pub mod filter;
pub mod walk;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::action::Verb;
use super::authority::Person;
use super::connector::{Bot, Environment};
use super::glass::Glass;
use super::ids::{BotId, ChannelId, ConnectorId, Id, MessageId, RoleId};
use super::operation::Seen;

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
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Done, Self::Failed, Self::Denied, Self::Cancelled, Self::Expired, Self::OutcomeUnknown];

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

    /// Reads [`Self::word`] back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.word() == word)
    }
}

/// What somebody asked for that changes how we alert, or what may be done, and not what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handling {
    /// Take an incident on.
    Acknowledge,
    /// Have an incident no longer.
    GiveBack,
    /// Leave an incident in peace for a while.
    Snooze,
    /// End a snooze.
    Unsnooze,
    /// Mute an environment or a bot.
    Mute,
    /// End a mute.
    Unmute,
    /// Put a board up.
    Board,
    /// Take a board down.
    Unboard,
    /// Let nothing of an environment be taken away for a while.
    Freeze,
    /// End a freeze.
    Unfreeze,
}

impl Handling {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Acknowledge,
        Self::GiveBack,
        Self::Snooze,
        Self::Unsnooze,
        Self::Mute,
        Self::Unmute,
        Self::Board,
        Self::Unboard,
        Self::Freeze,
        Self::Unfreeze,
    ];

    /// The word for the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::GiveBack => "give back",
            Self::Snooze => "snooze",
            Self::Unsnooze => "unsnooze",
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Board => "board",
            Self::Unboard => "unboard",
            Self::Freeze => "freeze",
            Self::Unfreeze => "unfreeze",
        }
    }
}

/// The action of the one record that nobody asked for: older ones were deleted, because of their age.
pub const PRUNE: &str = "prune";

/// Every word that [`Entry::action`] may be.
pub fn actions() -> impl Iterator<Item = &'static str> {
    Verb::ALL.map(Verb::word).into_iter().chain(Handling::ALL.map(Handling::word)).chain([PRUNE])
}

/// One row of the record. What was not known when it was written is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is the one terminal record of: a request's id, or `interaction:<id>` for what never became a request.
    pub about: String,
    /// When it ended.
    pub at: Timestamp,
    /// Who asked.
    pub person: Person,
    /// What was to be done to a connector; `None` for what is about alerts or freezes, and for a forged button that says nothing.
    pub verb: Option<Verb>,
    /// What was to be done about an alert, or a freeze.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handling: Option<Handling>,
    /// The bot's name, the environment and the connector, as far as they were known, in words.
    pub target: String,
    /// How it ended.
    pub verdict: Verdict,
    /// Why, in one word or sentence.
    pub why: String,
    /// The requester's reason.
    pub reason: Option<String>,
    /// The operation, if there was one.
    pub operation: Option<Id>,
    /// What it touched, or was to touch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touched: Vec<Touched>,
    /// The incident, if it was about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Id>,
    /// The channel in which it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// The operation's message there, if it stood by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// By which of their roles the person was allowed to; none of them means: because they manage the server. Left out
    /// where nothing was allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_by: Option<Vec<RoleId>>,
    /// The second person who agreed to it, if one had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Person>,
    /// That the glass was broken, or was to be: it was done without the second person whom it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<Glass>,
    /// What was deleted, for a record of [`PRUNE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pruned: Option<chain::Link>,
}

/// A connector, or as much of one as was chosen, with what it was like before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// The connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<ConnectorId>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<BotId>,
    /// The bot's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_name: Option<String>,
    /// Where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// Where it was to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Environment>,
    /// Its statuses when it was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Seen>,
    /// Its statuses as they were last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seen>,
    /// The lifecycle service's ids of what it did, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_operations: Vec<String>,
}

impl Touched {
    /// A bot in an environment, as far as each is known.
    pub fn of(bot: Option<&Bot>, environment: Option<&Environment>) -> Self {
        Self {
            bot: bot.map(|bot| bot.id.clone()),
            bot_name: bot.map(|bot| bot.name.clone()),
            environment: environment.cloned(),
            ..Self::default()
        }
    }
}

impl Entry {
    /// A record that says who, when and how it ended, and nothing else yet.
    pub fn new(about: String, person: Person, verdict: Verdict, why: &str, at: Timestamp) -> Self {
        Self {
            about,
            at,
            person,
            verb: None,
            handling: None,
            target: String::new(),
            verdict,
            why: why.to_owned(),
            reason: None,
            operation: None,
            touched: Vec::new(),
            incident: None,
            channel: None,
            message: None,
            allowed_by: None,
            approved_by: None,
            glass: None,
            pruned: None,
        }
    }

    /// What was asked for, in one word; `None` where nobody knows, as of a forged button.
    pub fn action(&self) -> Option<&'static str> {
        let asked = self.verb.map(Verb::word).or(self.handling.map(Handling::word));
        asked.or(self.pruned.as_ref().map(|_| PRUNE))
    }
}
