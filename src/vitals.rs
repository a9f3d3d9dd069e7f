//! Is the process doing its work? What can be told of that from inside, for readiness, the heartbeat and the metrics.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::discord::pulse::Pulse;
use crate::domain::policy::Picture;
use crate::monitor::direct::DirectAlerts;
use crate::store::{Store, StoreError};

/// How many poll intervals old a reading may be.
const FRESH: u32 = 3;
/// How long a message that is due may wait until it is tried, and an open incident until it stands on Discord.
pub const WAITS_AT_MOST: Duration = Duration::from_secs(120);

/// What the process's health is read off. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Vitals {
    /// The fleet as it was last read.
    pub picture: watch::Receiver<Arc<Picture>>,
    /// How often it is read.
    pub poll_interval: Duration,
    /// Discord's gateway.
    pub gateway: Arc<Pulse>,
    /// The store.
    pub store: Store,
    /// What could not be written there.
    pub direct_alerts: DirectAlerts,
}

/// Why something that went wrong now could go unseen or unsaid.
#[derive(Debug, thiserror::Error)]
pub enum Ailment {
    /// The fleet was not read for three poll intervals.
    #[error("the fleet was not read for three poll intervals")]
    PollsStale,
    /// Discord's gateway does not answer.
    #[error("Discord's gateway does not answer")]
    GatewaySilent,
    /// The store cannot be read or written.
    #[error("the store fails: {0}")]
    StoreFails(StoreError),
    /// Alerts could not be written down.
    #[error("alerts could not be written down")]
    AlertsUnwritten,
    /// A message is due, and nobody tries to send it.
    #[error("a message was due at {due}, and nobody has tried to send it")]
    OutboxStuck {
        /// Since when.
        due: Timestamp,
    },
    /// An incident is open, and does not stand on Discord.
    #[error("incident {incident} is open, and waits since {since} to stand on Discord")]
    IncidentUnseen {
        /// Its reference.
        incident: String,
        /// Since when.
        since: Timestamp,
    },
}

impl Vitals {
    /// Whether the fleet was read within three poll intervals.
    pub fn polls_fresh(&self, now: Timestamp) -> bool {
        let read_at = self.picture.borrow().fleet.read_at();
        let limit = self.poll_interval.saturating_mul(FRESH);
        read_at.is_some_and(|at| now.duration_since(at).unsigned_abs() <= limit)
    }

    /// Whether Discord's gateway answers.
    pub fn gateway_answers(&self) -> bool {
        self.gateway.is_connected()
    }

    /// Whether whatever goes wrong now would be seen, kept and said.
    ///
    /// # Errors
    /// The first reason why it might not.
    pub async fn judge(&self, now: Timestamp) -> Result<(), Ailment> {
        if !self.polls_fresh(now) {
            return Err(Ailment::PollsStale);
        }
        if !self.gateway_answers() {
            return Err(Ailment::GatewaySilent);
        }
        self.store.check_writable().await.map_err(Ailment::StoreFails)?;
        if self.direct_alerts.unwritten() > 0 {
            return Err(Ailment::AlertsUnwritten);
        }
        let too_long =
            |since: Timestamp| Duration::try_from(now.duration_since(since)).is_ok_and(|waits| waits > WAITS_AT_MOST);
        let due = self.store.next_message_due().await.map_err(Ailment::StoreFails)?;
        if let Some(due) = due.filter(|due| too_long(*due)) {
            return Err(Ailment::OutboxStuck { due });
        }
        for waiting in self.store.waiting_alerts().await.map_err(Ailment::StoreFails)? {
            let open = waiting.notice.alert().filter(|incident| incident.resolved_at().is_none());
            if let Some(incident) = open.filter(|_| !waiting.stands && too_long(waiting.since)) {
                let incident = incident.id.reference().to_owned();
                return Err(Ailment::IncidentUnseen { incident, since: waiting.since });
            }
        }
        Ok(())
    }
}
