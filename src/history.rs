//! The keeper of what was: writes down how the connectors are whenever that changes, and that somebody looked; deletes what is
//! too old. It follows the published picture, so that nothing that alerts waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::domain::fleet::{Fleet, Sight};
use crate::domain::history::State;
use crate::domain::policy::Picture;
use crate::store::history::{Changed, Placed};
use crate::store::{Store, StoreError};

/// How long after a change it is written: an alert that follows from it goes first, and what changes at once is one write.
const AFTER_YOU: Duration = Duration::from_millis(200);
/// How often it is written that somebody looked, if nothing changes.
const LOOKED_EVERY: Duration = Duration::from_secs(60);
/// How often what is too old is deleted.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);
/// The longest sleep.
const LOOK: Duration = Duration::from_secs(60);

/// How long a look is good for: three polls may be missing, as for being blind, and looks are written down once a minute.
pub fn patience(poll_interval: Duration) -> Duration {
    poll_interval.saturating_mul(3).saturating_add(LOOKED_EVERY)
}

/// Keeps what was.
#[derive(Debug)]
pub struct Chronicle {
    store: Store,
    picture: watch::Receiver<Arc<Picture>>,
    poll_interval: Duration,
    retention: Option<Duration>,
    /// The fleet as it was written last.
    written: Fleet,
    /// How each connector stands in the store; `None` until that is read.
    known: Option<BTreeMap<Placed, State>>,
    looked_at: Option<Timestamp>,
    pruned_at: Option<Timestamp>,
}

impl Chronicle {
    /// A keeper of what `picture` shows, for as long as `retention`; `None` is for ever.
    pub fn new(
        store: Store,
        picture: watch::Receiver<Arc<Picture>>,
        poll_interval: Duration,
        retention: Option<Duration>,
    ) -> Self {
        Self {
            store,
            picture,
            poll_interval,
            retention,
            written: Fleet::default(),
            known: None,
            looked_at: None,
            pruned_at: None,
        }
    }

    /// Keeps it until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut failing = false;
        while !shutdown.is_cancelled() {
            let kept = self.step(Timestamp::now()).await;
            match &kept {
                Ok(_) => {}
                Err(error) if failing => tracing::debug!(%error, "what was seen can still not be kept"),
                Err(error) => tracing::warn!(%error, "what was seen could not be kept, so histories may have a gap"),
            }
            failing = kept.is_err();
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = self.picture.changed() => if changed.is_err() {
                    // Nothing will be read any more; the monitor's end is told by itself.
                    shutdown.cancelled().await;
                },
                () = tokio::time::sleep(LOOK) => {}
            }
            tokio::time::sleep(AFTER_YOU).await;
        }
    }

    /// Writes what changed since the last step, if the fleet can be seen, and deletes what is too old. How many connectors
    /// changed.
    ///
    /// # Errors
    /// If the store cannot be read or written: the next step does it all.
    pub async fn step(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        let picture = self.picture.borrow_and_update().clone();
        let changed = if self.is_seen(&picture, now) { self.keep(&picture.fleet, now).await? } else { 0 };
        if self.pruned_at.is_none_or(|at| now.duration_since(at).unsigned_abs() >= PRUNE_EVERY)
            && let Some(retention) = self.retention
            && let Ok(before) = now.checked_sub(retention)
        {
            while self.store.prune_states(before).await? {}
            self.pruned_at = Some(now);
        }
        Ok(changed)
    }

    /// Whether the picture says how the fleet is now. What nobody could read, or not for a while, is no change.
    fn is_seen(&self, picture: &Picture, now: Timestamp) -> bool {
        let fleet = &picture.fleet;
        let is_recent = |at: Timestamp| now.duration_since(at).unsigned_abs() <= self.poll_interval.saturating_mul(3);
        let any_fresh = || fleet.sightings().any(|sighting| sighting.sight == Sight::Fresh);
        fleet.read_at().is_some_and(is_recent) && (picture.trouble.is_none() || any_fresh())
    }

    async fn keep(&mut self, fleet: &Fleet, now: Timestamp) -> Result<usize, StoreError> {
        if self.known.is_none() {
            self.known = Some(self.store.last_states().await?);
        }
        let looked_lately = self.looked_at.is_some_and(|at| now.duration_since(at).unsigned_abs() < LOOKED_EVERY);
        let same = self.looked_at.is_some() && fleet.is_same(&self.written);
        if same && looked_lately {
            return Ok(0);
        }
        let known = self.known.get_or_insert_default();
        let (changes, now_known) = if same { (Vec::new(), None) } else { changes(known, fleet) };
        if changes.is_empty() && looked_lately {
            self.written = fleet.clone();
            return Ok(0);
        }
        self.store.keep_states(&changes, patience(self.poll_interval), now).await?;
        if let Some(now_known) = now_known {
            self.known = Some(now_known);
        }
        self.written = fleet.clone();
        self.looked_at = Some(now);
        Ok(changes.len())
    }
}

/// What is otherwise than was known, and what is known then.
fn changes(known: &BTreeMap<Placed, State>, fleet: &Fleet) -> (Vec<Changed>, Option<BTreeMap<Placed, State>>) {
    let mut changes = Vec::new();
    let mut now_known = BTreeMap::new();
    for sighting in fleet.sightings() {
        let connector = &sighting.connector;
        let place = Placed::new(&connector.bot.id, &connector.environment, &connector.id);
        let state = State::of(sighting);
        if known.get(&place) != Some(&state) {
            changes.push(Changed { place: place.clone(), name: connector.name.clone(), state });
        }
        now_known.insert(place, state);
    }
    // While some of it cannot be seen, what is not there may be there all the same.
    if fleet.blind_since().is_none() {
        for place in known.keys().filter(|place| !now_known.contains_key(place)) {
            changes.push(Changed { place: place.clone(), name: String::new(), state: State::Gone });
        }
    } else {
        for (place, state) in known {
            now_known.entry(place.clone()).or_insert(*state);
        }
    }
    (changes, Some(now_known))
}
