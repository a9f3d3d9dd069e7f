//! Changes that were begun lately, counted. Each is counted in the write that begins it, and only if there is room: however many
//! begin at once, none goes past a limit.

use jiff::Timestamp;
use sqlx::Row as _;

use super::batch::{Batch, Statement};
use super::{Store, StoreError, Turn, index_key, millis};
use crate::domain::ids::Id;
use crate::domain::pace::{Counted, TooMany, counted_since};

impl Store {
    /// Whether there is room for one more change: of several that are too many, what lasts longest.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn too_many(&self, counted: &[Counted], now: Timestamp) -> Result<Option<TooMany>, StoreError> {
        let mut found: Option<TooMany> = None;
        for counted in counted {
            let Some(others) = counted.most.checked_sub(1) else { continue };
            let last = sqlx::query(
                "SELECT opened_at FROM changes WHERE scope = $1 AND opened_at > $2 ORDER BY opened_at DESC LIMIT 1 OFFSET $3",
            )
            .bind(index_key(&counted.scope))
            .bind(millis(counted_since(now)))
            .bind(i64::from(others));
            let Some(row) = last.fetch_optional(&self.reads).await? else { continue };
            let last = Timestamp::from_millisecond(row.try_get("opened_at")?).unwrap_or(now);
            let too_many = counted.too_many(last);
            found = found.into_iter().chain([too_many]).max_by_key(|too_many| too_many.again_at);
        }
        Ok(found)
    }
}

/// Adds what counts a change, in this order, each a claim that there is room; and forgets what is counted no more.
pub(super) fn count(mut batch: Batch, counted: &[Counted], operation: &Id, now: Timestamp) -> Batch {
    let since = millis(counted_since(now));
    for Counted { most, scope, .. } in counted {
        // Nought is any number.
        let most = if *most == 0 { i64::MAX } else { i64::from(*most) };
        let counts = Statement::new(
            "INSERT INTO changes (scope, opened_at, operation) SELECT $1, $2, $3 \
             WHERE (SELECT COUNT(*) FROM changes WHERE scope = $1 AND opened_at > $4) < $5",
        )
        .bind(index_key(scope))
        .bind(millis(now))
        .bind(operation.as_str())
        .bind(since)
        .bind(most);
        batch = batch.claim(counts);
    }
    if counted.is_empty() {
        return batch;
    }
    let old = Statement::new("DELETE FROM changes WHERE opened_at <= $1").bind(since);
    batch.then(old).in_turn(Turn::Change)
}
