//! What people did about an incident, and what is said of it again: written with its card, in one transaction.

use super::incidents::{Changed, Kept, read_kept};
use super::outbox::{card, put};
use super::timeline::lines;
use super::{Store, StoreError, Tx, audit, to_json};
use crate::domain::attention::{Attended, Attention};
use crate::domain::audit::Entry;
use crate::domain::ids::{ChannelId, Id};
use crate::domain::incident::Incident;
use crate::domain::notice::{Notice, Slot};
use jiff::Timestamp;

impl Store {
    /// An incident, whether it is open or over.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn incident(&self, id: &Id) -> Result<Option<Kept>, StoreError> {
        let row = sqlx::query("SELECT body, version FROM incidents WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(read_kept).transpose()
    }

    /// Keeps what a look at an open incident came to, with what its card says now and the replies that are due. A reply has
    /// a slot of its own, so that none is written twice.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn attend_incident(
        &self,
        before: &Kept,
        attended: &Attended,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let pool = self.other().await;
        let mut tx = pool.begin().await?;
        let Some(incident) = keep(&mut tx, before, &attended.attention, now).await? else { return Ok(Changed::Stale) };
        // Whoever ended the mute meanwhile said that it is over.
        if incident.attention.muted.is_some() && !hush(&mut tx, &incident).await? {
            return Ok(Changed::Stale);
        }
        if let Some(channel) = edit_card(&mut tx, &incident, now).await? {
            for (due, number) in &attended.due {
                // What Discord has not taken yet would only say the same, and ping for it.
                withdraw(&mut tx, &incident.id, &format!("{}:", due.word())).await?;
                let slot = Slot::Again(incident.id.clone(), *due, *number);
                let again = Notice::Again { incident: incident.clone(), due: *due, at: now };
                put(&mut tx, &slot, channel, &again, now).await?;
            }
        }
        tx.commit().await?;
        Ok(Changed::Now)
    }

    /// Keeps what somebody did about an open incident, with what its card says now and the audit record.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn handle_incident(
        &self,
        before: &Kept,
        attention: &Attention,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let _awaited = self.awaited();
        let mut tx = self.pool.begin().await?;
        let Some(incident) = keep(&mut tx, before, attention, now).await? else { return Ok(Changed::Stale) };
        edit_card(&mut tx, &incident, now).await?;
        audit::statement(entry)?.execute(&mut tx).await?;
        tx.commit().await?;
        Ok(Changed::Now)
    }
}

/// The claim: one conditional write, which nobody passes who read an older version; with what happened by it.
async fn keep(
    tx: &mut Tx<'_>,
    before: &Kept,
    attention: &Attention,
    now: Timestamp,
) -> Result<Option<Incident>, StoreError> {
    let incident = Incident { attention: attention.clone(), ..before.incident.clone() };
    let kept = sqlx::query(
        "UPDATE incidents SET body = $1, version = version + 1 WHERE id = $2 AND is_open = 1 AND version = $3",
    )
    .bind(to_json("incidents", &incident)?)
    .bind(incident.id.as_str())
    .bind(before.version)
    .execute(&mut **tx)
    .await?;
    if kept.rows_affected() == 0 {
        return Ok(None);
    }
    for line in lines(Some(&before.incident), &incident, before.version.saturating_add(1), now)? {
        line.execute(tx).await?;
    }
    Ok(Some(incident))
}

/// Edits the card, and tells where it stands. Whether it pings when it is first posted was decided when it was opened.
async fn edit_card(tx: &mut Tx<'_>, incident: &Incident, now: Timestamp) -> Result<Option<ChannelId>, StoreError> {
    let slot = Slot::Card(incident.id.clone());
    let Some(stands) = card(tx, &slot).await? else { return Ok(None) };
    let edited = Notice::Card { incident: incident.clone(), ping: stands.ping };
    put(tx, &slot, stands.channel, &edited, now).await?;
    Ok(Some(stands.channel))
}

/// Whether a mute covers an incident now, as its card says it does; written down for the mute's summary.
///
/// The mute's row is held until this is over, so that nobody ends it meanwhile with a summary that leaves this out.
pub(super) async fn hush(tx: &mut Tx<'_>, incident: &Incident) -> Result<bool, StoreError> {
    let Some(hush) = &incident.attention.muted else { return Ok(false) };
    let is_on = sqlx::query("UPDATE mutes SET is_on = is_on WHERE id = $1 AND is_on = 1").bind(hush.mute.as_str());
    if is_on.execute(&mut **tx).await?.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("INSERT INTO muted_incidents (mute, incident) VALUES ($1, $2) ON CONFLICT (mute, incident) DO NOTHING")
        .bind(hush.mute.as_str())
        .bind(incident.id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(true)
}

/// Takes back the replies to a card that nobody has tried to post yet: those whose slots begin like this.
pub(super) async fn withdraw(tx: &mut Tx<'_>, incident: &Id, beginning: &str) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM outbox WHERE replies_to = $1 AND slot LIKE $2 AND message IS NULL AND first_tried_at IS NULL \
         AND leased_until = 0",
    )
    .bind(Slot::Card(incident.clone()).name())
    .bind(format!("{beginning}%"))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
