//! The highest counts of healthy connectors ever seen: what a bot had once, it has lost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::batch::{Batch, Ran, Statement};
use super::writer::Who;
use super::{Store, StoreError, body, index_key, to_json, without_nul};
use crate::domain::connector::{Bot, Environment};
use crate::domain::ids::BotId;

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
        let mut batch = Batch::default();
        for highest in seen.values() {
            let of = Of { bot: highest.bot.clone(), environment: highest.environment.clone() };
            let raised = Statement::new(
                "INSERT INTO highest_seen (bot, environment, name, healthy, body) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (bot, environment) DO UPDATE SET name = excluded.name, body = excluded.body, \
                 healthy = CASE WHEN excluded.healthy > highest_seen.healthy THEN excluded.healthy \
                 ELSE highest_seen.healthy END",
            )
            .bind(index_key(highest.bot.id.as_str()))
            .bind(index_key(highest.environment.as_str()))
            .bind(without_nul(&highest.bot.name))
            .bind(i64::from(highest.healthy))
            .bind(to_json("highest_seen", &of)?);
            batch = batch.then(raised);
        }
        // Nothing in it can stop.
        let (Ran::All(_) | Ran::Stopped(_)) = self.write(batch, Who::Other).await?;
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
