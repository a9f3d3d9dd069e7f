//! Doubts: what may still be carried out of operations that are over, until the service says that nothing more comes of it.

use std::time::Duration;

use jiff::Timestamp;

use super::batch::{Batch, Statement};
use super::writer::Who;
use super::{Store, StoreError, body, millis, millis_after, to_json};
use crate::domain::operation::Operation;
use crate::domain::operation::doubt::Doubt;

/// Adds what is left in doubt by an operation that ends.
pub(super) fn leave(mut batch: Batch, operation: &Operation, now: Timestamp) -> Result<Batch, StoreError> {
    for doubt in operation.doubts() {
        let written = Statement::new(
            "INSERT INTO doubts (step_key, due_at, body) VALUES ($1, $2, $3) ON CONFLICT (step_key) DO NOTHING",
        )
        .bind(doubt.key.as_str())
        .bind(millis(now))
        .bind(to_json("doubts", &doubt)?);
        batch = batch.then(written);
    }
    Ok(batch)
}

impl Store {
    /// All that is in doubt: seldom anything.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn doubts(&self) -> Result<Vec<Doubt>, StoreError> {
        let rows = sqlx::query("SELECT body FROM doubts ORDER BY step_key").fetch_all(&self.reads).await?;
        rows.iter().map(|row| body("doubts", row)).collect()
    }

    /// What is in doubt and is to be asked after now, at most `limit`.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn due_doubts(&self, now: Timestamp, limit: u32) -> Result<Vec<Doubt>, StoreError> {
        let rows = sqlx::query("SELECT body FROM doubts WHERE due_at <= $1 ORDER BY due_at, step_key LIMIT $2");
        let rows = rows.bind(millis(now)).bind(i64::from(limit)).fetch_all(&self.reads).await?;
        rows.iter().map(|row| body("doubts", row)).collect()
    }

    /// Asks after it again in a while.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn postpone_doubt(&self, doubt: &Doubt, due: Duration, now: Timestamp) -> Result<(), StoreError> {
        let later = Statement::new("UPDATE doubts SET due_at = $1 WHERE step_key = $2")
            .bind(millis_after(now, due))
            .bind(doubt.key.as_str());
        self.write(Batch::default().then(later), Who::Other).await.map(|_| ())
    }

    /// Nothing more comes of it.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn end_doubt(&self, doubt: &Doubt) -> Result<(), StoreError> {
        let ended = Statement::new("DELETE FROM doubts WHERE step_key = $1").bind(doubt.key.as_str());
        self.write(Batch::default().then(ended), Who::Other).await.map(|_| ())
    }
}
