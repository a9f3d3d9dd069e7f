//! The record as it stands in a database, read beside the program that may be running on it: nothing is locked, brought up to
//! date or written, and all of it is read as of one moment.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _, Executor as _, Row as _};

use super::chain::{CHAIN, Chain, read_chain, unsigned};
use super::place::Place;
use super::{StoreError, migrations};
use crate::domain::audit::chain::Hash;
use secrecy::SecretString;

/// The migration that made the chain.
const CHAIN_MADE_BY: i64 = 8;
/// How many rows are read at a time.
const PAGE: i64 = 500;

/// A row of the record, with every column as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place in the chain; nought if it is none.
    pub seq: u64,
    /// Its hash, if it is one.
    pub hash: Option<Hash>,
    /// What it is about.
    pub about: String,
    /// When, in milliseconds.
    pub at: i64,
    /// The person's id.
    pub person: i64,
    /// The word of the verdict.
    pub verdict: String,
    /// What was asked for.
    pub action: Option<String>,
    /// The words by which it is found.
    pub places: Option<String>,
    /// The record.
    pub body: String,
}

/// The record, opened to be read.
#[derive(Debug)]
pub struct Ledger {
    connection: AnyConnection,
}

impl Ledger {
    /// Opens the database at `url` as it stands.
    ///
    /// # Errors
    /// If it is not there, cannot be read, or was written by a version that had no chain yet or is newer than this one.
    pub async fn open(url: &SecretString) -> Result<Self, StoreError> {
        let place = Place::of(url)?;
        let begin = match &place {
            Place::Sqlite(path) => {
                // It would be made.
                std::fs::metadata(path).map_err(StoreError::File)?;
                "PRAGMA query_only = ON; BEGIN"
            }
            Place::PostgreSql(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let mut connection = place.connect().await?;
        connection.execute(begin).await?;
        let row = sqlx::query("SELECT MAX(version) AS version FROM _sqlx_migrations").fetch_one(&mut connection).await;
        let version = row.and_then(|row| row.try_get::<Option<i64>, _>("version")).ok().flatten().unwrap_or(0);
        let newest = migrations::newest();
        match version {
            version if version < CHAIN_MADE_BY => Err(StoreError::NoChain),
            version if version > newest => Err(StoreError::Newer(version)),
            _ => Ok(Self { connection }),
        }
    }

    /// How the chain stands.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn chain(&mut self) -> Result<Chain, StoreError> {
        read_chain(&sqlx::query(CHAIN).fetch_one(&mut self.connection).await?)
    }

    /// Some rows of the chain behind the place `after` (all, where there is none), in its order; none at its end.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn rows(&mut self, after: Option<u64>) -> Result<Vec<Row>, StoreError> {
        let after = after.map_or(i64::MIN, super::signed);
        let rows = sqlx::query(
            "SELECT seq, hash, about, at, person, verdict, action, places, body FROM audit WHERE seq > $1 \
             ORDER BY seq LIMIT $2",
        )
        .bind(after)
        .bind(PAGE)
        .fetch_all(&mut self.connection)
        .await?;
        rows.iter().map(read).collect()
    }

    /// The records that have no place in the chain yet.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn unsealed(&mut self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT body FROM audit WHERE seq IS NULL ORDER BY at, about");
        let rows = rows.fetch_all(&mut self.connection).await?;
        rows.iter().map(|row| Ok(row.try_get("body")?)).collect()
    }

    /// Closes it.
    pub async fn close(self) {
        // Nothing was written; if it does not end now, it does with the process.
        self.connection.close().await.ok();
    }
}

fn read(row: &AnyRow) -> Result<Row, StoreError> {
    let hash: Option<String> = row.try_get("hash")?;
    Ok(Row {
        seq: unsigned(row, "seq")?,
        hash: hash.and_then(|text| text.parse().ok()),
        about: row.try_get("about")?,
        at: row.try_get("at")?,
        person: row.try_get("person")?,
        verdict: row.try_get("verdict")?,
        action: row.try_get("action")?,
        places: row.try_get("places")?,
        body: row.try_get("body")?,
    })
}
