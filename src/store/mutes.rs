//! Mutes: one that is on for each scope, ended once, each with its message and its summary.

use jiff::Timestamp;

use super::outbox::put;
use super::{Store, StoreError, Tx, audit, body, index_key, millis, to_json};
use crate::domain::audit::Entry;
use crate::domain::ids::Id;
use crate::domain::incident::Incident;
use crate::domain::mute::{Mute, MuteEnd, Summary};
use crate::domain::notice::{Notice, Slot};

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
    /// It was over before (this is how it ended), or is not there.
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
        let _awaited = self.awaited();
        let mut tx = self.pool.begin().await?;
        let scope = index_key(&mute.scope.name());
        let written = sqlx::query(
            "INSERT INTO mutes (id, scope, is_on, ends_at, body) VALUES ($1, $2, 1, $3, $4) \
             ON CONFLICT (scope) WHERE is_on = 1 DO NOTHING",
        )
        .bind(mute.id.as_str())
        .bind(&scope)
        .bind(millis(mute.until))
        .bind(to_json("mutes", mute)?)
        .execute(&mut *tx)
        .await?;
        if written.rows_affected() == 0 {
            let row = sqlx::query("SELECT body FROM mutes WHERE scope = $1 AND is_on = 1").bind(&scope);
            let row = row.fetch_one(&mut *tx).await?;
            return Ok(Muted::Before(Box::new(body("mutes", &row)?)));
        }
        say(&mut tx, mute, now).await?;
        audit::statement(entry)?.execute(&mut tx).await?;
        tx.commit().await?;
        self.seal_soon();
        Ok(Muted::Now)
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
        let _awaited = entry.and_then(|_| self.awaited());
        let mut tx = self.pool.begin().await?;
        let row = sqlx::query("SELECT body FROM mutes WHERE id = $1").bind(id.as_str()).fetch_optional(&mut *tx);
        let Some(row) = row.await? else { return Ok(Unmuted::Before(None)) };
        let before: Mute = body("mutes", &row)?;
        let mute = Mute { ended: Some(end), ..before };
        let ended = sqlx::query("UPDATE mutes SET is_on = 0, body = $1 WHERE id = $2 AND is_on = 1")
            .bind(to_json("mutes", &mute)?)
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        if ended.rows_affected() == 0 {
            // Read again: whoever was first may have been so since.
            let row = sqlx::query("SELECT body FROM mutes WHERE id = $1").bind(id.as_str()).fetch_one(&mut *tx).await?;
            return Ok(Unmuted::Before(Some(Box::new(body("mutes", &row)?))));
        }
        let summary = Summary::of(&covered(&mut tx, id).await?);
        say(&mut tx, &mute, now).await?;
        let told = Notice::Summary { mute: mute.clone(), summary };
        put(&mut tx, &Slot::Summary(id.clone()), mute.channel, &told, now).await?;
        if let Some(entry) = entry {
            audit::statement(entry)?.execute(&mut tx).await?;
        }
        tx.commit().await?;
        self.seal_soon();
        Ok(Unmuted::Now(Box::new(mute)))
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

/// The incidents that stood while it covered them, as they stand now.
async fn covered(tx: &mut Tx<'_>, mute: &Id) -> Result<Vec<Incident>, StoreError> {
    let rows = sqlx::query(
        "SELECT i.body AS body FROM incidents i JOIN muted_incidents m ON m.incident = i.id WHERE m.mute = $1 \
         ORDER BY i.opened_at, i.id",
    )
    .bind(mute.as_str())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| body("incidents", row)).collect()
}

async fn say(tx: &mut Tx<'_>, mute: &Mute, now: Timestamp) -> Result<(), StoreError> {
    put(tx, &Slot::Mute(mute.id.clone()), mute.channel, &Notice::Mute { mute: mute.clone() }, now).await
}
