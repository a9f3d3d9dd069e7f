//! How long starts took until they were seen healthy: what the next one is held against.

use std::time::Duration;

use sqlx::Row as _;

use super::batch::{Batch, Statement};
use super::{Store, StoreError, index_key, millis};
use crate::domain::action::Action;
use crate::domain::connector::Environment;
use crate::domain::ids::BotId;
use crate::domain::operation::{Operation, StepState};
use crate::domain::progress::{STARTS_REMEMBERED, Usual};

/// Adds what the starts of an operation took, and forgets what is older than the last ones.
pub(super) fn remember(mut batch: Batch, operation: &Operation) -> Batch {
    let place = operation.to.as_ref().unwrap_or(&operation.environment);
    let (bot, environment) = (index_key(operation.bot.id.as_str()), index_key(place.as_str()));
    let mut any = false;
    for step in operation.steps.iter().filter(|step| step.action == Action::Start && step.state == StepState::Done) {
        let (Some(began), Some(ended)) = (step.began_at, step.ended_at) else { continue };
        any = true;
        let took = ended.duration_since(began).unsigned_abs();
        batch = batch.then(
            Statement::new(
                "INSERT INTO start_durations (step_key, bot, environment, ended_at, took_ms) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (step_key) DO NOTHING",
            )
            .bind(step.key.as_str())
            .bind(bot.as_str())
            .bind(environment.as_str())
            .bind(millis(ended))
            .bind(i64::try_from(took.as_millis()).unwrap_or(i64::MAX)),
        );
    }
    if !any {
        return batch;
    }
    let forget = Statement::new(
        "DELETE FROM start_durations WHERE bot = $1 AND environment = $2 AND step_key NOT IN ( \
         SELECT step_key FROM start_durations WHERE bot = $1 AND environment = $2 \
         ORDER BY ended_at DESC, step_key DESC LIMIT $3)",
    );
    batch.then(forget.bind(bot).bind(environment).bind(i64::from(STARTS_REMEMBERED)))
}

impl Store {
    /// What a start of a connector of this bot in this environment usually takes; `None` while none is known.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn usual_start(&self, bot: &BotId, environment: &Environment) -> Result<Option<Usual>, StoreError> {
        let rows = sqlx::query("SELECT took_ms FROM start_durations WHERE bot = $1 AND environment = $2")
            .bind(index_key(bot.as_str()))
            .bind(index_key(environment.as_str()))
            .fetch_all(&self.reads)
            .await?;
        let took = |row: &sqlx::any::AnyRow| -> Result<Duration, StoreError> {
            Ok(Duration::from_millis(u64::try_from(row.try_get::<i64, _>("took_ms")?).unwrap_or_default()))
        };
        Ok(Usual::of(rows.iter().map(took).collect::<Result<_, _>>()?))
    }
}
