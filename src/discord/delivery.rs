//! The outbox's only reader: posts, edits, and makes sure that every message stands on Discord exactly once.
//!
//! A row says what its message must say. It is claimed under a lease, with which it is written down that it is about to be
//! posted, so that after a crash a post is repeated under the same nonce, or, when Discord has forgotten the nonce, looked for in the
//! channel before it is posted again.

pub(super) mod body;
mod channels;
pub(super) mod pace;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Notify, OnceCell};
use tokio_util::sync::CancellationToken;

use self::body::{Face, said_now};
pub use self::channels::Channels;
use self::channels::obstacle;
use self::pace::{Quiet, Route, Then, after};
use super::render::{self, Context};
use crate::discord_api::{ApiError, DiscordApi, Message, UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, first_message_at};
use crate::domain::ids::{ChannelId, MessageId, UserId};
use crate::domain::notice::Notice;
use crate::domain::trouble::Passage;
use crate::store::outbox::{Claimed, Held, Sending};
use crate::store::{Store, StoreError};
use crate::tally::Tally;

/// How long a row is held. Longer than [`ACT_WITHIN`], so that nobody takes it while we are at it.
const LEASE: Duration = Duration::from_secs(60);
/// How long one row may take, reading back included.
const ACT_WITHIN: Duration = Duration::from_secs(40);
/// How long we rely on Discord's memory of a nonce; its documentation says "a few minutes".
const NONCE_WINDOW: Duration = Duration::from_secs(120);
/// How far the clocks may be apart when a channel is read back.
const CLOCK_SLACK: Duration = Duration::from_secs(300);
/// Messages in flight at once, each in another channel.
const WORKERS: usize = 3;
/// The longest sleep: what nobody woke us for is found by then.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// The shortest sleep, when a row is due that another worker holds back.
const SHORTEST_SLEEP: Duration = Duration::from_millis(100);

/// Delivers the outbox.
#[derive(Debug)]
pub struct Delivery {
    store: Store,
    api: DiscordApi,
    context: Context,
    wake: Arc<Notify>,
    me: OnceCell<UserId>,
    quiet: Arc<Mutex<Quiet>>,
    to_mend: Mutex<HashMap<ChannelId, String>>,
    channels: Channels,
    tally: Tally,
    /// Rung when a message stands and says what it is to say.
    delivered: Arc<Notify>,
    failing: AtomicBool,
}

/// The way to Discord, with the quiet that it asked for. Clones keep one quiet.
#[derive(Clone, Debug)]
pub struct Outlet {
    pub(super) api: DiscordApi,
    pub(super) quiet: Arc<Mutex<Quiet>>,
}

impl Outlet {
    /// Whether something may be sent on this route now; if not, when it may.
    pub(super) fn may_send(&self, route: Route, now: Timestamp) -> Result<(), Timestamp> {
        let mut quiet = lock(&self.quiet);
        quiet.everything(now).or_else(|| quiet.route(route, now)).map_or(Ok(()), Err)
    }
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// No message was due.
    Idle,
    /// Discord asked for quiet on every route.
    Quiet {
        /// Until when.
        until: Timestamp,
    },
    /// A message was posted.
    Posted,
    /// A message that was posted before was found to stand; it is edited next.
    Found,
    /// A message was edited.
    Edited,
    /// A message says already what it must say.
    Equal,
    /// It is tried again later.
    Later {
        /// When.
        due: Timestamp,
    },
    /// The message, or its channel, was deleted: it is made anew next.
    Gone,
    /// The message takes no more edits: another one goes on from it next.
    Continued,
    /// It cannot be sent.
    GaveUp,
    /// Somebody else has it by now.
    LeaseLost,
}

/// What became of a row on Discord.
enum Deed {
    Posted(MessageId),
    Found(MessageId),
    Edited(MessageId),
    Equal(MessageId),
    Withdrawn,
    Quiet(Timestamp),
    LeaseLost,
    Failed(ApiError, Route),
}

impl Delivery {
    /// A delivery. `context` says whom alerts mention (each message gets its own reference); whoever writes to the outbox
    /// wakes it by `wake`.
    pub fn new(store: Store, api: DiscordApi, context: Context, wake: Arc<Notify>) -> Self {
        Self {
            store,
            api,
            context,
            wake,
            me: OnceCell::new(),
            quiet: Arc::default(),
            to_mend: Mutex::default(),
            channels: Channels::default(),
            tally: Tally::default(),
            delivered: Arc::default(),
            failing: AtomicBool::new(false),
        }
    }

    /// The way on which it delivers, for who else posts.
    pub fn outlet(&self) -> Outlet {
        Outlet { api: self.api.clone(), quiet: Arc::clone(&self.quiet) }
    }

    /// Rung when a message was delivered, for who follows up on it.
    pub fn delivered(&self) -> Arc<Notify> {
        Arc::clone(&self.delivered)
    }

    /// How its attempts ended: `posted`, `found`, `edited`, `unchanged`, `rate_limited`, `failed` (it is tried again),
    /// `refused` (until somebody mends it), `deleted`, `continued`, `gave_up`.
    pub fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// What it finds out of the channels.
    pub fn channels(&self) -> Channels {
        self.channels.clone()
    }

    /// Delivers until `shutdown`. What is being sent then is sent to its end.
    pub async fn run(self, shutdown: CancellationToken) {
        let workers = (0..WORKERS).map(|_| self.work(&shutdown));
        futures_util::future::join_all(workers).await;
    }

    async fn work(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            let stepped = self.step(Timestamp::now()).await;
            self.note(stepped.as_ref().err());
            let sleep = match stepped {
                Ok(Stepped::Idle) => self.until_due(Timestamp::now()).await,
                Ok(Stepped::Quiet { until }) => until_from(Timestamp::now(), until),
                Ok(_) => continue,
                Err(_) => Duration::from_secs(1),
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(sleep.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)) => {}
            }
        }
    }

    /// Says once that the outbox cannot be delivered, and once that it can be again.
    fn note(&self, error: Option<&StoreError>) {
        match (self.failing.swap(error.is_some(), Ordering::Relaxed), error) {
            (false, Some(error)) => tracing::error!(%error, "the outbox cannot be delivered"),
            (true, Some(error)) => tracing::debug!(%error, "the outbox can still not be delivered"),
            (true, None) => tracing::info!("the outbox can be delivered again"),
            (false, None) => {}
        }
    }

    async fn until_due(&self, now: Timestamp) -> Duration {
        match self.store.next_message_due().await {
            Ok(due) => due.map_or(LONGEST_SLEEP, |due| until_from(now, due)),
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read");
                LONGEST_SLEEP
            }
        }
    }

    /// Sends one message that is due, if there is one.
    ///
    /// # Errors
    /// If the store cannot be read or written. What was sent all the same is not sent twice for it.
    pub async fn step(&self, now: Timestamp) -> Result<Stepped, StoreError> {
        if let Some(until) = lock(&self.quiet).everything(now) {
            return Ok(Stepped::Quiet { until });
        }
        let Some(row) = self.store.claim_message(LEASE, now).await? else {
            return Ok(Stepped::Idle);
        };
        let began = Instant::now();
        let face = self.face(&row).await?;
        let deed = match tokio::time::timeout(ACT_WITHIN, self.act(&row, &face, now)).await {
            Ok(deed) => deed?,
            Err(_) => Deed::Failed(too_slow(), Route::Post(row.channel)),
        };
        // Discord counts a wait from its answer, not from when we began to ask.
        let answered = now.saturating_add(began.elapsed()).unwrap_or(now);
        let (sending, stepped) = self.judge(&row, &face, &deed, answered);
        let Some(sending) = sending else {
            return Ok(stepped);
        };
        Ok(match self.store.settle_message(&row, sending, answered).await? {
            Held::Yes => {
                self.delivered.notify_one();
                stepped
            }
            Held::LeaseLost => Stepped::LeaseLost,
        })
    }

    async fn face(&self, row: &Claimed) -> Result<Face, StoreError> {
        let is_card = matches!(row.notice, Notice::Card { .. });
        let freezes = if is_card { self.store.freezes().await? } else { Vec::new() };
        let context = Context {
            reference: row.reference.reference().to_owned(),
            continues: row.continues.map(|earlier| (row.channel, earlier)),
            freezes,
            ..self.context.clone()
        };
        Ok(Face::new(render::notice(&said_now(row), &context)))
    }

    async fn act(&self, row: &Claimed, face: &Face, now: Timestamp) -> Result<Deed, StoreError> {
        let Some(message) = row.message else {
            return self.post(row, face, now).await;
        };
        let is_equal = row.sent_digest.as_ref() == Some(&face.digest);
        let is_open = row.notice.alert().is_some_and(|incident| incident.resolved_at().is_none());
        if is_equal && !is_open {
            return Ok(Deed::Equal(message));
        }
        let route = Route::Edit(row.channel);
        if let Some(until) = lock(&self.quiet).route(route, now) {
            return Ok(Deed::Quiet(until));
        }
        if is_equal {
            return Ok(self.still_stands(row, message, route).await);
        }
        Ok(match self.api.edit_message(row.channel, message, &face.edit()).await {
            Ok(()) => Deed::Edited(message),
            // A board is one message: one that takes no more edits makes way for another, which people would else look at.
            Err(error) if row.is_board() && after(&error, row.attempts) == Then::Continue => {
                self.withdraw(row, message, route).await
            }
            Err(error) => Deed::Failed(error, route),
        })
    }

    async fn withdraw(&self, row: &Claimed, message: MessageId, route: Route) -> Deed {
        match self.api.delete_message(row.channel, message).await {
            Ok(()) => Deed::Withdrawn,
            Err(ApiError::Refused { code: Some(UNKNOWN_MESSAGE), .. }) => Deed::Withdrawn,
            Err(error) => Deed::Failed(error, route),
        }
    }

    /// An open incident's card says already what it must say, as it does whenever the incident is said again. Somebody may
    /// have deleted it, which nothing else would tell until something changes.
    async fn still_stands(&self, row: &Claimed, message: MessageId, route: Route) -> Deed {
        match self.api.look_at_message(row.channel, message).await {
            Err(error @ ApiError::RateLimited { .. }) => Deed::Failed(error, route),
            Err(error @ ApiError::Refused { code: Some(UNKNOWN_MESSAGE), .. }) => Deed::Failed(error, route),
            // In doubt it stands.
            Ok(()) | Err(_) => Deed::Equal(message),
        }
    }

    async fn post(&self, row: &Claimed, face: &Face, now: Timestamp) -> Result<Deed, StoreError> {
        let route = Route::Post(row.channel);
        if let Some(until) = lock(&self.quiet).route(route, now) {
            return Ok(Deed::Quiet(until));
        }
        let forgotten = row.first_tried_at.filter(|at| now.duration_since(*at).unsigned_abs() >= NONCE_WINDOW);
        if let Some(tried_at) = forgotten {
            match self.find(row, tried_at).await {
                Ok(Some(message)) => return Ok(Deed::Found(message)),
                Ok(None) => {}
                Err(error @ ApiError::Refused { .. }) => {
                    // In doubt, say it again rather than not at all.
                    tracing::warn!(row = row.slot, channel = %row.channel, %error, "the channel cannot be read back, so a message may stand twice");
                }
                Err(error) => return Ok(Deed::Failed(error, route)),
            }
        }
        if forgotten.is_some() && self.store.about_to_post_anew(row, now).await? == Held::LeaseLost {
            return Ok(Deed::LeaseLost);
        }
        Ok(match self.api.create_message(row.channel, &face.post(row)).await {
            // The message that an earlier attempt posted may say something older.
            Ok(message) if row.first_tried_at.is_some() => Deed::Found(message),
            Ok(message) => Deed::Posted(message),
            Err(error) => Deed::Failed(error, route),
        })
    }

    /// Looks in the channel for a message of ours with the row's reference in a footer, or in its text where it has no embed.
    async fn find(&self, row: &Claimed, tried_at: Timestamp) -> Result<Option<MessageId>, ApiError> {
        const PAGE: u8 = 100;
        let me = *self.me.get_or_try_init(|| self.api.me()).await?;
        let reference = row.reference.reference();
        let mut after = first_message_at(tried_at.saturating_sub(CLOCK_SLACK).unwrap_or(tried_at));
        loop {
            let messages = self.api.messages(row.channel, after, PAGE).await?;
            let Some(last) = messages.last().map(|message| message.id) else {
                return Ok(None);
            };
            let is_said = |message: &Message| {
                message.footers.iter().chain([&message.content]).any(|text| text.contains(reference))
            };
            let ours = messages.iter().find(|message| message.author == me && is_said(message));
            if ours.is_some() || messages.len() < usize::from(PAGE) {
                return Ok(ours.map(|message| message.id));
            }
            after = last;
        }
    }

    /// What is to be written down of a deed. The reasons are said here.
    fn judge<'a>(
        &self,
        row: &Claimed,
        face: &'a Face,
        deed: &'a Deed,
        now: Timestamp,
    ) -> (Option<Sending<'a>>, Stepped) {
        let digest = face.digest.as_str();
        let sent = |message| Some(Sending::Sent { message, digest });
        match *deed {
            Deed::Posted(message) => {
                self.mended(row);
                self.tally.count("posted");
                tracing::info!(row = row.slot, channel = %row.channel, %message, "posted");
                (sent(message), Stepped::Posted)
            }
            Deed::Edited(message) => {
                self.mended(row);
                self.tally.count("edited");
                tracing::debug!(row = row.slot, channel = %row.channel, %message, "edited");
                (sent(message), Stepped::Edited)
            }
            Deed::Equal(message) => {
                self.tally.count("unchanged");
                (sent(message), Stepped::Equal)
            }
            Deed::Found(message) => {
                self.tally.count("found");
                tracing::info!(row = row.slot, channel = %row.channel, %message, "found again");
                (Some(Sending::Stands { message }), Stepped::Found)
            }
            Deed::Withdrawn => {
                self.tally.count("continued");
                tracing::info!(row = row.slot, channel = %row.channel, "the message takes no more edits, so it was deleted and is posted anew");
                (Some(Sending::Gone), Stepped::Gone)
            }
            Deed::Quiet(due) => (Some(Sending::Held { due }), Stepped::Later { due }),
            Deed::LeaseLost => (None, Stepped::LeaseLost),
            Deed::Failed(ref error, route) => self.failed(row, error, route, now),
        }
    }

    fn failed<'a>(
        &self,
        row: &Claimed,
        error: &'a ApiError,
        route: Route,
        now: Timestamp,
    ) -> (Option<Sending<'a>>, Stepped) {
        let later = |wait| now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        let then = after(error, row.attempts);
        self.tally.count(then.word());
        let due = match then {
            Then::Quiet { wait, global } => {
                tracing::warn!(row = row.slot, channel = %row.channel, ?wait, global, "Discord asks to wait");
                let until = later(wait);
                lock(&self.quiet).keep(route, global, until);
                until
            }
            Then::Again(wait) => {
                tracing::warn!(row = row.slot, channel = %row.channel, ?wait, failures = row.attempts + 1, %error, "not sent");
                later(wait)
            }
            Then::Mend(_) if let Some(channel) = self.moved(row, error) => {
                tracing::warn!(row = row.slot, from = %row.channel, to = %channel, "its channel is no more, so it goes to the one that is configured now");
                return (Some(Sending::Moved { channel }), Stepped::Gone);
            }
            // Nobody misses what stood in a channel that is no more.
            Then::Mend(_) if row.is_board() && error.code() == Some(UNKNOWN_CHANNEL) => {
                tracing::warn!(row = row.slot, channel = %row.channel, "the board's channel is no more");
                return (Some(Sending::GaveUp { why: "Unknown Channel" }), Stepped::GaveUp);
            }
            Then::Mend(wait) => {
                if let Some(obstacle) = obstacle(error, route) {
                    self.channels.note(row.channel, Passage::Blocked(obstacle));
                }
                let said = error.to_string();
                if lock(&self.to_mend).insert(row.channel, said.clone()) != Some(said) {
                    tracing::error!(row = row.slot, channel = %row.channel, %error, "not sent until somebody mends this; it is tried every five minutes");
                }
                later(wait)
            }
            Then::Anew => {
                tracing::warn!(row = row.slot, channel = %row.channel, "somebody deleted the message, so it is posted anew");
                return (Some(Sending::Gone), Stepped::Gone);
            }
            Then::Continue => {
                tracing::warn!(row = row.slot, channel = %row.channel, "the message takes no more edits, so another one goes on from it");
                return (Some(Sending::Continued), Stepped::Continued);
            }
            Then::GiveUp => {
                tracing::error!(row = row.slot, channel = %row.channel, reference = row.reference.reference(), %error, "given up");
                let why = match error {
                    ApiError::Refused { message, .. } => message,
                    _ => "",
                };
                return (Some(Sending::GaveUp { why }), Stepped::GaveUp);
            }
        };
        let maybe_sent = error.maybe_carried_out() && matches!(route, Route::Post(_));
        (Some(Sending::Later { due, maybe_sent }), Stepped::Later { due })
    }

    /// Where an alert is to be posted by now whose channel was deleted, if that is another one.
    fn moved(&self, row: &Claimed, error: &ApiError) -> Option<ChannelId> {
        let alert = row.notice.alert().filter(|_| error.code() == Some(UNKNOWN_CHANNEL))?;
        let channel = alert.subject.terms(&self.context.policy).alert_channel;
        (channel != row.channel && channel != ChannelId::default()).then_some(channel)
    }

    fn mended(&self, row: &Claimed) {
        self.channels.note(row.channel, Passage::Open);
        if lock(&self.to_mend).remove(&row.channel).is_some() {
            tracing::info!(channel = %row.channel, "the channel takes messages again");
        }
    }
}

fn too_slow() -> ApiError {
    ApiError::Unreachable { maybe_sent: true, why: "it took too long".to_owned() }
}

fn until_from(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or_default()
}

pub(super) fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
