//! The watch: poll the fleet, judge each bot, open, change and end incidents, publish the picture.
//!
//! One tick reads the fleet (only if it changed), holds what is seen against the incidents that are open in the store, and
//! writes each change together with what is to be said of it. What is kept in memory makes it quicker or more telling; losing
//! it loses nothing. While the store fails, the watch goes on from what was last known, and alerts are said directly (`keeper`).
//!
//! A push is a hint where to look before the next tick (`push`). The poll stays the judge: it finds what no push told.

mod attend;
pub mod direct;
mod judge;
mod keeper;
mod observe;
mod own;
mod poll;
mod push;
mod round;
mod storm;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use self::direct::DirectAlerts;
use self::keeper::Keeper;
use self::observe::{Glance, Lookout, nothing_left};
use self::own::OwnDoings;
use self::poll::Eye;
pub use self::push::Glanced;
use self::round::{Open, Told};
use crate::domain::connector::{Bot, Environment};
use crate::domain::fleet::{BotView, Fleet};
use crate::domain::freeze::Freeze;
use crate::domain::ids::{BotId, ConnectorId};
use crate::domain::incident::{Blind, Subject};
use crate::domain::judging::Standing;
use crate::domain::policy::{HighestSeen, Picture, Policy};
use crate::lifecycle::{FleetAnswer, LifecycleClient, LifecycleError, Pushes, Word};
use crate::store::highest::Highest;
use crate::store::{Store, StoreError};
use crate::tally::Tally;

/// How many polls may fail in a row until being blind is an incident of its own, and how many looks may not have come at all
/// until what was in between is not known.
const BLIND_AFTER: u32 = 3;
/// How far apart looks may be in any case: each may take its time.
const SHORTEST_GAP: Duration = Duration::from_secs(60);
/// How many operations on one connector are looked through for what explains its state.
const OPERATIONS_EACH: u32 = 10;
/// The shortest sleep, when something is due.
const SHORTEST_SLEEP: Duration = Duration::from_millis(50);

/// What the monitor is told.
#[derive(Clone, Debug)]
pub struct Watch {
    /// What is asked of each bot.
    pub policy: Policy,
    /// How often the fleet is read.
    pub poll_interval: Duration,
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
    /// The freezes that were on at the last look.
    freezes: Arc<[Freeze]>,
    /// The highest counts that were ever seen.
    highest: HighestSeen,
    /// Those that the store has, with the bots' names; `None` until they are read. From then on, only we raise them.
    known: Option<BTreeMap<(BotId, Environment), Highest>>,
    /// Those that the store does not have yet.
    unsaved: Vec<Highest>,
    /// How many bots are in use and asked for a minimum, as of the last look at all of them.
    in_use: BTreeMap<Environment, u32>,
    /// The last look, and since when none was missing.
    looks: Option<Looks>,
}

#[derive(Clone, Copy, Debug)]
struct Looks {
    last: Timestamp,
    without_gap_since: Timestamp,
}

/// What one tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Incidents opened.
    pub opened: usize,
    /// Incidents whose cards changed.
    pub changed: usize,
    /// Incidents that ended.
    pub resolved: usize,
    /// Incidents that were said again, or whose mute or snooze began or ended, and mutes that ended.
    pub attended: usize,
    /// When there is more to say if nothing else is seen until then.
    pub due: Option<Timestamp>,
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
        let monitor = Self {
            keeper: Keeper::new(store, Arc::clone(&bells.delivery)),
            watch,
            bells,
            eye: Eye::new(lifecycle),
            before: Picture::default(),
            picture,
            freezes: Arc::default(),
            highest: HighestSeen::default(),
            known: None,
            unsaved: Vec::new(),
            in_use: BTreeMap::new(),
            looks: None,
        };
        (monitor, published)
    }

    /// Where alerts are found that could not be written down.
    pub fn direct_alerts(&self) -> DirectAlerts {
        self.keeper.direct_alerts()
    }

    /// How its polls ended: `unchanged`, `read`, `partly_read`, `failed`.
    pub fn polls(&self) -> Tally {
        self.eye.tally()
    }

    /// Looks once: reads, publishes, judges, and writes what follows.
    ///
    /// # Errors
    /// If the store cannot be read or written. All was judged all the same, and what could not be written is said directly.
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
        let watched_since = self.looked(now);
        self.judge(watched_since, now).await
    }

    /// Publishes and judges all that is seen, and writes what follows.
    async fn judge(&mut self, watched_since: Timestamp, now: Timestamp) -> Result<Ticked, StoreError> {
        self.read_known().await;
        let fleet = self.eye.fleet().clone();
        if !fleet.is_same(&self.before.fleet) {
            fleet.bots().iter().for_each(|view| self.raise(view));
        }
        let picture = self.picture(fleet);
        self.picture.send_replace(Arc::new(picture.clone()));
        let before = std::mem::replace(&mut self.before, picture.clone());
        self.save_highest().await;

        self.show_freezes(&picture).await;
        let mutes = self.mutes(now).await;
        let open = Open::new(self.keeper.open_incidents(now).await);
        let gone = self.gone(&picture, &open);
        let policy = &self.watch.policy;
        let views = picture.fleet.bots().iter().map(Arc::as_ref).chain(&gone);
        let glances: Vec<_> = views.map(|view| Glance::at(view, &picture, policy, now)).collect();
        self.in_use = BTreeMap::new();
        for glance in glances.iter().filter(|glance| glance.counts()) {
            *self.in_use.entry(glance.view.environment.clone()).or_default() += 1;
        }
        let own = self.own_doings(&picture, &glances, &open, now).await;
        let blind = self.blind(&picture, now);
        let lookout = Lookout {
            before: &before,
            picture: &picture,
            policy,
            own: &own,
            blind: blind.is_some(),
            watched_since,
            now,
        };
        let mut cases = self.judge_bots(&lookout, &glances, &open).await;
        cases.append(&mut self.judge_together(&lookout, &cases, &glances, &open, blind).await);
        round::mute(&mut cases, &mutes.on, now);
        let told = self.write(&cases, now).await;
        let attended = mutes.ended + self.attend(&open, &cases, &mutes.on, now).await;

        let Told { opened, changed, resolved, next_due } = told;
        if opened + changed + resolved + attended > 0 {
            self.bells.delivery.notify_one();
        }
        self.keeper.trouble()?;
        let due = [next_due, own.next_overrun()].into_iter().flatten().min();
        Ok(Ticked { opened, changed, resolved, attended, due })
    }

    /// Takes in that this look came, and says since when none was missing. Before the first one it may have been anything.
    fn looked(&mut self, now: Timestamp) -> Timestamp {
        let patience = (self.watch.poll_interval * BLIND_AFTER).max(SHORTEST_GAP);
        let in_time = |looks: &Looks| now.duration_since(looks.last).unsigned_abs() <= patience;
        let without_gap_since = self.looks.filter(in_time).map_or(now, |looks| looks.without_gap_since);
        self.looks = Some(Looks { last: now, without_gap_since });
        without_gap_since
    }

    async fn read_known(&mut self) {
        if self.known.is_none()
            && let Some(known) = self.keeper.highest_seen().await
        {
            for Highest { bot, environment, healthy } in known.values() {
                self.highest.raise(&bot.id, environment, *healthy);
            }
            self.known = Some(known);
        }
    }

    fn raise(&mut self, view: &BotView) {
        let healthy = view.healthy();
        if self.highest.raise(&view.bot.id, &view.environment, healthy) {
            let (bot, environment) = (view.bot.clone(), view.environment.clone());
            self.unsaved.push(Highest { bot, environment, healthy });
        }
    }

    /// The picture with this fleet, whose counts were taken in.
    fn picture(&self, fleet: Fleet) -> Picture {
        Picture {
            fleet,
            highest: self.highest.clone(),
            trouble: self.eye.trouble().map(str::to_owned),
            freezes: Arc::clone(&self.freezes),
        }
    }

    /// Publishes the freezes that are on, where they are others than before. Nobody waits for that who waits for the fleet.
    async fn show_freezes(&mut self, picture: &Picture) {
        let freezes = self.keeper.freezes().await;
        if *freezes != *self.freezes {
            self.freezes = freezes.into();
            self.picture.send_replace(Arc::new(Picture { freezes: Arc::clone(&self.freezes), ..picture.clone() }));
        }
    }

    async fn save_highest(&mut self) {
        if self.keeper.raise_highest_seen(&self.unsaved).await {
            let saved = self.unsaved.drain(..).map(|seen| ((seen.bot.id.clone(), seen.environment.clone()), seen));
            self.known.get_or_insert_default().extend(saved);
        }
    }

    /// Every bot of which nothing is left where it was seen once, or has an open incident. One that cannot be seen to be gone
    /// is left out.
    fn gone(&self, picture: &Picture, open: &Open) -> Vec<BotView> {
        if !self.eye.sees_what_is_gone() {
            return Vec::new();
        }
        let once = self.known.iter().flatten().map(|(_, highest)| (&highest.bot, &highest.environment));
        let named = open.all().filter_map(|kept| match &kept.incident.subject {
            Subject::Failover { bot, environment } => Some((bot, environment)),
            _ => None,
        });
        let mut told = BTreeSet::new();
        let is_gone = |(bot, environment): &(&Bot, &Environment)| picture.fleet.bot(&bot.id, environment).is_none();
        let gone = once.chain(named).filter(is_gone).filter(|(bot, environment)| told.insert((&bot.id, *environment)));
        gone.map(|(bot, environment)| nothing_left(bot.clone(), environment.clone())).collect()
    }

    /// The operations that may explain what is missing, or what came back: those on every connector of a bot that is not
    /// well, or that has an incident.
    async fn own_doings(&self, picture: &Picture, glances: &[Glance<'_>], open: &Open, now: Timestamp) -> OwnDoings {
        let of_bots = open.of_bots();
        let asked = glances.iter().filter(|glance| {
            let view = glance.view;
            Standing::of(glance.level) != Standing::Well || of_bots.contains_key(&(&view.bot.id, &view.environment))
        });
        let bots: BTreeSet<_> = asked.map(|glance| &glance.view.bot.id).collect();
        let theirs = bots.into_iter().flat_map(|bot| picture.fleet.everywhere(bot)).flat_map(|view| &view.sightings);
        let of: Vec<ConnectorId> = theirs.map(|s| s.connector.id.clone()).collect();
        let operations = self.keeper.last_operations(&of, OPERATIONS_EACH).await;
        OwnDoings::new(operations, &self.watch.policy, now)
    }

    /// What there is to say of being blind, once that has lasted.
    fn blind(&self, picture: &Picture, now: Timestamp) -> Option<Blind> {
        let since = picture.fleet.blind_since()?;
        let lasted = now.duration_since(since).unsigned_abs();
        (lasted >= self.watch.poll_interval * BLIND_AFTER).then(|| Blind {
            since,
            seen_well_at: self.eye.seen_well_at(),
            why: self.eye.cause().to_owned(),
            kind: self.eye.blindness(),
        })
    }
}
