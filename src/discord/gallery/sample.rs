//! The facts that the gallery shows: a small fleet in which a little of everything is wrong, and two people.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Cast;
use crate::discord::render::Context;
use crate::discord::render::status::View;
use crate::domain::action::Verb;
use crate::domain::connector::{AgentStatus, Bot, Condition, Connector, Environment, LastOperation, Link};
use crate::domain::fleet::Reading;
use crate::domain::freeze::Freeze;
use crate::domain::ids::{BotId, ConnectorId, Id};
use crate::domain::incident::{Facts, Failover, Incident, Line, OwnDoing, Severity, Subject};
use crate::domain::policy::{Picture, Policy, Terms};
use crate::domain::redundancy::Level;

/// What all samples are made from.
pub(super) struct Sample<'a> {
    pub(super) cast: &'a Cast,
    pub(super) now: Timestamp,
}

pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 3600;

pub(super) fn production() -> Environment {
    Environment::new("production")
}

pub(super) fn demo() -> Environment {
    Environment::new("demo")
}

pub(super) fn bot(name: &str) -> Bot {
    Bot { id: BotId::new(name), name: name.to_owned() }
}

impl Sample<'_> {
    /// So many seconds ago; in the future where `seconds` is negative.
    pub(super) fn ago(&self, seconds: i64) -> Timestamp {
        Timestamp::from_second(self.now.as_second().saturating_sub(seconds)).unwrap_or(self.now)
    }

    pub(super) fn hence(&self, seconds: i64) -> Timestamp {
        self.ago(-seconds)
    }

    pub(super) fn policy(&self) -> Policy {
        let terms = Terms {
            minimum: 2,
            load: 50,
            start_grace: Duration::from_secs(300),
            alert_channel: self.cast.alerts,
            alert_roles: vec![self.cast.on_call],
            escalation_roles: vec![self.cast.on_call],
            ..Terms::default()
        };
        Policy::new(terms, vec![production()], BTreeMap::new())
    }

    pub(super) fn context(&self) -> Context {
        Context {
            policy: Arc::new(self.policy()),
            guild: self.cast.guild,
            reference: "ab12cd34".to_owned(),
            ..Context::default()
        }
    }

    pub(super) fn healthy(&self, name: &str, of: &str, conversations: u32) -> Connector {
        let since = Some(self.ago(52 * HOUR));
        let by = Some(self.cast.olga.name.clone());
        Connector {
            id: ConnectorId::new(name),
            name: name.to_owned(),
            bot: bot(of),
            environment: production(),
            agent: AgentStatus::Online,
            conversational_cloud: Link::Connected,
            bot_server: Link::Connected,
            conversations: Some(conversations),
            since,
            last_operation: Some(LastOperation { what: "Started".to_owned(), by, at: since }),
            revision: None,
            under_way: None,
        }
    }

    pub(super) fn stopped(&self, name: &str, of: &str) -> Connector {
        let since = Some(self.ago(8 * MINUTE));
        let by = Some(self.cast.otto.name.clone());
        Connector {
            agent: AgentStatus::Stopped,
            conversational_cloud: Link::NotConnected,
            bot_server: Link::NotConnected,
            conversations: Some(0),
            since,
            last_operation: Some(LastOperation { what: "Stopped".to_owned(), by, at: since }),
            ..self.healthy(name, of, 0)
        }
    }

    /// One that dropped; `agent` and `cloud` say how far.
    fn hurt(&self, name: &str, of: &str, agent: AgentStatus, cloud: Link) -> Connector {
        let since = Some(self.ago(3 * MINUTE));
        Connector { agent, conversational_cloud: cloud, since, ..self.healthy(name, of, 0) }
    }

    /// The fleet: one outage, one bot at risk, one never redundant, two that are well, and odd ones in Demo.
    pub(super) fn fleet(&self) -> Vec<Connector> {
        let in_demo = |connector: Connector| Connector { environment: demo(), ..connector };
        vec![
            self.hurt("returns-1", "Returns Bot", AgentStatus::NotConnected, Link::NotConnected),
            self.hurt("returns-2", "Returns Bot", AgentStatus::Online, Link::NotConnected),
            self.healthy("billing-1", "Billing Bot", 18),
            self.stopped("billing-2", "Billing Bot"),
            self.healthy("faq-1", "FAQ Bot", 31),
            self.healthy("orders-1", "Orders Bot", 41),
            self.healthy("orders-2", "Orders Bot", 37),
            self.healthy("orders-3", "Orders Bot", 44),
            self.healthy("survey-1", "Survey Bot", 60),
            self.healthy("survey-2", "Survey Bot", 55),
            in_demo(self.healthy("greeter-1", "Greeter Bot", 2)),
            in_demo(self.hurt("orders-demo-1", "Orders Bot", AgentStatus::ReadyToStart, Link::NotConnected)),
            in_demo(self.hurt("faq-demo-1", "FAQ Bot", AgentStatus::Other("Updating".to_owned()), Link::NotConnected)),
        ]
    }

    pub(super) fn picture_of(&self, connectors: Vec<Connector>) -> Picture {
        let mut picture = Picture::default();
        picture.fleet.read(Reading { connectors, malformed: Vec::new(), complete: true }, self.ago(4));
        for name in ["Billing Bot", "Returns Bot"] {
            picture.highest.raise(&BotId::new(name), &production(), 2);
        }
        picture
    }

    pub(super) fn picture(&self) -> Picture {
        self.picture_of(self.fleet())
    }

    pub(super) fn view<'p>(&self, picture: &'p Picture, policy: &'p Policy) -> View<'p> {
        View { picture, policy, poll_interval: Duration::from_secs(15), now: self.now }
    }

    /// A freeze of Production until in two hours.
    pub(super) fn freeze(&self) -> Freeze {
        Freeze {
            id: Id::random(),
            environment: production(),
            by: self.cast.otto.clone(),
            reason: "The winter sale".to_owned(),
            at: self.ago(HOUR),
            until: self.hence(2 * HOUR),
            channel: self.cast.alerts,
            ended: None,
        }
    }

    pub(super) fn olgas(&self, verb: Verb, under_way: bool) -> OwnDoing {
        OwnDoing { by: self.cast.olga.clone(), verb, operation: Id::random(), under_way, overran: false, glass: None }
    }

    /// A line of a card.
    pub(super) fn line(&self, name: &str, condition: Condition) -> Line {
        let words = match condition {
            Condition::OnlineNotConnected => ["Online", "Not Connected", "Connected"],
            Condition::Stopped => ["Stopped", "Not Connected", "Not Connected"],
            _ => ["Not Connected", "Not Connected", "Not Connected"],
        };
        Line {
            connector: ConnectorId::new(name),
            name: name.to_owned(),
            condition: Some(condition),
            words: Some(words.map(str::to_owned)),
            since: Some(self.ago(4 * MINUTE)),
            moved_to: None,
            starting: false,
            unread: false,
            last_operation: None,
            own: None,
        }
    }

    /// An incident on Billing Bot in Production, opened three minutes ago.
    pub(super) fn incident(&self, level: Level, healthy: u32, lines: Vec<Line>) -> Incident {
        let subject = Subject::Failover { bot: bot("Billing Bot"), environment: production() };
        let facts = Facts::Failover(Failover { level, healthy, total: 2, minimum: 2, lines });
        let opened = Incident::new(subject, facts, self.ago(3 * MINUTE));
        Incident { announced: Severity::of(level), ..opened }
    }

    pub(super) fn at_risk(&self) -> Incident {
        self.incident(Level::AtRisk, 1, vec![self.line("billing-2", Condition::NotConnected)])
    }

    pub(super) fn outage(&self) -> Incident {
        let lines = vec![
            self.line("billing-1", Condition::OnlineNotConnected),
            Line { own: Some(self.olgas(Verb::Stop, false)), ..self.line("billing-2", Condition::Stopped) },
        ];
        self.incident(Level::Outage, 0, lines)
    }
}
