//! The simulated lifecycle service: the contract over real HTTP, on a fleet that lives by itself or is stepped by a test.
//!
//! * [`model`]: the fleet, pure: what may be asked, what becomes of it as time passes, what happens behind everybody's back.
//! * `http`: the contract's routes; [`openapi`] is made from them. `pages` keeps the moments that cursors pin, `push` the streams.
//! * [`faults`]: what goes wrong on the way. [`seed`]: fleets to begin with. `control`: the interface below.
//!
//! # Mode
//!
//! In [`Mode::Automatic`] the clock is the wall's ([`LifecycleSimulator::run`] moves it, and so does every request), durations have some
//! chance in them, and load drifts. In [`Mode::Explicit`] time stands still but for [`LifecycleSimulator::step`], and nothing is random.
//!
//! # Fidelity
//!
//! * A stop leaves conversations waiting: the connector keeps their number, and holds them again when it is started.
//! * A start needs `Stopped` or `Ready to Start`. It goes through `Not Connected`, then `Online` with Conversational Cloud still
//!   `Not Connected` (its operation succeeds here), then all connected. A failed start leaves it `Not Connected`.
//! * A stop takes whatever is neither `Stopped` nor `Ready to Start`, dropped connectors included.
//! * A redeploy needs `Stopped`, and leaves it `Stopped` in the other environment, with its id.
//! * A change from elsewhere while an operation is under way fails the operation (`superseded`).
//!
//! # Control interface
//!
//! JSON, mounted at `/control/fleet`; no token. A refusal is 4xx with `{"message": "a sentence"}`.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /state` | `{mode, now_ms, connectors, faults}`. A connector is the wire's, and `fault` (what its next start will meet: `never_comes_up`, `never_connects`, `start_refused`, or null) and `vanished` |
//! | `GET /events` | server-sent events without a name: the same with `"type": "fleet"`, at once and at each change |
//! | `POST /connectors/{id}/do` | `{"do": …, "by"?: "a name"}`, answered with `{connector}` as in the state |
//! | … `drop` | Not Connected, all three |
//! | … `recover` | Online and connected, whatever it was |
//! | … `disconnect_cloud`, `disconnect_bot_server` | that one connection |
//! | … `stop_elsewhere`, `start_elsewhere` | somebody in Bots Status does it |
//! | … `never_comes_up`, `never_connects`, `start_refused` | with `"on": true` (default) or `false`: its next starts stay Not Connected until given up, get Online but never to Conversational Cloud, are refused |
//! | … `set` | `agent`, `conversational_cloud`, `bot_server`, `conversations` (or null), `since_ms`, `last_operation` (or null), `name`, `bot_name`, `environment`: raw, in any words |
//! | … `vanish`, `return` | gone from the fleet, back again |
//! | `POST /step` | `{"ms": n}`: moves the clock (explicit mode only); answered with the state |
//! | `POST /mode` | `{"mode": "automatic"}` or `"explicit"`; answered with the state |
//! | `POST /faults` | `{"kind": …, "route"?: "GET /v1/connectors", "times"?: n}`; answered with `{faults}`. The first that fits a request meets it |
//! | … `refuse` | `"problem": "not-stopped"`, any slug or whole type |
//! | … `server_error`, `rate_limit` | `"status": 500`; `"retry_after": seconds` |
//! | … `hang`, `drop` | nothing is carried out, no answer: until the faults are cleared, or at once |
//! | … `hang_after`, `accept_then_drop` | it is carried out, no answer |
//! | … `slow` | `"ms": n` |
//! | … `half_answer`, `garbage`, `huge_body` | it is carried out, the answer is spoilt (`huge_body`: `"bytes": n`) |
//! | … `malformed_record` | `"connector": id`: its record is not what the contract says |
//! | … `missing_page` | pages after the first fail |
//! | … `stale` | `"age": seconds`: it is answered with what the platform said so long ago |
//! | … `duplicate_delivery` | the request reaches the service twice |
//! | … `redirect` | `"to": address` |
//! | … `lose_events` | strikes no request: while it is in force, events pass the streams by |
//! | `GET /faults`, `DELETE /faults` | those in force; clear them, which also releases what hangs |
//! | `POST /cut` | ends the contract's event streams that are open now |
//! | `GET /requests?after=n`, `DELETE /requests` | what came in to `/v1/*`: `[{n, method, path, headers, authorized, status, fault}]` |
//! | `GET /actions` | what was really carried out: `[{connector, action, target_environment, key, by, at_ms, operation}]` |
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

mod control;
mod etags;
pub mod faults;
mod http;
pub mod model;
mod pages;
mod push;
pub mod seed;

pub use control::{FleetState, PanelConnector};
pub use faults::{Fault, FaultKind, RequestRecord};
pub use http::openapi;
pub use model::{Carried, Deed, Order, Patch, Timings, Trouble};
pub use seed::FleetSeed;

use crate::lifecycle::contract::{Connector, ConnectorPage, ConnectorQuery, NewOperation, Operation, words};
use faults::{Faults, Requests};
use model::{Answer, IfMatch, Model};
use pages::{Cursor, Snapshots};

/// How often [`LifecycleSimulator::run`] looks whether something is due.
const TICK: Duration = Duration::from_millis(100);

/// Who moves the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The wall.
    #[default]
    Automatic,
    /// Whoever calls `step`.
    Explicit,
}

/// What a simulator is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// What clients must send. Default: one that nobody knows.
    pub token: SecretString,
    /// Who moves the clock.
    pub mode: Mode,
    /// The seed of everything random.
    pub seed: u64,
    /// The fleet to begin with.
    pub fleet: FleetSeed,
    /// How long things take.
    pub timings: Timings,
    /// The share of operations that fail for no reason of the connector's, 0 (default) to 1.
    pub failure_rate: f64,
    /// How often the load of healthy connectors moves a little (automatic mode). Default: 20 s.
    pub load_drift: Option<Duration>,
    /// How often a healthy connector drops by itself, to recover a minute later (automatic mode). Default: never.
    pub happenings: Option<Duration>,
    /// How long a cursor keeps its moment. Default: 60 s.
    pub cursor_ttl: Duration,
    /// The time at the beginning, in milliseconds since the epoch. Default: the wall's.
    pub start_ms: Option<i64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: SecretString::from(format!("{:032x}", rand::random::<u128>())),
            mode: Mode::default(),
            seed: 1,
            fleet: FleetSeed::default(),
            timings: Timings::default(),
            failure_rate: 0.0,
            load_drift: Some(Duration::from_secs(20)),
            happenings: None,
            cursor_ttl: Duration::from_secs(60),
            start_ms: None,
        }
    }
}

/// The simulated lifecycle service. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct LifecycleSimulator {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// SHA-256 of the token, so that comparing takes the same time whatever comes.
    token: [u8; 32],
    /// Tells this run's tags, cursors and event ids from another's.
    boot: String,
    document: Value,
    cursor_ttl_ms: i64,
    world: Mutex<World>,
    changes: watch::Sender<u64>,
    ended: CancellationToken,
}

/// What the lock guards.
#[derive(Debug)]
struct World {
    model: Model,
    mode: Mode,
    /// The model's clock less the wall's, in milliseconds.
    ahead_ms: i64,
    snapshots: Snapshots,
    faults: Faults,
    requests: Requests,
}

impl LifecycleSimulator {
    /// A service with the fleet as the options have it.
    pub fn new(options: Options) -> Self {
        let wall = wall_ms();
        let start_ms = options.start_ms.unwrap_or(wall);
        let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let settings = model::Settings {
            start_ms,
            seed: options.seed,
            timings: options.timings,
            failure_rate: options.failure_rate,
            drift_every: options.load_drift.map(ms),
            happenings_every: options.happenings.map(ms),
            environments: vec![words::PRODUCTION.to_owned(), words::DEMO.to_owned()],
        };
        let fleet = options.fleet.build(start_ms, options.seed);
        let world = World {
            model: Model::new(settings, fleet, options.mode == Mode::Automatic),
            mode: options.mode,
            ahead_ms: start_ms - wall,
            snapshots: Snapshots::default(),
            faults: Faults::default(),
            requests: Requests::default(),
        };
        let shared = Shared {
            token: Sha256::digest(options.token.expose_secret().as_bytes()).into(),
            boot: format!("{:08x}", rand::random::<u32>()),
            document: serde_json::to_value(openapi()).unwrap_or_default(),
            cursor_ttl_ms: ms(options.cursor_ttl),
            world: Mutex::new(world),
            changes: watch::Sender::new(0),
            ended: CancellationToken::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The contract's routes: `/v1/*` (with the token) and `/openapi.json`.
    pub fn router(&self) -> Router {
        http::router(self.clone())
    }

    /// The control routes, relative.
    pub fn control(&self) -> Router {
        control::router(self.clone())
    }

    /// Moves the clock in automatic mode, until `shutdown`; then ends the streams and whatever hangs.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = ticks.tick() => self.with(|_| {}),
            }
        }
        self.shared.ended.cancel();
    }

    /// Who moves the clock.
    pub fn mode(&self) -> Mode {
        self.with(|world| world.mode)
    }

    /// Lets the clock go by itself from where it is, or stand still.
    pub fn set_mode(&self, mode: Mode) {
        self.with(|world| {
            world.ahead_ms = world.model.now() - wall_ms();
            world.mode = mode;
            world.model.lively = mode == Mode::Automatic;
        });
    }

    /// Moves the clock, in milliseconds; carries out what is due on the way, in order.
    pub fn step(&self, ms: i64) {
        self.with(|world| world.model.advance(world.model.now() + ms));
    }

    /// Does something to a connector from elsewhere.
    ///
    /// # Errors
    ///
    /// A sentence, when there is no such connector.
    pub fn do_to(&self, id: &str, order: impl Into<Order>) -> Result<(), String> {
        self.with(|world| world.model.do_to(id, order.into()))
    }

    /// Lets requests meet a fault.
    pub fn add_fault(&self, fault: impl Into<Fault>) {
        self.with(|world| world.faults.add(fault.into()));
    }

    /// Ends all faults, and releases what hangs.
    pub fn clear_faults(&self) {
        self.with(|world| world.faults.clear());
    }

    /// Ends the contract's event streams that are open now.
    pub fn cut_streams(&self) {
        self.with(|world| world.faults.cut_streams());
    }

    /// What came in to `/v1/*`, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.requests_after(0)
    }

    /// What came in after the `n`th request.
    pub fn requests_after(&self, n: u64) -> Vec<RequestRecord> {
        self.with(|world| world.requests.after(n))
    }

    /// Every action that was really carried out, oldest first.
    pub fn actions(&self) -> Vec<Carried> {
        self.with(|world| world.model.carried().to_vec())
    }

    /// One connector, as a reader sees it.
    pub fn connector(&self, id: &str) -> Option<Connector> {
        self.with(|world| world.model.connector(id).cloned())
    }

    /// One operation.
    pub fn operation(&self, id: &str) -> Option<Operation> {
        self.with(|world| world.model.operation(id).cloned())
    }

    /// Everything, as the panel sees it.
    pub fn state(&self) -> FleetState {
        self.with(|world| {
            let entries = world.model.entries();
            let connectors = entries.map(|entry| PanelConnector {
                connector: entry.connector.clone(),
                fault: entry.trouble,
                vanished: entry.vanished,
            });
            let connectors = connectors.collect();
            let faults = world.faults.in_force().to_vec();
            FleetState::new(world.mode, world.model.now(), connectors, faults)
        })
    }

    /// Looks at or changes the world, after what is due by the clock; tells the streams if something changed.
    fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        let lock = self.shared.world.lock();
        let mut world = lock.unwrap_or_else(PoisonError::into_inner);
        let before = world.versions();
        if world.mode == Mode::Automatic {
            let now = wall_ms() + world.ahead_ms;
            world.model.advance(now);
        }
        let seen = look(&mut world);
        let changed = world.versions() != before;
        drop(world);
        if changed {
            self.shared.changes.send_modify(|n| *n = n.wrapping_add(1));
        }
        seen
    }

    fn authorizes(&self, headers: &HeaderMap) -> bool {
        let value = headers.get(header::AUTHORIZATION);
        let given = value.and_then(|value| value.to_str().ok());
        let token = given.and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        token.is_some_and(|token| <[u8; 32]>::from(Sha256::digest(token.as_bytes())) == self.shared.token)
    }

    fn document(&self) -> Value {
        self.shared.document.clone()
    }

    fn begin(&self, id: &str, key: &str, if_match: Option<&IfMatch>, asked: NewOperation) -> Answer {
        self.with(|world| world.model.begin(id, key, if_match, asked))
    }

    fn operation_by_key(&self, key: &str) -> Option<Operation> {
        self.with(|world| world.model.operation_by_key(key).cloned())
    }

    /// What the fleet is now, through these filters, as one word.
    fn tag(&self, query: &ConnectorQuery) -> String {
        self.with(|world| tag(&self.shared.boot, world, query))
    }

    fn first_page(&self, query: &ConnectorQuery, limit: usize) -> ConnectorPage {
        let boot = &self.shared.boot;
        self.with(|world| {
            let wanted = |c: &&Connector| {
                let here = query.environment.as_ref();
                here.is_none_or(|here| here.eq_ignore_ascii_case(&c.environment))
                    && query.bot.as_ref().is_none_or(|bot| *bot == c.bot.id)
            };
            let items: Vec<_> = world.model.connectors().filter(wanted).cloned().collect();
            let (now, tag) = (world.model.now(), tag(boot, world, query));
            world.snapshots.first(boot, now, &tag, items, limit)
        })
    }

    fn page_at(&self, cursor: &Cursor<'_>) -> Option<ConnectorPage> {
        if cursor.boot != self.shared.boot {
            return None;
        }
        let ttl = self.shared.cursor_ttl_ms;
        self.with(|world| {
            let now = world.model.now();
            world.snapshots.page(cursor, now, ttl)
        })
    }

    fn event_id(&self, number: u64) -> String {
        format!("{}-{number}", self.shared.boot)
    }

    fn event_number(&self, id: &str) -> Option<u64> {
        let (boot, number) = id.split_once('-')?;
        (boot == self.shared.boot).then(|| number.parse().ok())?
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    async fn ended(&self) {
        self.shared.ended.cancelled().await;
    }

    /// Waits until the faults are cleared the next time.
    async fn until_cleared(&self) {
        let mut changes = self.changes();
        let cleared = || self.with(|world| world.faults.cleared);
        let before = cleared();
        while cleared() == before {
            tokio::select! {
                () = self.ended() => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }
}

/// What the panel shows changes with any of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Versions {
    mode: Mode,
    /// The clock, where it does not go by itself.
    held_at: Option<i64>,
    fleet: u64,
    hidden: u64,
    events: u64,
    faults: u64,
}

impl World {
    fn versions(&self) -> Versions {
        Versions {
            mode: self.mode,
            held_at: (self.mode == Mode::Explicit).then(|| self.model.now()),
            fleet: self.model.version(),
            hidden: self.model.hidden(),
            events: self.model.latest_event(),
            faults: self.faults.version,
        }
    }
}

fn tag(boot: &str, world: &World, query: &ConnectorQuery) -> String {
    let filters = Sha256::digest(format!("{:?}", (&query.environment, &query.bot)));
    let [a, b, c, d, ..] = <[u8; 32]>::from(filters);
    format!("{boot}-{}-{:08x}", world.model.version(), u32::from_be_bytes([a, b, c, d]))
}

fn wall_ms() -> i64 {
    Timestamp::now().as_millisecond()
}
