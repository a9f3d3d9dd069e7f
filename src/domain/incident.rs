//! An incident: what it is about, how it stands, and on which card.

mod facts;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::facts::{
    Advice, Blind, Blindness, BotCount, Ending, Facts, Failover, Line, OwnDoing, Storm, StormBot, StormPlace,
};
use super::attention::Attention;
use super::authority::At;
use super::connector::{Bot, Environment};
use super::ids::{ChannelId, Id, MessageId, RoleId};
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
    /// Many bots failed at once.
    Storm,
    /// Bots of an environment have more conversations than is advised: one grouped notice.
    Load {
        /// The environment.
        environment: Environment,
    },
}

impl Subject {
    /// The name under which the store keeps it: a bot is told by its id, not by its name.
    pub fn name(&self) -> String {
        match self {
            Self::Failover { bot, environment } => format!("failover:{environment}:{}", bot.id),
            Self::NeverRedundant { environment } => format!("never-redundant:{environment}"),
            Self::Blind => "blind".to_owned(),
            Self::Storm => "storm".to_owned(),
            Self::Load { environment } => format!("load:{environment}"),
        }
    }

    /// The environment that it is about; `None` is all of them.
    pub fn environment(&self) -> Option<&Environment> {
        match self {
            Self::Failover { environment, .. } | Self::NeverRedundant { environment } | Self::Load { environment } => {
                Some(environment)
            }
            Self::Blind | Self::Storm => None,
        }
    }

    /// Where whoever takes it on needs the right to; `None` is anywhere.
    pub fn at(&self) -> Option<At<'_>> {
        match self {
            Self::Failover { bot, environment } => Some(At::bot(environment, &bot.id)),
            Self::NeverRedundant { environment } | Self::Load { environment } => Some(At::environment(environment)),
            Self::Blind | Self::Storm => None,
        }
    }

    /// What holds for it: how patiently it is judged, where it is posted, and whom it calls.
    pub fn terms<'a>(&self, policy: &'a Policy) -> &'a Terms {
        match self {
            Self::Failover { bot, environment } => policy.terms(&bot.id, environment),
            Self::NeverRedundant { environment } | Self::Load { environment } => policy.terms_in(environment),
            Self::Blind | Self::Storm => policy.everywhere(),
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
    /// How it stands.
    #[serde(default, alias = "resolved_at", deserialize_with = "phase_or_end")]
    pub phase: Phase,
    /// Since when it is worse than was announced, while that is not said yet.
    #[serde(default)]
    pub worse_since: Option<Timestamp>,
    /// How often it fell again after it had looked well.
    #[serde(default)]
    pub flaps: u32,
    /// How many replies to its card mentioned the roles: each has this as its number.
    #[serde(default)]
    pub replies: u32,
    /// When it was opened again last, after it had been over.
    #[serde(default)]
    pub back_at: Option<Timestamp>,
    /// When a reply last said so.
    #[serde(default)]
    pub back_said_at: Option<Timestamp>,
    /// The incident before it on the same subject, if that is known.
    #[serde(default)]
    pub before: Option<Before>,
    /// The storm on whose card it stands, in place of one of its own.
    #[serde(default)]
    pub storm: Option<Id>,
    /// What people did about it, and what was said of it again.
    #[serde(default)]
    pub attention: Attention,
}

/// How an incident stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Phase {
    /// Seen, but not for long enough: it has no card, and is nobody's business yet.
    Suspected {
        /// Since when it is as bad as this.
        since: Timestamp,
        /// Since when it looks well again; it is forgotten when that lasts.
        #[serde(default)]
        well_since: Option<Timestamp>,
    },
    /// It is open.
    #[default]
    Open,
    /// It looks well, but not for long enough yet.
    Recovering {
        /// Since when.
        since: Timestamp,
        /// What seems to have ended it; `None` if nothing is known to have been done.
        #[serde(default)]
        by: Option<Ending>,
    },
    /// It is over.
    Resolved {
        /// When it ended.
        at: Timestamp,
        /// What ended it; `None` if nothing is known to have been done.
        by: Option<Ending>,
    },
}

/// An incident that was over before another one began on the same subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Its id.
    pub incident: Id,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Where its card stands, if it does.
    pub card: Option<(ChannelId, MessageId)>,
}

impl Incident {
    /// An incident of which nothing more is known than this.
    pub fn new(subject: Subject, facts: Facts, now: Timestamp) -> Self {
        Self {
            id: Id::random(),
            subject,
            facts,
            announced: Severity::Quiet,
            opened_at: now,
            phase: Phase::Open,
            worse_since: None,
            flaps: 0,
            replies: 0,
            back_at: None,
            back_said_at: None,
            before: None,
            storm: None,
            attention: Attention::default(),
        }
    }

    /// The roles that an alert about it mentions.
    pub fn alert_roles(&self, policy: &Policy) -> Vec<RoleId> {
        self.roles(policy, |terms| &terms.alert_roles)
    }

    /// The roles that are called when nobody acknowledges it.
    pub fn escalation_roles(&self, policy: &Policy) -> Vec<RoleId> {
        self.roles(policy, |terms| &terms.escalation_roles)
    }

    /// A storm concerns those whom any of its bots and environments concern.
    fn roles(&self, policy: &Policy, of: impl Fn(&Terms) -> &[RoleId]) -> Vec<RoleId> {
        let terms = match &self.facts {
            Facts::Storm(storm) if !storm.places.is_empty() => {
                let places = storm.places.iter().map(|place| policy.terms_in(&place.environment));
                places.chain(storm.bots.iter().map(|bot| policy.terms(&bot.bot.id, &bot.environment))).collect()
            }
            _ => vec![self.subject.terms(policy)],
        };
        let mut roles: Vec<_> = terms.into_iter().flat_map(of).copied().collect();
        roles.sort();
        roles.dedup();
        roles
    }

    /// When it ended.
    pub fn resolved_at(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Resolved { at, .. } => Some(at),
            _ => None,
        }
    }

    /// The incident on whose card it stands: its own, a storm's, or none while it is only suspected.
    pub fn card(&self) -> Option<&Id> {
        match self.phase {
            Phase::Suspected { .. } => None,
            _ => Some(self.storm.as_ref().unwrap_or(&self.id)),
        }
    }

    /// Whether it has a card of its own.
    pub fn has_own_card(&self) -> bool {
        self.card() == Some(&self.id)
    }
}

/// Bodies from before there were phases have `resolved_at` in its place.
fn phase_or_end<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Phase, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Ended(Option<Timestamp>),
        Phase(Phase),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Ended(None) => Phase::Open,
        Written::Ended(Some(at)) => Phase::Resolved { at, by: None },
        Written::Phase(phase) => phase,
    })
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

impl Facts {
    /// How bad a card that shows this is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Failover(facts) => Severity::of(facts.level),
            Self::Blind(_) => Severity::AtRisk,
            Self::Storm(_) => Severity::Outage,
            Self::NeverRedundant { .. } | Self::Load { .. } => Severity::Quiet,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_a_body_from_before_there_were_phases_is_read_as_what_it_was() {
        let incident = Incident::new(Subject::Blind, Facts::NeverRedundant { bots: Vec::new() }, Timestamp::UNIX_EPOCH);
        let mut body = serde_json::to_value(&incident).unwrap();
        let fields = body.as_object_mut().unwrap();
        for newer in ["phase", "worse_since", "flaps", "replies", "back_at", "back_said_at", "before", "storm"] {
            fields.remove(newer);
        }
        fields.insert("resolved_at".into(), serde_json::Value::Null);
        assert_eq!(serde_json::from_value::<Incident>(body.clone()).unwrap(), incident);
        body["resolved_at"] = "1970-01-01T00:01:00Z".into();
        let over = serde_json::from_value::<Incident>(body).unwrap();
        assert_eq!(over.resolved_at(), Some(Timestamp::from_second(60).unwrap()));
    }

    #[test]
    fn p2_each_phase_stands_on_its_one_card_or_on_none() {
        let own = Incident::new(Subject::Blind, Facts::Storm(Storm::default()), Timestamp::UNIX_EPOCH);
        assert!(own.has_own_card());
        let suspected = Phase::Suspected { since: Timestamp::UNIX_EPOCH, well_since: None };
        assert_eq!(Incident { phase: suspected, ..own.clone() }.card(), None);
        let storm = Id::random();
        let swept = Incident { storm: Some(storm.clone()), ..own };
        assert_eq!((swept.card(), swept.has_own_card()), (Some(&storm), false));
        let body = serde_json::to_string(&swept).unwrap();
        assert_eq!(serde_json::from_str::<Incident>(&body).unwrap(), swept);
    }
}
