//! The fleet as a pure model: connectors, what was asked of them, and what becomes of it as time passes.
//!
//! Nothing here waits or reads a clock: [`Model::advance`] is told what time it is, and carries out what is due until then, in order.
//! All change of a connector goes through one function, so that its revision moves exactly with its statuses and configuration.
use std::collections::{BTreeMap, HashMap, VecDeque};

use rand::{SeedableRng, rngs::StdRng};
use serde::Serialize;

use crate::lifecycle::contract::{Action, Connector, Event, Operation, Problem};

mod deeds;
mod operations;
pub use deeds::{Deed, Order, Patch};
pub use operations::{Answer, IfMatch};

/// How many events can be asked for again.
const EVENTS_KEPT: usize = 2_000;

/// How long things take, in milliseconds of the model's clock, counted from the acceptance of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// Until an accepted operation is under way (a start is `Not Connected` from here).
    pub running: i64,
    /// Until a stop is done.
    pub stop: i64,
    /// Until a redeploy is done.
    pub redeploy: i64,
    /// Until a started connector is `Online`, still without Conversational Cloud.
    pub online: i64,
    /// Until it is connected to Conversational Cloud as well.
    pub cloud: i64,
    /// Until a start that does not come up is given up.
    pub start_timeout: i64,
}

impl Default for Timings {
    fn default() -> Self {
        Self { running: 200, stop: 1_000, redeploy: 1_000, online: 3_000, cloud: 6_000, start_timeout: 180_000 }
    }
}

/// What is wrong with a connector that does not show until somebody starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// A start stays `Not Connected` until it is given up.
    NeverComesUp,
    /// A start gets `Online`, never connected to Conversational Cloud.
    NeverConnects,
    /// A start fails: the platform refuses the bot agent.
    StartRefused,
}

/// What the model is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The time at the beginning, in milliseconds since the epoch.
    pub start_ms: i64,
    /// The seed of everything random.
    pub seed: u64,
    /// How long things take.
    pub timings: Timings,
    /// The share of operations that fail for no reason of the connector's, 0 to 1.
    pub failure_rate: f64,
    /// How often the load of healthy connectors moves a little, in milliseconds; automatic mode only.
    pub drift_every: Option<i64>,
    /// How often something drops by itself (and recovers a minute later), in milliseconds; automatic mode only.
    pub happenings_every: Option<i64>,
    /// The environments there are, beside those that the fleet stands in.
    pub environments: Vec<String>,
}

/// An action that was accepted, and so is carried out: one row each, never two for one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// On which connector.
    pub connector: String,
    /// What.
    pub action: Action,
    /// Where to, for a redeploy.
    pub target_environment: Option<String>,
    /// Its idempotency key.
    pub key: String,
    /// Who asked.
    pub by: String,
    /// When it was accepted.
    pub at_ms: i64,
    /// The operation.
    pub operation: String,
}

/// A connector and what the model knows beside it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) connector: Connector,
    pub(super) trouble: Option<Trouble>,
    pub(super) vanished: bool,
    /// Counts interferences, so that what was due before one no longer is.
    epoch: u64,
    revisions: u64,
}

#[derive(Debug, Clone)]
enum Due {
    Run(String),
    Finish(String),
    Online { connector: String, epoch: u64, operation: Option<String> },
    Cloud { connector: String, epoch: u64 },
    GiveUp { connector: String, epoch: u64, operation: Option<String> },
    Recover { connector: String, epoch: u64 },
    Drift,
    Happening,
}

#[derive(Debug)]
struct KeyRecord {
    connector: String,
    action: Action,
    target: Option<String>,
    outcome: Result<String, Box<Problem>>,
    at_ms: i64,
}

/// The fleet.
#[derive(Debug)]
pub struct Model {
    settings: Settings,
    now: i64,
    /// Whether chance has a part: jitter, drift, happenings.
    pub(super) lively: bool,
    rng: StdRng,
    entries: BTreeMap<String, Entry>,
    operations: HashMap<String, Operation>,
    operation_count: u64,
    keys: HashMap<String, KeyRecord>,
    due: BTreeMap<(i64, u64), Due>,
    due_count: u64,
    version: u64,
    /// Grows with what only the panel sees.
    hidden: u64,
    events: VecDeque<(u64, Event)>,
    event_count: u64,
    carried: Vec<Carried>,
}

impl Model {
    /// A fleet as given; connectors that share an id replace one another.
    pub fn new(settings: Settings, fleet: Vec<(Connector, Option<Trouble>)>, lively: bool) -> Self {
        let mut model = Self {
            now: settings.start_ms,
            lively,
            rng: StdRng::seed_from_u64(settings.seed),
            entries: BTreeMap::new(),
            operations: HashMap::new(),
            operation_count: 0,
            keys: HashMap::new(),
            due: BTreeMap::new(),
            due_count: 0,
            version: 0,
            hidden: 0,
            events: VecDeque::new(),
            event_count: 0,
            carried: Vec::new(),
            settings,
        };
        for (connector, trouble) in fleet {
            let entry = Entry { connector, trouble, vanished: false, epoch: 0, revisions: 1 };
            model.entries.insert(entry.connector.id.clone(), entry);
        }
        if let Some(every) = model.settings.drift_every {
            model.schedule(every, Due::Drift);
        }
        if let Some(every) = model.settings.happenings_every {
            model.schedule(every, Due::Happening);
        }
        model
    }

    /// The model's time, in milliseconds since the epoch.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Grows with every visible change of the fleet, load and timestamps included.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Grows with what no reader sees: what a connector's next start will meet.
    pub(super) fn hidden(&self) -> u64 {
        self.hidden
    }

    /// The connectors that a reader sees, ordered by id.
    pub fn connectors(&self) -> impl Iterator<Item = &Connector> {
        self.entries.values().filter(|entry| !entry.vanished).map(|entry| &entry.connector)
    }

    /// One connector, as a reader sees it.
    pub fn connector(&self, id: &str) -> Option<&Connector> {
        self.entries.get(id).filter(|entry| !entry.vanished).map(|entry| &entry.connector)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// One operation.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.get(id)
    }

    /// The operation that was accepted under a key, if one was.
    pub fn operation_by_key(&self, key: &str) -> Option<&Operation> {
        let id = self.keys.get(key)?.outcome.as_ref().ok()?;
        self.operations.get(id)
    }

    /// Every action that was carried out, oldest first.
    pub fn carried(&self) -> &[Carried] {
        &self.carried
    }

    /// The number of the latest event; 0 before the first.
    pub fn latest_event(&self) -> u64 {
        self.event_count
    }

    /// The events after a number, and whether some before them are no longer kept.
    pub fn events_after(&self, number: u64) -> (bool, Vec<(u64, Event)>) {
        let oldest = self.event_count + 1 - self.events.len() as u64;
        let missing = number > self.event_count || number + 1 < oldest;
        let kept = self.events.iter().filter(|(n, _)| missing || *n > number);
        (missing, kept.cloned().collect())
    }

    /// Carries out what is due until `to`, in order, each at its own time. Time never goes back.
    pub fn advance(&mut self, to: i64) {
        while let Some(entry) = self.due.first_entry() {
            let at = entry.key().0;
            if at > to {
                break;
            }
            let due = entry.remove();
            self.now = self.now.max(at);
            self.carry_out(due);
        }
        self.now = self.now.max(to);
    }

    /// When something is due next.
    pub fn next_due(&self) -> Option<i64> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    fn schedule(&mut self, after: i64, due: Due) {
        self.due_count += 1;
        self.due.insert((self.now + after, self.due_count), due);
    }

    fn emit(&mut self, event: Event) {
        self.event_count += 1;
        self.events.push_back((self.event_count, event));
        if self.events.len() > EVENTS_KEPT {
            self.events.pop_front();
        }
    }

    /// The one way in which a connector changes: revision, time of the status, version and event follow from the difference.
    fn change(&mut self, id: &str, change: impl FnOnce(&mut Connector)) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        let before = entry.connector.clone();
        change(&mut entry.connector);
        let after = &mut entry.connector;
        if after.agent != before.agent && after.since_ms == before.since_ms {
            after.since_ms = self.now;
        }
        if state_and_configuration(after) != state_and_configuration(&before) {
            entry.revisions += 1;
            after.revision = format!("r{}", entry.revisions);
        }
        if *after != before && !entry.vanished {
            let connector = Box::new(after.clone());
            self.version += 1;
            self.emit(Event::ConnectorChanged { connector });
        }
    }
}

/// What a revision stands for.
fn state_and_configuration(connector: &Connector) -> [&str; 7] {
    [
        &connector.agent,
        &connector.conversational_cloud,
        &connector.bot_server,
        &connector.name,
        &connector.bot.id,
        &connector.bot.name,
        &connector.environment,
    ]
}
