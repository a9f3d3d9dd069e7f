//! Whether a database could be used, found out beside whoever uses it: nothing is locked for longer than a moment, brought up
//! to date or written.

use std::path::Path;

use secrecy::SecretString;
use sqlx::{AnyConnection, Connection as _, Executor as _, Row as _};

use super::place::Place;
use super::{StoreError, boards, body, migrations};
use crate::domain::board::Board;
use crate::domain::ids::ChannelId;

/// What is in a database that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing yet: it is made at the first start.
    Nothing,
    /// What an earlier version wrote: it is brought up to date at the next start.
    Older,
    /// What this version writes.
    Current {
        /// The channels in which boards stand.
        boards: Vec<ChannelId>,
    },
}

/// Looks at the database at `url`.
///
/// # Errors
/// Why it cannot be used.
pub async fn probe(url: &SecretString) -> Result<Found, StoreError> {
    let place = Place::of(url)?;
    if let Place::Sqlite(path) = &place
        && !path.exists()
    {
        return room_for(path).map(|()| Found::Nothing);
    }
    let mut connection = place.connect().await?;
    let found = match &place {
        Place::Sqlite(_) => sqlite(&mut connection).await,
        Place::PostgreSql(_) => {
            place.check(&mut connection).await?;
            postgresql(&mut connection).await
        }
    };
    // Nothing was written; if it does not end now, it does with the process.
    connection.close().await.ok();
    found
}

/// Whether a file could be made there.
fn room_for(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::tempfile_in(folder).map(drop).map_err(StoreError::File)
}

async fn sqlite(connection: &mut AnyConnection) -> Result<Found, StoreError> {
    // What could not be written could not begin to be.
    connection.execute("BEGIN IMMEDIATE").await?;
    let found = version(connection).await;
    connection.execute("ROLLBACK").await?;
    found
}

async fn postgresql(connection: &mut AnyConnection) -> Result<Found, StoreError> {
    let may = "SELECT COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false)";
    if !sqlx::query(may).fetch_one(&mut *connection).await?.try_get::<bool, _>(0)? {
        return Err(StoreError::Refused("the user may not make tables in it: make it the database's owner".to_owned()));
    }
    version(connection).await
}

async fn version(connection: &mut AnyConnection) -> Result<Found, StoreError> {
    let row = sqlx::query("SELECT MAX(version) AS version FROM _sqlx_migrations").fetch_one(&mut *connection).await;
    let version: Option<i64> = match row {
        Ok(row) => row.try_get("version")?,
        // There is no such table.
        Err(sqlx::Error::Database(error)) if !error.message().contains("not a database") => None,
        Err(error) => return Err(error.into()),
    };
    let newest = migrations::newest();
    match version {
        None => Ok(Found::Nothing),
        Some(version) if version > newest => Err(StoreError::Newer(version)),
        Some(version) if version < newest => Ok(Found::Older),
        Some(_) => Ok(Found::Current { boards: boards(connection).await? }),
    }
}

async fn boards(connection: &mut AnyConnection) -> Result<Vec<ChannelId>, StoreError> {
    let rows = sqlx::query(boards::ON).fetch_all(connection).await?;
    rows.iter().map(|row| body("boards", row).map(|board: Board| board.channel)).collect()
}
