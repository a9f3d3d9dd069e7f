//! What a push makes sooner: the monitor looks where it is told that something changed, and judges with what it sees there,
//! without waiting for the next poll.
//!
//! A push is never believed, it is looked after: what counts is what the service answers when it is asked. So an event that is
//! old, doubled or wrong changes nothing, and what is glimpsed is always younger than the last reading. A glimpse says nothing
//! of what it does not show: it makes no connector gone, ends no blindness, and is no reading. The poll judges all.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::poll::Eye;
use super::{Monitor, SHORTEST_SLEEP, Ticked};
use crate::domain::connector::Connector;
use crate::domain::fleet::Sight;
use crate::domain::ids::ConnectorId;
use crate::lifecycle::{FleetAnswer, Told, Word};
use crate::store::StoreError;

/// How many connectors are looked at one by one; if more are named, the whole fleet is read instead.
const ONE_BY_ONE: usize = 64;
/// How many of them at once.
const AT_ONCE: usize = 8;
/// How long a glimpse may take. A poll does not wait for it any longer.
const GLIMPSE_WITHIN: Duration = Duration::from_secs(5);

/// What came of what was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Glanced {
    /// What was judged.
    pub ticked: Ticked,
    /// A connector is said to be gone that was there: only polls can tell, so the next one is made sooner.
    pub gone: bool,
}

impl Monitor {
    /// Watches until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let asked_at = Timestamp::now();
            let asking = self.eye.ask();
            let Some(answer) = self.heed(asking, &shutdown).await else { return };
            let due = self.settle(answer, asked_at, Timestamp::now()).await.map(|ticked| ticked.due);
            let due = due.unwrap_or_else(|error| {
                tracing::error!(%error, "what was seen could not be kept");
                None
            });
            self.wait(due, &shutdown).await;
        }
    }

    /// Waits until the next poll, or until there is more to say, and glances where it is told to meanwhile.
    async fn wait(&mut self, due: Option<Timestamp>, shutdown: &CancellationToken) {
        let (polled, interval) = (Instant::now(), self.watch.poll_interval);
        let mut next = sooner(polled + interval, due);
        loop {
            let pushes = Arc::clone(&self.bells.pushes);
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep_until(next) => return,
                told = pushes.told() => {
                    let glanced = self.glance_now(told).await;
                    if glanced.gone {
                        // Two polls make a connector gone, and a service that stumbles must not stumble into both.
                        next = next.min(polled + interval / 2);
                    }
                    next = sooner(next, glanced.ticked.due);
                }
            }
        }
    }

    /// Waits for an answer, and glances where it is told to meanwhile. `None` on shutdown.
    async fn heed<T>(&mut self, answer: impl Future<Output = T>, shutdown: &CancellationToken) -> Option<T> {
        let mut answer = pin!(answer);
        let pushes = Arc::clone(&self.bells.pushes);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return None,
                answer = &mut answer => return Some(answer),
                // What is told before anything was read is looked after once something is.
                told = pushes.told(), if self.eye.read_once() => { self.glance_now(told).await; }
            }
        }
    }

    async fn glance_now(&mut self, told: Told) -> Glanced {
        self.glance(told, Timestamp::now()).await.unwrap_or_else(|error| {
            tracing::error!(%error, "what was glimpsed could not be kept");
            Glanced::default()
        })
    }

    /// Looks where something is said to have changed, publishes, judges all with what is seen there, and writes what follows.
    ///
    /// # Errors
    /// If the store cannot be read or written. All was judged all the same, and what could not be written is said directly.
    pub async fn glance(&mut self, told: Told, now: Timestamp) -> Result<Glanced, StoreError> {
        if !self.eye.read_once() {
            // What is not there may only not be read yet, so that one connector tells nothing of its bot.
            return Ok(Glanced::default());
        }
        let fleet = self.eye.fleet();
        let was_there = |id| fleet.connector(id).is_some_and(|known| known.sight == Sight::Fresh);
        let gone = told.named.iter().any(|(id, word)| *word == Word::Gone && was_there(id));
        let again = told.again;
        let seen = self.eye.glimpse(told).await;
        if !seen.is_empty() {
            self.eye.take_glimpse(seen, now);
        } else if !again {
            return Ok(Glanced { gone, ..Glanced::default() });
        }
        let watched_since = self.looks.map_or(now, |looks| looks.without_gap_since);
        Ok(Glanced { ticked: self.judge(watched_since, now).await?, gone })
    }
}

/// The time of a poll that comes no later than when there is more to say.
fn sooner(next: Instant, due: Option<Timestamp>) -> Instant {
    let until_due = |due: Timestamp| Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or_default();
    due.map_or(next, |due| next.min(Instant::now() + until_due(due).max(SHORTEST_SLEEP)))
}

impl Eye {
    /// Asks how the connectors are that are said to be other than we know them, and gives those that are. What cannot be
    /// had is left to the next poll.
    async fn glimpse(&self, told: Told) -> Vec<Connector> {
        let is_news = |(id, word): &(ConnectorId, Word)| match (word, self.fleet.connector(id)) {
            (Word::Gone, _) => false,
            (Word::Changed, _) | (Word::Has(_), None) => true,
            (Word::Has(revision), Some(known)) => {
                known.sight == Sight::Missing || known.connector.revision.as_ref() != Some(revision)
            }
        };
        let changed: BTreeSet<_> =
            told.named.iter().filter(|(_, word)| **word == Word::Changed).map(|(id, _)| id.clone()).collect();
        let named: Vec<_> = told.named.into_iter().filter(is_news).map(|(id, _)| id).collect();
        let looking =
            async { if told.any || named.len() > ONE_BY_ONE { self.all().await } else { self.each(named).await } };
        let seen = tokio::time::timeout(GLIMPSE_WITHIN, looking).await.unwrap_or_default();
        seen.into_iter().filter(|c| changed.contains(&c.id) || self.is_other(c)).collect()
    }

    async fn all(&self) -> Vec<Connector> {
        match self.lifecycle.fleet(None).await {
            Ok(FleetAnswer::Read(read)) => read.connectors,
            Ok(FleetAnswer::NotModified) => Vec::new(),
            Err(error) => {
                tracing::debug!(%error, "the fleet could not be glimpsed");
                Vec::new()
            }
        }
    }

    async fn each(&self, named: Vec<ConnectorId>) -> Vec<Connector> {
        let looks = named.into_iter().map(|id| {
            let lifecycle = self.lifecycle.clone();
            async move { lifecycle.connector(&id).await }
        });
        let looks: Vec<_> = futures_util::stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
        let mut seen = Vec::new();
        for look in looks {
            match look {
                Ok(connector) => seen.push(connector),
                Err(error) => tracing::debug!(%error, "a connector could not be glimpsed"),
            }
        }
        seen
    }

    /// Whether a connector is in another state than we know it, or was not seen by the last reading that should have had it.
    fn is_other(&self, connector: &Connector) -> bool {
        self.fleet
            .connector(&connector.id)
            .is_none_or(|known| known.sight == Sight::Missing || known.connector.revision != connector.revision)
    }

    pub(super) fn take_glimpse(&mut self, seen: Vec<Connector>, now: Timestamp) {
        self.etag = None;
        self.glimpsed.extend(seen.iter().map(|connector| (connector.id.clone(), connector.clone())));
        self.fleet.glimpse(seen, now);
    }
}
