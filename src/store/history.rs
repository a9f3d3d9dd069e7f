//! How the connectors were over time: a row for each change, and when somebody looked.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::batch::{Batch, Ran, Statement};
use super::writer::Who;
use super::{Store, StoreError, body, index_key, millis, without_nul};
use crate::domain::connector::Environment;
use crate::domain::history::{Change, History, Lane, Span, State};
use crate::domain::ids::{BotId, ConnectorId};
use crate::domain::incident::{Incident, Subject};

/// Changes that one statement writes: whoever presses meanwhile waits for no more than that.
const TOGETHER: usize = 100;
/// The most changes of which one history is made, the newest ones. A connector that flaps every minute has them in a month.
const MOST: u32 = 50_000;
/// Rows that one statement deletes.
const AT_ONCE: u32 = 500;

/// Where a connector is, as the store names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Placed {
    bot: String,
    environment: String,
    connector: String,
}

impl Placed {
    /// Where a connector is.
    pub fn new(bot: &BotId, environment: &Environment, connector: &ConnectorId) -> Self {
        Self {
            bot: index_key(bot.as_str()),
            environment: index_key(environment.as_str()),
            connector: index_key(connector.as_str()),
        }
    }
}

/// A connector that is otherwise than it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Which.
    pub place: Placed,
    /// Its name.
    pub name: String,
    /// How it is now.
    pub state: State,
}

impl Store {
    /// How every connector was last that is not gone.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn last_states(&self) -> Result<BTreeMap<Placed, State>, StoreError> {
        let rows = sqlx::query(
            "SELECT s.bot, s.environment, s.connector, s.state FROM states s WHERE s.state <> 'gone' AND s.at = ( \
             SELECT MAX(l.at) FROM states l \
             WHERE l.bot = s.bot AND l.environment = s.environment AND l.connector = s.connector)",
        );
        let read = |row: &AnyRow| -> Result<_, StoreError> {
            let place = Placed {
                bot: row.try_get("bot")?,
                environment: row.try_get("environment")?,
                connector: row.try_get("connector")?,
            };
            Ok((place, state(row)?))
        };
        rows.fetch_all(&self.reads).await?.iter().map(read).collect()
    }

    /// Writes what changed, and that the fleet could be read at `now`: for a new stretch, if that was last so longer than
    /// `patience` ago.
    ///
    /// # Errors
    /// If the store cannot be written. Then some of it may be written, and all of it may be written again.
    pub async fn keep_states(&self, changes: &[Changed], patience: Duration, now: Timestamp) -> Result<(), StoreError> {
        for some in changes.chunks(TOGETHER) {
            let places: Vec<_> = (0..some.len())
                .map(|n| n * 5 + 2)
                .map(|n| format!("(${n}, ${}, ${}, $1, ${}, ${})", n + 1, n + 2, n + 3, n + 4))
                .collect();
            let sql = format!(
                "INSERT INTO states (bot, environment, connector, at, name, state) VALUES {} \
                 ON CONFLICT (bot, environment, connector, at) DO UPDATE SET state = excluded.state",
                places.join(", ")
            );
            let written = some.iter().fold(Statement::new(sql).bind(millis(now)), |statement, changed| {
                let Placed { bot, environment, connector } = &changed.place;
                let named = statement.bind(bot.as_str()).bind(environment.as_str()).bind(connector.as_str());
                named.bind(without_nul(&changed.name)).bind(changed.state.word())
            });
            // Nothing in it can stop.
            let (Ran::All(_) | Ran::Stopped(_)) = self.write(Batch::default().then(written), Who::Other).await?;
        }
        let since = now.checked_sub(patience).unwrap_or(Timestamp::MIN);
        let on = "UPDATE watched SET last_at = $1 WHERE last_at >= $2 AND last_at <= $1 \
                  AND began_at = (SELECT MAX(began_at) FROM watched)";
        let anew = "INSERT INTO watched (began_at, last_at) SELECT $1, $1 \
                    WHERE NOT EXISTS (SELECT 1 FROM watched WHERE last_at >= $1)";
        let on = Statement::new(on).bind(millis(now)).bind(millis(since));
        let looked = Batch::default().then(on).then(Statement::new(anew).bind(millis(now)));
        let (Ran::All(_) | Ran::Stopped(_)) = self.write(looked, Who::Other).await?;
        Ok(())
    }

    /// What was seen of a bot in an environment within a time. A look is good for `patience`: until then it is not known that
    /// nobody looked.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn history(
        &self,
        bot: &BotId,
        environment: &Environment,
        span: Span,
        patience: Duration,
    ) -> Result<History, StoreError> {
        let (bot, environment) = (index_key(bot.as_str()), index_key(environment.as_str()));
        let mut changes = sqlx::query(
            "SELECT connector, name, at, state FROM states WHERE bot = $1 AND environment = $2 AND at > $3 AND at < $4 \
             ORDER BY at DESC LIMIT $5",
        )
        .bind(&bot)
        .bind(&environment)
        .bind(millis(span.from))
        .bind(millis(span.until))
        .bind(i64::from(MOST))
        .fetch_all(&self.reads)
        .await?;
        changes.reverse();
        // Before the oldest change that was read, others may be left out.
        let known_from = match changes.first() {
            Some(oldest) if changes.len() >= MOST as usize => time(oldest, "at")?,
            _ => span.from,
        };
        let at_first = sqlx::query(
            "SELECT s.connector, s.name, s.at, s.state FROM states s WHERE s.bot = $1 AND s.environment = $2 AND s.at = ( \
             SELECT MAX(l.at) FROM states l WHERE l.bot = s.bot AND l.environment = s.environment \
             AND l.connector = s.connector AND l.at <= $3)",
        )
        .bind(&bot)
        .bind(&environment)
        .bind(millis(known_from))
        .fetch_all(&self.reads)
        .await?;
        let mut lanes: BTreeMap<String, Lane> = BTreeMap::new();
        for row in at_first.iter().chain(&changes) {
            let at = time(row, "at")?;
            let connector: String = row.try_get("connector")?;
            let lane = lanes.entry(connector).or_insert_with_key(|connector| Lane {
                connector: ConnectorId::new(connector),
                name: String::new(),
                changes: Vec::new(),
            });
            if lane.changes.last().is_none_or(|last| last.at < at) {
                let state = state(row)?;
                if state != State::Gone {
                    lane.name = row.try_get("name")?;
                }
                lane.changes.push(Change { at, state });
            }
        }
        lanes.retain(|_, lane| lane.stretches(span).any(|(_, state)| state != State::Gone));
        let mut lanes: Vec<_> = lanes.into_values().collect();
        lanes.sort_by(|a, b| (&a.name, &a.connector).cmp(&(&b.name, &b.connector)));
        let known = Span { from: known_from, until: span.until };
        let watched = self.watched(span, patience).await?;
        let watched = watched.into_iter().filter_map(|watched| watched.within(known)).collect();
        Ok(History { span, watched, lanes })
    }

    async fn watched(&self, span: Span, patience: Duration) -> Result<Vec<Span>, StoreError> {
        let rows = sqlx::query(
            "SELECT began_at, last_at FROM watched WHERE last_at >= $1 AND began_at < $2 ORDER BY began_at",
        )
        .bind(millis(span.from.checked_sub(patience).unwrap_or(span.from)))
        .bind(millis(span.until))
        .fetch_all(&self.reads)
        .await?;
        let read = |row: &AnyRow| -> Result<_, StoreError> {
            let last = time(row, "last_at")?;
            // The last look tells of the time until the next one, which is only due.
            let is_on = span.until.duration_since(last).unsigned_abs() <= patience && last <= span.until;
            Ok(Span { from: time(row, "began_at")?, until: if is_on { span.until } else { last } })
        };
        rows.iter().map(read).collect()
    }

    /// The incidents on a subject that were open within a time, the oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn incidents_on(&self, subject: &Subject, span: Span) -> Result<Vec<Incident>, StoreError> {
        let rows =
            sqlx::query("SELECT body FROM incidents WHERE subject = $1 AND opened_at < $2 ORDER BY opened_at, id")
                .bind(index_key(&subject.name()))
                .bind(millis(span.until))
                .fetch_all(&self.reads)
                .await?;
        let mut all = rows.iter().map(|row| body::<Incident>("incidents", row)).collect::<Result<Vec<_>, _>>()?;
        all.retain(|incident| incident.resolved_at().is_none_or(|at| at >= span.from));
        Ok(all)
    }

    /// Deletes what a history that begins at `before` does not need, some of it; whether there may be more.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn prune_states(&self, before: Timestamp) -> Result<bool, StoreError> {
        // How a connector was when that history begins is needed; that it was gone is what no row says as well.
        let old = format!(
            "DELETE FROM states WHERE (bot, environment, connector, at) IN ( \
             SELECT s.bot, s.environment, s.connector, s.at FROM states s WHERE s.at < $1 AND (s.state = 'gone' OR EXISTS ( \
             SELECT 1 FROM states l WHERE l.bot = s.bot AND l.environment = s.environment AND l.connector = s.connector \
             AND l.at > s.at AND l.at <= $1)) ORDER BY s.at LIMIT {AT_ONCE})"
        );
        let unwatched = Statement::new("DELETE FROM watched WHERE last_at < $1").bind(millis(before));
        let batch = Batch::default().then(Statement::new(old).bind(millis(before))).then(unwatched);
        let Ran::All(done) = self.write(batch, Who::Other).await? else { return Ok(false) };
        Ok(done.first().is_some_and(|states| states.changed >= u64::from(AT_ONCE)))
    }
}

fn state(row: &AnyRow) -> Result<State, StoreError> {
    let word: String = row.try_get("state")?;
    Ok(State::from_word(&word))
}

fn time(row: &AnyRow, column: &str) -> Result<Timestamp, StoreError> {
    let at: i64 = row.try_get(column)?;
    Ok(Timestamp::from_millisecond(at).unwrap_or_default())
}
