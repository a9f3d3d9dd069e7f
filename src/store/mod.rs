//! The store: what must outlive the process. One concrete type over SQL that SQLite and PostgreSQL share.
//!
//! What happens together is written together: an incident with what is to be said of it, an operation's end with its audit
//! record. Every claim is won exactly once, by one of three means that hold on both databases, with any number of
//! connections at once:
//!
//! * one conditional write, whose outcome the caller must match. On PostgreSQL, in READ COMMITTED, a write that waited for
//!   another's row judges its condition on the row as the other left it;
//! * a unique index, where a claim is a new row (what an open operation holds, the one open incident of a subject);
//! * a turn, where a claim looks at other rows than the one it writes (a message, because of the others in its channel):
//!   see `take_turn`. SQLite has one writer, and so takes turns by itself.
//!
//! On SQLite, which has one writer, what waits to be written is committed together (`writer`), what a person waits for
//! before what nobody waits for; what is only read waits for nobody.
//!
//! A write counts once its statement has ended, and never by the rows that it returned on the way.
//!
//! The record of what people asked for is a chain (`chain`), which the database itself keeps from being changed (`guard`), and
//! which is read beside the running program (`ledger`).
//!
//! One process at a time has a database (`alone`). Several on one PostgreSQL need no more than that this lock is taken by
//! the one that leads: leases are named, and fence.

mod alone;
mod attention;
pub mod audit;
mod batch;
pub mod boards;
pub mod chain;
mod doubts;
mod error;
pub mod freezes;
mod guard;
pub mod highest;
pub mod history;
pub mod incidents;
pub mod ledger;
mod migrations;
pub mod mutes;
pub mod operations;
pub mod outbox;
mod pace;
mod place;
pub mod pressed;
pub mod probe;
pub mod requests;
mod setup;
mod starts;
pub mod timeline;
pub mod troubles;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use sqlx::any::AnyRow;
use sqlx::{Any, AnyPool, Connection as _, Row as _, Transaction};
use tokio::sync::Notify;

use self::alone::Hold;
use self::batch::{Batch, Ran, Statement};
pub use self::error::StoreError;
use self::place::{PATIENCE, Place};
use self::writer::{Who, Writer};
use crate::domain::ids::Id;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    /// Where it is written.
    pool: AnyPool,
    /// Where it is read.
    reads: AnyPool,
    /// Where there is one writer.
    writer: Option<Writer>,
    owner: Arc<str>,
    hold: Arc<Hold>,
    /// Rung when a record was written that has no place in its chain yet.
    unsealed: Arc<Notify>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database at `url` (`sqlite:PATH` or `postgres://…`), locks it against a second process, and brings its
    /// tables up to date.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has it, [`StoreError::Newer`] if a newer version wrote it, and whatever
    /// else keeps it from opening.
    pub async fn open(url: &SecretString) -> Result<Self, StoreError> {
        let place = Place::of(url)?;
        let hold = Hold::take(&place).await?;
        // Not through the pool, whose statements have a time limit.
        let mut first = place.connect().await?;
        place.check(&mut first).await?;
        migrations::all().run(&mut first).await.map_err(StoreError::migrating)?;
        guard::put(&place, &mut first).await?;
        first.close().await?;
        let owner = Id::random().as_str().into();
        let pool = place.pool().await?;
        let (reads, writer) = match place.reads().await? {
            Some(reads) => (reads, Some(Writer::start(pool.clone()))),
            None => (pool.clone(), None),
        };
        let store = Self { pool, reads, writer, owner, hold: Arc::new(hold), unsealed: Arc::default() };
        // Under the lock nobody else is alive to hold one.
        store.end_leases_on_messages().await?;
        store.end_leases_on_operations().await?;
        store.end_leases_on_threads().await?;
        store.chain_what_is_older().await?;
        Ok(store)
    }

    /// Closes the database and gives up the lock on it: what follows fails.
    pub async fn close(&self) {
        let closing = async { tokio::join!(self.pool.close(), self.reads.close()) };
        if tokio::time::timeout(PATIENCE, closing).await.is_err() {
            tracing::warn!("the database does not answer; its connections are dropped");
        }
        self.hold.give_up().await;
    }

    /// Whether the database can be written now: writes a row of its own, and commits it. One small write to the disk.
    ///
    /// # Errors
    /// Why not.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        let write = Statement::new("UPDATE writable SET writes = writes + 1 WHERE id = 1");
        match self.write(Batch::default().claim(write), Who::Other).await? {
            Ran::All(_) => Ok(()),
            Ran::Stopped(_) => Err(sqlx::Error::RowNotFound.into()),
        }
    }

    /// Carries out a batch.
    async fn write(&self, batch: Batch, who: Who) -> Result<Ran, StoreError> {
        let records = batch.holds_a_record();
        let ran = match &self.writer {
            Some(writer) => writer.run(batch, who).await,
            None => batch.run(&self.pool).await,
        };
        if records && matches!(ran, Ok(Ran::All(_))) {
            self.unsealed.notify_one();
        }
        ran
    }

    /// A name for a new lease of this process.
    pub(crate) fn new_lease(&self) -> String {
        format!("{}:{}", self.owner, Id::random())
    }
}

/// Claims that look at other rows than the one they write, each kind with its key.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// For a message: at the others in flight in its channel.
    Message = 1,
    /// For an operation: at which one is due first.
    Operation = 2,
    /// For what begins one: at how many were begun lately.
    Change = 3,
}

/// Waits until no other transaction is at such a claim, on any connection of any process. The turn ends with the transaction.
///
/// Without it two claims on PostgreSQL could each find a channel quiet and take different messages of it, since neither sees
/// what the other has not committed. It is a statement of its own because a statement sees what was committed before *it*
/// began. A claim is short, so turns cost little; nothing that holds a row waits for a turn, so no two wait for each other.
async fn take_turn(tx: &mut Transaction<'_, Any>, turn: Turn) -> Result<(), StoreError> {
    if tx.backend_name() == "PostgreSQL" {
        // "bots" in ASCII, so that it is nobody else's.
        let room = i32::from_be_bytes(*b"bots");
        sqlx::query("SELECT pg_advisory_xact_lock($1, $2)").bind(room).bind(turn as i32).execute(&mut **tx).await?;
    }
    Ok(())
}

/// An id from outside as a column keeps it that is searched by it: the id itself, or the name of a long or strange one.
///
/// Ids from outside may be any text of any length. PostgreSQL indexes no more than 2,704 bytes, and its TEXT has no NUL.
pub(crate) fn index_key(id: &str) -> String {
    const LONGEST: usize = 500;
    if id.len() <= LONGEST && !id.contains('\0') {
        return id.to_owned();
    }
    let digest = Sha256::digest(id.as_bytes());
    digest.iter().fold("sha256:".to_owned(), |name, byte| format!("{name}{byte:02x}"))
}

/// A text from outside as a column keeps it that is only looked at. PostgreSQL's TEXT has no NUL.
pub(crate) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}

/// A time as the store keeps it.
pub(crate) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// The first time that the store can keep that is not before this one: what waits until then is not due before.
pub(crate) fn millis_not_before(at: Timestamp) -> i64 {
    millis(at).saturating_add(i64::from(at.subsec_nanosecond() % 1_000_000 > 0))
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
