//! The other channel: when alerts do not come into theirs, it is said there what is in the way, what to do about it, and
//! which open incidents nobody sees for it.
//!
//! What is said there goes through the outbox like everything else. It is no alert itself, so nothing is said of *it* when it
//! cannot be posted either.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::delivery::Channels;
use crate::domain::ids::{ChannelId, Id};
use crate::domain::incident::Incident;
use crate::domain::notice::Notice;
use crate::domain::trouble::{Obstacle, Passage, Trouble, follow};
use crate::store::troubles::Waiting;
use crate::store::{Store, StoreError};

/// How often it looks, if nothing calls it sooner.
const LOOK: Duration = Duration::from_secs(15);

/// Watches over what does not come into its channel.
#[derive(Debug)]
pub struct Fallback {
    store: Store,
    channels: Channels,
    elsewhere: ChannelId,
    /// Rung when there is something to deliver.
    delivery: Arc<Notify>,
}

impl Fallback {
    /// Says `elsewhere` what the delivery found out of the `channels`.
    pub fn new(store: Store, channels: Channels, elsewhere: ChannelId, delivery: Arc<Notify>) -> Self {
        Self { store, channels, elsewhere, delivery }
    }

    /// Watches until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.step(Timestamp::now()).await {
                tracing::warn!(%error, "whether alerts come into their channels cannot be told");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.channels.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Looks once; how many troubles began, changed or ended.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn step(&self, now: Timestamp) -> Result<usize, StoreError> {
        let waiting = self.store.waiting_alerts().await?;
        let troubles = self.store.troubles().await?;
        let mut channels: BTreeSet<_> = waiting.iter().map(|waiting| waiting.channel).collect();
        channels.extend(troubles.iter().map(|trouble| trouble.channel));
        channels.remove(&self.elsewhere);
        let mut said = 0;
        for channel in channels {
            let here: Vec<_> = waiting.iter().filter(|waiting| waiting.channel == channel).collect();
            let known = troubles.iter().find(|trouble| trouble.channel == channel);
            let passage = self.passage(channel, &here, known);
            if let (Some(known), Passage::Blocked(_)) = (known, &passage) {
                self.called(known, &here).await?;
            }
            // What stood in a channel that is no more is not seen either.
            let is_gone = passage == Passage::Blocked(Obstacle::Gone);
            let Some(news) = follow(known, channel, passage, unseen(&here, is_gone), now) else { continue };
            self.store.keep_trouble(&news, self.elsewhere, now).await?;
            let (trouble, unseen) = (news.trouble.id.reference(), news.trouble.unseen.len());
            if news.trouble.mended_at.is_some() {
                tracing::info!(%channel, trouble, "alerts come into their channel again");
            } else {
                tracing::error!(%channel, trouble, obstacle = ?news.trouble.obstacle, unseen, "alerts do not come into their channel");
            }
            said += 1;
        }
        if said > 0 {
            self.delivery.notify_one();
        }
        Ok(said)
    }

    /// Whoever was called here is not called once more by a card that waits, when that is posted at last.
    async fn called(&self, known: &Trouble, waiting: &[&Waiting]) -> Result<(), StoreError> {
        let is_to_call = |incident: &Incident| {
            waiting.iter().any(
                |waiting| matches!(&waiting.notice, Notice::Card { incident: of, ping: true } if of.id == incident.id),
            )
        };
        let listed: Vec<_> = known.unseen.iter().filter(|unseen| is_to_call(&unseen.incident)).collect();
        if listed.is_empty() { Ok(()) } else { self.store.were_called_elsewhere(known, &listed).await }
    }

    fn passage(&self, channel: ChannelId, waiting: &[&Waiting], known: Option<&Trouble>) -> Passage {
        if waiting.is_empty() {
            return Passage::Open;
        }
        let gave_up = waiting.iter().find_map(|waiting| waiting.gave_up.clone());
        match (self.channels.passage(channel), gave_up) {
            (blocked @ Passage::Blocked(_), _) => blocked,
            (_, Some(why)) => Passage::Blocked(Obstacle::Refused { why }),
            // After a restart it is as it was, until it is tried.
            (Passage::Untried, None) => {
                known.map_or(Passage::Untried, |known| Passage::Blocked(known.obstacle.clone()))
            }
            (Passage::Open, None) => Passage::Open,
        }
    }
}

/// The open incidents that do not stand, or do not stand as bad as they are, each with whether policy pings for it.
fn unseen(waiting: &[&Waiting], is_gone: bool) -> Vec<(Incident, bool)> {
    let mut unseen: BTreeMap<Id, (Incident, bool)> = BTreeMap::new();
    for waiting in waiting.iter().filter(|waiting| is_gone || !waiting.stands) {
        let Some(incident) = waiting.notice.alert().filter(|incident| incident.resolved_at().is_none()) else {
            continue;
        };
        let (listed, ping) = unseen.entry(incident.id.clone()).or_insert_with(|| (incident.clone(), false));
        *ping |= waiting.notice.pings();
        if incident.announced > listed.announced {
            *listed = incident.clone();
        }
    }
    let mut unseen: Vec<_> = unseen.into_values().collect();
    unseen.sort_by_key(|(incident, _)| (incident.opened_at, incident.id.clone()));
    unseen
}
