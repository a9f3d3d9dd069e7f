//! A connection that is fit to be used again, though a commit on it failed.

use sqlx::{AnyConnection, Connection as _, Executor as _};

/// Makes sqlx and SQLite agree that no transaction is open; whether they do.
///
/// When a commit fails for want of room, SQLite may end the transaction by itself. sqlx (0.9) then fails to roll it back, and
/// counts it as open for ever: what is begun later is a savepoint within it, and "committed" without ever being written. (Seen:
/// after two failed commits every write succeeded, and none was there after the process.)
pub(super) async fn no_transaction_left(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    if !connection.is_in_transaction() {
        return Ok(true);
    }
    // A rollback may be on its way: whoever drops a transaction does not wait for it.
    connection.ping().await?;
    if !connection.is_in_transaction() {
        return Ok(true);
    }
    if let Err(error) = connection.execute("ROLLBACK").await {
        tracing::debug!(%error, "SQLite has ended the transaction by itself");
    }
    // sqlx counts down only when a rollback of its own succeeds. So it gets one to roll back that it did not begin; that it
    // begins none within it, and says so, is what it rolls back for.
    connection.execute("BEGIN").await?;
    if let Ok(within) = connection.begin_with("BEGIN").await {
        within.rollback().await?;
    }
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}
