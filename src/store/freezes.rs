//! Freezes: one that is on for each environment, ended once, each with its message.

use jiff::Timestamp;

use super::batch::{Batch, Ran, Statement};
use super::outbox::{cards_again, message};
use super::writer::Who;
use super::{Store, StoreError, audit, body, index_key, millis, to_json};
use crate::domain::audit::Entry;
use crate::domain::freeze::{Freeze, FreezeEnd};
use crate::domain::ids::Id;
use crate::domain::notice::{Notice, Slot};

/// How often what was overtaken between looking and writing is tried anew.
const TRIES: usize = 20;

/// What became of an attempt to freeze.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Frozen {
    /// It is written, and so is its message.
    Now,
    /// This freeze of the same environment is on already.
    Before(Box<Freeze>),
}

/// What became of an attempt to end a freeze.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Unfrozen {
    /// This attempt ended it.
    Now(Box<Freeze>),
    /// It was over before (this is how it ended), or is not there.
    Before(Option<Box<Freeze>>),
}

impl Store {
    /// The freezes that are on, those that end first before the others.
    ///
    /// # Errors
    /// If the store cannot be read: then nobody can say that nothing is frozen.
    pub async fn freezes(&self) -> Result<Vec<Freeze>, StoreError> {
        let rows = sqlx::query("SELECT body FROM freezes WHERE is_on = 1 ORDER BY ends_at, id").fetch_all(&self.reads);
        rows.await?.iter().map(|row| body("freezes", row)).collect()
    }

    /// Writes a freeze, its message and its audit record, unless its environment is frozen.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn freeze(&self, freeze: &Freeze, entry: &Entry, now: Timestamp) -> Result<Frozen, StoreError> {
        let environment = index_key(freeze.environment.as_str());
        let claim = Statement::new(
            "INSERT INTO freezes (id, environment, is_on, ends_at, body) VALUES ($1, $2, 1, $3, $4) \
             ON CONFLICT (environment) WHERE is_on = 1 DO NOTHING",
        )
        .bind(freeze.id.as_str())
        .bind(environment.as_str())
        .bind(millis(freeze.until))
        .bind(to_json("freezes", freeze)?);
        let batch = Batch::default()
            .claim(claim)
            .then(said(freeze, now)?)
            .then(audit::statement(entry)?)
            .then(cards_again(now));
        for _ in 0..TRIES {
            if matches!(self.write(batch.clone(), Who::Awaited).await?, Ran::All(_)) {
                return Ok(Frozen::Now);
            }
            // The one that was on may have ended by the time we look which it is.
            let on = sqlx::query("SELECT body FROM freezes WHERE environment = $1 AND is_on = 1").bind(&environment);
            if let Some(row) = on.fetch_optional(&self.reads).await? {
                return Ok(Frozen::Before(Box::new(body("freezes", &row)?)));
            }
        }
        Err(StoreError::Sql(sqlx::Error::RowNotFound))
    }

    /// Ends a freeze that is on; with its audit record, if somebody ended it.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn end_freeze(
        &self,
        id: &Id,
        end: FreezeEnd,
        entry: Option<&Entry>,
        now: Timestamp,
    ) -> Result<Unfrozen, StoreError> {
        let who = if entry.is_some() { Who::Awaited } else { Who::Other };
        let Some(before) = self.freeze_of(id).await? else { return Ok(Unfrozen::Before(None)) };
        let freeze = Freeze { ended: Some(end), ..before };
        let claim = Statement::new("UPDATE freezes SET is_on = 0, body = $1 WHERE id = $2 AND is_on = 1")
            .bind(to_json("freezes", &freeze)?)
            .bind(id.as_str());
        let mut batch = Batch::default().claim(claim).then(said(&freeze, now)?).then(cards_again(now));
        if let Some(entry) = entry {
            batch = batch.then(audit::statement(entry)?);
        }
        Ok(match self.write(batch, who).await? {
            Ran::All(_) => Unfrozen::Now(Box::new(freeze)),
            Ran::Stopped(_) => Unfrozen::Before(self.freeze_of(id).await?.map(Box::new)),
        })
    }

    /// A freeze, whether it is on or over.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn freeze_of(&self, id: &Id) -> Result<Option<Freeze>, StoreError> {
        let row = sqlx::query("SELECT body FROM freezes WHERE id = $1").bind(id.as_str()).fetch_optional(&self.reads);
        row.await?.map(|row| body("freezes", &row)).transpose()
    }
}

fn said(freeze: &Freeze, now: Timestamp) -> Result<Statement, StoreError> {
    message(&Slot::Freeze(freeze.id.clone()), freeze.channel, &Notice::Freeze { freeze: freeze.clone() }, now)
}
