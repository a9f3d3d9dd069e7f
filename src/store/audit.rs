//! The record of what people asked for: one terminal row for each request, and the lists that people look through.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use super::batch::{Batch, Ran, Statement, Value, arguments};
use super::writer::Who;
use super::{Store, StoreError, body, chain, millis, signed, to_json};
use crate::domain::audit::Entry;
use crate::domain::audit::chain::canonical;
use crate::domain::audit::filter::{Filter, GLASS, View, in_environment, of_bot};
use crate::domain::authority::Person;
use crate::domain::ids::Id;

/// A record that has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its place.
    pub seq: u64,
    /// What it says.
    pub entry: Entry,
}

impl Store {
    /// Writes a terminal record. Whether it was the first about its subject: a second one changes nothing.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn record(&self, entry: &Entry) -> Result<bool, StoreError> {
        let ran = self.write(Batch::default().claim(statement(entry)?), Who::Awaited).await?;
        Ok(matches!(ran, Ran::All(_)))
    }

    /// The records since `from`, oldest first, at most `limit`, whether they have their place in the chain or not yet.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn records(&self, from: Timestamp, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let rows = sqlx::query("SELECT body FROM audit WHERE at >= $1 ORDER BY at, about LIMIT $2")
            .bind(millis(from))
            .bind(i64::from(limit))
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(|row| body("audit", row)).collect()
    }

    /// The records that a list shows, the last one first, without the first `skip`, at most `limit`.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn records_of(&self, view: &View, skip: u64, limit: u32) -> Result<Vec<Sealed>, StoreError> {
        let mut values: Vec<Value> = vec![signed(view.through).into()];
        let mut conditions = vec!["seq <= $1".to_owned()];
        for (condition, value) in conditions_of(&view.filter) {
            values.push(value);
            conditions.push(format!("{condition} ${}", values.len()));
        }
        values.extend([i64::from(limit).into(), signed(skip).into()]);
        let sql = format!(
            "SELECT seq, body FROM audit WHERE {} ORDER BY seq DESC LIMIT ${} OFFSET ${}",
            conditions.join(" AND "),
            values.len() - 1,
            values.len()
        );
        let rows = sqlx::query_with(sqlx::AssertSqlSafe(sql), arguments(&values)?).fetch_all(&self.reads).await?;
        rows.iter().map(read_sealed).collect()
    }

    /// The people of the last `among` records, each once, whose record is last before the others.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn people_of_records(&self, among: u32) -> Result<Vec<Person>, StoreError> {
        let rows = sqlx::query("SELECT body FROM audit WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT $1");
        let mut people: Vec<Person> = Vec::new();
        for row in rows.bind(i64::from(among)).fetch_all(&self.reads).await? {
            let Entry { person, .. } = body("audit", &row)?;
            if person.id.0 > 0 && people.iter().all(|known| known.id != person.id) {
                people.push(person);
            }
        }
        Ok(people)
    }

    /// Keeps a list that somebody looks through, new or as it is looked at again.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn keep_view(&self, view: &View, now: Timestamp) -> Result<(), StoreError> {
        let kept = Statement::new(
            "INSERT INTO audit_views (id, seen_at, body) VALUES ($1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, body = excluded.body",
        )
        .bind(view.id.as_str())
        .bind(millis(now))
        .bind(to_json("audit_views", view)?);
        self.write(Batch::default().then(kept), Who::Awaited).await.map(|_| ())
    }

    /// A list that somebody looks through, unless it was forgotten since.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn view(&self, id: &Id) -> Result<Option<View>, StoreError> {
        let row = sqlx::query("SELECT body FROM audit_views WHERE id = $1").bind(id.as_str());
        row.fetch_optional(&self.reads).await?.map(|row| body("audit_views", &row)).transpose()
    }

    /// Forgets the lists that nobody has asked for since then.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn forget_views(&self, before: Timestamp) -> Result<(), StoreError> {
        let old = Statement::new("DELETE FROM audit_views WHERE seen_at < $1").bind(millis(before));
        self.write(Batch::default().then(old), Who::Other).await.map(|_| ())
    }
}

/// What a filter asks of a row: each a condition up to its value.
fn conditions_of(filter: &Filter) -> Vec<(&'static str, Value)> {
    let like = |word: String| ("places LIKE", Value::from(format!("% {word} %")));
    let Filter { environment, bot, person, verdict, action, glass, since } = filter;
    let places = environment.as_ref().map(in_environment).into_iter().chain(bot.as_ref().map(|bot| of_bot(&bot.id)));
    let glass = glass.then(|| GLASS.to_owned());
    let mut conditions: Vec<_> = places.chain(glass).map(like).collect();
    conditions.extend(person.as_ref().map(|person| ("person =", signed(person.id.0).into())));
    conditions.extend(verdict.map(|verdict| ("verdict =", verdict.word().into())));
    conditions.extend(action.as_deref().map(|action| ("action =", action.into())));
    conditions.extend(since.map(|since| ("at >=", millis(since).into())));
    conditions
}

fn read_sealed(row: &AnyRow) -> Result<Sealed, StoreError> {
    Ok(Sealed { seq: chain::unsigned(row, "seq")?, entry: body("audit", row)? })
}

/// What writes a record, if there is none about its subject yet. It has no place in the chain then: see [`chain`]. Whoever
/// seals is rung for once it is committed.
pub(super) fn statement(entry: &Entry) -> Result<Statement, StoreError> {
    let body = to_json("audit", entry)?;
    let body = canonical(&body).map_err(|source| StoreError::Row { table: "audit", source })?;
    Ok(Statement::new(
        "INSERT INTO audit (about, at, person, verdict, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (about) DO NOTHING",
    )
    .bind(entry.about.as_str())
    .bind(millis(entry.at))
    .bind(signed(entry.person.id.0))
    .bind(entry.verdict.word())
    .bind(body)
    .sealed_soon())
}
