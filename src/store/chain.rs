//! The record's chain: each record gets its place and its hash in a step of its own, as soon as it is committed; old ones are
//! deleted behind a checkpoint.
//!
//! A record is written in the transaction of what it records, and cannot have its hash there: a batch's statements are fixed
//! before it begins, SQLite has no SHA-256, and a head that every press had to hold would make all of them wait for one another.
//! So it is sealed afterwards: one batch claims the chain's head, by its old value, and gives the records their places behind it.
//! Whoever comes second finds the head moved, and reads again, on any number of connections. A record that a crash leaves
//! without its place is there all the same, and gets it at the next start; the guard (`guard`) keeps it unchanged until then. What
//! is not sealed yet, the verification says: it is never more than what was written a moment ago.
//!
//! The order of the chain is that in which records were sealed.

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::audit::{Sealed, statement};
use super::batch::{Batch, Ran, Statement};
use super::outbox::message;
use super::writer::Who;
use super::{Store, StoreError, millis, signed};
use crate::domain::audit::chain::{Link, canonical};
use crate::domain::audit::{Entry, Verdict};
use crate::domain::authority::Person;
use crate::domain::ids::{ChannelId, UserId};
use crate::domain::notice::{MOST_RECORDS, Notice, Slot, Told};

/// How many records are sealed together at most.
const SEALED_TOGETHER: usize = 50;
/// How many records are deleted together at most: whoever presses then waits for all of them.
const PRUNED_TOGETHER: i64 = 2000;

/// How the chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its last record.
    pub head: Link,
    /// The last record that was deleted because of its age; nought if none was.
    pub pruned: Link,
    /// How many records have no place in it yet.
    pub unsealed: u64,
}

/// Reads how the chain stands, on whatever connection.
pub(super) const CHAIN: &str = "SELECT seq, hash, pruned_seq, pruned_hash, \
     (SELECT COUNT(*) FROM audit WHERE seq IS NULL) AS unsealed FROM audit_chain WHERE id = 1";

impl Store {
    /// Waits until a record was written.
    pub async fn record_written(&self) {
        self.unsealed.notified().await;
    }

    /// How the chain of the record stands.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn chain(&self) -> Result<Chain, StoreError> {
        read_chain(&sqlx::query(CHAIN).fetch_one(&self.reads).await?)
    }

    /// Gives some of the records that have no place in the chain yet theirs, in the order of their time; together with them
    /// goes what is to be said of them in the channel that mirrors the record, if there is one. Those that were sealed; none if
    /// there is nothing left to seal.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn seal(&self, mirror: Option<(ChannelId, Timestamp)>) -> Result<Vec<Sealed>, StoreError> {
        loop {
            let Chain { head, unsealed, .. } = self.chain().await?;
            if unsealed == 0 {
                return Ok(Vec::new());
            }
            let rows = sqlx::query("SELECT about, body FROM audit WHERE seq IS NULL ORDER BY at, about LIMIT $1")
                .bind(i64::try_from(SEALED_TOGETHER).unwrap_or(i64::MAX))
                .fetch_all(&self.reads)
                .await?;
            let (mut last, mut sealed, mut claims) = (head, Vec::new(), Vec::new());
            for row in &rows {
                let (about, text): (String, String) = (row.try_get("about")?, row.try_get("body")?);
                let sound = canonical(&text).and_then(|text| Ok((serde_json::from_str::<Entry>(&text)?, text)));
                let (entry, text) = match sound {
                    Ok(sound) => sound,
                    // It must not keep ours from their places. The verification counts it for as long as it is there.
                    Err(error) => {
                        tracing::error!(about, %error, "a row of the record is none of ours, and is not sealed");
                        continue;
                    }
                };
                last = last.next(&text);
                claims.push(
                    Statement::new(
                        "UPDATE audit SET seq = $1, hash = $2, action = $3, places = $4 WHERE about = $5 AND seq IS NULL",
                    )
                    .bind(signed(last.seq))
                    .bind(last.hash.to_string())
                    .bind(entry.action().map(str::to_owned))
                    .bind(entry.places())
                    .bind(about),
                );
                sealed.push(Sealed { seq: last.seq, entry });
            }
            if sealed.is_empty() {
                return Ok(sealed);
            }
            let moved =
                Statement::new("UPDATE audit_chain SET seq = $1, hash = $2 WHERE id = 1 AND seq = $3 AND hash = $4")
                    .bind(signed(last.seq))
                    .bind(last.hash.to_string())
                    .bind(signed(head.seq))
                    .bind(head.hash.to_string());
            let batch = claims.into_iter().fold(Batch::default().claim(moved), Batch::claim);
            let batch = told(&sealed, mirror)?.into_iter().fold(batch, Batch::then);
            // Whoever was first has sealed what we read: there may be more.
            if let Ran::All(_) = self.write(batch, Who::Other).await? {
                return Ok(sealed);
            }
        }
    }

    /// Seals what was written before there was a chain. Nobody is told of it: it is no news.
    pub(super) async fn chain_what_is_older(&self) -> Result<(), StoreError> {
        if self.chain().await?.head == Link::default() {
            while !self.seal(None).await?.is_empty() {}
        }
        Ok(())
    }

    /// Deletes some of the records that are older, from the beginning of the chain on, up to the first that is not; with a
    /// record that says up to where. That place, or `None` if there is nothing to delete.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn prune_records(&self, before: Timestamp, now: Timestamp) -> Result<Option<Link>, StoreError> {
        let Chain { pruned, .. } = self.chain().await?;
        let rows = sqlx::query("SELECT seq, hash, at FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2")
            .bind(signed(pruned.seq))
            .bind(PRUNED_TOGETHER)
            .fetch_all(&self.reads)
            .await?;
        let mut to = None;
        for row in &rows {
            if row.try_get::<i64, _>("at")? >= millis(before) {
                break;
            }
            to = Some(link(row, "seq", "hash")?);
        }
        let Some(to) = to else { return Ok(None) };
        let checkpoint = Statement::new(
            "UPDATE audit_chain SET pruned_seq = $1, pruned_hash = $2 WHERE id = 1 AND pruned_seq = $3 AND seq >= $1",
        )
        .bind(signed(to.seq))
        .bind(to.hash.to_string())
        .bind(signed(pruned.seq));
        let deleted = Statement::new("DELETE FROM audit WHERE seq <= $1").bind(signed(to.seq));
        let mirrored = Statement::new(
            "DELETE FROM outbox WHERE slot LIKE 'records:%' AND version = sent_version AND waiting_since < $1",
        )
        .bind(millis(before));
        let batch = Batch::default().claim(checkpoint).claim(statement(&of_pruning(pruned, to, now))?);
        let ran = self.write(batch.then(deleted).then(mirrored), Who::Other).await?;
        Ok(matches!(ran, Ran::All(_)).then_some(to))
    }
}

/// The record that says what was deleted: by it the checkpoint stands in the chain itself.
fn of_pruning(from: Link, to: Link, now: Timestamp) -> Entry {
    let us = Person { id: UserId(0), name: "Botswain".to_owned() };
    let entry = Entry::new(format!("pruned:{}", to.seq), us, Verdict::Done, "older than AUDIT_RETENTION", now);
    Entry { target: format!("records {} to {}", from.seq.saturating_add(1), to.seq), pruned: Some(to), ..entry }
}

/// What writes what is said of these records in the channel that mirrors them.
fn told(sealed: &[Sealed], mirror: Option<(ChannelId, Timestamp)>) -> Result<Vec<Statement>, StoreError> {
    let Some((channel, now)) = mirror else { return Ok(Vec::new()) };
    let of = |some: &[Sealed]| {
        let records: Vec<_> = some.iter().map(|of| Told { seq: of.seq, entry: of.entry.clone() }).collect();
        let first = records.first().map_or(0, |first| first.seq);
        message(&Slot::Records(first), channel, &Notice::Records { records }, now)
    };
    sealed.chunks(MOST_RECORDS).map(of).collect()
}

pub(super) fn read_chain(row: &AnyRow) -> Result<Chain, StoreError> {
    Ok(Chain {
        head: link(row, "seq", "hash")?,
        pruned: link(row, "pruned_seq", "pruned_hash")?,
        unsealed: unsigned(row, "unsealed")?,
    })
}

fn link(row: &AnyRow, seq: &str, hash: &str) -> Result<Link, StoreError> {
    let text: String = row.try_get(hash)?;
    let hash =
        text.parse().map_err(|error| StoreError::Row { table: "audit", source: serde::de::Error::custom(error) })?;
    Ok(Link { seq: unsigned(row, seq)?, hash })
}

pub(super) fn unsigned(row: &AnyRow, column: &str) -> Result<u64, StoreError> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
}
