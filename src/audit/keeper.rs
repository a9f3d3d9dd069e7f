//! The part that keeps the record: it looks as soon as a record was written, and now and then besides.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::People;
use crate::domain::ids::ChannelId;
use crate::store::chain::Chain;
use crate::store::{Store, StoreError};

/// The longest sleep: what nobody woke us for is found by then.
const LOOK: Duration = Duration::from_secs(5);
/// How often the chain's head is said in the log, and how often it is looked for what is too old.
const EVERY: Duration = Duration::from_secs(3600);
/// How long a list that somebody looks through is remembered.
const VIEWS: Duration = Duration::from_secs(86_400);
/// How long the last look may take.
const LAST_LOOK: Duration = Duration::from_secs(5);
/// In how many records people are looked for at the start.
const AMONG: u32 = 500;

/// What the keeper is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// How long a record, and what was told of an incident that is over, is kept; `None` is for ever.
    pub retention: Option<Duration>,
    /// The channel in which each record is said, if there is one.
    pub mirror: Option<ChannelId>,
}

/// What one look did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// How many records got their place in the chain.
    pub sealed: usize,
    /// Whether older ones were deleted.
    pub pruned: bool,
}

/// Keeps the record. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keeper {
    store: Store,
    settings: Settings,
    /// Rung when there is something to deliver.
    delivery: Arc<Notify>,
    people: People,
}

impl Keeper {
    /// A keeper of the record in `store`; `delivery` is rung when the mirror has something to say.
    pub fn new(store: Store, settings: Settings, delivery: Arc<Notify>) -> Self {
        Self { store, settings, delivery, people: People::default() }
    }

    /// The people in the record, as far as the keeper has looked.
    pub fn people(&self) -> People {
        self.people.clone()
    }

    /// Keeps it until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        match self.store.people_of_records(AMONG).await {
            Ok(people) => self.people.note(people.iter().rev()),
            Err(error) => tracing::warn!(%error, "who is in the record could not be read"),
        }
        let mut hour = None;
        let mut failing = false;
        while !shutdown.is_cancelled() {
            let now = Timestamp::now();
            let is_time = hour.is_none_or(|hour: Timestamp| now.duration_since(hour).unsigned_abs() >= EVERY);
            let looked = if is_time { self.look(now).await } else { self.seal(now).await.map(|_| ()) };
            match &looked {
                Ok(()) if is_time => hour = Some(now),
                Ok(()) => {}
                Err(error) if failing => tracing::debug!(%error, "the record can still not be kept"),
                Err(error) => {
                    tracing::error!(%error, "what was recorded could not be sealed; it is there, and is sealed later")
                }
            }
            failing = looked.is_err();
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.store.record_written() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// The look of each hour: seals, deletes what is too old, and says where the chain stands.
    async fn look(&self, now: Timestamp) -> Result<(), StoreError> {
        self.step(now).await?;
        self.say_head().await
    }

    /// Looks once: seals what was written, and deletes what is too old, which is what timelines told as well.
    ///
    /// # Errors
    /// If the store cannot be read or written. What was done until then stays.
    pub async fn step(&self, now: Timestamp) -> Result<Kept, StoreError> {
        let mut kept = Kept { sealed: self.seal(now).await?, pruned: false };
        if let Some(retention) = self.settings.retention
            && let Ok(before) = now.checked_sub(retention)
        {
            while let Some(to) = self.store.prune_records(before, now).await? {
                tracing::info!(checkpoint = %to, "records that are too old were deleted");
                kept.pruned = true;
            }
            self.store.forget_timelines(before).await?;
        }
        if let Ok(before) = now.checked_sub(VIEWS) {
            self.store.forget_views(before).await?;
        }
        kept.sealed += self.seal(now).await?;
        Ok(kept)
    }

    async fn seal(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut count = 0;
        loop {
            let sealed = self.store.seal(self.settings.mirror.map(|channel| (channel, now))).await?;
            if sealed.is_empty() {
                return Ok(count);
            }
            count += sealed.len();
            self.people.note(sealed.iter().map(|sealed| &sealed.entry.person));
            if self.settings.mirror.is_some() {
                self.delivery.notify_one();
            }
        }
    }

    /// Whoever keeps the log elsewhere can hold the record against it: `botswain audit verify --head`.
    async fn say_head(&self) -> Result<(), StoreError> {
        let Chain { head, pruned, unsealed } = self.store.chain().await?;
        tracing::info!(%head, checkpoint = pruned.seq, unsealed, "the record's head");
        Ok(())
    }

    /// The last look, once nothing else writes any more.
    pub async fn finish(&self, now: Timestamp) {
        let last = async {
            self.seal(now).await?;
            self.say_head().await
        };
        match tokio::time::timeout(LAST_LOOK, last).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the record's head could not be said at the end"),
            Err(_) => tracing::warn!("the record's head could not be said at the end in time"),
        }
    }
}
