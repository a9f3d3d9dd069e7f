//! Tells each incident's timeline in a thread of its card: what happened is a row in the store, and becomes a line there, in
//! order and once. It pings nobody.
//!
//! A thread is a nicety. Cards and pings go first, nothing waits for it, and where none can be made, or it takes nothing,
//! that is said once and the channel goes on without. One request at a time is sent for all threads together.

mod outcome;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Notify, OnceCell};
use tokio_util::sync::CancellationToken;

use self::outcome::{Next, next};
use super::delivery::body::Face;
use super::delivery::pace::Route;
use super::delivery::{Outlet, lock};
use super::render;
use crate::discord_api::{ApiError, THREAD_ARCHIVED, UNKNOWN_MESSAGE, first_message_at};
use crate::domain::ids::{ChannelId, MessageId, UserId};
use crate::store::outbox::Held;
use crate::store::timeline::{Telling, Told};
use crate::store::{Store, StoreError};
use crate::tally::Tally;

/// How long a thread is held. Longer than [`ACT_WITHIN`], so that nobody takes it while we are at it.
const LEASE: Duration = Duration::from_secs(60);
/// How long one step may take, reading back included.
const ACT_WITHIN: Duration = Duration::from_secs(40);
/// How long we rely on Discord's memory of a nonce; its documentation says "a few minutes".
const NONCE_WINDOW: Duration = Duration::from_secs(120);
/// How far the clocks may be apart when a thread is read back.
const CLOCK_SLACK: Duration = Duration::from_secs(300);
/// The longest sleep: what nobody woke us for is found by then.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// The sleep while cards and pings go first.
const SHORTEST_SLEEP: Duration = Duration::from_millis(100);
/// How long a card that is posted anew is waited for.
const UNTIL_ANEW: Duration = Duration::from_secs(5);

/// Tells the timelines.
#[derive(Debug)]
pub struct Timelines {
    store: Store,
    outlet: Outlet,
    /// Rung when a message was delivered.
    delivered: Arc<Notify>,
    me: OnceCell<UserId>,
    tally: Tally,
    /// What was said of channels and threads that take nothing.
    objections: Mutex<HashMap<ChannelId, String>>,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// Nothing is to be told.
    Idle,
    /// A card or a ping is due, and goes first.
    Behind,
    /// Discord asked for quiet on every route.
    Quiet {
        /// Until when.
        until: Timestamp,
    },
    /// A thread was started.
    Started,
    /// Lines were posted.
    Told,
    /// Lines that were posted before were found to stand.
    Found,
    /// An archived thread was opened again.
    Reopened,
    /// It is tried again later.
    Later {
        /// When.
        due: Timestamp,
    },
    /// Somebody deleted the thread, or the card.
    Gone,
    /// These lines cannot be told.
    LeftOut,
    /// Somebody else has it by now.
    LeaseLost,
}

/// What became of a thread on Discord.
enum Deed {
    Started(ChannelId),
    Told(MessageId),
    Found(MessageId),
    Reopened,
    Quiet(Timestamp),
    LeaseLost,
    Failed(ApiError, Attempt),
}

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    /// To start a thread.
    Start,
    /// To post into it, or to read it back before.
    Tell,
    /// To open it again.
    Reopen,
}

impl Timelines {
    /// Tells what the store has to tell, by the way on which the outbox is delivered. `delivered` is rung when a message was.
    pub fn new(store: Store, outlet: Outlet, delivered: Arc<Notify>) -> Self {
        let (tally, objections) = (Tally::default(), Mutex::default());
        Self { store, outlet, delivered, me: OnceCell::new(), tally, objections }
    }

    /// How its attempts ended: `started`, `told`, `found`, `reopened`, `rate_limited`, `failed` (it is tried again),
    /// `refused` (it is tried again, slowly), `deleted`, `left_out`.
    pub fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Tells until `shutdown`. What is being sent then is sent to its end.
    pub async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let sleep = match self.step(Timestamp::now()).await {
                Ok(Stepped::Idle) => LONGEST_SLEEP,
                Ok(Stepped::Quiet { until }) => {
                    Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default()
                }
                Ok(Stepped::Behind) => SHORTEST_SLEEP,
                Ok(_) => continue,
                Err(error) => {
                    tracing::debug!(%error, "the timelines cannot be told");
                    LONGEST_SLEEP
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.delivered.notified() => {}
                () = tokio::time::sleep(sleep.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)) => {}
            }
        }
    }

    /// Sends one request for one thread that has something to tell, if no card or ping is due.
    ///
    /// # Errors
    /// If the store cannot be read or written. What was posted all the same is not posted twice for it.
    pub async fn step(&self, now: Timestamp) -> Result<Stepped, StoreError> {
        if let Some(until) = lock(&self.outlet.quiet).everything(now) {
            return Ok(Stepped::Quiet { until });
        }
        if !self.store.has_to_tell(now).await? {
            return Ok(Stepped::Idle);
        }
        if self.store.next_message_due().await?.is_some_and(|due| due <= now) {
            return Ok(Stepped::Behind);
        }
        let Some(telling) = self.store.claim_telling(LEASE, now).await? else { return Ok(Stepped::Idle) };
        let began = Instant::now();
        let deed = match tokio::time::timeout(ACT_WITHIN, self.act(&telling, now)).await {
            Ok(deed) => deed?,
            Err(_) => {
                let why = "it took too long".to_owned();
                Deed::Failed(ApiError::Unreachable { maybe_sent: true, why }, Attempt::Tell)
            }
        };
        // Discord counts a wait from its answer, not from when we began to ask.
        let answered = now.saturating_add(began.elapsed()).unwrap_or(now);
        let (told, stepped) = self.judge(&telling, deed, answered);
        let Some(told) = told else { return Ok(stepped) };
        Ok(match self.store.settle_telling(&telling, told, answered).await? {
            Held::Yes => stepped,
            Held::LeaseLost => Stepped::LeaseLost,
        })
    }

    async fn act(&self, telling: &Telling, now: Timestamp) -> Result<Deed, StoreError> {
        // A thread on a message bears the message's id.
        let wanted = ChannelId(telling.card.0);
        let face =
            Face::new(render::timeline::part(&telling.incident.subject, &telling.lines, telling.continues).body());
        let forgotten = telling.first_tried_at.filter(|at| now.duration_since(*at).unsigned_abs() >= NONCE_WINDOW);
        if let (Some(tried_at), Some(thread)) = (forgotten, telling.thread) {
            match self.find(telling, thread, &face, tried_at).await {
                Ok(Some(message)) => return Ok(Deed::Found(message)),
                Ok(None) => {}
                // In doubt, say it again rather than not at all.
                Err(ApiError::Refused { .. }) => {}
                Err(error) => return Ok(Deed::Failed(error, Attempt::Tell)),
            }
            if self.store.about_to_tell_anew(telling, now).await? == Held::LeaseLost {
                return Ok(Deed::LeaseLost);
            }
        }
        if telling.thread == Some(wanted) {
            self.tell(telling, wanted, &face, now).await
        } else {
            Ok(self.start(telling, now).await)
        }
    }

    async fn start(&self, telling: &Telling, now: Timestamp) -> Deed {
        if let Some(until) = lock(&self.outlet.quiet).route(Route::Threads(telling.channel), now) {
            return Deed::Quiet(until);
        }
        if telling.first_tried_at.is_some() {
            // It may have been started before.
            match self.outlet.api.has_thread(telling.channel, telling.card).await {
                Ok(true) => return Deed::Started(ChannelId(telling.card.0)),
                Err(error) if error.code() == Some(UNKNOWN_MESSAGE) => return Deed::Failed(error, Attempt::Start),
                // Where it cannot be told, Discord says it when one is started.
                Ok(false) | Err(_) => {}
            }
        }
        let name = render::timeline::name(&telling.incident);
        let started = self.outlet.api.start_thread(telling.channel, telling.card, &name).await;
        started.map_or_else(|error| Deed::Failed(error, Attempt::Start), Deed::Started)
    }

    async fn tell(
        &self,
        telling: &Telling,
        thread: ChannelId,
        face: &Face,
        now: Timestamp,
    ) -> Result<Deed, StoreError> {
        if let Some(until) = lock(&self.outlet.quiet).route(Route::Post(thread), now) {
            return Ok(Deed::Quiet(until));
        }
        // The card has names of its own under the same reference.
        let name = format!("timeline:{}:{}", telling.reference, telling.parts);
        let error = match self.outlet.api.create_message(thread, &face.post_once(&name, None)).await {
            Ok(message) if telling.first_tried_at.is_some() => return Ok(Deed::Found(message)),
            Ok(message) => return Ok(Deed::Told(message)),
            Err(error) => error,
        };
        Ok(match error.code() {
            // An earlier attempt posted it, and somebody deleted it.
            Some(UNKNOWN_MESSAGE) => Deed::Found(MessageId(0)),
            // Posting opens a thread again, unless Discord wants it to be asked.
            Some(THREAD_ARCHIVED) if telling.attempts == 0 => match self.outlet.api.reopen_thread(thread).await {
                Ok(()) => Deed::Reopened,
                Err(error) => Deed::Failed(error, Attempt::Reopen),
            },
            _ => Deed::Failed(error, Attempt::Tell),
        })
    }

    /// Looks in the thread for a message of ours with this text.
    async fn find(
        &self,
        telling: &Telling,
        thread: ChannelId,
        face: &Face,
        tried_at: Timestamp,
    ) -> Result<Option<MessageId>, ApiError> {
        const PAGE: u8 = 100;
        let me = *self.me.get_or_try_init(|| self.outlet.api.me()).await?;
        let since = first_message_at(tried_at.saturating_sub(CLOCK_SLACK).unwrap_or(tried_at));
        let mut after = since.max(telling.last.unwrap_or_default());
        loop {
            let messages = self.outlet.api.messages(thread, after, PAGE).await?;
            let ours = messages.iter().find(|message| message.author == me && face.says(&message.content));
            match messages.last() {
                Some(last) if ours.is_none() && messages.len() == usize::from(PAGE) => after = last.id,
                _ => return Ok(ours.map(|message| message.id)),
            }
        }
    }

    /// What is to be written down of a deed. The reasons are said here.
    fn judge(&self, telling: &Telling, deed: Deed, now: Timestamp) -> (Option<Told>, Stepped) {
        let incident = telling.incident.id.reference();
        match deed {
            Deed::Started(thread) => {
                self.tally.count("started");
                tracing::debug!(incident, %thread, "a timeline was begun");
                (Some(Told::Started { thread }), Stepped::Started)
            }
            Deed::Told(message) => {
                self.tally.count("told");
                self.mended(telling);
                (Some(Told::Said { message }), Stepped::Told)
            }
            Deed::Found(message) => {
                self.tally.count("found");
                self.mended(telling);
                (Some(Told::Said { message }), Stepped::Found)
            }
            Deed::Reopened => {
                self.tally.count("reopened");
                (Some(Told::Reopened), Stepped::Reopened)
            }
            Deed::Quiet(due) => (Some(Told::Held { due }), Stepped::Later { due }),
            Deed::LeaseLost => (None, Stepped::LeaseLost),
            Deed::Failed(error, attempt) => self.failed(telling, &error, attempt, now),
        }
    }

    fn failed(&self, telling: &Telling, error: &ApiError, attempt: Attempt, now: Timestamp) -> (Option<Told>, Stepped) {
        let incident = telling.incident.id.reference();
        let later = |wait| now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        let next = next(telling, error, attempt, now);
        self.tally.count(next.word());
        let due = match next {
            Next::Quiet { wait, global } => {
                tracing::warn!(incident, ?wait, global, "Discord asks to wait with a timeline");
                let route = match attempt {
                    Attempt::Start => Route::Threads(telling.channel),
                    Attempt::Tell | Attempt::Reopen => Route::Post(ChannelId(telling.card.0)),
                };
                lock(&self.outlet.quiet).keep(route, global, later(wait));
                later(wait)
            }
            Next::Again(wait) => {
                tracing::debug!(incident, ?wait, %error, "a timeline was not told");
                later(wait)
            }
            Next::Mend(wait) => {
                self.object(
                    telling.channel,
                    error,
                    "no timeline can be told; the cards go on without, and it is tried again",
                );
                later(wait)
            }
            Next::ThreadGone => return (Some(Told::Gone), Stepped::Gone),
            Next::CardGone => return (Some(Told::CardGone { due: later(UNTIL_ANEW) }), Stepped::Gone),
            Next::LeaveOut => {
                self.object(ChannelId(telling.card.0), error, "an incident's timeline takes no more lines");
                return (Some(Told::LeftOut), Stepped::LeftOut);
            }
        };
        let maybe_sent = error.maybe_carried_out() && attempt != Attempt::Reopen;
        (Some(Told::Later { due, maybe_sent }), Stepped::Later { due })
    }

    /// Says once of a channel or a thread why it takes nothing.
    fn object(&self, of: ChannelId, error: &ApiError, what: &str) {
        let said = error.to_string();
        if lock(&self.objections).insert(of, said.clone()) != Some(said) {
            tracing::warn!(channel = %of, %error, "{what}");
        }
    }

    fn mended(&self, telling: &Telling) {
        let mut objections = lock(&self.objections);
        objections.remove(&ChannelId(telling.card.0));
        if objections.remove(&telling.channel).is_some() {
            tracing::info!(channel = %telling.channel, "timelines can be told again");
        }
    }
}
