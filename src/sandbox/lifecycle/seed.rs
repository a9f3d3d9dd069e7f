//! Fleets to begin with: the demo's, any number of connectors, or the ones a test names.
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::model::Trouble;
use crate::lifecycle::contract::{Bot, Connector, LastOperation, words};

/// The fleet that a simulator begins with.
#[derive(Debug, Clone, Default)]
pub enum FleetSeed {
    /// A few bots in both environments, with the odd cases of the field. `faq-1` is never redundant; in Demo there are one Stopped,
    /// one Online but not connected, one Ready to Start, one with an unknown word, one whose start is refused
    /// (`greeter-demo-1`) and one that never comes up (`greeter-demo-2`).
    #[default]
    Demo,
    /// Nothing at all.
    Empty,
    /// This many connectors: bots of mostly one connector, two thirds in Production, a few of each odd case.
    Generated(usize),
    /// These.
    Connectors(Vec<Connector>),
}

impl FleetSeed {
    pub(super) fn build(self, now_ms: i64, seed: u64) -> Vec<(Connector, Option<Trouble>)> {
        match self {
            Self::Demo => demo(now_ms),
            Self::Empty => Vec::new(),
            Self::Generated(count) => generated(count, now_ms, seed),
            Self::Connectors(connectors) => connectors.into_iter().map(|c| (c, None)).collect(),
        }
    }
}

/// A healthy connector: Online, connected, 20 conversations, unknown since when. The bot's id is made of its name.
pub fn healthy(id: &str, bot: &str, environment: &str) -> Connector {
    let slug = bot.to_lowercase().replace(" bot", "").replace(' ', "-");
    Connector {
        id: id.to_owned(),
        name: id.to_owned(),
        bot: Bot { id: format!("bot-{slug}"), name: bot.to_owned() },
        environment: environment.to_owned(),
        agent: words::ONLINE.to_owned(),
        conversational_cloud: words::CONNECTED.to_owned(),
        bot_server: words::CONNECTED.to_owned(),
        conversations: Some(20),
        since_ms: 0,
        last_operation: None,
        revision: "r1".to_owned(),
        operation_id: None,
    }
}

/// A connector that is not running: `Stopped`, `Ready to Start`, or any other word.
pub fn idle(id: &str, bot: &str, environment: &str, agent: &str) -> Connector {
    Connector {
        agent: agent.to_owned(),
        conversational_cloud: words::NOT_CONNECTED.to_owned(),
        bot_server: words::NOT_CONNECTED.to_owned(),
        conversations: Some(0),
        ..healthy(id, bot, environment)
    }
}

const HOUR: i64 = 3_600_000;

fn demo(now: i64) -> Vec<(Connector, Option<Trouble>)> {
    let since = |hours: i64, what: &str, by: Option<&str>, mut c: Connector| {
        c.since_ms = now - hours * HOUR;
        c.last_operation = Some(LastOperation { what: what.to_owned(), by: by.map(str::to_owned), at_ms: c.since_ms });
        c
    };
    let load = |conversations: Option<u32>, mut c: Connector| {
        c.conversations = conversations;
        c
    };
    let mut fleet = Vec::new();
    let production = [
        ("billing-1", "Billing Bot", 18, 52, "olga"),
        ("billing-2", "Billing Bot", 23, 52, "olga"),
        ("orders-1", "Orders Bot", 41, 130, "otto"),
        ("orders-2", "Orders Bot", 37, 130, "otto"),
        ("orders-3", "Orders Bot", 44, 6, "olga"),
        ("returns-1", "Returns Bot", 9, 300, "adam"),
        ("returns-2", "Returns Bot", 12, 300, "adam"),
        ("faq-1", "FAQ Bot", 31, 700, "adam"),
    ];
    for (id, bot, conversations, hours, by) in production {
        let connector = healthy(id, bot, words::PRODUCTION);
        let connector = load(Some(conversations), connector);
        fleet.push((since(hours, "Started", Some(by), connector), None));
    }
    // Survey connectors come with zero timestamps and without a load.
    for id in ["survey-1", "survey-2"] {
        let mut survey = load(None, healthy(id, "Survey Bot", words::PRODUCTION));
        survey.last_operation = Some(LastOperation { what: "Started".to_owned(), by: None, at_ms: 0 });
        fleet.push((survey, None));
    }

    let demo = |id: &str, bot: &str, agent: &str| idle(id, bot, words::DEMO, agent);
    let stopped = since(20, "Stopped", Some("otto"), demo("billing-demo-1", "Billing Bot", words::STOPPED));
    fleet.push((stopped, None));
    let mut unconnected =
        since(3, "Recovered by the system", None, healthy("orders-demo-1", "Orders Bot", words::DEMO));
    unconnected.conversational_cloud = words::NOT_CONNECTED.to_owned();
    fleet.push((load(Some(0), unconnected), None));
    fleet.push((demo("returns-demo-1", "Returns Bot", words::READY_TO_START), None));
    fleet.push((load(None, demo("faq-demo-1", "FAQ Bot", "Updating")), None));
    for (id, trouble) in [("greeter-demo-1", Trouble::StartRefused), ("greeter-demo-2", Trouble::NeverComesUp)] {
        let connector = demo(id, "Greeter Bot", words::STOPPED);
        fleet.push((since(40, "Stopped", Some("adam"), connector), Some(trouble)));
    }
    fleet
}

fn generated(count: usize, now: i64, seed: u64) -> Vec<(Connector, Option<Trouble>)> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x000b_075a_1a00);
    let mut fleet = Vec::with_capacity(count);
    let mut bot = 0;
    while fleet.len() < count {
        bot += 1;
        let environment = if rng.random_ratio(2, 3) { words::PRODUCTION } else { words::DEMO };
        // As in the field: most bots have one connector, some a few.
        let connectors = match rng.random_range(0..10) {
            0..5 => 1,
            5..8 => 2,
            _ => 3,
        };
        for n in 1..=connectors.min(count - fleet.len()) {
            let id = format!("fleet-{bot:05}-{n}");
            let name = format!("Fleet {bot:05} Bot");
            let mut connector = match rng.random_range(0..100) {
                0..3 => idle(&id, &name, environment, words::STOPPED),
                3 => idle(&id, &name, environment, words::READY_TO_START),
                4 => idle(&id, &name, environment, words::NOT_CONNECTED),
                5 => idle(&id, &name, environment, "Updating"),
                6 => {
                    let mut odd = healthy(&id, &name, environment);
                    odd.conversational_cloud = words::NOT_CONNECTED.to_owned();
                    odd
                }
                _ => healthy(&id, &name, environment),
            };
            if rng.random_ratio(9, 10) {
                connector.since_ms = now - rng.random_range(1..1_000) * HOUR;
            }
            if connector.agent == words::ONLINE {
                connector.conversations = Some(rng.random_range(0..60));
            }
            fleet.push((connector, None));
        }
    }
    fleet
}
