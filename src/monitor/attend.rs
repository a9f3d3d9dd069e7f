//! What time alone brings: mutes and snoozes end, what still stands is said again, and escalated if nobody has it.

use jiff::Timestamp;

use super::{Monitor, Ticked};
use crate::domain::attention::attend;
use crate::domain::mute::{Mute, MuteEnd};
use crate::store::StoreError;
use crate::store::incidents::Changed;
use crate::store::mutes::Unmuted;

impl Monitor {
    /// The mutes that are on now; those whose time is over are ended, each with its summary.
    pub(super) async fn mutes(&self, ticked: &mut Ticked, now: Timestamp) -> Result<Vec<Mute>, StoreError> {
        let (over, on): (Vec<_>, Vec<_>) = self.store.mutes().await?.into_iter().partition(|mute| mute.is_over(now));
        for mute in over {
            if let Unmuted::Now(mute) = self.store.end_mute(&mute.id, MuteEnd::Over { at: now }, None, now).await? {
                ticked.attended += 1;
                tracing::info!(mute = mute.id.reference(), scope = mute.scope.name(), "its time is over");
            }
        }
        Ok(on)
    }

    /// Looks at each open incident as it stands in the store now: what was judged in this tick is judged.
    pub(super) async fn attend(&self, mutes: &[Mute], ticked: &mut Ticked, now: Timestamp) -> Result<(), StoreError> {
        for kept in self.store.open_incidents().await? {
            let incident = &kept.incident;
            let Some(attended) = attend(incident, mutes, &self.watch.policy, now) else { continue };
            match self.store.attend_incident(&kept, &attended, now).await? {
                Changed::Now => {
                    ticked.attended += 1;
                    for (due, number) in attended.due {
                        let due = due.word();
                        tracing::warn!(incident = incident.id.reference(), due, number, "said again");
                    }
                }
                // Somebody pressed a button just now, or ended the mute: the next tick looks again.
                Changed::Stale => {}
            }
        }
        Ok(())
    }
}
