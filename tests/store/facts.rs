//! What the tests write: requests, operations, incidents and audit records, with the details that nobody looks at.

use std::time::Duration;

use botswain::domain::action::{Action, Verb};
use botswain::domain::audit::{Entry, Verdict};
use botswain::domain::authority::Person;
use botswain::domain::connector::{Bot, Condition, Environment};
use botswain::domain::ids::{BotId, ChannelId, ConnectorId, UserId};
use botswain::domain::incident::{Facts, Failover, Incident, Severity, Subject};
use botswain::domain::operation::Operation;
use botswain::domain::plan::{Impact, Plan, Planned};
use botswain::domain::redundancy::Level;
use botswain::domain::request::{Request, RequestState, Selection};
use jiff::Timestamp;

pub const ALERTS: ChannelId = ChannelId(900);
pub const LEASE: Duration = Duration::from_secs(60);
/// How long a request of [`asked`] can be confirmed.
pub const TTL: i64 = 120;

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn bot(name: &str) -> Bot {
    Bot { id: BotId::new(name), name: name.to_owned() }
}

/// A request with nothing chosen, asked at nought.
pub fn choosing() -> Request {
    let olga = Person { id: UserId(u64::MAX >> 1), name: "Olga ⚓".to_owned() };
    let ttl = Duration::from_secs(TTL.unsigned_abs());
    Request::new(olga, Verb::Stop, Some("a reason\0".to_owned()), ChannelId(7), ttl, at(0))
}

/// A request to stop this connector of this bot, with its plan.
pub fn asked(bot_name: &str, connector: &str) -> Request {
    let connector = ConnectorId::new(connector);
    let plan = Plan {
        verb: Verb::Stop,
        bot: bot(bot_name),
        environment: Environment::new("production"),
        to: None,
        connectors: vec![Planned {
            connector: connector.clone(),
            name: "billing-1".to_owned(),
            condition: Condition::Healthy,
            steps: vec![Action::Stop],
        }],
        impacts: vec![Impact {
            environment: Environment::new("production"),
            healthy_now: 2,
            lowest: 1,
            healthy_after: 1,
            total: 2,
            minimum: 2,
            left_waiting: None,
            conversations: None,
            load_limit: 50,
            uncertain: false,
            in_doubt: Vec::new(),
        }],
    };
    let selection = Selection { connectors: vec![connector], ..Selection::default() };
    Request { state: RequestState::Asked, plan: Some(plan), selection, ..choosing() }
}

/// A request to move this connector of this bot from one environment to another.
pub fn redeploy(bot_name: &str, connector: &str, from: &str, to: &str) -> Request {
    let mut request = Request { verb: Verb::Redeploy, ..asked(bot_name, connector) };
    let plan = request.plan.as_mut().unwrap();
    plan.environment = Environment::new(from);
    plan.to = Some(Environment::new(to));
    plan.connectors[0].steps = vec![Action::Redeploy { to: Environment::new(to) }];
    request
}

/// The operation that this request becomes.
pub fn operation(request: &Request) -> Operation {
    Operation::new(request, request.plan.as_ref().unwrap(), &[], at(0))
}

/// A terminal record about this.
pub fn entry(about: &str, verdict: Verdict, second: i64) -> Entry {
    let olga = Person { id: UserId(1), name: "Olga".to_owned() };
    let entry = Entry::new(about.to_owned(), olga, verdict, "why", at(second));
    Entry { verb: Some(Verb::Stop), target: "Billing".to_owned(), ..entry }
}

/// An incident on a bot of this name that has `healthy` connectors left.
pub fn incident(bot_name: &str, healthy: u32) -> Incident {
    let subject = Subject::Failover { bot: bot(bot_name), environment: Environment::new("production") };
    let opened = Incident::new(subject, Facts::Failover(failover(healthy)), at(0));
    Incident { announced: Severity::AtRisk, ..opened }
}

pub fn failover(healthy: u32) -> Failover {
    Failover { level: Level::AtRisk, healthy, total: 2, minimum: 2, lines: Vec::new() }
}
