//! The watch: poll the fleet, judge each bot, open, change and end incidents, publish the picture.
//!
//! One tick reads the fleet (only if it changed), holds what is seen against the incidents that are open in the store, and
//! writes each change together with what is to be said of it. What is kept in memory makes it quicker or more telling; losing
//! it loses nothing. While the store fails, the watch goes on from what was last known, and alerts are said directly (`keeper`).
//!
//! A push is a hint where to look before the next tick (`push`). The poll stays the judge: it finds what no push told.

pub mod direct;
mod keeper;
mod observe;
mod own;
mod poll;
mod push;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use self::direct::DirectAlerts;
use self::keeper::{HighestSeen, Keeper};
use self::observe::{Lookout, nothing_left, sight};
use self::own::OwnDoings;
use self::poll::Eye;
pub use self::push::Glanced;
use crate::domain::connector::Environment;
use crate::domain::fleet::BotView;
use crate::domain::ids::{BotId, ChannelId, ConnectorId};
use crate::domain::incident::{Blind, Decision, Facts, Observation, Standing, Subject, decide};
use crate::domain::policy::{Picture, Policy};
use crate::lifecycle::{FleetAnswer, LifecycleClient, LifecycleError, Pushes, Word};
use crate::store::incidents::{Changed, Highest, Kept, Opened};
use crate::store::{Store, StoreError};

/// How many polls may fail in a row until being blind is an incident of its own.
const BLIND_AFTER: u32 = 3;
/// How many operations on one connector are looked through for what explains its state.
const OPERATIONS_EACH: u32 = 10;

/// What the monitor is told.
#[derive(Clone, Debug)]
pub struct Watch {
    /// What is asked of each bot.
    pub policy: Policy,
    /// How often the fleet is read.
    pub poll_interval: Duration,
    /// Where incidents are posted.
    pub alerts: ChannelId,
}

/// Whom the monitor wakes, and who wakes it.
#[derive(Clone, Debug, Default)]
pub struct Bells {
    /// Where to look at once, as the lifecycle service and our own doings tell it.
    pub pushes: Arc<Pushes>,
    /// Rung when there is something to deliver.
    pub delivery: Arc<Notify>,
}

/// The monitor.
#[derive(Debug)]
pub struct Monitor {
    keeper: Keeper,
    watch: Watch,
    bells: Bells,
    eye: Eye,
    /// The picture at the last look.
    before: Picture,
    picture: watch::Sender<Arc<Picture>>,
}

/// What one tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Incidents opened.
    pub opened: usize,
    /// Incidents changed.
    pub changed: usize,
    /// Incidents that ended.
    pub resolved: usize,
}

impl Monitor {
    /// A monitor, and the picture that it publishes after each tick.
    pub fn new(
        store: Store,
        lifecycle: LifecycleClient,
        watch: Watch,
        bells: Bells,
    ) -> (Self, watch::Receiver<Arc<Picture>>) {
        let (picture, published) = watch::channel(Arc::default());
        let keeper = Keeper::new(store, Arc::clone(&bells.delivery));
        let monitor = Self { keeper, watch, bells, eye: Eye::new(lifecycle), before: Picture::default(), picture };
        (monitor, published)
    }

    /// Where alerts are found that could not be written down.
    pub fn direct_alerts(&self) -> DirectAlerts {
        self.keeper.direct_alerts()
    }

    /// Looks once: reads, publishes, judges, and writes what follows.
    ///
    /// # Errors
    /// If the store cannot be read or written. All was judged all the same, from what was last known, and what could not be
    /// written is said directly.
    pub async fn tick(&mut self, now: Timestamp) -> Result<Ticked, StoreError> {
        let answer = self.eye.ask().await;
        self.settle(answer, now, now).await
    }

    /// Takes in what the fleet answered when it was asked at `asked_at`, and judges all of it.
    async fn settle(
        &mut self,
        answer: Result<FleetAnswer, LifecycleError>,
        asked_at: Timestamp,
        now: Timestamp,
    ) -> Result<Ticked, StoreError> {
        for (connector, revision) in self.eye.take_in(answer, asked_at) {
            self.bells.pushes.named(connector, Word::Has(revision));
        }
        let highest = self.keeper.highest_seen().await;
        let picture = self.picture_of(&highest);
        self.picture.send_replace(Arc::new(picture.clone()));
        let before = std::mem::replace(&mut self.before, picture.clone());
        self.raise(&picture, &highest).await;

        let open = Open::new(self.keeper.open_incidents(now).await);
        let views = self.views(&picture, &highest, &open);
        let own = self.own_doings(&picture, &views, now).await;
        let lookout = Lookout { before: &before, picture: &picture, policy: &self.watch.policy, own: &own, now };
        let seen = self.observe(&lookout, &views, &open);
        let ticked = self.act_on(seen, &open, now).await;
        if ticked.as_ref().map_or(true, |ticked| *ticked != Ticked::default()) {
            self.bells.delivery.notify_one();
        }
        self.keeper.trouble()?;
        ticked
    }

    async fn act_on(&mut self, seen: Vec<Observation>, open: &Open, now: Timestamp) -> Result<Ticked, StoreError> {
        let mut ticked = Ticked::default();
        let mut unwritten = None;
        for observation in seen {
            let (open, subject) = (open.get(&observation.subject), observation.subject.name());
            // One that cannot be written keeps no other from being judged.
            if let Err(error) = self.act(open, observation, &mut ticked, now).await {
                tracing::error!(subject, %error, "an incident could not be written, so it is said directly");
                unwritten.get_or_insert(error);
            }
        }
        unwritten.map_or(Ok(ticked), Err)
    }

    fn picture_of(&self, highest: &HighestSeen) -> Picture {
        let known = |(key, highest): (&(BotId, Environment), &Highest)| (key.clone(), highest.healthy);
        let mut picture = Picture {
            fleet: self.eye.fleet().clone(),
            highest: highest.iter().map(known).collect(),
            trouble: self.eye.trouble().map(str::to_owned),
        };
        let fleet = picture.fleet.clone();
        for view in fleet.bots() {
            let most = picture.highest(view);
            picture.highest.insert((view.bot.id.clone(), view.environment.clone()), most);
        }
        picture
    }

    async fn raise(&mut self, picture: &Picture, known: &HighestSeen) {
        let higher: Vec<_> = picture
            .fleet
            .bots()
            .iter()
            .map(|view| Highest {
                healthy: view.healthy(),
                bot: view.bot.clone(),
                environment: view.environment.clone(),
            })
            .filter(|seen| {
                let key = (seen.bot.id.clone(), seen.environment.clone());
                seen.healthy > known.get(&key).map_or(0, |highest| highest.healthy)
            })
            .collect();
        self.keeper.raise_highest_seen(higher).await;
    }

    /// Every bot that is there, was there once, or has an open incident. One that cannot be seen to be gone is left out.
    fn views(&self, picture: &Picture, highest: &HighestSeen, open: &Open) -> Vec<BotView> {
        let mut views = picture.fleet.bots().to_vec();
        if !self.eye.sees_what_is_gone() {
            return views;
        }
        let mut there: BTreeSet<_> = views.iter().map(|view| (view.bot.id.clone(), view.environment.clone())).collect();
        let once = highest.values().map(|highest| (&highest.bot, &highest.environment));
        let named = open.all().filter_map(|kept| match &kept.incident.subject {
            Subject::Failover { bot, environment } => Some((bot, environment)),
            _ => None,
        });
        for (bot, environment) in once.chain(named) {
            if there.insert((bot.id.clone(), environment.clone())) {
                views.push(nothing_left(bot.clone(), environment.clone()));
            }
        }
        views
    }

    /// The operations that may explain what is missing: those on every connector of a bot that is not well.
    async fn own_doings(&mut self, picture: &Picture, views: &[BotView], now: Timestamp) -> OwnDoings {
        let unwell = |view: &&BotView| Standing::of(picture.level(view, &self.watch.policy, now)) != Standing::Well;
        let bots: BTreeSet<_> = views.iter().filter(unwell).map(|view| &view.bot.id).collect();
        let of = picture.fleet.sightings().filter(|s| bots.contains(&s.connector.bot.id));
        let of: Vec<ConnectorId> = of.map(|s| s.connector.id.clone()).collect();
        OwnDoings::new(self.keeper.last_operations(&of, OPERATIONS_EACH).await)
    }

    fn observe(&self, lookout: &Lookout<'_>, views: &[BotView], open: &Open) -> Vec<Observation> {
        let mut seen = self.observe_bots(lookout, views, open);
        seen.extend(self.observe_the_rest(lookout, open));
        seen
    }

    fn observe_bots(&self, lookout: &Lookout<'_>, views: &[BotView], open: &Open) -> Vec<Observation> {
        let blind = self.blind(lookout);
        let mut seen = Vec::new();
        for view in views {
            let subject = Subject::Failover { bot: view.bot.clone(), environment: view.environment.clone() };
            let open = open.get(&subject).map(|kept| &kept.incident);
            let observation = lookout.failover(view, open);
            // What one poll missed, the next one brings: until we are blind for long, a card is not edited to say so.
            let passing = view.unread() > 0 && blind.is_none();
            let only_edits = open.is_some_and(|open| {
                observation.standing != Standing::Well && observation.unannounced <= open.announced
            });
            if !(passing && only_edits) {
                seen.push(observation);
            }
        }
        seen
    }

    /// What takes a whole reading to be seen: the bots that never were redundant, and our own sight.
    fn observe_the_rest(&self, lookout: &Lookout<'_>, open: &Open) -> Vec<Observation> {
        let blind = self.blind(lookout);
        let mut seen = Vec::new();
        let mut environments = lookout.picture.fleet.environments();
        environments.extend(open.all().filter_map(|kept| match &kept.incident.subject {
            Subject::NeverRedundant { environment } => Some(environment.clone()),
            _ => None,
        }));
        environments.sort();
        environments.dedup();
        if self.eye.read_once() {
            for environment in environments {
                let subject = Subject::NeverRedundant { environment: environment.clone() };
                let open = open.get(&subject).map(|kept| &kept.incident);
                seen.push(lookout.never_redundant(&environment, open));
            }
        }
        let open = open.get(&Subject::Blind).map(|kept| &kept.incident);
        seen.push(sight(blind, self.eye.sees_all(), open));
        seen
    }

    /// What there is to say of being blind, once that has lasted.
    fn blind(&self, lookout: &Lookout<'_>) -> Option<Blind> {
        let since = lookout.picture.fleet.blind_since()?;
        let lasted = lookout.now.duration_since(since).unsigned_abs();
        (lasted >= self.watch.poll_interval * BLIND_AFTER).then(|| Blind {
            since,
            seen_well_at: self.eye.seen_well_at(),
            why: self.eye.cause().to_owned(),
        })
    }

    async fn act(
        &mut self,
        open: Option<&Kept>,
        seen: Observation,
        ticked: &mut Ticked,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let subject = seen.subject.name();
        let alerts = self.watch.alerts;
        let decision = decide(open.map(|kept| &kept.incident), seen, now);
        match (decision, open) {
            (Decision::Nothing, _) => {}
            (Decision::Open { incident, ping }, _) => {
                match self.keeper.open_incident(&incident, ping, alerts, now).await? {
                    Opened::Now => {
                        ticked.opened += 1;
                        tracing::warn!(
                            incident = incident.id.reference(),
                            subject,
                            ping,
                            facts = summary(&incident.facts),
                            "opened"
                        );
                    }
                    Opened::AlreadyOpen => tracing::info!(subject, "another process opened it"),
                }
            }
            (Decision::Edit { incident, worse }, Some(before)) => {
                match self.keeper.change_incident(before, &incident, worse, alerts, now).await? {
                    Changed::Now => {
                        ticked.changed += 1;
                        tracing::info!(
                            incident = incident.id.reference(),
                            subject,
                            worse,
                            facts = summary(&incident.facts),
                            "changed"
                        );
                    }
                    Changed::Stale => tracing::info!(subject, "another process changed it"),
                }
            }
            (Decision::Resolve { incident }, Some(before)) => {
                match self.keeper.change_incident(before, &incident, false, alerts, now).await? {
                    Changed::Now => {
                        ticked.resolved += 1;
                        tracing::info!(incident = incident.id.reference(), subject, "resolved");
                    }
                    Changed::Stale => tracing::info!(subject, "another process changed it"),
                }
            }
            (Decision::Edit { .. } | Decision::Resolve { .. }, None) => {}
        }
        Ok(())
    }
}

/// The incidents that are open, by the name of what each is about.
struct Open(BTreeMap<String, Kept>);

impl Open {
    fn new(open: Vec<Kept>) -> Self {
        Self(open.into_iter().map(|kept| (kept.incident.subject.name(), kept)).collect())
    }

    fn get(&self, subject: &Subject) -> Option<&Kept> {
        self.0.get(&subject.name())
    }

    fn all(&self) -> impl Iterator<Item = &Kept> {
        self.0.values()
    }
}

fn summary(facts: &Facts) -> String {
    match facts {
        Facts::Failover(facts) => format!("{} of {} healthy, {} wanted", facts.healthy, facts.total, facts.minimum),
        Facts::NeverRedundant { bots } => format!("{} bots", bots.len()),
        Facts::Blind(blind) => blind.why.clone(),
    }
}
