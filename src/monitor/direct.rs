//! Alerts that could not be written down: shared between the watch, which knows of them, and whoever posts them directly.
//!
//! In memory only, because there is nowhere else. It says how things are, not what happened, so nothing is missed by who
//! looks late, and it never grows beyond the incidents that are open.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::ids::{ChannelId, Id};
use crate::domain::incident::{Incident, Severity};

/// An alert that could not be written down.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectAlert {
    /// The incident as it stands.
    pub incident: Incident,
    /// Where it is to be posted.
    pub channel: ChannelId,
    /// Whether policy mentions the roles for how bad it is now.
    pub ping: bool,
    /// The incident as which it is kept since the store works again.
    pub kept_as: Option<Id>,
    /// The worst that the roles were mentioned for by a direct post.
    mentioned: Severity,
}

/// All of them. Cheap to clone; clones share them.
#[derive(Clone, Debug, Default)]
pub struct DirectAlerts {
    alerts: Arc<Mutex<BTreeMap<Id, DirectAlert>>>,
    bell: Arc<Notify>,
}

impl DirectAlerts {
    /// Each of them.
    pub fn list(&self) -> Vec<DirectAlert> {
        self.lock().values().cloned().collect()
    }

    /// How many are kept nowhere yet.
    pub fn unwritten(&self) -> usize {
        self.lock().values().filter(|alert| alert.kept_as.is_none()).count()
    }

    /// Waits until one is new, changed or kept.
    pub async fn changed(&self) {
        self.bell.notified().await;
    }

    /// Takes in that the roles were mentioned for an incident as bad as this.
    pub fn mentioned(&self, incident: &Id, severity: Severity) {
        if let Some(alert) = self.lock().get_mut(incident) {
            alert.mentioned = alert.mentioned.max(severity);
        }
    }

    /// Takes away an alert of which nothing is left to be said, unless it could not be written once more.
    pub fn forget(&self, incident: &Id) {
        let mut alerts = self.lock();
        if alerts.get(incident).is_some_and(|alert| alert.kept_as.is_some()) {
            alerts.remove(incident);
        }
    }

    /// The alert is to be posted, or edited to say what it says now.
    pub(super) fn say(&self, incident: &Incident, channel: ChannelId, ping: bool) {
        let mut alerts = self.lock();
        let before = alerts.get(&incident.id);
        let is_due = before.is_some_and(|alert| alert.ping && alert.incident.announced == incident.announced);
        let said = DirectAlert {
            incident: incident.clone(),
            channel,
            ping: (ping || is_due) && incident.resolved_at().is_none(),
            kept_as: None,
            mentioned: before.map_or(Severity::Quiet, |alert| alert.mentioned),
        };
        if alerts.insert(incident.id.clone(), said.clone()).as_ref() != Some(&said) {
            self.bell.notify_one();
        }
    }

    /// Whether an incident was said directly.
    pub(super) fn has(&self, incident: &Id) -> bool {
        self.lock().contains_key(incident)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The worst that the roles were mentioned for.
    pub(super) fn worst_mentioned(&self, incident: &Id) -> Severity {
        self.lock().get(incident).map_or(Severity::Quiet, |alert| alert.mentioned)
    }

    /// All are kept now, each as the incident that `kept` names.
    pub(super) fn keep(&self, kept: impl Fn(&Incident) -> Id) {
        for alert in self.lock().values_mut() {
            alert.kept_as = Some(kept(&alert.incident));
        }
        self.bell.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Id, DirectAlert>> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
