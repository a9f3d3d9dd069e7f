//! Where the store is: the two kinds of address, and connections that keep what they have committed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Connection as _, Executor as _, Row as _};

use super::StoreError;

/// How long to wait for a connection.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// FULL: what was committed outlives a power cut (sqlite.org/pragma.html#pragma_synchronous).
const SQLITE_SESSION: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";

/// What the statements of this room count on, whatever the server, the database or the role is set to.
///
/// * `on`: what was committed outlives a power cut. `remote_apply` promises more, and is left.
/// * `read committed`: a statement that waited for another's row judges the row as that one left it, which is what makes
///   one conditional write a claim.
/// * Nothing waits for ever: for a lock that somebody holds, or for us if we are cut off within a transaction.
const POSTGRESQL_SESSION: &str = "SET default_transaction_isolation = 'read committed'; SET statement_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '30s'; SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') <> 'remote_apply'";

/// Where the database is.
pub(super) enum Place {
    /// In a file.
    Sqlite(PathBuf),
    /// On a server.
    PostgreSql(SecretString),
}

impl Place {
    pub(super) fn of(url: &SecretString) -> Result<Self, StoreError> {
        let text = url.expose_secret();
        if ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Ok(Self::PostgreSql(url.clone()));
        }
        sqlite_path(text).map(Self::Sqlite).ok_or(StoreError::UnknownKind)
    }

    /// One connection, with nothing set. A pool would try again until it times out, and say only that.
    pub(super) async fn connect(&self) -> Result<AnyConnection, StoreError> {
        sqlx::any::install_default_drivers();
        let address = self.address();
        let connecting = AnyConnection::connect(address.expose_secret());
        match tokio::time::timeout(PATIENCE, connecting).await {
            Ok(connected) => connected.map_err(StoreError::connecting),
            Err(_) => Err(StoreError::Silent),
        }
    }

    /// Every connection that the store works with.
    pub(super) async fn pool(&self) -> Result<AnyPool, StoreError> {
        let (options, session) = match self {
            // SQLite has one writer.
            Self::Sqlite(_) => {
                let options = AnyPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
                // A file does not hang up, so it need not be asked before each use whether it is still there.
                (options.test_before_acquire(false), SQLITE_SESSION)
            }
            // As many as there are parts that wait for one at once, with some left for presses.
            Self::PostgreSql(_) => (AnyPoolOptions::new().max_connections(10), POSTGRESQL_SESSION),
        };
        let options = options.min_connections(1).acquire_timeout(PATIENCE).after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(session).await?;
                Ok(())
            })
        });
        options.connect(self.address().expose_secret()).await.map_err(StoreError::connecting)
    }

    /// The connections on which it is read beside its one writer, where there is one: a reader in WAL mode waits for nobody, and
    /// sees what was committed before it began (<https://sqlite.org/wal.html#concurrency>).
    pub(super) async fn reads(&self) -> Result<Option<AnyPool>, StoreError> {
        let Self::Sqlite(_) = self else { return Ok(None) };
        let options = AnyPoolOptions::new().min_connections(1).max_connections(2).idle_timeout(None).max_lifetime(None);
        let options = options.test_before_acquire(false).acquire_timeout(PATIENCE).after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute("PRAGMA query_only = ON").await?;
                Ok(())
            })
        });
        options.connect(self.address().expose_secret()).await.map(Some).map_err(StoreError::connecting)
    }

    /// Refuses a database that could not hold what we would write.
    pub(super) async fn check(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        if let Self::PostgreSql(_) = self {
            let row = sqlx::query("SELECT current_setting('server_encoding')").fetch_one(connection).await?;
            let encoding: String = row.try_get(0)?;
            if encoding != "UTF8" {
                return Err(StoreError::Encoding(encoding));
            }
        }
        Ok(())
    }

    fn address(&self) -> SecretString {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}?mode=rwc", path.display()).into(),
            Self::PostgreSql(url) => url.clone(),
        }
    }
}

fn sqlite_path(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("sqlite:")?;
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if path.is_empty() { None } else { Some(Path::new(path).to_owned()) }
}
