//! What is seen of each subject, as facts that change only when something happened: never because time passed or load
//! moved. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::own::OwnDoings;
use crate::domain::connector::{Bot, Connector, Environment};
use crate::domain::fleet::{BotView, Sight, Sighting};
use crate::domain::incident::{Blind, Blindness, BotCount, Facts, Failover, Incident, Line, Severity, Subject};
use crate::domain::judging::{Observation, Standing};
use crate::domain::policy::{Picture, Policy, Terms};
use crate::domain::redundancy::{Level, count_starting, is_starting};

/// What bots are judged by.
pub(super) struct Lookout<'a> {
    pub(super) before: &'a Picture,
    pub(super) picture: &'a Picture,
    pub(super) policy: &'a Policy,
    pub(super) own: &'a OwnDoings,
    pub(super) now: Timestamp,
}

impl Lookout<'_> {
    /// Observes a bot in an environment, given the incident that is open on it. Its view is empty once it is gone.
    pub(super) fn failover(&self, view: &BotView, open: Option<&Incident>) -> Observation {
        let minimum = self.terms(view).minimum;
        let level = self.picture.level(view, self.policy, self.now);
        let lines = self.lines(view, open);
        let announced = lines.iter().any(|line| line.own.is_some()) && self.is_as_announced(view);
        let facts = Failover { level, healthy: view.healthy(), total: view.total(), minimum, lines };
        Observation {
            subject: Subject::Failover { bot: view.bot.clone(), environment: view.environment.clone() },
            facts: Facts::Failover(facts),
            standing: Standing::of(level),
            unannounced: if announced { Severity::Quiet } else { Severity::of(level) },
        }
    }

    /// Whether at least as many connectors are healthy (or on their way up, or not seen) as the last operation left by its
    /// own account. What fell below that fell by itself, whoever stopped what before.
    fn is_as_announced(&self, view: &BotView) -> bool {
        let starting = count_starting(view, self.terms(view).start_grace, self.now);
        let announced = self.own.announced(&view.bot.id, &view.environment);
        announced.is_some_and(|announced| view.healthy_at_best() + starting >= announced)
    }

    fn lines(&self, view: &BotView, open: Option<&Incident>) -> Vec<Line> {
        let unwell = view.sightings.iter().filter(|s| !s.is_surely_healthy());
        let mut lines: BTreeMap<_, _> = unwell.map(|s| (s.connector.id.clone(), self.line(s))).collect();
        let is_here = |line: &Line| view.sightings.iter().any(|s| s.connector.id == line.connector);
        for (operation, own) in self.own.moved_away(&view.bot.id, &view.environment, &self.picture.fleet) {
            let moved = Line { own: Some(own), ..gone(&operation.connector, &operation.connector_name) };
            lines.insert(moved.connector.clone(), moved);
        }
        // Those that were here at the last look, and those that an open incident names already.
        let before = self.before.fleet.bot(&view.bot.id, &view.environment);
        let seen = before.iter().flat_map(|view| &view.sightings);
        let missed = seen.map(|s| gone(&s.connector.id, &s.connector.name));
        let named = match open.map(|incident| &incident.facts) {
            Some(Facts::Failover(facts)) => facts.lines.as_slice(),
            _ => &[],
        };
        let named = named.iter().map(|line| Line {
            own: line.own.clone().filter(|_| line.condition.is_none()),
            ..gone(&line.connector, &line.name)
        });
        for line in named.chain(missed).filter(|line| !is_here(line)) {
            lines.entry(line.connector.clone()).or_insert(line);
        }
        lines.into_values().collect()
    }

    fn terms(&self, view: &BotView) -> &Terms {
        self.policy.terms(&view.bot.id, &view.environment)
    }

    fn line(&self, sighting: &Sighting) -> Line {
        let connector = &sighting.connector;
        let grace = self.policy.terms(&connector.bot.id, &connector.environment).start_grace;
        let fresh = sighting.sight == Sight::Fresh;
        Line {
            connector: connector.id.clone(),
            name: connector.name.clone(),
            condition: Some(connector.condition()),
            words: Some(words(connector)),
            since: connector.since,
            starting: fresh && is_starting(connector, grace, self.now),
            unread: !fresh,
            last_operation: connector.last_operation.as_ref().map(|last| (last.what.clone(), last.by.clone())),
            own: self.own.of(connector).filter(|_| !connector.is_healthy()),
        }
    }

    /// Observes the bots of an environment that never were redundant. One that cannot be judged now stays as it was listed.
    pub(super) fn never_redundant(&self, environment: &Environment, open: Option<&Incident>) -> Observation {
        let listed = match open.map(|incident| &incident.facts) {
            Some(Facts::NeverRedundant { bots }) => bots.as_slice(),
            _ => &[],
        };
        let bots: Vec<_> = self
            .picture
            .fleet
            .bots_in(environment)
            .iter()
            .filter_map(|view| match self.picture.level(view, self.policy, self.now) {
                Level::NeverRedundant => Some(self.count(view)),
                Level::Unknown | Level::Starting => listed.iter().find(|count| count.bot.id == view.bot.id).cloned(),
                _ => None,
            })
            .collect();
        Observation {
            subject: Subject::NeverRedundant { environment: environment.clone() },
            standing: if bots.is_empty() { Standing::Well } else { Standing::Incident },
            facts: Facts::NeverRedundant { bots },
            unannounced: Severity::Quiet,
        }
    }

    fn count(&self, view: &BotView) -> BotCount {
        BotCount {
            bot: view.bot.clone(),
            healthy: view.healthy(),
            total: view.total(),
            minimum: self.terms(view).minimum,
        }
    }
}

/// Observes our own sight. `blind` is what there is to say once it has been gone for long; `whole` is whether everything
/// could be read just now.
pub(super) fn sight(blind: Option<Blind>, whole: bool, open: Option<&Incident>) -> Observation {
    let known = match open.map(|incident| &incident.facts) {
        Some(Facts::Blind(known)) => Some(known.clone()),
        _ => None,
    };
    let facts = match (known, blind.clone()) {
        // Since when is kept: a restart knows only of its own time.
        (Some(known), Some(blind)) => Blind { why: blind.why, ..known },
        (Some(known), None) => known,
        (None, blind) => {
            let nothing = || Blind {
                since: Timestamp::UNIX_EPOCH,
                seen_well_at: None,
                why: String::new(),
                kind: Blindness::default(),
            };
            blind.clone().unwrap_or_else(nothing)
        }
    };
    let standing = match (whole, blind) {
        (true, _) => Standing::Well,
        (false, Some(_)) => Standing::Incident,
        (false, None) => Standing::Undecided,
    };
    Observation { subject: Subject::Blind, facts: Facts::Blind(facts), standing, unannounced: Severity::AtRisk }
}

/// A bot of which nothing is left in an environment.
pub(super) fn nothing_left(bot: Bot, environment: Environment) -> BotView {
    BotView { bot, environment, sightings: Vec::new(), unattributed: 0 }
}

fn gone(connector: &crate::domain::ids::ConnectorId, name: &str) -> Line {
    Line {
        connector: connector.clone(),
        name: name.to_owned(),
        condition: None,
        words: None,
        since: None,
        starting: false,
        unread: false,
        last_operation: None,
        own: None,
    }
}

fn words(connector: &Connector) -> [String; 3] {
    [
        connector.agent.word().to_owned(),
        connector.conversational_cloud.word().to_owned(),
        connector.bot_server.word().to_owned(),
    ]
}
