//! What the watch keeps in the store, and how it goes on while that cannot be read or written: from what was last known, with
//! what could not be written in memory, and with alerts that are said directly. When in doubt, they are said again.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::direct::DirectAlerts;
use crate::domain::connector::Environment;
use crate::domain::ids::{BotId, ChannelId, ConnectorId};
use crate::domain::incident::Incident;
use crate::domain::operation::Operation;
use crate::store::incidents::{Changed, Highest, Kept, Opened};
use crate::store::troubles::Waiting;
use crate::store::{Store, StoreError};

/// The highest counts ever seen.
pub(super) type HighestSeen = BTreeMap<(BotId, Environment), Highest>;

/// The store, and what stands in for it.
#[derive(Debug)]
pub(super) struct Keeper {
    store: Store,
    /// Rung when something was written that is to be delivered.
    delivery: Arc<Notify>,
    alerts: DirectAlerts,
    known: Known,
    /// Incidents that could not be written as they are now, by the name of what each is about.
    unkept: BTreeMap<String, Unkept>,
    /// Counts that could not be written yet.
    unkept_highest: HighestSeen,
    trouble: Option<StoreError>,
}

/// What was last read.
#[derive(Debug, Default)]
struct Known {
    highest: HighestSeen,
    open: Vec<Kept>,
    operations: Vec<Operation>,
    waiting: Vec<Waiting>,
}

/// An incident that could not be written as it is now.
#[derive(Clone, Debug)]
struct Unkept {
    /// As the store has it; `None` if it has none.
    before: Option<Kept>,
    incident: Incident,
    /// Whether its card pings.
    ping: bool,
    /// Whether it got worse than its card says, which pings too.
    worse: bool,
    channel: ChannelId,
}

/// What became of writing an incident.
enum Written {
    Now,
    /// Somebody else was there first, or an earlier attempt of ours that seemed to fail.
    Before,
}

impl Keeper {
    pub(super) fn new(store: Store, delivery: Arc<Notify>) -> Self {
        Self {
            store,
            delivery,
            alerts: DirectAlerts::default(),
            known: Known::default(),
            unkept: BTreeMap::new(),
            unkept_highest: HighestSeen::new(),
            trouble: None,
        }
    }

    pub(super) fn direct_alerts(&self) -> DirectAlerts {
        self.alerts.clone()
    }

    /// What went wrong with the store first since this was asked last.
    pub(super) fn trouble(&mut self) -> Result<(), StoreError> {
        self.trouble.take().map_or(Ok(()), Err)
    }

    /// The highest counts ever seen.
    pub(super) async fn highest_seen(&mut self) -> HighestSeen {
        let read = self.store.highest_seen().await;
        if let Some(highest) = self.noted(read) {
            self.known.highest = highest;
        }
        self.known_highest()
    }

    /// The highest counts ever seen, as they were last read, with what was seen since.
    pub(super) fn known_highest(&self) -> HighestSeen {
        let mut highest = self.known.highest.clone();
        highest.extend(self.unkept_highest.clone());
        highest
    }

    /// Takes in counts that are higher than those ever seen.
    pub(super) async fn raise_highest_seen(&mut self, higher: Vec<Highest>) {
        if higher.is_empty() && self.unkept_highest.is_empty() {
            return;
        }
        let key = |highest: &Highest| (highest.bot.id.clone(), highest.environment.clone());
        self.unkept_highest.extend(higher.into_iter().map(|highest| (key(&highest), highest)));
        let higher: Vec<_> = self.unkept_highest.values().cloned().collect();
        let raised = self.store.raise_highest_seen(&higher).await;
        if self.noted(raised).is_some() {
            self.known.highest.append(&mut self.unkept_highest);
        }
    }

    /// The last operations on each of these connectors.
    pub(super) async fn last_operations(&mut self, of: &[ConnectorId], each: u32) -> Vec<Operation> {
        let read = self.store.last_operations(of, each).await;
        if let Some(operations) = self.noted(read) {
            self.known.operations = operations;
        }
        self.known.operations.clone()
    }

    /// Every open incident. First writes what could not be written before.
    pub(super) async fn open_incidents(&mut self, now: Timestamp) -> Vec<Kept> {
        self.catch_up(now).await;
        let read = self.store.open_incidents().await;
        if let Some(open) = self.noted(read) {
            self.known.open = open;
        }
        self.look_after_alerts().await;
        let unkept = |kept: &&Kept| !self.unkept.contains_key(&kept.incident.subject.name());
        let mut open: Vec<_> = self.known.open.iter().filter(unkept).cloned().collect();
        let unresolved = self.unkept.values().filter(|unkept| unkept.incident.resolved_at.is_none());
        open.extend(unresolved.map(|unkept| Kept::opened(unkept.incident.clone())));
        open
    }

    /// Opens an incident. If that cannot be written, it is open all the same, and said directly.
    pub(super) async fn open_incident(
        &mut self,
        incident: &Incident,
        ping: bool,
        channel: ChannelId,
        now: Timestamp,
    ) -> Result<Opened, StoreError> {
        let unkept = Unkept { before: None, incident: incident.clone(), ping, worse: false, channel };
        Ok(match self.keep(unkept, now).await? {
            Written::Now => Opened::Now,
            Written::Before => Opened::AlreadyOpen,
        })
    }

    /// Changes an incident. If that cannot be written, it is so all the same, and what policy would say of it is said
    /// directly.
    pub(super) async fn change_incident(
        &mut self,
        before: &Kept,
        incident: &Incident,
        worse: bool,
        channel: ChannelId,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let incident = incident.clone();
        let unkept = match self.unkept.remove(&incident.subject.name()) {
            Some(earlier) => Unkept { incident, worse: earlier.worse || worse, ..earlier },
            None => Unkept { before: Some(before.clone()), incident, ping: false, worse, channel },
        };
        Ok(match self.keep(unkept, now).await? {
            Written::Now => Changed::Now,
            Written::Before => Changed::Stale,
        })
    }

    async fn keep(&mut self, unkept: Unkept, now: Timestamp) -> Result<Written, StoreError> {
        let written = self.write(&unkept, now).await;
        if written.is_err() {
            self.say(&unkept);
            self.unkept.insert(unkept.incident.subject.name(), unkept);
        }
        written
    }

    /// Writes an incident, whose roles are mentioned only if no direct alert did that.
    async fn write(&mut self, unkept: &Unkept, now: Timestamp) -> Result<Written, StoreError> {
        let Unkept { before, incident, ping, worse, channel } = unkept;
        let unsaid = incident.announced > self.alerts.worst_mentioned(&incident.id);
        let kept = match before {
            Some(before) => {
                match self.store.change_incident(before, incident, *worse && unsaid, *channel, now).await? {
                    Changed::Stale => return Ok(Written::Before),
                    Changed::Now => before.changed(incident.clone()),
                }
            }
            None => {
                let first = Incident { resolved_at: None, ..incident.clone() };
                let ping = (*ping || *worse) && unsaid;
                if self.store.open_incident(&first, ping, *channel, now).await? == Opened::AlreadyOpen {
                    return Ok(Written::Before);
                }
                let opened = Kept::opened(first);
                // What was over before it could be written stands on its card as well.
                if incident.resolved_at.is_some()
                    && self.store.change_incident(&opened, incident, false, *channel, now).await? == Changed::Stale
                {
                    return Ok(Written::Before);
                }
                opened
            }
        };
        let subject = incident.subject.name();
        self.known.open.retain(|known| known.incident.subject.name() != subject);
        if incident.resolved_at.is_none() {
            self.known.open.push(kept);
        }
        self.delivery.notify_one();
        Ok(Written::Now)
    }

    /// Says directly what could not be written: what is new, worse or over, and what changed of that later.
    fn say(&self, unkept: &Unkept) {
        let Unkept { before, incident, ping, worse, channel } = unkept;
        let is_over = incident.resolved_at.is_some();
        if before.is_none() || *worse || is_over || self.alerts.has(&incident.id) {
            self.alerts.say(incident, *channel, *ping || *worse);
        }
    }

    async fn catch_up(&mut self, now: Timestamp) {
        for (subject, unkept) in self.unkept.clone() {
            let written = self.write(&unkept, now).await;
            if self.noted(written).is_none() {
                return;
            }
            tracing::info!(incident = unkept.incident.id.reference(), subject, "written down at last");
            self.unkept.remove(&subject);
        }
    }

    /// Sees to it that no alert waits in a store that lets nobody take it out, and that what was said directly is known to
    /// be kept once it is.
    async fn look_after_alerts(&mut self) {
        let read = self.store.waiting_alerts().await;
        if let Some(waiting) = self.noted(read) {
            self.known.waiting = waiting;
        }
        self.known.waiting.retain(|waiting| !waiting.stands);
        let said_directly = !self.alerts.is_empty();
        if self.trouble.is_none() && (said_directly || !self.known.waiting.is_empty()) {
            let written = self.store.check_writable().await;
            self.noted(written);
        }
        if self.trouble.is_some() {
            self.say_what_waits();
        } else if said_directly && self.unkept.is_empty() {
            let open = &self.known.open;
            self.alerts.keep(|incident| {
                let subject = incident.subject.name();
                let kept = open.iter().find(|kept| kept.incident.subject.name() == subject);
                kept.map_or(&incident.id, |kept| &kept.incident.id).clone()
            });
        }
    }

    /// An alert is taken out of the store by writing to it.
    fn say_what_waits(&self) {
        for waiting in &self.known.waiting {
            let Some(alert) = waiting.notice.alert() else { continue };
            let unkept = self.unkept.get(&alert.subject.name()).map(|unkept| &unkept.incident);
            let kept = self.known.open.iter().map(|kept| &kept.incident);
            let now = unkept.into_iter().chain(kept).find(|incident| incident.id == alert.id);
            if let Some(incident) = now.filter(|incident| incident.resolved_at.is_none()) {
                self.alerts.say(incident, waiting.channel, waiting.notice.pings());
            }
        }
    }

    fn noted<T>(&mut self, result: Result<T, StoreError>) -> Option<T> {
        match result {
            Ok(done) => Some(done),
            Err(error) => {
                self.trouble.get_or_insert(error);
                None
            }
        }
    }
}
