//! What is seen of each subject, as facts that change only when something happened: never because time passed or load
//! moved. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::own::OwnDoings;
use crate::domain::connector::{Bot, Connector, Environment};
use crate::domain::fleet::{BotView, Sight, Sighting};
use crate::domain::ids::ConnectorId;
use crate::domain::incident::{Blind, Blindness, BotCount, Ending, Facts, Failover, Incident, Line, Severity, Subject};
use crate::domain::judging::{Observation, Standing};
use crate::domain::load::Load;
use crate::domain::policy::{Picture, Policy, Terms};
use crate::domain::redundancy::{Level, count_starting, is_starting};

/// A bot as it is seen at this look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glance<'a> {
    pub(super) view: &'a BotView,
    pub(super) terms: &'a Terms,
    pub(super) level: Level,
}

impl<'a> Glance<'a> {
    pub(super) fn at(view: &'a BotView, picture: &Picture, policy: &'a Policy, now: Timestamp) -> Self {
        Self { view, terms: policy.terms(&view.bot.id, &view.environment), level: picture.level(view, policy, now) }
    }

    /// Whether something is asked of it, and it is in use.
    pub(super) fn counts(&self) -> bool {
        self.terms.minimum > 0 && self.level != Level::NotInUse
    }
}

/// How a bot's own incident stands after this look, for notices that it may stand on instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnIncident {
    None,
    Suspected,
    Carded,
}

/// What bots are judged by.
pub(super) struct Lookout<'a> {
    pub(super) before: &'a Picture,
    pub(super) picture: &'a Picture,
    pub(super) policy: &'a Policy,
    pub(super) own: &'a OwnDoings,
    /// Whether being blind is an incident by now.
    pub(super) blind: bool,
    /// Since when every look came when it should.
    pub(super) watched_since: Timestamp,
    pub(super) now: Timestamp,
}

impl Lookout<'_> {
    /// Observes a bot in an environment, given the incident that is open on it. Its view is empty once it is gone.
    pub(super) fn failover(&self, glance: Glance<'_>, open: Option<&Incident>) -> Observation {
        let Glance { view, terms, level } = glance;
        let lines = self.lines(view, open);
        let standing = Standing::of(level);
        let own: Vec<_> = lines.iter().filter_map(|line| line.own.as_ref()).collect();
        let in_time = !own.is_empty() && !own.iter().any(|own| own.overran);
        let announced = in_time && self.is_as_announced(view, terms);
        let unannounced = if announced { Severity::Quiet } else { Severity::of(level) };
        let ended_by = open.filter(|_| standing == Standing::Well).and_then(|open| self.ended_by(view, open));
        let facts = match open {
            // What one poll missed, the next one brings: until we are blind for long, a card is not edited to say so.
            Some(open) if self.is_passing(view) && standing != Standing::Well && unannounced <= open.announced => {
                open.facts.clone()
            }
            _ => Facts::Failover(Failover {
                level,
                healthy: view.healthy(),
                total: view.total(),
                minimum: terms.minimum,
                lines,
            }),
        };
        let subject = Subject::Failover { bot: view.bot.clone(), environment: view.environment.clone() };
        let watched_since = self.watched_since;
        Observation { subject, facts, standing, unannounced, watched_since, ended_by }
    }

    fn is_passing(&self, view: &BotView) -> bool {
        view.unread() > 0 && !self.blind
    }

    /// Whether at least as many connectors are healthy (or on their way up, or not seen) as the last operation left by its
    /// own account. What fell below that fell by itself, whoever stopped what before.
    fn is_as_announced(&self, view: &BotView, terms: &Terms) -> bool {
        let starting = count_starting(view, terms.start_grace, self.now);
        let announced = self.own.announced(&view.bot.id, &view.environment);
        announced.is_some_and(|announced| view.healthy_at_best() + starting >= announced)
    }

    /// What was done since the incident was opened to a connector that it names and that is healthy now.
    fn ended_by(&self, view: &BotView, open: &Incident) -> Option<Ending> {
        let Facts::Failover(facts) = &open.facts else { return None };
        let named = |s: &&&Sighting| facts.lines.iter().any(|line| line.connector == s.connector.id);
        let sightings: Vec<&Sighting> = view.sightings.iter().map(AsRef::as_ref).collect();
        let back: Vec<_> = sightings.iter().filter(named).filter(|s| s.is_surely_healthy()).collect();
        let ours = back.iter().find_map(|s| self.own.brought_up(&s.connector.id, open.opened_at)).map(Ending::Doing);
        let elsewhere = || {
            let last = back.iter().filter_map(|s| s.connector.last_operation.as_ref());
            let since =
                last.filter(|last| last.at.is_some_and(|at| at >= open.opened_at)).max_by_key(|last| last.at)?;
            Some(Ending::Elsewhere { what: since.what.clone(), who: since.by.clone() })
        };
        ours.or_else(elsewhere)
    }

    fn lines(&self, view: &BotView, open: Option<&Incident>) -> Vec<Line> {
        let unwell = view.sightings.iter().filter(|s| !s.is_surely_healthy());
        let mut lines: BTreeMap<_, _> = unwell.map(|s| (s.connector.id.clone(), self.line(s))).collect();
        let is_here = |line: &Line| view.sightings.iter().any(|s| s.connector.id == line.connector);
        for (target, own) in self.own.moved_away(&view.bot.id, &view.environment, &self.picture.fleet) {
            let moved = Line { own: Some(own), ..self.gone(view, &target.connector, &target.name) };
            lines.insert(moved.connector.clone(), moved);
        }
        // Those that were here at the last look, and those that an open incident names already.
        let before = self.before.fleet.bot(&view.bot.id, &view.environment);
        let seen = before.iter().flat_map(|view| &view.sightings);
        let missed = seen.map(|s| self.gone(view, &s.connector.id, &s.connector.name));
        let named = match open.map(|incident| &incident.facts) {
            Some(Facts::Failover(facts)) => facts.lines.as_slice(),
            _ => &[],
        };
        let named = named.iter().map(|line| Line {
            own: line.own.clone().filter(|_| line.condition.is_none()),
            ..self.gone(view, &line.connector, &line.name)
        });
        for line in named.chain(missed).filter(|line| !is_here(line)) {
            lines.entry(line.connector.clone()).or_insert(line);
        }
        lines.into_values().collect()
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
            moved_to: None,
            starting: fresh && is_starting(connector, grace, self.now),
            unread: !fresh,
            last_operation: last_operation(connector),
            own: self.own.of(connector).filter(|_| !connector.is_healthy()),
        }
    }

    /// A connector that is no longer here. A fleet has one only until two complete readings did not have it.
    fn gone(&self, view: &BotView, connector: &ConnectorId, name: &str) -> Line {
        let known = self.picture.fleet.connector(connector).map(|s| &s.connector);
        let elsewhere = known.filter(|connector| connector.environment != view.environment);
        // Who moved it; what is done to it there is another matter.
        let moved = elsewhere.and_then(last_operation).filter(|(what, _)| what.to_lowercase().contains("deploy"));
        Line {
            connector: connector.clone(),
            name: name.to_owned(),
            condition: None,
            words: None,
            since: None,
            moved_to: elsewhere.map(|connector| connector.environment.clone()),
            starting: false,
            unread: false,
            last_operation: moved,
            own: None,
        }
    }

    /// Observes the bots of an environment that never were redundant. One that stands on another card is not listed, and one
    /// that cannot be judged now stays as it was listed.
    pub(super) fn never_redundant(
        &self,
        environment: &Environment,
        glances: &[Glance<'_>],
        open: Option<&Incident>,
        own: impl Fn(&BotView) -> OwnIncident,
    ) -> Observation {
        let listed: BTreeMap<_, _> = match open.map(|incident| &incident.facts) {
            Some(Facts::NeverRedundant { bots }) => bots.iter().map(|count| (&count.bot.id, count)).collect(),
            _ => BTreeMap::new(),
        };
        let as_listed = |view: &BotView| listed.get(&view.bot.id).map(|count| (*count).clone());
        let entry = |glance: &Glance<'_>| match (glance.level, own(glance.view)) {
            (_, OwnIncident::Carded) => None,
            (Level::NeverRedundant, _) => Some(count(glance)),
            (Level::Unknown | Level::Starting, _) | (Level::Outage, OwnIncident::Suspected) => as_listed(glance.view),
            _ => None,
        };
        let bots: Vec<_> = glances.iter().filter_map(entry).collect();
        let subject = Subject::NeverRedundant { environment: environment.clone() };
        let standing = if bots.is_empty() { Standing::Well } else { Standing::Incident };
        self.grouped(subject, standing, Facts::NeverRedundant { bots })
    }

    /// Observes the bots of an environment that have more conversations than is advised. What is said of one that has an
    /// incident, or that cannot be read now, stays as it was.
    pub(super) fn load(
        &self,
        environment: &Environment,
        glances: &[Glance<'_>],
        open: Option<&Incident>,
        own: impl Fn(&BotView) -> OwnIncident,
    ) -> Observation {
        let given: BTreeMap<_, _> = match open.map(|incident| &incident.facts) {
            Some(Facts::Load { bots }) => bots.iter().map(|advice| (&advice.bot.id, advice)).collect(),
            _ => BTreeMap::new(),
        };
        let asked = glances.iter().filter(|glance| glance.counts());
        let entry = |glance: &Glance<'_>| {
            let before = given.get(&glance.view.bot.id).copied();
            if glance.view.unread() > 0 || own(glance.view) != OwnIncident::None {
                return before.cloned();
            }
            Load::of(glance.view).advice(glance.view, glance.terms.load, before)
        };
        let bots: Vec<_> = asked.filter_map(entry).collect();
        let subject = Subject::Load { environment: environment.clone() };
        let standing = if bots.is_empty() { Standing::Well } else { Standing::Incident };
        self.grouped(subject, standing, Facts::Load { bots })
    }

    /// A notice that calls nobody.
    fn grouped(&self, subject: Subject, standing: Standing, facts: Facts) -> Observation {
        let watched_since = self.watched_since;
        Observation { subject, facts, standing, unannounced: Severity::Quiet, watched_since, ended_by: None }
    }

    /// Observes our own sight. `blind` is what there is to say once it has been gone for long; `whole` is whether everything
    /// could be read just now.
    pub(super) fn sight(&self, blind: Option<Blind>, whole: bool, open: Option<&Incident>) -> Observation {
        let known = match open.map(|incident| &incident.facts) {
            Some(Facts::Blind(known)) => Some(known.clone()),
            _ => None,
        };
        let standing = match (whole, &blind) {
            (true, _) => Standing::Well,
            (false, Some(_)) => Standing::Incident,
            (false, None) => Standing::Undecided,
        };
        let facts = match (known, blind) {
            // Since when is kept: a restart knows only of its own time.
            (Some(known), Some(blind)) => Blind { why: blind.why, kind: blind.kind, ..known },
            (Some(known), None) => known,
            (None, Some(blind)) => blind,
            (None, None) => Blind {
                since: Timestamp::UNIX_EPOCH,
                seen_well_at: None,
                why: String::new(),
                kind: Blindness::default(),
            },
        };
        Observation {
            subject: Subject::Blind,
            facts: Facts::Blind(facts),
            standing,
            unannounced: Severity::AtRisk,
            watched_since: self.watched_since,
            ended_by: None,
        }
    }
}

fn count(glance: &Glance<'_>) -> BotCount {
    let view = glance.view;
    BotCount { bot: view.bot.clone(), healthy: view.healthy(), total: view.total(), minimum: glance.terms.minimum }
}

/// A bot of which nothing is left in an environment.
pub(super) fn nothing_left(bot: Bot, environment: Environment) -> BotView {
    BotView { bot, environment, sightings: Vec::new(), unattributed: 0 }
}

fn last_operation(connector: &Connector) -> Option<(String, Option<String>)> {
    connector.last_operation.as_ref().map(|last| (last.what.clone(), last.by.clone()))
}

fn words(connector: &Connector) -> [String; 3] {
    [
        connector.agent.word().to_owned(),
        connector.conversational_cloud.word().to_owned(),
        connector.bot_server.word().to_owned(),
    ]
}
