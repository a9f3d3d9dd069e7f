//! Operations: begun with their request, carried on under a lease, ended with their audit record.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::Row as _;

use super::batch::{Batch, Ran, Statement};
use super::doubts::leave;
use super::outbox::message;
use super::starts::remember;
use super::timeline::operation_line;
use super::writer::Who;
use super::{Store, StoreError, Turn, audit, body, index_key, millis, millis_after, to_json};
use crate::domain::audit::Entry;
use crate::domain::ids::{ConnectorId, Id};
use crate::domain::notice::{Notice, Slot};
use crate::domain::operation::Operation;
use crate::domain::operation::guiding::Told;

/// How many connectors' operations are looked up by one statement.
const CONNECTORS_AT_A_TIME: usize = 100;

/// An operation that was leased, and the lease on it.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The operation.
    pub operation: Operation,
    /// The lease, under which it is saved.
    pub lease: Lease,
}

/// An operation as it stood in its row when it was read.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The operation.
    pub operation: Operation,
    row: String,
}

/// A lease on an operation. Each has a name of its own, so that one that ran out fences within one process too.
#[derive(Clone, Debug)]
pub struct Lease {
    name: String,
    /// The wish as it stands in its row, and what it says.
    told: Option<(String, Told)>,
}

impl Lease {
    /// What somebody said to the operation since it was last saved.
    pub fn told(&self) -> Option<&Told> {
        self.told.as_ref().map(|(_, told)| told)
    }
}

/// What became of an attempt to save an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Saved {
    /// It is written.
    Now,
    /// The lease went to somebody else meanwhile: what was to be written is not ours to say any more.
    LeaseLost,
}

/// What follows on saving an operation.
#[derive(Clone, Copy, Debug)]
pub enum Then<'a> {
    /// The lease is kept: something is about to be tried.
    Hold,
    /// The lease is given back until the operation is due again.
    Release {
        /// In how long.
        due: Duration,
    },
    /// The operation is over: what it held is free, and this is its record.
    End {
        /// The audit record.
        entry: &'a Entry,
    },
}

/// Adds the claims of an operation's scopes, in the order in which they are given.
pub(super) fn hold(mut batch: Batch, operation: &Operation, scopes: &[String]) -> Batch {
    for scope in scopes {
        batch = batch.claim(
            Statement::new(
                "INSERT INTO operation_scopes (scope, operation) VALUES ($1, $2) ON CONFLICT (scope) DO NOTHING",
            )
            .bind(index_key(scope))
            .bind(operation.id.as_str()),
        );
    }
    batch
}

/// Adds an operation itself, with its message.
pub(super) fn begin(mut batch: Batch, operation: &Operation, now: Timestamp) -> Result<Batch, StoreError> {
    let written = Statement::new(
        "INSERT INTO operations (id, request, opened_at, is_open, due_at, leased_until, body) \
         VALUES ($1, $2, $3, 1, $4, 0, $5)",
    )
    .bind(operation.id.as_str())
    .bind(operation.request.as_str())
    .bind(millis(operation.opened_at))
    .bind(millis(now))
    .bind(to_json("operations", operation)?);
    for target in operation.targets.iter() {
        let on =
            Statement::new("INSERT INTO operation_connectors (connector, operation, opened_at) VALUES ($1, $2, $3)")
                .bind(index_key(target.connector.as_str()))
                .bind(operation.id.as_str())
                .bind(millis(operation.opened_at));
        batch = batch.then(on);
    }
    let batch = batch.then(written).then(say(operation, now)?).then(operation_line(operation, now)?);
    tell_of_glass(batch, operation, now)
}

/// Adds what is said where alerts come, if the glass was broken for it.
fn tell_of_glass(mut batch: Batch, operation: &Operation, now: Timestamp) -> Result<Batch, StoreError> {
    let channels = operation.glass.iter().flat_map(|glass| &glass.said_in);
    for (number, channel) in channels.enumerate() {
        let notice = Notice::Glass { operation: operation.clone() };
        batch = batch.then(message(&Slot::Glass(operation.id.clone(), number), *channel, &notice, now)?);
    }
    Ok(batch)
}

fn say(operation: &Operation, now: Timestamp) -> Result<Statement, StoreError> {
    let notice = Notice::Operation { operation: operation.clone() };
    message(&Slot::Operation(operation.id.clone()), operation.channel, &notice, now)
}

impl Store {
    /// Takes a lease on one open operation that is due and that nobody holds.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn lease_operation(&self, length: Duration, now: Timestamp) -> Result<Option<Leased>, StoreError> {
        let lease = self.new_lease();
        let leased = Statement::new(
            "UPDATE operations SET leased_by = $1, leased_until = $2 WHERE id = ( \
             SELECT id FROM operations WHERE is_open = 1 AND due_at <= $3 AND leased_until <= $3 \
             ORDER BY due_at, id LIMIT 1) AND is_open = 1 AND leased_until <= $3 RETURNING body, wish",
        )
        .bind(lease.as_str())
        .bind(millis_after(now, length))
        .bind(millis(now));
        let batch = Batch::default().claim(leased).in_turn(Turn::Operation);
        let Ran::All(done) = self.write(batch, Who::Other).await? else { return Ok(None) };
        let row = done.first().and_then(|done| done.rows.first());
        let Some(row) = row else { return Ok(None) };
        let told = row.try_get::<Option<String>, _>("wish")?.map(|wish| {
            let told = serde_json::from_str(&wish).map_err(|source| StoreError::Row { table: "operations", source })?;
            Ok::<_, StoreError>((wish, told))
        });
        let lease = Lease { name: lease, told: told.transpose()? };
        Ok(Some(Leased { operation: body("operations", row)?, lease }))
    }

    /// Saves an operation under a lease on it, and what its message now says.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn save_operation(
        &self,
        operation: &Operation,
        lease: &Lease,
        then: Then<'_>,
        now: Timestamp,
    ) -> Result<Saved, StoreError> {
        let (is_open, due_at) = match then {
            Then::Hold => (1_i64, None),
            Then::Release { due } => (1, Some(millis_after(now, due))),
            Then::End { .. } => (0, Some(millis(now))),
        };
        let saved = Statement::new(
            "UPDATE operations SET body = $1, is_open = $2, due_at = COALESCE($3, due_at), \
             leased_until = CASE WHEN $3 IS NULL THEN leased_until ELSE 0 END, \
             wish = CASE WHEN wish = $6 THEN NULL ELSE wish END \
             WHERE id = $4 AND is_open = 1 AND leased_by = $5 AND leased_until > 0",
        )
        .bind(to_json("operations", operation)?)
        .bind(is_open)
        .bind(due_at)
        .bind(operation.id.as_str())
        .bind(lease.name.as_str())
        .bind(lease.told.as_ref().map(|(wish, _)| wish.clone()));
        let mut batch = Batch::default().claim(saved);
        if let Then::End { entry } = then {
            let free = Statement::new("DELETE FROM operation_scopes WHERE operation = $1").bind(operation.id.as_str());
            batch = batch.then(free).then(audit::statement(entry)?).then(operation_line(operation, now)?);
            batch = tell_of_glass(remember(batch, operation), operation, now)?;
            batch = leave(batch, operation, now)?;
        }
        Ok(match self.write(batch.then(say(operation, now)?), Who::Other).await? {
            Ran::All(_) => Saved::Now,
            Ran::Stopped(_) => Saved::LeaseLost,
        })
    }

    /// Gives the lease on an operation back, with nothing changed, until it is `due` again.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn postpone_operation(
        &self,
        id: &Id,
        lease: &Lease,
        due: Duration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let postponed = Statement::new(
            "UPDATE operations SET due_at = $1, leased_until = 0 WHERE id = $2 AND is_open = 1 AND leased_by = $3",
        )
        .bind(millis_after(now, due))
        .bind(id.as_str())
        .bind(lease.name.as_str());
        // Of a lease that was lost meanwhile there is nothing to give back.
        self.write(Batch::default().then(postponed), Who::Other).await.map(|_| ())
    }

    /// Keeps what somebody says to an operation until it takes that in, with the record of it. A later word takes the place of
    /// one that was not taken in. Whether the operation is open.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn tell_operation(
        &self,
        id: &Id,
        told: &Told,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let wished = Statement::new(
            "UPDATE operations SET wish = $1, due_at = CASE WHEN due_at > $2 THEN $2 ELSE due_at END \
             WHERE id = $3 AND is_open = 1",
        )
        .bind(to_json("operations", told)?)
        .bind(millis(now))
        .bind(id.as_str());
        let batch = Batch::default().claim(wished).then(audit::statement(entry)?);
        Ok(matches!(self.write(batch, Who::Awaited).await?, Ran::All(_)))
    }

    /// One operation, to be changed as it stands.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn standing_operation(&self, id: &Id) -> Result<Option<Standing>, StoreError> {
        let row =
            sqlx::query("SELECT body FROM operations WHERE id = $1").bind(id.as_str()).fetch_optional(&self.reads);
        let Some(row) = row.await? else { return Ok(None) };
        Ok(Some(Standing { operation: body("operations", &row)?, row: row.try_get("body")? }))
    }

    /// Keeps that somebody left stopped what an operation had stopped, with the record of it, if it is over and stands as it was
    /// read, and nothing was begun on its connectors since. Whether it did.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn leave_stopped(
        &self,
        before: &Standing,
        left: &Operation,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = Statement::new(
            "UPDATE operations SET body = $1 WHERE id = $2 AND is_open = 0 AND body = $3 AND NOT EXISTS (\
             SELECT 1 FROM operation_connectors own JOIN operation_connectors later ON later.connector = own.connector \
             WHERE own.operation = $2 AND later.operation <> own.operation AND later.opened_at >= own.opened_at)",
        )
        .bind(to_json("operations", left)?)
        .bind(left.id.as_str())
        .bind(before.row.as_str());
        let batch = Batch::default().claim(written).then(audit::statement(entry)?).then(operation_line(left, now)?);
        let batch = tell_of_glass(batch, left, now)?.then(say(left, now)?);
        Ok(matches!(self.write(batch, Who::Awaited).await?, Ran::All(_)))
    }

    /// Ends every lease: whoever held one is dead.
    pub(super) async fn end_leases_on_operations(&self) -> Result<(), StoreError> {
        sqlx::query("UPDATE operations SET leased_by = NULL, leased_until = 0 WHERE leased_until > 0")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// When the next open operation is due; `None` when none is open.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn next_operation_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query("SELECT MIN(due_at) AS due FROM operations WHERE is_open = 1");
        let row = row.fetch_one(&self.reads).await?;
        let due: Option<i64> = row.try_get("due")?;
        Ok(due.and_then(|due| Timestamp::from_millisecond(due).ok()))
    }

    /// Every open operation, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open_operations(&self) -> Result<Vec<Operation>, StoreError> {
        let rows = sqlx::query("SELECT body FROM operations WHERE is_open = 1 ORDER BY opened_at, id");
        rows.fetch_all(&self.reads).await?.iter().map(|row| body("operations", row)).collect()
    }

    /// The last operations on each of these connectors, open or ended, at most `limit` of each; the newest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn last_operations(&self, connectors: &[ConnectorId], limit: u32) -> Result<Vec<Operation>, StoreError> {
        let mut found = Vec::new();
        for some in connectors.chunks(CONNECTORS_AT_A_TIME) {
            let places: Vec<_> = (1..=some.len()).map(|place| format!("${place}")).collect();
            let sql = format!(
                "SELECT o.body FROM operations o JOIN (SELECT DISTINCT operation FROM (SELECT operation, ROW_NUMBER() OVER \
                 (PARTITION BY connector ORDER BY opened_at DESC, operation DESC) AS place FROM operation_connectors \
                 WHERE connector IN ({})) p WHERE p.place <= ${}) l ON l.operation = o.id \
                 ORDER BY o.opened_at DESC, o.id DESC",
                places.join(", "),
                some.len() + 1
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for connector in some {
                query = query.bind(index_key(connector.as_str()));
            }
            for row in &query.bind(i64::from(limit)).fetch_all(&self.reads).await? {
                found.push(body("operations", row)?);
            }
        }
        Ok(found)
    }

    /// One operation.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn operation(&self, id: &Id) -> Result<Option<Operation>, StoreError> {
        let row =
            sqlx::query("SELECT body FROM operations WHERE id = $1").bind(id.as_str()).fetch_optional(&self.reads);
        row.await?.map(|row| body("operations", &row)).transpose()
    }

    /// An operation that holds any of these scopes now.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn holder_of_any(&self, scopes: &[String]) -> Result<Option<Operation>, StoreError> {
        for scope in scopes {
            if let Some(holder) = self.holder(scope).await? {
                return Ok(Some(holder));
            }
        }
        Ok(None)
    }

    /// The operation that holds a scope now.
    pub(super) async fn holder(&self, scope: &str) -> Result<Option<Operation>, StoreError> {
        let row = sqlx::query(
            "SELECT o.body AS body FROM operations o JOIN operation_scopes s ON s.operation = o.id WHERE s.scope = $1",
        )
        .bind(index_key(scope))
        .fetch_optional(&self.reads)
        .await?;
        row.map(|row| body("operations", &row)).transpose()
    }
}
