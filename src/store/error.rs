//! What goes wrong with the store, in sentences for the log that never hold the database's address.

use sqlx::migrate::MigrateError;

/// What went wrong with the store. Its text is for the log: it never holds the database's address, nor a part of it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is none that this build knows.
    #[error("the database's address must begin with sqlite: or postgres://")]
    UnknownKind,
    /// The address cannot be read.
    #[error("the database's address cannot be read: special characters in it must be percent-encoded")]
    Address,
    /// Another process has this database open.
    #[error("another process is using this database")]
    InUse,
    /// The session that held the database for this process is no more.
    #[error("the lock on the database is lost, so that another process may use it by now: {0}")]
    NotAlone(&'static str),
    /// The database was written by a newer version of this program.
    #[error("the database was written by a newer version of botswain (its migration {0} is not known here)")]
    Newer(i64),
    /// No version that chains the record has opened the database yet.
    #[error(
        "the record has no chain here yet: it gets one when this version of botswain runs on the database for the first time"
    )]
    NoChain,
    /// The database cannot hold every character.
    #[error("the database's encoding is {0}, and must be UTF8 (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)")]
    Encoding(String),
    /// The file of the database, or the lock beside it, could not be opened.
    #[error("the database's file could not be opened: {0}")]
    File(std::io::Error),
    /// The database's server answers, and does not let us in.
    #[error("the database's server refuses the connection: {0}")]
    Refused(String),
    /// The database's server does not answer.
    #[error("the database's server did not answer in time")]
    Silent,
    /// The database answered with an error.
    #[error("the database failed: {0}")]
    Sql(sqlx::Error),
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

impl From<sqlx::Error> for StoreError {
    /// What a server says when it lets nobody in names the user, the database and the host: it is said in our words.
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|refusal| refusal.code());
        let refused = match code.as_deref() {
            Some("28000") => "it does not know the user, or takes no such connection from here",
            Some("28P01") => "the user or the password is wrong",
            Some("3D000") => "it has no database of that name",
            Some("53300") => "it has too many connections",
            _ if matches!(error, sqlx::Error::Configuration(_)) => return Self::Address,
            _ => return Self::Sql(error),
        };
        Self::Refused(refused.to_owned())
    }
}

impl StoreError {
    /// The error of an attempt to connect.
    pub(super) fn connecting(error: sqlx::Error) -> Self {
        match Self::from(error) {
            Self::Sql(sqlx::Error::Database(refusal)) if refusal.code().is_some_and(|code| code.len() == 5) => {
                Self::Refused(format!("SQLSTATE {}", refusal.code().unwrap_or_default()))
            }
            other => other,
        }
    }

    /// The error of bringing the tables up to date.
    pub(super) fn migrating(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer(version),
            other => Self::Migrate(other),
        }
    }
}
