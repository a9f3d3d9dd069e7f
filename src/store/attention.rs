//! What people did about an incident, and what is said of it again: written with its card, in one transaction.

use super::batch::{Batch, Ran, Statement};
use super::incidents::{Changed, Kept, read_kept};
use super::outbox::{edited, reply};
use super::timeline::lines;
use super::writer::Who;
use super::{Store, StoreError, audit, to_json};
use crate::domain::attention::{Attended, Attention};
use crate::domain::audit::Entry;
use crate::domain::ids::Id;
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
        let incident = Incident { attention: attended.attention.clone(), ..before.incident.clone() };
        let mut batch = kept(before, &incident, now)?;
        if let Some(hush) = &incident.attention.muted {
            // Whoever ended the mute meanwhile said that it is over.
            batch = batch.claim(hold(&hush.mute)).then(covers(&hush.mute, &incident));
        }
        batch = batch.then(edited(&incident, now)?);
        for (due, number) in &attended.due {
            // What Discord has not taken yet would only say the same, and ping for it.
            batch = batch.then(withdraw(&incident.id, &format!("{}:", due.word())));
            let slot = Slot::Again(incident.id.clone(), *due, *number);
            let again = Notice::Again { incident: incident.clone(), due: *due, at: now };
            batch = batch.then(reply(&slot, &again, None, now)?);
        }
        self.changed(batch, Who::Other).await
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
        let incident = Incident { attention: attention.clone(), ..before.incident.clone() };
        let batch = kept(before, &incident, now)?.then(edited(&incident, now)?);
        self.changed(batch.then(audit::statement(entry)?), Who::Awaited).await
    }

    async fn changed(&self, batch: Batch, who: Who) -> Result<Changed, StoreError> {
        Ok(match self.write(batch, who).await? {
            Ran::All(_) => Changed::Now,
            Ran::Stopped(_) => Changed::Stale,
        })
    }
}

/// The claim: one conditional write, which nobody passes who read an older version; with what happened by it.
fn kept(before: &Kept, incident: &Incident, now: Timestamp) -> Result<Batch, StoreError> {
    let claim = Statement::new(
        "UPDATE incidents SET body = $1, version = version + 1 WHERE id = $2 AND is_open = 1 AND version = $3",
    )
    .bind(to_json("incidents", incident)?)
    .bind(incident.id.as_str())
    .bind(before.version);
    let lines = lines(Some(before), incident, now)?;
    Ok(lines.into_iter().fold(Batch::default().claim(claim), Batch::then))
}

/// Holds a mute's row, if it is on, until all is written, so that nobody ends it meanwhile with a summary that leaves this
/// out. It changes no row if the mute is over.
pub(super) fn hold(mute: &Id) -> Statement {
    Statement::new("UPDATE mutes SET is_on = is_on WHERE id = $1 AND is_on = 1").bind(mute.as_str())
}

/// Writes down, for the mute's summary, that it covers an incident as its card says it does, if it is on.
pub(super) fn covers(mute: &Id, incident: &Incident) -> Statement {
    Statement::new(
        "INSERT INTO muted_incidents (mute, incident) SELECT id, $2 FROM mutes WHERE id = $1 AND is_on = 1 \
         ON CONFLICT (mute, incident) DO NOTHING",
    )
    .bind(mute.as_str())
    .bind(incident.id.as_str())
}

/// Takes back the replies to a card that nobody has tried to post yet: those whose slots begin like this.
pub(super) fn withdraw(incident: &Id, beginning: &str) -> Statement {
    Statement::new(
        "DELETE FROM outbox WHERE replies_to = $1 AND slot LIKE $2 AND message IS NULL AND first_tried_at IS NULL \
         AND leased_until = 0",
    )
    .bind(Slot::Card(incident.clone()).name())
    .bind(format!("{beginning}%"))
}
