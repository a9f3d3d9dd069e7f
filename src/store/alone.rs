//! One process on one database: a lock that ends with the process, however that ends.
//!
//! On SQLite it is the operating system's, on a file beside the database. On PostgreSQL it is a session's advisory lock, so
//! it can be lost while the process lives: the server restarts, or the connection is cut. Leases are ended at the start
//! because nobody else is alive to hold one, so a process that lost the lock must stop before it writes anything more.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use sqlx::{AnyConnection, Connection as _, Executor as _, Row as _};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::place::Place;
use super::{Store, StoreError};

/// The advisory lock's key: "botswain" in ASCII. Such locks are each database's own.
const KEY: i64 = i64::from_be_bytes(*b"botswain");

/// How often it is looked whether the lock still holds, and how long the answer may take.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The session's settings. A process that was killed a moment ago holds the lock until the server sees its connection
/// end, so we wait for it a little. Keepalives let the server see the end of one whose machine is gone.
const SESSION: &str = "SET lock_timeout = '3s'; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; \
     SET tcp_keepalives_count = 3";
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// The lock, while it is held.
pub(super) enum Hold {
    File(File),
    Session {
        place: Place,
        /// `None` once it was given up.
        session: Mutex<Option<AnyConnection>>,
    },
}

impl Hold {
    pub(super) async fn take(place: &Place) -> Result<Self, StoreError> {
        match place {
            Place::Sqlite(path) => lock_beside(path).map(Self::File),
            Place::PostgreSql(url) => {
                let mut session = place.connect().await?;
                session.execute(SESSION).await?;
                let locking = sqlx::query("SELECT pg_advisory_lock($1)").bind(KEY).execute(&mut session).await;
                match locking {
                    Ok(_) => {
                        let place = Place::PostgreSql(url.clone());
                        Ok(Self::Session { place, session: Mutex::new(Some(session)) })
                    }
                    Err(error) if code(&error).is_some_and(|code| code == LOCK_NOT_AVAILABLE) => Err(StoreError::InUse),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    /// Whether this very session still holds the lock: a pooler between us and the server may have put us on another.
    async fn check(&self) -> Result<(), StoreError> {
        let Self::Session { session, .. } = self else { return Ok(()) };
        let mut session = session.lock().await;
        let session = session.as_mut().ok_or(StoreError::NotAlone("it was given up"))?;
        let held = sqlx::query(
            "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() \
             AND objsubid = 1 AND ((classid::bigint << 32) | objid::bigint) = $1",
        )
        .bind(KEY)
        .fetch_one(session);
        let row = match tokio::time::timeout(ANSWER_WITHIN, held).await {
            Err(_) => return Err(StoreError::NotAlone("the server does not answer")),
            Ok(Err(error)) => {
                tracing::error!(error = %StoreError::from(error), "the session that locks the database is no more");
                return Err(StoreError::NotAlone("the session that held it has ended"));
            }
            Ok(Ok(row)) => row,
        };
        if row.try_get::<i64, _>(0)? == 1 {
            return Ok(());
        }
        Err(StoreError::NotAlone("the session does not hold it (is there a pooler in transaction mode?)"))
    }

    pub(super) async fn give_up(&self) {
        match self {
            Self::File(file) => {
                if let Err(error) = file.unlock() {
                    tracing::warn!(%error, "the lock on the database ends only with the process");
                }
            }
            Self::Session { session, .. } => {
                let Some(session) = session.lock().await.take() else { return };
                // If it does not end now, it does with the process.
                if let Ok(Err(error)) = tokio::time::timeout(ANSWER_WITHIN, session.close()).await {
                    tracing::warn!(error = %StoreError::from(error), "the session that locks the database ended by itself");
                }
            }
        }
    }
}

impl Store {
    /// Looks once whether this process is still the only one on its database.
    ///
    /// # Errors
    /// [`StoreError::NotAlone`] if nobody can say so any more.
    pub async fn check_alone(&self) -> Result<(), StoreError> {
        self.hold.check().await
    }

    /// Looks again and again until `shutdown`. If the lock is lost, the store is closed to this process.
    ///
    /// # Errors
    /// [`StoreError::NotAlone`] as soon as the lock is lost.
    pub async fn stay_alone(self, shutdown: CancellationToken) -> Result<(), StoreError> {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if let Err(lost) = self.check_alone().await {
                // From the call on nobody is given a connection, so no part claims or settles anything more.
                drop((self.pool.close(), self.reads.close()));
                return Err(lost);
            }
        }
    }

    /// Waits until the database lets somebody in again, or until `shutdown`: for who lost the lock on it, and has something
    /// to do that needs no database until then.
    pub async fn until_it_answers(&self, shutdown: &CancellationToken) {
        let Hold::Session { place, .. } = &*self.hold else { return };
        let answers = async {
            while let Err(error) = place.connect().await {
                tracing::debug!(%error, "the database does not answer");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = answers => {}
        }
    }
}

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

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|refusal| refusal.code()).map(Into::into)
}
