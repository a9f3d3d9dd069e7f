//! What the watch keeps in the store, and how it goes on while that cannot be read or written: from what was last known, with
//! what could not be written in memory, and with alerts that are said directly. When in doubt, they are said again.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::direct::DirectAlerts;
use crate::domain::connector::Environment;
use crate::domain::freeze::Freeze;
use crate::domain::ids::{BotId, ChannelId, ConnectorId};
use crate::domain::incident::{Incident, Phase, Subject};
use crate::domain::mute::Mute;
use crate::domain::notice::Call;
use crate::domain::operation::Operation;
use crate::store::highest::Highest;
use crate::store::incidents::{Change, Changed, Kept, Last};
use crate::store::troubles::Waiting;
use crate::store::{Store, StoreError};

/// The store, and what stands in for it.
#[derive(Debug)]
pub(super) struct Keeper {
    store: Store,
    /// Rung when something was written that is to be delivered.
    delivery: Arc<Notify>,
    alerts: DirectAlerts,
    memory: Mutex<Memory>,
}

/// What stands in for the store.
#[derive(Debug, Default)]
struct Memory {
    /// What was last read.
    known: Known,
    /// What could not be written yet, by the name of what each incident is about, in the order in which it happened.
    unkept: BTreeMap<String, Vec<Unkept>>,
    trouble: Option<StoreError>,
}

#[derive(Debug, Default)]
struct Known {
    /// By the names of what they are about.
    open: BTreeMap<String, Kept>,
    mutes: Vec<Mute>,
    freezes: Vec<Freeze>,
    operations: Vec<Operation>,
    waiting: Vec<Waiting>,
}

/// A change that could not be written.
#[derive(Clone, Debug)]
struct Unkept {
    /// As the store has it; `None` if it has none.
    before: Option<Kept>,
    /// As it is to be kept; `None` to forget it.
    after: Option<Incident>,
    call: Call,
    channel: ChannelId,
}

impl Unkept {
    fn open(&self) -> Option<&Incident> {
        self.after.as_ref().filter(|incident| incident.resolved_at().is_none())
    }
}

impl Keeper {
    pub(super) fn new(store: Store, delivery: Arc<Notify>) -> Self {
        Self { store, delivery, alerts: DirectAlerts::default(), memory: Mutex::default() }
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn direct_alerts(&self) -> DirectAlerts {
        self.alerts.clone()
    }

    /// What went wrong with the store first since this was asked last.
    pub(super) fn trouble(&self) -> Result<(), StoreError> {
        self.memory().trouble.take().map_or(Ok(()), Err)
    }

    /// What was done, if it could be; what went wrong is kept for [`Keeper::trouble`].
    pub(super) fn noted<T>(&self, result: Result<T, StoreError>) -> Option<T> {
        match result {
            Ok(done) => Some(done),
            Err(error) => {
                self.memory().trouble.get_or_insert(error);
                None
            }
        }
    }

    /// The highest counts ever seen, if they can be read.
    pub(super) async fn highest_seen(&self) -> Option<BTreeMap<(BotId, Environment), Highest>> {
        self.noted(self.store.highest_seen().await)
    }

    /// Takes in counts that are higher than those ever seen; whether they are written.
    pub(super) async fn raise_highest_seen(&self, higher: &[Highest]) -> bool {
        self.noted(self.store.raise_highest_seen(higher).await).is_some()
    }

    /// The last operations on each of these connectors.
    pub(super) async fn last_operations(&self, of: &[ConnectorId], each: u32) -> Vec<Operation> {
        match self.noted(self.store.last_operations(of, each).await) {
            Some(operations) => {
                self.memory().known.operations.clone_from(&operations);
                operations
            }
            None => self.memory().known.operations.clone(),
        }
    }

    /// The mutes that were not ended yet.
    pub(super) async fn mutes(&self) -> Vec<Mute> {
        match self.noted(self.store.mutes().await) {
            Some(mutes) => {
                self.memory().known.mutes.clone_from(&mutes);
                mutes
            }
            None => self.memory().known.mutes.clone(),
        }
    }

    /// The freezes that were not ended yet.
    pub(super) async fn freezes(&self) -> Vec<Freeze> {
        match self.noted(self.store.freezes().await) {
            Some(freezes) => {
                self.memory().known.freezes.clone_from(&freezes);
                freezes
            }
            None => self.memory().known.freezes.clone(),
        }
    }

    /// The last incident on each of these subjects that is over; none while the store does not say.
    pub(super) async fn last_incidents(&self, subjects: &[&Subject]) -> BTreeMap<String, Last> {
        self.noted(self.store.last_incidents(subjects).await).unwrap_or_default()
    }

    /// Every incident that is open or suspected. First writes what could not be written before, and sees to it that no alert
    /// waits in vain.
    pub(super) async fn open_incidents(&self, now: Timestamp) -> Vec<Kept> {
        self.catch_up(now).await;
        self.read_open().await;
        self.look_after_alerts().await;
        self.open(|_| true)
    }

    /// The incidents of bots, and of what they make together, that are open or suspected: those on these subjects as they are
    /// now, the others as they were last read.
    pub(super) async fn open_incidents_on(&self, subjects: &[Subject]) -> Vec<Kept> {
        if let Some(read) = self.noted(self.store.open_incidents_on(subjects).await) {
            let mut memory = self.memory();
            for subject in subjects {
                memory.known.open.remove(&subject.name());
            }
            memory.known.open.extend(read.into_iter().map(named));
        }
        self.open(|kept| matches!(kept.incident.subject, Subject::Failover { .. } | Subject::Storm))
    }

    async fn read_open(&self) {
        let version = |kept: &Kept| (kept.incident.id.clone(), kept.version());
        let known: HashMap<_, _> = self.memory().known.open.values().map(version).collect();
        if let Some(now) = self.noted(self.store.open_incidents_since(&known).await) {
            let mut memory = self.memory();
            memory.known.open.retain(|_, kept| now.unchanged.contains(&kept.incident.id));
            memory.known.open.extend(now.changed.into_iter().map(named));
        }
    }

    fn open(&self, wanted: impl Fn(&Kept) -> bool) -> Vec<Kept> {
        let memory = self.memory();
        let is_kept = |(name, kept): &(&String, &Kept)| !memory.unkept.contains_key(*name) && wanted(kept);
        let mut open: Vec<_> = memory.known.open.iter().filter(is_kept).map(|(_, kept)| kept.clone()).collect();
        let last = memory.unkept.values().filter_map(|steps| steps.last());
        open.extend(last.filter_map(|step| Some(Kept::opened(step.open()?.clone()))).filter(|kept| wanted(kept)));
        open
    }

    /// Writes changes of incidents. What cannot be written is so all the same, and what is new, worse or over of it is said
    /// directly.
    pub(super) async fn write_incidents(&self, changes: &[Change<'_>], now: Timestamp) -> Vec<Changed> {
        // Looked at before any of them is carried out: that changes what is unkept.
        let unkept: Vec<_> = changes.iter().map(|change| self.is_unkept(change)).collect();
        let fresh: Vec<_> = changes.iter().zip(&unkept).filter(|(_, unkept)| !**unkept).map(|(c, _)| *c).collect();
        let written = self.store.write_incidents(&fresh, now).await;
        if let Err(error) = &written {
            tracing::error!(%error, "incidents could not be written, so they are said directly");
        }
        let mut written = self.noted(written).map(Vec::into_iter);
        let outcome = |(change, unkept): (&Change<'_>, &bool)| {
            match written.as_mut().filter(|_| !unkept).and_then(Iterator::next) {
                Some(Changed::Now) => self.memory().known.took(change),
                Some(Changed::Stale) => return Changed::Stale,
                None => self.remember(change),
            }
            Changed::Now
        };
        changes.iter().zip(&unkept).map(outcome).collect()
    }

    /// Whether what it changes could not be written either.
    fn is_unkept(&self, change: &Change<'_>) -> bool {
        self.memory().unkept.contains_key(&subject(change))
    }

    fn remember(&self, change: &Change<'_>) {
        self.say(change);
        let mut memory = self.memory();
        let steps = memory.unkept.entry(subject(change)).or_default();
        let follows = |step: &&mut Unkept| {
            let before = change.before.map(|kept| &kept.incident.id);
            before.is_some() && step.after.as_ref().map(|incident| &incident.id) == before
        };
        if let Some(step) = steps.last_mut().filter(follows) {
            step.after = change.after.cloned();
            step.call = if change.call == Call::Nobody { step.call } else { change.call };
        } else {
            let (before, after) = (change.before.cloned(), change.after.cloned());
            steps.push(Unkept { before, after, call: change.call, channel: change.channel });
        }
        steps.retain(|step| step.before.is_some() || step.after.is_some());
        if steps.is_empty() {
            memory.unkept.remove(&subject(change));
        }
    }

    /// Says directly what could not be written: what is new, worse or over, and what changed of that later.
    fn say(&self, change: &Change<'_>) {
        let Some(incident) = change.after.filter(|incident| incident.has_own_card()) else { return };
        let had_card = change.before.is_some_and(|kept| kept.incident.has_own_card());
        let is_over = incident.resolved_at().is_some();
        if !had_card || change.call != Call::Nobody || is_over || self.alerts.has(&incident.id) {
            let muted = incident.attention.muted.is_some();
            self.alerts.say(incident, change.channel, change.call != Call::Nobody && !muted);
        }
    }

    async fn catch_up(&self, now: Timestamp) {
        let unkept = self.memory().unkept.clone();
        for (name, steps) in unkept {
            for step in &steps {
                let written = self.write(step, now).await;
                if self.noted(written).is_none() {
                    return;
                }
                if let Some(steps) = self.memory().unkept.get_mut(&name) {
                    steps.remove(0);
                }
            }
            tracing::info!(subject = name, "written down at last");
            self.memory().unkept.remove(&name);
            self.delivery.notify_one();
        }
    }

    /// Writes what could not be written before. Its roles are mentioned only if no direct alert did that.
    async fn write(&self, step: &Unkept, now: Timestamp) -> Result<(), StoreError> {
        let Unkept { before, after, call, channel } = step;
        let said = |incident: &Incident| incident.announced <= self.alerts.worst_mentioned(&incident.id);
        let call = if after.as_ref().is_some_and(said) { Call::Nobody } else { *call };
        let change = |before, after, call| Change { before, after, call, shown: true, channel: *channel };
        match (before, after) {
            // What was over before it could be written stands on its card as well.
            (None, Some(incident)) if incident.resolved_at().is_some() => {
                let first = Incident { phase: Phase::Open, ..incident.clone() };
                let opened = Kept::opened(first.clone());
                // One after the other: the first one may be there already, from an attempt that seemed to fail.
                for step in [change(None, Some(&first), call), change(Some(&opened), Some(incident), Call::Nobody)] {
                    self.store.write_incidents(&[step], now).await?;
                }
            }
            // Somebody else was there first, or an earlier attempt of ours that seemed to fail: then that is what stands.
            (before, after) => {
                self.store.write_incidents(&[change(before.as_ref(), after.as_ref(), call)], now).await?;
            }
        }
        Ok(())
    }

    /// Sees to it that no alert waits in a store that lets nobody take it out, and that what was said directly is known to
    /// be kept once it is.
    async fn look_after_alerts(&self) {
        if let Some(waiting) = self.noted(self.store.waiting_alerts().await) {
            self.memory().known.waiting = waiting;
        }
        let (in_trouble, waits) = {
            let mut memory = self.memory();
            memory.known.waiting.retain(|waiting| !waiting.stands);
            (memory.trouble.is_some(), !memory.known.waiting.is_empty())
        };
        let said_directly = !self.alerts.is_empty();
        if !in_trouble && (said_directly || waits) {
            self.noted(self.store.check_writable().await);
        }
        let memory = self.memory();
        if memory.trouble.is_some() {
            self.say_what_waits(&memory);
        } else if said_directly && memory.unkept.is_empty() {
            let open = &memory.known.open;
            self.alerts.keep(|incident| {
                let kept = open.get(&incident.subject.name());
                kept.map_or(&incident.id, |kept| &kept.incident.id).clone()
            });
        }
    }

    /// An alert is taken out of the store by writing to it.
    fn say_what_waits(&self, memory: &Memory) {
        for waiting in &memory.known.waiting {
            let Some(alert) = waiting.notice.alert() else { continue };
            let unkept = memory.unkept.get(&alert.subject.name()).and_then(|steps| steps.last()?.after.as_ref());
            let kept = memory.known.open.values().map(|kept| &kept.incident);
            let now = unkept.into_iter().chain(kept).find(|incident| incident.id == alert.id);
            if let Some(incident) = now.filter(|incident| incident.resolved_at().is_none()) {
                self.alerts.say(incident, waiting.channel, waiting.notice.pings());
            }
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Takes in what was written.
    fn took(&mut self, change: &Change<'_>) {
        let subject = subject(change);
        self.open.remove(&subject);
        if let Some(incident) = change.after.filter(|incident| incident.resolved_at().is_none()) {
            let kept = match change.before {
                Some(before) => before.changed(incident.clone()),
                None => Kept::opened(incident.clone()),
            };
            self.open.insert(subject, kept);
        }
    }
}

fn named(kept: Kept) -> (String, Kept) {
    (kept.incident.subject.name(), kept)
}

fn subject(change: &Change<'_>) -> String {
    let before = change.before.map(|kept| &kept.incident);
    change.after.or(before).map(|incident| incident.subject.name()).unwrap_or_default()
}
