//! The store: what must outlive the process. One concrete type over SQL that SQLite and PostgreSQL share.
//!
//! Every claim is one conditional write whose outcome the caller must match. What happens together is written together:
//! an incident with what is to be said of it, an operation's end with its audit record.

pub mod audit;
pub mod incidents;
pub mod operations;
pub mod outbox;
pub mod requests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::{AnyPoolOptions, AnyRow};
use sqlx::migrate::MigrateError;
use sqlx::{AnyConnection, AnyPool, Connection as _, Executor as _, Row as _};

/// A transaction of the store.
pub(crate) type Tx<'a> = sqlx::Transaction<'a, sqlx::Any>;

/// What went wrong with the store. Its text is for the log: it never holds the database's address.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is none that this build knows.
    #[error("the database's address must begin with sqlite:")]
    UnknownKind,
    /// Another process has this database open.
    #[error("another process is using this database")]
    InUse,
    /// The database was written by a newer version of this program.
    #[error("the database was written by a newer version of botswain (its migration {0} is not known here)")]
    Newer(i64),
    /// The file of the database, or the lock beside it, could not be opened.
    #[error("the database's file could not be opened: {0}")]
    File(std::io::Error),
    /// The database answered with an error.
    #[error("the database failed: {0}")]
    Sql(#[from] sqlx::Error),
    /// The database's tables could not be brought up to date.
    #[error("the database could not be brought up to date: {0}")]
    Migrate(MigrateError),
    /// A row holds what this program did not write there.
    #[error("a row of {table} cannot be read: {source}")]
    Row {
        /// The table.
        table: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
    owner: Arc<str>,
    lock: Option<Arc<File>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database at `url` (`sqlite:PATH`), brings its tables up to date, and locks it against a second process.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has it, [`StoreError::Newer`] if a newer version wrote it, and whatever
    /// else keeps it from opening.
    pub async fn open(url: &SecretString) -> Result<Self, StoreError> {
        let path = sqlite_path(url.expose_secret()).ok_or(StoreError::UnknownKind)?;
        let lock = lock_beside(&path)?;
        sqlx::any::install_default_drivers();
        let address = format!("sqlite://{}?mode=rwc", path.display());
        // The pool would try again until it times out, and say only that.
        let mut probe = AnyConnection::connect(&address).await?;
        sqlx::query("SELECT COUNT(*) FROM sqlite_schema").fetch_one(&mut probe).await?;
        probe.close().await?;
        let pool = AnyPoolOptions::new()
            // SQLite has one writer. Everything that is read while somebody waits is answered from memory.
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(10))
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // FULL: what was committed outlives a power cut (sqlite.org/pragma.html#pragma_synchronous).
                    connection
                        .execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
                        .await?;
                    Ok(())
                })
            })
            .connect(&address)
            .await?;
        sqlx::migrate!("src/store/migrations").run(&pool).await.map_err(|error| match error {
            MigrateError::VersionMissing(version) => StoreError::Newer(version),
            other => StoreError::Migrate(other),
        })?;
        let store = Self { pool, owner: crate::domain::ids::Id::random().as_str().into(), lock: Some(Arc::new(lock)) };
        // Under the lock nobody else is alive to hold one.
        store.end_leases_on_messages().await?;
        store.end_leases_on_operations().await?;
        Ok(store)
    }

    /// Closes the database and gives up the lock on it: what follows fails.
    pub async fn close(&self) {
        self.pool.close().await;
        if let Some(Err(error)) = self.lock.as_ref().map(|lock| lock.unlock()) {
            tracing::warn!(%error, "the lock on the database ends only with the process");
        }
    }

    /// Whether the database can be written now.
    ///
    /// # Errors
    /// Why not.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("UPDATE requests SET state = state WHERE id = ''").execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The name under which this process takes leases.
    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }
}

fn sqlite_path(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("sqlite:")?;
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if path.is_empty() { None } else { Some(PathBuf::from(path)) }
}

/// The lock is the operating system's, so it ends with the process however that ends.
fn lock_beside(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = File::options().create(true).append(true).open(name).map_err(StoreError::File)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(std::fs::TryLockError::Error(error)) => Err(StoreError::File(error)),
    }
}

/// A time as the store keeps it.
pub(crate) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// The time `after` later, as the store keeps it.
pub(crate) fn millis_after(now: Timestamp, after: Duration) -> i64 {
    millis(now).saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX))
}

/// A snowflake as the store keeps it: SQL has no unsigned integers, and Discord's stay below 2^63 until the year 2084.
pub(crate) fn signed(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

pub(crate) fn to_json<T: Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Row { table, source })
}

pub(crate) fn body<T: DeserializeOwned>(table: &'static str, row: &AnyRow) -> Result<T, StoreError> {
    let text: String = row.try_get("body")?;
    serde_json::from_str(&text).map_err(|source| StoreError::Row { table, source })
}
