//! Mutes: one that is on for each scope, ended once, each with its message and its summary.

use jiff::Timestamp;

use super::attention::hold;
use super::batch::{Batch, Ran, Statement};
use super::incidents::read_kept;
use super::outbox::message;
use super::writer::Who;
use super::{Store, StoreError, audit, body, index_key, millis, to_json};
use crate::domain::audit::Entry;
use crate::domain::ids::Id;
use crate::domain::incident::Incident;
use crate::domain::mute::{Mute, MuteEnd, Summary};
use crate::domain::notice::{Notice, Slot};

/// How often what was overtaken between looking and writing is tried anew.
const TRIES: usize = 20;

/// What became of an attempt to mute.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Muted {
    /// It is written, and so is its message.
    Now,
    /// This mute of the same is on already.
    Before(Box<Mute>),
}

/// What became of an attempt to end a mute.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Unmuted {
    /// This attempt ended it, and its summary is written.
    Now(Box<Mute>),
    /// It was over before (this is how it ended), is not there, or is not over yet.
    Before(Option<Box<Mute>>),
}

impl Store {
    /// The mutes that are on, those that end first before the others.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn mutes(&self) -> Result<Vec<Mute>, StoreError> {
        let rows = sqlx::query("SELECT body FROM mutes WHERE is_on = 1 ORDER BY ends_at, id").fetch_all(&self.reads);
        rows.await?.iter().map(|row| body("mutes", row)).collect()
    }

    /// Writes a mute, its message and its audit record, unless one of the same scope is on.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn mute(&self, mute: &Mute, entry: &Entry, now: Timestamp) -> Result<Muted, StoreError> {
        let scope = index_key(&mute.scope.name());
        let claim = Statement::new(
            "INSERT INTO mutes (id, scope, is_on, ends_at, body) VALUES ($1, $2, 1, $3, $4) \
             ON CONFLICT (scope) WHERE is_on = 1 DO NOTHING",
        )
        .bind(mute.id.as_str())
        .bind(scope.as_str())
        .bind(millis(mute.until))
        .bind(to_json("mutes", mute)?);
        let batch = Batch::default().claim(claim).then(said(mute, now)?).then(audit::statement(entry)?);
        for _ in 0..TRIES {
            if matches!(self.write(batch.clone(), Who::Awaited).await?, Ran::All(_)) {
                return Ok(Muted::Now);
            }
            // The one that was on may have ended by the time we look which it is.
            let row = sqlx::query("SELECT body FROM mutes WHERE scope = $1 AND is_on = 1").bind(&scope);
            if let Some(row) = row.fetch_optional(&self.reads).await? {
                return Ok(Muted::Before(Box::new(body("mutes", &row)?)));
            }
        }
        Err(StoreError::Sql(sqlx::Error::RowNotFound))
    }

    /// Writes that a mute lasts longer, what its message says then, and the audit record; unless it ended or was changed since
    /// it was read. Whether it is written.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn prolong_mute(
        &self,
        before: &Mute,
        after: &Mute,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let claim =
            Statement::new("UPDATE mutes SET ends_at = $1, body = $2 WHERE id = $3 AND is_on = 1 AND ends_at = $4")
                .bind(millis(after.until))
                .bind(to_json("mutes", after)?)
                .bind(after.id.as_str())
                .bind(millis(before.until));
        let batch = Batch::default().claim(claim).then(said(after, now)?).then(audit::statement(entry)?);
        Ok(matches!(self.write(batch, Who::Awaited).await?, Ran::All(_)))
    }

    /// Ends a mute that is on, with its summary; with its audit record, if somebody ended it.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn end_mute(
        &self,
        id: &Id,
        end: MuteEnd,
        entry: Option<&Entry>,
        now: Timestamp,
    ) -> Result<Unmuted, StoreError> {
        let who = if entry.is_some() { Who::Awaited } else { Who::Other };
        for _ in 0..TRIES {
            let Some(before) = self.mute_of(id).await? else { return Ok(Unmuted::Before(None)) };
            if before.ended.is_some() {
                return Ok(Unmuted::Before(Some(Box::new(before))));
            }
            // Somebody prolonged it since its time was found to be over.
            if matches!(end, MuteEnd::Over { at } if !before.is_over(at)) {
                return Ok(Unmuted::Before(None));
            }
            let mute = Mute { ended: Some(end.clone()), ..before };
            let covered = self.covered(id).await?;
            let told = Notice::Summary { mute: mute.clone(), summary: Summary::of(&covered.incidents) };
            // It is held first: a statement sees what was committed before it began, and so the next one sees all that the mute
            // has covered.
            let mut batch = Batch::default()
                .claim(hold(id))
                .claim(covered.ends(&mute)?)
                .then(said(&mute, now)?)
                .then(message(&Slot::Summary(id.clone()), mute.channel, &told, now)?);
            if let Some(entry) = entry {
                batch = batch.then(audit::statement(entry)?);
            }
            if let Ran::All(_) = self.write(batch, who).await? {
                return Ok(Unmuted::Now(Box::new(mute)));
            }
        }
        Err(StoreError::Sql(sqlx::Error::RowNotFound))
    }

    /// The incidents that stood while it covered them, as they stand now.
    async fn covered(&self, mute: &Id) -> Result<Covered, StoreError> {
        let rows = sqlx::query(
            "SELECT i.body AS body, i.version AS version FROM incidents i JOIN muted_incidents m ON m.incident = i.id \
             WHERE m.mute = $1 ORDER BY i.opened_at, i.id",
        )
        .bind(mute.as_str())
        .fetch_all(&self.reads)
        .await?;
        let kept = rows.iter().map(read_kept).collect::<Result<Vec<_>, _>>()?;
        let versions = kept.iter().map(|kept| kept.version).sum();
        Ok(Covered { incidents: kept.into_iter().map(|kept| kept.incident).collect(), versions })
    }

    /// A mute, whether it is on or over.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn mute_of(&self, id: &Id) -> Result<Option<Mute>, StoreError> {
        let row = sqlx::query("SELECT body FROM mutes WHERE id = $1").bind(id.as_str()).fetch_optional(&self.reads);
        row.await?.map(|row| body("mutes", &row)).transpose()
    }
}

/// What a mute covered, as it was read.
struct Covered {
    incidents: Vec<Incident>,
    versions: i64,
}

impl Covered {
    /// Ends the mute if it lasts as long as was read, has covered nothing else, and nothing of that has changed: nothing of it is ever taken away, and versions
    /// only go up.
    fn ends(&self, mute: &Mute) -> Result<Statement, StoreError> {
        Ok(Statement::new(
            "UPDATE mutes SET is_on = 0, body = $1 WHERE id = $2 AND is_on = 1 AND ends_at = $5 \
             AND $3 = (SELECT COUNT(*) FROM muted_incidents m WHERE m.mute = $2) \
             AND $4 = (SELECT COALESCE(SUM(i.version), 0) FROM incidents i JOIN muted_incidents m ON m.incident = i.id \
             WHERE m.mute = $2)",
        )
        .bind(to_json("mutes", mute)?)
        .bind(mute.id.as_str())
        .bind(i64::try_from(self.incidents.len()).unwrap_or(i64::MAX))
        .bind(self.versions)
        .bind(millis(mute.until)))
    }
}

fn said(mute: &Mute, now: Timestamp) -> Result<Statement, StoreError> {
    message(&Slot::Mute(mute.id.clone()), mute.channel, &Notice::Mute { mute: mute.clone() }, now)
}
