//! Incidents, each written together with what is to be said of it, and the highest counts ever seen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::outbox::{notice, put};
use super::{Store, StoreError, Tx, body, index_key, millis, to_json, without_nul};
use crate::domain::connector::{Bot, Environment};
use crate::domain::ids::{BotId, ChannelId};
use crate::domain::incident::Incident;
use crate::domain::notice::{Notice, Slot};

/// An incident as it is kept, with the version that a change must still find.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The incident.
    pub incident: Incident,
    version: i64,
}

impl Kept {
    /// An incident as it is kept once it was opened.
    pub(crate) fn opened(incident: Incident) -> Self {
        Self { incident, version: 1 }
    }

    /// The same, once it was changed to this.
    pub(crate) fn changed(&self, incident: Incident) -> Self {
        Self { incident, version: self.version + 1 }
    }
}

/// What became of an attempt to open an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Opened {
    /// It is written, and so is its card.
    Now,
    /// One is open on its subject already.
    AlreadyOpen,
}

/// What became of an attempt to change an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Changed {
    /// It is written, and so is what its card says now.
    Now,
    /// Somebody else changed it since it was read: nothing is written.
    Stale,
}

/// The highest count of healthy connectors ever seen of a bot in an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Highest {
    /// The bot, with the name that it bore.
    pub bot: Bot,
    /// The environment.
    pub environment: Environment,
    /// The count.
    pub healthy: u32,
}

impl Highest {
    fn key(&self) -> (BotId, Environment) {
        (self.bot.id.clone(), self.environment.clone())
    }
}

/// What a highest count is of, as the store keeps it.
#[derive(Serialize, Deserialize)]
struct Of {
    bot: Bot,
    environment: Environment,
}

impl Store {
    /// Every open incident, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open_incidents(&self) -> Result<Vec<Kept>, StoreError> {
        let rows = sqlx::query("SELECT body, version FROM incidents WHERE is_open = 1 ORDER BY opened_at, id")
            .fetch_all(&self.reads)
            .await?;
        rows.iter()
            .map(|row| Ok(Kept { incident: body("incidents", row)?, version: row.try_get("version")? }))
            .collect()
    }

    /// Opens an incident, with its card. With `ping` the card mentions the roles when it is first posted.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn open_incident(
        &self,
        incident: &Incident,
        ping: bool,
        channel: ChannelId,
        now: Timestamp,
    ) -> Result<Opened, StoreError> {
        let pool = self.other().await;
        let mut tx = pool.begin().await?;
        let opened = sqlx::query(
            "INSERT INTO incidents (id, subject, is_open, opened_at, version, body) VALUES ($1, $2, 1, $3, 1, $4) \
             ON CONFLICT (subject) WHERE is_open = 1 DO NOTHING",
        )
        .bind(incident.id.as_str())
        .bind(index_key(&incident.subject.name()))
        .bind(millis(incident.opened_at))
        .bind(to_json("incidents", incident)?)
        .execute(&mut *tx)
        .await?;
        if opened.rows_affected() == 0 {
            return Ok(Opened::AlreadyOpen);
        }
        say(&mut tx, incident, ping, channel, now).await?;
        tx.commit().await?;
        Ok(Opened::Now)
    }

    /// Changes an open incident, or ends it if it is resolved, with what its card says now. With `worse` a reply that
    /// mentions the roles is written as well, once for each severity.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn change_incident(
        &self,
        before: &Kept,
        incident: &Incident,
        worse: bool,
        channel: ChannelId,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let pool = self.other().await;
        let mut tx = pool.begin().await?;
        let changed = sqlx::query(
            "UPDATE incidents SET body = $1, is_open = $2, version = version + 1 \
             WHERE id = $3 AND is_open = 1 AND version = $4",
        )
        .bind(to_json("incidents", incident)?)
        .bind(i64::from(incident.resolved_at.is_none()))
        .bind(incident.id.as_str())
        .bind(before.version)
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 0 {
            return Ok(Changed::Stale);
        }
        // From here on nobody else changes the incident, nor what is said of it, until this is over.
        // Whether the card pings was decided when it was opened; it may not be posted yet.
        let card = notice(&mut tx, &Slot::Card(incident.id.clone())).await?;
        let ping = matches!(card, Some(Notice::Card { ping: true, .. }));
        say(&mut tx, incident, ping, channel, now).await?;
        if worse {
            let slot = Slot::Worse(incident.id.clone(), incident.announced.word());
            if notice(&mut tx, &slot).await?.is_none() {
                let incident = incident.clone();
                put(&mut tx, &slot, channel, &Notice::Worse { incident }, now).await?;
            }
        }
        tx.commit().await?;
        Ok(Changed::Now)
    }

    /// The highest counts of healthy connectors ever seen.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn highest_seen(&self) -> Result<BTreeMap<(BotId, Environment), Highest>, StoreError> {
        let rows = sqlx::query("SELECT bot, environment, name, healthy, body FROM highest_seen");
        let all = rows.fetch_all(&self.reads).await?;
        all.iter().map(|row| read_highest(row).map(|highest| (highest.key(), highest))).collect()
    }

    /// Takes in counts that were seen now; each is kept if it is the highest so far.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn raise_highest_seen(&self, seen: &[Highest]) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        // Always in one order, so that two that raise counts at once do not wait for each other.
        let seen: BTreeMap<_, _> = seen.iter().map(|highest| (highest.key(), highest)).collect();
        let mut tx = self.pool.begin().await?;
        for highest in seen.values() {
            let of = Of { bot: highest.bot.clone(), environment: highest.environment.clone() };
            sqlx::query(
                "INSERT INTO highest_seen (bot, environment, name, healthy, body) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (bot, environment) DO UPDATE SET name = excluded.name, body = excluded.body, \
                 healthy = CASE WHEN excluded.healthy > highest_seen.healthy THEN excluded.healthy \
                 ELSE highest_seen.healthy END",
            )
            .bind(index_key(highest.bot.id.as_str()))
            .bind(index_key(highest.environment.as_str()))
            .bind(without_nul(&highest.bot.name))
            .bind(i64::from(highest.healthy))
            .bind(to_json("highest_seen", &of)?)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn read_highest(row: &AnyRow) -> Result<Highest, StoreError> {
    let Of { bot, environment } = if row.try_get::<Option<String>, _>("body")?.is_some() {
        body("highest_seen", row)?
    } else {
        Of {
            bot: Bot { id: BotId::new(row.try_get::<String, _>("bot")?), name: row.try_get("name")? },
            environment: Environment::new(&row.try_get::<String, _>("environment")?),
        }
    };
    Ok(Highest { bot, environment, healthy: u32::try_from(row.try_get::<i64, _>("healthy")?).unwrap_or(0) })
}

async fn say(
    tx: &mut Tx<'_>,
    incident: &Incident,
    ping: bool,
    channel: ChannelId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let card = Notice::Card { incident: incident.clone(), ping };
    put(tx, &Slot::Card(incident.id.clone()), channel, &card, now).await
}
