//! What was seen of an incident's subject, as its card shows it: never how much time has passed, nor where load stands exactly.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::action::Verb;
use crate::domain::authority::Person;
use crate::domain::connector::{Bot, Condition, Environment};
use crate::domain::ids::{ConnectorId, Id};
use crate::domain::redundancy::Level;

/// What was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "of")]
pub enum Facts {
    /// Of a bot in an environment.
    Failover(Failover),
    /// Of the bots that never were redundant.
    NeverRedundant {
        /// Each with its counts.
        bots: Vec<BotCount>,
    },
    /// Of being blind.
    Blind(Blind),
    /// Of many bots that failed at once.
    Storm(Storm),
    /// Of bots with more conversations than is advised.
    Load {
        /// Each with how many connectors would do.
        bots: Vec<Advice>,
    },
}

impl Facts {
    /// What was seen, for the log.
    pub fn summary(&self) -> String {
        match self {
            Self::Failover(facts) => {
                format!("{} of {} healthy, {} wanted", facts.healthy, facts.total, facts.minimum)
            }
            Self::NeverRedundant { bots } => format!("{} bots", bots.len()),
            Self::Blind(blind) => blind.why.clone(),
            Self::Storm(storm) => format!("{} of {} bots", storm.broken(), storm.of()),
            Self::Load { bots } => format!("{} bots", bots.len()),
        }
    }
}

/// A bot's redundancy, as its card shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failover {
    /// Its level.
    pub level: Level,
    /// Healthy connectors.
    pub healthy: u32,
    /// Connectors known.
    pub total: u32,
    /// Healthy connectors wanted.
    pub minimum: u32,
    /// Its connectors that are not healthy.
    pub lines: Vec<Line>,
}

/// A connector that is not healthy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The connector.
    pub connector: ConnectorId,
    /// Its name.
    pub name: String,
    /// Its condition when it was last read; `None` when it is no longer in the environment.
    pub condition: Option<Condition>,
    /// Its status words when it was last read: connector, Conversational Cloud, Bot Server.
    pub words: Option<[String; 3]>,
    /// Since when, where known.
    pub since: Option<Timestamp>,
    /// Where it is now, if it was seen in another environment.
    #[serde(default)]
    pub moved_to: Option<Environment>,
    /// Whether it is on its way up after a start.
    pub starting: bool,
    /// Whether it could not be read now.
    pub unread: bool,
    /// Who did the last operation according to the lifecycle service, and what.
    pub last_operation: Option<(String, Option<String>)>,
    /// What explains it, if somebody did it through us.
    pub own: Option<OwnDoing>,
}

/// What an operator announced by doing it through us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDoing {
    /// Who.
    pub by: Person,
    /// What.
    pub verb: Verb,
    /// The operation.
    pub operation: Id,
    /// Whether it is still under way.
    pub under_way: bool,
    /// Whether it takes longer than such a thing may: then it explains nothing any more.
    #[serde(default)]
    pub overran: bool,
    /// Why it was begun without the second person whom it needs, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<String>,
}

/// A bot with its counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotCount {
    /// The bot.
    pub bot: Bot,
    /// Healthy connectors.
    pub healthy: u32,
    /// Connectors known.
    pub total: u32,
    /// Healthy connectors wanted.
    pub minimum: u32,
}

/// Being blind, as its card shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blind {
    /// Since when.
    pub since: Timestamp,
    /// When the fleet was last seen whole.
    pub seen_well_at: Option<Timestamp>,
    /// Why, in the lifecycle client's sentence for people.
    pub why: String,
    /// What kind of blindness it is.
    #[serde(default)]
    pub kind: Blindness,
}

/// In which way the fleet cannot be seen: each is mended by somebody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blindness {
    /// The service does not answer, or fails.
    #[default]
    Unreachable,
    /// The service refuses our token.
    Unauthorised,
    /// The service's answer, or a part of it, cannot be understood.
    Malformed,
    /// A part of the fleet did not come.
    Incomplete,
    /// The service answers with what it knew long ago.
    Stale,
}

/// Many bots that failed at once, as their one card shows them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Storm {
    /// Each environment that is concerned.
    pub places: Vec<StormPlace>,
    /// How many bots were broken at its worst.
    pub peak: u32,
    /// Some of the bots that stand on this card, the worst first; [`Storm::broken`] counts all.
    pub bots: Vec<StormBot>,
    /// Broken bots with cards of their own, which stood before.
    pub with_own_cards: u32,
}

impl Storm {
    /// How many bots are broken now.
    pub fn broken(&self) -> u32 {
        self.places.iter().map(|place| place.broken).sum()
    }

    /// How many bots there are in the environments that are concerned.
    pub fn of(&self) -> u32 {
        self.places.iter().map(|place| place.of).sum()
    }
}

/// An environment in a storm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StormPlace {
    /// The environment.
    pub environment: Environment,
    /// Bots that are broken.
    pub broken: u32,
    /// Of which with nothing left.
    pub out: u32,
    /// Bots that are in use.
    pub of: u32,
}

/// A bot in a storm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StormBot {
    /// The bot.
    pub bot: Bot,
    /// The environment.
    pub environment: Environment,
    /// Its level.
    pub level: Level,
    /// Healthy connectors.
    pub healthy: u32,
    /// Connectors known.
    pub total: u32,
}

/// A bot with more conversations than is advised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// The bot.
    pub bot: Bot,
    /// Healthy connectors.
    pub healthy: u32,
    /// How many would do.
    pub wanted: u32,
    /// Conversations for each that need no advice.
    pub load: u32,
    /// Whether a connector is at the limit, past which conversations are not assigned.
    pub full: bool,
}

/// What ended an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "was")]
pub enum Ending {
    /// Somebody, through us.
    Doing(OwnDoing),
    /// An operation that the lifecycle service knows of, in its words.
    Elsewhere {
        /// What.
        what: String,
        /// By whom, where the service knows.
        who: Option<String>,
    },
}
