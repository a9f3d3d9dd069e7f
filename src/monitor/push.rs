//! What a push makes sooner: the monitor looks where it is told that something changed, and judges the bots that this
//! touches, without waiting for the next poll.
//!
//! A push is never believed, it is looked after: what counts is what the service answers when it is asked. So an event that is
//! old, doubled or wrong changes nothing, and what is glimpsed is always younger than the last reading. A glimpse says nothing
//! of what it does not show: it makes no connector gone, ends no blindness, and is no reading. The poll judges all.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::observe::{Glance, Lookout, nothing_left};
use super::own::OwnDoings;
use super::poll::Eye;
use super::round::{self, Open};
use super::{Monitor, OPERATIONS_EACH, SHORTEST_SLEEP, Ticked};
use crate::domain::connector::Connector;
use crate::domain::fleet::{BotView, Sight};
use crate::domain::ids::{BotId, ConnectorId};
use crate::domain::incident::Subject;
use crate::domain::mute::Mute;
use crate::domain::policy::Picture;
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

/// Bots, with what is theirs.
struct Theirs {
    bots: BTreeSet<BotId>,
    connectors: Vec<ConnectorId>,
    /// What incidents on them, or on many of them together, are about.
    subjects: Vec<Subject>,
}

/// What the store has of incidents, and what silences them.
struct Kept {
    open: Open,
    on: Vec<Mute>,
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

    /// Looks where something is said to have changed, judges the bots that it touches, writes what follows, and publishes.
    ///
    /// # Errors
    /// If the store cannot be read or written. The picture is published all the same, and the next tick judges again.
    pub async fn glance(&mut self, told: Told, now: Timestamp) -> Result<Glanced, StoreError> {
        if !self.eye.read_once() {
            // What is not there may only not be read yet, so that one connector tells nothing of its bot.
            return Ok(Glanced::default());
        }
        let fleet = self.eye.fleet();
        let was_there = |id| fleet.connector(id).is_some_and(|known| known.sight == Sight::Fresh);
        let gone = told.named.iter().any(|(id, word)| *word == Word::Gone && was_there(id));
        if told.any || told.again {
            self.glimpse_anywhere(&told, now).await;
            let watched_since = self.looks.map_or(now, |looks| looks.without_gap_since);
            return Ok(Glanced { ticked: self.judge(watched_since, now).await?, gone });
        }
        let news = self.eye.news(&told);
        if news.is_empty() {
            return Ok(Glanced { gone, ..Glanced::default() });
        }
        // What is kept is read while the service is asked.
        let Theirs { bots, connectors, subjects } = self.eye.theirs(news.keys());
        let kept = async {
            let mutes = self.keeper.mutes().await;
            Kept {
                on: mutes.into_iter().filter(|mute| !mute.is_over(now)).collect(),
                open: Open::new(self.keeper.open_incidents_on(&subjects).await),
            }
        };
        let operations = self.keeper.last_operations(&connectors, OPERATIONS_EACH);
        let (seen, kept, operations) = tokio::join!(self.eye.glimpse(&news), kept, operations);
        let touched = self.eye.take_glimpse(seen, now);
        if touched.is_empty() {
            self.keeper.trouble()?;
            return Ok(Glanced { gone, ..Glanced::default() });
        }
        let own = touched.is_subset(&bots).then(|| OwnDoings::new(operations, &self.watch.policy, now));
        Ok(Glanced { ticked: self.judge_some(&touched, &kept, own, now).await?, gone })
    }

    /// Looks at the whole fleet if any connector may have changed, and otherwise at those that did.
    async fn glimpse_anywhere(&mut self, told: &Told, now: Timestamp) {
        let news = self.eye.news(told);
        let seen = if told.any { self.eye.glimpse_all(&news).await } else { self.eye.glimpse(&news).await };
        self.eye.take_glimpse(seen, now);
    }

    /// Judges these bots alone, writes what follows, and publishes. What time brings, and what takes a whole look, is left to
    /// the next tick.
    async fn judge_some(
        &mut self,
        bots: &BTreeSet<BotId>,
        kept: &Kept,
        own: Option<OwnDoings>,
        now: Timestamp,
    ) -> Result<Ticked, StoreError> {
        let fleet = self.eye.fleet().clone();
        bots.iter().flat_map(|bot| fleet.everywhere(bot)).for_each(|view| self.raise(view));
        let picture = self.picture(fleet);
        let before = std::mem::replace(&mut self.before, picture.clone());
        self.save_highest().await;

        let gone = self.left_nothing(bots, &before, &picture);
        let views = bots.iter().flat_map(|bot| picture.fleet.everywhere(bot)).chain(&gone);
        let policy = &self.watch.policy;
        let glances: Vec<_> = views.map(|view| Glance::at(view, &picture, policy, now)).collect();
        let own = match own {
            Some(own) => own,
            None => self.own_doings(&picture, &glances, &kept.open, now).await,
        };
        let blind = self.blind(&picture, now).is_some();
        let watched_since = self.looks.map_or(now, |looks| looks.without_gap_since);
        let lookout = Lookout { before: &before, picture: &picture, policy, own: &own, blind, watched_since, now };
        let mut cases = self.judge_bots(&lookout, &glances, &kept.open).await;
        round::mute(&mut cases, &kept.on, now);
        let round::Told { opened, changed, resolved, next_due } = self.write(&cases, now).await;
        if opened + changed + resolved > 0 {
            self.bells.delivery.notify_one();
        }
        // Whoever waits for an alert goes before whoever looks at the picture.
        self.picture.send_replace(Arc::new(picture.clone()));
        self.keeper.trouble()?;
        let due = [next_due, own.next_overrun()].into_iter().flatten().min();
        Ok(Ticked { opened, changed, resolved, attended: 0, due })
    }

    /// Where these bots had connectors at the last look, and have none now.
    fn left_nothing(&self, bots: &BTreeSet<BotId>, before: &Picture, picture: &Picture) -> Vec<BotView> {
        if !self.eye.sees_what_is_gone() {
            return Vec::new();
        }
        let were = bots.iter().flat_map(|bot| before.fleet.everywhere(bot));
        let left = were.filter(|view| picture.fleet.bot(&view.bot.id, &view.environment).is_none());
        left.map(|view| nothing_left(view.bot.clone(), view.environment.clone())).collect()
    }
}

/// The time of a poll that comes no later than when there is more to say.
fn sooner(next: Instant, due: Option<Timestamp>) -> Instant {
    let until_due = |due: Timestamp| Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or_default();
    due.map_or(next, |due| next.min(Instant::now() + until_due(due).max(SHORTEST_SLEEP)))
}

impl Eye {
    /// The connectors that are said to be other than we know them.
    fn news(&self, told: &Told) -> BTreeMap<ConnectorId, Word> {
        let is_news = |id: &ConnectorId, word: &Word| match (word, self.fleet.connector(id)) {
            (Word::Gone, _) => false,
            (Word::Changed, _) | (Word::Has(_), None) => true,
            (Word::Has(revision), Some(known)) => {
                known.sight == Sight::Missing || known.connector.revision.as_ref() != Some(revision)
            }
        };
        told.named.iter().filter(|(id, word)| is_news(id, word)).map(|(id, word)| (id.clone(), word.clone())).collect()
    }

    /// What there is to know of the bots to which these connectors belong, as far as we know them.
    fn theirs<'a>(&self, ids: impl Iterator<Item = &'a ConnectorId>) -> Theirs {
        let known = ids.filter_map(|id| self.fleet.connector(id));
        let bots: BTreeSet<_> = known.map(|sighting| sighting.connector.bot.id.clone()).collect();
        let views = || bots.iter().flat_map(|bot| self.fleet.everywhere(bot));
        let connectors = views().flat_map(|view| &view.sightings).map(|s| s.connector.id.clone()).collect();
        let subject =
            |view: &BotView| Subject::Failover { bot: view.bot.clone(), environment: view.environment.clone() };
        let subjects = views().map(subject).chain([Subject::Storm]).collect();
        Theirs { connectors, subjects, bots }
    }

    /// Asks how these connectors are, and gives those that are other than we know them, or that something was done to. What
    /// cannot be had is left to the next poll.
    async fn glimpse(&self, news: &BTreeMap<ConnectorId, Word>) -> Vec<Connector> {
        if news.len() > ONE_BY_ONE {
            return self.glimpse_all(news).await;
        }
        let seen = tokio::time::timeout(GLIMPSE_WITHIN, self.each(news.keys())).await;
        self.worth_knowing(seen.unwrap_or_default(), news)
    }

    /// Asks how all connectors are, and gives the same of them.
    async fn glimpse_all(&self, news: &BTreeMap<ConnectorId, Word>) -> Vec<Connector> {
        let seen = tokio::time::timeout(GLIMPSE_WITHIN, self.all()).await;
        self.worth_knowing(seen.unwrap_or_default(), news)
    }

    fn worth_knowing(&self, mut seen: Vec<Connector>, news: &BTreeMap<ConnectorId, Word>) -> Vec<Connector> {
        seen.retain(|connector| news.get(&connector.id) == Some(&Word::Changed) || self.is_other(connector));
        seen
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

    async fn each(&self, ids: impl Iterator<Item = &ConnectorId>) -> Vec<Connector> {
        let looks = ids.cloned().map(|id| {
            let lifecycle = self.lifecycle.clone();
            async move { lifecycle.connector(&id).await }
        });
        let looks: Vec<_> =
            futures_util::stream::iter(looks.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
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

    /// Takes in what was glimpsed, and gives the bots that it touches.
    pub(super) fn take_glimpse(&mut self, seen: Vec<Connector>, now: Timestamp) -> BTreeSet<BotId> {
        if seen.is_empty() {
            return BTreeSet::new();
        }
        self.etag = None;
        self.glimpsed.extend(seen.iter().map(|connector| (connector.id.clone(), connector.clone())));
        let known = seen.iter().filter_map(|connector| self.fleet.connector(&connector.id)).map(|s| &s.connector);
        let touched = known.chain(&seen).map(|connector| connector.bot.id.clone()).collect();
        self.fleet.glimpse(seen, now);
        touched
    }
}
