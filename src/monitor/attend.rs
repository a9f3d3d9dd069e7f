//! What time alone brings: mutes and snoozes end, what still stands is said again, and escalated if nobody has it.

use std::collections::HashMap;

use jiff::Timestamp;

use super::Monitor;
use super::round::{Case, Open};
use crate::domain::attention::attend;
use crate::domain::incident::Incident;
use crate::domain::mute::{Mute, MuteEnd};
use crate::store::StoreError;
use crate::store::incidents::Changed;
use crate::store::mutes::Unmuted;

/// The mutes at one look.
pub(super) struct Mutes {
    /// Those that are on.
    pub(super) on: Vec<Mute>,
    /// How many have just ended.
    pub(super) ended: usize,
}

impl Monitor {
    /// The mutes that are on now; those whose time is over are ended, each with its summary.
    pub(super) async fn mutes(&self, now: Timestamp) -> Mutes {
        let (over, on): (Vec<_>, Vec<_>) = self.keeper.mutes().await.into_iter().partition(|mute| mute.is_over(now));
        let mut ended = 0;
        for mute in over {
            let end = self.keeper.store().end_mute(&mute.id, MuteEnd::Over { at: now }, None, now).await;
            if let Some(Unmuted::Now(mute)) = self.keeper.noted(end) {
                ended += 1;
                tracing::info!(mute = mute.id.reference(), scope = mute.scope.name(), "its time is over");
            }
        }
        Mutes { on, ended }
    }

    /// Looks at every incident that is open, also at those of which nothing was seen now. How many changed.
    pub(super) async fn attend(&self, open: &Open, cases: &[Case<'_>], mutes: &[Mute], now: Timestamp) -> usize {
        let before = open.all().map(|kept| &kept.incident);
        let after = cases.iter().filter_map(Case::incident);
        let incidents: HashMap<_, _> = before.chain(after).map(|incident| (&incident.id, incident)).collect();
        let mut attended = 0;
        for incident in incidents.into_values() {
            if attend(incident, mutes, &self.watch.policy, now).is_some() {
                let done = self.attend_to(incident, mutes, now).await;
                attended += usize::from(self.keeper.noted(done).unwrap_or(false));
            }
        }
        attended
    }

    /// Looks at one once more, as it stands in the store now: somebody may have pressed a button meanwhile.
    async fn attend_to(&self, incident: &Incident, mutes: &[Mute], now: Timestamp) -> Result<bool, StoreError> {
        let Some(kept) = self.keeper.store().incident(&incident.id).await? else { return Ok(false) };
        let Some(attended) = attend(&kept.incident, mutes, &self.watch.policy, now) else { return Ok(false) };
        // Who was quicker is looked at by the next tick.
        if self.keeper.store().attend_incident(&kept, &attended, now).await? == Changed::Stale {
            return Ok(false);
        }
        for (due, number) in attended.due {
            let due = due.word();
            tracing::warn!(incident = incident.id.reference(), due, number, "said again");
        }
        Ok(true)
    }
}
