//! What all doors of the stand-in share: the world, the gateway's sessions, faults and logs, behind one lock, so that
//! what happens has one order for everybody.
use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    faults::Faults,
    gateway::sessions::Sessions,
    witness::Seen,
    world::{Effect, PeopleEvent, World},
};

/// How many requests are kept for `GET /requests`.
const LOG: usize = 10_000;
/// How many events a watcher may fall behind before it is told to read everything anew.
const BACKLOG: usize = 4096;

/// See the file's first line.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    /// Ends event streams and gateway connections.
    pub(crate) closed: CancellationToken,
    inner: Mutex<Inner>,
    /// Counts changes, for those who wait for one.
    changes: watch::Sender<u64>,
    people: broadcast::Sender<(u64, PeopleEvent)>,
    /// Milliseconds that the stand-in's clock was moved forward.
    ahead_ms: AtomicI64,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) world: World,
    pub(crate) sessions: Sessions,
    pub(crate) faults: Faults,
    pub(crate) requests: VecDeque<Logged>,
    pub(crate) violations: Vec<Violation>,
    /// REST answers 401, IDENTIFY is closed with 4004.
    pub(crate) reject_token: bool,
    pub(crate) public_address: String,
    numbers: Numbers,
}

#[derive(Debug, Default)]
struct Numbers {
    request: u64,
    event: u64,
}

/// A request of the bot.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Logged {
    pub(crate) n: u64,
    pub(crate) at_ms: i64,
    /// When its last byte came.
    pub(crate) arrived_us: i64,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The path with its ids and tokens taken out, as faults name it.
    pub(crate) route: String,
    pub(crate) body: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<String>,
    pub(crate) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answer: Option<Value>,
}

/// A rule that the bot broke.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Violation {
    pub(crate) route: String,
    /// Discord's code, 0 where Discord has none.
    pub(crate) code: u32,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) errors: Option<Value>,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        let world = World { nonce_memory: options.nonce_memory, ..World::new(&options.seed) };
        let inner = Inner {
            world,
            sessions: Sessions::default(),
            faults: Faults::default(),
            requests: VecDeque::new(),
            violations: Vec::new(),
            reject_token: false,
            public_address: String::new(),
            numbers: Numbers::default(),
        };
        Shared {
            options,
            closed: CancellationToken::new(),
            inner: Mutex::new(inner),
            changes: watch::Sender::new(0),
            people: broadcast::Sender::new(BACKLOG),
            ahead_ms: AtomicI64::new(0),
        }
    }

    /// The stand-in's clock.
    pub(crate) fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_ms.load(Ordering::Relaxed));
        Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&self, ms: i64) {
        self.ahead_ms.fetch_add(ms.max(0), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks, changes nothing.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Inner) -> T) -> T {
        look(&self.lock())
    }

    /// Changes something, and tells everybody before anything else can happen.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut Inner, Timestamp) -> T) -> T {
        let mut inner = self.lock();
        let result = act(&mut inner, self.now());
        let bot = inner.world.bot;
        for effect in std::mem::take(&mut inner.world.effects) {
            match effect {
                Effect::Dispatch { event, data, intents } => inner.sessions.dispatch(event, &data, intents, bot),
                Effect::People(event) => {
                    inner.numbers.event += 1;
                    // An error says that nobody watches.
                    self.people.send((inner.numbers.event, event)).ok();
                }
            }
        }
        drop(inner);
        self.changes.send_modify(|n| *n += 1);
        result
    }

    /// Hears of every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Hears what people see from now on.
    pub(crate) fn people(&self) -> broadcast::Receiver<(u64, PeopleEvent)> {
        self.people.subscribe()
    }
}

impl Inner {
    /// Keeps a request of the bot.
    pub(crate) fn log(&mut self, mut logged: Logged) {
        self.numbers.request += 1;
        logged.n = self.numbers.request;
        self.sessions.witnesses.tell(|| Seen::Request(json!(logged)));
        if self.requests.len() >= LOG {
            self.requests.pop_front();
        }
        self.requests.push_back(logged);
    }

    /// The number of the last event that people were told.
    pub(crate) fn last_event(&self) -> u64 {
        self.numbers.event
    }
}
