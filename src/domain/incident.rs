//! When something is an incident, when it changes, when it is over, and whom it may ping.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::action::Verb;
use super::attention::Attention;
use super::authority::Person;
use super::connector::{Bot, Condition, Environment};
use super::ids::{ConnectorId, Id};
use super::policy::{Policy, Terms};
use super::redundancy::Level;

/// What an incident is about. At most one is open for each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "about")]
pub enum Subject {
    /// A bot has too few healthy connectors in an environment.
    Failover {
        /// The bot.
        bot: Bot,
        /// The environment.
        environment: Environment,
    },
    /// Bots of an environment that never had the minimum: one grouped notice.
    NeverRedundant {
        /// The environment.
        environment: Environment,
    },
    /// The fleet cannot be seen.
    Blind,
}

impl Subject {
    /// The name under which the store keeps it: a bot is told by its id, not by its name.
    pub fn name(&self) -> String {
        match self {
            Self::Failover { bot, environment } => format!("failover:{environment}:{}", bot.id),
            Self::NeverRedundant { environment } => format!("never-redundant:{environment}"),
            Self::Blind => "blind".to_owned(),
        }
    }

    /// The environment that it is about; `None` is all of them.
    pub fn environment(&self) -> Option<&Environment> {
        match self {
            Self::Failover { environment, .. } | Self::NeverRedundant { environment } => Some(environment),
            Self::Blind => None,
        }
    }

    /// What holds for it: how patiently it is judged, where it is posted, and whom it calls.
    pub fn terms<'a>(&self, policy: &'a Policy) -> &'a Terms {
        match self {
            Self::Failover { bot, environment } => policy.terms(&bot.id, environment),
            Self::NeverRedundant { environment } => policy.terms_in(environment),
            Self::Blind => policy.everywhere(),
        }
    }
}

/// An incident, as the store keeps it and its card shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id.
    pub id: Id,
    /// What it is about.
    pub subject: Subject,
    /// What was last seen.
    pub facts: Facts,
    /// The worst that was announced with a ping; [`Severity::Quiet`] while nobody was pinged.
    pub announced: Severity,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
    /// What people did about it, and what was said of it.
    #[serde(default)]
    pub attention: Attention,
}

/// How bad it is, apart from what an operator announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing that anybody is to be woken for.
    Quiet,
    /// No failover left, or blind.
    AtRisk,
    /// Nothing left.
    Outage,
}

impl Severity {
    /// The word under which the store keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::AtRisk => "at_risk",
            Self::Outage => "outage",
        }
    }

    /// How bad a bot's level is.
    pub fn of(level: Level) -> Self {
        match level {
            Level::Outage => Self::Outage,
            Level::AtRisk => Self::AtRisk,
            Level::NeverRedundant | Level::Unknown | Level::Starting | Level::NotInUse | Level::Redundant => {
                Self::Quiet
            }
        }
    }
}

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
}

/// What is seen of a subject now.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The subject.
    pub subject: Subject,
    /// What is seen.
    pub facts: Facts,
    /// Whether it is an incident, apart from what an operator announced.
    pub standing: Standing,
    /// How bad it is, unless all of it was announced by who did it through us: only that pings.
    pub unannounced: Severity,
}

/// Whether what is seen is an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Incident,
    /// It is not.
    Well,
    /// It cannot be told now: what is open stays open, and nothing is opened.
    Undecided,
}

impl Standing {
    /// The standing of a bot's level.
    pub fn of(level: Level) -> Self {
        match level {
            Level::Outage | Level::AtRisk => Self::Incident,
            Level::Redundant | Level::NeverRedundant | Level::NotInUse => Self::Well,
            Level::Unknown | Level::Starting => Self::Undecided,
        }
    }
}

/// What is to be done about an observation. The reason is for the log.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Nothing changed.
    Nothing,
    /// Open an incident.
    Open {
        /// As it is to be kept.
        incident: Incident,
        /// Whether its card mentions the roles.
        ping: bool,
    },
    /// Edit its card.
    Edit {
        /// As it is to be kept.
        incident: Incident,
        /// Whether a reply that mentions the roles is added: it got worse than was announced.
        worse: bool,
    },
    /// It is over.
    Resolve {
        /// As it is to be kept.
        incident: Incident,
    },
}

/// Decides what an observation means for the incident that is open on its subject, if there is one.
///
/// Only what got worse by itself pings (P7): the severity of what no operator announced is held against the worst that
/// was announced.
pub fn decide(open: Option<&Incident>, seen: Observation, now: Timestamp) -> Decision {
    let Some(open) = open else {
        if seen.standing != Standing::Incident {
            return Decision::Nothing;
        }
        let incident = Incident {
            id: Id::random(),
            subject: seen.subject,
            facts: seen.facts,
            announced: seen.unannounced,
            opened_at: now,
            resolved_at: None,
            attention: Attention::default(),
        };
        return Decision::Open { ping: incident.announced > Severity::Quiet, incident };
    };
    let mut incident = Incident { facts: seen.facts, ..open.clone() };
    match seen.standing {
        Standing::Well => {
            incident.resolved_at = Some(now);
            Decision::Resolve { incident }
        }
        Standing::Incident if seen.unannounced > open.announced => {
            incident.announced = seen.unannounced;
            incident.attention.rearm(now);
            Decision::Edit { incident, worse: true }
        }
        Standing::Incident | Standing::Undecided if incident.facts == open.facts => Decision::Nothing,
        Standing::Incident | Standing::Undecided => Decision::Edit { incident, worse: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn seen(level: Level, healthy: u32, unannounced: Severity) -> Observation {
        let bot = Bot { id: super::super::ids::BotId::new("b"), name: "Billing Bot".into() };
        let facts = Failover { level, healthy, total: 2, minimum: 2, lines: Vec::new() };
        Observation {
            subject: Subject::Failover { bot, environment: Environment::new("production") },
            facts: Facts::Failover(facts),
            standing: Standing::of(level),
            unannounced,
        }
    }

    fn opened(level: Level, healthy: u32, unannounced: Severity) -> Incident {
        match decide(None, seen(level, healthy, unannounced), at(0)) {
            Decision::Open { incident, .. } => incident,
            other => panic!("expected an open incident, got {other:?}"),
        }
    }

    #[test]
    fn a_loss_opens_and_pings_and_an_announced_one_opens_in_silence() {
        let lost = decide(None, seen(Level::AtRisk, 1, Severity::AtRisk), at(0));
        assert!(matches!(lost, Decision::Open { ping: true, .. }));
        let announced = decide(None, seen(Level::AtRisk, 1, Severity::Quiet), at(0));
        assert!(matches!(announced, Decision::Open { ping: false, .. }));
        assert_eq!(decide(None, seen(Level::Unknown, 0, Severity::Quiet), at(0)), Decision::Nothing);
    }

    #[test]
    fn only_what_got_worse_than_was_announced_pings_and_only_once() {
        let quiet = opened(Level::AtRisk, 1, Severity::Quiet);
        let Decision::Edit { incident, worse: true } =
            decide(Some(&quiet), seen(Level::Outage, 0, Severity::AtRisk), at(9))
        else {
            panic!("a second loss that nobody announced is worse");
        };
        assert_eq!(decide(Some(&incident), seen(Level::Outage, 0, Severity::AtRisk), at(10)), Decision::Nothing);
        let better = decide(Some(&incident), seen(Level::AtRisk, 1, Severity::Quiet), at(11));
        assert!(matches!(better, Decision::Edit { worse: false, .. }));
    }

    #[test]
    fn what_cannot_be_seen_neither_opens_nor_ends_an_incident() {
        let open = opened(Level::AtRisk, 1, Severity::AtRisk);
        let blind = decide(Some(&open), seen(Level::Unknown, 0, Severity::Quiet), at(5));
        assert!(matches!(blind, Decision::Edit { worse: false, .. }));
        let well = decide(Some(&open), seen(Level::Redundant, 2, Severity::Quiet), at(60));
        assert!(matches!(well, Decision::Resolve { incident } if incident.resolved_at == Some(at(60))));
    }
}
