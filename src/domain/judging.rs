//! When something is an incident, when it changes, when it is over, and whom it may ping. Pure.

use jiff::Timestamp;

use super::incident::{Facts, Incident, Phase, Severity, Subject};
use super::redundancy::Level;

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
        let incident = Incident { announced: seen.unannounced, ..Incident::new(seen.subject, seen.facts, now) };
        return Decision::Open { ping: incident.announced > Severity::Quiet, incident };
    };
    let mut incident = Incident { facts: seen.facts, ..open.clone() };
    match seen.standing {
        Standing::Well => {
            incident.phase = Phase::Resolved { at: now, by: None };
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
    use crate::domain::connector::{Bot, Environment};
    use crate::domain::ids::BotId;
    use crate::domain::incident::Failover;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn seen(level: Level, healthy: u32, unannounced: Severity) -> Observation {
        let bot = Bot { id: BotId::new("b"), name: "Billing Bot".into() };
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
        assert!(matches!(well, Decision::Resolve { incident } if incident.resolved_at() == Some(at(60))));
    }
}
