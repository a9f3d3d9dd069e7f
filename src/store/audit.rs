//! The record of what people asked for: one terminal row for each request.

use jiff::Timestamp;

use super::batch::{Batch, Ran, Statement};
use super::writer::Who;
use super::{Store, StoreError, body, millis, signed, to_json};
use crate::domain::audit::Entry;

impl Store {
    /// Writes a terminal record. Whether it was the first about its subject: a second one changes nothing.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn record(&self, entry: &Entry) -> Result<bool, StoreError> {
        let ran = self.write(Batch::default().claim(statement(entry)?), Who::Awaited).await?;
        Ok(matches!(ran, Ran::All(_)))
    }

    /// The records since `from`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn records(&self, from: Timestamp, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let rows = sqlx::query("SELECT body FROM audit WHERE at >= $1 ORDER BY at, about LIMIT $2")
            .bind(millis(from))
            .bind(i64::from(limit))
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(|row| body("audit", row)).collect()
    }
}

/// What writes a record, if there is none about its subject yet.
pub(super) fn statement(entry: &Entry) -> Result<Statement, StoreError> {
    Ok(Statement::new(
        "INSERT INTO audit (about, at, person, verdict, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (about) DO NOTHING",
    )
    .bind(entry.about.as_str())
    .bind(millis(entry.at))
    .bind(signed(entry.person.id.0))
    .bind(entry.verdict.word())
    .bind(to_json("audit", entry)?))
}
