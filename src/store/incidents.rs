//! Incidents, each written together with what is to be said of it, and the highest counts ever seen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::Row as _;

use super::outbox::{notice, put};
use super::{Store, StoreError, Tx, body, millis, to_json};
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

impl Store {
    /// Every open incident, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open_incidents(&self) -> Result<Vec<Kept>, StoreError> {
        let rows = sqlx::query("SELECT body, version FROM incidents WHERE is_open = 1 ORDER BY opened_at, id")
            .fetch_all(&self.pool)
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
        let mut tx = self.pool.begin().await?;
        let row = sqlx::query(
            "INSERT INTO incidents (id, subject, is_open, opened_at, version, body) VALUES ($1, $2, 1, $3, 1, $4) \
             ON CONFLICT (subject) WHERE is_open = 1 DO NOTHING RETURNING id",
        )
        .bind(incident.id.as_str())
        .bind(incident.subject.name())
        .bind(millis(incident.opened_at))
        .bind(to_json("incidents", incident)?)
        .fetch_optional(&mut *tx)
        .await?;
        if row.is_none() {
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
        let mut tx = self.pool.begin().await?;
        let row = sqlx::query(
            "UPDATE incidents SET body = $1, is_open = $2, version = version + 1 \
             WHERE id = $3 AND is_open = 1 AND version = $4 RETURNING id",
        )
        .bind(to_json("incidents", incident)?)
        .bind(i64::from(incident.resolved_at.is_none()))
        .bind(incident.id.as_str())
        .bind(before.version)
        .fetch_optional(&mut *tx)
        .await?;
        if row.is_none() {
            return Ok(Changed::Stale);
        }
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
        let rows =
            sqlx::query("SELECT bot, environment, name, healthy FROM highest_seen").fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                let bot = Bot { id: BotId::new(row.try_get::<String, _>("bot")?), name: row.try_get("name")? };
                let environment = Environment::new(&row.try_get::<String, _>("environment")?);
                let healthy = u32::try_from(row.try_get::<i64, _>("healthy")?).unwrap_or(0);
                let key = (bot.id.clone(), environment.clone());
                let highest = Highest { bot, environment, healthy };
                Ok((key, highest))
            })
            .collect()
    }

    /// Takes in counts that were seen now; each is kept if it is the highest so far.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn raise_highest_seen(&self, seen: &[Highest]) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        let mut tx = self.pool.begin().await?;
        for highest in seen {
            sqlx::query(
                "INSERT INTO highest_seen (bot, environment, name, healthy) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (bot, environment) DO UPDATE SET name = excluded.name, \
                 healthy = CASE WHEN excluded.healthy > highest_seen.healthy THEN excluded.healthy \
                 ELSE highest_seen.healthy END",
            )
            .bind(highest.bot.id.as_str())
            .bind(highest.environment.as_str())
            .bind(&highest.bot.name)
            .bind(i64::from(highest.healthy))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }
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
